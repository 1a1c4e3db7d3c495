//! What a rebuild is asked, what it tells meanwhile, and what it comes to.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{LogError, StoreError};
use domain::rows::Generation;
use domain::time::Timestamp;

use super::canonical::RowDigest;
use super::compare::Comparison;

/// How far a replay goes that is not to be switched to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplayUntil {
    /// In every partition, up to this offset, without it.
    Offset(Offset),
    /// In every partition, up to the first event that the log took at this time or later, without it.
    Time(Timestamp),
}

/// What to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct RebuildOptions {
    /// Keep the old generation after the switch, written and silent.
    pub keep: bool,
    /// Rebuild only to there, give the digest, and drop the new generation again.
    pub until: Option<ReplayUntil>,
    /// Report the differences, and drop the new generation again.
    pub dry_run: bool,
    /// How long it waits for others.
    pub patience: RebuildPatience,
}

/// How long a rebuild waits for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RebuildPatience {
    /// After so long every instance that runs has said so.
    pub appear: Duration,
    /// An instance that has not said anything new for so long is gone.
    pub gone: Duration,
    /// Both generations have come to the same positions within this, or the switch is given up.
    pub switch: Duration,
    /// After the switch, requests that still read the old generation have ended.
    pub grace: Duration,
    /// Between two looks at what moves.
    pub settle_pause: Duration,
    /// A customer that was seen so often in a row with the same two different sides is different.
    pub settle_times: u32,
    /// Looks at most.
    pub settle_rounds_max: u32,
}

impl Default for RebuildPatience {
    fn default() -> Self {
        use crate::limits as l;
        Self {
            appear: l::INSTANCES_APPEAR,
            gone: l::INSTANCE_GONE,
            switch: l::SWITCH_MAX,
            grace: l::DROP_GRACE,
            settle_pause: l::SETTLE_PAUSE,
            settle_times: 3,
            settle_rounds_max: 50,
        }
    }
}

/// What a rebuild is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RebuildPhase {
    /// Replaying so many events.
    Replay,
    /// Comparing both generations.
    Compare,
    /// Waiting for every instance to write both.
    Handover,
    /// Waiting for every instance to leave the old one, and dropping it.
    Drop,
}

/// Hears how far a rebuild is.
pub trait RebuildProgress: Send + Sync {
    /// A phase begins; `total` of its steps are foreseen, 0 when nobody knows.
    fn phase(&self, phase: RebuildPhase, total: u64);
    /// So many events were replayed.
    fn events(&self, count: u64);
    /// So many customers were compared.
    fn compared(&self, count: u64);
    /// Something worth a line.
    fn line(&self, text: &str);
}

/// Something that is not the same in both generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowDifference {
    /// A customer as `org/customer`, or whose count.
    pub what: String,
    /// Which kinds of rows.
    pub kinds: Vec<&'static str>,
}

/// What came of a rebuild.
#[derive(Debug, Clone)]
pub struct RebuildReport {
    /// The generation that was made; none when only an earlier rebuild was finished.
    pub generation: Option<Generation>,
    /// Events replayed by this run.
    pub events: u64,
    /// Where it stood when it was compared: the next offset of each partition.
    pub positions: BTreeMap<Partition, Offset>,
    /// The comparison; none with `until`, and where there is nothing to compare with.
    pub comparison: Option<Comparison>,
    /// The digest of everything in it, with `until`.
    pub digest: Option<RowDigest>,
    /// Which generation answers now.
    pub live: Generation,
    /// Whether that changed.
    pub switched: bool,
    /// What the replay took of the time below, until little was missing.
    pub replay: Duration,
    /// What the comparison took, the replay of what came meanwhile in it.
    pub compare: Duration,
    /// From start to end.
    pub took: Duration,
}

impl RebuildReport {
    /// Before anything was done.
    pub(super) fn blank(live: Generation) -> Self {
        Self {
            generation: None,
            events: 0,
            positions: BTreeMap::new(),
            comparison: None,
            digest: None,
            live,
            switched: false,
            replay: Duration::ZERO,
            compare: Duration::ZERO,
            took: Duration::ZERO,
        }
    }
}

/// Why a rebuild ended early. Where a generation was begun it is left: the next rebuild goes on from it.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The replay met what the projector would halt at.
    #[error("the replay cannot go on: {0}")]
    Halted(String),
    /// Interrupted by the operator.
    #[error("interrupted; run rebuild again to go on, or with --dry-run to clear it away")]
    Cancelled,
    /// Another rebuild is running.
    #[error("another rebuild is running ({0})")]
    Running(String),
    /// An earlier one kept its old generation.
    #[error(
        "generation {} is kept from an earlier rebuild: drop it with --drop-kept, or answer from it again with \
         --go-back", .0.0
    )]
    Kept(Generation),
    /// There is none.
    #[error("no generation is kept from an earlier rebuild")]
    NothingKept,
    /// It changed under our hands.
    #[error("the pointer was changed by somebody else meanwhile; look at the status and run again")]
    Overtaken,
    /// The positions did not meet.
    #[error(
        "generation {} did not come to the positions of the other one in time: is a partition halted, or a \
         projector of an earlier build running? Nothing was switched", .0.0
    )]
    NotTogether(Generation),
    /// A projector runs that would go on writing the old generation alone.
    #[error(
        "a projector is running that does not follow the pointer (of an earlier build?): stop it, or replace it, \
         and run again. Nothing was switched"
    )]
    NotFollowed,
    /// Not two versions of one thing.
    #[error("more than {0} customers differ: this is not a read model of this log. Nothing was switched")]
    TooDifferent(usize),
}
