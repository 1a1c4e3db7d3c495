//! Schema ids: which number a registry gave to which version of which subject. The committed list is ours; an
//! external registry has its own. What a schema says is not here.

use std::collections::BTreeMap;

use domain::ports::Topic;

use crate::error::IdsError;

/// The committed list.
const COMMITTED: &str = include_str!("../../events/ids.json");

/// Subject, version, id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SchemaIds(BTreeMap<String, BTreeMap<u32, u32>>);

/// The subject of a record type in a topic (Confluent's TopicRecordNameStrategy).
pub(crate) fn subject(topic: Topic, full_name: &str) -> String {
    format!("{}-{full_name}", topic.name())
}

/// Topic and record type of a subject.
fn split(subject: &str) -> Option<(Topic, &str)> {
    Topic::ALL
        .into_iter()
        .find_map(|topic| Some((topic, subject.strip_prefix(topic.name())?.strip_prefix('-')?)))
}

impl SchemaIds {
    /// The committed list (`schemas/events/ids.json`).
    ///
    /// # Panics
    /// Never in a build whose tests passed: the list is compiled in and parsed by them.
    pub fn committed() -> Self {
        Self::parse(COMMITTED).expect("the committed list is parsed by the tests")
    }

    /// Takes up a list `{"<subject>": {"<version>": <id>}}`.
    ///
    /// # Errors
    /// [`IdsError::Shape`].
    pub fn parse(json: &str) -> Result<Self, IdsError> {
        serde_json::from_str(json).map(Self).map_err(|_| IdsError::Shape)
    }

    /// Adds or replaces one id: what an external registry answered.
    pub fn insert(&mut self, subject: &str, version: u32, id: u32) {
        self.0.entry(subject.to_owned()).or_default().insert(version, id);
    }

    /// The id of a version of a subject.
    pub fn id(&self, subject: &str, version: u32) -> Option<u32> {
        self.0.get(subject)?.get(&version).copied()
    }

    /// All subjects, in the order of their names.
    pub fn subjects(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The versions of a subject and their ids, oldest first.
    pub fn versions(&self, subject: &str) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.0.get(subject).into_iter().flatten().map(|(version, id)| (*version, *id))
    }

    /// Every (topic, full name, version, id) of the five topics; other subjects are someone else's.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Topic, &str, u32, u32)> {
        self.0.iter().filter_map(|(subject, versions)| Some((split(subject)?, versions))).flat_map(
            |((topic, name), versions)| {
                versions.iter().map(move |(version, id)| (topic, name, *version, *id))
            },
        )
    }
}
