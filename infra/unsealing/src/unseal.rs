//! Opening evidence by two people: one asks, another gives a share for it, the first opens. Each step is a signed record
//! in `identity.audit` first, then a conditional change of the request's row, then the act. The record is the proof, the
//! row the lock.

mod approve;
mod open;
mod out_file;
mod request;
mod request_row;
mod shared_secret;
mod target;

use std::sync::Arc;

use data_encoding::BASE64URL_NOPAD;
use domain::event::{ActKind, AuditRecord, ComplianceAct, Offset, Partition, Source};
use domain::ids::{CustomerRef, EventId, OrgId};
use domain::ports::{
    AccessIndex, AccessRow, Appended, EventLog, KeyNotes, ReadBounds, StoredRecord, Topic, Views,
};
use domain::signers::{Signer, SignerName, SignerSet};
use domain::time::Timestamp;
use event_codec::Codec;
use org_directory::signers::SignerSets;
use vault::{SignerKeys, Vault, random_id};

pub use self::approve::approve;
pub use self::open::{OpenedEvidence, open};
pub(crate) use self::request::check_words;
pub use self::request::{UnsealOrder, request};
pub(crate) use self::shared_secret::place_text;
pub use self::shared_secret::{SharedSecret, note_of as sharing_note_of};
pub use self::target::UnsealField;
use crate::act::{ActSubject, ActText, NOBODY, member, sign_act};
use crate::limits::{PURPOSE_CHARS_MAX, READ_BYTES_MAX, READ_WAIT, REQUEST_CHARS_MAX};
use crate::refusal::{ActError, Refusal};

/// What opening evidence works through.
#[derive(Clone)]
pub struct UnsealPorts {
    /// The logs.
    pub log: Arc<dyn EventLog>,
    /// Records' form.
    pub codec: Codec,
    /// The rows of requests, and where secrets were shared anew.
    pub notes: Arc<dyn KeyNotes>,
    /// Where a verification's event stands.
    pub views: Arc<dyn Views>,
    /// Where the console finds acts that are about a customer.
    pub index: Arc<dyn AccessIndex>,
    /// Customers' keys.
    pub vault: Vault,
    /// Who may.
    pub signers: SignerSets,
    /// The clock on the wall.
    pub now: fn() -> Timestamp,
}

impl UnsealPorts {
    /// Signs and appends an act of each of several signers that is of no request.
    pub(crate) async fn record_acts(
        &self,
        org: &OrgId,
        keys: &[SignerKeys],
        kind: ActKind,
        more: &[(&str, &str)],
        refusal: Option<Refusal>,
    ) -> Result<(), ActError> {
        for keys in keys {
            Actor::of(self, org, keys).await?.record(kind, None, "", more, refusal).await?;
        }
        Ok(())
    }

    /// Records that keys which are no signer's were refused: under nobody's name, with the key that asked.
    pub(crate) async fn record_outsider(
        &self,
        org: &OrgId,
        keys: &SignerKeys,
        kind: ActKind,
        request: &str,
        refusal: Refusal,
    ) -> Result<(), ActError> {
        let name = SignerName::parse(NOBODY).map_err(|_| Refusal::NotASigner)?;
        let key = BASE64URL_NOPAD.encode(&keys.public().named(name.clone()).ed25519);
        let event_id = EventId::from_bytes(random_id());
        let request = plain(request, REQUEST_CHARS_MAX);
        let refusal = Some(refusal);
        let acted_at = (self.now)();
        let subject =
            ActSubject { event_id: &event_id, customer: None, request: &request, refusal, acted_at };
        let text = ActText::new(kind, org, &name, &subject, &[("key", &key)])?;
        let act = sign_act(keys, kind, &text, org, subject)?;
        self.signers.append(&AuditRecord::ComplianceAct(act)).await?;
        Ok(())
    }

    /// The set in force.
    pub(crate) async fn set_in_force(&self, org: &OrgId) -> Result<SignerSet, ActError> {
        self.signers.in_force(org).await?.ok_or_else(|| Refusal::NoSigners.into())
    }

