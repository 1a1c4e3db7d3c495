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
use domain::orgs::OrgRecord;
use domain::ports::Topic;
use domain::time::Timestamp;
use event_codec::{DecodeError, RecordType, record_type};
use org_directory::orgs::Orgs;
use org_directory::signers::ADOPTION_NOTE;
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
    /// Records of that kind that nobody can read: what they held opens with no key.
    pub unreadable: u64,
    /// Whether some of it was sealed to the key that was given.
    pub is_this_key: bool,
    /// The key's file is gone, now or since an earlier run.
    pub is_destroyed: bool,
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
        let size = match std::fs::symlink_metadata(path) {
            Ok(metadata) if metadata.is_file() => metadata.len(),
            // It would be another name that is destroyed, or no file at all.
            Ok(_) => return Err(could_not(&"not a plain file")),
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
            let record = match ports.codec.decode_audit(record) {
                Err(DecodeError::Malformed(_)) => {
                    done.unreadable += 1;
                    return Ok(());
                }
                decoded => decoded?,
            };
            let Some((binding, at)) = old_binding(record, org) else { return Ok(()) };
            done.records += 1;
            done.is_this_key |=
                matches!(old, OldKey::Kept(private) if private.key_id() == binding.evidence_key_id);
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
/// [`ActError`]. The key is there until everything it opens is shared, and one that is not the org's stays.
pub async fn bring_over(
    ports: &UnsealPorts,
    orgs: &Orgs<'_>,
    record: &OrgRecord,
    key_file: &Path,
) -> Result<Adopted, ActError> {
    let org = &record.org;
    let old = OldKey::read(key_file)?;
    match &old {
        OldKey::Kept(private) if record.has_evidence_key() && private.key_id() != record.evidence_key_id => {
            let words = format!("{} is not the evidence key of {org}", key_file.display());
            return Err(ActError::CouldNot(words));
        }
        OldKey::Kept(_) => {}
        // Nothing may be left that only it opens.
        OldKey::Wiped | OldKey::Gone => {
            adopt_secrets(ports, org, &old).await?;
        }
    }
    note_adoption(ports, org, true).await?;
    orgs.retire_evidence_key(org).await?;
    let mut adopted = adopt_secrets(ports, org, &old).await?;
    let is_its = match &old {
        OldKey::Kept(private) => adopted.is_this_key || private.key_id() == record.evidence_key_id,
        OldKey::Wiped => true,
        OldKey::Gone => false,
    };
    if is_its {
        drop(old);
        let could_not = |error| ActError::CouldNot(format!("{}: {error}", key_file.display()));
        destroy_key_file(key_file).map_err(could_not)?;
    }
    adopted.is_destroyed = key_file.symlink_metadata().is_err();
    note_adoption(ports, org, false).await?;
    Ok(adopted)
}

/// Says that an org is being brought over, until it is: programs do not serve it meanwhile.
async fn note_adoption(ports: &UnsealPorts, org: &OrgId, goes_on: bool) -> Result<(), ActError> {
    let wanted = if goes_on { org.as_str() } else { "" };
    let before = ports.notes.note(ADOPTION_NOTE).await?;
    match before.as_deref() {
        Some(other) if ![org.as_str(), ""].contains(&other) => {
            return Err(ActError::CouldNot(format!("{other} is being brought over: end that first")));
        }
        Some(same) if same == wanted => return Ok(()),
        _ => {}
    }
    if ports.notes.change_note(ADOPTION_NOTE, before.as_deref(), wanted).await? {
        Ok(())
    } else {
        Err(ActError::CouldNot(format!("{org} is being brought over by another program")))
    }
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
