//! A wrapped key unwraps only for its own customer, purpose, key id and version.

use domain::ports::DataKey;
use domain::sealed::Purpose;

use super::{House, customer, org};
use crate::error::{KmsError, VaultError};
use crate::{FileKms, Kms as _, OrgIds, create_id_secret};

fn parts(key: &DataKey) -> (String, u32, bytes::Bytes) {
    match key {
        DataKey::Active { key_id, kms_version, wrapped } => (key_id.clone(), *kms_version, wrapped.clone()),
        DataKey::Destroyed { .. } => panic!("an active key"),
    }
}

#[tokio::test]
async fn wraps_swapped_between_customers_and_purposes_are_refused() {
    let house = House::new().await;
    let (one, two, abroad) = (customer(1, 2), customer(1, 3), customer(2, 2));
    for who in [&one, &two, &abroad] {
        house.register(who).await;
        house.vault.forget(who, domain::sealed::Purposes::NONE);
    }
    let row = house.rows.row(&one);
    // Whole key rows' contents under another name, and single wraps with and without their key ids.
    let mut cases = Vec::new();
    for other in [&two, &abroad] {
        cases.push(domain::ports::KeyRow { customer: one.clone(), ..house.rows.row(other) });
        let (key_id, kms_version, wrapped) = parts(house.rows.row(other).key(Purpose::Profile));
        let (own_id, ..) = parts(row.key(Purpose::Profile));
        for key_id in [key_id, own_id] {
            let mut swapped = row.clone();
            swapped.keys[0] = DataKey::Active { key_id, kms_version, wrapped: wrapped.clone() };
            cases.push(swapped);
        }
    }
    let mut purposes = row.clone();
    purposes.keys.swap(0, 1);
    cases.push(purposes);
    let (key_id, kms_version, wrapped) = parts(row.key(Purpose::Evidence));
    let mut only_the_bytes = row.clone();
    only_the_bytes.keys[0] =
        DataKey::Active { key_id: parts(row.key(Purpose::Profile)).0, kms_version, wrapped: wrapped.clone() };
    cases.push(only_the_bytes);
    let mut renamed = row.clone();
    renamed.keys[2] = DataKey::Active { key_id: key_id + "x", kms_version, wrapped };
    cases.push(renamed);

    for (n, case) in cases.into_iter().enumerate() {
        house.rows.force(case);
        assert!(matches!(house.try_keys(&one).await, Err(VaultError::KeyAway(_))), "case {n}");
    }
    house.rows.force(row);
    assert!(house.try_keys(&one).await.expect("an answer").is_some(), "as it was, it unwraps");
}

#[tokio::test]
async fn every_flipped_bit_of_a_wrap_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let kms = FileKms::open(folder.path().join("kms/keys.json")).expect("a KMS");
    kms.create_org_key(&org(1)).await.expect("a key");
    let wrapped = kms.wrap(&org(1), 1, b"place", &[7; 32]).await.expect("wrapped");
    assert_eq!(kms.unwrap(&org(1), 1, b"place", &wrapped).await.expect("unwrapped").as_slice(), &[7; 32]);
    for bit in 0..wrapped.len() * 8 {
        let mut bytes = wrapped.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(kms.unwrap(&org(1), 1, b"place", &bytes).await, Err(KmsError::Rejected), "bit {bit}");
    }
    for len in [0, 1, 92, wrapped.len() - 1] {
        assert_eq!(kms.unwrap(&org(1), 1, b"place", &wrapped[..len]).await, Err(KmsError::Rejected));
    }
    assert_eq!(kms.unwrap(&org(1), 1, b"elsewhere", &wrapped).await, Err(KmsError::Rejected));
}

#[tokio::test]
async fn an_orgs_id_secret_is_its_own() {
    let house = House::new().await;
    let kms = house.kms.as_ref();
    let record = |n: u8, id_secret| domain::orgs::OrgRecord {
        org: org(n),
        name: "Bank".into(),
        environment: domain::orgs::Environment::Sandbox,
        capabilities: domain::orgs::CapabilitySet::default(),
        strict_scopes: true,
        limits: domain::orgs::RateLimits::default(),
        policy_version: 1,
        suite: domain::orgs::Suite::Aes256GcmSiv,
        id_secret,
        evidence_key_id: String::new(),
        evidence_public_key: bytes::Bytes::new(),
        created_at: domain::time::Timestamp::from_millis(0),
        settings: domain::orgs::OrgSettings::default(),
    };
    let secret = create_id_secret(kms, &org(1)).await.expect("a secret");
    let ids = OrgIds::unwrap(kms, &record(1, secret.clone())).await.expect("ids");
    let again = OrgIds::unwrap(kms, &record(1, secret.clone())).await.expect("ids");
    assert_eq!(ids.named("ver_", "/r", None, "k"), again.named("ver_", "/r", None, "k"));
    assert_eq!(ids.external_id_hmac("x"), again.external_id_hmac("x"));
    assert!(matches!(OrgIds::unwrap(kms, &record(2, secret)).await, Err(VaultError::KeyAway(_))));
    let other = create_id_secret(kms, &org(1)).await.expect("a secret");
    let other = OrgIds::unwrap(kms, &record(1, other)).await.expect("ids");
    assert_ne!(ids.named("ver_", "/r", None, "k"), other.named("ver_", "/r", None, "k"));
    // No part can be taken for a part of its neighbour.
    assert_ne!(ids.named("ver_", "/r", None, "k"), ids.named("ver_", "/rk", None, ""));
    assert_ne!(ids.named("ver_", "/r", None, "k"), ids.named("ver", "_/r", None, "k"));
}

/// The page `docs/decisions/0002-sealing.md` says what an id secret is wrapped for; here it is written out.
#[tokio::test]
async fn an_id_secret_is_wrapped_for_its_org_and_version() {
    let house = House::new().await;
    let kms = house.kms.as_ref();
    let name = org(1).to_string();
    let parts: [&[u8]; 6] = [
        &[0, 0, 0, 21],
        b"identity/id-secret/v1",
        &[0, 0, 0, 30],
        name.as_bytes(),
        &[0, 0, 0, 4],
        &[0, 0, 0, 1],
    ];
    let right = parts.concat();
    let made = create_id_secret(kms, &org(1)).await.expect("a secret");
    assert_eq!(made.kms_version, 1);
    assert_eq!(kms.unwrap(&org(1), 1, &right, &made.wrapped).await.expect("the secret").len(), 32);
    for other in [b"".as_slice(), &right[..right.len() - 1], b"identity/id-secret/v1"] {
        assert_eq!(kms.unwrap(&org(1), 1, other, &made.wrapped).await, Err(KmsError::Rejected));
    }
}

#[test]
fn ids_that_nobody_names_are_each_another() {
    let ids: std::collections::HashSet<[u8; 16]> = (0..100).map(|_| crate::random_id()).collect();
    assert_eq!(ids.len(), 100);
}
