//! The access index in memory, beside the key rows.

use async_trait::async_trait;
use domain::event::{PersonalDataRead, Source};
use domain::ports::{AccessCustomers, AccessIndex, AccessPage, AccessQuery, AccessRow, StoreError};

use super::{MemoryKeys, lock};

/// What was added.
#[derive(Debug, Default)]
pub(super) struct MemoryAccess {
    /// The rows of the lists that are not a customer's.
    rows: Vec<AccessRow>,
    /// The rows of customers' lists.
    of_customers: Vec<AccessRow>,
}

fn add(rows: &mut Vec<AccessRow>, row: AccessRow) {
    if !rows.contains(&row) {
        rows.push(row);
    }
}

#[async_trait]
impl AccessIndex for MemoryKeys {
    async fn add_access(&self, row: &AccessRow) -> Result<(), StoreError> {
        let mut access = lock(&self.access);
        add(&mut access.rows, row.clone());
        add(&mut access.of_customers, row.clone());
        Ok(())
    }

    async fn add_reads(&self, record: &PersonalDataRead, source: Source) -> Result<(), StoreError> {
        let mut access = lock(&self.access);
        let row = AccessRow::of_reads(record, source);
        for customer in &record.customers {
            let customers = AccessCustomers::One(customer.clone());
            add(&mut access.of_customers, AccessRow { customers, ..row.clone() });
        }
        add(&mut access.rows, row);
        Ok(())
    }

    async fn access_page(&self, query: &AccessQuery) -> Result<AccessPage, StoreError> {
        let access = lock(&self.access);
        let rows = if query.customer.is_some() { &access.of_customers } else { &access.rows };
        Ok(query.page(rows.iter().filter(|row| query.matches(row)).cloned().collect()))
    }
}
