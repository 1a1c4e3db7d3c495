//! Signers who ask, approve and open, and somebody who may write the key store and the log.

use domain::event::Source;
use domain::ids::{UnsealRequestId, VerificationId};
use serde_json::Value;
use unsealing::refusal::{ActError, Refusal};
use unsealing::unseal::{self, UnsealField, UnsealOrder};
use vault::SignerKeys;

use crate::place::Place;

pub(crate) fn order(place: &Place, verification: &VerificationId) -> UnsealOrder {
    UnsealOrder {
        org: place.org.clone(),
        verification: verification.clone(),
        field: UnsealField::Raw,
        purpose: "OJK question 12/2026".to_owned(),
        ticket: "C-481".to_owned(),
    }
}

pub(crate) async fn asked(place: &Place, verification: &VerificationId) -> UnsealRequestId {
    let asked = unseal::request(&place.ports, &place.keys[0], &order(place, verification)).await;
    asked.expect("a request").0
}

pub(crate) async fn approved(place: &Place, verification: &VerificationId) -> UnsealRequestId {
    let id = asked(place, verification).await;
    unseal::approve(&place.ports, &place.keys[1], &place.org, &id).await.expect("approved");
    id
}

pub(crate) async fn opened(
    place: &Place,
    id: &UnsealRequestId,
    keys: &SignerKeys,
    file: &str,
) -> Result<Vec<u8>, ActError> {
    let opened = unseal::open(&place.ports, keys, &place.org, id, &place.out(file)).await?;
    Ok(std::fs::read(opened.out).expect("the file"))
}

pub(crate) fn code<T: std::fmt::Debug>(done: Result<T, ActError>) -> Refusal {
    match done {
        Err(ActError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

/// Changes a request's row as somebody might who may write the key store.
pub(crate) async fn forge_row(place: &Place, id: &UnsealRequestId, change: impl FnOnce(&mut Value)) {
    let name = format!("requests/{id}");
    let text = place.ports.notes.note(&name).await.expect("read").expect("a row");
    let mut row: Value = serde_json::from_str(&text).expect("JSON");
    change(&mut row);
    let changed = place.ports.notes.change_note(&name, Some(&text), &row.to_string()).await;
    assert!(changed.expect("asked"));
}

pub(crate) async fn row_of(place: &Place, id: &UnsealRequestId) -> Value {
    let text = place.ports.notes.note(&format!("requests/{id}")).await.expect("read").expect("a row");
    serde_json::from_str(&text).expect("JSON")
}

/// A record's place as a row has it.
pub(crate) fn place_json(source: Source) -> Value {
    serde_json::json!({
        "topic": source.topic_id.0, "partition": source.partition.0, "offset": source.offset.0,
    })
}
