//! What is written to `identity.audit`: the evidence of a verdict, that keys were destroyed, that somebody was shown
//! personal data, and whose an API key read. A face's evidence is among the facts about faces; what is written about the
//! opening of evidence is in `compliance`.

use bytes::Bytes;

use super::{
    CaptureEvidence, ComplianceAct, DukcapilAttemptFailed, EvidenceSecretShared, FaceEvidence, Fingerprint,
    SignerSetChanged, Source,
};
use crate::ids::{ApiKeyId, CustomerId, CustomerRef, EventId, OrgId, VerificationId};
use crate::sealed::{Field, Purposes, Sealed, SealedMedia};
use crate::staff::{StaffRole, StaffUserName};
use crate::time::Timestamp;

/// How evidence was sealed: with which secret (design §3). Its first two parts also go into the derivation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawBinding {
    /// The secret's name; before there were signers, which of the org's evidence keys it was encapsulated to.
    pub evidence_key_id: String,
    /// Empty; before there were signers, the HPKE encapsulation (X25519: 32 bytes).
    pub encapsulation: Bytes,
    /// Where it stands how the secret was shared; none before there were signers.
    pub shared_at: Option<Source>,
}

/// A verdict's evidence: written before the event, also without `raw`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerdictEvidence {
    /// The event this is the evidence of (appended afterwards).
    pub event_id: EventId,
    /// The verification row the event makes.
    pub verification_id: VerificationId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// Dukcapil's word.
    pub valid: bool,
    /// The raw answer, sealed ([`crate::sealed::Field::Raw`]).
    pub raw: Option<Sealed>,
    /// How `raw` (and a declined photo) was sealed.
    pub raw_binding: Option<RawBinding>,
    /// A photo that came with `valid: false` ([`crate::sealed::Field::DeclinedPhoto`]).
    pub declined_photo: Option<SealedMedia>,
    /// Its `image/jpeg` or `image/png`, by content: its envelope is bound to it.
    pub declined_photo_content_type: Option<String>,
    /// SHA-256 of each sealed part's envelope: (field name, digest), in the order photo, reason, raw.
    pub sealed_sha256: Vec<(String, [u8; 32])>,
    /// The request's body.
    pub body_fingerprint: Fingerprint,
    /// When the request came, by the API's clock.
    pub received_at: Timestamp,
    /// Which API key brought it.
    pub api_key_id: String,
}

/// Data keys were destroyed (written by the eraser, after `CustomerErased`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeysDestroyed {
    /// This record.
    pub event_id: EventId,
    /// Whose keys.
    pub customer: CustomerRef,
    /// Which.
    pub purposes: Purposes,
    /// When, by the eraser's clock.
    pub destroyed_at: Timestamp,
}

/// A page that shows personal data of a customer. Its word stands in records for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PersonalDataPage {
    /// The customer's own.
    Customer,
    /// A verification that waits for a person: what its voters measured.
    Review,
    /// The same, with its review copy. Such a record's id is the keyed name of verification, reader and time, by which a
    /// decision is told from one that has not seen it.
    ReviewCopy,
}

impl PersonalDataPage {
    /// Every such page.
    pub const ALL: [Self; 3] = [Self::Customer, Self::Review, Self::ReviewCopy];

    /// The word in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Review => "review",
            Self::ReviewCopy => "review_copy",
        }
    }

    /// The page of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|page| page.as_str() == word)
    }
}

/// A member of an org's staff was shown personal fields of a customer. It is in the log before they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalDataViewed {
    /// This record.
    pub event_id: EventId,
    /// Whose data.
    pub customer: CustomerRef,
    /// Who looked.
    pub staff_user: StaffUserName,
    /// As what.
    pub staff_role: StaffRole,
    /// Where.
    pub page: PersonalDataPage,
    /// What was shown, in the order of [`Field::ALL`].
    pub fields: Vec<Field>,
    /// The request's id, as its caller gave it or we did.
    pub request_id: String,
    /// By the API's clock.
    pub viewed_at: Timestamp,
}

