//! Generations and the operator's look into them, in memory.

use std::collections::BTreeSet;

use async_trait::async_trait;
use domain::ids::CustomerRef;
use domain::ports::{Acknowledgement, Generations, Inspection, Pointer, Stamped, StoreError};
use domain::rows::{CustomerState, Generation, PositionRow, TallyKey, TallyRow, ViewRow};

use super::MemoryViews;
use super::lock;

#[async_trait]
impl Generations for MemoryViews {
    async fn pointer(&self) -> Result<Pointer, StoreError> {
        Ok(lock(&self.inner).pointer.clone().unwrap_or(Pointer::FIRST))
    }

    async fn point(&self, to: &Pointer) -> Result<bool, StoreError> {
        let mut inner = lock(&self.inner);
        let stands = inner.pointer.as_ref().map_or(0, |pointer| pointer.version);
        let fits = stands + 1 == to.version;
        if fits {
            inner.pointer = Some(to.clone());
        }
        Ok(fits)
    }

    async fn ensure_generation(&self, _generation: Generation) -> Result<(), StoreError> {
        Ok(())
    }

    async fn drop_generation(&self, generation: Generation) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        inner.rows.retain(|(of, _), _| *of != generation);
        inner.erased.retain(|(of, _), _| *of != generation);
        Ok(())
    }

    async fn acknowledge(&self, instance: &str, said: Option<&Acknowledgement>) -> Result<(), StoreError> {
        let mut inner = lock(&self.inner);
        match said {
            Some(said) => inner.said.insert(instance.to_owned(), said.clone()),
            None => inner.said.remove(instance),
        };
        Ok(())
    }

    async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        Ok(lock(&self.inner).said.values().cloned().collect())
    }
}

/// Whom a row is about.
fn customer(row: &ViewRow) -> Option<&CustomerRef> {
    match row {
        ViewRow::Verification(row) => Some(&row.customer),
        ViewRow::Enrolment(row) => Some(&row.customer),
        ViewRow::Reference(row) => Some(&row.customer),
        ViewRow::Review(row) => Some(&row.customer),
        ViewRow::TierEvent(row) => Some(&row.customer),
        ViewRow::Signal(row) => Some(&row.customer),
        ViewRow::Note(row) => Some(&row.customer),
        ViewRow::Fallback(row) => Some(&row.customer),
        ViewRow::RecheckClosure(row) => Some(&row.customer),
        ViewRow::Recheck(row) => Some(&row.customer),
        ViewRow::State(row) => Some(&row.customer),
        ViewRow::EraseEnrolments(customer) => Some(customer),
        ViewRow::Tally(_) | ViewRow::Books(_) | ViewRow::Position(_) => None,
    }
}

impl MemoryViews {
    /// What `pick` finds among the rows of a generation.
    fn pick<T>(&self, generation: Generation, pick: impl Fn(&ViewRow) -> Option<T>) -> Vec<T> {
        let inner = lock(&self.inner);
        let rows = inner.rows.iter().filter(|((of, _), _)| *of == generation);
        rows.filter_map(|(_, (_, row))| pick(row)).collect()
    }
}

#[async_trait]
impl Inspection for MemoryViews {
    async fn customers(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerRef>, StoreError> {
        let all: BTreeSet<CustomerRef> =
            self.pick(generation, |row| customer(row).cloned()).into_iter().collect();
        Ok(all.into_iter().filter(|c| after.is_none_or(|after| c > after)).take(limit).collect())
    }

    async fn rows_of(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
    ) -> Result<Vec<Vec<Stamped>>, StoreError> {
        let inner = lock(&self.inner);
        let about = |whom: &CustomerRef| {
            let rows = inner.rows.iter().filter(|((of, _), _)| *of == generation);
            rows.filter(|(_, (_, row))| customer(row) == Some(whom))
                .map(|(_, stamped)| stamped.clone())
                .collect()
        };
        Ok(customers.iter().map(about).collect())
    }

    async fn counts_categories(&self, _generation: Generation) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn tallies(
        &self,
        generation: Generation,
        after: Option<&TallyKey>,
        limit: usize,
    ) -> Result<Vec<TallyRow>, StoreError> {
        let mut all =
            self.pick(generation, |row| if let ViewRow::Tally(row) = row { Some(row.clone()) } else { None });
        all.sort_by(|a, b| a.key.cmp(&b.key));
        all.retain(|row| after.is_none_or(|after| row.key > *after));
        all.truncate(limit);
        Ok(all)
    }

    async fn quarantined(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerState>, StoreError> {
        let mut all = self.pick(generation, |row| match row {
            ViewRow::State(state) if state.quarantine.is_some() => Some(CustomerState::clone(state)),
            _ => None,
        });
        all.sort_by(|a, b| a.customer.cmp(&b.customer));
        all.retain(|state| after.is_none_or(|after| state.customer > *after));
        all.truncate(limit);
        Ok(all)
    }

    async fn positions(&self, generation: Generation) -> Result<Vec<PositionRow>, StoreError> {
        Ok(self
            .pick(generation, |row| if let ViewRow::Position(row) = row { Some(row.clone()) } else { None }))
    }
}
