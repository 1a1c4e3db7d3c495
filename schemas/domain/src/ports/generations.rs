//! Generations of the read model: which one answers, which ones are written, who has heard of it; and the
//! operator's look into a generation. Rows, and how they are written, are in `views.rs`.

use async_trait::async_trait;

use super::StoreError;
use crate::event::{Offset, Partition, TopicId};
use crate::ids::CustomerRef;
use crate::rows::{CustomerState, Generation, PositionRow, TallyKey, TallyRow, ViewRow, WriteTimestamp};

/// From where on the newer of two generations speaks, the older below; one offset for each partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handover {
    /// The topic the offsets are of.
    pub topic_id: TopicId,
    /// By partition, ascending.
    pub from: Vec<(Partition, Offset)>,
}

impl Handover {
    /// Where that partition is handed over. A partition that is not listed has nothing below.
    pub fn offset(&self, partition: Partition) -> Offset {
        self.from.iter().find(|(p, _)| *p == partition).map_or(Offset(0), |(_, offset)| *offset)
    }
}

/// What becomes of the second generation, beside the one that answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecondGeneration {
    /// A rebuild fills it; projectors leave it alone.
    Building(Generation),
    /// Projectors write both. Below the handover the outcomes of the one that answers are published, from it on
    /// those of this one.
    Next(Generation, Handover),
    /// It answered before, and projectors still write it. Below the handover its outcomes are published, from it on
    /// those of the one that answers now.
    Previous(Generation, Handover),
    /// The same, until every instance applies this pointer: then it is dropped.
    Leaving(Generation, Handover),
    /// Nobody writes it any more; it is being dropped.
    Dropping(Generation),
}

impl SecondGeneration {
    /// Which generation it is.
    pub fn generation(&self) -> Generation {
        match self {
            Self::Building(generation)
            | Self::Next(generation, _)
            | Self::Previous(generation, _)
            | Self::Leaving(generation, _)
            | Self::Dropping(generation) => *generation,
        }
    }
}

/// Which generation answers, and what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// How often it was changed; each change is by one, and conditional on the version before.
    pub version: u64,
    /// The generation that answers.
    pub live: Generation,
    /// The highest number a generation ever had: none is given twice, so that a zombie that still writes a
    /// dropped one meets nobody.
    pub last: Generation,
    /// At most one more.
    pub beside: Option<SecondGeneration>,
}

impl Pointer {
    /// As it is before any rebuild: generation 1 answers, nothing beside it.
    pub const FIRST: Self = Self { version: 0, live: Generation(1), last: Generation(1), beside: None };

    /// The pointer after a change to that.
    #[must_use]
    pub fn changed(&self, live: Generation, beside: Option<SecondGeneration>) -> Self {
        let named = beside.as_ref().map_or(live, SecondGeneration::generation);
        let last = self.last.max(live).max(named);
        Self { version: self.version + 1, live, last, beside }
    }

    /// Every generation that projectors write, the one that answers first.
    pub fn written(&self) -> Vec<Generation> {
        match &self.beside {
            None | Some(SecondGeneration::Building(_) | SecondGeneration::Dropping(_)) => vec![self.live],
            Some(
                SecondGeneration::Next(other, _)
                | SecondGeneration::Previous(other, _)
                | SecondGeneration::Leaving(other, _),
            ) => {
                vec![self.live, *other]
            }
        }
    }

    /// Whose outcomes are published for the event at that place, and from which offset on that changes.
    pub fn publishing_generation(
        &self,
        partition: Partition,
        offset: Offset,
    ) -> (Generation, Option<Offset>) {
        let (older, newer, handover) = match &self.beside {
            None | Some(SecondGeneration::Building(_) | SecondGeneration::Dropping(_)) => {
                return (self.live, None);
            }
            Some(SecondGeneration::Next(next, handover)) => (self.live, *next, handover),
            Some(
                SecondGeneration::Previous(previous, handover)
                | SecondGeneration::Leaving(previous, handover),
            ) => (*previous, self.live, handover),
        };
        let from = handover.offset(partition);
        if offset < from { (older, Some(from)) } else { (newer, None) }
    }
}

/// The names of instances that only read begin with this.
pub const READERS: &str = "reader/";

/// The last heartbeat of an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acknowledgement {
    /// Which instance; a name it made for itself at its start.
    pub instance: String,
    /// The version of the pointer it applies: nothing it does from here on applies an earlier one.
    pub version: u64,
    /// Grows with each heartbeat: when it no longer grows the instance is gone.
    pub beat: u64,
}

