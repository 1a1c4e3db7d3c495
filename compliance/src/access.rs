//! Who looked at whom, as `identity.audit` has it: views in the console and acts of signers, one line each, and reads with
//! API keys, one line for each customer and minute.

use domain::event::{
    ActKind, AuditRecord, ComplianceAct, Partition, PersonalDataRead, PersonalDataViewed, SignerSetChanged,
};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EventId, OrgId};
use domain::ports::{OffsetRange, RowPlace, StoredRecord, Topic};
use domain::signers::{SignedSignerSet, SignerSet, SignerSignature};
use domain::time::Timestamp;
use event_codec::{DecodeError, RecordType, record_type};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use crate::merge::{PieceReader, ReadProgress, place_of, read_merged, records_in};
use crate::subject::is_of_org;
use crate::{CompliancePorts, ReadError};

/// How long after its first moment a minute goes on.
const MINUTE_MS: i64 = 60_000;

/// An act that no signer of the org signed.
const ERROR_UNSIGNED: &str = "not_signed";

/// A change of signers that the org's sets do not have.
const ERROR_NOT_IN_FORCE: &str = "not_in_force";

/// The names under a change of signers, with commas; nobody's under the first.
pub fn signed_by(signatures: &[SignerSignature]) -> String {
    signatures.iter().map(|signature| signature.signer.as_str()).collect::<Vec<_>>().join(",")
}

/// Who signed acts.
pub trait ActSignatures {
    /// Whether somebody who is or was a signer of the act's org signed what its record says.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be told.
    fn is_signed(&mut self, act: &ComplianceAct) -> impl Future<Output = Result<bool, ReadError>>;

    /// Whether a set of signers is or was in force in its org.
    ///
    /// # Errors
    /// [`ReadError`] where it cannot be told.
    fn is_in_force(&mut self, set: &SignerSet) -> impl Future<Output = Result<bool, ReadError>>;
}

/// Which looks are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessFilter {
    /// At customers of this org.
    pub org: Option<OrgId>,
    /// At this customer.
    pub customer: Option<CustomerRef>,
    /// By this person: a member of staff, or a signer. An API key is nobody.
    pub actor: Option<String>,
    /// By this API key.
    pub key: Option<ApiKeyId>,
    /// From here on, inclusive. Of a minute it is enough that its end is.
    pub from: Option<Timestamp>,
    /// Before this.
    pub to: Option<Timestamp>,
}

/// A look.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessLine {
    /// Where its record stands.
    pub place: RowPlace,
    /// What it says.
    pub content: AccessContent,
}

/// What a record of a look says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AccessContent {
    /// A member of staff was shown a customer's data.
    ConsoleView(Box<PersonalDataViewed>),
    /// An API key read a customer's data.
    KeyRead {
        /// The record.
        record: EventId,
        /// Whose customer it is.
        org: OrgId,
        /// Within the minute that begins here.
        minute: Timestamp,
        /// Which key.
        key: ApiKeyId,
        /// Whose data.
        customer: CustomerId,
    },
    /// A signer asked for evidence, gave a share for it, opened it, was shown sealed fields, or was refused.
    SignerAct {
        /// What the record says.
        act: Box<ComplianceAct>,
        /// Whether a signer of the org signed that. What nobody signed was written by somebody who can write to the topic.
        is_signed: bool,
    },
    /// Who an org's signers are was changed.
    SignersChanged {
        /// What the record says.
        record: Box<SignerSetChanged>,
        /// Whether the org's chain of sets has it. One that has not was written by somebody who can write to the topic.
        is_in_force: bool,
    },
    /// The record cannot be read.
    Unreadable(&'static str),
}

impl AccessLine {
    /// What kind of look it was, as a word.
    pub fn kind(&self) -> &'static str {
        match self.content {
            AccessContent::ConsoleView(_) => "console_view",
            AccessContent::KeyRead { .. } => "api_read",
            AccessContent::SignerAct { .. } => "signer_act",
            AccessContent::SignersChanged { .. } => "signers_changed",
            AccessContent::Unreadable(_) => "",
        }
    }

    /// Why the exit code will be 1.
    pub fn error(&self) -> Option<&'static str> {
        match self.content {
            AccessContent::SignerAct { is_signed: false, .. } => Some(ERROR_UNSIGNED),
            AccessContent::SignersChanged { is_in_force: false, .. } => Some(ERROR_NOT_IN_FORCE),
            AccessContent::ConsoleView(_)
            | AccessContent::SignersChanged { is_in_force: true, .. }
            | AccessContent::KeyRead { .. }
            | AccessContent::SignerAct { is_signed: true, .. } => None,
            AccessContent::Unreadable(error) => Some(error),
        }
    }
}

