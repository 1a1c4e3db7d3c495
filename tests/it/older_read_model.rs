//! A stopped sandbox's read model as a build of format 2 had it, row by row: the tables are those of the released
//! migrations, and how that build laid out its rows stands here. Of what a sandbox with verdicts has, nothing is left
//! out; rows that only erasures, conflicts and quarantines make are the store's own tests'.

use std::path::Path;

use domain::event::Source;
use domain::ids::CustomerRef;
use domain::rows::{
    AsOf, BooksRow, CustomerState, Disposition, EnrolmentRow, EventNote, Generation, Kyc, PositionRow,
    TallyRow, TierEventRow, VerificationRow, ViewRow, WriteTimestamp,
};
use engine::{Engine, Role};
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;

/// The one that a sandbox has.
const GENERATION: Generation = Generation(1);

/// More than a test makes of anything.
const ROWS_MAX: usize = 1_000;

/// A row's columns, by their names.
struct OlderRow {
    table: &'static str,
    columns: Vec<(String, Value)>,
}

impl OlderRow {
    fn new(table: &'static str, written_at: WriteTimestamp) -> Self {
        let mut row = Self { table, columns: Vec::new() };
        row.put("generation", GENERATION.0);
        row.put("write_ts", written_at.value());
        row
    }

    fn put(&mut self, column: &str, value: impl Into<Value>) {
        self.columns.push((column.to_owned(), value.into()));
    }

    fn text(&mut self, column: &str, text: &str) {
        self.put(column, text.to_owned());
    }

    fn number(&mut self, column: &str, number: u64) {
        self.put(column, i64::try_from(number).expect("a number that SQLite holds"));
    }

    fn customer(&mut self, customer: &CustomerRef) {
        self.text("org", customer.org.as_str());
        self.text("customer", customer.customer.as_str());
    }

    fn source(&mut self, [topic, partition, offset]: [&str; 3], source: Source) {
        self.put(topic, source.topic_id.0.to_vec());
        self.put(partition, source.partition.0);
        self.number(offset, source.offset.0);
    }

    fn as_of(&mut self, as_of: AsOf) {
        self.put("as_of_topic", as_of.topic_id.0.to_vec());
        self.put("as_of_epoch", as_of.epoch.0);
        self.number("as_of_offset", as_of.offset.0);
    }

    fn kyc(&mut self, [tier, verified_at, expires_at]: [&str; 3], kyc: Kyc) {
        self.text(tier, kyc.tier.as_str());
        self.put(verified_at, kyc.last_verified_at.map(|at| at.millis()));
        self.put(expires_at, kyc.expires_at.map(|at| at.millis()));
    }

    fn insert(self, into: &Connection) {
        let (names, values): (Vec<String>, Vec<Value>) = self.columns.into_iter().unzip();
        let places = vec!["?"; values.len()].join(", ");
        let sql = format!("INSERT INTO {} ({}) VALUES ({places})", self.table, names.join(", "));
        into.execute(&sql, params_from_iter(values)).expect(self.table);
    }
}

const SOURCE: [&str; 3] = ["topic_id", "log_partition", "log_offset"];

