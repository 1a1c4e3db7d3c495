//! What a caller sends, once it is known to be good: a verdict and its parts, and the parts of a
//! registration. A value of these types cannot be invalid. Taking JSON and base64 apart belongs to the HTTP
//! front end; what stands in a log belongs to `event`.
//!
//! Each part is personal data in clear, so no `Debug` here shows content, no error repeats any, and what is
//! dropped is wiped. The
//! errors' texts are the ones that `details.fieldErrors` shows.

use std::fmt;

use bytes::Bytes;
use memchr::memchr2;
use zeroize::{Zeroize as _, Zeroizing};

use crate::classify::{self, ReasonCategory};
use crate::limits::{
    EXTERNAL_ID_CHARS_MAX, FULL_NAME_CHARS_MAX, RAW_BYTES_MAX, RAW_NESTING_MAX, REASON_CHARS_MAX,
};
use crate::photo::Photo;

/// A character takes four bytes of UTF-8 at most, so a text of more bytes than that need not be counted.
fn longer_than(text: &str, chars_max: usize) -> bool {
    text.len() > chars_max && (text.len() > 4 * chars_max || text.chars().count() > chars_max)
}

// ------------------------------------------------------------------------------------------------- reason

/// Why a text is not a reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReasonError {
    /// More than [`REASON_CHARS_MAX`] characters are left after trimming.
    #[error("must be at most {max} characters", max = REASON_CHARS_MAX)]
    TooLong,
    /// A control character other than tab and newline; a carriage return is one too.
    #[error("must have no control characters except tab and newline (\\t and \\n)")]
    ControlCharacter,
}

/// Why Dukcapil decided as it did, in its own words; 1–500 characters.
#[derive(Clone, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl Reason {
    /// Takes a text for a reason, without the white space around it; `None` when nothing else is in it.
    ///
    /// # Errors
    /// [`ReasonError`]: what is left is too long, or has a control character in it.
    pub fn parse(text: &str) -> Result<Option<Self>, ReasonError> {
        let text = text.trim();
        if longer_than(text, REASON_CHARS_MAX) {
            return Err(ReasonError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && c != '\t' && c != '\n') {
            return Err(ReasonError::ControlCharacter);
        }
        Ok((!text.is_empty()).then(|| Self(text.into())))
    }

    /// The reason as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its category, by [`classify::CLASSIFIER_VERSION`].
    pub fn category(&self) -> ReasonCategory {
        classify::classify(&self.0)
    }
}

impl Drop for Reason {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reason({} bytes)", self.0.len())
    }
}

// ---------------------------------------------------------------------------------------------------- raw

/// Why a JSON text is not a raw document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// Another kind of JSON value.
    #[error("must be a JSON object")]
    NotAnObject,
    /// More than [`RAW_BYTES_MAX`] bytes.
    #[error("must be at most {max} bytes of JSON", max = RAW_BYTES_MAX)]
    TooManyBytes,
    /// Objects and arrays within each other, more than [`RAW_NESTING_MAX`] of them.
    #[error("must be nested at most {max} levels deep", max = RAW_NESTING_MAX)]
    TooDeep,
}

/// The registry's raw answer: a JSON object, byte for byte as it was sent. Cheap to clone; wiped with the last
/// handle.
#[derive(Clone, PartialEq, Eq)]
pub struct RawDocument(Bytes);

impl RawDocument {
    /// Takes the text of one valid JSON value for a raw document if it is an object. White space around it
    /// is kept like any other. On a text that is not JSON the answer means nothing, but there is one.
    ///
    /// # Errors
    /// [`RawError`]: not an object, too many bytes, nested too deep; in this order.
    pub fn parse(json: &str) -> Result<Self, RawError> {
        if !json.trim_ascii_start().starts_with('{') {
            return Err(RawError::NotAnObject);
        }
        if json.len() > RAW_BYTES_MAX {
            return Err(RawError::TooManyBytes);
        }
        if nested_deeper_than(json.as_bytes(), RAW_NESTING_MAX) {
            return Err(RawError::TooDeep);
        }
        Ok(Self(Bytes::from_owner(Zeroizing::new(json.as_bytes().to_vec()))))
    }

    /// The document as it was sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether objects and arrays stand within each other more than so many deep.
    pub fn is_nested_deeper_than(&self, levels_max: usize) -> bool {
        nested_deeper_than(&self.0, levels_max)
    }

    /// The document as it was sent, shared.
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl fmt::Debug for RawDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawDocument({} bytes)", self.0.len())
    }
}

