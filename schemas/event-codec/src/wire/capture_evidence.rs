//! The body of a capture's evidence in `identity.audit`.

use domain::event;
use domain::ids::{EventId, VerificationId};
use serde::{Deserialize, Serialize};

use super::Body;
use super::audit::{RawBinding, SealedDigest, digests_in, digests_out, shared_at_of};
use super::parts::{Blob, Fixed, List, SealedMedia, Source, Text, customer, id, time};
use crate::error::DecodeError;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CaptureEvidence<'a> {
    event_id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    verification_id: Text<'a>,
    frames: Option<SealedMedia<'a>>,
    frames_kept: u32,
    frame_sha256: List<Fixed<32>>,
    features: Option<Blob>,
    claims: Option<Blob>,
    evidence_binding: Option<RawBinding<'a>>,
    secret_shared_at: Option<Source>,
    sealed_sha256: List<SealedDigest<'a>>,
    body_fingerprint: Fixed<32>,
    received_at: i64,
    api_key_id: Text<'a>,
}

impl Body for CaptureEvidence<'_> {
    fn sealed_bytes(&self) -> usize {
        let texts = Blob::size(self.features.as_ref()) + Blob::size(self.claims.as_ref());
        SealedMedia::size(self.frames.as_ref()) + texts
    }
}

impl<'a> From<&'a event::CaptureEvidence> for CaptureEvidence<'a> {
    fn from(r: &'a event::CaptureEvidence) -> Self {
        Self {
            event_id: r.event_id.as_str().into(),
            org_id: r.customer.org.as_str().into(),
            customer_id: r.customer.customer.as_str().into(),
            verification_id: r.verification_id.as_str().into(),
            frames: r.frames.as_ref().map(Into::into),
            frames_kept: r.frames_kept,
            frame_sha256: List(r.frame_sha256.iter().map(|digest| Fixed(*digest)).collect()),
            features: r.features.as_ref().map(Blob::of),
            claims: r.claims.as_ref().map(Blob::of),
            evidence_binding: r.raw_binding.as_ref().map(Into::into),
            secret_shared_at: shared_at_of(r.raw_binding.as_ref()),
            sealed_sha256: digests_out(&r.sealed_sha256),
            body_fingerprint: r.body_fingerprint.into(),
            received_at: r.received_at.millis(),
            api_key_id: (&r.api_key_id).into(),
        }
    }
}

impl TryFrom<CaptureEvidence<'_>> for event::CaptureEvidence {
    type Error = DecodeError;

    fn try_from(w: CaptureEvidence<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("eventId", &w.event_id, EventId::parse)?,
            verification_id: id("verificationId", &w.verification_id, VerificationId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            frames: w.frames.map(TryInto::try_into).transpose()?,
            frames_kept: w.frames_kept,
            frame_sha256: w.frame_sha256.0.into_iter().map(|digest| digest.0).collect(),
            features: w.features.map(Blob::sealed),
            claims: w.claims.map(Blob::sealed),
            raw_binding: w.evidence_binding.map(|binding| binding.into_domain(w.secret_shared_at)),
            sealed_sha256: digests_in(w.sealed_sha256),
            body_fingerprint: w.body_fingerprint.into(),
            received_at: time("receivedAt", w.received_at)?,
            api_key_id: w.api_key_id.into_owned(),
        })
    }
}
