//! What a partition's owner remembers of its customers, so that it need not ask for what it wrote itself:
//! their states, and which verifications stand. A zombie that goes by its own memory folds what it had folded
//! before, and writes the same rows again. Forgotten as a whole, after any failure too.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use domain::ids::{CustomerRef, VerificationId};
use domain::rows::CustomerState;

use crate::batch::plan::Plan;
use crate::limits::{REMEMBERED_CUSTOMERS_MAX, REMEMBERED_IDS_MAX, REMEMBERED_IDS_OF_ALL_MAX};

/// Whether a customer's verifications are known.
#[derive(Debug, Clone, Default)]
pub(crate) enum Ids {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// The ids of all of them, by a hash: what is not in it does not stand; what is must be looked for.
    All(HashSet<u64>),
    /// Each must be looked for.
    TooMany,
}

struct Remembered {
    state: CustomerState,
    ids: Ids,
}

/// The customers of a partition in one generation.
#[derive(Default)]
pub(crate) struct Memory {
    customers: HashMap<CustomerRef, Remembered>,
    /// Of all customers together.
    ids_count: usize,
    hash: RandomState,
}

impl Memory {
    pub(crate) fn state(&self, customer: &CustomerRef) -> Option<&CustomerState> {
        self.customers.get(customer).map(|remembered| &remembered.state)
    }

    pub(crate) fn ids(&self, customer: &CustomerRef) -> Option<&Ids> {
        self.customers.get(customer).map(|remembered| &remembered.ids)
    }

    /// What the store said of a customer: all the ids, or that there are more than were asked for.
    pub(crate) fn ids_of(&self, said: Option<Vec<VerificationId>>) -> Ids {
        match said {
            Some(ids) => Ids::All(ids.iter().map(|id| self.hash.hash_one(id)).collect()),
            None => Ids::TooMany,
        }
    }

    /// Whether the verification may stand: false is sure.
    pub(crate) fn may_stand(&self, ids: &Ids, id: &VerificationId) -> bool {
        match ids {
            Ids::All(ids) => ids.contains(&self.hash.hash_one(id)),
            Ids::Unasked | Ids::TooMany => true,
        }
    }

    /// Takes up what has been written.
    pub(crate) fn learn(&mut self, plan: Plan) {
        if self.customers.len() > REMEMBERED_CUSTOMERS_MAX {
            self.forget();
        }
        let mut asked = plan.ids;
        for (customer, state) in plan.states {
            let before = self.customers.remove(&customer).map(|remembered| remembered.ids);
            self.ids_count -= before.as_ref().map_or(0, count);
            let ids = asked.remove(&customer).or(before).unwrap_or_default();
            let ids = self.bounded(ids);
            self.ids_count += count(&ids);
            self.customers.insert(customer, Remembered { state, ids });
        }
        for row in plan.effects.iter().flat_map(|(_, _, effect)| &effect.counted) {
            let Some(remembered) = self.customers.get_mut(&row.customer) else { continue };
            let mut ids = std::mem::take(&mut remembered.ids);
            self.ids_count -= count(&ids);
            if let Ids::All(known) = &mut ids {
                known.insert(self.hash.hash_one(&row.id));
            }
            let ids = self.bounded(ids);
            self.ids_count += count(&ids);
            if let Some(remembered) = self.customers.get_mut(&row.customer) {
                remembered.ids = ids;
            }
        }
    }

    /// The same, unless there is no room for so many.
    fn bounded(&self, ids: Ids) -> Ids {
        let count = count(&ids);
        let fits = count <= REMEMBERED_IDS_MAX && self.ids_count + count <= REMEMBERED_IDS_OF_ALL_MAX;
        if fits { ids } else { Ids::TooMany }
    }

    pub(crate) fn forget(&mut self) {
        self.customers.clear();
        self.ids_count = 0;
    }
}

fn count(ids: &Ids) -> usize {
    match ids {
        Ids::All(ids) => ids.len(),
        Ids::Unasked | Ids::TooMany => 0,
    }
}

