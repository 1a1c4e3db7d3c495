//! `POST /api/customers`: keys first (a pending row), then the event, then the row is active (design §2,
//! step 3). Whatever breaks off in between, the same request sent again goes on where it was: the row says
//! under which event id.

use std::time::{Duration, Instant};

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::event::{CustomerRegistered, Event, Fingerprint};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::orgs::Scope;
use domain::policy::Tier;
use domain::ports::{Claimed, KeyRowState, Topic};
use domain::sealed::{Field, Purpose, Purposes, Sealed};
use domain::time::Timestamp;
use domain::verdict::{ExternalId, FullName};
use event_codec::Meta;
use serde_json::value::RawValue;
use vault::{CustomerKeys, SealContext, StoredKeys, random_id};

use super::{CustomerBody, ROUTE, registered};
use crate::app::App;
use crate::auth::{self, Caller, Wants};
use crate::body;
use crate::errors::{ApiError, FieldErrors};
use crate::json::{Object, string};
use crate::limits::{ROW_POLL_MAX, ROW_POLL_MIN};
use crate::observe::IgnoredFields;
use crate::preferences::{IDEMPOTENCY_REPLAYED, PREFERENCE_APPLIED, Wait, idempotency_key};
use crate::query::Query;
use crate::ratelimit::Bucket;
use crate::reading::unseal;
use crate::request_id::carried;
use crate::wiped::{WipedBody, wipe};

/// The fields of the body.
const FIELDS: &[&str] = &["fullName", "externalId"];

/// What was sent.
#[derive(Debug)]
struct Registration {
    full_name: FullName,
    external_id: Option<ExternalId>,
    idempotency_key: Option<String>,
}

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
    let body = WipedBody::new(body);
    let object = Object::parse(&body, FIELDS)?;
    if let Some(ignored) = object.ignored() {
        req.extensions_mut().insert(IgnoredFields(ignored));
    }
    let registration = parse(object, req.query_string(), req.headers())?;
    let wait = Wait::of(req.headers(), &app.settings);
    let trace = carried(req.headers());
    let work =
        Work { app: &app, caller: &caller, registration: &registration, body: &body, trace, wait: wait.time };
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
    let work = Work { app, caller, registration: &registration, body, trace: None, wait };
    Box::pin(work.register()).await
}

fn parse(mut object: Object<'_>, query: &str, headers: &HeaderMap) -> Result<Registration, ApiError> {
    let mut errors: FieldErrors = std::mem::take(&mut object.errors);
    let key = idempotency_key(headers).unwrap_or_else(|wrong| {
        errors.merge(wrong);
        None
    });
    let full_name = match object.get("fullName") {
        Some(value) => field(&mut errors, "fullName", value, |text| {
            FullName::parse(text).map_err(|wrong| wrong.to_string())
        }),
        None => {
            if errors.field("fullName").is_none() {
                errors.add("fullName", "is required");
            }
            None
        }
    };
    let external_id = object.present("externalId").and_then(|value| {
        field(&mut errors, "externalId", value, |text| {
            ExternalId::parse(text).map_err(|wrong| wrong.to_string())
        })
    });
    errors.merge(Query::parse(query, &[]).into_errors());
    match full_name.filter(|_| errors.is_empty()) {
        Some(full_name) => Ok(Registration { full_name, external_id, idempotency_key: key }),
        None => Err(ApiError::Invalid(errors)),
    }
}

fn field<T>(
    errors: &mut FieldErrors,
    name: &str,
    value: &RawValue,
    parse: impl FnOnce(&str) -> Result<T, String>,
) -> Option<T> {
    let parsed = string(value).map_err(str::to_owned).and_then(|text| {
        let parsed = parse(&text);
        wipe(text);
        parsed
    });
    match parsed {
        Ok(parsed) => Some(parsed),
        Err(wrong) => {
            errors.add(name, wrong);
            None
        }
    }
}

