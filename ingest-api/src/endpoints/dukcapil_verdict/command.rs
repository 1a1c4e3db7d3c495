//! From a good verdict to its records: named and sealed (design §2, step 4).

use domain::decide::{RecordVerdict, SealedDigest, VerdictPhoto};
use domain::event::{AuditRecord, Event};
use domain::ids::{EnrolmentId, EventId, VerificationId};
use domain::orgs::OrgRecord;
use domain::sealed::{Field, Sealed};
use domain::time::Timestamp;
use event_codec::value_sha256;
use vault::{EvidenceSecret, SealContext};

use super::VerdictWrite;
use crate::serving::errors::ApiError;
use crate::writes::append::WriteRecords;
use crate::writes::path::WriteContext;
use crate::writes::write_name::WriteName;

/// The ids of a verdict's event, row and enrolment.
#[derive(Debug, Clone)]
pub(super) struct VerdictNames {
    /// The event and its evidence.
    pub(super) event: EventId,
    pub(super) verification: VerificationId,
    /// The enrolment, if one is made.
    pub(super) enrolment: EnrolmentId,
}

impl VerdictNames {
    pub(super) fn of(name: &WriteName<'_>) -> Self {
        Self {
            event: EventId::from_bytes(name.id_bytes(EventId::PREFIX)),
            verification: VerificationId::from_bytes(name.id_bytes(VerificationId::PREFIX)),
            enrolment: EnrolmentId::from_bytes(name.id_bytes(EnrolmentId::PREFIX)),
        }
    }
}

/// Seals a verdict. Evidence, event and row are of one command, so that they cannot disagree.
pub(super) async fn records(
    write: &VerdictWrite<'_>,
    names: &VerdictNames,
    now: Timestamp,
) -> Result<WriteRecords, ApiError> {
    let VerdictWrite { context, verdict, .. } = write;
    let wants_secret = verdict.raw().is_some() || verdict.declined_photo().is_some();
    let secret = if wants_secret { Some(context.evidence_secret(now).await?) } else { None };
    let command = seal(write, names, secret.as_deref(), now)?;
    let evidence = AuditRecord::VerdictEvidence(command.evidence());
    Ok(WriteRecords::with_evidence(evidence, |audit| Event::DukcapilVerdictReceived(command.event(audit))))
}

fn seal(
    write: &VerdictWrite<'_>,
    names: &VerdictNames,
    secret: Option<&EvidenceSecret>,
    now: Timestamp,
) -> Result<RecordVerdict, ApiError> {
    let VerdictWrite { context: WriteContext { caller, .. }, customer, keys, verdict, raw_reading, .. } =
        write;
    let org: &OrgRecord = caller.org();
    let context = |field, content_type| SealContext { event_id: &names.event, field, content_type };
    let mut digests: Vec<SealedDigest> = Vec::with_capacity(3);
    let mut digest = |field: Field, sealed: &Sealed| digests.push((field, value_sha256(sealed.as_bytes())));

    let photo = if let Some(photo) = verdict.enrolled_photo() {
        let sealed = keys.seal(&context(Field::Photo, photo.content_type()), photo.as_bytes())?;
        digest(Field::Photo, &sealed);
        VerdictPhoto::Valid {
            enrolment_id: names.enrolment.clone(),
            photo: sealed,
            content_type: photo.content_type(),
        }
    } else if let (Some(photo), Some(secret)) = (verdict.declined_photo(), secret) {
        let context = context(Field::DeclinedPhoto, photo.content_type());
        let sealed = keys.seal_evidence(&context, secret, photo.as_bytes())?;
        digest(Field::DeclinedPhoto, &sealed);
        VerdictPhoto::Declined { photo: Some((sealed, photo.content_type())) }
    } else {
        VerdictPhoto::Declined { photo: None }
    };
    let reason = match verdict.reason() {
        Some(reason) => {
            let sealed = keys.seal(&context(Field::Reason, "text/plain"), reason.as_str().as_bytes())?;
            digest(Field::Reason, &sealed);
            Some((sealed, reason.category()))
        }
        None => None,
    };
    let raw = match (verdict.raw(), secret) {
        (Some(raw), Some(secret)) => {
            let context = context(Field::Raw, "application/json");
            let sealed = keys.seal_evidence(&context, secret, raw.as_bytes())?;
            digest(Field::Raw, &sealed);
            Some(sealed)
        }
        _ => None,
    };
    Ok(RecordVerdict {
        event_id: names.event.clone(),
        verification_id: names.verification.clone(),
        customer: customer.clone(),
        photo,
        reason,
        raw,
        raw_binding: secret.map(|secret| secret.binding().clone()),
        sealed_sha256: digests,
        body_fingerprint: write.fingerprint,
        policy_version: org.policy_version,
        raw_reading: raw_reading.clone(),
        received_at: now,
        api_key_id: caller.key.id.clone(),
    })
}
