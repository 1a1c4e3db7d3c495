//! `POST /api/identity/nik/dukcapil`: the way of one verdict through the front end (contract §2, design §2).

pub mod answer;
pub mod parse;
pub mod record;
mod wait;

use std::time::Instant;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::decide::{Admission, CustomerStanding, admit_verdict, preview_tier};
use domain::ids::CustomerRef;
use domain::policy::TierPolicy;
use domain::ports::KeyRowState;
use domain::sealed::{Purpose, Purposes};
use vault::CustomerKeys;

use self::answer::{Answer, DryRunAnswer};
use self::parse::Submission;
use self::record::{Names, Recording};
use self::wait::{Seen, until_seen};
use crate::app::App;
use crate::endpoints::customers::registered;
use crate::reading::unseal;
use crate::serving::access_log::IgnoredFields;
use crate::serving::auth::{self, Caller, Wants};
use crate::serving::body;
use crate::serving::errors::ApiError;
use crate::serving::rate_limit::Bucket;
use crate::serving::wiped_body::WipedBody;
use crate::writes::preferences::{AnswerTimes, Wait};
use crate::writes::single_flight::Turn;
use crate::writes::unprojected_writes::InLog;

/// Takes Dukcapil's final verdict about a customer's NIK.
///
/// # Errors
/// By the contract's table.
pub async fn post(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, Bucket::NikDukcapil, Wants::Verdicts)?;
    let (body, _permit) = body::receive(&req, &app, &caller.org().org).await?;
    let received = Instant::now();
    let body = WipedBody::new(body);
    let (parsed, ignored) = parse::submission(&body, req.query_string(), req.headers());
    if let Some(ignored) = ignored {
        req.extensions_mut().insert(IgnoredFields(ignored));
    }
    let submission = parsed?;
    let customer = submission.customer.clone().ok_or(ApiError::NotFound)?;
    let customer = CustomerRef::new(caller.org().org.clone(), customer);
    let wait = Wait::of(req.headers(), &app.settings);
    let times = wait.times(received);
    let keys = standing_keys(&app, &caller, &customer, submission.verdict.valid());
    let keys = match in_time(times.decide_until, keys).await {
        Ok(keys) => keys,
        Err(refused @ (ApiError::BiometricWithdrawn | ApiError::EvidenceErased)) => {
            let answer = answered_before(&app, &caller, &customer, &submission, &body, refused);
            return Ok(in_time(times.decide_until, answer).await?.response(&wait));
        }
        Err(error) => return Err(error),
    };
    let fingerprint = keys.fingerprint(&body)?;
    // What the body was turned into is all that is needed from here on.
    drop(body);
    let recording = Recording {
        app: &app,
        caller: &caller,
        customer: &customer,
        keys: &keys,
        verdict: &submission.verdict,
        fingerprint,
        headers: req.headers(),
    };
    if submission.dry_run {
        let until = times.decide_until;
        return in_time(until, dry_run(&recording, &submission, until)).await;
    }
    let answer = Box::pin(take(&recording, &submission, &times)).await?;
    Ok(answer.response(&wait))
}

/// Nothing is accepted yet: what is read takes no longer than that, or is a 503.
async fn in_time<T>(until: Instant, read: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
    let read = tokio::time::timeout_at(until.into(), read).await;
    read.unwrap_or_else(|_| Err(ApiError::Unavailable("a store did not answer in time".into())))
}

