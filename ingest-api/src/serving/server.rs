//! The listeners: sockets, TLS, worker threads, and the orderly end.
//!
//! actix-web's own `HttpServer` cannot wrap a connection, and [`crate::serving::connection`] must; so the same parts are put
//! together here that it is made of.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Protocol, Request, Response, body::BoxBody, error::DispatchError};
use actix_server::{Server, ServerHandle};
use actix_service::{
    Service as _, ServiceFactory, ServiceFactoryExt as _, apply_fn_factory, fn_service, map_config,
};
use actix_tls::accept::TlsError;
use actix_tls::accept::rustls_0_23::{Acceptor, TlsStream};
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::rt::net::TcpStream;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpSocket;

use crate::app::App;
use crate::limits::{ACCEPT_BACKLOG, KEEP_ALIVE};
use crate::management::{self, Management};
use crate::routes;
use crate::serving::access_log::observe;
use crate::serving::answer_pieces::hand_over;
use crate::serving::connection::{Link, Wire};
use crate::serving::socket::Socket;
use crate::settings::Settings;

/// A socket that is bound, and its TLS. It does not listen before it is served: until then whoever connects is
/// refused at once by the operating system, and does not wait in a queue that nobody looks at.
pub struct Bound {
    socket: TcpSocket,
    address: SocketAddr,
    tls: Option<ServerConfig>,
}

impl Bound {
    /// Binds an address; port 0 takes a free one.
    ///
    /// # Errors
    /// The operating system's.
    pub fn new(address: SocketAddr, tls: Option<ServerConfig>) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // As the standard library does: a port in TIME_WAIT is not taken.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let address = socket.local_addr()?;
        Ok(Self { socket, address, tls })
    }

    fn listen(self) -> io::Result<(TcpListener, Option<ServerConfig>)> {
        Ok((self.socket.listen(ACCEPT_BACKLOG)?.into_std()?, self.tls))
    }

    /// The address with its real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://…` or `https://…`; an address that means every interface is named by loopback.
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let mut address = self.address;
        if address.ip().is_unspecified() {
            let loopback: std::net::IpAddr = match address {
                SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
                SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
            };
            address.set_ip(loopback);
        }
        format!("{scheme}://{address}")
    }
}

/// A listener that answers.
pub struct Serving {
    handle: ServerHandle,
    task: tokio::task::JoinHandle<io::Result<()>>,
}

impl Serving {
    /// Stops taking connections, lets requests in flight end (as long as the server was told to wait), and
    /// returns when it is over.
    pub async fn stop(self) {
        self.handle.stop(true).await;
        match self.task.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(%error, "a listener did not end in order"),
            Err(error) => tracing::warn!(%error, "a listener did not end in order"),
        }
    }
}

/// How a listener treats its connections.
#[derive(Debug, Clone, Copy)]
struct Manners {
    linger: Duration,
    drain: Duration,
    workers: usize,
    head_time: Duration,
    answer_progress: Duration,
}

/// Serves the public API.
///
/// # Errors
/// The operating system's.
pub fn serve_public(app: Arc<App>, bound: Bound) -> io::Result<Serving> {
    let settings = &app.settings;
    let manners = Manners {
        linger: settings.linger,
        drain: settings.drain,
        workers: settings.workers.max(1),
        head_time: settings.head_timeout,
        answer_progress: settings.answer_progress,
    };
    let service =
        move || actix_web::App::new().wrap(from_fn(observe)).configure(routes::configure(Arc::clone(&app)));
    serve("public", bound, manners, service)
}

/// Serves the management listener.
///
/// # Errors
/// The operating system's.
pub fn serve_management(management: Management, settings: &Settings, bound: Bound) -> io::Result<Serving> {
    let manners = Manners {
        linger: Duration::from_secs(1),
        drain: Duration::from_secs(1),
        workers: 1,
        head_time: settings.head_timeout,
        answer_progress: settings.answer_progress,
    };
    let service = move || actix_web::App::new().configure(management::configure(management.clone()));
    serve("management", bound, manners, service)
}

fn serve<F, I, S, B>(name: &str, bound: Bound, manners: Manners, app: F) -> io::Result<Serving>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: actix_service::IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as actix_service::Service<Request>>::Future: 'static,
    B: actix_web::body::MessageBody + 'static,
{
    let (listener, tls) = bound.listen()?;
    let builder = Server::build()
        .workers(manners.workers)
        .disable_signals()
        // In whole seconds, so that what was set is waited for.
        .shutdown_timeout(manners.drain.as_millis().div_ceil(1000).max(1) as u64);
    let signal = builder.graceful_shutdown_signal();
    let builder = match tls {
        None => builder.listen(name, listener, move || {
            let signal = signal.clone();
            fn_service(move |io: TcpStream| async move {
                let peer = io.peer_addr().ok();
                let io = Socket::over(io, manners.answer_progress);
                Ok::<_, DispatchError>((Wire::new(io, manners.head_time), Protocol::Http1, peer))
            })
            .and_then(http(app(), manners, move || {
                let signal = signal.clone();
                async move { signal.notified().await }
            }))
        })?,
        Some(mut tls) => {
            tls.alpn_protocols = vec![b"http/1.1".to_vec()];
            builder.listen(name, listener, move || {
                let signal = signal.clone();
                let acceptor =
                    Acceptor::new(tls.clone()).map_init_err(|_| ()).map_err(TlsError::into_service_error);
                fn_service(move |io: TcpStream| async move { Ok(Socket::over(io, manners.answer_progress)) })
                    .and_then(acceptor)
                    .and_then(fn_service(move |io: TlsStream<Socket>| async move {
                        let peer = io.get_ref().0.peer();
                        Ok((Wire::new(io, manners.head_time), Protocol::Http1, peer))
                    }))
                    .and_then(
                        http(app(), manners, move || {
                            let signal = signal.clone();
                            async move { signal.notified().await }
                        })
                        .map_err(TlsError::Service),
                    )
            })?
        }
    };
    let server = builder.run();
    let handle = server.handle();
    Ok(Serving { handle, task: tokio::spawn(server) })
}

fn http<IO, I, S, B, F, Fut>(
    app: I,
    manners: Manners,
    stopping: F,
) -> impl ServiceFactory<
    (Wire<IO>, Protocol, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
>
where
    IO: AsyncRead + AsyncWrite + Unpin + 'static,
    I: actix_service::IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error> + 'static,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as actix_service::Service<Request>>::Future: 'static,
    B: actix_web::body::MessageBody + 'static,
    F: Fn() -> Fut + 'static,
    Fut: Future<Output = ()> + 'static,
{
    let app = app
        .into_factory()
        .map_err(|error| Response::<BoxBody>::from(Into::<actix_web::Error>::into(error).error_response()));
    // Around every answer, also one that a middleware did not make.
    let app = apply_fn_factory(map_config(app, |()| AppConfig::default()), |request: Request, app: &_| {
        let link = request.conn_data::<Link>().cloned();
        let answer = app.call(request);
        async move {
            let response = match answer.await {
                Ok(response) => Into::<Response<B>>::into(response).map_into_boxed_body(),
                Err(response) => response,
            };
            Ok::<_, Response<BoxBody>>(hand_over(response, link))
        }
    });
    HttpService::build()
        .graceful_shutdown_signal(stopping)
        .keep_alive(KEEP_ALIVE)
        // The connection's own matter, for every head of it.
        .client_request_timeout(Duration::ZERO)
        .client_disconnect_timeout(manners.linger)
        .on_connect_ext(|wire: &Wire<IO>, data| {
            data.insert(wire.link());
        })
        .finish(app)
}
