//! What is done to an org's signers: the first set, members who come and go, older secrets brought over to the present
//! set, and the proof that two signers' keys work. Bringing over what was sealed before there were signers is in `adopt`.

use std::collections::HashSet;

use domain::event::{ActKind, AuditRecord, EvidenceSecretShared, Partition, SharingCause};
use domain::ids::{EventId, EvidenceSecretId, OrgId};
use domain::orgs::Environment;
use domain::ports::{Appended, Topic, partition_of};
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet};
use domain::time::Timestamp;
use event_codec::{RecordType, record_type};
use vault::{
    OpenedSecret, SecretShare, SharePlace, SignerKeys, UnsharedSecret, open_share, random_id,
    sign_signer_set, signer_set_sha256,
};

use crate::act::member;
use crate::audit_walk::walk;
use crate::refusal::{ActError, Refusal};
use crate::unseal::{SharedSecret, UnsealPorts, place_text, sharing_note_of};

/// Gives an org its first signers. A live org wants one more than it takes, so that one who is away or lost locks nobody
/// out.
///
/// # Errors
/// [`ActError`].
pub async fn init(
    ports: &UnsealPorts,
    org: &OrgId,
    environment: Environment,
    signers: Vec<Signer>,
    threshold: u32,
) -> Result<SignerSet, ActError> {
    if environment == Environment::Live && signers.len() <= threshold as usize {
        return Err(Refusal::TooFewSigners.into());
    }
    let set = SignerSet::new(org.clone(), 1, None, threshold, signers).map_err(|_| Refusal::NotASet)?;
    ports.signers.change(SignedSignerSet { set: set.clone(), signatures: Vec::new() }).await?;
    Ok(set)
}

/// Who comes or goes.
#[derive(Debug, Clone)]
pub enum SignerChange {
    /// Somebody more.
    Add(Signer),
    /// One less.
    Remove(SignerName),
}

impl SignerChange {
    fn applied_to(&self, current: &SignerSet) -> Result<Vec<Signer>, Refusal> {
        let mut signers = current.signers().to_vec();
        match self {
            Self::Add(signer) => signers.push(signer.clone()),
            Self::Remove(name) => {
                signers.retain(|signer| signer.name != *name);
                if signers.len() == current.signers().len() {
                    return Err(Refusal::NoSuchSigner);
                }
            }
        }
        Ok(signers)
    }
}

/// Puts another set in force, signed by those keys. It holds from the next secret on.
///
/// # Errors
/// [`ActError`]; what is refused to signers is in the log.
pub async fn change(
    ports: &UnsealPorts,
    org: &OrgId,
    keys: &[SignerKeys],
    threshold: Option<u32>,
    change: &SignerChange,
) -> Result<SignerSet, ActError> {
    let done = try_change(ports, org, keys, threshold, change).await;
    refused(ports, org, keys, ActKind::SignersChange, done).await
}

async fn try_change(
    ports: &UnsealPorts,
    org: &OrgId,
    keys: &[SignerKeys],
    threshold: Option<u32>,
    change: &SignerChange,
) -> Result<SignerSet, ActError> {
    let current = ports.set_in_force(org).await?;
    let threshold = threshold.unwrap_or(current.threshold());
    if let SignerChange::Add(signer) = change
        && current.signers().contains(signer)
        && threshold == current.threshold()
    {
        // It was done, and interrupted before it could say so.
        return Ok(current);
    }
    let signers = change.applied_to(&current)?;
    let previous = Some(signer_set_sha256(&current));
    let next = SignerSet::new(org.clone(), current.version() + 1, previous, threshold, signers);
    let next = next.map_err(|_| Refusal::NotASet)?;
    let signatures = keys.iter().map(|keys| {
        let signer = member(&current, keys)?;
        Ok(sign_signer_set(keys, signer.name.clone(), &next))
    });
    let signatures = signatures.collect::<Result<_, Refusal>>()?;
    ports.signers.change(SignedSignerSet { set: next.clone(), signatures }).await?;
    Ok(next)
}

