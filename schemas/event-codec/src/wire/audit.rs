//! Bodies of `identity.audit`; those about the opening of evidence are in `compliance`.

use domain::event;
use domain::ids::{ApiKeyId, CustomerId, EnrolmentId, EventId, OrgId, VerificationId};
use domain::sealed::Field;
use domain::staff::{StaffRole, StaffUserName};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{
    Blob, Fixed, List, SealedMedia, Source, Text, customer, id, purposes_in, purposes_out, time, word,
};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RawBinding<'a> {
    evidence_key_id: Text<'a>,
    encapsulation: Blob,
}

impl<'a> From<&'a event::RawBinding> for RawBinding<'a> {
    fn from(binding: &'a event::RawBinding) -> Self {
        Self {
            evidence_key_id: (&binding.evidence_key_id).into(),
            encapsulation: Blob(binding.encapsulation.clone()),
        }
    }
}

impl RawBinding<'_> {
    /// With what an evidence record says beside it.
    pub(super) fn into_domain(self, shared_at: Option<Source>) -> event::RawBinding {
        event::RawBinding {
            evidence_key_id: self.evidence_key_id.into_owned(),
            encapsulation: self.encapsulation.0,
            shared_at: shared_at.map(Into::into),
        }
    }
}

pub(super) fn shared_at_of(binding: Option<&event::RawBinding>) -> Option<Source> {
    binding.and_then(|binding| binding.shared_at).map(Into::into)
}

#[derive(Serialize, Deserialize)]
pub(super) struct SealedDigest<'a> {
    field: Text<'a>,
    sha256: Fixed<32>,
}

pub(super) fn digests_out(digests: &[(String, [u8; 32])]) -> List<SealedDigest<'_>> {
    let digests = digests.iter();
    List(
        digests.map(|(field, sha256)| SealedDigest { field: field.into(), sha256: Fixed(*sha256) }).collect(),
    )
}

pub(super) fn digests_in(digests: List<SealedDigest<'_>>) -> Vec<(String, [u8; 32])> {
    digests.0.into_iter().map(|digest| (digest.field.into_owned(), digest.sha256.0)).collect()
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct VerdictEvidence<'a> {
    event_id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    valid: bool,
    raw: Option<Blob>,
    raw_binding: Option<RawBinding<'a>>,
    declined_photo: Option<SealedMedia<'a>>,
    declined_photo_content_type: Option<Text<'a>>,
    sealed_sha256: List<SealedDigest<'a>>,
    body_fingerprint: Fixed<32>,
    received_at: i64,
    api_key_id: Text<'a>,
    secret_shared_at: Option<Source>,
}

impl Body for VerdictEvidence<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.raw.as_ref()) + SealedMedia::size(self.declined_photo.as_ref())
    }
}

impl<'a> From<&'a event::VerdictEvidence> for VerdictEvidence<'a> {
    fn from(r: &'a event::VerdictEvidence) -> Self {
        Self {
            event_id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            verification_id: r.verification_id.as_str().into(),
            valid: r.valid,
            raw: r.raw.as_ref().map(Blob::of),
            raw_binding: r.raw_binding.as_ref().map(Into::into),
            declined_photo: r.declined_photo.as_ref().map(Into::into),
            declined_photo_content_type: r.declined_photo_content_type.as_ref().map(Into::into),
            sealed_sha256: digests_out(&r.sealed_sha256),
            body_fingerprint: r.body_fingerprint.into(),
            received_at: r.received_at.millis(),
            api_key_id: (&r.api_key_id).into(),
            secret_shared_at: shared_at_of(r.raw_binding.as_ref()),
        }
    }
}

impl TryFrom<VerdictEvidence<'_>> for event::VerdictEvidence {
    type Error = DecodeError;

    fn try_from(w: VerdictEvidence<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            valid: w.valid,
            raw: w.raw.map(Blob::sealed),
            raw_binding: w.raw_binding.map(|binding| binding.into_domain(w.secret_shared_at)),
            declined_photo: w.declined_photo.map(TryInto::try_into).transpose()?,
            declined_photo_content_type: w.declined_photo_content_type.map(Text::into_owned),
            sealed_sha256: digests_in(w.sealed_sha256),
            body_fingerprint: w.body_fingerprint.into(),
            received_at: time("receivedAt", w.received_at)?,
            api_key_id: w.api_key_id.into_owned(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeysDestroyed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    purposes: List<Text<'a>>,
    destroyed_at: i64,
}

impl Body for KeysDestroyed<'_> {}

impl<'a> From<&'a event::KeysDestroyed> for KeysDestroyed<'a> {
    fn from(r: &'a event::KeysDestroyed) -> Self {
        Self {
            id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            purposes: purposes_out(r.purposes),
            destroyed_at: r.destroyed_at.millis(),
        }
    }
}

