//! The path itself: admit, receive, parse, have the endpoint record, answer. The order of the checks is the
//! contract's (§1). What differs between endpoints is a step of [`WriteEndpoint`], never a flag here.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::http::header::HeaderMap;
use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use domain::ids::{CustomerId, CustomerRef};
use domain::time::Timestamp;
use vault::EvidenceSecret;

use super::answer::WriteConclusion;
use super::preferences::{AnswerTimes, WaitPreference};
use super::write_name::WriteName;
use crate::app::App;
use crate::serving::access_log::IgnoredFields;
use crate::serving::auth::{self, Caller, EndpointAccess};
use crate::serving::body;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::request_id::carried;
use crate::serving::wiped_body::WipedBody;

/// An endpoint that writes.
pub trait WriteEndpoint {
    /// The rate limit it counts against, and what it asks of its caller.
    const ACCESS: EndpointAccess;

    /// Whether it seals evidence: then its org needs signers, who could open it.
    const SEALS_EVIDENCE: bool = false;

    /// The top-level fields of its body; others are ignored and named in `X-Ignored-Fields`.
    const FIELDS: &'static [&'static str];

    /// What was sent, in a form that cannot be invalid.
    type Submission;

    /// Takes up the fields, the query and the headers, or says everything that is wrong with them at once.
    ///
    /// # Errors
    /// [`ApiError::Invalid`].
    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError>;

    /// Finds the keys, names the write, and records it once under its name. For a write that becomes a
    /// verification, [`record_once`](super::record_once::record_once) does what comes after the keys.
    ///
    /// # Errors
    /// By the contract's table.
    fn record(
        write: ReceivedWrite<'_, Self::Submission>,
    ) -> impl Future<Output = Result<WriteConclusion, ApiError>>;
}

/// In whose name and until when a write is recorded.
#[derive(Clone)]
pub struct WriteContext<'a> {
    /// The instance.
    pub app: &'a App,
    /// Who sent it.
    pub caller: &'a Caller,
    /// The id that its address names, where it names one.
    pub path_id: Option<String>,
    /// What its request's line names.
    pub objects: LoggedObjects,
    /// What its records carry on.
    pub traceparent: Option<String>,
    /// When all of it had come.
    pub received: Instant,
    /// How long its caller waits for the read model.
    pub wait: Duration,
}

impl<'a> WriteContext<'a> {
    /// The name of a write to that route about that customer, under the key that its caller chose.
    pub fn keyed_name(&self, route: &'static str, customer: &'a CustomerId, key: &'a str) -> WriteName<'a> {
        let ids = &self.caller.entry.ids;
        WriteName::Keyed { ids, route, customer: Some(customer), key: Cow::Borrowed(key) }
    }

    /// Until when the parts of its answer may take.
    pub fn times(&self) -> AnswerTimes {
        AnswerTimes::of(self.received, self.wait)
    }

    /// A customer of the caller's org, if there is one of that id.
    pub fn customer(&self, id: CustomerId) -> CustomerRef {
        CustomerRef::new(self.caller.org().org.clone(), id)
    }

    /// The secret that the caller's evidence is sealed with in this hour.
    ///
    /// # Errors
    /// As for [`EvidenceSecrets::secret`](super::evidence_secrets::EvidenceSecrets::secret), within the time to decide.
    pub async fn evidence_secret(&self, now: Timestamp) -> Result<Arc<EvidenceSecret>, ApiError> {
        self.deciding(self.app.evidence_secrets.secret(&self.caller.org().org, now)).await
    }

    /// Names a customer of the org in the request's line.
    pub fn is_about(&self, customer: &CustomerRef) {
        self.objects.add(customer.customer.as_str());
    }

    /// Nothing is accepted yet: what is read to decide ends in time, or is a 503.
    ///
    /// # Errors
    /// As said, or the read's own.
    pub async fn deciding<T>(&self, read: impl Future<Output = Result<T, ApiError>>) -> Result<T, ApiError> {
        let read = tokio::time::timeout_at(self.times().decide_until.into(), read).await;
        read.unwrap_or_else(|_| Err(ApiError::Unavailable("a store did not answer in time".into())))
    }
}

/// A write that has come whole and has the form that its endpoint asks for.
pub struct ReceivedWrite<'a, S> {
    /// In whose name.
    pub context: WriteContext<'a>,
    /// What was sent.
    pub submission: S,
    /// The same as bytes, for its fingerprint; an endpoint drops them once it has that.
    pub body: WipedBody,
}

/// The handler of an endpoint's POST.
///
/// # Errors
/// By the contract's table.
pub async fn post<E: WriteEndpoint>(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, E::ACCESS)?;
    if E::SEALS_EVIDENCE {
        let contact = app.settings.support_contact.as_deref();
        app.evidence_secrets.check_signers(&caller.org().org, contact).await?;
    }
    let (body, _permit) = body::receive(&req, &app, &caller.org().org).await?;
    let received = Instant::now();
    let body = WipedBody::new(body);
    let (submission, ignored) = parse_body::<E>(&body, req.query_string(), req.headers());
    if let Some(ignored) = ignored {
        req.extensions_mut().insert(IgnoredFields(ignored));
    }
    let submission = submission?;
    let wait = WaitPreference::of(req.headers(), &app.settings);
    let context = WriteContext {
        app: &app,
        caller: &caller,
        path_id: req.match_info().get("id").map(str::to_owned),
        objects: LoggedObjects::of(&req),
        traceparent: carried(req.headers()),
        received,
        wait: wait.time,
    };
    match Box::pin(E::record(ReceivedWrite { context, submission, body })).await? {
        WriteConclusion::Recorded(answer) => Ok(answer.into_response(Some(&wait))),
        WriteConclusion::Complete(answer) => Ok(answer.into_response(None)),
        WriteConclusion::DryRun(response) => Ok(response),
    }
}

/// Parses a request. The second is `X-Ignored-Fields`, whatever came of the rest.
///
/// # Errors
/// [`ApiError::MalformedJson`], or [`ApiError::Invalid`] with everything that is wrong.
pub fn parse_body<E: WriteEndpoint>(
    body: &[u8],
    query: &str,
    headers: &HeaderMap,
) -> (Result<E::Submission, ApiError>, Option<String>) {
    match JsonObject::parse(body, E::FIELDS) {
        Ok(mut object) => {
            let submission = E::parse(&mut object, query, headers);
            (submission, object.ignored())
        }
        Err(error) => (Err(error), None),
    }
}
