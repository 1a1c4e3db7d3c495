//! Cursors: the place of a page's last row, and the page's number, opaque to callers. Each carries a mark under the
//! org's id secret, so that every instance takes what another gave, and nobody takes what none of them gave.

use data_encoding::BASE64URL_NOPAD;
use domain::event::{Offset, Partition};
use domain::ports::RowPlace;
use domain::time::Timestamp;
use vault::OrgIds;

use crate::limits::PAGE_NUMBER_MAX;

/// The layout's version, so that a later one can tell. 1 had no mark.
const VERSION: u8 = 2;

/// Bytes of what is marked: version, createdAt, partition, offset, page.
const MARKED_BYTES: usize = 1 + 8 + 4 + 8 + 8;

/// Bytes of a cursor.
const BYTES: usize = MARKED_BYTES + 16;

/// Whose cursor it is: part of its mark, so that no list takes another's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CursorList {
    /// `GET /api/identity/attempts`.
    Attempts,
    /// `GET /api/identity/face/enrolments`.
    Enrolments,
    /// `GET /api/identity/fallback/rechecks`.
    Rechecks,
    /// The same, the oldest first.
    RechecksOldestFirst,
    /// `GET /api/identity/fallback/windows`.
    OutageWindows,
    /// What happened to a customer, in the console.
    Timeline,
    /// Who looked at whom, in the console.
    Access,
}

impl CursorList {
    fn purpose(self) -> &'static str {
        match self {
            Self::Attempts => "cursor of attempts",
            Self::Enrolments => "cursor of enrolments",
            Self::Rechecks => "cursor of rechecks",
            Self::RechecksOldestFirst => "cursor of rechecks, oldest first",
            Self::OutageWindows => "cursor of outage windows",
            Self::Timeline => "cursor of timeline",
            Self::Access => "cursor of access",
        }
    }
}

/// Where a page starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// After this row.
    pub after: RowPlace,
    /// The number of the page that starts there.
    pub page: u64,
}

impl Cursor {
    /// Of the page after the one of that number, which ends with that row.
    pub fn to_next(after: RowPlace, page: u64) -> Self {
        Self { after, page: (page + 1).min(PAGE_NUMBER_MAX) }
    }

    /// As text, for callers of that org.
    pub fn to_text(self, list: CursorList, org: &OrgIds) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.push(VERSION);
        bytes.extend(self.after.created_at.millis().to_be_bytes());
        bytes.extend(self.after.partition.0.to_be_bytes());
        bytes.extend(self.after.offset.0.to_be_bytes());
        bytes.extend(self.page.to_be_bytes());
        bytes.extend(org.mark(list.purpose(), &bytes));
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// Takes up what [`Cursor::to_text`] wrote for that list and org; none for anything else.
    pub fn parse(text: &str, list: CursorList, org: &OrgIds) -> Option<Self> {
        if text.len() != BASE64URL_NOPAD.encode_len(BYTES) {
            return None;
        }
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (marked, mark) = bytes.split_at_checked(MARKED_BYTES)?;
        if !org.is_marked(list.purpose(), marked, mark) {
            return None;
        }
        let (version, rest) = marked.split_first()?;
        let (created_at, rest) = rest.split_first_chunk()?;
        let (partition, rest) = rest.split_first_chunk()?;
        let (offset, rest) = rest.split_first_chunk()?;
        let page = u64::from_be_bytes(rest.try_into().ok()?);
        // Our own mark says that the rest is ours; that it is of this layout is asked all the same.
        let good = *version == VERSION && (2..=PAGE_NUMBER_MAX).contains(&page);
        good.then_some(Self {
            after: RowPlace {
                created_at: Timestamp::from_millis(i64::from_be_bytes(*created_at)),
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
    use domain::ids::OrgId;

    fn org(n: u8) -> OrgIds {
        OrgIds::from_secret(OrgId::from_bytes([n; 16]), &[n; 32])
    }

    fn cursor(page: u64) -> Cursor {
        let created_at = Timestamp::from_millis(1_795_000_000_123);
        Cursor { after: RowPlace { created_at, partition: Partition(5), offset: Offset(u64::MAX) }, page }
    }

    #[test]
    fn a_cursor_comes_back_as_it_was_and_nothing_else_is_one() {
        let text = cursor(7).to_text(CursorList::Attempts, &org(1));
        assert_eq!(Cursor::parse(&text, CursorList::Attempts, &org(1)), Some(cursor(7)));
        for bad in
            ["", "x", &text[1..], &format!("{text}A"), &text.replace('A', "!"), &"_".repeat(text.len())]
        {
            assert_eq!(Cursor::parse(bad, CursorList::Attempts, &org(1)), None, "{bad}");
        }
    }

    #[test]
    fn a_forged_cursor_and_another_orgs_are_none() {
        let text = cursor(2).to_text(CursorList::Attempts, &org(1));
        assert_eq!(Cursor::parse(&text, CursorList::Attempts, &org(2)), None, "another org's");
        assert_eq!(Cursor::parse(&text, CursorList::Enrolments, &org(1)), None, "another list's");
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).expect("base64");
        for bit in 0..bytes.len() * 8 {
            let mut forged = bytes.clone();
            forged[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(
                Cursor::parse(&BASE64URL_NOPAD.encode(&forged), CursorList::Attempts, &org(1)),
                None,
                "bit {bit}"
            );
        }
    }

    #[test]
    fn a_page_number_that_no_list_has_is_none_even_with_our_mark() {
        for page in [0, 1, PAGE_NUMBER_MAX + 1, u64::MAX] {
            assert_eq!(
                Cursor::parse(
                    &cursor(page).to_text(CursorList::Attempts, &org(1)),
                    CursorList::Attempts,
                    &org(1)
                ),
                None,
                "{page}"
            );
        }
        assert!(
            Cursor::parse(
                &cursor(PAGE_NUMBER_MAX).to_text(CursorList::Attempts, &org(1)),
                CursorList::Attempts,
                &org(1)
            )
            .is_some()
        );
    }
}
