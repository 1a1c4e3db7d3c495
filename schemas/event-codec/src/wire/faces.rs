//! Bodies of events about faces. Their evidence is among the bodies of `identity.audit`.

use domain::classify::ReasonCategory;
use domain::event::{self, RiskLevel};
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::rows::FaceSource;
use serde::{Deserialize, Serialize};

use super::Body;
use super::assessments::FaceModel;
use super::parts::{Audit, Blob, Fixed, List, SealedMedia, Text, customer, id, time, word};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaceReferenceAdded<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    enrolment_id: Text<'a>,
    source: Text<'a>,
    photo: SealedMedia<'a>,
    photo_content_type: Text<'a>,
    body_fingerprint: Fixed<32>,
    audit: Audit,
}

impl Body for FaceReferenceAdded<'_> {
    fn sealed_bytes(&self) -> usize {
        SealedMedia::size(Some(&self.photo))
    }
}

impl<'a> From<&'a event::FaceReferenceAdded> for FaceReferenceAdded<'a> {
    fn from(e: &'a event::FaceReferenceAdded) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            enrolment_id: e.enrolment_id.as_str().into(),
            source: e.face_source.as_str().into(),
            photo: (&e.photo).into(),
            photo_content_type: (&e.photo_content_type).into(),
            body_fingerprint: e.body_fingerprint.into(),
            audit: e.audit.into(),
        }
    }
}

impl TryFrom<FaceReferenceAdded<'_>> for event::FaceReferenceAdded {
    type Error = DecodeError;

    fn try_from(w: FaceReferenceAdded<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            enrolment_id: id("enrolmentId", &w.enrolment_id, EnrolmentId::parse)?,
            face_source: word("source", &w.source, FaceSource::parse)?,
            photo: w.photo.try_into()?,
            photo_content_type: w.photo_content_type.into_owned(),
            body_fingerprint: w.body_fingerprint.into(),
            audit: w.audit.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MatchReference<'a> {
    enrolment_id: Text<'a>,
    source: Text<'a>,
    enrolled_at: i64,
}

impl TryFrom<MatchReference<'_>> for event::MatchReference {
    type Error = DecodeError;

    fn try_from(w: MatchReference<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            enrolment_id: id("reference.enrolmentId", &w.enrolment_id, EnrolmentId::parse)?,
            face_source: word("reference.source", &w.source, FaceSource::parse)?,
            enrolled_at: time("reference.enrolledAt", w.enrolled_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaceMatchDecided<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    matched: bool,
    risk_level: Text<'a>,
    threshold_milli: u32,
    model: FaceModel<'a>,
    liveness_verification_id: Option<Text<'a>>,
    score: u32,
    similarity: Blob,
    reference: MatchReference<'a>,
    signals: List<Text<'a>>,
    reason_category: Option<Text<'a>>,
    policy_version: u32,
    body_fingerprint: Fixed<32>,
    audit: Audit,
}

impl Body for FaceMatchDecided<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(Some(&self.similarity))
    }
}

impl<'a> From<&'a event::FaceMatchDecided> for FaceMatchDecided<'a> {
    fn from(e: &'a event::FaceMatchDecided) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            matched: e.matched,
            risk_level: e.risk_level.as_str().into(),
            threshold_milli: e.threshold_milli,
            model: (&e.model).into(),
            liveness_verification_id: e.liveness.as_ref().map(|id| id.as_str().into()),
            score: e.score,
            similarity: Blob::of(&e.similarity),
            reference: MatchReference {
                enrolment_id: e.reference.enrolment_id.as_str().into(),
                source: e.reference.face_source.as_str().into(),
                enrolled_at: e.reference.enrolled_at.millis(),
            },
            signals: List(e.signals.iter().map(Into::into).collect()),
            reason_category: e.reason_category.map(|category| category.as_str().into()),
            policy_version: e.policy_version,
            body_fingerprint: e.body_fingerprint.into(),
            audit: e.audit.into(),
        }
    }
}

impl TryFrom<FaceMatchDecided<'_>> for event::FaceMatchDecided {
    type Error = DecodeError;

    fn try_from(w: FaceMatchDecided<'_>) -> Result<Self, DecodeError> {
        let liveness = |text: Text<'_>| id("livenessVerificationId", &text, VerificationId::parse);
        let category = |text| word("reasonCategory", text, ReasonCategory::parse);
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            matched: w.matched,
            risk_level: word("riskLevel", &w.risk_level, RiskLevel::parse)?,
            threshold_milli: w.threshold_milli,
            model: w.model.into(),
            liveness: w.liveness_verification_id.map(liveness).transpose()?,
            score: w.score,
            similarity: w.similarity.sealed(),
            reference: w.reference.try_into()?,
            signals: w.signals.0.into_iter().map(Text::into_owned).collect(),
            reason_category: w.reason_category.as_deref().map(category).transpose()?,
            policy_version: w.policy_version,
            body_fingerprint: w.body_fingerprint.into(),
            audit: w.audit.into(),
        })
    }
}
