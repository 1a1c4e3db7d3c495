//! The body of a customer's state.

use domain::capture::{ChallengeEntry, ChallengePurpose, RecentChallenges};
use domain::event::Partition;
use domain::ids::{ChallengeId, CustomerRef, EnrolmentId, EventId, VerificationId};
use domain::nik::HeldNiks;
use domain::policy::Methods;
use domain::rows::{CustomerState, Quarantine, Registration, VoidEntry, VoidedRows};
use domain::sealed::Purposes;

use crate::bytes::{BodyReader, BodyWriter};
use crate::counts::{read_as_of, write_as_of};
use crate::events::{read_kyc, write_kyc};
use crate::niks::{read_held, write_held};
use crate::rechecks::{read_recheck, write_recheck};
use crate::{RowBody, RowError};

/// Format 2 has the customer's challenges; format 3 also the NIKs that were brought; format 4 also its recheck; format 5 also the
/// customer's voids.
const STATE: u8 = 5;
const WITHOUT_VOIDS: u8 = 4;
const WITHOUT_RECHECK: u8 = 3;
const WITHOUT_NIKS: u8 = 2;

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
            niks,
            recheck,
            voids,
        } = self;
        let format = match (voids.entries(), recheck, niks.entries().is_empty(), challenges.entries()) {
            ([], None, true, []) => WITHOUT_CHALLENGES,
            ([], None, true, _) => WITHOUT_NIKS,
            ([], None, false, _) => WITHOUT_RECHECK,
            ([], Some(_), _, _) => WITHOUT_VOIDS,
            _ => STATE,
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
        if format >= WITHOUT_NIKS {
            write_challenges(&mut out, challenges);
        }
        if format >= WITHOUT_RECHECK {
            write_held(&mut out, niks);
        }
        if format >= WITHOUT_VOIDS {
            out.option(recheck.as_deref(), write_recheck);
        }
        if format >= STATE {
            write_voids(&mut out, voids);
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
            challenges: if body.format() >= WITHOUT_NIKS {
                read_challenges(&mut body)?
            } else {
                RecentChallenges::default()
            },
            niks: if body.format() >= WITHOUT_RECHECK { read_held(&mut body)? } else { HeldNiks::default() },
            recheck: if body.format() >= WITHOUT_VOIDS {
                body.option(|body| read_recheck(of.clone(), body))?.map(Box::new)
            } else {
                None
            },
            voids: if body.format() >= STATE { read_voids(&mut body)? } else { VoidedRows::default() },
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

fn write_voids(out: &mut BodyWriter<'_>, voids: &VoidedRows) {
    // At most `VOIDS_PER_CUSTOMER_MAX`.
    out.u32(voids.entries().len() as u32);
    for VoidEntry { verification, enrolment } in voids.entries() {
        out.text(verification.as_str());
        out.option(enrolment.as_ref(), |out, id| out.text(id.as_str()));
    }
}

fn read_voids(body: &mut BodyReader<'_>) -> Result<VoidedRows, RowError> {
    let count = body.u32()?;
    let entries = (0..count).map(|_| {
        Ok(VoidEntry {
            verification: body.id(VerificationId::parse)?,
            enrolment: body.option(|body| body.id(EnrolmentId::parse))?,
        })
    });
    Ok(VoidedRows::from_entries(entries.collect::<Result<_, RowError>>()?))
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
