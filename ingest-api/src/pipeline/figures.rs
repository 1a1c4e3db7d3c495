//! What the page shows, gathered: the operator's ports, this program's own metrics, and what was seen at the last
//! looks. Each part has a time of its own to answer, and its absence is what the page says then.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console_pages::pages::pipeline::{
    DependencyName, DependencyState, FaceModelLag, IntakeFigures, OrgBooksFigures, PartitionFigures,
    PipelineFigures, ProjectionFigures, SecondGenerationState, VerdictCounts, WaitingTime,
};
use domain::event::{Offset, Partition};
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::{
    EventLog, FaceModelId, FaceVectors, KeyRows, LogError, OffsetRange, SecondGeneration, Topic, Views,
};
use engine::Engine;
use org_directory::Directory;
use projector::ProjectorPorts;
use projector::rebuild::RebuildPorts;
use projector::status::{PartitionStatus, ProjectorStatus};
use service::telemetry::Metrics;
use tokio::task::JoinHandle;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_util::sync::CancellationToken;
use vault::{Kms, Vault};

use super::rate_samples::RateSamples;
use crate::limits::{
    PIPELINE_FIGURES_SERVE, PIPELINE_PART_WITHIN, PIPELINE_SAMPLE_EVERY, PIPELINE_STILL_AFTER,
};
use crate::settings::Settings;
use crate::writes::outcome_hub::OutcomeFreshness;

/// Where a verdict is posted, as the metrics name it.
const VERDICTS: &str = "route=\"/api/identity/nik/dukcapil\"";

/// What the figures are gathered from.
pub(super) struct PipelineSources {
    log: Arc<dyn EventLog>,
    views: Arc<dyn Views>,
    keys: Arc<dyn KeyRows>,
    kms: Arc<dyn Kms>,
    face_vectors: Arc<dyn FaceVectors>,
    projection: RebuildPorts,
    metrics: Metrics,
    directory: Directory,
    directory_stale: Duration,
    outcomes: OutcomeFreshness,
    outcomes_stale: Duration,
    /// The model that is loaded.
    face_model: Option<FaceModelId>,
    samples: Arc<Mutex<RateSamples>>,
    /// Where each lagging partition stood, and since when.
    stood: Mutex<BTreeMap<Partition, (Offset, Instant)>>,
    /// What was gathered last. Locked while it is gathered, so that many readers ask the stores once.
    last: tokio::sync::Mutex<Option<(Instant, PipelineFigures)>>,
}

/// What of an instance is not its engine's.
pub struct InstanceParts<'a> {
    /// Its vault.
    pub vault: Vault,
    /// Its orgs.
    pub directory: Directory,
    /// Of its stream of outcomes.
    pub outcomes: OutcomeFreshness,
    /// The model that it reads photos with.
    pub face_model: Option<FaceModelId>,
    /// Its settings.
    pub settings: &'a Settings,
}

impl PipelineSources {
    /// Of an instance; looks at the log from now on, until it is cancelled.
    pub(super) fn start(
        engine: &Engine,
        parts: InstanceParts<'_>,
        metrics: Metrics,
        cancel: CancellationToken,
    ) -> (Self, JoinHandle<()>) {
        let samples = Arc::new(Mutex::default());
        let sampling = tokio::spawn(sample(Arc::clone(&engine.log), Arc::clone(&samples), cancel));
        let sources = Self {
            log: Arc::clone(&engine.log),
            views: Arc::clone(&engine.views),
            keys: Arc::clone(&engine.keys),
            kms: Arc::clone(&engine.kms),
            face_vectors: Arc::clone(&engine.face_vectors),
            projection: RebuildPorts {
                ports: ProjectorPorts::of(engine, parts.vault),
                generations: Arc::clone(&engine.operations.generations),
                inspection: Arc::clone(&engine.operations.inspection),
            },
            metrics,
            directory: parts.directory,
            directory_stale: parts.settings.directory_stale,
            outcomes: parts.outcomes,
            outcomes_stale: parts.settings.outcomes_stale,
            face_model: parts.face_model,
            samples,
            stood: Mutex::default(),
            last: tokio::sync::Mutex::default(),
        };
        (sources, sampling)
    }

    /// The figures of this moment, or of a second ago.
    pub(super) async fn figures(&self) -> PipelineFigures {
        let mut last = self.last.lock().await;
        if let Some((at, figures)) = &*last
            && at.elapsed() < PIPELINE_FIGURES_SERVE
        {
            return figures.clone();
        }
        let figures = self.gather().await;
        *last = Some((Instant::now(), figures.clone()));
        figures
    }

    async fn gather(&self) -> PipelineFigures {
        let (status, dead_letters, dependencies, faces) =
            tokio::join!(self.status(), self.dead_letters(), self.dependencies(), self.faces());
        let (intake, waiting) = self.sampled(status.as_ref());
        let projection = status.map(|status| self.projection(status));
        PipelineFigures { intake, waiting, projection, dead_letters, dependencies, faces }
    }

