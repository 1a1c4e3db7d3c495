//! `unseal open`: the signer who asked opens what another approved, once, into a file.

use std::path::{Path, PathBuf};

use domain::event::{ActKind, AuditRecord, RawBinding};
use domain::ids::{OrgId, UnsealRequestId};
use domain::sealed::{Opened, Sealed};
use event_codec::value_sha256;
use serde_json::json;
use vault::{
    CustomerKeys, OpenedSecret, SealContext, SignerKeys, UnsealError, open_approved_share, open_share,
};

use super::approve::{SignedRequest, approved_share};
use super::out_file::{OutFile, statement_of};
use super::request_row::{RequestRow, RequestState, StoredRow};
use super::shared_secret::SharedSecret;
use super::target::UnsealTarget;
use super::{Actor, UnsealPorts};
use crate::act::{ActText, verified};
use crate::refusal::{ActError, Refusal};

/// Where it lies now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedEvidence {
    /// The bytes as they were sent.
    pub out: PathBuf,
    /// Who, why, when, and digests.
    pub statement: PathBuf,
}

/// Opens a request of one's own that another signer approved.
///
/// # Errors
/// [`ActError`]; what is refused is in the log. A file that cannot be written is found before the request is used.
pub async fn open(
    ports: &UnsealPorts,
    keys: &SignerKeys,
    org: &OrgId,
    id: &UnsealRequestId,
    out: &Path,
) -> Result<OpenedEvidence, ActError> {
    let actor = Actor::of(ports, org, keys).await?;
    let out =
        OutFile::begin(out).map_err(|error| ActError::CouldNot(format!("{}: {error}", out.display())))?;
    match try_open(&actor, org, id, &out.path_sha256()).await {
        Ok((opening, stored)) => {
            let written = out.finish(&opening.bytes, opening.statement.as_bytes())?;
            let done = RequestRow { state: RequestState::Done, ..stored.row.clone() };
            stored.change(&*ports.notes, id.as_str(), done).await?;
            Ok(OpenedEvidence { statement: statement_of(&written), out: written })
        }
        Err(error) => {
            out.abandon();
            actor.refused(ActKind::UnsealOpen, None, id.as_str(), Err(error)).await
        }
    }
}

/// What is shown.
struct Opening {
    bytes: zeroize::Zeroizing<Vec<u8>>,
    statement: String,
}

