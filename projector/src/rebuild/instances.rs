//! The other instances, as a rebuild sees them: by what they say. No clock of theirs is compared with ours:
//! one is gone when it has not said anything new for some time of ours.

use std::collections::HashMap;
use std::time::Duration;

use domain::ports::{Acknowledgement, Generations, Pointer, READERS, StoreError};
use generation_watch::limits::ACKNOWLEDGE_EVERY;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::{RebuildError, RebuildPatience};
use crate::limits::{INSTANCES_EVERY, POINT_TRIES_MAX};
use crate::pause::wait;

/// Rebuilds say something too, so that there is one at a time; nobody waits for them.
const REBUILDS: &str = "rebuild/";

pub(super) struct InstanceWatch<'a> {
    generations: &'a dyn Generations,
    patience: RebuildPatience,
    cancel: &'a CancellationToken,
    name: String,
    began: Instant,
}

impl<'a> InstanceWatch<'a> {
    pub(super) fn new(
        generations: &'a dyn Generations,
        patience: RebuildPatience,
        cancel: &'a CancellationToken,
    ) -> Self {
        let name = format!("{REBUILDS}{:016x}", rand::random::<u64>());
        Self { generations, patience, cancel, name, began: Instant::now() }
    }

    /// Refuses while another rebuild is running; forgets those that are gone.
    pub(super) async fn alone(&self) -> Result<(), RebuildError> {
        let mut seen: HashMap<String, u64> = HashMap::new();
        let until = Instant::now() + 2 * ACKNOWLEDGE_EVERY;
        loop {
            let mut others = self.generations.acknowledgements().await?;
            others.retain(|said| said.instance.starts_with(REBUILDS) && said.instance != self.name);
            if others.is_empty() {
                return Ok(());
            }
            for said in &others {
                if seen.insert(said.instance.clone(), said.beat).is_some_and(|beat| beat != said.beat) {
                    return Err(RebuildError::Running(said.instance.clone()));
                }
            }
            if Instant::now() >= until {
                for said in &others {
                    self.generations.acknowledge(&said.instance, None).await?;
                }
                return Ok(());
            }
            self.pause(INSTANCES_EVERY).await?;
        }
    }

    /// Does the work, and meanwhile says that it goes on.
    pub(super) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, RebuildError>>,
    ) -> Result<T, RebuildError> {
        let say = async {
            for beat in 1_u64.. {
                let now = Acknowledgement { instance: self.name.clone(), version: 0, beat };
                if let Err(error) = self.generations.acknowledge(&self.name, Some(&now)).await {
                    warn!(%error, "the heartbeat of this rebuild could not be written");
                }
                tokio::time::sleep(ACKNOWLEDGE_EVERY / 2).await;
            }
        };
        let done = tokio::select! {
            biased;
            () = say => unreachable!("it goes on for ever"),
            done = work => done,
        };
        if let Err(error) = self.generations.acknowledge(&self.name, None).await {
            warn!(%error, "the heartbeat of this rebuild could not be removed");
        }
        done
    }

    /// Changes the pointer; an answer that was lost is asked for again.
    pub(super) async fn point(&self, to: &Pointer) -> Result<(), RebuildError> {
        let mut tries = 0;
        loop {
            match self.generations.point(to).await {
                Ok(true) => return Ok(()),
                Ok(false) if self.generations.pointer().await? == *to => return Ok(()),
                Ok(false) => return Err(RebuildError::Overtaken),
                Err(error @ StoreError::Corrupt(_)) => return Err(error.into()),
                Err(error) => {
                    tries += 1;
                    if tries >= POINT_TRIES_MAX {
                        return Err(error.into());
                    }
                    self.pause(INSTANCES_EVERY).await?;
                }
            }
        }
    }

    /// Refuses when positions have moved, so somebody projects, and nobody who projects has said by which pointer,
    /// though all that run had the time to.
    pub(super) async fn check_followed(&self, moved: bool) -> Result<(), RebuildError> {
        if !moved {
            return Ok(());
        }
        loop {
            let said = self.generations.acknowledgements().await?;
            let projects = |name: &str| !name.starts_with(REBUILDS) && !name.starts_with(READERS);
            if said.iter().any(|said| projects(&said.instance)) {
                return Ok(());
            }
            if self.began.elapsed() >= self.patience.appear {
                return Err(RebuildError::NotFollowed);
            }
            self.pause(INSTANCES_EVERY).await?;
        }
    }

    /// Waits until every instance that is there works by that version of the pointer or a later one.
    pub(super) async fn all_by(&self, version: u64) -> Result<(), RebuildError> {
        let mut seen: HashMap<String, (u64, Instant)> = HashMap::new();
        loop {
            let mut pending = false;
            for said in self.generations.acknowledgements().await? {
                if said.instance.starts_with(REBUILDS) || said.version >= version {
                    continue;
                }
                let now = Instant::now();
                let (beat, since) = seen.entry(said.instance.clone()).or_insert((said.beat, now));
                if *beat != said.beat {
                    (*beat, *since) = (said.beat, now);
                }
                if since.elapsed() >= self.patience.gone {
                    warn!(instance = said.instance, "no new heartbeat of an instance: it is taken for gone");
                    self.generations.acknowledge(&said.instance, None).await?;
                } else {
                    pending = true;
                }
            }
            if !pending && self.began.elapsed() >= self.patience.appear {
                return Ok(());
            }
            self.pause(INSTANCES_EVERY).await?;
        }
    }

    /// Waits for requests that still read a generation nobody is pointed to any more.
    pub(super) async fn grace(&self) -> Result<(), RebuildError> {
        self.pause(self.patience.grace).await
    }

    pub(super) async fn pause(&self, pause: Duration) -> Result<(), RebuildError> {
        if wait(pause, self.cancel).await { Err(RebuildError::Cancelled) } else { Ok(()) }
    }
}
