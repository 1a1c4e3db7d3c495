//! The signer sets of orgs: each change a record in `identity.audit` and then the org's note in the key store, which
//! everybody goes by. The record is the proof; the note is what a secret is shared by without a walk through the log,
//! and it is seen by whoever asks after the change was answered. The sandbox's own signers are here too.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use domain::event::{AuditRecord, SignerSetChanged};
use domain::ids::{EventId, OrgId, derived};
use domain::ports::{Appended, EventLog, KeyNotes, LogError, StoreError, Topic};
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet, SignerSignature, THRESHOLD_MIN};
use engine::Engine;
use event_codec::{Codec, EncodeError, Meta};
use serde::{Deserialize, Serialize};
use service::clock;
use vault::{
    SignerChainError, SignerFileError, SignerKeys, SignerPublicKeys, check_next_signer_set,
    signer_set_in_force, signer_set_sha256,
};

use crate::limits::{APPEND_TRIES, DIRECTORY_RETRY, PUBLIC_KEY_FILE_BYTES_MAX, SIGNER_SETS_MAX};

/// The note's layout; another number is another build's.
const FORMAT: u32 = 1;

/// Names of the signers that a sandbox makes for itself.
const SANDBOX_SIGNERS: [&str; 2] = ["signer-1", "signer-2"];

/// The note that has the org which is being brought over from before there were signers; an empty one once it is.
pub const ADOPTION_NOTE: &str = "adoption";

/// Why a signer set was not read or changed.
#[derive(Debug, thiserror::Error)]
pub enum SignersError {
    /// The key store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A value that the record's schema has no room for.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The sets in the key store do not follow each other by their signatures.
    #[error("in the key store: {0}")]
    Chain(#[from] SignerChainError),
    /// The set that was to be put in force does not follow the present one.
    #[error("{0}")]
    NotTheNext(SignerChainError),
    /// An operator is needed.
    #[error("the signer sets of {0} in the key store are not what this build writes")]
    Corrupt(OrgId),
    /// There is one already.
    #[error("{0} has signers already")]
    AlreadyThere(OrgId),
    /// Somebody else changed it at the same time.
    #[error("the signers of {0} were changed by somebody else meanwhile")]
    ChangedMeanwhile(OrgId),
    /// As many changes as are kept.
    #[error("the signers of {0} were changed {SIGNER_SETS_MAX} times, and no more is kept")]
    TooMany(OrgId),
    /// A signer's file.
    #[error("{path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: SignerFileError,
    },
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignerNote {
    name: String,
    x25519: String,
    ed25519: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SignatureNote {
    signer: String,
    signature: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SetNote {
    threshold: u32,
    signers: Vec<SignerNote>,
    signatures: Vec<SignatureNote>,
}

/// All sets of an org, the first first. Their versions and what each follows are counted, not written.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ChainNote {
    format: u32,
    sets: Vec<SetNote>,
}

fn encode(chain: &[SignedSignerSet]) -> String {
    let text = |bytes: &[u8]| BASE64URL_NOPAD.encode(bytes);
    let signer = |signer: &Signer| SignerNote {
        name: signer.name.to_string(),
        x25519: text(&signer.x25519),
        ed25519: text(&signer.ed25519),
    };
    let signature = |signature: &SignerSignature| SignatureNote {
        signer: signature.signer.to_string(),
        signature: text(&signature.signature),
    };
    let set = |signed: &SignedSignerSet| SetNote {
        threshold: signed.set.threshold(),
        signers: signed.set.signers().iter().map(signer).collect(),
        signatures: signed.signatures.iter().map(signature).collect(),
    };
    let note = ChainNote { format: FORMAT, sets: chain.iter().map(set).collect() };
    serde_json::to_string(&note).expect("texts and numbers are JSON")
}

fn fixed<const N: usize>(text: &str) -> Option<[u8; N]> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()?.try_into().ok()
}

fn decode(org: &OrgId, text: &str) -> Option<Vec<SignedSignerSet>> {
    let note: ChainNote = serde_json::from_str(text).ok()?;
    if note.format != FORMAT {
        return None;
    }
    let mut chain: Vec<SignedSignerSet> = Vec::with_capacity(note.sets.len());
    for set in note.sets {
        let signer = |signer: SignerNote| {
            let name = SignerName::parse(&signer.name).ok()?;
            Some(Signer { name, x25519: fixed(&signer.x25519)?, ed25519: fixed(&signer.ed25519)? })
        };
        let signature = |note: SignatureNote| {
            let signer = SignerName::parse(&note.signer).ok()?;
            Some(SignerSignature { signer, signature: fixed(&note.signature)? })
        };
        let previous = chain.last().map(|signed| signer_set_sha256(&signed.set));
        let signers = set.signers.into_iter().map(signer).collect::<Option<_>>()?;
        let version = chain.len() as u32 + 1;
        let set_of = SignerSet::new(org.clone(), version, previous, set.threshold, signers).ok()?;
        let signatures = set.signatures.into_iter().map(signature).collect::<Option<_>>()?;
        chain.push(SignedSignerSet { set: set_of, signatures });
    }
    Some(chain)
}

/// Signer sets of an engine. Cheap to clone.
#[derive(Clone)]
pub struct SignerSets {
    notes: Arc<dyn KeyNotes>,
    log: Arc<dyn EventLog>,
    codec: Codec,
}

impl SignerSets {
    /// In that key store and log.
    pub fn new(notes: Arc<dyn KeyNotes>, log: Arc<dyn EventLog>, codec: Codec) -> Self {
        Self { notes, log, codec }
    }

