//! Records of the directory: orgs and their keys.

use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{
    ApiKeyRecord, CapabilitySet, DirectoryRecord, Environment, OrgRecord, OrgSettings, RateLimits, Scope,
    Suite, WrappedSecret,
};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{bytes, time};

pub(super) fn directory() -> impl Strategy<Value = DirectoryRecord> {
    let words = vec(prop_oneof![Just("dukcapilEnabled".to_owned()), any::<String>()], 0..4);
    let names = ["get", "write", "nik_dukcapil"].map(str::to_owned).to_vec();
    let limits = vec((prop_oneof![select(names), any::<String>()], any::<u32>()), 0..6);
    let names = prop_oneof![Just("match.medium".to_owned()), any::<String>()];
    let settings = vec((names, any::<String>()), 0..4);
    let rest = (any::<[u8; 16]>(), any::<String>(), any::<[bool; 3]>(), any::<[u32; 2]>(), bytes(), time());
    let org = (words, limits, settings, rest).prop_map(
        |(words, limits, settings, (org, name, flags, numbers, wrapped, created_at))| OrgRecord {
            org: OrgId::from_bytes(org),
            name: name.clone(),
            environment: if flags[0] { Environment::Live } else { Environment::Sandbox },
            capabilities: CapabilitySet::from_words(words),
            strict_scopes: flags[1],
            limits: RateLimits::from_names(limits),
            policy_version: numbers[0],
            suite: if flags[2] { Suite::Aes256Gcm } else { Suite::Aes256GcmSiv },
            id_secret: WrappedSecret { kms_version: numbers[1], wrapped: wrapped.clone() },
            evidence_key_id: name,
            evidence_public_key: wrapped,
            created_at,
            settings: OrgSettings::from_texts(settings),
        },
    );
    let scopes = vec(select(&Scope::ALL[..]), 0..8);
    let key = (any::<[[u8; 16]; 2]>(), any::<[u8; 32]>(), scopes, of(time()), of(time()), time()).prop_map(
        |([id, org], key_sha256, scopes, expires_at, revoked_at, created_at)| ApiKeyRecord {
            id: ApiKeyId::from_bytes(id),
            org: OrgId::from_bytes(org),
            key_sha256,
            scopes,
            expires_at,
            revoked_at,
            created_at,
        },
    );
    prop_oneof![org.prop_map(DirectoryRecord::Org), key.prop_map(DirectoryRecord::ApiKey)]
}
