//! A closed loop of verdicts: so many connections, each sends the next one as soon as the last is answered.
//! What belongs here: requests, their times, what was answered. Not here: whom it measures.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;

use crate::http::Connection;
use crate::limits::{ANSWERS_WITHIN, REGISTERED_AT_ONCE, SHOWN_MAX, THREAD_SHOWN_MS, WARM_UP};
use crate::process::{Cpu, Program, cpu_of, own_cpu};
use crate::sample;
use crate::stat::percentile;

/// Where verdicts go, and about whom.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) api_key: String,
    customers: Vec<String>,
    body_tail: Vec<u8>,
    /// Processes that the program stands on, whose CPU time is watched too.
    pub(crate) servers: Vec<u32>,
}

/// How the loop is run.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) connections: usize,
    /// Before the window, not measured.
    pub(crate) warm_up: Duration,
    pub(crate) window: Duration,
    /// With an `Idempotency-Key`, another one each time.
    pub(crate) keyed: bool,
    /// With `Prefer: respond-async`: 202 is what is expected.
    pub(crate) respond_async: bool,
    /// Each connection waits before a request until its turn at this rate of all together. A request whose
    /// connection was not free at its turn is late, and its time counts from the turn.
    pub(crate) rate: Option<f64>,
    /// Connections take turns with the customers, so that one customer's verdicts lie far apart. Without it
    /// all of them go through the same customers at about the same time.
    pub(crate) apart: bool,
}

impl Plan {
    /// As many connections as fast as they are answered, without keys, for a 200.
    pub(crate) fn closed(connections: usize, window: Duration) -> Self {
        Self {
            connections,
            warm_up: WARM_UP,
            window,
            keyed: false,
            respond_async: false,
            rate: None,
            apart: false,
        }
    }
}

/// What a window gave.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// µs from the first byte sent to the last one read, of answers as expected, sorted.
    pub(crate) latencies_us: Vec<u32>,
    /// Answers as expected after the window's end.
    pub(crate) late: u64,
    /// Answers that were not as expected, by status; 0 stands for an expected status with another body.
    pub(crate) others: BTreeMap<u16, u64>,
    /// Some of those.
    pub(crate) shown: Vec<String>,
    /// The window as it came to be.
    pub(crate) seconds: f64,
    /// The program's CPU time in the window.
    pub(crate) cpu: Cpu,
    /// The same by the names of its threads.
    pub(crate) cpu_by_thread: BTreeMap<String, Duration>,
    /// Ours.
    pub(crate) own_cpu: Cpu,
    /// That of the target's servers.
    pub(crate) servers_cpu: Cpu,
}

impl Outcome {
    /// Answers as expected, per second.
    pub(crate) fn rate(&self) -> f64 {
        self.latencies_us.len() as f64 / self.seconds
    }

    /// That CPU time for each of them, in ms.
    pub(crate) fn ms_each(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e3 / self.latencies_us.len().max(1) as f64
    }

    /// The time that such a share of the answers took at most, in ms.
    pub(crate) fn ms_at(&self, share: f64) -> f64 {
        f64::from(percentile(&self.latencies_us, share)) / 1e3
    }

    /// How many answers were not as expected.
    pub(crate) fn unexpected(&self) -> u64 {
        self.others.values().sum()
    }

    /// ms of CPU of each answer by the program's threads, the largest first.
    pub(crate) fn threads(&self) -> String {
        let mut threads: Vec<_> = self.cpu_by_thread.iter().collect();
        threads.sort_by_key(|(_, used)| std::cmp::Reverse(**used));
        let shown = threads.into_iter().filter(|(_, used)| self.ms_each(**used) >= THREAD_SHOWN_MS);
        shown
            .map(|(name, used)| format!("`{name}` {:.3}", self.ms_each(*used)))
            .collect::<Vec<_>>()
            .join(", ")
    }
}

/// Different `Idempotency-Key`s for as long as this process runs.
static NEXT_KEY: AtomicU64 = AtomicU64::new(0);

impl Target {
    /// Registers so many customers. The API's answer may be 201 or, when nothing projects, 202.
    pub(crate) async fn prepare(address: SocketAddr, api_key: String, customers: usize) -> Result<Self> {
        let key = &api_key;
        let registering = (0..REGISTERED_AT_ONCE).map(|first| async move {
            let mut connection = Connection::open(address).await?;
            let mut ids = Vec::new();
            for number in (first..customers).step_by(REGISTERED_AT_ONCE) {
                let body = format!(r#"{{"fullName":"Bench {number}","externalId":"BENCH-{number:06}"}}"#);
                let prefer = "Prefer: respond-async\r\n";
                let head = head(address, key, "/api/customers", prefer, body.len());
                let answer = connection.ask(head.as_bytes(), body.as_bytes()).await?;
                let text = String::from_utf8_lossy(answer.body);
                anyhow::ensure!(matches!(answer.status, 201 | 202), "registering: {} {text}", answer.status);
                let customer: serde_json::Value = serde_json::from_slice(answer.body)?;
                ids.push(customer["id"].as_str().context("no id")?.to_owned());
            }
            anyhow::Ok(ids)
        });
        let customers = try_join_all(registering).await?.concat();
        let body_tail = sample::body_tail().into_bytes();
        Ok(Self { address, api_key, customers, body_tail, servers: Vec::new() })
    }

    /// The same, whose verdicts have that photo.
    pub(crate) fn with_photo(self, photo: &[u8]) -> Self {
        Self { body_tail: sample::body_tail_with(photo).into_bytes(), ..self }
    }

    /// The customers' ids.
    pub(crate) fn customers(&self) -> &[String] {
        &self.customers
    }

    /// The same customers, at another server.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self { address, ..self.clone() }
    }

