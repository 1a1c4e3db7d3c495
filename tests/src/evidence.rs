//! What an installation keeps, opened beside whoever serves it with everything that compliance has: the log,
//! the key store, the org keys and compliance's private key. Whichever engine it is.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{AuditRecord, Event, VerdictEvidence};
use domain::ids::{CustomerRef, OrgId};
use domain::orgs::Suite;
use domain::ports::{ReadBounds, StoredRecord, Topic};
use domain::sealed::{Field, Opened, Sealed, SealedMedia};
use engine::{Config, Engine, Role};
use vault::{AlwaysCurrent, CustomerKeys, EvidencePrivateKey, SealContext, Vault};

/// A read of everything at hand.
pub const BATCH: ReadBounds =
    ReadBounds { records_max: 1_000, bytes_max: 64 * 1024 * 1024, wait_max: Duration::ZERO };

/// A verdict as the logs keep it, in clear.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptVerdict {
    pub verification: String,
    pub customer: String,
    pub valid: bool,
    pub raw: Option<Vec<u8>>,
    /// The enrolled one, or the declined one.
    pub photo: Option<Vec<u8>>,
    pub reason: Option<String>,
}

/// An org's records of a topic, in the order of each partition.
pub async fn records(config: &Config, topic: Topic, org: &str) -> Vec<StoredRecord> {
    let engine = Engine::open(config, Role::Tool).await.expect("the engine opens beside whoever serves it");
    let found = records_in(&engine, topic, org).await;
    engine.close().await;
    found
}

async fn records_in(engine: &Engine, topic: Topic, org: &str) -> Vec<StoredRecord> {
    let (log, key) = (&engine.log, format!("{org}/"));
    let mut all = Vec::new();
    for range in log.offsets(topic).await.expect("offsets") {
        let mut at = range.earliest;
        while at < range.end {
            let batch = log.read(topic, range.partition, at, BATCH).await.expect("records");
            let last = batch.last().expect("an offset below the end has records");
            at = domain::event::Offset(last.source.offset.0 + 1);
            all.extend(batch.into_iter().filter(|record| record.key.starts_with(key.as_bytes())));
        }
    }
    all
}

struct Opener {
    vault: Vault,
    private: EvidencePrivateKey,
}

impl Opener {
    fn new(engine: &Engine, config: &Config, org: &OrgId) -> Self {
        let key = config.compliance_key_dir().join(format!("{org}.key"));
        Self {
            vault: engine.vault(Arc::new(AlwaysCurrent)),
            private: EvidencePrivateKey::read(&key).expect("compliance's key"),
        }
    }

    async fn keys(&self, customer: &CustomerRef) -> CustomerKeys {
        let keys = self.vault.customer_keys(customer, Suite::Aes256GcmSiv).await;
        keys.expect("the key store answers").expect("the customer has keys")
    }

    fn evidence(
        &self,
        keys: &CustomerKeys,
        of: &VerdictEvidence,
        field: Field,
        kinds: &[&str],
        sealed: &Sealed,
    ) -> Vec<u8> {
        let binding = of.raw_binding.as_ref().expect("evidence says how it was sealed");
        let opened = kinds.iter().find_map(|content_type| {
            let context = SealContext { event_id: &of.event_id, field, content_type };
            keys.open_evidence(&context, binding, &self.private, sealed).ok()
        });
        plain(opened.expect("evidence opens with compliance's key"))
    }
}

fn plain(opened: Opened) -> Vec<u8> {
    match opened {
        Opened::Open(bytes) => bytes.to_vec(),
        Opened::Erased => panic!("nothing was erased"),
    }
}

fn inline(media: &SealedMedia) -> &Sealed {
    match media {
        SealedMedia::Inline(sealed) => sealed,
        SealedMedia::Reference { .. } => panic!("the sandbox keeps photos in the log"),
    }
}

/// Every verdict of an org, in clear, in the order of the events.
pub async fn verdicts(config: &Config, org: &str) -> Vec<KeptVerdict> {
    let engine = Engine::open(config, Role::Tool).await.expect("the engine opens beside whoever serves it");
    let kept = verdicts_in(&engine, config, org).await;
    engine.close().await;
    kept
}

async fn verdicts_in(engine: &Engine, config: &Config, org: &str) -> Vec<KeptVerdict> {
    let org = OrgId::parse(org).expect("an org's id");
    let codec = &engine.codec;
    let audit = records_in(engine, Topic::Audit, org.as_str()).await;
    let opener = Opener::new(engine, config, &org);
    let mut kept = Vec::new();
    for record in records_in(engine, Topic::Events, org.as_str()).await {
        let event = codec.decode_event(&record).expect("an event");
        let Event::DukcapilVerdictReceived(event) = event else { continue };
        let stands = audit.iter().find(|record| record.source == event.audit.source);
        let evidence = stands.map(|record| codec.decode_audit(record).expect("an audit record"));
        let Some(AuditRecord::VerdictEvidence(of)) = evidence else { panic!("a verdict without evidence") };
        assert_eq!(of.verification_id, event.verification_id, "evidence of another verdict");
        let keys = opener.keys(&event.customer).await;
        let raw =
            of.raw.as_ref().map(|raw| opener.evidence(&keys, &of, Field::Raw, &["application/json"], raw));
        let declined = of.declined_photo.as_ref().map(|photo| {
            opener.evidence(&keys, &of, Field::DeclinedPhoto, &["image/jpeg", "image/png"], inline(photo))
        });
        let open = |field, content_type: &str, sealed: &Sealed| {
            let context = SealContext { event_id: &event.event_id, field, content_type };
            plain(keys.open(&context, sealed).expect("it opens where it stands"))
        };
        let enrolled = event.photo.as_ref().map(|photo| {
            let content_type = event.photo_content_type.as_deref().expect("a photo has a type");
            open(Field::Photo, content_type, inline(photo))
        });
        let reason = event.reason.as_ref().map(|reason| {
            String::from_utf8(open(Field::Reason, "text/plain", reason)).expect("a reason is text")
        });
        kept.push(KeptVerdict {
            verification: event.verification_id.as_str().to_owned(),
            customer: event.customer.customer.as_str().to_owned(),
            valid: event.valid,
            raw,
            photo: enrolled.or(declined),
            reason,
        });
    }
    kept
}
