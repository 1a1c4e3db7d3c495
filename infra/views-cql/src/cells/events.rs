//! Cells of event rows.

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId};
use domain::policy::{Method, Tier};
use domain::ports::StoreError;
use domain::rows::{
    BookEntry, Disposition, EnrolmentRow, EventNote, FaceSource, Kyc, TierEventRow, VerificationRow,
    VerificationStatus,
};
use domain::sealed::Sealed;

use super::bytes::{In, Out};

const VERIFICATION: u8 = 1;
const ENROLMENT: u8 = 1;
const TIER_EVENT: u8 = 1;
const NOTE: u8 = 1;

pub(super) fn put_kyc(out: &mut Out, kyc: &Kyc) {
    out.text(kyc.tier.as_str());
    out.option(kyc.last_verified_at, Out::time);
    out.option(kyc.expires_at, Out::time);
}

pub(super) fn take_kyc(cell: &mut In<'_>) -> Result<Kyc, StoreError> {
    Ok(Kyc {
        tier: cell.word(Tier::parse)?,
        last_verified_at: cell.option(In::time)?,
        expires_at: cell.option(In::time)?,
    })
}

pub(crate) fn verification(row: &VerificationRow) -> Bytes {
    let mut out = Out::new(VERIFICATION);
    out.text(row.customer.customer.as_str());
    out.text(row.event_id.as_str());
    out.source(row.source);
    out.text(row.method.as_str());
    out.text(row.status.as_str());
    out.option(row.score, Out::u32);
    out.option(row.reason.as_ref(), |out, sealed| out.bytes(sealed.as_bytes()));
    out.option(row.reason_category, |out, category| out.text(category.as_str()));
    out.fingerprint(&row.body_fingerprint);
    out.option(row.enrolment.as_ref(), |out, id| out.text(id.as_str()));
    out.option(row.embedding_model.as_deref(), Out::text);
    out.option(row.tier_event.as_ref(), |out, id| out.text(id.as_str()));
    put_kyc(&mut out, &row.kyc_before);
    put_kyc(&mut out, &row.kyc_after);
    out.time(row.created_at);
    out.done()
}

/// The org and the id are the row's key.
pub(crate) fn decode_verification(
    org: &OrgId,
    id: &VerificationId,
    bytes: &[u8],
) -> Result<VerificationRow, StoreError> {
    let mut cell = In::new("verification", VERIFICATION, bytes)?;
    let row = VerificationRow {
        id: id.clone(),
        customer: CustomerRef::new(org.clone(), cell.id(CustomerId::parse)?),
        event_id: cell.id(EventId::parse)?,
        source: cell.source()?,
        method: cell.word(Method::parse)?,
        status: cell.word(VerificationStatus::parse)?,
        score: cell.option(In::u32)?,
        reason: cell.option(|cell| Ok(Sealed::from_envelope(Bytes::copy_from_slice(cell.bytes()?))))?,
        reason_category: cell.option(|cell| cell.word(ReasonCategory::parse))?,
        body_fingerprint: cell.fingerprint()?,
        enrolment: cell.option(|cell| cell.id(EnrolmentId::parse))?,
        embedding_model: cell.option(|cell| Ok(cell.text()?.to_owned()))?,
        tier_event: cell.option(|cell| cell.id(TierEventId::parse))?,
        kyc_before: take_kyc(&mut cell)?,
        kyc_after: take_kyc(&mut cell)?,
        created_at: cell.time()?,
    };
    cell.done(row)
}

pub(crate) fn enrolment(row: &EnrolmentRow) -> Bytes {
    let mut out = Out::new(ENROLMENT);
    out.text(row.verification_id.as_str());
    out.text(row.event_id.as_str());
    out.source(row.source);
    out.text(row.face_source.as_str());
    out.option(row.model.as_deref(), Out::text);
    out.u8(u8::from(row.fallback_stub));
    out.time(row.created_at);
    out.done()
}

/// The customer and the id are the row's key.
pub(crate) fn decode_enrolment(
    customer: &CustomerRef,
    id: &EnrolmentId,
    bytes: &[u8],
) -> Result<EnrolmentRow, StoreError> {
    let mut cell = In::new("enrolment", ENROLMENT, bytes)?;
    let row = EnrolmentRow {
        id: id.clone(),
        customer: customer.clone(),
        verification_id: cell.id(VerificationId::parse)?,
        event_id: cell.id(EventId::parse)?,
        source: cell.source()?,
        face_source: cell.word(FaceSource::parse)?,
        model: cell.option(|cell| Ok(cell.text()?.to_owned()))?,
        fallback_stub: cell.u8()? != 0,
        created_at: cell.time()?,
    };
    cell.done(row)
}

