//! Who brought which NIK, in memory.

use async_trait::async_trait;
use domain::ids::{CustomerId, OrgId};
use domain::nik::NikTag;
use domain::ports::{NikIndex, StoreError};
use domain::rows::{Generation, ViewRow};

use super::views::MemoryViews;

#[async_trait]
impl NikIndex for MemoryViews {
    async fn holders(
        &self,
        generation: Generation,
        org: &OrgId,
        tags: &[NikTag],
        limit: usize,
    ) -> Result<Vec<Vec<CustomerId>>, StoreError> {
        let rows = self.dump(generation);
        let of_tag = |tag: &NikTag| {
            let theirs = rows.iter().filter_map(|(_, row)| match row {
                ViewRow::NikHolder(row) if row.tag == *tag && row.customer.org == *org => {
                    Some(row.customer.customer.clone())
                }
                _ => None,
            });
            let mut ids: Vec<CustomerId> = theirs.collect();
            ids.sort();
            ids.truncate(limit);
            ids
        };
        Ok(tags.iter().map(of_tag).collect())
    }
}
