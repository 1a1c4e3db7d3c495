//! Bodies of `identity.audit` about the opening of evidence: shared secrets, signer sets, acts of signers.

use domain::event::{self, ActKind, SharingCause};
use domain::ids::{EventId, EvidenceSecretId, OrgId};
use domain::signers::{self, SignedSignerSet, SignerName, SignerSet};
use serde::{Deserialize, Serialize};

use super::Body;
use super::audit::RawBinding;
use super::parts::{Blob, Fixed, List, Text, customer, id, int, time, word};
use crate::error::DecodeError;

fn signer_name(field: &str, text: &str) -> Result<SignerName, DecodeError> {
    SignerName::parse(text).map_err(|_| DecodeError::Malformed(format!("{field} is no signer's name")))
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealedShare<'a> {
    signer: Text<'a>,
    key_id: Text<'a>,
    encapsulation: Blob,
    ciphertext: Blob,
}

impl<'a> From<&'a event::SealedShare> for SealedShare<'a> {
    fn from(share: &'a event::SealedShare) -> Self {
        Self {
            signer: share.signer.as_str().into(),
            key_id: (&share.key_id).into(),
            encapsulation: Blob(share.encapsulation.clone()),
            ciphertext: Blob(share.ciphertext.clone()),
        }
    }
}

impl TryFrom<SealedShare<'_>> for event::SealedShare {
    type Error = DecodeError;

    fn try_from(w: SealedShare<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            signer: signer_name("shares.signer", &w.signer)?,
            key_id: w.key_id.into_owned(),
            encapsulation: w.encapsulation.0,
            ciphertext: w.ciphertext.0,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EvidenceSecretShared<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    secret_id: Text<'a>,
    hour: i64,
    cause: Text<'a>,
    adopted: Option<RawBinding<'a>>,
    #[serde(with = "int")]
    set_version: u32,
    set_sha256: Fixed<32>,
    #[serde(with = "int")]
    threshold: u32,
    commitment: Fixed<32>,
    shares: List<SealedShare<'a>>,
    shared_at: i64,
}

impl Body for EvidenceSecretShared<'_> {}

impl<'a> From<&'a event::EvidenceSecretShared> for EvidenceSecretShared<'a> {
    fn from(r: &'a event::EvidenceSecretShared) -> Self {
        Self {
            id: r.event_id.as_str().into(),
            org_id: r.org.as_str().into(),
            secret_id: r.secret.as_str().into(),
            hour: r.hour.millis(),
            cause: r.cause.as_str().into(),
            adopted: r.adopted.as_ref().map(Into::into),
            set_version: r.set_version,
            set_sha256: Fixed(r.set_sha256),
            threshold: r.threshold,
            commitment: Fixed(r.commitment),
            shares: List(r.shares.iter().map(Into::into).collect()),
            shared_at: r.shared_at.millis(),
        }
    }
}

impl TryFrom<EvidenceSecretShared<'_>> for event::EvidenceSecretShared {
    type Error = DecodeError;

    fn try_from(w: EvidenceSecretShared<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            org: id("orgId", &w.org_id, OrgId::parse)?,
            secret: id("secretId", &w.secret_id, EvidenceSecretId::parse)?,
            hour: time("hour", w.hour)?,
            cause: word("cause", &w.cause, SharingCause::parse)?,
            adopted: w.adopted.map(|binding| binding.into_domain(None)),
            set_version: w.set_version,
            set_sha256: w.set_sha256.0,
            threshold: w.threshold,
            commitment: w.commitment.0,
            shares: w.shares.0.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?,
            shared_at: time("sharedAt", w.shared_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
struct Signer<'a> {
    name: Text<'a>,
    x25519: Fixed<32>,
    ed25519: Fixed<32>,
}

#[derive(Serialize, Deserialize)]
struct SignerSignature<'a> {
    signer: Text<'a>,
    signature: Fixed<64>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SignerSetChanged<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    #[serde(with = "int")]
    version: u32,
    previous_sha256: Option<Fixed<32>>,
    #[serde(with = "int")]
    threshold: u32,
    signers: List<Signer<'a>>,
    signatures: List<SignerSignature<'a>>,
    changed_at: i64,
}