/// A registration under way.
struct Work<'a> {
    app: &'a App,
    caller: &'a Caller,
    registration: &'a Registration,
    body: &'a [u8],
    trace: Option<String>,
    wait: Duration,
}

impl Work<'_> {
    async fn register(&self) -> Result<Registered, ApiError> {
        let ids = &self.caller.entry.ids;
        let keyed = self.registration.idempotency_key.as_deref();
        let named = |prefix: &str| keyed.map_or_else(random_id, |key| ids.named(prefix, ROUTE, None, key));
        let customer = self.customer(CustomerId::from_bytes(named(CustomerId::PREFIX)));
        let event_id = EventId::from_bytes(named(EventId::PREFIX));
        if keyed.is_some()
            && let Some(keys) = self.app.vault.customer_keys(&customer, self.caller.org().suite).await?
        {
            return self.again(keys, true).await;
        }
        let hmac = self.registration.external_id.as_ref().map(|id| ids.external_id_hmac(id.as_str()));
        // Of two that register the same external id at once here, the second sees what the first has done.
        let _turn = match hmac {
            Some(hmac) => Some(self.app.registrations.enter(hmac).await),
            None => None,
        };
        let customer = match hmac {
            None => customer,
            Some(hmac) => match self.claim(hmac, &customer, &event_id).await? {
                Claim::Ours => customer,
                Claim::GoOn(keys) => return self.again(*keys, keyed.is_some()).await,
                Claim::Abandoned(other) => other,
            },
        };
        let fresh = self.app.vault.generate(&customer, self.caller.org().suite).await?;
        let fingerprint = fresh.keys().fingerprint(self.body)?;
        match self.app.vault.store(fresh, event_id, fingerprint, hmac).await? {
            StoredKeys::New(keys) => self.append(&keys, false).await,
            StoredKeys::Existing(keys, row) => {
                let done = self.again(keys, keyed.is_some()).await;
                // Of two bodies under one key at once, the loser's claim must not keep its external id taken.
                if matches!(done, Err(ApiError::KeyReused))
                    && let Some(hmac) = hmac
                    && row.external_id_hmac != Some(hmac)
                {
                    let org = &self.caller.org().org;
                    self.app.external_ids.release(org, hmac, &customer.customer).await?;
                }
                done
            }
        }
    }

    fn customer(&self, id: CustomerId) -> CustomerRef {
        CustomerRef::new(self.caller.org().org.clone(), id)
    }

    /// Claims the external id. Another customer may have it: one that is registered (409), one whose
    /// registration is this very request's or broke off and is ours to go on with, or one that never got as
    /// far as its keys.
    async fn claim(
        &self,
        hmac: [u8; 32],
        customer: &CustomerRef,
        event_id: &EventId,
    ) -> Result<Claim, ApiError> {
        let other = match self.app.external_ids.claim(&customer.org, hmac, &customer.customer).await? {
            Claimed::Ours => return Ok(Claim::Ours),
            Claimed::Taken(other) => other,
        };
        let other_ref = self.customer(other.clone());
        let Some(keys) = self.app.vault.customer_keys(&other_ref, self.caller.org().suite).await? else {
            return Ok(Claim::Abandoned(other_ref));
        };
        let is_this_request = keys.row().registration_event_id == *event_id;
        let broke_off = keys.state() == KeyRowState::Pending && self.is_same_body(&keys)?;
        if is_this_request || broke_off {
            return Ok(Claim::GoOn(Box::new(keys)));
        }
        Err(ApiError::ExternalIdTaken(other))
    }

    fn is_same_body(&self, keys: &CustomerKeys) -> Result<bool, ApiError> {
        if keys.is_destroyed(Purpose::Evidence) {
            return Ok(false);
        }
        let fingerprint: Fingerprint = keys.fingerprint(self.body)?;
        Ok(fingerprint == keys.row().registration_fingerprint)
    }

    /// The customer has keys already: a repetition under the same key, or the rest of what broke off.
    async fn again(&self, keys: CustomerKeys, keyed: bool) -> Result<Registered, ApiError> {
        // A read model that cannot be asked refuses nobody: the vault has heard of most.
        let erased = unseal::erased_unheard(self.app, keys.customer()).await.unwrap_or(Purposes::NONE);
        if keys.is_destroyed(Purpose::Profile) || erased.contains(Purpose::Profile) {
            return Err(ApiError::NotFound);
        }
        let taken = || ApiError::ExternalIdTaken(keys.customer().customer.clone());
        if !self.is_same_body(&keys)? {
            return Err(if keyed { ApiError::KeyReused } else { taken() });
        }
        match keys.state() {
            KeyRowState::Pending => self.append(&keys, keyed).await,
            KeyRowState::Active if keyed => self.answer(&keys, self.app.now(), true).await,
            KeyRowState::Active => Err(taken()),
        }
    }

    /// Appends the row's own event, again if need be, then makes the row active.
    async fn append(&self, keys: &CustomerKeys, replayed: bool) -> Result<Registered, ApiError> {
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
        let record =
            self.app.codec.event(&event, &meta).map_err(|error| ApiError::Internal(error.to_string()))?;
        let append = self.app.log.append(Topic::Events, record);
        let appended = tokio::time::timeout(self.app.settings.append_deadline, append)
            .await
            .map_err(|_| ApiError::Unavailable("the log did not confirm in time".into()))??;
        self.app.vault.activate(keys.customer()).await?;
        self.answer(keys, appended.appended_at, replayed).await
    }

    /// Waits until the read model shows the customer, as long as the caller wants to.
    async fn answer(
        &self,
        keys: &CustomerKeys,
        appended_at: Timestamp,
        replayed: bool,
    ) -> Result<Registered, ApiError> {
        let deadline = Instant::now() + self.wait;
        let mut pause = ROW_POLL_MIN;
        let seen = loop {
            // A 202 says enough when the read model cannot be asked: the registration is in the log.
            let seen = registered(self.app, keys.customer()).await.unwrap_or(None);
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

/// What came of claiming an external id.
enum Claim {
    /// It is ours.
    Ours,
    /// This very registration, or one that broke off: its keys.
    GoOn(Box<CustomerKeys>),
    /// A registration broke off before it had keys: its customer is ours to make.
    Abandoned(CustomerRef),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(body: &str) -> Result<Registration, ApiError> {
        parse(Object::parse(body.as_bytes(), FIELDS)?, "", &HeaderMap::new())
    }

    #[test]
    fn a_name_and_perhaps_an_external_id() {
        let both = parsed(r#"{"fullName":" Contoh Nasabah ","externalId":"CIF-1"}"#).expect("good");
        assert_eq!(both.full_name.as_str(), "Contoh Nasabah");
        assert_eq!(both.external_id.as_ref().map(ExternalId::as_str), Some("CIF-1"));
        assert!(parsed(r#"{"fullName":"Contoh","externalId":null}"#).expect("good").external_id.is_none());
    }

    #[test]
    fn everything_that_is_wrong_is_said_at_once() {
        for (body, fields) in [
            ("{}", vec!["fullName"]),
            (r#"{"fullName":null}"#, vec!["fullName"]),
            (r#"{"fullName":1,"externalId":1}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":" ","externalId":""}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":"a\u0000b","externalId":"\ud800"}"#, vec!["fullName", "externalId"]),
            (r#"{"fullName":"a","fullName":"b"}"#, vec!["fullName"]),
        ] {
            let Err(ApiError::Invalid(errors)) = parsed(body) else { panic!("{body}") };
            for field in fields {
                assert_eq!(errors.field(field).map(<[String]>::len), Some(1), "{body} {field}");
            }
        }
    }
}