    /// Of that engine.
    pub fn of(engine: &Engine) -> Self {
        Self::new(Arc::clone(&engine.notes), Arc::clone(&engine.log), engine.codec.clone())
    }

    /// All sets of an org, the last of them in force; empty when it has no signers. Every signature is checked.
    ///
    /// # Errors
    /// [`SignersError`].
    pub async fn chain(&self, org: &OrgId) -> Result<Vec<SignedSignerSet>, SignersError> {
        Ok(self.read(org).await?.0)
    }

    /// The set in force; none when the org has no signers.
    ///
    /// # Errors
    /// [`SignersError`].
    pub async fn in_force(&self, org: &OrgId) -> Result<Option<SignerSet>, SignersError> {
        Ok(self.chain(org).await?.pop().map(|signed| signed.set))
    }

    /// Puts a set in force: the org's first, or one that the threshold of the present one has signed. Again is no error,
    /// also after it was interrupted.
    ///
    /// # Errors
    /// [`SignersError`].
    pub async fn change(&self, next: SignedSignerSet) -> Result<(), SignersError> {
        let org = next.set.org().clone();
        let (mut chain, before) = self.read(&org).await?;
        match chain.last() {
            Some(current) if *current == next => return Ok(()),
            Some(_) if next.set.version() == 1 => return Err(SignersError::AlreadyThere(org)),
            Some(current) => {
                check_next_signer_set(&current.set, &next).map_err(SignersError::NotTheNext)?;
            }
            None => {
                signer_set_in_force(std::slice::from_ref(&next)).map_err(SignersError::NotTheNext)?;
            }
        }
        if chain.len() == SIGNER_SETS_MAX {
            return Err(SignersError::TooMany(org));
        }
        // The same change has the same id, so that one that is repeated is told from another.
        let source: String = signer_set_sha256(&next.set).iter().map(|byte| format!("{byte:02x}")).collect();
        let event_id = EventId::from_bytes(derived(EventId::PREFIX, &source, 0));
        let changed_at = clock::now();
        let record = SignerSetChanged { event_id, set: next.clone(), changed_at };
        self.append(&AuditRecord::SignerSetChanged(record)).await?;
        chain.push(next);
        let after = encode(&chain);
        let changed = self.notes.change_note(&note_name(&org), before.as_deref(), &after).await?;
        if changed || self.read(&org).await?.0 == chain {
            Ok(())
        } else {
            Err(SignersError::ChangedMeanwhile(org))
        }
    }

    /// Appends a record to `identity.audit` until it is confirmed, some times at most.
    ///
    /// # Errors
    /// [`SignersError::Encode`] and [`SignersError::Log`].
    pub async fn append(&self, record: &AuditRecord) -> Result<Appended, SignersError> {
        let record = self.codec.audit(record, &Meta { time: clock::now(), traceparent: None })?;
        let mut backoff = DIRECTORY_RETRY.start();
        for _ in 1..APPEND_TRIES {
            match self.log.append(Topic::Audit, record.clone()).await {
                Ok(appended) => return Ok(appended),
                Err(error) if error.is_transient() => tokio::time::sleep(backoff.next_pause()).await,
                Err(error) => return Err(error.into()),
            }
        }
        Ok(self.log.append(Topic::Audit, record).await?)
    }

    async fn read(&self, org: &OrgId) -> Result<(Vec<SignedSignerSet>, Option<String>), SignersError> {
        let text = self.notes.note(&note_name(org)).await?;
        let Some(text) = text else { return Ok((Vec::new(), None)) };
        let chain = decode(org, &text).ok_or_else(|| SignersError::Corrupt(org.clone()))?;
        signer_set_in_force(&chain)?;
        Ok((chain, Some(text)))
    }
}

impl std::fmt::Debug for SignerSets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SignerSets")
    }
}

