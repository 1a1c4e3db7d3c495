//! A log with something wrong in it: records nobody can read, a topic that was cut off, one that was made anew.
//! Nothing is skipped in silence. On a Kafka of its own, which cannot be used afterwards.

use std::path::Path;

use bytes::Bytes;
use domain::event::{Event, Partition, Source};
use domain::ports::{NewRecord, StoredRecord, Topic};
use engine::{Engine, Role};
use event_codec::DeadLetter;
use serde_json::json;

use crate::rough;
use system_tests::client::{Api, VERDICT, declined, text, verified};
use system_tests::installation::{Installation, Instance};
use system_tests::patience::until;

/// The installation of this file, one instance of each program, and an org.
struct Damaged {
    installation: Installation,
    serve: Instance,
    projector: Instance,
    org: String,
    api: Api,
}

impl Damaged {
    async fn start(other: &Installation) -> Self {
        let installation = Installation::beside(other, "damaged").await;
        let (org, key) = installation.org("Bank Contoh").await;
        let (serve, projector) = tokio::join!(installation.serve(&[]), installation.project(&[]));
        let api = Api::new(serve.url(), &key);
        until("the key's work", async || (api.get("/api/auth/me").await.status == 200).then_some(())).await;
        Self { installation, serve, projector, org, api }
    }

    /// Puts a record into `identity.events`, as no program of ours would.
    async fn put(&self, record: NewRecord) -> Source {
        let engine = self.engine().await;
        let source = engine.log.append(Topic::Events, record).await.expect("appended").source;
        engine.close().await;
        source
    }

    async fn engine(&self) -> Engine {
        Engine::open(&self.installation.config(), Role::Tool).await.expect("the engine opens")
    }

    /// The dead letter of a record.
    async fn letter_of(&self, origin: Source) -> DeadLetter {
        let engine = self.engine().await;
        let letter = until("the dead letter", async || {
            let ranges = engine.log.offsets(Topic::DeadLetters).await.ok()?;
            for range in ranges.into_iter().filter(|range| range.earliest < range.end) {
                let bounds = system_tests::evidence::BATCH;
                let found =
                    engine.log.read(Topic::DeadLetters, range.partition, range.earliest, bounds).await;
                for record in found.ok()? {
                    let letter = engine.codec.decode_dead_letter(&record).expect("a dead letter");
                    if letter.origin == origin {
                        return Some(letter);
                    }
                }
            }
            None
        })
        .await;
        engine.close().await;
        letter
    }

    /// A customer, and the partition of its events.
    async fn customer(&self) -> (String, Partition) {
        // Accepted is enough: it may be one of a partition that stands still.
        let answer = self.api.post("/api/customers", &[], &json!({"fullName": "Nasabah"})).await;
        assert!(matches!(answer.status, 201 | 202), "{answer:?}");
        let id = text(&answer.json()["id"]).to_owned();
        let partition = self.events_of(&id).await[0].source.partition;
        (id, partition)
    }

    async fn events_of(&self, customer: &str) -> Vec<StoredRecord> {
        let all = self.installation.records(Topic::Events, &self.org).await;
        all.into_iter().filter(|record| record.key.ends_with(customer.as_bytes())).collect()
    }

    /// A customer of another partition than all of these.
    async fn customer_apart(&self, taken: &[Partition]) -> (String, Partition) {
        until("a customer of another partition", async || {
            let found = self.customer().await;
            (!taken.contains(&found.1)).then_some(found)
        })
        .await
    }

    /// A verdict that is accepted and stays on its way.
    async fn is_not_projected(&self, customer: &str) -> String {
        let headers = [("prefer", "wait=1")];
        let answer = self.api.post(VERDICT, &headers, &declined(customer, "Data ganda")).await;
        let id = text(&answer.expect(202)["verification"]["id"]).to_owned();
        self.api.get(&format!("/api/identity/verifications/{id}")).await.is_error(404, "not found");
        id
    }

    /// A verdict that goes all the way.
    async fn is_projected(&self, customer: &str) {
        let headers = [("prefer", "wait=10")];
        self.api.post(VERDICT, &headers, &declined(customer, "Data ganda")).await.expect(200);
    }

    /// A tool of Kafka's.
    fn kafka(&self, class: &str, arguments: &[&str]) {
        let brokers = self.installation.kafka.bootstrap();
        let arguments = [&["--bootstrap-server", brokers.as_str()], arguments].concat();
        tokio::task::block_in_place(|| self.installation.kafka.tool(class, &arguments))
            .expect("Kafka's tool");
    }
}

fn record(key: &str, value: Vec<u8>) -> NewRecord {
    NewRecord { key: Bytes::copy_from_slice(key.as_bytes()), headers: Vec::new(), value: Bytes::from(value) }
}

/// A copy of an event with one bit of its sealed reason flipped.
fn one_bit_flipped(event: &Event, stored: &StoredRecord) -> NewRecord {
    let Event::DukcapilVerdictReceived(verdict) = event else { panic!("a verdict") };
    let Some(sealed) = &verdict.reason else { panic!("a reason in the event") };
    let mut value = stored.value.as_ref().expect("a value").to_vec();
    let at = memchr::memmem::find(&value, sealed.as_bytes()).expect("the envelope stands in the record");
    value[at + sealed.as_bytes().len() / 2] ^= 1;
    NewRecord { key: stored.key.clone(), headers: stored.headers.clone(), value: Bytes::from(value) }
}

