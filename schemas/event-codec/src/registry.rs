//! The committed schemas as a schema registry shows them: subjects, versions, ids, texts. For `/registry` on
//! the management listener and for registering them elsewhere. HTTP is not here.

use std::sync::LazyLock;

use crate::catalogue::{self, Catalogue, CommittedSchema};
use crate::ids::SchemaIds;

/// One version of one subject.
#[derive(Clone, Copy)]
pub struct Registered {
    /// `identity.events-identity.CustomerErased`.
    pub subject: &'static str,
    /// Version, from 1.
    pub version: u32,
    /// Its id; the same schema has the same id under every subject.
    pub id: u32,
    /// The schema.
    pub schema: &'static CommittedSchema,
}

fn all() -> &'static [Registered] {
    static ALL: LazyLock<Vec<Registered>> = LazyLock::new(|| {
        static IDS: LazyLock<SchemaIds> = LazyLock::new(SchemaIds::committed);
        let catalogue = Catalogue::committed();
        IDS.subjects()
            .flat_map(|subject| IDS.versions(subject).map(move |(version, id)| (subject, version, id)))
            .filter_map(|(subject, version, id)| {
                let (_, name) = subject.rsplit_once('-')?;
                Some(Registered { subject, version, id, schema: catalogue.by_name(name, version)? })
            })
            .collect()
    });
    &ALL
}

/// Every version of every subject, in the order of subjects and versions.
pub fn entries() -> impl Iterator<Item = Registered> {
    all().iter().copied()
}

/// All subjects, in the order of their names, each once.
pub fn subjects() -> Vec<&'static str> {
    let mut subjects: Vec<_> = entries().map(|entry| entry.subject).collect();
    subjects.dedup();
    subjects
}

/// The versions of a subject, oldest first; empty when there is no such subject.
pub fn versions(subject: &str) -> Vec<u32> {
    entries().filter(|entry| entry.subject == subject).map(|entry| entry.version).collect()
}

/// One version of a subject.
pub fn schema(subject: &str, version: u32) -> Option<Registered> {
    entries().find(|entry| entry.subject == subject && entry.version == version)
}

/// The latest version of a subject.
pub fn latest(subject: &str) -> Option<Registered> {
    entries().filter(|entry| entry.subject == subject).last()
}

/// The schema of an id. Of several subjects with the same schema, the first.
pub fn schema_by_id(id: u32) -> Option<Registered> {
    entries().find(|entry| entry.id == id)
}

/// Every subject and version of an id.
pub fn subjects_of_id(id: u32) -> Vec<Registered> {
    entries().filter(|entry| entry.id == id).collect()
}

/// SHA-256 of the Parsing Canonical Form of any schema's text, as [`CommittedSchema::fingerprint`]; none when it
/// is no Avro schema. For comparing what a registry gives back.
pub fn fingerprint(text: &str) -> Option<[u8; 32]> {
    catalogue::fingerprint(text).ok()
}
