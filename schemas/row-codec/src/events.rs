//! Bodies of event rows: verifications, enrolments, references, tier changes, notes. A signal has none: all of it is key.

use domain::classify::ReasonCategory;
use domain::ids::{
    CustomerId, CustomerRef, EnrolmentId, EventId, FallbackId, OrgId, RecheckId, TierEventId, VerificationId,
};
use domain::policy::{Method, Tier};
use domain::rows::{
    EnrolmentRow, EventNote, FaceSource, Kyc, ReferenceRow, TierEventRow, VerificationRow, VerificationStatus,
};

use crate::bytes::{BodyReader, BodyWriter};
use crate::captures::{read_assessment, write_assessment};
use crate::codes::{read_disposition, write_disposition};
use crate::faces::{read_face_match, write_face_match};
use crate::rechecks::{read_mark, write_mark};
use crate::{RowBody, RowError};

/// Format 2 has what a match decided; format 3 that where it is there, and what a capture came to; format 5 also what a
/// verdict did to a recheck.
const VERIFICATION: u8 = 5;

/// What a capture is written in, as it always was.
const OF_CAPTURE: u8 = 3;
/// Format 2 is that of a reference that came by itself.
const ENROLMENT: u8 = 2;
const REFERENCE: u8 = 1;
const TIER_EVENT: u8 = 1;
/// Format 2 names a reference that came by itself; format 3 one where it is there, and the verification of a review; format
/// 4 each of them where it is there, and a declared failure and a recheck.
const NOTE: u8 = 4;

/// What a review is written in, as it always was.
const OF_REVIEW: u8 = 3;

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
            enrolment_on_review,
            face_match,
            assessment,
            recheck,
            tier_event,
            kyc_before,
            kyc_after,
            created_at,
        } = self;
        let is_capture = assessment.is_some() || enrolment_on_review.is_some();
        let format = match (recheck, is_capture) {
            (Some(_), _) => VERIFICATION,
            (None, true) => OF_CAPTURE,
            (None, false) => 1 + u8::from(face_match.is_some()),
        };
        let mut out = BodyWriter::new(out, format);
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
        // Where the model of the enrolment's vector stood, before vectors had rows of their own.
        out.option(None, BodyWriter::text);
        out.option(tier_event.as_ref(), |out, id| out.text(id.as_str()));
        write_kyc(&mut out, kyc_before);
        write_kyc(&mut out, kyc_after);
        out.time(*created_at);
        if format >= OF_CAPTURE {
            out.option(face_match.as_ref(), write_face_match);
            out.option(assessment.as_ref(), write_assessment);
            out.option(enrolment_on_review.as_ref(), |out, id| out.text(id.as_str()));
            if format >= VERIFICATION {
                out.option(recheck.as_ref(), write_mark);
            }
        } else if let Some(face_match) = face_match {
            write_face_match(&mut out, face_match);
        }
    }

    fn read_body((org, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("verification", VERIFICATION, body)?;
        let mut row = Self {
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
            enrolment_on_review: None,
            face_match: None,
            assessment: None,
            recheck: None,
            tier_event: {
                body.option(BodyReader::text)?;
                body.option(|body| body.id(TierEventId::parse))?
            },
            kyc_before: read_kyc(&mut body)?,
            kyc_after: read_kyc(&mut body)?,
            created_at: body.time()?,
        };
        match body.format() {
            1 => {}
            2 => row.face_match = Some(read_face_match(&mut body)?),
            _ => {
                row.face_match = body.option(read_face_match)?;
                row.assessment = body.option(read_assessment)?;
                row.enrolment_on_review = body.option(|body| body.id(EnrolmentId::parse))?;
                if body.format() >= VERIFICATION {
                    row.recheck = body.option(read_mark)?;
                }
            }
        }
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
            body_fingerprint,
            created_at,
        } = self;
        if let (Some(verification_id), None) = (verification_id, body_fingerprint) {
            let mut out = BodyWriter::new(out, 1);
            out.text(verification_id.as_str());
            out.text(event_id.as_str());
            out.source(*source);
            out.text(face_source.as_str());
            // Where the vector's model stood and whether there was none, before vectors had rows of their own.
            out.option(None, BodyWriter::text);
            out.flag(true);
            out.time(*created_at);
            return;
        }
        let mut out = BodyWriter::new(out, ENROLMENT);
        out.option(verification_id.as_ref(), |out, id| out.text(id.as_str()));
        out.text(event_id.as_str());
        out.source(*source);
        out.text(face_source.as_str());
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.time(*created_at);
    }

    fn read_body((customer, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("enrolment", ENROLMENT, body)?;
        let is_first_format = body.format() == 1;
        let row = Self {
            id,
            customer,
            verification_id: if is_first_format {
                Some(body.id(VerificationId::parse)?)
            } else {
                body.option(|body| body.id(VerificationId::parse))?
            },
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            face_source: body.word("face source", FaceSource::parse)?,
            body_fingerprint: if is_first_format {
                body.option(BodyReader::text)?;
                body.flag()?;
                None
            } else {
                body.option(BodyReader::fingerprint)?
            },
            created_at: body.time()?,
        };
        body.end(row)
    }
}

