//! Two generations compared while one of them is written: all rows about each customer, then tallies and
//! books. What was touched meanwhile differs at first; it is looked at again at equal positions. A customer is
//! the same in both as soon as both have taken in the same events of it; a count carries the offset it is as
//! of, so the replay is stopped at that very offset and the rows must be the same.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::{Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{Stamped, partition_of};
use domain::rows::{AsOf, BooksKey, Generation, RowKey, TallyKey, ViewRow, WriteTimestamp};

use super::build::{GenerationBuilder as Builder, ReplayStop as Stop, positions};
use super::canonical::{RowDigest, kind};
use super::{
    RebuildError, RebuildPatience as Patience, RebuildPhase as Phase, RebuildPorts,
    RebuildProgress as Progress, RowDifference as Difference,
};
use crate::limits::{COMPARE_MOVED_MAX, COMPARE_PAGE, DIFFERENCES_SHOWN};

/// What a comparison came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Comparison {
    /// Of every row compared, in the generation that answers.
    pub old: RowDigest,
    /// Of the same rows in the new one.
    pub new: RowDigest,
    /// Customers, tallies and books compared.
    pub compared: u64,
    /// Those that differ.
    pub different: u64,
    /// The first of them.
    pub shown: Vec<Difference>,
    /// Those that stand beyond the position of the generation that answers (a batch was under way when its
    /// projector ended): not compared.
    pub beyond: u64,
}

impl Comparison {
    fn same(&mut self, digest: RowDigest) {
        self.old.add(digest);
        self.new.add(digest);
        self.compared += 1;
    }

    fn differs(&mut self, what: String, kinds: Vec<&'static str>, old: RowDigest, new: RowDigest) {
        self.old.add(old);
        self.new.add(new);
        self.compared += 1;
        self.different += 1;
        if self.shown.len() < DIFFERENCES_SHOWN {
            self.shown.push(Difference { what, kinds });
        }
    }
}

/// A row that counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    Tally(TallyKey),
    Books(BooksKey),
}

impl Count {
    fn key(&self) -> RowKey {
        match self {
            Self::Tally(key) => RowKey::Tally(key.clone()),
            Self::Books(key) => RowKey::Books(key.clone()),
        }
    }

    fn partition(&self) -> Partition {
        match self {
            Self::Tally(key) => key.partition,
            Self::Books(key) => key.partition,
        }
    }

    fn words(&self) -> (String, &'static str) {
        match self {
            Self::Tally(key) => (format!("{} from {}", key.org, key.start.rfc3339()), "tally"),
            Self::Books(key) => (format!("{} in partition {}", key.org, key.partition.0), "books"),
        }
    }
}

fn as_of(row: &ViewRow) -> Option<AsOf> {
    match row {
        ViewRow::Tally(row) => Some(row.as_of),
        ViewRow::Books(row) => Some(row.as_of),
        ViewRow::State(row) => Some(row.as_of),
        ViewRow::Verification(_)
        | ViewRow::Enrolment(_)
        | ViewRow::Reference(_)
        | ViewRow::Review(_)
        | ViewRow::TierEvent(_)
        | ViewRow::Signal(_)
        | ViewRow::Note(_)
        | ViewRow::Fallback(_)
        | ViewRow::RecheckClosure(_)
        | ViewRow::Recheck(_)
        | ViewRow::EraseEnrolments(_)
        | ViewRow::Position(_) => None,
    }
}

fn digest(row: Option<&ViewRow>) -> RowDigest {
    // Counts come without their timestamp; their `as_of` says as much.
    let zero = WriteTimestamp::from_value(0);
    row.map_or_else(RowDigest::default, |row| RowDigest::of(&(zero, row.clone())))
}

pub(super) struct Compare<'a, 'b> {
    pub(super) ports: &'a RebuildPorts,
    pub(super) old: Generation,
    pub(super) builder: &'a mut Builder<'b>,
    pub(super) patience: Patience,
    pub(super) progress: &'a dyn Progress,
    pub(super) comparison: Comparison,
    /// Whether both generations have tallies by category.
    pub(super) with_categories: bool,
}

/// A customer that differed: what both sides were, and how often in a row they were exactly that.
#[derive(Default)]
struct Moved {
    sides: (RowDigest, RowDigest),
    times: u32,
}

impl Compare<'_, '_> {
    /// Compares everything; the builder ends at most where the generation that answers stands.
    pub(super) async fn run(mut self) -> Result<Comparison, RebuildError> {
        self.progress.phase(Phase::Compare, 0);
        let moved = self.customers().await?;
        let counts = self.counts().await?;
        self.settle_customers(moved).await?;
        self.settle_counts(counts).await?;
        Ok(self.comparison)
    }

    async fn advance(&mut self) -> Result<(), RebuildError> {
        let to = positions(self.ports, &self.builder.topic, self.old).await?;
        let to = to.into_iter().map(|(partition, before)| (partition, Stop { before, time: None })).collect();
        self.builder.advance(&to).await
    }

