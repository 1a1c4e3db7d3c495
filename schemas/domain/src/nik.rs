//! A NIK, read by its structure alone (sequence §5.2): `PPKKCC DDMMYY SSSS`, a region, a birth date on whose day women
//! carry 40 more, a serial number. There is no check digit, so nearly anything that looks like one is one. Pure and
//! without allocation. Not here: whose it is, and who has asked Dukcapil.

mod findings;
mod held;
mod regions;

use std::fmt;

use chrono::{Datelike as _, Duration, NaiveDate};
use zeroize::Zeroize;

pub use findings::{BirthDate, NikFindings};
pub use held::{HeldNik, HeldNiks, NikTag};
pub use regions::REGIONS_EDITION;

use crate::time::Timestamp;

/// Digits of a NIK.
const DIGITS: usize = 16;

/// What a woman's day of birth carries.
const WOMAN_DAY_PLUS: u32 = 40;

/// The easternmost of Indonesia's times: nobody was born on a later day than it is there.
const EASTERN_TIME: Duration = Duration::hours(9);

/// The latest day that it is anywhere in Indonesia.
fn eastern_day(now: Timestamp) -> NaiveDate {
    (now.utc() + EASTERN_TIME).date_naive()
}

/// Sixteen digits. Personal data: never printed, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Nik([u8; DIGITS]);

/// Male or female, as civil registration knows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CivilSex {
    /// `LAKI-LAKI`
    Male,
    /// `PEREMPUAN`
    Female,
}

impl CivilSex {
    /// The word in requests.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Male => "male",
            Self::Female => "female",
        }
    }

    /// The sex of that word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Male, Self::Female].into_iter().find(|of| of.as_str() == word)
    }
}

/// Whether the table of regions has a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegionCode {
    /// It is one, or was.
    Known,
    /// No edition at hand has it.
    Unknown,
}

impl RegionCode {
    fn of(code: u32) -> Self {
        if regions::is_known(code) { Self::Known } else { Self::Unknown }
    }

    /// The word in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Known => "known",
            Self::Unknown => "unknown",
        }
    }

    /// What that word says.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Known, Self::Unknown].into_iter().find(|of| of.as_str() == word)
    }
}

/// Why sixteen digits cannot be a NIK.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NikFault {
    /// Its first two digits are no province's and never were one's.
    UnknownProvince,
    /// Its date is none of any century up to today.
    NoBirthDate,
    /// It ends in `0000`, which is given to nobody.
    NoSerial,
}

impl NikFault {
    /// A code for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownProvince => "nik_province_unknown",
            Self::NoBirthDate => "nik_birth_date_impossible",
            Self::NoSerial => "nik_serial_zero",
        }
    }

    /// The fault of that code.
    pub fn parse(code: &str) -> Option<Self> {
        [Self::UnknownProvince, Self::NoBirthDate, Self::NoSerial].into_iter().find(|of| of.as_str() == code)
    }
}

/// Birth date and sex as a NIK has them: its year is without a century.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NikBirth {
    /// By the day: 41 and later is a woman's.
    pub sex: CivilSex,
    day: u32,
    month: u32,
    year_of_century: u32,
}

impl NikBirth {
    /// Whether it can be that date's.
    pub fn agrees(&self, date: NaiveDate) -> bool {
        (self.day, self.month) == (date.day(), date.month())
            && i64::from(self.year_of_century) == i64::from(date.year()).rem_euclid(100)
    }

    /// A day of the calendar in this century or the last, and not after `today`. Earlier ones need no look: their leap
    /// days are those of 1900.
    fn is_possible(self, today: NaiveDate) -> bool {
        let century = today.year().div_euclid(100) * 100;
        [century, century - 100].into_iter().any(|century| {
            let year = century + i32::try_from(self.year_of_century).unwrap_or(0);
            NaiveDate::from_ymd_opt(year, self.month, self.day).is_some_and(|date| date <= today)
        })
    }
}

