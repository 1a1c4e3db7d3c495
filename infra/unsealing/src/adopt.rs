//! Evidence of before there were signers: every secret that was encapsulated to the org's evidence key is shared among the
//! signers, and once all of that is in the log, the private key is destroyed. Each step may be interrupted; run again, it
//! goes on where it was.
//!
//! The order matters. The org's record loses its evidence key first: an instance of an earlier build that still runs
//! refuses evidence from then on, so that nothing is sealed to a key that is about to go. Then the log is walked up to
//! where it ends after that.

use std::collections::HashSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use domain::event::{AuditRecord, RawBinding, SharingCause};
use domain::ids::{EvidenceSecretId, OrgId};
use domain::ports::Topic;
use domain::time::Timestamp;
use event_codec::{RecordType, record_type};
use org_directory::orgs::Orgs;
use vault::{EvidencePrivateKey, UnsharedSecret, evidence_secret_id};

use crate::audit_walk::walk;
use crate::limits::{HOUR_MS, OLD_KEY_FILE_BYTES_MAX};
use crate::refusal::ActError;
use crate::signer_changes::{note_sharing, share};
use crate::unseal::{UnsealPorts, sharing_note_of};

/// What was brought over.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Adopted {
    /// Secrets that were shared now.
    pub shared: u64,
    /// Secrets that had been shared before.
    pub present: u64,
    /// Records that were sealed with them.
    pub records: u64,
}

/// How the evidence in a record was sealed before there were signers, and when it came.
fn old_binding(record: AuditRecord, org: &OrgId) -> Option<(RawBinding, Timestamp)> {
    let (customer, binding, at) = match record {
        AuditRecord::VerdictEvidence(of) => (of.customer, of.raw_binding, of.received_at),
        AuditRecord::FaceEvidence(of) => (of.customer, of.raw_binding, of.received_at),
        _ => return None,
    };
    let binding = binding.filter(|binding| !binding.encapsulation.is_empty())?;
    (customer.org == *org).then_some((binding, at))
}

/// The private key of before, as its file has it.
#[derive(Debug)]
pub enum OldKey {
    /// It opens what was sealed to it.
    Kept(EvidencePrivateKey),
    /// It was overwritten, and not removed yet.
    Wiped,
    /// There is none.
    Gone,
}

impl OldKey {
    /// Reads it.
    ///
    /// # Errors
    /// [`ActError::CouldNot`] for a file that is no such key.
    pub fn read(path: &Path) -> Result<Self, ActError> {
        let could_not =
            |error: &dyn std::fmt::Display| ActError::CouldNot(format!("{}: {error}", path.display()));
        let size = match std::fs::metadata(path) {
            Ok(metadata) => metadata.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::Gone),
            Err(error) => return Err(could_not(&error)),
        };
        let is_small = size <= OLD_KEY_FILE_BYTES_MAX;
        if is_small && std::fs::read(path)?.iter().all(|byte| *byte == 0) {
            return Ok(Self::Wiped);
        }
        EvidencePrivateKey::read(path).map(Self::Kept).map_err(|error| could_not(&error))
    }
}

/// Shares every secret of before among the set in force. All of them are in the log once this returns.
///
/// # Errors
/// [`ActError`]; also for evidence that was sealed to another key than this one, or to one that is gone.
pub async fn adopt_secrets(ports: &UnsealPorts, org: &OrgId, old: &OldKey) -> Result<Adopted, ActError> {
    let set = ports.set_in_force(org).await?;
    let (mut seen, mut done) = (HashSet::<EvidenceSecretId>::new(), Adopted::default());
    for range in ports.log.offsets(Topic::Audit).await? {
        walk(ports, range.partition, async |record| {
            let kind = record_type(record);
            if !matches!(kind, Some(RecordType::VerdictEvidence | RecordType::FaceEvidence)) {
                return Ok(());
            }
            let Some((binding, at)) = old_binding(ports.codec.decode_audit(record)?, org) else {
                return Ok(());
            };
            done.records += 1;
            let id = evidence_secret_id(org, &binding);
            if !seen.insert(id.clone()) {
                return Ok(());
            }
            if ports.notes.note(&sharing_note_of(&id)).await?.is_some() {
                done.present += 1;
                return Ok(());
            }
            let sealed_to = &binding.evidence_key_id;
            let OldKey::Kept(private) = old else {
                return Err(ActError::CouldNot(format!(
                    "evidence of {org} was sealed to the key {sealed_to}, and its file is not there"
                )));
            };
            if *sealed_to != private.key_id() {
                return Err(ActError::CouldNot(format!(
                    "evidence of {org} was sealed to the key {sealed_to}, and this one is {}",
                    private.key_id()
                )));
            }
            let hour = Timestamp::from_millis(at.millis().div_euclid(HOUR_MS) * HOUR_MS);
            let secret = UnsharedSecret::adopt(private, org.clone(), &binding, hour);
            let secret = secret.map_err(|error| ActError::CouldNot(error.to_string()))?;
            let appended = share(ports, &secret, &set, hour, SharingCause::Adopted, Some(binding)).await?;
            note_sharing(ports, &id, &appended).await?;
            done.shared += 1;
            Ok(())
        })
        .await?;
    }
    Ok(done)
}

/// Brings an org with signers over: every secret is shared, and then the private key's file is destroyed.
///
/// # Errors
/// [`ActError`]. The key is there until everything it opens is shared.
pub async fn bring_over(
    ports: &UnsealPorts,
    orgs: &Orgs<'_>,
    org: &OrgId,
    key_file: &Path,
) -> Result<Adopted, ActError> {
    let old = OldKey::read(key_file)?;
    if !matches!(old, OldKey::Kept(_)) {
        // Nothing may be left that only it opens.
        adopt_secrets(ports, org, &old).await?;
    }
    orgs.retire_evidence_key(org).await?;
    let adopted = adopt_secrets(ports, org, &old).await?;
    if !matches!(old, OldKey::Gone) {
        drop(old);
        let could_not = |error| ActError::CouldNot(format!("{}: {error}", key_file.display()));
        destroy_key_file(key_file).map_err(could_not)?;
    }
    Ok(adopted)
}

/// Destroys a private key's file: overwritten, then removed. What a copy elsewhere opens, it still opens. Run again after
/// it was interrupted, it removes what it has overwritten.
///
/// # Errors
/// The file system's.
fn destroy_key_file(path: &Path) -> io::Result<()> {
    let length = std::fs::metadata(path)?.len();
    let mut file = OpenOptions::new().write(true).open(path)?;
    file.write_all(&vec![0; length as usize])?;
    file.sync_all()?;
    std::fs::remove_file(path)?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
