//! Orgs and keys as the commands print them: JSON for programs, tables for people.

use domain::orgs::{ApiKeyRecord, Capability, OrgRecord, OrgSetting, RateBucket};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::api_key;
use crate::setting_json::setting_json;
use service::clock;
use service::program::table;

/// An org, without its secrets: every bucket's limit, every setting, and each capability both by itself and in the
/// list, which has the words of a later build too.
pub(super) fn org_json(org: &OrgRecord) -> Value {
    let mut printed = json!({
        "orgId": org.org.as_str(),
        "name": org.name,
        "environment": org.environment.as_str(),
        "capabilities": org.capabilities.words().collect::<Vec<_>>(),
        "strictScopes": org.strict_scopes,
        "limits": {},
        "policyVersion": org.policy_version,
        "suite": org.suite.as_str(),
        "createdAt": org.created_at.rfc3339(),
        "settings": {},
    });
    for capability in Capability::ALL {
        printed[capability.as_str()] = org.capabilities.contains(capability).into();
    }
    for bucket in RateBucket::ALL {
        printed["limits"][camel_case(bucket.as_str())] = org.limits.per_minute(bucket).into();
    }
    // What only a later build knows, too.
    for (name, per_minute) in org.limits.names() {
        printed["limits"][camel_case(name)] = per_minute.into();
    }
    for (name, text) in org.settings.texts().filter(|(name, _)| OrgSetting::parse(name).is_none()) {
        printed["settings"][name] = text.into();
    }
    for setting in OrgSetting::ALL {
        printed["settings"][setting.as_str()] = setting_json(org.setting(setting).as_ref());
    }
    printed
}

/// `nikDukcapil` of `nik_dukcapil`.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let mut joined = words.next().unwrap_or_default().to_owned();
    for word in words {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        joined.push_str(&first.to_ascii_uppercase());
        joined.push_str(rest);
    }
    joined
}

/// The buckets that have a column of their own; what was set of others stands in one column, by name.
const LIMIT_COLUMNS: [(RateBucket, &str); 3] = [
    (RateBucket::Get, "GETs/min"),
    (RateBucket::Write, "writes/min"),
    (RateBucket::NikDukcapil, "verdicts/min"),
];

/// Orgs as a table. A limit of 0 is none.
pub(super) fn org_table(orgs: &[OrgRecord]) -> String {
    let on = |yes: bool| if yes { "on" } else { "off" }.to_owned();
    let limit = |count: u32| if count == 0 { "none".to_owned() } else { count.to_string() };
    let [get, write, verdict] = LIMIT_COLUMNS;
    let heads = [
        "org",
        "name",
        "environment",
        "dukcapil",
        "other capabilities",
        "strict scopes",
        get.1,
        write.1,
        verdict.1,
        "other limits",
        "tier policy",
        "suite",
        "settings",
        "created",
    ];
    let rows = orgs.iter().map(|org| {
        let own = Capability::DukcapilEnabled;
        let others: Vec<_> = org.capabilities.words().filter(|word| *word != own.as_str()).collect();
        let is_other = |name: &str| LIMIT_COLUMNS.iter().all(|(bucket, _)| bucket.as_str() != name);
        let other_limits = org.limits.names().filter(|(name, _)| is_other(name));
        let other_limits: Vec<_> =
            other_limits.map(|(name, count)| format!("{name}={}", limit(count))).collect();
        let settings: Vec<_> = org.settings.texts().map(|(name, text)| format!("{name}={text}")).collect();
        [
            org.org.to_string(),
            org.name.clone(),
            org.environment.as_str().to_owned(),
            on(org.capabilities.contains(own)),
            or_dash(others.join(",")),
            on(org.strict_scopes),
            limit(org.limits.per_minute(get.0)),
            limit(org.limits.per_minute(write.0)),
            limit(org.limits.per_minute(verdict.0)),
            or_dash(other_limits.join(",")),
            org.policy_version.to_string(),
            org.suite.as_str().to_owned(),
            or_dash(settings.join(" ")),
            org.created_at.rfc3339(),
        ]
    });
    table(heads, rows)
}

/// A cell is never empty, so that columns can be told apart.
fn or_dash(text: String) -> String {
    if text.is_empty() { "-".to_owned() } else { text }
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
