//! `POST /api/customers`: keys first (a pending row), then the event, then the row is active (design §2,
//! step 3). Whatever is interrupted in between, the same request sent again resumes: the key row says under which
//! event id, and its body's fingerprint is what a second body is told by. What another registration left under our
//! name or with our external id is in `unsettled`.

pub mod description;
mod submission;
mod unsettled;

use std::time::{Duration, Instant};

use actix_web::http::StatusCode;
use actix_web::http::header::HeaderMap;
use bytes::Bytes;
use domain::event::{CustomerRegistered, Event, Fingerprint};
use domain::orgs::{RateBucket, Scope};
use domain::policy::Tier;
use domain::ports::{KeyRowState, PendingStep};
use domain::sealed::{Field, Purpose, Purposes, Sealed};
use domain::time::Timestamp;
use vault::{CustomerKeys, SealContext, StoredKeys};

use self::submission::RegistrationSubmission;
use self::unsettled::{ClaimStanding, NameStanding, SettledRegistration};
use crate::app::App;
use crate::limits::{ATTEMPT_END_WITHIN, ATTEMPT_MARGIN, REGISTRATION_TRIES};
use crate::reading::customers::{CustomerBody, registered};
use crate::reading::unseal;
use crate::serving::auth::{Caller, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::wiped_body::WipedBody;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::{AppendError, WriteRecords, append_records};
use crate::writes::keyed_mutex::KeyedMutexGuard;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint, parse_body};
use crate::writes::poll_until_projected;

/// The collection's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/customers";

/// The endpoint.
pub struct CustomerRegistration;

impl WriteEndpoint for CustomerRegistration {
    const ACCESS: EndpointAccess =
        EndpointAccess { bucket: RateBucket::Write, scope: Some(Scope::CustomersWrite), capability: None };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = RegistrationSubmission;

    fn parse(object: JsonObject<'_>, query: &str, headers: &HeaderMap) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let customer = RegistrationWrite(write).register().await?;
        let location = format!("{ROUTE}/{}", customer.body.id);
        let answer = if customer.is_projected {
            WriteAnswer::projected(StatusCode::CREATED, &customer.body)?.at(location)
        } else {
            WriteAnswer::accepted(location, &customer.body)?
        };
        Ok(WriteConclusion::Recorded(answer.replayed_if(customer.is_replayed)))
    }
}

/// What became of a registration.
pub struct RegisteredCustomer {
    /// The customer.
    pub body: CustomerBody,
    /// The read model shows it: 201, else 202.
    pub is_projected: bool,
    /// It was registered before, under the same key.
    pub is_replayed: bool,
}

/// Registers a customer without HTTP: what the sandbox does for its own.
///
/// # Errors
/// As over HTTP.
pub async fn register(
    app: &App,
    caller: &Caller,
    body: &'static [u8],
    idempotency_key: Option<String>,
    wait: Duration,
) -> Result<RegisteredCustomer, ApiError> {
    let mut submission = parse_body::<CustomerRegistration>(body, "", &HeaderMap::new()).0?;
    submission.idempotency_key = idempotency_key;
    let objects = LoggedObjects::default();
    let received = Instant::now();
    let context = WriteContext { app, caller, path_id: None, objects, traceparent: None, received, wait };
    let body = WipedBody::new(Bytes::from_static(body));
    Box::pin(RegistrationWrite(ReceivedWrite { context, submission, body }).register()).await
}

/// A registration that is to be recorded.
struct RegistrationWrite<'a>(ReceivedWrite<'a, RegistrationSubmission>);

/// An attempt to append a registration's event: until when it may take effect, and the attempts before it.
#[derive(Debug, Clone, Copy)]
struct AppendAttempt {
    until: Timestamp,
    before: Timestamp,
}

