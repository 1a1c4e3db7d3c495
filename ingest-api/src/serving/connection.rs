//! Beneath the framework: the bytes of a connection. This layer finds where each request ends and gives the
//! framework one at a time, so that nothing is carried out behind a request or an answer that ends the connection,
//! and answers keep their bodies and their order. What never becomes a request (not HTTP, a head that is too large
//! or too slow, a body with an upgrade) is answered here in the contract's words. `100 Continue` is sent here, once
//! a handler reads the body. Bodies pass through as they are; what they mean is no matter of this layer.

mod chunks;
mod discard;
mod head;
mod link;
mod passing;
mod refusal;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use actix_web::http::StatusCode;
use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use self::discard::Discard;
use self::head::{Refused, Scan};
pub use self::link::Link;
use self::passing::Passing;
use crate::limits::{BODY_AHEAD_BYTES_MAX, BODY_ROUND_BYTES, HEAD_BYTES_MAX, HEAD_READ_BYTES, LINGER};

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection.
pub struct Wire<T> {
    io: T,
    link: Link,
    head_time: Duration,
    /// What has come and is not passed on: a head, and what came with it.
    inbox: BytesMut,
    reading: Reading,
    /// When the head that is being read must have come.
    head_timer: Option<Pin<Box<Sleep>>>,
    /// Bytes of the body that were passed on since the framework last had a turn.
    round: usize,
    /// What is left of `100 Continue`.
    interim: &'static [u8],
    /// Who waits for bytes.
    reader: Option<Waker>,
    /// The rest of the body waits for a handler that reads it.
    is_gated: bool,
    is_half_closed: bool,
    discard: Option<Discard>,
}

enum Reading {
    /// Between two requests, or within a head. So many of its bytes were looked at.
    Head { seen: usize },
    /// A request is being passed on.
    Passing(Passing),
    /// A request was passed on whole; the next must wait for its answer.
    Held { closes: bool },
    /// Something is answered here, as far as that is written.
    Refusing { answer: Vec<u8>, written: usize },
    /// Nothing more comes.
    Over,
}

impl<T> Wire<T> {
    /// Wraps a connection, whose heads must each come within this time.
    pub fn new(io: T, head_time: Duration) -> Self {
        Self {
            io,
            link: Link::default(),
            head_time,
            inbox: BytesMut::new(),
            reading: Reading::Head { seen: 0 },
            head_timer: Some(Box::pin(sleep_until(Instant::now() + head_time))),
            round: 0,
            interim: &[],
            reader: None,
            is_gated: false,
            is_half_closed: false,
            discard: None,
        }
    }

    /// For whoever answers on this connection.
    pub fn link(&self) -> Link {
        self.link.clone()
    }

    /// Waits to be woken by whoever changes what is waited for.
    fn wait(&mut self, cx: &Context<'_>) {
        if self.reader.as_ref().is_none_or(|reader| !reader.will_wake(cx.waker())) {
            self.reader = Some(cx.waker().clone());
        }
    }

