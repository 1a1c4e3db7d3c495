//! The handover: from a generation that is filled to one that answers, and what is left of the old one. Each
//! step is a conditional change of the pointer, and every instance works by it before the next.

use std::time::Duration;

use domain::event::{Offset, Partition};
use domain::ports::{Handover, Pointer, SecondGeneration};
use domain::rows::Generation;
use tokio::time::Instant;

use super::build::{GenerationBuilder, PartitionOffsets, ReplayStop, positions};
use super::instances::InstanceWatch;
use super::{RebuildError, RebuildPatience, RebuildPhase, RebuildPorts, RebuildProgress};
use crate::limits::INSTANCES_EVERY;

pub(super) struct GenerationSwitch<'a> {
    pub(super) ports: &'a RebuildPorts,
    pub(super) instances: &'a InstanceWatch<'a>,
    pub(super) progress: &'a dyn RebuildProgress,
    pub(super) patience: RebuildPatience,
    /// Where the old generation stood when the rebuild began.
    pub(super) began_at: PartitionOffsets,
}

fn handover(builder: &GenerationBuilder<'_>, from: PartitionOffsets) -> Handover {
    Handover { topic_id: builder.topic.id, from: from.into_iter().collect() }
}

impl GenerationSwitch<'_> {
    /// Hands over to the builder's generation, and leaves the old one unless it is kept. `usable`: the old one
    /// is of this topic; another one cannot be written any more.
    pub(super) async fn run(
        &self,
        pointer: &Pointer,
        builder: &mut GenerationBuilder<'_>,
        keep: bool,
        usable: bool,
    ) -> Result<(), RebuildError> {
        let (old, new) = (pointer.live, builder.generation);
        self.progress.phase(RebuildPhase::Handover, 0);
        if !usable {
            let to = pointer.changed(new, Some(SecondGeneration::Dropping(old)));
            self.instances.point(&to).await?;
            return finish(self.ports, self.instances, self.progress).await;
        }
        let stands = positions(self.ports, &builder.topic, old).await?;
        self.instances.check_followed(stands != self.began_at).await?;
        let at = handover(builder, stands);
        let next = pointer.changed(old, Some(SecondGeneration::Next(new, at.clone())));
        self.instances.point(&next).await?;
        self.instances.all_by(next.version).await?;
        if !self.together(builder, old, &at).await? {
            let back = next.changed(old, Some(SecondGeneration::Building(new)));
            self.instances.point(&back).await?;
            return Err(RebuildError::NotTogether(new));
        }
        let beside =
            if keep { SecondGeneration::Previous(old, at) } else { SecondGeneration::Leaving(old, at) };
        let switched = next.changed(new, Some(beside));
        self.instances.point(&switched).await?;
        self.instances.all_by(switched.version).await?;
        self.progress.line(&format!("generation {} answers", new.0));
        finish(self.ports, self.instances, self.progress).await
    }

    /// Waits until the new generation has taken in whatever the old one has; fills in what no projector does.
    async fn together(
        &self,
        builder: &mut GenerationBuilder<'_>,
        old: Generation,
        at: &Handover,
    ) -> Result<bool, RebuildError> {
        let until = Instant::now() + self.patience.switch;
        loop {
            let rows = self.ports.inspection.positions(old).await?;
            // An org that the old generation has left behind is still its own to tell of.
            let waits = rows.iter().any(|row| row.topic_id == builder.topic.id && !row.held.is_empty());
            let old = positions(self.ports, &builder.topic, old).await?;
            let new = positions(self.ports, &builder.topic, builder.generation).await?;
            let due = |partition: &Partition| {
                at.offset(*partition).max(old.get(partition).copied().unwrap_or(Offset(0)))
            };
            if !waits && new.iter().all(|(partition, next)| *next >= due(partition)) {
                return Ok(true);
            }
            if Instant::now() >= until {
                return Ok(false);
            }
            let stop = |before| ReplayStop { before, time: None };
            builder.advance(&old.into_iter().map(|(partition, to)| (partition, stop(to))).collect()).await?;
            self.instances.pause(INSTANCES_EVERY).await?;
        }
    }
}

/// Finishes whatever the pointer says is to go: leaves it, drops it, forgets it.
pub(super) async fn finish(
    ports: &RebuildPorts,
    instances: &InstanceWatch<'_>,
    progress: &dyn RebuildProgress,
) -> Result<(), RebuildError> {
    loop {
        let pointer = ports.generations.pointer().await?;
        let to = match &pointer.beside {
            Some(SecondGeneration::Leaving(generation, _)) => {
                progress.phase(RebuildPhase::Drop, 0);
                instances.all_by(pointer.version).await?;
                instances.grace().await?;
                pointer.changed(pointer.live, Some(SecondGeneration::Dropping(*generation)))
            }
            Some(SecondGeneration::Dropping(generation)) => {
                progress.phase(RebuildPhase::Drop, 0);
                instances.all_by(pointer.version).await?;
                ports.generations.drop_generation(*generation).await?;
                progress.line(&format!("generation {} is dropped", generation.0));
                pointer.changed(pointer.live, None)
            }
            None
            | Some(
                SecondGeneration::Building(_) | SecondGeneration::Next(..) | SecondGeneration::Previous(..),
            ) => return Ok(()),
        };
        instances.point(&to).await?;
    }
}

/// Answers from the kept generation again. It must have kept up; who speaks from where on is of no matter,
/// because no position stands behind an event that was not spoken of.
pub(super) async fn go_back(
    ports: &RebuildPorts,
    instances: &InstanceWatch<'_>,
) -> Result<Generation, RebuildError> {
    let pointer = ports.generations.pointer().await?;
    let Some(SecondGeneration::Previous(kept, handover)) = pointer.beside.clone() else {
        return Err(RebuildError::NothingKept);
    };
    let topic = ports.ports.log.describe(domain::ports::Topic::Events).await?;
    let until = Instant::now() + crate::limits::SWITCH_MAX.min(GO_BACK_MAX);
    loop {
        let live = positions(ports, &topic, pointer.live).await?;
        let old = positions(ports, &topic, kept).await?;
        // A partition without events has no position in a generation that was not rebuilt.
        let stands = |partition| old.get(partition).copied().unwrap_or(Offset(0));
        if live.iter().all(|(partition, next)| stands(partition) >= *next) {
            let from = old.into_iter().collect();
            let at = Handover { from, ..handover };
            let to = pointer.changed(kept, Some(SecondGeneration::Previous(pointer.live, at)));
            instances.point(&to).await?;
            instances.all_by(to.version).await?;
            return Ok(kept);
        }
        if Instant::now() >= until {
            return Err(RebuildError::NotTogether(kept));
        }
        instances.pause(INSTANCES_EVERY).await?;
    }
}

/// A kept generation that is written is at the other's positions at once; one that is halted never.
const GO_BACK_MAX: Duration = Duration::from_secs(10);
