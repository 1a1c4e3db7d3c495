//! Bodies of `identity.outcomes`: no direct identifiers. `CustomerErased` is among the events' bodies.

use domain::classify::ReasonCategory;
use domain::ids::{EnrolmentId, EventId, TierEventId, VerificationId};
use domain::outcome::{self, EnrolmentSummary, UnappliedCause};
use domain::policy::{Method, Tier};
use domain::rows::{FaceSource, VerificationStatus};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Fixed, Source, Text, customer, id, time, word};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Enrolment<'a> {
    id: Text<'a>,
    source: Text<'a>,
    fallback_stub: bool,
}

impl<'a> From<&'a EnrolmentSummary> for Enrolment<'a> {
    fn from(enrolment: &'a EnrolmentSummary) -> Self {
        Self {
            id: enrolment.id.as_str().into(),
            source: enrolment.source.as_str().into(),
            fallback_stub: enrolment.fallback_stub,
        }
    }
}

impl TryFrom<Enrolment<'_>> for EnrolmentSummary {
    type Error = DecodeError;

    fn try_from(w: Enrolment<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("enrolment.id", &w.id, EnrolmentId::parse)?,
            source: word("enrolment.source", &w.source, FaceSource::parse)?,
            fallback_stub: w.fallback_stub,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationCreated<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    event_id: Text<'a>,
    source: Source,
    verification_id: Text<'a>,
    method: Text<'a>,
    status: Text<'a>,
    score: Option<u32>,
    reason_category: Option<Text<'a>>,
    enrolment: Option<Enrolment<'a>>,
    body_fingerprint: Fixed<32>,
    created_at: i64,
}

impl Body for VerificationCreated<'_> {}

impl<'a> From<&'a outcome::VerificationCreated> for VerificationCreated<'a> {
    fn from(o: &'a outcome::VerificationCreated) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            event_id: o.event_id.as_str().into(),
            source: o.source.into(),
            verification_id: o.verification_id.as_str().into(),
            method: o.method.as_str().into(),
            status: o.status.as_str().into(),
            score: o.score,
            reason_category: o.reason_category.map(|category| category.as_str().into()),
            enrolment: o.enrolment.as_ref().map(Into::into),
            body_fingerprint: o.body_fingerprint.into(),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<VerificationCreated<'_>> for outcome::VerificationCreated {
    type Error = DecodeError;

    fn try_from(w: VerificationCreated<'_>) -> Result<Self, DecodeError> {
        let category = |text| word("reasonCategory", text, ReasonCategory::parse);
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            source: w.source.into(),
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            method: word("method", &w.method, Method::parse)?,
            status: word("status", &w.status, VerificationStatus::parse)?,
            score: w.score,
            reason_category: w.reason_category.as_deref().map(category).transpose()?,
            enrolment: w.enrolment.map(TryInto::try_into).transpose()?,
            body_fingerprint: w.body_fingerprint.into(),
            created_at: time("createdAt", w.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaceEnrolled<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    enrolment: Enrolment<'a>,
    model: Option<Text<'a>>,
    created_at: i64,
    event_id: Option<Text<'a>>,
}

impl Body for FaceEnrolled<'_> {}

impl<'a> From<&'a outcome::FaceEnrolled> for FaceEnrolled<'a> {
    fn from(o: &'a outcome::FaceEnrolled) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            // Version 1 has no place for none.
            verification_id: o.verification_id.as_ref().map_or("", VerificationId::as_str).into(),
            enrolment: (&o.enrolment).into(),
            model: o.model.as_deref().map(Into::into),
            created_at: o.created_at.millis(),
            event_id: o.event_id.as_ref().map(|id| id.as_str().into()),
        }
    }
}

impl TryFrom<FaceEnrolled<'_>> for outcome::FaceEnrolled {
    type Error = DecodeError;

    fn try_from(w: FaceEnrolled<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: Some(&w.verification_id)
                .filter(|text| !text.is_empty())
                .map(|text| id("verificationId", text, VerificationId::parse))
                .transpose()?,
            enrolment: w.enrolment.try_into()?,
            model: w.model.map(Text::into_owned),
            created_at: time("createdAt", w.created_at)?,
            event_id: w.event_id.map(|text| id("eventId", &text, EventId::parse)).transpose()?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KycUpdated<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    tier_event_id: Option<Text<'a>>,
    from_tier: Text<'a>,
    to_tier: Text<'a>,
    reason: Text<'a>,
    last_verified_at: i64,
    expires_at: i64,
    created_at: i64,
}

impl Body for KycUpdated<'_> {}

