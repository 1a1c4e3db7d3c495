//! What the key store notes of the erasures that are applied in it.
//!
//! A backup of a key store on several nodes is not one moment: the note in it may be younger than some key rows
//! beside it. So a start goes by marks that were a day old when the note was written, not by the newest.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::limits::ERASURES_TRUSTED_AFTER;

/// By topic id (hexadecimal) and partition: the first offset whose erasures may not be applied yet.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Marks(BTreeMap<String, BTreeMap<u32, u64>>);

impl Marks {
    pub(super) fn get(&self, topic: &str, partition: u32) -> Option<u64> {
        self.0.get(topic)?.get(&partition).copied()
    }

    pub(super) fn set(&mut self, topic: &str, partition: u32, mark: u64) {
        self.0.entry(topic.to_owned()).or_default().insert(partition, mark);
    }

    /// Of one topic.
    pub(super) fn only(&self, topic: &str) -> Self {
        Self(self.0.get_key_value(topic).map(|(id, marks)| (id.clone(), marks.clone())).into_iter().collect())
    }
}

/// Marks that all of the key store stood at, at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reached {
    pub(super) marks: Marks,
    /// Milliseconds since 1970.
    pub(super) at: i64,
}

/// The note.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Note {
    /// How far identity.events was read, where outcomes did not go back far enough.
    pub(super) events: Marks,
    /// Marks of identity.outcomes that a start goes by.
    pub(super) trusted: Marks,
    /// Those that come after them, once they are old enough.
    next: Option<Reached>,
}

impl Note {
    /// Part of a pass over the events. Of two instances the one further counts; another topic's marks go.
    pub(super) fn events_read(&mut self, topic: &str, partition: u32, mark: u64) {
        self.events = self.events.only(topic);
        let mark = mark.max(self.events.get(topic, partition).unwrap_or(0));
        self.events.set(topic, partition, mark);
    }

    /// All that the outcomes say up to these marks is applied. `at_once`: they are to be gone by from now on,
    /// because those before them lie outside what the log has; else a start would read all events again.
    pub(super) fn all_applied(&mut self, reached: &Reached, at_once: bool) {
        if at_once {
            self.trusted = reached.marks.clone();
            self.next = Some(reached.clone());
            return;
        }
        let waits_ms = ERASURES_TRUSTED_AFTER.as_millis() as i64;
        match &self.next {
            Some(next) if reached.at.saturating_sub(next.at) < waits_ms => {}
            next => {
                self.trusted = next.as_ref().map_or_else(|| self.trusted.clone(), |next| next.marks.clone());
                self.next = Some(reached.clone());
            }
        }
    }
}
