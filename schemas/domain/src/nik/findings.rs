//! What checking a NIK's form comes to (sequence §2.1): what its digits say, and whether they agree with what the bank says
//! of the person. Not here: the digits themselves, which only the request that brought them sees.

use chrono::NaiveDate;

use super::{CivilSex, Nik, NikFault, REGIONS_EDITION, RegionCode};
use crate::classify::ReasonCategory;
use crate::signals::SignalKind;
use crate::time::Timestamp;

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
    pub fn of(nik: &Nik, birth_date: Option<NaiveDate>, sex: Option<CivilSex>, now: Timestamp) -> Self {
        let structure = nik.structure(now);
        let birth = structure.birth;
        let findings = Self {
            verified: false,
            fault: structure.fault,
            province: structure.province,
            regency: structure.regency,
            district: structure.district,
            birth_date_agrees: birth.zip(birth_date).map(|(birth, date)| birth.agrees(date)),
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

    fn date(text: &str) -> Option<NaiveDate> {
        text.parse().ok()
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
            // 1900 had no leap day, and 2000 had one: the digits are the same.
            ("3171012902000001", Some("1900-02-28"), None, Some(Mismatch), [Some(false), None], false),
        ];
        for (digits, birth_date, sex, category, agrees, is_unknown) in table {
            let nik = Nik::parse(digits).expect("sixteen digits");
            let found = NikFindings::of(&nik, birth_date.and_then(date), *sex, now);
            assert_eq!(found.reason_category(), *category, "{digits}");
            assert_eq!([found.birth_date_agrees, found.sex_agrees], *agrees, "{digits}");
            assert_eq!(found.verified, category.is_none(), "{digits}");
            let signals: &[&str] = if *is_unknown { &[SignalKind::NikRegionUnknown.as_str()] } else { &[] };
            assert_eq!(found.signals(), signals, "{digits}");
        }
    }
}
