//! Rebuilding the read model side by side: a silent replay into a new generation, a comparison with the one
//! that answers, and the handover. Nothing is rewound in place, and every step can be broken off: the pointer
//! says how far a rebuild came, and the next one goes on from there or clears it away
//! (docs/decisions/0007-rebuild.md).

mod build;
mod canonical;
mod compare;
mod handover;
mod instances;
mod report;

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::ports::{Generations, Inspection, Pointer, Projection, SecondGeneration, Topic};
use domain::rows::{Epoch, Generation};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use canonical::RowDigest;
pub use compare::Comparison;
pub use report::{
    RebuildError, RebuildOptions, RebuildPatience, RebuildPhase, RebuildProgress, RebuildReport, ReplayUntil,
    RowDifference,
};

use self::build::{GenerationBuilder, ReplayStop, positions};
use self::compare::Compare;
use self::instances::InstanceWatch;
use crate::limits::{CATCH_UP_LAG, CATCH_UP_ROUNDS_MAX, INSTANCES_EVERY};
use crate::pause::wait;
use crate::settings::{ProjectorPorts, ProjectorSettings};

/// What a rebuild works through.
#[derive(Clone)]
pub struct RebuildPorts {
    /// The projector's.
    pub ports: ProjectorPorts,
    /// The pointer.
    pub generations: Arc<dyn Generations>,
    /// The look into both generations.
    pub inspection: Arc<dyn Inspection>,
}

impl RebuildPorts {
    fn projection(&self) -> &dyn Projection {
        &*self.ports.projection
    }
}

/// A rebuild under way.
struct RebuildRun<'a> {
    ports: &'a RebuildPorts,
    settings: &'a ProjectorSettings,
    options: RebuildOptions,
    progress: &'a dyn RebuildProgress,
    cancel: &'a CancellationToken,
    instances: InstanceWatch<'a>,
    began: Instant,
}

/// Rebuilds. See [`RebuildOptions`] for what may end without a switch.
///
/// # Errors
/// [`RebuildError`].
pub async fn rebuild(
    ports: &RebuildPorts,
    settings: &ProjectorSettings,
    options: RebuildOptions,
    progress: &dyn RebuildProgress,
    cancel: &CancellationToken,
) -> Result<RebuildReport, RebuildError> {
    let instances = InstanceWatch::new(&*ports.generations, options.patience, cancel);
    let rebuild = RebuildRun { ports, settings, options, progress, cancel, instances, began: Instant::now() };
    rebuild.instances.alone().await?;
    rebuild.instances.during(Box::pin(rebuild.run())).await
}

/// Drops the generation that an earlier rebuild kept.
///
/// # Errors
/// [`RebuildError`].
pub async fn drop_kept(
    ports: &RebuildPorts,
    patience: RebuildPatience,
    progress: &dyn RebuildProgress,
    cancel: &CancellationToken,
) -> Result<Generation, RebuildError> {
    let instances = InstanceWatch::new(&*ports.generations, patience, cancel);
    instances.alone().await?;
    let pointer = ports.generations.pointer().await?;
    let Some(SecondGeneration::Previous(kept, handover)) = pointer.beside.clone() else {
        return Err(RebuildError::NothingKept);
    };
    let leaving = pointer.changed(pointer.live, Some(SecondGeneration::Leaving(kept, handover)));
    instances.point(&leaving).await?;
    handover::finish(ports, &instances, progress).await?;
    Ok(kept)
}

/// Answers from the kept generation again, and keeps the other one.
///
/// # Errors
/// [`RebuildError`].
pub async fn go_back(
    ports: &RebuildPorts,
    patience: RebuildPatience,
    cancel: &CancellationToken,
) -> Result<Generation, RebuildError> {
    let instances = InstanceWatch::new(&*ports.generations, patience, cancel);
    instances.alone().await?;
    handover::go_back(ports, &instances).await
}

