//! Captures and their reviews: what a replay shows of them and of their evidence, and the fold of a customer who has one.

use compliance::customer_state::customer_kyc;
use compliance::replay::{CsvRow, FactLine, LogReplay, ReplayCounts, ReplayFilter};
use compliance::what_if::WhatIf;
use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, ChallengePurpose, FlashColor, FusedVerdict, Measure,
    VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRecord, CaptureEvidence, Event, Fingerprint, FlashChallengeIssued, KtpCaptureAssessed,
    ShownChallenge, VerificationReviewed,
};
use domain::ids::{ChallengeId, CustomerRef, EnrolmentId, EventId, KtpBundleId, VerificationId};
use domain::policy::Method;
use domain::rows::VerificationStatus;
use domain::sealed::{Purpose, Purposes, SealedMedia};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::world::{World, fresh, org, sealed};

fn assessment(verdict: CaptureVerdict, challenge: &ChallengeId) -> CaptureAssessment {
    let voter = |name: &str, state| VoterFinding {
        name: name.to_owned(),
        state,
        reason: "found".to_owned(),
        value: None,
        threshold: Some(Measure::from_millionths(80_000)),
    };
    let panel = |fused, voters| VoterPanel { fused, voters };
    CaptureAssessment {
        bundle: KtpBundleId::from_bytes(fresh()),
        challenge: challenge.clone(),
        engine: "ktp1".to_owned(),
        policy_version: 1,
        models: Vec::new(),
        verdict,
        assurance: AssuranceTier::Standard,
        anti_spoof: panel(FusedVerdict::Live, vec![voter("card_geometry", VoterState::Pass)]),
        tamper: panel(FusedVerdict::Unclear, vec![voter("hologram", VoterState::Abstain)]),
        text: None,
        guidance: Vec::new(),
        frames_stored: 1,
        values: Some(sealed(60)),
    }
}

/// What was written of one capture.
struct Captured {
    verification: VerificationId,
    event_id: EventId,
    enrolment: EnrolmentId,
}

impl World {
    /// A challenge, the evidence of its capture, and the capture; the evidence says that it is of that event.
    async fn captured(
        &self,
        customer: &CustomerRef,
        verdict: CaptureVerdict,
        of: Option<EventId>,
    ) -> Captured {
        let captured = Captured {
            verification: VerificationId::from_bytes(fresh()),
            event_id: EventId::from_bytes(fresh()),
            enrolment: EnrolmentId::from_bytes(fresh()),
        };
        let challenge_id = ChallengeId::from_bytes(fresh());
        let (colors, hold_ms) = (vec![FlashColor::Red, FlashColor::White], vec![350, 400]);
        self.event(&Event::FlashChallengeIssued(FlashChallengeIssued {
            event_id: EventId::from_bytes(fresh()),
            customer: customer.clone(),
            challenge_id: challenge_id.clone(),
            purpose: ChallengePurpose::Ktp,
            colors: colors.clone(),
            hold_ms: hold_ms.clone(),
            issued_at: Timestamp::EPOCH,
            ttl_ms: 90_000,
        }))
        .await;
        let evidence = CaptureEvidence {
            event_id: of.unwrap_or_else(|| captured.event_id.clone()),
            verification_id: captured.verification.clone(),
            customer: customer.clone(),
            frames: Some(SealedMedia::Inline(sealed(300))),
            frames_kept: 1,
            frame_sha256: vec![[0xA1; 32], [0xA2; 32]],
            features: Some(sealed(90)),
            claims: Some(sealed(80)),
            raw_binding: None,
            sealed_sha256: Vec::new(),
            body_fingerprint: Fingerprint([3; 32]),
            received_at: Timestamp::EPOCH,
            api_key_id: "key_1".to_owned(),
        };
        let audit = self.audit(&AuditRecord::CaptureEvidence(evidence)).await;
        self.event(&Event::KtpCaptureAssessed(KtpCaptureAssessed {
            event_id: captured.event_id.clone(),
            customer: customer.clone(),
            verification_id: captured.verification.clone(),
            enrolment_id: Some(captured.enrolment.clone()),
            assessment: Box::new(assessment(verdict, &challenge_id)),
            challenge: ShownChallenge { colors, hold_ms, issued_at: Timestamp::EPOCH },
            score: Some(100),
            reason_category: (verdict != CaptureVerdict::Passed).then_some(ReasonCategory::Unclear),
            text: Some(sealed(200)),
            portrait: Some(SealedMedia::Inline(sealed(300))),
            portrait_content_type: Some("image/jpeg".to_owned()),
            review_copy: None,
            review_key_id: None,
            signals: Vec::new(),
            fallback: None,
            policy_version: 1,
            body_fingerprint: Fingerprint([3; 32]),
            audit,
        }))
        .await;
        captured
    }

    async fn reviewed(&self, customer: &CustomerRef, of: &Captured, to_status: VerificationStatus) {
        self.event(&Event::VerificationReviewed(VerificationReviewed {
            event_id: EventId::from_bytes(fresh()),
            customer: customer.clone(),
            verification_id: of.verification.clone(),
            to_status,
            reason_code: "looks_genuine".to_owned(),
            note: Some(sealed(70)),
            by: "rina".to_owned(),
            policy_version: 1,
            body_fingerprint: None,
        }))
        .await;
    }
}

