//! The session: opening it, preparing statements, and running them with a bound, a time limit, metrics and
//! the house's errors. What the statements are is `schema`'s and the ports'.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use domain::ports::StoreError;
use domain::rows::Generation;
use metrics::Histogram;
use scylla::client::execution_profile::ExecutionProfile;
use scylla::client::session::Session;
use scylla::client::session_builder::SessionBuilder;
use scylla::cluster::ClusterState;
use scylla::deserialize::row::DeserializeRow;
use scylla::errors::ExecutionError;
use scylla::policies::load_balancing::DefaultPolicy;
use scylla::response::query_result::{QueryResult, QueryRowsResult};
use scylla::response::{PagingState, PagingStateResponse};
use scylla::statement::batch::{Batch, BatchStatement, BatchType};
use scylla::statement::{Consistency, SerialConsistency};
use tokio::sync::Semaphore;

use crate::error::{Kind, OpenError, failed, kind_of, kind_of_prepare, open_error};
use crate::limits::{
    CONDITIONAL_RETRY, CONDITIONAL_TRIES, DRIVER_PAGE_ROWS, KEEPALIVE, SCHEMA_WITHIN, SESSION_WITHIN,
};
use crate::options::CqlOptions;
use crate::retry::CountedRetries;
use crate::statement::{Cell, Statement};
use crate::tls;
use crate::views::{InspectStatements, Known, Statements};

/// How a statement is to be treated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// A read, or a write that may be repeated: it names its own timestamp.
    Idempotent,
    /// A lightweight transaction: the driver must not repeat it by itself.
    Conditional,
    /// A read that sees every lightweight transaction, those included whose writer never heard of it.
    SerialRead,
}

/// A lightweight transaction's end.
pub(crate) struct Decided {
    /// Whether its condition held.
    pub(crate) applied: bool,
    /// Whether an earlier try of it may have been the one that counted.
    pub(crate) repeated: bool,
}

/// A session with a cluster of ScyllaDB or Cassandra nodes. Connections come and go by themselves: an
/// outage makes requests fail in time and leaves the session as it is.
pub struct CqlSession {
    driver: Session,
    pub(crate) options: CqlOptions,
    /// Bulk work takes a permit for each request; single reads of the API do not wait behind it.
    pub(crate) bulk: Semaphore,
    pub(crate) generations: Known<Statements>,
    pub(crate) looks: Known<InspectStatements>,
    batches: Histogram,
}

/// What several statements in one request are called in metrics and errors.
const BATCH: &str = "batch";

/// The cluster as it is known at a moment.
pub(crate) struct Replicas(Arc<ClusterState>);

impl Replicas {
    /// The nodes that have the row's partition, in an order of their own; none when that is not known.
    pub(crate) fn of(&self, statement: &Statement, cells: &[Cell]) -> Option<Vec<u128>> {
        let table = statement.prepared.get_table_spec()?;
        let token = statement.prepared.calculate_token(&cells).ok().flatten()?;
        let nodes = self.0.get_token_endpoints(table.ks_name(), table.table_name(), token);
        let mut nodes: Vec<u128> = nodes.iter().map(|(node, _)| node.host_id.as_u128()).collect();
        nodes.sort_unstable();
        (!nodes.is_empty()).then_some(nodes)
    }
}

