//! A forged card first, Dukcapil's yes later: whether Dukcapil's photo and the card's portrait show two people (sequence
//! §4.2). Said at reading, since vectors come after the rows, and of other models again.

use super::{FaceReference, Similarity, VectorStanding};
use crate::ids::VerificationId;
use crate::ports::{EmbedderModel, FaceModelSet, FaceVector};
use crate::rows::FaceSource;
use crate::time::Timestamp;

/// A photo of Dukcapil's and a portrait of a card, both read by one model: what is to be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComparedReferences<'a> {
    /// Dukcapil's photo.
    pub dukcapil: FaceReference<'a>,
    /// The verdict that brought it.
    pub verdict: &'a VerificationId,
    /// The customer's newest portrait of a card that the same model has read.
    pub card: FaceReference<'a>,
    /// The model.
    pub embedder: &'a EmbedderModel,
}

impl ComparedReferences<'_> {
    /// Since when both are there.
    pub fn since(&self) -> Timestamp {
        self.dukcapil.enrolment.created_at.max(self.card.enrolment.created_at)
    }

    /// Whether they are two people's: less alike than the model's manifest asks for in the ordinary case. What an org asks
    /// for beyond that is its matches' matter: here a stricter number would accuse more honest customers. Two vectors that
    /// are not of one model say nothing.
    pub fn disagree(&self, dukcapil: &FaceVector, card: &FaceVector) -> bool {
        let threshold_milli = self.embedder.thresholds.medium_milli;
        Similarity::of(dukcapil, card).is_some_and(|similarity| similarity.above(threshold_milli) < 0)
    }
}

/// What is to be compared of a customer's references: each of Dukcapil's photos with one portrait. A reference without a
/// vector of a loaded model is passed over, and so is a photo that no verdict brought.
pub fn compared_references<'a>(
    references: &[FaceReference<'a>],
    models: &'a FaceModelSet,
) -> Vec<ComparedReferences<'a>> {
    let of_source = |source| {
        references.iter().filter(move |one: &&FaceReference<'a>| {
            one.standing == VectorStanding::Ready && one.enrolment.face_source == source
        })
    };
    let compared = of_source(FaceSource::Dukcapil).filter_map(|dukcapil| {
        let model = &dukcapil.face?.model;
        let is_readable = |card: &&FaceReference<'a>| card.face.is_some_and(|face| face.model == *model);
        let card = of_source(FaceSource::KtpExtract)
            .filter(is_readable)
            .max_by_key(|card| (card.enrolment.created_at, card.enrolment.source.offset))?;
        let (verdict, embedder) = (dukcapil.enrolment.verification_id.as_ref()?, models.embedder(model)?);
        Some(ComparedReferences { dukcapil: *dukcapil, verdict, card: *card, embedder })
    });
    compared.collect()
}