    async fn status(&self) -> Option<ProjectorStatus> {
        match timeout(PIPELINE_PART_WITHIN, projector::status::status(&self.projection)).await {
            Ok(Ok(status)) => Some(status),
            Ok(Err(error)) => {
                tracing::debug!(%error, "the state of the projection is not to be had");
                None
            }
            Err(_) => None,
        }
    }

    async fn offsets(&self, topic: Topic) -> Option<Vec<OffsetRange>> {
        timeout(PIPELINE_PART_WITHIN, self.log.offsets(topic)).await.ok()?.ok()
    }

    async fn dead_letters(&self) -> Option<u64> {
        let ranges = self.offsets(Topic::DeadLetters).await?;
        Some(ranges.iter().map(|range| range.end.0.saturating_sub(range.earliest.0)).sum())
    }

    async fn dependencies(&self) -> Vec<(DependencyName, DependencyState)> {
        // Nobody's: nothing is found, but the question is answered.
        let nobody = CustomerRef::new(OrgId::from_bytes([0; 16]), CustomerId::from_bytes([0; 16]));
        let (log, read_model, key_store, key_management) = tokio::join!(
            answers(async { self.log.describe(Topic::Events).await.is_ok() }),
            answers(async { self.views.generation().await.is_ok() }),
            answers(async { self.keys.get(&nobody).await.is_ok() }),
            answers(async { self.kms.holds_keys().await.is_ok() }),
        );
        let outcomes = good(self.outcomes.is_fresh(self.outcomes_stale));
        let directory = good(self.directory.is_current(self.directory_stale));
        let faces =
            if self.face_model.is_some() { DependencyState::Good } else { DependencyState::NotConfigured };
        vec![
            (DependencyName::EventLog, log),
            (DependencyName::ReadModel, read_model),
            (DependencyName::KeyStore, key_store),
            (DependencyName::KeyManagement, key_management),
            (DependencyName::OutcomeStream, outcomes),
            (DependencyName::OrgDirectory, directory),
            (DependencyName::FaceModels, faces),
        ]
    }

    /// The events that each model has not come to. How many photos are among them would have to be read.
    async fn faces(&self) -> Option<Vec<FaceModelLag>> {
        let both = async {
            let topic = self.log.describe(Topic::Events).await.ok()?;
            let positions = async { self.face_vectors.positions(topic.id).await.ok() };
            let (ranges, positions) = tokio::join!(self.offsets(Topic::Events), positions);
            ranges.zip(positions)
        };
        let (ranges, positions) = timeout(PIPELINE_PART_WITHIN, both).await.ok()??;
        let mut models: BTreeMap<String, (bool, BTreeMap<Partition, Offset>)> = BTreeMap::new();
        if let Some(model) = &self.face_model {
            models.entry(model.to_string()).or_default().0 = true;
        }
        for (model, row) in positions {
            let is_loaded = self.face_model.as_ref() == Some(&model);
            let (loaded, next) = models.entry(model.to_string()).or_default();
            *loaded |= is_loaded;
            next.insert(row.partition, row.next);
        }
        let lag = |next: &BTreeMap<Partition, Offset>| {
            let of = |range: &OffsetRange| next.get(&range.partition).copied().unwrap_or(range.earliest);
            ranges.iter().map(|range| range.end.0.saturating_sub(of(range).0)).sum()
        };
        let lags = models.into_iter().map(|(model, (is_loaded, next))| {
            let events = lag(&next);
            FaceModelLag { model, events, is_loaded }
        });
        Some(lags.collect())
    }

    /// What follows from the looks at the log.
    fn sampled(&self, status: Option<&ProjectorStatus>) -> (IntakeFigures, Option<WaitingTime>) {
        let verdicts = verdict_counts(&self.metrics.render());
        let samples = self.samples.lock().unwrap_or_else(PoisonError::into_inner);
        let intake = IntakeFigures { per_second: samples.recent(), samples: samples.rates(), verdicts };
        let waiting = status.map(|status| {
            let of = |offset: fn(&PartitionStatus) -> Offset| {
                status.partitions.iter().map(|of| (of.partition, offset(of))).collect()
            };
            samples.waiting(service::clock::now(), &of(|of| of.next), &of(|of| of.end))
        });
        (intake, waiting)
    }

    fn projection(&self, status: ProjectorStatus) -> ProjectionFigures {
        let mut stood = self.stood.lock().unwrap_or_else(PoisonError::into_inner);
        let partitions = status.partitions.into_iter().map(|of| PartitionFigures {
            partition: of.partition.0,
            next: of.next.0,
            end: of.end.0,
            is_still: is_still(&mut stood, &of, Instant::now()),
            held: of.held.into_iter().map(|held| held.org).collect(),
        });
        let books = status.books.into_iter().map(|of| OrgBooksFigures {
            org: of.org,
            books: of.books,
            balance: of.balance,
        });
        ProjectionFigures {
            live_generation: status.pointer.live.0,
            second_generation: status.pointer.beside.map(|second| {
                let state = match &second {
                    SecondGeneration::Building(_) => SecondGenerationState::Building,
                    SecondGeneration::Next(..) => SecondGenerationState::Next,
                    SecondGeneration::Previous(..) => SecondGenerationState::Previous,
                    SecondGeneration::Leaving(..) => SecondGenerationState::Leaving,
                    SecondGeneration::Dropping(_) => SecondGenerationState::Dropping,
                };
                (second.generation().0, state)
            }),
            partitions: partitions.collect(),
            books: books.collect(),
            quarantined: status.quarantined,
        }
    }
}

