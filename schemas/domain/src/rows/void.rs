//! That a verification which counted as verified counts no more: a row of its own beside it, and what a customer's state
//! keeps of all such, by which later events are judged.

use super::Kyc;
use crate::event::{Fingerprint, Source};
use crate::ids::{CustomerRef, EnrolmentId, EventId, TierEventId, VerificationId};
use crate::limits::VOIDS_PER_CUSTOMER_MAX;
use crate::ports::RowPlace;
use crate::sealed::Sealed;
use crate::time::Timestamp;

/// Why a verification was declared void.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VoidReason {
    /// It was recorded of another person than it is about.
    WrongCustomer,
    /// Whoever sent it made a mistake.
    CallerError,
    /// Somebody deceived.
    Fraud,
}

impl VoidReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::WrongCustomer, Self::CallerError, Self::Fraud];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::WrongCustomer => "wrong_customer",
            Self::CallerError => "caller_error",
            Self::Fraud => "fraud",
        }
    }

    /// The reason of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }
}

/// That a verification counts no more, immutable: joined to it on reading. There is one a verification.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VoidRow {
    /// The verification.
    pub verification_id: VerificationId,
    /// Its customer.
    pub customer: CustomerRef,
    /// The event that made it (the envelope of `note` is bound to it).
    pub event_id: EventId,
    /// Where that event stands.
    pub source: Source,
    /// Why.
    pub reason: VoidReason,
    /// [`crate::sealed::Field::VoidNote`], the event's own envelope.
    pub note: Option<Sealed>,
    /// Who: an API key's public name, or a member of staff.
    pub by: String,
    /// The body that made it; none of a form of the console.
    pub body_fingerprint: Option<Fingerprint>,
    /// The reference that the verification brought, and that no match is made against from here on.
    pub enrolment: Option<EnrolmentId>,
    /// The tier change it caused.
    pub tier_event: Option<TierEventId>,
    /// KYC before it.
    pub kyc_before: Kyc,
    /// KYC after it.
    pub kyc_after: Kyc,
    /// max(append time, the customer's previous one).
    pub created_at: Timestamp,
}

impl VoidRow {
    /// Its own place in the customer's time, which is not its verification's.
    pub fn place(&self) -> RowPlace {
        RowPlace { created_at: self.created_at, partition: self.source.partition, offset: self.source.offset }
    }
}

/// A void as the customer's state keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VoidEntry {
    /// The verification.
    pub verification: VerificationId,
    /// The reference that it brought.
    pub enrolment: Option<EnrolmentId>,
}

/// The voids of a customer, at most [`VOIDS_PER_CUSTOMER_MAX`]: by them the fold knows what a match counts for, and the
/// API which reference is none any more.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct VoidedRows(Vec<VoidEntry>);

impl VoidedRows {
    /// Takes up what [`VoidedRows::entries`] gave.
    pub fn from_entries(entries: Vec<VoidEntry>) -> Self {
        Self(entries)
    }

    /// In the order in which they came.
    pub fn entries(&self) -> &[VoidEntry] {
        &self.0
    }

    /// Whether no further one fits.
    pub fn is_full(&self) -> bool {
        self.0.len() >= VOIDS_PER_CUSTOMER_MAX
    }

    /// Adds one; where none fits, nothing happens.
    pub fn add(&mut self, entry: VoidEntry) {
        if !self.is_full() {
            self.0.push(entry);
        }
    }

    /// Whether the verification is void.
    pub fn has_verification(&self, id: &VerificationId) -> bool {
        self.0.iter().any(|entry| entry.verification == *id)
    }

    /// Whether the verification that brought the reference is void.
    pub fn has_enrolment(&self, id: &EnrolmentId) -> bool {
        self.0.iter().any(|entry| entry.enrolment.as_ref() == Some(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_have_their_words() {
        for (reason, word) in [
            (VoidReason::WrongCustomer, "wrong_customer"),
            (VoidReason::CallerError, "caller_error"),
            (VoidReason::Fraud, "fraud"),
        ] {
            assert_eq!((reason.as_str(), VoidReason::parse(word)), (word, Some(reason)));
        }
        for no_word in ["", "Fraud", "mistake"] {
            assert_eq!(VoidReason::parse(no_word), None, "{no_word}");
        }
    }

    #[test]
    fn a_state_keeps_so_many_voids_and_no_more() {
        let id = |n: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&(n as u64).to_be_bytes());
            bytes
        };
        let mut voids = VoidedRows::default();
        for n in 0..VOIDS_PER_CUSTOMER_MAX + 2 {
            assert_eq!(voids.is_full(), n >= VOIDS_PER_CUSTOMER_MAX, "{n}");
            let enrolment = (n % 2 == 0).then(|| EnrolmentId::from_bytes(id(n)));
            voids.add(VoidEntry { verification: VerificationId::from_bytes(id(n)), enrolment });
        }
        assert_eq!(voids.entries().len(), VOIDS_PER_CUSTOMER_MAX);
        let last = VOIDS_PER_CUSTOMER_MAX - 1;
        assert!(voids.has_verification(&VerificationId::from_bytes(id(last))));
        assert!(!voids.has_verification(&VerificationId::from_bytes(id(last + 1))));
        assert!(voids.has_enrolment(&EnrolmentId::from_bytes(id(0))));
        assert!(!voids.has_enrolment(&EnrolmentId::from_bytes(id(1))));
    }
}
