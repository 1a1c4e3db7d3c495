//! Bodies of `identity.orgs`, and the one of `identity.dead-letters`.

use domain::ids::{ApiKeyId, EventId, OrgId};
use domain::orgs::{
    self, Capability, CapabilitySet, Environment, OrgRecord, OrgSettings, RateBucket, Scope, Suite,
};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{Blob, Fixed, List, Source, Text, id, time, word};
use crate::error::DecodeError;

/// The limits of version 1. They and `dukcapil_enabled` are still written for its readers; the lists of version 2 hold
/// wherever they are there.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RateLimits {
    get_per_minute: u32,
    write_per_minute: u32,
    nik_dukcapil_per_minute: u32,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BucketLimit<'a> {
    bucket: Text<'a>,
    per_minute: u32,
}

#[derive(Serialize, Deserialize)]
struct OrgSetting<'a> {
    name: Text<'a>,
    value: Text<'a>,
}

impl RateLimits {
    fn of(limits: &orgs::RateLimits) -> Self {
        Self {
            get_per_minute: limits.per_minute(RateBucket::Get),
            write_per_minute: limits.per_minute(RateBucket::Write),
            nik_dukcapil_per_minute: limits.per_minute(RateBucket::NikDukcapil),
        }
    }

    fn into_domain(self) -> orgs::RateLimits {
        orgs::RateLimits::from_iter([
            (RateBucket::Get, self.get_per_minute),
            (RateBucket::Write, self.write_per_minute),
            (RateBucket::NikDukcapil, self.nik_dukcapil_per_minute),
        ])
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WrappedSecret {
    kms_version: u32,
    wrapped: Blob,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Org<'a> {
    org_id: Text<'a>,
    name: Text<'a>,
    environment: Text<'a>,
    dukcapil_enabled: bool,
    strict_scopes: bool,
    limits: RateLimits,
    policy_version: u32,
    suite: Text<'a>,
    id_secret: WrappedSecret,
    evidence_key_id: Text<'a>,
    evidence_public_key: Blob,
    created_at: i64,
    capabilities: Option<List<Text<'a>>>,
    bucket_limits: Option<List<BucketLimit<'a>>>,
    settings: Option<List<OrgSetting<'a>>>,
}

impl Body for Org<'_> {}

impl<'a> From<&'a OrgRecord> for Org<'a> {
    fn from(r: &'a OrgRecord) -> Self {
        let limit = |(bucket, per_minute): (&'a str, u32)| BucketLimit { bucket: bucket.into(), per_minute };
        let setting = |(name, text): (&'a str, &'a str)| OrgSetting { name: name.into(), value: text.into() };
        Self {
            org_id: r.org.as_str().into(),
            name: (&r.name).into(),
            environment: r.environment.as_str().into(),
            dukcapil_enabled: r.capabilities.contains(Capability::DukcapilEnabled),
            strict_scopes: r.strict_scopes,
            limits: RateLimits::of(&r.limits),
            policy_version: r.policy_version,
            suite: r.suite.as_str().into(),
            id_secret: WrappedSecret {
                kms_version: r.id_secret.kms_version,
                wrapped: Blob(r.id_secret.wrapped.clone()),
            },
            evidence_key_id: (&r.evidence_key_id).into(),
            evidence_public_key: Blob(r.evidence_public_key.clone()),
            created_at: r.created_at.millis(),
            capabilities: Some(List(r.capabilities.words().map(Into::into).collect())),
            bucket_limits: Some(List(r.limits.names().map(limit).collect())),
            settings: Some(List(r.settings.texts().map(setting).collect())),
        }
    }
}

impl TryFrom<Org<'_>> for OrgRecord {
    type Error = DecodeError;

    fn try_from(w: Org<'_>) -> Result<Self, DecodeError> {
        let capabilities = match w.capabilities {
            Some(words) => CapabilitySet::from_words(words.0.into_iter().map(Text::into_owned)),
            None => w.dukcapil_enabled.then_some(Capability::DukcapilEnabled).into_iter().collect(),
        };
        let limits = match w.bucket_limits {
            Some(limits) => orgs::RateLimits::from_names(
                limits.0.into_iter().map(|limit| (limit.bucket.into_owned(), limit.per_minute)),
            ),
            None => w.limits.into_domain(),
        };
        let settings = w.settings.map_or_else(Vec::new, |settings| settings.0);
        let settings = settings.into_iter().map(|one| (one.name.into_owned(), one.value.into_owned()));
        Ok(Self {
            org: id("orgId", &w.org_id, OrgId::parse)?,
            name: w.name.into_owned(),
            environment: word("environment", &w.environment, Environment::parse)?,
            capabilities,
            strict_scopes: w.strict_scopes,
            limits,
            policy_version: w.policy_version,
            suite: word("suite", &w.suite, Suite::parse)?,
            id_secret: orgs::WrappedSecret {
                kms_version: w.id_secret.kms_version,
                wrapped: w.id_secret.wrapped.0,
            },
            evidence_key_id: w.evidence_key_id.into_owned(),
            evidence_public_key: w.evidence_public_key.0,
            created_at: time("createdAt", w.created_at)?,
            settings: OrgSettings::from_texts(settings),
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApiKey<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    key_sha256: Fixed<32>,
    scopes: List<Text<'a>>,
    expires_at: Option<i64>,
    revoked_at: Option<i64>,
    created_at: i64,
}

impl Body for ApiKey<'_> {}

impl<'a> From<&'a orgs::ApiKeyRecord> for ApiKey<'a> {
    fn from(r: &'a orgs::ApiKeyRecord) -> Self {
        Self {
            id: r.id.as_str().into(),
            org_id: r.org.as_str().into(),
            key_sha256: Fixed(r.key_sha256),
            scopes: List(r.scopes.iter().map(|scope| scope.as_str().into()).collect()),
            expires_at: r.expires_at.map(|time| time.millis()),
            revoked_at: r.revoked_at.map(|time| time.millis()),
            created_at: r.created_at.millis(),
        }
    }
}

impl TryFrom<ApiKey<'_>> for orgs::ApiKeyRecord {
    type Error = DecodeError;

    fn try_from(w: ApiKey<'_>) -> Result<Self, DecodeError> {
        let scope = |text: &Text<'_>| word("scopes", text, Scope::parse);
        Ok(Self {
            id: id("id", &w.id, ApiKeyId::parse)?,
            org: id("orgId", &w.org_id, OrgId::parse)?,
            key_sha256: w.key_sha256.0,
            scopes: w.scopes.0.iter().map(scope).collect::<Result<_, _>>()?,
            expires_at: w.expires_at.map(|ms| time("expiresAt", ms)).transpose()?,
            revoked_at: w.revoked_at.map(|ms| time("revokedAt", ms)).transpose()?,
            created_at: time("createdAt", w.created_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Header<'a> {
    name: Text<'a>,
    value: Blob,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct DeadLetter<'a> {
    origin: Source,
    customer_key: Text<'a>,
    cause: Text<'a>,
    event_id: Option<Text<'a>>,
    appended_at: i64,
    value: Option<Blob>,
    headers: List<Header<'a>>,
}

impl Body for DeadLetter<'_> {
    fn sealed_bytes(&self) -> usize {
        Blob::size(self.value.as_ref())
    }
}

impl<'a> From<&'a crate::DeadLetter> for DeadLetter<'a> {
    fn from(l: &'a crate::DeadLetter) -> Self {
        let header =
            |(name, value): &'a (String, _)| Header { name: name.into(), value: Blob(Clone::clone(value)) };
        Self {
            origin: l.origin.into(),
            customer_key: (&l.customer_key).into(),
            cause: (&l.cause).into(),
            event_id: l.event_id.as_ref().map(|id| id.as_str().into()),
            appended_at: l.appended_at.millis(),
            value: l.value.clone().map(Blob),
            headers: List(l.headers.iter().map(header).collect()),
        }
    }
}

impl TryFrom<DeadLetter<'_>> for crate::DeadLetter {
    type Error = DecodeError;

    fn try_from(w: DeadLetter<'_>) -> Result<Self, DecodeError> {
        let event = |text: Text<'_>| id("eventId", &text, EventId::parse);
        Ok(Self {
            origin: w.origin.into(),
            customer_key: w.customer_key.into_owned(),
            cause: w.cause.into_owned(),
            event_id: w.event_id.map(event).transpose()?,
            appended_at: time("appendedAt", w.appended_at)?,
            value: w.value.map(|blob| blob.0),
            headers: w.headers.0.into_iter().map(|h| (h.name.into_owned(), h.value.0)).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use domain::time::Timestamp;

    use super::*;

    fn record() -> OrgRecord {
        OrgRecord {
            org: OrgId::from_bytes([1; 16]),
            name: "Bank Contoh".into(),
            environment: Environment::Live,
            capabilities: CapabilitySet::from_words(["laterEnabled".to_owned()]),
            strict_scopes: true,
            limits: [(RateBucket::Write, 5)].into_iter().collect(),
            policy_version: 1,
            suite: Suite::Aes256GcmSiv,
            id_secret: orgs::WrappedSecret { kms_version: 1, wrapped: Bytes::from_static(b"w") },
            evidence_key_id: "k".into(),
            evidence_public_key: Bytes::from_static(&[2; 32]),
            created_at: Timestamp::from_millis(0),
            settings: OrgSettings::default(),
        }
    }

    #[test]
    fn readers_of_version_1_see_what_holds() {
        let mut record = record();
        let written = Org::from(&record);
        assert!(!written.dukcapil_enabled);
        let RateLimits { get_per_minute, write_per_minute, nik_dukcapil_per_minute } = written.limits;
        assert_eq!((get_per_minute, write_per_minute, nik_dukcapil_per_minute), (600, 5, 30));
        record.capabilities.set(Capability::DukcapilEnabled, true);
        assert!(Org::from(&record).dukcapil_enabled);
    }

    #[test]
    fn the_lists_hold_where_they_are_and_the_fields_of_version_1_elsewhere() {
        let record = record();
        let disagreeing = || Org {
            dukcapil_enabled: true,
            limits: RateLimits { get_per_minute: 1, write_per_minute: 2, nik_dukcapil_per_minute: 3 },
            ..Org::from(&record)
        };
        assert_eq!(OrgRecord::try_from(disagreeing()), Ok(record.clone()));

        let first = Org { capabilities: None, bucket_limits: None, ..disagreeing() };
        let read = OrgRecord::try_from(first).expect("an org");
        assert_eq!(read.capabilities.words().collect::<Vec<_>>(), ["dukcapilEnabled"]);
        let buckets = [RateBucket::Get, RateBucket::Write, RateBucket::NikDukcapil];
        assert_eq!(buckets.map(|bucket| read.limits.per_minute(bucket)), [1, 2, 3]);

        let off = Org { capabilities: None, dukcapil_enabled: false, ..disagreeing() };
        let read = OrgRecord::try_from(off).expect("an org");
        assert_eq!((read.capabilities.words().count(), read.limits), (0, record.limits.clone()));
    }
}
