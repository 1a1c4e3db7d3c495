//! `POST /api/identity/fallbacks`: a bank declares that Dukcapil did not answer (sequence §4.1). It makes no verification: it
//! opens the customer's recheck, or goes on with the one that is open. A declaration inside a capture is the capture's.

pub mod answer;
pub mod description;
mod submission;

use std::time::Instant;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_review;
use domain::event::{AuditRecord, DukcapilAttemptFailed, Event, Fingerprint};
use domain::ids::{CustomerRef, EventId, FallbackId};
use domain::orgs::{Capability, RateBucket, Scope};
use domain::rows::FallbackRow;
use domain::sealed::{Purpose, Purposes};
use vault::CustomerKeys;

use self::submission::DeclarationSubmission;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::{WriteRecords, append_records};
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::single_flight::FlightRole;
use crate::writes::write_name::WriteName;
use crate::writes::{is_taken_in, poll_until_projected};

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/fallbacks";

/// Whose key makes the fingerprint: a body has nothing personal but that it is about somebody.
const BODY_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Profile);

/// The endpoint.
pub struct FallbackDeclaration;

impl WriteEndpoint for FallbackDeclaration {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::Write,
        scope: Some(Scope::VerificationsWrite),
        capability: Some(Capability::DukcapilEnabled),
    };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = DeclarationSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers, service::clock::now())
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        // What has no key has no repetition, whose answer would stand for ever.
        if submission.idempotency_key.is_none() {
            submission.declared.check_time()?;
        }
        let customer = context.customer(submission.customer.clone().ok_or(ApiError::NotFound)?);
        // It has neither photo nor evidence.
        let keys = admitted_keys(&context, &customer, admit_review);
        let keys = context.deciding(keys).await?;
        let fingerprint = fingerprint(&keys, &body)?;
        drop(body);
        let write = DeclarationWrite { context, customer, submission, fingerprint };
        write.record().await.map(WriteConclusion::Recorded)
    }
}

fn fingerprint(keys: &CustomerKeys, body: &[u8]) -> Result<Fingerprint, ApiError> {
    Ok(keys.fingerprint_under(BODY_PURPOSES, body)?)
}

/// A declaration that is to be recorded.
struct DeclarationWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    submission: DeclarationSubmission,
    fingerprint: Fingerprint,
}

/// The ids of a declaration.
struct DeclarationNames {
    event: EventId,
    fallback: FallbackId,
}

impl DeclarationNames {
    fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            fallback: FallbackId::from_bytes(name.id_bytes(FallbackId::PREFIX)),
        }
    }
}

impl DeclarationWrite<'_> {
    /// Records it; where repetitions have its name, one at a time and once for ever. What two instances append both, the
    /// fold tells apart.
    async fn record(&self) -> Result<WriteAnswer, ApiError> {
        let app = self.context.app;
        let Some(key) = self.submission.idempotency_key.as_deref() else {
            return self.append(&DeclarationNames::of(&WriteName::Random)).await;
        };
        let names = DeclarationNames::of(&self.context.keyed_name(ROUTE, &self.customer.customer, key));
        let leader = match app.single_flight.join(&names.event, self.fingerprint).await {
            FlightRole::Leader(leader) => leader,
            FlightRole::OtherBody => return Err(ApiError::KeyReused),
            FlightRole::Follower(answer) => return answer.map(WriteAnswer::replayed),
        };
        let until = Instant::now() + self.context.times().look_within;
        let seen = tokio::time::timeout_at(until.into(), self.row(&names)).await;
        let answer = match seen.unwrap_or(Ok(None)) {
            Ok(Some(row)) => answer::projected(&row).map(WriteAnswer::replayed),
            // A read model that cannot be asked loses nothing: the fold tells a repetition from a first.
            Ok(None) | Err(ApiError::Unavailable(_)) => self.append(&names).await,
            Err(error) => Err(error),
        };
        leader.land(&answer);
        answer
    }

    /// Appends it, then waits until the read model shows it.
    async fn append(&self, names: &DeclarationNames) -> Result<WriteAnswer, ApiError> {
        self.submission.declared.check_time()?;
        let now = self.context.app.now();
        append_records(&self.context, self.records(names), now).await?;
        let times = self.context.times();
        let shown = if times.waits {
            poll_until_projected(times.wait_until, || async {
                match self.row(names).await {
                    // Another body has the name: that is an answer.
                    Err(ApiError::KeyReused) => Ok(Some(None)),
                    Ok(Some(row)) => {
                        let is_taken_in = is_taken_in(self.context.app, &self.customer, row.source).await?;
                        Ok(is_taken_in.then_some(Some(row)))
                    }
                    Ok(None) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .await
        } else {
            None
        };
        match shown {
            Some(Some(row)) => answer::projected(&row),
            Some(None) => Err(ApiError::KeyReused),
            None => answer::accepted(&names.fallback, &self.customer.customer),
        }
    }

    /// Its row, when the read model shows it.
    async fn row(&self, names: &DeclarationNames) -> Result<Option<FallbackRow>, ApiError> {
        let app = self.context.app;
        let generation = app.generation().await?;
        match app.rechecks.fallback(generation, &self.customer.org, &names.fallback).await? {
            Some(row) if row.body_fingerprint != self.fingerprint => Err(ApiError::KeyReused),
            row => Ok(row),
        }
    }

    /// Its record for an auditor, and its event: the same facts under the same id.
    fn records(&self, names: &DeclarationNames) -> WriteRecords {
        let declared = DukcapilAttemptFailed {
            event_id: names.event.clone(),
            customer: self.customer.clone(),
            fallback_id: names.fallback.clone(),
            attempt: self.submission.declared.attempt,
            verification_id: None,
            by: self.context.caller.key.id.as_str().to_owned(),
            body_fingerprint: self.fingerprint,
        };
        let event = Event::DukcapilAttemptFailed(declared.clone());
        WriteRecords::with_evidence(AuditRecord::DukcapilAttemptFailed(declared), |_| event)
    }
}
