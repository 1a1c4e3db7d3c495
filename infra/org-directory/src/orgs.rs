//! Making and changing orgs and their API keys: each a record in `identity.orgs`, which every instance follows.
//! `cli.rs` is the same as a command.

pub mod cli;

use std::collections::BTreeMap;
use std::path::PathBuf;

use bytes::Bytes;
use domain::ids::{ApiKeyId, OrgId};
use domain::orgs::{
    ApiKeyRecord, Capability, CapabilitySet, DirectoryRecord, Environment, OrgRecord, OrgSetting,
    OrgSettings, RateBucket, RateLimits, Scope, SettingValue, Suite,
};
use domain::policy::POLICY_STANDARD;
use domain::ports::{LogError, Topic};
use domain::time::Timestamp;
use event_codec::{EncodeError, Meta};
use std::sync::Arc;
use vault::{KmsError, VaultError, create_id_secret, random_id};

use crate::api_key::ApiKey;
use crate::directory_state::DirectoryState;
use crate::limits::{APPEND_TRIES, DIRECTORY_RETRY};
use crate::signers::{SignerSets, SignersError, sandbox_signer_set};
use engine::Engine;
use service::clock;

/// An org to make.
#[derive(Debug, Clone)]
pub struct NewOrg {
    /// Its name, for operators.
    pub name: String,
    /// Sandbox or live.
    pub environment: Environment,
    /// What it may do beyond what every org may.
    pub capabilities: CapabilitySet,
    /// Its limits.
    pub limits: RateLimits,
    /// What its first key may do.
    pub scopes: Vec<Scope>,
    /// Where a sandbox's two signers lie or are made; an org of environment `live` gets none here.
    pub key_dir: PathBuf,
}

/// A key that was just made: the only moment at which its text is known.
#[derive(Debug, Clone)]
pub struct NewKey {
    /// Its record.
    pub record: ApiKeyRecord,
    /// Its text.
    pub text: ApiKey,
}

/// An org that was just made.
#[derive(Debug, Clone)]
pub struct CreatedOrg {
    /// Its record.
    pub org: OrgRecord,
    /// Its first key.
    pub key: NewKey,
}

/// What to change of an org; none stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrgChange {
    /// Its name.
    pub name: Option<String>,
    /// Capabilities: true grants, false takes away.
    pub capabilities: BTreeMap<Capability, bool>,
    /// False: `verifications:view` also posts verdicts.
    pub strict_scopes: Option<bool>,
    /// Requests a minute by bucket.
    pub limits: BTreeMap<RateBucket, u32>,
    /// The tier policy its new events carry.
    pub policy_version: Option<u32>,
    /// The AEAD its new envelopes are sealed with.
    pub suite: Option<Suite>,
    /// Settings; none puts one back to its default.
    pub settings: BTreeMap<OrgSetting, Option<SettingValue>>,
}

/// Why nothing, or not all of it, was done.
#[derive(Debug, thiserror::Error)]
pub enum OrgsError {
    /// There is no such org.
    #[error("there is no org {0}")]
    NoSuchOrg(OrgId),
    /// The org has no such key.
    #[error("org {0} has no key {1}")]
    NoSuchKey(OrgId, ApiKeyId),
    /// One replica alone may not carry a live org.
    #[error("an org of environment live needs min_insync_replicas of at least 2")]
    NotDurableEnough,
    /// Its signers.
    #[error(transparent)]
    Signers(#[from] SignersError),
    /// The KMS.
    #[error(transparent)]
    Kms(#[from] KmsError),
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A value that the record's schema has no room for.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// The org was made, its first key was not.
    #[error("org {org} was made, but no key for it ({error}); make one with: orgs keys create {org}")]
    WithoutKey {
        /// The org.
        org: OrgId,
        /// Why.
        error: Box<OrgsError>,
    },
}

/// Orgs and keys of an engine. Everything that returns `Ok` is durable in the log.
#[derive(Debug, Clone, Copy)]
pub struct Orgs<'a> {
    engine: &'a Engine,
}

impl<'a> Orgs<'a> {
    /// Of that engine.
    pub fn new(engine: &'a Engine) -> Self {
        Self { engine }
    }

    /// Makes an org (strict scopes, the default suite, the standard tier policy) and its first key.
    ///
    /// # Errors
    /// [`OrgsError`]; when it is not [`OrgsError::WithoutKey`], there is no org. What was made before the
    /// error (an org key, signers) belongs to nobody and does no harm.
    pub async fn create(&self, new: NewOrg) -> Result<CreatedOrg, OrgsError> {
        if new.environment == Environment::Live && !self.engine.durability().carries_live_orgs() {
            return Err(OrgsError::NotDurableEnough);
        }
        let (org, now) = (OrgId::from_bytes(random_id()), clock::now());
        self.engine.kms.create_org_key(&org).await?;
        let id_secret = create_id_secret(&*self.engine.kms, &org).await?;
        if new.environment == Environment::Sandbox {
            self.make_signers(&org, new.key_dir).await?;
        }
        let record = OrgRecord {
            org: org.clone(),
            name: new.name,
            environment: new.environment,
            capabilities: new.capabilities,
            strict_scopes: true,
            limits: new.limits,
            policy_version: POLICY_STANDARD,
            suite: Suite::Aes256GcmSiv,
            id_secret,
            evidence_key_id: String::new(),
            evidence_public_key: Bytes::new(),
            created_at: now,
            settings: OrgSettings::default(),
        };
        self.append(&DirectoryRecord::Org(record.clone())).await?;
        let key = match self.make_key(&record, new.scopes, None).await {
            Ok(key) => key,
            Err(error) => return Err(OrgsError::WithoutKey { org, error: Box::new(error) }),
        };
        Ok(CreatedOrg { org: record, key })
    }

