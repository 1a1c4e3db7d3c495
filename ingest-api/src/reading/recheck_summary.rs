//! `GET /api/identity/fallback/summary`: how many of an org's rechecks are open, and for how long (sequence §4.4).

use actix_web::{HttpRequest, HttpResponse, web};
use domain::orgs::Scope;
use domain::ports::RecheckSummary;
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// What is open.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecheckSummaryBody {
    /// All open rechecks.
    open: u64,
    ages: RecheckAges,
    /// `openedAt` of the one that has waited longest; `null` where none is open.
    oldest_opened_at: Option<String>,
}

/// Open rechecks by how long they have been.
#[derive(Debug, Serialize, ToSchema)]
struct RecheckAges {
    /// Less than a day.
    lt1d: u64,
    /// One day to seven.
    d1to7: u64,
    /// Seven days to thirty.
    d7to30: u64,
    /// Thirty days and longer.
    gt30d: u64,
}

impl RecheckSummaryBody {
    fn of(summary: &RecheckSummary) -> Self {
        let [lt1d, d1to7, d7to30, gt30d] = summary.ages;
        Self {
            open: summary.open,
            ages: RecheckAges { lt1d, d1to7, d7to30, gt30d },
            oldest_opened_at: summary.oldest_opened_at.map(Timestamp::rfc3339),
        }
    }
}

/// Counts what is open now.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    QueryParameters::parse(req.query_string(), &[]).finish()?;
    let generation = app.generation().await?;
    let summary = app.rechecks.recheck_summary(generation, &caller.org().org, app.now()).await?;
    Ok(HttpResponse::Ok().json(RecheckSummaryBody::of(&summary)))
}
