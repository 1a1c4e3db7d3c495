//! Bodies of event rows: verifications, enrolments, tier changes, notes. A signal has none: all of it is key.

use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId};
use domain::policy::{Method, Tier};
use domain::rows::{
    EnrolmentRow, EventNote, FaceSource, Kyc, TierEventRow, VerificationRow, VerificationStatus,
};

use crate::bytes::{BodyReader, BodyWriter};
use crate::codes::{read_disposition, write_disposition};
use crate::{RowBody, RowError};

const VERIFICATION: u8 = 1;
const ENROLMENT: u8 = 1;
const TIER_EVENT: u8 = 1;
const NOTE: u8 = 1;

pub(crate) fn write_kyc(out: &mut BodyWriter<'_>, kyc: &Kyc) {
    let Kyc { tier, last_verified_at, expires_at } = *kyc;
    out.text(tier.as_str());
    out.option(last_verified_at, BodyWriter::time);
    out.option(expires_at, BodyWriter::time);
}

pub(crate) fn read_kyc(body: &mut BodyReader<'_>) -> Result<Kyc, RowError> {
    Ok(Kyc {
        tier: body.word("tier", Tier::parse)?,
        last_verified_at: body.option(BodyReader::time)?,
        expires_at: body.option(BodyReader::time)?,
    })
}

impl RowBody for VerificationRow {
    type Key = (OrgId, VerificationId);

    const USUAL_BYTES: usize = 768;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            id: _,
            customer: CustomerRef { org: _, customer },
            event_id,
            source,
            method,
            status,
            score,
            reason,
            reason_category,
            body_fingerprint,
            enrolment,
            embedding_model,
            tier_event,
            kyc_before,
            kyc_after,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, VERIFICATION);
        out.text(customer.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.text(method.as_str());
        out.text(status.as_str());
        out.option(*score, BodyWriter::u32);
        out.option(reason.as_ref(), BodyWriter::sealed);
        out.option(*reason_category, |out, category| out.text(category.as_str()));
        out.fingerprint(body_fingerprint);
        out.option(enrolment.as_ref(), |out, id| out.text(id.as_str()));
        out.option(embedding_model.as_deref(), BodyWriter::text);
        out.option(tier_event.as_ref(), |out, id| out.text(id.as_str()));
        write_kyc(&mut out, kyc_before);
        write_kyc(&mut out, kyc_after);
        out.time(*created_at);
    }

    fn read_body((org, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("verification", VERIFICATION, body)?;
        let row = Self {
            id,
            customer: CustomerRef::new(org, body.id(CustomerId::parse)?),
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            method: body.word("method", Method::parse)?,
            status: body.word("status", VerificationStatus::parse)?,
            score: body.option(BodyReader::u32)?,
            reason: body.option(BodyReader::sealed)?,
            reason_category: body.option(|body| body.word("reason category", ReasonCategory::parse))?,
            body_fingerprint: body.fingerprint()?,
            enrolment: body.option(|body| body.id(EnrolmentId::parse))?,
            embedding_model: body.option(|body| Ok(body.text()?.to_owned()))?,
            tier_event: body.option(|body| body.id(TierEventId::parse))?,
            kyc_before: read_kyc(&mut body)?,
            kyc_after: read_kyc(&mut body)?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}

impl RowBody for EnrolmentRow {
    type Key = (CustomerRef, EnrolmentId);

    const USUAL_BYTES: usize = 192;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            id: _,
            customer: _,
            verification_id,
            event_id,
            source,
            face_source,
            model,
            fallback_stub,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, ENROLMENT);
        out.text(verification_id.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.text(face_source.as_str());
        out.option(model.as_deref(), BodyWriter::text);
        out.flag(*fallback_stub);
        out.time(*created_at);
    }

    fn read_body((customer, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("enrolment", ENROLMENT, body)?;
        let row = Self {
            id,
            customer,
            verification_id: body.id(VerificationId::parse)?,
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            face_source: body.word("face source", FaceSource::parse)?,
            model: body.option(|body| Ok(body.text()?.to_owned()))?,
            fallback_stub: body.flag()?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}

impl RowBody for TierEventRow {
    type Key = CustomerRef;

    const USUAL_BYTES: usize = 160;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { id, customer: _, source, from_tier, to_tier, reason, created_at } = self;
        let mut out = BodyWriter::new(out, TIER_EVENT);
        out.text(id.as_str());
        out.source(*source);
        out.text(from_tier.as_str());
        out.text(to_tier.as_str());
        out.text(reason);
        out.time(*created_at);
    }

    fn read_body(customer: Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("tier event", TIER_EVENT, body)?;
        let row = Self {
            id: body.id(TierEventId::parse)?,
            customer,
            source: body.source()?,
            from_tier: body.word("tier", Tier::parse)?,
            to_tier: body.word("tier", Tier::parse)?,
            reason: body.text()?.to_owned(),
            created_at: body.time()?,
        };
        body.end(row)
    }
}

impl RowBody for EventNote {
    type Key = CustomerRef;

    const USUAL_BYTES: usize = 160;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { customer: _, source, event_id, verification_id, disposition, body_fingerprint, cause } =
            self;
        let mut out = BodyWriter::new(out, NOTE);
        out.source(*source);
        out.option(event_id.as_ref(), |out, id| out.text(id.as_str()));
        out.option(verification_id.as_ref(), |out, id| out.text(id.as_str()));
        write_disposition(&mut out, disposition);
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.option(cause.as_deref(), BodyWriter::text);
    }

    fn read_body(customer: Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("note", NOTE, body)?;
        let row = Self {
            customer,
            source: body.source()?,
            event_id: body.option(|body| body.id(EventId::parse))?,
            verification_id: body.option(|body| body.id(VerificationId::parse))?,
            disposition: read_disposition(&mut body)?,
            body_fingerprint: body.option(BodyReader::fingerprint)?,
            cause: body.option(|body| Ok(body.text()?.to_owned()))?,
        };
        body.end(row)
    }
}
