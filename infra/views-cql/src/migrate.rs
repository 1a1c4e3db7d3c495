//! Bringing the schema up to date. Every statement may run twice, so that programs that start together need
//! no lock: all of them send schema changes to the same node (the one with the lowest host id), where they
//! come one after the other, and each is waited for until every node agrees. What stands is recorded by
//! lightweight transactions; a version above ours is refused before anything is changed.

use std::sync::Arc;

use domain::ports::{Generations as _, SecondGeneration, StoreError};
use domain::rows::Generation;
use domain::time::Timestamp;
use scylla::policies::load_balancing::{NodeIdentifier, SingleTargetLoadBalancingPolicy};
use scylla::statement::unprepared::Statement as Text;

use crate::error::{CqlOpenError, Kind, failed, kind_of};
use crate::limits::{POINTER_LOOKS_MAX, SCHEMA_WITHIN};
use crate::options::KeyspaceReplication;
use crate::schema::{
    CATEGORIES_COUNTED, GENERATION, GENERATION_TABLES, KEYS, MIGRATIONS_TABLE, Names, VIEWS,
};
use crate::session::{CqlSession, Use};
use crate::statement::Cell;
use crate::views::CqlViews;

impl CqlSession {
    /// Makes the keyspaces and tables that are missing, those of the generations that are written among
    /// them. Safe to run by many programs at once, and again after it was broken off.
    ///
    /// # Errors
    /// [`CqlOpenError::Newer`] when a newer build was here, [`CqlOpenError::Replication`] when a keyspace has other
    /// replicas than the settings say, [`CqlOpenError::Store`] when the store did not do it now.
    pub async fn migrate(self: &Arc<Self>) -> Result<(), CqlOpenError> {
        for space in [&self.options.keyspace, &self.options.keys_keyspace] {
            self.keyspace(space).await?;
            self.change(&MIGRATIONS_TABLE.replace("{space}", space)).await?;
        }
        self.component(&self.options.keyspace, "views", VIEWS, |text| self.names().fill(text)).await?;
        self.component(&self.options.keys_keyspace, "keys", KEYS, |text| self.names().fill(text)).await?;
        self.ensure_written().await
    }

    /// Makes the tables of the generations that projectors write. One that was dropped between the look at the
    /// pointer and the making is dropped again: nobody else would.
    async fn ensure_written(self: &Arc<Self>) -> Result<(), CqlOpenError> {
        let views = CqlViews::new(Arc::clone(self));
        let mut pointer = views.pointer().await?;
        for _ in 0..POINTER_LOOKS_MAX {
            for generation in pointer.written() {
                self.ensure_generation(generation).await?;
            }
            let now = views.pointer().await?;
            if now.version == pointer.version {
                return Ok(());
            }
            let stays = |generation: &Generation| {
                now.written().contains(generation)
                    || now.beside == Some(SecondGeneration::Building(*generation))
            };
            for generation in pointer.written().into_iter().filter(|generation| !stays(generation)) {
                self.drop_generation(generation).await?;
            }
            pointer = now;
        }
        Err(CqlOpenError::Store(StoreError::Unavailable(
            "the pointer kept changing while tables were made".to_owned(),
        )))
    }

    /// Makes the tables of a generation that are missing.
    ///
    /// # Errors
    /// As [`CqlSession::migrate`].
    pub async fn ensure_generation(&self, generation: Generation) -> Result<(), CqlOpenError> {
        let (space, name) = (&self.options.keyspace, component_of(generation));
        if self.version(space, &name).await? == 0 {
            // Nothing of it is there yet, so nothing is counted without its category.
            self.record(space, &categories_of(generation), 1).await?;
        }
        let fill = |text: &str| self.names().fill_generation(text, generation);
        self.component(space, &name, GENERATION, fill).await
    }

    /// Whether every row of the generation was counted by category.
    pub(crate) async fn counts_categories(&self, generation: Generation) -> Result<bool, StoreError> {
        if let Some(known) = self.prepared.get::<CategoriesCounted>(generation) {
            return Ok(known.0);
        }
        let stands = self.version(&self.options.keyspace, &categories_of(generation)).await? > 0;
        let known = Arc::new(CategoriesCounted(stands));
        Ok(self.prepared.keep(generation, known).0)
    }

