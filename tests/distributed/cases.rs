//! The cases of `../it/` that hold on both engines, as they stand there. Not here: what is a sandbox's alone.

#[path = "../it/accepted.rs"]
mod accepted;
#[path = "../it/access.rs"]
mod access;
#[path = "../it/bodies.rs"]
mod bodies;
#[path = "../it/common.rs"]
mod common;
#[path = "../it/customers.rs"]
mod customers;
#[path = "../it/documents.rs"]
mod documents;
#[path = "../it/errors.rs"]
mod errors;
#[path = "../it/fields.rs"]
mod fields;
#[path = "../it/idempotency.rs"]
mod idempotency;
#[path = "../it/json.rs"]
mod json;
#[path = "../it/limits.rs"]
mod limits;
#[path = "../it/lists.rs"]
mod lists;
#[path = "../it/orgs_cli.rs"]
mod orgs_cli;
#[path = "../it/photo_fields.rs"]
mod photo_fields;
#[path = "../it/scopes.rs"]
mod scopes;
#[path = "../it/verdicts.rs"]
mod verdicts;
#[path = "../it/waiting.rs"]
mod waiting;
