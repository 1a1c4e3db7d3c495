//! Why somebody decided so: the two fields that a review and a close have alike (sequence §2.7).

use std::borrow::Cow;

use domain::event::is_reason_code;
use domain::limits::{REASON_CODE_CHARS_MAX, REVIEW_NOTE_CHARS_MAX};
use domain::verdict::Reason;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::endpoints::fields;
use crate::serving::errors::FieldErrors;
use crate::serving::json::{JsonObject, string};
use crate::serving::wiped_body::wipe;

/// What `reasonCode` is told that is none.
const NO_REASON_CODE: &str =
    "must be a lower-case letter and up to 63 more lower-case letters, digits and underscores";

/// A text that must be there; `null` is none.
pub(super) fn required<T>(
    object: &JsonObject<'_>,
    errors: &mut FieldErrors,
    name: &str,
    parse: impl FnOnce(&str) -> Result<T, &'static str>,
) -> Option<T> {
    let was_sent = object.present(name).is_some() || fields::is_refused(errors, name);
    let parsed = fields::optional(object, errors, name, |value| {
        let text: Cow<'_, str> = string(value)?;
        parse(&text).map_err(str::to_owned)
    });
    if !was_sent {
        errors.add(name, "is required");
    }
    parsed
}

/// The bank's own code.
pub(super) fn reason_code(object: &JsonObject<'_>, errors: &mut FieldErrors) -> Option<String> {
    required(object, errors, "reasonCode", |text| {
        if is_reason_code(text) { Ok(text.to_owned()) } else { Err(NO_REASON_CODE) }
    })
}

/// The note, where there is one.
pub(super) fn note(object: &JsonObject<'_>, errors: &mut FieldErrors) -> Option<Reason> {
    fields::optional(object, errors, "note", note_text).flatten()
}

/// By the rule of a verdict's reason: up to 500 characters after trimming, no control characters but tab and newline.
fn note_text(value: &RawValue) -> Result<Option<Reason>, String> {
    let text = string(value)?;
    let note = Reason::parse(&text).map_err(|wrong| wrong.to_string());
    wipe(text);
    note
}

/// The code's rule, for the description of the API.
pub(super) fn reason_code_rule(description: &str) -> Value {
    json!({
        "type": "string",
        "pattern": format!("^[a-z][a-z0-9_]{{0,{}}}$", REASON_CODE_CHARS_MAX - 1),
        "description": description,
    })
}

/// The note's rule, for the description of the API.
pub(super) fn note_rule() -> Value {
    json!({
        "type": ["string", "null"],
        "description": format!(
            "At most {REVIEW_NOTE_CHARS_MAX} characters after trimming, no control characters but tab and newline. Kept \
             sealed, and never returned."
        ),
    })
}
