//! Answers that are given beneath the framework, to what never becomes a request: in the contract's words, with a
//! request id and one log line, like every other.

use std::time::SystemTime;

use actix_web::ResponseError as _;
use actix_web::http::StatusCode;
use actix_web::http::header::HttpDate;

use super::head::Refused;
use crate::serving::errors::bare_body;
use crate::serving::request_id::RequestName;

/// The whole answer to what has come, which ends the connection.
pub(super) fn answer(refused: &Refused, came: &[u8]) -> Vec<u8> {
    let (status, body) = match refused {
        Refused::Bare(status) => (*status, bare_body(*status)),
        Refused::Api(error) => (error.status_code(), error.body()),
    };
    let (name, body) = (RequestName::of_bytes(came), body.to_string());
    report(status, &name);
    let reason = status.canonical_reason().unwrap_or_default();
    format!(
        "HTTP/1.1 {} {reason}\r\ncontent-length: {}\r\ncontent-type: application/json\r\n\
         x-request-id: {}\r\ndate: {}\r\ncache-control: no-store\r\nx-content-type-options: nosniff\r\n\
         connection: close\r\n\r\n{body}",
        status.as_u16(),
        body.len(),
        name.as_str(),
        HttpDate::from(SystemTime::now()),
    )
    .into_bytes()
}

fn report(status: StatusCode, name: &RequestName) {
    tracing::info!(
        status = status.as_u16(),
        request_id = name.as_str(),
        "a request that is not taken as one"
    );
    metrics::counter!("identity_http_malformed_total", "status" => status.as_str().to_owned()).increment(1);
}
