//! `unseal approve`: another signer seals a share of that one hour's secret to the one who asked. It opens nothing of
//! another hour, and nothing for anybody else.

use data_encoding::BASE64URL_NOPAD;
use domain::event::{ActKind, AuditRecord, ComplianceAct, SealedShare};
use domain::ids::{OrgId, UnsealRequestId, VerificationId};
use domain::signers::{Signer, SignerSet};
use domain::time::Timestamp;
use vault::{SignerKeys, open_share, reseal_share};

use super::request_row::{RequestRow, RequestState, mark_expired};
use super::shared_secret::SharedSecret;
use super::target::{UnsealField, UnsealTarget};
use super::{Actor, UnsealPorts};
use crate::act::{ActText, verified};
use crate::refusal::{ActError, Refusal};

/// A request as its signed record says.
pub(super) struct SignedRequest {
    pub(super) requester: Signer,
    pub(super) target: UnsealTarget,
    pub(super) text: ActText,
    /// SHA-256 of what was signed: what an approval is of.
    pub(super) text_sha256: String,
}

pub(super) fn sha256_of(act: &ComplianceAct) -> String {
    event_codec::value_sha256(act.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl SignedRequest {
    /// Checks the request's record, and that it still names what stands in the logs.
    pub(super) async fn read(
        ports: &UnsealPorts,
        org: &OrgId,
        set: &SignerSet,
        row: &RequestRow,
        id: &UnsealRequestId,
    ) -> Result<Self, ActError> {
        let record = ports.audit_record(&row.request.source()).await?;
        let Some(AuditRecord::ComplianceAct(act)) = record else { return Err(Refusal::BadSignature.into()) };
        let (text, requester) = verified(&act, set, ActKind::UnsealRequest, id.as_str())?;
        let now = (ports.now)();
        let is_over = |until: Timestamp| now >= until;
        // The row's time may have been altered; the signed one has not.
        if row.is_expired(now) || Timestamp::parse(text.get("expires-at")).is_none_or(is_over) {
            return Err(Refusal::Expired.into());
        }
        let verification =
            VerificationId::parse(text.get("verification")).map_err(|_| Refusal::BadSignature)?;
        let field = UnsealField::parse(text.get("field")).ok_or(Refusal::BadSignature)?;
        let target = UnsealTarget::find(ports, org, &verification, field).await?;
        let is_same = target.fields().iter().all(|(name, value)| text.get(name) == value)
            && act.customer.as_ref() == Some(&target.customer);
        if !is_same {
            return Err(Refusal::Edited.into());
        }
        Ok(Self { requester, target, text, text_sha256: sha256_of(&act) })
    }
}

/// Approves another signer's request. How many more approvals it wants.
///
/// # Errors
/// [`ActError`]; what is refused is in the log.
pub async fn approve(
    ports: &UnsealPorts,
    keys: &SignerKeys,
    org: &OrgId,
    id: &UnsealRequestId,
) -> Result<usize, ActError> {
    let actor = Actor::about_to(ports, org, keys, ActKind::UnsealApprove, id.as_str()).await?;
    let done = try_approve(&actor, org, id).await;
    let done = actor.refused(ActKind::UnsealApprove, None, id.as_str(), &[], done).await;
    if matches!(done, Err(ActError::Refused(Refusal::Expired))) {
        mark_expired(&*ports.notes, id.as_str(), org).await?;
    }
    done
}

/// The signers who gave a share so far: each once, none of them the requester, each of this very request.
pub(super) async fn approvals(
    ports: &UnsealPorts,
    set: &SignerSet,
    row: &RequestRow,
    asked: &SignedRequest,
    id: &UnsealRequestId,
) -> Result<Vec<(ActText, Signer)>, ActError> {
    let mut found: Vec<(ActText, Signer)> = Vec::with_capacity(row.approvals.len());
    for at in &row.approvals {
        let record = ports.audit_record(&at.source()).await?;
        let Some(AuditRecord::ComplianceAct(act)) = record else { return Err(Refusal::BadSignature.into()) };
        let (text, approver) = verified(&act, set, ActKind::UnsealApprove, id.as_str())?;
        let is_twice = found.iter().any(|(_, other)| other.name == approver.name);
        if is_twice || approver.name == asked.requester.name {
            return Err(Refusal::SameSigner.into());
        }
        if text.get("request-sha256") != asked.text_sha256 {
            return Err(Refusal::Edited.into());
        }
        found.push((text, approver));
    }
    Ok(found)
}

async fn try_approve(actor: &Actor<'_>, org: &OrgId, id: &UnsealRequestId) -> Result<usize, ActError> {
    let ports = actor.ports;
    let stored = RequestRow::find(&*ports.notes, id.as_str(), org).await?;
    match stored.row.state {
        RequestState::Requested => {}
        RequestState::Approved | RequestState::Opened | RequestState::Done => {
            return Err(Refusal::Used.into());
        }
        RequestState::Expired => return Err(Refusal::Expired.into()),
    }
    let asked = SignedRequest::read(ports, org, &actor.set, &stored.row, id).await?;
    if asked.requester.name == actor.signer.name {
        return Err(Refusal::SameSigner.into());
    }
    let before = approvals(ports, &actor.set, &stored.row, &asked, id).await?;
    if before.iter().any(|(_, approver)| approver.name == actor.signer.name) {
        return Err(Refusal::SameSigner.into());
    }
    asked.target.keys(ports).await?;
    let mut threshold = actor.set.threshold();
    let share = match &asked.target.binding {
        Some(binding) => {
            let shared = SharedSecret::find(ports, org, binding).await?;
            threshold = shared.0.threshold;
            let place = shared.place();
            let own = open_share(actor.keys, &place, shared.share_of(&actor.signer)?);
            let own = own.map_err(|_| Refusal::Tampered)?;
            let sealed = reseal_share(&own, &asked.requester, &place, id.as_str());
            let sealed = sealed.map_err(|_| Refusal::Tampered)?;
            Some((shared.0.secret.to_string(), shared.0.set_version.to_string(), sealed))
        }
        // The customer's key alone opens it; the second signature is asked for all the same.
        None => None,
    };
    let mut fields = vec![
        ("request-sha256".to_owned(), asked.text_sha256.clone()),
        ("requester".to_owned(), asked.requester.name.to_string()),
    ];
    if let Some((secret, set_version, sealed)) = share {
        fields.extend([("secret".to_owned(), secret), ("set-version".to_owned(), set_version)]);
        fields.extend(share_fields(&sealed));
    }
    let fields: Vec<(&str, &str)> = fields.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    let customer = Some(&asked.target.customer);
    let recorded = actor.record(ActKind::UnsealApprove, customer, id.as_str(), &fields, None).await?;
    let mut next = stored.row.clone();
    next.approvals.push(recorded.1.source.into());
    let missing = (threshold as usize).saturating_sub(next.approvals.len() + 1);
    if missing == 0 {
        next.state = RequestState::Approved;
    }
    stored.change(&*ports.notes, id.as_str(), next).await?;
    Ok(missing)
}

fn share_fields(sealed: &SealedShare) -> [(String, String); 3] {
    [
        ("share-key".to_owned(), sealed.key_id.clone()),
        ("share-encapsulation".to_owned(), BASE64URL_NOPAD.encode(&sealed.encapsulation)),
        ("share".to_owned(), BASE64URL_NOPAD.encode(&sealed.ciphertext)),
    ]
}

/// The share that an approval carries.
pub(super) fn approved_share(text: &ActText, approver: &Signer) -> Option<SealedShare> {
    let bytes = |name: &str| BASE64URL_NOPAD.decode(text.get(name).as_bytes()).ok();
    Some(SealedShare {
        signer: approver.name.clone(),
        key_id: text.get("share-key").to_owned(),
        encapsulation: bytes("share-encapsulation")?.into(),
        ciphertext: bytes("share")?.into(),
    })
}
