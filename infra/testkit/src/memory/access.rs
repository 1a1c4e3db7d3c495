//! The access index in memory, beside the key rows.

use async_trait::async_trait;
use domain::ports::{AccessIndex, AccessPage, AccessQuery, AccessRow, StoreError};

use super::{MemoryKeys, lock};

#[async_trait]
impl AccessIndex for MemoryKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        let mut rows = lock(&self.access);
        if !rows.contains(row) {
            rows.push(row.clone());
        }
        Ok(())
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let rows = lock(&self.access);
        let mut rows: Vec<AccessRow> = rows.iter().filter(|row| query.matches(row)).cloned().collect();
        rows.sort_by_key(|row| std::cmp::Reverse(row.place()));
        let more = rows.len() > query.limit;
        rows.truncate(query.limit);
        Ok(AccessPage { rows, more })
    }
}
