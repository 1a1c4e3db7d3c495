//! `GET /console/customers/{id}`: one customer, with its personal fields. What is to be shown is read and opened first, so
//! that the access record can name it; then the record is appended; only then there is a page.

mod timeline;

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse, web};
use console_pages::pages::customer::{
    self, CustomerModel, CustomerRecheck, ReferenceLine, ReferenceStanding, ReferencesPart, TimelineEntry,
    TimelinePart,
};
use domain::event::{PersonalDataPage, PersonalDataViewed};
use domain::face_match::{FaceReference, VectorStanding};
use domain::ids::{CustomerId, CustomerRef, EventId};
use domain::limits::PAGE_ROWS_MAX;
use domain::ports::{EnrolmentsPage, FaceModelSet, FaceVectorRow, PageRequest, PageStart, RowPlace};
use domain::rows::{CustomerState, Registration};
use domain::sealed::{Field, Purpose};
use domain::staff::ConsolePage;
use vault::CustomerKeys;

use crate::app::App;
use crate::console::access_record::record_view;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::reading::cursor::{Cursor, CursorList};
use crate::reading::customers::registered;
use crate::reading::noticed::{NoticedSignal, disagreements};
use crate::reading::standing::{CustomerAssurance, ReadCustomer};
use crate::reading::unseal;
use crate::serving::query;
use crate::serving::request_id::{RequestName, carried};

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
    signed_in.may(ConsolePage::Customers)?;
    let id = CustomerId::parse(&id).map_err(|_| ConsoleError::NotFound)?;
    let customer = CustomerRef::new(signed_in.org_id().clone(), id);
    let model = model(&req, &app, &signed_in, &customer).await?;
    let view = PersonalDataViewed {
        event_id: EventId::from_bytes(vault::random_id()),
        customer,
        staff_user: signed_in.account.user.clone(),
        staff_role: signed_in.account.role,
        page: PersonalDataPage::Customer,
        fields: shown_fields(&model),
        request_id: request_id(&req),
        viewed_at: model.viewed_at,
    };
    record_view(&app, view, carried(req.headers()).as_deref()).await?;
    let frame = signed_in.frame(&req, ConsolePage::Customers);
    Ok(answer::page(customer::render(&frame, &model)))
}

fn request_id(req: &HttpRequest) -> String {
    req.extensions().get::<RequestName>().map(|name| name.as_str().to_owned()).unwrap_or_default()
}

