//! `POST /api/identity/document/ktp/capture`: a captured identity card (sequence §2.3). *We* decide, so a 202 says nothing
//! but the verification's id, and there is no dry run. The challenge is the key: the same bundle has its answer for ever,
//! another one for the same challenge is refused (sequence §1.9). What the frames show is judged in `judge`.

pub mod answer;
pub mod description;
mod judge;
mod kept_frames;
mod sealed_forms;
mod submission;

use actix_web::http::header::HeaderMap;
use domain::capture::{ChallengePurpose, FlashChallenge, Measure};
use domain::decide::admit_verdict;
use domain::event::{Fingerprint, VOTER_VALUES_CONTENT_TYPE};
use domain::face_match::EnrolledPhoto;
use domain::ids::{ChallengeId, CustomerRef, EnrolmentId, EventId, FallbackId, KtpBundleId, VerificationId};
use domain::orgs::{Capability, RateBucket, Scope, Suite};
use domain::ports::VerificationView;
use domain::rows::{EnrolmentRow, VerificationRow};
use domain::sealed::{Field, Opened, Purpose, Purposes};
use domain::time::Timestamp;
use vault::{CustomerKeys, SealContext};

use self::submission::CaptureSubmission;
use crate::app::App;
use crate::endpoints::capture_bundle::admission;
use crate::endpoints::dukcapil_verdict::answer::EnrolmentBody;
use crate::reading::unseal::keys_of_registered;
use crate::serving::auth::{self, EndpointAccess};
use crate::serving::errors::ApiError;
use crate::serving::json::JsonObject;
use crate::serving::wiped_body::WipedBody;
use crate::writes::answer::{WriteAnswer, WriteConclusion};
use crate::writes::append::WriteRecords;
use crate::writes::customer_keys::admitted_keys;
use crate::writes::path::{ReceivedWrite, WriteContext, WriteEndpoint};
use crate::writes::poll_until_projected;
use crate::writes::record_once::{RecordedWrite, record_once, replay_refused};
use crate::writes::write_name::WriteName;

/// The endpoint's route template: part of every id that a challenge names.
pub const ROUTE: &str = "/api/identity/document/ktp/capture";

/// Whose keys together make the fingerprint of a body with a card: what is read off it is the profile's, its portrait is
/// biometric, its frames are evidence. Once any of them is gone, no body can be tried against it (sequence §1.12).
const BUNDLE_BODY_PURPOSES: Purposes =
    Purposes::NONE.with(Purpose::Profile).with(Purpose::Biometric).with(Purpose::Evidence);

/// The endpoint.
pub struct KtpCapture;

impl WriteEndpoint for KtpCapture {
    const ACCESS: EndpointAccess = EndpointAccess {
        bucket: RateBucket::KtpCapture,
        scope: Some(Scope::VerificationsWrite),
        capability: None,
    };
    const SEALS_EVIDENCE: bool = true;
    const FIELDS: &'static [&'static str] = submission::FIELDS;

    type Submission = CaptureSubmission;

    fn parse(object: &mut JsonObject<'_>, query: &str, _: &HeaderMap) -> Result<Self::Submission, ApiError> {
        submission::parse(object, query)
    }

    async fn record(write: ReceivedWrite<'_, Self::Submission>) -> Result<WriteConclusion, ApiError> {
        let ReceivedWrite { context, submission, body } = write;
        if submission.fallback.is_some() {
            auth::check_capability(context.caller, context.app, Capability::DukcapilEnabled)?;
        }
        recorded(context, &submission, body).await.map(WriteConclusion::Recorded)
    }
}

/// The order of the checks: 404; whose challenge and whose signature; consent withdrawn; used; then, of what nobody has
/// seen, void, expired, too fast.
async fn recorded(
    context: WriteContext<'_>,
    submission: &CaptureSubmission,
    body: WipedBody,
) -> Result<WriteAnswer, ApiError> {
    let received_at = admission::received_at(&context);
    let customer = context.customer(submission.customer.clone().ok_or(ApiError::NotFound)?);
    let keys = context.deciding(admitted_keys(&context, &customer, |of| admit_verdict(of, true))).await;
    let withdrawn =
        |error: &ApiError| matches!(error, ApiError::BiometricWithdrawn | ApiError::EvidenceErased);
    if let Err(refused) = &keys
        && !withdrawn(refused)
    {
        return Err(refused.clone());
    }
    let key = context.caller.entry.ids.challenges();
    let challenge = admission::challenge_of(&submission.bundle, key, &customer, ChallengePurpose::Ktp)?;
    let challenge_id = challenge.id();
    context.objects.add(challenge_id.as_str());
    let fingerprint = |keys: &CustomerKeys| keys.fingerprint_under(BUNDLE_BODY_PURPOSES, &body);
    let keys = match keys {
        Ok(keys) => keys,
        Err(refused) => {
            let named = context.keyed_name(ROUTE, &customer.customer, challenge_id.as_str());
            let names = CaptureNames::of(&named);
            let id = Some(&names.verification);
            let answer = replay_refused::<CaptureWrite<'_>>(&context, &customer, id, fingerprint, refused);
            return context.deciding(answer).await;
        }
    };
    let fingerprint = fingerprint(&keys)?;
    drop(body);
    let write = CaptureWrite {
        context,
        customer,
        keys,
        submission,
        challenge,
        challenge_id,
        received_at,
        fingerprint,
    };
    match record_once(&write).await {
        // The fold has refused it: where that is for its challenge, it is said so.
        Err(ApiError::NotFound) => {
            admission::refuse_void(&write.context, &write.customer, &write.challenge).await?;
            Err(ApiError::NotFound)
        }
        // The same bundle has its answer after the expiry too: where another instance has recorded it, its row comes.
        Err(ApiError::ChallengeExpired) => {
            late_answer(&write).await.unwrap_or(Err(ApiError::ChallengeExpired))
        }
        recorded => recorded,
    }
}

