//! HTTP/1.1 as far as a load generator needs it: one request after another on a connection that stays, bytes
//! that were made beforehand, answers with a length. Costs as little CPU as can be, since the measured program
//! shares the machine.

use std::io::IoSlice;
use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail, ensure};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::limits::ANSWER_BYTES_MAX;

/// A connection.
pub(crate) struct Connection {
    stream: TcpStream,
    /// What was read of the present answer.
    read: Vec<u8>,
}

/// An answer, borrowed until the next request.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a [u8],
}

impl Connection {
    /// Connects.
    pub(crate) async fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, read: Vec::with_capacity(4096) })
    }

    /// Sends a request that lies in two pieces, and reads its answer.
    pub(crate) async fn ask(&mut self, head: &[u8], tail: &[u8]) -> Result<Answer<'_>> {
        let mut sent = 0;
        while sent < head.len() + tail.len() {
            let pieces = [
                IoSlice::new(&head[sent.min(head.len())..]),
                IoSlice::new(&tail[sent.saturating_sub(head.len())..]),
            ];
            let wrote = self.stream.write_vectored(&pieces).await?;
            ensure!(wrote > 0, "the connection takes no more");
            sent += wrote;
        }
        self.read.clear();
        loop {
            let got = self.stream.read_buf(&mut self.read).await?;
            ensure!(got > 0, "the connection was closed before the answer");
            ensure!(self.read.len() <= ANSWER_BYTES_MAX, "an answer above {ANSWER_BYTES_MAX} bytes");
            if let Some((status, from, to)) = parse(&self.read)?
                && self.read.len() >= to
            {
                ensure!(self.read.len() == to, "more than one answer");
                return Ok(Answer { status, body: &self.read[from..to] });
            }
        }
    }
}

/// Status, and from where to where the body goes, once the head is there.
fn parse(read: &[u8]) -> Result<Option<(u16, usize, usize)>> {
    let Some(end) = memchr::memmem::find(read, b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&read[..end])?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status")?.parse()?;
    for line in lines {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            let length: usize = value.trim().parse()?;
            return Ok(Some((status, end + 4, end + 4 + length)));
        }
    }
    bail!("an answer without a length, status {status}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_its_length_is_there() {
        let text = b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\nx: y\r\n\r\nabc";
        assert_eq!(parse(&text[..20]).expect("a part"), None);
        assert_eq!(parse(text).expect("whole"), Some((202, text.len() - 3, text.len())));
        assert!(parse(b"HTTP/1.1 200 OK\r\n\r\n").is_err());
    }
}
