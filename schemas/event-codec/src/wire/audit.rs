//! Bodies of `identity.audit`.

use domain::event;
use domain::ids::{EventId, VerificationId};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Blob, Fixed, List, SealedMedia, Text, customer, id, purposes_in, purposes_out, time};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawBinding<'a> {
    evidence_key_id: Text<'a>,
    encapsulation: Blob,
}

#[derive(Serialize, Deserialize)]
struct SealedDigest<'a> {
    field: Text<'a>,
    sha256: Fixed<32>,
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
}

impl Body for VerdictEvidence<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.raw.as_ref()) + SealedMedia::size(self.declined_photo.as_ref())
    }
}

impl<'a> From<&'a event::VerdictEvidence> for VerdictEvidence<'a> {
    fn from(r: &'a event::VerdictEvidence) -> Self {
        let digest = |(field, sha256): &'a (String, [u8; 32])| SealedDigest {
            field: field.into(),
            sha256: Fixed(*sha256),
        };
        Self {
            event_id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            verification_id: r.verification_id.as_str().into(),
            valid: r.valid,
            raw: r.raw.as_ref().map(Blob::of),
            raw_binding: r.raw_binding.as_ref().map(|binding| RawBinding {
                evidence_key_id: (&binding.evidence_key_id).into(),
                encapsulation: Blob(binding.encapsulation.clone()),
            }),
            declined_photo: r.declined_photo.as_ref().map(Into::into),
            declined_photo_content_type: r.declined_photo_content_type.as_ref().map(Into::into),
            sealed_sha256: List(r.sealed_sha256.iter().map(digest).collect()),
            body_fingerprint: r.body_fingerprint.into(),
            received_at: r.received_at.millis(),
            api_key_id: (&r.api_key_id).into(),
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
            raw_binding: w.raw_binding.map(|binding| event::RawBinding {
                evidence_key_id: binding.evidence_key_id.into_owned(),
                encapsulation: binding.encapsulation.0,
            }),
            declined_photo: w.declined_photo.map(TryInto::try_into).transpose()?,
            declined_photo_content_type: w.declined_photo_content_type.map(Text::into_owned),
            sealed_sha256: w
                .sealed_sha256
                .0
                .into_iter()
                .map(|digest| (digest.field.into_owned(), digest.sha256.0))
                .collect(),
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
