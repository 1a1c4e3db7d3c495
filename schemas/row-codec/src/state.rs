//! The body of a customer's state.

use domain::capture::{ChallengeEntry, ChallengePurpose, RecentChallenges};
use domain::event::Partition;
use domain::ids::{ChallengeId, CustomerRef, EventId};
use domain::policy::Methods;
use domain::rows::{CustomerState, Quarantine, Registration};
use domain::sealed::Purposes;

use crate::bytes::{BodyReader, BodyWriter};
use crate::counts::{read_as_of, write_as_of};
use crate::events::{read_kyc, write_kyc};
use crate::rechecks::{read_recheck, write_recheck};
use crate::{RowBody, RowError};

/// Format 2 has the customer's challenges; format 4 also its recheck.
const STATE: u8 = 4;

/// What one without a recheck is written in, as it always was.
const WITHOUT_RECHECK: u8 = 2;

/// What one without any is written in, as it always was.
const WITHOUT_CHALLENGES: u8 = 1;

impl RowBody for CustomerState {
    type Key = CustomerRef;

    const USUAL_BYTES: usize = 640;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            customer: _,
            partition,
            as_of,
            registration,
            erased,
            verified,
            kyc,
            last_created_at,
            quarantine,
            challenges,
            recheck,
        } = self;
        let format = match recheck {
            Some(_) => STATE,
            None if challenges.entries().is_empty() => WITHOUT_CHALLENGES,
            None => WITHOUT_RECHECK,
        };
        let mut out = BodyWriter::new(out, format);
        out.u32(partition.0);
        write_as_of(&mut out, as_of);
        out.option(registration.as_ref(), write_registration);
        out.u8(erased.bits());
        out.u8(verified.bits());
        write_kyc(&mut out, kyc);
        out.time(*last_created_at);
        out.option(quarantine.as_ref(), write_quarantine);
        if format >= WITHOUT_RECHECK {
            write_challenges(&mut out, challenges);
        }
        if format >= STATE {
            out.option(recheck.as_deref(), write_recheck);
        }
    }

    fn read_body(customer: Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("state", STATE, body)?;
        let of = customer.clone();
        let state = Self {
            customer,
            partition: Partition(body.u32()?),
            as_of: read_as_of(&mut body)?,
            registration: body.option(read_registration)?,
            erased: read_erased(&mut body)?,
            verified: read_verified(&mut body)?,
            kyc: read_kyc(&mut body)?,
            last_created_at: body.time()?,
            quarantine: body.option(read_quarantine)?,
            challenges: if body.format() >= WITHOUT_RECHECK {
                read_challenges(&mut body)?
            } else {
                RecentChallenges::default()
            },
            recheck: if body.format() >= STATE {
                body.option(|body| read_recheck(of.clone(), body))?.map(Box::new)
            } else {
                None
            },
        };
        body.end(state)
    }
}

fn write_registration(out: &mut BodyWriter<'_>, registration: &Registration) {
    let Registration { event_id, source, full_name, external_id, body_fingerprint, created_at } =
        registration;
    out.text(event_id.as_str());
    out.source(*source);
    out.option(full_name.as_ref(), BodyWriter::sealed);
    out.option(external_id.as_ref(), BodyWriter::sealed);
    out.fingerprint(body_fingerprint);
    out.time(*created_at);
}

fn read_registration(body: &mut BodyReader<'_>) -> Result<Registration, RowError> {
    Ok(Registration {
        event_id: body.id(EventId::parse)?,
        source: body.source()?,
        full_name: body.option(BodyReader::sealed)?,
        external_id: body.option(BodyReader::sealed)?,
        body_fingerprint: body.fingerprint()?,
        created_at: body.time()?,
    })
}

fn write_quarantine(out: &mut BodyWriter<'_>, quarantine: &Quarantine) {
    let Quarantine { since, cause, waiting } = quarantine;
    out.source(*since);
    out.text(cause);
    out.u64(*waiting);
}

fn read_quarantine(body: &mut BodyReader<'_>) -> Result<Quarantine, RowError> {
    Ok(Quarantine { since: body.source()?, cause: body.text()?.to_owned(), waiting: body.u64()? })
}

fn write_challenges(out: &mut BodyWriter<'_>, challenges: &RecentChallenges) {
    // At most `CHALLENGES_KEPT_MAX` of each purpose.
    out.u32(challenges.entries().len() as u32);
    for ChallengeEntry { id, purpose, issued_at, is_void } in challenges.entries() {
        out.text(id.as_str());
        out.u8(purpose.code());
        out.time(*issued_at);
        out.flag(*is_void);
    }
}

fn read_challenges(body: &mut BodyReader<'_>) -> Result<RecentChallenges, RowError> {
    let count = body.u32()?;
    let entries = (0..count).map(|_| {
        let id = body.id(ChallengeId::parse)?;
        let purpose = body.u8()?;
        let purpose =
            ChallengePurpose::of_code(purpose).ok_or_else(|| body.unknown("challenge's purpose"))?;
        Ok(ChallengeEntry { id, purpose, issued_at: body.time()?, is_void: body.flag()? })
    });
    Ok(RecentChallenges::from_entries(entries.collect::<Result<_, RowError>>()?))
}

/// A bit that is not known must not be dropped: the state would be written back without it.
fn read_erased(body: &mut BodyReader<'_>) -> Result<Purposes, RowError> {
    let bits = body.u8()?;
    let erased = Purposes::from_bits(bits);
    if erased.bits() == bits { Ok(erased) } else { Err(body.unknown("purpose")) }
}

fn read_verified(body: &mut BodyReader<'_>) -> Result<Methods, RowError> {
    let bits = body.u8()?;
    let verified = Methods::from_bits(bits);
    if verified.bits() == bits { Ok(verified) } else { Err(body.unknown("method")) }
}