impl Serialize for AccessLine {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        match &self.content {
            AccessContent::ConsoleView(view) => {
                let fields: Vec<&str> = view.fields.iter().map(|field| field.as_str()).collect();
                map.serialize_entry("kind", self.kind())?;
                map.serialize_entry("at", &view.viewed_at.rfc3339())?;
                map.serialize_entry("orgId", view.customer.org.as_str())?;
                map.serialize_entry("customerId", view.customer.customer.as_str())?;
                map.serialize_entry("actor", view.staff_user.as_str())?;
                map.serialize_entry("role", view.staff_role.as_str())?;
                map.serialize_entry("page", view.page.as_str())?;
                map.serialize_entry("fields", &fields)?;
                map.serialize_entry("requestId", &view.request_id)?;
                map.serialize_entry("recordId", view.event_id.as_str())?;
            }
            AccessContent::KeyRead { record, org, minute, key, customer } => {
                map.serialize_entry("kind", self.kind())?;
                map.serialize_entry("at", &minute.rfc3339())?;
                map.serialize_entry("orgId", org.as_str())?;
                map.serialize_entry("customerId", customer.as_str())?;
                map.serialize_entry("keyId", key.as_str())?;
                map.serialize_entry("recordId", record.as_str())?;
            }
            AccessContent::SignerAct { act, .. } => {
                map.serialize_entry("kind", self.kind())?;
                map.serialize_entry("at", &act.acted_at.rfc3339())?;
                map.serialize_entry("orgId", act.org.as_str())?;
                map.serialize_entry("customerId", &act.customer.as_ref().map(|of| of.customer.as_str()))?;
                map.serialize_entry("actor", act.signer.as_str())?;
                map.serialize_entry("act", act.kind.as_str())?;
                map.serialize_entry("requestId", &act.request)?;
                map.serialize_entry("refusal", &act.refusal)?;
                map.serialize_entry("recordId", act.event_id.as_str())?;
            }
            AccessContent::SignersChanged { record, .. } => {
                let SignedSignerSet { set, signatures } = &record.set;
                let names: Vec<&str> = set.signers().iter().map(|signer| signer.name.as_str()).collect();
                map.serialize_entry("kind", self.kind())?;
                map.serialize_entry("at", &record.changed_at.rfc3339())?;
                map.serialize_entry("orgId", set.org().as_str())?;
                map.serialize_entry("customerId", &None::<&str>)?;
                map.serialize_entry("actor", &signed_by(signatures))?;
                map.serialize_entry("version", &set.version())?;
                map.serialize_entry("threshold", &set.threshold())?;
                map.serialize_entry("signers", &names)?;
                map.serialize_entry("recordId", record.event_id.as_str())?;
            }
            AccessContent::Unreadable(_) => {}
        }
        if let Some(error) = self.error() {
            map.serialize_entry("error", error)?;
        }
        map.serialize_entry("partition", &self.place.partition.0)?;
        map.serialize_entry("offset", &self.place.offset.0)?;
        map.serialize_entry("appendedAt", &self.place.created_at.rfc3339())?;
        map.end()
    }
}

/// A walk over `identity.audit` for looks: opened, then run once.
pub struct AccessList<'a> {
    ports: &'a CompliancePorts,
    filter: AccessFilter,
    ranges: Vec<OffsetRange>,
}

impl<'a> AccessList<'a> {
    /// Up to where the log ends now.
    ///
    /// # Errors
    /// [`ReadError::Log`].
    pub async fn open(ports: &'a CompliancePorts, filter: AccessFilter) -> Result<Self, ReadError> {
        let ranges = ports.log.offsets(Topic::Audit).await?;
        Ok(Self { ports, filter, ranges })
    }

    /// Records that are read, whether they are of a look or not.
    pub fn records(&self) -> u64 {
        records_in(&self.ranges)
    }

    /// Shows every look that the filter takes, by (appendedAt, partition, offset). Whether all could be read.
    ///
    /// # Errors
    /// [`ReadError`]; what was shown until then stands.
    pub async fn run(
        self,
        signatures: &mut impl ActSignatures,
        progress: &dyn ReadProgress,
        mut show: impl FnMut(&AccessLine) -> Result<(), ReadError>,
    ) -> Result<bool, ReadError> {
        let mut is_sound = true;
        let mut reader = AccessReader { ports: self.ports, filter: self.filter, signatures };
        let audit = (Topic::Audit, self.ranges.as_slice());
        read_merged(&*self.ports.log, audit, &mut reader, progress, |line: AccessLine| {
            is_sound &= line.error().is_none();
            show(&line)
        })
        .await?;
        Ok(is_sound)
    }
}

struct AccessReader<'a, S> {
    ports: &'a CompliancePorts,
    filter: AccessFilter,
    signatures: &'a mut S,
}

