//! What stands already of the customers and verifications of a batch: from memory where it is there, the rest
//! from the store.

use std::collections::HashMap;

use domain::fold::{Fact, KnownRows};
use domain::ids::{CustomerRef, OrgId, VerificationId};
use domain::rows::{CustomerState, RowKey, ViewRow};

use crate::batch::customer_cache::{Ids, Memory};
use crate::batch::plan::Plan;
use crate::batch::reader::{BatchError, Reader};
use crate::limits::REMEMBERED_IDS_MAX;

/// Customers' states.
pub(crate) type States = HashMap<CustomerRef, CustomerState>;

/// What stands already, of the customers and verifications of a batch.
pub(crate) struct Standing {
    pub(crate) states: States,
    pub(crate) known: KnownRows,
}

impl Reader<'_> {
    /// What stands, from memory where it is there, the rest from the store. What the store said of customers
    /// that were not remembered is noted in the plan.
    pub(crate) async fn standing(
        &self,
        facts: &[Fact],
        memory: &Memory,
        plan: &mut Plan,
    ) -> Result<Standing, BatchError> {
        let mut standing = Standing { states: HashMap::new(), known: KnownRows::new() };
        let (mut strangers, mut unasked) = (Vec::new(), Vec::new());
        let mut customers: Vec<(&CustomerRef, bool)> =
            facts.iter().map(|fact| (fact.customer(), fact.verification_id().is_some())).collect();
        // Those with a verification first among one customer's.
        customers.sort_by(|a, b| a.0.cmp(b.0).then(b.1.cmp(&a.1)));
        customers.dedup_by_key(|(customer, _)| *customer);
        for (customer, has_verification) in customers {
            match memory.state(customer) {
                Some(state) => drop(standing.states.insert(customer.clone(), state.clone())),
                None => strangers.push(RowKey::State(customer.clone())),
            }
            if has_verification && matches!(memory.ids(customer), None | Some(Ids::Unasked)) {
                unasked.push(customer.clone());
            }
        }
        let (states, ids) = tokio::try_join!(self.load(&strangers), self.ids_of(&unasked))?;
        for row in states {
            let ViewRow::State(state) = row else { return Err(another_kind()) };
            standing.states.insert(state.customer.clone(), *state);
        }
        plan.ids = unasked.into_iter().zip(ids.into_iter().map(|said| memory.ids_of(said))).collect();
        for key in strangers {
            // Of whom there is no state, no event was ever taken in.
            if let RowKey::State(customer) = key
                && !standing.states.contains_key(&customer)
            {
                plan.ids.entry(customer).or_insert_with(|| memory.ids_of(Some(Vec::new())));
            }
        }
        let may_stand = |fact: &Fact| {
            let (customer, id) = (fact.customer(), fact.verification_id()?);
            let ids = plan.ids.get(customer).or_else(|| memory.ids(customer));
            let asked = ids.is_none_or(|ids| memory.may_stand(ids, id));
            asked.then(|| (customer.org.clone(), id.clone()))
        };
        let ids = facts.iter().filter_map(may_stand).collect();
        self.load_known(ids, &mut standing.known).await?;
        Ok(standing)
    }

    /// Rows that are there.
    pub(crate) async fn load(&self, keys: &[RowKey]) -> Result<Vec<ViewRow>, BatchError> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.projection.load(self.generation, keys).await?.into_iter().flatten().collect())
    }

    async fn ids_of(
        &self,
        customers: &[CustomerRef],
    ) -> Result<Vec<Option<Vec<VerificationId>>>, BatchError> {
        if customers.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.projection.verification_ids(self.generation, customers, REMEMBERED_IDS_MAX).await?)
    }

    /// Adds those of the verifications that are there.
    pub(crate) async fn load_known(
        &self,
        ids: Vec<(OrgId, VerificationId)>,
        known: &mut KnownRows,
    ) -> Result<(), BatchError> {
        let keys: Vec<RowKey> = ids.into_iter().map(|(org, id)| RowKey::Verification(org, id)).collect();
        for row in self.load(&keys).await? {
            let ViewRow::Verification(row) = row else { return Err(another_kind()) };
            known.insert(row.id.clone(), *row);
        }
        Ok(())
    }
}

fn another_kind() -> BatchError {
    BatchError::Halted("the store answered another kind of row".to_owned())
}
