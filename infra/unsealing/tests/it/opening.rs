//! Evidence opens by two people, once, and everything else is refused and recorded.

use domain::event::{ActKind, AuditRecord, Offset};
use domain::ids::{OrgId, UnsealRequestId, VerificationId};
use domain::sealed::{Purpose, Purposes};
use serde_json::Value;
use unsealing::act::{is_of_nobody, is_signed_in};
use unsealing::refusal::{ActError, Refusal};
use unsealing::unseal::{self, UnsealField, UnsealOrder};
use vault::SignerKeys;

use crate::asking::{approved, asked, code, forge_row, opened, order, place_json, row_of};
use crate::place::{Place, RAW, later};

#[tokio::test]
async fn two_signers_open_what_was_sent_byte_for_byte() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let id = approved(&place, &verification).await;
    assert_eq!(opened(&place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
    let said: Value =
        serde_json::from_slice(&std::fs::read(place.out("raw.json")).expect("a statement")).expect("JSON");
    for (field, value) in [
        ("requestId", id.as_str()),
        ("verificationId", verification.as_str()),
        ("customerId", place.customer.customer.as_str()),
        ("requestedBy", "siti"),
        ("approvedBy", "budi"),
        ("purpose", "OJK question 12/2026"),
        ("ticket", "C-481"),
    ] {
        assert_eq!(said[field], value, "{said}");
    }
    let kinds: Vec<ActKind> = place.acts().await.iter().map(|act| act.kind).collect();
    assert_eq!(kinds, [ActKind::UnsealRequest, ActKind::UnsealApprove, ActKind::UnsealOpen]);
    assert_eq!(place.refusals().await, [""; 0]);
    // Once.
    assert_eq!(code(opened(&place, &id, &place.keys[0], "again").await), Refusal::Used);
    assert!(!place.out("again").exists());
    assert_eq!(place.refusals().await, ["used"]);
}

#[tokio::test]
async fn one_person_opens_nothing() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let [siti, budi, rina] = &place.keys;
    let id = asked(&place, &verification).await;
    let approve = async |keys: &SignerKeys| unseal::approve(&place.ports, keys, &place.org, &id).await;
    assert_eq!(code(approve(siti).await), Refusal::SameSigner);
    assert_eq!(code(opened(&place, &id, siti, "a").await), Refusal::NotApproved);
    approve(budi).await.expect("approved");
    assert_eq!(code(approve(rina).await), Refusal::Used);
    assert_eq!(code(opened(&place, &id, budi, "b").await), Refusal::NotTheRequester);
    assert_eq!(place.refusals().await, ["same_signer", "not_approved", "used", "not_the_requester"]);
    // Who is no signer is on record under nobody's name, with his key.
    let stranger = SignerKeys::generate();
    assert_eq!(code(approve(&stranger).await), Refusal::NotASigner);
    let acts = place.acts().await;
    let of_stranger = acts.iter().find(|act| is_of_nobody(act)).expect("an act of nobody's");
    assert_eq!(
        (of_stranger.refusal.as_deref(), of_stranger.kind),
        (Some("not_a_signer"), ActKind::UnsealApprove)
    );
    assert!(of_stranger.text.contains("\nkey="));
    assert!(!is_signed_in(of_stranger, &[place.first_set()]));
    assert_eq!(opened(&place, &id, siti, "raw").await.expect("it is good still"), RAW);
}

