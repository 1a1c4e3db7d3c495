//! What `Debug` shows: whose keys they are, so that a log line helps, and of the keys nothing.

use domain::event::Fingerprint;
use domain::orgs::Suite;
use domain::ports::KeyRowState;
use domain::time::Timestamp;

use super::{House, customer, event, fixed_keys, org};
use crate::evidence::{EvidenceKeyPair, EvidencePrivateKey, EvidenceSecret};
use crate::org_ids::OrgIds;

#[tokio::test]
async fn everything_names_its_owner_and_nothing_else() {
    let house = House::new().await;
    let who = customer(1, 2);
    let registered = house.register(&who).await;
    assert_eq!(registered.state(), KeyRowState::Active);
    let fresh = house.vault.generate(&customer(1, 3), Suite::Aes256Gcm).await.expect("keys");
    let pair = EvidenceKeyPair::generate();
    let secret = EvidenceSecret::encapsulate(&org(1), &pair.key_id(), pair.public().as_bytes());
    let (us, bank) = (who.record_key(), org(1).to_string());
    let pending = house.vault.generate(&customer(1, 4), Suite::Aes256GcmSiv).await.expect("keys");
    let pending = house
        .vault
        .store(pending, event(9), Fingerprint([9; 32]), None, Timestamp::EPOCH)
        .await
        .expect("stored");
    for (shown, wanted) in [
        (format!("{:?}", fixed_keys(who, 0x41, Suite::Aes256Gcm)), format!("DataKeys({us}, aes-256-gcm)")),
        (format!("{registered:?}"), format!("CustomerKeys({us}, Active)")),
        (format!("{fresh:?}"), format!("FreshKeys({})", customer(1, 3).record_key())),
        (
            format!("{pending:?}"),
            format!(
                "New(CustomerKeys({}, Pending {{ attempt_until: Timestamp(0) }}))",
                customer(1, 4).record_key()
            ),
        ),
        (format!("{:?}", pair.public()), format!("EvidencePublicKey({})", pair.key_id())),
        (format!("{:?}", pair.private()), format!("EvidencePrivateKey({})", pair.key_id())),
        (
            format!("{pair:?}"),
            format!("EvidenceKeyPair {{ private: EvidencePrivateKey({}) }}", pair.key_id()),
        ),
        (format!("{:?}", secret.expect("a secret")), format!("EvidenceSecret({bank}, {})", pair.key_id())),
        (format!("{:?}", OrgIds::from_secret(org(1), &[0x41; 32])), format!("OrgIds({bank})")),
        (format!("{:?}", house.kms), "FileKms(2 orgs)".to_owned()),
    ] {
        assert_eq!(shown, wanted);
    }
    house.vault.sweep();
    assert_eq!(format!("{:?}", house.vault), "Vault(1 customers cached)");
}

#[test]
fn a_private_key_of_fixed_bytes_shows_none_of_them() {
    let key = EvidencePrivateKey::from_bytes(&[0x22; 32]).expect("a key");
    assert_eq!(format!("{key:?}"), "EvidencePrivateKey(Zc9cmx3l1B91jLZ_)");
}
