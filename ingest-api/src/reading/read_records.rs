//! Who read whose personal data: every answer with a name, an external id or a reason in it says so here before it is
//! sent. Collected by key and minute, and written to `identity.audit` as the minute ends and when the process does
//! (contract §7). An instance that is killed loses the minute that went on; the lines of its requests have it.
//!
//! Where the log takes nothing for long, what waits is bounded: then personal data is not shown any more.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::event::{AuditRecord, PersonalDataRead};
use domain::ids::{ApiKeyId, CustomerId, EventId, OrgId};
use domain::limits::READ_CUSTOMERS_MAX;
use domain::ports::{EventLog, Topic};
use domain::time::Timestamp;
use event_codec::{Codec, Meta};
use futures::stream::{self, StreamExt as _};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::limits::{READ_APPENDS_AT_ONCE, READ_RECORDS_RETRY, READS_LAST_WRITE_MAX, READS_WAITING_MAX};
use crate::reading::read_index::IndexSender;
use crate::serving::auth::Caller;
use crate::serving::errors::ApiError;
use crate::serving::logged_objects::LoggedObjects;

/// A minute.
const MINUTE_MS: i64 = 60_000;

/// The reads of a minute, by key.
type MinuteReads = HashMap<ApiKeyId, KeyReads>;

/// What a key read within a minute.
struct KeyReads {
    org: OrgId,
    customers: BTreeSet<CustomerId>,
}

#[derive(Default)]
struct WaitingReads {
    /// By the minute's first millisecond.
    minutes: BTreeMap<i64, MinuteReads>,
    /// Records that nothing is added to any more, and that the log has not taken.
    complete: Vec<PersonalDataRead>,
    /// Customers in all of them, and in records that were taken and are not written.
    customers: usize,
}

/// Reads that are not written yet.
#[derive(Default)]
pub struct ReadRecords {
    waiting: Mutex<WaitingReads>,
    /// A record is complete before its minute has ended.
    completed: Notify,
}

/// The minute that a moment is in, by its first millisecond.
fn minute_of(now: Timestamp) -> i64 {
    now.millis() - now.millis() % MINUTE_MS
}

impl ReadRecords {
    /// Says that an answer shows personal data of those customers: to the record of the key's reads, and to the request's
    /// line.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] while too much waits to be written: nothing is shown then, and nobody is on record for it.
    pub fn record<'c>(
        &self,
        caller: &Caller,
        now: Timestamp,
        objects: &LoggedObjects,
        customers: impl IntoIterator<Item = &'c CustomerId>,
    ) -> Result<(), ApiError> {
        let customers: Vec<&CustomerId> = customers.into_iter().collect();
        self.add(&caller.org().org, &caller.key.id, now, &customers)?;
        customers.iter().for_each(|customer| objects.add(customer.as_str()));
        Ok(())
    }

    fn add(
        &self,
        org: &OrgId,
        key: &ApiKeyId,
        now: Timestamp,
        customers: &[&CustomerId],
    ) -> Result<(), ApiError> {
        if customers.is_empty() {
            return Ok(());
        }
        let minute = minute_of(now);
        let mut waiting = self.lock();
        let WaitingReads { minutes, complete, customers: all } = &mut *waiting;
        let keys = minutes.entry(minute).or_default();
        let reads = keys
            .entry(key.clone())
            .or_insert_with(|| KeyReads { org: org.clone(), customers: BTreeSet::new() });
        let new = customers.iter().filter(|customer| !reads.customers.contains(**customer)).count();
        if new > 0 && *all + new > READS_WAITING_MAX {
            return Err(ApiError::Unavailable("the records of reads cannot be written".into()));
        }
        for customer in customers {
            *all += usize::from(reads.customers.insert((*customer).clone()));
            if reads.customers.len() == READ_CUSTOMERS_MAX {
                complete.push(record_of(minute, key.clone(), org.clone(), mem::take(&mut reads.customers)));
                self.completed.notify_one();
            }
        }
        Ok(())
    }

    /// Takes what is complete and the records of every minute that has ended before that moment; of all minutes without
    /// one. What was taken waits until [`ReadRecords::written`].
    fn take(&self, before: Option<Timestamp>) -> Vec<PersonalDataRead> {
        let mut waiting = self.lock();
        let later = before.map(|now| waiting.minutes.split_off(&minute_of(now))).unwrap_or_default();
        let ended = mem::replace(&mut waiting.minutes, later);
        let mut records = mem::take(&mut waiting.complete);
        drop(waiting);
        records.extend(ended.into_iter().flat_map(|(minute, keys)| {
            let read = keys.into_iter().filter(|(_, reads)| !reads.customers.is_empty());
            read.map(move |(key, KeyReads { org, customers })| record_of(minute, key, org, customers))
        }));
        records
    }

    /// What was taken waits again, to be written with the last; under its own id, since the log may have it.
    fn put_back(&self, record: PersonalDataRead) {
        self.lock().complete.push(record);
    }

    fn written(&self, record: &PersonalDataRead) {
        let mut waiting = self.lock();
        waiting.customers = waiting.customers.saturating_sub(record.customers.len());
    }

    fn lock(&self) -> MutexGuard<'_, WaitingReads> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn record_of(
    minute: i64,
    key: ApiKeyId,
    org: OrgId,
    customers: impl IntoIterator<Item = CustomerId>,
) -> PersonalDataRead {
    PersonalDataRead {
        event_id: EventId::from_bytes(vault::random_id()),
        org,
        key,
        minute: Timestamp::from_millis(minute),
        customers: customers.into_iter().collect(),
    }
}

