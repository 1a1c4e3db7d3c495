//! An installation on the embedded engine with signers and evidence, as the API and the projector write it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::event::{
    AuditRecord, AuditRef, ComplianceAct, DukcapilVerdictReceived, Event, EvidenceSecretShared, Fingerprint,
    RawBinding, SharingCause, VerdictEvidence,
};
use domain::ids::{CustomerId, CustomerRef, EventId, OrgId, VerificationId};
use domain::orgs::Suite;
use domain::ports::{ReadBounds, Topic};
use domain::rows::{Generation, VerificationRow, ViewRow};
use domain::sealed::{Field, Sealed};
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet};
use domain::time::Timestamp;
use engine::{Config, Engine, Role};
use event_codec::{Meta, value_sha256};
use org_directory::signers::SignerSets;
use testkit::samples::{Samples, written};
use unsealing::unseal::UnsealPorts;
use vault::{
    AlwaysCurrent, EvidenceSecret, SealContext, SignerKeys, UnsharedSecret, random_id, signer_set_sha256,
};

/// Odd on purpose: what is opened is what was sent.
pub(crate) const RAW: &[u8] = b"{ \"nik\" : \"3174096112900001\",\"a\":1e400,\"a\":2}\r\n";

pub(crate) fn now() -> Timestamp {
    service::clock::now()
}

/// When every request of now has expired.
pub(crate) fn later() -> Timestamp {
    Timestamp::from_millis(now().millis() + 2 * 3_600_000)
}

pub(crate) fn name(text: &str) -> SignerName {
    SignerName::parse(text).expect("a name")
}

pub(crate) fn member(text: &str, keys: &SignerKeys) -> Signer {
    keys.public().named(name(text))
}

pub(crate) async fn open_engine(folder: &Path) -> Engine {
    let config = Config::sandbox(folder).expect("good settings");
    Engine::open(&config, Role::Tool).await.expect("opened")
}

pub(crate) fn ports_of(engine: &Engine) -> UnsealPorts {
    UnsealPorts {
        log: Arc::clone(&engine.log),
        codec: engine.codec.clone(),
        notes: Arc::clone(&engine.notes),
        index: Arc::clone(&engine.access_index),
        views: Arc::clone(&engine.views),
        vault: engine.vault(Arc::new(AlwaysCurrent)),
        signers: SignerSets::of(engine),
        now,
    }
}

/// Where an installation lies.
pub(crate) enum Folder {
    /// Removed with the place.
    Own(tempfile::TempDir),
    /// Somebody else's.
    Theirs(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(dir) => dir.path(),
            Self::Theirs(path) => path,
        }
    }
}

pub(crate) struct Place {
    pub(crate) dir: Folder,
    pub(crate) engine: Engine,
    pub(crate) ports: UnsealPorts,
    pub(crate) org: OrgId,
    /// Of siti, budi and rina.
    pub(crate) keys: [SignerKeys; 3],
    pub(crate) customer: CustomerRef,
}

impl Place {
    /// With three signers, any two of whom open evidence, and a customer.
    pub(crate) async fn new() -> Self {
        let place = Self::without_signers().await;
        place.give_signers(place.first_set()).await;
        place
    }

