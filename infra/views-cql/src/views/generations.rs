//! The pointer, the making and dropping of generations, and what instances say: the Generations port.

use std::sync::atomic::Ordering;

use async_trait::async_trait;
use chrono::Utc;
use domain::ports::{Acknowledgement, Generations, Pointer, StoreError};
use domain::rows::Generation;
use row_codec::{pointer_body, read_pointer};

use super::CqlViews;
use super::global_statements::ONLY;
use crate::error::{Kind, OpenError, failed};
use crate::limits::SAID_KEPT_SECONDS;
use crate::statement::{Cell, Statement};

impl CqlViews {
    async fn stored_pointer(&self, statement: &Statement) -> Result<Option<(Pointer, Vec<u8>)>, StoreError> {
        let Some((live, bytes)) = self.session.first::<(i32, Vec<u8>)>(statement, &[ONLY]).await? else {
            return Ok(None);
        };
        let live = u32::try_from(live)
            .map_err(|_| StoreError::Corrupt("a stored generation that cannot be one".to_owned()))?;
        Ok(Some((read_pointer(Generation(live), &bytes)?, bytes)))
    }

    /// A timestamp above every one given before, and with the clock otherwise: what an instance says
    /// replaces what it said before, whichever node's clock is behind.
    fn say_timestamp(&self) -> Cell {
        let now = Utc::now().timestamp_micros();
        let said = self.said_last.fetch_max(now, Ordering::AcqRel);
        if said < now {
            return Cell::Big(now);
        }
        Cell::Big(self.said_last.fetch_add(1, Ordering::AcqRel) + 1)
    }
}

fn number(generation: Generation) -> Result<Cell, StoreError> {
    let number = i32::try_from(generation.0);
    Ok(Cell::Int(number.map_err(|_| StoreError::Corrupt("a generation above 2^31".to_owned()))?))
}

fn big(value: u64) -> Cell {
    Cell::Big(i64::try_from(value).unwrap_or(i64::MAX))
}

fn to_store(error: OpenError) -> StoreError {
    match error {
        OpenError::Store(error) => error,
        error => StoreError::Corrupt(error.to_string()),
    }
}

#[async_trait]
impl Generations for CqlViews {
    /// A plain read: every instance asks a few times a second, and a `SERIAL` one would be a round of Paxos.
    /// A change whose writer never heard of its end may not show yet; the next change, or the same one tried
    /// again, ends it first.
    async fn pointer(&self) -> Result<Pointer, StoreError> {
        let statements = self.statements().await?;
        Ok(self.stored_pointer(&statements.pointer).await?.map_or(Pointer::FIRST, |(pointer, _)| pointer))
    }

    async fn point(&self, to: &Pointer) -> Result<bool, StoreError> {
        let statements = self.statements().await?;
        let (live, cell) = (number(to.live)?, Cell::Blob(pointer_body(to).into()));
        let stands = self.stored_pointer(&statements.pointer_decided).await?;
        let version = stands.as_ref().map_or(Pointer::FIRST.version, |(pointer, _)| pointer.version);
        if version + 1 != to.version {
            return Ok(false);
        }
        let decided = match stands {
            None => self.session.decide(&statements.point_first, &[ONLY, live, cell]).await?,
            Some((_, bytes)) => {
                self.session.decide(&statements.point, &[live, cell, ONLY, Cell::Blob(bytes.into())]).await?
            }
        };
        if decided.applied || !decided.repeated {
            return Ok(decided.applied);
        }
        let now = self.stored_pointer(&statements.pointer_decided).await?;
        Ok(now.is_some_and(|(pointer, _)| pointer == *to))
    }

    async fn ensure_generation(&self, generation: Generation) -> Result<(), StoreError> {
        self.session.ensure_generation(generation).await.map_err(to_store)
    }

    async fn drop_generation(&self, generation: Generation) -> Result<(), StoreError> {
        self.session.drop_generation(generation).await.map_err(to_store)
    }

    async fn acknowledge(&self, instance: &str, said: Option<&Acknowledgement>) -> Result<(), StoreError> {
        let statements = self.statements().await?;
        let name = Cell::Text(instance.to_owned());
        if let Some(said) = said {
            let (version, beat) = (big(said.version), big(said.beat));
            let cells = [ONLY, name, version, beat, self.say_timestamp(), Cell::Int(SAID_KEPT_SECONDS)];
            return self.session.run(&statements.say, &cells).await.map(drop);
        }
        // At the timestamp of what was said: it goes, and what the instance says after it stands, whoever's
        // clock is ahead.
        let at = self.session.first::<(Option<i64>,)>(&statements.said_at, &[ONLY, name.clone()]).await?;
        match at {
            None => Ok(()),
            Some((None,)) => Err(failed(statements.said_at.name, Kind::Decode)),
            Some((Some(at),)) => {
                self.session.run(&statements.leave, &[Cell::Big(at), ONLY, name]).await.map(drop)
            }
        }
    }

    async fn acknowledgements(&self) -> Result<Vec<Acknowledgement>, StoreError> {
        let statements = self.statements().await?;
        let rows = self.session.rows(&statements.said, &[ONLY]).await?;
        let decode = || failed(statements.said.name, Kind::Decode);
        let rows = rows.rows::<(String, Option<i64>, Option<i64>)>().map_err(|_| decode())?;
        let mut all = Vec::new();
        for row in rows {
            // A row whose cells have just run out says nothing any more.
            let (instance, Some(version), Some(beat)) = row.map_err(|_| decode())? else { continue };
            let (version, beat) = (version.unsigned_abs(), beat.unsigned_abs());
            all.push(Acknowledgement { instance, version, beat });
        }
        Ok(all)
    }
}
