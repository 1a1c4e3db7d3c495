//! The pointer, dropping a generation, and what instances say: the Generations port.

use async_trait::async_trait;
use chrono::Utc;
use domain::event::{Offset, Partition, TopicId};
use domain::ports::{Acknowledgement, Generations, Handover, Pointer, SecondGeneration, StoreError};
use domain::rows::{
    BooksRow, CustomerState, EnrolmentRow, EventNote, FallbackRow, Generation, PositionRow,
    RecheckClosureRow, RecheckRow, ReferenceRow, ReviewRow, SignalRow, TallyRow, TierEventRow,
    VerificationRow, VoidRow,
};
use rusqlite::{Connection, OptionalExtension as _, Transaction, TransactionBehavior, params};

use super::SqliteViews;
use super::limits::{ACKNOWLEDGEMENT_KEPT_MS, DROP_STEP_ROWS};
use super::tables::StoredRow as _;
use crate::pool::Failure;

/// Partition and offset.
const HANDOVER_ENTRY_BYTES: usize = 4 + 8;

fn pointer(transaction: &Transaction<'_>) -> Result<Pointer, Failure> {
    let row = transaction
        .prepare_cached(
            "SELECT version, generation, last, beside, beside_generation, handover FROM pointer WHERE only = 1",
        )?
        .query_row([], |row| {
            Ok((
                row.get::<_, u32>(0)?,
                row.get::<_, u32>(1)?,
                row.get::<_, u32>(2)?,
                row.get::<_, Option<String>>(3)?,
                row.get::<_, Option<u32>>(4)?,
                row.get::<_, Option<Vec<u8>>>(5)?,
            ))
        })
        .optional()?;
    let Some((version, live, last, word, generation, handover)) = row else { return Ok(Pointer::FIRST) };
    let beside = match word {
        None => None,
        Some(word) => {
            let generation = generation.ok_or(Failure::Stored("a generation beside without its number"))?;
            Some(beside(&word, Generation(generation), handover.as_deref())?)
        }
    };
    let live = Generation(live);
    Ok(Pointer { version: version.into(), live, last: Generation(last).max(live), beside })
}

fn beside(word: &str, generation: Generation, handover: Option<&[u8]>) -> Result<SecondGeneration, Failure> {
    Ok(match (word, handover) {
        ("building", None) => SecondGeneration::Building(generation),
        ("next", Some(bytes)) => SecondGeneration::Next(generation, decode(bytes)?),
        ("previous", Some(bytes)) => SecondGeneration::Previous(generation, decode(bytes)?),
        ("leaving", Some(bytes)) => SecondGeneration::Leaving(generation, decode(bytes)?),
        ("dropping", None) => SecondGeneration::Dropping(generation),
        _ => return Err(Failure::Stored("a pointer this build does not know")),
    })
}

fn point(transaction: &Transaction<'_>, to: &Pointer) -> Result<bool, Failure> {
    if pointer(transaction)?.version + 1 != to.version {
        return Ok(false);
    }
    let (word, handover) = match &to.beside {
        None => (None, None),
        Some(SecondGeneration::Building(_)) => (Some("building"), None),
        Some(SecondGeneration::Next(_, handover)) => (Some("next"), Some(encode(handover))),
        Some(SecondGeneration::Previous(_, handover)) => (Some("previous"), Some(encode(handover))),
        Some(SecondGeneration::Leaving(_, handover)) => (Some("leaving"), Some(encode(handover))),
        Some(SecondGeneration::Dropping(_)) => (Some("dropping"), None),
    };
    let version = u32::try_from(to.version).map_err(|_| Failure::Stored("a pointer changed too often"))?;
    transaction
        .prepare_cached(
            "INSERT INTO pointer (only, version, generation, last, beside, beside_generation, handover) \
             VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (only) DO UPDATE SET version = excluded.version, \
             generation = excluded.generation, last = excluded.last, beside = excluded.beside, \
             beside_generation = excluded.beside_generation, handover = excluded.handover",
        )?
        .execute(params![
            version,
            to.live.0,
            to.last.0,
            word,
            to.beside.as_ref().map(|beside| beside.generation().0),
            handover
        ])?;
    Ok(true)
}

fn commit_pointer(writer: &mut Connection, to: &Pointer) -> Result<bool, Failure> {
    let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let done = point(&transaction, to)?;
    transaction.commit()?;
    Ok(done)
}

fn encode(handover: &Handover) -> Vec<u8> {
    let mut bytes = handover.topic_id.0.to_vec();
    for (partition, offset) in &handover.from {
        bytes.extend_from_slice(&partition.0.to_be_bytes());
        bytes.extend_from_slice(&offset.0.to_be_bytes());
    }
    bytes
}

