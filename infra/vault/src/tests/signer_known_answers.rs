//! The formats of signers and shares, fixed for ever: answers that were computed by other code that follows the page
//! `docs/decisions/0026-hour-secrets-and-signers.md`: Python's `hmac`, `hashlib` and `cryptography` (OpenSSL), HPKE
//! written out from RFC 9180, and Shamir's scheme over GF(2^8) with the polynomial of AES.

use bytes::Bytes;
use data_encoding::HEXLOWER;
use domain::event::{RawBinding, SealedShare};
use domain::ids::{EvidenceSecretId, UnsealRequestId};
use domain::orgs::Suite;
use domain::sealed::{Field, Sealed};
use domain::signers::{SignedSignerSet, SignerName, SignerSet};
use domain::time::Timestamp;

use super::{ctx, customer, event, fixed_keys, open, org};
use crate::secret_shares::{
    OpenedSecret, SharePlace, UnsharedSecret, evidence_secret_id, open_approved_share, open_share,
};
use crate::signer::{SignerKeys, SignerPublicKeys, is_signed_by};
use crate::signer_sets::{sign_signer_set, signer_set_in_force, signer_set_sha256};

const FILES: [&str; 2] = [
    "identity-signer-v1 ISEhISEhISEhISEhISEhISEhISEhISEhISEhISEhISExMTExMTExMTExMTExMTExMTExMTExMTExMTExMTExMQ\n",
    "identity-signer-v1 IiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIiIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMjIyMg\n",
];
const FIRST_SET: &str = "aa7950f178dacac9faa7148f2fd578f64c3e6627630e618f8a6fce99267fb52b";
const SECOND_SET: &str = "82de70c54a2f57cc08fe3d8f6a4b83df7585283e42f1d3eb0f7036c277c1cdbb";
const SIGNATURES: [&str; 2] = [
    "81fc1b6001261c02edc59531d0593e1cc1c853858f69d6af20fe039b8e0e1cabbe95b283e2c4a32619237c348f19a4aa\
     700c4eac81926003decbc0fbeac58207",
    "6c7aa01afa1f42d8f1a4eb6dca519a0fcabc2c78dc2cd5e3065c76df9145694d9b5feecc72acffaaa5b4713f0ff1f391\
     3da73587bbca8fece401e0ce4a112102",
];
const COMMITMENT: &str = "fb8b21b39b7cea43cdb056f73d68482dabd892c4f6b1708984b9642bb950d693";
const KEY_IDS: [&str; 2] = ["8F_NH-jXvlH3m_kc", "Zc9cmx3l1B91jLZ_"];
const SHARES: [(&str, &str); 2] = [
    (
        "ab4f197998fcc56cc6ed68c1d931af9bb522ec00743e181f7330915df4aa3176",
        "4c53abfe11202442b0b09ee32093ae7ae3a60d140755e229bc799c2eb59e2a656e8b106923335bade37a3bfc8f1a5a5beb",
    ),
    (
        "cd48d0681ea73f09a00f83859bd10880df56822019cda3c883e0d1514e35b106",
        "76f5c7369287e0cd460c9f83db1c1237857aeb8a02a3526491c220c3483e408c1a24022f3e848258b168884fa17ef4ee5f",
    ),
];
const APPROVED: (&str, &str) = (
    "0cd33b7ae5d4f23a1e820949c543157d3d24408b196ff9ce29a9ce715c6d2139",
    "cececb71cbee222994a6409f73bdf51a9bd5f583d55ff112e5570af041594cb16249a0c839634a54834f57762c6dba7766",
);
const RAW: &str = "4944534501010000001d646b5f3034304732303831303430473230383130343047323038313034000000484444\
                   444444444444444444444444444444444444444444444444444444444444f8509eaf7e20aa001e1bcd50dcc6dc\
                   dd37ccb41c263db8f158032d9acb995e8055555555555555555555555550d1c696cd3a2174b7f9abb4569f7887\
                   86ccdc8f3a259a8c5421006af64833e44860540ba434e11b40ab971fb374ab5c5cf887e63d2d74d601801010b4\
                   a0d43755f9f541c9429bbea51a74ad88964c094260df6e7e2fa3ea";

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

fn name(n: usize) -> SignerName {
    SignerName::parse(["siti", "budi"][n]).expect("a name")
}

fn keys(n: usize) -> SignerKeys {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("signer.key");
    crate::private_file::create(&path, FILES[n].as_bytes()).expect("written");
    SignerKeys::read(&path, || None).expect("a signer's file")
}

