//! A read model that a build before the bodies wrote (format 4) is opened: every row is what it was, in every place
//! that shows it. Here is how that build wrote its rows; its tables are the migrations up to format 4.

use std::collections::BTreeSet;
use std::path::Path;

use domain::event::{Offset, Source};
use domain::ids::CustomerRef;
use domain::ports::{
    AttemptsPage, AttemptsQuery, Inspection as _, PageStart, Projection as _, Stamped, Views as _,
};
use domain::rows::*;
use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};
use testkit::field_variations::one_field_changed;
use testkit::samples::{Samples, written};

use super::{MIGRATIONS, SqliteViews};
use crate::migrate::{self, Durability, OlderFormat, SqliteOpenError};

const GENERATION: Generation = Generation(3);

/// Values of columns, in their order.
struct OldColumns(Vec<Value>);

impl OldColumns {
    fn put(&mut self, value: impl Into<Value>) {
        self.0.push(value.into());
    }

    fn text(&mut self, value: &str) {
        self.put(value.to_owned());
    }

    fn number(&mut self, value: u64) {
        self.put(i64::try_from(value).expect("fits"));
    }

    fn customer(&mut self, customer: &CustomerRef) {
        self.text(customer.org.as_str());
        self.text(customer.customer.as_str());
    }

    fn source(&mut self, source: Source) {
        self.put(source.topic_id.0.to_vec());
        self.put(source.partition.0);
        self.number(source.offset.0);
    }

    fn as_of(&mut self, as_of: AsOf) {
        self.put(as_of.topic_id.0.to_vec());
        self.put(as_of.epoch.0);
        self.number(as_of.offset.0);
    }

    fn kyc(&mut self, kyc: Kyc) {
        self.text(kyc.tier.as_str());
        self.put(kyc.last_verified_at.map(|at| at.millis()));
        self.put(kyc.expires_at.map(|at| at.millis()));
    }

