//! Asking: one request at a time over HTTP/1.1, with TLS where the URL says so, a time limit, and a bound on what
//! is read. Redirects are not followed: credentials go where they were meant to go. Not here: what is asked.

use std::sync::Arc;

use bytes::Bytes;
use data_encoding::BASE64;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use hyper::{Method, Request, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use service::tls::{TlsError, certificates, private_key};
use zeroize::Zeroizing;

use crate::error::RegistryError;
use crate::limits::{ANSWER_BYTES_MAX, REQUEST_WITHIN, WORDS_MAX};
use crate::options::{RegistryCredentials, RegistryOptions, TlsOptions};

/// Confluent's media type; plain JSON is what some others say.
const REGISTRY_JSON: &str = "application/vnd.schemaregistry.v1+json";

/// What a registry answered that is not for the caller to judge alone.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) json: Value,
}

impl Answer {
    /// Its own words, one line of them, or its status.
    pub(crate) fn words(&self) -> String {
        let message = self.json["message"].as_str().unwrap_or_default();
        let line: String = message.chars().filter(|c| !c.is_control()).take(WORDS_MAX).collect();
        if line.is_empty() { self.status.to_string() } else { format!("{}: {line}", self.status) }
    }
}

/// Asks one registry.
pub(crate) struct Client {
    http: hyper_util::client::legacy::Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    credentials: Option<RegistryCredentials>,
}

impl Client {
    pub(crate) fn new(options: &RegistryOptions) -> Result<Self, RegistryError> {
        let refuse = |why: &str| RegistryError::Options(why.to_owned());
        let url = options.url.trim_end_matches('/').to_owned();
        let uri: Uri = url.parse().map_err(|_| refuse("the URL is none"))?;
        let has_user = uri.authority().is_none_or(|authority| authority.as_str().contains('@'));
        if !matches!(uri.scheme_str(), Some("http" | "https")) || has_user || uri.query().is_some() {
            return Err(refuse(
                "the URL is http:// or https://, a host and perhaps a path, and nothing else",
            ));
        }
        let connector = HttpsConnectorBuilder::new()
            .with_tls_config(tls(&options.tls)?)
            .https_or_http()
            .enable_http1()
            .build();
        let http = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
        Ok(Self { http, url, credentials: options.credentials.clone() })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Asks once. What says that we may not, or not now, is an error here already.
    pub(crate) async fn ask(
        &self,
        what: &str,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer, RegistryError> {
        let asked = tokio::time::timeout(REQUEST_WITHIN, self.send(method, path, body)).await;
        let answer = asked.map_err(|_| RegistryError::Unreachable {
            url: self.url.clone(),
            why: format!("no answer within {} s", REQUEST_WITHIN.as_secs()),
        })??;
        match answer.status {
            401 | 403 => Err(RegistryError::Forbidden {
                url: self.url.clone(),
                who: self.credentials.as_ref().map_or_else(
                    || "us (no user is set)".to_owned(),
                    |known| format!("user {:?}", known.user),
                ),
                status: answer.status,
                what: what.to_owned(),
            }),
            429 | 500.. => Err(RegistryError::Unreachable { url: self.url.clone(), why: answer.words() }),
            _ => Ok(answer),
        }
    }

    async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, RegistryError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header(ACCEPT, format!("{REGISTRY_JSON}, application/json"));
        if body.is_some() {
            request = request.header(CONTENT_TYPE, REGISTRY_JSON);
        }
        if let Some(known) = &self.credentials {
            request = request.header(AUTHORIZATION, basic(known)?);
        }
        let bytes = body.map(Value::to_string).unwrap_or_default();
        let request = request
            .body(Full::new(Bytes::from(bytes)))
            .map_err(|_| RegistryError::Options("the URL is none".to_owned()))?;
        let response = self.http.request(request).await.map_err(|error| self.lost(&error))?;
        let status = response.status().as_u16();
        let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await;
        let body = body.map_err(|error| self.lost(&*error))?.to_bytes();
        Ok(Answer { status, json: serde_json::from_slice(&body).unwrap_or_default() })
    }

    /// A request that got no answer: TLS, or anything else.
    fn lost(&self, error: &(dyn std::error::Error + 'static)) -> RegistryError {
        let url = self.url.clone();
        if let Some(tls) = tls_error(error) {
            return RegistryError::Tls { url, why: tls.to_string() };
        }
        let mut deepest = error;
        while let Some(cause) = deepest.source() {
            deepest = cause;
        }
        RegistryError::Unreachable { url, why: deepest.to_string() }
    }
}

/// rustls's own error, wherever beneath this one. An `io::Error` does not name what it holds as its source.
fn tls_error<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e rustls::Error> {
    let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
    error
        .downcast_ref::<rustls::Error>()
        .or_else(|| held.and_then(|held| tls_error(held)))
        .or_else(|| error.source().and_then(tls_error))
}

/// The header of HTTP Basic (RFC 7617), not to be shown by anybody's `Debug`.
fn basic(known: &RegistryCredentials) -> Result<HeaderValue, RegistryError> {
    let pair = Zeroizing::new(format!("{}:{}", known.user, known.password.as_str()));
    let text = Zeroizing::new(format!("Basic {}", BASE64.encode(pair.as_bytes())));
    let mut header = HeaderValue::from_str(&text)
        .map_err(|_| RegistryError::Options("the user cannot stand in a header".to_owned()))?;
    header.set_sensitive(true);
    Ok(header)
}

/// rustls with ring, as the house has it everywhere.
fn tls(options: &TlsOptions) -> Result<ClientConfig, RegistryError> {
    let mut roots = RootCertStore::empty();
    match &options.ca_file {
        Some(path) => {
            for authority in certificates(path)? {
                roots.add(authority).map_err(|error| TlsError::unusable(path, "authority", error))?;
            }
        }
        // What of the system's store cannot be read is not trusted; without any, an https answer is refused.
        None => drop(roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs)),
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| RegistryError::Options(error.to_string()))?
        .with_root_certificates(roots);
    let Some((chain, key)) = &options.identity else { return Ok(builder.with_no_client_auth()) };
    let client = builder.with_client_auth_cert(certificates(chain)?, private_key(key)?);
    Ok(client.map_err(|error| TlsError::unusable(chain, "certificate", error))?)
}
