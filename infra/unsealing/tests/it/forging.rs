//! What somebody does who may write the log and the key store, and what is not as it was: refused by name, and nothing
//! is opened.

use bytes::Bytes;
use domain::event::{ActKind, AuditRecord, ComplianceAct, EvidenceSecretShared, RawBinding};
use domain::ids::{CustomerId, CustomerRef, EvidenceSecretId, OrgId, UnsealRequestId};
use unsealing::refusal::Refusal;
use unsealing::signer_changes::{self, SignerChange};
use unsealing::unseal;
use vault::{EvidenceSecret, SignerKeys, evidence_secret_id};

use crate::asking::{approved, asked, code, forge_row, opened, order, place_json, row_of};
use crate::place::{Place, RAW, member};

fn flipped(bytes: &Bytes) -> Bytes {
    let mut bytes = bytes.to_vec();
    bytes[7] ^= 1;
    bytes.into()
}

fn name_of(place: &Place, secret: &EvidenceSecret) -> EvidenceSecretId {
    evidence_secret_id(&place.org, secret.binding())
}

async fn sharing_of(place: &Place, secret: &EvidenceSecretId) -> EvidenceSecretShared {
    let shared = place.audit().await.into_iter().filter_map(|record| match record {
        AuditRecord::EvidenceSecretShared(shared) if shared.secret == *secret => Some(shared),
        _ => None,
    });
    shared.last().expect("it was shared")
}

/// Has the key store name another record for a secret.
async fn name_other_sharing(place: &Place, secret: &EvidenceSecretId, other: EvidenceSecretShared) {
    let record = AuditRecord::EvidenceSecretShared(other);
    let at = place.ports.signers.append(&record).await.expect("appended").source;
    let note = unseal::sharing_note_of(secret);
    let before = place.ports.notes.note(&note).await.expect("read");
    let text = format!("{}/{}/{}", at.topic_id.to_hex(), at.partition.0, at.offset.0);
    assert!(place.ports.notes.change_note(&note, before.as_deref(), &text).await.expect("asked"));
}

/// Given a sharing that is not the one that was made, when two signers go about opening, then one of them is refused.
#[tokio::test]
async fn a_share_of_another_hour_or_version_or_with_one_bit_flipped_opens_nothing() {
    let place = Place::new().await;
    let (secret, next) = (place.secret().await, place.secret().await);
    let verification = place.verdict(&secret).await;
    let name = name_of(&place, &secret);
    let (made, other) = (sharing_of(&place, &name).await, sharing_of(&place, &name_of(&place, &next)).await);
    type Change = fn(&mut EvidenceSecretShared, &EvidenceSecretShared);
    let given: [(&str, Change); 8] = [
        ("a bit of each share", |shared, _| {
            shared.shares.iter_mut().for_each(|share| share.ciphertext = flipped(&share.ciphertext));
        }),
        ("a bit of each encapsulation", |shared, _| {
            shared.shares.iter_mut().for_each(|share| share.encapsulation = flipped(&share.encapsulation));
        }),
        ("a bit of the commitment", |shared, _| shared.commitment[0] ^= 1),
        ("another hour", |shared, _| {
            shared.hour = domain::time::Timestamp::from_millis(shared.hour.millis() + 3_600_000);
        }),
        ("another version of the signers", |shared, _| shared.set_version += 1),
        ("the shares of another hour's secret", |shared, other| shared.shares = other.shares.clone()),
        ("another hour's secret", |shared, other| *shared = other.clone()),
        ("shares that changed their names", |shared, _| {
            let name = shared.shares[0].signer.clone();
            shared.shares[0].signer = shared.shares[1].signer.clone();
            shared.shares[1].signer = name;
        }),
    ];
    for (what, change) in given {
        let mut altered = made.clone();
        change(&mut altered, &other);
        name_other_sharing(&place, &name, altered).await;
        let id = asked(&place, &verification).await;
        let refused = match unseal::approve(&place.ports, &place.keys[1], &place.org, &id).await {
            Ok(_) => code(opened(&place, &id, &place.keys[0], what).await),
            refused => code(refused),
        };
        let is_it = matches!(refused, Refusal::Tampered | Refusal::NoShare);
        assert!(is_it, "{what}: {refused:?}");
        assert!(!place.out(what).exists());
    }
    assert_eq!(place.refusals().await.len(), 8, "each of them is in the log");
    name_other_sharing(&place, &name, made).await;
    let id = approved(&place, &verification).await;
    assert_eq!(opened(&place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
}

/// The act of that kind and request, as it stands in the log.
async fn act_of(place: &Place, kind: ActKind, id: &UnsealRequestId) -> ComplianceAct {
    let mut acts = place.acts().await.into_iter();
    acts.find(|act| act.kind == kind && act.request == id.as_str()).expect("an act")
}

/// Given an approval or a request in the log that differs in anything from what was signed, when it is opened, then it is
/// nobody's.
#[tokio::test]
async fn an_act_that_differs_in_one_bit_from_what_was_signed_is_nobodys() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    type Change = fn(&mut ComplianceAct);
    let given: [(&str, Change); 10] = [
        ("signature", |act| act.signature[3] ^= 1),
        ("text", |act| act.text = act.text.replace("signer=", "signer =")),
        ("a letter", |act| act.text = act.text.replacen("org_", "orh_", 1)),
        ("signer", |act| act.signer = domain::signers::SignerName::parse("rina").expect("a name")),
        ("customer", |act| {
            let other = CustomerId::from_bytes([9; 16]);
            act.customer = Some(CustomerRef::new(act.org.clone(), other));
        }),
        ("request", |act| act.request = UnsealRequestId::from_bytes([9; 16]).to_string()),
        ("kind", |act| act.kind = ActKind::Drill),
        ("time", |act| act.acted_at = domain::time::Timestamp::EPOCH),
        ("record", |act| act.event_id = domain::ids::EventId::from_bytes([9; 16])),
        ("refused", |act| act.refusal = Some("expired".to_owned())),
    ];
    for (what, change) in given {
        for (kind, field) in [(ActKind::UnsealRequest, "request"), (ActKind::UnsealApprove, "approvals")] {
            let id = approved(&place, &verification).await;
            let mut altered = act_of(&place, kind, &id).await;
            change(&mut altered);
            let altered = AuditRecord::ComplianceAct(altered);
            let at = place_json(place.ports.signers.append(&altered).await.expect("appended").source);
            forge_row(&place, &id, |row| {
                row[field] = if kind == ActKind::UnsealRequest { at } else { serde_json::json!([at]) };
            })
            .await;
            let refused = code(opened(&place, &id, &place.keys[0], what).await);
            assert_eq!(refused, Refusal::BadSignature, "{what} of {kind:?}");
            assert!(!place.out(what).exists());
        }
    }
}

#[tokio::test]
async fn a_request_of_one_org_is_nothing_in_another() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let (first, second) = (asked(&place, &verification).await, approved(&place, &verification).await);
    // The same people, in both.
    let other = OrgId::from_bytes([7; 16]);
    place.give_signers(place.set_of(&other, 2)).await;
    let approve = unseal::approve(&place.ports, &place.keys[1], &other, &first).await;
    assert_eq!(code(approve), Refusal::AnotherOrg);
    let open = unseal::open(&place.ports, &place.keys[0], &other, &second, &place.out("raw")).await;
    assert_eq!(code(open), Refusal::AnotherOrg);
    let ask = unseal::UnsealOrder { org: other.clone(), ..order(&place, &verification) };
    let ask = unseal::request(&place.ports, &place.keys[0], &ask).await;
    assert_eq!(code(ask), Refusal::NoSuchVerification);
    assert!(!place.out("raw").exists());
    let refused = place.acts().await.into_iter().filter(|act| act.refusal.is_some());
    assert_eq!(refused.map(|act| act.org).collect::<Vec<_>>(), [other.clone(), other.clone(), other]);
}