pub(crate) fn tier_event(row: &TierEventRow) -> Bytes {
    let mut out = Out::new(TIER_EVENT);
    out.text(row.id.as_str());
    out.source(row.source);
    out.text(row.from_tier.as_str());
    out.text(row.to_tier.as_str());
    out.text(&row.reason);
    out.time(row.created_at);
    out.done()
}

/// The customer is the row's key.
pub(crate) fn decode_tier_event(customer: &CustomerRef, bytes: &[u8]) -> Result<TierEventRow, StoreError> {
    let mut cell = In::new("tier event", TIER_EVENT, bytes)?;
    let row = TierEventRow {
        id: cell.id(TierEventId::parse)?,
        customer: customer.clone(),
        source: cell.source()?,
        from_tier: cell.word(Tier::parse)?,
        to_tier: cell.word(Tier::parse)?,
        reason: cell.text()?.to_owned(),
        created_at: cell.time()?,
    };
    cell.done(row)
}

const APPLIED: u8 = 1;
const DUPLICATE: u8 = 2;
const CONFLICT: u8 = 3;
const REFUSED: u8 = 4;
const DEAD_LETTERED: u8 = 5;
const PARKED: u8 = 6;
const RELEASED: u8 = 7;

fn entry_code(entry: BookEntry) -> u8 {
    match entry {
        BookEntry::Applied => APPLIED,
        BookEntry::Duplicate => DUPLICATE,
        BookEntry::Conflict => CONFLICT,
        BookEntry::Refused => REFUSED,
        BookEntry::DeadLettered => DEAD_LETTERED,
        BookEntry::Parked => PARKED,
    }
}

fn take_entry(cell: &mut In<'_>) -> Result<BookEntry, StoreError> {
    match cell.u8()? {
        APPLIED => Ok(BookEntry::Applied),
        DUPLICATE => Ok(BookEntry::Duplicate),
        CONFLICT => Ok(BookEntry::Conflict),
        REFUSED => Ok(BookEntry::Refused),
        DEAD_LETTERED => Ok(BookEntry::DeadLettered),
        PARKED => Ok(BookEntry::Parked),
        _ => Err(cell.broken()),
    }
}

fn put_disposition(out: &mut Out, disposition: &Disposition) {
    match disposition {
        Disposition::Applied => out.u8(APPLIED),
        Disposition::Duplicate => out.u8(DUPLICATE),
        Disposition::Conflict => out.u8(CONFLICT),
        Disposition::Refused => out.u8(REFUSED),
        Disposition::DeadLettered => out.u8(DEAD_LETTERED),
        Disposition::Parked => out.u8(PARKED),
        Disposition::Released(entries) => {
            out.u8(RELEASED);
            // At most `RELEASE_EVENTS_MAX`.
            out.u32(entries.len() as u32);
            for (source, entry) in entries {
                out.source(*source);
                out.u8(entry_code(*entry));
            }
        }
    }
}

fn take_disposition(cell: &mut In<'_>) -> Result<Disposition, StoreError> {
    match cell.u8()? {
        APPLIED => Ok(Disposition::Applied),
        DUPLICATE => Ok(Disposition::Duplicate),
        CONFLICT => Ok(Disposition::Conflict),
        REFUSED => Ok(Disposition::Refused),
        DEAD_LETTERED => Ok(Disposition::DeadLettered),
        PARKED => Ok(Disposition::Parked),
        RELEASED => {
            let n = cell.u32()?;
            let entries =
                (0..n).map(|_| Ok((cell.source()?, take_entry(cell)?))).collect::<Result<_, _>>()?;
            Ok(Disposition::Released(entries))
        }
        _ => Err(cell.broken()),
    }
}

pub(crate) fn note(note: &EventNote) -> Bytes {
    let mut out = Out::new(NOTE);
    out.source(note.source);
    out.option(note.event_id.as_ref(), |out, id| out.text(id.as_str()));
    out.option(note.verification_id.as_ref(), |out, id| out.text(id.as_str()));
    put_disposition(&mut out, &note.disposition);
    out.option(note.body_fingerprint.as_ref(), Out::fingerprint);
    out.option(note.cause.as_deref(), Out::text);
    out.done()
}

/// The customer is the row's key.
pub(crate) fn decode_note(customer: &CustomerRef, bytes: &[u8]) -> Result<EventNote, StoreError> {
    let mut cell = In::new("note", NOTE, bytes)?;
    let note = EventNote {
        customer: customer.clone(),
        source: cell.source()?,
        event_id: cell.option(|cell| cell.id(EventId::parse))?,
        verification_id: cell.option(|cell| cell.id(VerificationId::parse))?,
        disposition: take_disposition(&mut cell)?,
        body_fingerprint: cell.option(In::fingerprint)?,
        cause: cell.option(|cell| Ok(cell.text()?.to_owned()))?,
    };
    cell.done(note)
}
