//! Captures to send: a challenge is asked for, a capture drawn and signed, and its body sent once the colours can have been
//! shown. Not here: what is measured of it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use capture_sim::{CaptureKind, CaptureOptions, FlashChallenge};
use serde_json::{Value, json};

use crate::http::Connection;
use crate::load::head;
use crate::sandbox::Sandbox;

/// As long as a challenge may live, so that all bodies of a round can be made before the first is sent.
const TTL_MS: u32 = 300_000;

/// A capture that waits for its turn.
pub(super) struct CaptureBody {
    text: String,
    /// Before, the colours cannot have been shown, and it would be refused.
    not_before: Instant,
}

/// One connection with the sandbox's key.
pub(super) struct Caller<'a> {
    sandbox: &'a Sandbox,
    connection: Connection,
}

impl<'a> Caller<'a> {
    pub(super) async fn connect(sandbox: &'a Sandbox) -> Result<Self> {
        Ok(Self { sandbox, connection: Connection::open(sandbox.address).await? })
    }

    /// An honest capture of that customer, with that portrait on the card.
    pub(super) async fn drawn(&mut self, customer: &str, seed: u64, portrait: &[u8]) -> Result<CaptureBody> {
        let asked = json!({ "customerId": customer, "ttlMs": TTL_MS }).to_string();
        let (status, answer) = self.post("/api/identity/document/ktp/challenge", &asked).await?;
        ensure!(status == 201, "a challenge: {status} {answer}");
        let began = Instant::now();
        let challenge = FlashChallenge::from_json(&answer.to_string())?;
        let shown: u32 = challenge.hold_ms.iter().sum();
        let captured_at = Some(chrono::Utc::now().to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
        let portrait = Some(portrait.to_vec());
        let options =
            CaptureOptions { portrait, captured_at, ..CaptureOptions::new(CaptureKind::Bona, seed) };
        let mut bundle = capture_sim::generate(&challenge, &options)?;
        bundle.sign(&challenge, customer);
        let not_before = began + Duration::from_millis(shown.into());
        Ok(CaptureBody { text: bundle.to_json(customer).to_string(), not_before })
    }

    /// Sends it; its status, and from the first byte sent to the last one read.
    pub(super) async fn captured(&mut self, body: &CaptureBody) -> Result<(String, Duration)> {
        tokio::time::sleep_until(body.not_before.into()).await;
        let began = Instant::now();
        let (status, answer) = self.post("/api/identity/document/ktp/capture", &body.text).await?;
        let took = began.elapsed();
        ensure!(matches!(status, 200 | 202), "a capture: {status} {answer}");
        Ok((answer["verification"]["status"].as_str().unwrap_or("not said yet").to_owned(), took))
    }

    async fn post(&mut self, path: &str, body: &str) -> Result<(u16, Value)> {
        // A busy machine shall be slow, not answer something else: by itself a write waits for two seconds.
        let prefer = "Prefer: wait=10\r\n";
        let head = head(self.sandbox.address, &self.sandbox.api_key, path, prefer, body.len());
        let answer = self.connection.ask(head.as_bytes(), body.as_bytes()).await.context(path.to_owned())?;
        Ok((answer.status, serde_json::from_slice(answer.body)?))
    }
}
