//! A projector at work, watched through its own counters. Not here: what it is measured beside.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use super::cluster::{Servers, is_ready};
use crate::counters;
use crate::limits::{
    BACK_WITHIN, LOOK_AT_COUNTERS_EVERY, LOOK_EVERY, READY_WITHIN, STANDS_STILL, THREAD_SHOWN_MS,
};
use crate::process::{Cpu, Program, cpu_of};

/// A running projector.
pub(crate) struct Projecting {
    pub(crate) program: Program,
    pub(crate) admin: SocketAddr,
    pub(crate) servers: Servers,
}

/// Its counters at a moment.
struct Counters {
    at: Instant,
    events: u64,
    rows: u64,
    requests: u64,
    cpu: Cpu,
    brokers: Cpu,
    store: Cpu,
    by_thread: BTreeMap<String, Duration>,
}

/// What it did between the first batch that was seen done and the last.
pub(crate) struct Work {
    first: Counters,
    last: Counters,
}

impl Projecting {
    /// Waits until every dependency answered.
    pub(crate) async fn settled(&self) -> Result<()> {
        let began = Instant::now();
        while !is_ready(self.admin).await {
            ensure!(began.elapsed() < READY_WITHIN, "the projector is not ready:\n{}", self.program.tail());
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }

    /// Watches until there is nothing more to do.
    pub(crate) async fn worked_off(&self) -> Result<Work> {
        self.settled().await?;
        let began = Instant::now();
        let mut work: Option<Work> = None;
        loop {
            ensure!(began.elapsed() < BACK_WITHIN, "not worked off:\n{}", self.program.tail());
            let now = self.counters().await?;
            match &mut work {
                None if now.events > 0 => work = Some(Work { last: self.counters().await?, first: now }),
                None => {}
                Some(work) if now.events > work.last.events => work.last = now,
                Some(done) if done.last.at.elapsed() > STANDS_STILL => break,
                Some(_) => {}
            }
            tokio::time::sleep(LOOK_AT_COUNTERS_EVERY).await;
        }
        work.context("nothing was projected")
    }

    async fn counters(&self) -> Result<Counters> {
        let page = &counters::page(self.admin).await?;
        Ok(Counters {
            at: Instant::now(),
            events: counters::sum(page, "identity_projector_events_total"),
            rows: counters::sum(page, "identity_cql_rows_written_total"),
            requests: counters::sum(page, "identity_cql_request_seconds_count"),
            cpu: self.program.cpu()?,
            brokers: cpu_of(&self.servers.brokers)?,
            store: cpu_of(&self.servers.store)?,
            by_thread: self.program.cpu_by_thread()?,
        })
    }
}

impl Work {
    pub(crate) fn seconds(&self) -> f64 {
        (self.last.at - self.first.at).as_secs_f64()
    }

    pub(crate) fn events(&self) -> u64 {
        self.last.events - self.first.events
    }

    pub(crate) fn rows(&self) -> u64 {
        self.last.rows - self.first.rows
    }

    pub(crate) fn requests(&self) -> u64 {
        self.last.requests - self.first.requests
    }

    /// µs of CPU of each event: the projector's, the broker's and the store's.
    pub(crate) fn cpu_us(&self) -> [f64; 3] {
        let (first, last) = (&self.first, &self.last);
        let pairs = [(first.cpu, last.cpu), (first.brokers, last.brokers), (first.store, last.store)];
        pairs.map(|(before, after)| {
            after.since(before).total().as_secs_f64() * 1e6 / self.events().max(1) as f64
        })
    }

    /// ms of CPU of each event by threads.
    pub(crate) fn threads(&self) -> String {
        let ms = |used: Duration| used.as_secs_f64() * 1e3 / self.events().max(1) as f64;
        let before = |name: &String| self.first.by_thread.get(name).copied().unwrap_or_default();
        let used = self.last.by_thread.iter();
        let mut used: Vec<_> =
            used.map(|(name, used)| (name, ms(used.saturating_sub(before(name))))).collect();
        used.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let shown = used.iter().filter(|(_, ms)| *ms >= THREAD_SHOWN_MS);
        shown.map(|(name, ms)| format!("`{name}` {ms:.3}")).collect::<Vec<_>>().join(", ")
    }
}
