//! The limit of the back: the bare driver makes the writes of valid verdicts, into tables that are made as the
//! read model's are, with cells of the sizes that stand there, at the number in flight that is best for it.
//! Nothing is read, decoded, ordered or published, and no write waits for another.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use futures::future::try_join_all;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::errors::ExecutionError;
use scylla::statement::Consistency;
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::prepared::PreparedStatement;
use scylla::value::CqlValue;

use crate::process::{cpu_of, own_cpu};

/// The read model's keyspace and generation, which the tables are copied from.
const FROM: &str = "identity";

/// The tables that a valid verdict has a row in; its tier change is one in many here.
const TABLES: [&str; 5] = [
    "verifications_g1",
    "verifications_of_customer_g1",
    "verifications_of_hour_g1",
    "enrolments_g1",
    "states_g1",
];

const INSERTS: [&str; 5] = [
    "INSERT INTO bench.verifications_g1 (org, id, body) VALUES (?, ?, ?) USING TIMESTAMP ?",
    "INSERT INTO bench.verifications_of_customer_g1
        (org, customer, created_at, log_partition, log_offset, id, method, status)
        VALUES (?, ?, ?, ?, ?, ?, 'nik_dukcapil', 'verified') USING TIMESTAMP ?",
    "INSERT INTO bench.verifications_of_hour_g1
        (org, hour, method, status, log_partition, chunk, created_at, log_offset, id)
        VALUES (?, ?, 'nik_dukcapil', 'verified', ?, 0, ?, ?, ?) USING TIMESTAMP ?",
    "INSERT INTO bench.enrolments_g1 (org, customer, id, body) VALUES (?, ?, ?, ?) USING TIMESTAMP ?",
    "INSERT INTO bench.states_g1 (org, customer, body) VALUES (?, ?, ?) USING TIMESTAMP ?",
];

/// Messages in flight that are tried: more than two cores can serve makes it slower. Of `Together` groups of them.
const SINGLE_TRIED: [usize; 4] = [8, 16, 32, 64];
const TOGETHER_TRIED: [usize; 4] = [2, 4, 8, 16];

/// Messages that are sent at once: a part of what a projector's batch of one partition has.
const GROUP: i64 = 12;

/// Messages whose event rows share a request, and states that do: what fits in the projector's batches.
const MESSAGES_TOGETHER: usize = 4;
const STATES_TOGETHER: usize = 6;

/// Of [`INSERTS`].
const EVENT_ROWS: [usize; 4] = [0, 1, 2, 3];
const STATE: usize = 4;

/// Customers in turn, and log partitions.
const CUSTOMERS: i64 = 1_000;
const PARTITIONS: i64 = 12;

/// How the rows travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Each alone.
    Single,
    /// Several, also of several partitions, in one unlogged batch.
    Together,
}

/// Rows per second at a number in flight.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Best {
    pub(crate) in_flight: usize,
    pub(crate) rows: f64,
    /// µs of CPU of each row: the driver's (the whole bench's) and the store's.
    pub(crate) cpu_us: [f64; 2],
}

struct Inner {
    session: Session,
    inserts: Vec<PreparedStatement>,
    org: String,
    verification: Vec<u8>,
    enrolment: Vec<u8>,
    state: Vec<u8>,
    next: AtomicI64,
    /// The node's process.
    store: Vec<u32>,
}

/// The bare driver.
#[derive(Clone)]
pub(crate) struct Bare(Arc<Inner>);

