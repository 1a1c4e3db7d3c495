//! What the examples of several endpoints share.

use data_encoding::BASE64;
use serde_json::{Value, json};

/// A customer.
pub(crate) const CUSTOMER: &str = "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7";

/// A verification.
pub(crate) const VERIFICATION: &str = "ver_5E3M0PMS3AYF2Q2GXBWDF1KTY7";

/// A time.
pub(crate) const TIME: &str = "2026-11-23T04:05:06.007Z";

/// A face model.
pub(crate) const FACE_MODEL: &str = "sface-2021dec-int8bq@fb143eea07838aa5";

/// A small photo that the server takes, 16 pixels a side, as a request has it.
pub(crate) fn photo_text() -> String {
    BASE64.encode(include_bytes!("../../testdata/tiny.png"))
}

/// What a match decided, and what the picture was compared with.
pub(crate) fn matched() -> (Value, Value) {
    let matched = json!({
        "verdict": "match",
        "threshold": 0.45,
        "model": FACE_MODEL,
        "riskLevel": "medium",
        "bound": false,
    });
    let reference =
        json!({ "id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "dukcapil", "enrolledAt": TIME });
    (matched, reference)
}

/// An enrolment as answers show it.
pub(crate) fn enrolment(fallback_stub: bool) -> Value {
    json!({ "id": "fe_4C1M0PMS3AYF2Q2GXBWDF1KTY7", "source": "dukcapil", "fallbackStub": fallback_stub })
}

/// A customer as answers show it.
pub(crate) fn customer_answer() -> Value {
    json!({
        "id": CUSTOMER,
        "fullName": "Nasabah Contoh",
        "externalId": "CIF-0001",
        "kycLevel": "none",
        "createdAt": TIME,
    })
}

/// What a row shows of a capture that a person verified.
pub(crate) fn captured(mut row: Value) -> Value {
    row["method"] = "ktp_capture".into();
    row["status"] = "pending".into();
    row["score"] = 80.into();
    row["reason"] = Value::Null;
    row["reasonCategory"] = "unclear".into();
    row["assuranceTier"] = "standard".into();
    let voter = |name: &str, state: &str, reason: &str, threshold: Value| {
        json!({
            "name": name,
            "passed": state == "pass",
            "state": state,
            "reason": reason,
            "value": null,
            "threshold": threshold,
        })
    };
    row["assessment"] = json!({
        "engine": "ktp1",
        "policyVersion": 1,
        "models": [{ "id": "yunet-2023mar-int8bq", "sha256": "49".repeat(32) }],
        "voters": [
            voter("card_geometry", "pass", "found", 0.08.into()),
            voter("nik_read", "abstain", "no_reader", Value::Null),
        ],
    });
    row["review"] = json!({
        "toStatus": "verified",
        "reasonCode": "looks_genuine",
        "by": "rina",
        "createdAt": TIME,
    });
    row["voided"] = json!({ "reasonCode": "wrong_customer", "by": "rina", "createdAt": TIME });
    row["enrolment"] = enrolment(false);
    row["enrolment"]["source"] = "ktp_extract".into();
    row
}

/// What a row shows of a NIK whose form was checked, and that another customer brought too.
pub(crate) fn nik_checked(mut row: Value) -> Value {
    row["method"] = "nik_format".into();
    row["reason"] = Value::Null;
    row["enrolment"] = Value::Null;
    row["signals"] = json!([{ "code": "nik_on_other_customer", "severity": "high", "createdAt": TIME }]);
    row["nik"] = json!({
        "structure": true,
        "province": "known",
        "regency": "known",
        "district": "known",
        "birthDateAgrees": true,
        "sexAgrees": null,
    });
    row["nikCustomers"] = json!(["cus_3E2M0PMS3AYF2Q2GXBWDF1KTY7"]);
    row
}
