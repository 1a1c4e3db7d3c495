//! Sample rows, and each of them once for every field with that field changed. The patterns name all fields: a row
//! that gains one does not compile here until the field is among them, and so is in every test that uses this.

use bytes::Bytes;
use domain::classify::ReasonCategory;
use domain::event::{Fingerprint, Offset, Partition, Source, TopicId};
use domain::ids::CustomerRef;
use domain::policy::{Method, Methods, Tier};
use domain::rows::{
    AsOf, BookEntry, CountedStatus, CustomerState, Disposition, EnrolmentRow, Epoch, EventNote, FaceSource,
    Kyc, Quarantine, Registration, SignalRow, Span, TallyKey, TallyRow, TierEventRow, VerificationRow,
    VerificationStatus, ViewRow,
};
use domain::sealed::{Purpose, Purposes, Sealed};
use domain::time::Timestamp;

use crate::samples::Samples;

/// The value, and once for every field the same with that field changed.
macro_rules! each_field {
    ($value:expr, $kind:ident { $($field:ident: $other:expr),* $(,)? }) => {{
        let value: $kind = $value;
        let $kind { $($field: _),* } = &value;
        let mut all = vec![value.clone()];
        $({
            let mut changed = value.clone();
            changed.$field = $other;
            assert_ne!(changed, value, concat!(stringify!($kind), ".", stringify!($field)));
            all.push(changed);
        })*
        all
    }};
}
pub(crate) use each_field;

/// For each kind of row the rows, no two of them the same.
pub fn one_field_changed(s: &Samples) -> Vec<Vec<ViewRow>> {
    let other = Other(s);
    vec![
        other.verifications().into_iter().map(|row| ViewRow::Verification(Box::new(row))).collect(),
        other.enrolments().into_iter().map(ViewRow::Enrolment).collect(),
        other.references().into_iter().map(ViewRow::Reference).collect(),
        other.reviews().into_iter().map(|row| ViewRow::Review(Box::new(row))).collect(),
        other.voids().into_iter().map(|row| ViewRow::Void(Box::new(row))).collect(),
        other.tier_events().into_iter().map(ViewRow::TierEvent).collect(),
        other.signals().into_iter().map(ViewRow::Signal).collect(),
        other.notes().into_iter().map(ViewRow::Note).collect(),
        other.fallbacks().into_iter().map(ViewRow::Fallback).collect(),
        other.closures().into_iter().map(ViewRow::RecheckClosure).collect(),
        other.rechecks().into_iter().map(|row| ViewRow::Recheck(Box::new(row))).collect(),
        vec![ViewRow::EraseEnrolments(s.customer(1)), ViewRow::EraseEnrolments(s.customer_of(1, 1))],
        other.nik_holders(),
        other.states().into_iter().map(|row| ViewRow::State(Box::new(row))).collect(),
        other.tallies().into_iter().map(ViewRow::Tally).collect(),
        other.books().into_iter().map(ViewRow::Books).collect(),
        other.positions().into_iter().map(ViewRow::Position).collect(),
    ]
}

const FINGERPRINT: Fingerprint = Fingerprint([0xee; 32]);

fn late() -> Timestamp {
    Timestamp::from_millis(1_999_999_999_999)
}

fn sealed() -> Sealed {
    Sealed::from_envelope(Bytes::from_static(b"other"))
}

fn other_of<T: PartialEq + Copy>(all: impl IntoIterator<Item = T>, this: T) -> T {
    all.into_iter().find(|one| *one != this).expect("another one")
}

mod captures;
mod challenges;
mod counts;
mod faces;
mod niks;
mod rechecks;
mod voids;

/// What fields are changed to.
struct Other<'s>(&'s Samples);

