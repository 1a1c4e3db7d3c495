//! This process's own figures, read from `/proc/self` when somebody scrapes. Names are those that every
//! Prometheus client library has (<https://prometheus.io/docs/instrumenting/writing_clientlibs/>).

use std::fmt::Write as _;

/// `USER_HZ`: what `/proc/<pid>/stat` counts in, 100 on every Linux ABI (man 5 proc).
const TICKS_PER_SECOND: f64 = 100.0;

/// What is known; a figure that cannot be read is left out.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Figures {
    resident_bytes: Option<u64>,
    open_fds: Option<u64>,
    cpu_seconds: Option<f64>,
    threads: Option<u64>,
}

impl Figures {
    pub(super) fn now() -> Self {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        Self {
            resident_bytes: status_field(&status, "VmRSS:").map(|kib| kib * 1024),
            threads: status_field(&status, "Threads:"),
            cpu_seconds: cpu_seconds(&stat),
            // One of them is the folder being read.
            open_fds: std::fs::read_dir("/proc/self/fd").ok().map(|fds| fds.count().saturating_sub(1) as u64),
        }
    }

    pub(super) fn write(&self, page: &mut String) {
        let mut line = |name: &str, kind: &str, help: &str, value: Option<String>| {
            let Some(value) = value else { return };
            // Writing to a string cannot fail.
            let _ = write!(page, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}\n");
        };
        let text = |value: Option<u64>| value.map(|value| value.to_string());
        line(
            "process_resident_memory_bytes",
            "gauge",
            "Resident memory size in bytes.",
            text(self.resident_bytes),
        );
        line("process_open_fds", "gauge", "Number of open file descriptors.", text(self.open_fds));
        line("process_threads", "gauge", "Number of threads.", text(self.threads));
        line(
            "process_cpu_seconds_total",
            "counter",
            "Total user and system CPU time spent in seconds.",
            self.cpu_seconds.map(|seconds| seconds.to_string()),
        );
    }
}

fn status_field(status: &str, name: &str) -> Option<u64> {
    status.lines().find_map(|line| line.strip_prefix(name))?.split_whitespace().next()?.parse().ok()
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is the program's name in brackets and may hold anything; fields 14 and 15 are
    // utime and stime.
    let mut fields = stat.get(stat.rfind(')')? + 1..)?.split_whitespace().skip(11);
    let user: f64 = fields.next()?.parse().ok()?;
    let system: f64 = fields.next()?.parse().ok()?;
    Some((user + system) / TICKS_PER_SECOND)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn procs_files_are_read_as_their_manual_has_them() {
        assert_eq!(status_field("Name:\tx\nVmRSS:\t   2048 kB\nThreads:\t7\n", "VmRSS:"), Some(2048));
        let stat = "42 (a) b) (c) S 1 42 42 0 -1 4194560 1 2 3 4 150 50 0 0 20 0 3 0 100";
        assert_eq!(cpu_seconds(stat), Some(2.0));
        assert_eq!(cpu_seconds(""), None);
        assert_eq!(status_field("", "VmRSS:"), None);
    }

    #[test]
    fn a_figure_that_is_not_known_is_left_out() {
        let mut page = String::new();
        Figures { open_fds: Some(3), ..Figures::default() }.write(&mut page);
        assert_eq!(
            page,
            "# HELP process_open_fds Number of open file descriptors.\n\
             # TYPE process_open_fds gauge\nprocess_open_fds 3\n"
        );
        assert!(Figures::now().resident_bytes.is_some_and(|bytes| bytes > 0));
    }
}
