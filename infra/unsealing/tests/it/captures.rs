//! Frames and portrait of a capture: opened by two people as raw answers are, and by nobody once they are erased. That what
//! the API seals is what opens is tested from outside (`tests/it/compliance.rs`).

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FlashColor, FusedVerdict, VoterPanel,
};
use domain::event::{
    AuditRecord, CaptureEvidence, Event, Fingerprint, KTP_FRAMES_CONTENT_TYPE, KtpCaptureAssessed,
    ShownChallenge,
};
use domain::ids::{ChallengeId, EnrolmentId, EventId, KtpBundleId, VerificationId};
use domain::orgs::Suite;
use domain::sealed::{Field, Purpose, Purposes, SealedMedia};
use event_codec::value_sha256;
use serde_json::{Value, json};
use unsealing::refusal::Refusal;
use unsealing::unseal::{self, UnsealField, UnsealOrder};
use vault::{EvidenceSecret, SealContext, random_id};

use crate::asking::{code, opened, order};
use crate::place::{Place, now};

const ARCHIVE: &[u8] = b"frame-00.jpg and what follows it";
const PORTRAIT: &[u8] = b"\xFF\xD8 a portrait";
const JPEG: &str = "image/jpeg";

/// What differs among captures here.
struct Captured {
    event_id: EventId,
    verification: VerificationId,
    /// The event that the evidence says it is of.
    evidence_of: EventId,
    has_portrait: bool,
}

impl Captured {
    fn new() -> Self {
        let event_id = EventId::from_bytes(random_id());
        Self {
            evidence_of: event_id.clone(),
            event_id,
            verification: VerificationId::from_bytes(random_id()),
            has_portrait: true,
        }
    }

    /// Sealed with that secret, in both logs and in the read model.
    async fn write(&self, place: &Place, secret: &EvidenceSecret) {
        let keys = place.ports.vault.customer_keys(&place.customer, Suite::Aes256GcmSiv).await;
        let keys = keys.expect("an answer").expect("keys");
        let of = |field, content_type| SealContext { event_id: &self.event_id, field, content_type };
        let frames = of(Field::KtpFrames, KTP_FRAMES_CONTENT_TYPE);
        let frames = keys.seal_evidence(&frames, secret, ARCHIVE).expect("sealed");
        let portrait = keys.seal(&of(Field::Photo, JPEG), PORTRAIT).expect("sealed");
        let evidence = AuditRecord::CaptureEvidence(CaptureEvidence {
            event_id: self.evidence_of.clone(),
            verification_id: self.verification.clone(),
            customer: place.customer.clone(),
            frames: Some(SealedMedia::Inline(frames)),
            frames_kept: 1,
            frame_sha256: vec![[0xA1; 32], [0xA2; 32]],
            features: None,
            claims: None,
            raw_binding: Some(secret.binding().clone()),
            sealed_sha256: Vec::new(),
            body_fingerprint: Fingerprint([2; 32]),
            received_at: now(),
            api_key_id: "key".to_owned(),
        });
        let event = |audit| {
            Event::KtpCaptureAssessed(KtpCaptureAssessed {
                event_id: self.event_id.clone(),
                customer: place.customer.clone(),
                verification_id: self.verification.clone(),
                enrolment_id: self.has_portrait.then(|| EnrolmentId::from_bytes(random_id())),
                assessment: Box::new(assessment()),
                challenge: ShownChallenge {
                    colors: vec![FlashColor::Red],
                    hold_ms: vec![400],
                    issued_at: now(),
                },
                score: None,
                reason_category: None,
                text: None,
                portrait: self.has_portrait.then_some(SealedMedia::Inline(portrait)),
                portrait_content_type: self.has_portrait.then(|| JPEG.to_owned()),
                review_copy: None,
                review_key_id: None,
                signals: Vec::new(),
                fallback: None,
                policy_version: 1,
                body_fingerprint: Fingerprint([2; 32]),
                audit,
            })
        };
        place.write(&evidence, |_| {}, event).await;
    }

    fn order(&self, place: &Place, field: UnsealField) -> UnsealOrder {
        UnsealOrder { field, ..order(place, &self.verification) }
    }

