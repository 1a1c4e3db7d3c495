//! A customer's references as a match sees them: which of them can be compared with, and which one is.

use std::cmp::Reverse;

use crate::event::{RiskLevel, Source};
use crate::ids::{CustomerRef, EnrolmentId};
use crate::outcome::VerificationCreated;
use crate::ports::{EmbedderModel, FaceModelSet, FaceVectorRow};
use crate::rows::{EnrolmentRow, FaceSource};
use crate::time::Timestamp;

/// `high` takes a reference other than Dukcapil's photo for so long (sequence §2.6).
const FRESH_REFERENCE_MS: i64 = 60 * 60 * 1_000;

/// Whether a reference can be compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VectorStanding {
    /// A vector of a loaded model stands.
    Ready,
    /// Its photo was not read yet.
    Due,
    /// Its photo was read and gave no vector, or there is no model to read it with.
    Stub,
}

impl VectorStanding {
    /// Whether no match can rely on the reference now.
    pub fn is_fallback_stub(self) -> bool {
        self != Self::Ready
    }
}

/// The photo of a reference: what its vectors are found by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EnrolledPhoto<'a> {
    /// Whose face.
    pub customer: &'a CustomerRef,
    /// The reference.
    pub enrolment: &'a EnrolmentId,
    /// Where the event that carries it stands.
    pub source: Source,
}

impl<'a> EnrolledPhoto<'a> {
    /// The photo of that row.
    pub fn of_row(row: &'a EnrolmentRow) -> Self {
        Self { customer: &row.customer, enrolment: &row.id, source: row.source }
    }

    /// The photo that came with a verification.
    pub fn of_outcome(outcome: &'a VerificationCreated) -> Option<Self> {
        let enrolment = &outcome.enrolment.as_ref()?.id;
        Some(Self { customer: &outcome.customer, enrolment, source: outcome.source })
    }

    /// Among what was read of the customer's photos, what counts for this one. The primary model is the one that serves;
    /// as long as it has not read the photo, the vector of another loaded one serves in its place.
    pub fn standing<'f>(
        self,
        faces: &'f [FaceVectorRow],
        models: Option<&FaceModelSet>,
    ) -> (VectorStanding, Option<&'f FaceVectorRow>) {
        let Some(models) = models else { return (VectorStanding::Stub, None) };
        let read_by = |embedder: &EmbedderModel| {
            faces.iter().find(|face| {
                (&face.customer, &face.enrolment, face.source) == (self.customer, self.enrolment, self.source)
                    && face.model == embedder.model.id
            })
        };
        let ready = models.embedders().filter_map(read_by).find(|face| face.vector.is_some());
        match (ready, read_by(&models.primary)) {
            (Some(face), _) => (VectorStanding::Ready, Some(face)),
            (None, Some(face)) => (VectorStanding::Stub, Some(face)),
            (None, None) => (VectorStanding::Due, None),
        }
    }
}

/// A reference of the customer, and what is known of its face.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FaceReference<'a> {
    /// The reference.
    pub enrolment: &'a EnrolmentRow,
    /// Whether it can be compared with.
    pub standing: VectorStanding,
    /// What its photo came to: with a vector where it is ready, without one where it is a stub. None where the photo
    /// is due, and where no model is loaded.
    pub face: Option<&'a FaceVectorRow>,
}

impl<'a> FaceReference<'a> {
    /// Joins a reference with what was read of its photo.
    pub fn joined(
        enrolment: &'a EnrolmentRow,
        faces: &'a [FaceVectorRow],
        models: Option<&FaceModelSet>,
    ) -> Self {
        let (standing, face) = EnrolledPhoto::of_row(enrolment).standing(faces, models);
        Self { enrolment, standing, face }
    }
}

/// Why no reference was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceRefusal {
    /// The customer has none that can be compared with.
    Missing,
    /// The one to compare with has no vector yet: soon.
    Pending,
    /// The risk asks for a better one.
    TooWeak,
}

/// The reference to compare with: the best source, then the newest. Stubs are skipped. Dukcapil's photo is never passed
/// over for a lesser one while its vector is due; a lesser one whose vector is due gives way to the next.
///
/// # Errors
/// [`ReferenceRefusal`].
pub fn choose_reference<'a>(
    mut references: Vec<FaceReference<'a>>,
    level: RiskLevel,
    now: Timestamp,
) -> Result<FaceReference<'a>, ReferenceRefusal> {
    references.sort_by_key(|FaceReference { enrolment, .. }| {
        (enrolment.face_source, Reverse((enrolment.created_at, enrolment.source.offset)))
    });
    let mut refusal = ReferenceRefusal::Missing;
    for reference in references {
        match reference.standing {
            VectorStanding::Stub => {}
            VectorStanding::Due => {
                refusal = ReferenceRefusal::Pending;
                if reference.enrolment.face_source == FaceSource::Dukcapil {
                    break;
                }
            }
            VectorStanding::Ready if level == RiskLevel::High && !is_strong(reference.enrolment, now) => {
                return Err(ReferenceRefusal::TooWeak);
            }
            VectorStanding::Ready => return Ok(reference),
        }
    }
    Err(refusal)
}

/// Whether a reference is good enough for the highest risk.
fn is_strong(enrolment: &EnrolmentRow, now: Timestamp) -> bool {
    enrolment.face_source == FaceSource::Dukcapil
        || now.millis() - enrolment.created_at.millis() < FRESH_REFERENCE_MS
}
