//! What stands already under the ids that facts name.

use std::collections::HashMap;

use super::standing::{ProofsOfCustomers, StandingProofs};
use crate::event::Source;
use crate::ids::{CustomerRef, EnrolmentId, FallbackId, RecheckId, VerificationId};
use crate::rows::{FallbackRow, RecheckClosureRow, ReferenceRow, ReviewRow, VerificationRow, VoidRow};

/// The rows that stand already, by id; the fold adds those it makes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KnownRows {
    /// Verifications.
    pub verifications: HashMap<VerificationId, VerificationRow>,
    /// References that came by themselves.
    pub references: HashMap<EnrolmentId, ReferenceRow>,
    /// Reviews, by their verification.
    pub reviews: HashMap<VerificationId, ReviewRow>,
    /// Declared failures.
    pub fallbacks: HashMap<FallbackId, FallbackRow>,
    /// Closings, by their recheck.
    pub closures: HashMap<RecheckId, RecheckClosureRow>,
    /// Voids, by their verification.
    pub voids: HashMap<VerificationId, VoidRow>,
    /// What stood in the store of customers whom a void is folded of; the rows above are proofs too.
    pub proofs: ProofsOfCustomers,
}

/// Rows of an event's very offset, and of later ones, were written before a crash, by the same batch or by the release
/// that re-reads the event; they are made again, the same.
pub(super) fn stood_before(row: Source, event: Source) -> bool {
    row.topic_id != event.topic_id || row.offset < event.offset
}

impl KnownRows {
    /// The customer's verification of that id.
    pub fn verification(&self, id: &VerificationId, customer: &CustomerRef) -> Option<&VerificationRow> {
        self.verifications.get(id).filter(|row| row.customer == *customer)
    }

    /// The customer's reference of that id.
    pub fn reference(&self, id: &EnrolmentId, customer: &CustomerRef) -> Option<&ReferenceRow> {
        self.references.get(id).filter(|row| row.customer == *customer)
    }

    /// The review of the customer's verification of that id.
    pub fn review(&self, id: &VerificationId, customer: &CustomerRef) -> Option<&ReviewRow> {
        self.reviews.get(id).filter(|row| row.customer == *customer)
    }

    /// The customer's declaration of that id.
    pub fn fallback(&self, id: &FallbackId, customer: &CustomerRef) -> Option<&FallbackRow> {
        self.fallbacks.get(id).filter(|row| row.customer == *customer)
    }

    /// The closing of the customer's recheck of that id.
    pub fn closure(&self, id: &RecheckId, customer: &CustomerRef) -> Option<&RecheckClosureRow> {
        self.closures.get(id).filter(|row| row.customer == *customer)
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn fallback_before(
        &self,
        id: &FallbackId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&FallbackRow> {
        self.fallback(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn closure_before(
        &self,
        id: &RecheckId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&RecheckClosureRow> {
        self.closure(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn verification_before(
        &self,
        id: &VerificationId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&VerificationRow> {
        self.verification(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn reference_before(
        &self,
        id: &EnrolmentId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&ReferenceRow> {
        self.reference(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn review_before(
        &self,
        id: &VerificationId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&ReviewRow> {
        self.review(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// The void of the customer's verification of that id.
    pub fn void(&self, id: &VerificationId, customer: &CustomerRef) -> Option<&VoidRow> {
        self.voids.get(id).filter(|row| row.customer == *customer)
    }

    /// The same, if it stood before the event at that place.
    pub(super) fn void_before(
        &self,
        id: &VerificationId,
        customer: &CustomerRef,
        event: Source,
    ) -> Option<&VoidRow> {
        self.void(id, customer).filter(|row| stood_before(row.source, event))
    }

    /// All that is proved of a customer before the event at that place. A row that the store and the fold both have proves
    /// the same twice, which comes to the same. None of a customer with too many.
    pub(super) fn standing_proofs(&self, customer: &CustomerRef, event: Source) -> Option<StandingProofs> {
        let mut proofs =
            self.proofs.get(customer).cloned().unwrap_or_else(|| Some(StandingProofs::default()))?;
        for row in self.verifications.values().filter(|row| row.customer == *customer) {
            proofs.take(row, self.review(&row.id, customer), event);
        }
        Some(proofs)
    }
}
