//! The latest records that this process appended, for the followers of a topic: they need not read back from the file
//! what was in memory a moment ago. Only committed records are kept. A follower is served from here once it has read
//! the file to its end. Records of other processes are never here; a signal of the watcher sends followers to the
//! file.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::event::{Offset, Partition};
use domain::ports::{StoredRecord, Topic};

use super::readers::ReadBudget;
use crate::limits::TAIL_BYTES_MAX;

/// The tails of all topics.
#[derive(Default)]
pub(super) struct LogTail {
    topics: [Mutex<TopicTail>; 5],
}

#[derive(Default)]
struct TopicTail {
    followers: usize,
    /// By partition.
    partitions: Vec<PartitionTail>,
    /// The partition of each record, oldest first.
    order: VecDeque<Partition>,
    bytes: usize,
}

/// Records without a gap, the last of them before `end`.
#[derive(Default)]
struct PartitionTail {
    records: VecDeque<StoredRecord>,
    /// None until this process appended something.
    end: Option<Offset>,
}

impl PartitionTail {
    /// Where the tail begins, if it holds or held anything.
    fn start(&self) -> Option<Offset> {
        Some(self.records.front().map_or(self.end?, |first| first.source.offset))
    }
}

impl TopicTail {
    fn push(&mut self, record: StoredRecord) {
        let partition = record.source.partition;
        let index = partition.0 as usize;
        if self.partitions.len() <= index {
            self.partitions.resize_with(index + 1, PartitionTail::default);
        }
        let Offset(offset) = record.source.offset;
        if self.partitions[index].end.is_some_and(|end| end != Offset(offset)) {
            // Another process appended something in between.
            self.forget();
        }
        self.bytes += record.size();
        let tail = &mut self.partitions[index];
        tail.records.push_back(record);
        tail.end = Some(Offset(offset + 1));
        self.order.push_back(partition);
        while self.bytes > TAIL_BYTES_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            let gone = self.partitions[oldest.0 as usize].records.pop_front();
            self.bytes -= gone.map_or(0, |record| record.size());
        }
    }

    /// Drops the records. The ends stay, so that a follower before one of them reads the file.
    fn forget(&mut self) {
        self.partitions.iter_mut().for_each(|tail| tail.records.clear());
        self.order.clear();
        self.bytes = 0;
    }
}

impl LogTail {
    fn lock(&self, topic: Topic) -> MutexGuard<'_, TopicTail> {
        // No foreign code runs under this lock, so that a panic cannot leave the tail half changed.
        self.topics[topic as usize].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps what is appended to the topic from now on. Called before the follower reads the file, so that a record is
    /// in one of the two.
    pub(super) fn follow(self: &Arc<Self>, topic: Topic) -> TailSubscription {
        self.lock(topic).followers += 1;
        TailSubscription { tail: Arc::clone(self), topic }
    }

    /// Keeps committed records, in the order of their offsets.
    pub(super) fn committed(&self, topic: Topic, records: impl Iterator<Item = StoredRecord>) {
        let mut tail = self.lock(topic);
        if tail.followers > 0 {
            records.for_each(|record| tail.push(record));
        }
    }

    /// Records of that topic were deleted from the file.
    pub(super) fn forget(&self, topic: Topic) {
        self.lock(topic).forget();
    }
}

/// A follower's subscription to a topic's tail; while there is one, records are kept.
pub(super) struct TailSubscription {
    tail: Arc<LogTail>,
    topic: Topic,
}

impl TailSubscription {
    /// The records behind the cursors, read from each in turn, beginning with number `first` of them, and where each
    /// cursor goes on. None when some of them are no longer kept.
    pub(super) fn read(
        &self,
        cursors: &[(Partition, Offset)],
        first: usize,
        budget: &mut ReadBudget,
    ) -> Option<(Vec<StoredRecord>, Vec<Offset>)> {
        let tail = self.tail.lock(self.topic);
        let here = |partition: Partition| tail.partitions.get(partition.0 as usize);
        for &(partition, at) in cursors {
            if here(partition).and_then(PartitionTail::start).is_some_and(|start| at < start) {
                return None;
            }
        }
        let mut records = Vec::new();
        let mut next: Vec<Offset> = cursors.iter().map(|&(_, at)| at).collect();
        for turn in 0..cursors.len() {
            let index = (first + turn) % cursors.len();
            let (partition, at) = cursors[index];
            let Some((tail, start)) = here(partition).and_then(|tail| Some((tail, tail.start()?))) else {
                continue;
            };
            for record in tail.records.iter().skip((at.0 - start.0) as usize) {
                if !budget.take(record.size()) {
                    break;
                }
                next[index] = Offset(record.source.offset.0 + 1);
                records.push(record.clone());
            }
        }
        Some((records, next))
    }
}

