//! `/console/rechecks/{id}`: one recheck. GET shows it; POST closes it, by whoever decides reviews. Nothing personal is on it.

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::recheck::{self, CloseForm, CloseProblem, RecheckModel};
use console_pages::pages::rechecks::recheck_path;
use domain::event::{Event, FallbackRecheckClosed, is_reason_code};
use domain::ids::{EventId, RecheckId};
use domain::recheck::RecheckStatus;
use domain::rows::RecheckRow;
use domain::sealed::Field;
use domain::staff::ConsolePage;
use domain::verdict::Reason;
use vault::SealContext;

use super::rechecks::line;
use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::form::FormFields;
use crate::console::session::SignedIn;
use crate::reading::rechecks::{is_settled, present_tiers, recheck_of};
use crate::reading::unseal;
use crate::serving::errors::ApiError;
use crate::serving::query;
use crate::serving::request_id::carried;
use crate::writes::poll_until_projected;
use crate::writes::review::append;

/// What the page's address has after a close that is not projected yet.
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
    let row = one(&app, &signed_in, &id).await?;
    let is_sent = query::first(req.query_string(), SENT).is_some();
    let shown = ShownRecheck { row, is_sent, form: CloseForm::default(), problems: Vec::new() };
    shown.page(&req, &app, &signed_in).await
}

/// Closes it.
///
/// # Errors
/// As a page; one that cannot be closed is the page again, with words and a status of 4xx.
pub async fn close(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, ConsoleError> {
    let form = FormFields::of_signed_in(&req, &app, &signed_in, &["reasonCode", "note"]).await?;
    let row = one(&app, &signed_in, &id).await?;
    if !signed_in.account.role.decides_reviews() {
        return Err(ConsoleError::Forbidden);
    }
    let problems = match SentClose::parse(&form) {
        _ if row.status != RecheckStatus::Open => vec![CloseProblem::NotOpen],
        Ok(sent) => match closed(&req, &app, &signed_in, &row, sent).await {
            Ok(is_shown) => return Ok(to_page(&row.id, is_shown)),
            Err(ApiError::RecheckNotOpen) => vec![CloseProblem::NotOpen],
            Err(error) => return Err(error.into()),
        },
        Err(problems) => problems,
    };
    let is_conflict = problems.contains(&CloseProblem::NotOpen);
    let status = if is_conflict { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    let [reason_code, note] = ["reasonCode", "note"].map(|name| form.field(name).to_owned());
    // As it stands now: where something settled it meanwhile, what did.
    let row = one(&app, &signed_in, &id).await?;
    let again = ShownRecheck { row, is_sent: false, form: CloseForm { reason_code, note }, problems };
    let mut response = again.page(&req, &app, &signed_in).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// To the page, which says who closed it, or that it soon will.
fn to_page(id: &RecheckId, is_shown: bool) -> HttpResponse {
    let path = recheck_path(id);
    if is_shown { answer::see_other(&path) } else { answer::see_other(&format!("{path}?{SENT}=1")) }
}

async fn one(app: &App, signed_in: &SignedIn, id: &str) -> Result<RecheckRow, ConsoleError> {
    signed_in.may(ConsolePage::Rechecks)?;
    let id = RecheckId::parse(id).map_err(|_| ConsoleError::NotFound)?;
    Ok(recheck_of(app, signed_in.org_id(), &id).await?)
}

/// A recheck, and what was sent about it.
struct ShownRecheck {
    row: RecheckRow,
    is_sent: bool,
    form: CloseForm,
    problems: Vec<CloseProblem>,
}

impl ShownRecheck {
    async fn page(
        self,
        req: &HttpRequest,
        app: &App,
        signed_in: &SignedIn,
    ) -> Result<HttpResponse, ConsoleError> {
        let Self { row, is_sent, form, problems } = self;
        let generation = app.generation().await?;
        let tiers = present_tiers(app, generation, std::slice::from_ref(&row)).await?;
        let may_close = row.status == RecheckStatus::Open && signed_in.account.role.decides_reviews();
        let model = RecheckModel {
            line: line(&row, tiers.into_iter().next().unwrap_or_default()),
            closed: row.closed.map(|closed| (closed.reason_code, closed.by)),
            is_sent,
            form: may_close.then_some(form),
            problems,
        };
        let frame = signed_in.frame(req, ConsolePage::Rechecks);
        Ok(answer::page(recheck::render(&frame, &model)))
    }
}

/// What a form has of a close.
struct SentClose {
    reason_code: String,
    note: Option<Reason>,
}

impl SentClose {
    /// Takes it up, or says everything that is wrong with it.
    fn parse(form: &FormFields) -> Result<Self, Vec<CloseProblem>> {
        let mut problems = Vec::new();
        let reason_code = form.field("reasonCode").trim().to_owned();
        if !is_reason_code(&reason_code) {
            problems.push(CloseProblem::ReasonCode);
        }
        // Forms have their lines end with both characters (HTML standard, 4.10.22).
        let note = Reason::parse(&form.field("note").replace("\r\n", "\n")).unwrap_or_else(|_| {
            problems.push(CloseProblem::Note);
            None
        });
        if problems.is_empty() { Ok(Self { reason_code, note }) } else { Err(problems) }
    }
}

/// Records it. Whether the read model shows it by now.
async fn closed(
    req: &HttpRequest,
    app: &App,
    signed_in: &SignedIn,
    row: &RecheckRow,
    sent: SentClose,
) -> Result<bool, ApiError> {
    let wait_until = Instant::now() + app.settings.wait_default;
    let keys = unseal::keys_of_registered(app, signed_in.org_record().suite, &row.customer).await?;
    let event_id = EventId::from_bytes(vault::random_id());
    let place = SealContext { event_id: &event_id, field: Field::RecheckNote, content_type: "text/plain" };
    let note = sent.note.map(|note| keys.seal(&place, note.as_str().as_bytes())).transpose()?;
    let by = signed_in.account.user.as_str().to_owned();
    let event = Event::FallbackRecheckClosed(FallbackRecheckClosed {
        event_id,
        customer: row.customer.clone(),
        recheck_id: row.id.clone(),
        reason_code: sent.reason_code.clone(),
        note,
        by: by.clone(),
        body_fingerprint: None,
    });
    append(app, event, carried(req.headers()).as_deref()).await?;
    let settled = poll_until_projected(wait_until, || async {
        let row = recheck_of(app, &row.customer.org, &row.id).await?;
        Ok(is_settled(app, &row).await?.then_some(row))
    })
    .await;
    match settled.map(|row| row.closed) {
        None => Ok(false),
        Some(Some(closed)) if closed.by == by && closed.reason_code == sent.reason_code => Ok(true),
        // Something else settled it first.
        Some(_) => Err(ApiError::RecheckNotOpen),
    }
}