    /// Runs a plan: warm-up, then the window.
    pub(crate) async fn run(&self, plan: Plan, program: &Program) -> Result<Outcome> {
        let begin = Instant::now() + plan.warm_up;
        let window = begin..begin + plan.window;
        let workers = (0..plan.connections).map(|number| self.work(number, plan, &window));
        let watch = async {
            tokio::time::sleep_until(window.start.into()).await;
            let (from, cpu, threads) = (Instant::now(), program.cpu()?, program.cpu_by_thread()?);
            let (own, servers) = (own_cpu()?, cpu_of(&self.servers)?);
            tokio::time::sleep_until(window.end.into()).await;
            let seconds = from.elapsed().as_secs_f64();
            let mut cpu_by_thread = program.cpu_by_thread()?;
            for (name, used) in &mut cpu_by_thread {
                *used = used.saturating_sub(threads.get(name).copied().unwrap_or_default());
            }
            let (cpu, own_cpu) = (program.cpu()?.since(cpu), own_cpu()?.since(own));
            let servers_cpu = cpu_of(&self.servers)?.since(servers);
            anyhow::Ok(Outcome { seconds, cpu, cpu_by_thread, own_cpu, servers_cpu, ..Outcome::default() })
        };
        let all = async { tokio::try_join!(try_join_all(workers), watch) };
        let (parts, mut outcome) = tokio::time::timeout(plan.warm_up + plan.window + ANSWERS_WITHIN, all)
            .await
            .context("requests hung: no answer within every deadline")??;
        for part in parts {
            outcome.latencies_us.extend(part.latencies_us);
            outcome.late += part.late;
            outcome.shown.extend(part.shown);
            for (status, count) in part.others {
                *outcome.others.entry(status).or_default() += count;
            }
        }
        outcome.latencies_us.sort_unstable();
        outcome.shown.truncate(SHOWN_MAX);
        Ok(outcome)
    }

    /// One connection until the window's end. Answers outside the window count only when they are wrong.
    async fn work(&self, number: usize, plan: Plan, window: &std::ops::Range<Instant>) -> Result<Outcome> {
        let mut connection = Connection::open(self.address).await?;
        let mut request = Request::new(self, plan);
        let mut outcome = Outcome::default();
        let expected = if plan.respond_async { 202 } else { 200 };
        let mut turn = Instant::now() + stagger(plan, number);
        for round in (number..).step_by(if plan.apart { plan.connections } else { 1 }) {
            let mut began = Instant::now();
            if let Some(rate) = plan.rate {
                if began < turn {
                    tokio::time::sleep_until(turn.into()).await;
                    began = Instant::now();
                } else {
                    began = turn;
                }
                turn += Duration::from_secs_f64(plan.connections as f64 / rate);
            }
            if began >= window.end {
                break;
            }
            request.next(&self.customers[round % self.customers.len()]);
            let answer = connection.ask(&request.head, &self.body_tail).await?;
            let ended = Instant::now();
            let good = memchr::memmem::find(answer.body, br#""status":"verified""#).is_some();
            if answer.status == expected && good {
                if window.contains(&ended) {
                    outcome.latencies_us.push((ended - began).as_micros().try_into().unwrap_or(u32::MAX));
                } else if ended >= window.end {
                    outcome.late += 1;
                }
            } else {
                let status = if answer.status == expected { 0 } else { answer.status };
                *outcome.others.entry(status).or_default() += 1;
                if outcome.shown.len() < SHOWN_MAX {
                    let text = String::from_utf8_lossy(answer.body);
                    outcome.shown.push(format!("{} {text}", answer.status));
                }
            }
        }
        Ok(outcome)
    }
}

/// At a rate the connections take turns evenly, not all at once.
fn stagger(plan: Plan, number: usize) -> Duration {
    plan.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64(number as f64 / rate))
}

/// The head of a POST of that many bytes.
pub(crate) fn head(address: SocketAddr, api_key: &str, path: &str, more: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {api_key}\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"
    )
}

/// A request's beginning, made once; only its key and its customer are written anew.
struct Request {
    head: Vec<u8>,
    /// Where the key's 16 hexadecimal digits begin.
    key_at: Option<usize>,
    /// Where the customer's id begins.
    customer_at: usize,
}

impl Request {
    fn new(target: &Target, plan: Plan) -> Self {
        let customer = &target.customers[0];
        let body = sample::body_head(customer);
        let key = if plan.keyed { "Idempotency-Key: bench-0000000000000000\r\n" } else { "" };
        let prefer = if plan.respond_async { "Prefer: respond-async\r\n" } else { "" };
        let length = body.len() + target.body_tail.len();
        let path = "/api/identity/nik/dukcapil";
        let head = head(target.address, &target.api_key, path, &format!("{prefer}{key}"), length) + &body;
        let key_at = head.find("bench-").map(|at| at + "bench-".len()).filter(|_| plan.keyed);
        let customer_at = head.len() - body.len() + body.find(customer.as_str()).unwrap_or(0);
        Self { head: head.into_bytes(), key_at, customer_at }
    }

    fn next(&mut self, customer: &str) {
        if let Some(at) = self.key_at {
            let key = format!("{:016x}", NEXT_KEY.fetch_add(1, Ordering::Relaxed));
            self.head[at..at + key.len()].copy_from_slice(key.as_bytes());
        }
        self.head[self.customer_at..self.customer_at + customer.len()].copy_from_slice(customer.as_bytes());
    }
}
