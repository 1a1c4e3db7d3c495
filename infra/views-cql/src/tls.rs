//! The TLS context of the driver: OpenSSL, which the Kafka client needs anyway.

use std::path::Path;

use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;
use scylla::client::session::OpenSsl010Config;

use crate::error::CqlOpenError;
use crate::options::TlsOptions;

/// Verifies the nodes' certificates, names included.
pub(crate) fn context(options: &TlsOptions) -> Result<OpenSsl010Config, CqlOpenError> {
    let mut builder = SslConnector::builder(SslMethod::tls()).map_err(|e| refused("OpenSSL", &e))?;
    if let Some(file) = &options.ca_file {
        // A store of its own: these authorities and no others.
        let pem = std::fs::read(file).map_err(|e| unreadable(file, &e))?;
        let mut store = X509StoreBuilder::new().map_err(|e| refused("OpenSSL", &e))?;
        let authorities = X509::stack_from_pem(&pem).map_err(|e| refused("the authorities' file", &e))?;
        if authorities.is_empty() {
            return Err(CqlOpenError::Tls(format!("{} holds no certificate", file.display())));
        }
        for authority in authorities {
            store.add_cert(authority).map_err(|e| refused("the authorities' file", &e))?;
        }
        builder.set_cert_store(store.build());
    }
    if let Some(client) = &options.client {
        for file in [&client.chain_file, &client.key_file] {
            std::fs::metadata(file).map_err(|e| unreadable(file, &e))?;
        }
        builder
            .set_certificate_chain_file(&client.chain_file)
            .map_err(|e| refused("our own certificate's file", &e))?;
        builder
            .set_private_key_file(&client.key_file, SslFiletype::PEM)
            .and_then(|()| builder.check_private_key())
            .map_err(|e| refused("our own key's file", &e))?;
    }
    Ok(OpenSsl010Config::new(builder))
}

fn refused(what: &str, error: &ErrorStack) -> CqlOpenError {
    let reason = error.errors().first().and_then(openssl::error::Error::reason).unwrap_or("no reason given");
    CqlOpenError::Tls(format!("{what}: {reason}"))
}

fn unreadable(file: &Path, error: &std::io::Error) -> CqlOpenError {
    CqlOpenError::Tls(format!("{}: {error}", file.display()))
}
