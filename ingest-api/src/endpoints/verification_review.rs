//! `POST /api/identity/verifications/{id}/review`: an API key decides a verification that waits for a person (sequence
//! §2.7). It can fail one or send it back; that a card is verified, only somebody decides who has seen it, in the console.

pub mod answer;
pub mod description;
pub(super) mod submission;

use std::time::Instant;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_review;
use domain::event::Fingerprint;
use domain::ids::{EventId, VerificationId};
use domain::orgs::{RateBucket, Scope};
use domain::ports::VerificationView;
use domain::rows::VerificationStatus;
use domain::sealed::{Purpose, Purposes};
use vault::CustomerKeys;

use self::submission::ReviewSubmission;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::customer_keys::admitted_keys;
use crate::writes::decide_once::{DecisionRepetition, DecisionSubject, decide_once};
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::review::{ReviewDecision, destroy_copy, is_open, record_review, reviewed_view};

/// The route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/verifications/{id}/review";

/// The purposes whose fields a body may hold: its note.
const BODY_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Profile);

/// The endpoint.
pub struct VerificationReview;

impl WriteEndpoint for VerificationReview {
    const ACCESS: EndpointAccess =
        EndpointAccess { bucket: RateBucket::Write, scope: Some(Scope::ReviewsWrite), capability: None };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = ReviewSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let id = context.path_id.as_deref().map(VerificationId::parse);
        let Some(Ok(id)) = id else { return Err(ApiError::VerificationNotFoundYet) };
        context.objects.add(id.as_str());
        let view = context.deciding(reviewed_view(context.app, &context.caller.org().org, &id)).await?;
        let customer = view.row.customer.clone();
        let keys = admitted_keys(&context, &customer, admit_review);
        let keys = context.deciding(keys).await?;
        // Which verification it is about stands in the address: the same body about another one is another write.
        let told = [id.as_str().as_bytes(), b"\n", &body[..]].concat();
        let fingerprint = keys.fingerprint_under(BODY_PURPOSES, &told)?;
        drop(body);
        ReviewWrite { context, view, keys, submission, fingerprint }
            .record()
            .await
            .map(WriteConclusion::Recorded)
    }
}

/// A review that is to be recorded.
struct ReviewWrite<'a> {
    context: WriteContext<'a>,
    view: VerificationView,
    keys: CustomerKeys,
    submission: ReviewSubmission,
    fingerprint: Fingerprint,
}

impl ReviewWrite<'_> {
    async fn record(&self) -> Result<WriteAnswer, ApiError> {
        let subject = DecisionSubject {
            route: ROUTE,
            customer: &self.view.row.customer.customer,
            id: self.view.row.id.as_str(),
        };
        let key = self.submission.idempotency_key.as_deref();
        decide_once(&self.context, subject, key, self.fingerprint, async |event, repetition| match repetition
        {
            DecisionRepetition::Keyed => self.once(event).await,
            DecisionRepetition::None => self.decide(event, &self.view).await,
        })
        .await
    }

    /// As of now: another one may have decided while this one waited.
    async fn once(&self, event: EventId) -> Result<WriteAnswer, ApiError> {
        let (org, id) = (&self.view.row.customer.org, &self.view.row.id);
        let until = Instant::now() + self.context.times().look_within;
        let now = tokio::time::timeout_at(until.into(), reviewed_view(self.context.app, org, id)).await;
        let view = match now {
            Ok(view) => view?,
            Err(_) => self.view.clone(),
        };
        match &view.review {
            Some(review) if review.event_id == event && review.body_fingerprint != Some(self.fingerprint) => {
                Err(ApiError::KeyReused)
            }
            Some(review) if review.event_id == event => {
                self.settle_copy().await;
                answer::projected(review).map(WriteAnswer::replayed)
            }
            Some(_) | None => self.decide(event, &view).await,
        }
    }

    /// Whoever decided may have ended between the decision and the destruction of the copy's key.
    async fn settle_copy(&self) {
        destroy_copy(self.context.app, &self.view.row.customer.org, &self.view.row.id).await;
    }

    /// In this order: what is decided is told so, and nobody approves what they have not seen.
    async fn decide(&self, event_id: EventId, view: &VerificationView) -> Result<WriteAnswer, ApiError> {
        if !is_open(view) {
            if view.review.is_some() {
                self.settle_copy().await;
            }
            return Err(ApiError::NotPending);
        }
        if self.submission.to_status != VerificationStatus::Failed {
            return Err(ApiError::ReviewUnseen);
        }
        let Self { context, keys, submission, fingerprint, .. } = self;
        let decision = ReviewDecision {
            event_id,
            customer: view.row.customer.clone(),
            verification: view.row.id.clone(),
            to_status: submission.to_status,
            reason_code: submission.reason_code.clone(),
            note: submission.note.clone(),
            by: context.caller.key.id.as_str().to_owned(),
            body_fingerprint: Some(*fingerprint),
            policy_version: context.caller.org().policy_version,
        };
        let times = context.times();
        let wait_until = times.waits.then_some(times.wait_until);
        let row =
            record_review(context.app, keys, decision, context.traceparent.as_deref(), wait_until).await?;
        match row {
            Some(row) => answer::projected(&row),
            None => answer::accepted(&view.row.id),
        }
    }
}
