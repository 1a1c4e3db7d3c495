//! Builders of facts, and a customer's fold driven the way the projector drives it.

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::event::{
    AuditRef, CustomerErased, CustomerRegistered, CustomerReleased, DukcapilVerdictReceived, Event,
    FaceMatchDecided, FaceReferenceAdded, Fingerprint, MatchReference, Offset, Partition, RecordedEvent,
    RiskLevel, Source, TopicId,
};
use domain::fold::{Fact, Folded, KnownRows, Poison, blank, fold, fold_release};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, VerificationId};
use domain::outcome::Outcome;
use domain::ports::FaceModelId;
use domain::rows::{AsOf, BookEntry, CustomerState, Epoch, FaceSource, ViewRow};
use domain::sealed::{Purpose, Sealed, SealedMedia};
use domain::time::Timestamp;

pub(crate) const TOPIC: TopicId = TopicId([7; 16]);
pub(crate) const PARTITION: Partition = Partition(3);

pub(crate) fn customer() -> CustomerRef {
    CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([2; 16]))
}

pub(crate) fn source(offset: u64) -> Source {
    Source { topic_id: TOPIC, partition: PARTITION, offset: Offset(offset) }
}

pub(crate) fn at(ms: i64) -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000 + ms)
}

pub(crate) fn verification(n: u8) -> VerificationId {
    VerificationId::from_bytes([n; 16])
}

/// Of a reference that came by itself.
pub(crate) fn reference_id(n: u8) -> EnrolmentId {
    EnrolmentId::from_bytes([0x20 + n; 16])
}

pub(crate) fn fact(offset: u64, appended_ms: i64, event: Event) -> Fact {
    let event = RecordedEvent { event, source: source(offset), appended_at: at(appended_ms) };
    Fact::Event(event)
}

pub(crate) fn sealed(n: u8) -> Sealed {
    Sealed::from_envelope(Bytes::from(vec![n; 40]))
}

pub(crate) fn registered(offset: u64, body: u8) -> Fact {
    fact(
        offset,
        offset as i64,
        Event::CustomerRegistered(CustomerRegistered {
            event_id: EventId::from_bytes([9; 16]),
            customer: customer(),
            full_name: sealed(1),
            external_id: Some(sealed(2)),
            body_fingerprint: Fingerprint([body; 32]),
        }),
    )
}

/// A verdict: `n` names it (as an idempotency key would), `body` tells bodies apart.
#[derive(Clone, Copy)]
pub(crate) struct Verdict {
    pub(crate) n: u8,
    pub(crate) body: u8,
    pub(crate) valid: bool,
    pub(crate) policy: u32,
}

pub(crate) fn valid(n: u8) -> Verdict {
    Verdict { n, body: n, valid: true, policy: 1 }
}

pub(crate) fn declined(n: u8) -> Verdict {
    Verdict { valid: false, ..valid(n) }
}

impl Verdict {
    pub(crate) fn at(self, offset: u64) -> Fact {
        self.appended(offset, offset as i64)
    }

    pub(crate) fn appended(self, offset: u64, ms: i64) -> Fact {
        fact(offset, ms, Event::DukcapilVerdictReceived(self.event()))
    }

    pub(crate) fn event(self) -> DukcapilVerdictReceived {
        DukcapilVerdictReceived {
            event_id: EventId::from_bytes([self.n; 16]),
            customer: customer(),
            verification_id: verification(self.n),
            enrolment_id: self.valid.then(|| EnrolmentId::from_bytes([self.n; 16])),
            valid: self.valid,
            photo: self.valid.then(|| SealedMedia::Inline(sealed(3))),
            photo_content_type: self.valid.then(|| "image/jpeg".to_owned()),
            reason: (!self.valid).then(|| sealed(4)),
            reason_category: (!self.valid).then_some(ReasonCategory::NotFound),
            classifier_version: 1,
            body_fingerprint: Fingerprint([self.body; 32]),
            policy_version: self.policy,
            audit: AuditRef { source: source(0), value_sha256: [0; 32] },
        }
    }
}

/// A reference that came by itself; `n` and `body` as in a verdict.
#[derive(Clone, Copy)]
pub(crate) struct Reference {
    pub(crate) n: u8,
    pub(crate) body: u8,
    pub(crate) face_source: FaceSource,
}

