//! What an answer's body is: bytes that are there, or pieces as a page makes them, until the listener closes.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

/// The body of a page's answer.
#[derive(Debug)]
pub enum PageBody {
    /// All of it.
    Whole(Bytes),
    /// Pieces that come while it is read, each sent at once. It ends with its sender, and when the listener closes.
    Stream(mpsc::Receiver<Bytes>),
}

impl<T: Into<Bytes>> From<T> for PageBody {
    fn from(whole: T) -> Self {
        Self::Whole(whole.into())
    }
}

/// The same, as a connection takes it.
pub(super) enum AnswerBody {
    Whole(Bytes),
    Stream { pieces: mpsc::Receiver<Bytes>, closing: Pin<Box<WaitForCancellationFutureOwned>> },
}

impl AnswerBody {
    pub(super) fn new(body: PageBody, closing: &CancellationToken) -> Self {
        match body {
            PageBody::Whole(bytes) => Self::Whole(bytes),
            PageBody::Stream(pieces) => {
                Self::Stream { pieces, closing: Box::pin(closing.clone().cancelled_owned()) }
            }
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Stream { pieces, closing } => match closing.as_mut().poll(cx) {
                Poll::Ready(()) => Poll::Ready(None),
                Poll::Pending => pieces.poll_recv(cx).map(|piece| piece.map(|bytes| Ok(Frame::data(bytes)))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Stream { .. } => SizeHint::default(),
        }
    }
}
