//! What guards events and audit against everyone who opens the file, this program included.

use domain::ports::{EventLog as _, Topic};

use super::{everything, open, raw, record};

#[tokio::test]
async fn events_and_audit_cannot_be_changed_or_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    let mut before = Vec::new();
    for topic in [Topic::Events, Topic::Audit] {
        for n in 0..5 {
            log.append(topic, record("org/a", format!("{n}"))).await.expect("appended");
        }
        before.push(everything(&log, topic).await);
    }
    let intruder = raw(folder.path());
    for table in ["events", "audit"] {
        let row = "(place, appended_at, key, headers, value)";
        for (statement, words) in [
            (format!("UPDATE {table} SET value = x'00'"), "append-only"),
            (format!("UPDATE {table} SET appended_at = 0 WHERE \"offset\" = 1"), "append-only"),
            (format!("DELETE FROM {table}"), "append-only"),
            (format!("DELETE FROM {table} WHERE \"offset\" = 4"), "append-only"),
            (
                format!(
                    "INSERT OR REPLACE INTO {table} {row} SELECT place, 0, key, headers, x'00' FROM {table}"
                ),
                "end only",
            ),
            (
                format!(
                    "INSERT INTO {table} {row} SELECT place + 2, 0, key, headers, value FROM {table} WHERE \"offset\" = 4"
                ),
                "end only",
            ),
        ] {
            let error = intruder.execute(&statement, []).expect_err("refused").to_string();
            assert!(error.contains(words), "{statement}: {error}");
        }
    }
    for statement in ["UPDATE topics SET partitions = 9", "DELETE FROM topics"] {
        intruder.execute(statement, []).expect_err(statement);
    }
    for (topic, before) in [Topic::Events, Topic::Audit].into_iter().zip(before) {
        assert_eq!(everything(&log, topic).await, before);
        assert_eq!(log.append(topic, record("org/a", "on")).await.expect("appended").source.offset.0, 5);
    }
}

#[tokio::test]
async fn the_other_topics_records_are_never_changed() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path());
    for topic in [Topic::Outcomes, Topic::Orgs, Topic::DeadLetters] {
        log.append(topic, record("org/a", "x")).await.expect("appended");
    }
    for table in ["outcomes", "orgs", "dead_letters"] {
        let error = raw(folder.path()).execute(&format!("UPDATE {table} SET value = x'00'"), []);
        assert!(error.expect_err("refused").to_string().contains("never changes"));
    }
}
