//! Words for what the API has no words for, and the bytes of a release's list. Once written they stay.

use domain::event::{Offset, Partition, Source, TopicId};
use domain::rows::{BookEntry, Disposition, Span};

use crate::pool::Failure;

/// Topic id, partition, offset, what became of it.
const RELEASED_BYTES: usize = 16 + 4 + 8 + 1;

pub(super) fn span(span: Span) -> &'static str {
    match span {
        Span::Hour => "hour",
        Span::Day => "day",
        Span::Month => "month",
    }
}

pub(super) fn parse_span(word: &str) -> Option<Span> {
    [Span::Hour, Span::Day, Span::Month].into_iter().find(|s| span(*s) == word)
}

/// A disposition's word, and for a release the list as bytes.
pub(super) fn disposition(disposition: &Disposition) -> (&'static str, Option<Vec<u8>>) {
    match disposition {
        Disposition::Applied => ("applied", None),
        Disposition::Duplicate => ("duplicate", None),
        Disposition::Conflict => ("conflict", None),
        Disposition::Refused => ("refused", None),
        Disposition::DeadLettered => ("dead_lettered", None),
        Disposition::Parked => ("parked", None),
        Disposition::Released(entries) => ("released", Some(encode(entries))),
    }
}

pub(super) fn parse_disposition(word: &str, released: Option<&[u8]>) -> Result<Disposition, Failure> {
    match (word, released) {
        ("applied", None) => Ok(Disposition::Applied),
        ("duplicate", None) => Ok(Disposition::Duplicate),
        ("conflict", None) => Ok(Disposition::Conflict),
        ("refused", None) => Ok(Disposition::Refused),
        ("dead_lettered", None) => Ok(Disposition::DeadLettered),
        ("parked", None) => Ok(Disposition::Parked),
        ("released", Some(bytes)) => Ok(Disposition::Released(decode(bytes)?)),
        _ => Err(Failure::Stored("a disposition this build does not know")),
    }
}

fn encode(entries: &[(Source, BookEntry)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(entries.len() * RELEASED_BYTES);
    for (source, entry) in entries {
        bytes.extend_from_slice(&source.topic_id.0);
        bytes.extend_from_slice(&source.partition.0.to_be_bytes());
        bytes.extend_from_slice(&source.offset.0.to_be_bytes());
        bytes.push(code(*entry));
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<Vec<(Source, BookEntry)>, Failure> {
    let (entries, []) = bytes.as_chunks::<RELEASED_BYTES>() else {
        return Err(Failure::Stored("a list of released events of another length"));
    };
    entries.iter().map(decode_one).collect()
}

fn decode_one(bytes: &[u8; RELEASED_BYTES]) -> Result<(Source, BookEntry), Failure> {
    let (topic, rest) = split::<16>(bytes);
    let (partition, rest) = split::<4>(rest);
    let (offset, rest) = split::<8>(rest);
    let source = Source {
        topic_id: TopicId(topic),
        partition: Partition(u32::from_be_bytes(partition)),
        offset: Offset(u64::from_be_bytes(offset)),
    };
    let entry = ENTRIES.into_iter().find(|entry| [code(*entry)] == *rest);
    Ok((source, entry.ok_or(Failure::Stored("a released event's entry this build does not know"))?))
}

/// The first `N` bytes of a list that is known to be longer, and the others.
fn split<const N: usize>(bytes: &[u8]) -> ([u8; N], &[u8]) {
    let mut first = [0; N];
    first.copy_from_slice(&bytes[..N]);
    (first, &bytes[N..])
}

const ENTRIES: [BookEntry; 6] = [
    BookEntry::Applied,
    BookEntry::Duplicate,
    BookEntry::Conflict,
    BookEntry::Refused,
    BookEntry::DeadLettered,
    BookEntry::Parked,
];

fn code(entry: BookEntry) -> u8 {
    match entry {
        BookEntry::Applied => 1,
        BookEntry::Duplicate => 2,
        BookEntry::Conflict => 3,
        BookEntry::Refused => 4,
        BookEntry::DeadLettered => 5,
        BookEntry::Parked => 6,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_released_events_comes_back() {
        let entries: Vec<_> = ENTRIES
            .into_iter()
            .enumerate()
            .map(|(n, entry)| {
                let source = Source {
                    topic_id: TopicId([n as u8; 16]),
                    partition: Partition(u32::MAX - n as u32),
                    offset: Offset(1 << (8 * n)),
                };
                (source, entry)
            })
            .collect();
        let written = Disposition::Released(entries);
        let (word, bytes) = disposition(&written);
        assert_eq!(parse_disposition(word, bytes.as_deref()).expect("a release"), written);
        let cut = &bytes.expect("a list")[1..];
        assert!(parse_disposition(word, Some(cut)).is_err());
    }

    #[test]
    fn every_word_comes_back() {
        for word in [Span::Hour, Span::Day, Span::Month] {
            assert_eq!(parse_span(span(word)), Some(word));
        }
        for written in [
            Disposition::Applied,
            Disposition::Duplicate,
            Disposition::Conflict,
            Disposition::Refused,
            Disposition::DeadLettered,
            Disposition::Parked,
        ] {
            let (word, bytes) = disposition(&written);
            assert_eq!(parse_disposition(word, bytes.as_deref()).expect("a disposition"), written);
        }
    }
}
