//! Bodies of face vectors. What is sealed in them stays as it is.

use domain::ids::{CustomerRef, EnrolmentId, EventId};
use domain::ports::{FaceCause, FaceModelId, FaceVectorRow};

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
