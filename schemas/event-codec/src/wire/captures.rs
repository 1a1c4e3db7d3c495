//! Bodies of events about captures and their review. What both say of an assessment is in `assessments`; their evidence is
//! among the bodies of `identity.audit`, their outcome among those of `identity.outcomes`.

use domain::capture::FlashColor;
use domain::classify::ReasonCategory;
use domain::event::{self, ShownChallenge};
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::rows::VerificationStatus;
use serde::{Deserialize, Serialize};

use super::Body;
use super::assessments::CaptureAssessment;
use super::parts::{Audit, Blob, Fixed, List, SealedMedia, Text, customer, id, time, word};
use super::rechecks::DeclaredFallback;
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KtpCaptureAssessed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    enrolment_id: Option<Text<'a>>,
    assessment: CaptureAssessment<'a>,
    challenge_colors: List<Text<'a>>,
    challenge_hold_ms: List<u32>,
    challenge_issued_at: i64,
    score: Option<u32>,
    reason_category: Option<Text<'a>>,
    text: Option<Blob>,
    portrait: Option<SealedMedia<'a>>,
    portrait_content_type: Option<Text<'a>>,
    review_copy: Option<SealedMedia<'a>>,
    review_key_id: Option<Text<'a>>,
    signals: List<Text<'a>>,
    policy_version: u32,
    body_fingerprint: Fixed<32>,
    audit: Audit,
    fallback: Option<DeclaredFallback<'a>>,
}

impl Body for KtpCaptureAssessed<'_> {
    fn sealed_bytes(&self) -> usize {
        let media = SealedMedia::size(self.portrait.as_ref()) + SealedMedia::size(self.review_copy.as_ref());
        media + Blob::size(self.text.as_ref()) + self.assessment.sealed_bytes()
    }
}

impl<'a> From<&'a event::KtpCaptureAssessed> for KtpCaptureAssessed<'a> {
    fn from(e: &'a event::KtpCaptureAssessed) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            enrolment_id: e.enrolment_id.as_ref().map(|id| id.as_str().into()),
            assessment: (&*e.assessment).into(),
            challenge_colors: List(e.challenge.colors.iter().map(|color| color.as_str().into()).collect()),
            challenge_hold_ms: List(e.challenge.hold_ms.clone()),
            challenge_issued_at: e.challenge.issued_at.millis(),
            score: e.score,
            reason_category: e.reason_category.map(|category| category.as_str().into()),
            text: e.text.as_ref().map(Blob::of),
            portrait: e.portrait.as_ref().map(Into::into),
            portrait_content_type: e.portrait_content_type.as_deref().map(Into::into),
            review_copy: e.review_copy.as_ref().map(Into::into),
            review_key_id: e.review_key_id.as_deref().map(Into::into),
            signals: List(e.signals.iter().map(Into::into).collect()),
            policy_version: e.policy_version,
            body_fingerprint: e.body_fingerprint.into(),
            audit: e.audit.into(),
            fallback: e.fallback.as_ref().map(Into::into),
        }
    }
}

impl TryFrom<KtpCaptureAssessed<'_>> for event::KtpCaptureAssessed {
    type Error = DecodeError;

    fn try_from(w: KtpCaptureAssessed<'_>) -> Result<Self, DecodeError> {
        let enrolment = |text: Text<'_>| id("enrolmentId", &text, EnrolmentId::parse);
        let category = |text| word("reasonCategory", text, ReasonCategory::parse);
        let colors = w.challenge_colors.0.iter().map(|text| word("challengeColors", text, FlashColor::parse));
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            enrolment_id: w.enrolment_id.map(enrolment).transpose()?,
            assessment: Box::new(w.assessment.try_into()?),
            challenge: ShownChallenge {
                colors: colors.collect::<Result<_, _>>()?,
                hold_ms: w.challenge_hold_ms.0,
                issued_at: time("challengeIssuedAt", w.challenge_issued_at)?,
            },
            score: w.score,
            reason_category: w.reason_category.as_deref().map(category).transpose()?,
            text: w.text.map(Blob::sealed),
            portrait: w.portrait.map(TryInto::try_into).transpose()?,
            portrait_content_type: w.portrait_content_type.map(Text::into_owned),
            review_copy: w.review_copy.map(TryInto::try_into).transpose()?,
            review_key_id: w.review_key_id.map(Text::into_owned),
            signals: w.signals.0.into_iter().map(Text::into_owned).collect(),
            policy_version: w.policy_version,
            body_fingerprint: w.body_fingerprint.into(),
            audit: w.audit.into(),
            fallback: w.fallback.map(TryInto::try_into).transpose()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationReviewed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    to_status: Text<'a>,
    reason_code: Text<'a>,
    note: Option<Blob>,
    by: Text<'a>,
    policy_version: u32,
    body_fingerprint: Option<Fixed<32>>,
}

impl Body for VerificationReviewed<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.note.as_ref())
    }
}

impl<'a> From<&'a event::VerificationReviewed> for VerificationReviewed<'a> {
    fn from(e: &'a event::VerificationReviewed) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            to_status: e.to_status.as_str().into(),
            reason_code: (&e.reason_code).into(),
            note: e.note.as_ref().map(Blob::of),
            by: (&e.by).into(),
            policy_version: e.policy_version,
            body_fingerprint: e.body_fingerprint.map(Into::into),
        }
    }
}

impl TryFrom<VerificationReviewed<'_>> for event::VerificationReviewed {
    type Error = DecodeError;

    fn try_from(w: VerificationReviewed<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            to_status: word("toStatus", &w.to_status, VerificationStatus::parse)?,
            reason_code: w.reason_code.into_owned(),
            note: w.note.map(Blob::sealed),
            by: w.by.into_owned(),
            policy_version: w.policy_version,
            body_fingerprint: w.body_fingerprint.map(Into::into),
        })
    }
}
