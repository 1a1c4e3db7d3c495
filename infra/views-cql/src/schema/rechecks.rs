//! A generation's sixth version: rechecks, the failures because of which they are due, and who closed one. No earlier build
//! wrote any: a generation that was made before has all of them too.

/// Its statements.
pub(super) const RECHECKS: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {views}.rechecks_g{g} (
        org text, id text, body blob, closure blob, PRIMARY KEY ((org, id)))",
    "CREATE TABLE IF NOT EXISTS {views}.rechecks_of_customer_g{g} (
        org text, customer text, id text, body blob, closure blob, PRIMARY KEY ((org, customer), id))",
    // A recheck stands in one status's list; a write of it takes it out of the others.
    "CREATE TABLE IF NOT EXISTS {views}.rechecks_of_day_g{g} (
        org text, status text, day bigint,
        opened_at bigint, log_partition int, log_offset bigint, id text,
        PRIMARY KEY ((org, status, day), opened_at, log_partition, log_offset, id))",
    // Which partitions of the table above there are, or were.
    "CREATE TABLE IF NOT EXISTS {views}.recheck_days_g{g} (
        org text, status text, day bigint, PRIMARY KEY ((org, status), day))",
    "CREATE TABLE IF NOT EXISTS {views}.fallbacks_g{g} (org text, id text, body blob, PRIMARY KEY ((org, id)))",
    "CREATE TABLE IF NOT EXISTS {views}.fallbacks_of_customer_g{g} (
        org text, customer text, id text, body blob, PRIMARY KEY ((org, customer), id))",
    // By when the attempt was made. `opens` is the recheck that it opened.
    "CREATE TABLE IF NOT EXISTS {views}.fallbacks_of_day_g{g} (
        org text, day bigint,
        attempted_at bigint, log_partition int, log_offset bigint, id text, cause text, opens text,
        PRIMARY KEY ((org, day), attempted_at, log_partition, log_offset, id))",
    "CREATE TABLE IF NOT EXISTS {views}.fallback_days_g{g} (org text, day bigint, PRIMARY KEY ((org), day))",
];
