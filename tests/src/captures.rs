//! Captures that wait for a person, put into a sandbox's log as the API would, beside the running programs. The pictures are
//! drawn; nobody is on them.

use std::sync::Arc;

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, ChallengePurpose, FlashChallenge, FlashColor,
    FusedVerdict, GuidanceCode, Measure, TextAgreement, TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRef, Event, Fingerprint, FlashChallengeIssued, KtpCaptureAssessed, Offset, Partition,
    ShownChallenge, Source, VOTER_VALUES_CONTENT_TYPE,
};
use domain::ids::{
    ChallengeId, CustomerId, CustomerRef, EnrolmentId, EventId, KtpBundleId, OrgId, VerificationId,
};
use domain::orgs::Suite;
use domain::ports::{Picture, ReviewKeyRow, Topic};
use domain::sealed::{Field, Sealed, SealedMedia};
use domain::time::Timestamp;
use engine::{Engine, Role};
use event_codec::Meta;
use org_directory::orgs::Orgs;
use vault::{AlwaysCurrent, CustomerKeys, OrgIds, ReviewPlace, SealContext};

use crate::harness::ContractHarness;
use crate::patience::until;
use crate::portraits::jpeg;
use crate::sandbox::Sandbox;

const JPEG: &str = "image/jpeg";

/// A capture that waits.
pub struct PendingCapture {
    pub customer: CustomerRef,
    pub verification: VerificationId,
    /// The review copy as it was sealed.
    pub copy: Vec<u8>,
}

impl PendingCapture {
    /// Of that customer, once the API shows it.
    pub async fn of(sandbox: &Sandbox, customer: &str) -> Self {
        let engine = beside(sandbox).await;
        let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
        let customer = CustomerRef::new(org, CustomerId::parse(customer).expect("a customer's id"));
        let capture = Self {
            customer,
            verification: VerificationId::from_bytes(vault::random_id()),
            copy: card_and_portrait(),
        };
        capture.append(&engine).await;
        engine.close().await;
        let path = format!("/api/identity/verifications/{}", capture.verification);
        let api = sandbox.api();
        until("the capture to be projected", async || (api.get(&path).await.status == 200).then_some(()))
            .await;
        capture
    }

    /// The key of its review copy, as the key store has it now.
    pub async fn review_key(&self, sandbox: &Sandbox) -> ReviewKeyRow {
        let engine = beside(sandbox).await;
        let row = engine.review_keys.review_key(&self.customer.org, &self.verification).await;
        engine.close().await;
        row.expect("read").expect("it has a key")
    }

    async fn append(&self, engine: &Engine) {
        let vault = engine.vault(Arc::new(AlwaysCurrent));
        let keys = vault.customer_keys(&self.customer, Suite::Aes256GcmSiv).await;
        let keys = keys.expect("the key store answers").expect("the customer has keys");
        let place =
            ReviewPlace { customer: &self.customer, verification: &self.verification, content_type: JPEG };
        let week = Timestamp::from_millis(now().millis() + 7 * 24 * 3_600_000);
        let copy = engine.review_vault().seal_review_copy(place, Suite::Aes256GcmSiv, &self.copy, week).await;
        let copy = copy.expect("sealed");
        let event_id = EventId::from_bytes(vault::random_id());
        let portrait = sealed(&keys, &event_id, Field::Photo, JPEG, &self.copy);
        let values = [853_000, i64::MIN].map(i64::to_le_bytes).concat();
        let values = sealed(&keys, &event_id, Field::VoterValues, VOTER_VALUES_CONTENT_TYPE, &values);
        let audit = engine.log.describe(Topic::Audit).await.expect("described").id;
        let audit = Source { topic_id: audit, partition: Partition(0), offset: Offset(0) };
        let event = Event::KtpCaptureAssessed(KtpCaptureAssessed {
            event_id,
            customer: self.customer.clone(),
            verification_id: self.verification.clone(),
            enrolment_id: Some(EnrolmentId::from_bytes(vault::random_id())),
            assessment: Box::new(assessment(values)),
            challenge: ShownChallenge {
                colors: vec![FlashColor::Red, FlashColor::White],
                hold_ms: vec![400, 500],
                issued_at: now(),
            },
            score: Some(50),
            reason_category: Some(ReasonCategory::Unclear),
            text: None,
            portrait: Some(SealedMedia::Inline(portrait)),
            portrait_content_type: Some(JPEG.to_owned()),
            review_copy: Some(SealedMedia::Inline(copy.sealed)),
            review_key_id: Some(copy.key_id),
            signals: Vec::new(),
            fallback: None,
            policy_version: 1,
            body_fingerprint: Fingerprint([7; 32]),
            audit: AuditRef { source: audit, value_sha256: [8; 32] },
        });
        let meta = Meta { time: now(), traceparent: None };
        let record = engine.codec.event(&event, &meta).expect("encoded");
        engine.log.append(Topic::Events, record).await.expect("appended");
    }
}

