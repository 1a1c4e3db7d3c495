//! Every signal of the product, in one table: its code, how much it weighs, and of which version of the table it is. A
//! signal says that something deserves a second look; it never changes a tier (sequence §5).
//!
//! What does not belong here: when a signal is raised, which stands beside what raises it, and words for people.

words! {
    /// How much a signal weighs.
    Severity {
        /// To know of.
        Info = "info",
        /// Worth a look some day.
        Low = "low",
        /// Worth a look.
        Medium = "medium",
        /// Should be looked at.
        High = "high",
        /// Should be looked at first.
        Critical = "critical",
    }
}

words! {
    /// What can be noticed about a verification or a customer. Its word is what records and rows keep.
    SignalKind {
        /// Another body came under the same `Idempotency-Key`, without effect.
        IdempotencyConflict = "idempotency_conflict",
        /// The picture of a match is the reference's own, or a copy of it.
        ProbeEqualsReference = "probe_equals_reference",
        /// The reason's envelope does not open although its key is there; noticed at reading, of no record.
        ReasonUnreadable = "reason_unreadable",
        /// The phone's clock is far off.
        ClientClockSkew = "client_clock_skew",
        /// The means that the phone claims are not those of the frames that it sent.
        SamplesDisagreeWithFrames = "samples_disagree_with_frames",
        /// The raw answer is none that the reader's bounds let it read.
        RawUnreadable = "raw_unreadable",
        /// Said to be valid, without the answer it was read from.
        RawMissing = "raw_missing",
        /// Said to be valid, where the answer says that an element by which a person is known differs.
        ValidButMismatch = "valid_but_mismatch",
        /// The same of an element that changes in a life; its code is the same.
        ValidButMismatchMinor = "valid_but_mismatch_minor",
        /// Said to be valid, where the answer says that the person has died.
        ValidButDeceased = "valid_but_deceased",
        /// Said to be valid, where the answer says that there is more than one record.
        ValidButDuplicate = "valid_but_duplicate",
        /// Said to be valid, where the answer says that there is no such record.
        ValidButNotFound = "valid_but_not_found",
        /// Said to be valid, where the answer says that the record is not active.
        ValidButInactive = "valid_but_inactive",
        /// Said to be valid, where the answer says that the NIK is malformed.
        ValidButBadFormat = "valid_but_bad_format",
        /// Said to be valid, where the name agrees too little.
        ValidButLowScore = "valid_but_low_score",
        /// Said not to be valid, where everything in the answer agrees.
        InvalidButMatch = "invalid_but_match",
        /// The answer is an error of the interface and says nothing of the person: an attempt that failed (sequence §4.1).
        NotAVerdict = "not_a_verdict",
        /// A picture stands inside the raw answer.
        PhotoInRaw = "photo_in_raw",
        /// Declined as deceased after the customer was standard.
        DeceasedAfterVerified = "deceased_after_verified",
        /// Dukcapil denied a person who was taken in on the card alone.
        FallbackContradicted = "fallback_contradicted",
        /// Dukcapil confirmed a person whom it had denied before.
        FallbackCorrected = "fallback_corrected",
        /// Dukcapil's photo and the face of the card or of the last bound probe are not one person's.
        ReferenceDisagrees = "reference_disagrees",
        /// The same NIK is another customer's.
        NikOnOtherCustomer = "nik_on_other_customer",
        /// The customer had another NIK before.
        NikChanged = "nik_changed",
        /// The NIK's regency or district is not in the table.
        NikRegionUnknown = "nik_region_unknown",
    }
}

/// Of the table as it stands: a change of a severity is a new version, and a new kind keeps the others'.
pub const SIGNAL_TABLE_VERSION: u32 = 1;

impl SignalKind {
    /// The code that callers see.
    pub const fn code(self) -> &'static str {
        match self {
            Self::ValidButMismatchMinor => Self::ValidButMismatch.as_str(),
            other => other.as_str(),
        }
    }

    /// How much it weighs.
    pub const fn severity(self) -> Severity {
        match self {
            Self::RawMissing | Self::FallbackCorrected | Self::ClientClockSkew | Self::NikRegionUnknown => {
                Severity::Info
            }
            Self::RawUnreadable | Self::ValidButMismatchMinor => Severity::Low,
            Self::IdempotencyConflict
            | Self::SamplesDisagreeWithFrames
            | Self::ValidButLowScore
            | Self::InvalidButMatch
            | Self::PhotoInRaw => Severity::Medium,
            Self::ProbeEqualsReference
            | Self::ReasonUnreadable
            | Self::ValidButMismatch
            | Self::ValidButDuplicate
            | Self::ValidButInactive
            | Self::NotAVerdict
            | Self::ReferenceDisagrees
            | Self::NikOnOtherCustomer => Severity::High,
            Self::ValidButDeceased
            | Self::ValidButNotFound
            | Self::ValidButBadFormat
            | Self::DeceasedAfterVerified
            | Self::FallbackContradicted
            | Self::NikChanged => Severity::Critical,
        }
    }

    /// The version of the table that its severity is of.
    pub const fn version(self) -> u32 {
        SIGNAL_TABLE_VERSION
    }
}

/// A signal as it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShownSignal<'w> {
    /// The code that callers see.
    pub code: &'w str,
    /// How much it weighs.
    pub severity: Severity,
}

impl<'w> ShownSignal<'w> {
    /// Of the word in a row. One that this build does not know came from a later one and is shown as it stands.
    pub fn of(word: &'w str) -> Self {
        let unknown = Self { code: word, severity: Severity::Medium };
        SignalKind::parse(word).map_or(unknown, |kind| Self { code: kind.code(), severity: kind.severity() })
    }
}

#[cfg(test)]
mod tests {
    use super::{Severity, ShownSignal, SignalKind};

    #[test]
    fn a_word_is_shown_by_its_code_and_severity() {
        for (word, code, severity) in [
            ("idempotency_conflict", "idempotency_conflict", Severity::Medium),
            ("probe_equals_reference", "probe_equals_reference", Severity::High),
            ("reason_unreadable", "reason_unreadable", Severity::High),
            ("valid_but_mismatch", "valid_but_mismatch", Severity::High),
            ("valid_but_mismatch_minor", "valid_but_mismatch", Severity::Low),
            ("client_clock_skew", "client_clock_skew", Severity::Info),
            ("of_a_later_build", "of_a_later_build", Severity::Medium),
        ] {
            assert_eq!(ShownSignal::of(word), ShownSignal { code, severity }, "{word}");
        }
    }

    /// They stand in headers and in lists with commas.
    #[test]
    fn every_word_is_one_of_small_letters_and_underscores() {
        for kind in SignalKind::ALL {
            assert!(kind.as_str().bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{kind:?}");
        }
    }
}
