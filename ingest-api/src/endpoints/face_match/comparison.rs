//! The comparison itself: which reference, the probe's vector beside the reference's, and the decision. All of it is
//! decided here once; the event carries what came of it, and nobody looks at a picture again.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use domain::event::{MatchReference, Source};
use domain::face_match::{
    FaceReference, MatchDecision, MatchEvidence, OrgThresholds, ReferenceRefusal, Similarity,
    choose_reference, closed_until, decide_match, is_copied_face, threshold_milli, usable_probe,
};
use domain::ids::CustomerRef;
use domain::limits::REFERENCES_OF_SOURCE_MAX;
use domain::photo::Photo;
use domain::ports::{FaceModelId, FaceReading, FaceVectorRow};
use domain::rows::{EnrolmentRow, FaceSource, VerificationRow};
use domain::sealed::Purpose;
use domain::time::Timestamp;
use vault::{CustomerKeys, FacePlace, UnsealError};

use super::MatchWrite;
use crate::faces::FaceServices;
use crate::limits::PROBE_READ_WITHIN;
use crate::reading::enrolments::each_reference;
use crate::serving::errors::{ApiError, FieldErrors};

/// What a comparison came to.
pub(super) struct ComparedFaces {
    pub(super) decision: MatchDecision,
    pub(super) threshold_milli: u32,
    pub(super) similarity: Similarity,
    /// Which embedder made both vectors.
    pub(super) model: FaceModelId,
    pub(super) reference: MatchReference,
}

/// Compares a picture with the customer's reference.
///
/// # Errors
/// 409 where there is no reference to compare with (yet); 400 `image` for a picture that is no probe; 503 where too many
/// wait.
pub(super) async fn compare(
    write: &MatchWrite<'_>,
    image: &Photo,
    now: Timestamp,
) -> Result<ComparedFaces, ApiError> {
    let MatchWrite { context, customer, keys, submission, .. } = write;
    let (app, level) = (context.app, submission.level);
    let models = app.faces.models().ok_or(ApiError::NoFaceModel)?;
    let (enrolments, faces) = context.deciding(references(write, customer)).await?;
    let references = enrolments.iter().map(|row| FaceReference::joined(row, &faces, Some(models))).collect();
    let chosen = choose_reference(references, level, now).map_err(|refusal| match refusal {
        ReferenceRefusal::Missing => ApiError::NoFaceReference,
        ReferenceRefusal::Pending => ApiError::ReferencePending,
        ReferenceRefusal::TooWeak => ApiError::ReferenceTooWeak,
    })?;
    let (Some(face), reference) = (chosen.face, chosen.enrolment) else {
        return Err(ApiError::Internal("a reference that is ready has no vector".into()));
    };
    let embedder = models.embedder(&face.model).ok_or(ApiError::ReferencePending)?;
    let probe = probe(&app.faces, image, &face.model).await?;
    let evidence = evidence(keys, image, &probe, reference, face)?;
    let org = context.caller.org();
    let threshold_milli = threshold_milli(&embedder.thresholds, OrgThresholds::of(org), level);
    Ok(ComparedFaces {
        decision: decide_match(evidence, threshold_milli, org.environment),
        threshold_milli,
        similarity: evidence.similarity,
        model: face.model.clone(),
        reference: MatchReference {
            enrolment_id: reference.id.clone(),
            face_source: reference.face_source,
            enrolled_at: reference.created_at,
        },
    })
}

/// Reads a picture that is to be compared.
///
/// # Errors
/// 400 `image` for a picture that is no probe; 503 where too many wait.
pub(super) async fn probe(
    faces: &FaceServices,
    image: &Photo,
    embedder: &FaceModelId,
) -> Result<FaceReading, ApiError> {
    let read = faces.read_probe(image, embedder, PROBE_READ_WITHIN).await?;
    usable_probe(read).map_err(|fault| ApiError::Invalid(FieldErrors::of("image", &fault.to_string())))
}

