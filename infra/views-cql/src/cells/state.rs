//! The cell of a customer's state.

use bytes::Bytes;
use domain::event::Partition;
use domain::ids::{CustomerRef, EventId};
use domain::policy::Methods;
use domain::ports::StoreError;
use domain::rows::{CustomerState, Quarantine, Registration};
use domain::sealed::{Purposes, Sealed};

use super::bytes::{In, Out};
use super::counts::{put_as_of, take_as_of};
use super::events::{put_kyc, take_kyc};

const STATE: u8 = 1;

pub(crate) fn state(state: &CustomerState) -> Bytes {
    let mut out = Out::new(STATE);
    out.u32(state.partition.0);
    put_as_of(&mut out, &state.as_of);
    out.option(state.registration.as_ref(), |out, registration| {
        out.text(registration.event_id.as_str());
        out.source(registration.source);
        out.option(registration.full_name.as_ref(), |out, sealed| out.bytes(sealed.as_bytes()));
        out.option(registration.external_id.as_ref(), |out, sealed| out.bytes(sealed.as_bytes()));
        out.fingerprint(&registration.body_fingerprint);
        out.time(registration.created_at);
    });
    out.u8(state.erased.bits());
    out.u8(state.verified.bits());
    put_kyc(&mut out, &state.kyc);
    out.time(state.last_created_at);
    out.option(state.quarantine.as_ref(), |out, quarantine| {
        out.source(quarantine.since);
        out.text(&quarantine.cause);
        out.u64(quarantine.waiting);
    });
    out.done()
}

/// The customer is the row's key.
pub(crate) fn decode_state(customer: &CustomerRef, bytes: &[u8]) -> Result<CustomerState, StoreError> {
    let mut cell = In::new("state", STATE, bytes)?;
    let state = CustomerState {
        customer: customer.clone(),
        partition: Partition(cell.u32()?),
        as_of: take_as_of(&mut cell)?,
        registration: cell.option(|cell| {
            Ok(Registration {
                event_id: cell.id(EventId::parse)?,
                source: cell.source()?,
                full_name: cell.option(sealed)?,
                external_id: cell.option(sealed)?,
                body_fingerprint: cell.fingerprint()?,
                created_at: cell.time()?,
            })
        })?,
        erased: Purposes::from_bits(cell.u8()?),
        verified: Methods::from_bits(cell.u8()?),
        kyc: take_kyc(&mut cell)?,
        last_created_at: cell.time()?,
        quarantine: cell.option(|cell| {
            Ok(Quarantine { since: cell.source()?, cause: cell.text()?.to_owned(), waiting: cell.u64()? })
        })?,
    };
    cell.done(state)
}

fn sealed(cell: &mut In<'_>) -> Result<Sealed, StoreError> {
    Ok(Sealed::from_envelope(Bytes::copy_from_slice(cell.bytes()?)))
}
