//! `[kms]` and `[compliance]`: where keys live that no data store may hold.

use std::path::PathBuf;

use serde::Deserialize;

/// `[kms]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KmsConfig {
    /// The file of the org keys (0600). Never in a backup of the key store. By default in the embedded
    /// engine's folder; the distributed engine needs it set.
    pub file: Option<PathBuf>,
}

/// `[compliance]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ComplianceConfig {
    /// Where the two signers of orgs of environment `sandbox` lie, `signer-1.key` and `signer-2.key` (0600). By default
    /// in the embedded engine's folder.
    pub key_dir: Option<PathBuf>,
}
