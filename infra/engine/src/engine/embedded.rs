//! The embedded engine: log, read model and key store in SQLite files and a file KMS, all in one data folder.

use std::sync::{Arc, Weak};

use domain::time::Timestamp;
use event_codec::Codec;
use store_sqlite::{OlderFormat, SqliteFaceVectors, SqliteKeys, SqliteLog, SqliteLogOptions, SqliteViews};
use tokio_util::sync::CancellationToken;
use vault::FileKms;

use super::installation::PartPaths;
use super::{Durability, Engine, OpenError, Role};
use crate::config::Config;
use crate::data_dir::{DataDir, ServerLock};
use crate::limits::RETENTION_EVERY;

/// The embedded engine's adapters.
struct Embedded {
    data_dir: DataDir,
    lock: Option<ServerLock>,
    log: Arc<SqliteLog>,
    views: Arc<SqliteViews>,
    keys: Arc<SqliteKeys>,
    face_vectors: Arc<SqliteFaceVectors>,
    kms: FileKms,
}

impl Embedded {
    fn open(config: &Config, role: Role) -> Result<Self, OpenError> {
        let data_dir = DataDir::at(&config.engine.data_dir)?;
        let (lock, older) = match role {
            Role::Server => (Some(data_dir.lock()?), OlderFormat::Migrate),
            Role::Tool => (None, OlderFormat::Refuse),
        };
        let opening = data_dir.begin_opening()?;
        let parts = PartPaths::new(&data_dir, config.kms_file());
        parts.check()?;
        data_dir.make_parts()?;
        let options =
            SqliteLogOptions { partitions: config.engine.partitions, older, ..SqliteLogOptions::default() };
        let log = SqliteLog::open(&data_dir.log(), options)?;
        let views = SqliteViews::open_with(&data_dir.views(), older)?;
        let keys = SqliteKeys::open_with(&data_dir.keystore(), older)?;
        let face_vectors = SqliteFaceVectors::open_with(&data_dir.views(), older)?;
        let kms = FileKms::open(config.kms_file())?;
        parts.mark(&kms)?;
        drop(opening);
        Ok(Self { data_dir, lock, log, views, keys, face_vectors, kms })
    }
}

/// Opens the embedded engine; a server keeps house from now on.
pub(super) async fn open(config: &Config, role: Role) -> Result<Engine, OpenError> {
    let settings = config.clone();
    let Embedded { data_dir, lock, log, views, keys, face_vectors, kms } =
        tokio::task::spawn_blocking(move || Embedded::open(&settings, role))
            .await
            .map_err(|_| OpenError::BrokenOff)??;
    let retained = Arc::downgrade(&log);
    let adapters = (log, views, keys, face_vectors, kms);
    let mut engine = Engine::of_adapters(adapters, Codec::committed(), Durability::Fsynced);
    (engine.data_dir, engine._lock) = (Some(data_dir), lock);
    if role == Role::Server {
        engine.housekeeping.tasks.spawn(retain(retained, engine.housekeeping.cancel.clone()));
    }
    Ok(engine)
}

/// Enforces retention now and every hour, until the engine is closed or nobody holds the log any more.
async fn retain(log: Weak<SqliteLog>, cancel: CancellationToken) {
    let mut every = tokio::time::interval(RETENTION_EVERY);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            _ = every.tick() => {}
        }
        let Some(log) = log.upgrade() else { return };
        let now: Timestamp = service::clock::now();
        tokio::select! {
            () = cancel.cancelled() => return,
            done = log.enforce_retention(now) => match done {
                Ok(retained) => {
                    metrics::counter!("identity_log_expired_records_total").increment(retained.expired);
                    metrics::counter!("identity_log_compacted_records_total").increment(retained.compacted);
                }
                Err(error) => tracing::warn!(%error, "old records were not removed; next try in an hour"),
            },
        }
    }
}