impl RebuildRun<'_> {
    async fn run(&self) -> Result<RebuildReport, RebuildError> {
        let mut pointer = self.ports.generations.pointer().await?;
        match &pointer.beside {
            Some(SecondGeneration::Previous(kept, _)) => return Err(RebuildError::Kept(*kept)),
            Some(SecondGeneration::Leaving(..)) => {
                handover::finish(self.ports, &self.instances, self.progress).await?;
                return Ok(self.finished(pointer.live));
            }
            Some(SecondGeneration::Dropping(generation)) => {
                handover::finish(self.ports, &self.instances, self.progress).await?;
                if *generation < pointer.live {
                    return Ok(self.finished(pointer.live));
                }
                pointer = self.ports.generations.pointer().await?;
            }
            None | Some(SecondGeneration::Building(_) | SecondGeneration::Next(..)) => {}
        }
        let pointer = self.begin(pointer).await?;
        let ended = self.build(pointer).await;
        if let Err(RebuildError::TooDifferent(_)) = &ended {
            self.clear().await?;
        }
        ended
    }

    /// A rebuild that was broken off after its switch.
    fn finished(&self, live: Generation) -> RebuildReport {
        self.progress.line(&format!("finished an earlier rebuild: generation {} answers", live.0));
        RebuildReport { took: self.began.elapsed(), ..RebuildReport::blank(live) }
    }

    /// Whether what is made is dropped again.
    fn is_trial(&self) -> bool {
        self.options.dry_run || self.options.until.is_some()
    }

    /// A pointer that has a generation being built beside it: a new one, or what an earlier rebuild left. Out
    /// of an unfinished handover it may be taken back at any time: no position of any generation stands behind
    /// an event that was not spoken of, so whoever speaks next misses none.
    async fn begin(&self, pointer: Pointer) -> Result<Pointer, RebuildError> {
        let left = match &pointer.beside {
            Some(SecondGeneration::Building(generation)) => Some((*generation, pointer.clone())),
            Some(SecondGeneration::Next(generation, _)) => {
                let back = pointer.changed(pointer.live, Some(SecondGeneration::Building(*generation)));
                self.instances.point(&back).await?;
                self.instances.all_by(back.version).await?;
                Some((*generation, back))
            }
            _ => None,
        };
        let pointer = match left {
            Some((generation, pointer)) if !self.is_trial() => {
                let text =
                    format!("going on with generation {}, which an earlier rebuild left", generation.0);
                self.progress.line(&text);
                self.ports.generations.ensure_generation(generation).await?;
                return Ok(pointer);
            }
            // A trial begins at the beginning.
            Some((generation, pointer)) => {
                let dropping = pointer.changed(pointer.live, Some(SecondGeneration::Dropping(generation)));
                self.instances.point(&dropping).await?;
                handover::finish(self.ports, &self.instances, self.progress).await?;
                self.ports.generations.pointer().await?
            }
            None => pointer,
        };
        let generation = Generation(pointer.last.0 + 1);
        let building = pointer.changed(pointer.live, Some(SecondGeneration::Building(generation)));
        self.instances.point(&building).await?;
        self.ports.generations.ensure_generation(generation).await?;
        Ok(building)
    }

    async fn build(&self, pointer: Pointer) -> Result<RebuildReport, RebuildError> {
        let Some(SecondGeneration::Building(generation)) = pointer.beside else {
            return Err(RebuildError::Overtaken);
        };
        let mut builder =
            GenerationBuilder::open(self.ports, self.settings, self.progress, self.cancel, generation)
                .await?;
        let began_at = positions(self.ports, &builder.topic, pointer.live).await?;
        let mut report = RebuildReport { generation: Some(generation), ..RebuildReport::blank(pointer.live) };
        let replay = Instant::now();
        if let Some(until) = self.options.until {
            self.replay_until(&mut builder, until).await?;
            report.replay = replay.elapsed();
            report.digest = Some(compare::digest_of(self.ports, generation).await?);
        } else {
            self.catch_up(&mut builder, pointer.live).await?;
            report.replay = replay.elapsed();
            if !self.is_trial() {
                // Asked before the long part, and again at its end.
                let moved = positions(self.ports, &builder.topic, pointer.live).await? != began_at;
                self.instances.check_followed(moved).await?;
            }
            if self.comparable(&builder, pointer.live).await? {
                let began = Instant::now();
                let compare = Compare {
                    ports: self.ports,
                    old: pointer.live,
                    builder: &mut builder,
                    patience: self.options.patience,
                    progress: self.progress,
                    comparison: Comparison::default(),
                    with_categories: self.ports.inspection.counts_categories(pointer.live).await?
                        && self.ports.inspection.counts_categories(generation).await?,
                };
                report.comparison = Some(Box::pin(compare.run()).await?);
                report.compare = began.elapsed();
            } else {
                self.progress
                    .line("the generation that answers is of another topic: nothing to compare with");
            }
        }
        report.positions = builder.stands();
        if self.is_trial() {
            report.events = builder.events;
            self.clear().await?;
        } else {
            self.catch_up(&mut builder, pointer.live).await?;
            report.events = builder.events;
            self.switch(&pointer, &mut builder, began_at).await?;
            (report.live, report.switched) = (generation, true);
        }
        report.took = self.began.elapsed();
        Ok(report)
    }

    /// Whether the generation that answers has taken in this topic from its beginning.
    async fn comparable(
        &self,
        builder: &GenerationBuilder<'_>,
        live: Generation,
    ) -> Result<bool, RebuildError> {
        let stands = positions(self.ports, &builder.topic, live).await?;
        Ok(builder.epoch == Epoch(1) || !stands.is_empty())
    }

    /// Replays until little is missing to where the generation that answers stands.
    async fn catch_up(
        &self,
        builder: &mut GenerationBuilder<'_>,
        live: Generation,
    ) -> Result<(), RebuildError> {
        self.wait_for_keys(builder, live).await?;
        for round in 0..CATCH_UP_ROUNDS_MAX {
            let to = positions(self.ports, &builder.topic, live).await?;
            let stands = builder.stands();
            let missing: u64 = to
                .iter()
                .map(|(partition, to)| to.0.saturating_sub(stands.get(partition).map_or(0, |next| next.0)))
                .sum();
            if missing == 0 || (round > 0 && missing <= CATCH_UP_LAG) {
                break;
            }
            self.progress.phase(RebuildPhase::Replay, missing);
            let stop = |before| ReplayStop { before, time: None };
            builder.advance(&to.into_iter().map(|(partition, to)| (partition, stop(to))).collect()).await?;
        }
        Ok(())
    }

    /// Until the generation that answers has left no org behind: what waits for a key cannot be compared, and
    /// whoever hands over would leave it to nobody.
    async fn wait_for_keys(
        &self,
        builder: &GenerationBuilder<'_>,
        live: Generation,
    ) -> Result<(), RebuildError> {
        let mut told = false;
        loop {
            let rows = self.ports.inspection.positions(live).await?;
            let ours = rows.iter().filter(|row| row.topic_id == builder.topic.id);
            let Some(held) = ours.flat_map(|row| &row.held).next() else { return Ok(()) };
            if !std::mem::replace(&mut told, true) {
                let org = &held.org;
                self.progress
                    .line(&format!("events of {org} wait for a key that is not available; waiting for them"));
            }
            if wait(INSTANCES_EVERY, self.cancel).await {
                return Err(RebuildError::Cancelled);
            }
        }
    }

    async fn replay_until(
        &self,
        builder: &mut GenerationBuilder<'_>,
        until: ReplayUntil,
    ) -> Result<(), RebuildError> {
        let mut to = BTreeMap::new();
        for range in self.ports.ports.log.offsets(Topic::Events).await? {
            let stop = match until {
                ReplayUntil::Offset(offset) => ReplayStop { before: offset.min(range.end), time: None },
                ReplayUntil::Time(time) => ReplayStop { before: range.end, time: Some(time) },
            };
            to.insert(range.partition, stop);
        }
        let total = to.values().map(|stop| stop.before.0).sum();
        self.progress.phase(RebuildPhase::Replay, total);
        builder.advance(&to).await
    }

    /// Drops what is being built.
    async fn clear(&self) -> Result<(), RebuildError> {
        let pointer = self.ports.generations.pointer().await?;
        if let Some(SecondGeneration::Building(generation)) = pointer.beside {
            let dropping = pointer.changed(pointer.live, Some(SecondGeneration::Dropping(generation)));
            self.instances.point(&dropping).await?;
        }
        handover::finish(self.ports, &self.instances, self.progress).await
    }

    async fn switch(
        &self,
        pointer: &Pointer,
        builder: &mut GenerationBuilder<'_>,
        began_at: build::PartitionOffsets,
    ) -> Result<(), RebuildError> {
        let usable = self.comparable(builder, pointer.live).await?;
        let keep = self.options.keep && usable;
        let switch = handover::GenerationSwitch {
            ports: self.ports,
            instances: &self.instances,
            progress: self.progress,
            patience: self.options.patience,
            began_at,
        };
        switch.run(pointer, builder, keep, usable).await
    }
}
