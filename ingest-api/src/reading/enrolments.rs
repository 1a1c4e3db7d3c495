//! `GET /api/identity/face/enrolments?customerId=`: a customer's face references, newest first, and what the models made
//! of them. No picture, no vector.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use actix_web::{HttpRequest, HttpResponse, web};
use domain::event::Source;
use domain::face_match::FaceReference;
use domain::ids::{CustomerId, CustomerRef};
use domain::limits::REFERENCES_READ_AT_ONCE;
use domain::orgs::Scope;
use domain::ports::{FaceCause, FaceModelSet, PageRequest, PageStart};
use domain::rows::EnrolmentRow;
use serde::Serialize;
use utoipa::ToSchema;
use vault::OrgIds;

use super::cursor::{Cursor, CursorList};
use super::customers::registered;
use super::page::{NumberedPage, PageMeta};
use crate::app::App;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::query::QueryParameters;

/// What it asks of its caller.
pub const ACCESS: EndpointAccess = EndpointAccess::reading(Scope::VerificationsView);

/// The parameters.
const PARAMS: &[&str] = &["customerId", "page", "limit", "cursor"];

/// The cause where no model is configured: the photo was read by none.
const NO_MODEL: &str = "no_model";

/// A page.
#[derive(Debug, Serialize, ToSchema)]
pub struct EnrolmentsBody {
    /// Newest first.
    data: Vec<EnrolmentRowBody>,
    /// All of the customer's references, as of this answer.
    total: u64,
    /// This page's number, from 1.
    page: u64,
    /// Rows of a page at most.
    limit: usize,
    /// Where else to go.
    meta: PageMeta,
}

/// One face reference.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct EnrolmentRowBody {
    id: String,
    /// Where its photo came from.
    source: &'static str,
    /// The model that read its photo: its name and the beginning of its digest; `null` as long as none has.
    model: Option<String>,
    /// How sharp the face is, 0 to 1; `null` without a vector.
    quality: Option<f64>,
    /// Why there is no vector, or what to know of the one there is (`several_faces`); `null` also while the photo waits
    /// to be read.
    cause: Option<&'static str>,
    /// True: no match relies on it (yet).
    fallback_stub: bool,
    /// RFC 3339, UTC, milliseconds.
    created_at: String,
}

impl EnrolmentRowBody {
    fn of(reference: &FaceReference<'_>, models: Option<&FaceModelSet>) -> Self {
        let FaceReference { enrolment, standing, face } = reference;
        let cause = match models {
            None => Some(NO_MODEL),
            Some(_) => face.and_then(|face| face.cause).map(FaceCause::name),
        };
        Self {
            id: enrolment.id.as_str().to_owned(),
            source: enrolment.face_source.as_str(),
            model: face.map(|face| face.model.to_string()),
            quality: face.and_then(|face| face.quality).map(|milli| f64::from(milli) / 1_000.0),
            cause,
            fallback_stub: standing.is_fallback_stub(),
            created_at: enrolment.created_at.rfc3339(),
        }
    }
}

/// Every word that a cause may have.
pub fn cause_words() -> BTreeSet<&'static str> {
    std::iter::once(NO_MODEL).chain(FaceCause::ALL.map(FaceCause::name)).collect()
}

/// Lists a customer's references.
///
/// # Errors
/// By the contract's table.
pub async fn get(req: HttpRequest, app: web::Data<App>) -> Result<HttpResponse, ApiError> {
    let caller = auth::admit(&req, &app, ACCESS)?;
    let (customer, asked) = parse(req.query_string(), &caller.entry.ids)?;
    let customer = CustomerRef::new(caller.org().org.clone(), customer.ok_or(ApiError::NotFound)?);
    registered(&app, &customer).await?.ok_or(ApiError::NotFound)?;
    let generation = app.generation().await?;
    let found = app.views.enrolments(generation, &customer, &asked.request).await?;
    let photos: Vec<Source> = found.rows.iter().map(|row| row.source).collect();
    let (faces, models) = (app.faces.of_photos(&customer, &photos).await?, app.faces.models());
    let shown = found
        .rows
        .iter()
        .map(|row| EnrolmentRowBody::of(&FaceReference::joined(row, &faces, models), models));
    let next = found.rows.last().filter(|_| found.more).map(|row| {
        Cursor::to_next(row.place(), asked.number).to_text(CursorList::Enrolments, &caller.entry.ids)
    });
    let limit = asked.request.limit;
    Ok(HttpResponse::Ok().json(EnrolmentsBody {
        data: shown.collect(),
        total: found.total,
        page: asked.number,
        limit,
        meta: PageMeta { pages: found.total.div_ceil(limit as u64), next },
    }))
}

/// Goes through all of a customer's references, newest first, until told to stop.
///
/// # Errors
/// From the store.
pub async fn each_reference(
    app: &App,
    customer: &CustomerRef,
    mut visit: impl FnMut(EnrolmentRow) -> ControlFlow<()>,
) -> Result<(), ApiError> {
    let generation = app.generation().await?;
    let mut request = PageRequest { start: PageStart::Skip(0), limit: REFERENCES_READ_AT_ONCE };
    loop {
        let page = app.views.enrolments(generation, customer, &request).await?;
        let last = page.rows.last().map(EnrolmentRow::place);
        if page.rows.into_iter().any(|row| visit(row).is_break()) {
            return Ok(());
        }
        match last.filter(|_| page.more) {
            Some(last) => request.start = PageStart::After(last),
            None => return Ok(()),
        }
    }
}

/// None for a customer's id that is not one that we ever mint.
fn parse(text: &str, org: &OrgIds) -> Result<(Option<CustomerId>, NumberedPage), ApiError> {
    let mut query = QueryParameters::parse(text, PARAMS);
    let customer = query.take("customerId", "must not be empty", |text| {
        (!text.is_empty()).then(|| CustomerId::parse(text).ok())
    });
    if customer.is_none() && !query.is_refused() {
        query.refuse("customerId", "is required");
    }
    let asked = NumberedPage::take(&mut query, CursorList::Enrolments, org);
    query.finish()?;
    Ok((customer.flatten(), asked))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::ids::OrgId;

    #[test]
    fn a_customer_is_required_and_what_names_nobody_is_no_error() {
        let parse = |text: &str| parse(text, &OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[1; 32]));
        let (customer, asked) =
            parse("customerId=cus_00000000000000000000000000&page=3&limit=5").expect("good");
        assert!(customer.is_some());
        let request = PageRequest { start: PageStart::Skip(10), limit: 5 };
        assert_eq!((asked.number, asked.request), (3, request));
        assert!(parse("customerId=42").expect("good").0.is_none());
        for bad in
            ["", "customerId=", "customerId=42&limit=0", "customerId=42&x=1", "customerId=42&page=2&cursor=x"]
        {
            assert!(matches!(parse(bad), Err(ApiError::Invalid(_))), "{bad}");
        }
    }
}
