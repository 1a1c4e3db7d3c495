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

    /// Parses RFC 3339 with any offset; finer than a millisecond is cut off.
    pub fn parse(text: &str) -> Option<Self> {
        let ms = DateTime::parse_from_rfc3339(text).ok()?.timestamp_millis();
        (0..=MAX_MS).contains(&ms).then_some(Self(ms))
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
        assert_eq!(Timestamp::parse("yesterday"), None);
    }
}