async fn replay(world: &World, filter: ReplayFilter) -> (Vec<Value>, Vec<String>, ReplayCounts) {
    let ports = world.ports();
    let replay = LogReplay::open(&ports, filter).await.expect("it opens");
    let (mut lines, mut rows) = (Vec::new(), Vec::new());
    let form =
        |line: &FactLine| (serde_json::to_value(line).expect("a line is JSON"), CsvRow::of(line).text());
    let counts = replay.run(form, &(), |(line, row)| {
        lines.push(line);
        rows.push(row);
        Ok(())
    });
    let counts = counts.await.expect("the log answers");
    (lines, rows, counts)
}

#[tokio::test]
async fn a_capture_is_shown_with_what_its_evidence_says_and_a_review_with_who_decided() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    let captured = world.captured(&customer, CaptureVerdict::RequiresReview, None).await;
    world.reviewed(&customer, &captured, VerificationStatus::Verified).await;
    let (lines, rows, counts) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(counts, ReplayCounts { facts: 4, errors: 0, altered: 0 });
    let (sealed, erased) = (json!({"sealed": true}), json!({"erased": true}));
    let [_, challenge, capture, review] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&challenge["type"], &challenge["purpose"]), (&json!("FlashChallengeIssued"), &json!("ktp")));
    assert_eq!(challenge["evidence"], Value::Null);
    for (name, value) in [
        ("verificationId", json!(captured.verification.as_str())),
        ("text", sealed.clone()),
        ("portrait", sealed.clone()),
        ("challengeColors", challenge["colors"].clone()),
        ("challengeHoldMs", challenge["holdMs"].clone()),
    ] {
        assert_eq!(capture[name], value, "{name}: {capture}");
    }
    for (name, value) in [
        ("verdict", json!("requires_review")),
        ("framesStored", json!(1)),
        ("values", sealed.clone()),
        ("challengeId", challenge["challengeId"].clone()),
        ("antiSpoof", json!({"fused": "live", "voters": ["card_geometry pass found 0.08"]})),
    ] {
        assert_eq!(capture["assessment"][name], value, "{name}: {capture}");
    }
    let evidence = &capture["evidence"];
    for (name, value) in [
        ("matches", json!(true)),
        ("framesKept", json!(1)),
        ("frameSha256", json!(["a1".repeat(32), "a2".repeat(32)])),
        ("apiKeyId", json!("key_1")),
        ("frames", sealed.clone()),
        ("features", sealed.clone()),
        ("claims", sealed.clone()),
    ] {
        assert_eq!(evidence[name], value, "{name}: {evidence}");
    }
    assert!(rows[2].contains("framesKept"), "a row keeps it too: {}", rows[2]);
    assert_eq!((&review["toStatus"], &review["by"]), (&json!("verified"), &json!("rina")));
    assert_eq!(review["note"], sealed);

    world.erase(&customer, Purposes::NONE.with(Purpose::Evidence)).await;
    let by_method = ReplayFilter { method: Some(Method::KtpCapture), ..ReplayFilter::default() };
    let (lines, _, counts) = replay(&world, by_method).await;
    assert_eq!((counts.facts, &lines[0]["evidence"]["frames"]), (1, &erased));
    assert_eq!((&lines[0]["evidence"]["claims"], &lines[0]["text"]), (&sealed, &sealed), "profile stays");
}

#[tokio::test]
async fn evidence_of_another_capture_is_not_shown_as_this_ones() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.captured(&customer, CaptureVerdict::Passed, Some(EventId::from_bytes(fresh()))).await;
    let (lines, _, counts) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(counts, ReplayCounts { facts: 3, errors: 1, altered: 0 });
    assert_eq!(lines[2]["error"], "evidence_of_another_event");
    assert_eq!(
        (&lines[2]["evidence"]["matches"], &lines[2]["evidence"]["apiKeyId"]),
        (&json!(true), &Value::Null)
    );
}

#[tokio::test]
async fn a_state_and_another_policy_count_what_a_review_decided() {
    let end = Timestamp::parse("2100-01-01T00:00:00Z").expect("a time");
    for (review, tier, word) in [
        (None, "none", Value::Null),
        (Some(VerificationStatus::Verified), "standard", json!("verified")),
        (Some(VerificationStatus::Failed), "none", json!("failed")),
    ] {
        let world = World::new(1);
        let customer = world.customer(&org(1)).await;
        let captured = world.captured(&customer, CaptureVerdict::RequiresReview, None).await;
        if let Some(to_status) = review {
            world.reviewed(&customer, &captured, to_status).await;
        }
        let state = customer_kyc(&world.ports(), &customer, end, &()).await.expect("the log answers");
        let body = state.expect("registered").body();
        assert_eq!(body["customer"]["kycLevel"], tier, "{review:?}: {body}");
        let row = &body["verifications"][0];
        assert_eq!((&row["method"], &row["status"]), (&json!("ktp_capture"), &json!("pending")));
        assert_eq!(row["review"]["toStatus"], word, "{row}");
        assert_eq!(row["assessment"]["engine"], "ktp1");
        // Policy 2 asks a match for liveness, and of a card nothing else.
        let other = WhatIf::new(2, None).run(&world.ports(), &()).await.expect("the log answers");
        assert_eq!((other.customers, other.moved.len()), (1, 0), "{review:?}");
    }
}
