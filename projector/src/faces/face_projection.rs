//! The second projection as a whole: the partitions that the first one has are worked on side by side, a batch of each
//! in a round, as long as any has something to do.

use std::collections::BTreeMap;

use domain::event::{Offset, Partition};
use domain::ports::Topic;
use futures::stream::{self, StreamExt as _};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::info;

use crate::faces::FacePorts;
use crate::faces::partition_faces::PartitionFaces;
use crate::faces::reference_photo::FaceWork;
use crate::group::progress::{PartitionEnds, SessionProgress};
use crate::limits::{FACE_PARTITIONS_AT_ONCE, LAG_EVERY};
use crate::settings::ProjectorPorts;

/// The second projection.
pub(crate) struct FaceProjection {
    work: FaceWork,
    first: SessionProgress,
}

impl FaceProjection {
    /// Behind the first one, whose progress that is.
    pub(crate) fn new(ports: ProjectorPorts, faces: FacePorts, first: SessionProgress) -> Self {
        Self { work: FaceWork { ports, faces }, first }
    }

    /// Reads photos until cancelled. What is in flight then is done again by whoever has the partition next.
    pub(crate) async fn run(&self, cancel: CancellationToken) {
        info!(model = %self.work.model(), "reading the photos of references");
        let mut lag = FaceLag::default();
        // Nothing ends it but the token.
        let _ = cancel.run_until_cancelled(self.rounds(&mut lag)).await;
        lag.forget_but(&BTreeMap::new());
    }

    async fn rounds(&self, lag: &mut FaceLag) {
        let mut partitions: BTreeMap<Partition, PartitionFaces> = BTreeMap::new();
        let mut first = self.first.partition_ends();
        loop {
            let ends = first.latest();
            partitions.retain(|partition, _| ends.contains_key(partition));
            lag.forget_but(&ends);
            for partition in ends.keys() {
                partitions.entry(*partition).or_insert_with(|| PartitionFaces::new(*partition));
            }
            let now = Instant::now();
            let due: Vec<_> = partitions
                .iter_mut()
                .filter_map(|(partition, faces)| Some((faces, *ends.get(partition)?)))
                .filter(|(faces, upto)| faces.due(*upto, now).is_some_and(|due| due <= now))
                .map(|(faces, upto)| faces.process(&self.work, upto))
                .collect();
            let idle = due.is_empty();
            stream::iter(due).buffer_unordered(FACE_PARTITIONS_AT_ONCE).collect::<Vec<()>>().await;
            lag.show(&self.work.ports, &partitions).await;
            if idle {
                self.wait(&mut first, &partitions, &ends, lag).await;
            }
        }
    }

    /// Until the first projection has gone on, or something that was not available may be there again.
    async fn wait(
        &self,
        first: &mut PartitionEnds,
        partitions: &BTreeMap<Partition, PartitionFaces>,
        ends: &BTreeMap<Partition, Offset>,
        lag: &FaceLag,
    ) {
        let now = Instant::now();
        let due =
            partitions.iter().filter_map(|(partition, faces)| faces.due(*ends.get(partition)?, now)).min();
        let wake = due.map_or(lag.due, |due| due.min(lag.due));
        tokio::select! {
            () = first.changed() => {}
            () = tokio::time::sleep_until(wake) => {}
        }
    }
}

/// How many records of each partition are not taken in, as the metric `identity_face_lag_records`.
struct FaceLag {
    shown: BTreeMap<Partition, u64>,
    due: Instant,
}

impl Default for FaceLag {
    fn default() -> Self {
        Self { shown: BTreeMap::new(), due: Instant::now() }
    }
}

impl FaceLag {
    /// Shows each partition's, now and then. While the log does not answer the last values stay.
    async fn show(&mut self, ports: &ProjectorPorts, partitions: &BTreeMap<Partition, PartitionFaces>) {
        if self.due > Instant::now() {
            return;
        }
        self.due = Instant::now() + LAG_EVERY;
        let Ok(ranges) = ports.log.offsets(Topic::Events).await else { return };
        for range in ranges {
            if let Some(next) = partitions.get(&range.partition).and_then(PartitionFaces::next) {
                let records = range.end.0.saturating_sub(next.0);
                self.shown.insert(range.partition, records);
                gauge(range.partition, records);
            }
        }
    }

    /// Whoever has the other partitions now says how far those are.
    fn forget_but(&mut self, ends: &BTreeMap<Partition, Offset>) {
        self.shown.retain(|partition, _| {
            let stays = ends.contains_key(partition);
            if !stays {
                gauge(*partition, 0);
            }
            stays
        });
    }
}

fn gauge(partition: Partition, records: u64) {
    let label = partition.0.to_string();
    metrics::gauge!("identity_face_lag_records", "partition" => label).set(records as f64);
}
