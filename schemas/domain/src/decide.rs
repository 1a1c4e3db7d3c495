//! Command to events: whether a verdict may be recorded, and the records it becomes. Pure: the caller has
//! sealed, named and timed everything already; here is decided, and the parts are put together so that
//! evidence, event and row cannot disagree.

use crate::classify::{CLASSIFIER_VERSION, ReasonCategory};
use crate::event::{AuditRef, DukcapilVerdictReceived, Fingerprint, RawBinding, VerdictEvidence};
use crate::ids::{ApiKeyId, CustomerRef, EnrolmentId, EventId, VerificationId};
use crate::policy::{Method, Methods, Tier, TierPolicy};
use crate::ports::KeyRowState;
use crate::raw_answer::RawReading;
use crate::rows::Kyc;
use crate::sealed::{Field, Purpose, Purposes, Sealed, SealedMedia};
use crate::time::Timestamp;

/// What is known of a customer when a verdict about it comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CustomerStanding {
    /// State of the key row; none when there is no row.
    pub key_row: Option<KeyRowState>,
    /// Purposes whose keys are destroyed.
    pub destroyed: Purposes,
    /// Whether the read model has the customer; asked only when the key row is pending.
    pub projected: bool,
}

/// What to do with a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Record it.
    Record,
    /// The registration is in the log after all: activate the key row, then record.
    ActivateAndRecord,
    /// There is no such customer (any more).
    NotFound,
    /// A photo may not be enrolled: its key alone was destroyed.
    BiometricConsentWithdrawn,
    /// Evidence could not be kept: its key was destroyed, whatever became of the biometric one.
    EvidenceKeyDestroyed,
}

/// Whether a decision about a verification of a customer of that standing may be recorded: it needs neither photo nor
/// evidence.
pub fn admit_review(standing: CustomerStanding) -> Admission {
    if standing.destroyed.contains(Purpose::Profile) {
        return Admission::NotFound;
    }
    match standing.key_row {
        Some(KeyRowState::Active) => Admission::Record,
        Some(KeyRowState::Pending { .. }) if standing.projected => Admission::ActivateAndRecord,
        Some(KeyRowState::Pending { .. } | KeyRowState::Abandoned) | None => Admission::NotFound,
    }
}

/// Whether a verdict about a customer of that standing may be recorded (design §2, step 3).
pub fn admit_verdict(standing: CustomerStanding, valid: bool) -> Admission {
    let admission = admit_review(standing);
    if admission == Admission::NotFound {
        return admission;
    }
    // Any verdict needs its evidence; consent to a photo is asked about where that alone is missing (contract §4).
    if standing.destroyed.contains(Purpose::Evidence) {
        return Admission::EvidenceKeyDestroyed;
    }
    if valid && standing.destroyed.contains(Purpose::Biometric) {
        return Admission::BiometricConsentWithdrawn;
    }
    admission
}

/// What a verdict would do to the tier: for a dry run.
pub fn preview_tier(kyc: Kyc, verified: Methods, policy: TierPolicy, valid: bool) -> (Tier, Tier) {
    let to = if valid { kyc.tier.max(policy.tier(verified.with(Method::NikDukcapil))) } else { kyc.tier };
    (kyc.tier, to)
}

/// A digest of a sealed part's envelope, for the evidence.
pub type SealedDigest = (Field, [u8; 32]);

/// A verdict, named and sealed, ready to be recorded.
#[derive(Debug, Clone)]
pub struct RecordVerdict {
    /// The event.
    pub event_id: EventId,
    /// The row.
    pub verification_id: VerificationId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// What Dukcapil said, with the photo where it belongs.
    pub photo: VerdictPhoto,
    /// The reason and its category.
    pub reason: Option<(Sealed, ReasonCategory)>,
    /// The raw answer.
    pub raw: Option<Sealed>,
    /// How raw and a declined photo were sealed.
    pub raw_binding: Option<RawBinding>,
    /// Digests of the sealed parts.
    pub sealed_sha256: Vec<SealedDigest>,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// The tier policy in force for the org.
    pub policy_version: u32,
    /// What the raw answer came to.
    pub raw_reading: RawReading,
    /// When the request came.
    pub received_at: Timestamp,
    /// Which API key brought it.
    pub api_key_id: ApiKeyId,
}

/// The two shapes of a verdict: a photo is a face reference or it is evidence, never both.
#[derive(Debug, Clone)]
pub enum VerdictPhoto {
    /// `valid: true`: the photo is enrolled.
    Valid {
        /// The enrolment it becomes.
        enrolment_id: EnrolmentId,
        /// Sealed for the biometric purpose.
        photo: Sealed,
        /// `image/jpeg` or `image/png`.
        content_type: &'static str,
    },
    /// `valid: false`: a photo is kept as evidence.
    Declined {
        /// Sealed for the evidence purpose, and its `image/jpeg` or `image/png`.
        photo: Option<(Sealed, &'static str)>,
    },
}

impl RecordVerdict {
    /// The evidence: appended first.
    pub fn evidence(&self) -> VerdictEvidence {
        let (valid, declined_photo) = match &self.photo {
            VerdictPhoto::Valid { .. } => (true, None),
            VerdictPhoto::Declined { photo } => (false, photo.clone()),
        };
        let (declined_photo, content_type) = declined_photo.unzip();
        VerdictEvidence {
            event_id: self.event_id.clone(),
            verification_id: self.verification_id.clone(),
            customer: self.customer.clone(),
            valid,
            raw: self.raw.clone(),
            raw_binding: self.raw_binding.clone(),
            declined_photo: declined_photo.map(SealedMedia::Inline),
            declined_photo_content_type: content_type.map(str::to_owned),
            sealed_sha256: self.sealed_sha256.iter().map(|(f, d)| (f.as_str().to_owned(), *d)).collect(),
            body_fingerprint: self.body_fingerprint,
            received_at: self.received_at,
            api_key_id: self.api_key_id.as_str().to_owned(),
        }
    }

