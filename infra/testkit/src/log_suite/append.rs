//! Appending: what is confirmed is there, as it was, where it was said to be, once.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use domain::event::{Offset, Partition, Source};
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{Appended, LogError, NewRecord, Topic, partition_of};

use super::{LogSubject, append, ends, fresh_key, read_one, read_until, record};

/// Bytes of a record just under the limit, as the largest that the API appends are.
const NEARLY_FOUR_MEBIBYTES: usize = 39 * 1024 * 1024 / 10;

/// Callers of the test with many at once, and appends of each.
const CALLERS: usize = 64;
const APPENDS_EACH: usize = 8;

/// Key, headers in their order (a name twice, an empty value, bytes that are no text), value and time.
pub async fn what_is_appended_is_read_back_as_it_was(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    for topic in Topic::ALL {
        let headers = [
            ("z-first", &b"1"[..]),
            ("ce_id", b"evt_1"),
            ("empty", b""),
            ("ce_id", b"evt_2"),
            ("schema-fingerprint", &[0, 255, 128, 10, 13]),
            ("a-last", "déjà".as_bytes()),
        ];
        let new = NewRecord {
            key: fresh_key(),
            headers: headers.map(|(n, v)| (n.to_owned(), Bytes::from_static(v))).to_vec(),
            value: Bytes::from_static(b"\0\x01not text\xff"),
        };
        let bare = NewRecord { key: fresh_key(), headers: Vec::new(), value: Bytes::from_static(b"x") };
        for new in [new, bare] {
            let appended = append(log, topic, new.clone()).await;
            let stored = read_one(log, topic, appended).await;
            assert_eq!((stored.source, stored.appended_at), (appended.source, appended.appended_at));
            assert_eq!((stored.key, stored.headers), (new.key, new.headers));
            assert_eq!(stored.value, Some(new.value));
        }
    }
}

/// The largest records that come about.
pub async fn a_record_of_nearly_four_mebibytes_is_kept(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let value: Vec<u8> = (0..NEARLY_FOUR_MEBIBYTES).map(|at| (at * 31 % 251) as u8).collect();
    let appended = append(log, Topic::Events, record(&fresh_key(), value.clone())).await;
    let stored = read_one(log, Topic::Events, appended).await;
    assert!(stored.value.as_deref() == Some(&value[..]), "the same bytes");
}

/// A record above the limit is `TooLarge`, leaves nothing behind and harms nobody.
pub async fn a_record_above_the_limit_is_refused_and_the_log_goes_on(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let key = fresh_key();
    let before = append(log, Topic::Events, record(&key, "before")).await;
    match log.append(Topic::Events, record(&key, vec![7; RECORD_BYTES_MAX + 1])).await {
        Err(LogError::TooLarge { size, max }) => assert!(size > max, "{size} > {max}"),
        other => panic!("too large, not {other:?}"),
    }
    let after = append(log, Topic::Events, record(&key, "after")).await;
    let Source { partition, offset, .. } = before.source;
    let found =
        read_until(log, Topic::Events, partition, offset, |r| r.iter().any(|r| r.source == after.source))
            .await;
    let values: Vec<_> = found.iter().filter_map(|r| r.value.as_deref()).collect();
    assert_eq!(values, [&b"before"[..], b"after"]);
}

/// The partition is murmur2 of the key, so that both engines and every producer agree.
pub async fn the_partition_is_the_keys(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    for topic in Topic::ALL {
        let described = log.describe(topic).await.expect("described");
        assert!(described.partitions >= 1);
        for _ in 0..12 {
            let key = fresh_key();
            let appended = append(log, topic, record(&key, "x")).await;
            assert_eq!(appended.source.partition, partition_of(&key, described.partitions));
            assert_eq!(appended.source.topic_id, described.id);
        }
    }
}

/// One key, one partition; one caller's records, each after the confirmation of the last, in order.
pub async fn one_callers_records_stand_in_its_order(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let key = fresh_key();
    let mut appended: Vec<Appended> = Vec::new();
    for n in 0..40 {
        let next = append(log, Topic::Audit, record(&key, format!("{n}"))).await;
        if let Some(last) = appended.last() {
            assert_eq!(next.source.partition, last.source.partition);
            assert!(next.source.offset > last.source.offset);
            assert!(next.appended_at >= last.appended_at, "time does not fall within a partition");
        }
        appended.push(next);
    }
    let Source { partition, offset, .. } = appended[0].source;
    let found = read_until(log, Topic::Audit, partition, offset, |r| r.len() >= appended.len()).await;
    let values: Vec<_> = found
        .iter()
        .map(|r| String::from_utf8_lossy(r.value.as_deref().unwrap_or(b"")).into_owned())
        .collect();
    assert_eq!(values, (0..40).map(|n| n.to_string()).collect::<Vec<_>>());
    let places: Vec<_> = found.iter().map(|r| (r.source, r.appended_at)).collect();
    assert_eq!(places, appended.iter().map(|a| (a.source, a.appended_at)).collect::<Vec<_>>());
}

