//! Waiting that a cancellation ends.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

/// Waits; true when cancelled meanwhile.
pub(crate) async fn wait(pause: Duration, cancel: &CancellationToken) -> bool {
    cancel.run_until_cancelled(tokio::time::sleep(pause)).await.is_none()
}
