//! Bodies of `identity.events`.

use domain::classify::ReasonCategory;
use domain::event;
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::outcome::ErasureAnnounced;
use domain::raw_answer::{RawReading, RawShape};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{
    Audit, Blob, Fixed, List, SealedMedia, Text, customer, id, purposes_in, purposes_out, word,
};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerRegistered<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    full_name: Blob,
    external_id: Option<Blob>,
    body_fingerprint: Fixed<32>,
}

impl Body for CustomerRegistered<'_> {
    fn sealed_bytes(&self) -> usize {
        self.full_name.0.len() + Blob::size(self.external_id.as_ref())
    }
}

impl<'a> From<&'a event::CustomerRegistered> for CustomerRegistered<'a> {
    fn from(e: &'a event::CustomerRegistered) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            full_name: Blob::of(&e.full_name),
            external_id: e.external_id.as_ref().map(Blob::of),
            body_fingerprint: e.body_fingerprint.into(),
        }
    }
}

impl TryFrom<CustomerRegistered<'_>> for event::CustomerRegistered {
    type Error = DecodeError;

    fn try_from(w: CustomerRegistered<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            full_name: w.full_name.sealed(),
            external_id: w.external_id.map(Blob::sealed),
            body_fingerprint: w.body_fingerprint.into(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DukcapilVerdictReceived<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    enrolment_id: Option<Text<'a>>,
    valid: bool,
    photo: Option<SealedMedia<'a>>,
    photo_content_type: Option<Text<'a>>,
    reason: Option<Blob>,
    reason_category: Option<Text<'a>>,
    classifier_version: u32,
    body_fingerprint: Fixed<32>,
    policy_version: u32,
    audit: Audit,
    raw_shape: Option<Text<'a>>,
    raw_signals: Option<List<Text<'a>>>,
    quota_counter: Option<u32>,
    classifier: Option<u32>,
}

impl Body for DukcapilVerdictReceived<'_> {
    fn sealed_bytes(&self) -> usize {
        SealedMedia::size(self.photo.as_ref()) + Blob::size(self.reason.as_ref())
    }
}

impl<'a> From<&'a event::DukcapilVerdictReceived> for DukcapilVerdictReceived<'a> {
    fn from(e: &'a event::DukcapilVerdictReceived) -> Self {
        let reading = e.raw_reading.as_ref();
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            verification_id: e.verification_id.as_str().into(),
            enrolment_id: e.enrolment_id.as_ref().map(|id| id.as_str().into()),
            valid: e.valid,
            photo: e.photo.as_ref().map(Into::into),
            photo_content_type: e.photo_content_type.as_deref().map(Into::into),
            reason: e.reason.as_ref().map(Blob::of),
            reason_category: e.reason_category.map(|category| category.as_str().into()),
            classifier_version: e.classifier_version,
            body_fingerprint: e.body_fingerprint.into(),
            policy_version: e.policy_version,
            audit: e.audit.into(),
            raw_shape: reading.and_then(|of| of.shape).map(|shape| shape.as_str().into()),
            raw_signals: reading.map(|of| List(of.signals.iter().map(Into::into).collect())),
            quota_counter: reading.and_then(|of| of.quota_counter),
            classifier: reading.map(|of| of.classifier),
        }
    }
}

impl TryFrom<DukcapilVerdictReceived<'_>> for event::DukcapilVerdictReceived {
    type Error = DecodeError;

    fn try_from(w: DukcapilVerdictReceived<'_>) -> Result<Self, DecodeError> {
        let category = |text| word("reasonCategory", text, ReasonCategory::parse);
        let shape = |text: Text<'_>| word("rawShape", &text, RawShape::parse);
        let shape = w.raw_shape.map(shape).transpose()?;
        let signals = w.raw_signals.unwrap_or(List(Vec::new()));
        let signals: Vec<String> = signals.0.into_iter().map(Text::into_owned).collect();
        // Whoever looks at the raw answer says by which rules: without them nobody looked.
        let raw_reading = w.classifier.map(|classifier| RawReading {
            shape,
            signals,
            quota_counter: w.quota_counter,
            classifier,
        });
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            enrolment_id: w
                .enrolment_id
                .map(|text| id("enrolmentId", &text, EnrolmentId::parse))
                .transpose()?,
            valid: w.valid,
            photo: w.photo.map(TryInto::try_into).transpose()?,
            photo_content_type: w.photo_content_type.map(Text::into_owned),
            reason: w.reason.map(Blob::sealed),
            reason_category: w.reason_category.as_deref().map(category).transpose()?,
            classifier_version: w.classifier_version,
            body_fingerprint: w.body_fingerprint.into(),
            policy_version: w.policy_version,
            audit: w.audit.into(),
            raw_reading,
        })
    }
}

/// The fact and, in `identity.outcomes`, its announcement: one schema, two subjects.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerErased<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    purposes: List<Text<'a>>,
}

impl Body for CustomerErased<'_> {}

impl<'a> From<&'a event::CustomerErased> for CustomerErased<'a> {
    fn from(e: &'a event::CustomerErased) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            purposes: purposes_out(e.purposes),
        }
    }
}

impl TryFrom<CustomerErased<'_>> for event::CustomerErased {
    type Error = DecodeError;

    fn try_from(w: CustomerErased<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            purposes: purposes_in(&w.purposes)?,
        })
    }
}

impl<'a> From<&'a ErasureAnnounced> for CustomerErased<'a> {
    fn from(o: &'a ErasureAnnounced) -> Self {
        Self {
            id: o.id.as_str().into(),
            org_id: o.customer.org.as_str().into(),
            customer_id: o.customer.customer.as_str().into(),
            purposes: purposes_out(o.purposes),
        }
    }
}

impl TryFrom<CustomerErased<'_>> for ErasureAnnounced {
    type Error = DecodeError;

    fn try_from(w: CustomerErased<'_>) -> Result<Self, DecodeError> {
        let event::CustomerErased { event_id, customer, purposes } = w.try_into()?;
        Ok(Self { id: event_id, customer, purposes })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CustomerReleased<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
}

impl Body for CustomerReleased<'_> {}

impl<'a> From<&'a event::CustomerReleased> for CustomerReleased<'a> {
    fn from(e: &'a event::CustomerReleased) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
        }
    }
}

impl TryFrom<CustomerReleased<'_>> for event::CustomerReleased {
    type Error = DecodeError;

    fn try_from(w: CustomerReleased<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
        })
    }
}
