//! Opening an engine: from settings to a set of ports. The only place that names adapters.

use std::sync::Arc;

use domain::event::TopicId;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{
    AccessIndex, EventLog, ExternalIds, FaceVectors, Generations, Inspection, KeyNotes, KeyRows, Projection,
    Rechecks, ReviewKeys, StaffAccounts, StaffSessions, Topic, VerificationCounts, Views,
};
use event_codec::Codec;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use vault::{CacheFreshness, FileKms, Kms, KmsError, ReviewVault, Vault};

#[cfg(feature = "distributed")]
mod distributed;
mod embedded;
mod erasures;
mod faces;
mod installation;
mod open_error;
#[cfg(feature = "distributed")]
mod schema_ids;

pub use self::faces::{FaceModelsError, PoolPriority, face_model_set};
pub use self::installation::{InstallationError, InstallationPart, PartFault};
pub use self::open_error::OpenError;
use crate::config::{Config, EngineKind};
use crate::data_dir::{DataDir, ServerLock};
use crate::limits::OPEN_RETRY;

/// What a program opens an engine for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To serve: on the embedded engine one at a time, and it keeps house (retention). It alone brings a data folder
    /// of an older build up to date.
    Server,
    /// To do one thing and end, beside a running server or without one. That server may be of an older build, so files
    /// in the format of an older build are refused.
    Tool,
}

/// What an acknowledged append has behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// Fsynced on one machine.
    Fsynced,
    /// In so many replicas at least.
    Replicated {
        /// `min.insync.replicas`.
        in_sync_min: u16,
    },
}

impl Durability {
    /// Whether an org of environment `live` may rest on it: at least two in sync, or the embedded engine's
    /// fsync, which the contract holds equal (§2).
    pub fn carries_live_orgs(self) -> bool {
        match self {
            Self::Fsynced => true,
            Self::Replicated { in_sync_min } => in_sync_min >= 2,
        }
    }
}

/// What rebuilds, handovers and quarantine lists need of the read model.
#[derive(Clone)]
pub struct Operations {
    /// The pointer, and the generations it names.
    pub generations: Arc<dyn Generations>,
    /// The look into a generation.
    pub inspection: Arc<dyn Inspection>,
}

/// A set of ports, and what keeps them going. [`Engine::close`] at the end.
pub struct Engine {
    /// The log.
    pub log: Arc<dyn EventLog>,
    /// The projector's side of the read model.
    pub projection: Arc<dyn Projection>,
    /// The API's side of it.
    pub views: Arc<dyn Views>,
    /// The console's side of it.
    pub counts: Arc<dyn VerificationCounts>,
    /// The ledger of rechecks.
    pub rechecks: Arc<dyn Rechecks>,
    /// The operator's side of it.
    pub operations: Operations,
    /// Customers' key rows.
    pub keys: Arc<dyn KeyRows>,
    /// The keys of review copies.
    pub review_keys: Arc<dyn ReviewKeys>,
    /// The orgs' own ids for customers.
    pub external_ids: Arc<dyn ExternalIds>,
    /// Who looked at whom, in the console.
    pub access_index: Arc<dyn AccessIndex>,
    /// What was made of reference photos.
    pub face_vectors: Arc<dyn FaceVectors>,
    /// Staff of the console.
    pub staff_accounts: Arc<dyn StaffAccounts>,
    /// Who of them is signed in.
    pub staff_sessions: Arc<dyn StaffSessions>,
    /// Small texts beside the key rows.
    pub notes: Arc<dyn KeyNotes>,
    /// Org keys.
    pub kms: Arc<dyn Kms>,
    /// Records to bytes and back.
    pub codec: Codec,
    durability: Durability,
    data_dir: Option<DataDir>,
    housekeeping: Housekeeping,
    /// A server's, where a folder of them is configured.
    face_models: Option<Arc<faces::FaceModels>>,
    /// Last, so that the folder is free only once its files are closed.
    _lock: Option<ServerLock>,
}

impl Engine {
    /// Opens the engine that the settings name. On the embedded one that makes the data folder if it is not
    /// there, and for [`Role::Server`] takes it and enforces retention every hour from now on. For a server no
    /// key is served before the key store has applied every erasure of the log: it may be a restored one.
    ///
    /// # Errors
    /// [`OpenError`], in words for an operator.
    pub async fn open(config: &Config, role: Role) -> Result<Self, OpenError> {
        config.check()?;
        // First: a folder that is not whole stops the start before anything is waited for.
        let face_models = match role {
            Role::Server => faces::load(&config.face).await?,
            Role::Tool => None,
        };
        let mut engine = match config.engine.kind {
            EngineKind::Embedded => embedded::open(config, role).await?,
            #[cfg(feature = "distributed")]
            EngineKind::Distributed => Box::pin(distributed::open(config, role)).await?,
            #[cfg(not(feature = "distributed"))]
            EngineKind::Distributed => return Err(OpenError::EmbeddedOnly),
        };
        engine.face_models = face_models;
        if role == Role::Server {
            let erasures = erasures::Erasures::of(&engine);
            until_there(role, "what was erased", || erasures.apply()).await?;
            engine.housekeeping.tasks.spawn(erasures.keep_applying(engine.housekeeping.cancel.clone()));
        }
        engine.housekeeping.tasks.close();
        Ok(engine)
    }

