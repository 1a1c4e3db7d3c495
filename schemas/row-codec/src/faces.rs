//! What a match decided, as a part of its verification's body.

use domain::event::{MatchReference, RiskLevel};
use domain::ids::{EnrolmentId, VerificationId};
use domain::ports::FaceModelId;
use domain::rows::{FaceMatchRow, FaceSource};

use crate::RowError;
use crate::bytes::{BodyReader, BodyWriter};

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
