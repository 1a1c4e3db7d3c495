//! An event's own fields by their names in its schema, for whoever shows the log as it stands: what is in clear with its
//! value, what is sealed by the field that it is. What every event has (its id, its org, its customer) is not among them,
//! nor is the reference to its evidence.

use super::{
    AuditRef, CaptureEvidence, DeclaredFallback, DukcapilAttemptFailed, Event, FaceMatchDecided,
    FallbackRecheckClosed, FlashChallengeIssued, KtpCaptureAssessed, VerificationReviewed,
    VerificationVoided,
};
use crate::capture::{CaptureAssessment, TextAgreement, VoterFinding, VoterPanel};
use crate::classify::ReasonCategory;
use crate::ids::{EnrolmentId, VerificationId};
use crate::policy::Method;
use crate::recheck::DukcapilAttempt;
use crate::sealed::{Field, Purpose};
use crate::time::Timestamp;

/// A field of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventField {
    /// Its name in the schema.
    pub name: &'static str,
    /// What stands there.
    pub value: FieldValue,
}

/// What stands in a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FieldValue {
    /// Nothing.
    Absent,
    /// Yes or no.
    Flag(bool),
    /// A number.
    Number(u32),
    /// A word of ours, an id, or bytes in hexadecimal.
    Text(String),
    /// Several words of ours.
    Words(Vec<String>),
    /// A moment.
    Time(Timestamp),
    /// Fields of its own.
    Fields(Vec<EventField>),
    /// An envelope.
    Sealed(Field),
}

impl From<bool> for FieldValue {
    fn from(value: bool) -> Self {
        Self::Flag(value)
    }
}

impl From<u32> for FieldValue {
    fn from(value: u32) -> Self {
        Self::Number(value)
    }
}

impl From<&str> for FieldValue {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<&EnrolmentId> for FieldValue {
    fn from(value: &EnrolmentId) -> Self {
        value.as_str().into()
    }
}

impl From<&VerificationId> for FieldValue {
    fn from(value: &VerificationId) -> Self {
        value.as_str().into()
    }
}

impl From<ReasonCategory> for FieldValue {
    fn from(value: ReasonCategory) -> Self {
        value.as_str().into()
    }
}

impl<T: Into<FieldValue>> From<Option<T>> for FieldValue {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Absent, Into::into)
    }
}

/// Of sealed things, whether there is one is in clear.
fn sealed<T>(envelope: Option<&T>, field: Field) -> FieldValue {
    envelope.map_or(FieldValue::Absent, |_| FieldValue::Sealed(field))
}

fn field(name: &'static str, value: impl Into<FieldValue>) -> EventField {
    EventField { name, value: value.into() }
}

