//! The NIK in what was opened: the digits themselves, or a card's text with them. What is none is nothing here: it was judged
//! by whoever sealed it.

use std::borrow::Cow;

use domain::nik::Nik;
use domain::sealed::Field;
use serde::Deserialize;

use crate::limits::CARD_TEXT_BYTES_MAX;

/// Of a card's text, as the API seals it, what is looked at: the rest is skipped.
#[derive(Deserialize)]
struct CardText<'a> {
    #[serde(borrow)]
    nik: Option<ReadField<'a>>,
}

#[derive(Deserialize)]
struct ReadField<'a> {
    // Digits have no escapes; a text with some is copied and is no NIK.
    #[serde(borrow)]
    text: Cow<'a, str>,
}

/// The NIK in the field's plaintext, when it has one.
pub(crate) fn nik_in(field: Field, plain: &[u8]) -> Option<Nik> {
    match field {
        Field::Nik => Nik::parse(std::str::from_utf8(plain).ok()?),
        Field::KtpText if plain.len() <= CARD_TEXT_BYTES_MAX => {
            let text: CardText<'_> = serde_json::from_slice(plain).ok()?;
            Nik::parse(text.nik?.text.trim())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nik_is_found_where_there_is_one() {
        let digits = Some("3171011708450001");
        for (field, plain, nik) in [
            (Field::Nik, "3171011708450001", digits),
            (Field::Nik, "317101170845000", None),
            (
                Field::KtpText,
                r#"{"nik":{"text":"3171011708450001","confidence":0.98},"sex":{"text":"L"}}"#,
                digits,
            ),
            (Field::KtpText, r#"{"nik":{"text":"31710117O8450001"}}"#, None),
            (Field::KtpText, r#"{"sex":{"text":"L"}}"#, None),
            (Field::KtpText, "not JSON", None),
            (Field::Reason, "3171011708450001", None),
        ] {
            assert_eq!(nik_in(field, plain.as_bytes()).as_ref().map(Nik::as_str), nik, "{plain}");
        }
    }
}