/// Writes records of reads.
pub struct ReadRecordWriter {
    /// What it writes.
    pub records: Arc<ReadRecords>,
    /// Where to.
    pub log: Arc<dyn EventLog>,
    /// In which form.
    pub codec: Codec,
    /// Who is told where a record stands.
    pub indexer: IndexSender,
}

impl ReadRecordWriter {
    /// Writes each minute's records once it has ended, and those that are complete before that, until `cancel`; then all
    /// that is left. By then nobody is answered any more.
    pub async fn run(self, cancel: CancellationToken) {
        while cancel.run_until_cancelled(self.due()).await.is_some() {
            let due = self.records.take(Some(service::clock::now()));
            self.write(due, &cancel).await;
        }
        let last = self.records.take(None);
        if tokio::time::timeout(READS_LAST_WRITE_MAX, self.write(last, &CancellationToken::new()))
            .await
            .is_err()
        {
            tracing::error!(
                "the last records of reads were not written in time; the lines of the requests have them"
            );
        }
    }

    /// Until the minute ends or a record is complete.
    async fn due(&self) {
        let now = service::clock::now();
        let left = MINUTE_MS - now.millis() % MINUTE_MS;
        let ends = tokio::time::sleep(Duration::from_millis(left.unsigned_abs()));
        tokio::select! {
            () = ends => {}
            () = self.records.completed.notified() => {}
        }
    }

    /// Writes those records, each until it is written; what was not when `cancel` came is taken up again.
    async fn write(&self, records: Vec<PersonalDataRead>, cancel: &CancellationToken) {
        stream::iter(records)
            .for_each_concurrent(READ_APPENDS_AT_ONCE, |record| self.write_one(record, cancel))
            .await;
    }

