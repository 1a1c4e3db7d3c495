//! `POST /api/identity/face/match`: whether a picture shows the customer whose reference is kept (sequence §2.6). Here
//! *we* decide, so a 202 says nothing but the verification's id, and there is no dry run.

pub mod answer;
mod command;
mod comparison;
pub mod description;
mod submission;

use actix_web::http::header::HeaderMap;
use domain::decide::admit_verdict;
use domain::event::Fingerprint;
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::orgs::{RateBucket, Scope};
use domain::ports::VerificationView;
use domain::rows::EnrolmentRow;
use domain::time::Timestamp;
use vault::CustomerKeys;

use self::submission::{MatchProbe, MatchSubmission};
use crate::app::App;
use crate::faces::PICTURE_BODY_PURPOSES;
use crate::serving::auth::EndpointAccess;
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::wiped_body::WipedBody;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::WriteRecords;
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::record_once::{RecordedWrite, record_once, replay_refused};
use crate::writes::write_name::WriteName;

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/face/match";

/// The endpoint.
pub struct FaceMatch;

impl WriteEndpoint for FaceMatch {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::FaceMatch,
        scope: Some(Scope::VerificationsWrite),
        capability: None,
    };
    const SEALS_EVIDENCE: bool = true;
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = MatchSubmission;

    fn parse(
        object: &mut JsonObject<'_>,
        query: &str,
        headers: &HeaderMap,
    ) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query, headers)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        let recorded = match decided(context.clone(), &submission, body).await {
            Err(refused) if comes_after_bad_request(&refused) => {
                Err(unless_no_probe(&context, &submission, refused).await)
            }
            recorded => recorded,
        };
        recorded.map(WriteConclusion::Recorded)
    }
}

/// Decides a match and records it, or gives the answer that it had before.
async fn decided(
    context: WriteContext<'_>,
    submission: &MatchSubmission,
    body: WipedBody,
) -> Result<WriteAnswer, ApiError> {
    let customer = context.customer(submission.customer.clone().ok_or(ApiError::NotFound)?);
    // The probe is biometric, and its record is evidence: both keys are needed, as of a verdict with a photo.
    let keys = admitted_keys(&context, &customer, |standing| admit_verdict(standing, true));
    let keys = match context.deciding(keys).await {
        Ok(keys) => keys,
        Err(refused @ (ApiError::BiometricWithdrawn | ApiError::EvidenceErased)) => {
            let key = submission.idempotency_key.as_deref();
            let named = key.map(|key| MatchNames::of(&context.keyed_name(ROUTE, &customer.customer, key)));
            let id = named.as_ref().map(|names| &names.verification);
            let fingerprint = |keys: &CustomerKeys| keys.fingerprint_under(PICTURE_BODY_PURPOSES, &body);
            let answer = replay_refused::<MatchWrite<'_>>(&context, &customer, id, fingerprint, refused);
            return context.deciding(answer).await;
        }
        Err(error) => return Err(error),
    };
    let fingerprint = keys.fingerprint_under(PICTURE_BODY_PURPOSES, &body)?;
    drop(body);
    let write = MatchWrite { context, customer, keys, submission, fingerprint };
    match record_once(&write).await {
        // That a customer is closed is said before that a key is taken (sequence §1.7).
        Err(ApiError::KeyReused) => {
            let now = write.context.app.now();
            write.context.deciding(comparison::refuse_when_closed(&write, now)).await?;
            Err(ApiError::KeyReused)
        }
        recorded => recorded,
    }
}

/// Whether the contract's order (§1, sequence §1.7) has a 400 before it: whatever is missing, used up or taken.
fn comes_after_bad_request(refused: &ApiError) -> bool {
    matches!(refused.code().status().as_u16(), 404 | 409 | 422 | 429)
}

/// What a match that is refused is told: a picture that is no probe is a 400 whatever else is the matter. It is read for
/// that alone, and last: a match that is decided, or that was, reads its picture once or not at all. Where there is no
/// model nobody can tell.
async fn unless_no_probe(
    context: &WriteContext<'_>,
    submission: &MatchSubmission,
    refused: ApiError,
) -> ApiError {
    let faces = &context.app.faces;
    let (MatchProbe::Image(image), Some(models)) = (&submission.probe, faces.models()) else {
        return refused;
    };
    comparison::probe(faces, image, &models.primary.model.id).await.err().unwrap_or(refused)
}

/// A match that is to be decided and recorded.
struct MatchWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    submission: &'a MatchSubmission,
    fingerprint: Fingerprint,
}

/// The ids of a match's event and row.
#[derive(Debug, Clone)]
struct MatchNames {
    /// The event and its evidence.
    event: EventId,
    verification: VerificationId,
}

impl MatchNames {
    fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            verification: VerificationId::from_bytes(name.id_bytes(VerificationId::PREFIX)),
        }
    }
}

impl RecordedWrite for MatchWrite<'_> {
    type Names = MatchNames;

    fn context(&self) -> &WriteContext<'_> {
        &self.context
    }

    fn repetition_name(&self) -> Option<WriteName<'_>> {
        let key = self.submission.idempotency_key.as_deref()?;
        Some(self.context.keyed_name(ROUTE, &self.customer.customer, key))
    }

    fn names(&self, name: &WriteName<'_>) -> MatchNames {
        MatchNames::of(name)
    }

    fn event(names: &MatchNames) -> &EventId {
        &names.event
    }

    fn verification(names: &MatchNames) -> &VerificationId {
        &names.verification
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    async fn records(&self, names: &MatchNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        self.context.deciding(comparison::refuse_when_closed(self, now)).await?;
        match &self.submission.probe {
            MatchProbe::Image(image) => {
                // First: a picture may take longer to be read than a store may to answer.
                let secret = self.context.evidence_secret(now).await?;
                let compared = comparison::compare(self, image, now).await?;
                command::records(self, names, image, compared, &secret, now)
            }
            // No liveness verification is ever made yet, so this one is none that is known.
            MatchProbe::Liveness => Err(ApiError::LivenessPending),
        }
    }

    fn accepted_answer(&self, names: &MatchNames) -> Result<WriteAnswer, ApiError> {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::serving::errors::FieldErrors;

    /// The contract's order (§1), with the tries of sequence §1.7 between 404 and 409.
    #[test]
    fn what_is_missing_used_up_or_taken_comes_after_a_bad_request() {
        for (refused, is_after) in [
            (ApiError::ProbesWaiting, false),
            (ApiError::ProbeReadLate, false),
            (ApiError::Unavailable("a store".to_owned()), false),
            (ApiError::Invalid(FieldErrors::of("image", "must show a face")), false),
            (ApiError::NotFound, true),
            (ApiError::AttemptsExhausted { retry_after_s: 1 }, true),
            (ApiError::BiometricWithdrawn, true),
            (ApiError::NoFaceReference, true),
            (ApiError::ReferencePending, true),
            (ApiError::ReferenceTooWeak, true),
            (ApiError::KeyReused, true),
            (ApiError::Internal("a vector that does not open".to_owned()), false),
        ] {
            assert_eq!(comes_after_bad_request(&refused), is_after, "{refused:?}");
        }
    }
}
