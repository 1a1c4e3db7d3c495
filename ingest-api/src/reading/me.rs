//! `GET /api/auth/me`: what the caller's key is and may; never the key.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::orgs::{Capability, RateBucket, Scope};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::Query;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::any_key(RateBucket::Get);

/// A key and its org.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MeBody {
    org: MeOrg,
    /// The key's public name; never the key.
    key_id: String,
    /// `sandbox` or `live`.
    environment: &'static str,
    scopes: Vec<&'static str>,
    capabilities: MeCapabilities,
    /// Requests a minute by bucket; 0 is no limit.
    limits: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeOrg {
    id: String,
    name: String,
}

// The description of the API has a field for each capability (`documentation::rules`).
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeCapabilities {
    #[serde(flatten)]
    #[schema(ignore)]
    granted: BTreeMap<&'static str, bool>,
    /// False: `verifications:view` also posts verdicts.
    strict_scopes: bool,
}

/// Shows the caller's key.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    Query::parse(req.query_string(), &[]).finish()?;
    let org = caller.org();
    let granted = |capability: Capability| (capability.as_str(), org.capabilities.contains(capability));
    let limit = |bucket: RateBucket| (bucket.as_str(), org.limits.per_minute(bucket));
    Ok(HttpResponse::Ok().json(MeBody {
        org: MeOrg { id: org.org.as_str().to_owned(), name: org.name.clone() },
        key_id: caller.key.id.as_str().to_owned(),
        environment: org.environment.as_str(),
        scopes: caller.key.scopes.iter().copied().map(Scope::as_str).collect(),
        capabilities: MeCapabilities {
            granted: Capability::ALL.into_iter().map(granted).collect(),
            strict_scopes: org.strict_scopes,
        },
        limits: RateBucket::ALL.into_iter().map(limit).collect(),
    }))
}