#[tokio::test]
async fn where_three_are_needed_two_others_give_their_shares() {
    let place = Place::without_signers().await;
    place.give_signers(place.set_of(&place.org, 3)).await;
    let [siti, budi, rina] = &place.keys;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let id = approved(&place, &verification).await;
    assert_eq!(code(opened(&place, &id, siti, "a").await), Refusal::NotApproved);
    let approve = async |keys: &SignerKeys| unseal::approve(&place.ports, keys, &place.org, &id).await;
    assert_eq!(code(approve(budi).await), Refusal::SameSigner, "nobody counts twice");
    // By hand, the first approval twice.
    let twice = row_of(&place, &id).await["approvals"][0].clone();
    let other = asked(&place, &verification).await;
    unseal::approve(&place.ports, budi, &place.org, &other).await.expect("approved");
    let own = row_of(&place, &other).await["approvals"][0].clone();
    forge_row(&place, &other, |row| {
        row["state"] = "approved".into();
        row["approvals"] = serde_json::json!([own, own]);
    })
    .await;
    assert_eq!(code(opened(&place, &other, siti, "b").await), Refusal::SameSigner);
    forge_row(&place, &other, |row| row["approvals"] = serde_json::json!([own, twice])).await;
    assert_eq!(code(opened(&place, &other, siti, "c").await), Refusal::BadSignature);
    approve(rina).await.expect("the third");
    assert_eq!(opened(&place, &id, siti, "raw").await.expect("opened"), RAW);
}

#[tokio::test]
async fn what_was_shared_anew_since_it_was_approved_is_asked_for_again() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let id = approved(&place, &verification).await;
    let files = ["siti", "budi"].map(|file| place.out(&format!("{file}.key")));
    for (keys, file) in place.keys.iter().zip(&files) {
        keys.write(file, None).expect("written");
    }
    let two = files.map(|file| SignerKeys::read(&file, || None).expect("read"));
    let add = SignerChange::Add(member("dewi", &SignerKeys::generate()));
    signer_changes::change(&place.ports, &place.org, &two, None, &add).await.expect("changed");
    signer_changes::reshare(&place.ports, &place.org, &two).await.expect("shared anew");
    assert_eq!(code(opened(&place, &id, &place.keys[0], "a").await), Refusal::SharedAnew);
    let again = approved(&place, &verification).await;
    assert_eq!(opened(&place, &again, &place.keys[0], "raw").await.expect("opened"), RAW);
}

/// A secret that no record shares: evidence that names it is refused by name.
#[tokio::test]
async fn a_reference_to_a_sharing_that_is_not_there_is_refused() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let at = secret.binding().shared_at.expect("a place");
    let missing = domain::event::Source { offset: domain::event::Offset(1 << 40), ..at };
    let another = domain::event::Source { topic_id: domain::event::TopicId([1; 16]), ..at };
    for shared_at in [Some(missing), Some(another), None] {
        let binding = RawBinding { shared_at, ..secret.binding().clone() };
        let verification = place.verdict_bound(&secret, binding).await;
        let id = asked(&place, &verification).await;
        let approve = unseal::approve(&place.ports, &place.keys[1], &place.org, &id).await;
        assert_eq!(code(approve), Refusal::EvidenceMissing, "{shared_at:?}");
    }
}
