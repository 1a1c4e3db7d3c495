//! The driver's errors in the house's words. No server text is passed on: it may repeat a value.

use std::error::Error as _;

use domain::ports::StoreError;
use scylla::errors::{
    BrokenConnectionError, ConnectionError, ConnectionPoolError, ConnectionSetupRequestErrorKind, DbError,
    ExecutionError, MetadataError, NewSessionError, PrepareError, RequestAttemptError,
};

/// Why a session was not opened, or a schema not brought up to date.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CqlOpenError {
    /// The settings.
    #[error("CQL settings: {0}")]
    Options(String),
    /// No node answered; worth trying again.
    #[error("none of the CQL nodes {nodes} can be reached: {why}")]
    Unreachable {
        /// Those that were tried first.
        nodes: String,
        /// What the last of them did.
        why: String,
    },
    /// A node answered, and did not take the user and password.
    #[error("the CQL nodes refuse {who}: {why}")]
    Credentials {
        /// `user "name"`, or that there was none.
        who: String,
        /// Why.
        why: &'static str,
    },
    /// Certificates, keys, or what came of a handshake.
    #[error("TLS towards the CQL nodes: {0}")]
    Tls(String),
    /// Written by a newer build.
    #[error(
        "the schema of {component} is at version {found}, and this build knows {known}: use the newer build"
    )]
    Newer {
        /// Which set of tables.
        component: String,
        /// What stands there.
        found: i32,
        /// The newest this build knows.
        known: i32,
    },
    /// The keyspace has other replicas than the settings say.
    #[error("keyspace {keyspace} is replicated {found}, and the settings say {wanted}")]
    Replication {
        /// Which.
        keyspace: String,
        /// What stands there.
        found: String,
        /// The settings.
        wanted: String,
    },
    /// The store did not do it now; worth trying again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What went wrong with a request, as far as a caller or a graph cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// No answer in time, from us or from the replicas.
    Timeout,
    /// Too few replicas, or a node that is overloaded or starting.
    Unavailable,
    /// No connection.
    Connection,
    /// A lightweight transaction that may or may not have happened: its round was lost, or timed out.
    Contended,
    /// The statement and the tables do not fit.
    Invalid,
    /// The user may not do that.
    Unauthorized,
    /// What came back is not what this build wrote.
    Decode,
}

impl Kind {
    /// The word in metrics.
    fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Unavailable => "unavailable",
            Self::Connection => "connection",
            Self::Contended => "contended",
            Self::Invalid => "invalid",
            Self::Unauthorized => "unauthorized",
            Self::Decode => "decode",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::Timeout => "no answer in time",
            Self::Unavailable => "too few replicas, or an overloaded node",
            Self::Connection => "no connection to a node",
            Self::Contended => "too many writers of one row at once",
            Self::Invalid => "its tables are not there, or of another shape",
            Self::Unauthorized => "the user has no right to do that",
            Self::Decode => "the answer is not of the shape that was asked for",
        }
    }
}

/// Counts the failure and gives it the port's words.
pub(crate) fn failed(statement: &str, kind: Kind) -> StoreError {
    metrics::counter!("identity_cql_errors_total", "kind" => kind.as_str()).increment(1);
    let text = format!("{statement}: {}", kind.words());
    match kind {
        Kind::Timeout | Kind::Unavailable | Kind::Connection | Kind::Contended => {
            StoreError::Unavailable(text)
        }
        Kind::Invalid | Kind::Unauthorized | Kind::Decode => StoreError::Corrupt(text),
    }
}

pub(crate) fn kind_of(error: &ExecutionError) -> Kind {
    match error {
        ExecutionError::RequestTimeout(_) => Kind::Timeout,
        ExecutionError::LastAttemptError(attempt) => kind_of_attempt(attempt),
        ExecutionError::PrepareError(error) => kind_of_prepare(error),
        ExecutionError::BadQuery(_) => Kind::Invalid,
        ExecutionError::SchemaAgreementError(_) => Kind::Timeout,
        _ => Kind::Connection,
    }
}

pub(crate) fn kind_of_prepare(error: &PrepareError) -> Kind {
    match error {
        PrepareError::AllAttemptsFailed { first_attempt } => kind_of_attempt(first_attempt),
        PrepareError::PreparedStatementIdsMismatch => Kind::Invalid,
        _ => Kind::Connection,
    }
}

