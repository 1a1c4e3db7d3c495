//! `[api]`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::error::{ConfigError, within, within_ms};
use super::listen_address::ListenAddress;
use super::listener::{Listener, tls_files};
use super::source::millis;
use crate::limits;

/// `[api]`: the HTTP front end. Durations are set in milliseconds.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ApiConfig {
    /// The public listener's address, or a name that is looked up.
    pub listen: ListenAddress,
    /// The management listener's address, or a name that is looked up.
    pub admin_listen: ListenAddress,
    /// The public listener may speak plaintext off loopback.
    pub allow_plaintext: bool,
    /// The management listener may speak plaintext off loopback.
    pub admin_allow_plaintext: bool,
    /// The public listener's certificate chain, PEM.
    pub tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub tls_key_file: Option<PathBuf>,
    /// Authorities that clients' certificates must be under, PEM.
    pub tls_client_ca_file: Option<PathBuf>,
    /// The management listener's certificate chain, PEM.
    pub admin_tls_cert_file: Option<PathBuf>,
    /// Its private key, PEM.
    pub admin_tls_key_file: Option<PathBuf>,
    /// Authorities that its clients' certificates must be under, PEM.
    pub admin_tls_client_ca_file: Option<PathBuf>,
    /// `wait_default_ms`: how long a write waits for its projection when the caller does not say.
    #[serde(rename = "wait_default_ms", deserialize_with = "millis")]
    pub wait_default: Duration,
    /// `wait_max_ms`: how long a caller may make it wait.
    #[serde(rename = "wait_max_ms", deserialize_with = "millis")]
    pub wait_max: Duration,
    /// `body_progress_timeout_ms`: within this, a body must bring another byte.
    #[serde(rename = "body_progress_timeout_ms", deserialize_with = "millis")]
    pub body_progress_timeout: Duration,
    /// `body_timeout_ms`: within this, a body must have ended.
    #[serde(rename = "body_timeout_ms", deserialize_with = "millis")]
    pub body_timeout: Duration,
    /// The average rate that a body must keep once `body_rate_after_ms` have passed; 0 asks for none.
    pub body_bytes_per_second_min: u64,
    /// `body_rate_after_ms`: from when on a body's average rate counts.
    #[serde(rename = "body_rate_after_ms", deserialize_with = "millis")]
    pub body_rate_after: Duration,
    /// `head_timeout_ms`: within this, a request's head must have come.
    #[serde(rename = "head_timeout_ms", deserialize_with = "millis")]
    pub head_timeout: Duration,
    /// `answer_progress_timeout_ms`: within this, a client must take another byte of an answer.
    #[serde(rename = "answer_progress_timeout_ms", deserialize_with = "millis")]
    pub answer_progress_timeout: Duration,
    /// Whether the page that shows the API is served (`/docs`).
    pub docs: bool,
    /// Bytes of bodies that are admitted at once.
    pub bytes_in_flight_max: u64,
    /// The share of `bytes_in_flight_max` that one org may use while no other is active: above 0, at most 1.
    pub org_share: f64,
    /// `directory_stale_ms`: without news of orgs and keys for this long, requests are answered 503.
    #[serde(rename = "directory_stale_ms", deserialize_with = "millis")]
    pub directory_stale: Duration,
    /// `outcomes_current_ms`: a cached key serves only while outcomes were current within this.
    #[serde(rename = "outcomes_current_ms", deserialize_with = "millis")]
    pub outcomes_current: Duration,
    /// `drain_timeout_ms`: how long requests may go on after SIGTERM.
    #[serde(rename = "drain_timeout_ms", deserialize_with = "millis")]
    pub drain_timeout: Duration,
    /// Worker threads; 0 is one for each core.
    pub workers: u32,
}