/// The pointer, and the generations it names. Reads see every write that was confirmed before.
#[async_trait]
pub trait Generations: Send + Sync {
    /// The pointer; [`Pointer::FIRST`] before the first change.
    async fn pointer(&self) -> Result<Pointer, StoreError>;

    /// Replaces the pointer whose version is one below this one's. False, and nothing changed, when another
    /// stands there; of two at once, one wins. Durable before it returns. After `Unavailable` it may have
    /// happened: the pointer tells. [`super::Views::generation`] answers `live` from here on.
    async fn point(&self, to: &Pointer) -> Result<bool, StoreError>;

    /// Makes whatever a generation's rows need before the first is written. Again is no error.
    async fn ensure_generation(&self, generation: Generation) -> Result<(), StoreError>;

    /// Removes every row of a generation and whatever was made for it, in steps small enough that other
    /// writes go on meanwhile. Again is no error, also after a crash within. The caller has made sure that
    /// nobody reads or writes it.
    async fn drop_generation(&self, generation: Generation) -> Result<(), StoreError>;

    /// Keeps what the instance says, in place of what it said before; with none it has left. What an instance
    /// said may be forgotten a minute after it said it, not before.
    async fn acknowledge(&self, instance: &str, said: Option<&Acknowledgement>) -> Result<(), StoreError>;

    /// What every instance has last said.
    async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError>;
}

/// A row of a generation and the timestamp it stands there with.
pub type Stamped = (WriteTimestamp, ViewRow);

/// The operator's look into a generation: what rebuilds compare, what is quarantined, how far it is. The
/// orders below are the store's own. A walk, each page after the last of the one before, sees every row that
/// was there all along, and none twice.
#[async_trait]
pub trait Inspection: Send + Sync {
    /// Every customer that any row is about, after `after` in the store's order.
    async fn customers(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerRef>, StoreError>;

    /// All rows about each of those customers, in the order asked: state, verifications, enrolments, tier
    /// changes, signals, notes, in any order among themselves.
    async fn rows_of(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
    ) -> Result<Vec<Vec<Stamped>>, StoreError>;

    /// Whether the generation has tallies by category of every event: one that a build made before there were any has
    /// them of later events only, so that they say nothing.
    async fn counts_categories(&self, generation: Generation) -> Result<bool, StoreError>;

    /// Tallies after `after` in the store's order.
    async fn tallies(
        &self,
        generation: Generation,
        after: Option<&TallyKey>,
        limit: usize,
    ) -> Result<Vec<TallyRow>, StoreError>;

    /// Customers that are quarantined, after `after` in the store's order.
    async fn quarantined(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerState>, StoreError>;

    /// Every position of a generation, of whichever topic.
    async fn positions(&self, generation: Generation) -> Result<Vec<PositionRow>, StoreError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(offset: u64) -> Handover {
        Handover { topic_id: TopicId([1; 16]), from: vec![(Partition(0), Offset(offset))] }
    }

    #[test]
    fn the_older_publishes_below_the_handover_and_the_newer_from_it() {
        let (one, two) = (Generation(1), Generation(2));
        let publishing =
            |pointer: &Pointer, offset| pointer.publishing_generation(Partition(0), Offset(offset));
        let first = Pointer::FIRST;
        assert_eq!(publishing(&first, 7), (one, None));
        let building = first.changed(one, Some(SecondGeneration::Building(two)));
        assert_eq!((building.version, building.last, building.written()), (1, two, vec![one]));
        let next = building.changed(one, Some(SecondGeneration::Next(two, at(5))));
        assert_eq!(next.written(), [one, two]);
        assert_eq!(publishing(&next, 4), (one, Some(Offset(5))));
        assert_eq!(publishing(&next, 5), (two, None));
        let switched = next.changed(two, Some(SecondGeneration::Previous(one, at(5))));
        assert_eq!(switched.written(), [two, one]);
        assert_eq!(publishing(&switched, 4), (one, Some(Offset(5))));
        assert_eq!(publishing(&switched, 5), (two, None));
        let leaving = switched.changed(two, Some(SecondGeneration::Leaving(one, at(5))));
        assert_eq!((publishing(&leaving, 4), leaving.written()), (publishing(&switched, 4), vec![two, one]));
        let dropping = leaving.changed(two, Some(SecondGeneration::Dropping(one)));
        assert_eq!((publishing(&dropping, 4), dropping.written()), ((two, None), vec![two]));
        // A number is never given twice.
        assert_eq!(dropping.changed(one, None).last, two);
    }
}
