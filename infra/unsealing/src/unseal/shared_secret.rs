//! How a secret was shared, the latest time: where evidence says, unless its note names a later record.

use domain::event::{
    AuditRecord, EvidenceSecretShared, Offset, Partition, RawBinding, SealedShare, Source, TopicId,
};
use domain::ids::{EvidenceSecretId, OrgId};
use domain::signers::Signer;
use vault::{SharePlace, SignerKeys, evidence_secret_id, x25519_key_id};

use super::UnsealPorts;
use crate::refusal::{ActError, Refusal};

/// A secret as its latest record says.
#[derive(Debug)]
pub struct SharedSecret(pub(crate) EvidenceSecretShared);

/// The note that names the record of a secret that was shared anew or adopted.
pub fn note_of(secret: &EvidenceSecretId) -> String {
    format!("sharing/{secret}")
}

/// A place as a note has it.
pub(crate) fn place_text(at: &Source) -> String {
    format!("{}/{}/{}", at.topic_id.to_hex(), at.partition.0, at.offset.0)
}

pub(crate) fn parse_place(text: &str) -> Option<Source> {
    let mut parts = text.split('/');
    let (topic, partition, offset) = (parts.next()?, parts.next()?, parts.next()?);
    let mut id = [0; 16];
    if topic.len() != 32 || !topic.is_ascii() || parts.next().is_some() {
        return None;
    }
    for (byte, digits) in id.iter_mut().zip(topic.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    let (partition, offset) = (Partition(partition.parse().ok()?), Offset(offset.parse().ok()?));
    Some(Source { topic_id: TopicId(id), partition, offset })
}

impl SharedSecret {
    /// Of evidence that was sealed so.
    pub(super) async fn find(
        ports: &UnsealPorts,
        org: &OrgId,
        binding: &RawBinding,
    ) -> Result<Self, ActError> {
        let secret = evidence_secret_id(org, binding);
        let noted = ports.notes.note(&note_of(&secret)).await?;
        let at = match noted {
            Some(text) => parse_place(&text).ok_or(Refusal::Tampered)?,
            None => binding.shared_at.ok_or(Refusal::EvidenceMissing)?,
        };
        let record = ports.audit_record(&at).await?.ok_or(Refusal::EvidenceMissing)?;
        match record {
            AuditRecord::EvidenceSecretShared(shared) if shared.org == *org && shared.secret == secret => {
                Ok(Self(shared))
            }
            _ => Err(Refusal::Tampered.into()),
        }
    }

    /// Of that name, which was first shared there.
    pub(crate) async fn latest(
        ports: &UnsealPorts,
        org: &OrgId,
        secret: &EvidenceSecretId,
        first: Source,
    ) -> Result<Self, ActError> {
        let binding = RawBinding {
            evidence_key_id: secret.to_string(),
            encapsulation: bytes::Bytes::new(),
            shared_at: Some(first),
        };
        Self::find(ports, org, &binding).await
    }

    /// The share that is sealed to those keys.
    pub(crate) fn share_of_keys(&self, keys: &SignerKeys) -> Option<&SealedShare> {
        self.0.shares.iter().find(|share| share.key_id == keys.public().x25519_key_id())
    }

    /// Which sharing its shares are of.
    pub fn place(&self) -> SharePlace<'_> {
        let shared = &self.0;
        SharePlace {
            org: &shared.org,
            secret: &shared.secret,
            hour: shared.hour,
            set_version: shared.set_version,
        }
    }

    /// The share that is sealed to a signer.
    ///
    /// # Errors
    /// [`Refusal::NoShare`].
    pub fn share_of(&self, signer: &Signer) -> Result<&SealedShare, Refusal> {
        let key_id = x25519_key_id(&signer.x25519);
        let own = |share: &&SealedShare| share.signer == signer.name && share.key_id == key_id;
        self.0.shares.iter().find(own).ok_or(Refusal::NoShare)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_comes_back_from_its_text() {
        let at = Source { topic_id: TopicId([0xAB; 16]), partition: Partition(3), offset: Offset(77) };
        assert_eq!(parse_place(&place_text(&at)), Some(at));
        for bad in ["", "ab/1/2", &place_text(&at)[1..], &format!("{}/1", place_text(&at))] {
            assert_eq!(parse_place(bad), None, "{bad}");
        }
    }
}
