//! This test binary run again as another process: what it then does, and how it is started and heard.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use domain::event::{Offset, Partition, Source};
use domain::ports::{EventLog as _, LogError, Topic};
use rustix::process::{Resource, Rlimit, setrlimit};

use super::{append_in_the_end, assert_dense, everything, open, record};

/// Says what the child is to do: role, folder, name, count.
const ROLE: &str = "STORE_SQLITE_LOG_TEST_CHILD";

/// Appends that the child has under way at once.
const AT_ONCE: u64 = 12;

/// The largest file the disk-full child may write at first.
const FILE_BYTES_MAX: u64 = 3 * 1024 * 1024;

/// A child process and what it prints.
pub(super) struct Running {
    pub(super) process: Child,
    lines: BufReader<ChildStdout>,
}

/// An append that the child was told is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Confirmed {
    pub(super) topic: Topic,
    pub(super) source: Source,
    pub(super) name: String,
}

impl Running {
    /// Starts one. `name` marks its records; it appends `count` of them, or for ever.
    pub(super) fn start(role: &str, dir: &Path, name: &str, count: Option<u64>) -> Self {
        let program = std::env::current_exe().expect("this binary");
        let count = count.map_or("-".to_owned(), |count| count.to_string());
        // A write above the file size limit shall fail, as on a full disk, and not kill.
        let mut process = Command::new("sh")
            .args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""])
            .arg(program)
            .args(["--exact", "child::does_as_it_is_told", "--nocapture", "--test-threads=1"])
            .env(ROLE, format!("{role} {name} {count} {}", dir.display()))
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .expect("starts");
        let lines = BufReader::new(process.stdout.take().expect("piped"));
        Self { process, lines }
    }

    /// The next append it confirmed; none when it has ended. A line cut off by its death does not count.
    pub(super) fn confirmed(&mut self) -> Option<Confirmed> {
        loop {
            let mut line = String::new();
            self.lines.read_line(&mut line).expect("readable");
            if line.is_empty() {
                return None;
            }
            let Some(words) = line.strip_suffix('\n').and_then(|line| line.strip_prefix("ACK ")) else {
                continue;
            };
            let words: Vec<_> = words.split(' ').collect();
            let number = |at: usize| words[at].parse::<u64>().expect("a number");
            let topic = Topic::ALL[number(0) as usize];
            let topic_id = domain::event::TopicId(u128::to_be_bytes(words[1].parse().expect("a number")));
            let partition = Partition(number(2) as u32);
            let source = Source { topic_id, partition, offset: Offset(number(3)) };
            return Some(Confirmed { topic, source, name: words[4].to_owned() });
        }
    }

    /// Waits for its end, which is to be a good one; answers all that it confirmed.
    pub(super) fn finish(mut self) -> Vec<Confirmed> {
        let confirmed = std::iter::from_fn(|| self.confirmed()).collect();
        assert!(self.process.wait().expect("ends").success());
        confirmed
    }
}

/// The name that a record's value begins with.
pub(super) fn name_of(value: &[u8]) -> String {
    let end = value.iter().position(|byte| *byte == b' ').expect("a name");
    String::from_utf8(value[..end].to_vec()).expect("text")
}

/// A value that begins with its name and has up to 60 KB, different from name to name.
pub(super) fn value_of(name: &str, n: u64) -> Vec<u8> {
    let mut value = format!("{name} ").into_bytes();
    let size = value.len() + (n.wrapping_mul(2_654_435_761) % 60_000) as usize;
    value.resize(size, b'.');
    value
}

/// Run as a test it does nothing; run by [`Running::start`] it is the other process.
#[test]
fn does_as_it_is_told() {
    let Ok(told) = std::env::var(ROLE) else { return };
    let [role, name, count, dir] = told.splitn(4, ' ').collect::<Vec<_>>()[..] else {
        panic!("role, name, count and folder")
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    // Ends the line on which the test harness names the test.
    println!();
    match role {
        "append" => runtime.block_on(append(Path::new(dir), name, count.parse().ok())),
        "fill" => runtime.block_on(fill(Path::new(dir))),
        other => panic!("no role {other}"),
    }
}

/// Tells the parent, in one write, so that lines of several tasks do not mix.
fn say(topic: Topic, source: Source, name: &str) {
    let id = u128::from_be_bytes(source.topic_id.0);
    let (partition, offset) = (source.partition.0, source.offset.0);
    let line = format!("ACK {} {id} {partition} {offset} {name}\n", topic as usize);
    std::io::stdout().lock().write_all(line.as_bytes()).expect("written");
}

async fn append(dir: &Path, name: &str, count: Option<u64>) {
    let log = open(dir);
    let tasks: Vec<_> = (0..AT_ONCE)
        .map(|task| {
            let (log, name) = (Arc::clone(&log), name.to_owned());
            tokio::spawn(async move {
                for n in (task..count.unwrap_or(u64::MAX)).step_by(AT_ONCE as usize) {
                    let topic = [Topic::Events, Topic::Audit][(n % 2) as usize];
                    let name = format!("{name}-{n}");
                    let new = record(&format!("org/{}", n % 17), value_of(&name, n));
                    let source = append_in_the_end(&log, topic, new).await.expect("appended").source;
                    say(topic, source, &name);
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

/// Fills its disk, which is a file size limit here, looks around, is given room, and goes on.
async fn fill(dir: &Path) {
    let limit = |current| setrlimit(Resource::Fsize, Rlimit { current, maximum: None }).expect("a limit");
    let log = open(dir);
    limit(Some(FILE_BYTES_MAX));
    let (mut confirmed, mut refused) = (Vec::new(), 0);
    for n in 0.. {
        match log.append(Topic::Events, record(&format!("org/{n}"), value_of(&format!("fill-{n}"), n))).await
        {
            Ok(appended) => {
                refused = 0;
                confirmed.push(appended.source);
            }
            Err(LogError::Unavailable(_)) => refused += 1,
            other => panic!("unavailable, not {other:?}"),
        }
        assert!(n < 10_000, "so much does not fit");
        if refused == 20 {
            break;
        }
    }
    assert!(confirmed.len() > 10, "some fitted");
    assert_eq!(everything(&log, Topic::Events).await.len(), confirmed.len(), "all can be read, no more");
    limit(None);
    for n in 0..100 {
        let new = record(&format!("org/{n}"), value_of(&format!("room-{n}"), n));
        confirmed.push(log.append(Topic::Events, new).await.expect("there is room").source);
    }
    drop(log);
    let stored = everything(&open(dir), Topic::Events).await;
    assert_dense(&stored);
    let mut sources: Vec<_> = stored.iter().map(|record| record.source).collect();
    sources.sort();
    confirmed.sort();
    assert_eq!(sources, confirmed);
    confirmed.into_iter().for_each(|source| say(Topic::Events, source, "fill"));
}
