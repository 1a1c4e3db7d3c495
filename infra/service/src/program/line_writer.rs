//! Lines on their way to a stream that somebody else may have stopped reading: a bounded buffer, and a thread of
//! its own that writes. Whoever has a line to say never waits: what does not fit is dropped, counted, and told
//! of once writing works again. What belongs elsewhere: what a line says (`telemetry`), and answers of commands,
//! which wait for their reader (`standard_output`).

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::clock;
use crate::limits::{LOG_BUFFER_BYTES_MAX, STREAM_BUSY_PAUSE};

/// Lines that were lost, by every cause.
pub(crate) const DROPPED: &str = "identity_log_lines_dropped_total";

/// Takes whole lines; a clone takes them to the same stream.
#[derive(Clone)]
pub(crate) struct LineWriter(Arc<Shared>);

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    /// A line came.
    filled: Condvar,
    /// Everything was written, or could not be.
    emptied: Condvar,
    /// How the writer's own line looks.
    json: AtomicBool,
}

#[derive(Default)]
struct Queue {
    bytes: Vec<u8>,
    /// Lines that did not fit and that the thread does not know of yet.
    dropped: u64,
    /// The thread is writing what it took.
    writing: bool,
}

impl LineWriter {
    /// A writer with a thread of its own, which lasts as long as the process.
    pub(crate) fn start(name: &str, out: impl Write + Send + 'static) -> Self {
        let writer = Self(Arc::default());
        let shared = Arc::clone(&writer.0);
        let thread = std::thread::Builder::new().name(name.to_owned());
        // Without a thread each line is dropped and counted once the buffer is full; there is nobody to tell.
        let _ = thread.spawn(move || shared.write_for_ever(out));
        writer
    }

    /// The writer's own line is JSON from here on, or for people.
    pub(crate) fn speak_json(&self, json: bool) {
        self.0.json.store(json, Ordering::Relaxed);
    }

    /// Takes a line, with its end. Never waits for the stream.
    pub(crate) fn push(&self, line: &[u8]) {
        let mut queue = self.0.lock();
        if queue.bytes.len() + line.len() > LOG_BUFFER_BYTES_MAX {
            queue.dropped += 1;
            drop(queue);
            metrics::counter!(DROPPED).increment(1);
            return;
        }
        queue.bytes.extend_from_slice(line);
        drop(queue);
        self.0.filled.notify_one();
    }

