//! Whose schema ids the distributed engine's records are written with: the committed list's, or an external
//! registry's. The choice is made with the topics and noted in the key store; a start whose settings, or whose
//! registry, contradict the note is refused (docs/decisions/0012-schema-registry.md).

use std::collections::BTreeMap;

use domain::ports::{EventLog, KeyNotes, StoreError, Topic};
use event_codec::{Codec, SchemaIds};
use schema_registry::{RegistryCredentials, RegistryOptions, TlsOptions};
use serde::{Deserialize, Serialize};

use super::OpenError;
use crate::config::{ConfigError, RegistryConfig};
use crate::limits::SCHEMA_IDS_NOTE_TRIES;

/// The name of the note in the key store, which is never built anew from the log.
const NOTE: &str = "schema-ids";

/// What the note says.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Note {
    /// `schemas/events/ids.json`.
    Committed,
    /// Those an external registry gave: by subject and version.
    External(BTreeMap<String, BTreeMap<u32, u32>>),
}

impl Note {
    fn read(text: &str) -> Result<Self, OpenError> {
        serde_json::from_str(text).map_err(|_| {
            OpenError::SchemaIds("the key store's note of them was written by a newer build".to_owned())
        })
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers")
    }

    fn external(ids: &SchemaIds) -> Self {
        let versions = |subject: &str| ids.versions(subject).collect();
        Self::External(ids.subjects().map(|subject| (subject.to_owned(), versions(subject))).collect())
    }
}

/// The codec that this installation's records are written with.
pub(super) async fn codec(
    registry: &RegistryConfig,
    log: &dyn EventLog,
    notes: &dyn KeyNotes,
) -> Result<Codec, OpenError> {
    match options(registry)? {
        None => committed(notes).await,
        Some(options) => external(&options, log, notes).await,
    }
}

async fn committed(notes: &dyn KeyNotes) -> Result<Codec, OpenError> {
    for _ in 0..SCHEMA_IDS_NOTE_TRIES {
        match noted(notes).await?.map(|(note, _)| note) {
            Some(Note::Committed) => return Ok(Codec::committed()),
            Some(Note::External(_)) => {
                return Err(OpenError::SchemaIds(
                    "they are an external registry's since the topics were made: set [registry] url"
                        .to_owned(),
                ));
            }
            None => {
                notes.change_note(NOTE, None, &Note::Committed.text()).await?;
            }
        }
    }
    Err(undecided())
}

async fn external(
    options: &RegistryOptions,
    log: &dyn EventLog,
    notes: &dyn KeyNotes,
) -> Result<Codec, OpenError> {
    // Before anything is registered: a contradiction leaves no trace elsewhere.
    check_choice(noted(notes).await?.map(|(note, _)| note), log).await?;
    let ids = schema_registry::register(options).await?;
    let new = Note::external(&ids);
    for _ in 0..SCHEMA_IDS_NOTE_TRIES {
        let (old, text) = noted(notes).await?.unzip();
        let before = check_choice(old, log).await?;
        agree(&before, &ids, &options.url)?;
        let same = text.as_deref() == Some(new.text().as_str());
        // An older build than the one that noted has fewer versions: what is noted stays.
        let known = before.values().map(BTreeMap::len).sum::<usize>();
        let ours = ids.subjects().map(|subject| ids.versions(subject).count()).sum::<usize>();
        if same || known > ours || notes.change_note(NOTE, text.as_deref(), &new.text()).await? {
            return Codec::with_ids(&ids).map_err(|error| OpenError::SchemaIds(error.to_string()));
        }
    }
    Err(undecided())
}

