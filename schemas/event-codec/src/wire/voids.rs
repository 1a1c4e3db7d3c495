//! The bodies of a void and of its outcome.

use domain::event;
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::outcome;
use domain::policy::Tier;
use domain::rows::VoidReason;
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Blob, Fixed, Source, Text, customer, id, time, word};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerificationVoided<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    reason_code: Text<'a>,
    note: Option<Blob>,
    by: Text<'a>,
    policy_version: u32,
    body_fingerprint: Option<Fixed<32>>,
}

impl Body for VerificationVoided<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.note.as_ref())
    }
}

impl<'a> From<&'a event::VerificationVoided> for VerificationVoided<'a> {
    fn from(e: &'a event::VerificationVoided) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            reason_code: e.reason.as_str().into(),
            note: e.note.as_ref().map(Blob::of),
            by: (&e.by).into(),
            policy_version: e.policy_version,
            body_fingerprint: e.body_fingerprint.map(Into::into),
        }
    }
}

impl TryFrom<VerificationVoided<'_>> for event::VerificationVoided {
    type Error = DecodeError;

    fn try_from(w: VerificationVoided<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            reason: word("reasonCode", &w.reason_code, VoidReason::parse)?,
            note: w.note.map(Blob::sealed),
            by: w.by.into_owned(),
            policy_version: w.policy_version,
            body_fingerprint: w.body_fingerprint.map(Into::into),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VoidRecorded<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    event_id: Text<'a>,
    source: Source,
    verification_id: Text<'a>,
    reason_code: Text<'a>,
    enrolment_id: Option<Text<'a>>,
    from_tier: Text<'a>,
    to_tier: Text<'a>,
    last_verified_at: Option<i64>,
    expires_at: Option<i64>,
    body_fingerprint: Option<Fixed<32>>,
    created_at: i64,
}

impl Body for VoidRecorded<'_> {}

impl<'a> From<&'a outcome::VoidRecorded> for VoidRecorded<'a> {
    fn from(o: &'a outcome::VoidRecorded) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            event_id: o.event_id.as_str().into(),
            source: o.source.into(),
            verification_id: o.verification_id.as_str().into(),
            reason_code: o.reason.as_str().into(),
            enrolment_id: o.enrolment_id.as_ref().map(|id| id.as_str().into()),
            from_tier: o.from_tier.as_str().into(),
            to_tier: o.to_tier.as_str().into(),
            last_verified_at: o.last_verified_at.map(|at| at.millis()),
            expires_at: o.expires_at.map(|at| at.millis()),
            body_fingerprint: o.body_fingerprint.map(Into::into),
            created_at: o.created_at.millis(),
        }
    }
}

impl TryFrom<VoidRecorded<'_>> for outcome::VoidRecorded {
    type Error = DecodeError;

    fn try_from(w: VoidRecorded<'_>) -> Result<Self, DecodeError> {
        let enrolment = |text: Text<'_>| id("enrolmentId", &text, EnrolmentId::parse);
        Ok(Self {
            id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            source: w.source.into(),
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            reason: word("reasonCode", &w.reason_code, VoidReason::parse)?,
            enrolment_id: w.enrolment_id.map(enrolment).transpose()?,
            from_tier: word("fromTier", &w.from_tier, Tier::parse)?,
            to_tier: word("toTier", &w.to_tier, Tier::parse)?,
            last_verified_at: w.last_verified_at.map(|at| time("lastVerifiedAt", at)).transpose()?,
            expires_at: w.expires_at.map(|at| time("expiresAt", at)).transpose()?,
            body_fingerprint: w.body_fingerprint.map(Into::into),
            created_at: time("createdAt", w.created_at)?,
        })
    }
}