    /// The event: appended once its evidence stands in the log.
    pub fn event(self, audit: AuditRef) -> DukcapilVerdictReceived {
        let (valid, enrolment_id, photo, content_type) = match self.photo {
            VerdictPhoto::Valid { enrolment_id, photo, content_type } => {
                (true, Some(enrolment_id), Some(SealedMedia::Inline(photo)), Some(content_type.to_owned()))
            }
            VerdictPhoto::Declined { .. } => (false, None, None, None),
        };
        let (reason, reason_category) = self.reason.unzip();
        // A category says why Dukcapil declined; what it says of a match is kept and explains nothing (contract §3).
        let reason_category = reason_category.filter(|_| !valid);
        DukcapilVerdictReceived {
            event_id: self.event_id,
            customer: self.customer,
            verification_id: self.verification_id,
            enrolment_id,
            valid,
            photo,
            photo_content_type: content_type,
            reason,
            reason_category,
            classifier_version: CLASSIFIER_VERSION,
            body_fingerprint: self.body_fingerprint,
            policy_version: self.policy_version,
            audit,
            raw_reading: Some(self.raw_reading),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_a_standing_then_this_admission() {
        use Admission::{
            ActivateAndRecord, BiometricConsentWithdrawn, EvidenceKeyDestroyed, NotFound, Record,
        };
        use KeyRowState::{Abandoned, Active};
        const PENDING: KeyRowState = KeyRowState::Pending { attempt_until: Timestamp::EPOCH };
        let none: &[Purpose] = &[];
        type Row<'a> = (Option<KeyRowState>, &'a [Purpose], bool, bool, Admission);
        let table: &[Row<'_>] = &[
            // key row, destroyed, projected, valid
            (None, none, false, true, NotFound),
            (None, none, true, true, NotFound),
            (Some(Active), none, false, true, Record),
            (Some(Active), none, false, false, Record),
            (Some(PENDING), none, false, true, NotFound),
            (Some(PENDING), none, true, true, ActivateAndRecord),
            (Some(Abandoned), none, false, true, NotFound),
            (Some(Abandoned), none, true, true, NotFound),
            (Some(Active), &[Purpose::Profile], true, false, NotFound),
            (Some(Active), &[Purpose::Profile, Purpose::Biometric], true, true, NotFound),
            (Some(Active), &[Purpose::Biometric], true, true, BiometricConsentWithdrawn),
            (Some(Active), &[Purpose::Biometric], true, false, Record),
            (Some(Active), &[Purpose::Evidence], true, false, EvidenceKeyDestroyed),
            (Some(Active), &[Purpose::Evidence], true, true, EvidenceKeyDestroyed),
            (Some(Active), &[Purpose::Biometric, Purpose::Evidence], true, true, EvidenceKeyDestroyed),
            (Some(Active), &[Purpose::Biometric, Purpose::Evidence], true, false, EvidenceKeyDestroyed),
            (Some(Active), &[Purpose::Profile, Purpose::Evidence], true, true, NotFound),
            (Some(PENDING), &[Purpose::Biometric], true, true, BiometricConsentWithdrawn),
            (Some(PENDING), &[Purpose::Biometric], true, false, ActivateAndRecord),
            (Some(PENDING), &[Purpose::Evidence], true, false, EvidenceKeyDestroyed),
            (Some(PENDING), &[Purpose::Evidence], false, false, NotFound),
            (Some(PENDING), none, false, false, NotFound),
        ];
        for (key_row, destroyed, projected, valid, then) in table {
            let standing = CustomerStanding {
                key_row: *key_row,
                destroyed: destroyed.iter().copied().collect(),
                projected: *projected,
            };
            assert_eq!(admit_verdict(standing, *valid), *then, "{standing:?} valid={valid}");
        }
    }

    #[test]
    fn a_dry_run_never_lowers_a_tier() {
        let policy = TierPolicy::of_version(1).expect("a known policy");
        for (tier, methods, valid, to) in [
            (Tier::None, Methods::default(), true, Tier::Standard),
            (Tier::None, Methods::default(), false, Tier::None),
            (Tier::Premium, Methods::default(), true, Tier::Premium),
            (Tier::None, Methods::default().with(Method::FaceMatch), true, Tier::Premium),
        ] {
            let kyc = Kyc { tier, ..Kyc::default() };
            assert_eq!(preview_tier(kyc, methods, policy, valid), (tier, to));
        }
    }
}
