//! A customer's KYC as of a moment, from the log alone: all of the customer's facts are folded, and the rows whose
//! `createdAt` is not after the moment are shown, as `GET /api/identity/kyc/{customerId}?asOf=` shows them of the read
//! model. What is sealed is not opened.

use std::collections::BTreeMap;

use domain::assurance::{AssurancePath, blockers};
use domain::capture::{Measure, VoterState};
use domain::event::Offset;
use domain::ids::{CustomerRef, RecheckId};
use domain::limits::KYC_ROWS_MAX;
use domain::policy::Methods;
use domain::ports::{KycRows, Topic, partition_of};
use domain::recheck::RecheckStatus;
use domain::rows::{
    CustomerState, Registration, ReviewRow, TierEventRow, VerificationRow, VerificationStatus, ViewRow,
    VoidRow,
};
use domain::sealed::{Field, Purposes};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::erased_fields::ErasedFields;
use crate::merge::ReadProgress;
use crate::partition_walk::{PartitionWalk, bounds_beside};
use crate::refold::{CustomerFold, RefoldError, fact_of};
use crate::replay::sealed_word;
use crate::{CompliancePorts, ReadError};

/// What the log says of a customer as of a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerKyc {
    /// Who.
    pub customer: CustomerRef,
    /// When it is as of.
    pub as_of: Timestamp,
    /// Its registration.
    pub registration: Registration,
    /// Its rows up to then, the last of each.
    pub rows: KycRows,
    /// What its identity rested on then.
    pub assurance: AssurancePath,
    /// Its latest recheck, as it stood then.
    pub recheck: Option<(RecheckId, RecheckStatus)>,
    /// What nobody can open any more, by now.
    pub erased: Purposes,
}

/// What the state said that a moment falls on.
#[derive(Debug, Default)]
struct StateAsOf {
    verified: Methods,
    recheck: Option<(RecheckId, RecheckStatus)>,
}

impl StateAsOf {
    fn of(state: &CustomerState) -> Self {
        let recheck = state.recheck.as_ref().map(|row| (row.id.clone(), row.status));
        Self { verified: state.verified, recheck }
    }
}

/// The rows that a customer's state is shown with, each kind by itself.
#[derive(Debug, Default)]
struct RowsAsOf {
    verifications: NewestRows<VerificationRow>,
    history: NewestRows<TierEventRow>,
    reviews: NewestRows<ReviewRow>,
    voids: NewestRows<VoidRow>,
}

impl RowsAsOf {
    /// Takes the row up if it was there by then.
    fn take(&mut self, as_of: Timestamp, row: ViewRow) {
        match row {
            ViewRow::Verification(row) if row.created_at <= as_of => {
                self.verifications.take(row.created_at, row.source.offset, *row);
            }
            ViewRow::Review(row) if row.created_at <= as_of => {
                self.reviews.take(row.created_at, row.source.offset, *row);
            }
            ViewRow::Void(row) if row.created_at <= as_of => {
                self.voids.take(row.created_at, row.source.offset, *row);
            }
            ViewRow::TierEvent(row) if row.created_at <= as_of => {
                self.history.take(row.created_at, row.source.offset, row);
            }
            _ => {}
        }
    }

    fn newest_first(self) -> KycRows {
        KycRows {
            verifications: self.verifications.newest_first(),
            history: self.history.newest_first(),
            reviews: self.reviews.newest_first(),
            voids: self.voids.newest_first(),
        }
    }
}

/// Rows with a `createdAt`, the last [`KYC_ROWS_MAX`] of them.
#[derive(Debug)]
struct NewestRows<T>(BTreeMap<(Timestamp, Offset), T>);

impl<T> Default for NewestRows<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T> NewestRows<T> {
    /// A row that comes again, as one does that waited for a release, stands in its first one's place.
    fn take(&mut self, at: Timestamp, offset: Offset, row: T) {
        self.0.insert((at, offset), row);
        if self.0.len() > KYC_ROWS_MAX {
            self.0.pop_first();
        }
    }

    fn newest_first(self) -> Vec<T> {
        self.0.into_values().rev().collect()
    }
}

