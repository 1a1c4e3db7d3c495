//! What a request is for: one sealed part of a verification, found through the read model and checked against the logs,
//! which are the proof.

use domain::event::{AuditRecord, CaptureEvidence, Event, KTP_FRAMES_CONTENT_TYPE, RawBinding, Source};
use domain::ids::{CustomerRef, EventId, OrgId, VerificationId};
use domain::orgs::Suite;
use domain::ports::Topic;
use domain::sealed::{Field, Sealed, SealedMedia};
use event_codec::value_sha256;
use vault::CustomerKeys;

use super::UnsealPorts;
use crate::refusal::{ActError, Refusal};

/// Which part of a verification is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnsealField {
    /// The registry's raw answer.
    Raw,
    /// The photo: of a verdict its own, of a match its probe, of a capture the portrait that was cut from the card.
    Photo,
    /// The frames of a capture, as they were sent, in a tar.
    Frames,
}

impl UnsealField {
    /// The word in acts and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Raw => "raw",
            Self::Photo => "photo",
            Self::Frames => "frames",
        }
    }

    /// The field of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Raw, Self::Photo, Self::Frames].into_iter().find(|field| field.as_str() == word)
    }
}

/// A sealed part, and everything that it takes to open it but keys and shares.
pub(super) struct UnsealTarget {
    pub(super) customer: CustomerRef,
    pub(super) verification: VerificationId,
    pub(super) field: UnsealField,
    pub(super) event_id: EventId,
    /// The envelope's own field.
    pub(super) sealed_field: Field,
    pub(super) content_type: String,
    pub(super) sealed: Sealed,
    /// Of evidence; none of what the customer's key alone opens.
    pub(super) binding: Option<RawBinding>,
    /// Of a capture's frames: which there were.
    pub(super) frames: Option<FrameDigests>,
    /// Where the record stands that has it.
    pub(super) source: Source,
    /// SHA-256 of that record's value.
    pub(super) record_sha256: [u8; 32],
}

/// The frames that a capture had. Not all are kept; of those that are not, the digest says whether somebody else's copy is
/// what was sent.
pub(super) struct FrameDigests {
    /// SHA-256 of every frame that came, kept or not, in their order.
    pub(super) sha256: Vec<[u8; 32]>,
    /// How many are kept.
    pub(super) kept: u32,
}

/// One sealed part of a record.
struct SealedPart {
    field: Field,
    content_type: String,
    sealed: Sealed,
    binding: Option<RawBinding>,
    frames: Option<FrameDigests>,
}

impl SealedPart {
    fn of_media(
        field: Field,
        media: Option<SealedMedia>,
        content_type: Option<String>,
        binding: Option<RawBinding>,
    ) -> Option<Self> {
        let SealedMedia::Inline(sealed) = media? else { return None };
        Some(Self { field, content_type: content_type?, sealed, binding, frames: None })
    }

    fn of_frames(of: CaptureEvidence) -> Option<Self> {
        let content_type = Some(KTP_FRAMES_CONTENT_TYPE.to_owned());
        let part = Self::of_media(Field::KtpFrames, of.frames, content_type, of.raw_binding)?;
        let frames = FrameDigests { sha256: of.frame_sha256, kept: of.frames_kept };
        Some(Self { frames: Some(frames), ..part })
    }
}