#[tokio::test]
async fn what_is_not_there_or_not_this_orgs_is_refused_and_recorded() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let keys = &place.keys[0];
    let ask = async |order: UnsealOrder| code(unseal::request(&place.ports, keys, &order).await);
    let nobodys = VerificationId::from_bytes([9; 16]);
    assert_eq!(ask(order(&place, &nobodys)).await, Refusal::NoSuchVerification);
    let of = |field| UnsealOrder { field, ..order(&place, &verification) };
    assert_eq!(ask(of(UnsealField::Frames)).await, Refusal::NoFrames);
    assert_eq!(ask(of(UnsealField::Photo)).await, Refusal::NothingKept);
    let other = UnsealOrder { org: OrgId::from_bytes([7; 16]), ..order(&place, &verification) };
    assert_eq!(ask(other).await, Refusal::NoSigners);
    for purpose in ["", "two\nlines"] {
        let order = UnsealOrder { purpose: purpose.to_owned(), ..order(&place, &verification) };
        assert_eq!(ask(order).await, Refusal::NotPlainText, "{purpose:?}");
    }
    let unknown = UnsealRequestId::from_bytes([9; 16]);
    let approve = unseal::approve(&place.ports, &place.keys[1], &place.org, &unknown).await;
    assert_eq!(code(approve), Refusal::NoSuchRequest);
    let missing = place.verdict_with(&secret, |audit| audit.source.offset = Offset(1 << 40)).await;
    assert_eq!(ask(order(&place, &missing)).await, Refusal::EvidenceMissing);
    let altered = place.verdict_with(&secret, |audit| audit.value_sha256[0] ^= 1).await;
    assert_eq!(ask(order(&place, &altered)).await, Refusal::Tampered);
    let mut recorded = place.refusals().await;
    // The other org has a partition of its own.
    let of_other_org = recorded.iter().position(|code| code == "no_signers").map(|at| recorded.remove(at));
    assert!(of_other_org.is_some(), "{recorded:?}");
    assert_eq!(
        recorded,
        [
            "no_such_verification",
            "no_frames",
            "nothing_kept",
            "not_plain_text",
            "not_plain_text",
            "no_such_request",
            "evidence_missing",
            "tampered"
        ]
    );
}

#[tokio::test]
async fn an_hour_later_nothing_is_approved_or_opened() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let (first, second) = (asked(&place, &verification).await, approved(&place, &verification).await);
    let late = unseal::UnsealPorts { now: later, ..place.ports.clone() };
    assert_eq!(code(unseal::approve(&late, &place.keys[1], &place.org, &first).await), Refusal::Expired);
    let open = unseal::open(&late, &place.keys[0], &place.org, &second, &place.out("raw")).await;
    assert_eq!(code(open), Refusal::Expired);
    assert!(!place.out("raw").exists());
    assert_eq!(place.refusals().await, ["expired", "expired"]);
}

#[tokio::test]
async fn of_an_erased_customer_nothing_is_asked_approved_or_opened() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let (first, second) = (asked(&place, &verification).await, approved(&place, &verification).await);
    let evidence = Purposes::NONE.with(Purpose::Evidence);
    assert!(place.ports.vault.destroy(&place.customer, evidence).await.expect("destroyed"));
    let ask = unseal::request(&place.ports, &place.keys[0], &order(&place, &verification)).await;
    assert_eq!(code(ask), Refusal::Erased);
    assert_eq!(
        code(unseal::approve(&place.ports, &place.keys[1], &place.org, &first).await),
        Refusal::Erased
    );
    assert_eq!(code(opened(&place, &second, &place.keys[0], "raw").await), Refusal::Erased);
    assert_eq!(place.refusals().await, ["erased", "erased", "erased"]);
}

#[tokio::test]
async fn an_approval_that_was_written_by_hand_opens_nothing() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let genuine = approved(&place, &verification).await;
    let id = asked(&place, &verification).await;
    // The other request's approval under this one's name, with a signature of somebody's own.
    let acts = place.acts().await;
    let approval = acts.iter().find(|act| act.kind == ActKind::UnsealApprove).expect("an approval");
    let mut forged = approval.clone();
    forged.request = id.to_string();
    forged.text = forged.text.replace(genuine.as_str(), id.as_str());
    forged.signature = place.keys[0].sign(forged.text.as_bytes());
    let forged = place.ports.signers.append(&AuditRecord::ComplianceAct(forged)).await.expect("appended");
    forge_row(&place, &id, |row| {
        row["state"] = "approved".into();
        row["approvals"] = serde_json::json!([place_json(forged.source)]);
    })
    .await;
    assert_eq!(code(opened(&place, &id, &place.keys[0], "a").await), Refusal::BadSignature);
    // The genuine approval of another request.
    let theirs = row_of(&place, &genuine).await["approvals"].clone();
    forge_row(&place, &id, |row| row["approvals"] = theirs).await;
    assert_eq!(code(opened(&place, &id, &place.keys[0], "b").await), Refusal::BadSignature);
    assert_eq!(place.refusals().await, ["bad_signature", "bad_signature"]);
    assert_eq!(opened(&place, &genuine, &place.keys[0], "raw").await.expect("opened"), RAW);
}