/// What a NIK's structure says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NikStructure {
    /// Why it cannot be one; none where it can.
    pub fault: Option<NikFault>,
    /// Its province.
    pub province: RegionCode,
    /// Its regency or city. Unknown is a remark and no fault: tables lag.
    pub regency: RegionCode,
    /// Its district; so is this one.
    pub district: RegionCode,
    /// None where its date is none.
    pub birth: Option<NikBirth>,
}

impl NikStructure {
    /// Whether all three parts of its region are in the table.
    pub fn is_region_known(&self) -> bool {
        [self.province, self.regency, self.district].iter().all(|code| *code == RegionCode::Known)
    }
}

impl Nik {
    /// Takes sixteen ASCII digits and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let digits: [u8; DIGITS] = text.as_bytes().try_into().ok()?;
        digits.iter().all(u8::is_ascii_digit).then_some(Self(digits))
    }

    /// The digits, to be sealed.
    pub fn as_str(&self) -> &str {
        // ASCII by `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }

    /// What its structure says on the day of `now`, which is asked for where a birth date must not be in the future.
    pub fn structure(&self, now: Timestamp) -> NikStructure {
        let code = self.number(0, 6);
        let province = RegionCode::of(code / 10_000 * 10_000);
        let birth = self.birth(eastern_day(now));
        let fault = if province == RegionCode::Unknown {
            Some(NikFault::UnknownProvince)
        } else if birth.is_none() {
            Some(NikFault::NoBirthDate)
        } else if self.number(12, 16) == 0 {
            Some(NikFault::NoSerial)
        } else {
            None
        };
        let (regency, district) = (RegionCode::of(code / 100 * 100), RegionCode::of(code));
        // Of `KK` = 00 the code is the province's own, and of `CC` = 00 the regency's: neither is one.
        let named = |digits: u32, found| if digits == 0 { RegionCode::Unknown } else { found };
        let regency = named(code / 100 % 100, regency);
        let district = if regency == RegionCode::Known { named(code % 100, district) } else { regency };
        NikStructure { fault, province, regency, district, birth }
    }

    fn birth(&self, today: NaiveDate) -> Option<NikBirth> {
        let day = self.number(6, 8);
        let (sex, day) = match day {
            0..=WOMAN_DAY_PLUS => (CivilSex::Male, day),
            _ => (CivilSex::Female, day - WOMAN_DAY_PLUS),
        };
        let birth = NikBirth { sex, day, month: self.number(8, 10), year_of_century: self.number(10, 12) };
        birth.is_possible(today).then_some(birth)
    }

    fn number(&self, from: usize, to: usize) -> u32 {
        self.0[from..to].iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    }
}

impl fmt::Debug for Nik {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nik(…)")
    }
}

impl Drop for Nik {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "2026-11-30T10:00:00Z";

    fn now() -> Timestamp {
        Timestamp::parse(NOW).expect("a time")
    }

    fn structure(digits: &str) -> NikStructure {
        Nik::parse(&digits.replace(' ', "")).expect("sixteen digits").structure(now())
    }

    #[test]
    fn sixteen_digits_and_nothing_else() {
        let nik = Nik::parse("3171011708450001").expect("sixteen digits");
        assert_eq!((nik.as_str(), format!("{nik:?}").as_str()), ("3171011708450001", "Nik(…)"));
        for no_nik in [
            "",
            "317101170845000",
            "31710117084500011",
            "31710117084500O1",
            " 171011708450001",
            "+171011708450001",
            "３１７１０１１７０８４５０００１",
            "317101170845000é",
        ] {
            assert_eq!(Nik::parse(no_nik), None, "{no_nik}");
        }
    }

