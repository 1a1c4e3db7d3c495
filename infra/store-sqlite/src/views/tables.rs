//! How each kind of row lies in its table: the columns of its key, those that an index needs, and one body, which is
//! the row codec's. The columns of a table are written once, and every statement is made from them. No transaction
//! is begun here.

mod events;
mod rechecks;
mod state;

use domain::rows::{Generation, WriteTimestamp};
use rusqlite::Transaction;

pub(super) use self::state::{put_tally_key, take_category};
use crate::columns::{ColumnReader, ParameterBinder};
use crate::pool::Failure;

/// The statements of a type's table, made at their first use.
macro_rules! statements {
    ($row:ty, $make:ident) => {
        fn statements() -> &'static TableStatements {
            static STATEMENTS: std::sync::LazyLock<TableStatements> =
                std::sync::LazyLock::new(|| TableStatements::$make(<$row as StoredRow>::TABLE));
            &STATEMENTS
        }
    };
}
use statements;

/// A table of rows. The first two columns of each are `generation` and `write_ts`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table {
    pub(super) name: &'static str,
    /// The key's columns, besides `generation`.
    pub(super) key: &'static [&'static str],
    /// The others: what an index or a sum needs, then the body.
    pub(super) rest: &'static [&'static str],
    /// The columns that a row is made of again. What the body repeats is not among them.
    pub(super) read: &'static [&'static str],
}

/// No customer's enrolment is inserted that its erasure is later than.
const NOT_ERASED: &str = "WHERE NOT EXISTS (SELECT 1 FROM enrolment_erasure AS e WHERE e.generation = ?1 \
                          AND e.org = ?3 AND e.customer = ?4 AND e.write_ts >= ?2)";

impl Table {
    /// The columns that [`StoredRow::take`] takes.
    pub(super) fn read_columns(self) -> String {
        self.read.join(", ")
    }

    /// Inserts a row, or replaces one that was not written later. `guard` may keep it from being inserted.
    fn upsert(self, guard: &str) -> String {
        let Self { name, key, rest, read: _ } = self;
        let columns: Vec<_> = key.iter().chain(rest).copied().collect();
        let parameters: Vec<_> = (1..=2 + columns.len()).map(|n| format!("?{n}")).collect();
        let values = parameters.join(", ");
        let source =
            if guard.is_empty() { format!("VALUES ({values})") } else { format!("SELECT {values} {guard}") };
        let sets: Vec<_> =
            ["write_ts"].iter().chain(rest).map(|column| format!("{column} = excluded.{column}")).collect();
        format!(
            "INSERT INTO {name} (generation, write_ts, {columns}) {source} \
             ON CONFLICT (generation, {key}) DO UPDATE SET {sets} WHERE excluded.write_ts >= {name}.write_ts",
            columns = columns.join(", "),
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
            self.read_columns(),
            self.name,
            key.join(" AND ")
        )
    }
}

/// A row that lies in a table of its own.
pub(super) trait StoredRow: Sized {
    /// Its table.
    const TABLE: Table;

    /// The statements, made once.
    fn statements() -> &'static TableStatements;

    /// Puts the key's columns and the others, in the table's order.
    fn put(&self, out: &mut ParameterBinder<'_>) -> Result<(), Failure>;

    /// Takes the row from the columns that are read.
    fn take(columns: &mut ColumnReader<'_>) -> Result<Self, Failure>;

    /// Writes the row unless a later write stands there.
    fn write(
        &self,
        transaction: &Transaction<'_>,
        generation: Generation,
        at: WriteTimestamp,
    ) -> Result<(), Failure> {
        let mut out = ParameterBinder::new(transaction.prepare_cached(&Self::statements().upsert)?);
        out.put(generation.0)?;
        out.put(at.value())?;
        self.put(&mut out)?;
        out.execute()
    }

    /// The row whose key the closure binds.
    fn find(
        transaction: &Transaction<'_>,
        generation: Generation,
        key: impl FnOnce(&mut ParameterBinder<'_>) -> Result<(), Failure>,
    ) -> Result<Option<Self>, Failure> {
        let mut out = ParameterBinder::new(transaction.prepare_cached(&Self::statements().select)?);
        out.put(generation.0)?;
        key(&mut out)?;
        out.first(Self::take)
    }
}

/// A table's statements.
#[derive(Debug)]
pub(super) struct TableStatements {
    upsert: String,
    select: String,
}

impl TableStatements {
    fn of(table: Table) -> Self {
        Self { upsert: table.upsert(""), select: table.select() }
    }

    /// Of a table whose rows a customer's erasure keeps away.
    fn erasable(table: Table) -> Self {
        Self { upsert: table.upsert(NOT_ERASED), select: table.select() }
    }
}
