//! The review copy of a verification: whether there is one that the reader may see, and the picture with the reader's name
//! and the time in it. It is read from the event, which is where it lies.

use base64_simd::STANDARD;
use console_pages::pages::review::ShownPicture;
use domain::event::{Event, KtpCaptureAssessed};
use domain::orgs::OrgSetting;
use domain::ports::{ReadBounds, Topic, VerificationView};
use domain::sealed::{Opened, Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use review_picture::watermarked;
use vault::ReviewPlace;
use zeroize::Zeroizing;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::limits::REVIEW_PICTURE_SECONDS;
use crate::serving::errors::ApiError;
use crate::writes::review::is_open;

/// The media type that review copies are sealed with, and shown with.
const JPEG: &str = "image/jpeg";

/// Whether a copy can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum CopyState {
    /// The org shows none.
    Off,
    /// The reader's role is not shown any.
    NotForRole,
    /// There is none any more, or never was.
    Gone,
    /// It does not open although it should.
    Unreadable,
    /// It is there.
    There(Zeroizing<Vec<u8>>),
}

/// Looks for it, and opens it.
///
/// # Errors
/// From the stores and the log.
pub(super) async fn find(
    app: &App,
    signed_in: &SignedIn,
    view: &VerificationView,
    erased: Purposes,
    now: Timestamp,
) -> Result<CopyState, ApiError> {
    if !signed_in.org_record().has_chosen(OrgSetting::ReviewsPictures, "watermarked") {
        return Ok(CopyState::Off);
    }
    if !signed_in.account.role.decides_reviews() {
        return Ok(CopyState::NotForRole);
    }
    // Whatever was erased; and of what is decided nobody needs a picture, should its key still be there.
    if erased != Purposes::NONE || !is_open(view) {
        return Ok(CopyState::Gone);
    }
    let Some(sealed) = sealed_copy(app, view).await? else { return Ok(CopyState::Gone) };
    let place = ReviewPlace { customer: &view.row.customer, verification: &view.row.id, content_type: JPEG };
    match app.review_vault.open_review_copy(place, &sealed, now).await {
        Ok(Opened::Open(picture)) => Ok(CopyState::There(Zeroizing::new(picture.to_vec()))),
        Ok(Opened::Erased) => Ok(CopyState::Gone),
        Err(vault::ReviewCopyError::Key(error)) => Err(error.into()),
        Err(vault::ReviewCopyError::Envelope(error)) => {
            tracing::error!(%error, verification = view.row.id.as_str(), "a review copy does not open");
            metrics::counter!("identity_unreadable_rows_total").increment(1);
            Ok(CopyState::Unreadable)
        }
    }
}

/// The copy's envelope, from the event that made the row.
async fn sealed_copy(app: &App, view: &VerificationView) -> Result<Option<Sealed>, ApiError> {
    let media = capture(app, view).await?.and_then(|event| event.review_copy);
    Ok(media.as_ref().and_then(SealedMedia::inline).cloned())
}

async fn capture(app: &App, view: &VerificationView) -> Result<Option<KtpCaptureAssessed>, ApiError> {
    let source = view.row.source;
    let one = ReadBounds { records_max: 1, bytes_max: 1, wait_max: std::time::Duration::ZERO };
    let read = app.log.read(Topic::Events, source.partition, source.offset, one);
    let read = tokio::time::timeout(app.settings.append_deadline, read).await;
    let records = read.map_err(|_| ApiError::Unavailable("the log did not answer in time".to_owned()))??;
    let Some(record) = records.into_iter().find(|record| record.source == source) else {
        return Err(ApiError::Unavailable(
            "the event of a verification is not where its row says".to_owned(),
        ));
    };
    match app.codec.decode_event(&record) {
        Ok(Event::KtpCaptureAssessed(event)) if event.event_id == view.row.event_id => Ok(Some(event)),
        Ok(_) => Ok(None),
        Err(error) => Err(ApiError::Internal(error.to_string())),
    }
}

/// The picture as the reader is shown it.
///
/// # Errors
/// [`ConsoleError::Internal`].
pub(super) async fn burnt_in(
    copy: Zeroizing<Vec<u8>>,
    signed_in: &SignedIn,
    viewed_at: Timestamp,
) -> Result<ShownPicture, ConsoleError> {
    let text = format!("{} {}", signed_in.account.user, whole_second(viewed_at));
    // Decoding and encoding take tens of milliseconds, and a decoder that panics ends this picture alone.
    let drawn = tokio::task::spawn_blocking(move || watermarked(&copy, &text)).await;
    let drawn =
        drawn.map_err(|_| ConsoleError::Internal("drawing a review copy was broken off".to_owned()))?;
    let jpeg = drawn.map_err(|error| ConsoleError::Internal(error.to_string()))?;
    let until = viewed_at.millis().saturating_add(i64::from(REVIEW_PICTURE_SECONDS) * 1_000);
    Ok(ShownPicture {
        data_url: format!("data:{JPEG};base64,{}", STANDARD.encode_to_string(&*jpeg)),
        until: Timestamp::from_millis(until),
    })
}

/// `2026-11-29T21:12:05Z`.
fn whole_second(time: Timestamp) -> String {
    let text = time.rfc3339();
    format!("{}Z", text.split('.').next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_in_a_picture_is_utcs_to_the_second() {
        assert_eq!(whole_second(Timestamp::from_millis(1_500)), "1970-01-01T00:00:01Z");
    }
}
