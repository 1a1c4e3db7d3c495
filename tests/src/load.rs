//! A bank's backend that sends verdicts and registrations with keys, remembers what it was told, and sends
//! again what it was not told about.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use data_encoding::BASE64;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use tokio::sync::watch;

use crate::client::{Answer, Api, VERDICT, text};
use crate::evidence::KeptVerdict;
use crate::patience::{DEADLINE, until};
use crate::photos;

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    Verdict { customer: String, valid: bool, raw: String, reason: String },
    Registration { external_id: String },
}

/// A request with its key, and the ids it was answered with, if it was.
#[derive(Debug, Clone)]
pub struct Sent {
    pub key: String,
    pub what: What,
    body: String,
    pub answered: Option<Ids>,
}

/// What an answer promised: verification (or customer) and enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ids {
    pub id: String,
    enrolment: Option<String>,
}

/// How a caller may wait.
pub const PREFERENCES: [&str; 3] = ["wait=10", "wait=1", "respond-async"];

/// What came of sending a request.
pub enum AskOutcome {
    Answered(Answer, Ids),
    /// A 503 of ours: not known to be accepted.
    Refused,
    /// The connection broke: nobody knows.
    Broken,
}

/// Raw as nobody else would write it: odd numbers, doubled keys, spacing.
fn raw(rng: &mut ChaCha8Rng, key: &str) -> String {
    let spaces = " ".repeat(rng.random_range(0..4));
    let big: u128 = rng.random();
    let padding = "x".repeat(rng.random_range(0..3_000));
    format!(
        r#"{{{spaces}"key":"{key}","n":{big}{big},"n":1e{}00,"pad":"{padding}"}}"#,
        rng.random_range(1..9)
    )
}

