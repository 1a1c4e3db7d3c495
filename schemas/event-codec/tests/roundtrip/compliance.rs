//! How any record about the opening of evidence is made.

use domain::event::{
    ActKind, AuditRecord, ComplianceAct, EvidenceSecretShared, RawBinding, SealedShare, SharingCause,
    SignerSetChanged,
};
use domain::ids::{EvidenceSecretId, OrgId};
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet, SignerSignature};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{bytes, customer, event_id, source, time};

pub(crate) fn binding() -> impl Strategy<Value = RawBinding> {
    (any::<String>(), bytes(), of(source())).prop_map(|(evidence_key_id, encapsulation, shared_at)| {
        RawBinding { evidence_key_id, encapsulation, shared_at }
    })
}

fn signer() -> impl Strategy<Value = SignerName> {
    "[A-Za-z0-9._-]{1,64}".prop_map(|name| SignerName::parse(&name).expect("a name"))
}

fn signature() -> impl Strategy<Value = [u8; 64]> {
    vec(any::<u8>(), 64).prop_map(|bytes| bytes.try_into().expect("64 bytes"))
}

fn org() -> impl Strategy<Value = OrgId> {
    any::<[u8; 16]>().prop_map(OrgId::from_bytes)
}

fn shared() -> impl Strategy<Value = EvidenceSecretShared> {
    let share = (signer(), any::<String>(), bytes(), bytes()).prop_map(
        |(signer, key_id, encapsulation, ciphertext)| SealedShare {
            signer,
            key_id,
            encapsulation,
            ciphertext,
        },
    );
    let ids = (event_id(), org(), any::<[u8; 16]>(), select(&SharingCause::ALL[..]), of(binding()));
    let numbers = [0..=i32::MAX as u32, 0..=i32::MAX as u32];
    let digests = any::<([u8; 32], [u8; 32])>();
    (ids, numbers, digests, vec(share, 0..4), time(), time()).prop_map(
        |(ids, numbers, digests, shares, hour, shared_at)| EvidenceSecretShared {
            event_id: ids.0,
            org: ids.1,
            secret: EvidenceSecretId::from_bytes(ids.2),
            hour,
            cause: ids.3,
            // The binding of a secret that is adopted names no record.
            adopted: ids.4.map(|binding| RawBinding { shared_at: None, ..binding }),
            set_version: numbers[0],
            set_sha256: digests.0,
            threshold: numbers[1],
            commitment: digests.1,
            shares,
            shared_at,
        },
    )
}

fn changed() -> impl Strategy<Value = SignerSetChanged> {
    let signatures = vec((signer(), signature()), 0..3);
    let ids = (event_id(), org(), 2..=i32::MAX as u32, any::<[u8; 32]>());
    (ids, any::<[u8; 31]>(), signatures, 2..5_u32, time()).prop_map(
        |(ids, key, signatures, signers, changed_at)| {
            let of_key = |n: u8| {
                let mut own = [n; 32];
                own[..31].copy_from_slice(&key);
                let name = SignerName::parse(&format!("signer-{n}")).expect("a name");
                Signer { name, x25519: own, ed25519: own }
            };
            let named = (0..signers as u8).map(of_key).collect();
            let set = SignerSet::new(ids.1, ids.2, Some(ids.3), signers, named).expect("a set");
            let signatures = signatures.into_iter();
            let signatures = signatures.map(|(signer, signature)| SignerSignature { signer, signature });
            SignerSetChanged {
                event_id: ids.0,
                set: SignedSignerSet { set, signatures: signatures.collect() },
                changed_at,
            }
        },
    )
}

fn act() -> impl Strategy<Value = ComplianceAct> {
    let ids = (event_id(), customer(), any::<bool>(), select(&ActKind::ALL[..]), any::<String>());
    (ids, signer(), any::<String>(), signature(), of(any::<String>()), time()).prop_map(
        |(ids, signer, text, signature, refusal, acted_at)| ComplianceAct {
            event_id: ids.0,
            org: ids.1.org.clone(),
            customer: ids.2.then_some(ids.1),
            kind: ids.3,
            request: ids.4,
            signer,
            text,
            signature,
            refusal,
            acted_at,
        },
    )
}

pub(crate) fn records() -> impl Strategy<Value = AuditRecord> {
    prop_oneof![
        shared().prop_map(AuditRecord::EvidenceSecretShared),
        changed().prop_map(AuditRecord::SignerSetChanged),
        act().prop_map(AuditRecord::ComplianceAct),
    ]
}
