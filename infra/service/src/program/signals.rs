//! Signals that end a program in order, and those that must not end it at all.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancelled by SIGTERM, SIGINT, or SIGHUP, which a terminal sends when it closes. A SIGHUP that whoever started
/// the program had it ignore (`nohup`) stays ignored.
///
/// # Errors
/// The operating system's.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let mut term = signal(SignalKind::terminate())?;
    let mut int = signal(SignalKind::interrupt())?;
    let mut hup = if is_ignored(libc::SIGHUP) { None } else { Some(signal(SignalKind::hangup())?) };
    let stopping = stop.clone();
    tokio::spawn(async move {
        let hung_up = async {
            match &mut hup {
                Some(hup) => hup.recv().await,
                None => std::future::pending().await,
            }
        };
        let name = tokio::select! {
            _ = term.recv() => "SIGTERM",
            _ = int.recv() => "SIGINT",
            _ = hung_up => "SIGHUP",
        };
        tracing::info!(signal = name, "stopping");
        stopping.cancel();
    });
    Ok(stop)
}

/// From here on a file that meets its size limit (`ulimit -f`) is an error of the write (EFBIG) and no signal
/// that ends the process, as SIGPIPE is none in any Rust program.
pub(super) fn survive_file_size_limit() -> io::Result<()> {
    // A handler that does nothing is enough, and it stays when the listener is dropped.
    signal(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)
}

/// Whether the process was started with a signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored(&status, signal)
}

/// `SigIgn` of `/proc/<pid>/status`: bit n - 1 is signal n (man 5 proc).
fn ignored(status: &str, signal: i32) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    u32::try_from(signal - 1).ok().and_then(|bit| mask.checked_shr(bit)).is_some_and(|bits| bits & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_as_procs_manual_has_them() {
        let status = "Name:\tx\nSigBlk:\t0000000000000001\nSigIgn:\t0000000001001001\n";
        for (signal, is) in [(1, true), (13, true), (25, true), (2, false), (15, false)] {
            assert_eq!(ignored(status, signal), is, "{signal}");
        }
        assert!(!ignored("", 1));
    }
}
