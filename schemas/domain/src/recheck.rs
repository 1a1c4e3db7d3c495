//! What becomes of customers whom Dukcapil could not answer for (sequence §4): failures as a bank declares them, the recheck
//! that is due from then on, and the outages that many failures together are. Not here: the events, the rows, and the fold.

mod attempt;
mod outages;

pub use attempt::{AttemptCause, AttemptFault, DukcapilAttempt};
pub use outages::{FailureCluster, OutageFailure, OutageWindow, failure_clusters, outage_windows};

use crate::classify::ReasonCategory;

/// The signal that Dukcapil denied what the card alone had to stand for.
pub const SIGNAL_CONTRADICTED: &str = "fallback_contradicted";

/// The signal that Dukcapil confirmed later what it had denied.
pub const SIGNAL_CORRECTED: &str = "fallback_corrected";

words! {
    /// Where a recheck stands.
    RecheckStatus {
        /// No verdict has come that settles it.
        Open = "open",
        /// A valid verdict came.
        Confirmed = "confirmed",
        /// A verdict came that denies the person.
        Contradicted = "contradicted",
        /// The bank has closed it.
        Closed = "closed",
        /// Its customer was erased.
        Erased = "erased",
    }
}

words! {
    /// What settled a recheck.
    SettledHow {
        /// Dukcapil's verdict.
        Verdict = "verdict",
        /// The bank, with a reason.
        Close = "close",
        /// The erasure of its customer.
        Erasure = "erasure",
    }
}

words! {
    /// What a verdict did to its customer's present recheck.
    RecheckEffect {
        /// It settled it: the person is who the card says.
        Confirmed = "confirmed",
        /// It settled it the other way.
        Contradicted = "contradicted",
        /// It is valid after all, where one before had contradicted. What is contradicted stays so.
        Corrected = "corrected",
    }
}

impl RecheckEffect {
    /// What a verdict does to a recheck that stands there; none where it leaves it as it is. `stood` says whether a valid
    /// verdict stood before it.
    pub fn of_verdict(
        status: RecheckStatus,
        valid: bool,
        category: Option<ReasonCategory>,
        stood: bool,
    ) -> Option<Self> {
        match (status, valid) {
            (RecheckStatus::Open, true) => Some(Self::Confirmed),
            (RecheckStatus::Open, false) => contradicts(category?).then_some(Self::Contradicted),
            (RecheckStatus::Contradicted, true) => (!stood).then_some(Self::Corrected),
            (RecheckStatus::Contradicted, false)
            | (RecheckStatus::Confirmed | RecheckStatus::Closed | RecheckStatus::Erased, _) => None,
        }
    }

    /// Where the recheck stands from then on.
    pub fn status(self) -> RecheckStatus {
        match self {
            Self::Confirmed => RecheckStatus::Confirmed,
            Self::Contradicted | Self::Corrected => RecheckStatus::Contradicted,
        }
    }

    /// Whether it settles the recheck.
    pub fn settles(self) -> bool {
        self != Self::Corrected
    }

    /// The code of what is noticed with it.
    pub fn signal(self) -> Option<&'static str> {
        match self {
            Self::Confirmed => None,
            Self::Contradicted => Some(SIGNAL_CONTRADICTED),
            Self::Corrected => Some(SIGNAL_CORRECTED),
        }
    }
}

/// Whether Dukcapil denies the person with it: one that says that it did not look leaves a recheck open (sequence §4.2).
fn contradicts(category: ReasonCategory) -> bool {
    match category {
        ReasonCategory::NotFound
        | ReasonCategory::Mismatch
        | ReasonCategory::Deceased
        | ReasonCategory::DuplicateRecord
        | ReasonCategory::Inactive
        | ReasonCategory::BadFormat => true,
        ReasonCategory::Quota
        | ReasonCategory::Other
        | ReasonCategory::NoMatch
        | ReasonCategory::Quality
        | ReasonCategory::Spoof
        | ReasonCategory::Unclear
        | ReasonCategory::Tampered => false,
    }
}