impl RowBody for ReferenceRow {
    type Key = (CustomerRef, EnrolmentId);

    const USUAL_BYTES: usize = 160;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self { id: _, customer: _, event_id, source, face_source, body_fingerprint, created_at } = self;
        let mut out = BodyWriter::new(out, REFERENCE);
        out.text(event_id.as_str());
        out.source(*source);
        out.text(face_source.as_str());
        out.fingerprint(body_fingerprint);
        out.time(*created_at);
    }

    fn read_body((customer, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("reference", REFERENCE, body)?;
        let row = Self {
            id,
            customer,
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            face_source: body.word("face source", FaceSource::parse)?,
            body_fingerprint: body.fingerprint()?,
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
        let Self {
            customer: _,
            source,
            event_id,
            verification_id,
            reference_id,
            review_of,
            fallback_id,
            recheck,
            disposition,
            body_fingerprint,
            cause,
        } = self;
        let is_of_recheck = fallback_id.is_some() || recheck.is_some();
        let format = match review_of {
            _ if is_of_recheck => NOTE,
            Some(_) => OF_REVIEW,
            None => 1 + u8::from(reference_id.is_some()),
        };
        let mut out = BodyWriter::new(out, format);
        out.source(*source);
        out.option(event_id.as_ref(), |out, id| out.text(id.as_str()));
        out.option(verification_id.as_ref(), |out, id| out.text(id.as_str()));
        write_disposition(&mut out, disposition);
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.option(cause.as_deref(), BodyWriter::text);
        if is_of_recheck {
            out.option(reference_id.as_ref(), |out, id| out.text(id.as_str()));
            out.option(review_of.as_ref(), |out, id| out.text(id.as_str()));
            out.option(fallback_id.as_ref(), |out, id| out.text(id.as_str()));
            out.option(recheck.as_ref(), |out, id| out.text(id.as_str()));
        } else if let Some(verification) = review_of {
            out.option(reference_id.as_ref(), |out, id| out.text(id.as_str()));
            out.text(verification.as_str());
        } else if let Some(id) = reference_id {
            out.text(id.as_str());
        }
    }

    fn read_body(customer: Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("note", NOTE, body)?;
        let mut row = Self {
            customer,
            source: body.source()?,
            event_id: body.option(|body| body.id(EventId::parse))?,
            verification_id: body.option(|body| body.id(VerificationId::parse))?,
            reference_id: None,
            review_of: None,
            fallback_id: None,
            recheck: None,
            disposition: read_disposition(&mut body)?,
            body_fingerprint: body.option(BodyReader::fingerprint)?,
            cause: body.option(|body| Ok(body.text()?.to_owned()))?,
        };
        match body.format() {
            1 => {}
            2 => row.reference_id = Some(body.id(EnrolmentId::parse)?),
            OF_REVIEW => {
                row.reference_id = body.option(|body| body.id(EnrolmentId::parse))?;
                row.review_of = Some(body.id(VerificationId::parse)?);
            }
            _ => {
                row.reference_id = body.option(|body| body.id(EnrolmentId::parse))?;
                row.review_of = body.option(|body| body.id(VerificationId::parse))?;
                row.fallback_id = body.option(|body| body.id(FallbackId::parse))?;
                row.recheck = body.option(|body| body.id(RecheckId::parse))?;
            }
        }
        body.end(row)
    }
}
