//! Every field of every row changes its digest. A new field breaks this file until it is in it.

use std::collections::BTreeSet;

use domain::classify::ReasonCategory;
use domain::event::{Fingerprint, Offset, Partition, TopicId};
use domain::policy::{Method, Methods, Tier};
use domain::rows::*;
use domain::sealed::{Purpose, Purposes, Sealed};
use domain::time::Timestamp;
use testkit::samples::Samples;

use super::*;

#[test]
fn a_sum_does_not_know_the_order() {
    let numbers = [[0xff; 32], [1; 32], [0x80; 32]].map(RowDigest);
    let sum = |order: [usize; 3]| {
        let mut sum = RowDigest::default();
        order.iter().for_each(|n| sum.add(numbers[*n]));
        sum
    };
    assert_eq!(sum([0, 1, 2]), sum([2, 0, 1]));
    let mut one = RowDigest([0xff; 32]);
    let mut least = [0; 32];
    least[31] = 1;
    one.add(RowDigest(least));
    assert_eq!(one, RowDigest::default(), "modulo 2^256");
}

/// The value, and once for every field the same with that field changed. The pattern names all fields.
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

fn all_differ(rows: Vec<ViewRow>) {
    let at = WriteTimestamp::from_value(7);
    let digests: BTreeSet<String> =
        rows.iter().map(|row| RowDigest::of(&(at, row.clone())).to_string()).collect();
    assert_eq!(digests.len(), rows.len(), "{rows:#?}");
    for row in rows {
        assert_eq!(RowDigest::of(&(at, row.clone())), RowDigest::of(&(at, row.clone())));
        let later = WriteTimestamp::from_value(8);
        assert_ne!(RowDigest::of(&(at, row.clone())), RowDigest::of(&(later, row)), "the timestamp counts");
    }
}

fn sealed() -> Sealed {
    Sealed::from_envelope(bytes::Bytes::from_static(b"other"))
}

const PRINT: Fingerprint = Fingerprint([0xee; 32]);
fn late() -> Timestamp {
    Timestamp::from_millis(9_999)
}

fn kycs() -> Vec<Kyc> {
    each_field!(
        Kyc::default(),
        Kyc { tier: Tier::Premium, last_verified_at: Some(late()), expires_at: Some(late()) }
    )
}

#[test]
fn verifications() {
    let (s, other) = (Samples::new(1), Samples::new(2));
    let (row, that) = (s.verification(&s.customer(0), 0), other.verification(&other.customer(9), 9));
    let score = row.score.map_or(Some(1), |score| Some(score + 1));
    let (method, status) = (other_of(Method::ALL, row.method), other_of(VerificationStatus::ALL, row.status));
    let category = match row.reason_category {
        Some(ReasonCategory::Quota) => None,
        Some(_) | None => Some(ReasonCategory::Quota),
    };
    let mut rows = each_field!(
        row.clone(),
        VerificationRow {
            id: that.id,
            customer: that.customer,
            event_id: that.event_id,
            source: that.source,
            method: method,
            status: status,
            score: score,
            reason: Some(sealed()),
            reason_category: category,
            body_fingerprint: PRINT,
            enrolment: Some(other.enrolment(&other.customer(9), 9).id),
            embedding_model: Some("other".to_owned()),
            tier_event: Some(other.tier_event(&other.customer(9), 9).id),
            kyc_before: Kyc { tier: Tier::Standard, ..row.kyc_before },
            kyc_after: Kyc { tier: Tier::Basic, ..row.kyc_after },
            created_at: late(),
        }
    );
    let before: Vec<_> =
        kycs().into_iter().map(|kyc_before| VerificationRow { kyc_before, ..row.clone() }).collect();
    rows.extend(before.into_iter().filter(|changed| changed.kyc_before != row.kyc_before));
    rows.dedup();
    all_differ(rows.into_iter().map(|row| ViewRow::Verification(Box::new(row))).collect());
}

fn other_of<T: PartialEq + Copy>(all: impl IntoIterator<Item = T>, this: T) -> T {
    all.into_iter().find(|one| *one != this).expect("another one")
}

