//! `POST /api/identity/nik/dukcapil`: the way of one verdict through the front end (contract §2, design §2).

pub mod answer;
pub mod flight;
pub mod parse;
pub mod record;

use std::sync::Arc;
use std::time::Instant;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::decide::{Admission, CustomerStanding, admit_verdict, preview_tier};
use domain::event::{Fingerprint, Source};
use domain::ids::{CustomerRef, VerificationId};
use domain::outcome::{EnrolmentSummary, Outcome, UnappliedCause};
use domain::policy::TierPolicy;
use domain::ports::KeyRowState;
use domain::rows::FaceSource;
use domain::sealed::{Purpose, Purposes};
use vault::CustomerKeys;

use self::answer::{Answer, DryRunAnswer, score_of, status_of};
use self::flight::Turn;
use self::parse::Submission;
use self::record::{Names, Recording};
use crate::app::App;
use crate::auth::{self, Caller, Wants};
use crate::body;
use crate::errors::ApiError;
use crate::observe::IgnoredFields;
use crate::outcomes::Waiter;
use crate::preferences::Wait;
use crate::ratelimit::Bucket;

/// Takes Dukcapil's final verdict about a customer's NIK.
///
/// # Errors
/// By the contract's table.
pub async fn post(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, Bucket::NikDukcapil, Wants::Verdicts)?;
    let (body, _permit) = body::receive(&req, &app, &caller.org().org).await?;
    let (parsed, ignored) = parse::submission(&body, req.query_string(), req.headers());
    if let Some(ignored) = ignored {
        req.extensions_mut().insert(IgnoredFields(ignored));
    }
    let submission = parsed?;
    let customer = submission.customer.clone().ok_or(ApiError::NotFound)?;
    let customer = CustomerRef::new(caller.org().org.clone(), customer);
    let keys = standing_keys(&app, &caller, &customer, submission.verdict.valid()).await?;
    if submission.dry_run {
        return dry_run(&app, &caller, &customer, submission.verdict.valid()).await;
    }
    let fingerprint = keys.fingerprint(&body)?;
    // What the body was turned into is all that is needed from here on.
    drop(body);
    let wait = Wait::of(req.headers(), &app.settings);
    let recording = Recording {
        app: &app,
        caller: &caller,
        customer: &customer,
        keys: &keys,
        verdict: &submission.verdict,
        fingerprint,
        headers: req.headers(),
    };
    let answer = Box::pin(take(&recording, &submission, &wait)).await?;
    Ok(answer.response(&wait))
}

/// The customer's keys when a verdict may be recorded.
async fn standing_keys(
    app: &App,
    caller: &Caller,
    customer: &CustomerRef,
    valid: bool,
) -> Result<CustomerKeys, ApiError> {
    let keys = app.vault.customer_keys(customer, caller.org().suite).await?.ok_or(ApiError::NotFound)?;
    let destroyed: Purposes = Purpose::ALL.into_iter().filter(|p| keys.is_destroyed(*p)).collect();
    let projected = keys.state() == KeyRowState::Pending && {
        let generation = app.generation().await?;
        app.views.customer(generation, customer).await?.is_some_and(|state| state.registration.is_some())
    };
    let standing = CustomerStanding { key_row: Some(keys.state()), destroyed, projected };
    match admit_verdict(standing, valid) {
        Admission::Record => Ok(keys),
        Admission::ActivateAndRecord => {
            app.vault.activate(customer).await?;
            Ok(keys)
        }
        Admission::NotFound => Err(ApiError::NotFound),
        Admission::BiometricConsentWithdrawn => Err(ApiError::BiometricWithdrawn),
        Admission::EvidenceKeyDestroyed => Err(ApiError::EvidenceErased),
    }
}

async fn dry_run(
    app: &App,
    caller: &Caller,
    customer: &CustomerRef,
    valid: bool,
) -> Result<HttpResponse, ApiError> {
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    let (kyc, verified) = state.map(|state| (state.kyc, state.verified)).unwrap_or_default();
    let policy = TierPolicy::of_version(caller.org().policy_version)
        .ok_or_else(|| ApiError::Internal("the org's tier policy is of a later build".into()))?;
    let (from, to) = preview_tier(kyc, verified, policy, valid);
    Ok(HttpResponse::Ok().json(DryRunAnswer::new(valid, from, to)))
}