impl CqlSession {
    /// Opens a session. Bounded in time; trying again is the caller's decision.
    ///
    /// # Errors
    /// [`OpenError`]: no node can be reached, credentials or certificates are refused, wrong settings.
    pub async fn connect(options: CqlOptions) -> Result<Arc<Self>, OpenError> {
        options.check()?;
        let tls = options.tls.as_ref().map(tls::context).transpose()?;
        let mut balancing = DefaultPolicy::builder().token_aware(true);
        if let Some(datacenter) = &options.datacenter {
            balancing = balancing.prefer_datacenter(datacenter.clone());
        }
        let serial = if options.serial_across_datacenters {
            SerialConsistency::Serial
        } else {
            SerialConsistency::LocalSerial
        };
        let profile = ExecutionProfile::builder()
            .consistency(Consistency::LocalQuorum)
            .serial_consistency(Some(serial))
            .request_timeout(Some(options.request_timeout))
            .retry_policy(Arc::new(CountedRetries::default()))
            .load_balancing_policy(balancing.build())
            .build();
        let mut builder = SessionBuilder::new()
            .known_nodes(&options.nodes)
            .default_execution_profile_handle(profile.into_handle())
            .connection_timeout(options.connect_timeout)
            .keepalive_interval(KEEPALIVE)
            .keepalive_timeout(KEEPALIVE)
            .schema_agreement_timeout(SCHEMA_WITHIN)
            .tls_context(tls);
        if let Some(credentials) = &options.credentials {
            builder = builder.user(&credentials.user, &credentials.password);
        }
        let user = options.credentials.as_ref().map(|credentials| credentials.user.as_str());
        let driver = tokio::time::timeout(SESSION_WITHIN, builder.build())
            .await
            .map_err(|_| OpenError::Unreachable {
                nodes: options.nodes.join(", "),
                why: format!("not connected within {} s", SESSION_WITHIN.as_secs()),
            })?
            .map_err(|error| open_error(&options.nodes, user, options.tls.is_some(), &error))?;
        if let Some(datacenter) = &options.datacenter {
            let state = driver.get_cluster_state();
            let nodes = state.get_nodes_info().iter();
            known_datacenter(datacenter, nodes.filter_map(|node| node.datacenter.as_deref()))?;
        }
        let bulk = Semaphore::new(options.concurrency);
        let (generations, looks) = (Known::default(), Known::default());
        let batches = metrics::histogram!("identity_cql_request_seconds", "statement" => BATCH);
        Ok(Arc::new(Self { driver, options, bulk, generations, looks, batches }))
    }

    /// What it was opened with.
    pub fn options(&self) -> &CqlOptions {
        &self.options
    }

    pub(crate) fn driver(&self) -> &Session {
        &self.driver
    }

