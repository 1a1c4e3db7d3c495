//! What a field's text means where it means more than its letters: dates, sexes, numbers, names. Not here: what follows
//! from two that differ.

use chrono::NaiveDate;
use zeroize::Zeroizing;

use super::KtpField;
use crate::nik::CivilSex;

/// A text without spaces and marks, its letters large: what names, places and numbers are compared by. A reader's spaces
/// are the least sure thing about it.
pub fn folded(text: &str) -> Zeroizing<String> {
    Zeroizing::new(text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect())
}

/// A date as a card prints it (`17-08-1945`) or an API writes it (`1945-08-17`); `.`, `/` and spaces part it too.
pub fn card_date(text: &str) -> Option<NaiveDate> {
    let mut parts = text.split(|c: char| !c.is_ascii_digit()).filter(|part| !part.is_empty());
    let parts = [parts.next()?, parts.next()?, parts.next()?];
    if text.chars().any(char::is_alphabetic) {
        return None;
    }
    let number = |at: usize| parts[at].parse::<u32>().ok();
    let (year, day) = match parts.map(str::len) {
        [1..=2, 1..=2, 4] => (number(2)?, number(0)?),
        [4, 1..=2, 1..=2] => (number(0)?, number(2)?),
        _ => return None,
    };
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, number(1)?, day)
}

/// A sex as a card prints it, or in English.
pub fn card_sex(text: &str) -> Option<CivilSex> {
    match folded(text).as_str() {
        "LAKILAKI" | "LAKI" | "PRIA" | "L" | "MALE" | "M" => Some(CivilSex::Male),
        "PEREMPUAN" | "WANITA" | "P" | "FEMALE" | "F" => Some(CivilSex::Female),
        _ => None,
    }
}

/// Whether two texts of a field say the same.
pub(super) fn same(field: KtpField, a: &str, b: &str) -> bool {
    let by_letters = || folded(a) == folded(b);
    match field {
        KtpField::BirthDate | KtpField::ValidUntil => match (card_date(a), card_date(b)) {
            (Some(a), Some(b)) => a == b,
            _ => by_letters(),
        },
        KtpField::Sex => match (card_sex(a), card_sex(b)) {
            (Some(a), Some(b)) => a == b,
            _ => by_letters(),
        },
        KtpField::Province => kind_and_name(a).1 == kind_and_name(b).1,
        KtpField::Regency => {
            let ((a_kind, a_name), (b_kind, b_name)) = (kind_and_name(a), kind_and_name(b));
            // Bogor is a city, and a regency around it.
            a_name == b_name && (a_kind == b_kind || a_kind.is_none() || b_kind.is_none())
        }
        _ => by_letters(),
    }
}

/// What kinds of place a head line names, folded, each with the one word that is compared.
const PLACE_KINDS: [(&str, &str); 5] = [
    ("PROVINSI", "PROVINSI"),
    ("KABUPATEN", "KABUPATEN"),
    ("KAB", "KABUPATEN"),
    ("KOTAADMINISTRASI", "KOTA"),
    ("KOTA", "KOTA"),
];

/// Folded, apart: one reader writes the kind of place down, another does not.
fn kind_and_name(text: &str) -> (Option<&'static str>, Zeroizing<String>) {
    let folded = folded(text);
    for (prefix, kind) in PLACE_KINDS {
        if let Some(name) = folded.strip_prefix(prefix).filter(|name| !name.is_empty()) {
            return (Some(kind), Zeroizing::new(name.to_owned()));
        }
    }
    (None, folded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_read_as_printed_and_as_written() {
        let wanted = NaiveDate::from_ymd_opt(1945, 8, 17);
        for text in [
            "17-08-1945",
            "17/08/1945",
            "17.08.1945",
            "17 08 1945",
            "17 - 8 - 1945",
            "1945-08-17",
            "1945-8-17",
        ] {
            assert_eq!(card_date(text), wanted, "{text}");
        }
        for text in [
            "",
            "17-08-45",
            "31-02-1945",
            "17-O8-1945",
            "17081945",
            "1945-17-08",
            "SEUMUR HIDUP",
            "17-08-1945 A",
        ] {
            assert_eq!(card_date(text), None, "{text}");
        }
    }

    #[test]
    fn sexes_are_read() {
        for (text, sex) in [
            ("LAKI-LAKI", Some(CivilSex::Male)),
            ("Laki - Laki", Some(CivilSex::Male)),
            ("LAKILAKI", Some(CivilSex::Male)),
            ("male", Some(CivilSex::Male)),
            ("PEREMPUAN", Some(CivilSex::Female)),
            ("Female", Some(CivilSex::Female)),
            ("", None),
            ("PEREMPUA", None),
        ] {
            assert_eq!(card_sex(text), sex, "{text}");
        }
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        use KtpField::{Address, BirthDate, FullName, Province, Regency, Sex};
        for (field, a, b, is_same) in [
            (FullName, "SITI NUR 'AINI", "Siti Nur'aini", true),
            (FullName, "SITI NURAINI", "SITI NURAINA", false),
            (BirthDate, "17-08-1945", "1945-08-17", true),
            (BirthDate, "17-08-1945", "1945-08-18", false),
            (BirthDate, "17-O8-1945", "17-O8-1945", true),
            (Sex, "LAKI-LAKI", "male", true),
            (Sex, "LAKI-LAKI", "female", false),
            (Province, "PROVINSI DKI JAKARTA", "DKI Jakarta", true),
            (Regency, "KOTA BOGOR", "Bogor", true),
            (Regency, "KOTA BOGOR", "KABUPATEN BOGOR", false),
            (Regency, "KOTA", "KOTA", true),
            (Regency, "KAB. BOGOR", "KABUPATEN BOGOR", true),
            (Address, "JL. MAWAR NO. 5", "JL MAWAR NO 5", true),
        ] {
            assert_eq!(same(field, a, b), is_same, "{field:?} {a} {b}");
        }
    }
}