/// Names the verdict; under a key, one at a time and once for ever.
async fn take(recording: &Recording<'_>, submission: &Submission, wait: &Wait) -> Result<Answer, ApiError> {
    let app = recording.app;
    let Some(key) = &submission.idempotency_key else {
        return record(recording, &Names::random(), wait).await;
    };
    let names = Names::of_key(&recording.caller.entry.ids, &recording.customer.customer, key);
    let leader = match app.flights.join(&names.verification, recording.fingerprint).await {
        Turn::Repeat(answer) => return answer,
        Turn::Lead(leader) => leader,
    };
    let answer = match present(recording, &names.verification, true).await {
        Ok(Some(answer)) => Ok(answer),
        // A read model that cannot be asked loses no verdict: the fold tells a repetition from a first.
        Ok(None) | Err(ApiError::Unavailable(_)) => record(recording, &names, wait).await,
        Err(error) => Err(error),
    };
    leader.land(&answer);
    answer
}

/// The answer of the row, when the read model has it: ours, or 422 when another body made it.
async fn present(
    recording: &Recording<'_>,
    id: &VerificationId,
    replayed: bool,
) -> Result<Option<Answer>, ApiError> {
    let views = &recording.app.views;
    let generation = recording.app.generation().await?;
    match views.verification(generation, &recording.customer.org, id).await? {
        None => Ok(None),
        Some((view, _)) if view.row.body_fingerprint != recording.fingerprint => Err(ApiError::KeyReused),
        Some((view, enrolment)) => Ok(Some(Answer::of_row(&view, enrolment.as_ref(), replayed))),
    }
}

/// Appends, then waits for what becomes of it.
async fn record(recording: &Recording<'_>, names: &Names, wait: &Wait) -> Result<Answer, ApiError> {
    // Before the event is appended, so that no outcome is missed.
    let mut waiter = recording.app.outcomes.wait_for(&names.verification);
    let source = recording.append(names).await?;
    let valid = recording.verdict.valid();
    let accepted = Answer {
        verification: names.verification.clone(),
        status: status_of(valid),
        score: score_of(valid),
        enrolment: valid.then(|| EnrolmentSummary {
            id: names.enrolment.clone(),
            source: FaceSource::Dukcapil,
            fallback_stub: true,
        }),
        projected: false,
        replayed: false,
    };
    if wait.time.is_zero() {
        return Ok(accepted);
    }
    match outcome(&mut waiter, source, recording.fingerprint, Instant::now() + wait.time).await {
        Heard::Answer(answer) => Ok(answer),
        Heard::Refused(error) => Err(error),
        Heard::Unapplied => Ok(accepted),
        Heard::Nothing => match present(recording, &names.verification, false).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Ok(accepted),
            Err(ApiError::KeyReused) => Err(ApiError::KeyReused),
            // The verdict is accepted; that its row could not be read changes nothing of it.
            Err(error) => {
                tracing::warn!(cause = error.cause(), "a row could not be read at the end of a wait");
                Ok(accepted)
            }
        },
    }
}

/// What a waiting caller heard.
enum Heard {
    Answer(Answer),
    Refused(ApiError),
    Unapplied,
    Nothing,
}

async fn outcome(waiter: &mut Waiter, ours: Source, fingerprint: Fingerprint, deadline: Instant) -> Heard {
    while let Some(outcome) = waiter.next(deadline).await {
        let outcome: Arc<Outcome> = outcome;
        match outcome.as_ref() {
            Outcome::VerificationCreated(row) if row.body_fingerprint == fingerprint => {
                return Heard::Answer(Answer {
                    verification: row.verification_id.clone(),
                    status: row.status,
                    score: row.score,
                    enrolment: row.enrolment.clone(),
                    projected: true,
                    replayed: row.source != ours,
                });
            }
            Outcome::VerificationCreated(_) => return Heard::Refused(ApiError::KeyReused),
            Outcome::VerdictConflicted(lost) if lost.body_fingerprint == fingerprint => {
                return Heard::Refused(ApiError::KeyReused);
            }
            Outcome::VerdictUnapplied(unapplied) if unapplied.source == ours => {
                return match unapplied.cause {
                    UnappliedCause::Refused => Heard::Refused(ApiError::NotFound),
                    UnappliedCause::Parked | UnappliedCause::DeadLettered => Heard::Unapplied,
                };
            }
            Outcome::VerdictConflicted(_)
            | Outcome::VerdictUnapplied(_)
            | Outcome::FaceEnrolled(_)
            | Outcome::KycUpdated(_)
            | Outcome::CustomerErased(_) => {}
        }
    }
    Heard::Nothing
}
