//! Cursors: the place of a page's last row, and the page's number, opaque to callers.

use data_encoding::BASE64URL_NOPAD;
use domain::event::{Offset, Partition};
use domain::ports::RowPlace;
use domain::time::Timestamp;

/// The layout's version, so that a later one can tell.
const VERSION: u8 = 1;

/// Bytes of a cursor: version, createdAt, partition, offset, page.
const BYTES: usize = 1 + 8 + 4 + 8 + 8;

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// After this row.
    pub after: RowPlace,
    /// The number of the page that starts there.
    pub page: u64,
}

impl Cursor {
    /// As text.
    pub fn to_text(self) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.after.created_at.millis().to_be_bytes());
        bytes.extend(self.after.partition.0.to_be_bytes());
        bytes.extend(self.after.offset.0.to_be_bytes());
        bytes.extend(self.page.to_be_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Takes up what [`Cursor::to_text`] wrote; none for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != BASE64URL_NOPAD.encode_len(BYTES) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (version, rest) = bytes.split_first()?;
        let (created_at, rest) = rest.split_first_chunk()?;
        let (partition, rest) = rest.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let page = u64::from_be_bytes(rest.try_into().ok()?);
        let created_at_ms = i64::from_be_bytes(*created_at);
        let created_at = Timestamp::from_millis(created_at_ms);
        let good = *version == VERSION && created_at.millis() == created_at_ms && page >= 2;
        good.then_some(Self {
            after: RowPlace {
                created_at,
                partition: Partition(u32::from_be_bytes(*partition)),
                offset: Offset(u64::from_be_bytes(*offset)),
            },
            page,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_is_one() {
        let cursor = Cursor {
            after: RowPlace {
                created_at: Timestamp::from_millis(1_795_000_000_123),
                partition: Partition(5),
                offset: Offset(u64::MAX),
            },
            page: 7,
        };
        let text = cursor.to_text();
        assert_eq!(Cursor::parse(&text), Some(cursor));
        for bad in
            ["", "x", &text[1..], &format!("{text}A"), &text.replace('A', "!"), &"_".repeat(text.len())]
        {
            assert_eq!(Cursor::parse(bad), None, "{bad}");
        }
    }
}
