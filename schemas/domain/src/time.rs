//! Points in time as the contract has them: UTC, whole milliseconds. The domain never asks what time it is.

use chrono::{DateTime, Months, SecondsFormat, TimeZone as _, Utc};

/// Milliseconds since 1970-01-01T00:00:00Z.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00.000Z.
    pub const EPOCH: Self = Self(0);
}

/// The last millisecond that RFC 3339 can write (9999-12-31T23:59:59.999Z); later ones are clamped to it.
const MAX_MS: i64 = 253_402_300_799_999;

impl Timestamp {
    /// Takes milliseconds since the epoch; what RFC 3339 cannot write is clamped.
    pub fn from_millis(ms: i64) -> Self {
        Self(ms.clamp(0, MAX_MS))
    }

    /// Milliseconds since the epoch.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Parses RFC 3339 with any offset; finer than a millisecond is cut off, and what lies outside of our
    /// range is clamped: nothing happened before 1970.
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self::from_millis(DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis()))
    }

    /// Parses like [`Timestamp::parse`], but rounds up what is finer than a millisecond: for the bound of a
    /// range of whole milliseconds that the bound itself begins, or ends without belonging to it.
    pub fn parse_bound(text: &str) -> Option<Self> {
        let time = DateTime::parse_from_rfc3339(text).ok()?;
        let finer = time.timestamp_subsec_nanos() % 1_000_000 != 0;
        Some(Self::from_millis(time.timestamp_millis().saturating_add(i64::from(finer))))
    }

    /// RFC 3339, UTC, three digits of a second: `2026-11-23T04:05:06.007Z`.
    pub fn rfc3339(self) -> String {
        self.utc().to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The same instant as chrono has it.
    pub fn utc(self) -> DateTime<Utc> {
        Utc.timestamp_millis_opt(self.0).single().unwrap_or(DateTime::UNIX_EPOCH)
    }

    /// So many calendar months later in UTC, clamped to the month's end (contract §3).
    pub fn plus_months(self, months: u32) -> Self {
        match self.utc().checked_add_months(Months::new(months)) {
            Some(later) => Self::from_millis(later.timestamp_millis()),
            None => Self(MAX_MS),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_months_are_clamped_to_the_months_end() {
        for (from, to) in [
            ("2028-02-29T10:00:00.123Z", "2029-02-28T10:00:00.123Z"),
            ("2026-11-23T00:00:00.000Z", "2027-11-23T00:00:00.000Z"),
            ("9999-06-01T00:00:00.000Z", "9999-12-31T23:59:59.999Z"),
        ] {
            let from = Timestamp::parse(from).expect("a time");
            assert_eq!(from.plus_months(12).rfc3339(), to);
        }
    }

    #[test]
    fn offsets_are_taken_and_answers_are_utc() {
        let time = Timestamp::parse("2026-11-23T07:00:00.9999+07:00").expect("a time");
        assert_eq!(time.rfc3339(), "2026-11-23T00:00:00.999Z");
        for no_time in ["yesterday", "", "2026-11-23", "2026-13-01T00:00:00Z", "2026-11-23T00:00:00"] {
            assert_eq!((Timestamp::parse(no_time), Timestamp::parse_bound(no_time)), (None, None));
        }
    }

    #[test]
    fn a_bound_is_rounded_up_and_a_moment_down() {
        for (text, moment, bound) in [
            ("2026-11-23T00:00:00.123Z", 123, 123),
            ("2026-11-23T00:00:00.123000Z", 123, 123),
            ("2026-11-23T00:00:00.123000001Z", 123, 124),
            ("2026-11-23T00:00:00.999999Z", 999, 1_000),
        ] {
            let midnight = Timestamp::parse("2026-11-23T00:00:00Z").expect("a time").millis();
            assert_eq!(Timestamp::parse(text).map(|at| at.millis() - midnight), Some(moment), "{text}");
            assert_eq!(Timestamp::parse_bound(text).map(|at| at.millis() - midnight), Some(bound), "{text}");
        }
        for early in ["1969-12-31T23:59:59.999Z", "0001-01-01T00:00:00Z"] {
            assert_eq!(Timestamp::parse(early), Some(Timestamp::EPOCH), "{early}");
        }
    }
}
