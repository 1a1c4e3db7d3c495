//! A request that is being passed on: its head, then as much of its body as is its own, and no byte more.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::time::Sleep;

use super::head::Framing;

/// A request on its way to the framework.
pub(super) struct Passing {
    /// Bytes of the head, at the front of the inbox.
    pub(super) head: usize,
    pub(super) body: Framing,
    pub(super) closes: bool,
    pub(super) expects: bool,
    /// Bytes of the body that were passed on.
    pub(super) passed: usize,
    /// Its answer is out before its body has come: the rest is thrown away, and not for ever.
    pub(super) unread: Option<Pin<Box<Sleep>>>,
}

impl Passing {
    /// Whether all of it was passed on.
    pub(super) fn is_over(&self) -> bool {
        self.head == 0
            && match &self.body {
                Framing::Length(left) => *left == 0,
                Framing::Chunked(chunks) => chunks.is_over(),
            }
    }

    /// The next bytes of the body: those that came with the head, then from the connection. Nothing filled: the
    /// connection ended, or what comes is no body.
    pub(super) fn poll_body<T: AsyncRead>(
        &mut self,
        io: Pin<&mut T>,
        cx: &mut Context<'_>,
        inbox: &mut BytesMut,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        match &mut self.body {
            Framing::Length(left) => {
                let most = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.remaining());
                if !inbox.is_empty() {
                    let n = most.min(inbox.len());
                    buf.put_slice(&inbox[..n]);
                    inbox.advance(n);
                } else if most == buf.remaining() {
                    ready!(io.poll_read(cx, buf))?;
                } else {
                    let mut part = ReadBuf::new(buf.initialize_unfilled_to(most));
                    ready!(io.poll_read(cx, &mut part))?;
                    let n = part.filled().len();
                    buf.advance(n);
                }
                *left -= (buf.filled().len() - before) as u64;
            }
            Framing::Chunked(chunks) => {
                if inbox.is_empty() {
                    ready!(io.poll_read(cx, buf))?;
                } else {
                    let n = buf.remaining().min(inbox.len());
                    buf.put_slice(&inbox[..n]);
                    inbox.advance(n);
                }
                let used = chunks.pass(&buf.filled()[before..]).unwrap_or_default();
                let behind = buf.filled().get(before + used..).unwrap_or_default();
                if !behind.is_empty() {
                    let mut rest = BytesMut::from(behind);
                    rest.extend_from_slice(inbox);
                    *inbox = rest;
                }
                buf.set_filled(before + used);
            }
        }
        Poll::Ready(Ok(()))
    }
}
