//! Tallies: the buckets of a time, and rows together with what counts them.

use std::collections::BTreeMap;

use chrono::{Datelike as _, TimeZone as _, Utc};
use domain::event::Source;
use domain::rows::{
    AsOf, CountedStatus, ReviewRow, Span, TallyKey, TallyRow, VerificationRow, ViewRow, ViewWrite,
};
use domain::time::Timestamp;

use super::{EPOCH, written};

/// The first instant of a span's bucket that holds the time.
pub fn bucket_start(span: Span, time: Timestamp) -> Timestamp {
    const HOUR_MS: i64 = 3_600_000;
    let ms = time.millis();
    match span {
        Span::Hour => Timestamp::from_millis(ms - ms % HOUR_MS),
        Span::Day => Timestamp::from_millis(ms - ms % (24 * HOUR_MS)),
        Span::Month => {
            let day = time.utc();
            let first = Utc.with_ymd_and_hms(day.year(), day.month(), 1, 0, 0, 0).single();
            Timestamp::from_millis(first.map_or(0, |first| first.timestamp_millis()))
        }
    }
}

/// Verification rows together with the tallies that count them: an adapter may take a list's total from
/// either. Keeps the numbers, since a tally is absolute.
#[derive(Debug, Default)]
pub struct TallyCounter {
    tallies: BTreeMap<TallyKey, TallyRow>,
}

impl TallyCounter {
    /// The writes of rows that were not given before, and of every tally they change.
    pub fn writes(&mut self, rows: &[VerificationRow]) -> Vec<ViewWrite> {
        let mut writes: Vec<_> = rows
            .iter()
            .map(|row| written(row.source.offset.0, ViewRow::Verification(Box::new(row.clone()))))
            .collect();
        let mut changed = BTreeMap::new();
        for row in rows {
            for category in [None].into_iter().chain(row.reason_category.map(Some)) {
                for span in [Span::Hour, Span::Day, Span::Month] {
                    let key = TallyKey {
                        org: row.customer.org.clone(),
                        span,
                        start: bucket_start(span, row.created_at),
                        method: row.method,
                        status: CountedStatus::Of(row.status),
                        category,
                        partition: row.source.partition,
                    };
                    let tally = self.count(key, row.source);
                    changed.insert(tally.key.clone(), tally);
                }
            }
        }
        writes.extend(changed.into_values().map(|row| written(row.as_of.offset.0, ViewRow::Tally(row))));
        writes
    }

    /// The same of reviews.
    pub fn review_writes(&mut self, reviews: &[ReviewRow]) -> Vec<ViewWrite> {
        let mut writes: Vec<_> = reviews
            .iter()
            .map(|row| written(row.source.offset.0, ViewRow::Review(Box::new(row.clone()))))
            .collect();
        let mut changed = BTreeMap::new();
        for row in reviews {
            let subject = &row.subject;
            for category in [None].into_iter().chain(subject.reason_category.map(Some)) {
                for span in [Span::Hour, Span::Day, Span::Month] {
                    let key = TallyKey {
                        org: row.customer.org.clone(),
                        span,
                        start: bucket_start(span, subject.place.created_at),
                        method: subject.method,
                        status: CountedStatus::Reviewed(row.to_status),
                        category,
                        partition: subject.place.partition,
                    };
                    let tally = self.count(key, row.source);
                    changed.insert(tally.key.clone(), tally);
                }
            }
        }
        writes.extend(changed.into_values().map(|row| written(row.as_of.offset.0, ViewRow::Tally(row))));
        writes
    }

    fn count(&mut self, key: TallyKey, source: Source) -> TallyRow {
        let as_of = AsOf { topic_id: source.topic_id, epoch: EPOCH, offset: source.offset };
        let tally = self.tallies.entry(key.clone()).or_insert_with(|| TallyRow { key, count: 0, as_of });
        tally.count += 1;
        tally.as_of = tally.as_of.max(as_of);
        tally.clone()
    }
}

#[cfg(test)]
mod tests {
    use domain::classify::ReasonCategory;

    use super::*;
    use crate::samples::{Samples, time};

    #[test]
    fn buckets_start_at_full_hours_days_and_months() {
        for (span, start) in [
            (Span::Hour, "2026-11-23T04:00:00.000Z"),
            (Span::Day, "2026-11-23T00:00:00.000Z"),
            (Span::Month, "2026-11-01T00:00:00.000Z"),
        ] {
            assert_eq!(bucket_start(span, time(0)).rfc3339(), start);
        }
    }

    #[test]
    fn tallies_are_absolute_over_several_calls() {
        let samples = Samples::new(1);
        let customer = samples.customer(0);
        let mut counted = TallyCounter::default();
        let _first = counted.writes(&[samples.verification(&customer, 0)]);
        let second =
            counted.writes(&[samples.verification(&customer, 2), samples.verification(&customer, 4)]);
        let counts: Vec<_> = second
            .into_iter()
            .filter_map(|write| match write.row {
                ViewRow::Tally(row) => Some((row.key.category, row.key.span, row.count)),
                _ => None,
            })
            .collect();
        let of_kind = |category: Option<ReasonCategory>| {
            let of_kind = counts.iter().filter(|(of, _, _)| *of == category);
            of_kind.map(|(_, span, count)| (*span, *count)).collect::<Vec<_>>()
        };
        assert_eq!(of_kind(None), [(Span::Hour, 3), (Span::Day, 3), (Span::Month, 3)]);
        // Each of these has another category.
        let category = samples.verification(&customer, 4).reason_category;
        assert_eq!(of_kind(category), [(Span::Hour, 1), (Span::Day, 1), (Span::Month, 1)]);
    }
}