impl<S: ActSignatures> PieceReader for AccessReader<'_, S> {
    type Item = AccessLine;

    async fn read(
        &mut self,
        _partition: Partition,
        records: Vec<StoredRecord>,
    ) -> Result<Vec<(RowPlace, AccessLine)>, ReadError> {
        let mut lines = Vec::new();
        for record in &records {
            if !self.may_be_a_look(record) {
                continue;
            }
            let place = place_of(record);
            let mut add = |content| lines.push((place, AccessLine { place, content }));
            match self.ports.codec.decode_audit(record) {
                Ok(AuditRecord::PersonalDataRead(read)) => self.add_reads(read, &mut add),
                Ok(AuditRecord::PersonalDataViewed(view)) if self.takes_view(&view) => {
                    add(AccessContent::ConsoleView(Box::new(view)));
                }
                Ok(AuditRecord::ComplianceAct(act)) if self.takes_act(&act) => {
                    let is_signed = self.signatures.is_signed(&act).await?;
                    add(AccessContent::SignerAct { act: Box::new(act), is_signed });
                }
                Ok(AuditRecord::SignerSetChanged(record)) if self.takes_change(&record) => {
                    let is_in_force = self.signatures.is_in_force(&record.set.set).await?;
                    add(AccessContent::SignersChanged { record: Box::new(record), is_in_force });
                }
                Ok(
                    AuditRecord::PersonalDataViewed(_)
                    | AuditRecord::ComplianceAct(_)
                    | AuditRecord::SignerSetChanged(_),
                ) => {}
                // What nobody looked at: its header said nothing of what it is.
                Ok(
                    AuditRecord::VerdictEvidence(_)
                    | AuditRecord::KeysDestroyed(_)
                    | AuditRecord::FaceEvidence(_)
                    | AuditRecord::DukcapilAttemptFailed(_)
                    | AuditRecord::CaptureEvidence(_)
                    | AuditRecord::EvidenceSecretShared(_),
                ) => {}
                Err(DecodeError::UnknownSchema { .. }) => {
                    add(AccessContent::Unreadable("written_by_a_later_build"));
                }
                Err(DecodeError::Malformed(_)) => add(AccessContent::Unreadable("not_decodable")),
            }
        }
        Ok(lines)
    }
}

impl<S> AccessReader<'_, S> {
    /// By its key and its header: evidence, which is nearly all of the topic, is not decoded.
    fn may_be_a_look(&self, record: &StoredRecord) -> bool {
        let of_org = self.filter.org.as_ref().is_none_or(|org| is_of_org(&record.key, org));
        of_org
            && match record_type(record) {
                Some(known) => matches!(
                    known,
                    RecordType::PersonalDataRead
                        | RecordType::PersonalDataViewed
                        | RecordType::ComplianceAct
                        | RecordType::SignerSetChanged
                ),
                None => true,
            }
    }

    fn takes_view(&self, view: &PersonalDataViewed) -> bool {
        let AccessFilter { customer, actor, key, from, to, .. } = &self.filter;
        key.is_none()
            && customer.as_ref().is_none_or(|wanted| *wanted == view.customer)
            && actor.as_ref().is_none_or(|wanted| wanted == view.staff_user.as_str())
            && from.is_none_or(|from| view.viewed_at >= from)
            && to.is_none_or(|to| view.viewed_at < to)
    }

    fn takes_act(&self, act: &ComplianceAct) -> bool {
        let AccessFilter { customer, actor, key, from, to, .. } = &self.filter;
        // Who was shown the facts of a whole org was shown those of each customer in it.
        let is_of = |wanted: &CustomerRef| match &act.customer {
            Some(customer) => customer == wanted,
            None => act.kind == ActKind::ReplayReveal && act.org == wanted.org,
        };
        key.is_none()
            && customer.as_ref().is_none_or(is_of)
            && actor.as_ref().is_none_or(|wanted| act.signer.as_str() == wanted)
            && from.is_none_or(|from| act.acted_at >= from)
            && to.is_none_or(|to| act.acted_at < to)
    }

    fn takes_change(&self, record: &SignerSetChanged) -> bool {
        let AccessFilter { customer, actor, key, from, to, .. } = &self.filter;
        let is_by = |wanted: &String| {
            record.set.signatures.iter().any(|signature| signature.signer.as_str() == wanted)
        };
        key.is_none()
            && customer.is_none()
            && actor.as_ref().is_none_or(is_by)
            && from.is_none_or(|from| record.changed_at >= from)
            && to.is_none_or(|to| record.changed_at < to)
    }

    fn add_reads(&self, read: PersonalDataRead, add: &mut impl FnMut(AccessContent)) {
        let PersonalDataRead { event_id, org, key, minute, customers } = read;
        let AccessFilter { customer: wanted, actor, key: wanted_key, from, to, .. } = &self.filter;
        let end = Timestamp::from_millis(minute.millis() + MINUTE_MS);
        let is_listed = actor.is_none()
            && wanted_key.as_ref().is_none_or(|wanted| *wanted == key)
            && from.is_none_or(|from| end > from)
            && to.is_none_or(|to| minute < to);
        if !is_listed {
            return;
        }
        let is_wanted = |customer: &CustomerId| {
            wanted.as_ref().is_none_or(|wanted| wanted.org == org && wanted.customer == *customer)
        };
        for customer in customers.into_iter().filter(is_wanted) {
            let (record, org, key) = (event_id.clone(), org.clone(), key.clone());
            add(AccessContent::KeyRead { record, org, minute, key, customer });
        }
    }
}