    fn wake(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.wake();
        }
    }

    fn refuse(&mut self, refused: &Refused) {
        self.head_timer = None;
        self.reading = Reading::Refusing { answer: refusal::answer(refused, &self.inbox), written: 0 };
    }

    fn end(&mut self) {
        self.head_timer = None;
        self.reading = Reading::Over;
        self.link.set_ending();
    }

    /// The answer to the request is written and flushed.
    fn answer_is_out(&mut self) {
        match &mut self.reading {
            Reading::Held { closes } => {
                let closes = *closes;
                self.request_is_over(closes);
            }
            Reading::Passing(passing) => {
                passing.unread = Some(Box::pin(sleep_until(Instant::now() + LINGER)));
            }
            Reading::Head { .. } | Reading::Refusing { .. } | Reading::Over => {}
        }
        self.wake();
    }

    /// The request is passed on and answered.
    fn request_is_over(&mut self, closes: bool) {
        if closes || self.link.wants_half_close() {
            self.end();
        } else {
            self.reading = Reading::Head { seen: 0 };
        }
    }

    /// Looks for a head at the front of what has come.
    fn find_head(&mut self) {
        let Reading::Head { seen } = &mut self.reading else { return };
        if *seen == 0 {
            let blank = head::blank(&self.inbox);
            self.inbox.advance(blank);
        }
        // Each byte is parsed at most twice, however slowly they come.
        let grown = self.inbox.len() >= 2 * *seen;
        let looks = grown
            || self.inbox.len() > HEAD_BYTES_MAX
            || head::may_end(&self.inbox[seen.saturating_sub(2)..]);
        if self.inbox.is_empty() || !looks {
            return;
        }
        match head::scan(&self.inbox) {
            Scan::Partial if self.inbox.len() > HEAD_BYTES_MAX => self.refuse_large(),
            Scan::Partial => *seen = self.inbox.len(),
            Scan::Refused(refused) => self.refuse(&refused),
            Scan::Whole(head) if head.length > HEAD_BYTES_MAX => self.refuse_large(),
            Scan::Whole(head) => {
                let mut length = head.length;
                if let Some(seen) = head.rewritten(&self.inbox) {
                    let behind = self.inbox.split_off(length);
                    length = seen.len();
                    self.inbox = BytesMut::from(seen.as_slice());
                    self.inbox.unsplit(behind);
                }
                self.head_timer = None;
                self.link.begin();
                if head.closes {
                    self.link.set_ending();
                }
                self.reading = Reading::Passing(Passing {
                    head: length,
                    body: head.body,
                    closes: head.closes,
                    expects: head.expects,
                    passed: 0,
                    unread: None,
                });
            }
        }
    }

    fn refuse_large(&mut self) {
        self.refuse(&Refused::Bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> Wire<T> {
    /// Reads until a head is whole, and keeps its time.
    fn poll_head(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.find_head();
        while let Reading::Head { .. } = self.reading {
            let mut bytes = [0; HEAD_READ_BYTES];
            let mut buf = ReadBuf::new(&mut bytes);
            if let Poll::Ready(read) = Pin::new(&mut self.io).poll_read(cx, &mut buf) {
                read?;
                if buf.filled().is_empty() {
                    self.end();
                    break;
                }
                self.inbox.extend_from_slice(buf.filled());
                self.find_head();
                continue;
            }
            if self.head_timer.is_none() && !self.inbox.is_empty() {
                self.head_timer = Some(Box::pin(sleep_until(Instant::now() + self.head_time)));
            }
            let late = self.head_timer.as_mut().is_some_and(|timer| timer.as_mut().poll(cx).is_ready());
            if !late {
                self.wait(cx);
                return Poll::Pending;
            }
            self.refuse(&Refused::Bare(StatusCode::REQUEST_TIMEOUT));
        }
        Poll::Ready(Ok(()))
    }

    /// Passes on what there is of the request. Nothing filled: its end.
    fn poll_pass(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Reading::Passing(passing) = &mut self.reading else { return Poll::Ready(Ok(())) };
        if passing.head > 0 {
            let n = passing.head.min(buf.remaining());
            buf.put_slice(&self.inbox[..n]);
            self.inbox.advance(n);
            passing.head -= n;
            return Poll::Ready(Ok(()));
        }
        if passing.is_over() {
            let closes = passing.closes;
            if passing.unread.is_some() {
                self.request_is_over(closes);
            } else {
                self.reading = Reading::Held { closes };
            }
            return Poll::Ready(Ok(()));
        }
        if let Some(until) = &mut passing.unread {
            if until.as_mut().poll(cx).is_ready() {
                self.end();
                return Poll::Ready(Ok(()));
            }
        } else if passing.passed >= BODY_AHEAD_BYTES_MAX && !self.link.wants_body() {
            self.is_gated = true;
            self.wait(cx);
            return Poll::Pending;
        }
        if self.round >= BODY_ROUND_BYTES {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buf.filled().len();
        ready!(passing.poll_body(Pin::new(&mut self.io), cx, &mut self.inbox, buf))?;
        let n = buf.filled().len() - before;
        passing.passed += n;
        self.round += n;
        if n == 0 {
            self.end();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_refuse(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Reading::Refusing { answer, written } = &mut self.reading {
            while *written < answer.len() {
                let n = ready!(Pin::new(&mut self.io).poll_write(cx, &answer[*written..]))?;
                if n == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *written += n;
            }
            ready!(self.poll_half_close(cx))?;
            ready!(self.poll_discard(cx, true));
            self.end();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_half_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.is_half_closed {
            ready!(Pin::new(&mut self.io).poll_flush(cx))?;
            ready!(Pin::new(&mut self.io).poll_shutdown(cx))?;
            self.is_half_closed = true;
        }
        Poll::Ready(Ok(()))
    }

    /// Reads on for a while if the client is still sending.
    fn poll_discard(&mut self, cx: &mut Context<'_>, is_due: bool) -> Poll<()> {
        let is_due = is_due || !self.inbox.is_empty();
        self.discard.get_or_insert_with(|| Discard::begin(is_due)).poll(Pin::new(&mut self.io), cx)
    }

    /// Asks for the body if the client waits to be asked, then writes what is left of that.
    fn poll_continue(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Reading::Passing(passing) = &mut self.reading
            && passing.expects
            && self.link.wants_body()
        {
            passing.expects = false;
            if passing.passed == 0 && self.inbox.is_empty() {
                self.interim = CONTINUE;
            }
        }
        while !self.interim.is_empty() {
            let n = ready!(Pin::new(&mut self.io).poll_write(cx, self.interim))?;
            if n == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.interim = &self.interim[n..];
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncRead for Wire<T> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        loop {
            match &this.reading {
                Reading::Head { .. } => ready!(this.poll_head(cx))?,
                Reading::Passing(_) => {
                    ready!(this.poll_pass(cx, buf))?;
                    if buf.filled().len() > before {
                        return Poll::Ready(Ok(()));
                    }
                }
                Reading::Held { .. } => {
                    this.wait(cx);
                    return Poll::Pending;
                }
                Reading::Refusing { .. } => ready!(this.poll_refuse(cx))?,
                Reading::Over => return Poll::Ready(Ok(())),
            }
        }
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Wire<T> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if this.is_half_closed {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        // One that was begun must be whole before the answer.
        ready!(this.poll_continue(cx))?;
        Pin::new(&mut this.io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        this.round = 0;
        if this.is_gated && this.link.wants_body() {
            this.is_gated = false;
            this.wake();
        }
        if this.is_half_closed {
            return Poll::Ready(Ok(()));
        }
        ready!(this.poll_continue(cx))?;
        ready!(Pin::new(&mut this.io).poll_flush(cx))?;
        if this.link.take_answer() {
            this.answer_is_out();
            // What is left of the body has a time from now on, and nobody else asks the connection again.
            cx.waker().wake_by_ref();
        }
        if this.link.wants_half_close() {
            return this.poll_half_close(cx);
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.poll_half_close(cx))?;
        ready!(this.poll_discard(cx, false));
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
