//! State rows: customers, tallies, books, positions.

use domain::event::{Fingerprint, Offset, Partition, Source};
use domain::ids::{EventId, OrgId};
use domain::policy::Methods;
use domain::rows::{
    Books, BooksKey, BooksRow, CustomerState, HeldOrg, PositionRow, Quarantine, Registration, TallyKey,
    TallyRow, VerificationStatus,
};
use domain::sealed::Purposes;
use rusqlite::types::Null;

use super::words::{parse_span, span};
use super::{Statements, Stored, Table, statements};
use crate::pool::Failure;
use crate::views::cells::{Binder, Cells};

impl Stored for CustomerState {
    const TABLE: Table = Table {
        name: "state",
        key: &["org", "customer"],
        rest: &[
            "log_partition",
            "as_of_topic",
            "as_of_epoch",
            "as_of_offset",
            "erased",
            "verified",
            "tier",
            "last_verified_at",
            "expires_at",
            "last_created_at",
            "registered_by",
            "registered_topic",
            "registered_partition",
            "registered_offset",
            "full_name",
            "external_id",
            "registered_fingerprint",
            "registered_at",
            "quarantine_topic",
            "quarantine_partition",
            "quarantine_offset",
            "quarantine_cause",
            "quarantine_waiting",
        ],
    };

    statements!(CustomerState, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.partition.0)?;
        out.as_of(&self.as_of)?;
        out.put(self.erased.bits())?;
        out.put(self.verified.bits())?;
        out.kyc(&self.kyc)?;
        out.put(self.last_created_at.millis())?;
        put_registration(self.registration.as_ref(), out)?;
        put_quarantine(self.quarantine.as_ref(), out)
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        Ok(Self {
            customer: cells.customer()?,
            partition: Partition(cells.small()?),
            as_of: cells.as_of()?,
            erased: Purposes::from_bits(cells.bits()?),
            verified: Methods::from_bits(cells.bits()?),
            kyc: cells.kyc()?,
            last_created_at: cells.time()?,
            registration: take_registration(cells)?,
            quarantine: take_quarantine(cells)?,
        })
    }
}

const REGISTRATION_COLUMNS: usize = 8;

fn put_registration(registration: Option<&Registration>, out: &mut Binder<'_>) -> Result<(), Failure> {
    let Some(it) = registration else {
        return (0..REGISTRATION_COLUMNS).try_for_each(|_| out.put(Null));
    };
    out.put(it.event_id.as_str())?;
    out.source(&it.source)?;
    out.sealed(it.full_name.as_ref())?;
    out.sealed(it.external_id.as_ref())?;
    out.put(it.body_fingerprint.0.as_slice())?;
    out.put(it.created_at.millis())
}

fn take_registration(cells: &mut Cells<'_>) -> Result<Option<Registration>, Failure> {
    let Some(event_id) = cells.maybe_id(EventId::parse)? else {
        cells.skip(REGISTRATION_COLUMNS - 1);
        return Ok(None);
    };
    Ok(Some(Registration {
        event_id,
        source: cells.source()?,
        full_name: cells.sealed()?,
        external_id: cells.sealed()?,
        body_fingerprint: Fingerprint(cells.bytes()?),
        created_at: cells.time()?,
    }))
}

const QUARANTINE_COLUMNS: usize = 5;

fn put_quarantine(quarantine: Option<&Quarantine>, out: &mut Binder<'_>) -> Result<(), Failure> {
    let Some(it) = quarantine else {
        return (0..QUARANTINE_COLUMNS).try_for_each(|_| out.put(Null));
    };
    out.source(&it.since)?;
    out.put(it.cause.as_str())?;
    out.number(it.waiting)
}

fn take_quarantine(cells: &mut Cells<'_>) -> Result<Option<Quarantine>, Failure> {
    let Some(topic_id) = cells.maybe_topic()? else {
        cells.skip(QUARANTINE_COLUMNS - 1);
        return Ok(None);
    };
    let since = Source { topic_id, partition: Partition(cells.small()?), offset: Offset(cells.number()?) };
    Ok(Some(Quarantine { since, cause: cells.text()?.to_owned(), waiting: cells.number()? }))
}

