//! Writes that must make progress: a connection whose client takes nothing for a while is given up. For every
//! listener of the house, beneath TLS, so that what counts is what left this process.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use crate::limits::SEND_BUFFER_BYTES;

/// A connection whose writes must make progress.
#[derive(Debug)]
pub struct Progressing<T> {
    io: T,
    time: Duration,
    stalled: Option<Pin<Box<Sleep>>>,
}

impl Progressing<TcpStream> {
    /// A connection whose client must take another byte within this time. The kernel keeps little of an answer, so that
    /// what it takes from us follows what the client takes: with a large buffer, nothing is taken for a long time from
    /// a client that reads slowly and steadily. (`TCP_USER_TIMEOUT` would end such a client, too: it also runs while
    /// the client's own buffer is full.) Answers are written whole, so nothing is held back to be sent with more.
    pub fn over(io: TcpStream, time: Duration) -> Self {
        let _ = io.set_nodelay(true);
        let _ = SockRef::from(&io).set_send_buffer_size(SEND_BUFFER_BYTES);
        Self::new(io, time)
    }
}

impl<T> Progressing<T> {
    /// Any other.
    pub fn new(io: T, time: Duration) -> Self {
        Self { io, time, stalled: None }
    }

    /// The connection.
    pub fn get_ref(&self) -> &T {
        &self.io
    }

    /// Takes note of what became of a write.
    fn note<R>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let time = self.time;
        if self.stalled.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(cx).is_ready() {
            metrics::counter!("identity_http_answers_stalled_total").increment(1);
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        Poll::Pending
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Progressing<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Progressing<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        self.note(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        self.note(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.note(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.io).poll_shutdown(cx);
        self.note(cx, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_reader_that_takes_a_little_is_kept_and_one_that_takes_nothing_is_not() {
        let (mut client, server) = duplex(64);
        let mut writing = Progressing::new(server, Duration::from_secs(10));
        let server = tokio::spawn(async move { writing.write_all(&[7; 256]).await });
        for _ in 0..3 {
            sleep(Duration::from_secs(9)).await;
            client.read_exact(&mut [0; 16]).await.expect("a little");
        }
        let ended = server.await.expect("no panic");
        assert_eq!(ended.expect_err("given up").kind(), io::ErrorKind::TimedOut);
    }
}
