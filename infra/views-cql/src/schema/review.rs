//! The key store's seventh version: the keys of review copies, and by which to find those of a customer and those whose time
//! is over.

/// Its statements.
pub(super) const KEYS_7: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {keys}.review_keys (
        org text, verification text, customer text, state text, key_id text, version bigint, wrapped blob,
        expires_at bigint, PRIMARY KEY ((org, verification)))",
    // The two below say where to look and prove nothing: a row without an active key is harmless.
    "CREATE TABLE IF NOT EXISTS {keys}.review_keys_of_customer (
        org text, customer text, verification text, PRIMARY KEY ((org, customer), verification))",
    "CREATE TABLE IF NOT EXISTS {keys}.review_keys_of_hour (
        hour bigint, expires_at bigint, org text, verification text,
        PRIMARY KEY (hour, expires_at, org, verification))",
    // Which hours there are in the table above: some two hundred at a time.
    "CREATE TABLE IF NOT EXISTS {keys}.review_key_hours (only int, hour bigint, PRIMARY KEY (only, hour))",
];
