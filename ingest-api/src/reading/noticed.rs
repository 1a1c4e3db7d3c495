//! What is noticed about a customer's verifications at reading, because it follows from what no log holds: which faces the
//! models saw. What a record or the fold noticed stands in rows.

use std::ops::ControlFlow;

use domain::event::Source;
use domain::face_match::{ComparedReferences, FaceReference, compared_references};
use domain::ids::{CustomerRef, VerificationId};
use domain::limits::REFERENCES_OF_SOURCE_MAX;
use domain::ports::{FaceModelSet, FaceVector};
use domain::rows::{EnrolmentRow, FaceSource};
use domain::sealed::Purpose;
use domain::signals::SignalKind;
use domain::time::Timestamp;
use vault::{CustomerKeys, FacePlace};

use super::enrolments::each_reference;
use crate::app::App;
use crate::serving::errors::ApiError;

/// A signal that stands in no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoticedSignal {
    /// The verification that it is about.
    pub verification: VerificationId,
    /// What.
    pub kind: SignalKind,
    /// Since when it could be noticed.
    pub created_at: Timestamp,
}

/// Those of a customer, whose references are read for it. Nothing without models, and nothing of somebody whose biometric
/// data was erased.
///
/// # Errors
/// From the stores.
pub async fn noticed_signals(
    app: &App,
    customer: &CustomerRef,
    keys: &CustomerKeys,
) -> Result<Vec<NoticedSignal>, ApiError> {
    let Some(models) = app.faces.models() else { return Ok(Vec::new()) };
    if keys.is_destroyed(Purpose::Biometric) {
        return Ok(Vec::new());
    }
    let generation = app.generation().await?;
    let state = app.views.customer(generation, customer).await?;
    let voids = state.map(|state| state.voids).unwrap_or_default();
    let (mut enrolments, mut dukcapil, mut cards) = (Vec::<EnrolmentRow>::new(), 0_usize, 0_usize);
    each_reference(app, customer, |row| {
        if voids.has_enrolment(&row.id) {
            return ControlFlow::Continue(());
        }
        let count = match row.face_source {
            FaceSource::Dukcapil => &mut dukcapil,
            FaceSource::KtpExtract => &mut cards,
            FaceSource::OnboardingSelfie | FaceSource::StepUpPromotion => return ControlFlow::Continue(()),
        };
        *count += 1;
        if *count <= REFERENCES_OF_SOURCE_MAX {
            enrolments.push(row);
        }
        ControlFlow::Continue(())
    })
    .await?;
    if dukcapil == 0 || cards == 0 {
        return Ok(Vec::new());
    }
    let photos: Vec<Source> = enrolments.iter().map(|row| row.source).collect();
    let faces = app.faces.of_photos(customer, &photos).await?;
    let references: Vec<_> =
        enrolments.iter().map(|row| FaceReference::joined(row, &faces, Some(models))).collect();
    Ok(disagreements(&references, models, keys))
}

/// The verdicts whose photo shows another face than the customer's card, oldest first.
pub fn disagreements(
    references: &[FaceReference<'_>],
    models: &FaceModelSet,
    keys: &CustomerKeys,
) -> Vec<NoticedSignal> {
    let mut noticed: Vec<NoticedSignal> = compared_references(references, models)
        .iter()
        .filter(|compared| disagrees(compared, keys))
        .map(|compared| NoticedSignal {
            verification: compared.verdict.clone(),
            kind: SignalKind::ReferenceDisagrees,
            created_at: compared.since(),
        })
        .collect();
    noticed.sort_by_key(|signal| signal.created_at);
    noticed
}

fn disagrees(compared: &ComparedReferences<'_>, keys: &CustomerKeys) -> bool {
    let dukcapil = opened(&compared.dukcapil, keys);
    dukcapil
        .zip(opened(&compared.card, keys))
        .is_some_and(|(dukcapil, card)| compared.disagree(&dukcapil, &card))
}

/// The vector of a reference; none where its key is gone. One that does not open keeps nothing else from being shown.
fn opened(reference: &FaceReference<'_>, keys: &CustomerKeys) -> Option<FaceVector> {
    let (enrolment, face) = (reference.enrolment, reference.face?);
    let place = FacePlace { event_id: &enrolment.event_id, enrolment: &enrolment.id, model: &face.model };
    keys.open_face_vector(place, face.vector.as_ref()?).unwrap_or_else(|error| {
        tracing::error!(what = enrolment.id.as_str(), %error, "what is kept of a reference does not open");
        metrics::counter!("identity_unreadable_rows_total").increment(1);
        None
    })
}
