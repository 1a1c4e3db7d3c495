//! A capture's bundle as JSON (sequence §1.3, §1.4): taken up strictly, with everything that is wrong with it at once, and
//! nothing allocated for what is refused. What may be believed of it is the domain's to say; whether it is signed and in
//! time, `admission` asks.

pub mod admission;
mod claims;

use std::collections::BTreeMap;

use domain::capture::{CaptureBundle, CapturePlatform, CapturedAt, ChallengePurpose};
use domain::limits::{
    BUNDLE_TEXT_CHARS_MAX, CAPTURE_FRAMES_BYTES_MAX, CAPTURE_REST_BYTES_MAX, CAPTURE_TIME_MAX_MS,
    COLOR_TIMES_MAX, SDK_VERSION_CHARS_MAX,
};
use domain::photo::Photo;
use serde_json::value::RawValue;

use crate::endpoints::fields::{self, is_refused};
use crate::serving::errors::FieldErrors;
use crate::serving::json::{JsonObject, string};
use crate::serving::json_array::items;

/// Where a bundle stands in a body.
const PATH: &str = "bundle";

/// The version that there is.
const VERSION: &str = "1.0";

/// The fields of a card's bundle. Others are ignored and named with their path in `X-Ignored-Fields`.
const KTP_FIELDS: &[&str] = &[
    "version",
    "sdkVersion",
    "platform",
    "frames",
    "capturedAt",
    "signature",
    "flashChallengeNonce",
    "flashSamples",
    "frameTimes",
    "colorTimes",
    "ocrFields",
    "ocrConfidence",
];

/// Of a face's, as far as any purpose has them.
const FACE_FIELDS: &[&str] = KTP_FIELDS.split_at(10).0;

/// Takes a bundle out of a body. None where something is wrong, which then stands in `errors`.
pub fn parse(
    object: &mut JsonObject<'_>,
    errors: &mut FieldErrors,
    purpose: ChallengePurpose,
) -> Option<CaptureBundle> {
    let Some(value) = object.present(PATH) else {
        if !is_refused(errors, PATH) {
            errors.add(PATH, "is required");
        }
        return None;
    };
    let known = match purpose {
        ChallengePurpose::Ktp => KTP_FIELDS,
        ChallengePurpose::Face => FACE_FIELDS,
    };
    let mut nested = match JsonObject::nested(value, PATH, known) {
        Ok(nested) => nested,
        Err(wrong) => {
            errors.merge(wrong);
            return None;
        }
    };
    object.also_ignores(PATH, &nested);
    let found = std::mem::take(&mut nested.errors);
    let mut fields = BundleFields { object: nested, errors: found };
    let bundle = fields.bundle(value, purpose);
    let is_good = fields.errors.is_empty();
    errors.merge(fields.errors);
    bundle.filter(|_| is_good)
}

/// The fields of a bundle while they are taken up.
struct BundleFields<'a> {
    object: JsonObject<'a>,
    errors: FieldErrors,
}

impl<'a> BundleFields<'a> {
    fn bundle(&mut self, value: &RawValue, purpose: ChallengePurpose) -> Option<CaptureBundle> {
        let frames_length = self.object.get("frames").map_or(0, |frames| frames.get().len());
        if value.get().len() - frames_length > CAPTURE_REST_BYTES_MAX {
            let text = format!("must have at most {CAPTURE_REST_BYTES_MAX} bytes beside its frames");
            self.errors.add(PATH, text);
            // What is so large is not looked at.
            return None;
        }
        let version = self.required("version", |value| match string(value)?.as_ref() {
            VERSION => Ok(()),
            _ => Err(format!("must be {VERSION}")),
        });
        let sdk_version = self.optional("sdkVersion", |value| text(value, SDK_VERSION_CHARS_MAX));
        let platform = self.required("platform", |value| {
            let words = || CapturePlatform::ALL.map(CapturePlatform::as_str).join(", ");
            CapturePlatform::parse(&string(value)?).ok_or_else(|| format!("must be one of {}", words()))
        });
        let frames = self.frames(purpose);
        let captured_at = self.required("capturedAt", |value| {
            let text = text(value, BUNDLE_TEXT_CHARS_MAX)?;
            CapturedAt::parse(&text).ok_or_else(|| "must be a time of RFC 3339".to_owned())
        });
        let signature = self.required("signature", |value| text(value, BUNDLE_TEXT_CHARS_MAX));
        let nonce = self.required("flashChallengeNonce", |value| text(value, BUNDLE_TEXT_CHARS_MAX));
        let flash_samples = claims::flash_samples(self);
        let frame_times_ms = self.frame_times(frames.as_ref().map(Vec::len), purpose);
        let color_times_ms = self.times("colorTimes", COLOR_TIMES_MAX).unwrap_or_default();
        let (ocr_fields, ocr_confidence) = match purpose {
            ChallengePurpose::Ktp => (claims::ocr_fields(self), claims::ocr_confidence(self)),
            ChallengePurpose::Face => (BTreeMap::new(), None),
        };
        version?;
        Some(CaptureBundle {
            sdk_version,
            platform: platform?,
            frames: frames?,
            captured_at: captured_at?,
            signature: signature?,
            nonce: nonce?,
            flash_samples,
            frame_times_ms,
            color_times_ms,
            ocr_fields,
            ocr_confidence,
        })
    }

