//! Orgs and keys as the commands print them: JSON for programs, tables for people.

use domain::orgs::{ApiKeyRecord, OrgRecord};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_key;
use service::clock;
use service::program::table;

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

/// Orgs as a table. A limit of 0 is none.
pub(super) fn org_table(orgs: &[OrgRecord]) -> String {
    let on = |yes: bool| if yes { "on" } else { "off" }.to_owned();
    let limit = |count: u32| if count == 0 { "none".to_owned() } else { count.to_string() };
    let heads = [
        "org",
        "name",
        "environment",
        "dukcapil",
        "strict scopes",
        "GETs/min",
        "writes/min",
        "verdicts/min",
        "tier policy",
        "suite",
        "created",
    ];
    let rows = orgs.iter().map(|org| {
        [
            org.org.to_string(),
            org.name.clone(),
            org.environment.as_str().to_owned(),
            on(org.dukcapil_enabled),
            on(org.strict_scopes),
            limit(org.limits.get_per_minute),
            limit(org.limits.write_per_minute),
            limit(org.limits.nik_dukcapil_per_minute),
            org.policy_version.to_string(),
            org.suite.as_str().to_owned(),
            org.created_at.rfc3339(),
        ]
    });
    table(heads, rows)
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

/// Keys as a table.
pub(super) fn key_table(keys: &[ApiKeyRecord]) -> String {
    let rows = keys.iter().map(|key| {
        let scopes: Vec<_> = key.scopes.iter().map(|scope| scope.as_str()).collect();
        let state = match (key.revoked_at, key.expires_at) {
            (Some(at), _) => format!("revoked at {}", at.rfc3339()),
            (None, Some(at)) if api_key::is_good(key, clock::now()) => {
                format!("active until {}", at.rfc3339())
            }
            (None, Some(at)) => format!("expired at {}", at.rfc3339()),
            (None, None) => "active".to_owned(),
        };
        [key.id.to_string(), state, scopes.join(","), key.created_at.rfc3339()]
    });
    table(["key", "state", "scopes", "created"], rows)
}