impl Other<'_> {
    fn customer(&self) -> CustomerRef {
        self.0.customer_of(1, 9)
    }

    fn source(&self) -> Source {
        Source { topic_id: self.0.topic(9), partition: Partition(9), offset: Offset(9) }
    }

    fn sources(&self) -> Vec<Source> {
        let Source { topic_id, partition, offset } = self.source();
        each_field!(self.0.source(0, 1), Source { topic_id: topic_id, partition: partition, offset: offset })
    }

    fn kycs(&self, kyc: Kyc) -> Vec<Kyc> {
        let tier = other_of([Tier::Basic, Tier::Premium], kyc.tier);
        each_field!(kyc, Kyc { tier: tier, last_verified_at: Some(late()), expires_at: Some(late()) })
    }

    fn as_ofs(&self, as_of: AsOf) -> Vec<AsOf> {
        let other = TopicId([9; 16]);
        each_field!(as_of, AsOf { topic_id: other, epoch: Epoch(99), offset: Offset(as_of.offset.0 + 1) })
    }

    fn verifications(&self) -> Vec<VerificationRow> {
        let s = self.0;
        let row = s.verification(&s.customer(0), 0);
        let (method, status) =
            (other_of(Method::ALL, row.method), other_of(VerificationStatus::ALL, row.status));
        let mut rows = each_field!(
            row.clone(),
            VerificationRow {
                id: s.verification_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                method: method,
                status: status,
                score: None,
                reason: Some(sealed()),
                reason_category: None,
                body_fingerprint: FINGERPRINT,
                enrolment: Some(s.enrolment_id(9)),
                enrolment_on_review: Some(s.enrolment_id(10)),
                face_match: self.0.matched(&s.customer(0), 0).face_match,
                assessment: self.0.captured(&s.customer(0), 0).assessment,
                nik_format: Some(self.findings().swap_remove(0)),
                recheck: Some(self.marks().swap_remove(0)),
                tier_event: Some(s.tier_event_id(9)),
                kyc_before: Kyc { tier: Tier::Standard, ..row.kyc_before },
                kyc_after: Kyc { tier: Tier::Basic, ..row.kyc_after },
                created_at: late(),
            }
        );
        let bare = VerificationRow { reason: None, enrolment: None, tier_event: None, ..row.clone() };
        rows.push(VerificationRow { score: Some(0), ..bare.clone() });
        rows.push(bare);
        let change = |change: &dyn Fn(&mut VerificationRow)| {
            let mut changed = row.clone();
            change(&mut changed);
            changed
        };
        rows.extend(self.sources().into_iter().skip(1).map(|source| change(&|row| row.source = source)));
        let categories = ReasonCategory::ALL.into_iter().filter(|one| Some(*one) != row.reason_category);
        rows.extend(categories.map(|one| change(&|row| row.reason_category = Some(one))));
        let others = Method::ALL.into_iter().filter(|one| *one != row.method && *one != method);
        rows.extend(others.map(|one| change(&|row| row.method = one)));
        rows.extend(
            self.face_matches()
                .into_iter()
                .skip(1)
                .map(|of| change(&|row| row.face_match = Some(of.clone()))),
        );
        rows.extend(
            self.assessments().into_iter().skip(1).map(|of| change(&|row| row.assessment = Some(of.clone()))),
        );
        rows.extend(self.with_findings(&row));
        rows.extend(self.marks().into_iter().skip(1).map(|of| change(&|row| row.recheck = Some(of.clone()))));
        rows.extend(
            self.kycs(row.kyc_before).into_iter().skip(1).map(|kyc| change(&|row| row.kyc_before = kyc)),
        );
        rows.extend(
            self.kycs(row.kyc_after).into_iter().skip(2).map(|kyc| change(&|row| row.kyc_after = kyc)),
        );
        rows
    }

    fn enrolments(&self) -> Vec<EnrolmentRow> {
        let s = self.0;
        let row = s.enrolment(&s.customer(0), 0);
        let face_source = other_of(FaceSource::ALL, row.face_source);
        let mut rows = each_field!(
            row.clone(),
            EnrolmentRow {
                id: s.enrolment_id(9),
                customer: self.customer(),
                verification_id: Some(s.verification_id(9)),
                event_id: s.event_id(9),
                source: self.source(),
                face_source: face_source,
                body_fingerprint: Some(FINGERPRINT),
                created_at: late(),
            }
        );
        rows.push(EnrolmentRow { verification_id: None, ..row });
        rows.push(s.reference(&s.customer(0), 0));
        rows
    }

    fn tier_events(&self) -> Vec<TierEventRow> {
        let s = self.0;
        let row = s.tier_event(&s.customer(0), 0);
        each_field!(
            row,
            TierEventRow {
                id: s.tier_event_id(9),
                customer: self.customer(),
                source: self.source(),
                from_tier: Tier::Basic,
                to_tier: Tier::Premium,
                reason: "other".to_owned(),
                created_at: late(),
            }
        )
    }

    fn signals(&self) -> Vec<SignalRow> {
        let s = self.0;
        let row = s.signal(&s.customer(0), 0, 0);
        each_field!(
            row,
            SignalRow {
                verification_id: s.verification_id(9),
                customer: self.customer(),
                source: self.source(),
                kind: "other".to_owned(),
                created_at: late(),
            }
        )
    }

    fn notes(&self) -> Vec<EventNote> {
        let s = self.0;
        let note = s.note(&s.customer(0), 0, Disposition::Parked);
        let mut notes = each_field!(
            note.clone(),
            EventNote {
                customer: self.customer(),
                source: self.source(),
                event_id: Some(s.event_id(9)),
                verification_id: Some(s.verification_id(9)),
                reference_id: Some(s.enrolment_id(9)),
                review_of: Some(s.verification_id(10)),
                fallback_id: Some(s.fallback_id(9)),
                recheck: Some(s.recheck_id(9)),
                void_of: Some(s.verification_id(11)),
                disposition: Disposition::Applied,
                body_fingerprint: Some(FINGERPRINT),
                cause: Some("other".to_owned()),
            }
        );
        notes.push(EventNote { event_id: None, verification_id: None, ..note.clone() });
        notes.push(EventNote { body_fingerprint: None, cause: None, ..note.clone() });
        let entries = [
            BookEntry::Applied,
            BookEntry::Duplicate,
            BookEntry::Conflict,
            BookEntry::Refused,
            BookEntry::DeadLettered,
            BookEntry::Parked,
        ];
        let released = entries.map(|entry| Disposition::Released(vec![(self.source(), entry)]));
        let two = Disposition::Released(self.sources().into_iter().map(|at| (at, entries[0])).collect());
        let plain =
            [Disposition::Duplicate, Disposition::Conflict, Disposition::Refused, Disposition::DeadLettered];
        let lists = released.into_iter().chain([two, Disposition::Released(Vec::new())]);
        for (disposition, at) in lists.chain(plain).zip(1..) {
            notes.push(EventNote {
                disposition: disposition.clone(),
                source: s.source(0, at),
                ..note.clone()
            });
            notes.push(EventNote { disposition, ..note.clone() });
        }
        notes
    }

    fn states(&self) -> Vec<CustomerState> {
        let s = self.0;
        let state = s.state(&s.customer(0), 0);
        let registration = state.registration.clone().expect("a sample has one");
        let registrations = each_field!(
            registration,
            Registration {
                event_id: s.event_id(77),
                source: self.source(),
                full_name: Some(sealed()),
                external_id: None,
                body_fingerprint: FINGERPRINT,
                created_at: late(),
            }
        );
        let quarantine = state.quarantine.clone().expect("a sample has one");
        let quarantines = each_field!(
            quarantine,
            Quarantine { since: self.source(), cause: "other".to_owned(), waiting: 2_000 }
        );
        let as_of = AsOf { topic_id: TopicId([9; 16]), ..state.as_of };
        let mut states = each_field!(
            state.clone(),
            CustomerState {
                customer: self.customer(),
                partition: Partition(999),
                as_of: as_of,
                registration: None,
                erased: Purposes::NONE,
                verified: Methods::default(),
                kyc: Kyc { tier: Tier::Basic, ..state.kyc },
                last_created_at: late(),
                quarantine: None,
                challenges: self.challenges().swap_remove(0),
                niks: self.niks().swap_remove(0),
                recheck: None,
                voids: self.voided_rows().swap_remove(0),
            }
        );
        let change = |n: u64, change: &dyn Fn(&mut CustomerState)| {
            let mut changed = CustomerState { customer: s.customer(100 + n), ..state.clone() };
            change(&mut changed);
            changed
        };
        let more = registrations.into_iter().skip(1).zip(0..);
        states.extend(more.map(|(of, n)| change(n, &|state| state.registration = Some(of.clone()))));
        let more = quarantines.into_iter().skip(1).zip(20..);
        states.extend(more.map(|(of, n)| change(n, &|state| state.quarantine = Some(of.clone()))));
        let more = self.as_ofs(state.as_of).into_iter().skip(1).zip(40..);
        states.extend(more.map(|(as_of, n)| change(n, &|state| state.as_of = as_of)));
        let more = self.kycs(state.kyc).into_iter().skip(1).zip(60..);
        states.extend(more.map(|(kyc, n)| change(n, &|state| state.kyc = kyc)));
        states.extend(self.states_with_niks(&state));
        let more = self.rechecks().into_iter().zip(200..);
        states.extend(more.map(|(of, n)| change(n, &|state| state.recheck = Some(Box::new(of.clone())))));
        let more = self.voided_rows().into_iter().skip(1).zip(160..);
        states.extend(more.map(|(of, n)| change(n, &|state| state.voids = of.clone())));
        let more = self.challenges().into_iter().skip(1).zip(120..);
        states.extend(more.map(|(of, n)| change(n, &|state| state.challenges = of.clone())));
        for (purpose, n) in Purpose::ALL.into_iter().zip(80..) {
            states.push(change(n, &|state| state.erased = Purposes::NONE.with(purpose)));
        }
        for (method, n) in Method::ALL.into_iter().zip(100..) {
            states.push(change(n, &|state| state.verified = Methods::default().with(method)));
        }
        with_rechecks_of_their_customers(states)
    }

    fn tallies(&self) -> Vec<TallyRow> {
        let row = self.0.tally(1);
        let keys = each_field!(
            row.key.clone(),
            TallyKey {
                org: self.0.org(9),
                span: Span::Day,
                start: late(),
                method: other_of(Method::ALL, Method::NikDukcapil),
                status: CountedStatus::Of(VerificationStatus::Failed),
                category: Some(ReasonCategory::ALL[0]),
                partition: Partition(1),
            }
        );
        let as_ofs = self.as_ofs(row.as_of);
        let mut rows =
            each_field!(row.clone(), TallyRow { key: keys[1].clone(), count: 2, as_of: as_ofs[1] });
        rows.extend(keys.into_iter().skip(2).map(|key| TallyRow { key, ..row.clone() }));
        let month = TallyKey { span: Span::Month, ..row.key.clone() };
        rows.push(TallyRow { key: month, ..row.clone() });
        rows.extend(ReasonCategory::ALL.into_iter().skip(1).map(|category| {
            let key = TallyKey { category: Some(category), ..row.key.clone() };
            TallyRow { key, ..row.clone() }
        }));
        let counted = VerificationStatus::ALL.map(CountedStatus::Reviewed);
        rows.extend(counted.into_iter().chain([CountedStatus::Of(VerificationStatus::Pending)]).map(
            |status| {
                let key = TallyKey { status, ..row.key.clone() };
                TallyRow { key, ..row.clone() }
            },
        ));
        rows.extend(as_ofs.into_iter().skip(2).map(|as_of| TallyRow { as_of, ..row.clone() }));
        rows
    }
}

/// A state's recheck is its customer's.
fn with_rechecks_of_their_customers(mut states: Vec<CustomerState>) -> Vec<CustomerState> {
    for state in &mut states {
        let customer = state.customer.clone();
        state.recheck.iter_mut().for_each(|recheck| recheck.customer = customer.clone());
    }
    states
}
