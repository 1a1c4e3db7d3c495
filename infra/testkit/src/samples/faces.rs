//! Sample face vectors, and each of them once for every field with that field changed.

use domain::event::{Offset, Partition, Source};
use domain::ids::CustomerRef;
use domain::ports::{FaceCause, FaceModelId, FaceVectorRow};
use domain::time::Timestamp;

use super::{Samples, time};
use crate::field_variations::each_field;

impl Samples {
    /// Model number `n`. Two of them have one name and another file.
    pub fn face_model(&self, n: u64) -> FaceModelId {
        let name = format!("a-model/{}/{}", self.seed, n / 2);
        FaceModelId { name, sha256: self.bytes32("face model", n) }
    }

    /// The vector of the reference that event number `n` brought, by model 1, with everything that a row may have.
    pub fn face_vector(&self, customer: &CustomerRef, n: u64) -> FaceVectorRow {
        FaceVectorRow {
            customer: customer.clone(),
            enrolment: self.enrolment_id(n),
            event_id: self.event_id(n),
            source: self.source(0, n),
            model: self.face_model(1),
            photo_tag: self.bytes32("photo tag", n),
            vector: Some(self.sealed(2 * n)),
            crop: Some(self.sealed(2 * n + 1)),
            quality: Some(n as u32 % 1_001),
            cause: Some(FaceCause::SeveralFaces),
            read_at: time(n),
        }
    }

    /// A row, and once for every field the same with that field changed; no two of them the same.
    pub fn face_vectors_changed(&self) -> Vec<FaceVectorRow> {
        let row = self.face_vector(&self.customer(0), 1);
        let source = Source { topic_id: self.topic(9), partition: Partition(9), offset: Offset(9) };
        let mut rows = each_field!(
            row.clone(),
            FaceVectorRow {
                customer: self.customer(9),
                enrolment: self.enrolment_id(9),
                event_id: self.event_id(9),
                source: source,
                model: self.face_model(2),
                photo_tag: self.bytes32("photo tag", 9),
                vector: None,
                crop: None,
                quality: None,
                cause: None,
                read_at: Timestamp::from_millis(1_999_999_999_999),
            }
        );
        rows.push(FaceVectorRow { vector: Some(self.sealed(99)), ..row.clone() });
        rows.push(FaceVectorRow { crop: Some(self.sealed(99)), ..row.clone() });
        rows.push(FaceVectorRow { quality: Some(1_000), ..row.clone() });
        rows.push(FaceVectorRow {
            model: FaceModelId { sha256: [9; 32], ..row.model.clone() },
            ..row.clone()
        });
        let causes = FaceCause::ALL.into_iter().filter(|cause| *cause != FaceCause::SeveralFaces);
        rows.extend(causes.map(|cause| FaceVectorRow { cause: Some(cause), ..row.clone() }));
        rows
    }
}