/// A challenge of a customer's as another instance gives it out, which has not heard of any before.
pub async fn issued_elsewhere(sandbox: &Sandbox, customer: &str) -> capture_sim::FlashChallenge {
    let engine = beside(sandbox).await;
    let org = OrgId::parse(&sandbox.info().org).expect("an org's id");
    let records = Orgs::new(&engine).list().await.expect("orgs");
    let record = records.into_iter().find(|record| record.org == org).expect("the org");
    let ids = OrgIds::unwrap(&*engine.kms, &record).await.expect("the org's secret");
    let customer = CustomerRef::new(org, CustomerId::parse(customer).expect("a customer's id"));
    let challenge = FlashChallenge {
        id_bytes: vault::random_id(),
        issued_at: now(),
        ttl_s: 300,
        steps: 3,
        purpose: ChallengePurpose::Ktp,
    };
    let key = ids.challenges();
    let flashes = challenge.flashes(key, &customer);
    let event = Event::FlashChallengeIssued(FlashChallengeIssued {
        event_id: EventId::from_bytes(vault::random_id()),
        customer: customer.clone(),
        challenge_id: challenge.id(),
        purpose: challenge.purpose,
        colors: flashes.colors.clone(),
        hold_ms: flashes.hold_ms.clone(),
        issued_at: challenge.issued_at,
        ttl_ms: u32::from(challenge.ttl_s) * 1_000,
    });
    let record = engine.codec.event(&event, &Meta { time: now(), traceparent: None }).expect("encoded");
    engine.log.append(Topic::Events, record).await.expect("appended");
    engine.close().await;
    let colors: Vec<&str> = flashes.colors.iter().map(|color| color.as_str()).collect();
    let given = serde_json::json!({
        "id": challenge.id().as_str(),
        "purpose": challenge.purpose.as_str(),
        "nonce": challenge.nonce(key, &customer),
        "colors": colors,
        "holdMs": flashes.hold_ms,
        "expiresAt": challenge.expires_at().rfc3339(),
        "hmacSecret": challenge.hmac_secret(key, &customer).as_str(),
    });
    capture_sim::FlashChallenge::from_json(&given.to_string()).expect("a challenge")
}

async fn beside(sandbox: &Sandbox) -> Engine {
    Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens beside whoever serves it")
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(since.as_millis() as i64)
}

fn sealed(keys: &CustomerKeys, event_id: &EventId, field: Field, content_type: &str, plain: &[u8]) -> Sealed {
    keys.seal(&SealContext { event_id, field, content_type }, plain).expect("sealed")
}

fn finding(name: &str, state: VoterState, reason: &str) -> VoterFinding {
    VoterFinding {
        name: name.to_owned(),
        state,
        reason: reason.to_owned(),
        value: None,
        threshold: Some(Measure::from_millionths(800_000)),
    }
}

fn assessment(values: Sealed) -> CaptureAssessment {
    CaptureAssessment {
        bundle: KtpBundleId::from_bytes(vault::random_id()),
        challenge: ChallengeId::from_bytes(vault::random_id()),
        engine: "ktp1".to_owned(),
        policy_version: 1,
        models: Vec::new(),
        verdict: CaptureVerdict::RequiresReview,
        assurance: AssuranceTier::Low,
        anti_spoof: VoterPanel {
            fused: FusedVerdict::Unclear,
            voters: vec![finding("flash_reflectance", VoterState::Pass, "follows_screen")],
        },
        tamper: VoterPanel {
            fused: FusedVerdict::Unclear,
            voters: vec![finding("nik_read", VoterState::Abstain, "no_reader")],
        },
        text: Some(TextAgreement { source: TextSource::Client, agreed: Vec::new(), disagreed: Vec::new() }),
        guidance: vec![GuidanceCode::Retry],
        frames_stored: 2,
        values: Some(values),
    }
}

/// A drawn card with a lighter place for a portrait.
fn card_and_portrait() -> Vec<u8> {
    let (width, height) = (512, 320);
    let rgb = (0..width * height).flat_map(|at| {
        let (x, y) = (at % width, at / width);
        let is_portrait = (360..480).contains(&x) && (60..220).contains(&y);
        if is_portrait { [220, 200, 190] } else { [90, 140, 190] }
    });
    jpeg(&Picture::new(width, height, rgb.collect()).expect("a picture"), 85)
}