    /// The rows of both generations about each of some customers.
    async fn both(
        &self,
        customers: &[CustomerRef],
    ) -> Result<(Vec<Vec<Stamped>>, Vec<Vec<Stamped>>), RebuildError> {
        let old = self.ports.inspection.rows_of(self.old, customers).await?;
        let new = self.ports.inspection.rows_of(self.builder.generation, customers).await?;
        Ok((old, new))
    }

    /// Every customer of the new generation, then those only the old one has. Gives the ones that differ.
    async fn customers(&mut self) -> Result<Vec<CustomerRef>, RebuildError> {
        let mut moved = Vec::new();
        for generation in [self.builder.generation, self.old] {
            let mut after: Option<CustomerRef> = None;
            loop {
                let page = self.ports.inspection.customers(generation, after.as_ref(), COMPARE_PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.clone());
                self.builder.check_cancelled()?;
                let page = if generation == self.old { self.only_old(page).await? } else { page };
                let (old, new) = self.both(&page).await?;
                for ((customer, old), new) in page.into_iter().zip(old).zip(new) {
                    let digest = RowDigest::of_all(&new);
                    if RowDigest::of_all(&old) == digest {
                        self.comparison.same(digest);
                    } else {
                        moved.push(customer);
                    }
                    self.progress.compared(1);
                }
                if moved.len() > COMPARE_MOVED_MAX {
                    return Err(RebuildError::TooDifferent(moved.len()));
                }
            }
        }
        // One that came to be between the two walks is in both.
        let moved: BTreeSet<CustomerRef> = moved.into_iter().collect();
        Ok(moved.into_iter().collect())
    }

    /// Those whom no row of the new generation is about.
    async fn only_old(&self, page: Vec<CustomerRef>) -> Result<Vec<CustomerRef>, RebuildError> {
        let new = self.ports.inspection.rows_of(self.builder.generation, &page).await?;
        Ok(page.into_iter().zip(new).filter(|(_, rows)| rows.is_empty()).map(|(one, _)| one).collect())
    }

    async fn settle_customers(&mut self, moved: Vec<CustomerRef>) -> Result<(), RebuildError> {
        let mut moved: BTreeMap<CustomerRef, Moved> =
            moved.into_iter().map(|customer| (customer, Moved::default())).collect();
        let mut rounds = 0;
        while !moved.is_empty() {
            self.advance().await?;
            rounds += 1;
            let last_round = rounds >= self.patience.settle_rounds_max;
            let names: Vec<CustomerRef> = moved.keys().cloned().collect();
            for page in names.chunks(COMPARE_PAGE) {
                let (old, new) = self.both(page).await?;
                for ((customer, old), new) in page.iter().zip(old).zip(new) {
                    let sides = (RowDigest::of_all(&old), RowDigest::of_all(&new));
                    let Some(seen) = moved.get_mut(customer) else { continue };
                    if sides.0 == sides.1 {
                        self.comparison.same(sides.0);
                        moved.remove(customer);
                        continue;
                    }
                    seen.times = if seen.sides == sides { seen.times + 1 } else { 1 };
                    seen.sides = sides;
                    if seen.times >= self.patience.settle_times || last_round {
                        moved.remove(customer);
                        self.customer_differs(customer, &old, &new);
                    }
                }
            }
            self.pause().await?;
        }
        Ok(())
    }

    fn customer_differs(&mut self, customer: &CustomerRef, old: &[Stamped], new: &[Stamped]) {
        let partition = partition_of(customer.record_key().as_bytes(), self.builder.topic.partitions);
        let next = self.builder.stands().get(&partition).copied().unwrap_or(Offset(0));
        let limit = WriteTimestamp::delete(self.builder.epoch, next);
        let beyond = old.iter().any(|(at, _)| *at >= limit);
        if beyond {
            self.comparison.beyond += 1;
            return;
        }
        let kinds = kinds_that_differ(old, new);
        self.comparison.differs(customer.record_key(), kinds, RowDigest::of_all(old), RowDigest::of_all(new));
    }

    async fn pause(&self) -> Result<(), RebuildError> {
        tokio::time::sleep(self.patience.settle_pause).await;
        self.builder.check_cancelled()
    }

    /// Every tally and the books of either generation. Gives the ones that differ.
    async fn counts(&mut self) -> Result<BTreeSet<Count>, RebuildError> {
        let mut differ = BTreeSet::new();
        for generation in [self.builder.generation, self.old] {
            let mut after: Option<TallyKey> = None;
            loop {
                let page = self.ports.inspection.tallies(generation, after.as_ref(), COMPARE_PAGE).await?;
                let Some(last) = page.last() else { break };
                after = Some(last.key.clone());
                self.builder.check_cancelled()?;
                let keys = page.into_iter().map(|row| row.key);
                let keys = keys.filter(|key| self.with_categories || key.category.is_none());
                let counts = keys.map(Count::Tally).collect();
                self.compare_counts(counts, generation == self.old, &mut differ).await?;
            }
            let books = self.ports.projection().books(generation).await?;
            let counts = books.into_iter().map(|row| Count::Books(row.key)).collect();
            self.compare_counts(counts, generation == self.old, &mut differ).await?;
        }
        Ok(differ)
    }

