//! Samples of what is recorded about the opening of evidence.

use bytes::Bytes;
use domain::event::{
    ActKind, AuditRecord, ComplianceAct, EvidenceSecretShared, Fingerprint, RawBinding, SealedShare,
    SharingCause, SignerSetChanged, VerdictEvidence,
};
use domain::ids::{ApiKeyId, EvidenceSecretId, UnsealRequestId};
use domain::sealed::SealedMedia;
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet, SignerSignature};

use super::{Any, at, event, sealed, source, verification, who};

fn name(text: &str) -> SignerName {
    SignerName::parse(text).expect("a name")
}

fn secret() -> EvidenceSecretId {
    EvidenceSecretId::from_bytes([18; 16])
}

fn signers() -> Vec<Signer> {
    vec![
        Signer { name: name("siti"), x25519: [0x51; 32], ed25519: [0x52; 32] },
        Signer { name: name("budi.s-2"), x25519: [0x53; 32], ed25519: [0x54; 32] },
    ]
}

fn evidence() -> [(&'static str, AuditRecord); 2] {
    let full = VerdictEvidence {
        event_id: event(12),
        verification_id: verification(),
        customer: who(),
        valid: false,
        raw: Some(sealed(0xA5, 200)),
        raw_binding: Some(RawBinding {
            evidence_key_id: secret().to_string(),
            encapsulation: Bytes::new(),
            shared_at: Some(source(46)),
        }),
        declined_photo: Some(SealedMedia::Inline(sealed(0xA6, 300))),
        declined_photo_content_type: Some("image/png".into()),
        sealed_sha256: vec![("declined_photo".into(), [0xD2; 32]), ("raw".into(), [0xD4; 32])],
        body_fingerprint: Fingerprint([0xF2; 32]),
        received_at: at(1),
        api_key_id: ApiKeyId::from_bytes([8; 16]).to_string(),
    };
    let bare = VerdictEvidence {
        valid: true,
        raw: None,
        raw_binding: None,
        declined_photo: None,
        declined_photo_content_type: None,
        sealed_sha256: Vec::new(),
        ..full.clone()
    };
    [
        ("VerdictEvidence.v2", AuditRecord::VerdictEvidence(full)),
        ("VerdictEvidence.v2.least", AuditRecord::VerdictEvidence(bare)),
    ]
}

fn sharings() -> [(&'static str, AuditRecord); 2] {
    let share = |signer: &str, byte: u8| SealedShare {
        signer: name(signer),
        key_id: "q83vEjRWeJCrze8S".into(),
        encapsulation: Bytes::copy_from_slice(&[byte; 32]),
        ciphertext: Bytes::copy_from_slice(&[byte + 1; 49]),
    };
    let made = EvidenceSecretShared {
        event_id: event(40),
        org: who().org,
        secret: secret(),
        hour: at(0),
        cause: SharingCause::Made,
        adopted: None,
        set_version: 1,
        set_sha256: [0x55; 32],
        threshold: 2,
        commitment: [0x56; 32],
        shares: vec![share("siti", 0x57), share("budi.s-2", 0x59)],
        shared_at: at(1),
    };
    let adopted = EvidenceSecretShared {
        cause: SharingCause::Adopted,
        adopted: Some(RawBinding {
            evidence_key_id: "q83vEjRWeJCrze8S".into(),
            encapsulation: Bytes::from_static(&[0xE1; 32]),
            shared_at: None,
        }),
        ..made.clone()
    };
    [
        ("EvidenceSecretShared.v1", AuditRecord::EvidenceSecretShared(adopted)),
        ("EvidenceSecretShared.v1.least", AuditRecord::EvidenceSecretShared(made)),
    ]
}

fn signer_sets() -> [(&'static str, AuditRecord); 2] {
    let set =
        |version, previous| SignerSet::new(who().org, version, previous, 2, signers()).expect("a set of two");
    let first = SignerSetChanged {
        event_id: event(41),
        set: SignedSignerSet { set: set(1, None), signatures: Vec::new() },
        changed_at: at(2),
    };
    let signature = |signer: &str, byte| SignerSignature { signer: name(signer), signature: [byte; 64] };
    let next = SignerSetChanged {
        set: SignedSignerSet {
            set: set(2, Some([0x5B; 32])),
            signatures: vec![signature("siti", 0x5C), signature("budi.s-2", 0x5D)],
        },
        ..first.clone()
    };
    [
        ("SignerSetChanged.v1", AuditRecord::SignerSetChanged(next)),
        ("SignerSetChanged.v1.least", AuditRecord::SignerSetChanged(first)),
    ]
}

fn acts() -> [(&'static str, AuditRecord); 2] {
    let asked = ComplianceAct {
        event_id: event(42),
        org: who().org,
        customer: Some(who()),
        kind: ActKind::UnsealRequest,
        request: UnsealRequestId::from_bytes([19; 16]).to_string(),
        signer: name("siti"),
        text: "identity/compliance-act/v1\nkind=unseal.request\n".into(),
        signature: [0x5E; 64],
        refusal: Some("expired".into()),
        acted_at: at(3),
    };
    let drilled = ComplianceAct {
        customer: None,
        kind: ActKind::Drill,
        request: String::new(),
        refusal: None,
        ..asked.clone()
    };
    [
        ("ComplianceAct.v1", AuditRecord::ComplianceAct(asked)),
        ("ComplianceAct.v1.least", AuditRecord::ComplianceAct(drilled)),
    ]
}

pub(super) fn audit() -> Vec<(&'static str, Any)> {
    let records = evidence().into_iter().chain(sharings()).chain(signer_sets()).chain(acts());
    records.map(|(name, value)| (name, Any::Audit(value))).collect()
}
