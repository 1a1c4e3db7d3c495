//! The words that a KTP is printed with: its labels, and the few words that some of its fields can hold. A reading that is
//! off by a letter or two is taken for the word. Not here: which line is which field.

use std::cmp::Reverse;

use domain::ktp::{KtpField, folded};
use zeroize::Zeroizing;

/// A label that stands before a value, folded. Longer ones before those that they begin with.
const LABELS: [(&str, KtpField); 20] = [
    ("NIK", KtpField::Nik),
    ("NAMALENGKAP", KtpField::FullName),
    ("NAMA", KtpField::FullName),
    ("TEMPATTGLLAHIR", KtpField::BirthDate),
    ("TEMPATTANGGALLAHIR", KtpField::BirthDate),
    ("JENISKELAMIN", KtpField::Sex),
    ("GOLONGANDARAH", KtpField::BloodType),
    ("GOLDARAH", KtpField::BloodType),
    ("ALAMAT", KtpField::Address),
    ("RTRW", KtpField::RtRw),
    ("KELURAHANDESA", KtpField::Village),
    ("KELDESA", KtpField::Village),
    ("KECAMATAN", KtpField::District),
    ("AGAMA", KtpField::Religion),
    ("STATUSPERKAWINAN", KtpField::MaritalStatus),
    ("PEKERJAAN", KtpField::Occupation),
    ("KEWARGANEGARAAN", KtpField::Nationality),
    ("BERLAKUHINGGA", KtpField::ValidUntil),
    ("BERLAKUSAMPAI", KtpField::ValidUntil),
    ("PROVINSI", KtpField::Province),
];

const SEXES: [&str; 2] = ["LAKI-LAKI", "PEREMPUAN"];

const RELIGIONS: [&str; 9] =
    ["ISLAM", "KRISTEN", "KATOLIK", "KATHOLIK", "HINDU", "BUDHA", "BUDDHA", "KHONGHUCU", "KONGHUCU"];

const MARITAL: [&str; 6] =
    ["BELUM KAWIN", "KAWIN", "CERAI HIDUP", "CERAI MATI", "KAWIN TERCATAT", "KAWIN BELUM TERCATAT"];

const NATIONALITIES: [&str; 2] = ["WNI", "WNA"];

const FOR_LIFE: [&str; 1] = ["SEUMUR HIDUP"];

/// What a card's head begins with.
const REGENCY_KINDS: [&str; 3] = ["KABUPATEN", "KAB", "KOTA"];

/// The words that a field can hold; none where it can hold any.
pub(super) fn vocabulary(field: KtpField) -> &'static [&'static str] {
    match field {
        KtpField::Sex => &SEXES,
        KtpField::Religion => &RELIGIONS,
        KtpField::MaritalStatus => &MARITAL,
        KtpField::Nationality => &NATIONALITIES,
        KtpField::ValidUntil => &FOR_LIFE,
        _ => &[],
    }
}

