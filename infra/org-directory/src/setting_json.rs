//! A setting's value in JSON, the same in commands and in the API.

use domain::orgs::SettingValue;
use serde_json::Value;

/// A share and a count as numbers, words as texts; `null` where nothing is asked for.
pub fn setting_json(value: Option<&SettingValue>) -> Value {
    match value {
        None => Value::Null,
        Some(SettingValue::Share { milli }) => (f64::from(*milli) / 1_000.0).into(),
        Some(SettingValue::Count(count)) => (*count).into(),
        Some(SettingValue::Word(word)) => (*word).into(),
        Some(SettingValue::Words(words)) => words.clone().into(),
    }
}

#[cfg(test)]
mod tests {
    use domain::orgs::SettingKind;
    use serde_json::json;

    use super::*;

    #[test]
    fn each_kind_of_value_has_its_form() {
        const WORDS: &[&str] = &["low", "all"];
        for (kind, text, wanted) in [
            (SettingKind::Share, "0.45", json!(0.45)),
            (SettingKind::Count { least: 1, most: 60 }, "10", json!(10)),
            (SettingKind::OneOf(WORDS), "all", json!("all")),
            (SettingKind::SomeOf(WORDS), "all,low", json!(["low", "all"])),
        ] {
            assert_eq!(setting_json(kind.parse(text).as_ref()), wanted);
        }
        assert_eq!(setting_json(None), Value::Null);
    }
}
