//! Who is signed in: from a cookie to an account, at every request. What ends a session is in `domain::staff`.

use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::web::Data;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use console_pages::{PageFrame, PageReader};
use domain::ids::OrgId;
use domain::orgs::OrgRecord;
use domain::staff::{ConsolePage, SessionDigest, StaffAccount, StaffSession};
use futures::FutureExt as _;
use futures::future::LocalBoxFuture;
use org_directory::directory::OrgEntry;
use vault::SecretToken;

use crate::app::App;
use crate::console::cookies::ConsoleCookie;
use crate::console::error::ConsoleError;
use crate::console::visit::{self, ConsoleVisit};

/// For what a session's token proves itself in forms.
const FORM_PROOF: &str = "console form";

/// Somebody who is signed in.
#[derive(Debug, Clone)]
pub struct SignedIn {
    /// Who, and what it may.
    pub account: Arc<StaffAccount>,
    /// Since when and until when.
    pub session: StaffSession,
    /// Its org, and the org's keyed names.
    pub org: Arc<OrgEntry>,
    token: Arc<SecretToken>,
}

impl SignedIn {
    /// The org whose customers it sees.
    pub fn org_id(&self) -> &OrgId {
        &self.account.org
    }

    /// The org's record.
    pub fn org_record(&self) -> &OrgRecord {
        &self.org.record
    }

    /// Refuses a page that the role may not see.
    ///
    /// # Errors
    /// [`ConsoleError::Forbidden`].
    pub fn may(&self, page: ConsolePage) -> Result<(), ConsoleError> {
        if self.account.role.may(page) { Ok(()) } else { Err(ConsoleError::Forbidden) }
    }

    /// What surrounds that page.
    pub fn frame(&self, req: &HttpRequest, page: ConsolePage) -> PageFrame {
        ConsoleVisit::of_request(req).frame(Some(self.reader()), Some(page))
    }

    /// Whether a form has the token that its page was given, in constant time.
    pub fn is_own_form(&self, csrf_token: &str) -> bool {
        self.token.is_proof(FORM_PROOF, csrf_token)
    }

    fn reader(&self) -> PageReader {
        PageReader {
            user: self.account.user.as_str().to_owned(),
            org_name: self.org_record().name.clone(),
            role: self.account.role,
            csrf_token: self.token.proof(FORM_PROOF),
        }
    }

    /// Who sent the request.
    ///
    /// # Errors
    /// [`ConsoleError::SignInFirst`] where nobody is signed in; 503 where that cannot be known.
    pub async fn of_request(req: &HttpRequest, app: &App) -> Result<Self, ConsoleError> {
        let token = ConsoleCookie::Session.token(req, app).ok_or(ConsoleError::SignInFirst)?;
        let digest = SessionDigest(token.sha256());
        let session = app.staff_sessions.session(&digest).await?.ok_or(ConsoleError::SignInFirst)?;
        // Asked at every request, so that who is disabled is out at once, on every instance.
        let account = app.staff_accounts.account(&session.user).await?.ok_or(ConsoleError::SignInFirst)?;
        let now = app.now();
        let idle_ms = i64::try_from(app.settings.console.idle.as_millis()).unwrap_or(i64::MAX);
        if !session.is_good(&account, now, idle_ms) {
            app.staff_sessions.delete_session(&digest).await?;
            return Err(ConsoleError::SignInFirst);
        }
        let unwritten_ms = now.millis().saturating_sub(session.last_seen_at.millis());
        let is_due =
            u128::try_from(unwritten_ms).is_ok_and(|ms| ms >= app.settings.console.touch_every().as_millis());
        if is_due && !visit::is_by_itself(req) && !app.staff_sessions.touch_session(&digest, now).await? {
            return Err(ConsoleError::SignInFirst);
        }
        if !app.directory.is_current(app.settings.directory_stale) {
            return Err(ConsoleError::Unavailable("the org directory is not current".to_owned()));
        }
        let org = app.directory.org(&account.org);
        let org = org.ok_or_else(|| {
            ConsoleError::Unavailable(
                "the account's org is not known, or its id secret is not unwrapped".to_owned(),
            )
        })?;
        let signed_in = Self { account: Arc::new(account), session, org, token: Arc::new(token) };
        // For the page that an error becomes, and for the log line.
        req.extensions_mut().insert(signed_in.reader());
        req.extensions_mut().insert(signed_in.clone());
        Ok(signed_in)
    }
}

impl FromRequest for SignedIn {
    type Error = ConsoleError;
    type Future = LocalBoxFuture<'static, Result<Self, ConsoleError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let req = req.clone();
        async move {
            let app = req.app_data::<Data<App>>().cloned();
            let app = app.ok_or_else(|| ConsoleError::Internal("no app".to_owned()))?;
            Self::of_request(&req, &app).await
        }
        .boxed_local()
    }
}
