//! Orgs and keys as the commands print them: JSON for programs, lines for people.

use std::io::Write;

use domain::orgs::{ApiKeyRecord, OrgRecord};
use domain::time::Timestamp;
use serde_json::{Value, json};

use super::Failed;
use crate::api_key;
use crate::clock;

/// A JSON array, or a line for each.
pub(super) fn print_list<T>(
    out: &mut dyn Write,
    json: bool,
    items: &[T],
    to_json: fn(&T) -> Value,
    to_line: fn(&T) -> String,
) -> Result<(), Failed> {
    if json {
        writeln!(out, "{}", Value::Array(items.iter().map(to_json).collect()))?;
    } else {
        for item in items {
            writeln!(out, "{}", to_line(item))?;
        }
    }
    Ok(())
}

/// An org, without its secrets.
pub(super) fn org_json(org: &OrgRecord) -> Value {
    json!({
        "orgId": org.org.as_str(),
        "name": org.name,
        "environment": org.environment.as_str(),
        "dukcapilEnabled": org.dukcapil_enabled,
        "strictScopes": org.strict_scopes,
        "limits": {
            "get": org.limits.get_per_minute,
            "write": org.limits.write_per_minute,
            "nikDukcapil": org.limits.nik_dukcapil_per_minute,
        },
        "policyVersion": org.policy_version,
        "suite": org.suite.as_str(),
        "evidenceKeyId": org.evidence_key_id,
        "createdAt": org.created_at.rfc3339(),
    })
}

/// An org in a line.
pub(super) fn org_line(org: &OrgRecord) -> String {
    let on = |yes: bool| if yes { "on" } else { "off" };
    format!(
        "{}  {}  dukcapil {}  strict {}  limits {}/{}/{}  policy {}  {}  {}",
        org.org,
        org.environment.as_str(),
        on(org.dukcapil_enabled),
        on(org.strict_scopes),
        org.limits.get_per_minute,
        org.limits.write_per_minute,
        org.limits.nik_dukcapil_per_minute,
        org.policy_version,
        org.suite.as_str(),
        org.name,
    )
}

/// A key; never its text, which nobody has.
pub(super) fn key_json(key: &ApiKeyRecord) -> Value {
    json!({
        "keyId": key.id.as_str(),
        "orgId": key.org.as_str(),
        "scopes": key.scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>(),
        "expiresAt": key.expires_at.map(Timestamp::rfc3339),
        "revokedAt": key.revoked_at.map(Timestamp::rfc3339),
        "createdAt": key.created_at.rfc3339(),
    })
}

/// A key in a line.
pub(super) fn key_line(key: &ApiKeyRecord) -> String {
    let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
    let state = match (key.revoked_at, key.expires_at) {
        (Some(at), _) => format!("revoked {}", at.rfc3339()),
        (None, Some(at)) if api_key::is_good(key, clock::now()) => format!("good until {}", at.rfc3339()),
        (None, Some(at)) => format!("expired {}", at.rfc3339()),
        (None, None) => "good".to_owned(),
    };
    format!("{}  {state}  {}  made {}", key.id, scopes.join(","), key.created_at.rfc3339())
}