impl UnsealTarget {
    /// Finds that part of a verification of the org.
    pub(super) async fn find(
        ports: &UnsealPorts,
        org: &OrgId,
        verification: &VerificationId,
        field: UnsealField,
    ) -> Result<Self, ActError> {
        let generation = ports.views.generation().await?;
        let row = ports.views.verification(generation, org, verification).await?;
        let (view, _) = row.ok_or(Refusal::NoSuchVerification)?;
        let at = view.row.source;
        let record = ports.record(Topic::Events, at.partition, at.offset).await?;
        let record = record.filter(|record| record.source == at).ok_or(Refusal::EvidenceMissing)?;
        let event = ports.codec.decode_event(&record)?;
        if event.verification_id() != Some(verification) || event.customer() != &view.row.customer {
            return Err(Refusal::EvidenceMissing.into());
        }
        let customer = view.row.customer;
        let (source, record_sha256, part) = match (event, field) {
            (Event::DukcapilVerdictReceived(verdict), UnsealField::Photo) if verdict.photo.is_some() => {
                let value = record.value.as_deref().unwrap_or_default();
                let part =
                    SealedPart::of_media(Field::Photo, verdict.photo, verdict.photo_content_type, None);
                (at, value_sha256(value), part)
            }
            // Its own key opens it, and it is asked for and approved as a verdict's photo is.
            (Event::KtpCaptureAssessed(captured), UnsealField::Photo) => {
                let value = record.value.as_deref().unwrap_or_default();
                let (portrait, kind) = (captured.portrait, captured.portrait_content_type);
                (at, value_sha256(value), SealedPart::of_media(Field::Photo, portrait, kind, None))
            }
            (Event::KtpCaptureAssessed(captured), field) => {
                let (source, sha256, record) = evidence(ports, &captured.audit).await?;
                (source, sha256, part_of(record, &captured.event_id, field))
            }
            (_, UnsealField::Frames) => return Err(Refusal::NoFrames.into()),
            (Event::DukcapilVerdictReceived(verdict), field) => {
                let (source, sha256, record) = evidence(ports, &verdict.audit).await?;
                (source, sha256, part_of(record, &verdict.event_id, field))
            }
            (Event::FaceMatchDecided(decided), field) => {
                let (source, sha256, record) = evidence(ports, &decided.audit).await?;
                (source, sha256, part_of(record, &decided.event_id, field))
            }
            _ => return Err(Refusal::NothingKept.into()),
        };
        let SealedPart { field: sealed_field, content_type, sealed, binding, frames } =
            part.ok_or(Refusal::NothingKept)?;
        Ok(Self {
            customer,
            verification: verification.clone(),
            field,
            event_id: view.row.event_id,
            sealed_field,
            content_type,
            sealed,
            binding,
            frames,
            source,
            record_sha256,
        })
    }

    /// The customer's keys, among them the one that opens it.
    pub(super) async fn keys(&self, ports: &UnsealPorts) -> Result<CustomerKeys, ActError> {
        let keys = ports.vault.customer_keys(&self.customer, Suite::Aes256GcmSiv).await?;
        keys.filter(|keys| !keys.is_destroyed(self.sealed_field.purpose()))
            .ok_or_else(|| Refusal::Erased.into())
    }

    /// What acts say of it: it can be moved to no other part, verification or record.
    pub(super) fn fields(&self) -> Vec<(&'static str, String)> {
        let hex: String = self.record_sha256.iter().map(|byte| format!("{byte:02x}")).collect();
        vec![
            ("verification", self.verification.to_string()),
            ("field", self.field.as_str().to_owned()),
            ("record", format!("{}/{}", self.source.partition.0, self.source.offset.0)),
            ("record-sha256", hex),
        ]
    }
}

/// The evidence that an event names, if it is what the event says.
async fn evidence(
    ports: &UnsealPorts,
    named: &domain::event::AuditRef,
) -> Result<(Source, [u8; 32], AuditRecord), ActError> {
    let at = named.source;
    let record = ports.record(Topic::Audit, at.partition, at.offset).await?;
    let record = record.filter(|record| record.source == at).ok_or(Refusal::EvidenceMissing)?;
    let sha256 = value_sha256(record.value.as_deref().unwrap_or_default());
    if sha256 != named.value_sha256 {
        return Err(Refusal::Tampered.into());
    }
    Ok((at, sha256, ports.codec.decode_audit(&record)?))
}

fn part_of(record: AuditRecord, event_id: &EventId, field: UnsealField) -> Option<SealedPart> {
    match (record, field) {
        (AuditRecord::VerdictEvidence(of), UnsealField::Raw) if of.event_id == *event_id => {
            let content_type = Some("application/json".to_owned());
            let raw = of.raw.map(SealedMedia::Inline);
            SealedPart::of_media(Field::Raw, raw, content_type, of.raw_binding)
        }
        (AuditRecord::VerdictEvidence(of), UnsealField::Photo) if of.event_id == *event_id => {
            let (media, kind) = (of.declined_photo, of.declined_photo_content_type);
            SealedPart::of_media(Field::DeclinedPhoto, media, kind, of.raw_binding)
        }
        (AuditRecord::FaceEvidence(of), UnsealField::Photo) if of.event_id == *event_id => {
            SealedPart::of_media(Field::Probe, of.probe, of.probe_content_type, of.raw_binding)
        }
        (AuditRecord::CaptureEvidence(of), UnsealField::Frames) if of.event_id == *event_id => {
            SealedPart::of_frames(of)
        }
        _ => None,
    }
}
