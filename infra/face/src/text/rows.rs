//! Which line of a card is which field. A KTP's fields have one order, and some can be told by what they hold: so lines and
//! fields are laid along each other such that the most fits (Needleman and Wunsch's alignment), and a line that was not
//! found or a second line of an address moves nothing else out of its place. Not here: how lines are read.

use domain::ktp::{KtpField, card_date};

use super::words::{head_of, nearest, place_and_date, value_of, vocabulary};

/// The fields that have a line of their own, in their order.
const ORDER: [KtpField; 15] = [
    KtpField::Province,
    KtpField::Regency,
    KtpField::Nik,
    KtpField::FullName,
    KtpField::BirthDate,
    KtpField::Sex,
    KtpField::Address,
    KtpField::RtRw,
    KtpField::Village,
    KtpField::District,
    KtpField::Religion,
    KtpField::MaritalStatus,
    KtpField::Occupation,
    KtpField::Nationality,
    KtpField::ValidUntil,
];

/// What a line that is no field, and a field without a line, cost.
const LEFT_OUT: f32 = -0.7;

/// A line that its label names, against what it holds.
const LABELLED: f32 = 8.0;

/// Lines that hold what only their field can, at least; with fewer it is no KTP that was looked at.
const TELLING_LINES_MIN: usize = 3;

/// From here on a line holds what only its field can.
const TELLING: f32 = 4.0;

/// What is known of a line.
pub(super) struct Row<'a> {
    /// The field that its label names, where it was read.
    pub(super) label: Option<KtpField>,
    pub(super) value: &'a str,
}

/// For each line its field, or none; none for all of them where they are no KTP's.
pub(super) fn assign(rows: &[Row<'_>]) -> Vec<Option<KtpField>> {
    let (lines, fields) = (rows.len(), ORDER.len());
    // The best so far with so many lines and fields used up, and how it came there.
    let mut best = vec![vec![0.0_f32; fields + 1]; lines + 1];
    let mut pairs = vec![vec![Step::NoField; fields + 1]; lines + 1];
    for line in 0..=lines {
        for field in 0..=fields {
            let mut ways = Vec::with_capacity(3);
            if line > 0 {
                ways.push((best[line - 1][field] + LEFT_OUT, Step::NoField));
            }
            if field > 0 {
                ways.push((best[line][field - 1] + LEFT_OUT, Step::NoLine));
            }
            if line > 0 && field > 0 {
                let fits = fit(&rows[line - 1], ORDER[field - 1]);
                ways.push((best[line - 1][field - 1] + fits, Step::Pair));
            }
            if let Some((score, step)) = ways.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)) {
                (best[line][field], pairs[line][field]) = (score, step);
            }
        }
    }
    let (mut found, mut telling) = (vec![None; lines], 0);
    let (mut line, mut field) = (lines, fields);
    while line > 0 {
        match pairs[line][field] {
            Step::NoField => line -= 1,
            Step::NoLine => field -= 1,
            Step::Pair => {
                (line, field) = (line - 1, field - 1);
                found[line] = Some(ORDER[field]);
                telling += usize::from(fit(&rows[line], ORDER[field]) >= TELLING);
            }
        }
    }
    if telling < TELLING_LINES_MIN {
        found.fill(None);
    }
    found
}

#[derive(Clone, Copy)]
enum Step {
    /// The line is no field.
    NoField,
    /// The field has no line.
    NoLine,
    Pair,
}

/// How well a line holds what a field does.
fn fit(row: &Row<'_>, field: KtpField) -> f32 {
    if let Some(label) = row.label {
        return if label == field { LABELLED } else { -LABELLED };
    }
    let value = value_of(row.value);
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let letters = value.chars().filter(|c| c.is_alphabetic()).count();
    let known = |is: bool, yes: f32, no: f32| if is { yes } else { no };
    match field {
        KtpField::Province | KtpField::Regency => known(head_of(value) == Some(field), 5.0, -3.0),
        KtpField::Nik => match (digits, letters) {
            (16, 0) => 6.0,
            (12..=18, 0..=4) => 4.0,
            _ => -4.0,
        },
        KtpField::BirthDate => {
            let (place, date) = place_and_date(value);
            let is_date = card_date(&date).is_some();
            match (place.is_empty(), is_date) {
                (false, true) => 5.0,
                (false, false) if date.len() >= 6 && letters > 2 => 1.0,
                (true, true) => 0.5,
                _ => -2.0,
            }
        }
        KtpField::RtRw => known(value.contains('/') && (4..=8).contains(&digits) && letters <= 2, 5.0, -2.0),
        KtpField::ValidUntil => {
            let is_date = card_date(value).is_some();
            known(is_date || nearest(value, vocabulary(field)).is_some(), 4.0, -1.0)
        }
        KtpField::Sex | KtpField::Religion | KtpField::MaritalStatus | KtpField::Nationality => {
            known(nearest(value, vocabulary(field)).is_some(), 4.0, -1.5)
        }
        KtpField::Address => known(letters > 0 && digits < 12, 0.4, -1.5),
        KtpField::FullName | KtpField::Village | KtpField::District | KtpField::Occupation => {
            known(letters > 0 && digits == 0 && !is_telling(value), 0.5, -1.0)
        }
        KtpField::BirthPlace | KtpField::BloodType => LEFT_OUT * 2.0,
    }
}

