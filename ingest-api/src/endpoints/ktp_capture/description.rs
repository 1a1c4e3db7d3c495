//! What the description of the API says of the endpoint.
#![allow(dead_code, unused_qualifications, reason = "read and written by utoipa's macros")]

use actix_web::web;
use domain::capture::{
    AssuranceTier, CapturePlatform, CaptureVerdict, FusedVerdict, GuidanceCode, TextSource, VoterState,
};
use domain::limits::{
    BUNDLE_TEXT_CHARS_MAX, CAPTURE_TIME_MAX_MS, COLOR_TIMES_MAX, FLASH_SAMPLES_MAX, KTP_FRAMES_MAX,
    OCR_FIELDS_MAX, OCR_VALUE_CHARS_MAX, SDK_VERSION_CHARS_MAX,
};
use serde_json::{Value, json};
use utoipa::OpenApi;

use super::answer::{CaptureAccepted, CaptureAnswer};
use super::{KtpCapture, ROUTE};
use crate::documentation::description::{
    EndpointDescription, EndpointMethod, FieldRule, NamedExample, RequestDescription,
};
use crate::documentation::examples::{CUSTOMER, TIME, photo_text};
use crate::documentation::rules::{self, one_of};
use crate::endpoints::dukcapil_attempt;
use crate::limits::UNKNOWN_FIELDS_MAX;
use crate::serving::errors::ErrorCode;
use crate::writes::path::{WriteEndpoint, post};

/// The endpoint.
pub static ENDPOINT: EndpointDescription = EndpointDescription {
    method: EndpointMethod::Post,
    path: ROUTE,
    route: || web::post().to(post::<KtpCapture>),
    access: KtpCapture::ACCESS,
    errors: &[
        ErrorCode::CapabilityDisabled,
        ErrorCode::CustomerNotFound,
        ErrorCode::BiometricConsentWithdrawn,
        ErrorCode::EvidenceConsentWithdrawn,
        ErrorCode::ChallengeUsed,
        ErrorCode::ChallengeVoid,
        ErrorCode::ChallengeExpired,
        ErrorCode::ChallengeMismatch,
        ErrorCode::SignatureInvalid,
        ErrorCode::CapturedTooFast,
    ],
    derived: Derived::openapi,
    request: Some(request),
    answers,
    links: || Value::Null,
    field_rules,
};

#[derive(OpenApi)]
#[openapi(paths(post_capture))]
struct Derived;

/// Record a captured identity card
///
/// Judges what a phone captured under a challenge: whether it is a card, live, in the colours that were asked for, and
/// whether it says what an authentic one says. `passed` lifts the customer to `standard` at least, `requires_review` waits
/// for a person (`pending`), `failed` changes no tier. A 202 says no more than that it is recorded: what was decided is in
/// its log, and the answer is seen once it is projected.
///
/// The challenge is the key: the same bundle sent again has the answer that it had, also after the challenge has expired,
/// with `Idempotency-Replayed: true`; another bundle for the same challenge is 409 `challenge_used`. `Idempotency-Key` has no
/// effect, and there is no dry run.
///
/// Voters and scores are for the bank's staff. To the person before the camera only `guidance` is ever shown.
#[utoipa::path(
    post, path = "/api/identity/document/ktp/capture", tag = "captures",
    responses(
        (status = 200, description = "Judged and visible", body = CaptureAnswer,
            headers(("Location" = String), ("Idempotency-Replayed" = String), ("Preference-Applied" = String),
                ("X-Ignored-Fields" = String))),
        (status = 202, description = "It is recorded", body = CaptureAccepted,
            headers(("Location" = String), ("Preference-Applied" = String))),
    )
)]
fn post_capture() {}

fn request() -> RequestDescription {
    let schema = json!({
        "type": "object",
        "description": "A capture. Fields that nobody knows are ignored and named in `X-Ignored-Fields`, those of the bundle \
                        with their path.",
        "required": ["customerId", "bundle"],
        "maxProperties": UNKNOWN_FIELDS_MAX,
        "properties": { "customerId": rules::customer_id(), "bundle": bundle(), "fallback": fallback() },
    });
    RequestDescription {
        schemas: vec![("KtpCaptureRequest", schema)],
        examples: vec![("capture", json!({ "customerId": CUSTOMER, "bundle": example_bundle() }))],
    }
}

/// Why the card has to stand alone.
fn fallback() -> Value {
    json!({
        "type": ["object", "null"],
        "description": "That Dukcapil did not answer, as `POST /api/identity/fallbacks` declares it; wants the org's \
                        `dukcapilEnabled`. The bundle's signature does not cover it, the challenge's single use does: the same \
                        bundle with another `fallback` is another body.",
        "required": dukcapil_attempt::REQUIRED,
        "properties": dukcapil_attempt::schema(),
    })
}

