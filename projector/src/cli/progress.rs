//! How far a rebuild is: a bar on a terminal, a line now and then otherwise.

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use projector::rebuild::{Phase, Progress};

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

fn words(phase: Phase) -> &'static str {
    match phase {
        Phase::Replay => "replaying events",
        Phase::Compare => "comparing",
        Phase::Handover => "handing over",
        Phase::Drop => "dropping",
    }
}

/// Shows it on stderr.
pub(crate) struct Shown {
    bar: Option<ProgressBar>,
    total: AtomicU64,
    done: AtomicU64,
    last: Mutex<(Option<Phase>, Instant)>,
}

impl Shown {
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::no_length();
            let style =
                ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}");
            // The template is a constant; a bar in the default style is no harm.
            style.map(|style| bar.set_style(style)).ok();
            bar
        });
        Self {
            bar,
            total: AtomicU64::new(0),
            done: AtomicU64::new(0),
            last: Mutex::new((None, Instant::now())),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    fn step(&self, count: u64, what: &str) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if let Some(bar) = &self.bar {
            bar.inc(count);
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1.elapsed() >= LINE_EVERY {
            last.1 = Instant::now();
            match self.total.load(Ordering::Relaxed) {
                0 => eprintln!("{done} {what}"),
                total => eprintln!("{done} of {total} {what}"),
            }
        }
    }
}

impl Progress for Shown {
    fn phase(&self, phase: Phase, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.reset();
            bar.set_message(words(phase));
            if total == 0 {
                bar.unset_length();
            } else {
                bar.set_length(total);
            }
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let again = last.0.replace(phase) == Some(phase);
        match total {
            0 if again => {}
            0 => eprintln!("{}", words(phase)),
            total => eprintln!("{}: {total}", words(phase)),
        }
    }

    fn events(&self, count: u64) {
        self.step(count, "events replayed");
    }

    fn compared(&self, count: u64) {
        self.step(count, "customers compared");
    }

    fn line(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| eprintln!("{text}")),
            None => eprintln!("{text}"),
        }
    }
}