#[test]
fn enrolments_tier_events_and_signals() {
    let (s, o) = (Samples::new(1), Samples::new(2));
    let (enrolment, that) = (s.enrolment(&s.customer(0), 0), o.enrolment(&o.customer(9), 9));
    let fallback = !enrolment.fallback_stub;
    let source = other_of(FaceSource::ALL, enrolment.face_source);
    let rows = each_field!(
        enrolment,
        EnrolmentRow {
            id: that.id,
            customer: that.customer,
            verification_id: that.verification_id,
            event_id: that.event_id,
            source: that.source,
            face_source: source,
            model: Some("other".to_owned()),
            fallback_stub: fallback,
            created_at: late(),
        }
    );
    all_differ(rows.into_iter().map(ViewRow::Enrolment).collect());

    let (tier, that) = (s.tier_event(&s.customer(0), 0), o.tier_event(&o.customer(9), 9));
    let tiers = [Tier::None, Tier::Basic, Tier::Standard, Tier::Premium];
    let (from, to) = (other_of(tiers, tier.from_tier), other_of(tiers, tier.to_tier));
    let rows = each_field!(
        tier,
        TierEventRow {
            id: that.id,
            customer: that.customer,
            source: that.source,
            from_tier: from,
            to_tier: to,
            reason: "other".to_owned(),
            created_at: late(),
        }
    );
    all_differ(rows.into_iter().map(ViewRow::TierEvent).collect());

    let (signal, that) = (s.signal(&s.customer(0), 0, 0), o.signal(&o.customer(9), 9, 9));
    let rows = each_field!(
        signal,
        SignalRow {
            verification_id: that.verification_id,
            customer: that.customer,
            source: that.source,
            kind: "other".to_owned(),
            created_at: late(),
        }
    );
    all_differ(rows.into_iter().map(ViewRow::Signal).collect());
}

#[test]
fn notes() {
    let (s, o) = (Samples::new(1), Samples::new(2));
    let (note, that) =
        (s.note(&s.customer(0), 0, Disposition::Parked), o.note(&o.customer(9), 9, Disposition::Applied));
    let source = that.source;
    let mut rows = each_field!(
        note.clone(),
        EventNote {
            customer: that.customer,
            source: that.source,
            event_id: that.event_id,
            verification_id: Some(o.verification(&o.customer(9), 9).id),
            disposition: Disposition::Applied,
            body_fingerprint: Some(PRINT),
            cause: Some("other".to_owned()),
        }
    );
    let entries = [BookEntry::Applied, BookEntry::Duplicate, BookEntry::Conflict];
    let released = entries.map(|entry| Disposition::Released(vec![(source, entry)]));
    let plain =
        [Disposition::Duplicate, Disposition::Conflict, Disposition::Refused, Disposition::DeadLettered];
    let empty = [Disposition::Released(Vec::new())];
    for disposition in released.into_iter().chain(plain).chain(empty) {
        rows.push(EventNote { disposition, ..note.clone() });
    }
    all_differ(rows.into_iter().map(ViewRow::Note).collect());
}