impl Bare {
    /// Copies the tables, and takes the sizes from rows that a projector has written.
    pub(crate) async fn new(node: &str, store: Vec<u32>) -> Result<Self> {
        let session = SessionBuilder::new().known_node(node).build().await?;
        let replication = "{'class': 'NetworkTopologyStrategy', 'replication_factor': 1}";
        session.query_unpaged(format!("CREATE KEYSPACE bench WITH replication = {replication}"), &[]).await?;
        let mut inserts = Vec::new();
        for (table, insert) in TABLES.into_iter().zip(INSERTS) {
            let described = session.query_unpaged(format!("DESCRIBE TABLE {FROM}.{table}"), &[]).await?;
            let described = described.into_rows_result()?;
            let (_, _, _, text) = described.first_row::<(String, String, String, String)>()?;
            session.query_unpaged(text.replace(&format!("{FROM}."), "bench."), &[]).await?;
            let mut insert = session.prepare(insert).await?;
            insert.set_is_idempotent(true);
            insert.set_consistency(Consistency::LocalQuorum);
            inserts.push(insert);
        }
        let (org, verification) = sample(&session, "verifications_g1").await?;
        let (_, enrolment) = sample(&session, "enrolments_g1").await?;
        let (_, state) = sample(&session, "states_g1").await?;
        let next = AtomicI64::new(0);
        Ok(Self(Arc::new(Inner { session, inserts, org, verification, enrolment, state, next, store })))
    }

    /// Tries each concurrency for its share of the window, twice: the first time is the server's to compile.
    pub(crate) async fn best(&self, form: Form, window: Duration) -> Result<Best> {
        let tried = if form == Form::Single { SINGLE_TRIED } else { TOGETHER_TRIED };
        self.pace(form, tried[1], window).await?;
        let mut best = Best { in_flight: 0, rows: 0.0, cpu_us: [0.0; 2] };
        for in_flight in tried {
            let pace = self.pace(form, in_flight, window / 2).await?;
            if pace.rows > best.rows {
                best = pace;
            }
        }
        Ok(best)
    }

    /// Rows per second with so many messages, or groups of them, in flight.
    pub(crate) async fn pace(&self, form: Form, in_flight: usize, window: Duration) -> Result<Best> {
        let began = Instant::now();
        let before = [own_cpu()?, cpu_of(&self.0.store)?];
        let tasks = (0..in_flight).map(|_| {
            let inner = Arc::clone(&self.0);
            tokio::spawn(async move {
                let mut rows = 0_u64;
                while began.elapsed() < window {
                    rows += match form {
                        Form::Single => {
                            Box::pin(inner.single(inner.next.fetch_add(1, Ordering::Relaxed))).await?
                        }
                        Form::Together => {
                            Box::pin(inner.together(inner.next.fetch_add(GROUP, Ordering::Relaxed))).await?
                        }
                    };
                }
                anyhow::Ok(rows)
            })
        });
        let rows = try_join_all(tasks).await?.into_iter().sum::<Result<u64>>()?;
        let seconds = began.elapsed().as_secs_f64();
        let after = [own_cpu()?, cpu_of(&self.0.store)?];
        let used = [after[0].since(before[0]), after[1].since(before[1])];
        let cpu_us = used.map(|used| used.total().as_secs_f64() * 1e6 / rows.max(1) as f64);
        Ok(Best { in_flight, rows: rows as f64 / seconds, cpu_us })
    }
}

/// The names and numbers of a message's rows.
struct Message {
    id: String,
    customer: String,
    enrolment: String,
    partition: i32,
    n: i64,
}

impl Message {
    fn new(n: i64) -> Self {
        Self {
            id: format!("ver_{n:026}"),
            customer: format!("cus_{:026}", n % CUSTOMERS),
            enrolment: format!("fe_{n:026}"),
            // Groups are of one partition.
            partition: (n / GROUP % PARTITIONS) as i32,
            n,
        }
    }
}

/// What stands for the clock and the hour: any will do.
const HOUR: i64 = 1_700_000_000_000;

impl Inner {
    async fn single(&self, n: i64) -> Result<u64> {
        let m = Message::new(n);
        let (of_customer, of_hour) = (of_customer(&self.org, &m), of_hour(&self.org, &m));
        let session = &self.session;
        tokio::try_join!(
            self.verification(&m),
            async { done(session.execute_unpaged(&self.inserts[1], of_customer).await) },
            async { done(session.execute_unpaged(&self.inserts[2], of_hour).await) },
            async { done(session.execute_unpaged(&self.inserts[3], self.enrolment(&m)).await) },
            self.state(&m),
        )?;
        Ok(INSERTS.len() as u64)
    }