impl Stored for TallyRow {
    const TABLE: Table = Table {
        name: "tally",
        key: &["org", "span", "start", "method", "status", "log_partition"],
        rest: &["n", "as_of_topic", "as_of_epoch", "as_of_offset"],
    };

    statements!(TallyRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        put_tally_key(&self.key, out)?;
        out.number(self.count)?;
        out.as_of(&self.as_of)
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        let key = TallyKey {
            org: cells.id(OrgId::parse)?,
            span: cells.word(parse_span)?,
            start: cells.time()?,
            method: cells.method()?,
            status: cells.word(VerificationStatus::parse)?,
            partition: Partition(cells.small()?),
        };
        Ok(Self { key, count: cells.number()?, as_of: cells.as_of()? })
    }
}

/// The columns of a tally's key.
pub(in crate::views) fn put_tally_key(key: &TallyKey, out: &mut Binder<'_>) -> Result<(), Failure> {
    out.put(key.org.as_str())?;
    out.put(span(key.span))?;
    out.put(key.start.millis())?;
    out.put(key.method.as_str())?;
    out.put(key.status.as_str())?;
    out.put(key.partition.0)
}

impl Stored for BooksRow {
    const TABLE: Table = Table {
        name: "books",
        key: &["org", "log_partition"],
        rest: &[
            "read",
            "applied",
            "duplicate",
            "conflict",
            "refused",
            "dead_lettered",
            "parked",
            "as_of_topic",
            "as_of_epoch",
            "as_of_offset",
        ],
    };

    statements!(BooksRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        let Books { read, applied, duplicate, conflict, refused, dead_lettered, parked } = self.books;
        out.put(self.key.org.as_str())?;
        out.put(self.key.partition.0)?;
        for number in [read, applied, duplicate, conflict, refused, dead_lettered, parked] {
            out.number(number)?;
        }
        out.as_of(&self.as_of)
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        let key = BooksKey { org: cells.id(OrgId::parse)?, partition: Partition(cells.small()?) };
        let books = Books {
            read: cells.number()?,
            applied: cells.number()?,
            duplicate: cells.number()?,
            conflict: cells.number()?,
            refused: cells.number()?,
            dead_lettered: cells.number()?,
            parked: cells.number()?,
        };
        Ok(Self { key, books, as_of: cells.as_of()? })
    }
}

impl Stored for PositionRow {
    const TABLE: Table = Table {
        name: "position",
        key: &["topic_id", "log_partition"],
        rest: &["next", "last_event_id", "held"],
    };

    statements!(PositionRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.put(self.topic_id.0.as_slice())?;
        out.put(self.partition.0)?;
        out.number(self.next.0)?;
        out.put(self.last_event_id.as_ref().map(EventId::as_str))?;
        out.put(held_text(&self.held))
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        Ok(Self {
            topic_id: cells.topic()?,
            partition: Partition(cells.small()?),
            next: Offset(cells.number()?),
            last_event_id: cells.maybe_id(EventId::parse)?,
            held: cells.maybe_text()?.map_or(Ok(Vec::new()), take_held)?,
        })
    }
}

fn held_text(held: &[HeldOrg]) -> Option<String> {
    let one = |held: &HeldOrg| format!("{}:{}", held.org, held.from.0);
    (!held.is_empty()).then(|| held.iter().map(one).collect::<Vec<_>>().join(" "))
}

fn take_held(text: &str) -> Result<Vec<HeldOrg>, Failure> {
    let one = |text: &str| {
        let (org, from) = text.split_once(':')?;
        Some(HeldOrg { org: OrgId::parse(org).ok()?, from: Offset(from.parse().ok()?) })
    };
    text.split(' ').map(one).collect::<Option<_>>().ok_or(Failure::Stored("a position's orgs that wait"))
}
