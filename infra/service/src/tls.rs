//! TLS of a listener: rustls with a certificate that is read again when its files change, and client
//! certificates where an authority for them is set; and the reading of PEM files, also for clients of ours.
//! Knows nothing of HTTP.

use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};

use crate::limits::PEM_FILE_BYTES_MAX;

/// PEM files of a listener that speaks TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate chain, leaf first.
    pub cert_file: PathBuf,
    /// Its private key: PKCS#8, PKCS#1 or SEC1.
    pub key_file: PathBuf,
    /// Authorities one of which must have signed a client's certificate; none: clients need none.
    pub client_ca_file: Option<PathBuf>,
}

/// Why a PEM file is not usable.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read.
    #[error("cannot read {path}: {error}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It holds no such thing.
    #[error("{path} holds no usable {what}: {message}")]
    NoSuchThing {
        /// The file.
        path: PathBuf,
        /// A certificate, a private key.
        what: &'static str,
        /// The library's words.
        message: String,
    },
    /// The key is not the certificate's, or nothing rustls can sign with.
    #[error("{cert} and {key} do not go together: {message}")]
    Mismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
        /// The library's words.
        message: String,
    },
}

/// A server's TLS from those files. Certificate and key are looked at again at each handshake (two `stat`s)
/// and taken up when they have changed and go together; until then the last good ones serve. The authority
/// of client certificates is read at start.
///
/// # Errors
/// A file that cannot be read, holds nothing usable, or a key that is not the certificate's.
pub fn server_config(files: &TlsFiles) -> Result<ServerConfig, TlsError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let certificate = ReloadingCertificate::open(files, Arc::clone(&provider))?;
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| no_such_thing(&files.cert_file, "protocol version", error))?;
    let builder = match &files.client_ca_file {
        None => builder.with_no_client_auth(),
        Some(path) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(path)? {
                roots.add(authority).map_err(|error| no_such_thing(path, "authority", error))?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| no_such_thing(path, "authority", error))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    Ok(builder.with_cert_resolver(Arc::new(certificate)))
}

/// A file's identity and state: another inode (a symlink that was switched), length or time is a change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp {
    inode: u64,
    length: u64,
    modified: (i64, i64),
}

impl Stamp {
    fn of(path: &Path) -> Option<Self> {
        let meta = std::fs::metadata(path).ok()?;
        Some(Self { inode: meta.ino(), length: meta.len(), modified: (meta.mtime(), meta.mtime_nsec()) })
    }
}

#[derive(Debug)]
struct Loaded {
    /// State of both files when they were last tried, whether or not they were any good.
    stamps: [Option<Stamp>; 2],
    key: Arc<CertifiedKey>,
}

#[derive(Debug)]
struct ReloadingCertificate {
    cert_file: PathBuf,
    key_file: PathBuf,
    provider: Arc<CryptoProvider>,
    loaded: Mutex<Loaded>,
}

impl ReloadingCertificate {
    fn open(files: &TlsFiles, provider: Arc<CryptoProvider>) -> Result<Self, TlsError> {
        // Before the content: a change in between is then noticed at the first handshake.
        let stamps = [Stamp::of(&files.cert_file), Stamp::of(&files.key_file)];
        let key = load(&files.cert_file, &files.key_file, &provider)?;
        Ok(Self {
            cert_file: files.cert_file.clone(),
            key_file: files.key_file.clone(),
            provider,
            loaded: Mutex::new(Loaded { stamps, key }),
        })
    }

    fn current(&self) -> Arc<CertifiedKey> {
        let stamps = [Stamp::of(&self.cert_file), Stamp::of(&self.key_file)];
        let mut loaded = self.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if loaded.stamps != stamps {
            // Tried once per change: between the certificate's arrival and its key's they do not go together.
            loaded.stamps = stamps;
            match load(&self.cert_file, &self.key_file, &self.provider) {
                Ok(key) => {
                    loaded.key = key;
                    tracing::info!(file = %self.cert_file.display(), "the certificate was read again");
                }
                Err(error) => {
                    tracing::warn!(%error, "a changed certificate is not usable; the last one serves");
                }
            }
        }
        Arc::clone(&loaded.key)
    }
}

impl ResolvesServerCert for ReloadingCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current())
    }
}

fn load(cert: &Path, key: &Path, provider: &CryptoProvider) -> Result<Arc<CertifiedKey>, TlsError> {
    let chain = certificates(cert)?;
    let private = private_key(key)?;
    CertifiedKey::from_der(chain, private, provider).map(Arc::new).map_err(|error| TlsError::Mismatch {
        cert: cert.to_path_buf(),
        key: key.to_path_buf(),
        message: error.to_string(),
    })
}

/// The private key of a PEM file.
///
/// # Errors
/// The file cannot be read, is too large, or holds no private key.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_slice(&read(path)?).map_err(|error| no_such_thing(path, "private key", error))
}

/// The certificates of a PEM file, at least one.
///
/// # Errors
/// The file cannot be read, is too large, or holds no certificate.
pub fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(&read(path)?)
        .collect::<Result<_, _>>()
        .map_err(|error| no_such_thing(path, "certificate", error))?;
    if chain.is_empty() {
        return Err(no_such_thing(path, "certificate", "there is none in it"));
    }
    Ok(chain)
}

fn read(path: &Path) -> Result<zeroize::Zeroizing<Vec<u8>>, TlsError> {
    let unreadable = |error| TlsError::Unreadable { path: path.to_path_buf(), error };
    if std::fs::metadata(path).map_err(unreadable)?.len() > PEM_FILE_BYTES_MAX {
        return Err(unreadable(io::Error::other("too large for a PEM file")));
    }
    std::fs::read(path).map(zeroize::Zeroizing::new).map_err(unreadable)
}

fn no_such_thing(path: &Path, what: &'static str, error: impl std::fmt::Display) -> TlsError {
    TlsError::NoSuchThing { path: path.to_path_buf(), what, message: error.to_string() }
}

#[cfg(test)]
mod tests;
