//! What a client says that it measured and read (sequence §1.5): recorded, and never taken for evidence.

use std::collections::BTreeMap;

use domain::capture::FlashSample;
use domain::limits::{
    CAPTURE_TIME_MAX_MS, FLASH_SAMPLES_MAX, OCR_FIELDS_MAX, OCR_NAME_CHARS_MAX, OCR_VALUE_CHARS_MAX,
};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::BundleFields;
use crate::endpoints::fields::whole_number;
use crate::serving::json::JsonObject;
use crate::serving::json_array::items;

/// The samples; each that is wrong is named.
pub(super) fn flash_samples(fields: &mut BundleFields<'_>) -> Vec<FlashSample> {
    let Some(sent) = fields.optional("flashSamples", |value| items(value, FLASH_SAMPLES_MAX)) else {
        return Vec::new();
    };
    let mut samples = Vec::with_capacity(sent.len());
    for (place, value) in sent.into_iter().enumerate() {
        match flash_sample(value) {
            Some(sample) => samples.push(sample),
            None => {
                let text = format!(
                    "must have tMs, a whole number from 0 to {CAPTURE_TIME_MAX_MS}, and meanR, meanG and meanB, numbers \
                     from 0 to 255"
                );
                fields.refuse(&format!("flashSamples[{place}]"), text);
            }
        }
    }
    samples
}

fn flash_sample(value: &RawValue) -> Option<FlashSample> {
    let sample = JsonObject::nested(value, "", &["tMs", "meanR", "meanG", "meanB"]).ok()?;
    let mean = |name| number(sample.get(name)?, 255.0);
    let t_ms = whole_number(sample.get("tMs")?, 0..=CAPTURE_TIME_MAX_MS).ok()?;
    Some(FlashSample { t_ms, mean: [mean("meanR")?, mean("meanG")?, mean("meanB")?] })
}

/// A number from 0 to that one.
fn number(value: &RawValue, most: f64) -> Option<f64> {
    let number: f64 = serde_json::from_str(value.get()).ok()?;
    (0.0..=most).contains(&number).then_some(number)
}

/// How sure the client says it is, 0 to 1 or in percent: nothing is done with it.
pub(super) fn ocr_confidence(fields: &mut BundleFields<'_>) -> Option<f64> {
    fields.optional("ocrConfidence", |value| {
        number(value, 100.0).ok_or_else(|| "must be a number from 0 to 100".to_owned())
    })
}

/// What it read, by field.
pub(super) fn ocr_fields(fields: &mut BundleFields<'_>) -> BTreeMap<String, String> {
    fields
        .optional("ocrFields", |value| match serde_json::from_str::<OcrFields>(value.get()) {
            Ok(OcrFields(Ok(fields))) => Ok(fields),
            Ok(OcrFields(Err(wrong))) => Err(wrong),
            Err(_) => Err("must be an object of texts".to_owned()),
        })
        .unwrap_or_default()
}

/// An object of texts within its bounds, or what is wrong with it. No name is told in that: it could be a value.
struct OcrFields(Result<BTreeMap<String, String>, String>);

impl<'de> Deserialize<'de> for OcrFields {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Fields).map(Self)
    }
}

struct Fields;

impl<'de> Visitor<'de> for Fields {
    type Value = Result<BTreeMap<String, String>, String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, String>()? {
            let wrong = if fields.len() == OCR_FIELDS_MAX {
                Some(format!("must have at most {OCR_FIELDS_MAX} fields"))
            } else if fields.contains_key(&name) {
                Some("must have each name once".to_owned())
            } else {
                wrong_text(&name, OCR_NAME_CHARS_MAX, "name", "=")
                    .or_else(|| wrong_text(&value, OCR_VALUE_CHARS_MAX, "value", ""))
            };
            if let Some(wrong) = wrong {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                return Ok(Err(wrong));
            }
            fields.insert(name, value);
        }
        Ok(Ok(fields))
    }
}

/// Two lists of fields must never be one signed text: so no line breaks, and no `=` in a name.
fn wrong_text(text: &str, most: usize, what: &str, refused: &str) -> Option<String> {
    if text.chars().nth(most).is_some() {
        Some(format!("must have at most {most} characters in each {what}"))
    } else if text.chars().any(|c| c.is_control() || refused.contains(c)) {
        Some(format!("must have no control characters in a {what}, and no = in a name"))
    } else {
        None
    }
}