fn set(version: u32, previous: Option<[u8; 32]>) -> SignerSet {
    let signers = [0, 1].map(|n| keys(n).public().named(name(n)));
    SignerSet::new(org(1), version, previous, 2, signers.into()).expect("a set")
}

fn sealed(n: usize, to: usize, (encapsulation, ciphertext): (&str, &str)) -> SealedShare {
    SealedShare {
        signer: name(n),
        key_id: KEY_IDS[to].to_owned(),
        encapsulation: hex(encapsulation).into(),
        ciphertext: hex(ciphertext).into(),
    }
}

#[test]
fn sets_their_digests_and_signatures() {
    let first = set(1, None);
    assert_eq!(HEXLOWER.encode(&signer_set_sha256(&first)), FIRST_SET);
    let second = set(2, Some(signer_set_sha256(&first)));
    assert_eq!(HEXLOWER.encode(&signer_set_sha256(&second)), SECOND_SET);
    let signatures = [0, 1].map(|n| sign_signer_set(&keys(n), name(n), &second));
    for (signature, expected) in signatures.iter().zip(SIGNATURES) {
        assert_eq!(HEXLOWER.encode(&signature.signature), expected);
    }
    let chain = [
        SignedSignerSet { set: first, signatures: Vec::new() },
        SignedSignerSet { set: second.clone(), signatures: signatures.into() },
    ];
    assert_eq!(signer_set_in_force(&chain), Ok(&second));
}

#[test]
fn shares_and_what_they_open() {
    let (org, secret, hour) =
        (org(1), EvidenceSecretId::from_bytes([5; 16]), Timestamp::from_millis(1_795_406_400_000));
    let place = SharePlace { org: &org, secret: &secret, hour, set_version: 1 };
    let request = UnsealRequestId::from_bytes([6; 16]);
    let own = open_share(&keys(0), &place, &sealed(0, 0, SHARES[0])).expect("the first signer's share");
    let other = open_share(&keys(1), &place, &sealed(1, 1, SHARES[1])).expect("the second signer's share");
    let approved = open_approved_share(&keys(0), &place, request.as_str(), &sealed(1, 0, APPROVED));
    let committed: [u8; 32] = hex(COMMITMENT).try_into().expect("32 bytes");
    let event = event(3);
    let (ctx, raw) = (ctx(&event, Field::Raw), Sealed::from_envelope(Bytes::from(hex(RAW))));
    let keys = fixed_keys(customer(1, 2), 0x11, Suite::Aes256GcmSiv);
    let binding =
        RawBinding { evidence_key_id: secret.to_string(), encapsulation: Bytes::new(), shared_at: None };
    let whole = OpenedSecret::combine(&place, 2, &committed, &[own, other]).expect("the secret");
    assert_eq!(keys.open_evidence(&ctx, &binding, &whole, &raw), Ok(open(br#"{"a":1e400}"#)));
    let own = open_share(&self::keys(0), &place, &sealed(0, 0, SHARES[0])).expect("the first signer's share");
    let whole = OpenedSecret::combine(&place, 2, &committed, &[own, approved.expect("for the request")]);
    let whole = whole.expect("the secret");
    assert_eq!(keys.open_evidence(&ctx, &binding, &whole, &raw), Ok(open(br#"{"a":1e400}"#)));
}

#[test]
fn a_secret_of_before_there_were_signers_has_a_name_too() {
    let binding = RawBinding {
        evidence_key_id: "Zc9cmx3l1B91jLZ_".to_owned(),
        encapsulation: Bytes::from(hex("7b0d47d93427f8311160781c7c733fd89f88970aef490d8aa0ee19a4cb8a1b14")),
        shared_at: None,
    };
    assert_eq!(evidence_secret_id(&org(1), &binding).as_str(), "es_6QN6ADQE103KKYTDWY7D27DNM7");
    let private = crate::EvidencePrivateKey::from_bytes(&[0x22; 32]).expect("a key");
    let hour = Timestamp::from_millis(0);
    let adopted = UnsharedSecret::adopt(&private, org(1), &binding, hour).expect("the secret");
    assert_eq!(adopted.id().as_str(), "es_6QN6ADQE103KKYTDWY7D27DNM7");
}

#[test]
fn public_files() {
    let public = keys(0).public().clone();
    let text = public.to_text();
    assert_eq!(SignerPublicKeys::parse(&text).expect("parsed"), public);
    let signer = public.named(name(0));
    assert!(is_signed_by(&signer, b"m", &keys(0).sign(b"m")));
    assert!(!is_signed_by(&signer, b"n", &keys(0).sign(b"m")));
}
