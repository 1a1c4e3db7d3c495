//! A projector's ports and settings out of an engine and its configuration, for every program that runs one. The only
//! file of the library that knows the engine; what is not set stands in `limits`, every default with its setting.

use std::sync::Arc;

use domain::rows::Generation;
use engine::Engine;
use engine::config::ProjectorConfig;
use vault::Vault;

use crate::limits::{POISON_WINDOW_RECORDS, POLL_WAIT};
use crate::nik_tags::LoggedNikTags;
use crate::settings::{ProjectorPorts, ProjectorSettings};

impl ProjectorPorts {
    /// Those of an engine.
    pub fn of(engine: &Engine, vault: Vault) -> Self {
        Self {
            log: Arc::clone(&engine.log),
            projection: Arc::clone(&engine.projection),
            vault,
            codec: engine.codec.clone(),
            nik_tags: Arc::new(LoggedNikTags::new(
                Arc::clone(&engine.log),
                Arc::clone(&engine.kms),
                engine.codec.clone(),
            )),
            clock: Arc::new(service::clock::now),
        }
    }
}

impl ProjectorSettings {
    /// As configured.
    pub fn of(config: &ProjectorConfig) -> Self {
        Self {
            group: config.group.clone(),
            generation: Generation(1),
            batch_records_max: config.batch_records_max as usize,
            batch_bytes_max: usize::try_from(config.batch_bytes_max).unwrap_or(usize::MAX),
            poll_wait: POLL_WAIT,
            poison_max: config.dead_letters_max as usize,
            poison_window_records: POISON_WINDOW_RECORDS,
        }
    }
}

impl Default for ProjectorSettings {
    /// As configured where nothing is set.
    fn default() -> Self {
        Self::of(&ProjectorConfig::default())
    }
}