#[test]
fn states() {
    let (s, o) = (Samples::new(1), Samples::new(2));
    let (state, that) = (s.state(&s.customer(0), 0), o.state(&o.customer(9), 9));
    let registration = Registration {
        event_id: that.registration.clone().map_or_else(|| o.event_id(9), |of| of.event_id),
        source: s.verification(&s.customer(0), 0).source,
        full_name: None,
        external_id: None,
        body_fingerprint: Fingerprint([1; 32]),
        created_at: Timestamp::from_millis(1),
    };
    let registrations = each_field!(
        registration,
        Registration {
            event_id: o.event_id(77),
            source: o.verification(&o.customer(9), 9).source,
            full_name: Some(sealed()),
            external_id: Some(sealed()),
            body_fingerprint: PRINT,
            created_at: late(),
        }
    );
    let quarantine =
        Quarantine { since: s.verification(&s.customer(0), 0).source, cause: "one".to_owned(), waiting: 1 };
    let quarantines = each_field!(
        quarantine,
        Quarantine { since: o.verification(&o.customer(9), 9).source, cause: "other".to_owned(), waiting: 2 }
    );
    let bare = CustomerState { registration: None, quarantine: None, ..state };
    let (erased, verified) = (bare.erased, bare.verified);
    let mut rows = each_field!(
        bare.clone(),
        CustomerState {
            customer: that.customer,
            partition: Partition(999),
            as_of: AsOf { topic_id: TopicId([9; 16]), ..bare.as_of },
            registration: registrations.first().cloned(),
            erased: Purposes::from_bits(erased.bits() ^ Purposes::NONE.with(Purpose::Evidence).bits()),
            verified: Methods::from_bits(verified.bits() ^ 1),
            kyc: Kyc { tier: Tier::Premium, expires_at: Some(late()), ..bare.kyc },
            last_created_at: late(),
            quarantine: quarantines.first().cloned(),
        }
    );
    let more = registrations.into_iter().skip(1);
    rows.extend(more.map(|of| CustomerState { registration: Some(of), ..bare.clone() }));
    let more = quarantines.into_iter().skip(1);
    rows.extend(more.map(|of| CustomerState { quarantine: Some(of), ..bare.clone() }));
    let as_of = bare.as_of;
    for as_of in [AsOf { epoch: Epoch(99), ..as_of }, AsOf { offset: Offset(as_of.offset.0 + 1), ..as_of }] {
        rows.push(CustomerState { as_of, ..bare.clone() });
    }
    all_differ(rows.into_iter().map(|row| ViewRow::State(Box::new(row))).collect());
}

#[test]
fn counts_and_positions() {
    let (s, o) = (Samples::new(1), Samples::new(2));
    let as_of = AsOf { topic_id: TopicId([1; 16]), epoch: Epoch(1), offset: Offset(1) };
    let later = AsOf { offset: Offset(2), ..as_of };
    let key = TallyKey {
        org: s.org(0),
        span: Span::Hour,
        start: Timestamp::from_millis(0),
        method: Method::NikDukcapil,
        status: VerificationStatus::Verified,
        partition: Partition(0),
    };
    let keys = each_field!(
        key.clone(),
        TallyKey {
            org: o.org(9),
            span: Span::Day,
            start: late(),
            method: other_of(Method::ALL, Method::NikDukcapil),
            status: VerificationStatus::Failed,
            partition: Partition(1),
        }
    );
    let tally = TallyRow { key, count: 1, as_of };
    let mut rows = each_field!(tally.clone(), TallyRow { key: keys[1].clone(), count: 2, as_of: later });
    rows.extend(keys.into_iter().skip(2).map(|key| TallyRow { key, ..tally.clone() }));
    all_differ(rows.into_iter().map(ViewRow::Tally).collect());

    let books = each_field!(
        Books::default(),
        Books { read: 1, applied: 1, duplicate: 1, conflict: 1, refused: 1, dead_lettered: 1, parked: 1 }
    );
    let row = BooksRow { key: BooksKey { org: s.org(0), partition: Partition(0) }, books: books[0], as_of };
    let keys = each_field!(row.key.clone(), BooksKey { org: o.org(9), partition: Partition(1) });
    let mut rows = each_field!(row.clone(), BooksRow { key: keys[1].clone(), books: books[1], as_of: later });
    rows.push(BooksRow { key: keys[2].clone(), ..row.clone() });
    rows.extend(books.into_iter().skip(2).map(|books| BooksRow { books, ..row.clone() }));
    all_differ(rows.into_iter().map(ViewRow::Books).collect());

    let held = HeldOrg { org: s.org(0), from: Offset(1) };
    let helds = each_field!(held.clone(), HeldOrg { org: o.org(9), from: Offset(2) });
    let position = PositionRow { held: Vec::new(), ..s.position(1) };
    let mut rows = each_field!(
        position.clone(),
        PositionRow {
            topic_id: TopicId([9; 16]),
            partition: Partition(9),
            next: Offset(99),
            last_event_id: None,
            held: vec![held],
        }
    );
    rows.extend(helds.into_iter().skip(1).map(|of| PositionRow { held: vec![of], ..position.clone() }));
    all_differ(rows.into_iter().map(ViewRow::Position).collect());
    all_differ(vec![ViewRow::EraseEnrolments(s.customer(0)), ViewRow::EraseEnrolments(o.customer(0))]);
}