#[tokio::test]
async fn a_request_that_is_another_since_it_was_approved_opens_nothing() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let (one, other) = (place.verdict(&secret).await, place.verdict(&secret).await);
    let id = approved(&place, &one).await;
    // The requester signs another request under the same id, and has the row name it.
    let acts = place.acts().await;
    let mut edited = acts.iter().find(|act| act.kind == ActKind::UnsealRequest).expect("a request").clone();
    let second = asked(&place, &other).await;
    let acts = place.acts().await;
    let wanted = acts.iter().find(|act| act.request == second.as_str()).expect("a request");
    edited.text = wanted.text.replace(second.as_str(), id.as_str());
    (edited.event_id, edited.acted_at) = (wanted.event_id.clone(), wanted.acted_at);
    edited.signature = place.keys[0].sign(edited.text.as_bytes());
    let edited = place.ports.signers.append(&AuditRecord::ComplianceAct(edited)).await.expect("appended");
    forge_row(&place, &id, |row| {
        row["request"] = place_json(edited.source);
    })
    .await;
    assert_eq!(code(opened(&place, &id, &place.keys[0], "raw").await), Refusal::Edited);
    assert_eq!(place.refusals().await, ["edited"]);
}

#[tokio::test]
async fn what_was_opened_once_opens_nothing_of_another_hour() {
    let place = Place::new().await;
    let (first, next) = (place.secret().await, place.secret().await);
    let (of_first, of_next) = (place.verdict(&first).await, place.verdict(&next).await);
    let id = approved(&place, &of_first).await;
    assert_eq!(opened(&place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
    // Every byte of it is kept: the approval is put under a request for the next hour.
    let kept = row_of(&place, &id).await["approvals"].clone();
    let later = asked(&place, &of_next).await;
    forge_row(&place, &later, |row| {
        row["state"] = "approved".into();
        row["approvals"] = kept;
    })
    .await;
    assert_eq!(code(opened(&place, &later, &place.keys[0], "next").await), Refusal::BadSignature);
}

#[tokio::test]
async fn of_two_opens_at_once_one_shows() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    for round in 0..4 {
        let id = approved(&place, &verification).await;
        let names = [format!("{round}-a"), format!("{round}-b")];
        let (one, other) = tokio::join!(
            opened(&place, &id, &place.keys[0], &names[0]),
            opened(&place, &id, &place.keys[0], &names[1])
        );
        let shown = [one, other].into_iter().filter_map(Result::ok).count();
        assert_eq!(shown, 1);
        assert_eq!(names.iter().filter(|name| place.out(name).exists()).count(), 1);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_costs_nothing() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let id = approved(&place, &verification).await;
    std::fs::write(place.out("taken"), b"mine").expect("written");
    for file in ["no-such-folder/raw", "taken", ""] {
        let done = opened(&place, &id, &place.keys[0], file).await;
        assert!(matches!(done, Err(ActError::CouldNot(_))), "{file:?}: {done:?}");
    }
    assert_eq!(std::fs::read(place.out("taken")).expect("there"), b"mine");
    assert_eq!(place.acts().await.len(), 2, "nothing was opened");
    assert_eq!(opened(&place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
}

/// Killed between the row and the file: to the same file it goes on, to another it does not.
#[tokio::test]
async fn an_open_that_was_interrupted_is_gone_on_with() {
    let place = Place::new().await;
    let secret = place.secret().await;
    let verification = place.verdict(&secret).await;
    let id = approved(&place, &verification).await;
    let path = place.out("raw").parent().expect("a folder").canonicalize().expect("there").join("raw");
    let digest = event_codec::value_sha256(path.as_os_str().as_encoded_bytes());
    let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    forge_row(&place, &id, |row| {
        row["state"] = "opened".into();
        row["out"] = digest.into();
    })
    .await;
    assert_eq!(code(opened(&place, &id, &place.keys[0], "other").await), Refusal::Used);
    assert_eq!(opened(&place, &id, &place.keys[0], "raw").await.expect("opened"), RAW);
    assert_eq!(row_of(&place, &id).await["state"], "done");
}
