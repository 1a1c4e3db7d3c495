//! What every read model must do about generations: the Generations and Inspection ports. There is one
//! pointer in a store, so each case needs a store (a file, a keyspace) of its own; it need not be empty.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::event::{Offset, Partition};
use domain::ids::CustomerRef;
use domain::ports::{
    Acknowledgement, Generations, Handover, Inspection, Pointer, Projection, SecondGeneration, Stamped, Views,
};
use domain::rows::{Disposition, Generation, RowKey, Span, TallyRow, ViewRow, ViewWrite, WriteTimestamp};
use futures::future::join_all;

use crate::samples::{EPOCH, Samples, TallyCounter, deleted, written};

/// All sides of one read model.
#[derive(Clone)]
pub struct GenerationStores {
    /// Writes rows.
    pub projection: Arc<dyn Projection>,
    /// Says which generation answers.
    pub views: Arc<dyn Views>,
    /// The pointer.
    pub generations: Arc<dyn Generations>,
    /// The operator's look.
    pub inspection: Arc<dyn Inspection>,
}

impl GenerationStores {
    async fn pointer(&self) -> Pointer {
        self.generations.pointer().await.expect("a pointer")
    }

    /// Two generations that nobody has had, ready to be written.
    async fn two(&self) -> [Generation; 2] {
        let last = self.pointer().await.last.0;
        let two = [Generation(last + 1), Generation(last + 2)];
        for generation in two {
            self.generations.ensure_generation(generation).await.expect("made");
            self.generations.ensure_generation(generation).await.expect("made again");
        }
        two
    }

    async fn write(&self, generation: Generation, writes: Vec<ViewWrite>) {
        self.projection.write(generation, writes).await.expect("written");
    }

    /// Every customer of a generation, in pages of two.
    async fn walk(&self, generation: Generation) -> Vec<CustomerRef> {
        let mut all: Vec<CustomerRef> = Vec::new();
        loop {
            let page = self.inspection.customers(generation, all.last(), 2).await.expect("a page");
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    }

    async fn rows_of(&self, generation: Generation, customer: &CustomerRef) -> Vec<Stamped> {
        let asked = std::slice::from_ref(customer);
        self.inspection.rows_of(generation, asked).await.expect("rows").pop().expect("one answer")
    }
}

/// Makes a `#[tokio::test]` of every case. The argument is the path of an
/// `async fn() -> (GenerationStores, K)` that opens a read model of its own; `K` is kept until the case is
/// done.
#[macro_export]
macro_rules! generations_suite {
    ($stores:path) => {
        $crate::generations_suite! { $stores;
            the_pointer_comes_back_as_it_was_set,
            a_pointer_is_changed_from_its_version_only,
            of_sixteen_changes_at_once_one_wins,
            instances_say_and_leave,
            a_dropped_generation_is_gone_and_others_stay,
            every_customer_of_a_row_is_walked_once,
            all_rows_of_a_customer_come_with_their_timestamps,
            tallies_are_walked_once,
            quarantined_customers_are_listed_until_released,
            positions_of_every_topic_are_there,
        }
    };
    ($stores:path; $($case:ident),+ $(,)?) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $case() {
                let (stores, _keep) = $stores().await;
                $crate::generations_suite::$case(&stores, &$crate::samples::Samples::fresh()).await;
            }
        )+
    };
}

fn handover(s: &Samples) -> Handover {
    Handover {
        topic_id: s.topic(0),
        from: vec![(Partition(0), Offset(0)), (Partition(1), Offset(u64::from(u32::MAX) + 7))],
    }
}

