//! `/console/attempts/live`: server-sent events (HTML Standard §9.2), each of which says that something changed and not
//! what. Whoever hears one asks for its page again, with its own filters and rights.

use std::convert::Infallible;
use std::time::Duration;

use actix_web::{HttpResponse, web};
use bytes::Bytes;
use console_pages::pages::attempts::CHANGED;
use domain::staff::ConsolePage;
use futures::{Stream, stream};
use tokio::time::Instant;

use crate::app::App;
use crate::console::error::ConsoleError;
use crate::console::session::SignedIn;
use crate::limits::{LIVE_HEARTBEAT, LIVE_PAUSE, LIVE_STREAM_MAX};
use crate::writes::change_feed::ChangeFollower;

/// Seconds after which somebody is asked to try again who has too many streams.
const TRY_AGAIN_S: u64 = 10;

/// The stream.
///
/// # Errors
/// [`ConsoleError`].
pub async fn get(app: web::Data<App>, signed_in: SignedIn) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Attempts)?;
    let follower = app.outcomes.changes().follow(signed_in.org_id(), signed_in.account.user.as_str());
    let follower = follower.ok_or(ConsoleError::TooManyRequests(TRY_AGAIN_S))?;
    Ok(HttpResponse::Ok().content_type("text/event-stream").streaming(events(follower)))
}

/// Where a stream is.
struct LiveStream {
    follower: ChangeFollower,
    ends: Instant,
    /// Nothing is told before this.
    quiet_until: Instant,
    is_begun: bool,
}

/// A first change at once, then a line for each change and one at times without any. It ends after a while, so that
/// whether its reader may still look is asked again, and with the instance.
fn events(follower: ChangeFollower) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let now = Instant::now();
    let state = LiveStream { follower, ends: now + LIVE_STREAM_MAX, quiet_until: now, is_begun: false };
    stream::unfold(state, |mut state| async move {
        let event = state.next().await?;
        Some((Ok(Bytes::from(event)), state))
    })
}

impl LiveStream {
    async fn next(&mut self) -> Option<String> {
        if !self.is_begun {
            self.is_begun = true;
            // What changed between the page and its stream, or between two streams, nobody would tell.
            return Some(format!("retry: {}\n\n{}", Duration::from_secs(3).as_millis(), change()));
        }
        let beat = (Instant::now() + LIVE_HEARTBEAT).min(self.ends);
        let changed = async {
            tokio::time::sleep_until(self.quiet_until).await;
            self.follower.changed().await
        };
        let heard = tokio::time::timeout_at(beat, changed).await;
        match heard {
            Ok(true) => {
                self.quiet_until = Instant::now() + LIVE_PAUSE;
                Some(change())
            }
            Ok(false) => None,
            Err(_) if Instant::now() >= self.ends => None,
            Err(_) => Some(":\n\n".to_owned()),
        }
    }
}

/// Tells the page to ask for itself again.
fn change() -> String {
    format!("event: {CHANGED}\ndata: {CHANGED}\n\n")
}

#[cfg(test)]
mod tests {
    use domain::ids::OrgId;
    use futures::StreamExt as _;

    use super::*;
    use crate::writes::change_feed::ChangeFeed;

    /// On a clock that runs ahead by itself while everybody waits.
    #[tokio::test(start_paused = true)]
    async fn changes_are_told_with_pauses_and_between_them_signs_of_life() {
        let (feed, org) = (ChangeFeed::default(), OrgId::from_bytes([1; 16]));
        let mut events = Box::pin(events(feed.follow(&org, "ana").expect("a follower")));
        let mut next = async || {
            let event = events.next().await?.expect("infallible");
            Some(String::from_utf8(event.to_vec()).expect("text"))
        };
        assert_eq!(next().await.as_deref(), Some("retry: 3000\n\nevent: changed\ndata: changed\n\n"));
        feed.tell(&org);
        feed.tell(&org);
        let began = Instant::now();
        assert_eq!(next().await.as_deref(), Some("event: changed\ndata: changed\n\n"));
        assert_eq!(began.elapsed(), Duration::ZERO, "at once");
        feed.tell(&org);
        assert_eq!(next().await.as_deref(), Some("event: changed\ndata: changed\n\n"));
        assert_eq!(began.elapsed(), LIVE_PAUSE, "after a pause");
        assert_eq!(next().await.as_deref(), Some(":\n\n"));
        assert!(began.elapsed() >= LIVE_HEARTBEAT);
        feed.end();
        assert_eq!(next().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_by_itself() {
        let (feed, org) = (ChangeFeed::default(), OrgId::from_bytes([1; 16]));
        let began = Instant::now();
        let events: Vec<_> = events(feed.follow(&org, "ana").expect("a follower")).collect().await;
        assert!(events.len() > 2 && events.len() < 1_000, "{}", events.len());
        assert!(began.elapsed() <= LIVE_STREAM_MAX);
    }
}
