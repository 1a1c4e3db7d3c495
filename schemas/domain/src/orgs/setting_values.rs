//! What an org's settings may be set to: each kind with its texts. A value has one text, so that what a record holds can
//! be compared.

use std::fmt;

/// Which values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingKind {
    /// From 0 to 1, in thousandths.
    Share,
    /// A whole number.
    Count {
        /// From here on.
        least: u32,
        /// To here.
        most: u32,
    },
    /// One of those words.
    OneOf(&'static [&'static str]),
    /// One or several of those words.
    SomeOf(&'static [&'static str]),
}

/// What a setting is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SettingValue {
    /// A share.
    Share {
        /// In thousandths.
        milli: u32,
    },
    /// A whole number.
    Count(u32),
    /// A word.
    Word(&'static str),
    /// Words, in the order of their kind.
    Words(Vec<&'static str>),
}

impl SettingKind {
    /// The value of that text; none where it is no text of the kind.
    pub fn parse(self, text: &str) -> Option<SettingValue> {
        match self {
            Self::Share => share_milli(text).map(|milli| SettingValue::Share { milli }),
            Self::Count { least, most } => {
                let count = text.parse().ok().filter(|count: &u32| count.to_string() == text)?;
                (least..=most).contains(&count).then_some(SettingValue::Count(count))
            }
            Self::OneOf(words) => words.iter().copied().find(|word| *word == text).map(SettingValue::Word),
            Self::SomeOf(words) => {
                let named: Vec<&str> = text.split(',').map(str::trim).collect();
                let is_good = named.iter().all(|word| words.contains(word));
                let chosen = || words.iter().copied().filter(|word| named.contains(word)).collect();
                is_good.then(|| SettingValue::Words(chosen()))
            }
        }
    }
}

/// A decimal of one form alone, as somebody types it: no sign, no exponent, at most three decimals.
fn share_milli(text: &str) -> Option<u32> {
    let (whole, decimals) = match text.split_once('.') {
        Some((whole, decimals)) if (1..=3).contains(&decimals.len()) => (whole, decimals),
        Some(_) => return None,
        None => (text, "0"),
    };
    if !matches!(whole, "0" | "1") || !decimals.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let milli: u32 = format!("{whole}{decimals:0<3}").parse().ok()?;
    (milli <= 1_000).then_some(milli)
}

/// What the kind takes, in words.
impl fmt::Display for SettingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share => f.write_str("a number from 0 to 1 with at most three decimals"),
            Self::Count { least, most } => write!(f, "a whole number from {least} to {most}"),
            Self::OneOf(words) => write!(f, "one of {}", words.join(", ")),
            Self::SomeOf(words) => write!(f, "one or several of {}, with commas", words.join(", ")),
        }
    }
}

/// The text that stands in records.
impl fmt::Display for SettingValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share { milli } => write!(f, "{}", f64::from(*milli) / 1_000.0),
            Self::Count(count) => write!(f, "{count}"),
            Self::Word(word) => f.write_str(word),
            Self::Words(words) => f.write_str(&words.join(",")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: &[&str] = &["off", "low", "all"];

    #[test]
    fn a_text_of_its_kind_is_a_value_with_one_text() {
        let count = SettingKind::Count { least: 1, most: 60 };
        for (kind, text, written) in [
            (SettingKind::Share, "0", "0"),
            (SettingKind::Share, "1", "1"),
            (SettingKind::Share, "1.000", "1"),
            (SettingKind::Share, "0.001", "0.001"),
            (SettingKind::Share, "0.45", "0.45"),
            (SettingKind::Share, "0.990", "0.99"),
            (count, "1", "1"),
            (count, "60", "60"),
            (SettingKind::OneOf(WORDS), "low", "low"),
            (SettingKind::SomeOf(WORDS), "all", "all"),
            (SettingKind::SomeOf(WORDS), "all, off,all", "off,all"),
        ] {
            let value = kind.parse(text).unwrap_or_else(|| panic!("{kind:?} {text:?}"));
            assert_eq!(value.to_string(), written, "{kind:?} {text:?}");
            assert_eq!(kind.parse(written), Some(value), "{kind:?} {text:?}");
        }
        for milli in 0..=1_000 {
            let value = SettingValue::Share { milli };
            assert_eq!(SettingKind::Share.parse(&value.to_string()), Some(value));
        }
    }

    #[test]
    fn another_text_is_none() {
        let shares = [
            "", "-0.5", "+0.5", "1.001", "2", "10", "00.5", "0.4567", ".5", "1.", "0,5", "5e-1", "NaN",
            "0.5 ",
        ];
        let counts = ["", "0", "61", "-1", "+1", "01", "1.0", "4294967297"];
        for (kind, texts) in [
            (SettingKind::Share, &shares[..]),
            (SettingKind::Count { least: 1, most: 60 }, &counts),
            (SettingKind::OneOf(WORDS), &["", "Low", "high", "low,all"]),
            (SettingKind::SomeOf(WORDS), &["", ",", "low,", "low,high", "low all"]),
        ] {
            for text in texts {
                assert_eq!(kind.parse(text), None, "{kind:?} {text:?}");
            }
        }
    }

    #[test]
    fn a_kind_says_what_it_takes() {
        for (kind, words) in [
            (SettingKind::Share, "a number from 0 to 1 with at most three decimals"),
            (SettingKind::Count { least: 1, most: 60 }, "a whole number from 1 to 60"),
            (SettingKind::OneOf(WORDS), "one of off, low, all"),
            (SettingKind::SomeOf(WORDS), "one or several of off, low, all, with commas"),
        ] {
            assert_eq!(kind.to_string(), words);
        }
    }
}
