//! What is wrong with a request's fields, collected while it is taken up: all of it is said at once.

use std::collections::BTreeMap;

use super::ApiError;

/// What is wrong with a request's fields, all at once: field name to texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(pub(super) BTreeMap<String, Vec<String>>);

impl FieldErrors {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// One field with one text.
    pub fn of(field: &str, text: &str) -> Self {
        let mut errors = Self::new();
        errors.add(field, text);
        errors
    }

    /// Adds a text to a field.
    pub fn add(&mut self, field: &str, text: impl Into<String>) {
        self.0.entry(field.to_owned()).or_default().push(text.into());
    }

    /// Takes another's texts in.
    pub fn merge(&mut self, other: Self) {
        for (field, texts) in other.0 {
            self.0.entry(field).or_default().extend(texts);
        }
    }

    /// The same of an object that stands at that path; what is wrong with it as a whole is the path's.
    #[must_use]
    pub fn within(self, path: &str) -> Self {
        let placed = |name: String| if name == "body" { path.to_owned() } else { format!("{path}.{name}") };
        Self(self.0.into_iter().map(|(name, texts)| (placed(name), texts)).collect())
    }

    /// Whether there is nothing wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The texts of a field.
    pub fn field(&self, field: &str) -> Option<&[String]> {
        self.0.get(field).map(Vec::as_slice)
    }

    /// `Ok` of the value when there is nothing wrong.
    ///
    /// # Errors
    /// [`ApiError::Invalid`] otherwise.
    pub fn or<T>(self, value: T) -> Result<T, ApiError> {
        if self.is_empty() { Ok(value) } else { Err(ApiError::Invalid(self)) }
    }
}
