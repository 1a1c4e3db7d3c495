//! `POST /api/identity/fallback/rechecks/{id}/close`: a bank does not wait for Dukcapil's word any more (sequence §4.4). Only an
//! open recheck is closed, and no tier changes.

pub mod answer;
pub mod description;
mod submission;

use std::time::Instant;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_review;
use domain::event::{Event, FallbackRecheckClosed, Fingerprint};
use domain::ids::{EventId, RecheckId};
use domain::orgs::{RateBucket, Scope};
use domain::recheck::RecheckStatus;
use domain::rows::RecheckRow;
use domain::sealed::{Field, Purpose, Purposes, Sealed};
use vault::{CustomerKeys, SealContext};

use self::submission::CloseSubmission;
use crate::reading::rechecks::{is_settled, recheck_of};
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::{WriteRecords, append_records};
use crate::writes::customer_keys::admitted_keys;
use crate::writes::decide_once::{DecisionRepetition, DecisionSubject, decide_once};
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::poll_until_projected;

/// The route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/fallback/rechecks/{id}/close";

/// The purposes whose fields a body may hold: its note.
const BODY_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Profile);

/// The endpoint.
pub struct RecheckClose;

impl WriteEndpoint for RecheckClose {
    const ACCESS: EndpointAccess =
        EndpointAccess { bucket: RateBucket::Write, scope: Some(Scope::ReviewsWrite), capability: None };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = CloseSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let id = context.path_id.as_deref().map(RecheckId::parse);
        let Some(Ok(id)) = id else { return Err(ApiError::RecheckNotFound) };
        context.objects.add(id.as_str());
        let recheck = context.deciding(recheck_of(context.app, &context.caller.org().org, &id)).await?;
        let customer = recheck.customer.clone();
        let keys = admitted_keys(&context, &customer, admit_review);
        let keys = context.deciding(keys).await.map_err(of_nobody)?;
        // Which recheck it is about stands in the address: the same body about another one is another write.
        let told = [id.as_str().as_bytes(), b"\n", &body[..]].concat();
        let fingerprint = keys.fingerprint_under(BODY_PURPOSES, &told)?;
        drop(body);
        CloseWrite { context, recheck, keys, submission, fingerprint }
            .record()
            .await
            .map(WriteConclusion::Recorded)
    }
}

/// The recheck of a customer who is no more was settled with the erasure, and there is none to close.
fn of_nobody(error: ApiError) -> ApiError {
    if error == ApiError::NotFound { ApiError::RecheckNotFound } else { error }
}

/// A close that is to be recorded.
struct CloseWrite<'a> {
    context: WriteContext<'a>,
    recheck: RecheckRow,
    keys: CustomerKeys,
    submission: CloseSubmission,
    fingerprint: Fingerprint,
}

impl CloseWrite<'_> {
    async fn record(&self) -> Result<WriteAnswer, ApiError> {
        let subject = DecisionSubject {
            route: ROUTE,
            customer: &self.recheck.customer.customer,
            id: self.recheck.id.as_str(),
        };
        let key = self.submission.idempotency_key.as_deref();
        decide_once(&self.context, subject, key, self.fingerprint, async |event, repetition| match repetition
        {
            DecisionRepetition::Keyed => self.once(event).await,
            DecisionRepetition::None => self.close(event, &self.recheck).await,
        })
        .await
    }

    /// As of now: another one may have closed it while this one waited.
    async fn once(&self, event: EventId) -> Result<WriteAnswer, ApiError> {
        let until = Instant::now() + self.context.times().look_within;
        let recheck = match tokio::time::timeout_at(until.into(), self.present()).await {
            Ok(recheck) => recheck?,
            Err(_) => self.recheck.clone(),
        };
        match &recheck.closed {
            Some(closed) if closed.event_id == event && closed.body_fingerprint != Some(self.fingerprint) => {
                Err(ApiError::KeyReused)
            }
            Some(closed) if closed.event_id == event => answer::projected(closed).map(WriteAnswer::replayed),
            Some(_) | None => self.close(event, &recheck).await,
        }
    }

    async fn present(&self) -> Result<RecheckRow, ApiError> {
        recheck_of(self.context.app, &self.recheck.customer.org, &self.recheck.id).await
    }

    /// Appends it, then waits until the read model shows what became of the recheck.
    async fn close(&self, event_id: EventId, recheck: &RecheckRow) -> Result<WriteAnswer, ApiError> {
        if recheck.status != RecheckStatus::Open {
            return Err(ApiError::RecheckNotOpen);
        }
        let event = self.event(event_id.clone())?;
        append_records(&self.context, WriteRecords::EventAlone(event), self.context.app.now()).await?;
        let times = self.context.times();
        if !times.waits {
            return answer::accepted(recheck);
        }
        let shown = poll_until_projected(times.wait_until, || async {
            let recheck = self.present().await?;
            Ok(is_settled(self.context.app, &recheck).await?.then_some(recheck))
        })
        .await;
        match shown.map(|recheck| recheck.closed) {
            None => answer::accepted(recheck),
            Some(Some(closed)) if closed.event_id == event_id => answer::projected(&closed),
            // Something else settled it first.
            Some(_) => Err(ApiError::RecheckNotOpen),
        }
    }

    fn event(&self, event_id: EventId) -> Result<Event, ApiError> {
        let Self { context, recheck, submission, fingerprint, .. } = self;
        Ok(Event::FallbackRecheckClosed(FallbackRecheckClosed {
            note: self.note(&event_id)?,
            event_id,
            customer: recheck.customer.clone(),
            recheck_id: recheck.id.clone(),
            reason_code: submission.reason_code.clone(),
            by: context.caller.key.id.as_str().to_owned(),
            body_fingerprint: Some(*fingerprint),
        }))
    }

    fn note(&self, event_id: &EventId) -> Result<Option<Sealed>, ApiError> {
        let place = SealContext { event_id, field: Field::RecheckNote, content_type: "text/plain" };
        let note = self.submission.note.as_ref();
        Ok(note.map(|note| self.keys.seal(&place, note.as_str().as_bytes())).transpose()?)
    }
}
