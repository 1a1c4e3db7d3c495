//! What was measured on: a figure means nothing without it. No figure of ours is made here.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::limits::FSYNCS;
use crate::stat::Spread;

/// One line: when, on what, and how busy it was with other things.
pub(crate) fn line() -> String {
    let cores = cores();
    let cpu = value_of("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown CPU".to_owned());
    let memory = value_of("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .unwrap_or(0.0);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!(
        "{}, {cores} cores ({cpu}), {:.0} GiB, Linux {}; load average before {}",
        chrono::Utc::now().format("%Y-%m-%d %H:%M UTC"),
        memory / (1024.0 * 1024.0),
        kernel.trim(),
        load_average(),
    )
}

/// As many threads as can run at once.
pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Of the last minute, five, fifteen. The measurement itself counts in what is read after it.
pub(crate) fn load_average() -> String {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

fn value_of(file: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// What an appended page and its fsync take here, in µs: the median says how much of a commit is the disk.
pub(crate) fn fsync_us(folder: &Path) -> Result<Spread> {
    let path = folder.join("fsync");
    let mut file = File::create(&path).with_context(|| format!("create {}", path.display()))?;
    let page = [0_u8; 4096];
    let mut took = Vec::with_capacity(FSYNCS);
    for _ in 0..FSYNCS {
        let began = Instant::now();
        file.write_all(&page)?;
        file.sync_data()?;
        took.push(began.elapsed().as_secs_f64() * 1e6);
    }
    fs::remove_file(&path)?;
    Ok(Spread::of(took))
}
