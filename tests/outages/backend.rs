//! A bank's backend under way: connections that send verdicts and registrations with keys, and send what was
//! not answered again, at the other instance. What does not belong here: what it sends and how it is checked
//! (`../chaos/load.rs`).

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::rough::{Bank, Doors, Rough, books};
use system_tests::client::Api;
use system_tests::load::{AskOutcome, PREFERENCES, Sent, What, all_is_there_once, raw_is_identical, rng};
use system_tests::patience::{DEADLINE, until};

const CONNECTIONS: usize = 8;

/// Between two tries of one request, as a client that was told to wait.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// How often each thing has happened.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    answered: u64,
    refused: u64,
}

/// The connections.
pub(crate) struct Backend {
    stop: watch::Sender<bool>,
    counted: watch::Sender<Counted>,
    tasks: JoinSet<Vec<Sent>>,
}

impl Backend {
    /// Begins. `name` is part of every key: a bank may begin more than once.
    pub(crate) fn start(bank: &Bank, name: &str, seed: u64) -> Self {
        let (stop, counted) = (watch::Sender::new(false), watch::Sender::default());
        let mut tasks = JoinSet::new();
        let customers = Arc::new(bank.customers.clone());
        for connection in 0..CONNECTIONS {
            let connection = Connection {
                number: connection,
                name: format!("{name}-c{connection}"),
                doors: bank.doors.clone(),
                customers: Arc::clone(&customers),
                stop: stop.subscribe(),
                counted: counted.clone(),
            };
            let rng = rng(seed, connection.number as u64);
            tasks.spawn(connection.work(rng));
        }
        Self { stop, counted, tasks }
    }

    async fn reaches(&self, what: &str, enough: impl Fn(&Counted) -> bool) {
        let mut counted = self.counted.subscribe();
        let waited = tokio::time::timeout(DEADLINE, counted.wait_for(|now| enough(now))).await;
        waited.unwrap_or_else(|_| panic!("not within {DEADLINE:?}: {what}")).expect("it works");
    }

    /// Waits for so many more answers.
    pub(crate) async fn answered(&self, more: u64) {
        let wanted = self.counted.borrow().answered + more;
        self.reaches("answers", |now| now.answered >= wanted).await;
    }

    /// Waits for so many more 503s.
    pub(crate) async fn refused(&self, more: u64) {
        let wanted = self.counted.borrow().refused + more;
        self.reaches("refusals", |now| now.refused >= wanted).await;
    }

    /// Stops; everything that was sent, also what has no answer yet.
    pub(crate) async fn end(self) -> Vec<Sent> {
        self.stop.send_replace(true);
        self.tasks.join_all().await.into_iter().flatten().collect()
    }
}

struct Connection {
    number: usize,
    name: String,
    doors: Doors,
    customers: Arc<Vec<String>>,
    stop: watch::Receiver<bool>,
    counted: watch::Sender<Counted>,
}

impl Connection {
    async fn work(self, mut rng: ChaCha8Rng) -> Vec<Sent> {
        let mut all = Vec::new();
        while !*self.stop.borrow() {
            let mut sent = Sent::any(&mut rng, format!("{}-{}", self.name, all.len()), &self.customers);
            let prefer = PREFERENCES[rng.random_range(0..PREFERENCES.len())];
            self.until_answered(&mut sent, prefer).await;
            all.push(sent);
        }
        all
    }

    async fn until_answered(&self, sent: &mut Sent, prefer: &str) {
        let mut ticks = tokio::time::interval(AGAIN_AFTER);
        for attempt in self.number.. {
            ticks.tick().await;
            let doors = self.doors.all();
            match sent.ask(&doors[attempt % doors.len()], prefer).await {
                AskOutcome::Answered(_, ids) => {
                    sent.answered = Some(ids);
                    self.counted.send_modify(|now| now.answered += 1);
                    return;
                }
                AskOutcome::Refused => self.counted.send_modify(|now| now.refused += 1),
                AskOutcome::Broken => {}
            }
            if *self.stop.borrow() {
                return;
            }
        }
    }
}

/// Sends again what has no answer; then everything must be there exactly once, at every instance, in the books
/// and in the evidence, and what is sent once more changes nothing.
pub(crate) async fn nothing_lost_and_nothing_doubled(rough: &Rough, bank: &Bank, sent: &mut [Sent]) {
    let doors = bank.doors.all();
    let open = sent.iter().filter(|one| one.answered.is_none()).count();
    println!("{} requests, {open} without an answer", sent.len());
    for one in sent.iter_mut().filter(|one| one.answered.is_none()) {
        one.settle(&doors[0]).await;
    }
    // What was answered with 202 may still be on its way.
    for one in sent.iter() {
        until("what was accepted to be projected", async || is_there(one, &doors[0]).await.then_some(()))
            .await;
    }
    // A row stands a moment before what is counted, and what follows from it, does.
    let verdicts = sent.iter().filter(|one| matches!(one.what, What::Verdict { .. })).count() as u64;
    until("the total", async || (doors[0].total("").await == verdicts).then_some(())).await;
    for whose in &bank.customers {
        let is_valid = |one: &Sent| match &one.what {
            What::Verdict { customer, valid, .. } => *valid && customer == whose,
            What::Registration { .. } => false,
        };
        let level = if sent.iter().any(is_valid) { "standard" } else { "none" };
        until("its tier", async || {
            (doors[0].kyc(whose).await["customer"]["kycLevel"] == level).then_some(())
        })
        .await;
    }
    for api in &doors {
        all_is_there_once(api, sent, &bank.customers).await;
    }
    for one in sent.iter_mut().step_by(5) {
        one.settle(&doors[1]).await;
    }
    all_is_there_once(&doors[0], sent, &bank.customers).await;
    let books = books(&rough.installation, &bank.org).await;
    let events = sent.len() + bank.customers.len();
    assert_eq!(books.applied, events as u64, "{books:?}");
    assert_eq!(books.read, books.applied + books.duplicate, "{books:?}");
    raw_is_identical(&rough.installation.kept(&bank.org).await, sent);
}

/// Whether what a request was answered with can be read.
async fn is_there(sent: &Sent, api: &Api) -> bool {
    let ids = sent.answered.as_ref().expect("an answer");
    let path = match sent.what {
        What::Verdict { .. } => format!("/api/identity/verifications/{}", ids.id),
        What::Registration { .. } => format!("/api/customers/{}", ids.id),
    };
    let found = api.get(&path).await;
    assert!(matches!(found.status, 200 | 404), "{found:?}");
    found.status == 200
}