    pub(crate) fn forget_generation(&self, generation: Generation) {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation);
        self.looks.lock().unwrap_or_else(PoisonError::into_inner).remove(&generation);
    }

    /// Prepares a statement. `name` is its label in metrics and its word in errors.
    pub(crate) async fn prepare(
        &self,
        name: &'static str,
        text: &str,
        used: Use,
    ) -> Result<Statement, StoreError> {
        let preparing = tokio::time::timeout(self.options.request_timeout, self.driver.prepare(text));
        let mut prepared = preparing
            .await
            .map_err(|_| failed(name, Kind::Timeout))?
            .map_err(|error| failed(name, kind_of_prepare(&error)))?;
        prepared.set_is_idempotent(used != Use::Conditional);
        prepared.set_page_size(DRIVER_PAGE_ROWS);
        if used == Use::SerialRead {
            prepared.set_consistency(if self.options.serial_across_datacenters {
                Consistency::Serial
            } else {
                Consistency::LocalSerial
            });
        }
        let seconds = metrics::histogram!("identity_cql_request_seconds", "statement" => name);
        Ok(Statement { name, prepared, seconds })
    }

    /// Runs a statement whose answer is no rows, or few.
    pub(crate) async fn run(&self, statement: &Statement, cells: &[Cell]) -> Result<QueryResult, StoreError> {
        self.attempt(statement, cells).await.map_err(|error| failed(statement.name, kind_of(&error)))
    }

    async fn attempt(&self, statement: &Statement, cells: &[Cell]) -> Result<QueryResult, ExecutionError> {
        let since = Instant::now();
        let answer = self.driver.execute_unpaged(&statement.prepared, cells).await;
        statement.seconds.record(since.elapsed());
        answer
    }

    /// The rows of a statement that bounds them itself.
    pub(crate) async fn rows(
        &self,
        statement: &Statement,
        cells: &[Cell],
    ) -> Result<QueryRowsResult, StoreError> {
        let answer = self.run(statement, cells).await?;
        answer.into_rows_result().map_err(|_| failed(statement.name, Kind::Decode))
    }

    /// The first row, when there is one.
    pub(crate) async fn first<R>(
        &self,
        statement: &Statement,
        cells: &[Cell],
    ) -> Result<Option<R>, StoreError>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let rows = self.rows(statement, cells).await?;
        rows.maybe_first_row::<R>().map_err(|_| failed(statement.name, Kind::Decode))
    }

    /// Every row, page by page, until `take` has had enough.
    pub(crate) async fn each<R>(
        &self,
        statement: &Statement,
        cells: &[Cell],
        mut take: impl FnMut(R) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError>
    where
        R: for<'frame> DeserializeRow<'frame, 'frame>,
    {
        let decode = || failed(statement.name, Kind::Decode);
        let mut state = PagingState::start();
        loop {
            let since = Instant::now();
            let answer = self.driver.execute_single_page(&statement.prepared, cells, state).await;
            statement.seconds.record(since.elapsed());
            let (page, next) = answer.map_err(|error| failed(statement.name, kind_of(&error)))?;
            let page = page.into_rows_result().map_err(|_| decode())?;
            for row in page.rows::<R>().map_err(|_| decode())? {
                if take(row.map_err(|_| decode())?)?.is_break() {
                    return Ok(());
                }
            }
            match next {
                PagingStateResponse::HasMorePages { state: more } => state = more,
                PagingStateResponse::NoMorePages => return Ok(()),
            }
        }
    }

    /// Where rows lie, as far as is known at this moment.
    pub(crate) fn replicas(&self) -> Replicas {
        Replicas(self.driver.get_cluster_state())
    }

    /// Writes rows in one request: those of one partition as one mutation, others each for itself. Each
    /// statement names its own timestamp. The node that is asked is a replica of the first row's.
    pub(crate) async fn batch(
        &self,
        statements: &[&Statement],
        values: Vec<Vec<Cell>>,
    ) -> Result<(), StoreError> {
        if statements.is_empty() {
            return Ok(());
        }
        let prepared = statements.iter().map(|statement| BatchStatement::from(statement.prepared.clone()));
        let mut batch = Batch::new_with_statements(BatchType::Unlogged, prepared.collect());
        batch.set_is_idempotent(true);
        let since = Instant::now();
        let answer = self.driver.batch(&batch, values).await;
        self.batches.record(since.elapsed());
        let answer = answer.map_err(|error| failed(BATCH, kind_of(&error)))?;
        let warned = answer.warnings().count() as u64;
        metrics::counter!("identity_cql_warnings_total").increment(warned);
        Ok(())
    }

    /// Runs a lightweight transaction until it is decided, or the store is not there. A round that is lost
    /// to another writer says nothing about whether it happened, so it is tried again and the caller told.
    pub(crate) async fn decide(&self, statement: &Statement, cells: &[Cell]) -> Result<Decided, StoreError> {
        let deadline = Instant::now() + self.options.request_timeout;
        let mut backoff = CONDITIONAL_RETRY.start();
        for tried in 0..CONDITIONAL_TRIES {
            match self.attempt(statement, cells).await {
                Ok(answer) => {
                    let applied = applied(answer).ok_or_else(|| failed(statement.name, Kind::Decode))?;
                    return Ok(Decided { applied, repeated: tried > 0 });
                }
                Err(error) => {
                    let kind = kind_of(&error);
                    if kind != Kind::Contended || Instant::now() >= deadline {
                        return Err(failed(statement.name, kind));
                    }
                }
            }
            metrics::counter!("identity_cql_retries_total").increment(1);
            tokio::time::sleep(backoff.next_pause()).await;
        }
        Err(failed(statement.name, Kind::Contended))
    }
}

/// Whether a node is in the data centre whose nodes are to be asked: if none is, no request has anywhere to go, and
/// each would fail as if there were no connection.
fn known_datacenter<'a>(wanted: &str, of_nodes: impl Iterator<Item = &'a str>) -> Result<(), OpenError> {
    let known: BTreeSet<&str> = of_nodes.collect();
    // A cluster that does not say is none that can be judged.
    if known.is_empty() || known.contains(wanted) {
        return Ok(());
    }
    let known: Vec<&str> = known.into_iter().collect();
    Err(OpenError::Options(format!(
        "[cql] datacenter: no node is in {wanted:?}; the cluster's data centres are {}",
        known.join(", ")
    )))
}

/// The first column of a lightweight transaction's answer, on both servers.
fn applied(answer: QueryResult) -> Option<bool> {
    let rows = answer.into_rows_result().ok()?;
    let first = rows.first_row::<scylla::value::Row>().ok()?;
    first.columns.first()?.as_ref()?.as_boolean()
}
