//! Replays: which lines, in which order, with which evidence.

use std::collections::BTreeMap;

use bytes::Bytes;
use compliance::replay::{CsvRow, FactLine, LogReplay, ReplayCounts, ReplayFilter};
use domain::event::Offset;
use domain::policy::Method;
use domain::ports::{EventLog as _, NewRecord, Topic};
use domain::sealed::{Purpose, Purposes};
use event_codec::RecordType;
use serde_json::{Value, json};

use crate::world::{Counted, Verdict, World, org};

async fn replay(world: &World, filter: ReplayFilter) -> (Vec<Value>, ReplayCounts) {
    let ports = world.ports();
    let replay = LogReplay::open(&ports, filter).await.expect("it opens");
    let mut lines = Vec::new();
    let form = |line: &FactLine| serde_json::to_value(line).expect("a line is JSON");
    let counts = replay
        .run(form, &(), |line| {
            lines.push(line);
            Ok(())
        })
        .await;
    (lines, counts.expect("the log answers"))
}

fn places(lines: &[Value]) -> Vec<(String, u64, u64)> {
    let number = |value: &Value| value.as_u64().expect("a number");
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    lines
        .iter()
        .map(|line| (text(&line["appendedAt"]), number(&line["partition"]), number(&line["offset"])))
        .collect()
}

#[tokio::test]
async fn every_fact_is_a_line_by_time_partition_and_offset_with_its_evidence() {
    let world = World::new(4);
    let mut customers = Vec::new();
    for number in 0..30 {
        let customer = world.customer(&org(1)).await;
        world.verdict(&customer, &Verdict::new(number % 2 == 0)).await;
        customers.push(customer);
    }
    // More than one read brings, of one partition, while the others have a few.
    for _ in 0..1_200 {
        world.verdict(&customers[0], &Verdict::new(false)).await;
    }
    let (lines, counts) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(counts, ReplayCounts { facts: 1_260, errors: 0, altered: 0 });
    let shown = places(&lines);
    let mut sorted = shown.clone();
    sorted.sort();
    assert_eq!(shown, sorted, "by time, partition and offset");
    let mut stored: Vec<(u64, u64)> = world
        .log
        .all(Topic::Events)
        .iter()
        .map(|record| (u64::from(record.source.partition.0), record.source.offset.0))
        .collect();
    let mut found: Vec<(u64, u64)> =
        shown.iter().map(|(_, partition, offset)| (*partition, *offset)).collect();
    stored.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, stored, "each record once");
    let verdicts = lines.iter().filter(|line| line["type"] == "DukcapilVerdictReceived");
    assert!(verdicts.clone().all(|line| line["evidence"]["matches"] == true));
    assert_eq!(verdicts.count(), 1_230);
}

/// Kafka's clock of a partition may go back when its leader changes: the partition's order stands.
#[tokio::test]
async fn a_partition_keeps_its_order_when_its_clock_goes_back() {
    let world = World::new(3);
    let customers = [world.customer(&org(1)).await, world.customer(&org(1)).await];
    for round in 0..40 {
        world.log.shift_clock(if round % 7 == 3 { -50 } else { 5 });
        world.verdict(&customers[round % 2], &Verdict::new(false)).await;
    }
    let (lines, counts) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(counts.facts, 42);
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, partition, offset) in places(&lines) {
        assert!(last.insert(partition, offset).is_none_or(|before| before < offset), "{partition} {offset}");
    }
}

