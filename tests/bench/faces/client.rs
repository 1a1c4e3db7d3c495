//! A caller of a sandbox who asks one thing after the other. Not here: load (`load.rs`).

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use base64_simd::STANDARD;
use serde_json::{Value, json};

use crate::http::Connection;
use crate::limits::{LOOK_EVERY, PHOTO_READ_WITHIN};
use crate::load::head;
use crate::sandbox::Sandbox;

/// One connection with the sandbox's key.
pub(super) struct Client<'a> {
    sandbox: &'a Sandbox,
    connection: Connection,
}

impl<'a> Client<'a> {
    pub(super) async fn connect(sandbox: &'a Sandbox) -> Result<Self> {
        Ok(Self { sandbox, connection: Connection::open(sandbox.address).await? })
    }

    /// A valid verdict with that photo, answered with a 200.
    pub(super) async fn verdict(&mut self, customer: &str, photo: &[u8]) -> Result<()> {
        let photo = STANDARD.encode_to_string(photo);
        let body = json!({ "customerId": customer, "valid": true, "photo": photo }).to_string();
        self.post("/api/identity/nik/dukcapil", &body).await?;
        Ok(())
    }

    /// A match of that probe, and from the first byte sent to the last one read.
    pub(super) async fn matched(&mut self, customer: &str, probe: &[u8]) -> Result<Duration> {
        let body = json!({ "customerId": customer, "image": STANDARD.encode_to_string(probe) }).to_string();
        let began = Instant::now();
        let said = self.post("/api/identity/face/match", &body).await?;
        let took = began.elapsed();
        ensure!(said["match"]["verdict"] == "match", "another verdict than was to be expected: {said}");
        Ok(took)
    }

    /// Waits until the customer's newest photo was read and shows a face.
    pub(super) async fn until_read(&mut self, customer: &str) -> Result<()> {
        let path = format!("/api/identity/face/enrolments?customerId={customer}");
        let began = Instant::now();
        while self.get(&path).await?["data"][0]["fallbackStub"] != false {
            ensure!(
                began.elapsed() < PHOTO_READ_WITHIN,
                "the photo was not read within {PHOTO_READ_WITHIN:?}"
            );
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    async fn post(&mut self, path: &str, body: &str) -> Result<Value> {
        // A busy machine shall be slow, not answer something else: by itself a write waits for two seconds.
        let prefer = "Prefer: wait=10\r\n";
        let head = head(self.sandbox.address, &self.sandbox.api_key, path, prefer, body.len());
        self.ask(&head, body).await.with_context(|| path.to_owned())
    }

    async fn get(&mut self, path: &str) -> Result<Value> {
        let Sandbox { address, api_key, .. } = self.sandbox;
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {api_key}\r\n\r\n");
        self.ask(&head, "").await.with_context(|| path.to_owned())
    }

    async fn ask(&mut self, head: &str, body: &str) -> Result<Value> {
        let answer = self.connection.ask(head.as_bytes(), body.as_bytes()).await?;
        let text = String::from_utf8_lossy(answer.body);
        ensure!(answer.status == 200, "{} {text}", answer.status);
        Ok(serde_json::from_str(&text)?)
    }
}
