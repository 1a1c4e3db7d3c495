//! Stretches of time: where a list's buckets, a tally's periods and a page's parts begin and end.

use domain::event::Offset;
use domain::rows::Span;
use domain::time::Timestamp;

use crate::limits::BUCKET_OFFSET_BITS;

pub(super) const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
const DAY_MS: i64 = 24 * HOUR_MS;

/// Above every stored time, and so `to` where a query has none.
pub(super) const END: i64 = i64::MAX;

/// The start of the span that holds the instant.
pub(super) fn start(span: Span, ms: i64) -> i64 {
    span.start_of(Timestamp::from_millis(ms)).millis()
}

/// The first instant after the span that starts there.
pub(super) fn end(span: Span, start: i64) -> i64 {
    match span {
        Span::Hour => start + HOUR_MS,
        Span::Day => start + DAY_MS,
        // Every month ends within 31 days, and the next one is longer than the rest of those.
        Span::Month => self::start(Span::Month, start + 31 * DAY_MS).max(start + 28 * DAY_MS),
    }
}

/// The first start of a span at or after the instant; none is there after [`END`].
pub(super) fn start_from(span: Span, ms: i64) -> i64 {
    let start = start(span, ms);
    if start >= ms { start } else { end(span, start) }
}

/// The last start of a span at or before the instant.
pub(super) fn start_until(span: Span, ms: i64) -> i64 {
    if ms == END { END } else { start(span, ms) }
}

/// The tallies' partition that holds the bucket: hours by month, days by year, months all together.
pub(super) fn period(span: Span, start: i64) -> i64 {
    match span {
        Span::Hour => self::start(Span::Month, start),
        Span::Day => year(start),
        Span::Month => 0,
    }
}

fn year(ms: i64) -> i64 {
    use chrono::{Datelike as _, TimeZone as _};
    let date = Timestamp::from_millis(ms).utc();
    let first = chrono::Utc.with_ymd_and_hms(date.year(), 1, 1, 0, 0, 0).single();
    first.map_or(0, |first| first.timestamp_millis())
}

/// Which of a bucket's parts the row lies in: a busy log partition's hour is split every so many offsets.
pub(super) fn chunk(offset: Offset) -> i64 {
    (offset.0 >> BUCKET_OFFSET_BITS) as i64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        Timestamp::parse(text).expect("a time").millis()
    }

    #[test]
    fn spans_begin_and_end() {
        for (span, at, begins, ends) in [
            (Span::Hour, "2028-02-29T23:59:59.999Z", "2028-02-29T23:00:00Z", "2028-03-01T00:00:00Z"),
            (Span::Day, "2028-02-29T23:59:59.999Z", "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Span::Month, "2028-02-29T23:59:59.999Z", "2028-02-01T00:00:00Z", "2028-03-01T00:00:00Z"),
            (Span::Month, "2026-02-01T00:00:00Z", "2026-02-01T00:00:00Z", "2026-03-01T00:00:00Z"),
            (Span::Month, "2026-01-31T00:00:00Z", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"),
            (Span::Month, "2026-12-31T00:00:00Z", "2026-12-01T00:00:00Z", "2027-01-01T00:00:00Z"),
        ] {
            assert_eq!(start(span, ms(at)), ms(begins), "{at}");
            assert_eq!(end(span, ms(begins)), ms(ends), "{at}");
            assert_eq!(start_from(span, ms(begins)), ms(begins));
            assert_eq!(start_from(span, ms(begins) + 1), ms(ends));
            assert_eq!(start_until(span, ms(ends) - 1), ms(begins));
        }
    }

    #[test]
    fn tallies_lie_by_month_and_year() {
        let at = ms("2026-11-23T04:00:00Z");
        assert_eq!(period(Span::Hour, at), ms("2026-11-01T00:00:00Z"));
        assert_eq!(period(Span::Day, at), ms("2026-01-01T00:00:00Z"));
        assert_eq!(period(Span::Month, at), 0);
    }
}
