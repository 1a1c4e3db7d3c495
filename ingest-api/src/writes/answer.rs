//! The answer to a write that was taken, ready to be sent: as it is kept for repetitions too, so that one memory
//! serves every endpoint.

use std::fmt;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{self, ContentType};
use bytes::Bytes;
use serde::Serialize;

use super::preferences::{IDEMPOTENCY_REPLAYED, PREFERENCE_APPLIED, WaitPreference};
use crate::serving::errors::ApiError;

/// The answer to a write.
#[derive(Clone, PartialEq, Eq)]
pub struct WriteAnswer {
    status: StatusCode,
    location: Option<String>,
    body: Bytes,
    is_replayed: bool,
    /// [`X_SIGNALS`].
    signals: Option<String>,
}

/// The header that names what was noticed about a write, `code, code`; absent where nothing was.
pub const X_SIGNALS: &str = "X-Signals";

/// Its value: words of ours, which a header takes.
pub fn signals_header(codes: &[&str]) -> Option<String> {
    (!codes.is_empty()).then(|| codes.join(", "))
}

impl WriteAnswer {
    /// Of a write that is in the log while the read model does not show it: 202, and where to look.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the body is not JSON.
    pub fn accepted(location: String, body: &impl Serialize) -> Result<Self, ApiError> {
        Ok(Self::projected(StatusCode::ACCEPTED, body)?.at(location))
    }

    /// Of a write that the read model shows.
    ///
    /// # Errors
    /// [`ApiError::Internal`] when the body is not JSON.
    pub fn projected(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        let body =
            serde_json::to_vec(body).map_err(|_| ApiError::Internal("an answer is not JSON".into()))?;
        Ok(Self { status, location: None, body: body.into(), is_replayed: false, signals: None })
    }

    /// The same, with a `Location`.
    #[must_use]
    pub fn at(mut self, location: String) -> Self {
        self.location = Some(location);
        self
    }

    /// The same, saying what was noticed about the write.
    #[must_use]
    pub fn noticing(mut self, codes: Vec<&str>) -> Self {
        self.signals = signals_header(&codes);
        self
    }

    /// The same, as the answer to a repetition.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.replayed_if(true)
    }

    /// The same, as the answer to a repetition where it is one.
    #[must_use]
    pub fn replayed_if(mut self, is_repetition: bool) -> Self {
        self.is_replayed |= is_repetition;
        self
    }

    /// Whether it is the answer to a repetition.
    pub fn is_replayed(&self) -> bool {
        self.is_replayed
    }

    /// Whether the read model shows the write.
    pub fn is_projected(&self) -> bool {
        self.status != StatusCode::ACCEPTED
    }

    pub(super) fn into_response(self, wait: Option<&WaitPreference>) -> HttpResponse {
        let mut response = HttpResponse::build(self.status);
        if let Some(location) = self.location {
            response.insert_header((header::LOCATION, location));
        }
        if self.is_replayed {
            response.insert_header((IDEMPOTENCY_REPLAYED, "true"));
        }
        if let Some(codes) = self.signals {
            response.insert_header((X_SIGNALS, codes));
        }
        if let Some(applied) = wait.and_then(|wait| wait.applied.as_ref()) {
            response.insert_header((PREFERENCE_APPLIED, applied.as_str()));
        }
        response.content_type(ContentType::json()).body(self.body)
    }
}

/// Without the body, which may have a name in it.
impl fmt::Debug for WriteAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WriteAnswer")
            .field("status", &self.status)
            .field("is_replayed", &self.is_replayed)
            .finish_non_exhaustive()
    }
}

/// How a write that was not refused ends.
pub enum WriteConclusion {
    /// It is recorded.
    Recorded(WriteAnswer),
    /// It is complete as it is answered: no preference about waiting was applied.
    Complete(WriteAnswer),
    /// It was a dry run: this is what it would have done.
    DryRun(HttpResponse),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_body_is_not_in_its_debug_form() {
        let answer = WriteAnswer::accepted("/api/customers/1".into(), &"Nasabah Contoh").expect("JSON");
        assert!(!answer.is_projected());
        assert!(!format!("{answer:?}").contains("Nasabah"), "{answer:?}");
    }
}