/// One pass without recursion, so no document can exhaust the stack.
fn nested_deeper_than(json: &[u8], levels_max: usize) -> bool {
    let mut depth: usize = 0;
    let mut at = 0;
    while let Some(&byte) = json.get(at) {
        at += 1;
        match byte {
            b'"' => at = string_end(json, at),
            b'{' | b'[' => {
                depth += 1;
                if depth > levels_max {
                    return true;
                }
            }
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

/// Where the string ends whose first character stands here, past its closing quote.
fn string_end(json: &[u8], mut at: usize) -> usize {
    loop {
        let Some(found) = json.get(at..).and_then(|rest| memchr2(b'"', b'\\', rest)) else {
            return json.len();
        };
        at += found;
        if json[at] == b'"' {
            return at + 1;
        }
        // The escaped character, a quote or another backslash perhaps, ends nothing.
        at += 2;
    }
}

// ------------------------------------------------------------------------------------------- registration

/// Why a text is not a full name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FullNameError {
    /// Nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More than [`FULL_NAME_CHARS_MAX`] characters are left after trimming.
    #[error("must be at most {max} characters", max = FULL_NAME_CHARS_MAX)]
    TooLong,
    /// A control character, tab and newline too: a name is one line.
    #[error("must have no control characters")]
    ControlCharacter,
}

/// A customer's full name; 1–200 characters on one line.
#[derive(Clone, PartialEq, Eq)]
pub struct FullName(Box<str>);

impl FullName {
    /// Takes a text for a name, without the white space around it.
    ///
    /// # Errors
    /// [`FullNameError`]: nothing is left, too much is left, or a control character is in it.
    pub fn parse(text: &str) -> Result<Self, FullNameError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(FullNameError::Empty);
        }
        if longer_than(text, FULL_NAME_CHARS_MAX) {
            return Err(FullNameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(FullNameError::ControlCharacter);
        }
        Ok(Self(text.into()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for FullName {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FullName(..)")
    }
}

/// Why a text is not an external id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExternalIdError {
    /// No character at all.
    #[error("must not be empty: leave it out instead")]
    Empty,
    /// More than [`EXTERNAL_ID_CHARS_MAX`] characters.
    #[error("must be at most {max} characters", max = EXTERNAL_ID_CHARS_MAX)]
    TooLong,
    /// A control character.
    #[error("must have no control characters")]
    ControlCharacter,
    /// White space at its beginning or end.
    #[error("must have no white space at its beginning or end")]
    SurroundingWhiteSpace,
}

/// The bank's own id of a customer; 1–128 characters. It is compared byte by byte, so it is kept exactly as
/// sent: trimming it in silence would make one id of two that the bank tells apart.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct ExternalId(Box<str>);

impl ExternalId {
    /// Takes a text for an external id, as it stands.
    ///
    /// # Errors
    /// [`ExternalIdError`]: empty, too long, a control character in it, white space around it.
    pub fn parse(text: &str) -> Result<Self, ExternalIdError> {
        if text.is_empty() {
            return Err(ExternalIdError::Empty);
        }
        if longer_than(text, EXTERNAL_ID_CHARS_MAX) {
            return Err(ExternalIdError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(ExternalIdError::ControlCharacter);
        }
        if text.trim().len() != text.len() {
            return Err(ExternalIdError::SurroundingWhiteSpace);
        }
        Ok(Self(text.into()))
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Drop for ExternalId {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ExternalId(..)")
    }
}

// ------------------------------------------------------------------------------------------------ verdict

/// A valid verdict came without a photo: the error of the field `photo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is required when valid is true")]
pub struct PhotoMissing;

/// Dukcapil's final verdict about a customer's NIK. A valid one has a photo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    valid: bool,
    photo: Option<Photo>,
    raw: Option<RawDocument>,
    reason: Option<Reason>,
}

impl Verdict {
    /// Puts the parts together.
    ///
    /// # Errors
    /// [`PhotoMissing`]: a valid verdict enrols a photo (the platform's rule), and there is none.
    pub fn new(
        valid: bool,
        photo: Option<Photo>,
        raw: Option<RawDocument>,
        reason: Option<Reason>,
    ) -> Result<Self, PhotoMissing> {
        if valid && photo.is_none() {
            return Err(PhotoMissing);
        }
        Ok(Self { valid, photo, raw, reason })
    }

    /// Dukcapil's word.
    pub fn valid(&self) -> bool {
        self.valid
    }

    /// The photo; always there when valid, evidence only when not.
    pub fn photo(&self) -> Option<&Photo> {
        self.photo.as_ref()
    }

    /// The photo to enrol as a face reference: there exactly when valid.
    pub fn enrolled_photo(&self) -> Option<&Photo> {
        self.photo.as_ref().filter(|_| self.valid)
    }

    /// The photo of a declined verdict: kept as evidence, never enrolled.
    pub fn declined_photo(&self) -> Option<&Photo> {
        self.photo.as_ref().filter(|_| !self.valid)
    }

    /// The registry's raw answer.
    pub fn raw(&self) -> Option<&RawDocument> {
        self.raw.as_ref()
    }

    /// The reason, kept whatever `valid` says.
    pub fn reason(&self) -> Option<&Reason> {
        self.reason.as_ref()
    }

    /// The reason's category; none without a reason and where the verdict is valid (contract §3).
    pub fn reason_category(&self) -> Option<ReasonCategory> {
        self.reason.as_ref().filter(|_| !self.valid).map(Reason::category)
    }
}