impl RegistrationWrite<'_> {
    fn app(&self) -> &App {
        self.0.context.app
    }

    fn caller(&self) -> &Caller {
        self.0.context.caller
    }

    fn submission(&self) -> &RegistrationSubmission {
        &self.0.submission
    }

    async fn register(&self) -> Result<RegisteredCustomer, ApiError> {
        let ids = &self.caller().entry.ids;
        let hmac = self.submission().external_id.as_ref().map(|id| ids.external_id_hmac(id.as_str()));
        let mut held: Option<KeyedMutexGuard> = None;
        for _ in 0..REGISTRATION_TRIES {
            let names = match self.names().await? {
                NameStanding::Free(names) => names,
                NameStanding::Ours(keys) => return self.resume(keys).await,
                NameStanding::Other(keys) => match self.settle_other(keys, hmac).await? {
                    SettledRegistration::Resumable(keys) => return self.resume(*keys).await,
                    SettledRegistration::Abandoned => continue,
                },
            };
            if let (None, Some(hmac)) = (&held, hmac) {
                held = Some(self.lock(hmac).await?);
            }
            let customer = match hmac {
                None => names.customer.clone(),
                Some(hmac) => match self.claim(hmac, &names).await? {
                    ClaimStanding::Ours => names.customer.clone(),
                    ClaimStanding::WithoutKeys(other) => other,
                    ClaimStanding::Resumable(keys) => return self.resume(*keys).await,
                    ClaimStanding::Abandoned => continue,
                },
            };
            let attempt = AppendAttempt { until: self.attempt_until(), before: Timestamp::EPOCH };
            let fresh = self.app().vault.generate(&customer, self.caller().org().suite).await?;
            let fingerprint = fresh.keys().fingerprint(&self.0.body)?;
            let event_id = names.event_id.clone();
            match self.app().vault.store(fresh, event_id, fingerprint, hmac, attempt.until).await? {
                StoredKeys::New(keys) => return self.append(&keys, attempt, false).await,
                StoredKeys::Existing(keys, row) if row.registration_event_id == names.event_id => {
                    return self.existing(keys, hmac).await;
                }
                StoredKeys::Existing(keys, _) => match self.settle_other(keys, hmac).await? {
                    SettledRegistration::Resumable(keys) => return self.resume(*keys).await,
                    SettledRegistration::Abandoned => {}
                },
            }
        }
        Err(ApiError::Unavailable(
            "the external id was released and claimed again by others too often".into(),
        ))
    }

    /// Of two that register the same external id at once here, the second sees what the first has done.
    async fn lock(&self, hmac: [u8; 32]) -> Result<KeyedMutexGuard, ApiError> {
        let until = self.0.context.received + self.app().settings.append_deadline;
        let lock = tokio::time::timeout_at(until.into(), self.app().external_id_mutex.lock(hmac)).await;
        lock.map_err(|_| {
            ApiError::Unavailable("other registrations of this external id took too long".into())
        })
    }

    /// Our own registration, begun at the same time.
    async fn existing(
        &self,
        keys: CustomerKeys,
        hmac: Option<[u8; 32]>,
    ) -> Result<RegisteredCustomer, ApiError> {
        let (customer, row_hmac) = (keys.customer().clone(), keys.row().external_id_hmac);
        let done = self.resume(keys).await;
        // Of two bodies under one key at once, the loser's claim must not keep its external id taken.
        if matches!(done, Err(ApiError::KeyReused))
            && let Some(hmac) = hmac
            && row_hmac != Some(hmac)
        {
            self.app().external_ids.release(&customer.org, hmac, &customer.customer).await?;
        }
        done
    }

    /// Another registration under our name: it has the external id that our key was first used with.
    async fn settle_other(
        &self,
        keys: CustomerKeys,
        hmac: Option<[u8; 32]>,
    ) -> Result<SettledRegistration, ApiError> {
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
        let fingerprint: Fingerprint = keys.fingerprint(&self.0.body)?;
        Ok(fingerprint == keys.row().registration_fingerprint)
    }

    /// Until when an attempt that begins now may take effect.
    fn attempt_until(&self) -> Timestamp {
        let within = self.app().settings.append_deadline + ATTEMPT_MARGIN;
        Timestamp::from_millis(self.app().now().millis() + within.as_millis() as i64)
    }

    /// The customer has keys already: a repetition under the same key, or the rest of what broke off.
    async fn resume(&self, keys: CustomerKeys) -> Result<RegisteredCustomer, ApiError> {
        let (mut keys, keyed) = (keys, self.is_keyed());
        // A read model that cannot be asked refuses nobody: the vault has heard of most.
        let erased = unseal::erased_unheard(self.app(), keys.customer()).await.unwrap_or(Purposes::NONE);
        let customer = keys.customer().clone();
        for _ in 0..REGISTRATION_TRIES {
            let before = match keys.state() {
                KeyRowState::Abandoned => break,
                _ if keys.is_destroyed(Purpose::Profile) || erased.contains(Purpose::Profile) => {
                    return Err(ApiError::NotFound);
                }
                _ if keyed && !self.is_same_body(&keys)? => return Err(ApiError::KeyReused),
                KeyRowState::Active if keyed => return self.answer(&keys, self.app().now(), true).await,
                KeyRowState::Active => return Err(ApiError::ExternalIdTaken(customer.customer)),
                KeyRowState::Pending { attempt_until } => attempt_until,
            };
            let attempt = AppendAttempt { until: self.attempt_until().max(before), before };
            let step = PendingStep::Attempt(attempt.until);
            if self.app().vault.advance_pending(&customer, before, step).await? {
                return self.append(&keys, attempt, keyed).await;
            }
            let read = self.app().vault.customer_keys(&customer, self.caller().org().suite).await?;
            keys = read.ok_or_else(|| ApiError::Internal("a key row is gone".into()))?;
        }
        Err(ApiError::Unavailable("the registration was changed by another request too often".into()))
    }

    /// Appends the row's own event, again if need be, then makes the row active.
    async fn append(
        &self,
        keys: &CustomerKeys,
        attempt: AppendAttempt,
        is_replayed: bool,
    ) -> Result<RegisteredCustomer, ApiError> {
        let appended = match self.event(keys) {
            Ok(event) => {
                append_records(&self.0.context, WriteRecords::EventAlone(event), self.app().now()).await
            }
            Err(error) => Err(AppendError::NotAppended(error)),
        };
        let appended = match appended {
            Ok(appended) => appended,
            Err(error) => {
                if matches!(error, AppendError::NotAppended(_)) {
                    self.end_attempt(keys, attempt).await;
                }
                return Err(error.into());
            }
        };
        if !self.app().vault.activate(keys.customer()).await? {
            let why =
                "confirmed too late: the registration was abandoned, and nobody is told of its customer";
            return Err(ApiError::Unavailable(why.into()));
        }
        self.answer(keys, appended.appended_at, is_replayed).await
    }

    fn event(&self, keys: &CustomerKeys) -> Result<Event, ApiError> {
        let event_id = &keys.row().registration_event_id;
        let seal = |field, text: &str| -> Result<Sealed, ApiError> {
            let context = SealContext { event_id, field, content_type: "text/plain" };
            Ok(keys.seal(&context, text.as_bytes())?)
        };
        let external_id = self.submission().external_id.as_ref();
        Ok(Event::CustomerRegistered(CustomerRegistered {
            event_id: event_id.clone(),
            customer: keys.customer().clone(),
            full_name: seal(Field::FullName, self.submission().full_name.as_str())?,
            external_id: external_id.map(|id| seal(Field::ExternalId, id.as_str())).transpose()?,
            body_fingerprint: keys.row().registration_fingerprint,
        }))
    }

    /// Nothing was appended for certain: whoever comes next need not wait for this attempt. Where the store does
    /// not take it either, it ends by itself.
    async fn end_attempt(&self, keys: &CustomerKeys, attempt: AppendAttempt) {
        let step = PendingStep::Attempt(attempt.before);
        let ended = self.app().vault.advance_pending(keys.customer(), attempt.until, step);
        if !matches!(tokio::time::timeout(ATTEMPT_END_WITHIN, ended).await, Ok(Ok(_))) {
            tracing::info!(
                "the end of a registration's failed append could not be stored; the attempt expires by itself"
            );
        }
    }

    /// Waits until the read model shows the customer, as long as the caller wants to.
    async fn answer(
        &self,
        keys: &CustomerKeys,
        appended_at: Timestamp,
        is_replayed: bool,
    ) -> Result<RegisteredCustomer, ApiError> {
        let deadline = self.0.context.times().wait_until;
        let seen = poll_until_projected(deadline, || registered(self.app(), keys.customer())).await;
        let (tier, created_at) = match &seen {
            Some((state, registration)) => (state.kyc.tier, registration.created_at),
            None => (Tier::None, appended_at),
        };
        let body = CustomerBody {
            id: keys.customer().customer.as_str().to_owned(),
            full_name: self.submission().full_name.as_str().to_owned(),
            external_id: self.submission().external_id.as_ref().map(|id| id.as_str().to_owned()),
            kyc_level: tier.as_str().to_owned(),
            created_at: created_at.rfc3339(),
        };
        Ok(RegisteredCustomer { body, is_projected: seen.is_some(), is_replayed })
    }
}
