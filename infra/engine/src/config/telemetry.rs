//! `[telemetry]`. Traces are set by OpenTelemetry's own variables, the filter by `RUST_LOG`.

use serde::Deserialize;
use service::telemetry::LogFormat;

/// `[telemetry]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// `"auto"`, `"json"` or `"human"`.
    pub log_format: LogFormat,
}
