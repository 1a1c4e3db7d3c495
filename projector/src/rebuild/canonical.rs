//! Rows as bytes, for digests: every field of every kind, each with its length, so that two rows have the same
//! bytes exactly when they are the same. Compared within one build only; nothing keeps these bytes.

use domain::event::Source;
use domain::ids::CustomerRef;
use domain::ports::Stamped;
use domain::rows::{
    AsOf, BookEntry, BooksRow, CustomerState, Disposition, EnrolmentRow, EventNote, Kyc, Quarantine,
    Registration, SignalRow, TallyRow, TierEventRow, VerificationRow, ViewRow,
};
use domain::sealed::Sealed;
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// A sum of SHA-256 digests, modulo 2^256: the same whatever order they were added in. One that differs shows
/// that rows differ; it is no defence against somebody who chooses them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RowDigest([u8; 32]);

impl RowDigest {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        let mut carry = 0;
        for (byte, more) in self.0.iter_mut().zip(other.0).rev() {
            let sum = u16::from(*byte) + u16::from(more) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
    }

    /// The digest of one row.
    pub(super) fn of(row: &Stamped) -> Self {
        let mut out = Canonical(Vec::with_capacity(512));
        out.number(row.0.value().cast_unsigned());
        out.row(&row.1);
        Self(Sha256::digest(&out.0).into())
    }

    /// The digest of rows.
    pub(super) fn of_all(rows: &[Stamped]) -> Self {
        let mut sum = Self::default();
        rows.iter().for_each(|row| sum.add(Self::of(row)));
        sum
    }
}

impl std::fmt::Display for RowDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

struct Canonical(Vec<u8>);

impl Canonical {
    fn number(&mut self, value: u64) {
        self.0.extend_from_slice(&value.to_be_bytes());
    }

    fn bytes(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, text: &str) {
        self.bytes(text.as_bytes());
    }

    fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.0.push(u8::from(value.is_some()));
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn time(&mut self, time: Timestamp) {
        self.number(time.millis().cast_unsigned());
    }

    fn customer(&mut self, customer: &CustomerRef) {
        self.text(customer.org.as_str());
        self.text(customer.customer.as_str());
    }

    fn source(&mut self, source: &Source) {
        self.bytes(&source.topic_id.0);
        self.number(source.partition.0.into());
        self.number(source.offset.0);
    }

    fn as_of(&mut self, as_of: &AsOf) {
        self.bytes(&as_of.topic_id.0);
        self.number(as_of.epoch.0.into());
        self.number(as_of.offset.0);
    }

    fn sealed(&mut self, sealed: Option<&Sealed>) {
        self.maybe(sealed, |out, sealed| out.bytes(sealed.as_bytes()));
    }

    fn kyc(&mut self, kyc: &Kyc) {
        let Kyc { tier, last_verified_at, expires_at } = kyc;
        self.text(tier.as_str());
        self.maybe(*last_verified_at, Self::time);
        self.maybe(*expires_at, Self::time);
    }

    fn row(&mut self, row: &ViewRow) {
        // The kind first: no two kinds have the same bytes.
        match row {
            ViewRow::Verification(row) => self.verification(row),
            ViewRow::Enrolment(row) => self.enrolment(row),
            ViewRow::TierEvent(row) => self.tier_event(row),
            ViewRow::Signal(row) => self.signal(row),
            ViewRow::Note(row) => self.note(row),
            ViewRow::EraseEnrolments(customer) => {
                self.text("erase_enrolments");
                self.customer(customer);
            }
            ViewRow::State(row) => self.state(row),
            ViewRow::Tally(row) => self.tally(row),
            ViewRow::Books(row) => self.books(row),
            ViewRow::Position(row) => {
                self.text("position");
                self.bytes(&row.topic_id.0);
                self.number(row.partition.0.into());
                self.number(row.next.0);
                self.maybe(row.last_event_id.as_ref(), |out, id| out.text(id.as_str()));
            }
        }
    }

    fn verification(&mut self, row: &VerificationRow) {
        let VerificationRow { id, customer, event_id, source, method, status, score, reason, .. } = row;
        let VerificationRow { reason_category, body_fingerprint, enrolment, embedding_model, .. } = row;
        let VerificationRow { tier_event, kyc_before, kyc_after, created_at, .. } = row;
        self.text("verification");
        self.text(id.as_str());
        self.customer(customer);
        self.text(event_id.as_str());
        self.source(source);
        self.text(method.as_str());
        self.text(status.as_str());
        self.maybe(*score, |out, score| out.number(score.into()));
        self.sealed(reason.as_ref());
        self.maybe(*reason_category, |out, category| out.text(category.as_str()));
        self.bytes(&body_fingerprint.0);
        self.maybe(enrolment.as_ref(), |out, id| out.text(id.as_str()));
        self.maybe(embedding_model.as_deref(), Self::text);
        self.maybe(tier_event.as_ref(), |out, id| out.text(id.as_str()));
        self.kyc(kyc_before);
        self.kyc(kyc_after);
        self.time(*created_at);
    }

