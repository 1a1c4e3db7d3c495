//! The console's files. Whoever asks is not signed in: they say nothing of anybody.

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use console_pages::assets::find;

use crate::console::error::ConsoleError;

/// A file has its digest in its name, so it never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";

/// `GET /console/assets/{file}`.
pub async fn file(name: web::Path<String>) -> Result<HttpResponse, ConsoleError> {
    let asset = find(&name).ok_or(ConsoleError::NotFound)?;
    let mut response = HttpResponse::Ok();
    response.content_type(asset.media_type).insert_header((header::CACHE_CONTROL, FOR_EVER));
    Ok(response.body(asset.bytes))
}
