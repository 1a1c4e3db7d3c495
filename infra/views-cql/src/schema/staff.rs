//! The key store's fourth version: staff of the console and their sessions.

/// Its statements.
pub(super) const KEYS_4: &[&str] = &[
    "CREATE TABLE IF NOT EXISTS {keys}.staff_accounts (
        user text PRIMARY KEY, org text, role text, password_hash text, disabled int, created_at bigint,
        version bigint)",
    "CREATE TABLE IF NOT EXISTS {keys}.staff_sessions (
        digest blob PRIMARY KEY, user text, account_version bigint, created_at bigint, last_seen_at bigint,
        expires_at bigint)",
    // Which sessions to look for where all of somebody's end. Its rows end with theirs; a row without its session is
    // harmless.
    "CREATE TABLE IF NOT EXISTS {keys}.staff_sessions_of_user (
        user text, digest blob, PRIMARY KEY (user, digest))",
];