    async fn write_one(&self, record: PersonalDataRead, cancel: &CancellationToken) {
        let mut backoff = READ_RECORDS_RETRY.start();
        let audit = AuditRecord::PersonalDataRead(record.clone());
        loop {
            let meta = Meta { time: service::clock::now(), traceparent: None };
            // The same record again, should the log have taken one that it did not confirm: it has the same id.
            let why = match self.codec.audit(&audit, &meta) {
                Ok(encoded) => match self.log.append(Topic::Audit, encoded).await {
                    Ok(appended) => {
                        self.records.written(&record);
                        return self.indexer.send(record, appended.source);
                    }
                    Err(error) => error.to_string(),
                },
                Err(error) => error.to_string(),
            };
            tracing::warn!(%why, key_id = record.key.as_str(), "a record of reads was not written; trying again");
            if cancel.run_until_cancelled(tokio::time::sleep(backoff.next_pause())).await.is_none() {
                return self.records.put_back(record);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::ports::{AccessIndex as _, AccessQuery};
    use testkit::memory::{MemoryKeys, MemoryLog};

    use super::*;
    use crate::reading::read_index::ReadIndexer;

    /// A writer to that log, with an index of its own.
    fn writer(records: &Arc<ReadRecords>, log: &MemoryLog) -> (ReadRecordWriter, ReadIndexer, MemoryKeys) {
        let keys = MemoryKeys::default();
        let (indexer, running) = ReadIndexer::new(Arc::new(keys.clone()));
        let (records, log) = (Arc::clone(records), Arc::new(log.clone()));
        (ReadRecordWriter { records, log, codec: Codec::committed(), indexer }, running, keys)
    }

    fn id<T>(make: impl Fn([u8; 16]) -> T, number: u32) -> T {
        make(u128::from(number).to_be_bytes())
    }

    fn add(records: &ReadRecords, key: u32, ms: i64, customer: u32) -> Result<(), ApiError> {
        let (org, key) = (id(OrgId::from_bytes, 1), id(ApiKeyId::from_bytes, key));
        records.add(&org, &key, Timestamp::from_millis(ms), &[&id(CustomerId::from_bytes, customer)])
    }

    fn shape(mut records: Vec<PersonalDataRead>) -> Vec<(String, i64, usize)> {
        records.sort_by_key(|record| (record.minute, record.key.clone(), record.customers.len()));
        let of = |record: PersonalDataRead| {
            (record.key.to_string(), record.minute.millis(), record.customers.len())
        };
        records.into_iter().map(of).collect()
    }

    #[test]
    fn a_key_has_one_record_for_each_minute_that_has_ended() {
        let records = ReadRecords::default();
        for (key, ms, customer) in
            [(1, 0, 1), (1, 59_999, 2), (1, 30_000, 1), (2, 5, 1), (1, 60_000, 1), (2, 119_999, 9)]
        {
            add(&records, key, ms, customer).expect("room");
        }
        let key = |number| id(ApiKeyId::from_bytes, number).to_string();
        assert!(records.take(Some(Timestamp::from_millis(59_999))).is_empty(), "the minute goes on");
        let first = records.take(Some(Timestamp::from_millis(60_000)));
        assert_eq!(shape(first), [(key(1), 0, 2), (key(2), 0, 1)]);
        assert_eq!(shape(records.take(None)), [(key(1), 60_000, 1), (key(2), 60_000, 1)]);
        assert!(records.take(None).is_empty());
    }

    #[test]
    fn many_customers_are_several_records_and_a_full_one_does_not_wait_for_the_minutes_end() {
        let records = ReadRecords::default();
        for customer in 0..2_500 {
            add(&records, 1, 0, customer).expect("room");
        }
        let key = id(ApiKeyId::from_bytes, 1).to_string();
        let mut taken = records.take(Some(Timestamp::from_millis(1)));
        assert_eq!(shape(taken.clone()), [(key.clone(), 0, 1_000), (key.clone(), 0, 1_000)]);
        let rest = records.take(None);
        assert_eq!(shape(rest.clone()), [(key, 0, 500)]);
        taken.extend(rest);
        let all: BTreeSet<_> = taken.iter().flat_map(|record| &record.customers).collect();
        assert_eq!(all.len(), 2_500, "each once");
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_shown_beyond() {
        let records = ReadRecords::default();
        let last = READS_WAITING_MAX as u32 - 1;
        for customer in 1..=last {
            add(&records, 1, 0, customer).expect("room");
        }
        add(&records, 1, 0, last).expect("it waits already");
        let (org, key) = (id(OrgId::from_bytes, 1), id(ApiKeyId::from_bytes, 1));
        let two = [last + 1, last + 2].map(|number| id(CustomerId::from_bytes, number));
        let refused = records.add(&org, &key, Timestamp::EPOCH, &two.each_ref());
        assert!(matches!(refused, Err(ApiError::Unavailable(_))), "{refused:?}");
        let taken = records.take(None);
        let is_there = |customer: &CustomerId| taken.iter().any(|record| record.customers.contains(customer));
        assert!(!two.iter().any(is_there), "nobody is on record for what was not shown");
        add(&records, 1, 0, last + 1).expect("room for one");
        assert!(add(&records, 1, 0, last + 2).is_err(), "what was taken is not written yet");
        taken.iter().for_each(|record| records.written(record));
        add(&records, 1, 0, last + 2).expect("room again");
    }

    #[test]
    fn a_record_that_waits_again_keeps_its_id() {
        let records = ReadRecords::default();
        add(&records, 1, 0, 1).expect("room");
        let taken = records.take(None);
        records.put_back(taken[0].clone());
        add(&records, 1, 0, 2).expect("room");
        let again = records.take(None);
        assert_eq!((again.len(), again[0].clone()), (2, taken[0].clone()));
        assert_eq!(records.lock().customers, 2);
    }

    #[tokio::test]
    async fn a_full_record_is_written_at_once() {
        let records = Arc::new(ReadRecords::default());
        let log = MemoryLog::new(1);
        let cancel = CancellationToken::new();
        let (writer, _indexer, _) = writer(&records, &log);
        let writing = tokio::spawn(writer.run(cancel.clone()));
        let now = service::clock::now().millis();
        for customer in 0..READ_CUSTOMERS_MAX as u32 {
            add(&records, 1, now, customer).expect("room");
        }
        while log.all(Topic::Audit).is_empty() {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
        writing.await.expect("no panic");
        assert_eq!((log.all(Topic::Audit).len(), records.lock().customers), (1, 0));
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_written() {
        let records = Arc::new(ReadRecords::default());
        let log = MemoryLog::new(1);
        add(&records, 1, 0, 1).expect("room");
        let cancel = CancellationToken::new();
        cancel.cancel();
        let (writer, indexer, keys) = writer(&records, &log);
        let codec = writer.codec.clone();
        tokio::join!(writer.run(cancel.clone()), indexer.run(cancel));
        let written = log.all(Topic::Audit);
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].key, format!("{}/", id(OrgId::from_bytes, 1)).into_bytes());
        let read = codec.decode_audit(&written[0]).expect("a record of ours");
        assert!(matches!(read, AuditRecord::PersonalDataRead(read) if read.customers.len() == 1));
        assert_eq!(records.lock().customers, 0);
        let org = id(OrgId::from_bytes, 1);
        let query =
            AccessQuery { org, customer: None, actor: None, from: None, to: None, after: None, limit: 9 };
        let indexed = keys.access_page(&query).await.expect("a page").rows;
        assert_eq!(indexed.len(), 1, "and the index says where");
        assert_eq!(indexed[0].source.offset, written[0].source.offset);
    }
}
