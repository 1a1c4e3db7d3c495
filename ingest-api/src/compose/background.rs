//! What an instance does beside answering: drops keys and secrets that are past their time, destroys those of review copies,
//! and writes who read what.

use std::sync::Arc;

use engine::Engine;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use vault::{ReviewVault, Vault};

use crate::app::App;
use crate::limits;
use crate::reading::read_index::ReadIndexer;
use crate::reading::read_records::{ReadRecordWriter, ReadRecords};

/// Drops evidence secrets of past hours, also when nobody asks for any.
pub(super) fn sweep_secrets(app: Arc<App>, cancel: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(limits::SWEEP_EVERY);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            app.evidence_secrets.sweep(app.now());
        }
    })
}

/// Drops keys that are past their time, also when nobody asks for any.
pub(super) fn sweep_keys(vault: Vault, cancel: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(limits::SWEEP_EVERY);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            vault.sweep();
        }
    })
}

/// Destroys the keys of review copies that nobody has decided in time, now and every hour.
pub(super) fn sweep_review_copies(vault: ReviewVault, cancel: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        let mut every = tokio::time::interval(limits::REVIEW_SWEEP_EVERY);
        every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while cancel.run_until_cancelled(every.tick()).await.is_some() {
            if cancel.run_until_cancelled(destroy_expired(&vault)).await.is_none() {
                return;
            }
        }
    })
}

async fn destroy_expired(vault: &ReviewVault) {
    let now = service::clock::now();
    for _ in 0..limits::REVIEW_SWEEP_STEPS_MAX {
        match vault.destroy_expired(now, limits::REVIEW_SWEEP_STEP_KEYS).await {
            Ok(destroyed) => {
                metrics::counter!("identity_review_copies_expired_total").increment(destroyed as u64);
                if destroyed < limits::REVIEW_SWEEP_STEP_KEYS {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "review copies past their time were not destroyed; next try in an hour");
                return;
            }
        }
    }
}

/// Records of reads are written and indexed from now on, the last of them once nobody is answered any more.
pub(super) fn write_reads(
    engine: &Engine,
    records: Arc<ReadRecords>,
    cancel: &CancellationToken,
) -> [JoinHandle<()>; 2] {
    let (log, codec) = (Arc::clone(&engine.log), engine.codec.clone());
    let (indexer, indexing) = ReadIndexer::new(Arc::clone(&engine.access_index));
    let writer = ReadRecordWriter { records, log, codec, indexer };
    [tokio::spawn(writer.run(cancel.clone())), tokio::spawn(indexing.run(cancel.clone()))]
}