/// Looks where the log ends, again and again. While it does not answer there is no sample.
async fn sample(log: Arc<dyn EventLog>, samples: Arc<Mutex<RateSamples>>, cancel: CancellationToken) {
    let mut every = interval(PIPELINE_SAMPLE_EVERY);
    every.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let looks = async {
        loop {
            every.tick().await;
            let ends: Result<Vec<OffsetRange>, LogError> = log.offsets(Topic::Events).await;
            let Ok(ends) = ends else { continue };
            let ends = ends.into_iter().map(|range| (range.partition, range.end)).collect();
            samples.lock().unwrap_or_else(PoisonError::into_inner).take(service::clock::now(), ends);
        }
    };
    let _: Option<()> = cancel.run_until_cancelled(looks).await;
}

async fn answers(asked: impl Future<Output = bool>) -> DependencyState {
    good(timeout(PIPELINE_PART_WITHIN, asked).await.unwrap_or(false))
}

fn good(is_good: bool) -> DependencyState {
    if is_good { DependencyState::Good } else { DependencyState::Away }
}

/// Whether a partition lags and has stood there for longer than one that is projected ever does.
fn is_still(stood: &mut BTreeMap<Partition, (Offset, Instant)>, of: &PartitionStatus, now: Instant) -> bool {
    if of.lag == 0 {
        stood.remove(&of.partition);
        return false;
    }
    let entry = stood.entry(of.partition).or_insert((of.next, now));
    if entry.0 != of.next {
        *entry = (of.next, now);
    }
    now.duration_since(entry.1) >= PIPELINE_STILL_AFTER
}

/// The answers to verdicts, out of the metrics' page.
fn verdict_counts(page: &str) -> VerdictCounts {
    let mut counts = VerdictCounts::default();
    let lines = page.lines().filter_map(|line| line.strip_prefix("identity_http_requests_total{"));
    for line in lines.filter(|line| line.contains(VERDICTS)) {
        let Some((labels, value)) = line.rsplit_once("} ") else { continue };
        let status = labels.split("status=\"").nth(1).unwrap_or_default();
        let value: u64 = value.trim().parse().unwrap_or(0);
        match status.as_bytes().first() {
            Some(b'2') => counts.accepted += value,
            Some(b'5') => counts.failed += value,
            _ => counts.refused += value,
        }
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_to_verdicts_are_counted_by_what_they_mean_to_the_caller() {
        let page = r#"# TYPE identity_http_requests_total counter
identity_http_requests_total{method="POST",route="/api/identity/nik/dukcapil",status="200"} 7
identity_http_requests_total{method="POST",route="/api/identity/nik/dukcapil",status="202"} 2
identity_http_requests_total{method="POST",route="/api/identity/nik/dukcapil",status="400"} 3
identity_http_requests_total{method="PUT",route="/api/identity/nik/dukcapil",status="405"} 1
identity_http_requests_total{method="POST",route="/api/identity/nik/dukcapil",status="503"} 5
identity_http_requests_total{method="GET",route="/api/identity/attempts",status="200"} 100
identity_http_request_seconds_count{method="POST",route="/api/identity/nik/dukcapil"} 18
"#;
        assert_eq!(verdict_counts(page), VerdictCounts { accepted: 9, refused: 4, failed: 5 });
        assert_eq!(verdict_counts(""), VerdictCounts::default());
    }

    #[test]
    fn a_partition_has_stopped_when_it_lags_and_does_not_move_for_long() {
        let mut stood = BTreeMap::new();
        let of = |next, end| PartitionStatus {
            partition: Partition(3),
            end: Offset(end),
            next: Offset(next),
            lag: end - next,
            beside: None,
            held: Vec::new(),
        };
        let began = Instant::now();
        let long = PIPELINE_STILL_AFTER;
        assert!(!is_still(&mut stood, &of(5, 9), began));
        assert!(!is_still(&mut stood, &of(6, 9), began + long), "it moved");
        assert!(!is_still(&mut stood, &of(6, 12), began + long + long / 2));
        assert!(is_still(&mut stood, &of(6, 12), began + long * 2));
        assert!(!is_still(&mut stood, &of(12, 12), began + long * 3), "it lags no more");
        assert!(!is_still(&mut stood, &of(12, 13), began + long * 4), "and began to lag just now");
    }
}