/// Whoever tries picture after picture is stopped for a while (sequence §1.7). By the read model: two instances are
/// played against each other by as many tries more as its lag allows.
///
/// # Errors
/// 429; from the stores.
pub(super) async fn refuse_when_closed(write: &MatchWrite<'_>, now: Timestamp) -> Result<(), ApiError> {
    let app = write.context.app;
    let generation = app.generation().await?;
    let rows = app.views.kyc_rows(generation, &write.customer, None).await?;
    let is_no_match = |row: &&VerificationRow| {
        row.face_match.as_ref().is_some_and(|decided| !decided.matched && decided.bound.is_none())
    };
    let no_matches: Vec<Timestamp> =
        rows.verifications.iter().filter(is_no_match).map(|row| row.created_at).collect();
    match closed_until(&no_matches, now) {
        Some(until) => {
            let left_ms = (until.millis() - now.millis()).unsigned_abs();
            Err(ApiError::AttemptsExhausted { retry_after_s: left_ms.div_ceil(1_000) })
        }
        None => Ok(()),
    }
}

/// The customer's references, and what was read of their photos; none of an erased one, and not those of void verifications.
async fn references(
    write: &MatchWrite<'_>,
    customer: &CustomerRef,
) -> Result<(Vec<EnrolmentRow>, Vec<FaceVectorRow>), ApiError> {
    let app = write.context.app;
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    if state.as_ref().is_some_and(|state| state.erased.contains(Purpose::Biometric)) {
        return Err(ApiError::BiometricWithdrawn);
    }
    let voids = state.map(|state| state.voids).unwrap_or_default();
    // All are gone through: however many lesser ones came after it, Dukcapil's photo is never passed over.
    let mut enrolments: Vec<EnrolmentRow> = Vec::new();
    let mut of_sources: BTreeMap<FaceSource, usize> = BTreeMap::new();
    each_reference(app, customer, |row| {
        // What a void verification brought is no reference any more, and keeps no lesser one waiting.
        if voids.has_enrolment(&row.id) {
            return ControlFlow::Continue(());
        }
        let of_source = of_sources.entry(row.face_source).or_default();
        *of_source += 1;
        if *of_source <= REFERENCES_OF_SOURCE_MAX {
            enrolments.push(row);
        }
        ControlFlow::Continue(())
    })
    .await?;
    let photos: Vec<Source> = enrolments.iter().map(|row| row.source).collect();
    let faces = app.faces.of_photos(customer, &photos).await?;
    Ok((enrolments, faces))
}

/// Lays the probe beside the reference. Its vector opens only where it was sealed for this very reference and model.
fn evidence(
    keys: &CustomerKeys,
    image: &Photo,
    probe: &FaceReading,
    reference: &EnrolmentRow,
    face: &FaceVectorRow,
) -> Result<MatchEvidence, ApiError> {
    let place = FacePlace { event_id: &reference.event_id, enrolment: &reference.id, model: &face.model };
    let refused = |error: UnsealError| {
        ApiError::Internal(format!("what is kept of the reference {}: {error}", reference.id))
    };
    let missing = || ApiError::Internal("a reference that is ready has no vector or no crop".into());
    let vector = keys.open_face_vector(place, face.vector.as_ref().ok_or_else(missing)?).map_err(refused)?;
    let crop = keys.open_face_crop(place, face.crop.as_ref().ok_or_else(missing)?).map_err(refused)?;
    let (Some(vector), Some(crop)) = (vector, crop) else { return Err(ApiError::BiometricWithdrawn) };
    let similarity = Similarity::of(&probe.vector, &vector)
        .ok_or_else(|| ApiError::Internal("two vectors of one model have unequal dimensions".into()))?;
    let is_same_photo = keys.photo_tag(image.as_bytes())? == face.photo_tag;
    Ok(MatchEvidence { similarity, is_copy: is_same_photo || is_copied_face(probe, &crop) })
}
