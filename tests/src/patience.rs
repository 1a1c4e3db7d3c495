//! The one way to wait for something: asked again and again until it is so, or a deadline far off has passed. And a
//! bank's backend that sends a request again with its key until it is projected: for set-ups that are not about how
//! long that takes, beside projectors that are still on their way.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::client::{Answer, Api, VERDICT, text};

/// How long anything that must happen may take: far above what it needs on a busy machine, since a slow test
/// is better than a wrong one.
pub const DEADLINE: Duration = Duration::from_secs(90);

/// How often a condition is looked at.
const POLL: Duration = Duration::from_millis(15);

/// Asks until there is an answer, or fails at the deadline.
pub async fn until<T>(what: &str, probe: impl AsyncFnMut() -> Option<T>) -> T {
    until_within(DEADLINE, what, probe).await
}

/// The same with a deadline of its own.
pub async fn until_within<T>(deadline: Duration, what: &str, mut probe: impl AsyncFnMut() -> Option<T>) -> T {
    let started = Instant::now();
    let mut ticks = tokio::time::interval(POLL);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        if let Some(found) = probe().await {
            return found;
        }
        assert!(started.elapsed() < deadline, "not within {deadline:?}: {what}");
    }
}

/// A verdict, answered with 200.
pub async fn verdict(api: &Api, body: &Value) -> Answer {
    until_status(api, VERDICT, body, 200).await
}

/// A new customer's id.
pub async fn customer(api: &Api, full_name: &str) -> String {
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