/// The customer's keys when a verdict may be recorded.
async fn standing_keys(
    app: &App,
    caller: &Caller,
    customer: &CustomerRef,
    valid: bool,
) -> Result<CustomerKeys, ApiError> {
    let keys = match app.vault.customer_keys(customer, caller.org().suite).await? {
        Some(keys) => keys,
        None if registered(app, customer).await?.is_none() => return Err(ApiError::NotFound),
        None => unseal::keys_of_registered(app, caller, customer).await?,
    };
    let destroyed: Purposes = Purpose::ALL.into_iter().filter(|p| keys.is_destroyed(*p)).collect();
    let destroyed = destroyed.union(unseal::erased_unheard(app, customer).await?);
    let projected = matches!(keys.state(), KeyRowState::Pending { .. }) && {
        let generation = app.generation().await?;
        app.views.customer(generation, customer).await?.is_some_and(|state| state.registration.is_some())
    };
    let standing = CustomerStanding { key_row: Some(keys.state()), destroyed, projected };
    match admit_verdict(standing, valid) {
        Admission::Record => Ok(keys),
        Admission::ActivateAndRecord => {
            if app.vault.activate(customer).await? {
                Ok(keys)
            } else {
                Err(ApiError::NotFound)
            }
        }
        Admission::NotFound => Err(ApiError::NotFound),
        Admission::BiometricConsentWithdrawn => Err(ApiError::BiometricWithdrawn),
        Admission::EvidenceKeyDestroyed => Err(ApiError::EvidenceErased),
    }
}

/// Consent was withdrawn since: no verdict is recorded any more, but one that was answered before still gets its
/// present answer (contract §4), from its row or from what this instance accepted. Where the evidence key is gone
/// nobody can tell its body from another.
async fn answered_before(
    app: &App,
    caller: &Caller,
    customer: &CustomerRef,
    submission: &Submission,
    body: &[u8],
    refused: ApiError,
) -> Result<Answer, ApiError> {
    let Some(key) = submission.idempotency_key.as_deref().filter(|_| !submission.dry_run) else {
        return Err(refused);
    };
    let names = Names::of_key(&caller.entry.ids, &customer.customer, key);
    let keys = app.vault.customer_keys(customer, caller.org().suite).await?;
    let fingerprint = keys.and_then(|keys| keys.fingerprint(body).ok());
    let is_other = |first| fingerprint.is_some_and(|ours| ours != first);
    let generation = app.generation().await?;
    let found = app.views.verification(generation, &customer.org, &names.verification).await?;
    let (first, answer) = match (found, app.accepted.find(&names.verification)) {
        (Some((view, enrolment)), _) if view.row.customer == *customer => {
            (view.row.body_fingerprint, Answer::of_row(&view, enrolment.as_ref(), true))
        }
        (None, Some(in_log)) => (in_log.fingerprint, in_log.answer.replayed()),
        (Some(_) | None, _) => return Err(refused),
    };
    if is_other(first) { Err(ApiError::KeyReused) } else { Ok(answer) }
}

/// Everything that a verdict would be refused for, the reuse of a key too; then what it would do.
async fn dry_run(
    recording: &Recording<'_>,
    submission: &Submission,
    until: Instant,
) -> Result<HttpResponse, ApiError> {
    let Recording { app, caller, customer, .. } = *recording;
    if let Some(key) = &submission.idempotency_key {
        let names = Names::of_key(&caller.entry.ids, &customer.customer, key);
        known(recording, &names, until).await?;
    }
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    let (kyc, verified) = state.map(|state| (state.kyc, state.verified)).unwrap_or_default();
    let policy = TierPolicy::of_version(caller.org().policy_version)
        .ok_or_else(|| ApiError::Internal("the org's tier policy is of a later build".into()))?;
    let valid = submission.verdict.valid();
    let (from, to) = preview_tier(kyc, verified, policy, valid);
    Ok(HttpResponse::Ok().json(DryRunAnswer::new(valid, from, to)))
}

