//! Metrics: the recorder behind the `metrics` facade, and the page that Prometheus reads.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};

use super::{TelemetryError, help, process};
use crate::limits::METRICS_UPKEEP_EVERY;
use crate::program::BuildInfo;

/// Buckets of every `…_seconds`: from a cached lookup (100 µs) to the longest request (30 s).
const SECONDS: &[f64] = &[
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
    30.0,
];

/// Buckets of every `…_bytes`: from a small body to the largest record (4 MiB) and a few of them.
const BYTES: &[f64] = &[
    256.0,
    1024.0,
    4096.0,
    16384.0,
    32768.0,
    65536.0,
    131_072.0,
    262_144.0,
    1_048_576.0,
    4_194_304.0,
    16_777_216.0,
];

/// Buckets of everything else that is counted in a histogram (records of a batch, rows of a page).
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0, 4096.0, 16384.0];

/// This process's metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    handle: PrometheusHandle,
}

impl Metrics {
    /// The page in Prometheus' text format (`text/plain; version=0.0.4`), with this process's own figures.
    pub fn render(&self) -> String {
        let mut page = self.handle.render();
        process::Figures::now().write(&mut page);
        page
    }

    /// Says which build runs. Prometheus' own convention: a gauge that is always 1.
    pub(super) fn name_build(build: BuildInfo) {
        let labels = [("version", build.version), ("commit", build.commit)];
        ::metrics::gauge!("identity_build_info", &labels).set(1.0);
    }
}

/// The process's metrics: installed by whoever asks first.
///
/// # Errors
/// [`TelemetryError::Twice`] when another recorder than ours was installed before.
pub fn metrics() -> Result<Metrics, TelemetryError> {
    static INSTALLED: OnceLock<Option<Metrics>> = OnceLock::new();
    INSTALLED.get_or_init(|| install().ok()).clone().ok_or(TelemetryError::Twice("metrics"))
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    PrometheusBuilder::new()
        .set_buckets(COUNTS)?
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)?
        .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), BYTES)
}

fn install() -> Result<Metrics, BuildError> {
    let handle = builder()?.install_recorder()?;
    help::describe();
    let upkeep = handle.clone();
    // Samples pile up until they are folded into their buckets; a scrape does it, but nobody may scrape.
    let started = std::thread::Builder::new().name("metrics-upkeep".to_owned()).spawn(move || {
        loop {
            std::thread::sleep(METRICS_UPKEEP_EVERY);
            upkeep.run_upkeep();
        }
    });
    if let Err(error) = started {
        tracing::warn!(%error, "no thread for the upkeep of metrics: histograms grow until they are scraped");
    }
    Ok(Metrics { handle })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_have_buckets_of_their_own() {
        let recorder = builder().expect("good buckets").build_recorder();
        let page = ::metrics::with_local_recorder(&recorder, || {
            ::metrics::histogram!("identity_test_seconds", "route" => "/x").record(0.003);
            ::metrics::histogram!("identity_test_body_bytes").record(41_000.0);
            ::metrics::histogram!("identity_test_batch_records").record(3.0);
            recorder.handle().render()
        });
        assert!(page.contains("identity_test_seconds_bucket{route=\"/x\",le=\"0.005\"} 1"), "{page}");
        assert!(page.contains("identity_test_body_bytes_bucket{le=\"65536\"} 1"), "{page}");
        assert!(page.contains("identity_test_batch_records_bucket{le=\"4\"} 1"), "{page}");
    }

    #[test]
    fn asked_twice_it_is_the_same_recorder() {
        let first = metrics().expect("installed");
        let second = metrics().expect("the same");
        ::metrics::counter!("identity_test_total").increment(2);
        for page in [first.render(), second.render()] {
            assert!(page.contains("identity_test_total 2"), "{page}");
            assert!(page.contains("process_resident_memory_bytes "), "{page}");
        }
    }
}