async fn unreadable_records_become_dead_letters(damaged: &Damaged) {
    // Not Avro, under a customer's key: the customer is set aside, and the next of its events are parked.
    let (poisoned, taken) = damaged.customer().await;
    let key = format!("{}/{poisoned}", damaged.org);
    let source = damaged.put(record(&key, b"{\"not\":\"Avro\"}".to_vec())).await;
    let letter = damaged.letter_of(source).await;
    assert_eq!((letter.cause.as_str(), letter.customer_key.as_str()), ("not_decodable", key.as_str()));
    damaged.is_not_projected(&poisoned).await;
    let (healthy, _) = damaged.customer_apart(&[]).await;
    damaged.is_projected(&healthy).await;

    // Under a key that names nobody.
    let source = damaged.put(record("nobody", b"no Avro either".to_vec())).await;
    assert_eq!(damaged.letter_of(source).await.cause, "not_decodable");

    // One bit of an envelope.
    let (touched, _) = damaged.customer_apart(&[taken]).await;
    let answer = damaged.api.verdict(&verified(&touched)).await;
    let said = answer.expect(200);
    damaged.is_projected(&touched).await;
    let stored = damaged.events_of(&touched).await.pop().expect("the verdict");
    let event = damaged.engine().await.codec.decode_event(&stored).expect("an event");
    let source = damaged.put(one_bit_flipped(&event, &stored)).await;
    let letter = damaged.letter_of(source).await;
    assert_eq!(
        (letter.cause.as_str(), letter.event_id.as_ref()),
        ("envelope_not_authentic", Some(event.event_id()))
    );
    // What stood before it is untouched.
    let row =
        damaged.api.get(&format!("/api/identity/verifications/{}", text(&said["verification"]["id"]))).await;
    assert_eq!(
        row.expect(200)["enrolment"],
        json!({"id": said["enrolment"]["id"], "source": "dukcapil", "fallbackStub": true})
    );
}

/// A later build's schema: the partition waits, the others go on, and nothing that came after it is lost.
async fn an_unknown_schema_makes_its_partition_wait(damaged: &Damaged) -> Partition {
    let (waiting, partition) = damaged.customer().await;
    let key = format!("{}/{waiting}", damaged.org);
    let mut of_a_later_build = record(&key, b"\0\x7f\xff\xff\xffwhatever".to_vec());
    of_a_later_build.headers = vec![
        ("ce_id".to_owned(), Bytes::from_static(b"evt_00000000000000000000000000")),
        ("schema-fingerprint".to_owned(), Bytes::from_static(&[7; 32])),
    ];
    damaged.put(of_a_later_build).await;
    until("the partition to stand still", async || {
        let label = format!("partition=\"{}\"", partition.0);
        let halted = damaged.projector.metric("identity_projector_partition_halted", &label).await;
        (halted == Some(1.0)).then_some(())
    })
    .await;
    until("its line", async || damaged.projector.output().contains("waits for an upgrade").then_some(()))
        .await;
    damaged.is_not_projected(&waiting).await;
    let (other, _) = damaged.customer_apart(&[partition]).await;
    damaged.is_projected(&other).await;
    partition
}

/// Records before the position are gone: what was projected can no longer be told from what is there.
async fn a_log_that_was_cut_is_refused(damaged: &mut Damaged, halted: Partition) {
    let (_, cut) = damaged.customer_apart(&[halted]).await;
    damaged.projector.sigterm().await;
    let file = damaged.installation.scratch("cut.json");
    let wanted = json!({"version": 1, "partitions": [
        {"topic": "identity.events", "partition": cut.0, "offset": -1},
    ]});
    std::fs::write(&file, wanted.to_string()).expect("a file");
    let path: &Path = &file;
    let flags = ["--offset-json-file", path.to_str().expect("a path")];
    damaged.kafka("org.apache.kafka.tools.DeleteRecordsCommand", &flags);
    let ran = damaged.installation.project_to_its_end().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let words = format!("partition {}", cut.0);
    assert!(ran.stderr.contains(&words) && ran.stderr.contains("the log was cut or replaced"), "{ran:?}");
}

async fn a_topic_that_was_made_anew_is_refused(damaged: &mut Damaged) {
    damaged.kafka("org.apache.kafka.tools.TopicCommand", &["--delete", "--topic", "identity.events"]);
    let ran = damaged.installation.project_to_its_end().await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.contains("identity.events") && ran.stderr.contains("was recreated"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_damaged_log_is_dead_lettered_halted_or_refused_and_never_skipped_in_silence() {
    let rough = rough::take().await;
    let mut damaged = Damaged::start(&rough.installation).await;
    unreadable_records_become_dead_letters(&damaged).await;
    let halted = an_unknown_schema_makes_its_partition_wait(&damaged).await;
    a_log_that_was_cut_is_refused(&mut damaged, halted).await;
    a_topic_that_was_made_anew_is_refused(&mut damaged).await;
    damaged.serve.sigterm().await;
    // Books of an org with dead letters balance too.
    let books = rough::books(&damaged.installation, &damaged.org).await;
    assert_eq!((books.dead_lettered, books.parked), (2, 1), "{books:?}");
}
