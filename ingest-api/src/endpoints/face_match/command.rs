//! From a decided match to its records: sealed, evidence and event of one decision.

use domain::classify::ReasonCategory;
use domain::event::{AuditRecord, Event, FaceEvidence, FaceMatchDecided, SIMILARITY_CONTENT_TYPE};
use domain::photo::Photo;
use domain::sealed::{Field, SealedMedia};
use domain::time::Timestamp;
use event_codec::value_sha256;
use vault::{EvidenceSecret, SealContext};

use super::comparison::ComparedFaces;
use super::{MatchNames, MatchWrite};
use crate::serving::errors::ApiError;
use crate::writes::append::WriteRecords;

/// Seals a decided match.
pub(super) fn records(
    write: &MatchWrite<'_>,
    names: &MatchNames,
    image: &Photo,
    compared: ComparedFaces,
    secret: &EvidenceSecret,
    now: Timestamp,
) -> Result<WriteRecords, ApiError> {
    let MatchWrite { context, customer, keys, submission, fingerprint } = write;
    let org = context.caller.org();
    let place = |field, content_type| SealContext { event_id: &names.event, field, content_type };
    let content_type = image.content_type();
    let probe = keys.seal_evidence(&place(Field::Probe, content_type), secret, image.as_bytes())?;
    let ComparedFaces { decision, threshold_milli, similarity, model, reference } = compared;
    let cosine = similarity.cosine().to_le_bytes();
    let similarity = keys.seal(&place(Field::MatchSimilarity, SIMILARITY_CONTENT_TYPE), &cosine)?;
    let digest = |field: Field, bytes: &[u8]| (field.as_str().to_owned(), value_sha256(bytes));
    let evidence = FaceEvidence {
        event_id: names.event.clone(),
        verification_id: Some(names.verification.clone()),
        enrolment_id: None,
        customer: customer.clone(),
        sealed_sha256: vec![
            digest(Field::Probe, probe.as_bytes()),
            digest(Field::MatchSimilarity, similarity.as_bytes()),
        ],
        probe: Some(SealedMedia::Inline(probe)),
        probe_content_type: Some(content_type.to_owned()),
        raw_binding: Some(secret.binding().clone()),
        body_fingerprint: *fingerprint,
        received_at: now,
        api_key_id: context.caller.key.id.as_str().to_owned(),
    };
    let (event_id, verification_id) = (names.event.clone(), names.verification.clone());
    let (customer, risk_level, body_fingerprint) = (customer.clone(), submission.level, *fingerprint);
    let policy_version = org.policy_version;
    Ok(WriteRecords::with_evidence(AuditRecord::FaceEvidence(evidence), move |audit| {
        Event::FaceMatchDecided(FaceMatchDecided {
            event_id,
            customer,
            verification_id,
            matched: decision.matched,
            risk_level,
            threshold_milli,
            model,
            liveness: None,
            score: decision.score,
            similarity,
            reference,
            signals: decision.signals.into_iter().map(str::to_owned).collect(),
            reason_category: (!decision.matched).then_some(ReasonCategory::NoMatch),
            policy_version,
            body_fingerprint,
            audit,
        })
    }))
}
