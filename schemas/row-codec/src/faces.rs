//! Bodies of face vectors, and what a match decided as a part of its verification's body. What is sealed in them stays as
//! it is.

use domain::event::{MatchReference, RiskLevel};
use domain::ids::{CustomerRef, EnrolmentId, EventId, VerificationId};
use domain::ports::{FaceCause, FaceModelId, FaceVectorRow};
use domain::rows::{FaceMatchRow, FaceSource};

use crate::bytes::{BodyReader, BodyWriter};
use crate::{RowBody, RowError};

const FACE_VECTOR: u8 = 1;

impl RowBody for FaceVectorRow {
    type Key = (CustomerRef, FaceModelId);

    const USUAL_BYTES: usize = 2304;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            customer: _,
            enrolment,
            event_id,
            source,
            model: _,
            photo_tag,
            vector,
            crop,
            quality,
            cause,
            read_at,
        } = self;
        let mut out = BodyWriter::new(out, FACE_VECTOR);
        out.text(enrolment.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.digest(photo_tag);
        out.option(vector.as_ref(), BodyWriter::sealed);
        out.option(crop.as_ref(), BodyWriter::sealed);
        out.option(*quality, BodyWriter::u32);
        out.option(*cause, |out, cause| out.text(cause.name()));
        out.time(*read_at);
    }

    fn read_body((customer, model): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("face vector", FACE_VECTOR, body)?;
        let row = Self {
            customer,
            model,
            enrolment: body.id(EnrolmentId::parse)?,
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            photo_tag: body.digest()?,
            vector: body.option(BodyReader::sealed)?,
            crop: body.option(BodyReader::sealed)?,
            quality: body.option(BodyReader::u32)?,
            cause: body.option(|body| body.word("cause", FaceCause::parse))?,
            read_at: body.time()?,
        };
        body.end(row)
    }
}

pub(crate) fn write_face_match(out: &mut BodyWriter<'_>, row: &FaceMatchRow) {
    let FaceMatchRow { matched, risk_level, threshold_milli, model, bound, reference, similarity } = row;
    let FaceModelId { name, sha256 } = model;
    let MatchReference { enrolment_id, face_source, enrolled_at } = reference;
    out.flag(*matched);
    out.text(risk_level.as_str());
    out.u32(*threshold_milli);
    out.text(name);
    out.digest(sha256);
    out.option(bound.as_ref(), |out, id| out.text(id.as_str()));
    out.text(enrolment_id.as_str());
    out.text(face_source.as_str());
    out.time(*enrolled_at);
    out.sealed(similarity);
}

pub(crate) fn read_face_match(body: &mut BodyReader<'_>) -> Result<FaceMatchRow, RowError> {
    Ok(FaceMatchRow {
        matched: body.flag()?,
        risk_level: body.word("risk level", RiskLevel::parse)?,
        threshold_milli: body.u32()?,
        model: FaceModelId { name: body.text()?.to_owned(), sha256: body.digest()? },
        bound: body.option(|body| body.id(VerificationId::parse))?,
        reference: MatchReference {
            enrolment_id: body.id(EnrolmentId::parse)?,
            face_source: body.word("face source", FaceSource::parse)?,
            enrolled_at: body.time()?,
        },
        similarity: body.sealed()?,
    })
}