pub(crate) fn reference(n: u8) -> Reference {
    Reference { n, body: n, face_source: FaceSource::OnboardingSelfie }
}

impl Reference {
    pub(crate) fn at(self, offset: u64) -> Fact {
        self.appended(offset, offset as i64)
    }

    pub(crate) fn appended(self, offset: u64, ms: i64) -> Fact {
        fact(
            offset,
            ms,
            Event::FaceReferenceAdded(FaceReferenceAdded {
                event_id: EventId::from_bytes([0x40 + self.n; 16]),
                customer: customer(),
                enrolment_id: reference_id(self.n),
                face_source: self.face_source,
                photo: SealedMedia::Inline(sealed(5)),
                photo_content_type: "image/png".to_owned(),
                body_fingerprint: Fingerprint([self.body; 32]),
                audit: AuditRef { source: source(0), value_sha256: [0; 32] },
            }),
        )
    }
}

/// What a match decided; `n` and `body` as in a verdict.
#[derive(Clone, Copy)]
pub(crate) struct Match {
    pub(crate) n: u8,
    pub(crate) body: u8,
    pub(crate) matched: bool,
    /// Of the reference.
    pub(crate) face_source: FaceSource,
    pub(crate) bound: bool,
    pub(crate) policy: u32,
    pub(crate) signals: &'static [&'static str],
    /// It contradicts itself.
    pub(crate) without_reason: bool,
}

pub(crate) fn matched(n: u8) -> Match {
    Match {
        n,
        body: n,
        matched: true,
        face_source: FaceSource::Dukcapil,
        bound: false,
        policy: 1,
        signals: &[],
        without_reason: false,
    }
}

pub(crate) fn no_match(n: u8) -> Match {
    Match { matched: false, ..matched(n) }
}

impl Match {
    pub(crate) fn at(self, offset: u64) -> Fact {
        self.appended(offset, offset as i64)
    }

    pub(crate) fn appended(self, offset: u64, ms: i64) -> Fact {
        fact(offset, ms, Event::FaceMatchDecided(self.event()))
    }

    pub(crate) fn event(self) -> FaceMatchDecided {
        FaceMatchDecided {
            event_id: EventId::from_bytes([0x60 + self.n; 16]),
            customer: customer(),
            verification_id: verification(self.n),
            matched: self.matched,
            risk_level: RiskLevel::Medium,
            threshold_milli: 450,
            model: FaceModelId { name: "a-model".to_owned(), sha256: [7; 32] },
            liveness: self.bound.then(|| verification(0xaa)),
            score: 80,
            similarity: sealed(6),
            reference: MatchReference {
                enrolment_id: EnrolmentId::from_bytes([0xbb; 16]),
                face_source: self.face_source,
                enrolled_at: at(0),
            },
            signals: self.signals.iter().map(|code| (*code).to_owned()).collect(),
            reason_category: (!self.matched && !self.without_reason).then_some(ReasonCategory::NoMatch),
            policy_version: self.policy,
            body_fingerprint: Fingerprint([self.body; 32]),
            audit: AuditRef { source: source(0), value_sha256: [0; 32] },
        }
    }
}

pub(crate) fn erased(offset: u64, purposes: &[Purpose]) -> Fact {
    fact(
        offset,
        offset as i64,
        Event::CustomerErased(CustomerErased {
            event_id: EventId::from_bytes([0xe; 16]),
            customer: customer(),
            purposes: purposes.iter().copied().collect(),
        }),
    )
}

pub(crate) fn release(offset: u64) -> Fact {
    let released = CustomerReleased { event_id: EventId::from_bytes([0xf; 16]), customer: customer() };
    fact(offset, offset as i64, Event::CustomerReleased(released))
}

pub(crate) fn poison(offset: u64) -> Fact {
    Fact::Poison(Poison {
        customer: customer(),
        source: source(offset),
        appended_at: at(offset as i64),
        event_id: None,
        verification_id: None,
        reference_id: None,
        review_of: None,
        fallback_id: None,
        closes_recheck: None,
        body_fingerprint: None,
        cause: "not_decodable".to_owned(),
    })
}

