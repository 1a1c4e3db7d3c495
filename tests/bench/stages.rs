//! The stages of one verdict on one core: the same calls that the front end makes, one after another, without
//! HTTP, log or projector. What belongs here: which stages there are and how long each takes.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow};
use domain::decide::{RecordVerdict, VerdictPhoto};
use domain::event::{AuditRecord, AuditRef, Event, Offset, Partition, RawBinding, Source, TopicId};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use domain::nik::{Nik, NikFindings};
use domain::orgs::Suite;
use domain::photo::Photo;
use domain::policy::POLICY_STANDARD;
use domain::ports::NewRecord;
use domain::raw_answer::RawReading;
use domain::sealed::{Field, Sealed};
use domain::time::Timestamp;
use event_codec::{Codec, Meta, value_sha256};
use ingest_api::endpoints::dukcapil_verdict::submission::VerdictSubmission;
use ingest_api::endpoints::dukcapil_verdict::{DukcapilVerdict, raw_reader};
use ingest_api::serving::json::JsonObject;
use ingest_api::writes::path::parse_body;
use testkit::memory::MemoryKeys;
use vault::{
    AlwaysCurrent, EvidenceSecret, FileKms, FreshKeys, Kms as _, SealContext, UnsharedSecret, Vault,
    random_id,
};

use crate::limits::{BATCH, BATCHES};
use crate::report::Report;
use crate::sample;
use crate::stat::Spread;

/// The aim of issue `core`, in µs, for parse, decode, seal and encode together.
const AIM_US: f64 = 75.0;

const FIELDS: &[&str] = &["customerId", "valid", "photo", "raw", "reason"];

/// Everything that a verdict needs beside its body.
struct Bench {
    fresh: FreshKeys,
    secret: EvidenceSecret,
    codec: Codec,
    body: Vec<u8>,
    customer: CustomerRef,
    now: Timestamp,
}

impl Bench {
    async fn new(folder: &std::path::Path) -> Result<Self> {
        let customer = CustomerRef::new(OrgId::from_bytes(random_id()), CustomerId::from_bytes(random_id()));
        let kms = Arc::new(FileKms::open(folder.join("kms").join("keys.json"))?);
        kms.create_org_key(&customer.org).await?;
        let vault = Vault::new(Arc::new(MemoryKeys::default()), kms, Arc::new(AlwaysCurrent));
        let fresh = vault.generate(&customer, Suite::Aes256GcmSiv).await?;
        let now = Timestamp::from_millis(chrono::Utc::now().timestamp_millis());
        let shared_at = Source { topic_id: TopicId([1; 16]), partition: Partition(0), offset: Offset(0) };
        let secret = UnsharedSecret::generate(customer.org.clone(), now).acknowledged(shared_at);
        let body = sample::body_head(customer.customer.as_str()) + &sample::body_tail();
        Ok(Self { fresh, secret, codec: Codec::committed(), body: body.into_bytes(), customer, now })
    }

    fn parse(&self) -> Result<VerdictSubmission> {
        let (submission, _) = parse_body::<DukcapilVerdict>(&self.body, "", &Default::default());
        submission.map_err(|error| anyhow!("{error}"))
    }

    fn seal_photo(&self, event: &EventId, photo: &Photo) -> Result<Sealed> {
        let context =
            SealContext { event_id: event, field: Field::Photo, content_type: photo.content_type() };
        Ok(self.fresh.keys().seal(&context, photo.as_bytes())?)
    }

    fn seal_raw(&self, event: &EventId, raw: &[u8]) -> Result<Sealed> {
        let context = SealContext { event_id: event, field: Field::Raw, content_type: "application/json" };
        Ok(self.fresh.keys().seal_evidence(&context, &self.secret, raw)?)
    }

    /// The command of a submission, as the front end builds it.
    fn command(&self, submission: &VerdictSubmission) -> Result<RecordVerdict> {
        let event_id = EventId::from_bytes(random_id());
        let photo = submission.verdict.enrolled_photo().context("a photo")?;
        let sealed_photo = self.seal_photo(&event_id, photo)?;
        let raw = self.seal_raw(&event_id, submission.verdict.raw().context("raw")?.as_bytes())?;
        let sealed_sha256 = vec![
            (Field::Photo, value_sha256(sealed_photo.as_bytes())),
            (Field::Raw, value_sha256(raw.as_bytes())),
        ];
        let binding: RawBinding = self.secret.binding().clone();
        Ok(RecordVerdict {
            event_id,
            verification_id: VerificationId::from_bytes(random_id()),
            customer: self.customer.clone(),
            photo: VerdictPhoto::Valid {
                enrolment_id: EnrolmentId::from_bytes(random_id()),
                photo: sealed_photo,
                content_type: photo.content_type(),
            },
            reason: None,
            raw: Some(raw),
            raw_binding: Some(binding),
            sealed_sha256,
            body_fingerprint: self.fresh.keys().fingerprint(&self.body)?,
            policy_version: POLICY_STANDARD,
            raw_reading: submission.raw_reading.clone(),
            received_at: self.now,
            api_key_id: ApiKeyId::from_bytes([7; 16]),
        })
    }

