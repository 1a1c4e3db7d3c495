//! `POST /api/identity/nik/dukcapil`: Dukcapil's final verdict about a customer's NIK (contract §2).

pub mod answer;
pub mod command;
pub mod description;
pub mod raw_reader;
pub mod submission;

use actix_web::HttpResponse;
use actix_web::http::header::HeaderMap;
use domain::decide::{admit_verdict, preview_tier};
use domain::event::Fingerprint;
use domain::face_match::EnrolledPhoto;
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::orgs::{Capability, RateBucket, Scope};
use domain::outcome::VerificationCreated;
use domain::policy::TierPolicy;
use domain::ports::VerificationView;
use domain::raw_answer::RawReading;
use domain::rows::EnrolmentRow;
use domain::signals::ShownSignal;
use domain::time::Timestamp;
use domain::verdict::Verdict;
use vault::CustomerKeys;

use self::answer::DryRunAnswer;
use self::command::VerdictNames;
use self::submission::VerdictSubmission;
use crate::app::App;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion, X_SIGNALS, signals_header};
use crate::writes::append::WriteRecords;
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::record_once::{RecordedWrite, record_once, replay_refused, write_standing};
use crate::writes::write_name::WriteName;

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/nik/dukcapil";

/// The endpoint.
pub struct DukcapilVerdict;

impl WriteEndpoint for DukcapilVerdict {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::NikDukcapil,
        scope: Some(Scope::VerificationsWrite),
        capability: Some(Capability::DukcapilEnabled),
    };
    const SEALS_EVIDENCE: bool = true;
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = VerdictSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let customer = submission.customer.clone().ok_or(ApiError::NotFound)?;
        let customer = context.customer(customer);
        let valid = submission.verdict.valid();
        let keys = admitted_keys(&context, &customer, |standing| admit_verdict(standing, valid));
        let keys = match context.deciding(keys).await {
            Ok(keys) => keys,
            Err(refused @ (ApiError::BiometricWithdrawn | ApiError::EvidenceErased)) => {
                let key = submission.idempotency_key.as_deref().filter(|_| !submission.dry_run);
                let named =
                    key.map(|key| VerdictNames::of(&context.keyed_name(ROUTE, &customer.customer, key)));
                let id = named.as_ref().map(|names| &names.verification);
                let fingerprint = |keys: &CustomerKeys| keys.fingerprint(&body);
                let answer =
                    replay_refused::<VerdictWrite<'_>>(&context, &customer, id, fingerprint, refused);
                let answer = context.deciding(answer).await?;
                return Ok(WriteConclusion::Recorded(
                    answer.noticing(shown_signals(&submission.raw_reading)),
                ));
            }
            Err(error) => return Err(error),
        };
        let fingerprint = keys.fingerprint(&body)?;
        // What the body was turned into is all that is needed from here on.
        drop(body);
        let VerdictSubmission { verdict, raw_reading, idempotency_key, dry_run, .. } = submission;
        let write =
            VerdictWrite { context, customer, keys, verdict, raw_reading, idempotency_key, fingerprint };
        if dry_run {
            return write.context.deciding(preview(&write)).await.map(WriteConclusion::DryRun);
        }
        let answer = record_once(&write).await?;
        Ok(WriteConclusion::Recorded(answer.noticing(shown_signals(&write.raw_reading))))
    }
}

/// What the caller hears at once, by the body that he sends: a repetition sends the same bytes, and hears the same.
fn shown_signals(reading: &RawReading) -> Vec<&str> {
    reading.signals.iter().map(|word| ShownSignal::of(word).code).collect()
}

/// A verdict that is to be recorded.
struct VerdictWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    verdict: Verdict,
    raw_reading: RawReading,
    idempotency_key: Option<String>,
    fingerprint: Fingerprint,
}

impl RecordedWrite for VerdictWrite<'_> {
    type Names = VerdictNames;

    fn context(&self) -> &WriteContext<'_> {
        &self.context
    }

    fn repetition_name(&self) -> Option<WriteName<'_>> {
        let key = self.idempotency_key.as_deref()?;
        Some(self.context.keyed_name(ROUTE, &self.customer.customer, key))
    }

    fn names(&self, name: &WriteName<'_>) -> VerdictNames {
        VerdictNames::of(name)
    }

    fn event(names: &VerdictNames) -> &EventId {
        &names.event
    }

    fn verification(names: &VerdictNames) -> &VerificationId {
        &names.verification
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    async fn records(&self, names: &VerdictNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        command::records(self, names, now).await
    }

    fn accepted_answer(&self, names: &VerdictNames) -> Result<WriteAnswer, ApiError> {
        answer::accepted_answer(names, self.verdict.valid())
    }

    async fn row_answer(
        app: &App,
        view: &VerificationView,
        enrolment: Option<&EnrolmentRow>,
    ) -> Result<WriteAnswer, ApiError> {
        let is_stub = app.faces.is_fallback_stub(enrolment.map(EnrolledPhoto::of_row)).await?;
        answer::row_answer(view, enrolment, is_stub)
    }

    async fn outcome_answer(&self, outcome: &VerificationCreated) -> Result<Option<WriteAnswer>, ApiError> {
        let WriteContext { app, .. } = self.context;
        let is_stub = match EnrolledPhoto::of_outcome(outcome) {
            Some(photo) => app.faces.await_vector(photo, self.context.times().wait_until).await,
            None => true,
        };
        answer::outcome_answer(outcome, is_stub).map(Some)
    }
}

/// Everything that a verdict would be refused for, the reuse of a key too; then what it would do.
async fn preview(write: &VerdictWrite<'_>) -> Result<HttpResponse, ApiError> {
    let (app, caller) = (write.context.app, write.context.caller);
    if let Some(name) = write.repetition_name() {
        let names = VerdictNames::of(&name);
        write_standing(write, &names.verification, write.context.times().decide_until).await?;
    }
    let generation = app.generation().await?;
    let state = app.views.customer(generation, &write.customer).await?;
    let (kyc, verified) = state.map(|state| (state.kyc, state.verified)).unwrap_or_default();
    let policy = TierPolicy::of_version(caller.org().policy_version)
        .ok_or_else(|| ApiError::Internal("the org's tier policy is of a later build".into()))?;
    let valid = write.verdict.valid();
    let (from, to) = preview_tier(kyc, verified, policy, valid);
    let mut response = HttpResponse::Ok();
    if let Some(codes) = signals_header(&shown_signals(&write.raw_reading)) {
        response.insert_header((X_SIGNALS, codes));
    }
    Ok(response.json(DryRunAnswer::new(valid, from, to)))
}
