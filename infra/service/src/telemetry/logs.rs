//! Log lines: human on a terminal, JSON otherwise, on stderr, so that what a command prints stays alone on
//! stdout. Nobody who logs waits for whoever reads them: `program` writes them, by a thread of its own.

use std::io::{self, IsTerminal as _, Write};

use serde::Deserialize;
use tracing_subscriber::filter::FilterExt as _;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, Registry};

use super::TelemetryError;
use super::repeats::Repeats;
use super::traces::Traces;
use crate::program::standard_error;

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// Human on a terminal, JSON otherwise.
    #[default]
    Auto,
    /// One JSON object a line.
    Json,
    /// For people.
    Human,
}

/// What is logged when `RUST_LOG` does not say.
const DEFAULT_FILTER: &str = "info";

/// Whether lines are for people.
fn human(format: LogFormat, terminal: bool) -> bool {
    match format {
        LogFormat::Auto => terminal,
        LogFormat::Human => true,
        LogFormat::Json => false,
    }
}

fn filter(rust_log: Option<&str>) -> Result<EnvFilter, TelemetryError> {
    let text = rust_log.filter(|text| !text.trim().is_empty()).unwrap_or(DEFAULT_FILTER);
    EnvFilter::builder().parse(text).map_err(|error| TelemetryError::Filter(error.to_string()))
}

/// Takes a line from the layer that made it, which hands over each in one piece.
struct Lines;

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        Self
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        standard_error().push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub(super) fn init(format: LogFormat, traces: Option<&Traces>) -> Result<(), TelemetryError> {
    let terminal = io::stderr().is_terminal();
    let filter = filter(std::env::var("RUST_LOG").ok().as_deref())?;
    let human = human(format, terminal);
    standard_error().speak_json(!human);
    let lines = if human {
        tracing_subscriber::fmt::layer().with_writer(Lines).with_ansi(terminal).boxed()
    } else {
        tracing_subscriber::fmt::layer()
            .json()
            .flatten_event(true)
            .with_current_span(true)
            .with_span_list(false)
            .with_writer(Lines)
            .boxed()
    };
    let lines: Box<dyn tracing_subscriber::Layer<Registry> + Send + Sync> =
        lines.with_filter(filter.and(Repeats::default())).boxed();
    Registry::default()
        .with(lines)
        .with(traces.map(Traces::layer))
        .try_init()
        .map_err(|_| TelemetryError::Twice("logs"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_human_on_a_terminal_only_unless_somebody_says_so() {
        for (format, terminal, wanted) in [
            (LogFormat::Auto, true, true),
            (LogFormat::Auto, false, false),
            (LogFormat::Human, false, true),
            (LogFormat::Json, true, false),
        ] {
            assert_eq!(human(format, terminal), wanted, "{format:?} {terminal}");
        }
    }

    #[test]
    fn the_filter_is_info_unless_rust_log_says_otherwise() {
        assert_eq!(filter(None).expect("a filter").to_string(), "info");
        assert_eq!(filter(Some(" ")).expect("a filter").to_string(), "info");
        assert_eq!(filter(Some("engine=debug,warn")).expect("a filter").to_string(), "engine=debug,warn");
        assert!(matches!(filter(Some("engine=loud")), Err(TelemetryError::Filter(_))));
    }
}
