//! What can go wrong with a page. `visit::present` turns it into a page with the status; what stands in a cause goes to
//! the log line and nowhere else.

use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use console_pages::pages::problem::PageProblem;
use domain::ports::{LogError, StoreError};

use crate::serving::errors::ApiError;

/// Why a page is not shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConsoleError {
    /// 303 to the form for signing in.
    SignInFirst,
    /// 400 and its kin: the address or the form cannot be understood.
    BadRequest(StatusCode),
    /// 403: the role may not.
    Forbidden,
    /// 403: the form was not sent by a page of ours.
    FormRefused,
    /// 404: there is no such thing; another org's, too.
    NotFound,
    /// 405, with the methods that are there.
    MethodNotAllowed(&'static str),
    /// 413.
    TooLarge,
    /// 429, with the seconds until another try.
    TooManyRequests(u64),
    /// 500, with the cause for the log.
    Internal(String),
    /// 503, with the cause for the log.
    Unavailable(String),
    /// 503: the access record is not in the log, with the cause for the log line.
    NotRecorded(String),
}

impl ConsoleError {
    /// What the page says; none for what is no page.
    pub fn problem(&self) -> Option<PageProblem> {
        match self {
            Self::SignInFirst => None,
            Self::BadRequest(_) => Some(PageProblem::BadRequest),
            Self::Forbidden => Some(PageProblem::Forbidden),
            Self::FormRefused => Some(PageProblem::FormRefused),
            Self::NotFound => Some(PageProblem::NotFound),
            Self::MethodNotAllowed(_) => Some(PageProblem::MethodNotAllowed),
            Self::TooLarge => Some(PageProblem::TooLarge),
            Self::TooManyRequests(_) => Some(PageProblem::TooManyRequests),
            Self::Internal(_) => Some(PageProblem::Internal),
            Self::Unavailable(_) => Some(PageProblem::Unavailable),
            Self::NotRecorded(_) => Some(PageProblem::NotRecorded),
        }
    }

    /// What the log line says beside the status.
    pub fn cause(&self) -> Option<&str> {
        match self {
            Self::Internal(cause) | Self::Unavailable(cause) | Self::NotRecorded(cause) => Some(cause),
            _ => None,
        }
    }
}

impl fmt::Display for ConsoleError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the page is not shown ({})", self.status_code())
    }
}

impl std::error::Error for ConsoleError {}

impl ResponseError for ConsoleError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::SignInFirst => StatusCode::SEE_OTHER,
            Self::BadRequest(status) => *status,
            Self::Forbidden | Self::FormRefused => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyRequests(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable(_) | Self::NotRecorded(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Without a body: `visit::present` knows the reader, and makes the page.
    fn error_response(&self) -> HttpResponse {
        HttpResponse::new(self.status_code())
    }
}

impl From<ApiError> for ConsoleError {
    fn from(error: ApiError) -> Self {
        match error.code().status() {
            StatusCode::NOT_FOUND => Self::NotFound,
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => Self::Forbidden,
            StatusCode::PAYLOAD_TOO_LARGE => Self::TooLarge,
            StatusCode::INTERNAL_SERVER_ERROR => Self::Internal(error.cause().unwrap_or_default().to_owned()),
            StatusCode::SERVICE_UNAVAILABLE => {
                Self::Unavailable(error.cause().unwrap_or_default().to_owned())
            }
            status => Self::BadRequest(status),
        }
    }
}

impl From<StoreError> for ConsoleError {
    fn from(error: StoreError) -> Self {
        ApiError::from(error).into()
    }
}

impl From<LogError> for ConsoleError {
    fn from(error: LogError) -> Self {
        ApiError::from(error).into()
    }
}