    /// Drops the tables of a generation that does not answer. Again is no error.
    ///
    /// # Errors
    /// [`CqlOpenError::Options`] when it is the one that answers, [`CqlOpenError::Store`] as for a request.
    pub async fn drop_generation(self: &Arc<Self>, generation: Generation) -> Result<(), CqlOpenError> {
        let views = CqlViews::new(Arc::clone(self));
        if views.pointer().await?.live == generation {
            let words =
                format!("generation {} answers: point at another one before it is dropped", generation.0);
            return Err(CqlOpenError::Options(words));
        }
        // The record first: a drop that is broken off leaves tables that `ensure_generation` completes.
        let delete = format!(
            "DELETE FROM {}.migrations WHERE component = ? AND version = ? IF EXISTS",
            self.options.keyspace
        );
        let delete = self.prepare("migration_delete", &delete, Use::Conditional).await?;
        for version in (1..=GENERATION.len() as i32).rev() {
            self.decide(&delete, &[Cell::Text(component_of(generation)), Cell::Int(version)]).await?;
        }
        self.decide(&delete, &[Cell::Text(categories_of(generation)), Cell::Int(1)]).await?;
        for table in GENERATION_TABLES {
            let text = format!("DROP TABLE IF EXISTS {}.{table}_g{}", self.options.keyspace, generation.0);
            self.change(&text).await?;
        }
        self.prepared.forget(generation);
        Ok(())
    }

    pub(crate) fn names(&self) -> Names {
        Names { views: self.options.keyspace.clone(), keys: self.options.keys_keyspace.clone() }
    }

    async fn component(
        &self,
        space: &str,
        component: &str,
        versions: &[&[&str]],
        fill: impl Fn(&str) -> String,
    ) -> Result<(), CqlOpenError> {
        let known = versions.len() as i32;
        let found = self.version(space, component).await?;
        if found > known {
            return Err(CqlOpenError::Newer { component: component.to_owned(), found, known });
        }
        for (version, statements) in (1..).zip(versions).skip(found.unsigned_abs() as usize) {
            for statement in *statements {
                self.change_once(&fill(statement)).await?;
            }
            if self.record(space, component, version).await? {
                tracing::info!(component, version, "the schema was brought up to date");
            }
        }
        Ok(())
    }

    /// The highest version of a component that is recorded; 0 when there is none.
    async fn version(&self, space: &str, component: &str) -> Result<i32, StoreError> {
        let read = format!("SELECT max(version) FROM {space}.migrations WHERE component = ?");
        let read = self.prepare("migrations", &read, Use::SerialRead).await?;
        let found = self.first::<(Option<i32>,)>(&read, &[Cell::Text(component.to_owned())]).await?;
        Ok(found.and_then(|(version,)| version).unwrap_or(0))
    }

    /// Records it; false when it stood there.
    async fn record(&self, space: &str, component: &str, version: i32) -> Result<bool, StoreError> {
        let insert = format!(
            "INSERT INTO {space}.migrations (component, version, applied_at) VALUES (?, ?, ?) IF NOT EXISTS"
        );
        let insert = self.prepare("migration_insert", &insert, Use::Conditional).await?;
        let now = Timestamp::from_millis(chrono::Utc::now().timestamp_millis());
        let cells = [Cell::Text(component.to_owned()), Cell::Int(version), Cell::time(now)];
        Ok(self.decide(&insert, &cells).await?.applied)
    }

