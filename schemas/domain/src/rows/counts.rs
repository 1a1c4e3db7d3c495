//! Rows that count: tallies for the totals of lists, and the books that every event is entered in.

use super::{AsOf, VerificationStatus};
use crate::classify::ReasonCategory;
use crate::event::Partition;
use crate::ids::OrgId;
use crate::policy::Method;
use crate::time::Timestamp;

/// The length of a tally's bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Span {
    /// From a full hour, UTC.
    Hour,
    /// From midnight UTC.
    Day,
    /// From a month's first midnight UTC.
    Month,
}

impl Span {
    /// The first instant of the span that holds the time, in UTC.
    pub fn start_of(self, time: Timestamp) -> Timestamp {
        use chrono::{Datelike as _, TimeZone as _};
        const HOUR_MS: i64 = 3_600_000;
        match self {
            Self::Hour => Timestamp::from_millis(time.millis() - time.millis().rem_euclid(HOUR_MS)),
            Self::Day => Timestamp::from_millis(time.millis() - time.millis().rem_euclid(24 * HOUR_MS)),
            Self::Month => {
                let date = time.utc();
                let first = chrono::Utc.with_ymd_and_hms(date.year(), date.month(), 1, 0, 0, 0).single();
                first.map_or(time, |first| Timestamp::from_millis(first.timestamp_millis()))
            }
        }
    }
}

/// What a tally counts rows by: their status, and pending ones once more when they are reviewed. So what waits for a
/// review is a difference, and no tally ever falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CountedStatus {
    /// Rows of this status.
    Of(VerificationStatus),
    /// Pending rows that a review made this of.
    Reviewed(VerificationStatus),
}

impl CountedStatus {
    /// The word in stores. It stays what it is once written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Of(status) => status.as_str(),
            Self::Reviewed(VerificationStatus::Verified) => "reviewed_verified",
            Self::Reviewed(VerificationStatus::Failed) => "reviewed_failed",
            // No review leaves one pending.
            Self::Reviewed(VerificationStatus::Pending) => "reviewed_pending",
        }
    }

    /// What that word counts.
    pub fn parse(word: &str) -> Option<Self> {
        match word.strip_prefix("reviewed_") {
            Some(status) => VerificationStatus::parse(status).map(Self::Reviewed),
            None => VerificationStatus::parse(word).map(Self::Of),
        }
    }

    /// The status whose rows it counts; none where it counts reviews.
    pub fn of_rows(self) -> Option<VerificationStatus> {
        match self {
            Self::Of(status) => Some(status),
            Self::Reviewed(_) => None,
        }
    }
}

/// Which rows a tally counts.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TallyKey {
    /// The tenant.
    pub org: OrgId,
    /// The bucket's length.
    pub span: Span,
    /// The bucket's first instant.
    pub start: Timestamp,
    /// Rows of this method.
    pub method: Method,
    /// And this status.
    pub status: CountedStatus,
    /// And this category of the reason. None counts rows of every category and of none, so that a total is a sum of few.
    pub category: Option<ReasonCategory>,
    /// From this log partition: a tally has one writer.
    pub partition: Partition,
}

/// How many rows a bucket has: an absolute number.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TallyRow {
    /// Which rows.
    pub key: TallyKey,
    /// How many.
    pub count: u64,
    /// Judged by this alone.
    pub as_of: AsOf,
}

/// The columns of the books: every event read ends in exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BookEntry {
    /// It had its effect.
    Applied,
    /// It had had its effect.
    Duplicate,
    /// It lost to another body.
    Conflict,
    /// Its customer was erased.
    Refused,
    /// It cannot be applied.
    DeadLettered,
    /// It waits.
    Parked,
}

/// Whose books: an org's events in one log partition.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BooksKey {
    /// The tenant.
    pub org: OrgId,
    /// The log partition.
    pub partition: Partition,
}

/// The books: `read = applied + duplicate + conflict + refused + dead_lettered + parked`, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Books {
    /// Events read.
    pub read: u64,
    /// Had their effect.
    pub applied: u64,
    /// Had had it.
    pub duplicate: u64,
    /// Lost to another body.
    pub conflict: u64,
    /// Their customer was erased.
    pub refused: u64,
    /// Cannot be applied.
    pub dead_lettered: u64,
    /// Wait for a release.
    pub parked: u64,
}

impl Books {
    /// Whether they balance.
    pub fn balance(&self) -> bool {
        self.read
            == self.applied + self.duplicate + self.conflict + self.refused + self.dead_lettered + self.parked
    }

    /// The column of that name.
    pub fn entry_mut(&mut self, entry: BookEntry) -> &mut u64 {
        match entry {
            BookEntry::Applied => &mut self.applied,
            BookEntry::Duplicate => &mut self.duplicate,
            BookEntry::Conflict => &mut self.conflict,
            BookEntry::Refused => &mut self.refused,
            BookEntry::DeadLettered => &mut self.dead_lettered,
            BookEntry::Parked => &mut self.parked,
        }
    }
}

/// The books as kept.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BooksRow {
    /// Whose.
    pub key: BooksKey,
    /// The columns.
    pub books: Books,
    /// Judged by this alone.
    pub as_of: AsOf,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words stand in stores.
    #[test]
    fn what_is_counted_has_its_words() {
        use VerificationStatus::{Failed, Pending, Verified};
        for (counted, word) in [
            (CountedStatus::Of(Verified), "verified"),
            (CountedStatus::Of(Failed), "failed"),
            (CountedStatus::Of(Pending), "pending"),
            (CountedStatus::Reviewed(Verified), "reviewed_verified"),
            (CountedStatus::Reviewed(Failed), "reviewed_failed"),
        ] {
            assert_eq!((counted.as_str(), CountedStatus::parse(word)), (word, Some(counted)));
        }
        for no_word in ["", "reviewed_", "open", "Verified"] {
            assert_eq!(CountedStatus::parse(no_word), None, "{no_word}");
        }
    }
}