    /// Waits until everything is written, or so long.
    pub(crate) fn flush(&self, at_most: Duration) {
        let deadline = Instant::now() + at_most;
        let mut queue = self.0.lock();
        while queue.writing || !queue.bytes.is_empty() {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.0.emptied.wait_timeout(queue, left);
            queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write_for_ever(&self, mut out: impl Write) {
        let (mut batch, mut untold, mut torn) = (Vec::new(), 0, false);
        loop {
            untold += self.take(&mut batch);
            // A line that an earlier failure cut off ends here, so that the next one stands alone.
            if torn {
                batch.insert(0, b'\n');
            }
            let mut left = batch.as_slice();
            let failed = write_some(&mut out, &mut left).is_err();
            let lost = left.iter().filter(|byte| **byte == b'\n').count() as u64;
            let written = batch.len() - left.len();
            torn = if written == 0 { torn } else { batch[written - 1] != b'\n' };
            if failed {
                untold += lost;
                metrics::counter!(DROPPED).increment(lost);
            } else if untold > 0 && write_whole(&mut out, &self.told(untold)).is_ok() {
                untold = 0;
            }
            batch.clear();
            self.lock().writing = false;
            self.emptied.notify_all();
        }
    }

    /// Waits for lines and takes all of them; how many were dropped meanwhile.
    fn take(&self, batch: &mut Vec<u8>) -> u64 {
        let mut queue = self.lock();
        while queue.bytes.is_empty() {
            queue = self.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        std::mem::swap(&mut queue.bytes, batch);
        queue.writing = true;
        std::mem::take(&mut queue.dropped)
    }

    /// The line that says how many were dropped. Not by way of `tracing`: it must not be dropped itself, nor be
    /// filtered.
    fn told(&self, dropped: u64) -> Vec<u8> {
        let (now, words) = (clock::now().rfc3339(), "log lines were dropped: nobody read them in time");
        let line = if self.json.load(Ordering::Relaxed) {
            json!({"timestamp": now, "level": "WARN", "message": words, "dropped": dropped, "target": module_path!()})
                .to_string()
        } else {
            format!("{now}  WARN {}: {words} dropped={dropped}", module_path!())
        };
        (line + "\n").into_bytes()
    }
}

/// Writes everything, also to a stream that somebody has set not to block.
pub(crate) fn write_whole(out: &mut impl Write, mut bytes: &[u8]) -> io::Result<()> {
    write_some(out, &mut bytes)
}

/// Writes until the end or a failure; what is left tells how far it came.
fn write_some(out: &mut impl Write, bytes: &mut &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match out.write(bytes) {
            Ok(0) => return Err(ErrorKind::WriteZero.into()),
            Ok(count) => *bytes = &bytes[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => std::thread::sleep(STREAM_BUSY_PAUSE),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// A stream of this process without the standard library's own buffer and lock, which would be held while the
/// stream stalls.
pub(crate) fn unbuffered(stream: &impl std::os::fd::AsFd) -> io::Result<File> {
    stream.as_fd().try_clone_to_owned().map(File::from)
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

    use super::*;

    /// Far above what anything here takes.
    const LONG: Duration = Duration::from_secs(60);

    /// A stream that takes each write only once it is allowed to, or fails.
    struct Gate {
        allow: Receiver<io::Result<()>>,
        written: SyncSender<Vec<u8>>,
    }

    impl Write for Gate {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.allow.recv().map_err(|_| io::Error::from(ErrorKind::BrokenPipe))??;
            self.written.send(bytes.to_vec()).map_err(|_| io::Error::from(ErrorKind::BrokenPipe))?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gate() -> (LineWriter, SyncSender<io::Result<()>>, Receiver<Vec<u8>>) {
        let (allow, allowed) = sync_channel(64);
        let (written, seen) = sync_channel(64);
        (LineWriter::start("test-lines", Gate { allow: allowed, written }), allow, seen)
    }

    fn next(seen: &Receiver<Vec<u8>>) -> String {
        String::from_utf8(seen.recv_timeout(LONG).expect("written")).expect("text")
    }

    #[test]
    fn a_reader_that_stalls_costs_lines_and_nobodys_time_and_is_told_how_many() {
        let (writer, allow, seen) = gate();
        writer.push(b"first\n");
        // The thread has taken it and waits for its reader.
        while !writer.0.lock().writing {
            std::thread::yield_now();
        }
        let mut line = [b'x'; 1024];
        line[1023] = b'\n';
        let fit = LOG_BUFFER_BYTES_MAX / line.len();
        for _ in 0..fit + 7 {
            writer.push(&line);
        }
        writer.flush(Duration::from_millis(1));
        for _ in 0..3 {
            allow.send(Ok(())).expect("the thread");
        }
        assert_eq!(next(&seen), "first\n");
        assert_eq!(next(&seen).len(), fit * line.len());
        let told = next(&seen);
        assert!(told.contains("WARN") && told.contains("dropped=7"), "{told}");
        writer.flush(LONG);
        // Told once.
        writer.push(b"last\n");
        allow.send(Ok(())).expect("the thread");
        assert_eq!(next(&seen), "last\n");
        writer.flush(LONG);
        assert!(seen.try_recv().is_err());
    }

    #[test]
    fn lines_that_a_full_disk_refused_are_told_of_once_there_is_room() {
        let (writer, allow, seen) = gate();
        writer.speak_json(true);
        for line in ["lost\n", "lost too\n"] {
            allow.send(Err(ErrorKind::StorageFull.into())).expect("the thread");
            writer.push(line.as_bytes());
            writer.flush(LONG);
        }
        for _ in 0..2 {
            allow.send(Ok(())).expect("the thread");
        }
        writer.push(b"kept\n");
        assert_eq!(next(&seen), "kept\n");
        let told: serde_json::Value = serde_json::from_str(&next(&seen)).expect("JSON");
        assert_eq!((&told["level"], &told["dropped"]), (&json!("WARN"), &json!(2)));
    }

    #[test]
    fn a_stream_that_is_set_not_to_block_is_waited_for() {
        let (writer, allow, seen) = gate();
        allow.send(Err(ErrorKind::WouldBlock.into())).expect("the thread");
        allow.send(Err(ErrorKind::Interrupted.into())).expect("the thread");
        allow.send(Ok(())).expect("the thread");
        writer.push(b"line\n");
        assert_eq!(next(&seen), "line\n");
    }
}
