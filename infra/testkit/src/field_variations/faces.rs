//! References that came by themselves and what a match decided, with one field changed.

use domain::event::{MatchReference, RiskLevel};
use domain::ports::FaceModelId;
use domain::rows::{FaceMatchRow, FaceSource, ReferenceRow};

use super::{FINGERPRINT, Other, late, sealed};

impl Other<'_> {
    pub(super) fn references(&self) -> Vec<ReferenceRow> {
        let s = self.0;
        each_field!(
            s.kept_reference(&s.customer(0), 0),
            ReferenceRow {
                id: s.enrolment_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                face_source: FaceSource::StepUpPromotion,
                body_fingerprint: FINGERPRINT,
                created_at: late(),
            }
        )
    }

    pub(super) fn face_matches(&self) -> Vec<FaceMatchRow> {
        let s = self.0;
        let row = s.matched(&s.customer(0), 0).face_match.expect("a sample has one");
        let models =
            each_field!(row.model.clone(), FaceModelId { name: "other".to_owned(), sha256: [0xee; 32] });
        let references = each_field!(
            row.reference.clone(),
            MatchReference {
                enrolment_id: s.enrolment_id(9),
                face_source: FaceSource::StepUpPromotion,
                enrolled_at: late(),
            }
        );
        let mut rows = each_field!(
            row.clone(),
            FaceMatchRow {
                matched: false,
                risk_level: RiskLevel::High,
                threshold_milli: 501,
                model: models[1].clone(),
                bound: None,
                reference: references[1].clone(),
                similarity: sealed(),
            }
        );
        rows.extend(models.into_iter().skip(2).map(|model| FaceMatchRow { model, ..row.clone() }));
        rows.extend(
            references.into_iter().skip(2).map(|reference| FaceMatchRow { reference, ..row.clone() }),
        );
        rows.push(FaceMatchRow { risk_level: RiskLevel::Low, ..row });
        rows
    }
}