/// A customer and its rows so far.
pub(crate) struct Customer {
    pub(crate) state: CustomerState,
    pub(crate) known: KnownRows,
    pub(crate) history: Vec<Folded>,
}

impl Customer {
    /// Nothing known.
    pub(crate) fn unknown() -> Self {
        let as_of = AsOf { topic_id: TOPIC, epoch: Epoch(1), offset: Offset(0) };
        Self { state: blank(customer(), as_of, PARTITION), known: KnownRows::default(), history: Vec::new() }
    }

    /// Registered at offset 0.
    pub(crate) fn registered() -> Self {
        Self::unknown().when(&[registered(0, 1)])
    }

    /// Folds facts in order.
    pub(crate) fn when(mut self, facts: &[Fact]) -> Self {
        for fact in facts {
            let folded = fold(self.state.clone(), fact, &mut self.known).expect("a fold");
            self.took(folded);
        }
        self
    }

    /// Folds a release of those facts at that offset.
    pub(crate) fn released(mut self, offset: u64, waiting: &[Fact], next: Option<Source>) -> Self {
        let released = CustomerReleased { event_id: EventId::from_bytes([0xf; 16]), customer: customer() };
        let Fact::Event(event) = release(offset) else { unreachable!("a release is an event") };
        let waiting: Vec<(Fact, BookEntry)> =
            waiting.iter().map(|fact| (fact.clone(), self.entered(fact.source()))).collect();
        let folded = fold_release(self.state.clone(), &event, &released, &waiting, next, &mut self.known)
            .expect("a fold");
        self.took(folded);
        self
    }

    /// The column the fact at that place was entered in when it was folded; the first dead letter's otherwise.
    fn entered(&self, place: Source) -> BookEntry {
        let folded = self.history.iter().find(|folded| folded.state.as_of.offset == place.offset);
        folded.and_then(|folded| folded.effect.entry).unwrap_or(BookEntry::DeadLettered)
    }

    fn took(&mut self, folded: Folded) {
        self.state = folded.state.clone();
        self.history.push(folded);
    }

    pub(crate) fn last(&self) -> &Folded {
        self.history.last().expect("something was folded")
    }

    pub(crate) fn last_outcomes(&self) -> Vec<&'static str> {
        names(&self.last().outcomes)
    }

    pub(crate) fn last_rows(&self) -> Vec<&'static str> {
        self.last().rows.iter().map(|(_, row)| row_name(row)).collect()
    }
}

pub(crate) fn names(outcomes: &[Outcome]) -> Vec<&'static str> {
    outcomes
        .iter()
        .map(|outcome| match outcome {
            Outcome::VerificationCreated(_) => "VerificationCreated",
            Outcome::FaceEnrolled(_) => "FaceEnrolled",
            Outcome::KycUpdated(_) => "KycUpdated",
            Outcome::VerdictConflicted(_) => "VerdictConflicted",
            Outcome::VerdictUnapplied(_) => "VerdictUnapplied",
            Outcome::CustomerErased(_) => "CustomerErased",
            Outcome::ReviewRecorded(_) => "ReviewRecorded",
            Outcome::FallbackRecheckOpened(_) => "FallbackRecheckOpened",
            Outcome::FallbackRecheckSettled(_) => "FallbackRecheckSettled",
        })
        .collect()
}

fn row_name(row: &ViewRow) -> &'static str {
    match row {
        ViewRow::Verification(_) => "verification",
        ViewRow::Enrolment(_) => "enrolment",
        ViewRow::Reference(_) => "reference",
        ViewRow::Review(_) => "review",
        ViewRow::TierEvent(_) => "tier_event",
        ViewRow::Signal(_) => "signal",
        ViewRow::Note(_) => "note",
        ViewRow::Fallback(_) => "fallback",
        ViewRow::RecheckClosure(_) => "recheck_closure",
        ViewRow::Recheck(_) => "recheck",
        ViewRow::EraseEnrolments(_) => "erase_enrolments",
        ViewRow::State(_) => "state",
        ViewRow::Tally(_) => "tally",
        ViewRow::Books(_) => "books",
        ViewRow::Position(_) => "position",
    }
}
