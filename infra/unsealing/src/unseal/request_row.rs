//! The row of a request: the lock that its steps are taken under. Kept as a note beside the key rows, so that it is changed
//! conditionally and restored together with them.

use domain::event::{Offset, Partition, Source, TopicId};
use domain::ids::OrgId;
use domain::ports::KeyNotes;
use domain::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::refusal::{ActError, Refusal};

/// How far a request is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum RequestState {
    /// One signer asked.
    Requested,
    /// As many others gave a share as it takes.
    Approved,
    /// The first is opening it.
    Opened,
    /// It was shown.
    Done,
    /// Nobody opened it in time.
    Expired,
}

/// The place of a record in `identity.audit`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordPlace {
    topic: [u8; 16],
    partition: u32,
    offset: u64,
}

impl From<Source> for RecordPlace {
    fn from(source: Source) -> Self {
        Self { topic: source.topic_id.0, partition: source.partition.0, offset: source.offset.0 }
    }
}

impl RecordPlace {
    pub(super) fn source(self) -> Source {
        Source {
            topic_id: TopicId(self.topic),
            partition: Partition(self.partition),
            offset: Offset(self.offset),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RequestRow {
    pub(super) org: String,
    pub(super) state: RequestState,
    /// Milliseconds since 1970; what counts is what was signed.
    pub(super) expires_at: i64,
    pub(super) request: RecordPlace,
    /// Of each other signer who gave a share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) approvals: Vec<RecordPlace>,
    /// SHA-256 of the path that it is opened to: an open that was interrupted goes on to there, and to nowhere else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) out: Option<String>,
}

/// A row as it stands in the store.
pub(super) struct StoredRow {
    pub(super) row: RequestRow,
    text: String,
}

fn note_name(id: &str) -> String {
    format!("requests/{id}")
}

impl RequestRow {
    pub(super) fn is_expired(&self, now: Timestamp) -> bool {
        now.millis() >= self.expires_at
    }

    /// The row of a new request.
    pub(super) async fn insert(&self, notes: &dyn KeyNotes, id: &str) -> Result<(), ActError> {
        let inserted = notes.change_note(&note_name(id), None, &self.text()).await?;
        if inserted {
            Ok(())
        } else {
            Err(ActError::CouldNot("there is a request of that id already".into()))
        }
    }

    pub(super) async fn find(notes: &dyn KeyNotes, id: &str, org: &OrgId) -> Result<StoredRow, ActError> {
        let text = notes.note(&note_name(id)).await?.ok_or(Refusal::NoSuchRequest)?;
        let row: Self = serde_json::from_str(&text)
            .map_err(|_| ActError::CouldNot("the request's row is not what this build writes".into()))?;
        if row.org == org.as_str() { Ok(StoredRow { row, text }) } else { Err(Refusal::AnotherOrg.into()) }
    }

    fn text(&self) -> String {
        serde_json::to_string(self).expect("texts and numbers are JSON")
    }
}

/// Marks a request as one that nobody opened in time. It is one anyhow, by what was signed: nothing depends on this.
pub(super) async fn mark_expired(notes: &dyn KeyNotes, id: &str, org: &OrgId) -> Result<(), ActError> {
    let stored = RequestRow::find(notes, id, org).await?;
    if matches!(stored.row.state, RequestState::Requested | RequestState::Approved) {
        let next = RequestRow { state: RequestState::Expired, ..stored.row.clone() };
        notes.change_note(&note_name(id), Some(&stored.text), &next.text()).await?;
    }
    Ok(())
}

impl StoredRow {
    /// Puts another in its place; of two at once one succeeds, and the other is told that the request is used.
    pub(super) async fn change(
        &self,
        notes: &dyn KeyNotes,
        id: &str,
        next: RequestRow,
    ) -> Result<Self, ActError> {
        let text = next.text();
        if notes.change_note(&note_name(id), Some(&self.text), &text).await? {
            Ok(Self { row: next, text })
        } else {
            Err(Refusal::Used.into())
        }
    }
}
