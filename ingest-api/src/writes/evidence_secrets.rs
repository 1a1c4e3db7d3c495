//! The secret that an org's evidence is sealed with: one for each org and hour of this instance, shared among the org's
//! signers, and used only once the log has confirmed how (design §3). One is made at a time; whoever needs it meanwhile
//! waits for it. Not here: how it is shared (`vault`), and who the signers are (`org_directory::signers`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::event::{AuditRecord, EvidenceSecretShared, SharingCause};
use domain::ids::{EventId, OrgId};
use domain::ports::{EventLog, LogError, Topic};
use domain::signers::{SignedSignerSet, SignerSet};
use domain::time::Timestamp;
use event_codec::{Codec, Meta};
use org_directory::signers::{SignerSets, SignersError};
use tokio::sync::Mutex as AsyncMutex;
use vault::{EvidenceSecret, UnsharedSecret, random_id, signer_set_sha256};

use crate::limits::EVIDENCE_SECRET_HOUR;
use crate::serving::errors::ApiError;

/// What an answer names when an org has nobody who could ever open its evidence.
const SIGNERS: &str = "signers";

/// An org's secret and what this instance knows of its signers.
#[derive(Default)]
struct OrgSecret {
    /// There were signers once, so there always are.
    has_signers: AtomicBool,
    state: AsyncMutex<SecretState>,
}

#[derive(Default)]
struct SecretState {
    /// Version and digest of the set of the latest secret: the present one has to follow from it.
    seen: Option<(u32, [u8; 32])>,
    /// The hour, counted since 1970, and its secret.
    current: Option<(i64, Arc<EvidenceSecret>)>,
}

/// The secrets of this instance.
pub struct EvidenceSecrets {
    signers: SignerSets,
    log: Arc<dyn EventLog>,
    codec: Codec,
    append_within: Duration,
    /// As many as there are orgs that sent evidence.
    orgs: Mutex<HashMap<OrgId, Arc<OrgSecret>>>,
}

impl EvidenceSecrets {
    /// None made yet. The log confirms a shared secret within that time, or it is none.
    pub fn new(signers: SignerSets, log: Arc<dyn EventLog>, codec: Codec, append_within: Duration) -> Self {
        Self { signers, log, codec, append_within, orgs: Mutex::default() }
    }

    /// Refuses an org that has no signers.
    ///
    /// # Errors
    /// 403; 503 when the key store does not answer.
    pub async fn check_signers(&self, org: &OrgId, contact: Option<&str>) -> Result<(), ApiError> {
        let entry = self.entry(org);
        if entry.has_signers.load(Ordering::Acquire) {
            return Ok(());
        }
        if self.chain(org).await?.is_empty() {
            return Err(no_signers(contact));
        }
        entry.has_signers.store(true, Ordering::Release);
        Ok(())
    }

    /// The secret of this hour: the same one for every request of this instance, another one in every instance.
    ///
    /// # Errors
    /// 403 without signers; 503 when the key store or the log does not answer.
    pub async fn secret(&self, org: &OrgId, now: Timestamp) -> Result<Arc<EvidenceSecret>, ApiError> {
        let hour = now.millis().div_euclid(EVIDENCE_SECRET_HOUR.as_millis() as i64);
        let entry = self.entry(org);
        let mut state = entry.state.lock().await;
        // A request that began in the hour before may find the next one's. One of a clock that ran ahead is not used on.
        if let Some((of, secret)) = &state.current
            && (*of == hour || *of == hour + 1)
        {
            return Ok(Arc::clone(secret));
        }
        let chain = self.chain(org).await?;
        let set = follows_from(&chain, state.seen, org)?.ok_or_else(|| no_signers(None))?;
        let secret = Arc::new(self.share(org, hour, set, now).await?);
        state.seen = Some((set.version(), signer_set_sha256(set)));
        state.current = Some((hour, Arc::clone(&secret)));
        metrics::counter!("identity_evidence_secrets_total").increment(1);
        Ok(secret)
    }

    /// Drops secrets of hours that are past, also of orgs that send nothing any more.
    pub fn sweep(&self, now: Timestamp) {
        let hour = now.millis().div_euclid(EVIDENCE_SECRET_HOUR.as_millis() as i64);
        for entry in self.lock().values() {
            // Who holds it is about to use or to replace it.
            if let Ok(mut state) = entry.state.try_lock()
                && state.current.as_ref().is_some_and(|(of, _)| *of < hour || *of > hour + 1)
            {
                state.current = None;
            }
        }
    }

    /// Makes a secret, shares it, and returns it once that stands in the log.
    async fn share(
        &self,
        org: &OrgId,
        hour: i64,
        set: &SignerSet,
        now: Timestamp,
    ) -> Result<EvidenceSecret, ApiError> {
        let hour = Timestamp::from_millis(hour * EVIDENCE_SECRET_HOUR.as_millis() as i64);
        let secret = UnsharedSecret::generate(org.clone(), hour);
        let shares = secret.share_among(set).map_err(|error| ApiError::Internal(error.to_string()))?;
        let record = AuditRecord::EvidenceSecretShared(EvidenceSecretShared {
            event_id: EventId::from_bytes(random_id()),
            org: org.clone(),
            secret: secret.id().clone(),
            hour,
            cause: SharingCause::Made,
            adopted: None,
            set_version: set.version(),
            set_sha256: signer_set_sha256(set),
            threshold: set.threshold(),
            commitment: secret.commitment(),
            shares,
            shared_at: now,
        });
        let record = self.codec.audit(&record, &Meta { time: now, traceparent: None });
        let record = record.map_err(|error| ApiError::Internal(error.to_string()))?;
        // One that may or may not stand there is not used: a share of nothing does no harm.
        let appended = tokio::time::timeout(self.append_within, self.log.append(Topic::Audit, record)).await;
        let appended = appended.unwrap_or_else(|_| {
            Err(LogError::Unconfirmed("it did not confirm a shared secret in time".into()))
        })?;
        Ok(secret.acknowledged(appended.source))
    }

    async fn chain(&self, org: &OrgId) -> Result<Vec<SignedSignerSet>, ApiError> {
        self.signers.chain(org).await.map_err(|error| match error {
            SignersError::Store(error) => error.into(),
            // An operator puts it right; until then nothing may be sealed.
            error => ApiError::Unavailable(error.to_string()),
        })
    }

    fn entry(&self, org: &OrgId) -> Arc<OrgSecret> {
        Arc::clone(self.lock().entry(org.clone()).or_default())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<OrgId, Arc<OrgSecret>>> {
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for EvidenceSecrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "EvidenceSecrets({} orgs)", self.lock().len())
    }
}

fn no_signers(contact: Option<&str>) -> ApiError {
    ApiError::CapabilityDisabled { capability: SIGNERS, contact: contact.map(str::to_owned) }
}

/// The set in force, which has to have come from the one that this instance saw: sets in the key store that begin anew
/// are somebody's who would like to open the next hour.
fn follows_from<'a>(
    chain: &'a [SignedSignerSet],
    seen: Option<(u32, [u8; 32])>,
    org: &OrgId,
) -> Result<Option<&'a SignerSet>, ApiError> {
    if let Some((version, sha256)) = seen {
        let same = chain.get(version as usize - 1).map(|signed| signer_set_sha256(&signed.set));
        if same != Some(sha256) {
            return Err(ApiError::Unavailable(format!(
                "the signers of {org} do not follow from those before"
            )));
        }
    }
    Ok(chain.last().map(|signed| &signed.set))
}

#[cfg(test)]
mod tests;