impl Drop for TailSubscription {
    fn drop(&mut self) {
        let mut tail = self.tail.lock(self.topic);
        tail.followers -= 1;
        if tail.followers == 0 {
            *tail = TopicTail::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use domain::event::{Source, TopicId};
    use domain::ports::ReadBounds;
    use domain::time::Timestamp;

    use super::*;

    const TOPIC: Topic = Topic::Outcomes;

    fn record(partition: u32, offset: u64, bytes: usize) -> StoredRecord {
        let (topic_id, partition) = (TopicId([7; 16]), Partition(partition));
        StoredRecord {
            source: Source { topic_id, partition, offset: Offset(offset) },
            appended_at: Timestamp::from_millis(0),
            key: Bytes::new(),
            headers: Vec::new(),
            value: Some(Bytes::from(vec![0; bytes])),
        }
    }

    fn at(cursors: &[(u32, u64)]) -> Vec<(Partition, Offset)> {
        cursors.iter().map(|&(partition, offset)| (Partition(partition), Offset(offset))).collect()
    }

    /// Places of the records read, and where each cursor goes on.
    type Read = (Vec<(u32, u64)>, Vec<u64>);

    fn read(
        following: &TailSubscription,
        cursors: &[(u32, u64)],
        first: usize,
        records_max: usize,
    ) -> Option<Read> {
        let bounds = ReadBounds { records_max, bytes_max: usize::MAX, wait_max: Duration::ZERO };
        let (records, next) = following.read(&at(cursors), first, &mut ReadBudget::new(bounds))?;
        let places = records.iter().map(|record| (record.source.partition.0, record.source.offset.0));
        Some((places.collect(), next.iter().map(|next| next.0).collect()))
    }

    #[test]
    fn what_was_appended_behind_each_cursor_is_read_in_turn() {
        let tail = Arc::new(LogTail::default());
        let following = tail.follow(TOPIC);
        assert_eq!(read(&following, &[(0, 5), (1, 9)], 0, 10), Some((vec![], vec![5, 9])));
        tail.committed(TOPIC, [record(1, 9, 1), record(0, 5, 1), record(1, 10, 1)].into_iter());
        let all = [(0, 5), (1, 9), (1, 10)];
        assert_eq!(read(&following, &[(0, 5), (1, 9)], 0, 10), Some((all.to_vec(), vec![6, 11])));
        assert_eq!(read(&following, &[(0, 5), (1, 9)], 1, 2), Some((vec![(1, 9), (1, 10)], vec![5, 11])));
        assert_eq!(read(&following, &[(0, 6), (1, 10)], 0, 10), Some((vec![(1, 10)], vec![6, 11])));
        // The file had more than was appended here.
        assert_eq!(read(&following, &[(0, 8), (1, 11)], 0, 10), Some((vec![], vec![8, 11])));
    }

    #[test]
    fn whoever_stands_before_what_is_kept_is_sent_to_the_file() {
        let tail = Arc::new(LogTail::default());
        let following = tail.follow(TOPIC);
        tail.committed(TOPIC, [record(0, 5, 1)].into_iter());
        assert_eq!(read(&following, &[(0, 4)], 0, 10), None);
        // Another process appended offset 6.
        tail.committed(TOPIC, [record(0, 7, 1)].into_iter());
        assert_eq!(read(&following, &[(0, 6)], 0, 10), None);
        assert_eq!(read(&following, &[(0, 7)], 0, 10), Some((vec![(0, 7)], vec![8])));
        tail.forget(TOPIC);
        assert_eq!(read(&following, &[(0, 7)], 0, 10), None);
        assert_eq!(read(&following, &[(0, 8)], 0, 10), Some((vec![], vec![8])));
    }

    #[test]
    fn the_oldest_go_when_there_is_too_much() {
        let tail = Arc::new(LogTail::default());
        let following = tail.follow(TOPIC);
        let half = TAIL_BYTES_MAX / 2;
        tail.committed(TOPIC, [record(0, 0, half), record(1, 0, half), record(1, 1, half)].into_iter());
        assert_eq!(read(&following, &[(0, 0), (1, 0)], 0, 10), None);
        assert_eq!(read(&following, &[(0, 1), (1, 0)], 0, 1), Some((vec![(1, 0)], vec![1, 1])));
        tail.committed(TOPIC, [record(0, 1, 3 * half)].into_iter());
        assert_eq!(read(&following, &[(0, 1), (1, 2)], 0, 10), None, "not even the newest fits");
        assert_eq!(tail.lock(TOPIC).bytes, 0);
    }

    #[test]
    fn nothing_is_kept_where_nobody_follows() {
        let tail = Arc::new(LogTail::default());
        tail.committed(TOPIC, [record(0, 0, 1)].into_iter());
        let following = tail.follow(TOPIC);
        assert_eq!(read(&following, &[(0, 0)], 0, 10), Some((vec![], vec![0])), "the file has it");
        tail.committed(TOPIC, [record(0, 1, 1)].into_iter());
        drop(following);
        let following = tail.follow(TOPIC);
        assert_eq!(read(&following, &[(0, 1)], 0, 10), Some((vec![], vec![1])));
    }
}
