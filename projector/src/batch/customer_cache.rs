//! What a partition's owner remembers of its customers, so that it need not ask for what it wrote itself:
//! their states, and which verifications stand. A zombie that goes by its own cache folds what it had folded
//! before, and writes the same rows again. Forgotten as a whole, after any failure too.

use std::collections::hash_map::RandomState;
use std::collections::{HashMap, HashSet};
use std::hash::BuildHasher as _;

use domain::ids::{CustomerRef, VerificationId};
use domain::rows::CustomerState;

use crate::batch::plan::BatchPlan;
use crate::limits::{REMEMBERED_CUSTOMERS_MAX, REMEMBERED_IDS_MAX, REMEMBERED_IDS_OF_ALL_MAX};

/// Whether a customer's verifications are known.
#[derive(Debug, Clone, Default)]
pub(crate) enum CachedIds {
    /// Nobody has asked yet.
    #[default]
    Unasked,
    /// The ids of all of them, by a hash: what is not in it does not stand; what is must be looked for.
    All(HashSet<u64>),
    /// Each must be looked for.
    TooMany,
}

struct CachedCustomer {
    state: CustomerState,
    ids: CachedIds,
}

/// The customers of a partition in one generation.
#[derive(Default)]
pub(crate) struct CustomerCache {
    customers: HashMap<CustomerRef, CachedCustomer>,
    /// Of all customers together.
    ids_count: usize,
    hash: RandomState,
}

impl CustomerCache {
    pub(crate) fn state(&self, customer: &CustomerRef) -> Option<&CustomerState> {
        self.customers.get(customer).map(|remembered| &remembered.state)
    }

    pub(crate) fn ids(&self, customer: &CustomerRef) -> Option<&CachedIds> {
        self.customers.get(customer).map(|remembered| &remembered.ids)
    }

    /// What the store said of a customer: all the ids, or that there are more than were asked for.
    pub(crate) fn ids_of(&self, said: Option<Vec<VerificationId>>) -> CachedIds {
        match said {
            Some(ids) => CachedIds::All(ids.iter().map(|id| self.hash.hash_one(id)).collect()),
            None => CachedIds::TooMany,
        }
    }

    /// Whether the verification may stand: false is sure.
    pub(crate) fn may_exist(&self, ids: &CachedIds, id: &VerificationId) -> bool {
        match ids {
            CachedIds::All(ids) => ids.contains(&self.hash.hash_one(id)),
            CachedIds::Unasked | CachedIds::TooMany => true,
        }
    }

    /// Takes up what has been written.
    pub(crate) fn apply_plan(&mut self, plan: BatchPlan) {
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
            self.customers.insert(customer, CachedCustomer { state, ids });
        }
        for row in plan.effects.iter().flat_map(|(_, _, effect)| &effect.counted) {
            let Some(remembered) = self.customers.get_mut(&row.customer) else { continue };
            let mut ids = std::mem::take(&mut remembered.ids);
            self.ids_count -= count(&ids);
            if let CachedIds::All(known) = &mut ids {
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
    fn bounded(&self, ids: CachedIds) -> CachedIds {
        let count = count(&ids);
        let fits = count <= REMEMBERED_IDS_MAX && self.ids_count + count <= REMEMBERED_IDS_OF_ALL_MAX;
        if fits { ids } else { CachedIds::TooMany }
    }

    pub(crate) fn forget(&mut self) {
        self.customers.clear();
        self.ids_count = 0;
    }
}

fn count(ids: &CachedIds) -> usize {
    match ids {
        CachedIds::All(ids) => ids.len(),
        CachedIds::Unasked | CachedIds::TooMany => 0,
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
    fn batch(s: &Samples, customers: impl Iterator<Item = u64>, ids: &[usize]) -> BatchPlan {
        let mut plan = BatchPlan::default();
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

    fn may_exist(cache: &CustomerCache, customer: &CustomerRef, n: usize) -> Option<bool> {
        cache.ids(customer).map(|ids| cache.may_exist(ids, &id(n)))
    }

    #[test]
    fn only_who_was_asked_for_is_known() {
        let (s, mut cache) = (Samples::new(1), CustomerCache::default());
        let customer = s.customer(0);
        assert!(cache.ids(&customer).is_none() && cache.state(&customer).is_none());
        cache.apply_plan(batch(&s, 0..1, &[1]));
        assert!(matches!(cache.ids(&customer), Some(CachedIds::Unasked)));
        assert_eq!(may_exist(&cache, &customer, 2), Some(true));

        let mut plan = batch(&s, 0..1, &[3]);
        plan.ids.insert(customer.clone(), cache.ids_of(Some(vec![id(1), id(2)])));
        cache.apply_plan(plan);
        cache.apply_plan(batch(&s, 0..1, &[4]));
        let stand = (0..6).map(|n| may_exist(&cache, &customer, n));
        assert_eq!(stand.collect::<Vec<_>>(), [false, true, true, true, true, false].map(Some));
        cache.forget();
        assert!(cache.ids(&customer).is_none());
    }

    #[test]
    fn of_too_many_nothing_is_known() {
        let (s, mut cache) = (Samples::new(2), CustomerCache::default());
        let mut plan = batch(&s, 0..1, &[]);
        plan.ids.insert(s.customer(0), cache.ids_of(Some((1..=REMEMBERED_IDS_MAX).map(id).collect())));
        cache.apply_plan(plan);
        assert_eq!(may_exist(&cache, &s.customer(0), 0), Some(false));
        cache.apply_plan(batch(&s, 0..1, &[REMEMBERED_IDS_MAX + 1]));
        assert!(matches!(cache.ids(&s.customer(0)), Some(CachedIds::TooMany)));
        assert_eq!(cache.ids_count, 0);
    }

    #[test]
    fn all_together_are_bounded() {
        let (s, mut cache) = (Samples::new(3), CustomerCache::default());
        let full = (REMEMBERED_IDS_OF_ALL_MAX / REMEMBERED_IDS_MAX) as u64;
        for customer in 0..full + 2 {
            let mut plan = batch(&s, customer..customer + 1, &[]);
            let ids = (0..REMEMBERED_IDS_MAX).map(id).collect();
            plan.ids.insert(s.customer(customer), cache.ids_of(Some(ids)));
            cache.apply_plan(plan);
            assert!(cache.ids_count <= REMEMBERED_IDS_OF_ALL_MAX);
        }
        assert!(matches!(cache.ids(&s.customer(full - 1)), Some(CachedIds::All(_))));
        assert!(matches!(cache.ids(&s.customer(full + 1)), Some(CachedIds::TooMany)));

        // Above so many customers the next batch finds none of them.
        cache.apply_plan(batch(&s, 0..REMEMBERED_CUSTOMERS_MAX as u64 + 1, &[]));
        cache.apply_plan(batch(&s, 0..1, &[]));
        assert_eq!((cache.customers.len(), cache.ids_count), (1, 0));
    }
}