pub(crate) fn kind_of_attempt(error: &RequestAttemptError) -> Kind {
    match error {
        RequestAttemptError::DbError(error, _) => kind_of_server(error),
        RequestAttemptError::SerializationError(_) | RequestAttemptError::CqlRequestSerialization(_) => {
            Kind::Invalid
        }
        RequestAttemptError::CqlResultParseError(_) | RequestAttemptError::CqlErrorParseError(_) => {
            Kind::Decode
        }
        RequestAttemptError::UnableToAllocStreamId => Kind::Unavailable,
        RequestAttemptError::RepreparedIdChanged { .. } => Kind::Invalid,
        _ => Kind::Connection,
    }
}

fn kind_of_server(error: &DbError) -> Kind {
    use scylla::errors::WriteType;
    match error {
        DbError::WriteTimeout { write_type: WriteType::Cas, .. } => Kind::Contended,
        DbError::ReadTimeout { .. } | DbError::WriteTimeout { .. } => Kind::Timeout,
        DbError::SyntaxError
        | DbError::Invalid
        | DbError::ConfigError
        | DbError::AlreadyExists { .. }
        | DbError::FunctionFailure { .. }
        | DbError::ProtocolError => Kind::Invalid,
        DbError::Unauthorized => Kind::Unauthorized,
        // Overloaded, bootstrapping, failures of replicas, and errors that only later servers know.
        _ => Kind::Unavailable,
    }
}

/// The error of a session that did not come about.
pub(crate) fn open_error(
    nodes: &[String],
    user: Option<&str>,
    tls: bool,
    error: &NewSessionError,
) -> CqlOpenError {
    let unreachable = |why: String| CqlOpenError::Unreachable { nodes: nodes.join(", "), why };
    let connection = match error {
        NewSessionError::FailedToResolveAnyHostname(_) => {
            return unreachable("their names are unknown".to_owned());
        }
        NewSessionError::MetadataError(MetadataError::ConnectionPoolError(ConnectionPoolError::Broken {
            last_connection_error,
        })) => last_connection_error,
        NewSessionError::IllegalConfig(why) => return CqlOpenError::Options(why.to_string()),
        _ => return unreachable("they did not say what the cluster is like".to_owned()),
    };
    let who = user.map_or_else(|| "a session without a user".to_owned(), |user| format!("user {user:?}"));
    match connection {
        ConnectionError::ConnectTimeout => unreachable("no answer in time".to_owned()),
        ConnectionError::IoError(error) => match tls_reason(error) {
            Some(reason) => CqlOpenError::Tls(reason),
            None => unreachable(error.kind().to_string()),
        },
        ConnectionError::ConnectionSetupRequestError(setup) => match setup.get_error() {
            ConnectionSetupRequestErrorKind::DbError(DbError::AuthenticationError, _) => {
                CqlOpenError::Credentials { who, why: "wrong user or password" }
            }
            ConnectionSetupRequestErrorKind::MissingAuthentication => {
                CqlOpenError::Credentials { who, why: "they want a user and a password" }
            }
            ConnectionSetupRequestErrorKind::DbError(DbError::Unauthorized, _) => {
                CqlOpenError::Credentials { who, why: "the user may not log in" }
            }
            ConnectionSetupRequestErrorKind::BrokenConnection(broken) => broken_off(broken, tls, unreachable),
            _ => unreachable("the first exchange failed: perhaps not a CQL port".to_owned()),
        },
        ConnectionError::BrokenConnection(broken) => broken_off(broken, tls, unreachable),
        _ => unreachable("the connection failed".to_owned()),
    }
}

/// A connection that ended during the first exchange. With TLS 1.3 that is how a node refuses a client
/// without a certificate: the handshake is over by then, on our side.
fn broken_off(
    broken: &BrokenConnectionError,
    tls: bool,
    unreachable: impl Fn(String) -> CqlOpenError,
) -> CqlOpenError {
    let mut cause = broken.source();
    while let Some(error) = cause {
        if let Some(reason) = error.downcast_ref::<std::io::Error>().and_then(tls_reason) {
            return CqlOpenError::Tls(reason);
        }
        cause = error.source();
    }
    if tls {
        return CqlOpenError::Tls(
            "a node ended the connection after the handshake: does it ask for a client certificate that \
             we do not show, or one of another authority?"
                .to_owned(),
        );
    }
    unreachable("a node ended the connection: perhaps it speaks TLS only".to_owned())
}

/// What OpenSSL says of a failed handshake, when that is what failed.
fn tls_reason(error: &std::io::Error) -> Option<String> {
    let inner = error.get_ref()?;
    let error = inner.downcast_ref::<openssl::ssl::Error>()?;
    let reason = error.ssl_error().and_then(|stack| stack.errors().first()?.reason());
    Some(reason.unwrap_or("a node broke the handshake off: perhaps it speaks no TLS").to_owned())
}
