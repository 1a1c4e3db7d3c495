//! Values as somebody types them: what each option takes, and what it says of anything else.

use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{Capability, Environment, OrgSetting, RateBucket, Scope, SettingValue, Suite};
use domain::policy::TierPolicy;
use domain::time::Timestamp;
use service::clock;

use crate::limits::{LIMIT_PER_MINUTE_MAX, ORG_NAME_CHARS_MAX};

pub(super) fn org_id(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).map_err(|error| error.to_string())
}

pub(super) fn key_id(text: &str) -> Result<ApiKeyId, String> {
    ApiKeyId::parse(text).map_err(|error| error.to_string())
}

pub(super) fn scope(word: &str) -> Result<Scope, String> {
    let all = || Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(word.trim()).ok_or_else(|| format!("scopes are {}", all()))
}

pub(super) fn environment(word: &str) -> Result<Environment, String> {
    Environment::parse(word).ok_or_else(|| "environments are sandbox and live".to_owned())
}

pub(super) fn suite(word: &str) -> Result<Suite, String> {
    Suite::parse(word).ok_or_else(|| "suites are aes-256-gcm-siv and aes-256-gcm".to_owned())
}

pub(super) fn policy(text: &str) -> Result<u32, String> {
    let version = text.parse().ok().filter(|version| TierPolicy::of_version(*version).is_some());
    version.ok_or_else(|| "there is no such tier policy".to_owned())
}

pub(super) fn limit(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number <= LIMIT_PER_MINUTE_MAX);
    number.ok_or_else(|| format!("a limit is a number from 0 to {LIMIT_PER_MINUTE_MAX}"))
}

pub(super) fn capability(text: &str) -> Result<(Capability, bool), String> {
    let all = Capability::ALL.map(Capability::as_str).join(", ");
    let pair = text
        .trim()
        .split_once('=')
        .and_then(|(name, value)| Some((Capability::parse(name)?, value.parse().ok()?)));
    pair.ok_or_else(|| format!("a capability is NAME=true or NAME=false; names are {all}"))
}

pub(super) fn bucket_limit(text: &str) -> Result<(RateBucket, u32), String> {
    let all = RateBucket::ALL.map(RateBucket::as_str).join(", ");
    let pair = text.trim().split_once('=').and_then(|(name, value)| Some((RateBucket::parse(name)?, value)));
    let (bucket, number) = pair.ok_or_else(|| format!("a limit is BUCKET=N; buckets are {all}"))?;
    Ok((bucket, limit(number)?))
}

pub(super) fn setting(text: &str) -> Result<(OrgSetting, Option<SettingValue>), String> {
    let all = OrgSetting::ALL.map(OrgSetting::as_str).join(", ");
    let pair =
        text.split_once('=').and_then(|(name, value)| Some((OrgSetting::parse(name.trim())?, value.trim())));
    let (setting, value) = pair.ok_or_else(|| format!("a setting is NAME=VALUE; names are {all}"))?;
    if value.is_empty() {
        return Ok((setting, None));
    }
    let chosen = setting.kind().parse(value);
    let wanted = || format!("{} is {}, or empty for its default", setting.as_str(), setting.kind());
    chosen.map(|value| (setting, Some(value))).ok_or_else(wanted)
}

pub(super) fn name(text: &str) -> Result<String, String> {
    let name = text.trim();
    let good =
        (1..=ORG_NAME_CHARS_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    good.then(|| name.to_owned()).ok_or_else(|| format!("a name is 1 to {ORG_NAME_CHARS_MAX} characters"))
}

pub(super) fn expiry(text: &str) -> Result<Timestamp, String> {
    let now = clock::now();
    let days =
        |days: i64| Timestamp::from_millis(now.millis().saturating_add(days.saturating_mul(86_400_000)));
    let at = match text.strip_suffix('d').map(str::parse::<u32>) {
        Some(count) => count.ok().map(|count| days(i64::from(count))),
        None => Timestamp::parse(text),
    };
    at.filter(|at| *at > now).ok_or_else(|| "an expiry is a time to come (RFC 3339) or days (90d)".to_owned())
}
