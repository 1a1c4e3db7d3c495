//! A program as a process: what it was told on the command line, its standard streams, its signals, its exit code
//! (contract §6: 0 done, 1 failed, 2 wrong usage). Not here: what is logged (`telemetry`), and what any program
//! does.

mod line_writer;
mod signals;
mod standard_output;
mod table;

use std::fmt::Display;
use std::io::{self, IsTerminal as _, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::OnceLock;

use clap::Parser;

pub use signals::stop_on_signal;
pub use standard_output::{Unwritten, print};
pub use table::table;

pub(crate) use line_writer::{DROPPED, LineWriter};

use crate::limits::{LOG_FLUSH_MAX, RUNTIME_END_MAX};
use crate::telemetry::panics;

/// Which build this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuildInfo {
    /// The version of its package.
    pub version: &'static str,
    /// The commit that it was built from, 40 hexadecimal digits; `unknown` where there was no repository.
    pub commit: &'static str,
}

/// Reads the command line.
///
/// # Errors
/// The exit code of a program whose work is done: help and version were shown, or the usage was wrong.
pub fn parse<C: Parser>() -> Result<C, ExitCode> {
    let error = match C::try_parse() {
        Ok(arguments) => return Ok(arguments),
        Err(error) => error,
    };
    let render = |terminal: bool| {
        let text = error.render();
        if terminal { text.ansi().to_string() } else { text.to_string() }
    };
    if error.use_stderr() {
        say(render(io::stderr().is_terminal()).trim_end());
        return Err(ended(ExitCode::from(2)));
    }
    match print(&render(io::stdout().is_terminal())) {
        Ok(()) => Err(ExitCode::SUCCESS),
        Err(error) => Err(failed(&error)),
    }
}

/// Runs a program's work to its end, on a runtime of its own, and makes its exit code of it. Nothing that stalls
/// (a reader of standard error, a thread that waits for a name server) holds up the end for long.
pub fn run<E: Display>(work: impl Future<Output = Result<ExitCode, E>>) -> ExitCode {
    panics::log_places_only();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let done = async {
        if let Err(error) = signals::survive_file_size_limit() {
            return failed(&error);
        }
        match work.await {
            Ok(code) => code,
            Err(error) => failed(&error),
        }
    };
    // A panic has said its place by then; it is a failure like any other, and its line is waited for as well.
    let done = catch_unwind(AssertUnwindSafe(|| runtime.block_on(done))).unwrap_or(ExitCode::FAILURE);
    runtime.shutdown_timeout(RUNTIME_END_MAX);
    ended(done)
}

/// Says words for people on standard error, a line of their own. Never waits for whoever reads them.
pub fn say(words: &str) {
    standard_error().push(format!("{words}\n").as_bytes());
}

fn failed(error: &impl Display) -> ExitCode {
    say(&format!("error: {error:#}"));
    ended(ExitCode::FAILURE)
}

/// Gives what was said a moment to be read.
fn ended(code: ExitCode) -> ExitCode {
    standard_error().flush(LOG_FLUSH_MAX);
    code
}

/// The one way to standard error.
pub(crate) fn standard_error() -> &'static LineWriter {
    static WRITER: OnceLock<LineWriter> = OnceLock::new();
    WRITER.get_or_init(|| {
        let stream: Box<dyn Write + Send> = match line_writer::unbuffered(&io::stderr()) {
            Ok(stream) => Box::new(stream),
            // No file descriptor is left: the standard library's own way is as good as any.
            Err(_) => Box::new(io::stderr()),
        };
        LineWriter::start("log-lines", stream)
    })
}
