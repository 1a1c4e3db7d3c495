//! `POST /api/customers`: keys first (a pending row), then the event, then the row is active (design §2,
//! step 3). Whatever breaks off in between, the same request sent again goes on where it was: the row says
//! under which event id. What another registration left where ours wants to stand is `unsettled`'s.

use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::event::{CustomerRegistered, Event, Fingerprint};
use domain::orgs::Scope;
use domain::policy::Tier;
use domain::ports::{KeyRowState, LogError, NewRecord, PendingStep, Topic};
use domain::sealed::{Field, Purpose, Purposes, Sealed};
use domain::time::Timestamp;
use event_codec::Meta;
use vault::{CustomerKeys, SealContext, StoredKeys};

use super::submission::{FIELDS, Registration, parse};
use super::unsettled::{Claim, Named, Settled};
use super::{CustomerBody, ROUTE, registered};
use crate::app::App;
use crate::limits::{
    ANSWER_GRACE, ATTEMPT_END_WITHIN, ATTEMPT_MARGIN, REGISTRATION_TRIES, ROW_POLL_MAX, ROW_POLL_MIN,
};
use crate::reading::unseal;
use crate::serving::access_log::IgnoredFields;
use crate::serving::auth::{self, Caller, Wants};
use crate::serving::body;
use crate::serving::errors::ApiError;
use crate::serving::json::Object;
use crate::serving::rate_limit::Bucket;
use crate::serving::request_id::carried;
use crate::serving::wiped_body::WipedBody;
use crate::writes::keyed_mutex::TurnGuard;
use crate::writes::preferences::{IDEMPOTENCY_REPLAYED, PREFERENCE_APPLIED, Wait};

/// What became of a registration.
#[derive(Debug)]
pub struct Registered {
    /// The customer.
    pub body: CustomerBody,
    /// The read model shows it: 201, else 202.
    pub projected: bool,
    /// It was registered before, under the same key.
    pub replayed: bool,
}

/// Registers a customer.
///
/// # Errors
/// By the contract's table.
pub async fn post(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, Bucket::Write, Wants::Scope(Scope::CustomersWrite))?;
    let (body, _permit) = body::receive(&req, &app, &caller.org().org).await?;
    let started = Instant::now();
    let body = WipedBody::new(body);
    let object = Object::parse(&body, FIELDS)?;
    if let Some(ignored) = object.ignored() {
        req.extensions_mut().insert(IgnoredFields(ignored));
    }
    let registration = parse(object, req.query_string(), req.headers())?;
    let wait = Wait::of(req.headers(), &app.settings);
    let trace = carried(req.headers());
    let (app, caller, registration) = (&app, &caller, &registration);
    let work = Work { app, caller, registration, body: &body, trace, started, wait: wait.time };
    let done = Box::pin(work.register()).await?;
    let mut response = if done.projected { HttpResponse::Created() } else { HttpResponse::Accepted() };
    response.insert_header((header::LOCATION, format!("{ROUTE}/{}", done.body.id)));
    if done.replayed {
        response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
    }
    if let Some(applied) = wait.applied {
        response.insert_header((PREFERENCE_APPLIED, applied));
    }
    Ok(response.json(done.body))
}

/// Registers a customer without HTTP: what the sandbox does for its own.
///
/// # Errors
/// As over HTTP.
pub async fn register(
    app: &App,
    caller: &Caller,
    body: &[u8],
    idempotency_key: Option<String>,
    wait: Duration,
) -> Result<Registered, ApiError> {
    let mut registration = parse(Object::parse(body, FIELDS)?, "", &HeaderMap::new())?;
    registration.idempotency_key = idempotency_key;
    let started = Instant::now();
    let work = Work { app, caller, registration: &registration, body, trace: None, started, wait };
    Box::pin(work.register()).await
}

/// A registration under way.
pub(super) struct Work<'a> {
    pub(super) app: &'a App,
    pub(super) caller: &'a Caller,
    pub(super) registration: &'a Registration,
    body: &'a [u8],
    trace: Option<String>,
    /// When it had come.
    pub(super) started: Instant,
    pub(super) wait: Duration,
}

/// An attempt to append a registration's event: until when it may take effect, and the attempts before it.
#[derive(Debug, Clone, Copy)]
struct Attempt {
    until: Timestamp,
    before: Timestamp,
}

