//! What rows stand under in lists by time and in tallies, beside their method: their status, and pending ones once more by
//! where their review stands. So the queue is a list like any other, whose rows leave it when they are reviewed.

use domain::ports::AttemptsQuery;
use domain::rows::{CountedStatus, ReviewState, VerificationStatus};

/// The part of a list's key that stands in its column `status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ListKind {
    /// Rows of this status.
    Status(VerificationStatus),
    /// Pending rows that wait for a review.
    Open,
    /// Pending rows that a review made this of.
    Reviewed(VerificationStatus),
}

impl ListKind {
    /// The word in the column. It stays what it is once written.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Status(status) => status.as_str(),
            Self::Open => "open",
            Self::Reviewed(status) => CountedStatus::Reviewed(status).as_str(),
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        if word == Self::Open.as_str() {
            return Some(Self::Open);
        }
        Some(match CountedStatus::parse(word)? {
            CountedStatus::Of(status) => Self::Status(status),
            CountedStatus::Reviewed(status) => Self::Reviewed(status),
        })
    }

    /// Whether the query is about the list's rows.
    pub(super) fn is_asked(self, query: &AttemptsQuery) -> bool {
        match (query.review, self) {
            (None, Self::Status(status)) => query.status.is_none_or(|only| only == status),
            (None, Self::Open | Self::Reviewed(_)) | (Some(_), Self::Status(_)) => false,
            (Some(review), kind) => asks_for_pending(query) && kind == Self::of_review(review),
        }
    }

    fn of_review(review: ReviewState) -> Self {
        match review {
            ReviewState::Open => Self::Open,
            ReviewState::Verified => Self::Reviewed(VerificationStatus::Verified),
            ReviewState::Failed => Self::Reviewed(VerificationStatus::Failed),
        }
    }
}

/// Whatever is reviewed is pending.
fn asks_for_pending(query: &AttemptsQuery) -> bool {
    query.status.is_none_or(|only| only == VerificationStatus::Pending)
}

/// How a tally counts for a query: nothing is deleted from tallies, so what waits for a review is what was pending but for
/// what was reviewed.
pub(super) fn weight(counted: CountedStatus, query: &AttemptsQuery) -> i64 {
    let asked = |is_asked: bool| i64::from(is_asked);
    match (query.review, counted) {
        (None, CountedStatus::Of(status)) => asked(query.status.is_none_or(|only| only == status)),
        (None, CountedStatus::Reviewed(_)) => 0,
        (Some(_), _) if !asks_for_pending(query) => 0,
        (Some(ReviewState::Open), CountedStatus::Of(VerificationStatus::Pending)) => 1,
        (Some(ReviewState::Open), CountedStatus::Reviewed(_)) => -1,
        (Some(ReviewState::Verified), counted) => {
            asked(counted == CountedStatus::Reviewed(VerificationStatus::Verified))
        }
        (Some(ReviewState::Failed), counted) => {
            asked(counted == CountedStatus::Reviewed(VerificationStatus::Failed))
        }
        (Some(ReviewState::Open), CountedStatus::Of(_)) => 0,
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::OrgId;
    use domain::ports::PageStart;

    use super::*;

    fn query(status: Option<VerificationStatus>, review: Option<ReviewState>) -> AttemptsQuery {
        AttemptsQuery {
            org: OrgId::from_bytes([0; 16]),
            method: None,
            status,
            category: None,
            review,
            customer: None,
            from: None,
            to: None,
            start: PageStart::Skip(0),
            limit: 1,
        }
    }

    #[test]
    fn given_a_filter_then_these_lists_and_these_tallies() {
        use VerificationStatus::{Failed, Pending, Verified};
        const KINDS: [(ListKind, &str); 6] = [
            (ListKind::Status(Verified), "verified"),
            (ListKind::Status(Failed), "failed"),
            (ListKind::Status(Pending), "pending"),
            (ListKind::Open, "open"),
            (ListKind::Reviewed(Verified), "reviewed_verified"),
            (ListKind::Reviewed(Failed), "reviewed_failed"),
        ];
        for (kind, word) in KINDS {
            assert_eq!((kind.as_str(), ListKind::parse(word)), (word, Some(kind)));
        }
        for (status, review, lists, weights) in [
            (None, None, ["verified", "failed", "pending"].as_slice(), [1, 1, 1, 0, 0]),
            (Some(Pending), None, &["pending"], [0, 0, 1, 0, 0]),
            (None, Some(ReviewState::Open), &["open"], [0, 0, 1, -1, -1]),
            (Some(Pending), Some(ReviewState::Verified), &["reviewed_verified"], [0, 0, 0, 1, 0]),
            (None, Some(ReviewState::Failed), &["reviewed_failed"], [0, 0, 0, 0, 1]),
            (Some(Failed), Some(ReviewState::Failed), &[], [0; 5]),
            (Some(Verified), Some(ReviewState::Open), &[], [0; 5]),
        ] {
            let query = query(status, review);
            let asked: Vec<_> =
                KINDS.into_iter().filter(|(kind, _)| kind.is_asked(&query)).map(|(_, word)| word).collect();
            assert_eq!(asked, lists, "{status:?} {review:?}");
            let counted = [
                CountedStatus::Of(Verified),
                CountedStatus::Of(Failed),
                CountedStatus::Of(Pending),
                CountedStatus::Reviewed(Verified),
                CountedStatus::Reviewed(Failed),
            ];
            assert_eq!(counted.map(|of| weight(of, &query)), weights, "{status:?} {review:?}");
        }
    }
}
