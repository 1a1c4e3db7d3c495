//! The facts of `identity.events` as they stand in the log, each with its evidence compared. Per customer in the log's
//! order, across partitions by (appendedAt, partition, offset). Nothing that is sealed is opened, but where it is asked for.

mod columns;
mod envelopes;
mod fact_line;

pub use columns::CsvRow;
pub use envelopes::{EventEnvelopes, RevealedText, ShownEnvelope};
pub use fact_line::{EvidenceLine, FactContent, FactLine};

use domain::event::{
    AuditRecord, AuditRef, CAPTURE_CLAIMS_CONTENT_TYPE, CaptureEvidence, Event, KtpCaptureAssessed,
    Partition, SealedField,
};
use domain::ids::{CustomerRef, OrgId};
use domain::policy::Method;
use domain::ports::{OffsetRange, RowPlace, StoredRecord, Topic, partition_of};
use domain::sealed::{Field, Purposes};
use domain::time::Timestamp;
use event_codec::{DecodeError, RecordType, event_type};
use vault::{Vault, VaultError};

use crate::erased_fields::ErasedFields;
use crate::evidence::{EvidenceDigests, EvidenceFound, EvidenceReader};
use crate::merge::{PieceReader, ReadProgress, place_of, read_merged, records_in};
use crate::partition_walk::bounds_beside;
use crate::subject::is_of_org;
use crate::{CompliancePorts, ReadError};

/// The bytes cannot be decoded, by any build.
const ERROR_NOT_DECODABLE: &str = "not_decodable";
/// A later build wrote it.
const ERROR_LATER_BUILD: &str = "written_by_a_later_build";
/// The record's key names no customer.
const ERROR_KEY: &str = "record_key_names_no_customer";
/// The record stands under another customer's key.
const ERROR_KEY_MISMATCH: &str = "record_key_of_another_customer";
/// Its parts contradict each other.
const ERROR_INCONSISTENT: &str = "event_inconsistent";
/// An envelope in it is not what the customer's key sealed there.
const ERROR_ALTERED: &str = "envelope_altered";
/// The customer's keys cannot be had as they stand in the key store.
const ERROR_KEYS: &str = "keys_cannot_be_had";
/// Nothing stands where its evidence should.
const ERROR_NO_EVIDENCE: &str = "evidence_not_in_the_log";

/// Its evidence is of another event, as both were written.
const ERROR_OTHER_EVIDENCE: &str = "evidence_of_another_event";

/// Which facts are shown. A record that cannot be read is shown whatever its type may be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplayFilter {
    /// Of this org.
    pub org: Option<OrgId>,
    /// Of this customer.
    pub customer: Option<CustomerRef>,
    /// Appended from here on, inclusive.
    pub from: Option<Timestamp>,
    /// Appended before this.
    pub to: Option<Timestamp>,
    /// Of this type.
    pub record_type: Option<RecordType>,
    /// Of verifications by this method.
    pub method: Option<Method>,
}

impl ReplayFilter {
    fn takes_record(&self, record: &StoredRecord) -> bool {
        let of_customer =
            self.customer.as_ref().is_none_or(|customer| record.key == customer.record_key().as_bytes());
        of_customer
            && self.org.as_ref().is_none_or(|org| is_of_org(&record.key, org))
            && self.from.is_none_or(|from| record.appended_at >= from)
            && self.to.is_none_or(|to| record.appended_at < to)
    }

    fn takes_event(&self, event: &Event) -> bool {
        self.record_type.is_none_or(|wanted| event_type(event) == wanted)
            && self.method.is_none_or(|wanted| event.method() == Some(wanted))
    }
}

/// What a replay came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ReplayCounts {
    /// Facts that were shown.
    pub facts: u64,
    /// Those of them with an error.
    pub errors: u64,
    /// Those of them whose evidence is another record than the one they refer to.
    pub altered: u64,
}

impl ReplayCounts {
    /// Whether every fact could be read and has its evidence.
    pub fn is_sound(&self) -> bool {
        self.errors == 0 && self.altered == 0
    }
}

/// A replay: opened, then run once.
pub struct LogReplay<'a> {
    ports: &'a CompliancePorts,
    filter: ReplayFilter,
    ranges: Vec<OffsetRange>,
    vault: Option<Vault>,
}