    pub(crate) async fn without_signers() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let engine = open_engine(dir.path()).await;
        let org = OrgId::from_bytes(random_id());
        engine.kms.create_org_key(&org).await.expect("an org key");
        let vault = engine.vault(Arc::new(AlwaysCurrent));
        let customer = CustomerRef::new(org.clone(), CustomerId::from_bytes(random_id()));
        let fresh = vault.generate(&customer, Suite::Aes256GcmSiv).await.expect("keys");
        let registered = EventId::from_bytes(random_id());
        let fingerprint = Fingerprint([1; 32]);
        vault.store(fresh, registered, fingerprint, None, Timestamp::EPOCH).await.expect("stored");
        vault.activate(&customer).await.expect("activated");
        let ports = ports_of(&engine);
        let keys = [(); 3].map(|()| SignerKeys::generate());
        Self { dir: Folder::Own(dir), engine, ports, org, keys, customer }
    }

    /// The same installation, opened again.
    pub(crate) fn again(
        folder: &Path,
        engine: Engine,
        org: OrgId,
        customer: &str,
        keys: [SignerKeys; 3],
    ) -> Self {
        let customer = CustomerRef::new(org.clone(), CustomerId::parse(customer).expect("a customer"));
        let ports = ports_of(&engine);
        Self { dir: Folder::Theirs(folder.to_path_buf()), engine, ports, org, keys, customer }
    }

    pub(crate) fn first_set(&self) -> SignerSet {
        self.set_of(&self.org, 2)
    }

    /// The same three people in any org.
    pub(crate) fn set_of(&self, org: &OrgId, threshold: u32) -> SignerSet {
        let [siti, budi, rina] = &self.keys;
        let signers = vec![member("siti", siti), member("budi", budi), member("rina", rina)];
        SignerSet::new(org.clone(), 1, None, threshold, signers).expect("a set")
    }

    pub(crate) async fn give_signers(&self, set: SignerSet) {
        let first = SignedSignerSet { set, signatures: Vec::new() };
        self.ports.signers.change(first).await.expect("the first signers");
    }

    pub(crate) fn out(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Another hour's secret, shared as the API shares it.
    pub(crate) async fn secret(&self) -> EvidenceSecret {
        let set = self.ports.signers.in_force(&self.org).await.expect("read").expect("signers");
        let hour = Timestamp::from_millis(0);
        let secret = UnsharedSecret::generate(self.org.clone(), hour);
        let record = AuditRecord::EvidenceSecretShared(EvidenceSecretShared {
            event_id: EventId::from_bytes(random_id()),
            org: self.org.clone(),
            secret: secret.id().clone(),
            hour,
            cause: SharingCause::Made,
            adopted: None,
            set_version: set.version(),
            set_sha256: signer_set_sha256(&set),
            threshold: set.threshold(),
            commitment: secret.commitment(),
            shares: secret.share_among(&set).expect("shared"),
            shared_at: now(),
        });
        let appended = self.ports.signers.append(&record).await.expect("appended");
        secret.acknowledged(appended.source)
    }

    /// A verdict with a raw answer that was sealed with that secret, in both logs and in the read model.
    pub(crate) async fn verdict(&self, secret: &EvidenceSecret) -> VerificationId {
        self.verdict_with(secret, |_| {}).await
    }

    /// The same, whose evidence names its secret otherwise.
    pub(crate) async fn verdict_bound(&self, secret: &EvidenceSecret, binding: RawBinding) -> VerificationId {
        let event_id = EventId::from_bytes(random_id());
        let raw = self.sealed(&event_id, secret).await;
        self.record(event_id, raw, binding, |_| {}).await
    }

    async fn sealed(&self, event_id: &EventId, secret: &EvidenceSecret) -> Sealed {
        let keys = self.ports.vault.customer_keys(&self.customer, Suite::Aes256GcmSiv).await;
        let keys = keys.expect("an answer").expect("keys");
        let ctx = SealContext { event_id, field: Field::Raw, content_type: "application/json" };
        keys.seal_evidence(&ctx, secret, RAW).expect("sealed")
    }

    /// The same, whose event names its evidence otherwise.
    pub(crate) async fn verdict_with(
        &self,
        secret: &EvidenceSecret,
        change: impl FnOnce(&mut AuditRef),
    ) -> VerificationId {
        let event_id = EventId::from_bytes(random_id());
        let raw = self.sealed(&event_id, secret).await;
        self.record(event_id, raw, secret.binding().clone(), change).await
    }

    async fn record(
        &self,
        event_id: EventId,
        raw: Sealed,
        binding: RawBinding,
        change: impl FnOnce(&mut AuditRef),
    ) -> VerificationId {
        let verification_id = VerificationId::from_bytes(random_id());
        let evidence = AuditRecord::VerdictEvidence(VerdictEvidence {
            event_id: event_id.clone(),
            verification_id: verification_id.clone(),
            customer: self.customer.clone(),
            valid: false,
            raw: Some(raw),
            raw_binding: Some(binding),
            declined_photo: None,
            declined_photo_content_type: None,
            sealed_sha256: Vec::new(),
            body_fingerprint: Fingerprint([2; 32]),
            received_at: now(),
            api_key_id: "key".to_owned(),
        });
        let verdict = |audit| {
            Event::DukcapilVerdictReceived(DukcapilVerdictReceived {
                event_id,
                customer: self.customer.clone(),
                verification_id: verification_id.clone(),
                enrolment_id: None,
                valid: false,
                photo: None,
                photo_content_type: None,
                reason: None,
                reason_category: None,
                classifier_version: 1,
                body_fingerprint: Fingerprint([2; 32]),
                policy_version: 1,
                audit,
                raw_reading: None,
            })
        };
        self.write(&evidence, change, verdict).await;
        verification_id
    }

    /// Evidence, then the event that names it, and the row of its verification.
    pub(crate) async fn write(
        &self,
        evidence: &AuditRecord,
        change: impl FnOnce(&mut AuditRef),
        event: impl FnOnce(AuditRef) -> Event,
    ) {
        let meta = Meta { time: now(), traceparent: None };
        let record = self.ports.codec.audit(evidence, &meta).expect("encoded");
        let sha256 = value_sha256(&record.value);
        let appended = self.ports.log.append(Topic::Audit, record).await.expect("appended");
        let mut audit = AuditRef { source: appended.source, value_sha256: sha256 };
        change(&mut audit);
        let event = event(audit);
        let record = self.ports.codec.event(&event, &meta).expect("encoded");
        let appended = self.ports.log.append(Topic::Events, record).await.expect("appended");
        let row = VerificationRow {
            id: event.verification_id().expect("a verification").clone(),
            event_id: event.event_id().clone(),
            source: appended.source,
            enrolment: None,
            ..Samples::fresh().verification(&self.customer, 1)
        };
        let rows = vec![written(appended.source.offset.0, ViewRow::Verification(Box::new(row)))];
        self.engine.projection.write(Generation(1), rows).await.expect("written");
    }

    /// Every record of `identity.audit`, by partition and offset.
    pub(crate) async fn audit(&self) -> Vec<AuditRecord> {
        let bounds =
            ReadBounds { records_max: 1_000, bytes_max: 64 << 20, wait_max: std::time::Duration::ZERO };
        let mut all = Vec::new();
        for range in self.ports.log.offsets(Topic::Audit).await.expect("offsets") {
            let records = self.ports.log.read(Topic::Audit, range.partition, range.earliest, bounds).await;
            for record in records.expect("read") {
                all.push(self.ports.codec.decode_audit(&record).expect("a record"));
            }
        }
        all
    }

    /// The acts in it, in the order of each partition.
    pub(crate) async fn acts(&self) -> Vec<ComplianceAct> {
        let act = |record| match record {
            AuditRecord::ComplianceAct(act) => Some(act),
            _ => None,
        };
        self.audit().await.into_iter().filter_map(act).collect()
    }

    /// The codes of what was refused.
    pub(crate) async fn refusals(&self) -> Vec<String> {
        self.acts().await.into_iter().filter_map(|act| act.refusal).collect()
    }

    /// Evidence as an earlier build sealed it.
    pub(crate) async fn verdict_of_before(&self, secret: &EvidenceSecret) -> VerificationId {
        assert!(!secret.binding().encapsulation.is_empty());
        self.verdict(secret).await
    }
}
