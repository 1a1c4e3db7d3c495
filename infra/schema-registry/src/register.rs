//! Registering: every committed version of every subject of ours, once each, and the ids that came of it. All of
//! it may be done again by any number of programs at once.

use event_codec::SchemaIds;
use event_codec::registry::{self, Registered};
use hyper::Method;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde_json::{Value, json};

use crate::client::{Answer, Client};
use crate::error::RegistryError;
use crate::options::RegistryOptions;

/// What a new version may not break: readers older and newer, of every version there is (contract §5).
const COMPATIBILITY: &str = "FULL_TRANSITIVE";

/// What may not stand in a path's segment as it is. Our subjects need none of it; a changed list may.
const SEGMENT: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'#').add(b'%').add(b'/').add(b'?');

/// Has every committed schema under its subject at the registry, each subject held to FULL_TRANSITIVE, and
/// answers with the ids, complete. What is there already is only looked up, so that a user without the right to
/// register will do once somebody has. The registry must also give each schema back by its id: that is what
/// readers ask it.
///
/// # Errors
/// [`RegistryError`], in words for an operator; [`RegistryError::is_transient`] tells what may pass.
pub async fn register(options: &RegistryOptions) -> Result<SchemaIds, RegistryError> {
    let client = Client::new(options)?;
    let mut ids = SchemaIds::default();
    for subject in registry::subjects() {
        hold_compatible(&client, subject).await?;
    }
    for entry in registry::entries() {
        let id = match look_up(&client, &entry).await? {
            Some(id) => id,
            None => put(&client, &entry).await?,
        };
        give_back(&client, &entry, id).await?;
        ids.insert(entry.subject, entry.version, id);
    }
    Ok(ids)
}

/// The subject's own compatibility; a registry's default for all subjects may change any day.
async fn hold_compatible(client: &Client, subject: &str) -> Result<(), RegistryError> {
    let path = format!("/config/{}", segment(subject));
    let what = format!("tell the compatibility of {subject}");
    let found = client.ask(&what, Method::GET, &path, None).await?;
    let level = |answer: &Answer| answer.json["compatibilityLevel"].as_str().map(str::to_owned);
    if found.status == 200 && level(&found).as_deref() == Some(COMPATIBILITY) {
        return Ok(());
    }
    if !matches!(found.status, 200 | 404) {
        return Err(unexpected(client, &what, &found));
    }
    let what = format!("hold {subject} to {COMPATIBILITY}");
    let wanted = json!({ "compatibility": COMPATIBILITY });
    let set = client.ask(&what, Method::PUT, &path, Some(&wanted)).await?;
    let now = client.ask(&what, Method::GET, &path, None).await?;
    if set.status == 200 && level(&now).as_deref() == Some(COMPATIBILITY) {
        return Ok(());
    }
    Err(unexpected(client, &what, if set.status == 200 { &now } else { &set }))
}

async fn look_up(client: &Client, entry: &Registered) -> Result<Option<u32>, RegistryError> {
    let what = format!("look up version {} of {}", entry.version, entry.subject);
    let path = format!("/subjects/{}", segment(entry.subject));
    let found = client.ask(&what, Method::POST, &path, Some(&body(entry))).await?;
    match found.status {
        200 => id_of(client, &what, &found).map(Some),
        404 => Ok(None),
        _ => Err(unexpected(client, &what, &found)),
    }
}

async fn put(client: &Client, entry: &Registered) -> Result<u32, RegistryError> {
    let what = format!("register version {} of {}", entry.version, entry.subject);
    let path = format!("/subjects/{}/versions", segment(entry.subject));
    let made = client.ask(&what, Method::POST, &path, Some(&body(entry))).await?;
    match made.status {
        200 | 201 => id_of(client, &what, &made),
        409 => Err(RegistryError::Incompatible {
            url: client.url().to_owned(),
            subject: entry.subject.to_owned(),
            version: entry.version,
            why: made.words(),
        }),
        _ => Err(unexpected(client, &what, &made)),
    }
}

/// The schema of an id, as every reader will ask for it.
async fn give_back(client: &Client, entry: &Registered, id: u32) -> Result<(), RegistryError> {
    let what = format!("give back the schema of id {id}");
    let found = client.ask(&what, Method::GET, &format!("/schemas/ids/{id}"), None).await?;
    if found.status != 200 {
        return Err(unexpected(client, &what, &found));
    }
    let same = found.json["schema"]
        .as_str()
        .and_then(registry::fingerprint)
        .is_some_and(|fingerprint| fingerprint == entry.schema.fingerprint());
    if same {
        return Ok(());
    }
    let why = format!("another schema than version {} of {}", entry.version, entry.subject);
    Err(RegistryError::Answer { url: client.url().to_owned(), what, why })
}

fn body(entry: &Registered) -> Value {
    json!({ "schemaType": "AVRO", "schema": entry.schema.text() })
}

fn id_of(client: &Client, what: &str, answer: &Answer) -> Result<u32, RegistryError> {
    let id = answer.json["id"].as_u64().and_then(|id| u32::try_from(id).ok());
    id.ok_or_else(|| RegistryError::Answer {
        url: client.url().to_owned(),
        what: what.to_owned(),
        why: "no schema id".to_owned(),
    })
}

fn unexpected(client: &Client, what: &str, answer: &Answer) -> RegistryError {
    RegistryError::Answer { url: client.url().to_owned(), what: what.to_owned(), why: answer.words() }
}

fn segment(subject: &str) -> String {
    utf8_percent_encode(subject, SEGMENT).to_string()
}
