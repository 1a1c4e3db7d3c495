//! `GET /console/account`: one's own account.

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use console_pages::pages::account::{self, AccountModel};
use domain::staff::ConsolePage;

use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;

/// The page.
pub async fn page(
    req: HttpRequest,
    app: Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Account)?;
    let model = AccountModel {
        user: signed_in.account.user.as_str().to_owned(),
        org_name: signed_in.org_record().name.clone(),
        role: signed_in.account.role,
        signed_in_at: signed_in.session.created_at,
        expires_at: signed_in.session.expires_at,
        idle_minutes: app.settings.console.idle.as_secs().div_ceil(60),
    };
    Ok(answer::page(account::render(&signed_in.frame(&req, ConsolePage::Account), &model)))
}