    #[test]
    fn what_cannot_be_a_nik_has_its_reason() {
        for (digits, fault) in [
            ("317101 170845 0001", None),
            ("317101 570845 0001", None),
            // Today's child, tomorrow's, and one of a hundred years ago who has tomorrow's digits.
            ("317101 301126 0001", None),
            ("317101 011226 0001", None),
            // Leap days: 2000 and 1996 had one, 1900 and 1999 had none; a woman's.
            ("317101 290200 0001", None),
            ("317101 690200 0001", None),
            ("317101 290296 0001", None),
            ("317101 290299 0001", Some(NikFault::NoBirthDate)),
            ("317101 690299 0001", Some(NikFault::NoBirthDate)),
            ("317101 310499 0001", Some(NikFault::NoBirthDate)),
            ("317101 000199 0001", Some(NikFault::NoBirthDate)),
            ("317101 400199 0001", Some(NikFault::NoBirthDate)),
            ("317101 320199 0001", Some(NikFault::NoBirthDate)),
            ("317101 720199 0001", Some(NikFault::NoBirthDate)),
            ("317101 990199 0001", Some(NikFault::NoBirthDate)),
            ("317101 010099 0001", Some(NikFault::NoBirthDate)),
            ("317101 011399 0001", Some(NikFault::NoBirthDate)),
            ("317101 170845 0000", Some(NikFault::NoSerial)),
            ("317101 170845 9999", None),
            ("000000 000000 0000", Some(NikFault::UnknownProvince)),
            ("999999 170845 0001", Some(NikFault::UnknownProvince)),
            ("540101 170845 0001", None),
        ] {
            assert_eq!(structure(digits).fault, fault, "{digits}");
        }
    }

    /// A leap day that has not come yet in this century, and was none in the last.
    #[test]
    fn the_day_it_is_decides() {
        let nik = Nik::parse("3171012902000001").expect("sixteen digits");
        for (at, possible) in [
            ("2000-02-28T14:59:59Z", false),
            // It is the 29th in Jayapura.
            ("2000-02-28T15:00:00Z", true),
            ("2000-03-01T00:00:00Z", true),
        ] {
            let structure = nik.structure(Timestamp::parse(at).expect("a time"));
            assert_eq!(structure.fault.is_none(), possible, "{at}");
        }
    }

    #[test]
    fn regions_are_known_or_not_part_by_part() {
        use RegionCode::{Known, Unknown};
        for (region, wanted) in [
            ("317101", [Known, Known, Known]),
            ("317199", [Known, Known, Unknown]),
            ("319901", [Known, Unknown, Unknown]),
            ("310000", [Known, Unknown, Unknown]),
            ("317100", [Known, Known, Unknown]),
            ("540101", [Known, Unknown, Unknown]),
            ("990101", [Unknown, Unknown, Unknown]),
        ] {
            let found = structure(&format!("{region} 170845 0001"));
            assert_eq!([found.province, found.regency, found.district], wanted, "{region}");
            assert_eq!(found.is_region_known(), wanted == [Known; 3], "{region}");
        }
    }

    /// Every province of today, and the one that is none any more.
    #[test]
    fn every_province_is_known() {
        let today = [
            11, 12, 13, 14, 15, 16, 17, 18, 19, 21, 31, 32, 33, 34, 35, 36, 51, 52, 53, 61, 62, 63, 64, 65,
            71, 72, 73, 74, 75, 76, 81, 82, 91, 92, 93, 94, 95, 96,
        ];
        assert_eq!(today.len(), 38);
        for province in 0..100 {
            let found = structure(&format!("{province:02}0101 170845 0001")).province;
            let wanted = today.contains(&province) || province == 54;
            assert_eq!(found == RegionCode::Known, wanted, "{province}");
        }
    }

    #[test]
    fn birth_and_sex_are_read() {
        let date = |year, month, day| NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        for (digits, sex, right, wrong) in [
            ("317101 170845 0001", CivilSex::Male, date(1945, 8, 17), date(1945, 8, 18)),
            ("317101 570845 0001", CivilSex::Female, date(1945, 8, 17), date(1946, 8, 17)),
            ("317101 710700 0001", CivilSex::Female, date(2000, 7, 31), date(2000, 8, 31)),
            ("317101 010100 0001", CivilSex::Male, date(1900, 1, 1), date(2001, 1, 1)),
        ] {
            let birth = structure(digits).birth.expect("a date");
            assert_eq!(birth.sex, sex, "{digits}");
            assert!(birth.agrees(right) && !birth.agrees(wrong), "{digits}");
        }
    }
}
