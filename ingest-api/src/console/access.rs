//! `GET /console/access`: who was shown personal data of whom, from the access index. Days are Jakarta's.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::format::day_start;
use console_pages::pages::access::{self, AccessFilter, AccessFilters, AccessModel};
use domain::ids::CustomerId;
use domain::ports::{AccessPage, AccessQuery, AccessRow};
use domain::staff::{ConsolePage, StaffUserName};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::limits::ACCESS_ROWS_PER_PAGE;
use crate::reading::cursor::{Cursor, CursorList};
use crate::serving::query;

/// The page.
///
/// # Errors
/// As a page.
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Access)?;
    let asked = AccessRequest::parse(req.query_string(), &signed_in)?;
    let is_wrong = asked.filters.is_wrong();
    let found =
        if is_wrong { AccessPage::default() } else { app.access_index.access_page(&asked.query).await? };
    let older = found.rows.last().filter(|_| found.more).map(|row| asked.older(row, &signed_in));
    let newest = asked.cursor.is_some().then(|| asked.address(None));
    let model = AccessModel { filters: asked.filters, rows: found.rows, older, newest };
    let frame = signed_in.frame(&req, ConsolePage::Access);
    let mut response = answer::page(access::render(&frame, &model));
    if is_wrong {
        *response.status_mut() = StatusCode::BAD_REQUEST;
    }
    Ok(response)
}

/// What is asked for.
struct AccessRequest {
    filters: AccessFilters,
    query: AccessQuery,
    cursor: Option<Cursor>,
}

impl AccessRequest {
    fn parse(text: &str, signed_in: &SignedIn) -> Result<Self, ConsoleError> {
        let cursor = match query::first(text, "after") {
            None => None,
            Some(text) => {
                let cursor = Cursor::parse(&text, CursorList::Access, &signed_in.org.ids);
                Some(cursor.ok_or(ConsoleError::BadRequest(StatusCode::BAD_REQUEST))?)
            }
        };
        let mut filters = AccessFilters::default();
        let customer = filter(text, "customer", &mut filters.customer, |text| CustomerId::parse(text).ok());
        let staff_user = filter(text, "staff", &mut filters.staff, StaffUserName::parse);
        let from = filter(text, "from", &mut filters.from, |day| day_start(day, 0));
        // The last day belongs to the range.
        let to = filter(text, "to", &mut filters.to, |day| day_start(day, 1));
        let org = signed_in.org_id().clone();
        let after = cursor.map(|cursor| cursor.after);
        let query = AccessQuery { org, customer, staff_user, from, to, after, limit: ACCESS_ROWS_PER_PAGE };
        Ok(Self { filters, query, cursor })
    }

    fn older(&self, last: &AccessRow, signed_in: &SignedIn) -> String {
        let page = self.cursor.map_or(1, |cursor| cursor.page);
        let cursor = Cursor::to_next(last.place(), page).to_text(CursorList::Access, &signed_in.org.ids);
        self.address(Some(&cursor))
    }

    /// The page's address with the same filters.
    fn address(&self, after: Option<&str>) -> String {
        let AccessFilters { customer, staff, from, to } = &self.filters;
        let filters = [("customer", customer), ("staff", staff), ("from", from), ("to", to)];
        let set = filters.iter().filter(|(_, filter)| !filter.text.is_empty());
        let pairs =
            set.map(|(name, filter)| (*name, filter.text.as_str())).chain(after.map(|text| ("after", text)));
        let pairs: Vec<String> = pairs
            .map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)))
            .collect();
        if pairs.is_empty() {
            access::PATH.to_owned()
        } else {
            format!("{}?{}", access::PATH, pairs.join("&"))
        }
    }
}

/// Takes a filter up; an empty field is none, and one that does not parse is shown as it was typed.
fn filter<T>(
    text: &str,
    name: &str,
    shown: &mut AccessFilter,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let value = query::first(text, name)?;
    let value = value.trim();
    value.clone_into(&mut shown.text);
    if value.is_empty() {
        return None;
    }
    let parsed = parse(value);
    shown.is_wrong = parsed.is_none();
    parsed
}