/// Appends how a secret is shared among a set.
pub(crate) async fn share(
    ports: &UnsealPorts,
    secret: &UnsharedSecret,
    set: &SignerSet,
    hour: Timestamp,
    cause: SharingCause,
    adopted: Option<domain::event::RawBinding>,
) -> Result<Appended, ActError> {
    let shares = secret.share_among(set).map_err(|error| ActError::CouldNot(error.to_string()))?;
    let record = AuditRecord::EvidenceSecretShared(EvidenceSecretShared {
        event_id: EventId::from_bytes(random_id()),
        org: set.org().clone(),
        secret: secret.id().clone(),
        hour,
        cause,
        adopted,
        set_version: set.version(),
        set_sha256: signer_set_sha256(set),
        threshold: set.threshold(),
        commitment: secret.commitment(),
        shares,
        shared_at: (ports.now)(),
    });
    Ok(ports.signers.append(&record).await?)
}

/// Notes where a secret was shared last, in the place of what was noted before.
pub(crate) async fn note_sharing(
    ports: &UnsealPorts,
    secret: &EvidenceSecretId,
    appended: &Appended,
) -> Result<(), ActError> {
    let name = sharing_note_of(secret);
    let before = ports.notes.note(&name).await?;
    let changed = ports.notes.change_note(&name, before.as_deref(), &place_text(&appended.source)).await?;
    if changed {
        Ok(())
    } else {
        Err(ActError::CouldNot(format!("{secret} is being shared by another program")))
    }
}

/// What a reshare came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reshared {
    /// Secrets that were shared anew.
    pub shared: u64,
    /// Secrets that the present set has already.
    pub present: u64,
    /// Secrets that these signers' shares do not open: of hours before they came, or no secret at all.
    pub unopened: Vec<EvidenceSecretId>,
}

/// Shares every secret of the org's log among the present set that is not yet, with the shares of as many of its signers as
/// open one. Run again, it goes on where it was. What they cannot open is left out and named.
///
/// # Errors
/// [`ActError`]; what is refused is in the log.
pub async fn reshare(ports: &UnsealPorts, org: &OrgId, keys: &[SignerKeys]) -> Result<Reshared, ActError> {
    let set = ports.set_in_force(org).await?;
    let set_sha256: String = signer_set_sha256(&set).iter().map(|byte| format!("{byte:02x}")).collect();
    let done = async {
        let mut names = HashSet::new();
        for keys in keys {
            names.insert(member(&set, keys)?.name.clone());
        }
        if names.len() < set.threshold() as usize {
            return Err(Refusal::TooFewSigners.into());
        }
        ports.record_acts(org, keys, ActKind::Reshare, &[("set-sha256", &set_sha256)], None).await?;
        try_reshare(ports, &set, keys).await
    };
    let done = done.await;
    refused(ports, org, keys, ActKind::Reshare, done).await
}

/// Records what was refused to signers, before it is said.
async fn refused<T>(
    ports: &UnsealPorts,
    org: &OrgId,
    keys: &[SignerKeys],
    kind: ActKind,
    done: Result<T, ActError>,
) -> Result<T, ActError> {
    let Err(ActError::Refused(refusal)) = &done else { return done };
    let Some(set) = ports.signers.in_force(org).await? else { return done };
    for keys in keys {
        if member(&set, keys).is_ok() {
            ports.record_acts(org, std::slice::from_ref(keys), kind, &[], Some(*refusal)).await?;
        } else {
            ports.record_outsider(org, keys, kind, "", Refusal::NotASigner).await?;
        }
    }
    done
}

async fn try_reshare(
    ports: &UnsealPorts,
    set: &SignerSet,
    keys: &[SignerKeys],
) -> Result<Reshared, ActError> {
    let (org, digest, mut done) = (set.org(), signer_set_sha256(set), Reshared::default());
    for secret in shared_secrets(ports, org).await? {
        let latest = SharedSecret::latest(ports, org, &secret.secret, secret.at).await?;
        if latest.0.set_sha256 == digest {
            done.present += 1;
            continue;
        }
        let anew = match open_with(&latest, keys) {
            Ok(opened) => opened.into_unshared(),
            // One that does not open, or that is none, keeps nobody from the others.
            Err(ActError::Refused(_)) => {
                done.unopened.push(secret.secret);
                continue;
            }
            Err(error) => return Err(error),
        };
        let appended =
            share(ports, &anew, set, latest.0.hour, SharingCause::Reshared, latest.0.adopted).await?;
        note_sharing(ports, anew.id(), &appended).await?;
        done.shared += 1;
    }
    Ok(done)
}

