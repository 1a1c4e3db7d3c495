//! The management listener of every program (contract §4): `/livez`, `/readyz`, `/metrics`, and pages that a program
//! hands in, for an internal network. Here are its connections; what is answered is in `pages`. Knows neither what a
//! program does nor where metrics come from.

mod body;
mod pages;
#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::future::poll_fn;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use self::body::PageBody;
pub use self::pages::{HealthSources, PageAnswer, PageRequest, ProgramPages};
use crate::Progressing;
use crate::limits::{
    ACCEPT_PAUSE, ANSWER_PROGRESS, CONNECTIONS_MAX, CROWDED_FREE_MIN, CROWDED_HEAD_MAX, DRAIN,
    HEAD_BYTES_MAX, HEAD_MAX, LINGER, LINGER_BYTES_MAX,
};
use crate::listener::listener_url;

/// How long a client may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientTimes {
    /// A TLS handshake, and each request's head.
    pub head: Duration,
    /// Until it takes another byte of an answer.
    pub progress: Duration,
}

impl Default for ClientTimes {
    fn default() -> Self {
        Self { head: HEAD_MAX, progress: ANSWER_PROGRESS }
    }
}

/// A listener that is bound and does not answer yet.
pub struct BoundHealthListener {
    listener: net::TcpListener,
    tls: Option<TlsAcceptor>,
}

impl BoundHealthListener {
    /// Binds the address; port 0 takes a free one. Plaintext without `tls`.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(address: SocketAddr, tls: Option<ServerConfig>) -> io::Result<Self> {
        let listener = net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let tls = tls.map(|mut config| {
            config.alpn_protocols = vec![b"http/1.1".to_vec()];
            TlsAcceptor::from(Arc::new(config))
        });
        Ok(Self { listener, tls })
    }

    /// Where it listens.
    ///
    /// # Errors
    /// The operating system's.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Answers from now on. Within a runtime.
    ///
    /// # Errors
    /// The operating system's.
    pub fn serve(self, sources: HealthSources, times: ClientTimes) -> io::Result<HealthListener> {
        let url = listener_url(self.address()?, self.tls.is_some());
        let listener = TcpListener::from_std(self.listener)?;
        let cancel = CancellationToken::new();
        let connections = Connections { tls: self.tls, sources, times, cancel: cancel.clone() };
        let task = tokio::spawn(accept(listener, connections));
        Ok(HealthListener { url, task, cancel: cancel.drop_guard() })
    }
}

/// A listener that answers, until [`HealthListener::stop`] or until it is dropped.
#[derive(Debug)]
pub struct HealthListener {
    url: String,
    task: JoinHandle<()>,
    cancel: DropGuard,
}

impl HealthListener {
    /// Its base URL, on this machine.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Takes no more connections, and lets answers that are under way end.
    pub async fn stop(self) {
        drop(self.cancel);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the management listener did not end in order");
        }
    }
}

/// What all connections have in common.
#[derive(Clone)]
struct Connections {
    tls: Option<TlsAcceptor>,
    sources: HealthSources,
    times: ClientTimes,
    cancel: CancellationToken,
}

async fn accept(listener: TcpListener, common: Connections) {
    let connections = TaskTracker::new();
    let free = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    loop {
        let accepted = async {
            // Never closed: the wait ends with a permit.
            let permit = Arc::clone(&free).acquire_owned().await.ok();
            (permit, listener.accept().await)
        };
        let Some((permit, accepted)) = common.cancel.run_until_cancelled(accepted).await else { break };
        match accepted {
            Ok((stream, _)) => {
                let mut common = common.clone();
                if free.available_permits() < CROWDED_FREE_MIN {
                    common.times.head = common.times.head.min(CROWDED_HEAD_MAX);
                }
                connections.spawn(async move {
                    connection(stream, common).await;
                    drop(permit);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "the management listener cannot accept");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    // Whoever is slower than this is cut off with the process.
    let _ = tokio::time::timeout(DRAIN, connections.wait()).await;
}

async fn connection(stream: TcpStream, common: Connections) {
    let stream = Progressing::over(stream, common.times.progress);
    let Some(tls) = common.tls.clone() else { return http(stream, common).await };
    match tokio::time::timeout(common.times.head, tls.accept(stream)).await {
        Ok(Ok(stream)) => http(stream, common).await,
        Ok(Err(error)) => tracing::debug!(%error, "a TLS handshake failed"),
        Err(_) => tracing::debug!("a TLS handshake took too long"),
    }
}

async fn http(stream: impl AsyncRead + AsyncWrite + Unpin, common: Connections) {
    let Connections { sources, times, cancel, .. } = common;
    let closing = cancel.clone();
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = pages::answer(request, sources.clone(), closing.clone());
        Box::pin(async move { Ok::<_, Infallible>(answer.await) })
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(times.head).max_buf_size(HEAD_BYTES_MAX);
    let mut serving = builder.serve_connection(TokioIo::new(stream), service);
    let ended = tokio::select! {
        ended = poll_fn(|cx| serving.poll_without_shutdown(cx)) => ended,
        () = cancel.cancelled() => {
            std::pin::Pin::new(&mut serving).graceful_shutdown();
            poll_fn(|cx| serving.poll_without_shutdown(cx)).await
        }
    };
    let http1::Parts { io, read_buf, .. } = serving.into_parts();
    let mut stream = io.into_inner();
    if let Err(error) = ended {
        tracing::debug!(%error, "a management connection ended early");
        // A connection that nothing had come on is not answered: it was only kept open.
        if error.is_timeout() && !read_buf.is_empty() {
            let _ = stream.write_all(pages::HEAD_STALLED).await;
        }
    }
    let _ = stream.shutdown().await;
    if !cancel.is_cancelled() {
        // What is still coming would reset the connection, and with it an answer that was not read yet.
        let rest =
            async { tokio::io::copy(&mut stream.take(LINGER_BYTES_MAX), &mut tokio::io::sink()).await };
        let _ = tokio::time::timeout(LINGER, rest).await;
    }
}