/// Many callers at once, on two topics: each record is there exactly once, where it was confirmed to be.
pub async fn appends_at_once_are_all_there_exactly_once(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let topics = [Topic::Events, Topic::Outcomes];
    let starts = [ends(log, topics[0]).await, ends(log, topics[1]).await];
    let callers = (0..CALLERS).map(|caller| {
        let log = Arc::clone(log);
        tokio::spawn(async move {
            let key = fresh_key();
            let mut mine = Vec::new();
            for n in 0..APPENDS_EACH {
                let value = format!("{caller}/{n}");
                let new = record(&key, value.clone());
                mine.push((value, append(&log, topics[caller % 2], new).await.source));
            }
            mine
        })
    });
    let mut confirmed: HashMap<Source, String> = HashMap::new();
    for caller in callers.collect::<Vec<_>>() {
        for (value, source) in caller.await.expect("the caller ends") {
            assert_eq!(confirmed.insert(source, value), None, "each has a place of its own");
        }
    }
    assert_eq!(confirmed.len(), CALLERS * APPENDS_EACH);
    let mut seen: HashSet<String> = HashSet::new();
    for (topic, starts) in topics.into_iter().zip(starts) {
        let id = log.describe(topic).await.expect("described").id;
        for (partition, start) in starts {
            let here = |source: &&Source| source.topic_id == id && source.partition == partition;
            let expected = confirmed.keys().filter(here).count();
            let found = read_until(log, topic, partition, start, |r| r.len() >= expected).await;
            assert_eq!(found.len(), expected);
            assert!(found.windows(2).all(|w| w[0].source.offset < w[1].source.offset));
            assert!(found.windows(2).all(|w| w[0].appended_at <= w[1].appended_at));
            for stored in found {
                let value = String::from_utf8_lossy(stored.value.as_deref().unwrap_or(b"")).into_owned();
                assert_eq!(confirmed.get(&stored.source), Some(&value));
                assert!(seen.insert(value), "once");
            }
        }
    }
    assert_eq!(seen.len(), confirmed.len());
}

/// Each topic has an identity of its own and a partition count, the same whenever it is asked.
pub async fn topics_keep_their_identity(subject: LogSubject) {
    let LogSubject { log, .. } = &subject;
    let mut ids = HashSet::new();
    for topic in Topic::ALL {
        let first = log.describe(topic).await.expect("described");
        append(log, topic, record(&fresh_key(), "x")).await;
        assert_eq!(log.describe(topic).await.expect("described"), first);
        assert_eq!(first.topic, topic);
        assert!(ids.insert(first.id), "its own");
        let partitions: Vec<_> = ends(log, topic).await.into_iter().map(|(p, _)| p).collect();
        assert_eq!(partitions, (0..first.partitions).map(Partition).collect::<Vec<_>>());
    }
}

/// Closed and opened again it is the same log: identities, ends, times and records.
pub async fn what_was_confirmed_survives_reopening(subject: LogSubject) {
    let LogSubject { log, reopen, keep } = subject;
    let Some(reopen) = reopen else { return };
    let mut written = Vec::new();
    let mut described = Vec::new();
    for topic in Topic::ALL {
        for n in 0..5 {
            let new = record(&fresh_key(), format!("{n}"));
            written.push((topic, new.clone(), append(&log, topic, new).await));
        }
        described.push((log.describe(topic).await.expect("described"), ends(&log, topic).await));
    }
    drop(log);
    let log = reopen().await;
    for (before, ends_before) in described {
        assert_eq!(log.describe(before.topic).await.expect("described"), before);
        assert_eq!(ends(&log, before.topic).await, ends_before);
    }
    for (topic, new, appended) in written {
        let stored = read_one(&log, topic, appended).await;
        assert_eq!((stored.source, stored.appended_at), (appended.source, appended.appended_at));
        assert_eq!(
            (stored.key, stored.headers, stored.value),
            (new.key.clone(), new.headers, Some(new.value))
        );
        let next = append(&log, topic, record(&new.key, "later")).await;
        assert!(next.source.offset > Offset(appended.source.offset.0));
        assert!(next.appended_at >= appended.appended_at);
    }
    drop(log);
    drop(keep);
}
