//! A JSON array within a body, as the slices of the body that its items are, and no more of them than a bound allows:
//! nothing is allocated for what is refused. Each item's own rule belongs to its endpoint.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The items of an array.
///
/// # Errors
/// The words for a field error: not an array, or one of more items.
pub fn items(value: &RawValue, most: usize) -> Result<Vec<&RawValue>, String> {
    if !value.get().starts_with('[') {
        return Err("must be an array".to_owned());
    }
    let mut array = serde_json::Deserializer::from_str(value.get());
    let items = array.deserialize_seq(Items { most }).map_err(|_| "must be an array".to_owned())?;
    items.ok_or_else(|| format!("must have at most {most} items"))
}

struct Items {
    most: usize,
}

impl<'de> Visitor<'de> for Items {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while items.len() < self.most {
            match seq.next_element::<&'de RawValue>()? {
                Some(item) => items.push(item),
                None => return Ok(Some(items)),
            }
        }
        let is_more = seq.next_element::<IgnoredAny>()?.is_some();
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok((!is_more).then_some(items))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_items_as_may_be_are_taken_as_they_stand() {
        for (text, then) in [
            ("[]", Ok(vec![])),
            (r#"[ 1 , {"a":[1,2]}]"#, Ok(vec!["1", r#"{"a":[1,2]}"#])),
            ("[1,2,3]", Err("must have at most 2 items")),
            ("[1,2,3,4,5]", Err("must have at most 2 items")),
            ("{}", Err("must be an array")),
            ("7", Err("must be an array")),
        ] {
            let value = RawValue::from_string(text.to_owned()).expect("JSON");
            let taken = items(&value, 2).map(|items| items.into_iter().map(RawValue::get).collect());
            assert_eq!(taken, then.map_err(str::to_owned), "{text}");
        }
        let many = RawValue::from_string(format!("[{}1]", "1,".repeat(1_000_000))).expect("JSON");
        assert!(items(&many, 12).is_err());
    }
}
