//! What stands of a customer's verifications: the proofs that a tier is computed from again when one of them is void. A
//! proof follows from rows alone, whoever keeps them.

use std::collections::BTreeMap;

use super::known::stood_before;
use crate::event::Source;
use crate::ids::{CustomerRef, EnrolmentId, VerificationId};
use crate::limits::{RELEASE_EVENTS_MAX, VOIDS_PER_CUSTOMER_MAX};
use crate::policy::{KYC_VALIDITY_MONTHS, Method, Methods, TierPolicy};
use crate::rows::{FaceSource, Kyc, ReviewRow, VerificationRow, VerificationStatus, VoidedRows};
use crate::time::Timestamp;

/// Proofs of a method that are kept, the newest: a customer's voids take at most so many of them, and what a release that
/// broke off had written may stand among them.
const PROOFS_OF_METHOD_MAX: usize = VOIDS_PER_CUSTOMER_MAX + RELEASE_EVENTS_MAX + 1;

/// That a verified row proves something.
#[derive(Debug, Clone, PartialEq, Eq)]
struct StandingProof {
    verification: VerificationId,
    proved: Methods,
    /// Where the event stands that made it count: the row's, or its review's.
    source: Source,
    created_at: Timestamp,
    /// Of a match: the reference it was made against.
    reference: Option<EnrolmentId>,
    /// Of a bound match: the liveness row whose probe it was.
    liveness: Option<VerificationId>,
}

/// Whether a row counts as verified, its review included.
pub fn counts_as_verified(row: &VerificationRow, review: Option<&ReviewRow>) -> bool {
    match row.status {
        VerificationStatus::Verified => true,
        VerificationStatus::Pending => {
            review.is_some_and(|review| review.to_status == VerificationStatus::Verified)
        }
        VerificationStatus::Failed => false,
    }
}

/// Whether a match against a reference of that source counts for the tier: only where somebody else than the person
/// in front of the camera vouches for whose face it is (contract §3).
pub(super) fn carries_a_tier(source: FaceSource) -> bool {
    match source {
        FaceSource::Dukcapil | FaceSource::KtpExtract => true,
        FaceSource::OnboardingSelfie | FaceSource::StepUpPromotion => false,
    }
}

/// What a row proves; none where it proves nothing.
fn proof_of(row: &VerificationRow, review: Option<&ReviewRow>) -> Option<StandingProof> {
    if !counts_as_verified(row, review) {
        return None;
    }
    let (reference, liveness, proved) = match &row.face_match {
        Some(face) => {
            if !face.matched || !carries_a_tier(face.reference.face_source) {
                return None;
            }
            let proved = Methods::of_match(face.bound.is_some());
            (Some(face.reference.enrolment_id.clone()), face.bound.clone(), proved)
        }
        None => (None, None, Methods::of(&[row.method])),
    };
    let (source, created_at) = match (row.status, review) {
        (VerificationStatus::Pending, Some(review)) => (review.source, review.created_at),
        _ => (row.source, row.created_at),
    };
    Some(StandingProof { verification: row.id.clone(), proved, source, created_at, reference, liveness })
}

impl StandingProof {
    fn stands(&self, voids: &VoidedRows) -> bool {
        !voids.has_verification(&self.verification)
            && !self.reference.as_ref().is_some_and(|id| voids.has_enrolment(id))
            && !self.liveness.as_ref().is_some_and(|id| voids.has_verification(id))
    }
}

/// The proofs of a customer: of matches all, of every other method the newest that can matter, so that a customer with a
/// hundred thousand verdicts takes as little memory as one with a few hundred.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StandingProofs(BTreeMap<Method, BTreeMap<(Timestamp, u64, VerificationId), StandingProof>>);

impl StandingProofs {
    /// Takes up a row that stood before the event at that place, with its review where that stood too.
    pub fn take(&mut self, row: &VerificationRow, review: Option<&ReviewRow>, event: Source) {
        let review = review.filter(|review| stood_before(review.source, event));
        if !stood_before(row.source, event) {
            return;
        }
        let Some(proof) = proof_of(row, review) else { return };
        let of_method = self.0.entry(row.method).or_default();
        of_method.insert((proof.created_at, proof.source.offset.0, proof.verification.clone()), proof);
        if row.method != Method::FaceMatch && of_method.len() > PROOFS_OF_METHOD_MAX {
            of_method.pop_first();
        }
    }

    /// What they come to under the policy without those that are void: what is proved, and the tier with the newest row
    /// that carries it.
    pub(super) fn kyc(
        &self,
        policy: TierPolicy,
        voids: &VoidedRows,
        event: Source,
        at_most: Kyc,
    ) -> (Methods, Kyc) {
        let standing = || {
            let proofs = self.0.values().flat_map(BTreeMap::values);
            proofs.filter(|proof| stood_before(proof.source, event) && proof.stands(voids))
        };
        let verified = standing().fold(Methods::default(), |all, proof| all.union(proof.proved));
        // Another policy than that of the rows must not raise a tier: a void only takes away.
        let tier = policy.tier(verified).min(at_most.tier);
        let carrying = standing().filter(|proof| policy.supports(tier, proof.proved));
        let last_verified_at = carrying.map(|proof| proof.created_at).max();
        let expires_at = last_verified_at.map(|at| at.plus_months(KYC_VALIDITY_MONTHS));
        (verified, Kyc { tier, last_verified_at, expires_at })
    }
}

/// The proofs of each customer that a void is folded of; none of one with more rows than are looked through.
pub type ProofsOfCustomers = std::collections::HashMap<CustomerRef, Option<StandingProofs>>;
