//! The access index's part of what API keys read: once a record of reads is in `identity.audit`, the index says where, so that
//! the console can list it. The record is the proof: the index is behind it, never in its way, and lacks a record where its
//! store did not answer for long. `compliance access list` reads the log and lacks none.

use std::sync::Arc;

use domain::event::{PersonalDataRead, Source};
use domain::ports::AccessIndex;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio_util::sync::CancellationToken;

use crate::limits::{READ_RECORDS_RETRY, READS_LAST_INDEX_MAX, READS_UNINDEXED_MAX};

/// Records that the index lacks, by cause.
const MISSED: &str = "identity_access_index_missed_total";

/// Hands records over to the index.
#[derive(Clone)]
pub struct IndexSender(Sender<(PersonalDataRead, Source)>);

impl IndexSender {
    /// The record stands there. Where too many wait for the index already, it is left out, which the log says.
    pub fn send(&self, record: PersonalDataRead, source: Source) {
        if let Err(error) = self.0.try_send((record, source)) {
            let (record, source) = error.into_inner();
            missed(&record, source, "too many records wait for the index");
        }
    }
}

fn missed(record: &PersonalDataRead, source: Source, why: &str) {
    metrics::counter!(MISSED).increment(1);
    tracing::warn!(
        %why,
        key_id = record.key.as_str(),
        partition = source.partition.0,
        offset = source.offset.0,
        "a record of reads is not in the access index; the log has it, and `compliance access list` shows it"
    );
}

/// Adds records to the index, one after the other.
pub struct ReadIndexer {
    index: Arc<dyn AccessIndex>,
    waiting: Receiver<(PersonalDataRead, Source)>,
}

impl ReadIndexer {
    /// One for that index, and the way to it.
    pub fn new(index: Arc<dyn AccessIndex>) -> (IndexSender, Self) {
        let (sender, waiting) = mpsc::channel(READS_UNINDEXED_MAX);
        (IndexSender(sender), Self { index, waiting })
    }

    /// Adds what comes until nobody can send any more; after `cancel` for so long at most as an end may take.
    pub async fn run(mut self, cancel: CancellationToken) {
        let ended = async {
            cancel.cancelled().await;
            tokio::time::sleep(READS_LAST_INDEX_MAX).await;
        };
        let Self { index, waiting } = &mut self;
        let mut current = None;
        let work = async {
            while let Some(next) = waiting.recv().await {
                let (record, source) = &*current.insert(next);
                add(&**index, record, *source).await;
                current = None;
            }
        };
        let is_done = tokio::select! {
            () = work => true,
            () = ended => false,
        };
        if !is_done {
            self.waiting.close();
            let left = current.into_iter().chain(std::iter::from_fn(|| self.waiting.try_recv().ok()));
            left.for_each(|(record, source)| missed(&record, source, "the program ended"));
        }
    }
}

/// Until the index has it.
async fn add(index: &dyn AccessIndex, record: &PersonalDataRead, source: Source) {
    let mut backoff = READ_RECORDS_RETRY.start();
    while let Err(why) = index.add_reads(record, source).await {
        tracing::warn!(%why, "the access index did not take a record of reads; trying again");
        tokio::time::sleep(backoff.next_pause()).await;
    }
}

#[cfg(test)]
mod tests {
    use domain::ports::AccessQuery;
    use testkit::memory::MemoryKeys;
    use testkit::samples::Samples;

    use super::*;

    #[tokio::test]
    async fn what_comes_is_indexed_in_the_end() {
        let (keys, s) = (MemoryKeys::default(), Samples::new(1));
        let (sender, indexer) = ReadIndexer::new(Arc::new(keys.clone()));
        for n in 0..3 {
            sender.send(s.reads(0, 0, n, &[n]), s.access_source(n));
        }
        drop(sender);
        indexer.run(CancellationToken::new()).await;
        let query = AccessQuery {
            org: s.org(0),
            customer: None,
            actor: None,
            from: None,
            to: None,
            after: None,
            limit: 10,
        };
        assert_eq!(keys.access_page(&query).await.expect("a page").rows.len(), 3);
    }

    #[test]
    fn nobody_waits_for_an_index_that_takes_nothing() {
        let (keys, s) = (MemoryKeys::default(), Samples::new(1));
        let (sender, indexer) = ReadIndexer::new(Arc::new(keys));
        for n in 0..=READS_UNINDEXED_MAX as u64 {
            sender.send(s.reads(0, 0, n, &[0]), s.access_source(n));
        }
        assert_eq!(indexer.waiting.len(), READS_UNINDEXED_MAX);
    }
}
