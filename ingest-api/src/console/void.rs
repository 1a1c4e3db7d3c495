//! `/console/verifications/{id}/void`: a reviewer declares a verification void. GET shows what follows and the form, POST
//! does it. Nothing personal is shown, so no view is recorded; the event says who did it.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::customers::customer_path;
use console_pages::pages::void::{self, VoidModel, VoidProblem, void_path};
use domain::ids::{EventId, VerificationId};
use domain::ports::VerificationView;
use domain::rows::VoidReason;
use domain::staff::ConsolePage;
use domain::verdict::Reason;

use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::form::FormFields;
use crate::console::session::SignedIn;
use crate::reading::unseal;
use crate::serving::errors::ApiError;
use crate::serving::query;
use crate::serving::request_id::carried;
use crate::writes::review::reviewed_view;
use crate::writes::void::{VoidDecision, record_void, refusal};

/// What the page's address has after a void that is not projected yet.
const SENT: &str = "sent";

/// The page.
///
/// # Errors
/// As a page.
pub async fn show(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, ConsoleError> {
    let view = voidable(&app, &signed_in, &id).await?;
    let mut model = model(&view);
    model.is_sent = query::first(req.query_string(), SENT).is_some() && view.voided.is_none();
    model.problems.extend(problem(refusal(&app, &view).await?)?);
    Ok(page(&req, &signed_in, &model))
}

/// Declares it.
///
/// # Errors
/// As a page; what cannot be done is the page again, with words and a status of 4xx.
pub async fn declare(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, ConsoleError> {
    let form = FormFields::of_signed_in(&req, &app, &signed_in, &["reasonCode", "note", "confirm"]).await?;
    let view = voidable(&app, &signed_in, &id).await?;
    let sent = SentVoid::parse(&form);
    let problems = match (problem(refusal(&app, &view).await?)?, sent) {
        (Some(problem), _) => vec![problem],
        (None, Err(problems)) => problems,
        (None, Ok(sent)) => match declared(&req, &app, &signed_in, &view, sent).await {
            Ok(true) => return Ok(answer::see_other(&customer_path(&view.row.customer.customer))),
            Ok(false) => return Ok(answer::see_other(&format!("{}?{SENT}=1", void_path(&view.row.id)))),
            Err(error) => problem(Some(error))?.into_iter().collect(),
        },
    };
    let is_conflict = problems.iter().any(|problem| problem.is_final());
    let again = VoidModel {
        reason: VoidReason::parse(form.field("reasonCode")),
        note: form.field("note").to_owned(),
        problems,
        ..model(&view)
    };
    let mut response = page(&req, &signed_in, &again);
    *response.status_mut() = if is_conflict { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    Ok(response)
}

/// A verification of the org, for whoever may decide of it.
async fn voidable(app: &App, signed_in: &SignedIn, id: &str) -> Result<VerificationView, ConsoleError> {
    signed_in.may(ConsolePage::Customers)?;
    if !signed_in.account.role.decides_reviews() {
        return Err(ConsoleError::Forbidden);
    }
    let id = VerificationId::parse(id).map_err(|_| ConsoleError::NotFound)?;
    Ok(reviewed_view(app, signed_in.org_id(), &id).await?)
}

/// What the page says of a refusal; every other error stays one.
fn problem(refused: Option<ApiError>) -> Result<Option<VoidProblem>, ConsoleError> {
    match refused {
        None => Ok(None),
        Some(ApiError::NotVoidable) => Ok(Some(VoidProblem::NotVoidable)),
        Some(ApiError::AlreadyVoided) => Ok(Some(VoidProblem::AlreadyVoided)),
        Some(error) => Err(error.into()),
    }
}

fn model(view: &VerificationView) -> VoidModel {
    VoidModel {
        id: view.row.id.clone(),
        customer: view.row.customer.customer.clone(),
        method: view.row.method,
        created_at: view.row.created_at,
        reason: None,
        note: String::new(),
        problems: Vec::new(),
        is_sent: false,
    }
}

fn page(req: &HttpRequest, signed_in: &SignedIn, model: &VoidModel) -> HttpResponse {
    answer::page(void::render(&signed_in.frame(req, ConsolePage::Customers), model))
}

/// A void as a form has it.
struct SentVoid {
    reason: VoidReason,
    note: Option<Reason>,
}

impl SentVoid {
    /// Takes it up, or says everything that is wrong with it.
    fn parse(form: &FormFields) -> Result<Self, Vec<VoidProblem>> {
        let mut problems = Vec::new();
        let reason = VoidReason::parse(form.field("reasonCode"));
        if reason.is_none() {
            problems.push(VoidProblem::NoReason);
        }
        // Forms have their lines end with both characters (HTML standard, 4.10.22).
        let note = Reason::parse(&form.field("note").replace("\r\n", "\n")).unwrap_or_else(|_| {
            problems.push(VoidProblem::Note);
            None
        });
        if form.field("confirm") != "yes" {
            problems.push(VoidProblem::NotConfirmed);
        }
        match reason {
            Some(reason) if problems.is_empty() => Ok(Self { reason, note }),
            _ => Err(problems),
        }
    }
}

/// Records it. Whether the read model shows it by now.
async fn declared(
    req: &HttpRequest,
    app: &App,
    signed_in: &SignedIn,
    view: &VerificationView,
    sent: SentVoid,
) -> Result<bool, ApiError> {
    let org = signed_in.org_record();
    let keys = unseal::keys_of_registered(app, org.suite, &view.row.customer).await?;
    let decision = VoidDecision {
        event_id: EventId::from_bytes(vault::random_id()),
        customer: view.row.customer.clone(),
        verification: view.row.id.clone(),
        reason: sent.reason,
        note: sent.note,
        by: signed_in.account.user.as_str().to_owned(),
        body_fingerprint: None,
        policy_version: org.policy_version,
    };
    let wait_until = Some(Instant::now() + app.settings.wait_default);
    let row = record_void(app, &keys, decision, carried(req.headers()).as_deref(), wait_until).await?;
    Ok(row.is_some())
}