    async fn compare_counts(
        &mut self,
        counts: Vec<Count>,
        only_old: bool,
        differ: &mut BTreeSet<Count>,
    ) -> Result<(), RebuildError> {
        let keys: Vec<RowKey> = counts.iter().map(Count::key).collect();
        let new = self.ports.projection().load(self.builder.generation, &keys).await?;
        let old = self.ports.projection().load(self.old, &keys).await?;
        for ((count, old), new) in counts.into_iter().zip(old).zip(new) {
            if only_old && new.is_some() {
                continue;
            }
            if old == new {
                self.comparison.same(digest(new.as_ref()));
            } else {
                differ.insert(count);
            }
        }
        Ok(())
    }

    async fn settle_counts(&mut self, counts: BTreeSet<Count>) -> Result<(), RebuildError> {
        let keys: Vec<RowKey> = counts.iter().map(Count::key).collect();
        let old = self.ports.projection().load(self.old, &keys).await?;
        let stands = self.builder.stands();
        let mut stops: BTreeMap<Partition, BTreeMap<Offset, Vec<(Count, ViewRow)>>> = BTreeMap::new();
        for (count, old) in counts.into_iter().zip(old) {
            let partition = count.partition();
            let next = stands.get(&partition).copied().unwrap_or(Offset(0));
            match old {
                Some(old) if as_of(&old).is_some_and(|as_of| as_of.offset >= next) => {
                    let stop = as_of(&old).map_or(next, |as_of| as_of.offset);
                    stops.entry(partition).or_default().entry(stop).or_default().push((count, old));
                }
                old => self.settle_count(&count, old.as_ref()).await?,
            }
        }
        for (partition, stops) in stops {
            for (offset, rows) in stops {
                let before = Offset(offset.0 + 1);
                if !self.passed(partition, before).await? {
                    self.comparison.beyond += rows.len() as u64;
                    continue;
                }
                let stop = Stop { before, time: None };
                self.builder.advance(&BTreeMap::from([(partition, stop)])).await?;
                for (count, old) in rows {
                    self.settle_count(&count, Some(&old)).await?;
                }
            }
        }
        Ok(())
    }

    /// Waits until the generation that answers has its position there; false when it does not come.
    async fn passed(&self, partition: Partition, before: Offset) -> Result<bool, RebuildError> {
        for _ in 0..self.patience.settle_rounds_max {
            let stands = positions(self.ports, &self.builder.topic, self.old).await?;
            if stands.get(&partition).is_some_and(|next| *next >= before) {
                return Ok(true);
            }
            self.pause().await?;
        }
        Ok(false)
    }

    async fn settle_count(&mut self, count: &Count, old: Option<&ViewRow>) -> Result<(), RebuildError> {
        let new = self.ports.projection().load(self.builder.generation, &[count.key()]).await?;
        let new = new.into_iter().next().flatten();
        if old == new.as_ref() {
            self.comparison.same(digest(old));
        } else {
            let (what, kind) = count.words();
            self.comparison.differs(what, vec![kind], digest(old), digest(new.as_ref()));
        }
        Ok(())
    }
}

/// The digest of everything in a generation that nobody writes.
pub(super) async fn digest_of(
    ports: &RebuildPorts,
    generation: Generation,
) -> Result<RowDigest, RebuildError> {
    let mut sum = RowDigest::default();
    let mut after: Option<CustomerRef> = None;
    loop {
        let page = ports.inspection.customers(generation, after.as_ref(), COMPARE_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.clone());
        for rows in ports.inspection.rows_of(generation, &page).await? {
            sum.add(RowDigest::of_all(&rows));
        }
    }
    let mut after: Option<TallyKey> = None;
    loop {
        let page = ports.inspection.tallies(generation, after.as_ref(), COMPARE_PAGE).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.key.clone());
        page.into_iter().for_each(|row| sum.add(digest(Some(&ViewRow::Tally(row)))));
    }
    for row in ports.projection().books(generation).await? {
        sum.add(digest(Some(&ViewRow::Books(row))));
    }
    Ok(sum)
}

/// Which kinds of rows are not the same on both sides.
fn kinds_that_differ(old: &[Stamped], new: &[Stamped]) -> Vec<&'static str> {
    let digests = |rows: &[Stamped]| {
        let mut sums: BTreeMap<&'static str, RowDigest> = BTreeMap::new();
        rows.iter().for_each(|row| sums.entry(kind(&row.1)).or_default().add(RowDigest::of(row)));
        sums
    };
    let (old, new) = (digests(old), digests(new));
    let all: BTreeSet<&'static str> = old.keys().chain(new.keys()).copied().collect();
    all.into_iter().filter(|kind| old.get(kind) != new.get(kind)).collect()
}