/// Names the verdict; under a key, one at a time and once for ever.
async fn take(
    recording: &Recording<'_>,
    submission: &Submission,
    times: &AnswerTimes,
) -> Result<Answer, ApiError> {
    let app = recording.app;
    let Some(key) = &submission.idempotency_key else {
        return record(recording, &Names::random(), times, false).await;
    };
    let names = Names::of_key(&recording.caller.entry.ids, &recording.customer.customer, key);
    let leader = match app.flights.join(&names.verification, recording.fingerprint).await {
        // The first did not wait for the read model as long as this caller may want to.
        Turn::Repeat(Ok(answer)) if !answer.projected && times.waits => {
            return match known(recording, &names, times.read_until).await? {
                Known::Seen(answer) => Ok(answer),
                Known::InLog(in_log) => repeat(recording, in_log, times).await,
                Known::Nothing => Ok(answer),
            };
        }
        Turn::Repeat(answer) => return answer,
        Turn::Lead(leader) => leader,
    };
    let answer = match known(recording, &names, Instant::now() + times.look_within).await {
        Ok(Known::Seen(answer)) => Ok(answer),
        Ok(Known::InLog(in_log)) => repeat(recording, in_log, times).await,
        Ok(Known::Nothing) => record(recording, &names, times, true).await,
        Err(error) => Err(error),
    };
    leader.land(&answer);
    answer
}

/// What this instance knows of a verdict of that name.
enum Known {
    /// The read model shows it.
    Seen(Answer),
    /// It was accepted here, and the read model does not show it yet.
    InLog(InLog),
    /// As good as nothing. A read model that cannot be asked loses no verdict: the fold tells a repetition
    /// from a first.
    Nothing,
}

/// Asks the read model until then, then what this instance has accepted itself. 422 when another body has the name.
async fn known(recording: &Recording<'_>, names: &Names, until: Instant) -> Result<Known, ApiError> {
    let id = &names.verification;
    // Asked first: what is seen meanwhile is forgotten.
    let in_log = recording.app.accepted.find(id);
    match wait::present(recording, id, until).await {
        Ok(Some(answer)) => {
            if in_log.is_some() {
                recording.app.accepted.forget(id);
            }
            return Ok(Known::Seen(answer.replayed()));
        }
        Ok(None) | Err(ApiError::Unavailable(_)) => {}
        Err(error) => return Err(error),
    }
    match in_log {
        Some(in_log) if in_log.fingerprint != recording.fingerprint => Err(ApiError::KeyReused),
        Some(in_log) => Ok(Known::InLog(in_log)),
        None => Ok(Known::Nothing),
    }
}

/// Appends, then waits for what becomes of it.
async fn record(
    recording: &Recording<'_>,
    names: &Names,
    times: &AnswerTimes,
    keyed: bool,
) -> Result<Answer, ApiError> {
    // Before the event is appended, so that no outcome is missed.
    let mut waiter = recording.app.outcomes.wait_for(&names.verification);
    let source = recording.append(names).await?;
    let answer = Answer::accepted(names, recording.verdict.valid());
    let in_log = InLog { fingerprint: recording.fingerprint, source, answer };
    let awaited = keyed.then(|| recording.app.accepted.awaited(in_log.clone()));
    if !times.waits {
        return Ok(in_log.answer);
    }
    match until_seen(recording, &mut waiter, &in_log, times).await {
        Seen::Not => Ok(in_log.answer),
        Seen::So(answer) => {
            if let Some(awaited) = awaited {
                awaited.is_seen();
            }
            answer
        }
    }
}

/// Waits for what becomes of a verdict that was accepted before; appends nothing.
async fn repeat(recording: &Recording<'_>, in_log: InLog, times: &AnswerTimes) -> Result<Answer, ApiError> {
    let accepted = &recording.app.accepted;
    let id = in_log.answer.verification.clone();
    if !times.waits {
        return Ok(in_log.answer.replayed());
    }
    let mut waiter = recording.app.outcomes.wait_for(&id);
    // Once more: its outcome may have come between the first look and the waiter.
    let look_until = Instant::now() + times.look_within;
    let seen = match wait::present(recording, &id, look_until.min(times.read_until)).await {
        Ok(None) | Err(ApiError::Unavailable(_)) => until_seen(recording, &mut waiter, &in_log, times).await,
        Ok(Some(answer)) => Seen::So(Ok(answer)),
        Err(error) => Seen::So(Err(error)),
    };
    match seen {
        Seen::Not => Ok(in_log.answer.replayed()),
        Seen::So(answer) => {
            accepted.forget(&id);
            answer.map(Answer::replayed)
        }
    }
}
