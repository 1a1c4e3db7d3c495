//! Memory does not grow with the log. The log of this test is made up as it is read, so that it takes none itself: some
//! hundred megabytes of photos and evidence, of which a replay keeps a few pieces.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use compliance::CompliancePorts;
use compliance::replay::{FactLine, LogReplay, ReplayFilter};
use domain::event::{
    AuditRecord, AuditRef, DukcapilVerdictReceived, Event, Fingerprint, Offset, Partition, Source, TopicId,
    VerdictEvidence,
};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use domain::ports::{
    Appended, EventLog, Follower, LogError, Member, NewRecord, OffsetRange, ReadBounds, StartPositions,
    StoredRecord, Topic, TopicDescription, partition_of,
};
use domain::sealed::{Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::{Codec, Meta, value_sha256};
use testkit::memory::MemoryKeys;

const PARTITIONS: u32 = 12;
const RECORDS: u64 = 2_000;
const PHOTO_BYTES: usize = 16 * 1024;
const AUDIT_TOPIC: TopicId = TopicId([2; 16]);

/// An event and its evidence for each partition, shown over and over: every event refers to the evidence at its own offset.
struct EndlessLog {
    codec: Codec,
    events: HashMap<u32, DukcapilVerdictReceived>,
    evidence: HashMap<u32, NewRecord>,
}

const META: Meta<'_> = Meta { time: Timestamp::EPOCH, traceparent: None };

fn sealed() -> Sealed {
    Sealed::from_envelope(Bytes::from(vec![0x5A; PHOTO_BYTES]))
}

/// A customer whose records stand in that partition.
fn customer_in(partition: u32) -> CustomerRef {
    (0_u128..)
        .map(|number| {
            CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes(number.to_be_bytes()))
        })
        .find(|customer| partition_of(customer.record_key().as_bytes(), PARTITIONS).0 == partition)
        .expect("there is one")
}

impl EndlessLog {
    fn new(codec: &Codec) -> Self {
        let (mut events, mut records) = (HashMap::new(), HashMap::new());
        for partition in 0..PARTITIONS {
            let customer = customer_in(partition);
            let event_id = EventId::from_bytes([3; 16]);
            let evidence = AuditRecord::VerdictEvidence(VerdictEvidence {
                event_id: event_id.clone(),
                verification_id: VerificationId::from_bytes([4; 16]),
                customer: customer.clone(),
                valid: true,
                raw: Some(sealed()),
                raw_binding: None,
                declined_photo: None,
                declined_photo_content_type: None,
                sealed_sha256: Vec::new(),
                body_fingerprint: Fingerprint([1; 32]),
                received_at: Timestamp::EPOCH,
                api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
            });
            let evidence = codec.audit(&evidence, &META).expect("it fits");
            let source = Source { topic_id: AUDIT_TOPIC, partition: Partition(partition), offset: Offset(0) };
            let event = DukcapilVerdictReceived {
                event_id,
                customer,
                verification_id: VerificationId::from_bytes([4; 16]),
                enrolment_id: Some(EnrolmentId::from_bytes([5; 16])),
                valid: true,
                photo: Some(SealedMedia::Inline(sealed())),
                photo_content_type: Some("image/jpeg".to_owned()),
                reason: None,
                reason_category: None,
                classifier_version: 1,
                body_fingerprint: Fingerprint([1; 32]),
                policy_version: 1,
                audit: AuditRef { source, value_sha256: value_sha256(&evidence.value) },
                raw_reading: None,
            };
            events.insert(partition, event);
            records.insert(partition, evidence);
        }
        Self { codec: codec.clone(), events, evidence: records }
    }

    /// The record at that place.
    fn record(&self, topic: Topic, partition: Partition, offset: Offset) -> NewRecord {
        if topic == Topic::Audit {
            return self.evidence[&partition.0].clone();
        }
        let mut event = self.events[&partition.0].clone();
        event.audit.source.offset = offset;
        self.codec.event(&Event::DukcapilVerdictReceived(event), &META).expect("it fits")
    }
}

#[async_trait]
impl EventLog for EndlessLog {
    async fn describe(&self, topic: Topic) -> Result<TopicDescription, LogError> {
        Ok(TopicDescription { topic, id: AUDIT_TOPIC, partitions: PARTITIONS })
    }

    async fn append(&self, _: Topic, _: NewRecord) -> Result<Appended, LogError> {
        Err(LogError::Unavailable("this log is made up".to_owned()))
    }

    async fn offsets(&self, _: Topic) -> Result<Vec<OffsetRange>, LogError> {
        let range = |partition| OffsetRange {
            partition: Partition(partition),
            earliest: Offset(0),
            end: Offset(RECORDS),
        };
        Ok((0..PARTITIONS).map(range).collect())
    }

    /// Copies of their own, as a store's are.
    async fn read(
        &self,
        topic: Topic,
        partition: Partition,
        from: Offset,
        bounds: ReadBounds,
    ) -> Result<Vec<StoredRecord>, LogError> {
        let (mut read, mut bytes) = (Vec::new(), 0);
        for offset in from.0..RECORDS {
            let record = self.record(topic, partition, Offset(offset));
            let stored = StoredRecord {
                source: Source { topic_id: AUDIT_TOPIC, partition, offset: Offset(offset) },
                appended_at: Timestamp::from_millis(1_795_406_400_000 + offset as i64),
                key: record.key,
                headers: record.headers,
                value: Some(Bytes::copy_from_slice(&record.value)),
            };
            bytes += stored.size();
            if !read.is_empty() && (read.len() >= bounds.records_max || bytes > bounds.bytes_max) {
                break;
            }
            read.push(stored);
        }
        Ok(read)
    }

    async fn follow(&self, _: Topic, _: Vec<(Partition, Offset)>) -> Result<Box<dyn Follower>, LogError> {
        Err(LogError::Unavailable("this log is made up".to_owned()))
    }

    async fn join(&self, _: Topic, _: &str, _: Arc<dyn StartPositions>) -> Result<Box<dyn Member>, LogError> {
        Err(LogError::Unavailable("this log is made up".to_owned()))
    }
}

/// `VmHWM`: the most that this process ever had in memory, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux's /proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_replay_of_hundreds_of_megabytes_takes_a_few_dozen() {
    let codec = Codec::committed();
    let ports = CompliancePorts {
        log: Arc::new(EndlessLog::new(&codec)),
        keys: Arc::new(MemoryKeys::default()),
        codec,
    };
    let before = peak_kib();
    let replay = LogReplay::open(&ports, ReplayFilter::default()).await.expect("it opens");
    let mut bytes = 0;
    let form = |line: &FactLine| serde_json::to_string(line).expect("a line is JSON");
    let counts = replay
        .run(form, &(), |line: String| {
            bytes += line.len();
            Ok(())
        })
        .await
        .expect("the log answers");
    assert_eq!(counts.facts, u64::from(PARTITIONS) * RECORDS);
    assert!(counts.is_sound(), "{counts:?}");
    assert!(bytes > 10_000_000, "every line was shown");
    let log_kib = u64::from(PARTITIONS) * RECORDS * PHOTO_BYTES as u64 / 1024;
    let grown = peak_kib() - before;
    assert!(grown < 96 * 1024 && grown < log_kib / 4, "{grown} KiB for {log_kib} KiB of events");
}
