//! What a program says about itself: log lines on stderr, metrics for Prometheus, traces by OTLP when
//! OpenTelemetry's own variables name an endpoint, and the W3C trace context that a request brings along.
//!
//! Nothing here knows a name, a photo or a key, and nothing may be given one: what goes into a log line, a
//! label or a span leaves the house.

mod help;
mod logs;
mod metrics;
pub(crate) mod panics;
mod process;
mod repeats;
mod served;
mod traceparent;
mod traces;

use crate::program::{self, BuildInfo};

pub use logs::LogFormat;
pub use metrics::{Metrics, metrics};
pub use served::Served;
pub use traceparent::{NotATraceparent, TraceParent};

/// Why a program could not be made to speak.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `RUST_LOG` is no filter.
    #[error("RUST_LOG is not a filter: {0}")]
    Filter(String),
    /// Somebody has set up logs or metrics in this process already.
    #[error("{0} are already set up in this process")]
    Twice(&'static str),
    /// The exporter's settings (`OTEL_…`) are not usable.
    #[error("traces cannot be exported: {0}")]
    Traces(String),
}

/// Logs, metrics and traces of this process. Kept until the end, then [`Telemetry::shutdown`].
#[must_use = "spans that were not sent yet are lost without shutdown()"]
pub struct Telemetry {
    metrics: Metrics,
    traces: Option<traces::Traces>,
}

impl Telemetry {
    /// Sets up everything, once per process, with the program's name as OpenTelemetry's service name (unless
    /// `OTEL_SERVICE_NAME` says otherwise), and the build for `identity_build_info`. Panics are logged from here on by their place alone. Within a
    /// tokio runtime, which the exporter of traces uses.
    ///
    /// # Errors
    /// A filter or an exporter's setting that cannot be used, or a second call.
    pub fn init(format: LogFormat, service: &'static str, build: BuildInfo) -> Result<Self, TelemetryError> {
        let traces = traces::Traces::from_env(service, |name| std::env::var_os(name).is_some())?;
        logs::init(format, traces.as_ref())?;
        panics::log_places_only();
        let metrics = metrics()?;
        // There from the start, so that the first one lost is a change.
        ::metrics::counter!(program::DROPPED).absolute(0);
        Metrics::name_build(build);
        Ok(Self { metrics, traces })
    }

    /// The metrics, for the management listener.
    pub fn metrics(&self) -> Metrics {
        self.metrics.clone()
    }

    /// Sends the last spans; takes some seconds at most.
    pub async fn shutdown(self) {
        let Some(traces) = self.traces else { return };
        // It blocks until they are sent, by tasks that may need this very thread.
        let _ = tokio::task::spawn_blocking(move || traces.shutdown()).await;
    }
}
