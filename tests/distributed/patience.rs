//! A bank's backend that sends a request again with its key until it is projected: for set-ups that are not
//! about how long that takes, beside projectors that are still on their way.

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::client::{Answer, Api, VERDICT, text};
use crate::process::until;

/// A verdict, answered with 200.
pub(crate) async fn verdict(api: &Api, body: &Value) -> Answer {
    until_status(api, VERDICT, body, 200).await
}

/// A new customer's id.
pub(crate) async fn customer(api: &Api, full_name: &str) -> String {
    let made = until_status(api, "/api/customers", &json!({ "fullName": full_name }), 201).await;
    text(&made.json()["id"]).to_owned()
}

async fn until_status(api: &Api, path: &str, body: &Value, status: u16) -> Answer {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let key = format!("patience-{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let headers = [("idempotency-key", key.as_str())];
    until("what was accepted to be projected", async || {
        let answer = api.post(path, &headers, body).await;
        assert!(answer.status == status || answer.status == 202, "{answer:?}");
        (answer.status == status).then_some(answer)
    })
    .await
}
