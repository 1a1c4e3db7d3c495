//! `unseal open`: the signer who asked opens what another approved, once, into a file.

use std::path::{Path, PathBuf};

use domain::event::{ActKind, AuditRecord, RawBinding};
use domain::ids::{OrgId, UnsealRequestId};
use domain::sealed::{Opened, Sealed};
use domain::signers::Signer;
use event_codec::value_sha256;
use serde_json::json;
use vault::{
    CustomerKeys, OpenedSecret, SealContext, SignerKeys, UnsealError, open_approved_share, open_share,
};

use super::approve::{SignedRequest, approvals, approved_share};
use super::out_file::{OutPath, statement_of};
use super::request_row::{RequestRow, RequestState, StoredRow, mark_expired};
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
    let actor = Actor::about_to(ports, org, keys, ActKind::UnsealOpen, id.as_str()).await?;
    let could_not = |error| ActError::CouldNot(format!("{}: {error}", out.display()));
    let out_path = OutPath::of(out).map_err(could_not)?;
    let out_sha256 = out_path.sha256();
    if let Some(written) = out_path.finished(id.as_str()) {
        let was = was_opened_to(&actor, org, id, &out_sha256).await;
        if actor.refused(ActKind::UnsealOpen, None, id.as_str(), &[], was).await? {
            return Ok(OpenedEvidence { statement: statement_of(&written), out: written });
        }
    }
    let out = out_path.begin(id.as_str()).map_err(could_not)?;
    match try_open(&actor, org, id, &out_sha256).await {
        Ok((opening, stored)) => {
            let written = out.finish(&opening.bytes, opening.statement.as_bytes())?;
            let done = RequestRow { state: RequestState::Done, ..stored.row.clone() };
            stored.change(&*ports.notes, id.as_str(), done).await?;
            Ok(OpenedEvidence { statement: statement_of(&written), out: written })
        }
        Err(error) => {
            out.abandon();
            let refused = actor.refused(ActKind::UnsealOpen, None, id.as_str(), &[], Err(error)).await;
            if matches!(refused, Err(ActError::Refused(Refusal::Expired))) {
                mark_expired(&*ports.notes, id.as_str(), org).await?;
            }
            refused
        }
    }
}

/// Whether that request was opened to there: it was interrupted after it had written the file, if it was, and all that is
/// left to do is to say so in its row. Nothing is shown that is not there already; to whoever asked for it.
async fn was_opened_to(
    actor: &Actor<'_>,
    org: &OrgId,
    id: &UnsealRequestId,
    out_sha256: &str,
) -> Result<bool, ActError> {
    let ports = actor.ports;
    let stored = match RequestRow::find(&*ports.notes, id.as_str(), org).await {
        Ok(stored) => stored,
        // It is refused, and recorded, where it is opened.
        Err(ActError::Refused(_)) => return Ok(false),
        Err(error) => return Err(error),
    };
    if stored.row.out.as_deref() != Some(out_sha256) {
        return Ok(false);
    }
    let record = ports.audit_record(&stored.row.request.source()).await?;
    let Some(AuditRecord::ComplianceAct(act)) = record else { return Err(Refusal::BadSignature.into()) };
    let (_, requester) = verified(&act, &actor.set, ActKind::UnsealRequest, id.as_str())?;
    if requester.name != actor.signer.name {
        return Err(Refusal::NotTheRequester.into());
    }
    if stored.row.state == RequestState::Opened {
        let done = RequestRow { state: RequestState::Done, ..stored.row.clone() };
        stored.change(&*ports.notes, id.as_str(), done).await?;
    }
    Ok(true)
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
        RequestState::Expired => return Err(Refusal::Expired.into()),
    };
    let asked = SignedRequest::read(ports, org, &actor.set, &stored.row, id).await?;
    if asked.requester.name != actor.signer.name {
        return Err(Refusal::NotTheRequester.into());
    }
    let approvals = approvals(ports, &actor.set, &stored.row, &asked, id).await?;
    if approvals.is_empty() {
        return Err(Refusal::NotApproved.into());
    }
    let keys = asked.target.keys(ports).await?;
    let bytes = match &asked.target.binding {
        Some(binding) => {
            let secret = secret_of(actor, org, id, binding, &approvals).await?;
            opened(&asked.target, &keys, |keys, ctx, sealed| {
                keys.open_evidence(ctx, binding, &secret, sealed)
            })?
        }
        None if approvals.len() + 1 < actor.set.threshold() as usize => {
            return Err(Refusal::NotApproved.into());
        }
        None => opened(&asked.target, &keys, |keys, ctx, sealed| keys.open(ctx, sealed))?,
    };
    let sha256 = hex(&value_sha256(&bytes));
    let approvers: Vec<&str> = approvals.iter().map(|(_, approver)| approver.name.as_str()).collect();
    let approvers = approvers.join(",");
    let fields = [
        ("request-sha256", asked.text_sha256.as_str()),
        ("approvers", approvers.as_str()),
        ("out-sha256", out_sha256),
    ];
    let customer = Some(&asked.target.customer);
    let recorded = actor.record(ActKind::UnsealOpen, customer, id.as_str(), &fields, None).await?;
    let statement = statement(&asked, actor, &approvers, &sha256, recorded.0.acted_at, id);
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

/// The secret, of the requester's own share and the approved ones.
async fn secret_of(
    actor: &Actor<'_>,
    org: &OrgId,
    id: &UnsealRequestId,
    binding: &RawBinding,
    approvals: &[(ActText, Signer)],
) -> Result<OpenedSecret, ActError> {
    let shared = SharedSecret::find(actor.ports, org, binding).await?;
    let place = shared.place();
    let own = open_share(actor.keys, &place, shared.share_of(&actor.signer)?);
    let mut shares = vec![own.map_err(|_| Refusal::Tampered)?];
    for (approval, approver) in approvals {
        // A share of the sharing before would open nothing; whoever asks again gets one of this.
        if approval.get("set-version") != shared.0.set_version.to_string() {
            return Err(Refusal::SharedAnew.into());
        }
        let sealed = approved_share(approval, approver).ok_or(Refusal::Tampered)?;
        let given = open_approved_share(actor.keys, &place, id.as_str(), &sealed);
        shares.push(given.map_err(|_| Refusal::Tampered)?);
    }
    let secret = OpenedSecret::combine(&place, shared.0.threshold, &shared.0.commitment, &shares);
    Ok(secret.map_err(|error| match error {
        vault::ShareError::TooFew => Refusal::NotApproved,
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

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn statement(
    asked: &SignedRequest,
    actor: &Actor<'_>,
    approvers: &str,
    sha256: &str,
    at: domain::time::Timestamp,
    id: &UnsealRequestId,
) -> String {
    let text: &ActText = &asked.text;
    let mut statement = json!({
        "requestId": id.as_str(),
        "orgId": actor.set.org().as_str(),
        "customerId": asked.target.customer.customer.as_str(),
        "verificationId": text.get("verification"),
        "field": text.get("field"),
        "contentType": asked.target.content_type,
        "sha256": sha256,
        "requestedBy": asked.requester.name.as_str(),
        "approvedBy": approvers,
        "openedAt": at.rfc3339(),
        "purpose": text.get("purpose"),
        "ticket": text.get("ticket"),
        "evidence": { "record": text.get("record"), "sha256": text.get("record-sha256") },
    });
    if let Some(frames) = &asked.target.frames {
        statement["framesKept"] = frames.kept.into();
        statement["frameSha256"] = frames.sha256.iter().map(|digest| hex(digest)).collect();
    }
    serde_json::to_string_pretty(&statement).expect("texts are JSON") + "\n"
}