    fn refuse(&mut self, name: &str, text: impl Into<String>) {
        self.errors.add(&format!("{PATH}.{name}"), text);
    }

    /// Whether the field was sent twice.
    fn is_refused(&self, name: &str) -> bool {
        is_refused(&self.errors, &format!("{PATH}.{name}"))
    }

    fn optional<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        let parsed = parse(self.object.present(name)?);
        parsed.map_err(|wrong| self.refuse(name, wrong)).ok()
    }

    fn required<T>(
        &mut self,
        name: &str,
        parse: impl FnOnce(&'a RawValue) -> Result<T, String>,
    ) -> Option<T> {
        if self.object.present(name).is_none() && !self.is_refused(name) {
            self.refuse(name, "is required");
        }
        self.optional(name, parse)
    }

    /// The frames, each by the rule of its place. None where one is wrong.
    fn frames(&mut self, purpose: ChallengePurpose) -> Option<Vec<Photo>> {
        let sent = self.required("frames", |value| items(value, purpose.frames_max()))?;
        if sent.is_empty() {
            self.refuse("frames", "must have at least one item");
            return None;
        }
        let mut frames = Vec::with_capacity(sent.len());
        for (place, value) in sent.iter().enumerate() {
            let bytes = fields::picture_bytes(value, purpose.frame_bytes_max(place));
            let parse = |bytes| purpose.parse_frame(place, bytes).map_err(|fault| fault.to_string());
            match bytes.and_then(parse) {
                Ok(frame) => frames.push(frame),
                Err(wrong) => self.refuse(&format!("frames[{place}]"), wrong),
            }
        }
        let together: usize = frames.iter().map(|frame| frame.as_bytes().len()).sum();
        if together > CAPTURE_FRAMES_BYTES_MAX {
            let text = format!("must have at most {CAPTURE_FRAMES_BYTES_MAX} bytes together before base64");
            self.refuse("frames", text);
        }
        if frames.len() < sent.len() {
            return None;
        }
        if let Some(place) = purpose.frame_of_other_size(&frames) {
            let text = "must be of the size of the other frames that the colours were shown to";
            self.refuse(&format!("frames[{place}]"), text);
        }
        Some(frames)
    }

    /// When the frames were taken; those that the colours were shown to, in their order.
    fn frame_times(&mut self, frames: Option<usize>, purpose: ChallengePurpose) -> Option<Vec<u32>> {
        let times = self.times("frameTimes", purpose.frames_max())?;
        if frames.is_some_and(|frames| frames != times.len()) {
            self.refuse("frameTimes", "must have one time for each frame");
        }
        if !times.iter().skip(purpose.first_flash_frame()).is_sorted() {
            self.refuse("frameTimes", "must not go back from one frame to the next");
        }
        Some(times)
    }

    /// Times within a capture; each that is wrong is named.
    fn times(&mut self, name: &str, most: usize) -> Option<Vec<u32>> {
        let sent = self.optional(name, |value| items(value, most))?;
        let mut times = Vec::with_capacity(sent.len());
        for (place, value) in sent.iter().enumerate() {
            match fields::whole_number(value, 0..=CAPTURE_TIME_MAX_MS) {
                Ok(time) => times.push(time),
                Err(wrong) => self.refuse(&format!("{name}[{place}]"), wrong),
            }
        }
        (times.len() == sent.len()).then_some(times)
    }
}

/// A text of so many characters at most, and of one at least.
fn text(value: &RawValue, most: usize) -> Result<String, String> {
    let text = string(value)?;
    if text.is_empty() || text.chars().nth(most).is_some() {
        return Err(format!("must be 1 to {most} characters"));
    }
    if text.chars().any(char::is_control) {
        return Err("must not have control characters".to_owned());
    }
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests;
