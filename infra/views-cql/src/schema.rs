//! The tables, as statements that may be run twice. `{views}` and `{keys}` stand for the keyspaces, `{g}`
//! for the generation's number. A released list only grows. Why each table is: docs/decisions/0006-cql.md.
//!
//! For operators: no other program writes these tables (a write with a default timestamp beats the projector
//! for ever), no column is dropped and added again, no TimeWindowCompactionStrategy (both compare cell
//! timestamps with the clock, and ours count offsets).

mod access;
mod rechecks;
mod review;
mod staff;

use crate::limits::ERASURE_GRACE_SECONDS;
use domain::rows::Generation;

/// Which migrations stand. One row per component and version, written once each.
pub(crate) const MIGRATIONS_TABLE: &str = "CREATE TABLE IF NOT EXISTS {space}.migrations (
    component text, version int, applied_at bigint, PRIMARY KEY (component, version))";

/// The read model's tables that have no generation, by version.
pub(crate) const VIEWS: &[&[&str]] = &[
    &[
        // Numbers of topic ids: given once each, by lightweight transactions.
        "CREATE TABLE IF NOT EXISTS {views}.epochs (
        only int, epoch int, topic_id blob, PRIMARY KEY (only, epoch))",
        // Which generation answers, what stands beside it, and from which offsets on.
        "CREATE TABLE IF NOT EXISTS {views}.pointer (
        only int PRIMARY KEY, generation int, handover blob)",
    ],
    // What instances last said. Whatever is deleted here would be gone in minutes without that, so its
    // tombstones need not outlive a repair.
    &["CREATE TABLE IF NOT EXISTS {views}.instances (
        only int, instance text, version bigint, beat bigint, PRIMARY KEY (only, instance))
        WITH gc_grace_seconds = 3600"],
    FACES,
];

/// What the second projection makes of reference photos, and how far it is with each model. No generation: a rebuild
/// neither makes nor compares them.
const FACES: &[&str] = &[
    // `written` is the row's timestamp: that of the event that carries the photo.
    "CREATE TABLE IF NOT EXISTS {views}.face_vectors (
        org text, customer text, written bigint, model text, model_sha256 blob, body blob,
        PRIMARY KEY ((org, customer), written, model, model_sha256))
        WITH CLUSTERING ORDER BY (written DESC, model ASC, model_sha256 ASC) AND gc_grace_seconds = {grace}",
    "CREATE TABLE IF NOT EXISTS {views}.face_positions (
        model text, model_sha256 blob, topic_id blob, log_partition int, body blob,
        PRIMARY KEY ((model, model_sha256, topic_id, log_partition)))",
];

/// The key store's tables, by version. Written by lightweight transactions only, but for which sessions are whose, where
/// review keys are found, and the access index.
pub(crate) const KEYS: &[&[&str]] =
    &[KEYS_1, KEYS_2, KEYS_3, staff::KEYS_4, access::KEYS_5, access::KEYS_6, review::KEYS_7];

const KEYS_1: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {keys}.key_rows (
        org text, customer text, state text,
        registration_event_id text, registration_fingerprint blob, external_id_hmac blob,
        profile_state text, profile_key_id text, profile_version bigint, profile_wrapped blob,
        biometric_state text, biometric_key_id text, biometric_version bigint, biometric_wrapped blob,
        evidence_state text, evidence_key_id text, evidence_version bigint, evidence_wrapped blob,
        PRIMARY KEY ((org, customer)))",
    "CREATE TABLE IF NOT EXISTS {keys}.external_ids (
        org text, hmac blob, customer text, PRIMARY KEY ((org, hmac)))",
];

/// Notes that are backed up, restored and lost together with the key rows.
const KEYS_2: &[&str] = &["CREATE TABLE IF NOT EXISTS {keys}.notes (name text PRIMARY KEY, note text)"];

/// Until when a pending row's registration may still take effect, in milliseconds since 1970; null when no attempt
/// may.
const KEYS_3: &[&str] = &["ALTER TABLE {keys}.key_rows ADD attempt_until bigint"];

/// A generation's tables, by version.
pub(crate) const GENERATION: &[&[&str]] =
    &[FIRST, LOOKS, REFERENCES, CATEGORIES, REVIEWS, rechecks::RECHECKS];

