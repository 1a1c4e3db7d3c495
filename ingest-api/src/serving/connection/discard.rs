//! Reading on for a while before the connection is closed, so that a client that is still sending is not cut off
//! by a reset before it can read its answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::{DISCARD_BYTES_MAX, DISCARD_TIME, HEAD_READ_BYTES};

pub(super) struct Discard {
    until: Pin<Box<Sleep>>,
    left: usize,
    /// The client was sending.
    is_due: bool,
}

impl Discard {
    pub(super) fn begin(is_due: bool) -> Self {
        let until = Box::pin(sleep_until(Instant::now() + DISCARD_TIME));
        Self { until, left: DISCARD_BYTES_MAX, is_due }
    }

    /// Throws away what comes, to its end or to a bound; where nothing was being sent, nothing is waited for.
    pub(super) fn poll<T: AsyncRead>(&mut self, mut io: Pin<&mut T>, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            let mut bytes = [0; HEAD_READ_BYTES];
            let mut buf = ReadBuf::new(&mut bytes);
            let read = io.as_mut().poll_read(cx, &mut buf);
            let n = buf.filled().len();
            match read {
                Poll::Ready(Ok(())) if n > 0 && n < self.left => {
                    self.left -= n;
                    self.is_due = true;
                }
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending if !self.is_due => return Poll::Ready(()),
                Poll::Pending => return self.until.as_mut().poll(cx),
            }
        }
    }
}
