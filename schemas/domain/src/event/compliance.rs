//! What compliance's programs and the API write to `identity.audit` about the opening of evidence: how an hour's secret
//! was shared, who the signers are, and every act of a signer.

use bytes::Bytes;

use super::RawBinding;
use crate::ids::{CustomerRef, EventId, EvidenceSecretId, OrgId};
use crate::signers::{SignedSignerSet, SignerName};
use crate::time::Timestamp;

/// One signer's share of a secret, sealed to that signer (or, approved, to the one who asked).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedShare {
    /// Whose share it is.
    pub signer: SignerName,
    /// Name of the X25519 key that it is sealed to.
    pub key_id: String,
    /// The HPKE encapsulation (RFC 9180, X25519: 32 bytes).
    pub encapsulation: Bytes,
    /// The share and its tag.
    pub ciphertext: Bytes,
}

words! {
    /// Why a secret was shared.
    SharingCause {
        /// It is new.
        Made = "made",
        /// It was encapsulated to an evidence key that is then destroyed.
        Adopted = "adopted",
        /// The signers changed.
        Reshared = "reshared",
    }
}

/// A secret that evidence is sealed with, shared among the signers. It is in the log before anything is sealed with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EvidenceSecretShared {
    /// This record.
    pub event_id: EventId,
    /// Whose evidence.
    pub org: OrgId,
    /// The secret's name.
    pub secret: EvidenceSecretId,
    /// The hour that it is of, by its first moment.
    pub hour: Timestamp,
    /// Why it was shared.
    pub cause: SharingCause,
    /// Of an adopted secret, how evidence names it.
    pub adopted: Option<RawBinding>,
    /// The set that it is shared among.
    pub set_version: u32,
    /// Its digest.
    pub set_sha256: [u8; 32],
    /// So many shares open it.
    pub threshold: u32,
    /// What tells the secret from any other, and nothing else of it.
    pub commitment: [u8; 32],
    /// One for each signer.
    pub shares: Vec<SealedShare>,
    /// By the clock of whoever shared it.
    pub shared_at: Timestamp,
}

/// An org has other signers from here on, or its first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignerSetChanged {
    /// This record.
    pub event_id: EventId,
    /// The set, signed by the threshold of the one before.
    pub set: SignedSignerSet,
    /// By the clock of whoever changed it.
    pub changed_at: Timestamp,
}

words! {
    /// What a signer did or wanted to do.
    ActKind {
        /// Asked for evidence.
        UnsealRequest = "unseal.request",
        /// Gave a share for it.
        UnsealApprove = "unseal.approve",
        /// Opened it.
        UnsealOpen = "unseal.open",
        /// Was shown sealed fields of facts.
        ReplayReveal = "replay.reveal",
        /// Changed who the signers are.
        SignersChange = "signers.change",
        /// Shared older secrets among the present signers.
        Reshare = "signers.reshare",
        /// Proved that both keys work.
        Drill = "signers.drill",
    }
}

/// An act of a signer. What was signed is a text, so that it is checked and read without this program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ComplianceAct {
    /// This record.
    pub event_id: EventId,
    /// In which org.
    pub org: OrgId,
    /// Whom of that org it is about.
    pub customer: Option<CustomerRef>,
    /// What.
    pub kind: ActKind,
    /// Of which request; empty where there is none.
    pub request: String,
    /// Who, as the signature or the program says.
    pub signer: SignerName,
    /// What was signed.
    pub text: String,
    /// Its Ed25519 signature (RFC 8032).
    pub signature: [u8; 64],
    /// Why it was refused; none when it was done.
    pub refusal: Option<String>,
    /// By the clock of the signer's machine.
    pub acted_at: Timestamp,
}
