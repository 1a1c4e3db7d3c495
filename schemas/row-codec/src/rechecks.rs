//! Bodies of rows about rechecks, and the parts of other rows that are about one.

use domain::ids::{CustomerId, CustomerRef, EventId, FallbackId, OrgId, RecheckId, VerificationId};
use domain::recheck::{AttemptCause, DukcapilAttempt, RecheckEffect, RecheckStatus, SettledHow};
use domain::rows::{FallbackRow, RecheckClosed, RecheckClosureRow, RecheckMark, RecheckRow};

use crate::bytes::{BodyReader, BodyWriter};
use crate::{RowBody, RowError};

const RECHECK: u8 = 1;
const FALLBACK: u8 = 1;
const CLOSURE: u8 = 1;

pub(crate) fn write_mark(out: &mut BodyWriter<'_>, mark: &RecheckMark) {
    let RecheckMark { recheck, effect } = mark;
    out.text(recheck.as_str());
    out.text(effect.as_str());
}

pub(crate) fn read_mark(body: &mut BodyReader<'_>) -> Result<RecheckMark, RowError> {
    Ok(RecheckMark {
        recheck: body.id(RecheckId::parse)?,
        effect: body.word("recheck effect", RecheckEffect::parse)?,
    })
}

/// With its id, for where no key has it.
pub(crate) fn write_recheck(out: &mut BodyWriter<'_>, row: &RecheckRow) {
    out.text(row.id.as_str());
    write_recheck_rest(out, row);
}

pub(crate) fn read_recheck(customer: CustomerRef, body: &mut BodyReader<'_>) -> Result<RecheckRow, RowError> {
    let id = body.id(RecheckId::parse)?;
    read_recheck_rest(id, customer, body)
}

fn write_recheck_rest(out: &mut BodyWriter<'_>, row: &RecheckRow) {
    let RecheckRow {
        id: _,
        customer: _,
        status,
        cause,
        opened_at,
        last_attempt_at,
        attempts,
        settled_at,
        how,
        verification_id,
        closed,
        source,
    } = row;
    out.text(status.as_str());
    out.text(cause.as_str());
    out.time(*opened_at);
    out.time(*last_attempt_at);
    out.u64(*attempts);
    out.option(*settled_at, BodyWriter::time);
    out.option(*how, |out, how| out.text(how.as_str()));
    out.option(verification_id.as_ref(), |out, id| out.text(id.as_str()));
    out.option(closed.as_ref(), |out, closed| {
        let RecheckClosed { event_id, body_fingerprint, reason_code, by, created_at } = closed;
        out.text(event_id.as_str());
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.text(reason_code);
        out.text(by);
        out.time(*created_at);
    });
    out.source(*source);
}

fn read_recheck_rest(
    id: RecheckId,
    customer: CustomerRef,
    body: &mut BodyReader<'_>,
) -> Result<RecheckRow, RowError> {
    Ok(RecheckRow {
        id,
        customer,
        status: body.word("recheck status", RecheckStatus::parse)?,
        cause: body.word("attempt cause", AttemptCause::parse)?,
        opened_at: body.time()?,
        last_attempt_at: body.time()?,
        attempts: body.u64()?,
        settled_at: body.option(BodyReader::time)?,
        how: body.option(|body| body.word("settled how", SettledHow::parse))?,
        verification_id: body.option(|body| body.id(VerificationId::parse))?,
        closed: body.option(|body| {
            Ok(RecheckClosed {
                event_id: body.id(EventId::parse)?,
                body_fingerprint: body.option(BodyReader::fingerprint)?,
                reason_code: body.text()?.to_owned(),
                by: body.text()?.to_owned(),
                created_at: body.time()?,
            })
        })?,
        source: body.source()?,
    })
}

fn write_attempt(out: &mut BodyWriter<'_>, attempt: &DukcapilAttempt) {
    let DukcapilAttempt { cause, http_status, attempted_at, attempts, elapsed_ms } = *attempt;
    out.text(cause.as_str());
    out.option(http_status, BodyWriter::u32);
    out.time(attempted_at);
    out.u32(attempts);
    out.option(elapsed_ms, BodyWriter::u32);
}

fn read_attempt(body: &mut BodyReader<'_>) -> Result<DukcapilAttempt, RowError> {
    Ok(DukcapilAttempt {
        cause: body.word("attempt cause", AttemptCause::parse)?,
        http_status: body.option(BodyReader::u32)?,
        attempted_at: body.time()?,
        attempts: body.u32()?,
        elapsed_ms: body.option(BodyReader::u32)?,
    })
}

impl RowBody for RecheckRow {
    type Key = (OrgId, RecheckId);

    const USUAL_BYTES: usize = 192;

    fn write_body(&self, out: &mut Vec<u8>) {
        let mut out = BodyWriter::new(out, RECHECK);
        out.text(self.customer.customer.as_str());
        write_recheck_rest(&mut out, self);
    }

    fn read_body((org, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("recheck", RECHECK, body)?;
        let customer = CustomerRef::new(org, body.id(CustomerId::parse)?);
        let row = read_recheck_rest(id, customer, &mut body)?;
        body.end(row)
    }
}

impl RowBody for FallbackRow {
    type Key = (OrgId, FallbackId);

    const USUAL_BYTES: usize = 256;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            id: _,
            customer: CustomerRef { org: _, customer },
            event_id,
            source,
            attempt,
            recheck,
            opened,
            verification_id,
            body_fingerprint,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, FALLBACK);
        out.text(customer.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        write_attempt(&mut out, attempt);
        out.option(recheck.as_ref(), |out, id| out.text(id.as_str()));
        out.flag(*opened);
        out.option(verification_id.as_ref(), |out, id| out.text(id.as_str()));
        out.fingerprint(body_fingerprint);
        out.time(*created_at);
    }

    fn read_body((org, id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("declared failure", FALLBACK, body)?;
        let row = Self {
            id,
            customer: CustomerRef::new(org, body.id(CustomerId::parse)?),
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            attempt: read_attempt(&mut body)?,
            recheck: body.option(|body| body.id(RecheckId::parse))?,
            opened: body.flag()?,
            verification_id: body.option(|body| body.id(VerificationId::parse))?,
            body_fingerprint: body.fingerprint()?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}

impl RowBody for RecheckClosureRow {
    type Key = (OrgId, RecheckId);

    const USUAL_BYTES: usize = 256;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            recheck: _,
            customer: CustomerRef { org: _, customer },
            event_id,
            source,
            reason_code,
            note,
            by,
            body_fingerprint,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, CLOSURE);
        out.text(customer.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.text(reason_code);
        out.option(note.as_ref(), BodyWriter::sealed);
        out.text(by);
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        out.time(*created_at);
    }

    fn read_body((org, recheck): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("recheck closing", CLOSURE, body)?;
        let row = Self {
            recheck,
            customer: CustomerRef::new(org, body.id(CustomerId::parse)?),
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            reason_code: body.text()?.to_owned(),
            note: body.option(BodyReader::sealed)?,
            by: body.text()?.to_owned(),
            body_fingerprint: body.option(BodyReader::fingerprint)?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}