impl Body for SignerSetChanged<'_> {}

impl<'a> From<&'a event::SignerSetChanged> for SignerSetChanged<'a> {
    fn from(r: &'a event::SignerSetChanged) -> Self {
        let set = &r.set.set;
        let signer = |signer: &'a signers::Signer| Signer {
            name: signer.name.as_str().into(),
            x25519: Fixed(signer.x25519),
            ed25519: Fixed(signer.ed25519),
        };
        let signature = |signature: &'a signers::SignerSignature| SignerSignature {
            signer: signature.signer.as_str().into(),
            signature: Fixed(signature.signature),
        };
        Self {
            id: r.event_id.as_str().into(),
            org_id: set.org().as_str().into(),
            version: set.version(),
            previous_sha256: set.previous().copied().map(Fixed),
            threshold: set.threshold(),
            signers: List(set.signers().iter().map(signer).collect()),
            signatures: List(r.set.signatures.iter().map(signature).collect()),
            changed_at: r.changed_at.millis(),
        }
    }
}

impl TryFrom<SignerSetChanged<'_>> for event::SignerSetChanged {
    type Error = DecodeError;

    fn try_from(w: SignerSetChanged<'_>) -> Result<Self, DecodeError> {
        let signer = |signer: Signer<'_>| {
            let name = signer_name("signers.name", &signer.name)?;
            Ok::<_, DecodeError>(signers::Signer { name, x25519: signer.x25519.0, ed25519: signer.ed25519.0 })
        };
        let signature = |w: SignerSignature<'_>| {
            let signer = signer_name("signatures.signer", &w.signer)?;
            Ok::<_, DecodeError>(signers::SignerSignature { signer, signature: w.signature.0 })
        };
        let set = SignerSet::new(
            id("orgId", &w.org_id, OrgId::parse)?,
            w.version,
            w.previous_sha256.map(|digest| digest.0),
            w.threshold,
            w.signers.0.into_iter().map(signer).collect::<Result<_, _>>()?,
        );
        let set = set.map_err(|error| DecodeError::Malformed(error.to_string()))?;
        let signatures = w.signatures.0.into_iter().map(signature).collect::<Result<_, _>>()?;
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            set: SignedSignerSet { set, signatures },
            changed_at: time("changedAt", w.changed_at)?,
        })
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ComplianceAct<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Option<Text<'a>>,
    kind: Text<'a>,
    request_id: Text<'a>,
    signer: Text<'a>,
    text: Text<'a>,
    signature: Fixed<64>,
    refusal: Option<Text<'a>>,
    acted_at: i64,
}

impl Body for ComplianceAct<'_> {}

impl<'a> From<&'a event::ComplianceAct> for ComplianceAct<'a> {
    fn from(r: &'a event::ComplianceAct) -> Self {
        Self {
            id: r.event_id.as_str().into(),
            org_id: r.org.as_str().into(),
            customer_id: r.customer.as_ref().map(|customer| customer.customer.as_str().into()),
            kind: r.kind.as_str().into(),
            request_id: (&r.request).into(),
            signer: r.signer.as_str().into(),
            text: (&r.text).into(),
            signature: Fixed(r.signature),
            refusal: r.refusal.as_ref().map(Into::into),
            acted_at: r.acted_at.millis(),
        }
    }
}

impl TryFrom<ComplianceAct<'_>> for event::ComplianceAct {
    type Error = DecodeError;

    fn try_from(w: ComplianceAct<'_>) -> Result<Self, DecodeError> {
        let customer = |text: Text<'_>| customer(&w.org_id, &text);
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            org: id("orgId", &w.org_id, OrgId::parse)?,
            customer: w.customer_id.map(customer).transpose()?,
            kind: word("kind", &w.kind, ActKind::parse)?,
            request: w.request_id.into_owned(),
            signer: signer_name("signer", &w.signer)?,
            text: w.text.into_owned(),
            signature: w.signature.0,
            refusal: w.refusal.map(Text::into_owned),
            acted_at: time("actedAt", w.acted_at)?,
        })
    }
}
