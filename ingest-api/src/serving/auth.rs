//! Who calls: the Bearer key, its org, and what it may do. Keys are known by their SHA-256 only and never
//! logged.

use std::sync::Arc;
use std::time::Instant;

use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpMessage as _, HttpRequest};
use domain::orgs::{ApiKeyRecord, Capability, OrgRecord, RateBucket, Scope};
use org_directory::api_key::{ApiKey, is_good};
use org_directory::directory::{KeyLookup, OrgEntry};

use crate::app::App;
use crate::serving::errors::ApiError;
use crate::serving::query;
use crate::serving::rate_limit::RateState;

/// Who calls.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The tenant and its keyed names.
    pub entry: Arc<OrgEntry>,
    /// The key it came with.
    pub key: Arc<ApiKeyRecord>,
}

impl Caller {
    /// The tenant.
    pub fn org(&self) -> &OrgRecord {
        &self.entry.record
    }

    /// Whether the key may. An org that is not strict takes another scope for some, but of a key that decides reviews none
    /// stands for posting verifications.
    pub fn may(&self, wanted: Scope) -> bool {
        let has = |wanted: Scope| self.key.scopes.iter().any(|has| has.grants(wanted));
        let is_lenient = !self.org().strict_scopes && !has(Scope::ReviewsWrite);
        has(wanted) || (is_lenient && wanted.lenient_substitute().is_some_and(has))
    }
}

/// What an endpoint asks of its caller, and what a request to it counts against.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndpointAccess {
    /// The rate limit.
    pub bucket: RateBucket,
    /// What the key must be allowed; none: any key will do.
    pub scope: Option<Scope>,
    /// What the org must be allowed beside it.
    pub capability: Option<Capability>,
}

impl EndpointAccess {
    /// For any key.
    pub const fn any_key(bucket: RateBucket) -> Self {
        Self { bucket, scope: None, capability: None }
    }

    /// For reading with a scope.
    pub const fn reading(scope: Scope) -> Self {
        Self { bucket: RateBucket::Get, scope: Some(scope), capability: None }
    }
}

/// The first four checks of every endpoint, in the contract's order: 401 (503 when the directory is stale),
/// 429, 403 scope, 403 capability. Leaves the caller and its rate in the request for the answer's headers and
/// the log line.
///
/// # Errors
/// As said.
pub fn admit(req: &HttpRequest, app: &App, access: EndpointAccess) -> Result<Caller, ApiError> {
    let EndpointAccess { bucket, scope, capability } = access;
    let caller = authenticate(req, app)?;
    req.extensions_mut().insert(caller.clone());
    let (allowed, rate) =
        app.limiter.count(&caller.key.id, bucket, &caller.org().limits, Instant::now(), app.now());
    req.extensions_mut().insert::<RateState>(rate);
    if !allowed {
        return Err(ApiError::RateLimited { bucket, limit: rate.limit, retry_after_s: rate.retry_after_s });
    }
    if let Some(scope) = scope.filter(|scope| !caller.may(*scope)) {
        return Err(ApiError::MissingScope(scope));
    }
    if let Some(capability) = capability {
        check_capability(&caller, app, capability)?;
    }
    Ok(caller)
}

/// Whether the caller's org has a capability: of an endpoint that wants it, or of a part of a body that does.
///
/// # Errors
/// [`ApiError::CapabilityDisabled`].
pub fn check_capability(caller: &Caller, app: &App, wanted: Capability) -> Result<(), ApiError> {
    if caller.org().capabilities.contains(wanted) {
        return Ok(());
    }
    let contact = app.settings.support_contact.clone();
    Err(ApiError::CapabilityDisabled { capability: wanted.as_str(), contact })
}

/// A key in a query string ends in access logs and browser histories: refused everywhere, also where none is
/// needed (contract §1).
///
/// # Errors
/// 401.
pub fn none_in_query(req: &HttpRequest) -> Result<(), ApiError> {
    if query::carries_a_key(req.query_string()) { Err(ApiError::Unauthorized) } else { Ok(()) }
}

fn authenticate(req: &HttpRequest, app: &App) -> Result<Caller, ApiError> {
    none_in_query(req)?;
    let key = bearer(req.headers()).ok_or(ApiError::Unauthorized)?;
    if !app.directory.is_current(app.settings.directory_stale) {
        return Err(ApiError::Unavailable("the org directory is not current".into()));
    }
    match app.directory.lookup(&key.sha256()) {
        KeyLookup::Known(key, entry) if is_good(&key, app.now()) => Ok(Caller { entry, key }),
        KeyLookup::Known(..) | KeyLookup::Unknown => Err(ApiError::Unauthorized),
        KeyLookup::Waiting => Err(ApiError::Unavailable("the org's id secret is not unwrapped yet".into())),
    }
}

/// The key of the one `Authorization: Bearer` header (the scheme in any case, RFC 9110 §11.1), when it has a
/// key's form: `qe_sk_<sandbox|live>_<32 base32 characters>`.
fn bearer(headers: &HeaderMap) -> Option<ApiKey> {
    let mut values = headers.get_all(header::AUTHORIZATION);
    let value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") { ApiKey::parse(key.trim_matches(' ')) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::http::header::HeaderValue;

    const KEY: &str = "qe_sk_sandbox_abcdefghijklmnopqrstuvwxyz234567";

    fn headers(values: &[&str]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for value in values {
            map.append(header::AUTHORIZATION, HeaderValue::from_str(value).expect("a header value"));
        }
        map
    }

    #[test]
    fn a_bearer_key_is_found_whatever_the_schemes_case() {
        for scheme in ["Bearer", "bearer", "BEARER", "bEaReR"] {
            assert_eq!(bearer(&headers(&[&format!("{scheme} {KEY}")])), ApiKey::parse(KEY));
        }
        assert_eq!(bearer(&headers(&[&format!("Bearer  {KEY} ")])), ApiKey::parse(KEY));
    }

    #[test]
    fn anything_else_is_no_key() {
        let good = format!("Bearer {KEY}");
        for bad in [
            vec![],
            vec![KEY],
            vec!["Bearer"],
            vec!["Bearer "],
            vec!["Basic dXNlcjpwYXNz"],
            vec!["Bearer qe_sk_test_abcdefghijklmnopqrstuvwxyz234567"],
            vec!["Bearer qe_sk_live_ABC"],
            vec!["Bearer qe_sk_live_abcdefghijklmnopqrstuvwxyz2345678"],
            vec!["Bearer qe_sk_live_abcdefghijklmnopqrstuvwxyz23456!"],
            vec![good.as_str(), good.as_str()],
        ] {
            assert_eq!(bearer(&headers(&bad)), None, "{bad:?}");
        }
    }
}
