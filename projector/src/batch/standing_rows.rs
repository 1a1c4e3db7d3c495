//! What stands of one customer, for a void: every verification row and its review is looked at, in parts, and only what it
//! proves is kept. Voids are rare; a customer with a hundred thousand rows takes some seconds of its partition's time.

use domain::event::Source;
use domain::fold::{KnownRows, StandingProofs};
use domain::ids::{CustomerRef, VerificationId};
use domain::limits::VOIDABLE_ROWS_MAX;
use domain::rows::{ReviewRow, RowKey, VerificationRow, VerificationStatus, ViewRow};

use crate::batch::batch_error::BatchError;
use crate::batch::prefetch::BatchReader;
use crate::limits::STANDING_ROWS_AT_ONCE;

impl BatchReader<'_> {
    /// Takes the customer's proofs up, of rows that stood before the event at that place, once a batch: between two events
    /// of one nothing is written, so what the store lacked then is among the rows that the fold made since.
    pub(crate) async fn load_proofs(
        &self,
        customer: &CustomerRef,
        event: Source,
        known: &mut KnownRows,
    ) -> Result<(), BatchError> {
        if known.proofs.contains_key(customer) {
            return Ok(());
        }
        let whose = std::slice::from_ref(customer);
        let ids = self.projection.verification_ids(self.generation, whose, VOIDABLE_ROWS_MAX).await?;
        let Some(ids) = ids.into_iter().next().flatten() else {
            known.proofs.insert(customer.clone(), None);
            return Ok(());
        };
        let mut proofs = StandingProofs::default();
        for part in ids.chunks(STANDING_ROWS_AT_ONCE) {
            self.take_part(customer, part, event, &mut proofs).await?;
        }
        known.proofs.insert(customer.clone(), Some(proofs));
        Ok(())
    }

    async fn take_part(
        &self,
        customer: &CustomerRef,
        ids: &[VerificationId],
        event: Source,
        proofs: &mut StandingProofs,
    ) -> Result<(), BatchError> {
        let names: Vec<RowKey> =
            ids.iter().map(|id| RowKey::Verification(customer.org.clone(), id.clone())).collect();
        let rows = self.load(&names).await?.into_iter().filter_map(verification);
        let (pending, decided): (Vec<_>, Vec<_>) =
            rows.partition(|row| row.status == VerificationStatus::Pending);
        for row in &decided {
            proofs.take(row, None, event);
        }
        let reviews: Vec<RowKey> =
            pending.iter().map(|row| RowKey::Review(customer.org.clone(), row.id.clone())).collect();
        let reviews: Vec<ReviewRow> = self.load(&reviews).await?.into_iter().filter_map(review).collect();
        for row in &pending {
            proofs.take(row, reviews.iter().find(|review| review.verification_id == row.id), event);
        }
        Ok(())
    }
}

fn verification(row: ViewRow) -> Option<VerificationRow> {
    if let ViewRow::Verification(row) = row { Some(*row) } else { None }
}

fn review(row: ViewRow) -> Option<ReviewRow> {
    if let ViewRow::Review(row) = row { Some(*row) } else { None }
}