/// Whether a text is a word of a field that has few.
fn is_telling(value: &str) -> bool {
    let fields = [
        KtpField::Sex,
        KtpField::Religion,
        KtpField::MaritalStatus,
        KtpField::Nationality,
        KtpField::ValidUntil,
    ];
    head_of(value).is_some() || fields.into_iter().any(|field| nearest(value, vocabulary(field)).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CARD: [(&str, KtpField); 15] = [
        ("PROVINSI DKI JAKARTA", KtpField::Province),
        ("KOTA JAKARTA PUSAT", KtpField::Regency),
        ("3171011708450001", KtpField::Nik),
        ("SITI NUR 'AINI", KtpField::FullName),
        ("JAKARTA, 17-08-1945", KtpField::BirthDate),
        ("PEREMPUAN", KtpField::Sex),
        ("JL. MAWAR NO. 5", KtpField::Address),
        ("001/002", KtpField::RtRw),
        ("GAMBIR", KtpField::Village),
        ("GAMBIR", KtpField::District),
        ("ISLAM", KtpField::Religion),
        ("BELUM KAWIN", KtpField::MaritalStatus),
        ("PELAJAR/MAHASISWA", KtpField::Occupation),
        ("WNI", KtpField::Nationality),
        ("SEUMUR HIDUP", KtpField::ValidUntil),
    ];

    fn assigned(lines: &[(&str, Option<KtpField>)]) -> Vec<Option<KtpField>> {
        assign(&lines.iter().map(|(value, label)| Row { label: *label, value }).collect::<Vec<_>>())
    }

    #[test]
    fn lines_take_the_order_of_the_card() {
        let lines: Vec<_> = CARD.iter().map(|(value, _)| (*value, None)).collect();
        let wanted: Vec<_> = CARD.iter().map(|(_, field)| Some(*field)).collect();
        assert_eq!(assigned(&lines), wanted);
    }

    /// One line fewer, wherever it is: no other loses its place, but where two without anything telling stand together.
    #[test]
    fn a_missing_line_moves_no_other() {
        for missing in 0..CARD.len() {
            let lines: Vec<_> = CARD
                .iter()
                .enumerate()
                .filter(|(at, _)| *at != missing)
                .map(|(_, (value, _))| (*value, None))
                .collect();
            let found = assigned(&lines);
            let others =
                CARD.iter().enumerate().filter(|(at, _)| *at != missing).map(|(_, (_, field))| *field);
            for (found, wanted) in found.iter().zip(others) {
                let alike = [KtpField::Village, KtpField::District].contains(&wanted);
                assert!(*found == Some(wanted) || alike, "without line {missing}: {found:?}, not {wanted:?}");
            }
        }
    }

    #[test]
    fn a_line_too_many_is_none_and_labels_say_more_than_places() {
        let mut lines: Vec<_> = CARD.iter().map(|(value, _)| (*value, None)).collect();
        lines.push(("JAKARTA PUSAT", None));
        assert_eq!(assigned(&lines).last(), Some(&None));
        let fields = [KtpField::FullName, KtpField::District, KtpField::Occupation].map(Some);
        assert_eq!(assigned(&[("BUDI", fields[0]), ("GAMBIR", fields[1]), ("TANI", fields[2])]), fields);
    }

    #[test]
    fn what_is_no_ktp_has_no_fields() {
        for page in
            [vec!["SURAT IZIN", "MENGEMUDI", "BUDI", "JAKARTA", "TANI"], vec!["ISLAM", "BUDI"], vec![]]
        {
            let lines: Vec<_> = page.iter().map(|line| (*line, None)).collect();
            assert_eq!(assigned(&lines), vec![None; page.len()], "{page:?}");
        }
    }
}