const FIRST: &[&str] = &[
    // A verification and what was noticed about it: one partition, one read.
    "CREATE TABLE IF NOT EXISTS {views}.verifications_g{g} (
        org text, id text, body blob static,
        created_at bigint, log_partition int, log_offset bigint, topic_id blob, kind text, customer text,
        PRIMARY KEY ((org, id), created_at, log_partition, log_offset, topic_id, kind))",
    "CREATE TABLE IF NOT EXISTS {views}.verifications_of_customer_g{g} (
        org text, customer text,
        created_at bigint, log_partition int, log_offset bigint, id text, method text, status text,
        PRIMARY KEY ((org, customer), created_at, log_partition, log_offset, id))
        WITH CLUSTERING ORDER BY (created_at DESC, log_partition DESC, log_offset DESC, id ASC)",
    "CREATE TABLE IF NOT EXISTS {views}.verifications_of_hour_g{g} (
        org text, hour bigint, method text, status text, log_partition int, chunk bigint,
        created_at bigint, log_offset bigint, id text,
        PRIMARY KEY ((org, hour, method, status, log_partition, chunk), created_at, log_offset, id))
        WITH CLUSTERING ORDER BY (created_at DESC, log_offset DESC, id ASC)",
    // Which partitions of the table above there are.
    "CREATE TABLE IF NOT EXISTS {views}.buckets_g{g} (
        org text, month bigint, hour bigint, method text, status text, log_partition int, chunk bigint,
        PRIMARY KEY ((org, month), hour, method, status, log_partition, chunk))
        WITH CLUSTERING ORDER BY
            (hour DESC, method ASC, status ASC, log_partition ASC, chunk ASC)",
    "CREATE TABLE IF NOT EXISTS {views}.enrolments_g{g} (
        org text, customer text, id text, body blob, PRIMARY KEY ((org, customer), id))
        WITH gc_grace_seconds = {grace}",
    "CREATE TABLE IF NOT EXISTS {views}.tier_events_g{g} (
        org text, customer text,
        created_at bigint, log_partition int, log_offset bigint, id text, body blob,
        PRIMARY KEY ((org, customer), created_at, log_partition, log_offset, id))
        WITH CLUSTERING ORDER BY (created_at DESC, log_partition DESC, log_offset DESC, id ASC)",
    "CREATE TABLE IF NOT EXISTS {views}.notes_g{g} (
        org text, customer text, log_offset bigint, log_partition int, topic_id blob, body blob,
        PRIMARY KEY ((org, customer), log_offset, log_partition, topic_id))",
    "CREATE TABLE IF NOT EXISTS {views}.states_g{g} (
        org text, customer text, body blob, PRIMARY KEY ((org, customer)))",
    // `period` bounds a partition: hours lie by month, days by year, months all together.
    "CREATE TABLE IF NOT EXISTS {views}.tallies_g{g} (
        org text, span text, period bigint, start bigint, method text, status text, log_partition int,
        n bigint, as_of blob,
        PRIMARY KEY ((org, span, period), start, method, status, log_partition))",
    "CREATE TABLE IF NOT EXISTS {views}.books_g{g} (
        log_partition int, org text, body blob, PRIMARY KEY (log_partition, org))",
    "CREATE TABLE IF NOT EXISTS {views}.positions_g{g} (
        topic_id blob, log_partition int, body blob, PRIMARY KEY ((topic_id, log_partition)))",
];

/// What an operator's look into a generation needs and no request does.
const LOOKS: &[&str] = &[
    // Which verifications signals about a customer lie with.
    "CREATE TABLE IF NOT EXISTS {views}.signals_of_customer_g{g} (
        org text, customer text, id text, PRIMARY KEY ((org, customer), id))",
    // Who was ever quarantined; whether one still is, its state says. So that nothing is deleted here, and a
    // state without a quarantine costs no tombstone.
    "CREATE TABLE IF NOT EXISTS {views}.quarantined_g{g} (
        org text, customer text, PRIMARY KEY ((org, customer)))",
];

/// References that came by themselves. Unlike an enrolment such a row outlives an erasure. No earlier build wrote any.
const REFERENCES: &[&str] = &["CREATE TABLE IF NOT EXISTS {views}.face_references_g{g} (
        org text, customer text, id text, body blob, PRIMARY KEY ((org, customer), id))"];

