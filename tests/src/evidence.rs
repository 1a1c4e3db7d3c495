//! What an installation keeps, opened beside whoever serves it with everything that compliance has: the log,
//! the key store, the org keys and two signers' keys. Whichever engine it is.

use std::sync::Arc;
use std::time::Duration;

use domain::event::{AuditRecord, Event, RawBinding, VerdictEvidence};
use domain::ids::{CustomerRef, OrgId};
use domain::orgs::Suite;
use domain::ports::{ReadBounds, StoredRecord, Topic};
use domain::sealed::{Field, Opened, Sealed, SealedMedia};
use domain::signers::{SignedSignerSet, SignerName, SignerSet};
use engine::{Config, Engine, Role};
use event_codec::Codec;
use org_directory::signers::{SignerSets, make_signer, sandbox_signer_set};
use vault::{
    AlwaysCurrent, CustomerKeys, OpenedSecret, SealContext, SharePlace, SignerKeys, Vault, open_share,
};

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

/// Gives an org of environment `live` its signers, as its operator does: the sandbox's two, and one more than it takes.
pub async fn give_signers(config: &Config, org: &str) {
    let org = OrgId::parse(org).expect("an org's id");
    let key_dir = config.compliance_key_dir();
    let two = sandbox_signer_set(&org, &key_dir).expect("two signers").set;
    let third = make_signer(&key_dir.join(format!("{org}.key")), None).expect("a third signer");
    let mut signers = two.signers().to_vec();
    signers.push(third.named(SignerName::parse("signer-3").expect("a name")));
    let set = SignerSet::new(org, 1, None, two.threshold(), signers).expect("a set");
    let engine = Engine::open(config, Role::Tool).await.expect("the engine opens beside whoever serves it");
    let changed = SignerSets::of(&engine).change(SignedSignerSet { set, signatures: Vec::new() }).await;
    changed.expect("the org's first signers");
    engine.close().await;
}

struct Opener<'a> {
    vault: Vault,
    signers: [SignerKeys; 2],
    codec: &'a Codec,
    audit: &'a [StoredRecord],
    org: OrgId,
}

impl<'a> Opener<'a> {
    fn new(engine: &'a Engine, config: &Config, org: &OrgId, audit: &'a [StoredRecord]) -> Self {
        let key_dir = config.compliance_key_dir();
        let read = |file: &str| SignerKeys::read(&key_dir.join(file), || None).expect("a signer's keys");
        Self {
            vault: engine.vault(Arc::new(AlwaysCurrent)),
            signers: ["signer-1.key", "signer-2.key"].map(read),
            codec: &engine.codec,
            audit,
            org: org.clone(),
        }
    }

    async fn keys(&self, customer: &CustomerRef) -> CustomerKeys {
        let keys = self.vault.customer_keys(customer, Suite::Aes256GcmSiv).await;
        keys.expect("the key store answers").expect("the customer has keys")
    }

    /// What both signers' shares make.
    fn secret(&self, binding: &RawBinding) -> OpenedSecret {
        let at = binding.shared_at.expect("evidence says where its secret was shared");
        let record = self.audit.iter().find(|record| record.source == at).expect("it stands there");
        let record = self.codec.decode_audit(record).expect("an audit record");
        let AuditRecord::EvidenceSecretShared(shared) = record else { panic!("another record: {record:?}") };
        let place = SharePlace {
            org: &self.org,
            secret: &shared.secret,
            hour: shared.hour,
            set_version: shared.set_version,
        };
        let shares = self.signers.iter().zip(&shared.shares);
        let shares = shares.map(|(keys, sealed)| open_share(keys, &place, sealed).expect("its own share"));
        let shares: Vec<_> = shares.collect();
        OpenedSecret::combine(&place, shared.threshold, &shared.commitment, &shares).expect("the secret")
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
        let secret = self.secret(binding);
        let opened = kinds.iter().find_map(|content_type| {
            let context = SealContext { event_id: &of.event_id, field, content_type };
            keys.open_evidence(&context, binding, &secret, sealed).ok()
        });
        plain(opened.expect("evidence opens with two signers' shares"))
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
    let opener = Opener::new(engine, config, &org, &audit);
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