    /// Every org, by id.
    ///
    /// # Errors
    /// [`OrgsError::Log`].
    pub async fn list(&self) -> Result<Vec<OrgRecord>, OrgsError> {
        Ok(self.state().await?.orgs.into_values().map(Arc::unwrap_or_clone).collect())
    }

    /// Changes an org. Of two changes at once the later append stands, as a whole.
    ///
    /// # Errors
    /// [`OrgsError::NoSuchOrg`], or what appending fails with.
    pub async fn set(&self, org: &OrgId, change: OrgChange) -> Result<OrgRecord, OrgsError> {
        let mut record = self.org(org).await?;
        for (capability, is_granted) in change.capabilities {
            record.capabilities.set(capability, is_granted);
        }
        for (bucket, per_minute) in change.limits {
            record.limits.set(bucket, per_minute);
        }
        for (setting, value) in &change.settings {
            record.settings.set(*setting, value.as_ref());
        }
        record.policy_version = change.policy_version.unwrap_or(record.policy_version);
        record.name = change.name.unwrap_or(record.name);
        record.strict_scopes = change.strict_scopes.unwrap_or(record.strict_scopes);
        record.suite = change.suite.unwrap_or(record.suite);
        self.append(&DirectoryRecord::Org(record.clone())).await?;
        Ok(record)
    }

    /// Takes the evidence key of before there were signers out of an org's record: an instance of an earlier build that
    /// still runs refuses evidence from then on. Again is no error.
    ///
    /// # Errors
    /// [`OrgsError::NoSuchOrg`], or what appending fails with.
    pub async fn retire_evidence_key(&self, org: &OrgId) -> Result<(), OrgsError> {
        let mut record = self.org(org).await?;
        if record.has_evidence_key() {
            (record.evidence_key_id, record.evidence_public_key) = (String::new(), Bytes::new());
            self.append(&DirectoryRecord::Org(record)).await?;
        }
        Ok(())
    }

    /// Makes a key of an org.
    ///
    /// # Errors
    /// [`OrgsError::NoSuchOrg`], or what appending fails with.
    pub async fn create_key(
        &self,
        org: &OrgId,
        scopes: Vec<Scope>,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, OrgsError> {
        let record = self.org(org).await?;
        self.make_key(&record, scopes, expires_at).await
    }

    /// Revokes a key of an org. Again is no error.
    ///
    /// # Errors
    /// [`OrgsError::NoSuchKey`], or what appending fails with.
    pub async fn revoke_key(&self, org: &OrgId, key: &ApiKeyId) -> Result<ApiKeyRecord, OrgsError> {
        let found = self.keys(org).await?.into_iter().find(|record| record.id == *key);
        let mut record = found.ok_or_else(|| OrgsError::NoSuchKey(org.clone(), key.clone()))?;
        if record.revoked_at.is_none() {
            record.revoked_at = Some(clock::now());
            self.append(&DirectoryRecord::ApiKey(record.clone())).await?;
        }
        Ok(record)
    }

    /// The keys of an org, oldest first.
    ///
    /// # Errors
    /// [`OrgsError::NoSuchOrg`] or [`OrgsError::Log`].
    pub async fn keys(&self, org: &OrgId) -> Result<Vec<ApiKeyRecord>, OrgsError> {
        let state = self.state().await?;
        if !state.orgs.contains_key(org) {
            return Err(OrgsError::NoSuchOrg(org.clone()));
        }
        let keys = state.keys.into_values().filter(|key| key.org == *org);
        let mut keys: Vec<_> = keys.map(Arc::unwrap_or_clone).collect();
        keys.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(keys)
    }

    async fn state(&self) -> Result<DirectoryState, LogError> {
        DirectoryState::read(&*self.engine.log, &self.engine.codec).await
    }

    async fn org(&self, org: &OrgId) -> Result<OrgRecord, OrgsError> {
        let found = self.state().await?.orgs.remove(org);
        found.map(Arc::unwrap_or_clone).ok_or_else(|| OrgsError::NoSuchOrg(org.clone()))
    }

    /// The signers of a sandbox's org: the two whose files lie in that folder.
    async fn make_signers(&self, org: &OrgId, key_dir: PathBuf) -> Result<(), OrgsError> {
        let whose = org.clone();
        let set = tokio::task::spawn_blocking(move || sandbox_signer_set(&whose, &key_dir)).await;
        let set = set.map_err(|_| VaultError::Unavailable("writing was broken off".to_owned()))??;
        Ok(SignerSets::of(self.engine).change(set).await?)
    }

    async fn make_key(
        &self,
        org: &OrgRecord,
        scopes: Vec<Scope>,
        expires_at: Option<Timestamp>,
    ) -> Result<NewKey, OrgsError> {
        let text = ApiKey::generate(org.environment);
        let record = ApiKeyRecord {
            id: ApiKeyId::from_bytes(random_id()),
            org: org.org.clone(),
            key_sha256: text.sha256(),
            scopes,
            expires_at,
            revoked_at: None,
            created_at: clock::now(),
        };
        self.append(&DirectoryRecord::ApiKey(record.clone())).await?;
        Ok(NewKey { record, text })
    }

    /// Appends until it is confirmed, some times at most.
    async fn append(&self, record: &DirectoryRecord) -> Result<(), OrgsError> {
        let record = self.engine.codec.directory(record, &Meta { time: clock::now(), traceparent: None })?;
        let mut backoff = DIRECTORY_RETRY.start();
        for _ in 1..APPEND_TRIES {
            match self.engine.log.append(Topic::Orgs, record.clone()).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_transient() => tokio::time::sleep(backoff.next_pause()).await,
                Err(error) => return Err(error.into()),
            }
        }
        self.engine.log.append(Topic::Orgs, record).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests;
