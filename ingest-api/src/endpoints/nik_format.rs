//! `POST /api/identity/nik/format`: whether sixteen digits can be a customer's NIK (sequence §2.1). The digits alone are
//! looked at: nobody else is asked, and there is no check digit. Here *we* decide, so a 202 says nothing but the
//! verification's id, and there is no dry run.

pub mod answer;
pub mod description;
mod submission;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_review;
use domain::event::{Event, Fingerprint, NikFormatChecked, TEXT_CONTENT_TYPE};
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::nik::NikFindings;
use domain::orgs::{RateBucket, Scope};
use domain::ports::VerificationView;
use domain::rows::EnrolmentRow;
use domain::sealed::{Field, Purpose, Purposes};
use domain::time::Timestamp;
use vault::{CustomerKeys, SealContext};

use self::submission::NikSubmission;
use crate::app::App;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::WriteRecords;
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::record_once::{RecordedWrite, record_once};
use crate::writes::write_name::WriteName;

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/nik/format";

/// The purposes whose fields a body holds: a NIK, a birth date, a sex (sequence §1.12).
const BODY_PURPOSES: Purposes = Purposes::NONE.with(Purpose::Profile);

/// The endpoint.
pub struct NikFormat;

impl WriteEndpoint for NikFormat {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::NikFormat,
        scope: Some(Scope::VerificationsWrite),
        capability: None,
    };
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = NikSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let customer = context.customer(submission.customer.clone().ok_or(ApiError::NotFound)?);
        // It is of the profile alone: neither a photo's consent nor evidence is asked for.
        let keys = admitted_keys(&context, &customer, admit_review);
        let keys = context.deciding(keys).await?;
        let fingerprint = keys.fingerprint_under(BODY_PURPOSES, &body)?;
        drop(body);
        let write = NikWrite { context, customer, keys, submission, fingerprint };
        record_once(&write).await.map(WriteConclusion::Recorded)
    }
}

/// A NIK whose form is to be checked and recorded.
struct NikWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    submission: NikSubmission,
    fingerprint: Fingerprint,
}

/// The ids of a check's event and row.
#[derive(Debug, Clone)]
struct NikNames {
    event: EventId,
    verification: VerificationId,
}

impl RecordedWrite for NikWrite<'_> {
    type Names = NikNames;

    fn context(&self) -> &WriteContext<'_> {
        &self.context
    }

    fn repetition_name(&self) -> Option<WriteName<'_>> {
        let key = self.submission.idempotency_key.as_deref()?;
        Some(self.context.keyed_name(ROUTE, &self.customer.customer, key))
    }

    fn names(&self, name: &WriteName<'_>) -> NikNames {
        NikNames {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            verification: VerificationId::from_bytes(name.id_bytes(VerificationId::PREFIX)),
        }
    }

    fn event(names: &NikNames) -> &EventId {
        &names.event
    }

    fn verification(names: &NikNames) -> &VerificationId {
        &names.verification
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    /// The event alone: all that there is to show of it stands in it (docs/decisions/0034-niks.md).
    async fn records(&self, names: &NikNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        let NikSubmission { nik, birth_date, sex, .. } = &self.submission;
        let place =
            SealContext { event_id: &names.event, field: Field::Nik, content_type: TEXT_CONTENT_TYPE };
        let findings = NikFindings::of(nik, *birth_date, *sex, now);
        Ok(WriteRecords::EventAlone(Event::NikFormatChecked(NikFormatChecked {
            event_id: names.event.clone(),
            customer: self.customer.clone(),
            verification_id: names.verification.clone(),
            nik: self.keys.seal(&place, nik.as_str().as_bytes())?,
            signals: findings.signals(),
            findings,
            policy_version: self.context.caller.org().policy_version,
            body_fingerprint: self.fingerprint,
        })))
    }

    fn accepted_answer(&self, names: &NikNames) -> Result<WriteAnswer, ApiError> {
        answer::accepted_answer(&names.verification)
    }

    async fn row_answer(
        _: &App,
        view: &VerificationView,
        _: Option<&EnrolmentRow>,
    ) -> Result<WriteAnswer, ApiError> {
        answer::row_answer(view)
    }
}
