//! The measured program: started, asked of its kernel what it used, ended. Only a program started here is
//! ever looked at or ended.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use crate::limits::{LOOK_EVERY, STOP_WITHIN};

/// A tick of `/proc/<pid>/stat`: USER_HZ, 100 on every architecture that runs this.
const TICK: Duration = Duration::from_millis(10);

/// CPU time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cpu {
    pub(crate) user: Duration,
    pub(crate) system: Duration,
}

impl Cpu {
    /// What was used since an earlier look.
    pub(crate) fn since(self, earlier: Self) -> Self {
        Self {
            user: self.user.saturating_sub(earlier.user),
            system: self.system.saturating_sub(earlier.system),
        }
    }

    /// Both together.
    pub(crate) fn total(self) -> Duration {
        self.user + self.system
    }
}

impl std::iter::Sum for Cpu {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |a, b| Self { user: a.user + b.user, system: a.system + b.system })
    }
}

/// What a program has read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Read {
    pub(crate) bytes: u64,
    /// System calls.
    pub(crate) calls: u64,
}

/// A running program. Dropped, it is killed.
pub(crate) struct Program {
    child: Child,
    log: PathBuf,
}

impl Program {
    /// Starts it without what our own environment would set of it; what it prints goes to a file.
    pub(crate) fn start(program: &Path, arguments: &[&str], log: PathBuf) -> Result<Self> {
        let out = File::create(&log).with_context(|| format!("create {}", log.display()))?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out);
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("IDENTITY_") || text.starts_with("OTEL_") || text == "RUST_LOG" {
                command.env_remove(&name);
            }
        }
        let child = command.spawn().with_context(|| format!("start {}", program.display()))?;
        Ok(Self { child, log })
    }

    /// Fails with the end of what it printed once it has ended.
    pub(crate) fn check(&mut self) -> Result<()> {
        let ended = self.child.try_wait()?;
        ensure!(ended.is_none(), "it ended ({}):\n{}", ended.unwrap_or_default(), self.tail());
        Ok(())
    }

    /// The last lines it printed.
    pub(crate) fn tail(&self) -> String {
        let text = fs::read(&self.log).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(10)..].join("\n")
    }

    /// CPU time of all its threads so far, those that ended too.
    pub(crate) fn cpu(&self) -> Result<Cpu> {
        cpu_of(&[self.child.id()])
    }

    /// CPU time by the names of threads that run now; names that only differ in a number are one.
    pub(crate) fn cpu_by_thread(&self) -> Result<BTreeMap<String, Duration>> {
        cpu_by_thread_in(&format!("/proc/{}/task", self.child.id()))
    }

    /// The most memory it ever had, in bytes (`VmHWM`).
    pub(crate) fn peak_rss(&self) -> Result<u64> {
        peak_rss_of(self.child.id())
    }

    /// What it has read so far, from the system's cache or the disk.
    pub(crate) fn read(&self) -> Result<Read> {
        let text = fs::read_to_string(format!("/proc/{}/io", self.child.id()))?;
        let number = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name)).context("no such line")?;
            anyhow::Ok(value.trim().parse()?)
        };
        Ok(Read { bytes: number("rchar:")?, calls: number("syscr:")? })
    }

    /// Ends it in order; how long that took.
    pub(crate) fn stop(mut self) -> Result<Duration> {
        let began = Instant::now();
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM)?;
        while self.child.try_wait()?.is_none() {
            ensure!(began.elapsed() < STOP_WITHIN, "it did not end within {STOP_WITHIN:?} of SIGTERM");
            std::thread::sleep(LOOK_EVERY);
        }
        Ok(began.elapsed())
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Both do nothing to one that has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The most memory that a process which still runs ever had, in bytes (`VmHWM`).
pub(crate) fn peak_rss_of(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kib: u64 = line.split_whitespace().next().context("no number")?.parse()?;
    Ok(kib * 1024)
}

/// Our own CPU time so far.
pub(crate) fn own_cpu() -> Result<Cpu> {
    cpu_in("/proc/self/stat")
}

/// The same by the nanosecond, of the threads that run now. One that runs is behind by a tick at most.
pub(crate) fn own_cpu_of_threads() -> Result<Duration> {
    Ok(cpu_by_thread_in("/proc/self/task")?.into_values().sum())
}

fn cpu_by_thread_in(tasks: &str) -> Result<BTreeMap<String, Duration>> {
    let mut by_name: BTreeMap<String, Duration> = BTreeMap::new();
    for entry in fs::read_dir(tasks)? {
        let task = entry?.path();
        // One that ends between the two looks is no longer there to be asked.
        let (Ok(name), Ok(schedstat)) =
            (fs::read_to_string(task.join("comm")), fs::read_to_string(task.join("schedstat")))
        else {
            continue;
        };
        let on_cpu = schedstat.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0);
        let name = name.trim().trim_end_matches(|c: char| c.is_ascii_digit() || "-: ".contains(c));
        *by_name.entry(name.to_owned()).or_default() += Duration::from_nanos(on_cpu);
    }
    Ok(by_name)
}

/// CPU time of processes so far, together.
pub(crate) fn cpu_of(pids: &[u32]) -> Result<Cpu> {
    let each = pids.iter().map(|pid| cpu_in(&format!("/proc/{pid}/stat")));
    each.sum()
}

fn cpu_in(stat: &str) -> Result<Cpu> {
    parse_stat(&fs::read_to_string(stat).with_context(|| stat.to_owned())?).context("no times in stat")
}

/// utime and stime are the 14th and 15th field; the second, the name, may have spaces and parentheses in it.
fn parse_stat(stat: &str) -> Option<Cpu> {
    let after_name = stat.rsplit_once(')')?.1;
    let mut fields = after_name.split_whitespace().skip(11).map(str::parse::<u32>);
    let mut ticks = || Some(TICK * fields.next()?.ok()?);
    Some(Cpu { user: ticks()?, system: ticks()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_found_behind_any_name() {
        let stat = "7 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 25 0 0 20";
        let cpu = parse_stat(stat).expect("times");
        assert_eq!((cpu.user.as_millis(), cpu.system.as_millis()), (1_500, 250));
        assert!(parse_stat("7 (a) S 1 2").is_none());
    }
}
