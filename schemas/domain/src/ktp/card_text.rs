//! One reading of a card: per field the text and how sure the reader is. Personal data: never printed, wiped when it is
//! dropped. Not here: whether two readings agree.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

use super::KtpField;
use crate::capture::Measure;
use crate::nik::Nik;

/// What was read in a field.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldText {
    text: Zeroizing<String>,
    confidence: Option<Measure>,
}

impl FieldText {
    /// The text, without spaces around it and with single ones in it. None where nothing is left.
    pub fn new(text: &str, confidence: Option<Measure>) -> Option<Self> {
        let words = text.split_whitespace();
        let text = Zeroizing::new(words.collect::<Vec<_>>().join(" "));
        (!text.is_empty()).then_some(Self { text, confidence })
    }

    /// What stands there.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How sure the reader is, 0 to 1; none where it does not say.
    pub fn confidence(&self) -> Option<Measure> {
        self.confidence
    }
}

impl fmt::Debug for FieldText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FieldText({} characters)", self.text.chars().count())
    }
}

/// What a reading of a card says. Fields that could not be read are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CardText {
    fields: BTreeMap<KtpField, FieldText>,
}

impl CardText {
    /// Puts a field's text in; of two the later counts.
    pub fn put(&mut self, field: KtpField, text: FieldText) {
        self.fields.insert(field, text);
    }

    /// A field's text.
    pub fn get(&self, field: KtpField) -> Option<&str> {
        self.fields.get(&field).map(FieldText::text)
    }

    /// A field's text and how sure it is.
    pub fn field(&self, field: KtpField) -> Option<&FieldText> {
        self.fields.get(&field)
    }

    /// What was read, in the card's order: what is sealed.
    pub fn fields(&self) -> impl Iterator<Item = (KtpField, &FieldText)> {
        self.fields.iter().map(|(field, text)| (*field, text))
    }

    /// Whether nothing was read.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    /// Its NIK, if what stands there are sixteen digits; spaces among them do not count.
    pub fn nik(&self) -> Option<Nik> {
        let text = self.get(KtpField::Nik)?;
        Nik::parse(&Zeroizing::new(text.split_whitespace().collect::<String>()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_are_folded_and_nothing_is_printed() {
        let text = FieldText::new("  SITI \t NUR\n'AINI ", Measure::of(0.97)).expect("a text");
        assert_eq!(text.text(), "SITI NUR 'AINI");
        let mut card = CardText::default();
        card.put(KtpField::FullName, text);
        assert_eq!(format!("{card:?}").matches("AINI").count(), 0, "{card:?}");
        assert_eq!(FieldText::new(" \t", None), None);
    }

    #[test]
    fn a_nik_is_sixteen_digits() {
        for (read, is_one) in [
            ("3171011708450001", true),
            ("317101 170845 0001", true),
            ("317101170845000", false),
            ("31710117084500O1", false),
            ("NIK 3171011708450001", false),
        ] {
            let mut card = CardText::default();
            card.put(KtpField::Nik, FieldText::new(read, None).expect("a text"));
            assert_eq!(card.nik().is_some(), is_one, "{read}");
        }
    }
}
