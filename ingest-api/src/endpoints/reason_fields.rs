//! Why somebody decided so: the two fields that a close has as a review has them (sequence §2.7).

use domain::event::is_reason_code;
use domain::limits::{REASON_CODE_CHARS_MAX, REVIEW_NOTE_CHARS_MAX};
use domain::verdict::Reason;
use serde_json::{Value, json};

use crate::endpoints::fields;
use crate::endpoints::verification_review::submission;
use crate::serving::errors::FieldErrors;
use crate::serving::json::JsonObject;

/// What `reasonCode` is told that is none.
const NO_REASON_CODE: &str =
    "must be a lower-case letter and up to 63 more lower-case letters, digits and underscores";

/// The bank's own code.
pub(super) fn reason_code(object: &JsonObject<'_>, errors: &mut FieldErrors) -> Option<String> {
    submission::required(object, errors, "reasonCode", |text| {
        if is_reason_code(text) { Ok(text.to_owned()) } else { Err(NO_REASON_CODE) }
    })
}

/// The note, where there is one.
pub(super) fn note(object: &JsonObject<'_>, errors: &mut FieldErrors) -> Option<Reason> {
    fields::optional(object, errors, "note", submission::note).flatten()
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