/// The word of a vocabulary that a text is, or nearly is: off by a letter in four.
pub(super) fn nearest(text: &str, words: &[&'static str]) -> Option<&'static str> {
    let text = folded(text);
    let off = |word: &&&'static str| distance(&text, &folded(word));
    let near = words.iter().min_by_key(off)?;
    (off(&near) * 4 <= folded(near).len()).then_some(near)
}

/// The label that a text begins with, and what stands behind it. Labels have small letters and values none, so a value
/// that is a label's word in capitals is not one, but for those of the head.
pub(super) fn label_of(text: &str) -> Option<(KtpField, &str)> {
    let found = LABELS.into_iter().filter_map(|(label, field)| {
        let rest = after_letters(text, label.len())?;
        let off = distance(&folded(&text[..text.len() - rest.len()]), label);
        // Of two that are off by as much the longer one: it says more.
        (off * 5 <= label.len()).then_some(((off, Reverse(label.len())), field, rest))
    });
    found.min_by_key(|(rank, ..)| *rank).map(|(_, field, rest)| (field, value_of(rest)))
}

/// What remains of a text behind so many letters and digits; none where it has fewer.
fn after_letters(text: &str, letters: usize) -> Option<&str> {
    let mut ends = text.char_indices().filter(|(_, c)| c.is_alphanumeric()).map(|(at, c)| at + c.len_utf8());
    ends.nth(letters.checked_sub(1)?).map(|end| &text[end..])
}

/// Without the colon before a value, and what else is read for one.
pub(super) fn value_of(text: &str) -> &str {
    text.trim_start_matches([':', ';', '.', ',', ' ', '-', '\'']).trim_end_matches([' ', ':', ';', ','])
}

/// Whether it is a line of a card's head: a province, or a regency or city.
pub(super) fn head_of(text: &str) -> Option<KtpField> {
    let folded = folded(text);
    let begins = |word: &str| {
        let head: String = folded.chars().take(word.len()).collect();
        distance(&head, word) * 5 <= word.len() && folded.len() > word.len()
    };
    if begins("PROVINSI") {
        Some(KtpField::Province)
    } else if REGENCY_KINDS.iter().any(|kind| begins(kind)) {
        Some(KtpField::Regency)
    } else {
        None
    }
}

/// Letters that a reader takes for digits, as the digits: for what can hold nothing else.
pub(super) fn digits_of(text: &str) -> Zeroizing<String> {
    let digit = |c: char| match c {
        'O' | 'o' | 'D' | 'Q' => '0',
        'I' | 'l' | 'i' => '1',
        'Z' => '2',
        'S' => '5',
        'b' | 'G' => '6',
        'B' => '8',
        other => other,
    };
    Zeroizing::new(text.chars().map(digit).collect())
}

/// Place and date of `JAKARTA, 17-08-1945`: the date begins with the first digit.
pub(super) fn place_and_date(text: &str) -> (&str, Zeroizing<String>) {
    let at = text.find(|c: char| c.is_ascii_digit()).unwrap_or(text.len());
    (text[..at].trim_matches([' ', ',', '.', ':', ';']), digits_of(text[at..].trim()))
}

/// Levenshtein's, over characters.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (at, left) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = at + 1;
        for (column, right) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(left != *right);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_though_a_letter_is_off() {
        for (text, wanted) in [
            ("Nama : BUDI SANTOSO", Some((KtpField::FullName, "BUDI SANTOSO"))),
            ("NIK:3171011708450001", Some((KtpField::Nik, "3171011708450001"))),
            ("Tempat/Tgl Lahir : JAKARTA, 17-08-1945", Some((KtpField::BirthDate, "JAKARTA, 17-08-1945"))),
            ("Tempat/Tg1 Lahir.JAKARTA", Some((KtpField::BirthDate, "JAKARTA"))),
            ("Gol. Darah : O", Some((KtpField::BloodType, "O"))),
            ("RT/RW 001/002", Some((KtpField::RtRw, "001/002"))),
            ("Status Perkawinan:KAWIN", Some((KtpField::MaritalStatus, "KAWIN"))),
            ("Kewarganegaraan WNI", Some((KtpField::Nationality, "WNI"))),
            ("JL. MAWAR", None),
            ("", None),
        ] {
            assert_eq!(label_of(text), wanted, "{text}");
        }
    }

    #[test]
    fn words_are_found_though_a_letter_is_off() {
        for (text, field, wanted) in [
            ("LAKI-LAKI", KtpField::Sex, Some("LAKI-LAKI")),
            ("LAKl-LAKI", KtpField::Sex, Some("LAKI-LAKI")),
            ("PEREMPUN", KtpField::Sex, Some("PEREMPUAN")),
            ("ISIAM", KtpField::Religion, Some("ISLAM")),
            ("BELUMKAWIN", KtpField::MaritalStatus, Some("BELUM KAWIN")),
            ("SEUMUR HlDUP", KtpField::ValidUntil, Some("SEUMUR HIDUP")),
            ("WNl", KtpField::Nationality, None),
            ("PELAJAR", KtpField::Sex, None),
            ("", KtpField::Sex, None),
            ("BUDI", KtpField::FullName, None),
        ] {
            assert_eq!(nearest(text, vocabulary(field)), wanted, "{text}");
        }
    }

    #[test]
    fn heads_dates_and_digits() {
        assert_eq!(head_of("PROVINSI DKI JAKARTA"), Some(KtpField::Province));
        assert_eq!(head_of("PR0VINSI BALI"), Some(KtpField::Province));
        assert_eq!(head_of("KOTA BOGOR"), Some(KtpField::Regency));
        assert_eq!(head_of("KABUPATEN BANDUNG"), Some(KtpField::Regency));
        assert_eq!(head_of("BUDI"), None);
        let (place, date) = place_and_date("KOTA BARU, 17-O8-1945");
        assert_eq!((place, date.as_str()), ("KOTA BARU", "17-08-1945"));
        assert_eq!(place_and_date("JAKARTA").0, "JAKARTA");
        assert_eq!(digits_of("OO1/0l2").as_str(), "001/012");
    }

    #[test]
    fn distances() {
        for (a, b, off) in [("", "", 0), ("A", "", 1), ("KAWIN", "KAWN", 1), ("ABC", "CBA", 2)] {
            assert_eq!((distance(a, b), distance(b, a)), (off, off), "{a} {b}");
        }
    }
}