#[tokio::test]
async fn filters_choose_and_a_customers_partition_alone_is_read() {
    let world = World::new(4);
    let (one, other) = (world.customer(&org(1)).await, world.customer(&org(2)).await);
    let first = world.verdict(&one, &Verdict::new(true)).await;
    world.verdict(&other, &Verdict::new(false)).await;
    world.matched(&one).await;
    let last = world.verdict(&one, &Verdict::new(false)).await;
    for (filter, count) in [
        (ReplayFilter { org: Some(org(1)), ..ReplayFilter::default() }, 4),
        (ReplayFilter { org: Some(org(3)), ..ReplayFilter::default() }, 0),
        (ReplayFilter { customer: Some(one.clone()), ..ReplayFilter::default() }, 4),
        (ReplayFilter { method: Some(Method::FaceMatch), ..ReplayFilter::default() }, 1),
        (ReplayFilter { record_type: Some(RecordType::CustomerRegistered), ..ReplayFilter::default() }, 2),
        (
            ReplayFilter {
                from: Some(first.appended_at),
                to: Some(last.appended_at),
                ..ReplayFilter::default()
            },
            3,
        ),
    ] {
        let (lines, counts) = replay(&world, filter.clone()).await;
        assert_eq!((lines.len(), counts.facts), (count, count as u64), "{filter:?}");
    }
    // So many that not all of them lie in one partition, whatever their ids.
    for number in 0..16 {
        world.customer(&org(4 + number)).await;
    }
    let ports = world.ports();
    let filter = ReplayFilter { customer: Some(one.clone()), ..ReplayFilter::default() };
    let theirs = LogReplay::open(&ports, filter).await.expect("it opens");
    let heard = Counted::default();
    let records = theirs.records();
    theirs.run(|_| (), &heard, Ok).await.expect("the log answers");
    assert_eq!((records < 6 + 16, heard.records()), (true, records), "nobody else's partition");
}

#[tokio::test]
async fn a_line_shows_what_is_clear_and_says_what_is_sealed_and_what_is_erased() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.verdict(&customer, &Verdict::new(true)).await;
    world.verdict(&customer, &Verdict::new(false)).await;
    world.matched(&customer).await;
    let (lines, _) = replay(&world, ReplayFilter::default()).await;
    let (sealed, erased) = (json!({"sealed": true}), json!({"erased": true}));
    assert_eq!((&lines[0]["fullName"], &lines[0]["externalId"]), (&sealed, &Value::Null));
    assert_eq!(
        (&lines[1]["photo"], &lines[1]["reason"], &lines[1]["valid"]),
        (&sealed, &Value::Null, &json!(true))
    );
    assert_eq!(lines[2]["reason"], sealed);
    assert_eq!((&lines[3]["similarity"], &lines[3]["score"]), (&sealed, &json!(90)));
    assert_eq!(lines[3]["reference"]["source"], "dukcapil");
    assert!(lines.iter().all(|line| line["customerId"] == customer.customer.as_str()));

    world.erase(&customer, Purposes::NONE.with(Purpose::Biometric)).await;
    let (lines, _) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(
        (&lines[1]["photo"], &lines[2]["reason"]),
        (&erased, &sealed),
        "the biometric key alone is gone"
    );
    assert_eq!(lines[3]["similarity"], erased);
    assert_eq!(lines[4]["purposes"], json!(["biometric"]));
}

#[tokio::test]
async fn evidence_that_was_altered_or_is_not_there_is_told_and_the_rest_goes_on() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    let good = world.evidence(&customer, &domain::ids::EventId::from_bytes([1; 16])).await;
    let mut altered = good;
    altered.value_sha256[31] ^= 1;
    let mut beyond = good;
    beyond.source.offset = Offset(1_000_000);
    let mut elsewhere = good;
    elsewhere.source.topic_id.0[0] ^= 1;
    for audit in [good, altered, beyond, elsewhere, good] {
        world.event(&World::verdict_event(&customer, &Verdict::new(false), audit)).await;
    }
    let (lines, counts) = replay(&world, ReplayFilter::default()).await;
    let found: Vec<(&Value, &Value)> =
        lines[1..].iter().map(|line| (&line["evidence"]["matches"], &line["error"])).collect();
    let (yes, no, none) = (json!(true), json!(false), Value::Null);
    let missing = json!("evidence_not_in_the_log");
    assert_eq!(found, [(&yes, &none), (&no, &none), (&none, &missing), (&none, &missing), (&yes, &none)]);
    assert_eq!(counts, ReplayCounts { facts: 6, errors: 2, altered: 1 });
    assert!(!counts.is_sound());
}