fn bundle() -> Value {
    let text = |most: usize, said: &str| json!({ "type": "string", "minLength": 1, "maxLength": most, "description": said });
    let times = |most: usize, said: &str| {
        json!({
            "type": ["array", "null"],
            "maxItems": most,
            "items": { "type": "integer", "minimum": 0, "maximum": CAPTURE_TIME_MAX_MS },
            "description": said,
        })
    };
    let frame = rules::picture(
        "The first is the still, 1280 to 4096 pixels on its longer side and at most 1 MiB; the others were taken while the \
         colours were shown, all of one size, at most 200 KiB and 4194304 pixels each; 2.8 MiB together.",
    );
    let platforms = CapturePlatform::ALL.map(CapturePlatform::as_str);
    json!({
        "type": "object",
        "description": "What the phone captured, as it signed it: at most 256 KiB beside its frames.",
        "required": ["version", "platform", "frames", "capturedAt", "signature", "flashChallengeNonce"],
        "properties": {
            "version": { "const": "1.0" },
            "sdkVersion": {
                "type": ["string", "null"], "minLength": 1, "maxLength": SDK_VERSION_CHARS_MAX,
                "description": "Of whatever made the bundle.",
            },
            "platform": { "enum": platforms },
            "frames": { "type": "array", "minItems": 1, "maxItems": KTP_FRAMES_MAX, "items": frame },
            "capturedAt": text(BUNDLE_TEXT_CHARS_MAX, "RFC 3339, signed as the text that is sent."),
            "signature": text(BUNDLE_TEXT_CHARS_MAX, "Lowercase hexadecimal; see docs/capture-signing.md."),
            "flashChallengeNonce": text(BUNDLE_TEXT_CHARS_MAX, "As it was issued."),
            "frameTimes": times(KTP_FRAMES_MAX, "When each frame was taken, in milliseconds since the first colour was painted."),
            "colorTimes": times(COLOR_TIMES_MAX, "When each colour really appeared."),
            "flashSamples": {
                "type": ["array", "null"],
                "maxItems": FLASH_SAMPLES_MAX,
                "items": { "type": "object" },
                "description": "What the phone measured, `{tMs, meanR, meanG, meanB}` each: a claim, no evidence.",
            },
            "ocrFields": {
                "type": ["object", "null"],
                "maxProperties": OCR_FIELDS_MAX,
                "additionalProperties": { "type": "string", "maxLength": OCR_VALUE_CHARS_MAX },
                "description": "What the phone read; it counts only where the org's `ktp.textSource` is `client`.",
            },
            "ocrConfidence": { "type": ["number", "null"], "description": "A claim, no evidence." },
        },
    })
}

fn example_bundle() -> Value {
    json!({
        "version": "1.0",
        "sdkVersion": "1.4.2",
        "platform": "android",
        "frames": [photo_text(), photo_text()],
        "frameTimes": [0, 210],
        "colorTimes": [0, 402, 851],
        "capturedAt": TIME,
        "flashChallengeNonce": "ASNFZ4mrze8BI0VniavN7wGTzP_3gABaBQEjRWeJq83vASNFZ4mrze8",
        "signature": "6f1ed002ab5595859014ebf0951522d9f0d4f6c9b1d7f3a4f0c8f0b1a2c3d4e5",
        "ocrFields": { "nik": "3273014507900001" },
        "ocrConfidence": 0.93,
    })
}

fn answers(status: &str) -> Vec<NamedExample> {
    let id = "ver_2D1M0PMS3AYF2Q2GXBWDF1KTY7";
    if status == "202" {
        return vec![("capture", json!({ "verification": { "id": id } }))];
    }
    let voter = |name: &str, state: &str, reason: &str, value: Value, threshold: Value| {
        json!({
            "name": name, "passed": state == "pass", "state": state, "reason": reason,
            "value": value, "threshold": threshold,
        })
    };
    let anti_spoof = [
        voter("card_geometry", "pass", "as_expected", json!(1.59), json!(1.586)),
        voter("flash_reflectance", "pass", "as_expected", json!(0.94), json!(0.8)),
    ];
    let tamper = [
        voter("nik_read", "pass", "frames_agree", json!(2.0), json!(2.0)),
        voter("hologram", "abstain", "not_built", Value::Null, Value::Null),
    ];
    let answer = json!({
        "verification": { "id": id, "status": "verified", "score": 100 },
        "ktpBundle": {
            "id": "ktpb_3F1M0PMS3AYF2Q2GXBWDF1KTY7", "verdict": "passed", "assuranceTier": "standard", "framesStored": 6,
        },
        "antiSpoof": {
            "fused": "live", "assuranceTier": "standard", "voters": anti_spoof, "passed": 2, "present": 2,
        },
        "tamper": { "fused": "authentic", "voters": tamper },
        "ocr": { "source": "server", "agreed": ["nik"], "disagreed": [] },
        "enrolment": { "id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "ktp_extract", "fallbackStub": true },
        "guidance": [],
    });
    vec![("capture", answer)]
}

fn field_rules() -> Vec<FieldRule> {
    vec![
        ("AcceptedCapture", "id", rules::id("ver")),
        ("CaptureVerification", "id", rules::id("ver")),
        ("CaptureVerification", "status", one_of(["verified", "failed", "pending"])),
        ("KtpBundleBody", "id", rules::id("ktpb")),
        ("KtpBundleBody", "verdict", one_of(CaptureVerdict::ALL.map(CaptureVerdict::as_str))),
        ("KtpBundleBody", "assuranceTier", one_of(AssuranceTier::ALL.map(AssuranceTier::as_str))),
        ("AntiSpoofBody", "fused", one_of(FusedVerdict::ALL.map(FusedVerdict::as_str))),
        ("AntiSpoofBody", "assuranceTier", one_of(AssuranceTier::ALL.map(AssuranceTier::as_str))),
        ("TamperBody", "fused", one_of(FusedVerdict::ALL.map(FusedVerdict::as_str))),
        ("VoterBody", "state", one_of(VoterState::ALL.map(VoterState::as_str))),
        ("OcrBody", "source", one_of(TextSource::ALL.map(TextSource::as_str))),
        (
            "CaptureAnswer",
            "guidance",
            json!({ "items": one_of(GuidanceCode::ALL.map(GuidanceCode::as_str)) }),
        ),
    ]
}
