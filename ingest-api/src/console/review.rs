//! `/console/reviews/{id}`: one verification that waits for a person. GET shows it; POST `…/picture` shows it with the review
//! copy; POST decides. Whatever personal is shown is on record before: a view of the copy under a name by which a decision
//! knows that its maker has seen it (`seen`).

mod copy;
mod seen;
mod shown;

use std::time::Instant;

use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::pages::review::{
    self, DecisionForm, DecisionProblem, DecisionTaken, MaySayVerified, PictureStanding, ReviewModel,
};
use console_pages::pages::reviews::review_path;
use domain::event::is_reason_code;
use domain::ids::{EventId, VerificationId};
use domain::ports::VerificationView;
use domain::rows::VerificationStatus;
use domain::staff::ConsolePage;
use domain::verdict::Reason;

use self::copy::CopyState;
use self::shown::ShownReview;
use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::form::FormFields;
use crate::console::session::SignedIn;
use crate::limits::REVIEW_PICTURE_SECONDS;
use crate::reading::unseal;
use crate::serving::errors::ApiError;
use crate::serving::query;
use crate::serving::request_id::carried;
use crate::writes::review::{ReviewDecision, is_open, record_review, reviewed_view};

/// Leads a page away after so many seconds, also without scripts.
const REFRESH: HeaderName = HeaderName::from_static("refresh");

/// What the page's address has after a decision that is not projected yet.
const SENT: &str = "sent";

/// The reason code of a capture that is sent back (sequence §2.7).
const RETAKE: &str = "retake";

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
    let view = reviewed(&app, &signed_in, &id).await?;
    let mut shown = ShownReview::of(&app, &signed_in, &view).await?;
    shown.is_sent = query::first(req.query_string(), SENT).is_some();
    shown.page(&req, &app, &signed_in, PictureAsked::No, None).await
}

/// The page with the picture.
///
/// # Errors
/// As a page.
pub async fn picture(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, ConsoleError> {
    FormFields::of_signed_in(&req, &app, &signed_in, &[]).await?;
    let view = reviewed(&app, &signed_in, &id).await?;
    if !signed_in.account.role.decides_reviews() {
        return Err(ConsoleError::Forbidden);
    }
    let shown = ShownReview::of(&app, &signed_in, &view).await?;
    let mut response = shown.page(&req, &app, &signed_in, PictureAsked::Yes, None).await?;
    // The page as it is without the picture.
    let away = HeaderValue::from_str(&format!("{REVIEW_PICTURE_SECONDS}; url={}", review_path(&view.row.id)));
    if let Ok(away) = away {
        response.headers_mut().insert(REFRESH, away);
    }
    Ok(response)
}

/// Whether the picture was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PictureAsked {
    Yes,
    No,
}

/// Decides.
///
/// # Errors
/// As a page; a decision that cannot be taken is the page again, with words and a status of 4xx.
pub async fn decide(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
    id: web::Path<String>,
) -> Result<HttpResponse, ConsoleError> {
    let form = FormFields::of_signed_in(&req, &app, &signed_in, &["decision", "reasonCode", "note"]).await?;
    let view = reviewed(&app, &signed_in, &id).await?;
    if !signed_in.account.role.decides_reviews() {
        return Err(ConsoleError::Forbidden);
    }
    let shown = ShownReview::of(&app, &signed_in, &view).await?;
    let refused = match SentDecision::parse(&form, &shown) {
        _ if !is_open(&view) => vec![DecisionProblem::NotPending],
        Ok(decision) => match taken(&req, &app, &signed_in, &view, decision).await {
            Ok(is_shown) => return Ok(decided(&view.row.id, is_shown)),
            Err(ApiError::NotPending) => vec![DecisionProblem::NotPending],
            Err(error) => return Err(error.into()),
        },
        Err(problems) => problems,
    };
    let is_conflict =
        refused.iter().any(|one| matches!(one, DecisionProblem::NotPending | DecisionProblem::NotSeen));
    let status = if is_conflict { StatusCode::CONFLICT } else { StatusCode::BAD_REQUEST };
    let again = DecisionForm {
        may_say_verified: shown.may_say_verified,
        taken: DecisionTaken::parse(form.field("decision")),
        reason_code: form.field("reasonCode").to_owned(),
        note: form.field("note").to_owned(),
        problems: refused,
    };
    // As it stands now: where somebody decided meanwhile, what they decided.
    let view = reviewed(&app, &signed_in, &id).await?;
    let shown = ShownReview::of(&app, &signed_in, &view).await?;
    let mut response = shown.page(&req, &app, &signed_in, PictureAsked::No, Some(again)).await?;
    *response.status_mut() = status;
    Ok(response)
}

