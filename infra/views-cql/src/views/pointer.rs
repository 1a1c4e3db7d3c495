//! What has no generation: the numbers of topic ids, and which generation answers from which offsets on.
//! Both are written by lightweight transactions.

use domain::event::{Offset, Partition, TopicId};
use domain::ports::StoreError;
use domain::rows::{EPOCH_LIMIT, Epoch, Generation};
use tokio::sync::OnceCell;

use super::CqlViews;
use crate::session::Use;
use crate::statement::{Cell, Statement};

/// Which generation answers, and the offset per partition from which it is the one that publishes: below it
/// the generation before did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The generation.
    pub generation: Generation,
    /// By partition; none before the first handover.
    pub handover: Vec<(Partition, Offset)>,
}

pub(super) struct GlobalStatements {
    epochs: Statement,
    claim: Statement,
    pointer: Statement,
    point_first: Statement,
    point: Statement,
}

/// The format of a handover's cell.
const HANDOVER: u8 = 1;

/// Everything without a generation has one row, or one partition.
const ONLY: Cell = Cell::Int(0);

impl CqlViews {
    async fn statements(&self) -> Result<&GlobalStatements, StoreError> {
        init(&self.global, async {
            let prepare = async |name, text: &str, used| {
                self.session.prepare(name, &self.session.names().fill(text), used).await
            };
            Ok(GlobalStatements {
                epochs: prepare(
                    "epochs",
                    "SELECT epoch, topic_id FROM {views}.epochs WHERE only = ?",
                    Use::SerialRead,
                )
                .await?,
                claim: prepare(
                    "epoch_claim",
                    "INSERT INTO {views}.epochs (only, epoch, topic_id) VALUES (?, ?, ?) IF NOT EXISTS",
                    Use::Conditional,
                )
                .await?,
                pointer: prepare(
                    "pointer",
                    "SELECT generation, handover FROM {views}.pointer WHERE only = ?",
                    Use::Idempotent,
                )
                .await?,
                point_first: prepare(
                    "point_first",
                    "INSERT INTO {views}.pointer (only, generation, handover) VALUES (?, ?, ?) IF NOT EXISTS",
                    Use::Conditional,
                )
                .await?,
                point: prepare(
                    "point",
                    "UPDATE {views}.pointer SET generation = ?, handover = ? WHERE only = ? IF generation = ?",
                    Use::Conditional,
                )
                .await?,
            })
        })
        .await
    }

    /// Which generation answers: the first one until [`CqlViews::point_at`] says otherwise.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn pointer(&self) -> Result<Pointer, StoreError> {
        let statements = self.statements().await?;
        let row = self.session.first::<(i32, Vec<u8>)>(&statements.pointer, &[ONLY]).await?;
        let Some((generation, handover)) = row else {
            return Ok(Pointer { generation: Generation(1), handover: Vec::new() });
        };
        let generation = u32::try_from(generation)
            .map_err(|_| StoreError::Corrupt("a stored generation that cannot be one".to_owned()))?;
        Ok(Pointer { generation: Generation(generation), handover: decode(&handover)? })
    }

    /// Points at another generation, if `from` still answers. False when another program was first.
    ///
    /// # Errors
    /// [`StoreError`]; after `Unavailable` it may or may not have happened: ask [`CqlViews::pointer`].
    pub async fn point_at(&self, from: Generation, to: &Pointer) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        let (generation, old) = (number(to.generation)?, number(from)?);
        let handover = Cell::Blob(encode(&to.handover).into());
        let none = self.session.first::<(i32, Vec<u8>)>(&statements.pointer, &[ONLY]).await?.is_none();
        let decided = if none && from == Generation(1) {
            self.session.decide(&statements.point_first, &[ONLY, generation, handover]).await?
        } else {
            self.session.decide(&statements.point, &[generation, handover, ONLY, old]).await?
        };
        Ok(decided.applied || (decided.repeated && self.pointer().await? == *to))
    }
}

fn number(generation: Generation) -> Result<Cell, StoreError> {
    let number = i32::try_from(generation.0);
    Ok(Cell::Int(number.map_err(|_| StoreError::Corrupt("a generation above 2^31".to_owned()))?))
}

/// Runs once however many ask; a failure is not kept.
pub(crate) async fn init<T>(
    cell: &OnceCell<T>,
    make: impl Future<Output = Result<T, StoreError>>,
) -> Result<&T, StoreError> {
    cell.get_or_try_init(|| make).await
}

/// Gives the topic the lowest number that none has. A number is taken only after every lower one was read
/// and was another topic's, so no topic has two; and the row of a number is inserted once, so no number has
/// two topics.
pub(super) async fn claim_epoch(views: &CqlViews, topic_id: TopicId) -> Result<Epoch, StoreError> {
    let statements = views.statements().await?;
    // Whoever loses reads at least one row more than before.
    for _ in 0..=EPOCH_LIMIT {
        let rows = views.session.rows(&statements.epochs, &[ONLY]).await?;
        let decode = || StoreError::Corrupt("an epoch's row that cannot be read".to_owned());
        let mut next = 1;
        for row in rows.rows::<(i32, &[u8])>().map_err(|_| decode())? {
            let (epoch, topic) = row.map_err(|_| decode())?;
            let epoch = u32::try_from(epoch).map_err(|_| decode())?;
            if *topic == topic_id.0 {
                return Ok(Epoch(epoch));
            }
            next = next.max(epoch + 1);
        }
        if next >= EPOCH_LIMIT {
            return Err(StoreError::Corrupt(format!(
                "{} topics have written here, and a store has room for {}: rebuild into a new keyspace",
                next - 1,
                EPOCH_LIMIT - 1
            )));
        }
        let claim = [ONLY, Cell::Int(next as i32), Cell::topic(topic_id)];
        if views.session.decide(&statements.claim, &claim).await?.applied {
            return Ok(Epoch(next));
        }
    }
    Err(StoreError::Unavailable("epoch_claim: others were always first".to_owned()))
}

/// Twelve bytes a partition: its number and the offset.
fn encode(handover: &[(Partition, Offset)]) -> Vec<u8> {
    let mut bytes = vec![HANDOVER];
    for (partition, offset) in handover {
        bytes.extend_from_slice(&partition.0.to_be_bytes());
        bytes.extend_from_slice(&offset.0.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<Vec<(Partition, Offset)>, StoreError> {
    let broken = || StoreError::Corrupt("a stored handover that cannot be read".to_owned());
    let Some((&HANDOVER, rest)) = bytes.split_first() else { return Err(broken()) };
    let (entries, []) = rest.as_chunks::<12>() else { return Err(broken()) };
    let entry = |entry: &[u8; 12]| {
        let (partition, offset) = entry.split_at(4);
        let partition = u32::from_be_bytes(partition.try_into().ok()?);
        Some((Partition(partition), Offset(u64::from_be_bytes(offset.try_into().ok()?))))
    };
    entries.iter().map(|bytes| entry(bytes).ok_or_else(broken)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handover_comes_back() {
        let handover = vec![(Partition(0), Offset(7)), (Partition(u32::MAX), Offset(u64::MAX))];
        assert_eq!(decode(&encode(&handover)), Ok(handover));
        assert_eq!(decode(&encode(&[])), Ok(Vec::new()));
        assert!(decode(&[]).is_err());
        assert!(decode(&[HANDOVER, 0]).is_err());
        assert!(decode(&[2]).is_err());
    }
}