/// The personal fields that the page shows.
fn shown_fields(model: &CustomerModel) -> Vec<Field> {
    let has_reason = model.timeline.entries.iter().any(TimelineEntry::shows_reason);
    [
        Some(Field::FullName),
        model.external_id.as_ref().map(|_| Field::ExternalId),
        has_reason.then_some(Field::Reason),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// All that the page shows. Nobody has seen it yet.
async fn model(
    req: &HttpRequest,
    app: &App,
    signed_in: &SignedIn,
    customer: &CustomerRef,
) -> Result<CustomerModel, ConsoleError> {
    let after = match query::first(req.query_string(), "after") {
        None => None,
        Some(text) => {
            let cursor = Cursor::parse(&text, CursorList::Timeline, &signed_in.org.ids);
            Some(cursor.ok_or(ConsoleError::BadRequest(actix_web::http::StatusCode::BAD_REQUEST))?)
        }
    };
    let (state, registration) = registered(app, customer).await?.ok_or(ConsoleError::NotFound)?;
    let keys = unseal::keys_of_registered(app, signed_in.org_record().suite, customer).await?;
    if keys.is_destroyed(Purpose::Profile) {
        return Err(ConsoleError::NotFound);
    }
    let (full_name, external_id) = names(&keys, &registration)?;
    let generation = app.generation().await?;
    let newest = PageRequest { start: PageStart::Skip(0), limit: PAGE_ROWS_MAX };
    let enrolments = app.views.enrolments(generation, customer, &newest).await?;
    let photos: Vec<_> = enrolments.rows.iter().map(|row| row.source).collect();
    let faces = app.faces.of_photos(customer, &photos).await?;
    let noticed = noticed(app, &state, &enrolments, &faces, &keys);
    let references = references(&enrolments, &faces, app.faces.models());
    let place = after.map(|cursor| cursor.after);
    let rows = timeline::read(app, generation, customer, place, enrolments).await?;
    let older = rows.older.map(|place| older_cursor(place, after, signed_in));
    let timeline = TimelinePart {
        entries: timeline::entries(rows.moments, &keys, &noticed),
        older,
        is_newest: after.is_none(),
        may_void: signed_in.account.role.decides_reviews(),
    };
    let now = app.now();
    let read = ReadCustomer { app, generation, customer, as_of: None };
    let CustomerAssurance { path, recheck } = read.assurance(&state).await?;
    let blockers = read.blockers(signed_in.org_record(), state.kyc, &keys).await?;
    Ok(CustomerModel {
        id: customer.customer.clone(),
        full_name,
        external_id,
        registered_at: registration.created_at,
        tier: state.kyc.tier,
        last_verified_at: state.kyc.last_verified_at,
        expires_at: state.kyc.expires_at,
        blockers,
        assurance: path,
        recheck: recheck.map(|(id, status, opened_at)| CustomerRecheck { id, status, opened_at }),
        waiting_events: waiting_events(&state),
        erased: state.erased,
        viewed_at: now,
        timeline,
        references,
    })
}

fn names(keys: &CustomerKeys, registration: &Registration) -> Result<(String, Option<String>), ConsoleError> {
    let text = |field, sealed| unseal::text(keys, &registration.event_id, field, sealed);
    let full_name = text(Field::FullName, registration.full_name.as_ref())?;
    let external_id = text(Field::ExternalId, registration.external_id.as_ref())?;
    Ok((full_name.ok_or(ConsoleError::NotFound)?, external_id))
}

fn older_cursor(place: RowPlace, after: Option<Cursor>, signed_in: &SignedIn) -> String {
    let page = after.map_or(1, |cursor| cursor.page);
    Cursor::to_next(place, page).to_text(CursorList::Timeline, &signed_in.org.ids)
}

/// What the faces of the references that are read anyway say of the verdicts that brought them.
fn noticed(
    app: &App,
    state: &CustomerState,
    enrolments: &EnrolmentsPage,
    faces: &[FaceVectorRow],
    keys: &CustomerKeys,
) -> Vec<NoticedSignal> {
    let Some(models) = app.faces.models() else { return Vec::new() };
    let standing = enrolments.rows.iter().filter(|row| !state.voids.has_enrolment(&row.id));
    let references: Vec<_> = standing.map(|row| FaceReference::joined(row, faces, Some(models))).collect();
    disagreements(&references, models, keys)
}

fn waiting_events(state: &CustomerState) -> u64 {
    state.quarantine.as_ref().map_or(0, |quarantine| quarantine.waiting)
}

fn references(
    enrolments: &EnrolmentsPage,
    faces: &[FaceVectorRow],
    models: Option<&FaceModelSet>,
) -> ReferencesPart {
    let line = |row| {
        let FaceReference { enrolment, standing, face } = FaceReference::joined(row, faces, models);
        let standing = match standing {
            _ if models.is_none() => ReferenceStanding::NoModel,
            VectorStanding::Ready => ReferenceStanding::Ready,
            VectorStanding::Due => ReferenceStanding::Due,
            VectorStanding::Stub => ReferenceStanding::Unusable(face.and_then(|face| face.cause)),
        };
        ReferenceLine {
            id: enrolment.id.clone(),
            source: enrolment.face_source,
            created_at: enrolment.created_at,
            standing,
        }
    };
    ReferencesPart { total: enrolments.total, shown: enrolments.rows.iter().map(line).collect() }
}