impl Work<'_> {
    async fn register(&self) -> Result<Registered, ApiError> {
        let ids = &self.caller.entry.ids;
        let hmac = self.registration.external_id.as_ref().map(|id| ids.external_id_hmac(id.as_str()));
        let mut turn = None;
        for _ in 0..REGISTRATION_TRIES {
            let names = match self.names().await? {
                Named::Free(names) => names,
                Named::Ours(keys) => return self.again(keys).await,
                Named::Other(keys) => match self.settle_other(keys, hmac).await? {
                    Settled::GoOn(keys) => return self.again(*keys).await,
                    Settled::GaveWay => continue,
                },
            };
            if let (None, Some(hmac)) = (&turn, hmac) {
                turn = Some(self.turn(hmac).await?);
            }
            let customer = match hmac {
                None => names.customer.clone(),
                Some(hmac) => match self.claim(hmac, &names).await? {
                    Claim::Ours => names.customer.clone(),
                    Claim::WithoutKeys(other) => other,
                    Claim::GoOn(keys) => return self.again(*keys).await,
                    Claim::GaveWay => continue,
                },
            };
            let attempt = Attempt { until: self.attempt_until(), before: Timestamp::EPOCH };
            let fresh = self.app.vault.generate(&customer, self.caller.org().suite).await?;
            let fingerprint = fresh.keys().fingerprint(self.body)?;
            let event_id = names.event_id.clone();
            match self.app.vault.store(fresh, event_id, fingerprint, hmac, attempt.until).await? {
                StoredKeys::New(keys) => return self.append(&keys, attempt, false).await,
                StoredKeys::Existing(keys, row) if row.registration_event_id == names.event_id => {
                    return self.existing(keys, hmac).await;
                }
                StoredKeys::Existing(keys, _) => match self.settle_other(keys, hmac).await? {
                    Settled::GoOn(keys) => return self.again(*keys).await,
                    Settled::GaveWay => {}
                },
            }
        }
        Err(ApiError::Unavailable("the external id changes hands again and again".into()))
    }

    /// Of two that register the same external id at once here, the second sees what the first has done.
    async fn turn(&self, hmac: [u8; 32]) -> Result<TurnGuard, ApiError> {
        let until = self.started + self.app.settings.append_deadline;
        let turn = tokio::time::timeout_at(until.into(), self.app.registrations.enter(hmac)).await;
        turn.map_err(|_| ApiError::Unavailable("registrations of this external id wait in a row".into()))
    }

    /// Our own registration, begun at the same time.
    async fn existing(&self, keys: CustomerKeys, hmac: Option<[u8; 32]>) -> Result<Registered, ApiError> {
        let (customer, row_hmac) = (keys.customer().clone(), keys.row().external_id_hmac);
        let done = self.again(keys).await;
        // Of two bodies under one key at once, the loser's claim must not keep its external id taken.
        if matches!(done, Err(ApiError::KeyReused))
            && let Some(hmac) = hmac
            && row_hmac != Some(hmac)
        {
            self.app.external_ids.release(&customer.org, hmac, &customer.customer).await?;
        }
        done
    }

    /// Another registration under our name: it has the external id that our key was first used with.
    async fn settle_other(&self, keys: CustomerKeys, hmac: Option<[u8; 32]>) -> Result<Settled, ApiError> {
        match hmac {
            // An abandoned row has no external id any more, and gives way whatever it was.
            Some(hmac)
                if keys.state() == KeyRowState::Abandoned || keys.row().external_id_hmac == Some(hmac) =>
            {
                self.settle(keys, hmac).await
            }
            _ if keys.is_destroyed(Purpose::Profile) => Err(ApiError::NotFound),
            _ => Err(ApiError::KeyReused),
        }
    }

    pub(super) fn is_same_body(&self, keys: &CustomerKeys) -> Result<bool, ApiError> {
        if keys.is_destroyed(Purpose::Evidence) {
            return Ok(false);
        }
        let fingerprint: Fingerprint = keys.fingerprint(self.body)?;
        Ok(fingerprint == keys.row().registration_fingerprint)
    }

    /// Until when an attempt that begins now may take effect.
    fn attempt_until(&self) -> Timestamp {
        let within = self.app.settings.append_deadline + ATTEMPT_MARGIN;
        Timestamp::from_millis(self.app.now().millis() + within.as_millis() as i64)
    }

    /// The customer has keys already: a repetition under the same key, or the rest of what broke off.
    async fn again(&self, keys: CustomerKeys) -> Result<Registered, ApiError> {
        let (mut keys, keyed) = (keys, self.is_keyed());
        // A read model that cannot be asked refuses nobody: the vault has heard of most.
        let erased = unseal::erased_unheard(self.app, keys.customer()).await.unwrap_or(Purposes::NONE);
        let customer = keys.customer().clone();
        for _ in 0..REGISTRATION_TRIES {
            let before = match keys.state() {
                KeyRowState::Abandoned => break,
                _ if keys.is_destroyed(Purpose::Profile) || erased.contains(Purpose::Profile) => {
                    return Err(ApiError::NotFound);
                }
                _ if keyed && !self.is_same_body(&keys)? => return Err(ApiError::KeyReused),
                KeyRowState::Active if keyed => return self.answer(&keys, self.app.now(), true).await,
                KeyRowState::Active => return Err(ApiError::ExternalIdTaken(customer.customer)),
                KeyRowState::Pending { attempt_until } => attempt_until,
            };
            let attempt = Attempt { until: self.attempt_until().max(before), before };
            let step = PendingStep::Attempt(attempt.until);
            if self.app.vault.advance_pending(&customer, before, step).await? {
                return self.append(&keys, attempt, keyed).await;
            }
            let read = self.app.vault.customer_keys(&customer, self.caller.org().suite).await?;
            keys = read.ok_or_else(|| ApiError::Internal("a key row is gone".into()))?;
        }
        Err(ApiError::Unavailable("the registration changes under our hands".into()))
    }

    /// Appends the row's own event, again if need be, then makes the row active.
    async fn append(
        &self,
        keys: &CustomerKeys,
        attempt: Attempt,
        replayed: bool,
    ) -> Result<Registered, ApiError> {
        let appended = match self.record(keys) {
            Ok(record) => {
                let append = self.app.log.append(Topic::Events, record);
                tokio::time::timeout(self.app.settings.append_deadline, append).await
            }
            Err(error) => {
                self.end_attempt(keys, attempt).await;
                return Err(error);
            }
        };
        let appended = match appended {
            Ok(Ok(appended)) => appended,
            Ok(Err(error)) => {
                if matches!(error, LogError::Unavailable(_) | LogError::TooLarge { .. }) {
                    self.end_attempt(keys, attempt).await;
                }
                return Err(error.into());
            }
            Err(_) => return Err(ApiError::Unavailable("the log did not confirm in time".into())),
        };
        if !self.app.vault.activate(keys.customer()).await? {
            let why = "confirmed too late: the registration was given up, and nobody hears of its customer";
            return Err(ApiError::Unavailable(why.into()));
        }
        self.answer(keys, appended.appended_at, replayed).await
    }

    fn record(&self, keys: &CustomerKeys) -> Result<NewRecord, ApiError> {
        let event_id = &keys.row().registration_event_id;
        let seal = |field, text: &str| -> Result<Sealed, ApiError> {
            let context = SealContext { event_id, field, content_type: "text/plain" };
            Ok(keys.seal(&context, text.as_bytes())?)
        };
        let external_id = self.registration.external_id.as_ref();
        let event = Event::CustomerRegistered(CustomerRegistered {
            event_id: event_id.clone(),
            customer: keys.customer().clone(),
            full_name: seal(Field::FullName, self.registration.full_name.as_str())?,
            external_id: external_id.map(|id| seal(Field::ExternalId, id.as_str())).transpose()?,
            body_fingerprint: keys.row().registration_fingerprint,
        });
        let meta = Meta { time: self.app.now(), traceparent: self.trace.as_deref() };
        self.app.codec.event(&event, &meta).map_err(|error| ApiError::Internal(error.to_string()))
    }

    /// Nothing was appended for certain: whoever comes next need not wait for this attempt. Where the store does
    /// not take it either, it ends by itself.
    async fn end_attempt(&self, keys: &CustomerKeys, attempt: Attempt) {
        let step = PendingStep::Attempt(attempt.before);
        let ended = self.app.vault.advance_pending(keys.customer(), attempt.until, step);
        if !matches!(tokio::time::timeout(ATTEMPT_END_WITHIN, ended).await, Ok(Ok(_))) {
            tracing::info!("a registration's failed attempt could not be ended; it ends by itself");
        }
    }

    /// Waits until the read model shows the customer, as long as the caller wants to.
    async fn answer(
        &self,
        keys: &CustomerKeys,
        appended_at: Timestamp,
        replayed: bool,
    ) -> Result<Registered, ApiError> {
        let deadline = self.started + self.wait;
        let mut pause = ROW_POLL_MIN;
        let seen = loop {
            // A 202 says enough when the read model cannot be asked: the registration is in the log.
            let read = registered(self.app, keys.customer());
            let read = tokio::time::timeout_at((deadline + ANSWER_GRACE).into(), read).await;
            let seen = read.unwrap_or(Ok(None)).unwrap_or(None);
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.is_some() || left.is_zero() {
                break seen;
            }
            tokio::time::sleep(pause.min(left)).await;
            pause = (pause * 2).min(ROW_POLL_MAX);
        };
        let (tier, created_at) = match &seen {
            Some((state, registration)) => (state.kyc.tier, registration.created_at),
            None => (Tier::None, appended_at),
        };
        let body = CustomerBody {
            id: keys.customer().customer.as_str().to_owned(),
            full_name: self.registration.full_name.as_str().to_owned(),
            external_id: self.registration.external_id.as_ref().map(|id| id.as_str().to_owned()),
            kyc_level: tier.as_str().to_owned(),
            created_at: created_at.rfc3339(),
        };
        Ok(Registered { body, projected: seen.is_some(), replayed })
    }
}