    /// An engine of adapters: one for the log, one for all sides of the read model, one for all of the key store, one
    /// for org keys.
    fn of_adapters<L, V, K, F>(
        (log, views, keys, face_vectors, kms): (Arc<L>, Arc<V>, Arc<K>, Arc<F>, FileKms),
        codec: Codec,
        durability: Durability,
    ) -> Self
    where
        L: EventLog + 'static,
        V: Projection + Views + VerificationCounts + Rechecks + Generations + Inspection + 'static,
        K: KeyRows
            + ReviewKeys
            + ExternalIds
            + KeyNotes
            + StaffAccounts
            + StaffSessions
            + AccessIndex
            + 'static,
        F: FaceVectors + 'static,
    {
        Self {
            log,
            projection: Arc::clone(&views) as _,
            operations: Operations {
                generations: Arc::clone(&views) as _,
                inspection: Arc::clone(&views) as _,
            },
            counts: Arc::clone(&views) as _,
            rechecks: Arc::clone(&views) as _,
            views,
            review_keys: Arc::clone(&keys) as _,
            external_ids: Arc::clone(&keys) as _,
            staff_accounts: Arc::clone(&keys) as _,
            staff_sessions: Arc::clone(&keys) as _,
            notes: Arc::clone(&keys) as _,
            access_index: Arc::clone(&keys) as _,
            keys,
            face_vectors,
            kms: Arc::new(kms),
            codec,
            durability,
            data_dir: None,
            housekeeping: Housekeeping::default(),
            face_models: None,
            _lock: None,
        }
    }

    /// A vault on this engine's key rows and KMS. Its cached keys serve while `freshness` says so.
    pub fn vault(&self, freshness: Arc<dyn CacheFreshness>) -> Vault {
        Vault::new(Arc::clone(&self.keys), Arc::clone(&self.kms), freshness)
    }

    /// A vault of review copies, on this engine's review keys and KMS.
    pub fn review_vault(&self) -> ReviewVault {
        ReviewVault::new(Arc::clone(&self.review_keys), Arc::clone(&self.kms))
    }

    /// What an acknowledged append has behind it.
    pub fn durability(&self) -> Durability {
        self.durability
    }

    /// The embedded engine's folder; none on the distributed one.
    pub fn data_dir(&self) -> Option<&DataDir> {
        self.data_dir.as_ref()
    }

    /// Asks every dependency something once: each topic, the read model, key rows, external ids, the KMS.
    ///
    /// # Errors
    /// The first that did not answer, in words for an operator.
    pub async fn probe(&self) -> Result<(), String> {
        let mut ids: Vec<TopicId> = Vec::new();
        for topic in Topic::ALL {
            let described = self.log.describe(topic).await.map_err(|e| format!("{}: {e}", topic.name()))?;
            if ids.contains(&described.id) {
                return Err(format!("{}: another topic has its id", topic.name()));
            }
            ids.push(described.id);
        }
        self.views.generation().await.map_err(|e| format!("the read model: {e}"))?;
        // Nobody's: nothing is found, but the question is answered.
        let org = OrgId::from_bytes([0; 16]);
        let customer = CustomerRef::new(org.clone(), CustomerId::from_bytes([0; 16]));
        self.keys.get(&customer).await.map_err(|e| format!("key rows: {e}"))?;
        self.external_ids.lookup(&org, [0; 32]).await.map_err(|e| format!("external ids: {e}"))?;
        match self.kms.current_version(&org).await {
            Ok(_) | Err(KmsError::UnknownKey { .. }) => {}
            Err(error) => return Err(error.to_string()),
        }
        Ok(())
    }

    /// Whether the key management holds the key of any org, where there are orgs.
    ///
    /// # Errors
    /// What does not answer, or that it holds none.
    pub async fn probe_org_keys(&self) -> Result<(), String> {
        // Orgs are made with their key; whoever knows of none of their keys cannot open anything of theirs.
        let orgs = self.log.offsets(Topic::Orgs).await;
        let orgs = orgs.map_err(|e| format!("{}: {e}", Topic::Orgs.name()))?;
        let has_orgs = orgs.iter().any(|range| range.end.0 > 0);
        if has_orgs && !self.kms.holds_keys().await.map_err(|e| e.to_string())? {
            return Err("the key management holds no org's key, and there are orgs: is [kms] file \
                        the file that their keys are in?"
                .to_owned());
        }
        Ok(())
    }

    /// Stops keeping house and closes the stores, as far as nobody else holds a port any more.
    pub async fn close(self) {
        self.housekeeping.cancel.cancel();
        self.housekeeping.tasks.wait().await;
        // A store's last handle writes what waits and closes its files, which blocks.
        let _ = tokio::task::spawn_blocking(move || drop(self)).await;
    }
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Engine({:?}, {:?})", self.durability, self.data_dir)
    }
}

/// Work that a server does beside serving; ends with its engine.
#[derive(Default)]
struct Housekeeping {
    cancel: CancellationToken,
    tasks: TaskTracker,
}

impl Drop for Housekeeping {
    fn drop(&mut self) {
        self.cancel.cancel();
    }
}

/// Tries again while what is missing may still come; a tool ends with the first refusal.
async fn until_there<T, F: Future<Output = Result<T, OpenError>>>(
    role: Role,
    what: &'static str,
    mut open: impl FnMut() -> F,
) -> Result<T, OpenError> {
    let mut backoff = OPEN_RETRY.start();
    loop {
        match open().await {
            Err(error) if role == Role::Server && error.may_pass() => {
                let pause = backoff.next_pause();
                tracing::warn!(%error, "{what} is not there yet; trying again in {} ms", pause.as_millis());
                tokio::time::sleep(pause).await;
            }
            done => return done,
        }
    }
}

#[cfg(test)]
mod tests;