impl TryFrom<KeysDestroyed<'_>> for event::KeysDestroyed {
    type Error = DecodeError;

    fn try_from(w: KeysDestroyed<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            purposes: purposes_in(&w.purposes)?,
            destroyed_at: time("destroyedAt", w.destroyed_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FaceEvidence<'a> {
    event_id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Option<Text<'a>>,
    enrolment_id: Option<Text<'a>>,
    probe: Option<SealedMedia<'a>>,
    probe_content_type: Option<Text<'a>>,
    probe_binding: Option<RawBinding<'a>>,
    sealed_sha256: List<SealedDigest<'a>>,
    body_fingerprint: Fixed<32>,
    received_at: i64,
    api_key_id: Text<'a>,
    secret_shared_at: Option<Source>,
}

impl Body for FaceEvidence<'_> {
    fn sealed_bytes(&self) -> usize {
        SealedMedia::size(self.probe.as_ref())
    }
}

impl<'a> From<&'a event::FaceEvidence> for FaceEvidence<'a> {
    fn from(r: &'a event::FaceEvidence) -> Self {
        Self {
            event_id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            verification_id: r.verification_id.as_ref().map(|id| id.as_str().into()),
            enrolment_id: r.enrolment_id.as_ref().map(|id| id.as_str().into()),
            probe: r.probe.as_ref().map(Into::into),
            probe_content_type: r.probe_content_type.as_ref().map(Into::into),
            probe_binding: r.raw_binding.as_ref().map(Into::into),
            sealed_sha256: digests_out(&r.sealed_sha256),
            body_fingerprint: r.body_fingerprint.into(),
            received_at: r.received_at.millis(),
            api_key_id: (&r.api_key_id).into(),
            secret_shared_at: shared_at_of(r.raw_binding.as_ref()),
        }
    }
}

impl TryFrom<FaceEvidence<'_>> for event::FaceEvidence {
    type Error = DecodeError;

    fn try_from(w: FaceEvidence<'_>) -> Result<Self, DecodeError> {
        let verification = |text: Text<'_>| id("verificationId", &text, VerificationId::parse);
        let enrolment = |text: Text<'_>| id("enrolmentId", &text, EnrolmentId::parse);
        Ok(Self {
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            verification_id: w.verification_id.map(verification).transpose()?,
            enrolment_id: w.enrolment_id.map(enrolment).transpose()?,
            customer: customer(&w.org_id, &w.customer_id)?,
            probe: w.probe.map(TryInto::try_into).transpose()?,
            probe_content_type: w.probe_content_type.map(Text::into_owned),
            raw_binding: w.probe_binding.map(|binding| binding.into_domain(w.secret_shared_at)),
            sealed_sha256: digests_in(w.sealed_sha256),
            body_fingerprint: w.body_fingerprint.into(),
            received_at: time("receivedAt", w.received_at)?,
            api_key_id: w.api_key_id.into_owned(),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalDataViewed<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    staff_user: Text<'a>,
    staff_role: Text<'a>,
    page: Text<'a>,
    fields: List<Text<'a>>,
    request_id: Text<'a>,
    viewed_at: i64,
}

impl Body for PersonalDataViewed<'_> {}

impl<'a> From<&'a event::PersonalDataViewed> for PersonalDataViewed<'a> {
    fn from(r: &'a event::PersonalDataViewed) -> Self {
        Self {
            id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            staff_user: r.staff_user.as_str().into(),
            staff_role: r.staff_role.as_str().into(),
            page: r.page.as_str().into(),
            fields: List(r.fields.iter().map(|field| field.as_str().into()).collect()),
            request_id: (&r.request_id).into(),
            viewed_at: r.viewed_at.millis(),
        }
    }
}

impl TryFrom<PersonalDataViewed<'_>> for event::PersonalDataViewed {
    type Error = DecodeError;

    fn try_from(w: PersonalDataViewed<'_>) -> Result<Self, DecodeError> {
        let fields = w.fields.0.iter().map(|name| word("fields", name, Field::parse));
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            staff_user: StaffUserName::parse(&w.staff_user)
                .ok_or_else(|| DecodeError::malformed("staffUser is no user name"))?,
            staff_role: word("staffRole", &w.staff_role, StaffRole::parse)?,
            page: word("page", &w.page, event::PersonalDataPage::parse)?,
            fields: fields.collect::<Result<_, _>>()?,
            request_id: w.request_id.into_owned(),
            viewed_at: time("viewedAt", w.viewed_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PersonalDataRead<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    key_id: Text<'a>,
    minute: i64,
    customer_ids: List<Text<'a>>,
}

impl Body for PersonalDataRead<'_> {}

impl<'a> From<&'a event::PersonalDataRead> for PersonalDataRead<'a> {
    fn from(r: &'a event::PersonalDataRead) -> Self {
        Self {
            id: r.event_id.as_str().into(),
            org_id: r.org.as_str().into(),
            key_id: r.key.as_str().into(),
            minute: r.minute.millis(),
            customer_ids: List(r.customers.iter().map(|customer| customer.as_str().into()).collect()),
        }
    }
}

impl TryFrom<PersonalDataRead<'_>> for event::PersonalDataRead {
    type Error = DecodeError;

    fn try_from(w: PersonalDataRead<'_>) -> Result<Self, DecodeError> {
        let customers = w.customer_ids.0.iter().map(|text| id("customerIds", text, CustomerId::parse));
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            org: id("orgId", &w.org_id, OrgId::parse)?,
            key: id("keyId", &w.key_id, ApiKeyId::parse)?,
            minute: time("minute", w.minute)?,
            customers: customers.collect::<Result<_, _>>()?,
        })
    }
}