fn verification(row: &VerificationRow, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("verification", at);
    older.customer(&row.customer);
    older.text("id", row.id.as_str());
    older.text("event_id", row.event_id.as_str());
    older.source(SOURCE, row.source);
    older.text("method", row.method.as_str());
    older.text("status", row.status.as_str());
    older.put("score", row.score);
    older.put("reason", row.reason.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
    older.put("reason_category", row.reason_category.map(|category| category.as_str().to_owned()));
    older.put("body_fingerprint", row.body_fingerprint.0.to_vec());
    older.put("enrolment", row.enrolment.as_ref().map(|id| id.as_str().to_owned()));
    // No build of that format had a model.
    older.put("embedding_model", Value::Null);
    older.put("tier_event", row.tier_event.as_ref().map(|id| id.as_str().to_owned()));
    older.kyc(["before_tier", "before_verified_at", "before_expires_at"], row.kyc_before);
    older.kyc(["after_tier", "after_verified_at", "after_expires_at"], row.kyc_after);
    older.put("created_at", row.created_at.millis());
    older
}

fn enrolment(row: &EnrolmentRow, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("enrolment", at);
    older.customer(&row.customer);
    older.text("id", row.id.as_str());
    older.put("verification_id", row.verification_id.as_ref().map(|id| id.as_str().to_owned()));
    older.text("event_id", row.event_id.as_str());
    older.source(SOURCE, row.source);
    older.text("face_source", row.face_source.as_str());
    older.put("model", Value::Null);
    older.put("fallback_stub", true);
    older.put("created_at", row.created_at.millis());
    older
}

fn tier_event(row: &TierEventRow, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("tier_event", at);
    older.customer(&row.customer);
    older.text("id", row.id.as_str());
    older.source(SOURCE, row.source);
    older.text("from_tier", row.from_tier.as_str());
    older.text("to_tier", row.to_tier.as_str());
    older.text("reason", &row.reason);
    older.put("created_at", row.created_at.millis());
    older
}

fn note(note: &EventNote, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("note", at);
    older.customer(&note.customer);
    older.source(SOURCE, note.source);
    older.put("event_id", note.event_id.as_ref().map(|id| id.as_str().to_owned()));
    older.put("verification_id", note.verification_id.as_ref().map(|id| id.as_str().to_owned()));
    older.text("disposition", if note.disposition == Disposition::Applied { "applied" } else { "duplicate" });
    older.put("body_fingerprint", note.body_fingerprint.as_ref().map(|of| of.0.to_vec()));
    older.put("cause", note.cause.clone());
    assert!(matches!(note.disposition, Disposition::Applied | Disposition::Duplicate), "{note:?}");
    older
}

fn state(state: &CustomerState, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("state", at);
    older.customer(&state.customer);
    older.put("log_partition", state.partition.0);
    older.as_of(state.as_of);
    older.put("erased", state.erased.bits());
    older.put("verified", state.verified.bits());
    older.kyc(["tier", "last_verified_at", "expires_at"], state.kyc);
    older.put("last_created_at", state.last_created_at.millis());
    let of = state.registration.as_ref().expect("a sandbox's customers are registered");
    older.text("registered_by", of.event_id.as_str());
    older.source(["registered_topic", "registered_partition", "registered_offset"], of.source);
    older.put("full_name", of.full_name.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
    older.put("external_id", of.external_id.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
    older.put("registered_fingerprint", of.body_fingerprint.0.to_vec());
    older.put("registered_at", of.created_at.millis());
    older
}

fn tally(row: &TallyRow) -> OlderRow {
    let mut older = OlderRow::new("tally", WriteTimestamp::upsert(row.as_of.epoch, row.as_of.offset));
    older.text("org", row.key.org.as_str());
    older.text("span", row_codec::span_word(row.key.span));
    older.put("start", row.key.start.millis());
    older.text("method", row.key.method.as_str());
    older.text("status", row.key.status.as_str());
    older.put("log_partition", row.key.partition.0);
    older.number("n", row.count);
    older.as_of(row.as_of);
    older
}

fn books(row: &BooksRow) -> OlderRow {
    let mut older = OlderRow::new("books", WriteTimestamp::upsert(row.as_of.epoch, row.as_of.offset));
    older.text("org", row.key.org.as_str());
    older.put("log_partition", row.key.partition.0);
    older.number("read", row.books.read);
    older.number("applied", row.books.applied);
    older.number("duplicate", row.books.duplicate);
    older.number("conflict", row.books.conflict);
    older.number("refused", row.books.refused);
    older.number("dead_lettered", row.books.dead_lettered);
    older.number("parked", row.books.parked);
    older.as_of(row.as_of);
    older
}

fn position(row: &PositionRow, at: WriteTimestamp) -> OlderRow {
    let mut older = OlderRow::new("position", at);
    older.put("topic_id", row.topic_id.0.to_vec());
    older.put("log_partition", row.partition.0);
    older.number("next", row.next.0);
    older.put("last_event_id", row.last_event_id.as_ref().map(|id| id.as_str().to_owned()));
    older
}

/// Every row of a stopped sandbox.
async fn rows_of(sandbox: &Sandbox) -> Vec<OlderRow> {
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens");
    let inspection = &engine.operations.inspection;
    let customers = inspection.customers(GENERATION, None, ROWS_MAX).await.expect("customers");
    let mut older = Vec::new();
    for (at, row) in inspection.rows_of(GENERATION, &customers).await.expect("rows").into_iter().flatten() {
        older.push(match &row {
            ViewRow::Verification(row) => verification(row, at),
            ViewRow::Enrolment(row) => enrolment(row, at),
            ViewRow::TierEvent(row) => tier_event(row, at),
            ViewRow::Note(row) => note(row, at),
            ViewRow::State(row) => state(row, at),
            // No build of that format noticed anything about a verdict.
            ViewRow::Signal(_) => continue,
            row => panic!("a sandbox with verdicts has no such row: {row:?}"),
        });
    }
    let books_rows = engine.projection.books(GENERATION).await.expect("books");
    let epoch = books_rows.first().expect("a sandbox has books").as_of.epoch;
    older.extend(books_rows.iter().map(books));
    let tallies = inspection.tallies(GENERATION, None, ROWS_MAX).await.expect("tallies");
    // No build of that format counted categories.
    older.extend(tallies.iter().filter(|row| row.key.category.is_none()).map(tally));
    let positions = inspection.positions(GENERATION).await.expect("positions");
    let written_at = |row: &PositionRow| WriteTimestamp::upsert(epoch, row.next);
    older.extend(positions.iter().map(|row| position(row, written_at(row))));
    engine.close().await;
    older
}

/// Puts the same rows there in format 2, which knows the log that they were made of.
pub(crate) async fn put_back_to_format_2(sandbox: &Sandbox) {
    let rows = rows_of(sandbox).await;
    let file = sandbox.folder().join("views").join("views.sqlite");
    let made = file.with_extension("made");
    made_in_format_2(&made, &file, rows);
    for companion in ["views.sqlite-wal", "views.sqlite-shm"] {
        // Gone with the last connection, unless one was left open.
        let _ = std::fs::remove_file(file.with_file_name(companion));
    }
    std::fs::rename(made, file).expect("put in its place");
}

fn made_in_format_2(made: &Path, of: &Path, rows: Vec<OlderRow>) {
    let tables = concat!(
        include_str!("../../infra/store-sqlite/src/views/schema.sql"),
        include_str!("../../infra/store-sqlite/src/views/generations.sql")
    );
    let database = Connection::open(made).expect("a database");
    database.execute_batch(tables).expect("format 2");
    database.execute("ATTACH ?1 AS new", [of.to_str().expect("UTF-8")]).expect("attached");
    database.execute_batch("INSERT INTO epoch SELECT * FROM new.epoch").expect("copied");
    let mark: i64 =
        database.pragma_query_value(Some("new"), "application_id", |row| row.get(0)).expect("a mark");
    database.execute_batch("DETACH new").expect("detached");
    rows.into_iter().for_each(|row| row.insert(&database));
    database.pragma_update(None, "application_id", mark).expect("marked");
    database.pragma_update(None, "user_version", 2).expect("marked");
}