#[cfg(test)]
mod tests {
    use domain::event::{Offset, Partition, TopicId};
    use domain::fold::{Effect, blank};
    use domain::ids::derived;
    use domain::rows::{AsOf, Epoch};
    use testkit::samples::Samples;

    use super::*;

    fn id(n: usize) -> VerificationId {
        VerificationId::from_bytes(derived("verification", "memory", n as u64))
    }

    /// A batch about the customers, in which each got those verifications.
    fn batch(s: &Samples, customers: impl Iterator<Item = u64>, ids: &[usize]) -> Plan {
        let mut plan = Plan::default();
        let as_of = AsOf { topic_id: TopicId([1; 16]), epoch: Epoch(1), offset: Offset(0) };
        for customer in customers.map(|n| s.customer(n)) {
            let row = s.verification(&customer, 0);
            let counted = ids.iter().map(|n| domain::rows::VerificationRow { id: id(*n), ..row.clone() });
            let effect = Effect { counted: counted.collect(), ..Effect::default() };
            plan.effects.push((customer.org.clone(), Offset(0), effect));
            plan.states.insert(customer.clone(), blank(customer, as_of, Partition(0)));
        }
        plan
    }

    fn may_stand(memory: &Memory, customer: &CustomerRef, n: usize) -> Option<bool> {
        memory.ids(customer).map(|ids| memory.may_stand(ids, &id(n)))
    }

    #[test]
    fn only_who_was_asked_for_is_known() {
        let (s, mut memory) = (Samples::new(1), Memory::default());
        let customer = s.customer(0);
        assert!(memory.ids(&customer).is_none() && memory.state(&customer).is_none());
        memory.learn(batch(&s, 0..1, &[1]));
        assert!(matches!(memory.ids(&customer), Some(Ids::Unasked)));
        assert_eq!(may_stand(&memory, &customer, 2), Some(true));

        let mut plan = batch(&s, 0..1, &[3]);
        plan.ids.insert(customer.clone(), memory.ids_of(Some(vec![id(1), id(2)])));
        memory.learn(plan);
        memory.learn(batch(&s, 0..1, &[4]));
        let stand = (0..6).map(|n| may_stand(&memory, &customer, n));
        assert_eq!(stand.collect::<Vec<_>>(), [false, true, true, true, true, false].map(Some));
        memory.forget();
        assert!(memory.ids(&customer).is_none());
    }

    #[test]
    fn of_too_many_nothing_is_known() {
        let (s, mut memory) = (Samples::new(2), Memory::default());
        let mut plan = batch(&s, 0..1, &[]);
        plan.ids.insert(s.customer(0), memory.ids_of(Some((1..=REMEMBERED_IDS_MAX).map(id).collect())));
        memory.learn(plan);
        assert_eq!(may_stand(&memory, &s.customer(0), 0), Some(false));
        memory.learn(batch(&s, 0..1, &[REMEMBERED_IDS_MAX + 1]));
        assert!(matches!(memory.ids(&s.customer(0)), Some(Ids::TooMany)));
        assert_eq!(memory.ids_count, 0);
    }

    #[test]
    fn all_together_are_bounded() {
        let (s, mut memory) = (Samples::new(3), Memory::default());
        let full = (REMEMBERED_IDS_OF_ALL_MAX / REMEMBERED_IDS_MAX) as u64;
        for customer in 0..full + 2 {
            let mut plan = batch(&s, customer..customer + 1, &[]);
            let ids = (0..REMEMBERED_IDS_MAX).map(id).collect();
            plan.ids.insert(s.customer(customer), memory.ids_of(Some(ids)));
            memory.learn(plan);
            assert!(memory.ids_count <= REMEMBERED_IDS_OF_ALL_MAX);
        }
        assert!(matches!(memory.ids(&s.customer(full - 1)), Some(Ids::All(_))));
        assert!(matches!(memory.ids(&s.customer(full + 1)), Some(Ids::TooMany)));

        // Above so many customers the next batch finds none of them.
        memory.learn(batch(&s, 0..REMEMBERED_CUSTOMERS_MAX as u64 + 1, &[]));
        memory.learn(batch(&s, 0..1, &[]));
        assert_eq!((memory.customers.len(), memory.ids_count), (1, 0));
    }
}
