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
use tokio_util::sync::CancellationToken;

use crate::limits::{READ_APPENDS_AT_ONCE, READ_RECORDS_RETRY, READS_LAST_WRITE_MAX, READS_WAITING_MAX};
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
    /// Customers in all of them, and in records that were taken and are not written.
    customers: usize,
}

/// Reads that are not written yet.
#[derive(Default)]
pub struct ReadRecords {
    waiting: Mutex<WaitingReads>,
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
    /// [`ApiError::Unavailable`] while too much waits to be written: nothing is shown then.
    pub fn shows<'c>(
        &self,
        caller: &Caller,
        now: Timestamp,
        objects: &LoggedObjects,
        customers: impl IntoIterator<Item = &'c CustomerId>,
    ) -> Result<(), ApiError> {
        for customer in customers {
            objects.add(customer.as_str());
            self.add(&caller.org().org, &caller.key.id, now, customer)?;
        }
        Ok(())
    }

    fn add(
        &self,
        org: &OrgId,
        key: &ApiKeyId,
        now: Timestamp,
        customer: &CustomerId,
    ) -> Result<(), ApiError> {
        let mut waiting = self.lock();
        let is_full = waiting.customers >= READS_WAITING_MAX;
        let minute = waiting.minutes.entry(minute_of(now)).or_default();
        let reads = minute
            .entry(key.clone())
            .or_insert_with(|| KeyReads { org: org.clone(), customers: BTreeSet::new() });
        if reads.customers.contains(customer) {
            return Ok(());
        }
        if is_full {
            return Err(ApiError::Unavailable("the records of reads cannot be written".into()));
        }
        reads.customers.insert(customer.clone());
        waiting.customers += 1;
        Ok(())
    }

    /// Takes the records of every minute that has ended before that moment; of all of them without one. What was taken
    /// waits until [`ReadRecords::written`].
    fn take(&self, before: Option<Timestamp>) -> Vec<PersonalDataRead> {
        let mut waiting = self.lock();
        let later = before.map(|now| waiting.minutes.split_off(&minute_of(now))).unwrap_or_default();
        let ended = mem::replace(&mut waiting.minutes, later);
        drop(waiting);
        ended.into_iter().flat_map(|(minute, keys)| records_of(minute, keys)).collect()
    }

    /// What was taken waits again, to be written with the last.
    fn put_back(&self, record: PersonalDataRead) {
        let PersonalDataRead { org, key, minute, customers, .. } = record;
        let mut waiting = self.lock();
        let minute = waiting.minutes.entry(minute.millis()).or_default();
        let reads = minute.entry(key).or_insert_with(|| KeyReads { org, customers: BTreeSet::new() });
        reads.customers.extend(customers);
    }

    fn written(&self, record: &PersonalDataRead) {
        let mut waiting = self.lock();
        waiting.customers = waiting.customers.saturating_sub(record.customers.len());
    }

    fn lock(&self) -> MutexGuard<'_, WaitingReads> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A minute's records: for each key one, or several where it read many.
fn records_of(minute: i64, keys: MinuteReads) -> impl Iterator<Item = PersonalDataRead> {
    keys.into_iter().flat_map(move |(key, KeyReads { org, customers })| {
        let customers: Vec<CustomerId> = customers.into_iter().collect();
        let parts: Vec<Vec<CustomerId>> = customers.chunks(READ_CUSTOMERS_MAX).map(<[_]>::to_vec).collect();
        parts.into_iter().map(move |customers| PersonalDataRead {
            event_id: EventId::from_bytes(vault::random_id()),
            org: org.clone(),
            key: key.clone(),
            minute: Timestamp::from_millis(minute),
            customers,
        })
    })
}

/// Writes records of reads.
pub struct ReadRecordWriter {
    /// What it writes.
    pub records: Arc<ReadRecords>,
    /// Where to.
    pub log: Arc<dyn EventLog>,
    /// In which form.
    pub codec: Codec,
}

impl ReadRecordWriter {
    /// Writes each minute's records once it has ended, until `cancel`; then all that is left. By then nobody is answered
    /// any more.
    pub async fn run(self, cancel: CancellationToken) {
        loop {
            let now = service::clock::now();
            let left = MINUTE_MS - now.millis() % MINUTE_MS;
            let rest = Duration::from_millis(left.unsigned_abs());
            if cancel.run_until_cancelled(tokio::time::sleep(rest)).await.is_none() {
                break;
            }
            let ended = self.records.take(Some(service::clock::now()));
            self.write(ended, &cancel).await;
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
                    Ok(_) => return self.records.written(&record),
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
    use testkit::memory::MemoryLog;

    use super::*;

    fn id<T>(make: impl Fn([u8; 16]) -> T, number: u32) -> T {
        make(u128::from(number).to_be_bytes())
    }

    fn add(records: &ReadRecords, key: u32, ms: i64, customer: u32) -> Result<(), ApiError> {
        let (org, key) = (id(OrgId::from_bytes, 1), id(ApiKeyId::from_bytes, key));
        records.add(&org, &key, Timestamp::from_millis(ms), &id(CustomerId::from_bytes, customer))
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
    fn many_customers_are_several_records() {
        let records = ReadRecords::default();
        for customer in 0..2_500 {
            add(&records, 1, 0, customer).expect("room");
        }
        let taken = records.take(None);
        let all: BTreeSet<_> = taken.iter().flat_map(|record| &record.customers).collect();
        assert_eq!(all.len(), 2_500, "each once");
        let key = id(ApiKeyId::from_bytes, 1).to_string();
        assert_eq!(shape(taken), [(key.clone(), 0, 500), (key.clone(), 0, 1_000), (key, 0, 1_000)]);
    }

    #[test]
    fn what_waits_is_bounded_and_nothing_is_shown_beyond() {
        let records = ReadRecords::default();
        for customer in 0..READS_WAITING_MAX as u32 {
            add(&records, 1, 0, customer).expect("room");
        }
        add(&records, 1, 0, 7).expect("it waits already");
        let refused = add(&records, 1, 0, u32::MAX);
        assert!(matches!(refused, Err(ApiError::Unavailable(_))), "{refused:?}");
        let taken = records.take(None);
        assert!(add(&records, 1, 0, 1).is_err(), "what was taken is not written yet");
        taken.iter().for_each(|record| records.written(record));
        add(&records, 1, 0, 1).expect("room again");
    }

    #[tokio::test]
    async fn what_waits_at_the_end_is_written() {
        let records = Arc::new(ReadRecords::default());
        let (log, codec) = (MemoryLog::new(1), Codec::committed());
        add(&records, 1, 0, 1).expect("room");
        let cancel = CancellationToken::new();
        cancel.cancel();
        let writer = ReadRecordWriter {
            records: Arc::clone(&records),
            log: Arc::new(log.clone()),
            codec: codec.clone(),
        };
        writer.run(cancel).await;
        let written = log.all(Topic::Audit);
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].key, format!("{}/", id(OrgId::from_bytes, 1)).into_bytes());
        let read = codec.decode_audit(&written[0]).expect("a record of ours");
        assert!(matches!(read, AuditRecord::PersonalDataRead(read) if read.customers.len() == 1));
        assert_eq!(records.lock().customers, 0);
    }
}