    /// Asked for, approved, opened: what is in the file, and the statement beside it.
    async fn opened(&self, place: &Place, field: UnsealField) -> (Vec<u8>, Value) {
        let (ports, order) = (&place.ports, self.order(place, field));
        let (id, _) = unseal::request(ports, &place.keys[0], &order).await.expect("a request");
        unseal::approve(ports, &place.keys[1], &place.org, &id).await.expect("approved");
        let bytes = opened(place, &id, &place.keys[0], field.as_str()).await.expect("opened");
        let said = std::fs::read(place.out(&format!("{}.json", field.as_str()))).expect("a statement");
        (bytes, serde_json::from_slice(&said).expect("JSON"))
    }

    async fn refusal(&self, place: &Place, field: UnsealField) -> Refusal {
        code(unseal::request(&place.ports, &place.keys[0], &self.order(place, field)).await)
    }
}

fn assessment() -> CaptureAssessment {
    let panel = || VoterPanel { fused: FusedVerdict::Unclear, voters: Vec::new() };
    CaptureAssessment {
        bundle: KtpBundleId::from_bytes([1; 16]),
        challenge: ChallengeId::from_bytes([2; 16]),
        engine: "ktp1".to_owned(),
        policy_version: 1,
        models: Vec::new(),
        verdict: CaptureVerdict::Passed,
        assurance: AssuranceTier::Standard,
        anti_spoof: panel(),
        tamper: panel(),
        text: None,
        guidance: Vec::new(),
        frames_stored: 1,
        values: None,
    }
}

#[tokio::test]
async fn two_signers_open_the_frames_and_the_statement_has_the_digest_of_each() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let captured = Captured::new();
    captured.write(&place, &secret).await;
    let (bytes, said) = captured.opened(&place, UnsealField::Frames).await;
    assert_eq!(bytes, ARCHIVE);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for (name, value) in [
        ("verificationId", json!(captured.verification.as_str())),
        ("field", json!("frames")),
        ("contentType", json!("application/x-tar")),
        ("sha256", json!(hex(&value_sha256(ARCHIVE)))),
        ("requestedBy", json!("siti")),
        ("approvedBy", json!("budi")),
        ("framesKept", json!(1)),
        // Also of the one that was not kept.
        ("frameSha256", json!(["a1".repeat(32), "a2".repeat(32)])),
    ] {
        assert_eq!(said[name], value, "{said}");
    }
    assert_eq!(place.refusals().await, [""; 0]);
}

#[tokio::test]
async fn the_photo_of_a_capture_is_its_portrait_where_it_has_one() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let captured = Captured::new();
    captured.write(&place, &secret).await;
    let (bytes, said) = captured.opened(&place, UnsealField::Photo).await;
    assert_eq!((bytes.as_slice(), &said["contentType"]), (PORTRAIT, &json!(JPEG)));
    assert_eq!((&said["frameSha256"], &said["framesKept"]), (&Value::Null, &Value::Null), "{said}");
    let failed = Captured { has_portrait: false, ..Captured::new() };
    failed.write(&place, &secret).await;
    assert_eq!(failed.refusal(&place, UnsealField::Photo).await, Refusal::NothingKept);
    assert_eq!(failed.refusal(&place, UnsealField::Raw).await, Refusal::NothingKept, "no registry was asked");
}

#[tokio::test]
async fn the_evidence_of_another_event_is_not_opened_as_this_ones() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let captured = Captured { evidence_of: EventId::from_bytes([9; 16]), ..Captured::new() };
    captured.write(&place, &secret).await;
    assert_eq!(captured.refusal(&place, UnsealField::Frames).await, Refusal::NothingKept);
}

/// Each part goes with its purpose, and the other stays.
#[tokio::test]
async fn erased_frames_and_an_erased_portrait_open_for_nobody() {
    for (purpose, gone, stays) in [
        (Purpose::Evidence, UnsealField::Frames, UnsealField::Photo),
        (Purpose::Biometric, UnsealField::Photo, UnsealField::Frames),
    ] {
        let place = Place::new().await;
        let secret = place.secret().await;
        let captured = Captured::new();
        captured.write(&place, &secret).await;
        let purposes = Purposes::NONE.with(purpose);
        assert!(place.ports.vault.destroy(&place.customer, purposes).await.expect("destroyed"));
        assert_eq!(captured.refusal(&place, gone).await, Refusal::Erased, "{purpose:?}");
        captured.opened(&place, stays).await;
    }
}
