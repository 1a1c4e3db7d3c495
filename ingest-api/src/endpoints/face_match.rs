//! `POST /api/identity/face/match`: whether a picture shows the customer whose reference is kept (sequence §2.6). Here
//! *we* decide, so a 202 says nothing but the verification's id, and there is no dry run.

pub mod answer;
mod command;
mod comparison;
pub mod description;
mod submission;

use std::borrow::Cow;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_verdict;
use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EventId, VerificationId};
use domain::orgs::{RateBucket, Scope};
use domain::ports::VerificationView;
use domain::rows::EnrolmentRow;
use domain::time::Timestamp;
use vault::CustomerKeys;

use self::submission::{MatchProbe, MatchSubmission};
use crate::app::App;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::WriteRecords;
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::record_once::{RecordedWrite, answered_before, record_once};
use crate::writes::write_name::WriteName;

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/face/match";

/// The endpoint.
pub struct FaceMatch;

impl WriteEndpoint for FaceMatch {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::FaceMatch,
        scope: Some(Scope::VerificationsWrite),
        capability: None,
    };
    const SEALS_EVIDENCE: bool = true;
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = MatchSubmission;

    fn parse(object: JsonObject<'_>, query: &str, headers: &HeaderMap) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let customer = submission.customer.clone().ok_or(ApiError::NotFound)?;
        let customer = context.customer(customer);
        // The probe is biometric, and its record is evidence: both keys are needed, as of a verdict with a photo.
        let keys = admitted_keys(&context, &customer, |standing| admit_verdict(standing, true));
        let keys = match context.deciding(keys).await {
            Ok(keys) => keys,
            Err(refused @ (ApiError::BiometricWithdrawn | ApiError::EvidenceErased)) => {
                let answer = replay_refused(&context, &customer, &submission, &body, refused);
                return context.deciding(answer).await.map(WriteConclusion::Recorded);
            }
            Err(error) => return Err(error),
        };
        let fingerprint = keys.fingerprint(&body)?;
        drop(body);
        let write = MatchWrite { context, customer, keys, submission, fingerprint };
        record_once(&write).await.map(WriteConclusion::Recorded)
    }
}

/// A match that is to be decided and recorded.
struct MatchWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    submission: MatchSubmission,
    fingerprint: Fingerprint,
}

/// The ids of a match's event and row.
#[derive(Debug, Clone)]
struct MatchNames {
    /// The event and its evidence.
    event: EventId,
    verification: VerificationId,
}

impl MatchNames {
    fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            verification: VerificationId::from_bytes(name.id_bytes(VerificationId::PREFIX)),
        }
    }
}

impl RecordedWrite for MatchWrite<'_> {
    type Names = MatchNames;

    fn context(&self) -> &WriteContext<'_> {
        &self.context
    }

    fn repetition_name(&self) -> Option<WriteName<'_>> {
        let key = self.submission.idempotency_key.as_deref()?;
        Some(keyed_name(&self.context, &self.customer.customer, key))
    }

    fn names(&self, name: &WriteName<'_>) -> MatchNames {
        MatchNames::of(name)
    }

    fn event(names: &MatchNames) -> &EventId {
        &names.event
    }

    fn verification(names: &MatchNames) -> &VerificationId {
        &names.verification
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    async fn records(&self, names: &MatchNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        match &self.submission.probe {
            MatchProbe::Image(image) => {
                let compared = comparison::compare(self, image, now).await?;
                command::records(self, names, image, compared, now).await
            }
            // No liveness verification is ever made yet, so this one is none that is known.
            MatchProbe::Liveness => Err(ApiError::LivenessPending),
        }
    }

    fn accepted_answer(&self, names: &MatchNames) -> Result<WriteAnswer, ApiError> {
        answer::accepted_answer(&names.verification)
    }

    async fn row_answer(
        _: &App,
        view: &VerificationView,
        _: Option<&EnrolmentRow>,
    ) -> Result<WriteAnswer, ApiError> {
        answer::row_answer(view)
    }
}

fn keyed_name<'a>(context: &WriteContext<'a>, customer: &'a CustomerId, key: &'a str) -> WriteName<'a> {
    let ids = &context.caller.entry.ids;
    WriteName::Keyed { ids, route: ROUTE, customer: Some(customer), key: Cow::Borrowed(key) }
}

/// Consent was withdrawn since: nothing is compared any more, but a match that was answered before still gets its present
/// answer.
async fn replay_refused(
    context: &WriteContext<'_>,
    customer: &CustomerRef,
    submission: &MatchSubmission,
    body: &[u8],
    refused: ApiError,
) -> Result<WriteAnswer, ApiError> {
    let Some(key) = submission.idempotency_key.as_deref() else { return Err(refused) };
    let (app, suite) = (context.app, context.caller.org().suite);
    let names = MatchNames::of(&keyed_name(context, &customer.customer, key));
    let keys = app.vault.customer_keys(customer, suite).await?;
    let fingerprint = keys.and_then(|keys| keys.fingerprint(body).ok());
    answered_before::<MatchWrite<'_>>(app, customer, &names.verification, fingerprint, refused).await
}