    fn enrolment(&mut self, row: &EnrolmentRow) {
        let EnrolmentRow { id, customer, verification_id, event_id, source, .. } = row;
        let EnrolmentRow { face_source, model, fallback_stub, created_at, .. } = row;
        self.text("enrolment");
        self.text(id.as_str());
        self.customer(customer);
        self.text(verification_id.as_str());
        self.text(event_id.as_str());
        self.source(source);
        self.text(face_source.as_str());
        self.maybe(model.as_deref(), Self::text);
        self.number((*fallback_stub).into());
        self.time(*created_at);
    }

    fn tier_event(&mut self, row: &TierEventRow) {
        let TierEventRow { id, customer, source, from_tier, to_tier, reason, created_at } = row;
        self.text("tier_event");
        self.text(id.as_str());
        self.customer(customer);
        self.source(source);
        self.text(from_tier.as_str());
        self.text(to_tier.as_str());
        self.text(reason);
        self.time(*created_at);
    }

    fn signal(&mut self, row: &SignalRow) {
        let SignalRow { verification_id, customer, source, kind, created_at } = row;
        self.text("signal");
        self.text(verification_id.as_str());
        self.customer(customer);
        self.source(source);
        self.text(kind);
        self.time(*created_at);
    }

    fn note(&mut self, row: &EventNote) {
        let EventNote { customer, source, event_id, verification_id, disposition, .. } = row;
        let EventNote { body_fingerprint, cause, .. } = row;
        self.text("note");
        self.customer(customer);
        self.source(source);
        self.maybe(event_id.as_ref(), |out, id| out.text(id.as_str()));
        self.maybe(verification_id.as_ref(), |out, id| out.text(id.as_str()));
        self.disposition(disposition);
        self.maybe(*body_fingerprint, |out, fingerprint| out.bytes(&fingerprint.0));
        self.maybe(cause.as_deref(), Self::text);
    }

    fn disposition(&mut self, disposition: &Disposition) {
        self.text(match disposition {
            Disposition::Applied => "applied",
            Disposition::Duplicate => "duplicate",
            Disposition::Conflict => "conflict",
            Disposition::Refused => "refused",
            Disposition::DeadLettered => "dead_lettered",
            Disposition::Parked => "parked",
            Disposition::Released(_) => "released",
        });
        let Disposition::Released(results) = disposition else { return };
        self.number(results.len() as u64);
        for (source, entry) in results {
            self.source(source);
            self.number(match entry {
                BookEntry::Applied => 1,
                BookEntry::Duplicate => 2,
                BookEntry::Conflict => 3,
                BookEntry::Refused => 4,
                BookEntry::DeadLettered => 5,
                BookEntry::Parked => 6,
            });
        }
    }

    fn state(&mut self, row: &CustomerState) {
        let CustomerState { customer, partition, as_of, registration, erased, verified, .. } = row;
        let CustomerState { kyc, last_created_at, quarantine, .. } = row;
        self.text("state");
        self.customer(customer);
        self.number(partition.0.into());
        self.as_of(as_of);
        self.maybe(registration.as_ref(), Self::registration);
        self.number(erased.bits().into());
        self.number(verified.bits().into());
        self.kyc(kyc);
        self.time(*last_created_at);
        self.maybe(quarantine.as_ref(), |out, quarantine| {
            let Quarantine { since, cause, waiting } = quarantine;
            out.source(since);
            out.text(cause);
            out.number(*waiting);
        });
    }

    fn registration(&mut self, registration: &Registration) {
        let Registration { event_id, source, full_name, external_id, body_fingerprint, created_at } =
            registration;
        self.text(event_id.as_str());
        self.source(source);
        self.sealed(full_name.as_ref());
        self.sealed(external_id.as_ref());
        self.bytes(&body_fingerprint.0);
        self.time(*created_at);
    }

    fn tally(&mut self, row: &TallyRow) {
        let TallyRow { key, count, as_of } = row;
        self.text("tally");
        self.text(key.org.as_str());
        self.text(&format!("{:?}", key.span));
        self.time(key.start);
        self.text(key.method.as_str());
        self.text(key.status.as_str());
        self.number(key.partition.0.into());
        self.number(*count);
        self.as_of(as_of);
    }

    fn books(&mut self, row: &BooksRow) {
        let domain::rows::Books { read, applied, duplicate, conflict, refused, dead_lettered, parked } =
            row.books;
        self.text("books");
        self.text(row.key.org.as_str());
        self.number(row.key.partition.0.into());
        for number in [read, applied, duplicate, conflict, refused, dead_lettered, parked] {
            self.number(number);
        }
        self.as_of(&row.as_of);
    }
}

#[cfg(test)]
mod tests {
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
}
