//! A command's answer: for standard output, and the words beside it. A key is shown once, so an answer that was not
//! written in whole says what there is now that nobody has seen, and what to do about it.

use std::process::ExitCode;

use domain::orgs::ApiKeyRecord;
use serde_json::Value;

use service::program::{print, say};

/// What a command has to say. It may hold a key, so it has no `Debug`.
#[derive(Default)]
pub(super) struct Answer {
    /// For standard output.
    pub(super) text: String,
    /// For people, beside it.
    pub(super) words: Vec<String>,
    /// For people, where the text could not be written: what was done nevertheless, and what to do.
    pub(super) unseen: Vec<String>,
}

impl Answer {
    pub(super) fn list<T>(
        as_json: bool,
        items: &[T],
        to_json: fn(&T) -> Value,
        to_table: fn(&[T]) -> String,
    ) -> Self {
        let text = if as_json {
            format!("{}\n", Value::Array(items.iter().map(to_json).collect()))
        } else {
            to_table(items)
        };
        Self { text, ..Self::default() }
    }

    /// The key's text is in the printed object and nowhere else.
    pub(super) fn new_key(printed: &Value, key: &ApiKeyRecord, target: &str) -> Self {
        let (org, id) = (&key.org, &key.id);
        let unseen = format!(
            "{org} has a new key {id} that nobody has seen, and it is not shown again. Revoke it and create another:\n  \
             ingest-api orgs keys revoke {org} {id} {target}\n  \
             ingest-api orgs keys create {org} {target}"
        );
        Self {
            text: format!("{printed}\n"),
            words: vec!["This key is not shown again.".to_owned()],
            unseen: vec![unseen],
        }
    }

    /// Shows it; the exit code. The command has done its work by then, and whoever reads standard output may
    /// keep it waiting.
    pub(super) fn show(&self) -> ExitCode {
        if let Err(error) = print(&self.text) {
            say(&format!("error: {error}"));
            self.unseen.iter().for_each(|words| say(words));
            return ExitCode::FAILURE;
        }
        self.words.iter().for_each(|words| say(words));
        ExitCode::SUCCESS
    }
}
