//! Codes and words that rows are stored with and that the API has no words for. Once written they stay.

use domain::rows::{BookEntry, Disposition, Span};

use crate::RowError;
use crate::bytes::{BodyReader, BodyWriter};

const RELEASED: u8 = 7;

fn entry_code(entry: BookEntry) -> u8 {
    match entry {
        BookEntry::Applied => 1,
        BookEntry::Duplicate => 2,
        BookEntry::Conflict => 3,
        BookEntry::Refused => 4,
        BookEntry::DeadLettered => 5,
        BookEntry::Parked => 6,
    }
}

const ENTRIES: [BookEntry; 6] = [
    BookEntry::Applied,
    BookEntry::Duplicate,
    BookEntry::Conflict,
    BookEntry::Refused,
    BookEntry::DeadLettered,
    BookEntry::Parked,
];

fn entry_of(code: u8) -> Option<BookEntry> {
    ENTRIES.into_iter().find(|entry| entry_code(*entry) == code)
}

/// A disposition is the entry it was made of, but for a release, which has a list.
pub(crate) fn write_disposition(out: &mut BodyWriter<'_>, disposition: &Disposition) {
    let entry = match disposition {
        Disposition::Applied => BookEntry::Applied,
        Disposition::Duplicate => BookEntry::Duplicate,
        Disposition::Conflict => BookEntry::Conflict,
        Disposition::Refused => BookEntry::Refused,
        Disposition::DeadLettered => BookEntry::DeadLettered,
        Disposition::Parked => BookEntry::Parked,
        Disposition::Released(entries) => {
            out.u8(RELEASED);
            // At most `RELEASE_EVENTS_MAX`.
            out.u32(entries.len() as u32);
            for (source, entry) in entries {
                out.source(*source);
                out.u8(entry_code(*entry));
            }
            return;
        }
    };
    out.u8(entry_code(entry));
}

pub(crate) fn read_disposition(body: &mut BodyReader<'_>) -> Result<Disposition, RowError> {
    let code = body.u8()?;
    if code == RELEASED {
        let count = body.u32()?;
        let entries = (0..count).map(|_| Ok((body.source()?, read_entry(body)?)));
        return Ok(Disposition::Released(entries.collect::<Result<_, RowError>>()?));
    }
    Ok(match entry_of(code).ok_or_else(|| body.unknown("disposition"))? {
        BookEntry::Applied => Disposition::Applied,
        BookEntry::Duplicate => Disposition::Duplicate,
        BookEntry::Conflict => Disposition::Conflict,
        BookEntry::Refused => Disposition::Refused,
        BookEntry::DeadLettered => Disposition::DeadLettered,
        BookEntry::Parked => Disposition::Parked,
    })
}

fn read_entry(body: &mut BodyReader<'_>) -> Result<BookEntry, RowError> {
    let code = body.u8()?;
    entry_of(code).ok_or_else(|| body.unknown("released event's entry"))
}

/// The word of a tally's span in a store's key.
pub fn span_word(span: Span) -> &'static str {
    match span {
        Span::Hour => "hour",
        Span::Day => "day",
        Span::Month => "month",
    }
}

/// The span of that word.
pub fn parse_span(word: &str) -> Option<Span> {
    [Span::Hour, Span::Day, Span::Month].into_iter().find(|span| span_word(*span) == word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_word_comes_back() {
        for entry in ENTRIES {
            assert_eq!(entry_of(entry_code(entry)), Some(entry));
        }
        assert_eq!(entry_of(RELEASED), None);
        for span in [Span::Hour, Span::Day, Span::Month] {
            assert_eq!(parse_span(span_word(span)), Some(span));
        }
    }
}
