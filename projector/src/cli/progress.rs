//! How far a rebuild is: a bar on a terminal, a line now and then otherwise. Either way the rebuild never waits for
//! whoever looks: the bar is drawn by a thread of its own, since a terminal can be stopped (Ctrl-S).

use std::io::IsTerminal as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};
use projector::rebuild::{RebuildPhase, RebuildProgress};
use service::program::say;

/// Between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Between two looks of the bar at how much is done.
const DRAW_EVERY: Duration = Duration::from_millis(100);

/// Changes that may wait for the bar's thread: there are a dozen in a rebuild.
const CHANGES_MAX: usize = 64;

/// How long the bar may take to go: a terminal that takes longer is stopped.
const CLEAR_MAX: Duration = Duration::from_secs(1);

fn words(phase: RebuildPhase) -> &'static str {
    match phase {
        RebuildPhase::Replay => "replaying events",
        RebuildPhase::Compare => "comparing",
        RebuildPhase::Handover => "handing over",
        RebuildPhase::Drop => "dropping",
    }
}

/// Shows it on stderr.
pub(crate) struct ProgressDisplay {
    bar: Option<BarThread>,
    total: AtomicU64,
    done: Arc<AtomicU64>,
    last: Mutex<(Option<RebuildPhase>, Instant)>,
}

impl ProgressDisplay {
    pub(crate) fn new() -> Self {
        let done = Arc::new(AtomicU64::new(0));
        let bar = std::io::stderr().is_terminal().then(|| BarThread::start(Arc::clone(&done)));
        Self { bar, total: AtomicU64::new(0), done, last: Mutex::new((None, Instant::now())) }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish();
        }
    }

    fn step(&self, count: u64, what: &str) {
        let done = self.done.fetch_add(count, Ordering::Relaxed) + count;
        if self.bar.is_some() {
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.1.elapsed() >= LINE_EVERY {
            last.1 = Instant::now();
            match self.total.load(Ordering::Relaxed) {
                0 => say(&format!("{done} {what}")),
                total => say(&format!("{done} of {total} {what}")),
            }
        }
    }
}

impl RebuildProgress for ProgressDisplay {
    fn phase(&self, phase: RebuildPhase, total: u64) {
        self.total.store(total, Ordering::Relaxed);
        self.done.store(0, Ordering::Relaxed);
        if let Some(bar) = &self.bar {
            bar.change(BarChange::Phase(phase, total));
            return;
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let again = last.0.replace(phase) == Some(phase);
        match total {
            0 if again => {}
            0 => say(words(phase)),
            total => say(&format!("{}: {total}", words(phase))),
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
            Some(bar) => bar.change(BarChange::Line(text.to_owned())),
            None => say(text),
        }
    }
}

/// What the bar's thread is told.
enum BarChange {
    Phase(RebuildPhase, u64),
    Line(String),
    Finish,
}

/// The thread that draws, and the way to it.
struct BarThread {
    changes: SyncSender<BarChange>,
    /// Disconnected once the thread has ended.
    ended: Mutex<Receiver<()>>,
}

impl BarThread {
    fn start(done: Arc<AtomicU64>) -> Self {
        let (changes, told) = sync_channel(CHANGES_MAX);
        let (ending, ended) = sync_channel(0);
        let drawing = std::thread::Builder::new().name("progress-bar".to_owned());
        // Without a thread there is no bar, and the rebuild is none the worse.
        let _ = drawing.spawn(move || {
            draw(&told, &done);
            drop::<SyncSender<()>>(ending);
        });
        Self { changes, ended: Mutex::new(ended) }
    }

    /// A change that finds no room is not shown.
    fn change(&self, change: BarChange) {
        let _ = self.changes.try_send(change);
    }

    fn finish(&self) {
        self.change(BarChange::Finish);
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = ended.recv_timeout(CLEAR_MAX);
    }
}

fn draw(told: &Receiver<BarChange>, done: &AtomicU64) {
    let bar = ProgressBar::no_length();
    let style = ProgressStyle::with_template("{msg} {wide_bar} {human_pos}/{human_len} {per_sec} {eta}");
    // The template is a constant; a bar in the default style is no harm.
    style.map(|style| bar.set_style(style)).ok();
    loop {
        match told.recv_timeout(DRAW_EVERY) {
            Ok(BarChange::Phase(phase, total)) => {
                bar.reset();
                bar.set_message(words(phase));
                if total == 0 {
                    bar.unset_length();
                } else {
                    bar.set_length(total);
                }
            }
            Ok(BarChange::Line(text)) => bar.println(text),
            Err(RecvTimeoutError::Timeout) => bar.set_position(done.load(Ordering::Relaxed)),
            Ok(BarChange::Finish) | Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    bar.finish_and_clear();
}