impl<'a> LogReplay<'a> {
    /// Up to where the log ends now.
    ///
    /// # Errors
    /// [`ReadError::Log`].
    pub async fn open(ports: &'a CompliancePorts, filter: ReplayFilter) -> Result<Self, ReadError> {
        let mut ranges = ports.log.offsets(Topic::Events).await?;
        if let Some(customer) = &filter.customer {
            let partitions = ports.log.describe(Topic::Events).await?.partitions;
            let theirs = partition_of(customer.record_key().as_bytes(), partitions);
            ranges.retain(|range| range.partition == theirs);
        }
        Ok(Self { ports, filter, ranges, vault: None })
    }

    /// Shows also what the customers' own keys open. Who asked for that and why is recorded before this is called.
    #[must_use]
    pub fn revealing(self, vault: Vault) -> Self {
        Self { vault: Some(vault), ..self }
    }

    /// Records that are read, whether they are shown or not.
    pub fn records(&self) -> u64 {
        records_in(&self.ranges)
    }

    /// Shows every fact that the filter takes, each made into what is shown as soon as it is read.
    ///
    /// # Errors
    /// [`ReadError`]; what was shown until then stands.
    pub async fn run<T>(
        self,
        form: impl Fn(&FactLine) -> T,
        progress: &dyn ReadProgress,
        mut show: impl FnMut(T) -> Result<(), ReadError>,
    ) -> Result<ReplayCounts, ReadError> {
        let log = &*self.ports.log;
        let mut reader = FactReader {
            ports: self.ports,
            filter: self.filter,
            evidence: EvidenceReader::open(log, bounds_beside(self.ranges.len())).await?,
            erased: ErasedFields::new(self.ports.keys.clone()),
            vault: self.vault,
            form,
        };
        let mut counts = ReplayCounts::default();
        let events = (Topic::Events, self.ranges.as_slice());
        read_merged(log, events, &mut reader, progress, |(item, mark): (T, FactMark)| {
            counts.facts += 1;
            counts.errors += u64::from(mark.is_error);
            counts.altered += u64::from(mark.is_altered);
            show(item)
        })
        .await?;
        Ok(counts)
    }
}

/// What an envelope is shown as.
pub fn sealed_word(field: Field, erased: Purposes) -> &'static str {
    if erased.contains(field.purpose()) { "erased" } else { "sealed" }
}

/// Whether there are envelopes in an event, or in what is shown of its evidence.
fn has_envelopes(event: &Event) -> bool {
    matches!(event, Event::KtpCaptureAssessed(_)) || !event.sealed_fields().is_empty()
}

/// What is counted of a fact.
#[derive(Clone, Copy)]
struct FactMark {
    is_error: bool,
    is_altered: bool,
}

/// A record that the filter takes, decoded or not.
struct ReplayedRecord {
    place: RowPlace,
    customer: Option<CustomerRef>,
    event: Result<Event, &'static str>,
}

struct FactReader<'a, F> {
    ports: &'a CompliancePorts,
    filter: ReplayFilter,
    evidence: EvidenceReader,
    erased: ErasedFields,
    vault: Option<Vault>,
    form: F,
}

impl<T, F: Fn(&FactLine) -> T> PieceReader for FactReader<'_, F> {
    type Item = (T, FactMark);

    async fn read(
        &mut self,
        _partition: Partition,
        records: Vec<StoredRecord>,
    ) -> Result<Vec<(RowPlace, Self::Item)>, ReadError> {
        let read: Vec<ReplayedRecord> =
            records.iter().filter_map(|record| self.read_record(record)).collect();
        // Payloads are not needed any more, and evidence is read next.
        drop(records);
        let with_envelopes = read.iter().filter(|one| one.event.as_ref().is_ok_and(has_envelopes));
        self.erased.ask(with_envelopes.filter_map(|one| one.customer.as_ref())).await?;
        let references: Vec<AuditRef> =
            read.iter().filter_map(|one| one.event.as_ref().ok().and_then(Event::audit)).collect();
        let digests = self.evidence.compare(&*self.ports.log, &references).await?;
        let mut items = Vec::with_capacity(read.len());
        for one in read {
            items.push((one.place, self.item(one, &digests).await?));
        }
        Ok(items)
    }
}