fn hex_text(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn hex(bytes: &[u8]) -> FieldValue {
    FieldValue::Text(hex_text(bytes))
}

impl Event {
    /// Its own fields, in the order of its schema.
    pub fn fields(&self) -> Vec<EventField> {
        match self {
            Self::CustomerRegistered(e) => vec![
                field("fullName", sealed(Some(&e.full_name), Field::FullName)),
                field("externalId", sealed(e.external_id.as_ref(), Field::ExternalId)),
                field("bodyFingerprint", hex(&e.body_fingerprint.0)),
            ],
            Self::DukcapilVerdictReceived(e) => vec![
                field("verificationId", &e.verification_id),
                field("enrolmentId", e.enrolment_id.as_ref()),
                field("valid", e.valid),
                field("photo", sealed(e.photo.as_ref(), Field::Photo)),
                field("photoContentType", e.photo_content_type.as_deref()),
                field("reason", sealed(e.reason.as_ref(), Field::Reason)),
                field("reasonCategory", e.reason_category),
                field("classifierVersion", e.classifier_version),
                field("bodyFingerprint", hex(&e.body_fingerprint.0)),
                field("policyVersion", e.policy_version),
            ],
            Self::CustomerErased(e) => {
                let purposes = e.purposes.iter().map(Purpose::as_str).map(str::to_owned);
                vec![field("purposes", FieldValue::Words(purposes.collect()))]
            }
            Self::CustomerReleased(_) => Vec::new(),
            Self::FaceReferenceAdded(e) => vec![
                field("enrolmentId", &e.enrolment_id),
                field("source", e.face_source.as_str()),
                field("photo", FieldValue::Sealed(Field::Photo)),
                field("photoContentType", e.photo_content_type.as_str()),
                field("bodyFingerprint", hex(&e.body_fingerprint.0)),
            ],
            Self::FaceMatchDecided(e) => match_fields(e),
            Self::FlashChallengeIssued(e) => challenge_fields(e),
            Self::KtpCaptureAssessed(e) => capture_fields(e),
            Self::VerificationReviewed(e) => review_fields(e),
            Self::DukcapilAttemptFailed(e) => e.fields(),
            Self::FallbackRecheckClosed(e) => closure_fields(e),
            Self::VerificationVoided(e) => void_fields(e),
        }
    }

    /// The method of the verification that it makes, if it makes one.
    pub fn method(&self) -> Option<Method> {
        match self {
            Self::DukcapilVerdictReceived(_) => Some(Method::NikDukcapil),
            Self::FaceMatchDecided(_) => Some(Method::FaceMatch),
            Self::KtpCaptureAssessed(_) => Some(Method::KtpCapture),
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::FaceReferenceAdded(_)
            | Self::FlashChallengeIssued(_)
            | Self::VerificationReviewed(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_)
            | Self::VerificationVoided(_) => None,
        }
    }

    /// Where its evidence stands, if it has any.
    pub fn audit(&self) -> Option<AuditRef> {
        match self {
            Self::DukcapilVerdictReceived(e) => Some(e.audit),
            Self::FaceReferenceAdded(e) => Some(e.audit),
            Self::FaceMatchDecided(e) => Some(e.audit),
            Self::KtpCaptureAssessed(e) => Some(e.audit),
            Self::CustomerRegistered(_)
            | Self::CustomerErased(_)
            | Self::CustomerReleased(_)
            | Self::VerificationReviewed(_)
            | Self::VerificationVoided(_)
            | Self::FlashChallengeIssued(_)
            | Self::DukcapilAttemptFailed(_)
            | Self::FallbackRecheckClosed(_) => None,
        }
    }
}

impl CaptureEvidence {
    /// Its own fields, as an event's: what is in clear with its value, what is sealed by the field that it is.
    pub fn fields(&self) -> Vec<EventField> {
        let digests = self.frame_sha256.iter().map(|digest| hex_text(digest)).collect();
        vec![
            field("frames", sealed(self.frames.as_ref(), Field::KtpFrames)),
            field("framesKept", self.frames_kept),
            field("frameSha256", FieldValue::Words(digests)),
            field("features", sealed(self.features.as_ref(), Field::CaptureFeatures)),
            field("claims", sealed(self.claims.as_ref(), Field::CaptureClaims)),
            field("receivedAt", FieldValue::Time(self.received_at)),
            field("apiKeyId", self.api_key_id.as_str()),
        ]
    }
}

fn match_fields(e: &FaceMatchDecided) -> Vec<EventField> {
    let model = vec![field("name", e.model.name.as_str()), field("sha256", hex(&e.model.sha256))];
    let reference = vec![
        field("enrolmentId", &e.reference.enrolment_id),
        field("source", e.reference.face_source.as_str()),
        field("enrolledAt", FieldValue::Time(e.reference.enrolled_at)),
    ];
    vec![
        field("verificationId", &e.verification_id),
        field("matched", e.matched),
        field("riskLevel", e.risk_level.as_str()),
        field("thresholdMilli", e.threshold_milli),
        field("model", FieldValue::Fields(model)),
        field("livenessVerificationId", e.liveness.as_ref()),
        field("score", e.score),
        field("similarity", FieldValue::Sealed(Field::MatchSimilarity)),
        field("reference", FieldValue::Fields(reference)),
        field("signals", FieldValue::Words(e.signals.clone())),
        field("reasonCategory", e.reason_category),
        field("policyVersion", e.policy_version),
        field("bodyFingerprint", hex(&e.body_fingerprint.0)),
    ]
}

fn challenge_fields(e: &FlashChallengeIssued) -> Vec<EventField> {
    let colors = e.colors.iter().map(|color| color.as_str().to_owned());
    let holds = e.hold_ms.iter().map(u32::to_string);
    vec![
        field("challengeId", e.challenge_id.as_str()),
        field("purpose", e.purpose.as_str()),
        field("colors", FieldValue::Words(colors.collect())),
        field("holdMs", FieldValue::Words(holds.collect())),
        field("issuedAt", FieldValue::Time(e.issued_at)),
        field("ttlMs", e.ttl_ms),
    ]
}

fn capture_fields(e: &KtpCaptureAssessed) -> Vec<EventField> {
    let colors = e.challenge.colors.iter().map(|color| color.as_str().to_owned());
    let hold_ms = e.challenge.hold_ms.iter().map(u32::to_string);
    vec![
        field("verificationId", &e.verification_id),
        field("enrolmentId", e.enrolment_id.as_ref()),
        field("assessment", FieldValue::Fields(assessment_fields(&e.assessment))),
        field("challengeColors", FieldValue::Words(colors.collect())),
        field("challengeHoldMs", FieldValue::Words(hold_ms.collect())),
        field("challengeIssuedAt", FieldValue::Time(e.challenge.issued_at)),
        field("score", e.score),
        field("reasonCategory", e.reason_category),
        field("text", sealed(e.text.as_ref(), Field::KtpText)),
        field("portrait", sealed(e.portrait.as_ref(), Field::Photo)),
        field("portraitContentType", e.portrait_content_type.as_deref()),
        // Whether there is one: no customer's key opens it.
        field("reviewCopy", e.review_copy.is_some()),
        field("reviewKeyId", e.review_key_id.as_deref()),
        field("signals", FieldValue::Words(e.signals.clone())),
        field("policyVersion", e.policy_version),
        field("bodyFingerprint", hex(&e.body_fingerprint.0)),
        field("fallback", e.fallback.as_ref().map(fallback_fields)),
    ]
}

fn assessment_fields(of: &CaptureAssessment) -> Vec<EventField> {
    let text = |text: &TextAgreement| {
        FieldValue::Fields(vec![
            field("source", text.source.as_str()),
            field("agreed", FieldValue::Words(text.agreed.clone())),
            field("disagreed", FieldValue::Words(text.disagreed.clone())),
        ])
    };
    let models = of.models.iter().map(|model| format!("{} {}", model.name, hex_text(&model.sha256)));
    let guidance = of.guidance.iter().map(|code| code.as_str().to_owned());
    vec![
        field("bundleId", of.bundle.as_str()),
        field("challengeId", of.challenge.as_str()),
        field("engine", of.engine.as_str()),
        field("policyVersion", of.policy_version),
        field("models", FieldValue::Words(models.collect())),
        field("verdict", of.verdict.as_str()),
        field("assuranceTier", of.assurance.as_str()),
        field("antiSpoof", panel(&of.anti_spoof)),
        field("tamper", panel(&of.tamper)),
        field("text", of.text.as_ref().map(text)),
        field("guidance", FieldValue::Words(guidance.collect())),
        field("framesStored", of.frames_stored),
        field("values", sealed(of.values.as_ref(), Field::VoterValues)),
    ]
}

/// What voters come to, then each with its vote, why, and the threshold that it went by.
fn panel(panel: &VoterPanel) -> FieldValue {
    let vote = |voter: &VoterFinding| {
        let threshold = voter.threshold.map_or_else(String::new, |of| format!(" {}", of.value()));
        format!("{} {} {}{threshold}", voter.name, voter.state.as_str(), voter.reason)
    };
    let votes = panel.voters.iter().map(vote).collect();
    FieldValue::Fields(vec![field("fused", panel.fused.as_str()), field("voters", FieldValue::Words(votes))])
}

impl DukcapilAttemptFailed {
    /// Its own fields, as an event's; of a record in `identity.audit` too.
    pub fn fields(&self) -> Vec<EventField> {
        let mut fields = vec![field("fallbackId", self.fallback_id.as_str())];
        fields.extend(attempt_fields(&self.attempt));
        fields.extend([
            field("verificationId", self.verification_id.as_ref()),
            field("by", self.by.as_str()),
            field("bodyFingerprint", hex(&self.body_fingerprint.0)),
        ]);
        fields
    }
}

fn fallback_fields(of: &DeclaredFallback) -> FieldValue {
    let id = [field("fallbackId", of.id.as_str())];
    FieldValue::Fields(id.into_iter().chain(attempt_fields(&of.attempt)).collect())
}

fn attempt_fields(of: &DukcapilAttempt) -> [EventField; 5] {
    [
        field("cause", of.cause.as_str()),
        field("httpStatus", of.http_status),
        field("attemptedAt", FieldValue::Time(of.attempted_at)),
        field("attempts", of.attempts),
        field("elapsedMs", of.elapsed_ms),
    ]
}

fn closure_fields(e: &FallbackRecheckClosed) -> Vec<EventField> {
    vec![
        field("recheckId", e.recheck_id.as_str()),
        field("reasonCode", e.reason_code.as_str()),
        field("note", sealed(e.note.as_ref(), Field::RecheckNote)),
        field("by", e.by.as_str()),
        field("bodyFingerprint", e.body_fingerprint.map(|of| hex(&of.0))),
    ]
}

fn review_fields(e: &VerificationReviewed) -> Vec<EventField> {
    vec![
        field("verificationId", &e.verification_id),
        field("toStatus", e.to_status.as_str()),
        field("reasonCode", e.reason_code.as_str()),
        field("note", sealed(e.note.as_ref(), Field::ReviewNote)),
        field("by", e.by.as_str()),
        field("policyVersion", e.policy_version),
        field("bodyFingerprint", e.body_fingerprint.map(|of| hex(&of.0))),
    ]
}

fn void_fields(e: &VerificationVoided) -> Vec<EventField> {
    vec![
        field("verificationId", &e.verification_id),
        field("reasonCode", e.reason.as_str()),
        field("note", sealed(e.note.as_ref(), Field::VoidNote)),
        field("by", e.by.as_str()),
        field("policyVersion", e.policy_version),
        field("bodyFingerprint", e.body_fingerprint.map(|of| hex(&of.0))),
    ]
}