fn decode(bytes: &[u8]) -> Result<Handover, Failure> {
    let malformed = || Failure::Stored("a handover of another length");
    let (topic, entries) = bytes.split_first_chunk::<16>().ok_or_else(malformed)?;
    let (entries, []) = entries.as_chunks::<HANDOVER_ENTRY_BYTES>() else { return Err(malformed()) };
    let from = entries.iter().map(|entry| {
        let (partition, offset) = entry.split_first_chunk::<4>().ok_or_else(malformed)?;
        let offset = offset.first_chunk::<8>().ok_or_else(malformed)?;
        Ok((Partition(u32::from_be_bytes(*partition)), Offset(u64::from_be_bytes(*offset))))
    });
    Ok(Handover { topic_id: TopicId(*topic), from: from.collect::<Result<_, Failure>>()? })
}

/// Each table that has a generation, and the columns of its key. Positions last: a generation that is half
/// dropped still has them.
fn tables() -> [(&'static str, String); 20] {
    let of = |table: super::tables::Table| (table.name, table.key.join(", "));
    [
        of(VerificationRow::TABLE),
        // Before a verification's deletion took it down to nothing it was a count; then it is a leftover.
        ("verification_count", "org, hour, method, status, category".to_owned()),
        ("review_count", "org, hour, method, category, review".to_owned()),
        of(EnrolmentRow::TABLE),
        ("enrolment_erasure", "org, customer".to_owned()),
        of(ReferenceRow::TABLE),
        of(ReviewRow::TABLE),
        of(VoidRow::TABLE),
        of(TierEventRow::TABLE),
        of(SignalRow::TABLE),
        of(EventNote::TABLE),
        of(FallbackRow::TABLE),
        of(RecheckClosureRow::TABLE),
        of(RecheckRow::TABLE),
        ("recheck_count", "org, status, day".to_owned()),
        of(CustomerState::TABLE),
        of(TallyRow::TABLE),
        ("tallies_without_categories", "generation".to_owned()),
        of(BooksRow::TABLE),
        of(PositionRow::TABLE),
    ]
}

/// Deletes some rows; true while there may be more.
fn drop_some(
    transaction: &Transaction<'_>,
    table: &str,
    key: &str,
    generation: Generation,
) -> Result<bool, Failure> {
    let sql = format!(
        "DELETE FROM {table} WHERE generation = ?1 \
         AND ({key}) IN (SELECT {key} FROM {table} WHERE generation = ?1 LIMIT ?2)"
    );
    let deleted = transaction.execute(&sql, params![generation.0, DROP_STEP_ROWS])?;
    Ok(deleted > 0)
}

#[async_trait]
impl Generations for SqliteViews {
    async fn pointer(&self) -> Result<Pointer, StoreError> {
        self.pool.read(pointer).await
    }

    async fn point(&self, to: &Pointer) -> Result<bool, StoreError> {
        let to = to.clone();
        // Commits are not fsynced one by one here, but this one must be: what follows it drops rows. A checkpoint
        // would not do: beside another one it comes back without having synced anything.
        self.pool
            .with_writer(move |writer| {
                writer.pragma_update(None, "synchronous", "FULL")?;
                let done = commit_pointer(writer, &to);
                writer.pragma_update(None, "synchronous", "NORMAL")?;
                done
            })
            .await
    }

    async fn ensure_generation(&self, _generation: Generation) -> Result<(), StoreError> {
        // Every generation lies in the same tables.
        Ok(())
    }

    async fn drop_generation(&self, generation: Generation) -> Result<(), StoreError> {
        for (table, key) in tables() {
            loop {
                let key = key.clone();
                let step =
                    move |transaction: &Transaction<'_>| drop_some(transaction, table, &key, generation);
                if !self.pool.write(step).await? {
                    break;
                }
            }
        }
        Ok(())
    }

    async fn acknowledge(&self, instance: &str, said: Option<&Acknowledgement>) -> Result<(), StoreError> {
        let (instance, said) = (instance.to_owned(), said.cloned());
        let now = Utc::now().timestamp_millis();
        self.pool
            .write(move |transaction| {
                transaction.execute(
                    "DELETE FROM acknowledgement WHERE told_at < ?1",
                    [now - ACKNOWLEDGEMENT_KEPT_MS],
                )?;
                let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
                match said {
                    Some(said) => transaction.execute(
                        "INSERT OR REPLACE INTO acknowledgement (instance, version, beat, told_at) \
                         VALUES (?1, ?2, ?3, ?4)",
                        params![instance, number(said.version), number(said.beat), now],
                    )?,
                    None => {
                        transaction.execute("DELETE FROM acknowledgement WHERE instance = ?1", [instance])?
                    }
                };
                Ok(())
            })
            .await
    }

    async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        self.pool
            .read(|transaction| {
                let mut statement = transaction.prepare_cached(
                    "SELECT instance, version, beat FROM acknowledgement ORDER BY instance",
                )?;
                let rows = statement.query_map([], |row| {
                    let number = |at| row.get::<_, i64>(at).map(|n| u64::try_from(n).unwrap_or(0));
                    Ok(Acknowledgement { instance: row.get(0)?, version: number(1)?, beat: number(2)? })
                })?;
                Ok(rows.collect::<Result<_, _>>()?)
            })
            .await
    }
}