/// Every shape of a pointer is kept, and what answers follows it.
pub async fn the_pointer_comes_back_as_it_was_set(stores: &GenerationStores, s: &Samples) {
    let first = stores.pointer().await;
    let (live, next) = (first.live, Generation(first.last.0 + 1));
    let shapes = [
        (live, Some(SecondGeneration::Building(next))),
        (live, Some(SecondGeneration::Next(next, handover(s)))),
        (next, Some(SecondGeneration::Previous(live, handover(s)))),
        (next, Some(SecondGeneration::Leaving(live, handover(s)))),
        (next, Some(SecondGeneration::Dropping(live))),
        (next, None),
    ];
    for (live, beside) in shapes {
        let to = stores.pointer().await.changed(live, beside);
        assert!(stores.generations.point(&to).await.expect("asked"), "{to:?}");
        assert_eq!(stores.pointer().await, to);
        assert_eq!(stores.views.generation().await.expect("asked"), live);
    }
    assert_eq!(stores.pointer().await.last, next);
}

/// Neither an older nor a later version is changed.
pub async fn a_pointer_is_changed_from_its_version_only(stores: &GenerationStores, _: &Samples) {
    let stands = stores.pointer().await;
    let to = stands.changed(stands.live, None);
    for version in [stands.version, stands.version + 2] {
        let refused = Pointer { version, ..to.clone() };
        assert!(!stores.generations.point(&refused).await.expect("asked"), "{refused:?}");
        assert_eq!(stores.pointer().await, stands);
    }
    assert!(stores.generations.point(&to).await.expect("asked"));
    assert!(!stores.generations.point(&to).await.expect("asked"), "a second time");
    assert_eq!(stores.pointer().await, to);
}

/// Sixteen operators, one rebuild.
pub async fn of_sixteen_changes_at_once_one_wins(stores: &GenerationStores, _: &Samples) {
    let stands = stores.pointer().await;
    let changes: Vec<Pointer> = (1..=16)
        .map(|n| stands.changed(stands.live, Some(SecondGeneration::Building(Generation(stands.last.0 + n)))))
        .collect();
    let won = join_all(changes.iter().map(|to| stores.generations.point(to))).await;
    let won: Vec<bool> = won.into_iter().map(|answer| answer.expect("asked")).collect();
    assert_eq!(won.iter().filter(|won| **won).count(), 1);
    let winner = won.iter().position(|won| *won).expect("one");
    assert_eq!(stores.pointer().await, changes[winner]);
}

/// What an instance said last stands; one that left is gone.
pub async fn instances_say_and_leave(stores: &GenerationStores, s: &Samples) {
    let names = [0, 1].map(|n| s.event_id(n).to_string());
    let said = |name: &String, version, beat| Acknowledgement { instance: name.clone(), version, beat };
    for (version, beat) in [(1, 1), (1, 2), (2, 3)] {
        for name in &names {
            let said = said(name, version, beat);
            stores.generations.acknowledge(name, Some(&said)).await.expect("said");
        }
    }
    let heard = || async {
        let all = stores.generations.acknowledgements().await.expect("heard");
        all.into_iter().filter(|said| names.contains(&said.instance)).collect::<Vec<_>>()
    };
    let both = heard().await;
    assert_eq!(both.len(), 2);
    for name in &names {
        assert!(both.contains(&said(name, 2, 3)), "{both:?}");
    }
    stores.generations.acknowledge(&names[0], None).await.expect("left");
    stores.generations.acknowledge(&names[0], None).await.expect("left again");
    assert_eq!(heard().await, [said(&names[1], 2, 3)]);
}

/// Something of every table.
fn everything(s: &Samples, customer: &CustomerRef, n: u64) -> Vec<ViewWrite> {
    let mut writes = TallyCounter::default().writes(&[s.verification(customer, n)]);
    writes.extend([
        written(n, ViewRow::Enrolment(s.enrolment(customer, n))),
        written(n, ViewRow::Reference(s.kept_reference(customer, n))),
        written(n, ViewRow::TierEvent(s.tier_event(customer, n))),
        written(n, ViewRow::Signal(s.signal(customer, n, n))),
        written(n, ViewRow::Note(s.note(customer, n, Disposition::Parked))),
        written(n, ViewRow::State(Box::new(s.state(customer, n)))),
        written(n, ViewRow::Books(s.books(n))),
        written(n, ViewRow::Position(s.position(n))),
    ]);
    writes
}