async fn try_open(
    actor: &Actor<'_>,
    org: &OrgId,
    id: &UnsealRequestId,
    out_sha256: &str,
) -> Result<(Opening, StoredRow), ActError> {
    let ports = actor.ports;
    let stored = RequestRow::find(&*ports.notes, id.as_str(), org).await?;
    let goes_on = match stored.row.state {
        RequestState::Requested => return Err(Refusal::NotApproved.into()),
        RequestState::Approved => false,
        // It was interrupted after it was taken; to the same file it goes on.
        RequestState::Opened if stored.row.out.as_deref() == Some(out_sha256) => true,
        RequestState::Opened | RequestState::Done => return Err(Refusal::Used.into()),
    };
    let asked = SignedRequest::read(ports, org, &actor.set, &stored.row, id).await?;
    if asked.requester.name != actor.signer.name {
        return Err(Refusal::NotTheRequester.into());
    }
    let at = stored.row.approval.ok_or(Refusal::NotApproved)?.source();
    let record = ports.audit_record(&at).await?;
    let Some(AuditRecord::ComplianceAct(act)) = record else { return Err(Refusal::BadSignature.into()) };
    let (approval, approver) = verified(&act, &actor.set, ActKind::UnsealApprove, id.as_str())?;
    if approver.name == asked.requester.name {
        return Err(Refusal::SameSigner.into());
    }
    if approval.get("request-sha256") != asked.text_sha256 {
        return Err(Refusal::Edited.into());
    }
    let keys = asked.target.keys(ports).await?;
    let bytes = match &asked.target.binding {
        Some(binding) => {
            let share = approved_share(&approval, &approver).ok_or(Refusal::Tampered)?;
            let secret = secret_of(actor, org, id, binding, &share).await?;
            opened(&asked.target, &keys, |keys, ctx, sealed| {
                keys.open_evidence(ctx, binding, &secret, sealed)
            })?
        }
        None => opened(&asked.target, &keys, |keys, ctx, sealed| keys.open(ctx, sealed))?,
    };
    let sha256: String = value_sha256(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    let fields = [
        ("request-sha256", asked.text_sha256.as_str()),
        ("approver", approver.name.as_str()),
        ("out-sha256", out_sha256),
    ];
    let customer = Some(&asked.target.customer);
    let recorded = actor.record(ActKind::UnsealOpen, customer, id.as_str(), &fields, None).await?;
    let statement = statement(&asked, actor, &approver.name, &sha256, recorded.0.acted_at, id);
    let stored = if goes_on {
        stored
    } else {
        let next = RequestRow {
            state: RequestState::Opened,
            out: Some(out_sha256.to_owned()),
            ..stored.row.clone()
        };
        stored.change(&*ports.notes, id.as_str(), next).await?
    };
    Ok((Opening { bytes, statement }, stored))
}

/// The secret, of the requester's own share and the approved one.
async fn secret_of(
    actor: &Actor<'_>,
    org: &OrgId,
    id: &UnsealRequestId,
    binding: &RawBinding,
    approved: &domain::event::SealedShare,
) -> Result<OpenedSecret, ActError> {
    let shared = SharedSecret::find(actor.ports, org, binding).await?;
    let place = shared.place();
    let own = open_share(actor.keys, &place, shared.share_of(&actor.signer)?);
    let own = own.map_err(|_| Refusal::Tampered)?;
    let given = open_approved_share(actor.keys, &place, id.as_str(), approved);
    let given = given.map_err(|_| Refusal::Tampered)?;
    let secret = OpenedSecret::combine(&place, shared.0.threshold, &shared.0.commitment, &[own, given]);
    Ok(secret.map_err(|error| match error {
        vault::ShareError::TooFew => Refusal::TooFewSigners,
        _ => Refusal::Tampered,
    })?)
}

fn opened(
    target: &UnsealTarget,
    keys: &CustomerKeys,
    open: impl FnOnce(&CustomerKeys, &SealContext<'_>, &Sealed) -> Result<Opened, UnsealError>,
) -> Result<zeroize::Zeroizing<Vec<u8>>, ActError> {
    let ctx = SealContext {
        event_id: &target.event_id,
        field: target.sealed_field,
        content_type: &target.content_type,
    };
    match open(keys, &ctx, &target.sealed) {
        Ok(Opened::Open(bytes)) => Ok(zeroize::Zeroizing::new(bytes.to_vec())),
        Ok(Opened::Erased) => Err(Refusal::Erased.into()),
        Err(_) => Err(Refusal::Tampered.into()),
    }
}

fn statement(
    asked: &SignedRequest,
    actor: &Actor<'_>,
    approver: &domain::signers::SignerName,
    sha256: &str,
    at: domain::time::Timestamp,
    id: &UnsealRequestId,
) -> String {
    let text: &ActText = &asked.text;
    let statement = json!({
        "requestId": id.as_str(),
        "orgId": actor.set.org().as_str(),
        "customerId": asked.target.customer.customer.as_str(),
        "verificationId": text.get("verification"),
        "field": text.get("field"),
        "contentType": asked.target.content_type,
        "sha256": sha256,
        "requestedBy": asked.requester.name.as_str(),
        "approvedBy": approver.as_str(),
        "openedAt": at.rfc3339(),
        "purpose": text.get("purpose"),
        "ticket": text.get("ticket"),
        "evidence": { "record": text.get("record"), "sha256": text.get("record-sha256") },
    });
    serde_json::to_string_pretty(&statement).expect("texts are JSON") + "\n"
}