/// Personal data of these customers was read with an API key within a minute. Written as the minute ends, one record for
/// each key, minute and instance of the API, or several where they were many customers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalDataRead {
    /// This record.
    pub event_id: EventId,
    /// Whose key it is.
    pub org: OrgId,
    /// The key's public name.
    pub key: ApiKeyId,
    /// The minute's first millisecond, by the API's clock.
    pub minute: Timestamp,
    /// Whose data, each once: at most [`crate::limits::READ_CUSTOMERS_MAX`].
    pub customers: Vec<CustomerId>,
}

/// Everything that may stand in `identity.audit`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditRecord {
    /// See [`VerdictEvidence`].
    VerdictEvidence(VerdictEvidence),
    /// See [`KeysDestroyed`].
    KeysDestroyed(KeysDestroyed),
    /// See [`FaceEvidence`].
    FaceEvidence(FaceEvidence),
    /// See [`PersonalDataViewed`].
    PersonalDataViewed(PersonalDataViewed),
    /// See [`PersonalDataRead`].
    PersonalDataRead(PersonalDataRead),
    /// See [`EvidenceSecretShared`].
    EvidenceSecretShared(EvidenceSecretShared),
    /// See [`SignerSetChanged`].
    SignerSetChanged(SignerSetChanged),
    /// See [`ComplianceAct`].
    ComplianceAct(ComplianceAct),
    /// See [`CaptureEvidence`].
    CaptureEvidence(CaptureEvidence),
    /// See [`DukcapilAttemptFailed`]: of every declaration, also of one that a capture carries.
    DukcapilAttemptFailed(DukcapilAttemptFailed),
}

impl AuditRecord {
    /// The record's id: of evidence, that of the event it belongs to.
    pub fn event_id(&self) -> &EventId {
        match self {
            Self::VerdictEvidence(r) => &r.event_id,
            Self::KeysDestroyed(r) => &r.event_id,
            Self::FaceEvidence(r) => &r.event_id,
            Self::PersonalDataViewed(r) => &r.event_id,
            Self::PersonalDataRead(r) => &r.event_id,
            Self::EvidenceSecretShared(r) => &r.event_id,
            Self::SignerSetChanged(r) => &r.event_id,
            Self::ComplianceAct(r) => &r.event_id,
            Self::CaptureEvidence(r) => &r.event_id,
            Self::DukcapilAttemptFailed(r) => &r.event_id,
        }
    }

    /// Whom it is about; none when it is about several customers, or an org's signers or secrets.
    pub fn customer(&self) -> Option<&CustomerRef> {
        match self {
            Self::VerdictEvidence(r) => Some(&r.customer),
            Self::KeysDestroyed(r) => Some(&r.customer),
            Self::FaceEvidence(r) => Some(&r.customer),
            Self::PersonalDataViewed(r) => Some(&r.customer),
            Self::PersonalDataRead(_) | Self::EvidenceSecretShared(_) | Self::SignerSetChanged(_) => None,
            Self::ComplianceAct(r) => r.customer.as_ref(),
            Self::CaptureEvidence(r) => Some(&r.customer),
            Self::DukcapilAttemptFailed(r) => Some(&r.customer),
        }
    }

    /// Whose record it is.
    pub fn org(&self) -> &OrgId {
        match self {
            Self::VerdictEvidence(r) => &r.customer.org,
            Self::KeysDestroyed(r) => &r.customer.org,
            Self::FaceEvidence(r) => &r.customer.org,
            Self::PersonalDataViewed(r) => &r.customer.org,
            Self::PersonalDataRead(r) => &r.org,
            Self::EvidenceSecretShared(r) => &r.org,
            Self::SignerSetChanged(r) => r.set.set.org(),
            Self::ComplianceAct(r) => &r.org,
            Self::CaptureEvidence(r) => &r.customer.org,
            Self::DukcapilAttemptFailed(r) => &r.customer.org,
        }
    }
}
