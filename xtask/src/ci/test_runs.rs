//! The gate's tests: built once, then each test program run by itself, two at a time, because some of them wait for real
//! servers most of their time. What belongs here: in which order the programs run, and how many tests passed.

mod counts;
mod programs;

use std::collections::VecDeque;
use std::io::Write as _;
use std::process::Output;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

pub(super) use self::counts::TestCounts;
use self::programs::TestRun;

/// Programs at a time. One that waits for its servers leaves the processor to the other; with more of them real servers are
/// kept waiting for a processor, and their clients give up.
const AT_A_TIME: usize = 2;

/// How one program ended.
struct EndedRun {
    name: String,
    took: Duration,
    output: Output,
}

/// Every test of every crate, also after one has failed: a run should say all that is wrong.
pub(super) fn run() -> Result<TestCounts> {
    let (queue, of_documentation) = programs::build()?;
    let expected = queue.len() + 1;
    let queue = Mutex::new(VecDeque::from_iter(queue.into_iter().chain([of_documentation])));
    let ended = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        let lanes = [(); AT_A_TIME].map(|()| scope.spawn(|| work_off(&queue, &ended)));
        lanes.into_iter().try_for_each(|lane| match lane.join() {
            Ok(worked) => worked,
            Err(_) => bail!("a run of tests broke off"),
        })
    })?;
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ensure!(ended.len() == expected, "{} of {expected} test programs ran", ended.len());
    let (counts, failed) = summed(&ended)?;
    if counts.failed() > 0 || !failed.is_empty() {
        say!("{}", counts.line());
        bail!("tests failed in {}", failed.join(", "));
    }
    ensure!(counts.passed() > 0, "no test ran");
    Ok(counts)
}

/// Runs programs until none is left. What one prints is printed whole when it has ended: two programs' lines in one another
/// say nothing.
fn work_off(queue: &Mutex<VecDeque<TestRun>>, ended: &Mutex<Vec<EndedRun>>) -> Result<()> {
    loop {
        let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let Some(TestRun { name, mut command }) = next else { return Ok(()) };
        let start = Instant::now();
        let output = command.output().with_context(|| format!("could not start {command:?}"))?;
        let run = EndedRun { name, took: start.elapsed(), output };
        let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
        say!("-- {}: {:.1} s", run.name, run.took.as_secs_f64());
        // Bytes, not text: what a test prints need not be UTF-8.
        std::io::stdout().write_all(&run.output.stdout)?;
        std::io::stderr().write_all(&run.output.stderr)?;
        ended.push(run);
    }
}

/// All counts together, and the programs that did not end well.
fn summed(ended: &[EndedRun]) -> Result<(TestCounts, Vec<&str>)> {
    let mut all = TestCounts::default();
    let mut failed = Vec::new();
    for run in ended {
        let counts = TestCounts::of(&String::from_utf8_lossy(&run.output.stdout));
        if !run.output.status.success() || counts.failed() > 0 {
            failed.push(run.name.as_str());
        } else {
            // A program that is not a harness of tests would end well and have tested nothing.
            ensure!(counts.has_results(), "{} says nothing of its tests", run.name);
        }
        all = all.and(counts);
    }
    Ok((all, failed))
}
