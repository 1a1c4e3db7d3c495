//! Face vectors on SQLite: the FaceVectors port, in a file of its own, so that no generation of the read model is near it
//! and no write of it waits for the projector's. A file that is lost is made anew from the log.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use domain::event::{Partition, Source, TopicId};
use domain::ids::CustomerRef;
use domain::limits::FACE_VECTORS_READ_MAX;
use domain::ports::{FaceModelId, FaceVectorRow, FaceVectors, StoreError};
use domain::rows::{PositionRow, WriteTimestamp};
use row_codec::RowBody as _;
use rusqlite::{OptionalExtension as _, Row, Transaction, params};

use crate::limits::FACES_CACHE_KIB;
use crate::migrate::{self, Durability};
use crate::pool::{Failure, Pool};
use crate::{OlderFormat, SqliteOpenError};

/// Format 1 upwards; a released one never changes.
const MIGRATIONS: &[&str] = &[include_str!("faces/schema.sql")];

/// The face vectors of the embedded engine.
pub struct SqliteFaceVectors {
    pool: Pool,
}

impl SqliteFaceVectors {
    /// The file in the store's folder.
    pub const FILE: &str = "faces.sqlite";

    /// Opens or makes the file in that folder, which must exist, and brings an older one up.
    ///
    /// # Errors
    /// As for [`SqliteFaceVectors::open_with`].
    pub fn open(folder: &Path) -> Result<Arc<Self>, SqliteOpenError> {
        Self::open_with(folder, OlderFormat::Migrate)
    }

    /// The same, with a choice what becomes of an older one.
    ///
    /// # Errors
    /// [`SqliteOpenError`] when the file cannot be opened, is another program's, was written by a newer build, or by an
    /// older one and may not be brought up.
    pub fn open_with(folder: &Path, older: OlderFormat) -> Result<Arc<Self>, SqliteOpenError> {
        let path = folder.join(Self::FILE);
        let writer = migrate::open(&path, "faces", MIGRATIONS, Durability::Normal, older)?;
        Ok(Arc::new(Self { pool: Pool::new(writer, &path, FACES_CACHE_KIB)? }))
    }
}

#[async_trait]
impl FaceVectors for SqliteFaceVectors {
    async fn put(&self, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), StoreError> {
        let row = row.clone();
        self.pool.write(move |transaction| put(transaction, at, &row)).await
    }

    async fn erase(&self, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), StoreError> {
        let customer = customer.clone();
        self.pool.write(move |transaction| erase(transaction, at, &customer)).await
    }

    async fn of_customer(
        &self,
        customer: &CustomerRef,
        photos: Option<&[Source]>,
    ) -> Result<Vec<FaceVectorRow>, StoreError> {
        let (customer, photos) = (customer.clone(), photos.map(<[Source]>::to_vec));
        self.pool.read(move |transaction| of_customer(transaction, &customer, photos.as_deref())).await
    }

    async fn position(
        &self,
        model: &FaceModelId,
        topic_id: TopicId,
        partition: Partition,
    ) -> Result<Option<PositionRow>, StoreError> {
        let model = model.clone();
        self.pool
            .read(move |transaction| {
                let body: Option<Vec<u8>> = transaction
                    .prepare_cached(
                        "SELECT body FROM face_position WHERE model = ?1 AND model_sha256 = ?2 \
                         AND topic_id = ?3 AND log_partition = ?4",
                    )?
                    .query_row(
                        params![model.name, model.sha256.as_slice(), topic_id.0.as_slice(), partition.0],
                        |row| row.get(0),
                    )
                    .optional()?;
                Ok(body.map(|body| PositionRow::read_body((topic_id, partition), &body)).transpose()?)
            })
            .await
    }

    async fn positions(&self, topic_id: TopicId) -> Result<Vec<(FaceModelId, PositionRow)>, StoreError> {
        self.pool.read(move |transaction| positions(transaction, topic_id)).await
    }