/// The answer of what has already answered the challenge, once the read model shows it; none where it shows nothing as long
/// as the caller waits.
async fn late_answer(write: &CaptureWrite<'_>) -> Option<Result<WriteAnswer, ApiError>> {
    let app = write.context.app;
    let named = write.context.keyed_name(ROUTE, &write.customer.customer, write.challenge_id.as_str());
    let id = CaptureNames::of(&named).verification;
    let read = || async {
        let generation = app.generation().await?;
        Ok(app.views.verification(generation, &write.customer.org, &id).await?)
    };
    let (view, enrolment) = poll_until_projected(write.context.times().wait_until, read).await?;
    if view.row.body_fingerprint != write.fingerprint {
        return Some(Err(ApiError::ChallengeUsed(id)));
    }
    let answer = CaptureWrite::row_answer(app, &view, enrolment.as_ref()).await;
    Some(answer.map(WriteAnswer::replayed))
}

/// What a row's voters measured; nothing once that is erased.
async fn voter_values(app: &App, row: &VerificationRow) -> Result<Vec<Option<Measure>>, ApiError> {
    let sealed = row.assessment.as_ref().and_then(|assessment| assessment.values.as_ref());
    let Some(sealed) = sealed else { return Ok(Vec::new()) };
    // Whichever an org seals with now, an envelope says itself what it was sealed with.
    let keys = keys_of_registered(app, Suite::Aes256GcmSiv, &row.customer).await?;
    let (field, content_type) = (Field::VoterValues, VOTER_VALUES_CONTENT_TYPE);
    match keys.open(&SealContext { event_id: &row.event_id, field, content_type }, sealed) {
        Ok(Opened::Open(bytes)) => Ok(sealed_forms::values_of(&bytes)),
        Ok(Opened::Erased) => Ok(Vec::new()),
        Err(error) => Err(ApiError::Internal(format!("{} of {}: {error}", field.as_str(), row.id))),
    }
}

/// A capture that is to be judged and recorded.
struct CaptureWrite<'a> {
    context: WriteContext<'a>,
    customer: CustomerRef,
    keys: CustomerKeys,
    submission: &'a CaptureSubmission,
    challenge: FlashChallenge,
    challenge_id: ChallengeId,
    received_at: Timestamp,
    fingerprint: Fingerprint,
}

/// The ids of a capture's event and of what it makes.
#[derive(Debug, Clone)]
struct CaptureNames {
    /// The event and its evidence.
    event: EventId,
    verification: VerificationId,
    bundle: KtpBundleId,
    /// Of the portrait, if it becomes a reference.
    enrolment: EnrolmentId,
    /// Of the failure that it declares, if it declares one.
    fallback: FallbackId,
}

impl CaptureNames {
    fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            verification: VerificationId::from_bytes(name.id_bytes(VerificationId::PREFIX)),
            bundle: KtpBundleId::from_bytes(name.id_bytes(KtpBundleId::PREFIX)),
            enrolment: EnrolmentId::from_bytes(name.id_bytes(EnrolmentId::PREFIX)),
            fallback: FallbackId::from_bytes(name.id_bytes(FallbackId::PREFIX)),
        }
    }
}

impl RecordedWrite for CaptureWrite<'_> {
    type Names = CaptureNames;

    fn context(&self) -> &WriteContext<'_> {
        &self.context
    }

    fn repetition_name(&self) -> Option<WriteName<'_>> {
        Some(self.context.keyed_name(ROUTE, &self.customer.customer, self.challenge_id.as_str()))
    }

    fn names(&self, name: &WriteName<'_>) -> CaptureNames {
        CaptureNames::of(name)
    }

    fn event(names: &CaptureNames) -> &EventId {
        &names.event
    }

    fn verification(names: &CaptureNames) -> &VerificationId {
        &names.verification
    }

    fn fingerprint(&self) -> Fingerprint {
        self.fingerprint
    }

    async fn records(&self, names: &CaptureNames, now: Timestamp) -> Result<WriteRecords, ApiError> {
        if let Some(fallback) = &self.submission.fallback {
            fallback.check_time()?;
        }
        admission::admit(&self.context, &self.customer, &self.challenge, self.received_at).await?;
        judge::records(self, names, now).await
    }

    fn accepted_answer(&self, names: &CaptureNames) -> Result<WriteAnswer, ApiError> {
        answer::accepted_answer(&names.verification)
    }

    async fn row_answer(
        app: &App,
        view: &VerificationView,
        enrolment: Option<&EnrolmentRow>,
    ) -> Result<WriteAnswer, ApiError> {
        let is_stub = app.faces.is_fallback_stub(enrolment.map(EnrolledPhoto::of_row)).await?;
        let enrolment = enrolment.map(|row| EnrolmentBody::new(&row.id, row.face_source, is_stub));
        let values = voter_values(app, &view.row).await?;
        answer::row_answer(view, &values, enrolment)
    }

    fn other_body(first: &VerificationId) -> ApiError {
        ApiError::ChallengeUsed(first.clone())
    }
}
