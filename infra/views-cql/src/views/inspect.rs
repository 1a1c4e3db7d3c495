//! The operator's look into a generation: the Inspection port. What is read is of no single moment.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use async_trait::async_trait;
use domain::event::{Partition, TopicId};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, FallbackId, RecheckId, VerificationId};
use domain::ports::{Inspection, Stamped, StoreError};
use domain::rows::{
    CustomerState, EnrolmentRow, EventNote, FallbackRow, Generation, PositionRow, RecheckClosureRow,
    RecheckRow, ReferenceRow, ReviewRow, SignalRow, TallyKey, TallyRow, TierEventRow, VerificationRow,
    ViewRow, VoidRow, WriteTimestamp,
};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::RowBody as _;

use super::read::{broken, key};
use super::statements::{InspectStatements, Statements};
use super::{CqlViews, read, walk};
use crate::error::{Kind, failed};
use crate::limits::{CUSTOMERS_AT_ONCE, VERIFICATIONS_AT_ONCE};
use crate::session::CqlSession;
use crate::statement::{Statement, source};

/// One generation, looked into.
#[derive(Clone, Copy)]
struct Look<'a> {
    session: &'a CqlSession,
    looks: &'a InspectStatements,
}

fn at(writetime: Option<i64>) -> Result<WriteTimestamp, StoreError> {
    writetime.map(WriteTimestamp::from_value).ok_or_else(|| broken("row without a timestamp"))
}

