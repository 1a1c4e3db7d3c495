//! What is noticed about NIKs when rows are read: that another customer of the org brought the same one, and that a customer
//! brought two different ones (sequence §5.3). Neither is folded: what another customer brings later belongs to a row that
//! stands already. Not here: who may be told which customers those are.

use std::collections::{BTreeSet, HashMap};

use domain::ids::{CustomerId, CustomerRef, VerificationId};
use domain::nik::{HeldNiks, NikTag};
use domain::policy::Method;
use domain::rows::{Generation, VerificationRow};
use domain::signals::SignalKind;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};

use crate::app::App;
use crate::limits::{NIK_CUSTOMERS_SHOWN_MAX, NIK_STATES_AT_ONCE};
use crate::serving::errors::ApiError;

/// What is noticed about the NIK that a row brought.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RowNik {
    /// Whether its customer brought another one too.
    pub is_changed: bool,
    /// Other customers of the org that brought it, in the order of their ids: at most [`NIK_CUSTOMERS_SHOWN_MAX`].
    pub others: Vec<CustomerId>,
}

impl RowNik {
    /// The signals that follow, the weightiest first.
    pub fn signals(&self) -> impl Iterator<Item = SignalKind> {
        let changed = self.is_changed.then_some(SignalKind::NikChanged);
        let other = (!self.others.is_empty()).then_some(SignalKind::NikOnOtherCustomer);
        changed.into_iter().chain(other)
    }
}

/// Of rows that brought a NIK which the read model knows.
#[derive(Debug, Default)]
pub struct NikSignals(HashMap<VerificationId, RowNik>);

impl NikSignals {
    /// Of that row; none where it brought none.
    pub fn of(&self, row: &VerificationRow) -> Option<&RowNik> {
        self.0.get(&row.id)
    }

    /// Looks at rows of one org, as many as a page has. Where none of them can have brought a NIK nothing is asked.
    ///
    /// # Errors
    /// From the stores.
    pub async fn look(
        app: &App,
        generation: Generation,
        rows: impl Iterator<Item = &VerificationRow>,
    ) -> Result<Self, ApiError> {
        let rows: Vec<&VerificationRow> = rows.filter(|row| can_bring_a_nik(row.method)).collect();
        let customers: BTreeSet<&CustomerRef> = rows.iter().map(|row| &row.customer).collect();
        let Some(org) = customers.first().map(|customer| customer.org.clone()) else {
            return Ok(Self::default());
        };
        let held: HashMap<CustomerId, HeldNiks> = stream::iter(customers.into_iter().cloned())
            .map(|customer| async move {
                let state = app.views.customer(generation, &customer).await?;
                Ok::<_, ApiError>((customer.customer, state.map(|state| state.niks).unwrap_or_default()))
            })
            .buffer_unordered(NIK_STATES_AT_ONCE)
            .try_collect()
            .await?;
        let brought: Vec<(&VerificationRow, NikTag, bool)> = rows
            .into_iter()
            .filter_map(|row| {
                let niks = held.get(&row.customer.customer)?;
                Some((row, niks.of(&row.id)?, niks.are_different()))
            })
            .collect();
        let tags: Vec<NikTag> =
            brought.iter().map(|(_, tag, _)| *tag).collect::<BTreeSet<_>>().into_iter().collect();
        if tags.is_empty() {
            return Ok(Self::default());
        }
        // The customer itself is among them.
        let holders = app.nik_index.holders(generation, &org, &tags, NIK_CUSTOMERS_SHOWN_MAX + 1).await?;
        let holders: HashMap<NikTag, Vec<CustomerId>> = tags.into_iter().zip(holders).collect();
        let of_row = |(row, tag, is_changed): (&VerificationRow, NikTag, bool)| {
            let others = holders.get(&tag).into_iter().flatten();
            let others = others.filter(|id| **id != row.customer.customer).take(NIK_CUSTOMERS_SHOWN_MAX);
            (row.id.clone(), RowNik { is_changed, others: others.cloned().collect() })
        };
        Ok(Self(brought.into_iter().map(of_row).collect()))
    }
}

/// Whether rows of that method may bring a NIK that we saw.
fn can_bring_a_nik(method: Method) -> bool {
    match method {
        Method::NikFormat | Method::KtpCapture => true,
        // Dukcapil's answer is sealed as evidence, which nobody opens here.
        Method::NikDukcapil | Method::FaceMatch | Method::FaceLiveness => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noticed_becomes_its_signals() {
        use SignalKind::{NikChanged, NikOnOtherCustomer};
        let other = vec![CustomerId::from_bytes([1; 16])];
        for (is_changed, others, expected) in [
            (false, Vec::new(), Vec::new()),
            (true, Vec::new(), vec![NikChanged]),
            (false, other.clone(), vec![NikOnOtherCustomer]),
            (true, other, vec![NikChanged, NikOnOtherCustomer]),
        ] {
            assert_eq!(RowNik { is_changed, others }.signals().collect::<Vec<_>>(), expected);
        }
    }
}
