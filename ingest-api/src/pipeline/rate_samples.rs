//! How far the log was at the last looks: from which follow how much comes in, and how long what is not projected has
//! waited. Pure: who looks, and when, is `figures`' business.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use console_pages::pages::pipeline::{RateSample, WaitingTime};
use domain::event::{Offset, Partition};
use domain::time::Timestamp;

use crate::limits::{PIPELINE_RATE_OVER, PIPELINE_SAMPLES_MAX};

/// Where each partition ended.
type LogEnds = BTreeMap<Partition, Offset>;

/// The last looks at the log, oldest first.
#[derive(Debug, Default)]
pub(super) struct RateSamples(VecDeque<(Timestamp, LogEnds)>);

impl RateSamples {
    /// Takes up a look. One that is not later than the last (a clock that was put back) begins anew.
    pub(super) fn take(&mut self, at: Timestamp, ends: LogEnds) {
        if self.0.back().is_some_and(|(last, _)| *last >= at) {
            self.0.clear();
        }
        if self.0.len() == PIPELINE_SAMPLES_MAX {
            self.0.pop_front();
        }
        self.0.push_back((at, ends));
    }

    /// Events a second from each look to the next.
    pub(super) fn rates(&self) -> Vec<RateSample> {
        let pairs = self.0.iter().zip(self.0.iter().skip(1));
        pairs.map(|(from, to)| RateSample { at: to.0, per_second: rate(from, to) }).collect()
    }

    /// Events a second over the last minute, or over what there is of it; none where there are not two looks.
    pub(super) fn recent(&self) -> Option<f64> {
        let last = self.0.back()?;
        let from = last.0.millis() - PIPELINE_RATE_OVER.as_millis() as i64;
        let first = self.0.iter().find(|(at, _)| at.millis() >= from)?;
        (first.0 < last.0).then(|| rate(first, last))
    }

    /// How long the oldest event has waited that a reader at those positions has not taken in; `ends` is where the
    /// partitions end now. It came in after the last look at which its partition did not go beyond the position.
    pub(super) fn waiting(&self, now: Timestamp, next: &LogEnds, ends: &LogEnds) -> WaitingTime {
        let lagging = ends.iter().filter_map(|(partition, end)| {
            let next = next.get(partition).copied().unwrap_or(Offset(0));
            (next < *end).then_some((*partition, next))
        });
        let longest = lagging.map(|(partition, next)| self.waited(now, partition, next));
        longest
            .max_by_key(|time| match time {
                WaitingTime::None => (0, Duration::ZERO),
                WaitingTime::AtMost(time) => (1, *time),
                WaitingTime::MoreThan(time) => (2, *time),
            })
            .unwrap_or(WaitingTime::None)
    }

    fn waited(&self, now: Timestamp, partition: Partition, next: Offset) -> WaitingTime {
        let since =
            |at: Timestamp| Duration::from_millis(u64::try_from(now.millis() - at.millis()).unwrap_or(0));
        let had_not =
            |(_, ends): &&(Timestamp, LogEnds)| ends.get(&partition).is_some_and(|end| *end <= next);
        match (self.0.iter().rev().find(had_not), self.0.front()) {
            (Some((at, _)), _) => WaitingTime::AtMost(since(*at)),
            (None, Some((at, _))) => WaitingTime::MoreThan(since(*at)),
            (None, None) => WaitingTime::MoreThan(Duration::ZERO),
        }
    }
}

fn rate((from, before): &(Timestamp, LogEnds), (to, after): &(Timestamp, LogEnds)) -> f64 {
    let events: u64 = after
        .iter()
        .map(|(partition, end)| end.0.saturating_sub(before.get(partition).map_or(end.0, |of| of.0)))
        .sum();
    let seconds = (to.millis() - from.millis()) as f64 / 1_000.0;
    if seconds > 0.0 { events as f64 / seconds } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1_000)
    }

    fn ends(of: &[u64]) -> LogEnds {
        of.iter().zip(0..).map(|(end, partition)| (Partition(partition), Offset(*end))).collect()
    }

    fn looks(of: &[(i64, &[u64])]) -> RateSamples {
        let mut samples = RateSamples::default();
        for (seconds, ends_then) in of {
            samples.take(at(*seconds), ends(ends_then));
        }
        samples
    }

    #[test]
    fn a_rate_is_what_all_partitions_took_between_two_looks() {
        let samples = looks(&[(0, &[10, 0]), (5, &[20, 5]), (10, &[20, 5])]);
        let rates: Vec<f64> = samples.rates().iter().map(|sample| sample.per_second).collect();
        assert_eq!(rates, [3.0, 0.0]);
        assert_eq!(samples.recent(), Some(1.5));
        assert_eq!(looks(&[]).recent(), None);
        assert_eq!(looks(&[(0, &[10])]).recent(), None, "one look is no rate");
    }

    #[test]
    fn only_the_last_minute_counts_and_only_so_many_looks_are_kept() {
        let mut samples = RateSamples::default();
        for look in 0..1_000 {
            samples.take(at(look * 5), ends(&[if look < 990 { look as u64 * 500 } else { 495_000 }]));
        }
        assert_eq!(samples.rates().len() + 1, PIPELINE_SAMPLES_MAX);
        // Of the last twelve steps the first three had 500 events each, since 990 * 500 is the 495,000.
        assert_eq!(samples.recent(), Some(1_500.0 / 60.0));
    }

    #[test]
    fn a_partition_that_is_new_or_a_clock_put_back_is_no_burst() {
        let samples = looks(&[(0, &[10]), (5, &[10, 1_000_000])]);
        assert_eq!(samples.recent(), Some(0.0));
        let samples = looks(&[(100, &[10]), (50, &[1_000]), (55, &[1_005])]);
        assert_eq!(samples.rates().len(), 1);
        assert_eq!(samples.recent(), Some(1.0));
    }

    #[test]
    fn an_event_waits_since_the_last_look_that_did_not_see_it() {
        let samples = looks(&[(0, &[10, 5]), (5, &[20, 5]), (10, &[30, 5])]);
        let now = ends(&[30, 6]);
        for (next, waits) in [
            (&[30, 6][..], WaitingTime::None),
            (&[30, 5], WaitingTime::AtMost(Duration::from_secs(2))),
            (&[25, 6], WaitingTime::AtMost(Duration::from_secs(7))),
            (&[20, 5], WaitingTime::AtMost(Duration::from_secs(7))),
            (&[19, 6], WaitingTime::AtMost(Duration::from_secs(12))),
            (&[9, 6], WaitingTime::MoreThan(Duration::from_secs(12))),
            (&[25], WaitingTime::MoreThan(Duration::from_secs(12))),
        ] {
            assert_eq!(samples.waiting(at(12), &ends(next), &now), waits, "{next:?}");
        }
        assert_eq!(
            looks(&[]).waiting(at(12), &ends(&[0]), &ends(&[1])),
            WaitingTime::MoreThan(Duration::ZERO)
        );
    }
}
