//! What a phone says that it read on the card (`ocrFields`): a claim, which is held against our own reading where there
//! is one. Not here: its limits, which the bundle's parsing keeps.

use std::collections::BTreeMap;

use super::{CardText, FieldText, KtpField};

/// A phone's reading. Its confidence is a claim too, and not kept here.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClientText(CardText);

impl ClientText {
    /// Takes the fields that are known, by their own word or another that phones use; of two for one field its own word
    /// counts, else the first in the order of the words. What is no field of a KTP is left out.
    pub fn of(ocr_fields: &BTreeMap<String, String>) -> Self {
        let mut card = CardText::default();
        let known = ocr_fields.iter().filter_map(|(word, text)| {
            let field = KtpField::parse(word)?;
            Some((field, field.as_str() == word, FieldText::new(text, None)?))
        });
        for (field, is_own_word, text) in known {
            if is_own_word || card.get(field).is_none() {
                card.put(field, text);
            }
        }
        Self(card)
    }

    /// As a reading.
    pub fn card(&self) -> &CardText {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_words_are_taken_and_our_own_goes_first() {
        let given = |pairs: &[(&str, &str)]| {
            let pairs = pairs.iter().map(|(word, text)| ((*word).to_owned(), (*text).to_owned()));
            ClientText::of(&pairs.collect())
        };
        for (pairs, field, text) in [
            (vec![("nama", "BUDI")], KtpField::FullName, Some("BUDI")),
            (vec![("fullName", "BUDI"), ("nama", "ANI")], KtpField::FullName, Some("BUDI")),
            (vec![("nama", "ANI"), ("fullName", "BUDI")], KtpField::FullName, Some("BUDI")),
            (vec![("tanggalLahir", " 17-08-1945 ")], KtpField::BirthDate, Some("17-08-1945")),
            (vec![("fullName", " ")], KtpField::FullName, None),
            (vec![("hobby", "CATUR")], KtpField::Occupation, None),
        ] {
            assert_eq!(given(&pairs).card().get(field), text, "{pairs:?}");
        }
    }
}