/// Rows, counts, tombstones and positions go, and only that generation's.
pub async fn a_dropped_generation_is_gone_and_others_stay(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    let customers: Vec<CustomerRef> = (0..20).map(|n| s.customer(n)).collect();
    for generation in [one, two] {
        for (n, customer) in customers.iter().enumerate() {
            let n = 2 * n as u64;
            stores.write(generation, everything(s, customer, n)).await;
            let erased = deleted(n + 1, ViewRow::EraseEnrolments(customer.clone()));
            stores.write(generation, vec![erased]).await;
        }
    }
    stores.generations.drop_generation(one).await.expect("dropped");
    stores.generations.drop_generation(one).await.expect("dropped again");
    // In a store that keeps generations in tables of their own these are made again here, empty.
    stores.generations.ensure_generation(one).await.expect("made");
    assert_eq!(stores.walk(one).await, []);
    assert_eq!(stores.inspection.tallies(one, None, 10).await.expect("tallies"), []);
    assert_eq!(stores.inspection.positions(one).await.expect("positions"), []);
    assert_eq!(stores.projection.books(one).await.expect("books"), []);
    // The tombstones went too: an enrolment that one of them would have kept away is there.
    let enrolment = written(0, ViewRow::Enrolment(s.enrolment(&customers[0], 0)));
    stores.write(one, vec![enrolment.clone()]).await;
    assert_eq!(stores.rows_of(one, &customers[0]).await, [(enrolment.at, enrolment.row)]);
    stores.generations.drop_generation(one).await.expect("dropped");

    assert_eq!(stores.walk(two).await.len(), customers.len());
    for customer in &customers {
        assert_eq!(stores.rows_of(two, customer).await.len(), 6, "all but the enrolment");
    }
}

/// Also those whom only one row of any kind is about.
pub async fn every_customer_of_a_row_is_walked_once(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    let customers: Vec<CustomerRef> = (0..9).map(|n| s.customer_of(n % 2, n)).collect();
    for generation in [one, two] {
        for (n, customer) in customers.iter().enumerate() {
            let n = n as u64;
            let row = match n % 7 {
                0 => ViewRow::State(Box::new(s.state(customer, n))),
                1 => ViewRow::Verification(Box::new(s.verification(customer, n))),
                2 => ViewRow::Enrolment(s.enrolment(customer, n)),
                3 => ViewRow::TierEvent(s.tier_event(customer, n)),
                4 => ViewRow::Signal(s.signal(customer, n, n)),
                5 => ViewRow::Reference(s.kept_reference(customer, n)),
                _ => ViewRow::Note(s.note(customer, n, Disposition::Applied)),
            };
            stores.write(generation, vec![written(n, row)]).await;
        }
    }
    let walked = stores.walk(one).await;
    assert_eq!(walked.len(), customers.len());
    assert_eq!(walked.iter().collect::<BTreeSet<_>>(), customers.iter().collect());
    assert_eq!(stores.walk(two).await.len(), walked.len());
    let all = stores.inspection.rows_of(two, &walked).await.expect("rows");
    assert!(all.len() == walked.len() && all.iter().all(|rows| rows.len() == 1), "{all:?}");
}

/// Each kind, and nothing of anyone else or of another generation.
pub async fn all_rows_of_a_customer_come_with_their_timestamps(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    let [ours, theirs] = [s.customer(0), s.customer(1)];
    stores.write(one, everything(s, &ours, 2)).await;
    stores.write(one, everything(s, &theirs, 4)).await;
    stores.write(two, everything(s, &ours, 6)).await;
    let rows = stores.rows_of(one, &ours).await;
    let stamped: Vec<Stamped> = everything(s, &ours, 2)
        .into_iter()
        .filter(|write| !matches!(write.row, ViewRow::Tally(_) | ViewRow::Books(_) | ViewRow::Position(_)))
        .map(|write| (write.at, write.row))
        .collect();
    assert_eq!(rows.len(), stamped.len());
    for row in &stamped {
        assert!(rows.contains(row), "{row:?}");
    }
    assert_eq!(WriteTimestamp::from_value(rows[0].0.value()), WriteTimestamp::upsert(EPOCH, Offset(2)));
    assert_eq!(stores.rows_of(two, &theirs).await, []);
}

