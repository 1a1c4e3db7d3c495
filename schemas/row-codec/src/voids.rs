//! The body of a void. What a customer's state keeps of it is in `state`.

use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId};
use domain::rows::{VoidReason, VoidRow};

use crate::bytes::{BodyReader, BodyWriter};
use crate::events::{read_kyc, write_kyc};
use crate::{RowBody, RowError};

const VOID: u8 = 1;

impl RowBody for VoidRow {
    type Key = (OrgId, VerificationId);

    const USUAL_BYTES: usize = 320;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            verification_id: _,
            customer: CustomerRef { org: _, customer },
            event_id,
            source,
            reason,
            note,
            by,
            body_fingerprint,
            enrolment,
            tier_event,
            kyc_before,
            kyc_after,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, VOID);
        out.text(customer.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.text(reason.as_str());
        out.option(note.as_ref(), BodyWriter::sealed);
        out.text(by);
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.option(enrolment.as_ref(), |out, id| out.text(id.as_str()));
        out.option(tier_event.as_ref(), |out, id| out.text(id.as_str()));
        write_kyc(&mut out, kyc_before);
        write_kyc(&mut out, kyc_after);
        out.time(*created_at);
    }

    fn read_body((org, verification_id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("void", VOID, body)?;
        let row = Self {
            verification_id,
            customer: CustomerRef::new(org, body.id(CustomerId::parse)?),
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            reason: body.word("void reason", VoidReason::parse)?,
            note: body.option(BodyReader::sealed)?,
            by: body.text()?.to_owned(),
            body_fingerprint: body.option(BodyReader::fingerprint)?,
            enrolment: body.option(|body| body.id(EnrolmentId::parse))?,
            tier_event: body.option(|body| body.id(TierEventId::parse))?,
            kyc_before: read_kyc(&mut body)?,
            kyc_after: read_kyc(&mut body)?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}
