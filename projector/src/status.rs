//! What an operator asks first: which generation answers, how far each partition is, whether the books balance,
//! who follows. Reads only.

use std::collections::BTreeMap;

use domain::event::{Offset, Partition};
use domain::ids::OrgId;
use domain::ports::{Acknowledgement, LogError, OffsetRange, Pointer, SecondGeneration, StoreError, Topic};
use domain::rows::{BookEntry, Books, Generation, HeldOrg, PositionRow};

use crate::limits::QUARANTINE_PAGE;
use crate::rebuild::RebuildPorts;

/// Why there is no status.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// One partition of `identity.events`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionStatus {
    /// Which.
    pub partition: Partition,
    /// The offset its next record gets.
    pub end: Offset,
    /// Where the generation that answers stands.
    pub next: Offset,
    /// Records that it has not taken in.
    pub lag: u64,
    /// Where the generation beside it stands, if there is one.
    pub beside: Option<Offset>,
    /// Orgs whose events wait for a key that is away, in the generation that answers.
    pub held: Vec<HeldOrg>,
}

/// An org's books over all partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgBooks {
    /// Whose.
    pub org: OrgId,
    /// The columns.
    pub books: Books,
    /// Whether they balance in every partition.
    pub balance: bool,
}

/// How the read model stands.
#[derive(Debug, Clone)]
pub struct ProjectorStatus {
    /// Which generation answers, and what is beside it.
    pub pointer: Pointer,
    /// By partition.
    pub partitions: Vec<PartitionStatus>,
    /// By org.
    pub books: Vec<OrgBooks>,
    /// Quarantined customers.
    pub quarantined: u64,
    /// What instances say; only while a generation stands beside the one that answers.
    pub instances: Vec<Acknowledgement>,
}

impl ProjectorStatus {
    /// Whether every org's books balance.
    pub fn balances(&self) -> bool {
        self.books.iter().all(|org| org.balance)
    }
}

/// Asks.
///
/// # Errors
/// [`StatusError`].
pub async fn status(ports: &RebuildPorts) -> Result<ProjectorStatus, StatusError> {
    let pointer = ports.generations.pointer().await?;
    let partitions = partitions(ports, &pointer).await?;
    let mut books: BTreeMap<OrgId, OrgBooks> = BTreeMap::new();
    for row in ports.ports.projection.books(pointer.live).await? {
        let org = row.key.org.clone();
        let of = books.entry(org.clone()).or_insert_with(|| OrgBooks {
            org,
            books: Books::default(),
            balance: true,
        });
        of.balance &= row.books.balance();
        add(&mut of.books, row.books);
    }
    Ok(ProjectorStatus {
        quarantined: quarantined(ports, pointer.live).await?,
        instances: ports.generations.acknowledgements().await?,
        partitions,
        books: books.into_values().collect(),
        pointer,
    })
}

/// By partition. A partition that lags and does not move from one look to the next is not being projected.
///
/// # Errors
/// [`StatusError`].
pub async fn partitions(
    ports: &RebuildPorts,
    pointer: &Pointer,
) -> Result<Vec<PartitionStatus>, StatusError> {
    let topic = ports.ports.log.describe(Topic::Events).await?;
    let rows = async |generation| -> Result<Vec<PositionRow>, StatusError> {
        let rows = ports.inspection.positions(generation).await?;
        Ok(rows.into_iter().filter(|row| row.topic_id == topic.id).collect())
    };
    let positions = async |generation| -> Result<BTreeMap<Partition, Offset>, StatusError> {
        Ok(rows(generation).await?.into_iter().map(|row| (row.partition, row.next)).collect())
    };
    let mut live: BTreeMap<Partition, PositionRow> =
        rows(pointer.live).await?.into_iter().map(|row| (row.partition, row)).collect();
    let beside = match &pointer.beside {
        // Whoever makes or drops its tables may be at it, or have been killed at it.
        Some(SecondGeneration::Building(generation) | SecondGeneration::Dropping(generation)) => {
            match positions(*generation).await {
                Err(StatusError::Store(StoreError::Corrupt(_))) => None,
                of => Some(of?),
            }
        }
        Some(beside) => Some(positions(beside.generation()).await?),
        None => None,
    };
    let mut partitions = Vec::new();
    for OffsetRange { partition, earliest, end } in ports.ports.log.offsets(Topic::Events).await? {
        let row = live.remove(&partition);
        let next = row.as_ref().map_or(earliest, |row| row.next);
        partitions.push(PartitionStatus {
            partition,
            end,
            next,
            lag: end.0.saturating_sub(next.0),
            beside: beside.as_ref().map(|of| of.get(&partition).copied().unwrap_or(earliest)),
            held: row.map(|row| row.held).unwrap_or_default(),
        });
    }
    partitions.sort_by_key(|of| of.partition);
    Ok(partitions)
}

fn add(sum: &mut Books, mut more: Books) {
    sum.read += more.read;
    for entry in [
        BookEntry::Applied,
        BookEntry::Duplicate,
        BookEntry::Conflict,
        BookEntry::Refused,
        BookEntry::DeadLettered,
        BookEntry::Parked,
    ] {
        *sum.entry_mut(entry) += *more.entry_mut(entry);
    }
}

async fn quarantined(ports: &RebuildPorts, generation: Generation) -> Result<u64, StatusError> {
    let mut count = 0;
    let mut after = None;
    loop {
        let page = ports.inspection.quarantined(generation, after.as_ref(), QUARANTINE_PAGE).await?;
        let Some(last) = page.last() else { return Ok(count) };
        after = Some(last.customer.clone());
        count += page.len() as u64;
    }
}