impl Default for ApiConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)).into(),
            admin_listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 9464)).into(),
            allow_plaintext: false,
            admin_allow_plaintext: false,
            tls_cert_file: None,
            tls_key_file: None,
            tls_client_ca_file: None,
            admin_tls_cert_file: None,
            admin_tls_key_file: None,
            admin_tls_client_ca_file: None,
            // The waits and times are the contract's (§1, §2, §6).
            wait_default: Duration::from_secs(2),
            wait_max: Duration::from_secs(10),
            body_progress_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            body_bytes_per_second_min: 1024,
            // Until then a slow start is no fault.
            body_rate_after: Duration::from_secs(10),
            head_timeout: Duration::from_secs(10),
            answer_progress_timeout: Duration::from_secs(10),
            docs: true,
            // A 512 MiB container with everything that a body turns into (decoded photo, envelope, record: about two
            // and a half times the body) stays below half of its memory.
            bytes_in_flight_max: 64 * 1024 * 1024,
            // With others active it shrinks, so that none keeps another out.
            org_share: 0.5,
            directory_stale: Duration::from_secs(30),
            // After an erasure a cached key serves no longer than this.
            outcomes_current: Duration::from_secs(5),
            drain_timeout: limits::DRAIN_TIMEOUT_MAX,
            workers: 0,
        }
    }
}

const SECTION: &str = "api";

impl ApiConfig {
    /// The public listener.
    ///
    /// # Errors
    /// A TLS file without its other half.
    pub fn public_listener(&self) -> Result<Listener, ConfigError> {
        Ok(Listener {
            address: self.listen.clone(),
            tls: tls_files(
                SECTION,
                "",
                self.tls_cert_file.as_ref(),
                self.tls_key_file.as_ref(),
                self.tls_client_ca_file.as_ref(),
            )?,
            allow_plaintext: self.allow_plaintext,
            allow_setting: (SECTION, "allow_plaintext"),
        })
    }

    /// The management listener.
    ///
    /// # Errors
    /// A TLS file without its other half.
    pub fn admin_listener(&self) -> Result<Listener, ConfigError> {
        Ok(Listener {
            address: self.admin_listen.clone(),
            tls: tls_files(
                SECTION,
                "admin_",
                self.admin_tls_cert_file.as_ref(),
                self.admin_tls_key_file.as_ref(),
                self.admin_tls_client_ca_file.as_ref(),
            )?,
            allow_plaintext: self.admin_allow_plaintext,
            allow_setting: (SECTION, "admin_allow_plaintext"),
        })
    }

    /// Bytes of bodies that one org may have in flight.
    pub fn org_bytes_in_flight_max(&self) -> u64 {
        // At least one largest body, or an org could never send one.
        let share = (self.bytes_in_flight_max as f64 * self.org_share) as u64;
        share.clamp(limits::BODY_BYTES_MAX, self.bytes_in_flight_max)
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        self.public_listener()?;
        self.admin_listener()?;
        for (name, value, least) in [
            ("wait_default_ms", self.wait_default, 0),
            ("wait_max_ms", self.wait_max, 0),
            ("body_progress_timeout_ms", self.body_progress_timeout, 1),
            ("body_timeout_ms", self.body_timeout, 1),
            ("body_rate_after_ms", self.body_rate_after, 0),
            ("head_timeout_ms", self.head_timeout, 1),
            ("answer_progress_timeout_ms", self.answer_progress_timeout, 1),
            ("directory_stale_ms", self.directory_stale, 1),
            ("outcomes_current_ms", self.outcomes_current, 1),
        ] {
            within_ms(SECTION, name, value, least..=limits::SETTING_MS_MAX)?;
        }
        let drain = 0..=limits::DRAIN_TIMEOUT_MAX.as_millis();
        within_ms(SECTION, "drain_timeout_ms", self.drain_timeout, drain)?;
        if self.wait_default > self.wait_max {
            return Err(ConfigError::invalid(SECTION, "wait_default_ms", "must not be above wait_max_ms"));
        }
        within(
            SECTION,
            "bytes_in_flight_max",
            self.bytes_in_flight_max,
            limits::BODY_BYTES_MAX..=limits::BYTES_IN_FLIGHT_MAX,
        )?;
        within(
            SECTION,
            "body_bytes_per_second_min",
            self.body_bytes_per_second_min,
            0..=limits::BODY_RATE_MIN_MAX,
        )?;
        if !(self.org_share > 0.0 && self.org_share <= 1.0) {
            return Err(ConfigError::invalid(SECTION, "org_share", "must be above 0 and at most 1"));
        }
        within(SECTION, "workers", self.workers, 0..=limits::WORKERS_MAX)
    }
}
