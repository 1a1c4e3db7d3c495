//! Times and numbers as people read them: times in Asia/Jakarta with UTC beside them, numbers with the language's
//! separators.

use chrono::{DateTime, Datelike as _, Days, FixedOffset, NaiveDate, Timelike as _};
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::Language;

/// Asia/Jakarta (WIB): seven hours before UTC all year round; it has had no daylight saving since 1964.
pub const JAKARTA_OFFSET_SECONDS: i32 = 7 * 60 * 60;

const MONTHS_ENGLISH: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const MONTHS_INDONESIAN: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "Mei", "Jun", "Jul", "Agu", "Sep", "Okt", "Nov", "Des"];

/// The moment on a clock in Jakarta.
pub fn in_jakarta(time: Timestamp) -> DateTime<FixedOffset> {
    let utc = time.utc();
    match FixedOffset::east_opt(JAKARTA_OFFSET_SECONDS) {
        Some(jakarta) => utc.with_timezone(&jakarta),
        None => utc.fixed_offset(),
    }
}

/// `29 Nov 2026`.
pub fn day(language: Language, time: Timestamp) -> String {
    let local = in_jakarta(time);
    let months = match language {
        Language::English => &MONTHS_ENGLISH,
        Language::Indonesian => &MONTHS_INDONESIAN,
    };
    format!("{} {} {}", local.day(), months[local.month0() as usize], local.year())
}

/// `29 Nov 2026, 21:40:05 WIB`; in Indonesian the clock is written with full stops.
pub fn moment(language: Language, time: Timestamp) -> String {
    let local = in_jakarta(time);
    let between = match language {
        Language::English => ':',
        Language::Indonesian => '.',
    };
    let (hour, minute, second) = (local.hour(), local.minute(), local.second());
    format!("{}, {hour:02}{between}{minute:02}{between}{second:02} WIB", day(language, time))
}

/// The moment as an element: in Jakarta's time, with UTC for programs and for a pointer that rests on it.
pub fn time(language: Language, time: Timestamp) -> Markup {
    let utc = time.rfc3339();
    html! { time datetime=(utc) title=(utc) { (moment(language, time)) } }
}

/// The same, of which only the day is shown.
pub fn date(language: Language, time: Timestamp) -> Markup {
    let utc = time.rfc3339();
    html! { time datetime=(utc) title=(utc) { (day(language, time)) } }
}

/// The first instant, in Jakarta, of the day `YYYY-MM-DD`, or of one so many days later. None for what is no day.
pub fn day_start(text: &str, days_later: u64) -> Option<Timestamp> {
    let is_written_so = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_written_so)?;
    let midnight = day.checked_add_days(Days::new(days_later))?.and_hms_opt(0, 0, 0)?.and_utc();
    let seconds = midnight.timestamp().checked_sub(i64::from(JAKARTA_OFFSET_SECONDS))?;
    Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
}

/// `1,234,567`, in Indonesian `1.234.567`.
pub fn count(language: Language, number: u64) -> String {
    let separator = match language {
        Language::English => ',',
        Language::Indonesian => '.',
    };
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn a_moment_is_jakartas_and_its_utc_stands_beside_it() {
        let late = at("2026-12-31T17:00:00.007Z");
        assert_eq!(moment(Language::English, late), "1 Jan 2027, 00:00:00 WIB");
        assert_eq!(moment(Language::Indonesian, late), "1 Jan 2027, 00.00.00 WIB");
        assert_eq!(day(Language::Indonesian, at("2026-08-16T23:59:59Z")), "17 Agu 2026");
        assert_eq!(
            time(Language::English, late).into_string(),
            "<time datetime=\"2026-12-31T17:00:00.007Z\" title=\"2026-12-31T17:00:00.007Z\">1 Jan 2027, 00:00:00 WIB</time>"
        );
    }

    #[test]
    fn every_month_has_its_name() {
        for (month, english, indonesian) in [(5, "May", "Mei"), (8, "Aug", "Agu"), (12, "Dec", "Des")] {
            let time = at(&format!("2026-{month:02}-15T00:00:00Z"));
            assert_eq!(day(Language::English, time), format!("15 {english} 2026"));
            assert_eq!(day(Language::Indonesian, time), format!("15 {indonesian} 2026"));
        }
    }

    #[test]
    fn a_day_begins_at_jakartas_midnight() {
        for (text, days_later, start) in [
            ("2026-11-29", 0, "2026-11-28T17:00:00.000Z"),
            ("2026-11-29", 1, "2026-11-29T17:00:00.000Z"),
            ("2026-12-31", 1, "2026-12-31T17:00:00.000Z"),
            ("2028-02-29", 0, "2028-02-28T17:00:00.000Z"),
            ("1970-01-01", 0, "1970-01-01T00:00:00.000Z"),
        ] {
            assert_eq!(day_start(text, days_later).map(Timestamp::rfc3339).as_deref(), Some(start), "{text}");
        }
        for none in
            ["", "2026-02-30", "2026-2-3", "29-11-2026", "+026-11-29", " 2026-11-2", "2026-11-29Z", "today"]
        {
            assert_eq!(day_start(none, 0), None, "{none}");
        }
    }

    #[test]
    fn numbers_are_grouped_by_three() {
        for (number, english, indonesian) in [
            (0, "0", "0"),
            (999, "999", "999"),
            (1_000, "1,000", "1.000"),
            (12_345_678, "12,345,678", "12.345.678"),
        ] {
            assert_eq!(count(Language::English, number), english);
            assert_eq!(count(Language::Indonesian, number), indonesian);
        }
    }
}