    fn audit(&self, command: &RecordVerdict) -> Result<NewRecord> {
        let meta = Meta { time: self.now, traceparent: None };
        Ok(self.codec.audit(&AuditRecord::VerdictEvidence(command.evidence()), &meta)?)
    }

    fn event(&self, command: RecordVerdict, value_sha256: [u8; 32]) -> Result<NewRecord> {
        let meta = Meta { time: self.now, traceparent: None };
        let source = Source { topic_id: TopicId([1; 16]), partition: Partition(1), offset: Offset(1) };
        let event = command.event(AuditRef { source, value_sha256 });
        Ok(self.codec.event(&Event::DukcapilVerdictReceived(event), &meta)?)
    }

    /// From the body's bytes to both records.
    fn all(&self) -> Result<(NewRecord, NewRecord)> {
        let command = self.command(&self.parse()?)?;
        let audit = self.audit(&command)?;
        let event = self.event(command, value_sha256(&audit.value))?;
        Ok((audit, event))
    }
}

/// Both records of a verdict, sealed and encoded as the front end does it.
pub(crate) async fn records() -> Result<(NewRecord, NewRecord)> {
    let folder = tempfile::tempdir()?;
    Bench::new(folder.path()).await?.all()
}

/// µs of one call: the spread over batches.
pub(crate) fn time<T>(mut call: impl FnMut() -> Result<T>) -> Result<Spread> {
    let began = Instant::now();
    black_box(call()?);
    let one = began.elapsed().max(std::time::Duration::from_nanos(100));
    let calls = (BATCH.as_nanos() / one.as_nanos()).clamp(8, 100_000) as u32;
    let mut batches = Vec::with_capacity(BATCHES);
    for _ in 0..BATCHES {
        let began = Instant::now();
        for _ in 0..calls {
            black_box(call()?);
        }
        batches.push(began.elapsed().as_secs_f64() * 1e6 / f64::from(calls));
    }
    Ok(Spread::of(batches))
}

/// Measures the stages and puts the table into the report.
pub(crate) fn run(report: &mut Report) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let bench = runtime.block_on(Bench::new(folder.path()))?;
    let submission = bench.parse()?;
    let photo = submission.verdict.enrolled_photo().context("a photo")?.clone();
    let raw = submission.verdict.raw().context("raw")?.clone();
    let base64 = base64_simd::STANDARD.encode_to_string(photo.as_bytes());
    let event = EventId::from_bytes(random_id());
    let sealed = bench.seal_photo(&event, &photo)?;
    let command = bench.command(&submission)?;
    let audit = bench.audit(&command)?;
    let sha256 = value_sha256(&audit.value);

    let mut rows = Vec::new();
    let mut row = |name: &str, spread: Spread| {
        rows.push(vec![name.to_owned(), format!("{spread:.1}")]);
        spread.median
    };
    let parsed = row(
        "parse: JSON, base64, photo walk, raw copied (`dukcapil_verdict::submission`)",
        time(|| bench.parse())?,
    );
    row("— of it JSON", time(|| JsonObject::parse(&bench.body, FIELDS).map_err(|e| anyhow!("{e}")))?);
    row("— of it base64", time(|| Ok(base64_simd::forgiving_decode_to_vec(base64.as_bytes())?))?);
    row(
        "— of it the raw answer looked into",
        time(|| Ok(RawReading::of(true, &raw_reader::read(Some(&raw)), None)))?,
    );
    row("— of it the photo's walk", time(|| Ok(Photo::parse(photo.bytes())?))?);
    let photo_sealed = row("seal the photo", time(|| bench.seal_photo(&event, &photo))?);
    let raw_sealed = row("seal raw", time(|| bench.seal_raw(&event, raw.as_bytes()))?);
    let audited = row("evidence and its record", time(|| bench.audit(&command))?);
    let cloned = time(|| Ok(command.clone()))?.median;
    let encoded = time(|| bench.event(command.clone(), sha256))?;
    let encoded = row(
        "event and its record",
        Spread {
            median: (encoded.median - cloned).max(0.0),
            min: (encoded.min - cloned).max(0.0),
            max: (encoded.max - cloned).max(0.0),
        },
    );
    let sum = parsed + photo_sealed + raw_sealed + audited + encoded;
    row("SHA-256 of the sealed photo, for the evidence", time(|| Ok(value_sha256(sealed.as_bytes())))?);
    let nik = Nik::parse("3171011708450001").context("sixteen digits")?;
    row(
        "a NIK's form (`NikFindings::of`; its budget is 1 µs)",
        time(|| Ok(NikFindings::of(&nik, None, None, bench.now)))?,
    );
    row("fingerprint of the body (HMAC)", time(|| Ok(bench.fresh.keys().fingerprint(&bench.body)?))?);
    row("**the whole chain, once through**", time(|| bench.all())?);
    report.say(&format!(
        "Stages of one verdict on one core ({} bytes of body; medians of {BATCHES} batches, extremes in \
         parentheses). Parse, decode, seal and encode together: **{sum:.1} µs**; the aim is ≤ {AIM_US} µs.",
        bench.body.len(),
    ));
    report.table(&["stage", "µs"], &rows);
    Ok(())
}