/// The ids that are noted of an external registry; none yet only while no record has been written.
async fn check_choice(
    note: Option<Note>,
    log: &dyn EventLog,
) -> Result<BTreeMap<String, BTreeMap<u32, u32>>, OpenError> {
    const COMMITTED: &str = "they are the committed list's since the topics were made, and stay so: unset \
                             [registry] url (another choice takes new topics and keyspaces)";
    match note {
        Some(Note::External(ids)) => Ok(ids),
        Some(Note::Committed) => Err(OpenError::SchemaIds(COMMITTED.to_owned())),
        None => {
            // Records without a note: a build wrote them that knew no other ids than the committed ones.
            for topic in [Topic::Orgs, Topic::Events] {
                let ranges = log.offsets(topic).await.map_err(|error| OpenError::Log(topic, error))?;
                if ranges.iter().any(|range| range.end.0 > 0) {
                    return Err(OpenError::SchemaIds(COMMITTED.to_owned()));
                }
            }
            Ok(BTreeMap::new())
        }
    }
}

/// Every id that records may already carry must still mean the same at the registry.
fn agree(noted: &BTreeMap<String, BTreeMap<u32, u32>>, ids: &SchemaIds, url: &str) -> Result<(), OpenError> {
    for (subject, versions) in noted {
        for (version, noted) in versions {
            // A version that this build does not have was noted by a newer one.
            let Some(given) = ids.id(subject, *version).filter(|given| given != noted) else { continue };
            return Err(OpenError::SchemaIds(format!(
                "records are written with id {noted} for version {version} of {subject}, and the registry at \
                 {url} now gives it {given}: it is not the registry that these topics were made with, or it \
                 lost its data (restore it; docs/runbook.md)"
            )));
        }
    }
    Ok(())
}

async fn noted(notes: &dyn KeyNotes) -> Result<Option<(Note, String)>, OpenError> {
    let text = notes.note(NOTE).await?;
    text.map(|text| Ok((Note::read(&text)?, text))).transpose()
}

/// Others keep changing the note, which ends by itself; not within our tries.
fn undecided() -> OpenError {
    StoreError::Unavailable("the note of the schema ids keeps changing".to_owned()).into()
}

fn options(config: &RegistryConfig) -> Result<Option<RegistryOptions>, ConfigError> {
    let Some(url) = config.url.clone() else { return Ok(None) };
    let password = config.resolved_password()?;
    let credentials = config
        .user
        .clone()
        .zip(password)
        .map(|(user, password)| RegistryCredentials { user, password: password.expose().to_owned().into() });
    let identity = config.tls_cert_file.clone().zip(config.tls_key_file.clone());
    let tls = TlsOptions { ca_file: config.tls_ca_file.clone(), identity };
    Ok(Some(RegistryOptions { url, credentials, tls }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(pairs: &[(&str, u32, u32)]) -> SchemaIds {
        let mut ids = SchemaIds::default();
        pairs.iter().for_each(|(subject, version, id)| ids.insert(subject, *version, *id));
        ids
    }

    #[test]
    fn a_note_is_read_as_it_was_written() {
        let note = Note::external(&ids(&[("a", 1, 7), ("a", 2, 9), ("b", 1, 8)]));
        assert_eq!(note.text(), r#"{"external":{"a":{"1":7,"2":9},"b":{"1":8}}}"#);
        assert_eq!(Note::read(&note.text()).ok(), Some(note));
        assert_eq!(Note::Committed.text(), r#""committed""#);
        assert_eq!(Note::read(r#""committed""#).ok(), Some(Note::Committed));
        assert!(matches!(Note::read(r#""elsewhere""#), Err(OpenError::SchemaIds(_))));
    }

    #[test]
    fn an_id_that_records_carry_must_not_change() {
        let Note::External(noted) = Note::external(&ids(&[("a", 1, 7), ("b", 2, 8)])) else { unreachable!() };
        assert!(agree(&noted, &ids(&[("a", 1, 7), ("b", 2, 8), ("b", 3, 9)]), "u").is_ok(), "a new version");
        assert!(agree(&noted, &ids(&[("a", 1, 7)]), "u").is_ok(), "an older build");
        let refused = agree(&noted, &ids(&[("a", 1, 7), ("b", 2, 9)]), "u").expect_err("another").to_string();
        assert!(refused.contains("id 8 for version 2 of b") && refused.contains("gives it 9"), "{refused}");
    }
}
