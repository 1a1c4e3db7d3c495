//! `GET /api/identity/kyc/{customerId}`: the customer detail page, now or as of a time.

use actix_web::{HttpRequest, HttpResponse, web};
use domain::ids::{CustomerId, CustomerRef};
use domain::orgs::Scope;
use domain::rows::{ReviewRow, TierEventRow, VerificationRow, VoidRow};
use domain::sealed::{Field, Purpose};
use domain::time::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use vault::CustomerKeys;

use super::assessment::{self, AssessmentBody, ReviewBody, VoidBody};
use super::standing::{CustomerAssurance, ReadCustomer};
use super::unseal;
use crate::app::App;
use crate::reading::customers::registered;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::logged_objects::LoggedObjects;
use crate::serving::query::QueryParameters;

/// What the endpoint asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::CustomersView);

/// A customer's KYC.
#[derive(Debug, Serialize, ToSchema)]
pub struct KycBody {
    customer: KycCustomer,
    /// Nothing speaks against serving the customer: there are no `blockers`.
    eligible: bool,
    /// What speaks against it: `below_standard`, `expired`, and `signal:<code>` for what the org's setting
    /// `eligibility.blockOn` names.
    blockers: Vec<String>,
    assurance: AssuranceBody,
    /// Newest first, the last 100.
    verifications: Vec<KycVerification>,
    /// Newest first, the last 100.
    history: Vec<KycTierEvent>,
}

/// What the customer's identity rests on.
#[derive(Debug, Serialize, ToSchema)]
struct AssuranceBody {
    /// `dukcapil` where a valid verdict stands; `ktp_fallback` where the card stands alone, because Dukcapil could not be
    /// asked, and it has not confirmed since; `ktp` where the card stands; `none`.
    path: &'static str,
    /// The latest recheck; `null` where none was ever opened.
    recheck: Option<AssuranceRecheck>,
}

/// A recheck, as of the answer's moment.
#[derive(Debug, Serialize, ToSchema)]
struct AssuranceRecheck {
    id: String,
    /// `open`, `confirmed`, `contradicted`, `closed` or `erased`.
    status: &'static str,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KycCustomer {
    id: String,
    full_name: String,
    /// `none`, `basic`, `standard` or `premium`.
    kyc_level: &'static str,
    /// RFC 3339, UTC, milliseconds.
    kyc_last_verified_at: Option<String>,
    /// RFC 3339, UTC, milliseconds.
    kyc_expires_at: Option<String>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KycVerification {
    id: String,
    method: &'static str,
    status: &'static str,
    score: Option<u32>,
    reason: Option<String>,
    /// Of a capture only: how far it can be relied on, `low` or `standard`.
    #[serde(skip_serializing_if = "Option::is_none")]
    assurance_tier: Option<&'static str>,
    /// Of a capture only: who judged it and how.
    #[serde(skip_serializing_if = "Option::is_none")]
    assessment: Option<AssessmentBody>,
    /// Of a `pending` one only: `null` until a person decides.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<ReviewBody>)]
    review: Option<Option<ReviewBody>>,
    /// Of one that counts no more only: why, and since when.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = VoidBody)]
    voided: Option<VoidBody>,
    created_at: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct KycTierEvent {
    id: String,
    from_tier: &'static str,
    to_tier: &'static str,
    /// Always `null`: no change is made by hand.
    actor_user_id: Option<String>,
    /// `automatic on nik_dukcapil verify`: the causing method; `voided ver_…`: the verification that counts no more.
    reason: String,
    created_at: String,
}

/// Shows a customer's KYC.
///
/// # Errors
/// By the contract's table.
pub async fn get(
    req: HttpRequest,
    app: web::Data<App>,
    id: web::Path<String>,
) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let mut query = QueryParameters::parse(req.query_string(), &["asOf"]);
    let as_of = query.take_time("asOf", Timestamp::parse);
    query.finish()?;
    let id = CustomerId::parse(&id).map_err(|_| ApiError::NotFound)?;
    let customer = CustomerRef::new(caller.org().org.clone(), id);
    let (state, registration) = registered(&app, &customer).await?.ok_or(ApiError::NotFound)?;
    if as_of.is_some_and(|as_of| registration.created_at > as_of) {
        return Err(ApiError::NotFound);
    }
    let keys = unseal::keys_of_registered(&app, caller.org().suite, &customer).await?;
    if keys.is_destroyed(Purpose::Profile) {
        return Err(ApiError::NotFound);
    }
    let (event_id, full_name) = (&registration.event_id, registration.full_name.as_ref());
    let full_name = unseal::text(&keys, event_id, Field::FullName, full_name)?.ok_or(ApiError::NotFound)?;
    let generation = app.generation().await?;
    let rows = app.views.kyc_rows(generation, &customer, as_of).await?;
    let kyc = match as_of {
        None => state.kyc,
        Some(_) => rows.kyc(),
    };
    let read = ReadCustomer { app: &app, generation, customer: &customer, as_of };
    let assurance = read.assurance(&state).await?;
    let blockers = read.blockers(caller.org(), kyc, &keys).await?;
    app.reads.record(&caller, app.now(), &LoggedObjects::of(&req), [&customer.customer])?;
    let review_of = |row: &VerificationRow| rows.reviews.iter().find(|of| of.verification_id == row.id);
    let shown = rows.verifications.iter();
    let void_of = |row: &VerificationRow| rows.voids.iter().find(|of| of.verification_id == row.id);
    let verifications =
        shown.map(|row| KycVerification::of(row, review_of(row), void_of(row), &keys)).collect();
    Ok(HttpResponse::Ok().json(KycBody {
        customer: KycCustomer {
            id: customer.customer.as_str().to_owned(),
            full_name,
            kyc_level: kyc.tier.as_str(),
            kyc_last_verified_at: kyc.last_verified_at.map(Timestamp::rfc3339),
            kyc_expires_at: kyc.expires_at.map(Timestamp::rfc3339),
        },
        eligible: blockers.is_empty(),
        blockers: blockers.iter().map(ToString::to_string).collect(),
        assurance: AssuranceBody::of(assurance),
        verifications,
        history: rows.history.iter().map(KycTierEvent::of).collect(),
    }))
}

impl AssuranceBody {
    fn of(assurance: CustomerAssurance) -> Self {
        let recheck = assurance.recheck;
        let recheck = recheck
            .map(|(id, status, _)| AssuranceRecheck { id: id.as_str().to_owned(), status: status.as_str() });
        Self { path: assurance.path.as_str(), recheck }
    }
}

impl KycVerification {
    /// A reason that does not open is `null`; the verification itself says so in its `signals`.
    fn of(
        row: &VerificationRow,
        review: Option<&ReviewRow>,
        voided: Option<&VoidRow>,
        keys: &CustomerKeys,
    ) -> Self {
        Self {
            id: row.id.as_str().to_owned(),
            method: row.method.as_str(),
            status: row.status.as_str(),
            score: row.score,
            reason: unseal::reason(keys, row).unwrap_or_default(),
            assurance_tier: assessment::assurance_tier(row),
            assessment: row.assessment.as_ref().map(AssessmentBody::of),
            review: assessment::shown_review(row, review),
            voided: voided.map(VoidBody::of),
            created_at: row.created_at.rfc3339(),
        }
    }
}

impl KycTierEvent {
    fn of(row: &TierEventRow) -> Self {
        Self {
            id: row.id.as_str().to_owned(),
            from_tier: row.from_tier.as_str(),
            to_tier: row.to_tier.as_str(),
            actor_user_id: None,
            reason: row.reason.clone(),
            created_at: row.created_at.rfc3339(),
        }
    }
}
