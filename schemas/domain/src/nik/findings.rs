//! What checking a NIK's form comes to (sequence §2.1): what its digits say, and whether they agree with what the bank says
//! of the person. Not here: the digits themselves, which only the request that brought them sees.

use std::fmt;

use chrono::{Datelike as _, NaiveDate};

use super::{CivilSex, Nik, NikBirth, NikFault, REGIONS_EDITION, RegionCode, eastern_day};
use crate::classify::ReasonCategory;
use crate::signals::SignalKind;
use crate::time::Timestamp;

/// A birth date as a bank has it: `YYYY-MM-DD`, a day of the calendar. Personal data: never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct BirthDate(NaiveDate);

impl BirthDate {
    /// Takes that form and no other.
    pub fn parse(text: &str) -> Option<Self> {
        let is_form = text.len() == 10
            && text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
        is_form.then(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()).flatten().map(Self)
    }

    /// Whether a NIK's date can be this one: of this century or the last, since a NIK does not say which, and not after
    /// `today`.
    fn is_of(self, birth: NikBirth, today: NaiveDate) -> bool {
        let earliest = (today.year().div_euclid(100) - 1) * 100;
        birth.agrees(self.0) && self.0 <= today && self.0.year() >= earliest
    }
}

impl fmt::Debug for BirthDate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BirthDate(…)")
    }
}

/// What was found. Of many NIKs the same, so it tells nobody which one it was.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NikFindings {
    /// What it came to: it can be a NIK, and the person's.
    pub verified: bool,
    /// Why it cannot be one; none where it can.
    pub fault: Option<NikFault>,
    /// Its province.
    pub province: RegionCode,
    /// Its regency or city.
    pub regency: RegionCode,
    /// Its district.
    pub district: RegionCode,
    /// Whether its date can be the one that was sent; none where none was, or where it has none.
    pub birth_date_agrees: Option<bool>,
    /// Whether its sex is the one that was sent; likewise.
    pub sex_agrees: Option<bool>,
    /// The edition of the table of regions that it was read by.
    pub regions_edition: String,
}

impl NikFindings {
    /// What a NIK's digits say on that day, beside what was said of the person.
    pub fn of(nik: &Nik, birth_date: Option<BirthDate>, sex: Option<CivilSex>, now: Timestamp) -> Self {
        let structure = nik.structure(now);
        let birth = structure.birth;
        let findings = Self {
            verified: false,
            fault: structure.fault,
            province: structure.province,
            regency: structure.regency,
            district: structure.district,
            birth_date_agrees: birth.zip(birth_date).map(|(birth, date)| date.is_of(birth, eastern_day(now))),
            sex_agrees: birth.zip(sex).map(|(birth, sex)| birth.sex == sex),
            regions_edition: REGIONS_EDITION.to_owned(),
        };
        Self { verified: findings.carries_a_verification(), ..findings }
    }

    /// Whether it can be a NIK, and nothing that was said of the person speaks against it.
    pub fn carries_a_verification(&self) -> bool {
        self.fault.is_none() && self.birth_date_agrees != Some(false) && self.sex_agrees != Some(false)
    }

    /// Why it is not verified; none where it is.
    pub fn reason_category(&self) -> Option<ReasonCategory> {
        match (self.verified, self.fault) {
            (true, _) => None,
            (false, Some(_)) => Some(ReasonCategory::BadFormat),
            (false, None) => Some(ReasonCategory::Mismatch),
        }
    }

    /// Codes of what is remarkable about it. That its province is unknown is no remark but its fault.
    pub fn signals(&self) -> Vec<String> {
        let is_lagging = self.province == RegionCode::Known
            && [self.regency, self.district].contains(&RegionCode::Unknown);
        is_lagging.then(|| SignalKind::NikRegionUnknown.as_str().to_owned()).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_birth_date_has_one_form() {
        for date in ["1945-08-17", "2000-02-29", "0001-01-01"] {
            assert!(BirthDate::parse(date).is_some(), "{date}");
        }
        for no_date in [
            "",
            "1945-8-17",
            "17-08-1945",
            "1900-02-29",
            "1945-08-32",
            "1945-08-17T00:00",
            "+945-08-17",
            "１９45-08-17",
        ] {
            assert_eq!(BirthDate::parse(no_date), None, "{no_date}");
        }
        let date = BirthDate::parse("1945-08-17").expect("a date");
        assert_eq!(format!("{date:?}"), "BirthDate(…)");
    }

    #[test]
    fn given_a_nik_and_what_is_said_of_the_person_then_this_is_found() {
        use CivilSex::{Female, Male};
        use ReasonCategory::{BadFormat, Mismatch};
        let now = Timestamp::parse("2026-11-30T10:00:00Z").expect("a time");
        type Row<'a> =
            (&'a str, Option<&'a str>, Option<CivilSex>, Option<ReasonCategory>, [Option<bool>; 2], bool);
        let table: &[Row<'_>] = &[
            // digits, birth date, sex, why not, agrees, region unknown
            ("3171011708450001", None, None, None, [None, None], false),
            ("3171011708450001", Some("1945-08-17"), Some(Male), None, [Some(true), Some(true)], false),
            ("3171015708450001", Some("1945-08-17"), Some(Female), None, [Some(true), Some(true)], false),
            ("3171015708450001", None, Some(Male), Some(Mismatch), [None, Some(false)], false),
            ("3171011708450001", Some("1945-08-18"), None, Some(Mismatch), [Some(false), None], false),
            ("3171992902000001", Some("2000-02-29"), None, None, [Some(true), None], true),
            ("3199012902000001", None, Some(Male), None, [None, Some(true)], true),
            ("3171012902990001", Some("1999-02-28"), Some(Male), Some(BadFormat), [None, None], false),
            ("9901011708450001", Some("1945-08-17"), None, Some(BadFormat), [Some(true), None], false),
            ("3171011708450000", None, None, Some(BadFormat), [None, None], false),
            // The digits of 1945 are those of 2045, which is not yet, and of 1845, which nobody remembers.
            ("3171011708450001", Some("2045-08-17"), None, Some(Mismatch), [Some(false), None], false),
            ("3171011708450001", Some("1845-08-17"), None, Some(Mismatch), [Some(false), None], false),
            ("3171010101000001", Some("1900-01-01"), None, None, [Some(true), None], false),
            ("3171010101000001", Some("2000-01-01"), None, None, [Some(true), None], false),
            // 1900 had no leap day, and 2000 had one: the digits are the same.
            ("3171012902000001", Some("1900-02-28"), None, Some(Mismatch), [Some(false), None], false),
        ];
        for (digits, birth_date, sex, category, agrees, is_unknown) in table {
            let nik = Nik::parse(digits).expect("sixteen digits");
            let found = NikFindings::of(&nik, birth_date.and_then(BirthDate::parse), *sex, now);
            assert_eq!(found.reason_category(), *category, "{digits}");
            assert_eq!([found.birth_date_agrees, found.sex_agrees], *agrees, "{digits}");
            assert_eq!(found.verified, category.is_none(), "{digits}");
            let signals: &[&str] = if *is_unknown { &[SignalKind::NikRegionUnknown.as_str()] } else { &[] };
            assert_eq!(found.signals(), signals, "{digits}");
        }
    }
}
