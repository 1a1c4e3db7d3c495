//! The key store's statements.

use domain::ports::{ABANDONED_PURPOSES, StoreError};
use domain::sealed::{Purpose, Purposes};
use futures::future::try_join_all;

use crate::session::{CqlSession, Use};
use crate::statement::Statement;

const KEY: &str = "WHERE org = ? AND customer = ?";
const EXTERNAL: &str = "WHERE org = ? AND hmac = ?";

/// All of them.
pub(super) struct Statements {
    pub(super) create: Statement,
    pub(super) get: Statement,
    pub(super) settled: Statement,
    pub(super) activate: Statement,
    pub(super) attempt: Statement,
    pub(super) abandon: Statement,
    /// By purpose.
    pub(super) rewrap: Vec<Statement>,
    /// By the bits of the set of purposes: one statement per set, so that a set goes at once.
    pub(super) destroy: Vec<Option<Statement>>,
    pub(super) claim: Statement,
    pub(super) lookup: Statement,
    pub(super) settled_owner: Statement,
    pub(super) release: Statement,
    pub(super) note: Statement,
    pub(super) note_first: Statement,
    pub(super) note_next: Statement,
}

/// A key row's columns, in the order of `rows::cells`.
pub(super) fn columns() -> Vec<String> {
    let mut columns: Vec<String> =
        ["state", "attempt_until", "registration_event_id", "registration_fingerprint", "external_id_hmac"]
            .map(str::to_owned)
            .into();
    for purpose in Purpose::ALL {
        columns.extend(
            ["state", "key_id", "version", "wrapped"].map(|part| format!("{}_{part}", purpose.as_str())),
        );
    }
    columns
}

fn destroyed(purposes: Purposes) -> String {
    let gone = purposes.iter().map(Purpose::as_str).map(|purpose| {
        format!("{purpose}_state = 'destroyed', {purpose}_version = null, {purpose}_wrapped = null")
    });
    // What can be guessed from an external id is the profile's.
    let hmac = purposes.contains(Purpose::Profile).then(|| "external_id_hmac = null".to_owned());
    gone.chain(hmac).collect::<Vec<_>>().join(", ")
}

fn destroy(purposes: Purposes) -> String {
    format!("UPDATE {{keys}}.key_rows SET {} {KEY} IF EXISTS", destroyed(purposes))
}

fn rewrap(purpose: &str) -> String {
    format!(
        "UPDATE {{keys}}.key_rows SET {purpose}_version = ?, {purpose}_wrapped = ? {KEY} \
         IF {purpose}_state = 'active' AND {purpose}_version = ?"
    )
}

impl Statements {
    pub(super) async fn prepare(session: &CqlSession) -> Result<Self, StoreError> {
        let columns = columns();
        let marks = vec!["?"; columns.len()].join(", ");
        let columns = columns.join(", ");
        let prepare =
            async |name, text: &str, used| session.prepare(name, &session.names().fill(text), used).await;
        let select = format!("SELECT {columns} FROM {{keys}}.key_rows {KEY}");
        let owner = format!("SELECT customer FROM {{keys}}.external_ids {EXTERNAL}");
        let create = format!(
            "INSERT INTO {{keys}}.key_rows (org, customer, {columns}) VALUES (?, ?, {marks}) IF NOT EXISTS"
        );
        let activate = format!("UPDATE {{keys}}.key_rows SET state = 'active' {KEY} IF state = 'pending'");
        let of_attempt = format!("{KEY} IF state = 'pending' AND attempt_until = ?");
        let attempt = format!("UPDATE {{keys}}.key_rows SET attempt_until = ? {of_attempt}");
        let abandon = format!(
            "UPDATE {{keys}}.key_rows SET state = 'abandoned', attempt_until = null, {} {of_attempt}",
            destroyed(ABANDONED_PURPOSES)
        );
        let claim = "INSERT INTO {keys}.external_ids (org, hmac, customer) VALUES (?, ?, ?) IF NOT EXISTS";
        let release = format!("DELETE FROM {{keys}}.external_ids {EXTERNAL} IF customer = ?");
        let note = "SELECT note FROM {keys}.notes WHERE name = ?";
        let note_first = "INSERT INTO {keys}.notes (name, note) VALUES (?, ?) IF NOT EXISTS";
        let note_next = "UPDATE {keys}.notes SET note = ? WHERE name = ? IF note = ?";
        let rewraps = Purpose::ALL.map(|purpose| rewrap(purpose.as_str()));
        let destroys: Vec<String> = (1..8).map(|bits| destroy(Purposes::from_bits(bits))).collect();
        let mut sets = vec![None];
        let prepared = destroys.iter().map(|text| prepare("key_destroy", text, Use::Conditional));
        sets.extend(try_join_all(prepared).await?.into_iter().map(Some));
        Ok(Self {
            create: prepare("key_create", &create, Use::Conditional).await?,
            get: prepare("key_get", &select, Use::Idempotent).await?,
            settled: prepare("key_settled", &select, Use::SerialRead).await?,
            activate: prepare("key_activate", &activate, Use::Conditional).await?,
            attempt: prepare("key_attempt", &attempt, Use::Conditional).await?,
            abandon: prepare("key_abandon", &abandon, Use::Conditional).await?,
            rewrap: try_join_all(rewraps.iter().map(|text| prepare("key_rewrap", text, Use::Conditional)))
                .await?,
            destroy: sets,
            claim: prepare("external_claim", claim, Use::Conditional).await?,
            lookup: prepare("external_lookup", &owner, Use::Idempotent).await?,
            settled_owner: prepare("external_settled", &owner, Use::SerialRead).await?,
            release: prepare("external_release", &release, Use::Conditional).await?,
            note: prepare("note", note, Use::SerialRead).await?,
            note_first: prepare("note_first", note_first, Use::Conditional).await?,
            note_next: prepare("note_next", note_next, Use::Conditional).await?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_of_purposes_goes_in_one_statement() {
        let text = destroy(Purposes::NONE.with(Purpose::Profile).with(Purpose::Evidence));
        assert!(text.contains("profile_state = 'destroyed'") && text.contains("evidence_wrapped = null"));
        assert!(!text.contains("biometric") && text.contains("external_id_hmac = null"));
        assert!(!destroy(Purposes::NONE.with(Purpose::Biometric)).contains("external_id_hmac"));
    }
}
