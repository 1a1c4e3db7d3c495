//! Free loopback ports that stay ours: a lease is a locked file, so that two tests in two
//! processes never choose the same port, also while a killed server is down. Not here: who
//! listens on them.

use std::fs::{self, File};
use std::net::TcpListener;
use std::path::PathBuf;

use crate::artifacts::cache;
use crate::error::ClusterError;
use crate::limits::PORTS;

/// A port on 127.0.0.1, ours until dropped.
pub(crate) struct LeasedPort {
    number: u16,
    /// Unlocked by the kernel when the process ends, however it ends.
    _lease: File,
}

impl LeasedPort {
    pub(crate) fn number(&self) -> u16 {
        self.number
    }

    /// `127.0.0.1:<port>`.
    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.number)
    }

    /// The next port that nobody leased and nobody listens on.
    pub(crate) fn lease() -> Result<Self, ClusterError> {
        let folder = cache().join("ports");
        fs::create_dir_all(&folder).map_err(ClusterError::io("create", &folder))?;
        let width = PORTS.end - PORTS.start;
        // Where to begin is only spread, not chance: processes differ in their id.
        let begin = (std::process::id() % u32::from(width)) as u16;
        for step in 0..width {
            let number = PORTS.start + (begin + step) % width;
            if let Some(port) = Self::try_lease(number, folder.join(number.to_string())) {
                return Ok(port);
            }
        }
        Err(ClusterError::Ports)
    }

    fn try_lease(number: u16, path: PathBuf) -> Option<Self> {
        let lease = File::create(path).ok()?;
        lease.try_lock().ok()?;
        // Also free in fact: somebody else's server holds no lease of ours.
        TcpListener::bind(("127.0.0.1", number)).ok()?;
        Some(Self { number, _lease: lease })
    }
}

#[cfg(test)]
mod tests {
    use super::LeasedPort;

    #[test]
    fn two_leases_are_two_ports() {
        let one = LeasedPort::lease().expect("a free port");
        let two = LeasedPort::lease().expect("a free port");
        assert_ne!(one.number(), two.number());
    }
}