/// The secret of the keys' own shares.
fn open_with(shared: &SharedSecret, keys: &[SignerKeys]) -> Result<OpenedSecret, ActError> {
    let place = shared.place();
    let mut shares: Vec<SecretShare> = Vec::with_capacity(keys.len());
    for keys in keys {
        // Who came after the hour has none; the threshold decides whether that matters.
        let Some(sealed) = shared.share_of_keys(keys) else { continue };
        shares.push(open_share(keys, &place, sealed).map_err(|_| Refusal::Tampered)?);
    }
    let opened = OpenedSecret::combine(&place, shared.0.threshold, &shared.0.commitment, &shares);
    Ok(opened.map_err(|error| match error {
        vault::ShareError::TooFew => Refusal::TooFewSigners,
        _ => Refusal::Tampered,
    })?)
}

/// A secret, and the first record of it.
struct FirstSharing {
    secret: EvidenceSecretId,
    at: domain::event::Source,
}

/// Every secret that the org's log has.
async fn shared_secrets(ports: &UnsealPorts, org: &OrgId) -> Result<Vec<FirstSharing>, ActError> {
    let description = ports.log.describe(Topic::Audit).await?;
    let partition: Partition = partition_of(format!("{org}/").as_bytes(), description.partitions);
    let (mut seen, mut found) = (HashSet::new(), Vec::new());
    walk(ports, partition, async |record| {
        if record_type(record) != Some(RecordType::EvidenceSecretShared) {
            return Ok(());
        }
        // The first record is the one that evidence names. A later one counts once a note names it: whoever appended it may
        // have been interrupted before that. What does not decode shares nothing.
        if let Ok(AuditRecord::EvidenceSecretShared(shared)) = ports.codec.decode_audit(record)
            && shared.org == *org
            && seen.insert(shared.secret.clone())
        {
            found.push(FirstSharing { secret: shared.secret, at: record.source });
        }
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Shares a secret that is made for it, and opens it with those keys: they are the ones of the set, and they work.
///
/// # Errors
/// [`ActError`].
pub async fn drill(
    ports: &UnsealPorts,
    org: &OrgId,
    keys: &[SignerKeys],
) -> Result<Vec<SignerName>, ActError> {
    let set = ports.set_in_force(org).await?;
    let names = keys.iter().map(|keys| Ok(member(&set, keys)?.name.clone()));
    let opened = names.collect::<Result<Vec<_>, Refusal>>().map_err(ActError::from).and_then(|names| {
        let secret = try_drill(&set, keys, &names, (ports.now)())?;
        Ok((names, secret))
    });
    let (names, secret) = refused(ports, org, keys, ActKind::Drill, opened).await?;
    ports.record_acts(org, keys, ActKind::Drill, &[("secret", secret.as_str())], None).await?;
    Ok(names)
}

fn try_drill(
    set: &SignerSet,
    keys: &[SignerKeys],
    names: &[SignerName],
    hour: Timestamp,
) -> Result<EvidenceSecretId, ActError> {
    let secret = UnsharedSecret::generate(set.org().clone(), hour);
    let (id, committed) = (secret.id().clone(), secret.commitment());
    let shares = secret.share_among(set).map_err(|error| ActError::CouldNot(error.to_string()))?;
    let place = SharePlace { org: set.org(), secret: &id, hour, set_version: set.version() };
    let mut opened = Vec::with_capacity(keys.len());
    for (keys, name) in keys.iter().zip(names) {
        let own = shares.iter().find(|share| share.signer == *name).ok_or(Refusal::NoShare)?;
        opened.push(open_share(keys, &place, own).map_err(|_| Refusal::Tampered)?);
    }
    OpenedSecret::combine(&place, set.threshold(), &committed, &opened)
        .map_err(|_| Refusal::TooFewSigners)?;
    Ok(id)
}
