//! What the examples of several endpoints share.

use serde_json::{Value, json};

/// A customer.
pub(crate) const CUSTOMER: &str = "cus_2D1M0PMS3AYF2Q2GXBWDF1KTY7";

/// A verification.
pub(crate) const VERIFICATION: &str = "ver_5E3M0PMS3AYF2Q2GXBWDF1KTY7";

/// A time.
pub(crate) const TIME: &str = "2026-11-23T04:05:06.007Z";

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