    fn verification(&mut self, row: &VerificationRow) {
        self.text(row.customer.org.as_str());
        self.text(row.id.as_str());
        self.text(row.customer.customer.as_str());
        self.text(row.event_id.as_str());
        self.source(row.source);
        self.text(row.method.as_str());
        self.text(row.status.as_str());
        self.put(row.score);
        self.put(row.reason.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
        self.put(row.reason_category.map(|category| category.as_str().to_owned()));
        self.put(row.body_fingerprint.0.to_vec());
        self.put(row.enrolment.as_ref().map(|id| id.as_str().to_owned()));
        self.put(row.enrolment.as_ref().map(|_| "a-model/1".to_owned()));
        self.put(row.tier_event.as_ref().map(|id| id.as_str().to_owned()));
        self.kyc(row.kyc_before);
        self.kyc(row.kyc_after);
        self.put(row.created_at.millis());
    }

    fn enrolment(&mut self, row: &EnrolmentRow) {
        self.customer(&row.customer);
        self.text(row.id.as_str());
        self.text(row.verification_id.as_ref().expect("that build made none by itself").as_str());
        self.text(row.event_id.as_str());
        self.source(row.source);
        self.text(row.face_source.as_str());
        // What that build had of a vector, which is in no row any more.
        self.put("a-model/1".to_owned());
        self.put(false);
        self.put(row.created_at.millis());
    }

    fn tier_event(&mut self, row: &TierEventRow) {
        self.customer(&row.customer);
        self.text(row.id.as_str());
        self.source(row.source);
        self.text(row.from_tier.as_str());
        self.text(row.to_tier.as_str());
        self.text(&row.reason);
        self.put(row.created_at.millis());
    }

    fn signal(&mut self, row: &SignalRow) {
        self.customer(&row.customer);
        self.text(row.verification_id.as_str());
        self.source(row.source);
        self.text(&row.kind);
        self.put(row.created_at.millis());
    }

    fn note(&mut self, note: &EventNote) {
        let (word, released) = match &note.disposition {
            Disposition::Applied => ("applied", None),
            Disposition::Duplicate => ("duplicate", None),
            Disposition::Conflict => ("conflict", None),
            Disposition::Refused => ("refused", None),
            Disposition::DeadLettered => ("dead_lettered", None),
            Disposition::Parked => ("parked", None),
            Disposition::Released(entries) => ("released", Some(released(entries))),
        };
        self.customer(&note.customer);
        self.source(note.source);
        self.put(note.event_id.as_ref().map(|id| id.as_str().to_owned()));
        self.put(note.verification_id.as_ref().map(|id| id.as_str().to_owned()));
        self.text(word);
        self.put(released);
        self.put(note.body_fingerprint.as_ref().map(|fingerprint| fingerprint.0.to_vec()));
        self.put(note.cause.clone());
    }

    fn state(&mut self, state: &CustomerState) {
        self.customer(&state.customer);
        self.put(state.partition.0);
        self.as_of(state.as_of);
        self.put(state.erased.bits());
        self.put(state.verified.bits());
        self.kyc(state.kyc);
        self.put(state.last_created_at.millis());
        match &state.registration {
            None => self.0.extend(vec![Value::Null; 8]),
            Some(of) => {
                self.text(of.event_id.as_str());
                self.source(of.source);
                self.put(of.full_name.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
                self.put(of.external_id.as_ref().map(|sealed| sealed.as_bytes().to_vec()));
                self.put(of.body_fingerprint.0.to_vec());
                self.put(of.created_at.millis());
            }
        }
        match &state.quarantine {
            None => self.0.extend(vec![Value::Null; 5]),
            Some(of) => {
                self.source(of.since);
                self.text(&of.cause);
                self.number(of.waiting);
            }
        }
    }

    fn tally(&mut self, row: &TallyRow) {
        self.text(row.key.org.as_str());
        self.text(row_codec::span_word(row.key.span));
        self.put(row.key.start.millis());
        self.text(row.key.method.as_str());
        self.text(row.key.status.as_str());
        self.put(row.key.partition.0);
        self.number(row.count);
        self.as_of(row.as_of);
    }

    fn books(&mut self, row: &BooksRow) {
        let Books { read, applied, duplicate, conflict, refused, dead_lettered, parked } = row.books;
        self.text(row.key.org.as_str());
        self.put(row.key.partition.0);
        for number in [read, applied, duplicate, conflict, refused, dead_lettered, parked] {
            self.number(number);
        }
        self.as_of(row.as_of);
    }

    fn position(&mut self, row: &PositionRow) {
        let held: Vec<_> = row.held.iter().map(|held| format!("{}:{}", held.org, held.from.0)).collect();
        self.put(row.topic_id.0.to_vec());
        self.put(row.partition.0);
        self.number(row.next.0);
        self.put(row.last_event_id.as_ref().map(|id| id.as_str().to_owned()));
        self.put((!held.is_empty()).then(|| held.join(" ")));
    }
}

fn released(entries: &[(Source, BookEntry)]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (source, entry) in entries {
        bytes.extend_from_slice(&source.topic_id.0);
        bytes.extend_from_slice(&source.partition.0.to_be_bytes());
        bytes.extend_from_slice(&source.offset.0.to_be_bytes());
        bytes.push(match entry {
            BookEntry::Applied => 1,
            BookEntry::Duplicate => 2,
            BookEntry::Conflict => 3,
            BookEntry::Refused => 4,
            BookEntry::DeadLettered => 5,
            BookEntry::Parked => 6,
        });
    }
    bytes
}

/// Writes a row as that build did, into the table's columns in their order.
fn write_old(file: &Connection, write: &ViewWrite) {
    let mut columns = OldColumns(vec![GENERATION.0.into(), write.at.value().into()]);
    let table = match &write.row {
        ViewRow::Verification(row) => (columns.verification(row), "verification").1,
        ViewRow::Enrolment(row) => (columns.enrolment(row), "enrolment").1,
        ViewRow::TierEvent(row) => (columns.tier_event(row), "tier_event").1,
        ViewRow::Signal(row) => (columns.signal(row), "signal").1,
        ViewRow::Note(row) => (columns.note(row), "note").1,
        ViewRow::EraseEnrolments(_) | ViewRow::Reference(_) | ViewRow::Review(_) | ViewRow::Void(_) => return,
        ViewRow::NikHolder(_) | ViewRow::EraseNiks(_) => return,
        ViewRow::Fallback(_) | ViewRow::RecheckClosure(_) | ViewRow::Recheck(_) => return,
        ViewRow::State(row) => (columns.state(row), "state").1,
        ViewRow::Tally(row) => (columns.tally(row), "tally").1,
        ViewRow::Books(row) => (columns.books(row), "books").1,
        ViewRow::Position(row) => (columns.position(row), "position").1,
    };
    if let ViewRow::Verification(row) = &write.row {
        // Its counts go with it: a replaced row fires no trigger.
        let sql = "DELETE FROM verification WHERE generation = ?1 AND org = ?2 AND id = ?3";
        let name = (GENERATION.0, row.customer.org.as_str(), row.id.as_str());
        file.execute(sql, name).expect("deleted");
    }
    let places = vec!["?"; columns.0.len()].join(", ");
    let sql = format!("INSERT OR REPLACE INTO {table} VALUES ({places})");
    file.execute(&sql, params_from_iter(columns.0)).expect(table);
}

fn made_by_an_older_build(folder: &Path, writes: &[ViewWrite]) {
    let path = folder.join(SqliteViews::FILE);
    let migrated = migrate::open(&path, "views", &MIGRATIONS[..4], Durability::Normal, OlderFormat::Migrate);
    let file = migrated.expect("format 4");
    writes.iter().for_each(|write| write_old(&file, write));
    file.execute("INSERT INTO pointer (only, generation, version, last) VALUES (1, 3, 5, 3)", [])
        .expect("pointed");
}

/// Whether that build could write such a row: it knew no match, no reference that came by itself, no tally by category.
fn was_known(row: &ViewRow) -> bool {
    match row {
        ViewRow::Verification(row) => {
            let is_capture = row.assessment.is_some() || row.enrolment_on_review.is_some();
            row.face_match.is_none() && !is_capture && row.nik_format.is_none() && row.recheck.is_none()
        }
        ViewRow::Enrolment(row) => row.verification_id.is_some() && row.body_fingerprint.is_none(),
        ViewRow::Note(note) => {
            note.reference_id.is_none()
                && note.review_of.is_none()
                && !is_of_recheck(note)
                && note.void_of.is_none()
        }
        ViewRow::Reference(_) | ViewRow::Review(_) | ViewRow::Void(_) | ViewRow::RecheckClosure(_) => false,
        ViewRow::Fallback(_) | ViewRow::Recheck(_) | ViewRow::NikHolder(_) | ViewRow::EraseNiks(_) => false,
        ViewRow::Tally(row) => row.key.category.is_none() && row.key.status.of_rows().is_some(),
        ViewRow::TierEvent(_)
        | ViewRow::Signal(_)
        | ViewRow::EraseEnrolments(_)
        | ViewRow::State(_)
        | ViewRow::Books(_)
        | ViewRow::Position(_) => true,
    }
}

fn is_of_recheck(note: &EventNote) -> bool {
    note.fallback_id.is_some() || note.recheck.is_some()
}

/// Sample rows and each with one field changed. Of rows with one name the last one stands, here and in a store.
fn all_writes() -> Vec<ViewWrite> {
    let rows = one_field_changed(&Samples::new(1)).into_iter().flatten();
    let rows = rows.filter(was_known).map(without_challenges);
    rows.zip(1..).map(|(row, offset)| written(offset, row)).collect()
}

/// No build of then knew challenges, NIKs or rechecks: its states have none.
/// No build of then knew challenges or rechecks or voids: its states have none.
fn without_challenges(mut row: ViewRow) -> ViewRow {
    if let ViewRow::State(state) = &mut row {
        state.challenges = domain::capture::RecentChallenges::default();
        state.niks = domain::nik::HeldNiks::default();
        state.recheck = None;
        state.voids = VoidedRows::default();
    }
    row
}

/// Everything that can be read out of a generation.
async fn everything(views: &SqliteViews, s: &Samples) -> (BTreeSet<String>, Vec<ViewRow>) {
    let customers = views.customers(GENERATION, None, 1_000).await.expect("customers");
    let rows: Vec<Vec<Stamped>> = views.rows_of(GENERATION, &customers).await.expect("rows");
    let rows = rows.into_iter().flatten().map(|row| format!("{row:?}")).collect();
    let mut counts: Vec<ViewRow> = Vec::new();
    let tallies = views.tallies(GENERATION, None, 1_000).await.expect("tallies");
    counts.extend(tallies.into_iter().map(ViewRow::Tally));
    counts.extend(views.books(GENERATION).await.expect("books").into_iter().map(ViewRow::Books));
    let positions = views.positions(GENERATION).await.expect("positions");
    counts.extend(positions.into_iter().map(ViewRow::Position));
    let quarantined = views.quarantined(GENERATION, None, 1_000).await.expect("quarantined");
    counts.extend(quarantined.into_iter().map(|state| ViewRow::State(Box::new(state))));
    for n in 0..3 {
        let waiting = views.waiting(GENERATION, &s.customer(n), Offset(0), 100).await;
        counts.extend(waiting.expect("waiting").into_iter().map(ViewRow::Note));
    }
    (rows, counts)
}

/// The verifications of an org. Two of the samples have one place, as no two rows of a log have: by their ids here.
async fn all_of_org(views: &SqliteViews, s: &Samples) -> AttemptsPage {
    let query = AttemptsQuery {
        org: s.org(0),
        method: None,
        status: None,
        category: None,
        review: None,
        customer: None,
        from: None,
        to: None,
        start: PageStart::Skip(0),
        limit: 100,
    };
    let mut page = views.attempts(GENERATION, &query).await.expect("listed");
    page.rows.sort_by(|a, b| a.row.id.cmp(&b.row.id));
    page
}

#[tokio::test]
async fn a_read_model_of_before_the_bodies_is_brought_over_row_by_row() {
    let (old, new) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (s, writes) = (Samples::new(1), all_writes());
    made_by_an_older_build(old.path(), &writes);
    let brought_over = SqliteViews::open(old.path()).expect("brought over");
    let views = SqliteViews::open(new.path()).expect("made");
    views.write(GENERATION, writes.clone()).await.expect("written");

    let (rows, counts) = everything(&brought_over, &s).await;
    let expected = everything(&views, &s).await;
    assert_eq!((&rows, &counts), (&expected.0, &expected.1));
    assert!(rows.len() > 50 && counts.len() > 40, "{} rows, {} counts", rows.len(), counts.len());
    assert_eq!(brought_over.generation().await.expect("a pointer"), GENERATION);

    // Lists and their totals, which come out of the counts that no row is read for.
    let page = all_of_org(&brought_over, &s).await;
    assert_eq!(page, all_of_org(&views, &s).await);
    assert_eq!(page.total as usize, page.rows.len());

    // And it goes on: what is written from now on lies among it, and again is no change.
    brought_over.write(GENERATION, writes).await.expect("written");
    assert_eq!(everything(&brought_over, &s).await, everything(&views, &s).await);
    assert_eq!(page, all_of_org(&brought_over, &s).await);
    // So do rows of kinds and with parts that no build knew then.
    let later: Vec<_> = {
        let rows = one_field_changed(&s).into_iter().flatten().filter(|row| !was_known(row));
        rows.zip(1_000..).map(|(row, offset)| written(offset, row)).collect()
    };
    assert!(later.iter().any(|write| matches!(write.row, ViewRow::Reference(_))));
    for views in [&brought_over, &views] {
        views.write(GENERATION, later.clone()).await.expect("written");
    }
    assert_eq!(everything(&brought_over, &s).await, everything(&views, &s).await);
    drop(brought_over);
    drop(SqliteViews::open(old.path()).expect("opened again"));
}

/// A row that cannot be brought over keeps the file as it was.
#[test]
fn a_read_model_with_a_row_that_no_build_wrote_is_refused_and_left_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    made_by_an_older_build(folder.path(), &all_writes());
    let path = folder.path().join(SqliteViews::FILE);
    let file = Connection::open(&path).expect("opened");
    file.execute("UPDATE note SET disposition = 'unheard_of'", []).expect("damaged");
    assert!(SqliteViews::open(folder.path()).is_err());
    let format: i64 = file.pragma_query_value(None, "user_version", |row| row.get(0)).expect("asked");
    let notes = "SELECT count(disposition) FROM note";
    let notes: i64 = file.query_row(notes, [], |row| row.get(0)).expect("counted");
    assert_eq!(format, 4);
    assert!(notes > 0);
}

/// A tool may work beside the server of that build, whose statements are those of format 4.
#[test]
fn a_tool_leaves_a_read_model_of_before_the_bodies_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    made_by_an_older_build(folder.path(), &all_writes());
    let path = folder.path().join(SqliteViews::FILE);
    let before = std::fs::read(&path).expect("read");
    let refused = SqliteViews::open_with(folder.path(), OlderFormat::Refuse).err();
    assert!(matches!(refused, Some(SqliteOpenError::Older { found: 4, .. })), "{refused:?}");
    assert!(std::fs::read(&path).expect("read") == before, "something was changed");
}