impl Sent {
    pub fn verdict(rng: &mut ChaCha8Rng, key: String, customer: &str) -> Self {
        let (valid, raw) = (rng.random_range(0..3) == 0, raw(rng, &key));
        let reason = format!("Alasan {key}");
        let photo = if valid {
            let noise = photos::jpeg_with_noise(rng.random(), rng.random_range(100..30_000));
            format!(r#""photo":"{}","#, BASE64.encode(&noise))
        } else {
            String::new()
        };
        let body = format!(
            r#"{{"customerId":"{customer}","valid":{valid},{photo}"reason":"{reason}","raw":{raw}}}"#
        );
        let what = What::Verdict { customer: customer.to_owned(), valid, raw, reason };
        Self { key, what, body, answered: None }
    }

    /// The body.
    pub fn bytes(&self) -> Vec<u8> {
        self.body.clone().into_bytes()
    }

    fn registration(key: String) -> Self {
        let external_id = format!("EXT-{key}");
        let body = format!(r#"{{"fullName":"Nasabah {key}","externalId":"{external_id}"}}"#);
        Self { key, what: What::Registration { external_id }, body, answered: None }
    }

    /// A verdict of one of the customers, or a registration.
    pub fn any(rng: &mut ChaCha8Rng, key: String, customers: &[String]) -> Self {
        if rng.random_range(0..6) == 0 {
            return Self::registration(key);
        }
        let customer = &customers[rng.random_range(0..customers.len())];
        Self::verdict(rng, key, customer)
    }

    /// Sends it. No answer: the connection broke, or a 503 said that it is not known to be accepted.
    pub async fn send(&self, api: &Api, prefer: &str) -> Option<(Answer, Ids)> {
        match self.ask(api, prefer).await {
            AskOutcome::Answered(answer, ids) => Some((answer, ids)),
            AskOutcome::Refused | AskOutcome::Broken => None,
        }
    }

    /// Sends it, and tells a 503 from a connection that broke. It never hangs.
    pub async fn ask(&self, api: &Api, prefer: &str) -> AskOutcome {
        let path = match self.what {
            What::Verdict { .. } => VERDICT,
            What::Registration { .. } => "/api/customers",
        };
        let headers = [
            ("content-type", "application/json"),
            ("idempotency-key", self.key.as_str()),
            ("prefer", prefer),
        ];
        let sent = api.try_send(reqwest::Method::POST, path, &headers, Some(self.body.clone().into_bytes()));
        let sent = tokio::time::timeout(DEADLINE, sent).await.expect("an answer, or none, but no hang");
        let Ok(answer) = sent else { return AskOutcome::Broken };
        if answer.status == 503 {
            assert!(
                answer.header("retry-after").is_some() && answer.json()["error"].is_string(),
                "{answer:?}"
            );
            return AskOutcome::Refused;
        }
        let body = answer.json();
        let ids = match (&self.what, answer.status) {
            (What::Verdict { .. }, 200 | 202) => Ids {
                id: text(&body["verification"]["id"]).to_owned(),
                enrolment: body["enrolment"]["id"].as_str().map(str::to_owned),
            },
            (What::Registration { .. }, 201 | 202) => {
                Ids { id: text(&body["id"]).to_owned(), enrolment: None }
            }
            (What::Verdict { .. } | What::Registration { .. }, _) => panic!("{:?}: {answer:?}", self.what),
        };
        AskOutcome::Answered(answer, ids)
    }

    /// Sends it again and again until it is answered with a present answer.
    pub async fn settle(&mut self, api: &Api) {
        let (_, ids) = until("an answer to what was not answered", async || {
            let sent = self.send(api, "wait=10").await;
            sent.filter(|(answer, _)| answer.status != 202)
        })
        .await;
        match &self.answered {
            None => self.answered = Some(ids),
            Some(promised) => assert_eq!(promised, &ids, "{}: other ids than promised", self.key),
        }
    }
}

/// One connection's work until the connection breaks.
pub async fn work(
    api: Api,
    mut rng: ChaCha8Rng,
    name: String,
    customers: Arc<Vec<String>>,
    answered: watch::Sender<u64>,
) -> Vec<Sent> {
    let mut all = Vec::new();
    loop {
        let key = format!("{name}-{}", all.len());
        let mut sent = Sent::any(&mut rng, key, &customers);
        let prefer = PREFERENCES[rng.random_range(0..3)];
        let heard = sent.send(&api, prefer).await;
        let broken = heard.is_none();
        sent.answered = heard.map(|(_, ids)| ids);
        all.push(sent);
        if broken {
            return all;
        }
        answered.send_modify(|count| *count += 1);
    }
}

/// The seed's generator for one purpose.
pub fn rng(seed: u64, stream: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(stream);
    rng
}

/// Every id of the attempts list, walked by cursor.
async fn listed(api: &Api) -> (u64, Vec<String>) {
    let mut ids = Vec::new();
    let mut path = "/api/identity/attempts?limit=100".to_owned();
    loop {
        let page = api.get(&path).await.expect(200);
        let rows = page["data"].as_array().expect("rows");
        ids.extend(rows.iter().map(|row| text(&row["id"]).to_owned()));
        let Some(next) = page["meta"]["next"].as_str() else {
            return (page["total"].as_u64().expect("a total"), ids);
        };
        path = format!("/api/identity/attempts?limit=100&cursor={next}");
    }
}

/// Everything that was answered is there exactly once, and nothing else: rows, reasons, tiers, customers.
pub async fn all_is_there_once(api: &Api, sent: &[Sent], customers: &[String]) {
    let (total, ids) = listed(api).await;
    let mut promised = BTreeSet::new();
    let mut verified: BTreeMap<&str, bool> = BTreeMap::new();
    for one in sent {
        let ids = one.answered.as_ref().unwrap_or_else(|| panic!("{} was never answered", one.key));
        match &one.what {
            What::Verdict { customer, valid, reason, .. } => {
                assert!(promised.insert(ids.id.clone()), "two keys with one id");
                *verified.entry(customer).or_default() |= *valid;
                let row = api.get(&format!("/api/identity/verifications/{}", ids.id)).await.expect(200);
                assert_eq!(row["status"], if *valid { "verified" } else { "failed" }, "{row}");
                assert_eq!(
                    (&row["reason"], &row["customerId"]),
                    (&reason.as_str().into(), &customer.as_str().into())
                );
                let enrolment = row["enrolment"]["id"].as_str().map(str::to_owned);
                assert_eq!(enrolment, ids.enrolment, "{row}");
            }
            What::Registration { external_id } => {
                let found = api.get(&format!("/api/customers?externalId={external_id}")).await.expect(200);
                assert_eq!(found["id"], ids.id.as_str(), "{external_id} is somebody else");
            }
        }
    }
    let listed: BTreeSet<String> = ids.iter().cloned().collect();
    assert_eq!(listed.len(), ids.len(), "a row twice");
    assert_eq!(listed, promised, "rows and promises differ");
    assert_eq!(total, promised.len() as u64, "the total is wrong");
    for customer in customers {
        let kyc = api.kyc(customer).await;
        let verified = verified.get(customer.as_str()).copied().unwrap_or(false);
        assert_eq!(kyc["customer"]["kycLevel"], if verified { "standard" } else { "none" }, "{kyc}");
        assert_eq!(kyc["history"].as_array().map(Vec::len), Some(usize::from(verified)), "{kyc}");
        assert_eq!(kyc["customer"]["kycExpiresAt"] == Value::Null, !verified);
    }
}

/// Raw of everything that was answered is in the evidence log, byte for byte.
pub fn raw_is_identical(kept: &[KeptVerdict], sent: &[Sent]) {
    for one in sent {
        let (What::Verdict { raw, reason, valid, .. }, Some(ids)) = (&one.what, &one.answered) else {
            continue;
        };
        let copies: Vec<_> = kept.iter().filter(|kept| kept.verification == ids.id).collect();
        assert!(!copies.is_empty(), "{} is not in the log", one.key);
        for copy in copies {
            assert!(copy.raw.as_deref() == Some(raw.as_bytes()), "{}: other raw bytes", one.key);
            assert_eq!((copy.reason.as_deref(), copy.valid), (Some(reason.as_str()), *valid), "{}", one.key);
            assert_eq!(copy.photo.is_some(), *valid);
        }
    }
}