impl Look<'_> {
    /// Waits for its turn among the bulk work, and reads every row.
    async fn each<R>(
        &self,
        statement: &Statement,
        cells: &[crate::statement::Cell],
        take: impl FnMut(R) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>
    where
        R: for<'frame> scylla::deserialize::row::DeserializeRow<'frame, 'frame>,
    {
        let turn = self.session.bulk.acquire().await;
        let _permit = turn.map_err(|_| failed(statement.name, Kind::Connection))?;
        self.session.each(statement, cells, take).await
    }

    /// Rows that are one body each.
    async fn bodies(
        &self,
        statement: &Statement,
        customer: &CustomerRef,
        decode: impl Fn(&[u8]) -> Result<ViewRow, StoreError>,
    ) -> Result<Vec<Stamped>, StoreError> {
        let mut rows = Vec::new();
        self.each::<(Vec<u8>, Option<i64>)>(statement, &key(customer), |(body, writetime)| {
            rows.push((at(writetime)?, decode(&body)?));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Rows under the id of an enrolment.
    async fn enrolments(
        &self,
        statement: &Statement,
        customer: &CustomerRef,
        decode: impl Fn(EnrolmentId, &[u8]) -> Result<ViewRow, StoreError>,
    ) -> Result<Vec<Stamped>, StoreError> {
        let mut rows = Vec::new();
        self.each::<(String, Vec<u8>, Option<i64>)>(statement, &key(customer), |(id, body, writetime)| {
            let id = EnrolmentId::parse(&id).map_err(|_| broken("enrolment id"))?;
            rows.push((at(writetime)?, decode(id, &body)?));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Rows under the id of the verification that they review.
    async fn reviews(&self, customer: &CustomerRef) -> Result<Vec<Stamped>, StoreError> {
        let mut rows = Vec::new();
        let statement = &self.looks.look_reviews;
        self.each::<(String, Vec<u8>, Option<i64>)>(statement, &key(customer), |(id, body, writetime)| {
            let id = VerificationId::parse(&id).map_err(|_| broken("verification id"))?;
            let row = ReviewRow::read_body((customer.org.clone(), id), &body)?;
            rows.push((at(writetime)?, ViewRow::Review(Box::new(row))));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Rechecks, and closings beside them.
    async fn rechecks(&self, customer: &CustomerRef) -> Result<Vec<Stamped>, StoreError> {
        type Row = (String, Option<Vec<u8>>, Option<i64>, Option<Vec<u8>>, Option<i64>);
        let mut rows = Vec::new();
        self.each::<Row>(
            &self.looks.look_rechecks,
            &key(customer),
            |(id, body, body_at, closure, closure_at)| {
                let id = RecheckId::parse(&id).map_err(|_| broken("recheck id"))?;
                if let Some(body) = body {
                    let row = RecheckRow::read_body((customer.org.clone(), id.clone()), &body)?;
                    rows.push((at(body_at)?, ViewRow::Recheck(Box::new(row))));
                }
                if let Some(closure) = closure {
                    let row = RecheckClosureRow::read_body((customer.org.clone(), id), &closure)?;
                    rows.push((at(closure_at)?, ViewRow::RecheckClosure(row)));
                }
                Ok(ControlFlow::Continue(()))
            },
        )
        .await?;
        Ok(rows)
    }

    /// Declared failures.
    async fn fallbacks(&self, customer: &CustomerRef) -> Result<Vec<Stamped>, StoreError> {
        let mut rows = Vec::new();
        let statement = &self.looks.look_fallbacks;
        self.each::<(String, Vec<u8>, Option<i64>)>(statement, &key(customer), |(id, body, writetime)| {
            let id = FallbackId::parse(&id).map_err(|_| broken("declaration's id"))?;
            let row = FallbackRow::read_body((customer.org.clone(), id), &body)?;
            rows.push((at(writetime)?, ViewRow::Fallback(row)));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Rows under the id of the verification that counts no more.
    async fn voids(&self, customer: &CustomerRef) -> Result<Vec<Stamped>, StoreError> {
        let mut rows = Vec::new();
        let statement = &self.looks.look_voids;
        self.each::<(String, Vec<u8>, Option<i64>)>(statement, &key(customer), |(id, body, writetime)| {
            let id = VerificationId::parse(&id).map_err(|_| broken("verification id"))?;
            let row = VoidRow::read_body((customer.org.clone(), id), &body)?;
            rows.push((at(writetime)?, ViewRow::Void(Box::new(row))));
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        Ok(rows)
    }

    /// Verifications that are the customer's, and those that a signal about the customer lies with.
    async fn ids(&self, customer: &CustomerRef) -> Result<BTreeSet<VerificationId>, StoreError> {
        let mut ids = BTreeSet::new();
        for statement in [&self.looks.look_ids, &self.looks.look_signals] {
            self.each::<(String,)>(statement, &key(customer), |(id,)| {
                ids.insert(VerificationId::parse(&id).map_err(|_| broken("verification id"))?);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        }
        Ok(ids)
    }

    /// The verification, when it is the customer's, and the signals with it that are about the customer.
    async fn verification(
        &self,
        customer: &CustomerRef,
        id: &VerificationId,
    ) -> Result<Vec<Stamped>, StoreError> {
        type Row = (
            Option<Vec<u8>>,
            Option<i64>,
            Option<i64>,
            Option<i32>,
            Option<i64>,
            Option<Vec<u8>>,
            Option<String>,
            Option<String>,
            Option<i64>,
        );
        let mut rows: Vec<Stamped> = Vec::new();
        let mut body: Option<(Vec<u8>, Option<i64>)> = None;
        let cells = [
            crate::statement::Cell::Org(customer.org.clone()),
            crate::statement::Cell::Verification(id.clone()),
        ];
        self.each::<Row>(&self.looks.look_verification, &cells, |row| {
            let (static_body, body_at, created_at, partition, offset, topic, kind, whose, signal_at) = row;
            if body.is_none() {
                body = static_body.map(|static_body| (static_body, body_at));
            }
            let (Some(created_at), Some(partition), Some(offset), Some(topic), Some(kind), Some(whose)) =
                (created_at, partition, offset, topic, kind, whose)
            else {
                return Ok(ControlFlow::Continue(()));
            };
            let whose = CustomerId::parse(&whose).map_err(|_| broken("customer"))?;
            if whose == customer.customer {
                let signal = SignalRow {
                    verification_id: id.clone(),
                    customer: customer.clone(),
                    source: source(&topic, partition, offset)?,
                    kind,
                    created_at: Timestamp::from_millis(created_at),
                };
                rows.push((at(signal_at)?, ViewRow::Signal(signal)));
            }
            Ok(ControlFlow::Continue(()))
        })
        .await?;
        if let Some((body, body_at)) = body {
            let row = VerificationRow::read_body((customer.org.clone(), id.clone()), &body)?;
            if row.customer == *customer {
                rows.push((at(body_at)?, ViewRow::Verification(Box::new(row))));
            }
        }
        Ok(rows)
    }

    /// All rows about a customer.
    async fn rows_of(&self, customer: &CustomerRef) -> Result<Vec<Stamped>, StoreError> {
        let looks = self.looks;
        let state = self.bodies(&looks.look_state, customer, |body| {
            Ok(ViewRow::State(Box::new(CustomerState::read_body(customer.clone(), body)?)))
        });
        let tier_events = self.bodies(&looks.look_tier_events, customer, |body| {
            Ok(ViewRow::TierEvent(TierEventRow::read_body(customer.clone(), body)?))
        });
        let notes = self.bodies(&looks.look_notes, customer, |body| {
            Ok(ViewRow::Note(EventNote::read_body(customer.clone(), body)?))
        });
        let verifications = async {
            let ids = self.ids(customer).await?;
            stream::iter(ids)
                .map(|id| async move { self.verification(customer, &id).await })
                .buffered(VERIFICATIONS_AT_ONCE)
                .try_concat()
                .await
        };
        let enrolments = self.enrolments(&looks.look_enrolments, customer, |id, body| {
            Ok(ViewRow::Enrolment(EnrolmentRow::read_body((customer.clone(), id), body)?))
        });
        let references = self.enrolments(&looks.look_references, customer, |id, body| {
            Ok(ViewRow::Reference(ReferenceRow::read_body((customer.clone(), id), body)?))
        });
        let (mut rows, verifications, enrolments, references, reviews, voids, tier_events, notes) = futures::try_join!(
            state,
            verifications,
            enrolments,
            references,
            self.reviews(customer),
            self.voids(customer),
            tier_events,
            notes
        )?;
        let ledger = futures::try_join!(self.rechecks(customer), self.fallbacks(customer))?;
        rows.extend(ledger.0.into_iter().chain(ledger.1));
        for more in [verifications, enrolments, references, reviews, voids, tier_events, notes] {
            rows.extend(more);
        }
        Ok(rows)
    }
}

#[async_trait]
impl Inspection for CqlViews {
    async fn customers(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerRef>, StoreError> {
        let looks = InspectStatements::of(&self.session, generation).await?;
        let tables = [
            &looks.in_states,
            &looks.in_verifications,
            &looks.in_enrolments,
            &looks.in_references,
            &looks.in_tier_events,
            &looks.in_reviews,
            &looks.in_voids,
            &looks.in_notes,
            &looks.in_signals,
            &looks.in_rechecks,
            &looks.in_fallbacks,
        ];
        walk::customers(&self.session, &looks, &tables, after, limit).await
    }

    async fn rows_of(
        &self,
        generation: Generation,
        customers: &[CustomerRef],
    ) -> Result<Vec<Vec<Stamped>>, StoreError> {
        let looks = InspectStatements::of(&self.session, generation).await?;
        let look = Look { session: &self.session, looks: &looks };
        stream::iter(customers.to_vec())
            .map(|customer| async move { Box::pin(look.rows_of(&customer)).await })
            .buffered(CUSTOMERS_AT_ONCE)
            .try_collect()
            .await
    }

    async fn counts_categories(&self, generation: Generation) -> Result<bool, StoreError> {
        self.session.counts_categories(generation).await
    }

    async fn tallies(
        &self,
        generation: Generation,
        after: Option<&TallyKey>,
        limit: usize,
    ) -> Result<Vec<TallyRow>, StoreError> {
        let looks = InspectStatements::of(&self.session, generation).await?;
        walk::tallies(&self.session, &looks, after, limit).await
    }

    async fn quarantined(
        &self,
        generation: Generation,
        after: Option<&CustomerRef>,
        limit: usize,
    ) -> Result<Vec<CustomerState>, StoreError> {
        let looks = InspectStatements::of(&self.session, generation).await?;
        let tables = Statements::of(&self.session, generation).await?;
        let mut after = after.cloned();
        let mut found = Vec::new();
        // Whoever was released is still on the list; the state says so.
        while found.len() < limit {
            let listed = [&looks.in_quarantined];
            let page = walk::customers(&self.session, &looks, &listed, after.as_ref(), limit).await?;
            let Some(last) = page.last() else { break };
            after = Some(last.clone());
            let states: Vec<Option<CustomerState>> = stream::iter(page)
                .map(|customer| {
                    let (session, tables) = (&self.session, &tables);
                    async move { read::customer(session, tables, &customer).await }
                })
                .buffered(CUSTOMERS_AT_ONCE)
                .try_collect()
                .await?;
            found.extend(states.into_iter().flatten().filter(|state| state.quarantine.is_some()));
        }
        found.truncate(limit);
        Ok(found)
    }

    async fn positions(&self, generation: Generation) -> Result<Vec<PositionRow>, StoreError> {
        let looks = InspectStatements::of(&self.session, generation).await?;
        let mut positions = Vec::new();
        self.session
            .each::<(Vec<u8>, i32, Vec<u8>)>(&looks.all_positions, &[], |(topic, partition, body)| {
                let topic = TopicId(topic.try_into().map_err(|_| broken("topic id"))?);
                let partition = Partition(u32::try_from(partition).map_err(|_| broken("partition"))?);
                positions.push(PositionRow::read_body((topic, partition), &body)?);
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(positions)
    }
}
