//! Fields that several endpoints have, each with its rule (contract §2). What only one endpoint has is parsed there.

use std::ops::RangeInclusive;

use bytes::Bytes;
use domain::ids::CustomerId;
use domain::limits::PHOTO_BYTES_MAX;
use domain::photo::{Photo, PhotoError};
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use crate::serving::errors::FieldErrors;
use crate::serving::json::{JsonObject, string};
use crate::serving::wiped_body::wipe;

/// What `dryRun` is told where we decide ourselves (sequence §1.2).
pub(super) const NO_DRY_RUN: &str = "is not taken here: it would tell what another try must change";

/// Whether a field has an error already; of the top level, that is one that was sent twice.
pub(super) fn is_refused(errors: &FieldErrors, name: &str) -> bool {
    errors.field(name).is_some()
}

/// Whom a request is about. None also for an id that is not one that we ever mint: it names nobody, and that is a 404.
pub(super) fn customer_id(object: &JsonObject<'_>, errors: &mut FieldErrors) -> Option<CustomerId> {
    match object.get("customerId").map(string) {
        Some(Ok(text)) if text.is_empty() => {
            errors.add("customerId", "must not be empty");
            None
        }
        Some(Ok(text)) => CustomerId::parse(&text).ok(),
        Some(Err(wrong)) => {
            errors.add("customerId", wrong);
            None
        }
        None => {
            if !is_refused(errors, "customerId") {
                errors.add("customerId", "is required");
            }
            None
        }
    }
}

/// An optional field by its rule, `null` counting as absent.
pub(super) fn optional<T>(
    object: &JsonObject<'_>,
    errors: &mut FieldErrors,
    name: &str,
    parse: impl FnOnce(&RawValue) -> Result<T, String>,
) -> Option<T> {
    match parse(object.present(name)?) {
        Ok(value) => Some(value),
        Err(wrong) => {
            errors.add(name, wrong);
            None
        }
    }
}

/// A whole number within a range, written as one: `5`, neither `5.0` nor `5e0`.
pub(super) fn whole_number(value: &RawValue, range: RangeInclusive<u32>) -> Result<u32, String> {
    // JSON does not tell 7 from 7.0 (RFC 8259 §6), nor does its schema; a float holds every u32.
    let number = value.get().parse::<f64>().ok().filter(|number| number.fract() == 0.0);
    let number = number.filter(|number| (0.0..=f64::from(u32::MAX)).contains(number));
    let number = number.map(|number| number as u32).filter(|number| range.contains(number));
    number.ok_or_else(|| format!("must be a whole number from {} to {}", range.start(), range.end()))
}

/// A photo: WHATWG's forgiving base64 (Infra standard §7), with or without a data URL's prefix. Its size is
/// bounded before it is decoded.
pub(super) fn photo(value: &RawValue) -> Result<Photo, String> {
    Photo::parse(picture_bytes(value, PHOTO_BYTES_MAX)?).map_err(|wrong| wrong.to_string())
}

/// The bytes of a picture of at most so many, wiped with their last handle.
pub(super) fn picture_bytes(value: &RawValue, bytes_max: usize) -> Result<Bytes, String> {
    let text = string(value)?;
    let base64 = without_prefix(&text).as_bytes();
    // Characters of the largest, with padding.
    let base64_max = bytes_max.div_ceil(3) * 4;
    let space = |byte: &&u8| byte.is_ascii_whitespace();
    if base64.len() > base64_max && base64.len() - base64.iter().filter(space).count() > base64_max {
        return Err(PhotoError::TooManyBytes { max: bytes_max }.to_string());
    }
    let bytes = base64_simd::forgiving_decode_to_vec(base64).map_err(|_| NOT_BASE64.to_owned())?;
    wipe(text);
    Ok(Bytes::from_owner(Zeroizing::new(bytes)))
}

/// The words for a photo that does not decode.
const NOT_BASE64: &str = "must be base64, or a data URL of image/jpeg, image/jpg or image/png with ;base64";

/// What a data URL may say the photo is; what it is, its content says.
const DATA_URL_TYPES: [&str; 3] = ["image/jpeg", "image/jpg", "image/png"];

/// The base64 of a data URL (RFC 2397, as the Fetch standard reads it): a type, perhaps parameters, `;base64`, in any
/// case of letters. Anything else stays as it is, and is no base64 then.
fn without_prefix(text: &str) -> &str {
    let Some((scheme, rest)) = text.split_at_checked("data:".len()) else { return text };
    if !scheme.eq_ignore_ascii_case("data:") {
        return text;
    }
    let Some((described, base64)) = rest.split_once(',') else { return text };
    let Some((described, coding)) = described.rsplit_once(';') else { return text };
    let kind = described.split(';').next().unwrap_or_default().trim_ascii();
    let is_photo = DATA_URL_TYPES.iter().any(|known| known.eq_ignore_ascii_case(kind));
    if is_photo && coding.trim_ascii().eq_ignore_ascii_case("base64") { base64 } else { text }
}