fn note_name(org: &OrgId) -> String {
    format!("signers/{org}")
}

/// The public file beside a signer's: `signer-1.pub` of `signer-1.key`.
pub fn public_file_of(path: &Path) -> PathBuf {
    path.with_extension("pub")
}

/// Makes a signer: the private file, under a passphrase if there is one, and the public file beside it. Interrupted
/// between the two, it makes the public file only.
///
/// # Errors
/// [`SignersError::File`]; of the kind `AlreadyExists` when both are there.
pub fn make_signer(path: &Path, passphrase: Option<&str>) -> Result<SignerPublicKeys, SignersError> {
    let failed = |error| SignersError::File { path: path.to_path_buf(), error };
    let keys = SignerKeys::generate();
    let public = match keys.write(path, passphrase) {
        Ok(()) => keys.public().clone(),
        Err(SignerFileError::Io(error))
            if error.kind() == io::ErrorKind::AlreadyExists && !public_file_of(path).exists() =>
        {
            let again = || passphrase.map(|text| zeroize::Zeroizing::new(text.to_owned()));
            SignerKeys::read(path, again).map_err(failed)?.public().clone()
        }
        Err(error) => return Err(failed(error)),
    };
    let beside = public_file_of(path);
    write_public_file(&beside, &public)?;
    Ok(public)
}

/// Puts a public file in its place, whole, over whatever was there.
fn write_public_file(path: &Path, public: &SignerPublicKeys) -> Result<(), SignersError> {
    let beside = path.with_extension("pub.new");
    let written = || {
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&beside)?;
        file.write_all(public.to_text().as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)
    };
    written().map_err(|error| SignersError::File { path: path.to_path_buf(), error: error.into() })
}

/// Reads a signer's public file.
///
/// # Errors
/// [`SignersError::File`].
pub fn read_public_file(path: &Path) -> Result<SignerPublicKeys, SignersError> {
    let read = || {
        let mut text = String::new();
        let file = std::fs::File::open(path)?;
        file.take(PUBLIC_KEY_FILE_BYTES_MAX + 1).read_to_string(&mut text)?;
        if text.len() as u64 > PUBLIC_KEY_FILE_BYTES_MAX {
            return Err(io::Error::other("too large for a public key").into());
        }
        SignerPublicKeys::parse(&text)
    };
    read().map_err(|error| SignersError::File { path: path.to_path_buf(), error })
}

/// The first set of an org of environment `sandbox`: two signers whose files lie in that folder, made if they are not
/// there. Blocks.
///
/// # Errors
/// [`SignersError::File`].
pub fn sandbox_signer_set(org: &OrgId, key_dir: &Path) -> Result<SignedSignerSet, SignersError> {
    let failed = |error: io::Error| SignersError::File { path: key_dir.to_path_buf(), error: error.into() };
    DirBuilder::new().recursive(true).mode(0o700).create(key_dir).map_err(failed)?;
    // Two orgs that are made at once would each find the other's half a file.
    let lock = key_dir.join("signers.lock");
    let lock = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(lock);
    let lock = lock.and_then(|file| file.lock().map(|()| file)).map_err(failed)?;
    let mut signers = Vec::with_capacity(SANDBOX_SIGNERS.len());
    for name in SANDBOX_SIGNERS {
        let path = key_dir.join(format!("{name}.key"));
        let beside = public_file_of(&path);
        let public = if path.exists() {
            match SignerKeys::read(&path, || None) {
                Ok(keys) => {
                    // What is beside it may be half a file.
                    write_public_file(&beside, keys.public())?;
                    keys.public().clone()
                }
                Err(SignerFileError::PassphraseWanted) => read_public_file(&beside)?,
                Err(error) => return Err(SignersError::File { path, error }),
            }
        } else if beside.exists() {
            let words =
                "this signer's private file is not there: put it back, or remove the public one beside it";
            let error = io::Error::new(io::ErrorKind::NotFound, words).into();
            return Err(SignersError::File { path, error });
        } else {
            make_signer(&path, None)?
        };
        signers.push(public.named(SignerName::parse(name).expect("a name of ours")));
    }
    drop(lock);
    let set = SignerSet::new(org.clone(), 1, None, THRESHOLD_MIN, signers);
    let set = set.map_err(|_| failed(io::Error::other("both signers' files hold the same keys")))?;
    Ok(SignedSignerSet { set, signatures: Vec::new() })
}

#[cfg(test)]
mod tests;