    async fn move_position(
        &self,
        at: WriteTimestamp,
        model: &FaceModelId,
        position: &PositionRow,
    ) -> Result<(), StoreError> {
        let (model, position) = (model.clone(), position.clone());
        self.pool
            .write(move |transaction| {
                transaction
                    .prepare_cached(
                        "INSERT INTO face_position (model, model_sha256, topic_id, log_partition, write_ts, body) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
                         ON CONFLICT (model, model_sha256, topic_id, log_partition) DO UPDATE \
                         SET write_ts = excluded.write_ts, body = excluded.body \
                         WHERE excluded.write_ts >= face_position.write_ts",
                    )?
                    .execute(params![
                        model.name,
                        model.sha256.as_slice(),
                        position.topic_id.0.as_slice(),
                        position.partition.0,
                        at.value(),
                        position.body()
                    ])?;
                Ok(())
            })
            .await
    }
}

/// Writes the row unless an erasure stands at its timestamp or above it.
fn put(transaction: &Transaction<'_>, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), Failure> {
    let (org, customer) = (row.customer.org.as_str(), row.customer.customer.as_str());
    transaction
        .prepare_cached(
            "INSERT OR REPLACE INTO face_vector (org, customer, write_ts, model, model_sha256, body) \
             SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE NOT EXISTS \
             (SELECT 1 FROM face_erasure WHERE org = ?1 AND customer = ?2 AND write_ts >= ?3)",
        )?
        .execute(params![
            org,
            customer,
            at.value(),
            row.model.name,
            row.model.sha256.as_slice(),
            row.body()
        ])?;
    Ok(())
}

/// Deletes what is there, and leaves what keeps a row of before away.
fn erase(transaction: &Transaction<'_>, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), Failure> {
    let (org, customer) = (customer.org.as_str(), customer.customer.as_str());
    transaction
        .prepare_cached(
            "INSERT INTO face_erasure (org, customer, write_ts) VALUES (?1, ?2, ?3) \
             ON CONFLICT (org, customer) DO UPDATE SET write_ts = excluded.write_ts \
             WHERE excluded.write_ts > face_erasure.write_ts",
        )?
        .execute(params![org, customer, at.value()])?;
    transaction
        .prepare_cached("DELETE FROM face_vector WHERE org = ?1 AND customer = ?2 AND write_ts <= ?3")?
        .execute(params![org, customer, at.value()])?;
    Ok(())
}

fn positions(
    transaction: &Transaction<'_>,
    topic_id: TopicId,
) -> Result<Vec<(FaceModelId, PositionRow)>, Failure> {
    let mut statement = transaction.prepare_cached(
        "SELECT model, model_sha256, log_partition, body FROM face_position WHERE topic_id = ?1 \
         ORDER BY model, model_sha256, log_partition",
    )?;
    let mut rows = statement.query([topic_id.0.as_slice()])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let key = (topic_id, Partition(row.get(2)?));
        let body: Vec<u8> = row.get(3)?;
        found.push((model(row)?, PositionRow::read_body(key, &body)?));
    }
    Ok(found)
}

/// From a row's first two columns.
fn model(row: &Row<'_>) -> Result<FaceModelId, Failure> {
    let digest: Vec<u8> = row.get(1)?;
    let sha256 = digest.try_into().map_err(|_| Failure::Stored("a digest of another length"))?;
    Ok(FaceModelId { name: row.get(0)?, sha256 })
}

fn of_customer(
    transaction: &Transaction<'_>,
    customer: &CustomerRef,
    photos: Option<&[Source]>,
) -> Result<Vec<FaceVectorRow>, Failure> {
    // The key has an event's timestamp and not its place: photos are picked out of all that there are.
    let rows_max = if photos.is_some() { -1 } else { FACE_VECTORS_READ_MAX as i64 };
    let mut statement = transaction.prepare_cached(
        "SELECT model, model_sha256, body FROM face_vector WHERE org = ?1 AND customer = ?2 \
         ORDER BY write_ts DESC, model, model_sha256 LIMIT ?3",
    )?;
    let mut rows = statement.query(params![customer.org.as_str(), customer.customer.as_str(), rows_max])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let body: Vec<u8> = row.get(2)?;
        let read = FaceVectorRow::read_body((customer.clone(), model(row)?), &body)?;
        if photos.is_none_or(|photos| photos.contains(&read.source)) {
            found.push(read);
        }
    }
    Ok(found)
}
