//! Records of the directory, orgs and their keys, and dead letters.

use bytes::Bytes;
use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{
    ApiKeyRecord, Capability, CapabilitySet, DirectoryRecord, Environment, OrgRecord, OrgSettings,
    RateBucket, RateLimits, Scope, Suite, WrappedSecret,
};
use event_codec::DeadLetter;

use super::{Any, at, event, source, who};

pub(super) fn others() -> Vec<(&'static str, Any)> {
    let org = OrgRecord {
        org: OrgId::from_bytes([1; 16]),
        name: "Bank Contoh".into(),
        environment: Environment::Live,
        capabilities: [Capability::DukcapilEnabled].into_iter().collect(),
        strict_scopes: true,
        limits: [(RateBucket::Get, 600), (RateBucket::Write, 120), (RateBucket::NikDukcapil, 30)]
            .into_iter()
            .collect(),
        policy_version: 1,
        suite: Suite::Aes256GcmSiv,
        id_secret: WrappedSecret { kms_version: 1, wrapped: Bytes::from_static(&[0xB1; 60]) },
        evidence_key_id: "q83vEjRWeJCrze8S".into(),
        evidence_public_key: Bytes::from_static(&[0xB2; 32]),
        created_at: at(4),
        settings: OrgSettings::default(),
    };
    let later = OrgRecord {
        // A word and a name that this build does not know are kept as they are.
        capabilities: CapabilitySet::from_words(["dukcapilEnabled", "laterEnabled"].map(str::to_owned)),
        limits: RateLimits::from_names([("get", 0), ("later_bucket", 7)].map(|(n, l)| (n.to_owned(), l))),
        ..org.clone()
    };
    let closed =
        OrgRecord { capabilities: CapabilitySet::default(), limits: RateLimits::default(), ..org.clone() };
    let chosen = OrgRecord {
        // A name that this build does not know is kept as it is, and so is its text.
        settings: OrgSettings::from_texts(
            [("match.medium", "0.62"), ("later.setting", "some text")]
                .map(|(n, t)| (n.to_owned(), t.to_owned())),
        ),
        ..later.clone()
    };
    let key = ApiKeyRecord {
        id: ApiKeyId::from_bytes([8; 16]),
        org: OrgId::from_bytes([1; 16]),
        key_sha256: [0xB3; 32],
        scopes: Scope::STANDARD.to_vec(),
        expires_at: Some(at(5)),
        revoked_at: Some(at(6)),
        created_at: at(4),
    };
    let bare = ApiKeyRecord { scopes: Vec::new(), expires_at: None, revoked_at: None, ..key.clone() };
    let letter = DeadLetter {
        origin: source(45),
        customer_key: who().record_key(),
        cause: "malformed: it ends too early".into(),
        event_id: Some(event(16)),
        appended_at: at(5),
        value: Some(Bytes::from_static(&[0, 0, 0, 0, 2, 0xFF])),
        headers: vec![("ce_specversion".into(), Bytes::from_static(b"1.0"))],
    };
    let origin_only = DeadLetter { event_id: None, value: None, headers: Vec::new(), ..letter.clone() };
    vec![
        ("Org.v1", Any::Directory(DirectoryRecord::Org(org))),
        ("Org.v2", Any::Directory(DirectoryRecord::Org(later))),
        ("Org.v2.least", Any::Directory(DirectoryRecord::Org(closed.clone()))),
        ("Org.v3", Any::Directory(DirectoryRecord::Org(chosen))),
        ("Org.v3.least", Any::Directory(DirectoryRecord::Org(closed))),
        ("ApiKey.v1", Any::Directory(DirectoryRecord::ApiKey(key))),
        ("ApiKey.v1.least", Any::Directory(DirectoryRecord::ApiKey(bare))),
        ("DeadLetter.v1", Any::DeadLetter(letter)),
        ("DeadLetter.v1.least", Any::DeadLetter(origin_only)),
    ]
}
