//! How each kind of row lies in its table: its columns, putting them, taking them back. The columns of a
//! table are written once, and every statement is made from them. No transaction is begun here.

mod events;
mod state;
mod words;

use domain::rows::{Generation, WriteTimestamp};
use rusqlite::Transaction;

pub(super) use self::state::put_tally_key;
use super::cells::{Binder, Cells};
use crate::pool::Failure;

/// The statements of a type's table, made at their first use.
macro_rules! statements {
    ($row:ty, $make:ident) => {
        fn statements() -> &'static Statements {
            static STATEMENTS: std::sync::LazyLock<Statements> =
                std::sync::LazyLock::new(|| Statements::$make(<$row as Stored>::TABLE));
            &STATEMENTS
        }
    };
}
use statements;

/// A table of rows. The first two columns of each are `generation` and `write_ts`; `columns` are the others,
/// the key's first.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The key's columns, besides `generation`.
    pub(super) key: &'static [&'static str],
    /// The others.
    pub(super) rest: &'static [&'static str],
}

/// The timestamp that no later write may be under: none but a customer's enrolments have one yet.
const NOT_ERASED: &str = "WHERE NOT EXISTS (SELECT 1 FROM enrolment_erasure AS e WHERE e.generation = ?1 \
                          AND e.org = ?3 AND e.customer = ?4 AND e.write_ts >= ?2)";

impl Table {
    /// The row's columns, comma-separated, the key's first; `prefix` before each.
    pub(super) fn columns(self, prefix: &str) -> String {
        let names: Vec<_> = self.key.iter().chain(self.rest).map(|name| format!("{prefix}{name}")).collect();
        names.join(", ")
    }

    /// Inserts a row, or replaces one that was not written later. `guard` may keep it from being inserted.
    fn upsert(self, guard: &str) -> String {
        let Self { name, key, rest } = self;
        let parameters: Vec<_> = (1..=2 + key.len() + rest.len()).map(|n| format!("?{n}")).collect();
        let values = parameters.join(", ");
        let source =
            if guard.is_empty() { format!("VALUES ({values})") } else { format!("SELECT {values} {guard}") };
        let sets: Vec<_> =
            ["write_ts"].iter().chain(rest).map(|column| format!("{column} = excluded.{column}")).collect();
        format!(
            "INSERT INTO {name} (generation, write_ts, {columns}) {source} \
             ON CONFLICT (generation, {key}) DO UPDATE SET {sets} WHERE excluded.write_ts >= {name}.write_ts",
            columns = self.columns(""),
            key = key.join(", "),
            sets = sets.join(", "),
        )
    }

    /// The row of a key.
    fn select(self) -> String {
        let key: Vec<_> =
            self.key.iter().enumerate().map(|(at, column)| format!("{column} = ?{}", at + 2)).collect();
        format!(
            "SELECT {} FROM {} WHERE generation = ?1 AND {}",
            self.columns(""),
            self.name,
            key.join(" AND ")
        )
    }
}

/// A row that lies in a table of its own.
pub(super) trait Stored: Sized {
    /// Its table.
    const TABLE: Table;

    /// The statements, made once.
    fn statements() -> &'static Statements;

    /// Puts the row's columns in the table's order.
    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure>;

    /// Takes them back.
    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure>;

    /// Writes the row unless a later write stands there.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        generation: Generation,
        at: WriteTimestamp,
    ) -> Result<(), Failure> {
        let mut out = Binder::new(transaction.prepare_cached(&Self::statements().upsert)?);
        out.put(generation.0)?;
        out.put(at.value())?;
        self.put(&mut out)?;
        out.execute()
    }

    /// The row whose key the closure binds.
    fn find(
        transaction: &Transaction<'_>,
        generation: Generation,
        key: impl FnOnce(&mut Binder<'_>) -> Result<(), Failure>,
    ) -> Result<Option<Self>, Failure> {
        let mut out = Binder::new(transaction.prepare_cached(&Self::statements().select)?);
        out.put(generation.0)?;
        key(&mut out)?;
        out.first(Self::take)
    }
}

/// A table's statements.
#[derive(Debug)]
pub(super) struct Statements {
    upsert: String,
    select: String,
}

impl Statements {
    fn of(table: Table) -> Self {
        Self { upsert: table.upsert(""), select: table.select() }
    }

    /// Of a table whose rows a customer's erasure keeps away.
    fn erasable(table: Table) -> Self {
        Self { upsert: table.upsert(NOT_ERASED), select: table.select() }
    }
}