/// Events whose evidence stands far off, and in another order than they do.
#[tokio::test]
async fn evidence_is_found_wherever_it_stands() {
    let world = World::new(2);
    let customer = world.customer(&org(1)).await;
    let mut evidence = Vec::new();
    for _ in 0..5_000 {
        evidence.push(world.evidence(&customer, &domain::ids::EventId::from_bytes([1; 16])).await);
    }
    let orders = [0, 1, 4_999, 2, 3, 2_500, 2_490, 2_501, 4_998, 0, 4_000, 3_999, 3_998];
    for at in orders {
        world.event(&World::verdict_event(&customer, &Verdict::new(false), evidence[at])).await;
    }
    let (lines, counts) = replay(&world, ReplayFilter::default()).await;
    assert_eq!(counts, ReplayCounts { facts: 14, errors: 0, altered: 0 });
    assert!(lines[1..].iter().all(|line| line["evidence"]["matches"] == true));
}

#[tokio::test]
async fn a_bad_record_is_a_line_with_an_error_whatever_is_asked_for() {
    let world = World::new(1);
    let (one, other) = (world.customer(&org(1)).await, world.customer(&org(1)).await);
    world.noise(&one).await;
    let under_another = {
        let audit = world.evidence(&one, &domain::ids::EventId::from_bytes([1; 16])).await;
        let event = World::verdict_event(&one, &Verdict::new(false), audit);
        let meta = event_codec::Meta { time: domain::time::Timestamp::EPOCH, traceparent: None };
        let record = world.codec.event(&event, &meta).expect("it fits");
        NewRecord { key: Bytes::from(other.record_key()), ..record }
    };
    world.append(Topic::Events, under_another.clone()).await;
    world.append(Topic::Events, NewRecord { key: Bytes::from_static(b"nobody"), ..under_another }).await;
    let (lines, counts) = replay(&world, ReplayFilter::default()).await;
    let errors: Vec<&Value> = lines.iter().map(|line| &line["error"]).collect();
    let words = ["not_decodable", "record_key_of_another_customer", "record_key_names_no_customer"];
    let wanted: Vec<Value> = words.map(|word| json!(word)).to_vec();
    assert_eq!(errors, [&Value::Null, &Value::Null, &wanted[0], &wanted[1], &wanted[2]]);
    assert_eq!((counts.facts, counts.errors), (5, 3));
    assert_eq!(lines[2]["customerId"], one.customer.as_str(), "by its key");
    let filter = ReplayFilter { record_type: Some(RecordType::CustomerErased), ..ReplayFilter::default() };
    let (lines, counts) = replay(&world, filter).await;
    assert_eq!((lines.len(), counts.errors), (3, 3), "what cannot be read may be of any type");
}

#[tokio::test]
async fn rows_for_a_spreadsheet_have_the_heads_columns() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    world.verdict(&customer, &Verdict::new(true)).await;
    world.matched(&customer).await;
    world.noise(&customer).await;
    let ports = world.ports();
    let replay = LogReplay::open(&ports, ReplayFilter::default()).await.expect("it opens");
    let mut rows = Vec::new();
    let form = |line: &FactLine| CsvRow::of(line).text();
    replay
        .run(form, &(), |row| {
            rows.push(row);
            Ok(())
        })
        .await
        .expect("the log answers");
    let columns = CsvRow::head().trim_end().split(',').count();
    let cells = |row: &str| {
        let mut within = false;
        let commas = row
            .chars()
            .filter(|c| {
                within ^= *c == '"';
                *c == ',' && !within
            })
            .count();
        commas + 1
    };
    assert_eq!(rows.len(), 4);
    for row in &rows {
        assert!(row.ends_with("\r\n") && cells(row) == columns, "{row}");
    }
    assert!(rows[1].contains("DukcapilVerdictReceived") && rows[1].contains(",sealed,"), "{}", rows[1]);
    assert!(rows[2].contains("livenessVerificationId"), "what has no column is in the last: {}", rows[2]);
    assert!(rows[3].contains("not_decodable"), "{}", rows[3]);
}

#[tokio::test]
async fn what_is_appended_meanwhile_is_not_part_of_a_replay() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    let ports = world.ports();
    let replay = LogReplay::open(&ports, ReplayFilter::default()).await.expect("it opens");
    world.verdict(&customer, &Verdict::new(false)).await;
    let counts = replay.run(|_| (), &(), Ok).await.expect("the log answers");
    assert_eq!(counts.facts, 1);
    assert_eq!(world.log.offsets(Topic::Events).await.expect("offsets")[0].end, Offset(2));
}