    /// Makes the keyspace, or compares its replicas with the settings.
    async fn keyspace(&self, space: &str) -> Result<(), CqlOpenError> {
        let wanted = &self.options.replication;
        let map = match wanted {
            KeyspaceReplication::Factor(factor) => format!("'replication_factor': {factor}"),
            KeyspaceReplication::PerDatacenter(map) => {
                map.iter().map(|(name, n)| format!("'{name}': {n}")).collect::<Vec<_>>().join(", ")
            }
        };
        self.change(&format!(
            "CREATE KEYSPACE IF NOT EXISTS {space} \
             WITH replication = {{'class': 'NetworkTopologyStrategy', {map}}}"
        ))
        .await?;
        let read = "SELECT replication FROM system_schema.keyspaces WHERE keyspace_name = ?";
        let read = self.prepare("keyspace", read, Use::Idempotent).await?;
        type Map = std::collections::BTreeMap<String, String>;
        let found = self.first::<(Map,)>(&read, &[Cell::Text(space.to_owned())]).await?;
        let (found,) = found.ok_or_else(|| failed("keyspace", Kind::Invalid))?;
        let replicas: Vec<(&str, Option<u16>)> = found
            .iter()
            .filter(|(name, _)| *name != "class")
            .map(|(name, n)| (name.as_str(), n.parse().ok()))
            .collect();
        let same = !replicas.is_empty()
            && match wanted {
                KeyspaceReplication::Factor(factor) => replicas.iter().all(|(_, n)| *n == Some(*factor)),
                KeyspaceReplication::PerDatacenter(map) => {
                    replicas.len() == map.len()
                        && replicas.iter().all(|(name, n)| n.is_some() && map.get(*name).copied() == *n)
                }
            };
        if same {
            return Ok(());
        }
        let shown: Vec<String> =
            replicas.iter().map(|(name, n)| format!("{name}: {}", n.unwrap_or_default())).collect();
        let wanted = map.replace('\'', "");
        Err(CqlOpenError::Replication { keyspace: space.to_owned(), found: shown.join(", "), wanted })
    }

    /// A change that may have been made before. Statements say so themselves but for an added column, for which
    /// ScyllaDB has no words.
    async fn change_once(&self, text: &str) -> Result<(), StoreError> {
        let Some(column) = added_column(text) else { return self.change(text).await };
        if self.has_column(column).await? {
            return Ok(());
        }
        match self.change(text).await {
            Err(error) if !self.has_column(column).await? => Err(error),
            // Added, by us or by a program that started with us.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn has_column(&self, (space, table, column): AddedColumn<'_>) -> Result<bool, StoreError> {
        let read = "SELECT column_name FROM system_schema.columns \
                    WHERE keyspace_name = ? AND table_name = ? AND column_name = ?";
        let read = self.prepare("columns", read, Use::Idempotent).await?;
        let cells = [space, table, column].map(|name| Cell::Text(name.to_owned()));
        Ok(self.first::<(String,)>(&read, &cells).await?.is_some())
    }

    /// One change of the schema, sent where all of them go, and waited for until the nodes agree.
    async fn change(&self, text: &str) -> Result<(), StoreError> {
        let state = self.driver().get_cluster_state();
        let first =
            state.get_nodes_info().iter().filter(|node| node.is_connected()).min_by_key(|node| node.host_id);
        let mut statement = Text::new(text);
        statement.set_is_idempotent(true);
        statement.set_request_timeout(Some(SCHEMA_WITHIN));
        if let Some(node) = first {
            let target = NodeIdentifier::Node(Arc::clone(node));
            statement.set_load_balancing_policy(Some(SingleTargetLoadBalancingPolicy::new(target, None)));
        }
        let changing = tokio::time::timeout(SCHEMA_WITHIN, self.driver().query_unpaged(statement, ()));
        changing
            .await
            .map_err(|_| failed("schema", Kind::Timeout))?
            .map(drop)
            .map_err(|error| failed("schema", kind_of(&error)))
    }
}

/// A keyspace, a table, a column.
type AddedColumn<'a> = (&'a str, &'a str, &'a str);

/// The column that a statement adds.
fn added_column(text: &str) -> Option<AddedColumn<'_>> {
    let (table, column) = text.strip_prefix("ALTER TABLE ")?.split_once(" ADD ")?;
    let (space, table) = table.split_once('.')?;
    Some((space, table, column.split_whitespace().next()?))
}

/// Whether a generation counts categories: kept with its statements, since it never changes while its tables stand.
struct CategoriesCounted(bool);

fn categories_of(generation: Generation) -> String {
    format!("{}_{CATEGORIES_COUNTED}", component_of(generation))
}

fn component_of(generation: Generation) -> String {
    format!("generation_{}", generation.0)
}