/// Folds the customer's facts. None when the customer was not registered then.
///
/// # Errors
/// [`RefoldError`].
pub async fn customer_kyc(
    ports: &CompliancePorts,
    customer: &CustomerRef,
    as_of: Timestamp,
    progress: &dyn ReadProgress,
) -> Result<Option<CustomerKyc>, RefoldError> {
    let (log, key) = (&*ports.log, customer.record_key());
    let partitions = log.describe(Topic::Events).await?.partitions;
    let theirs = partition_of(key.as_bytes(), partitions);
    let ranges = log.offsets(Topic::Events).await?;
    let Some(range) = ranges.into_iter().find(|range| range.partition == theirs) else { return Ok(None) };
    let mut walk = PartitionWalk::new(Topic::Events, range, bounds_beside(1));
    let mut fold = None;
    let mut rows = RowsAsOf::default();
    let mut then = StateAsOf::default();
    while walk.remaining() > 0 {
        let before = walk.remaining();
        for record in walk.next_records(log).await? {
            if record.key != key.as_bytes() {
                continue;
            }
            let fact = fact_of(&ports.codec, &record, customer)?;
            let fold = fold.get_or_insert_with(|| CustomerFold::new(customer.clone(), record.source, None));
            fold.take(fact)?.into_iter().for_each(|row| rows.take(as_of, row));
            if fold.state().last_created_at <= as_of {
                then = StateAsOf::of(fold.state());
            }
        }
        progress.records(before - walk.remaining());
    }
    let state = fold.map(|fold: CustomerFold| fold.state().clone());
    let Some(state) = state else { return Ok(None) };
    let Some(registration) = state.registration.filter(|registration| registration.created_at <= as_of)
    else {
        return Ok(None);
    };
    let mut erased = ErasedFields::new(ports.keys.clone());
    erased.ask(std::iter::once(customer)).await.map_err(ReadError::from)?;
    Ok(Some(CustomerKyc {
        customer: customer.clone(),
        as_of,
        registration,
        rows: rows.newest_first(),
        assurance: AssurancePath::of(then.verified, then.recheck.as_ref().map(|(_, status)| *status)),
        recheck: then.recheck,
        erased: erased.of(customer).union(state.erased),
    }))
}

impl CustomerKyc {
    /// The body of `GET /api/identity/kyc/{customerId}?asOf=`, with what is sealed as `{"sealed":true}` or
    /// `{"erased":true}`. On which signals an org blocks is its choice of today and in no fact of the customer's: they are not
    /// among the blockers here.
    pub fn body(&self) -> Value {
        let kyc = self.rows.kyc();
        let blockers = blockers(kyc, self.as_of, &[], []);
        let verifications = self.rows.verifications.iter().map(|row| {
            let mut body = json!({
                "id": row.id.as_str(),
                "method": row.method.as_str(),
                "status": row.status.as_str(),
                "score": row.score,
                "reason": row.reason.as_ref().map(|_| self.sealed(Field::Reason)),
                "createdAt": row.created_at.rfc3339(),
            });
            self.add_judgement(row, &mut body);
            body
        });
        let history = self.rows.history.iter().map(|row| {
            json!({
                "id": row.id.as_str(),
                "fromTier": row.from_tier.as_str(),
                "toTier": row.to_tier.as_str(),
                "actorUserId": null,
                "reason": row.reason,
                "createdAt": row.created_at.rfc3339(),
            })
        });
        json!({
            "customer": {
                "id": self.customer.customer.as_str(),
                "fullName": self.sealed(Field::FullName),
                "kycLevel": kyc.tier.as_str(),
                "kycLastVerifiedAt": kyc.last_verified_at.map(Timestamp::rfc3339),
                "kycExpiresAt": kyc.expires_at.map(Timestamp::rfc3339),
            },
            "eligible": blockers.is_empty(),
            "blockers": blockers.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "assurance": {
                "path": self.assurance.as_str(),
                "recheck": self.recheck.as_ref().map(|(id, status)| {
                    json!({ "id": id.as_str(), "status": status.as_str() })
                }),
            },
            "verifications": verifications.collect::<Vec<_>>(),
            "history": history.collect::<Vec<_>>(),
        })
    }

    /// As the endpoint does: of a capture how it was judged, of a pending one what a person decided, and that it is void.
    fn add_judgement(&self, row: &VerificationRow, body: &mut Value) {
        if let Some(assessment) = &row.assessment {
            let voters = assessment.anti_spoof.voters.iter().chain(&assessment.tamper.voters);
            let voters = voters.map(|voter| {
                json!({
                    "name": voter.name,
                    "passed": voter.state == VoterState::Pass,
                    "state": voter.state.as_str(),
                    "reason": voter.reason,
                    "value": voter.value.map(Measure::value),
                    "threshold": voter.threshold.map(Measure::value),
                })
            });
            let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
            let models = assessment.models.iter();
            body["assuranceTier"] = assessment.assurance.as_str().into();
            body["assessment"] = json!({
                "engine": assessment.engine,
                "policyVersion": assessment.policy_version,
                "models": models.map(|of| json!({ "id": of.name, "sha256": hex(&of.sha256) })).collect::<Vec<_>>(),
                "voters": voters.collect::<Vec<_>>(),
            });
        }
        if let Some(of) = self.rows.voids.iter().find(|of| of.verification_id == row.id) {
            body["voided"] = json!({
                "reasonCode": of.reason.as_str(),
                "by": of.by,
                "createdAt": of.created_at.rfc3339(),
            });
        }
        if row.status == VerificationStatus::Pending {
            let review = self.rows.reviews.iter().find(|of| of.verification_id == row.id);
            body["review"] = review.map_or(Value::Null, |of| {
                json!({
                    "toStatus": of.to_status.as_str(),
                    "reasonCode": of.reason_code,
                    "by": of.by,
                    "createdAt": of.created_at.rfc3339(),
                })
            });
        }
    }

    fn sealed(&self, field: Field) -> Value {
        json!({ sealed_word(field, self.erased): true })
    }
}
