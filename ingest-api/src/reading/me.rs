//! `GET /api/auth/me`: what the caller's key is and may; never the key.

use std::collections::BTreeMap;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::orgs::Scope;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::serving::auth::{self, Wants};
use crate::serving::errors::ApiError;
use crate::serving::query::Query;
use crate::serving::rate_limit::Bucket;

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
    /// Requests a minute by bucket (`get`, `write`, `nik_dukcapil`); 0 is no limit.
    limits: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct MeOrg {
    id: String,
    name: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeCapabilities {
    /// May it send verdicts?
    dukcapil_enabled: bool,
    /// False: `verifications:view` also posts verdicts.
    strict_scopes: bool,
}

/// Shows the caller's key.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, Bucket::Get, Wants::AnyKey)?;
    Query::parse(req.query_string(), &[]).finish()?;
    let org = caller.org();
    let buckets = [Bucket::Get, Bucket::Write, Bucket::NikDukcapil];
    Ok(HttpResponse::Ok().json(MeBody {
        org: MeOrg { id: org.org.as_str().to_owned(), name: org.name.clone() },
        key_id: caller.key.id.as_str().to_owned(),
        environment: org.environment.as_str(),
        scopes: caller.key.scopes.iter().copied().map(Scope::as_str).collect(),
        capabilities: MeCapabilities {
            dukcapil_enabled: org.dukcapil_enabled,
            strict_scopes: org.strict_scopes,
        },
        limits: buckets.into_iter().map(|bucket| (bucket.as_str(), bucket.limit(&org.limits))).collect(),
    }))
}
