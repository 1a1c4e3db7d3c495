//! Face vectors on CQL: the FaceVectors port. Its tables have no generation; a customer's rows are one partition, so an
//! erasure is one tombstone, whose timestamp keeps late and older rows out.

use std::ops::ControlFlow;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use domain::event::{Partition, Source, TopicId};
use domain::ids::CustomerRef;
use domain::limits::FACE_VECTORS_READ_MAX;
use domain::ports::{FaceModelId, FaceVectorRow, FaceVectors, StoreError};
use domain::rows::{PositionRow, WriteTimestamp};
use row_codec::RowBody as _;
use tokio::sync::OnceCell;

use crate::error::{Kind, failed};
use crate::session::{CqlSession, Use};
use crate::statement::{Cell, Statement};
use crate::views::init;

struct FaceStatements {
    put: Statement,
    erase: Statement,
    of_customer: Statement,
    position: Statement,
    positions: Statement,
    move_position: Statement,
}

/// The distributed engine's face vectors.
pub struct CqlFaceVectors {
    session: Arc<CqlSession>,
    statements: OnceCell<FaceStatements>,
}

impl CqlFaceVectors {
    /// The face vectors of that session, whose schema was brought up to date ([`CqlSession::migrate`]).
    pub fn new(session: Arc<CqlSession>) -> Self {
        Self { session, statements: OnceCell::new() }
    }

    async fn statements(&self) -> Result<&FaceStatements, StoreError> {
        init(&self.statements, async {
            let names = self.session.names();
            let prepare =
                async |name, text: &str| self.session.prepare(name, &names.fill(text), Use::Idempotent).await;
            Ok(FaceStatements {
                put: prepare(
                    "put_face_vector",
                    "INSERT INTO {views}.face_vectors (org, customer, written, model, model_sha256, body)
                    VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
                )
                .await?,
                erase: prepare(
                    "erase_face_vectors",
                    "DELETE FROM {views}.face_vectors USING TIMESTAMP ? WHERE org = ? AND customer = ?",
                )
                .await?,
                of_customer: prepare(
                    "face_vectors",
                    "SELECT model, model_sha256, body FROM {views}.face_vectors
                    WHERE org = ? AND customer = ? LIMIT ?",
                )
                .await?,
                position: prepare(
                    "face_position",
                    "SELECT body FROM {views}.face_positions
                    WHERE model = ? AND model_sha256 = ? AND topic_id = ? AND log_partition = ?",
                )
                .await?,
                positions: prepare(
                    "face_positions",
                    // A row for each model and partition: the whole table is small.
                    "SELECT model, model_sha256, topic_id, log_partition, body FROM {views}.face_positions",
                )
                .await?,
                move_position: prepare(
                    "put_face_position",
                    "INSERT INTO {views}.face_positions (model, model_sha256, topic_id, log_partition, body)
                    VALUES (?, ?, ?, ?, ?) USING TIMESTAMP ?",
                )
                .await?,
            })
        })
        .await
    }
}

fn model_cells(model: &FaceModelId) -> [Cell; 2] {
    [Cell::Text(model.name.clone()), Cell::Blob(Bytes::copy_from_slice(&model.sha256))]
}

fn customer_cells(customer: &CustomerRef) -> [Cell; 2] {
    [Cell::Org(customer.org.clone()), Cell::Customer(customer.customer.clone())]
}

#[async_trait]
impl FaceVectors for CqlFaceVectors {
    async fn put(&self, at: WriteTimestamp, row: &FaceVectorRow) -> Result<(), StoreError> {
        let statements = self.statements().await?;
        let [org, customer] = customer_cells(&row.customer);
        let [name, digest] = model_cells(&row.model);
        let at = Cell::Big(at.value());
        let cells = [org, customer, at.clone(), name, digest, Cell::Blob(row.body().into()), at];
        self.session.run(&statements.put, &cells).await.map(drop)
    }

    async fn erase(&self, at: WriteTimestamp, customer: &CustomerRef) -> Result<(), StoreError> {
        let statements = self.statements().await?;
        let [org, customer] = customer_cells(customer);
        self.session.run(&statements.erase, &[Cell::Big(at.value()), org, customer]).await.map(drop)
    }

    async fn of_customer(
        &self,
        customer: &CustomerRef,
        photos: Option<&[Source]>,
    ) -> Result<Vec<FaceVectorRow>, StoreError> {
        let statements = self.statements().await?;
        let [org, id] = customer_cells(customer);
        // The key has an event's timestamp and not its place: photos are picked out of all that there are, page by page.
        let rows_max = if photos.is_some() { i32::MAX } else { FACE_VECTORS_READ_MAX as i32 };
        let cells = [org, id, Cell::Int(rows_max)];
        let mut found = Vec::new();
        self.session
            .each::<(String, Vec<u8>, Vec<u8>)>(&statements.of_customer, &cells, |(name, digest, body)| {
                let decode = |_| failed(statements.of_customer.name, Kind::Decode);
                let model = FaceModelId { name, sha256: digest.try_into().map_err(decode)? };
                let row = FaceVectorRow::read_body((customer.clone(), model), &body)?;
                if photos.is_none_or(|photos| photos.contains(&row.source)) {
                    found.push(row);
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        Ok(found)
    }

    async fn position(
        &self,
        model: &FaceModelId,
        topic_id: TopicId,
        partition: Partition,
    ) -> Result<Option<PositionRow>, StoreError> {
        let statements = self.statements().await?;
        let [name, digest] = model_cells(model);
        let cells = [name, digest, Cell::topic(topic_id), Cell::partition(partition)?];
        let found = self.session.first::<(Vec<u8>,)>(&statements.position, &cells).await?;
        let position = found.map(|(body,)| PositionRow::read_body((topic_id, partition), &body));
        Ok(position.transpose()?)
    }

    async fn positions(&self, topic_id: TopicId) -> Result<Vec<(FaceModelId, PositionRow)>, StoreError> {
        let statements = self.statements().await?;
        let decode = || failed(statements.positions.name, Kind::Decode);
        let mut found = Vec::new();
        self.session
            .each::<(String, Vec<u8>, Vec<u8>, i32, Vec<u8>)>(&statements.positions, &[], |row| {
                let (name, digest, topic, partition, body) = row;
                if topic == topic_id.0 {
                    let model = FaceModelId { name, sha256: digest.try_into().map_err(|_| decode())? };
                    let partition = Partition(u32::try_from(partition).map_err(|_| decode())?);
                    found.push((model, PositionRow::read_body((topic_id, partition), &body)?));
                }
                Ok(ControlFlow::Continue(()))
            })
            .await?;
        found.sort_by(|(a, of_a), (b, of_b)| {
            (&a.name, a.sha256, of_a.partition).cmp(&(&b.name, b.sha256, of_b.partition))
        });
        Ok(found)
    }

    async fn move_position(
        &self,
        at: WriteTimestamp,
        model: &FaceModelId,
        position: &PositionRow,
    ) -> Result<(), StoreError> {
        let statements = self.statements().await?;
        let [name, digest] = model_cells(model);
        let cells = [
            name,
            digest,
            Cell::topic(position.topic_id),
            Cell::partition(position.partition)?,
            Cell::Blob(position.body().into()),
            Cell::Big(at.value()),
        ];
        self.session.run(&statements.move_position, &cells).await.map(drop)
    }
}