    async fn together(&self, first: i64) -> Result<u64> {
        let messages: Vec<Message> = (first..first + GROUP).map(Message::new).collect();
        let events = messages.chunks(MESSAGES_TOGETHER).map(|messages| async move {
            let batch = self.batch(messages.iter().flat_map(|_| EVENT_ROWS));
            let values: Vec<_> = messages.iter().flat_map(|m| self.event_rows(m)).collect();
            done(self.session.batch(&batch, values).await)
        });
        let states = messages.chunks(STATES_TOGETHER).map(|messages| async move {
            let batch = self.batch(messages.iter().map(|_| STATE));
            let values: Vec<_> = messages.iter().map(|m| self.state_row(m)).collect();
            done(self.session.batch(&batch, values).await)
        });
        tokio::try_join!(try_join_all(events), try_join_all(states))?;
        Ok(INSERTS.len() as u64 * messages.len() as u64)
    }

    /// The values of [`EVENT_ROWS`].
    fn event_rows(&self, m: &Message) -> [Vec<CqlValue>; 4] {
        let (partition, created) = (CqlValue::Int(m.partition), big(HOUR + m.n));
        let (org, id, at) = (text(&self.org), text(&m.id), big(m.n));
        [
            vec![org.clone(), id.clone(), blob(&self.verification), at.clone()],
            vec![
                org.clone(),
                text(&m.customer),
                created.clone(),
                partition.clone(),
                at.clone(),
                id.clone(),
                at.clone(),
            ],
            vec![org.clone(), big(HOUR), partition, created, at.clone(), id, at.clone()],
            vec![org, text(&m.customer), text(&m.enrolment), blob(&self.enrolment), at],
        ]
    }

    fn state_row(&self, m: &Message) -> Vec<CqlValue> {
        vec![text(&self.org), text(&m.customer), blob(&self.state), big(m.n)]
    }

    fn batch(&self, inserts: impl Iterator<Item = usize>) -> Batch {
        let statements = inserts.map(|at| BatchStatement::from(self.inserts[at].clone()));
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, statements.collect());
        batch.set_is_idempotent(true);
        batch.set_consistency(Consistency::LocalQuorum);
        batch
    }

    async fn verification(&self, m: &Message) -> Result<()> {
        let values = (&self.org, &m.id, &self.verification, m.n);
        done(self.session.execute_unpaged(&self.inserts[0], values).await)
    }

    async fn state(&self, m: &Message) -> Result<()> {
        let values = (&self.org, &m.customer, &self.state, m.n);
        done(self.session.execute_unpaged(&self.inserts[4], values).await)
    }

    fn enrolment<'a>(&'a self, m: &'a Message) -> (&'a str, &'a str, &'a str, &'a [u8], i64) {
        (&self.org, &m.customer, &m.enrolment, &self.enrolment, m.n)
    }
}

fn of_customer<'a>(org: &'a str, m: &'a Message) -> (&'a str, &'a str, i64, i32, i64, &'a str, i64) {
    (org, &m.customer, HOUR + m.n, m.partition, m.n, &m.id, m.n)
}

fn of_hour<'a>(org: &'a str, m: &'a Message) -> (&'a str, i64, i32, i64, i64, &'a str, i64) {
    (org, HOUR, m.partition, HOUR + m.n, m.n, &m.id, m.n)
}

fn text(text: &str) -> CqlValue {
    CqlValue::Text(text.to_owned())
}

fn big(number: i64) -> CqlValue {
    CqlValue::BigInt(number)
}

fn blob(bytes: &[u8]) -> CqlValue {
    CqlValue::Blob(bytes.to_vec())
}

/// A write's answer has nothing in it.
fn done<T>(answer: Result<T, ExecutionError>) -> Result<()> {
    answer?;
    Ok(())
}

/// Some row's org and body.
async fn sample(session: &Session, table: &str) -> Result<(String, Vec<u8>)> {
    let rows = session.query_unpaged(format!("SELECT org, body FROM {FROM}.{table} LIMIT 1"), &[]).await?;
    let rows = rows.into_rows_result()?;
    rows.maybe_first_row::<(String, Vec<u8>)>()?.with_context(|| format!("{table} has no row"))
}