/// Lists and tallies by the category of a reason, as those of every row. A generation that was made before they were
/// has them of later rows only; [`CATEGORIES_COUNTED`] says whether it has them of all.
const CATEGORIES: &[&str] = &[
    "ALTER TABLE {views}.verifications_of_customer_g{g} ADD category text",
    "CREATE TABLE IF NOT EXISTS {views}.verifications_of_category_g{g} (
        org text, category text, hour bigint, method text, status text, log_partition int, chunk bigint,
        created_at bigint, log_offset bigint, id text,
        PRIMARY KEY ((org, category, hour, method, status, log_partition, chunk), created_at, log_offset, id))
        WITH CLUSTERING ORDER BY (created_at DESC, log_offset DESC, id ASC)",
    "CREATE TABLE IF NOT EXISTS {views}.category_buckets_g{g} (
        org text, category text, month bigint, hour bigint, method text, status text, log_partition int,
        chunk bigint,
        PRIMARY KEY ((org, category, month), hour, method, status, log_partition, chunk))
        WITH CLUSTERING ORDER BY
            (hour DESC, method ASC, status ASC, log_partition ASC, chunk ASC)",
    "CREATE TABLE IF NOT EXISTS {views}.category_tallies_g{g} (
        org text, category text, span text, period bigint, start bigint, method text, status text,
        log_partition int, n bigint, as_of blob,
        PRIMARY KEY ((org, category, span, period), start, method, status, log_partition))",
];

/// Reviews, each with its verification and in its customer's list. No earlier build wrote a pending row: a generation that
/// was made before has all of them too.
const REVIEWS: &[&str] = &[
    "ALTER TABLE {views}.verifications_g{g} ADD review blob static",
    "ALTER TABLE {views}.verifications_of_customer_g{g} ADD review text",
    "CREATE TABLE IF NOT EXISTS {views}.reviews_of_customer_g{g} (
        org text, customer text,
        created_at bigint, log_partition int, log_offset bigint, id text, body blob,
        PRIMARY KEY ((org, customer), created_at, log_partition, log_offset, id))
        WITH CLUSTERING ORDER BY (created_at DESC, log_partition DESC, log_offset DESC, id ASC)",
];

/// What the component of a generation is called that stands in the migrations where every row was counted by category:
/// recorded before the first table of the generation is made.
pub(crate) const CATEGORIES_COUNTED: &str = "categories";

/// The generation's tables, for dropping them.
pub(crate) const GENERATION_TABLES: [&str; 26] = [
    "verifications",
    "verifications_of_customer",
    "verifications_of_hour",
    "buckets",
    "enrolments",
    "tier_events",
    "notes",
    "states",
    "tallies",
    "books",
    "positions",
    "signals_of_customer",
    "quarantined",
    "face_references",
    "verifications_of_category",
    "category_buckets",
    "category_tallies",
    "reviews_of_customer",
    "rechecks",
    "rechecks_of_customer",
    "rechecks_of_day",
    "recheck_days",
    "fallbacks",
    "fallbacks_of_customer",
    "fallbacks_of_day",
    "fallback_days",
];

/// What stands for the names in a statement.
#[derive(Debug, Clone)]
pub(crate) struct Names {
    pub(crate) views: String,
    pub(crate) keys: String,
}

impl Names {
    /// The statement with the keyspaces' names.
    pub(crate) fn fill(&self, statement: &str) -> String {
        statement
            .replace("{views}", &self.views)
            .replace("{keys}", &self.keys)
            .replace("{grace}", &ERASURE_GRACE_SECONDS.to_string())
    }

    /// The statement with the names of a generation's tables.
    pub(crate) fn fill_generation(&self, statement: &str, generation: Generation) -> String {
        self.fill(statement).replace("{g}", &generation.0.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_table_of_a_generation_can_be_dropped() {
        let made = GENERATION.iter().flat_map(|version| version.iter());
        let made = made.filter(|text| text.starts_with("CREATE TABLE"));
        let made: Vec<_> =
            made.filter_map(|text| text.split("{views}.").nth(1)?.split("_g{g}").next()).collect();
        assert_eq!(made, GENERATION_TABLES);
    }
}