/// Pages neither repeat nor leave out one.
pub async fn tallies_are_walked_once(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    // Two hours apart, so that there are several buckets.
    let rows: Vec<_> = (0..5).map(|n| s.verification(&s.customer(n), n * 7_200)).collect();
    for generation in [one, two] {
        stores.write(generation, TallyCounter::default().writes(&rows)).await;
    }
    let walk = async |generation| {
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|row: &TallyRow| &row.key);
            let page = stores.inspection.tallies(generation, after, 2).await.expect("a page");
            if page.is_empty() {
                return all;
            }
            all.extend(page);
        }
    };
    let walked = walk(one).await;
    let keys: BTreeSet<_> = walked.iter().map(|row| row.key.clone()).collect();
    assert_eq!(keys.len(), walked.len(), "none twice");
    // Every row once by its kind, and, as all of these have one, once by its category.
    for by_category in [false, true] {
        let of = |span| {
            let of_span = |row: &&TallyRow| row.key.span == span && row.key.category.is_some() == by_category;
            walked.iter().filter(of_span).map(|row| row.count).sum::<u64>()
        };
        assert_eq!([Span::Hour, Span::Day, Span::Month].map(of), [5, 5, 5]);
    }
    assert!(stores.inspection.counts_categories(one).await.expect("known"));
    assert_eq!(walk(two).await.len(), walked.len());
}

/// A state that is written without a quarantine takes its customer off the list.
pub async fn quarantined_customers_are_listed_until_released(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    let mut states: Vec<_> = (0..3).map(|n| s.state(&s.customer(n), n)).collect();
    let write = |state: &domain::rows::CustomerState| {
        written(state.as_of.offset.0, ViewRow::State(Box::new(state.clone())))
    };
    stores.write(one, states.iter().map(write).collect()).await;
    let list = async |generation| {
        let mut all = Vec::new();
        loop {
            let after = all.last().map(|state: &domain::rows::CustomerState| &state.customer);
            let page = stores.inspection.quarantined(generation, after, 2).await.expect("a page");
            if page.is_empty() {
                all.sort_by_key(|state| state.as_of.offset);
                return all;
            }
            all.extend(page);
        }
    };
    assert_eq!(list(one).await, states);
    assert_eq!(list(two).await, []);
    let mut released = states.remove(1);
    released.as_of.offset = Offset(9);
    released.quarantine = None;
    stores.write(one, vec![write(&released)]).await;
    assert_eq!(list(one).await, states);
    let loaded = stores.projection.load(one, &[RowKey::State(released.customer.clone())]).await;
    assert_eq!(loaded.expect("loaded"), [Some(ViewRow::State(Box::new(released)))]);
}

/// Each as it was written last.
pub async fn positions_of_every_topic_are_there(stores: &GenerationStores, s: &Samples) {
    let [one, two] = stores.two().await;
    let mut other = s.position(3);
    other.topic_id = s.topic(1);
    other.partition = Partition(5);
    for position in [s.position(1), s.position(8), other.clone()] {
        let at = position.next.0 - 1;
        stores.write(one, vec![written(at, ViewRow::Position(position))]).await;
    }
    let mut positions = stores.inspection.positions(one).await.expect("positions");
    positions.sort_by_key(|row| row.partition);
    assert_eq!(positions, [s.position(8), other]);
    assert_eq!(stores.inspection.positions(two).await.expect("positions"), []);
}
