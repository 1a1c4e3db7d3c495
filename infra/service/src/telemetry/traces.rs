//! Traces by OTLP over gRPC, when OpenTelemetry's own variables ask for it
//! (<https://opentelemetry.io/docs/specs/otel/protocol/exporter/>). Endpoint, headers, timeout, sampler and
//! resource attributes are all read from there by the SDK.

use opentelemetry::trace::TracerProvider as _;
#[cfg(feature = "otlp")]
use opentelemetry_otlp::SpanExporter;
#[cfg(feature = "otlp")]
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::Subscriber;
use tracing_subscriber::filter::{FilterExt as _, filter_fn};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use super::TelemetryError;
use crate::limits::TRACES_FLUSH_MAX;

/// Spans that are exported: ours from `info` up, and none of the exporter's own way out, or each export would make spans
/// to export.
const FILTER: &str = "info,h2=off,hyper=off,hyper_util=off,tonic=off,tower=off,opentelemetry=off";

pub(super) struct Traces {
    provider: SdkTracerProvider,
    service: &'static str,
}

/// Whether the variables ask for traces.
fn wanted(is_set: impl Fn(&str) -> bool) -> bool {
    is_set("OTEL_EXPORTER_OTLP_ENDPOINT") || is_set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
}

impl Traces {
    /// # Errors
    /// [`TelemetryError::Traces`]: nothing is sent by a build without `otlp`, and whoever asks for it should know.
    #[cfg(not(feature = "otlp"))]
    pub(super) fn from_env(
        _service: &'static str,
        is_set: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>, TelemetryError> {
        if !wanted(&is_set) {
            return Ok(None);
        }
        let why = "this program was built without them: build it with its default features, or unset \
                   OTEL_EXPORTER_OTLP_ENDPOINT";
        Err(TelemetryError::Traces(why.to_owned()))
    }

    #[cfg(feature = "otlp")]
    pub(super) fn from_env(
        service: &'static str,
        is_set: impl Fn(&str) -> bool,
    ) -> Result<Option<Self>, TelemetryError> {
        if !wanted(&is_set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder()
            .with_tonic()
            .build()
            .map_err(|error| TelemetryError::Traces(error.to_string()))?;
        let mut resource = Resource::builder();
        if !is_set("OTEL_SERVICE_NAME") {
            resource = resource.with_service_name(service);
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Some(Self { provider, service }))
    }

    pub(super) fn layer<S>(&self) -> Box<dyn Layer<S> + Send + Sync>
    where
        S: Subscriber + for<'span> LookupSpan<'span> + Send + Sync,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.provider.tracer(self.service))
            // Lines of the log name customers and events; a trace goes to whoever looks after programs, and has spans alone.
            .with_filter(EnvFilter::new(FILTER).and(filter_fn(|metadata| metadata.is_span())))
            .boxed()
    }

    pub(super) fn shutdown(self) {
        if let Err(error) = self.provider.shutdown_with_timeout(TRACES_FLUSH_MAX) {
            tracing::warn!(%error, "the last spans were not all sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use opentelemetry_sdk::error::OTelSdkResult;
    use opentelemetry_sdk::trace::{Sampler, SpanData, SpanExporter as ExporterPort};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::telemetry::TraceParent;

    /// Keeps what it is given.
    #[derive(Debug, Clone, Default)]
    struct Kept(Arc<Mutex<Vec<SpanData>>>);

    impl ExporterPort for Kept {
        async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
            self.0.lock().expect("not poisoned").extend(batch);
            Ok(())
        }
    }

    #[test]
    fn traces_are_exported_only_where_an_endpoint_is_named() {
        assert!(!wanted(|_| false));
        assert!(wanted(|name| name == "OTEL_EXPORTER_OTLP_ENDPOINT"));
        assert!(Traces::from_env("test", |_| false).expect("nothing to set up").is_none());
    }

    #[test]
    fn a_requests_trace_goes_on_in_our_spans_and_the_last_ones_are_sent() {
        let kept = Kept::default();
        let provider = SdkTracerProvider::builder()
            .with_sampler(Sampler::AlwaysOn)
            .with_batch_exporter(kept.clone())
            .build();
        let traces = Traces { provider, service: "test" };
        let subscriber = tracing_subscriber::registry().with(traces.layer());
        let parent = TraceParent::parse("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
            .expect("well-formed");
        let carried_on = tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("request");
            parent.adopt(&span);
            TraceParent::of_span(&span)
        })
        .expect("a place");
        assert_eq!(carried_on.trace_id(), parent.trace_id());
        assert_ne!(carried_on, parent, "it is our span's own place");
        traces.shutdown();
        let spans = kept.0.lock().expect("not poisoned");
        assert_eq!(spans.len(), 1);
        assert_eq!(spans[0].name, "request");
        assert_eq!(spans[0].span_context.trace_id().to_bytes(), parent.trace_id());
    }
}
