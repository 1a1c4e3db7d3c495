//! While a follower or member reads: checks regularly whether the topic is still the same one, and where its end is.
//! Not here: the records.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use domain::event::{Offset, Partition};
use domain::ports::{LogError, TopicDescription};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;

use crate::error::recreated;
use crate::fetch::Positions;
use crate::limits::{CHECK_EVERY, CHECKS_PENDING_MAX};
use crate::log::LogShared;

/// The end of each partition at one moment.
struct EndCheck {
    asked_at: Instant,
    ends: Vec<(Partition, Offset)>,
}

#[derive(Default)]
struct State {
    /// The positions behind the records that were returned; none when nobody asks how current they are.
    positions: Option<Positions>,
    pending: VecDeque<EndCheck>,
    current_at: Option<Instant>,
    recreated: bool,
}

impl State {
    /// Drops every check whose ends the positions have reached, and notes its time.
    fn settle(&mut self) {
        let Some(positions) = &self.positions else { return };
        while let Some(check) = self.pending.front() {
            let reached = |(partition, end): &(Partition, Offset)| {
                positions.get(partition).is_some_and(|position| position >= end)
            };
            if !check.ends.iter().all(reached) {
                return;
            }
            self.current_at = Some(check.asked_at);
            self.pending.pop_front();
        }
    }
}

/// The task that checks, until it is dropped.
pub(crate) struct TopicWatch {
    state: Arc<Mutex<State>>,
    task: JoinHandle<()>,
    described: TopicDescription,
    name: String,
}

impl TopicWatch {
    /// Starts checking; `wake` is notified when the topic was recreated.
    pub(crate) fn start(
        shared: Arc<LogShared>,
        described: TopicDescription,
        positions: Option<Positions>,
        wake: Arc<Notify>,
    ) -> Self {
        let state = Arc::new(Mutex::new(State { positions, ..State::default() }));
        let name = shared.options.topic_name(described.topic);
        let task = tokio::spawn(ask(shared, described.clone(), name.clone(), Arc::clone(&state), wake));
        Self { state, task, described, name }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `Halted` once the topic was recreated.
    pub(crate) fn check(&self) -> Result<(), LogError> {
        if self.state().recreated { Err(recreated(self.described.topic, &self.name)) } else { Ok(()) }
    }

    /// Notes the positions behind the records that were returned.
    pub(crate) fn advance_to(&self, positions: &Positions) {
        let mut state = self.state();
        state.positions = Some(positions.clone());
        state.settle();
    }

    pub(crate) fn current_at(&self) -> Option<Instant> {
        self.state().current_at
    }
}

impl Drop for TopicWatch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn ask(
    shared: Arc<LogShared>,
    described: TopicDescription,
    name: String,
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
) {
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let mut ticks = tokio::time::interval(CHECK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let partitions: Option<Vec<Partition>> =
            lock().positions.as_ref().map(|positions| positions.keys().copied().collect());
        let asked_at = Instant::now();
        let ends = match partitions {
            Some(partitions) => match shared.query.ends(&name, partitions.clone()).await {
                Ok(ends) => Some(partitions.into_iter().zip(ends.into_iter().map(Offset)).collect()),
                // Unreachable: the reader does not count as current now.
                Err(_) => continue,
            },
            None => None,
        };
        // After the ends: a topic id is never used again, so that the ends before it are those of the same topic.
        let Ok(now) = shared.query.describe(&name).await else { continue };
        let mut state = lock();
        if now.id != described.id.0 {
            state.recreated = true;
            wake.notify_one();
            return;
        }
        if let Some(ends) = ends.filter(|_| state.pending.len() < CHECKS_PENDING_MAX) {
            state.pending.push_back(EndCheck { asked_at, ends });
            state.settle();
        }
    }
}