impl<'a> From<&'a outcome::KycUpdated> for KycUpdated<'a> {
    fn from(o: &'a outcome::KycUpdated) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            tier_event_id: o.tier_event_id.as_ref().map(|id| id.as_str().into()),
            from_tier: o.from_tier.as_str().into(),
            to_tier: o.to_tier.as_str().into(),
            reason: (&o.reason).into(),
            last_verified_at: o.last_verified_at.millis(),
            expires_at: o.expires_at.millis(),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<KycUpdated<'_>> for outcome::KycUpdated {
    type Error = DecodeError;

    fn try_from(w: KycUpdated<'_>) -> Result<Self, DecodeError> {
        let tier_event = |text: Text<'_>| id("tierEventId", &text, TierEventId::parse);
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            tier_event_id: w.tier_event_id.map(tier_event).transpose()?,
            from_tier: word("fromTier", &w.from_tier, Tier::parse)?,
            to_tier: word("toTier", &w.to_tier, Tier::parse)?,
            reason: w.reason.into_owned(),
            last_verified_at: time("lastVerifiedAt", w.last_verified_at)?,
            expires_at: time("expiresAt", w.expires_at)?,
            created_at: time("createdAt", w.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictConflicted<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    source: Source,
    body_fingerprint: Fixed<32>,
    first_source: Source,
    first_body_fingerprint: Fixed<32>,
}

impl Body for VerdictConflicted<'_> {}

impl<'a> From<&'a outcome::VerdictConflicted> for VerdictConflicted<'a> {
    fn from(o: &'a outcome::VerdictConflicted) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            verification_id: o.verification_id.as_str().into(),
            source: o.source.into(),
            body_fingerprint: o.body_fingerprint.into(),
            first_source: o.first_source.into(),
            first_body_fingerprint: o.first_body_fingerprint.into(),
        }
    }
}

impl TryFrom<VerdictConflicted<'_>> for outcome::VerdictConflicted {
    type Error = DecodeError;

    fn try_from(w: VerdictConflicted<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            source: w.source.into(),
            body_fingerprint: w.body_fingerprint.into(),
            first_source: w.first_source.into(),
            first_body_fingerprint: w.first_body_fingerprint.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictUnapplied<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Option<Text<'a>>,
    source: Source,
    cause: Text<'a>,
}

impl Body for VerdictUnapplied<'_> {}

impl<'a> From<&'a outcome::VerdictUnapplied> for VerdictUnapplied<'a> {
    fn from(o: &'a outcome::VerdictUnapplied) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            verification_id: o.verification_id.as_ref().map(|id| id.as_str().into()),
            source: o.source.into(),
            cause: o.cause.as_str().into(),
        }
    }
}

impl TryFrom<VerdictUnapplied<'_>> for outcome::VerdictUnapplied {
    type Error = DecodeError;

    fn try_from(w: VerdictUnapplied<'_>) -> Result<Self, DecodeError> {
        let verification = |text: Text<'_>| id("verificationId", &text, VerificationId::parse);
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: w.verification_id.map(verification).transpose()?,
            source: w.source.into(),
            cause: word("cause", &w.cause, UnappliedCause::parse)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReviewRecorded<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    event_id: Text<'a>,
    source: Source,
    verification_id: Text<'a>,
    to_status: Text<'a>,
    reason_code: Text<'a>,
    enrolment: Option<Enrolment<'a>>,
    body_fingerprint: Option<Fixed<32>>,
    created_at: i64,
}

impl Body for ReviewRecorded<'_> {}

impl<'a> From<&'a outcome::ReviewRecorded> for ReviewRecorded<'a> {
    fn from(o: &'a outcome::ReviewRecorded) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            event_id: o.event_id.as_str().into(),
            source: o.source.into(),
            verification_id: o.verification_id.as_str().into(),
            to_status: o.to_status.as_str().into(),
            reason_code: (&o.reason_code).into(),
            enrolment: o.enrolment.as_ref().map(Into::into),
            body_fingerprint: o.body_fingerprint.map(Into::into),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<ReviewRecorded<'_>> for outcome::ReviewRecorded {
    type Error = DecodeError;

    fn try_from(w: ReviewRecorded<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            source: w.source.into(),
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            to_status: word("toStatus", &w.to_status, VerificationStatus::parse)?,
            reason_code: w.reason_code.into_owned(),
            enrolment: w.enrolment.map(TryInto::try_into).transpose()?,
            body_fingerprint: w.body_fingerprint.map(Into::into),
            created_at: time("createdAt", w.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignalRaised<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    source: Source,
    verification_id: Text<'a>,
    code: Text<'a>,
    severity: Text<'a>,
    version: u32,
}

impl Body for SignalRaised<'_> {}

impl<'a> From<&'a outcome::SignalRaised> for SignalRaised<'a> {
    fn from(o: &'a outcome::SignalRaised) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            source: o.source.into(),
            verification_id: o.verification_id.as_str().into(),
            code: (&o.code).into(),
            severity: (&o.severity).into(),
            version: o.version,
        }
    }
}

impl TryFrom<SignalRaised<'_>> for outcome::SignalRaised {
    type Error = DecodeError;

    fn try_from(w: SignalRaised<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            source: w.source.into(),
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            code: w.code.into_owned(),
            severity: w.severity.into_owned(),
            version: w.version,
        })
    }
}
