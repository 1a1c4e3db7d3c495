//! Which purposes of a customer nobody can open any more: by the key rows, where destroying a key leaves its trace.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ids::CustomerRef;
use domain::ports::{DataKey, KeyRows, StoreError};
use domain::sealed::{Purpose, Purposes};
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::limits::{KEY_ROWS_AT_ONCE, KEY_ROWS_REMEMBERED_MAX};

/// Destroyed purposes, asked once of each customer as a rule.
pub struct ErasedFields {
    keys: Arc<dyn KeyRows>,
    remembered: HashMap<CustomerRef, Purposes>,
}

impl ErasedFields {
    /// By those key rows.
    pub fn new(keys: Arc<dyn KeyRows>) -> Self {
        Self { keys, remembered: HashMap::new() }
    }

    /// Asks for those customers that it has not asked for yet.
    ///
    /// # Errors
    /// From the key store.
    pub async fn ask(&mut self, customers: impl Iterator<Item = &CustomerRef>) -> Result<(), StoreError> {
        let mut wanted: Vec<CustomerRef> = customers.cloned().collect();
        wanted.sort_unstable();
        wanted.dedup();
        if self.remembered.len() + wanted.len() > KEY_ROWS_REMEMBERED_MAX {
            self.remembered.clear();
        }
        wanted.retain(|customer| !self.remembered.contains_key(customer));
        let keys = &self.keys;
        let asked: Vec<(CustomerRef, Purposes)> = stream::iter(wanted)
            .map(|customer| async move {
                let row = keys.get(&customer).await?;
                let destroyed = |purpose: &Purpose| {
                    row.as_ref().is_some_and(|row| matches!(row.key(*purpose), DataKey::Destroyed { .. }))
                };
                let purposes = Purpose::ALL.into_iter().filter(destroyed).collect();
                Ok::<_, StoreError>((customer, purposes))
            })
            .buffer_unordered(KEY_ROWS_AT_ONCE)
            .try_collect()
            .await?;
        self.remembered.extend(asked);
        Ok(())
    }

    /// The purposes of a customer that was asked for.
    pub fn of(&self, customer: &CustomerRef) -> Purposes {
        self.remembered.get(customer).copied().unwrap_or(Purposes::NONE)
    }
}