    /// The record at one place of a topic; none when the log has none there.
    async fn record(
        &self,
        topic: Topic,
        partition: Partition,
        offset: Offset,
    ) -> Result<Option<StoredRecord>, ActError> {
        let ranges = self.log.offsets(topic).await?;
        let is_there = ranges
            .iter()
            .any(|range| range.partition == partition && range.earliest <= offset && offset < range.end);
        if !is_there {
            return Ok(None);
        }
        let bounds = ReadBounds { records_max: 1, bytes_max: READ_BYTES_MAX, wait_max: READ_WAIT };
        let found = self.log.read(topic, partition, offset, bounds).await?;
        Ok(found.into_iter().find(|record| record.source.offset == offset))
    }

    async fn audit_record(&self, at: &Source) -> Result<Option<AuditRecord>, ActError> {
        let found = self.record(Topic::Audit, at.partition, at.offset).await?;
        let found = found.filter(|record| record.source == *at);
        Ok(found.map(|record| self.codec.decode_audit(&record)).transpose()?)
    }
}

/// As much of what somebody typed as stands in one line of a record.
fn plain(text: &str, chars_max: usize) -> String {
    text.trim().chars().filter(|char| !char.is_control()).take(chars_max).collect()
}

/// A signer at work in an org.
pub(crate) struct Actor<'a> {
    ports: &'a UnsealPorts,
    keys: &'a SignerKeys,
    set: SignerSet,
    signer: Signer,
}

impl<'a> Actor<'a> {
    /// Whoever has those keys, to do that; keys that are no signer's are refused, and that is recorded.
    pub(crate) async fn about_to(
        ports: &'a UnsealPorts,
        org: &OrgId,
        keys: &'a SignerKeys,
        kind: ActKind,
        request: &str,
    ) -> Result<Self, ActError> {
        let actor = Self::of(ports, org, keys).await;
        if let Err(ActError::Refused(refusal)) = &actor {
            ports.record_outsider(org, keys, kind, request, *refusal).await?;
        }
        actor
    }

    pub(crate) async fn of(
        ports: &'a UnsealPorts,
        org: &OrgId,
        keys: &'a SignerKeys,
    ) -> Result<Self, ActError> {
        let set = ports.set_in_force(org).await?;
        let signer = member(&set, keys)?.clone();
        Ok(Self { ports, keys, set, signer })
    }

    /// Signs and appends; it is in the log once this returns, and in the access index where it is about a customer.
    pub(crate) async fn record(
        &self,
        kind: ActKind,
        customer: Option<&CustomerRef>,
        request: &str,
        more: &[(&str, &str)],
        refusal: Option<Refusal>,
    ) -> Result<(ComplianceAct, Appended), ActError> {
        let event_id = EventId::from_bytes(random_id());
        let subject =
            ActSubject { event_id: &event_id, customer, request, refusal, acted_at: (self.ports.now)() };
        let text = ActText::new(kind, self.set.org(), &self.signer.name, &subject, more)?;
        let act = sign_act(self.keys, kind, &text, self.set.org(), subject)?;
        let appended = self.ports.signers.append(&AuditRecord::ComplianceAct(act.clone())).await?;
        if let Some(row) = AccessRow::of_act(&act, appended.source) {
            self.ports.index.add_access(&row).await?;
        }
        Ok((act, appended))
    }

    /// Whatever is refused to a signer is recorded before it is said, with what was asked for.
    pub(crate) async fn refused<T>(
        &self,
        kind: ActKind,
        customer: Option<&CustomerRef>,
        request: &str,
        more: &[(&str, &str)],
        done: Result<T, ActError>,
    ) -> Result<T, ActError> {
        if let Err(ActError::Refused(refusal)) = &done {
            let request = plain(request, REQUEST_CHARS_MAX);
            let more: Vec<(&str, String)> =
                more.iter().map(|(name, value)| (*name, plain(value, PURPOSE_CHARS_MAX))).collect();
            let more: Vec<(&str, &str)> = more.iter().map(|(name, value)| (*name, value.as_str())).collect();
            self.record(kind, customer, &request, &more, Some(*refusal)).await?;
        }
        done
    }
}