impl<T, F: Fn(&FactLine) -> T> FactReader<'_, F> {
    fn read_record(&self, record: &StoredRecord) -> Option<ReplayedRecord> {
        if !self.filter.takes_record(record) {
            return None;
        }
        let customer = CustomerRef::of_record_key(&record.key);
        let event = match self.ports.codec.decode_event(record) {
            Err(DecodeError::UnknownSchema { .. }) => Err(ERROR_LATER_BUILD),
            Err(DecodeError::Malformed(_)) => Err(ERROR_NOT_DECODABLE),
            Ok(_) if customer.is_none() => Err(ERROR_KEY),
            Ok(event) if customer.as_ref() != Some(event.customer()) => Err(ERROR_KEY_MISMATCH),
            Ok(event) if !self.filter.takes_event(&event) => return None,
            Ok(event) if !event.is_consistent() => Err(ERROR_INCONSISTENT),
            Ok(event) => Ok(event),
        };
        Some(ReplayedRecord { place: place_of(record), customer, event })
    }

    /// What stands in a capture's evidence, which was found to be the record that the event refers to; none where it is
    /// another capture's.
    async fn capture_evidence(
        &self,
        event: &KtpCaptureAssessed,
    ) -> Result<Option<CaptureEvidence>, ReadError> {
        let record = self.evidence.record(&*self.ports.log, &event.audit).await?;
        let record = record.and_then(|record| self.ports.codec.decode_audit(&record).ok());
        let Some(AuditRecord::CaptureEvidence(of)) = record else { return Ok(None) };
        Ok((of.event_id == event.event_id && of.customer == event.customer).then_some(of))
    }

    /// What the event's envelopes are shown as, and what is wrong with them.
    async fn envelopes(
        &self,
        event: &Event,
        capture: Option<&CaptureEvidence>,
        erased: Purposes,
    ) -> Result<(EventEnvelopes, Option<&'static str>), ReadError> {
        let Some(vault) = &self.vault else { return Ok((EventEnvelopes::sealed(erased), None)) };
        let claims = capture.and_then(|of| of.claims.as_ref()).map(|envelope| SealedField {
            field: Field::CaptureClaims,
            content_type: CAPTURE_CLAIMS_CONTENT_TYPE,
            envelope,
        });
        match envelopes::reveal(vault, event, claims, erased).await {
            Ok((envelopes, is_altered)) => Ok((envelopes, is_altered.then_some(ERROR_ALTERED))),
            Err(VaultError::Unavailable(words)) => Err(ReadError::Vault(words)),
            // It is that customer's matter; everybody else's facts are shown.
            Err(_) => Ok((EventEnvelopes::sealed(erased), Some(ERROR_KEYS))),
        }
    }

    async fn item(
        &self,
        read: ReplayedRecord,
        digests: &EvidenceDigests,
    ) -> Result<(T, FactMark), ReadError> {
        let ReplayedRecord { place, customer, event } = read;
        let erased = customer.as_ref().map_or(Purposes::NONE, |customer| self.erased.of(customer));
        let content = match event {
            Err(error) => FactContent::Unreadable { error, customer },
            Ok(event) => {
                let mut evidence = event.audit().map(|reference| EvidenceLine {
                    partition: reference.source.partition,
                    offset: reference.source.offset,
                    sha256: reference.value_sha256,
                    matches: match digests.found(&reference) {
                        EvidenceFound::Same => Some(true),
                        EvidenceFound::Altered => Some(false),
                        EvidenceFound::Missing => None,
                    },
                    fields: Vec::new(),
                });
                let error = evidence.as_ref().filter(|evidence| evidence.matches.is_none());
                let mut error = error.map(|_| ERROR_NO_EVIDENCE);
                let mut capture = None;
                if let (Event::KtpCaptureAssessed(of), Some(line)) = (&event, &mut evidence)
                    && line.matches == Some(true)
                {
                    capture = self.capture_evidence(of).await?;
                    line.fields = capture.as_ref().map_or_else(Vec::new, CaptureEvidence::fields);
                    error = error.or(capture.is_none().then_some(ERROR_OTHER_EVIDENCE));
                }
                let (envelopes, wrong) = self.envelopes(&event, capture.as_ref(), erased).await?;
                FactContent::Readable { event: Box::new(event), envelopes, evidence, error: error.or(wrong) }
            }
        };
        let line = FactLine { place, content };
        let mark = FactMark { is_error: line.error().is_some(), is_altered: line.is_altered() };
        Ok(((self.form)(&line), mark))
    }
}