/// To the page, which says what was decided, or that it soon will.
fn decided(id: &VerificationId, is_shown: bool) -> HttpResponse {
    let path = review_path(id);
    if is_shown { answer::see_other(&path) } else { answer::see_other(&format!("{path}?{SENT}=1")) }
}

/// A verification that is or was left to a person; of every other there is no such page.
async fn reviewed(app: &App, signed_in: &SignedIn, id: &str) -> Result<VerificationView, ConsoleError> {
    signed_in.may(ConsolePage::Reviews)?;
    let id = VerificationId::parse(id).map_err(|_| ConsoleError::NotFound)?;
    let view = reviewed_view(app, signed_in.org_id(), &id).await?;
    if view.row.status != VerificationStatus::Pending {
        return Err(ConsoleError::NotFound);
    }
    Ok(view)
}

/// A decision as a form has it, which may be taken.
struct SentDecision {
    to_status: VerificationStatus,
    reason_code: String,
    note: Option<Reason>,
}

impl SentDecision {
    /// Takes it up, or says everything that is wrong with it.
    fn parse(form: &FormFields, shown: &ShownReview) -> Result<Self, Vec<DecisionProblem>> {
        let mut problems = Vec::new();
        let taken = DecisionTaken::parse(form.field("decision"));
        let reason_code = if taken == Some(DecisionTaken::Retake) {
            RETAKE.to_owned()
        } else {
            form.field("reasonCode").trim().to_owned()
        };
        match taken {
            None => problems.push(DecisionProblem::NoDecision),
            Some(DecisionTaken::Verified) if !matches!(shown.may_say_verified, MaySayVerified::Until(_)) => {
                problems.push(DecisionProblem::NotSeen);
            }
            Some(_) => {}
        }
        if taken.is_some() && !is_reason_code(&reason_code) {
            problems.push(DecisionProblem::ReasonCode);
        }
        // Forms have their lines end with both characters (HTML standard, 4.10.22).
        let note = Reason::parse(&form.field("note").replace("\r\n", "\n")).unwrap_or_else(|_| {
            problems.push(DecisionProblem::Note);
            None
        });
        let to_status = match taken {
            Some(DecisionTaken::Verified) => VerificationStatus::Verified,
            Some(DecisionTaken::Failed | DecisionTaken::Retake) | None => VerificationStatus::Failed,
        };
        if problems.is_empty() { Ok(Self { to_status, reason_code, note }) } else { Err(problems) }
    }
}

/// Records it. Whether the read model shows it by now.
async fn taken(
    req: &HttpRequest,
    app: &App,
    signed_in: &SignedIn,
    view: &VerificationView,
    decision: SentDecision,
) -> Result<bool, ApiError> {
    let org = signed_in.org_record();
    let keys = unseal::keys_of_registered(app, org.suite, &view.row.customer).await?;
    let decision = ReviewDecision {
        event_id: EventId::from_bytes(vault::random_id()),
        customer: view.row.customer.clone(),
        verification: view.row.id.clone(),
        to_status: decision.to_status,
        reason_code: decision.reason_code,
        note: decision.note,
        by: signed_in.account.user.as_str().to_owned(),
        body_fingerprint: None,
        policy_version: org.policy_version,
    };
    let wait_until = Some(Instant::now() + app.settings.wait_default);
    let row = record_review(app, &keys, decision, carried(req.headers()).as_deref(), wait_until).await?;
    Ok(row.is_some())
}
