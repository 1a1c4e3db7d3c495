//! `POST /api/identity/face/enrolments`: a picture that becomes one of the customer's face references (sequence §2.6).
//! It makes no verification; what is in the picture decides whether a match can rely on it, not whether it is taken.

pub mod answer;
pub mod description;
mod submission;

use std::ops::ControlFlow;
use std::time::Instant;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_verdict;
use domain::event::{AuditRecord, Event, FaceEvidence, FaceReferenceAdded, Fingerprint};
use domain::face_match::EnrolledPhoto;
use domain::ids::{CustomerRef, EnrolmentId, EventId};
use domain::orgs::{RateBucket, Scope};
use domain::rows::{EnrolmentRow, FaceSource};
use domain::sealed::{Field, SealedMedia};
use domain::time::Timestamp;
use event_codec::value_sha256;
use vault::{CustomerKeys, SealContext};

use self::submission::EnrolmentSubmission;
use crate::faces::PICTURE_BODY_PURPOSES;
use crate::reading::enrolments::each_reference;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::{WriteRecords, append_records};
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::poll_until_projected;
use crate::writes::single_flight::FlightRole;
use crate::writes::write_name::WriteName;

/// The collection's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/face/enrolments";

/// The endpoint.
pub struct FaceEnrolment;

impl WriteEndpoint for FaceEnrolment {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::FaceEnrolments,
        scope: Some(Scope::VerificationsWrite),
        capability: None,
    };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = EnrolmentSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let customer = submission.customer.clone().ok_or(ApiError::NotFound)?;
        let customer = context.customer(customer);
        let keys = admitted_keys(&context, &customer, |standing| admit_verdict(standing, true));
        let keys = context.deciding(keys).await?;
        let fingerprint = keys.fingerprint_under(PICTURE_BODY_PURPOSES, &body)?;
        drop(body);
        let write = EnrolmentWrite { context, customer, keys, submission, fingerprint };
        write.record().await.map(WriteConclusion::Recorded)
    }
}

/// A reference that is to be recorded.
struct EnrolmentWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    submission: EnrolmentSubmission,
    fingerprint: Fingerprint,
}

/// The ids of a reference's event and row.
struct EnrolmentNames {
    /// The event and its evidence.
    event: EventId,
    enrolment: EnrolmentId,
}

impl EnrolmentNames {
    fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            enrolment: EnrolmentId::from_bytes(name.id_bytes(EnrolmentId::PREFIX)),
        }
    }
}

impl EnrolmentWrite<'_> {
    /// Records it; where repetitions have its name, one at a time and once for ever. What two instances append both, the
    /// fold tells apart.
    async fn record(&self) -> Result<WriteAnswer, ApiError> {
        let app = self.context.app;
        let Some(key) = self.submission.idempotency_key.as_deref() else {
            return self.append(&EnrolmentNames::of(&WriteName::Random)).await;
        };
        let names = EnrolmentNames::of(&self.context.keyed_name(ROUTE, &self.customer.customer, key));
        let leader = match app.single_flight.join(&names.event, self.fingerprint).await {
            FlightRole::Leader(leader) => leader,
            FlightRole::OtherBody => return Err(ApiError::KeyReused),
            FlightRole::Follower(answer) => return answer.map(WriteAnswer::replayed),
        };
        let until = Instant::now() + self.context.times().look_within;
        let seen = tokio::time::timeout_at(until.into(), self.row(&names)).await;
        let answer = match seen.unwrap_or(Ok(None)) {
            Ok(Some(row)) => {
                let is_stub = app.faces.is_fallback_stub(Some(EnrolledPhoto::of_row(&row))).await;
                is_stub.and_then(|is_stub| answer::projected_answer(&row, is_stub)).map(WriteAnswer::replayed)
            }
            // A read model that cannot be asked loses nothing: the fold tells a repetition from a first.
            Ok(None) | Err(ApiError::Unavailable(_)) => self.append(&names).await,
            Err(error) => Err(error),
        };
        leader.land(&answer);
        answer
    }

    /// Appends it, then waits until the read model shows it.
    async fn append(&self, names: &EnrolmentNames) -> Result<WriteAnswer, ApiError> {
        let now = self.context.app.now();
        append_records(&self.context, self.records(names, now)?, now).await?;
        let times = self.context.times();
        let shown = if times.waits {
            poll_until_projected(times.wait_until, || async {
                match self.row(names).await {
                    // Another body has the name: that is an answer.
                    Err(ApiError::KeyReused) => Ok(Some(None)),
                    row => Ok(row?.map(Some)),
                }
            })
            .await
        } else {
            None
        };
        match shown {
            Some(Some(row)) => {
                let photo = EnrolledPhoto::of_row(&row);
                let is_stub = self.context.app.faces.await_vector(photo, times.wait_until).await;
                answer::projected_answer(&row, is_stub)
            }
            Some(None) => Err(ApiError::KeyReused),
            None => answer::accepted_answer(&names.enrolment, &self.customer.customer),
        }
    }

    /// Its row, when the read model shows it.
    async fn row(&self, names: &EnrolmentNames) -> Result<Option<EnrolmentRow>, ApiError> {
        let mut found = None;
        each_reference(self.context.app, &self.customer, |row| {
            if row.id != names.enrolment {
                return ControlFlow::Continue(());
            }
            found = Some(row);
            ControlFlow::Break(())
        })
        .await?;
        match found {
            Some(row) if row.body_fingerprint != Some(self.fingerprint) => Err(ApiError::KeyReused),
            row => Ok(row),
        }
    }

    /// Seals it.
    fn records(&self, names: &EnrolmentNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        let Self { context, customer, keys, submission, fingerprint } = self;
        let image = &submission.image;
        let content_type = image.content_type();
        let place = SealContext { event_id: &names.event, field: Field::Photo, content_type };
        let photo = keys.seal(&place, image.as_bytes())?;
        let evidence = FaceEvidence {
            event_id: names.event.clone(),
            verification_id: None,
            enrolment_id: Some(names.enrolment.clone()),
            customer: customer.clone(),
            probe: None,
            probe_content_type: None,
            raw_binding: None,
            sealed_sha256: vec![(Field::Photo.as_str().to_owned(), value_sha256(photo.as_bytes()))],
            body_fingerprint: *fingerprint,
            received_at: now,
            api_key_id: context.caller.key.id.as_str().to_owned(),
        };
        let (event_id, enrolment_id) = (names.event.clone(), names.enrolment.clone());
        let (customer, body_fingerprint) = (customer.clone(), *fingerprint);
        Ok(WriteRecords::with_evidence(AuditRecord::FaceEvidence(evidence), move |audit| {
            Event::FaceReferenceAdded(FaceReferenceAdded {
                event_id,
                customer,
                enrolment_id,
                face_source: FaceSource::OnboardingSelfie,
                photo: SealedMedia::Inline(photo),
                photo_content_type: content_type.to_owned(),
                body_fingerprint,
                audit,
            })
        }))
    }
}
