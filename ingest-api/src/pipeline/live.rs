//! Telling a page that something changed: an event without content, after which the page asks for itself again. So
//! whatever is missed is made up for by the next, and nothing has to be kept for a slow reader.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use console_pages::pages::pipeline::{CHANGED, PipelineFigures};
use service::health_listener::PageBody;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::PipelineSources;
use crate::limits::{PIPELINE_LOOK_EVERY, PIPELINE_STREAM_LIFE_MAX};

/// Pieces that wait for a reader: it has not read the last one, and the next says the same.
const PIECES_MAX: usize = 1;

/// A stream of such events. It ends with its reader, with the sources, when the listener closes, and after
/// [`PIPELINE_STREAM_LIFE_MAX`]; a browser then asks for another.
pub(super) fn stream(sources: &Arc<PipelineSources>, permit: OwnedSemaphorePermit) -> PageBody {
    let (pieces, stream) = mpsc::channel(PIECES_MAX);
    // Whoever watches keeps no store open that is to be closed.
    let sources = Arc::downgrade(sources);
    tokio::spawn(async move {
        tell(&sources, &pieces, PIPELINE_LOOK_EVERY).await;
        drop(permit);
    });
    PageBody::Stream(stream)
}

/// At once, then at each look: that something changed, or that the connection is still there.
async fn tell(sources: &Weak<PipelineSources>, pieces: &mpsc::Sender<Bytes>, every: Duration) {
    let mut looks = interval(every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let ends = Instant::now() + PIPELINE_STREAM_LIFE_MAX;
    let mut last: Option<PipelineFigures> = None;
    while Instant::now() < ends {
        looks.tick().await;
        let Some(sources) = sources.upgrade() else { return };
        let figures = tokio::select! {
            figures = sources.figures() => figures,
            () = pieces.closed() => return,
        };
        drop(sources);
        let piece = if last.as_ref() == Some(&figures) {
            ":\n\n".to_owned()
        } else {
            format!("event: {CHANGED}\ndata:\n\n")
        };
        last = Some(figures);
        if pieces.send(Bytes::from(piece)).await.is_err() {
            return;
        }
    }
}
