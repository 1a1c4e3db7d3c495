//! Admission by bytes in flight: a global budget, and a fair share of it per org. A body is charged as its bytes
//! arrive. Never waits: what does not fit is refused at once.
//!
//! What an org may hold shrinks as more orgs are active; bodies that still arrive for an org above its share are
//! refused once no part of the budget is free for who comes next. Whatever others hold, an org with nothing in
//! flight gets its first body. So the most that is in flight is the budget, and one largest body for each active
//! org beyond it: bounded by how many orgs have keys.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::OrgId;

use crate::limits::{BODY_BYTES_MAX, BODY_STEP_BYTES};

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    per_org: HashMap<OrgId, Held>,
}

/// What one org holds.
#[derive(Debug, Default)]
struct Held {
    bytes: usize,
    /// Permits; at 0 the org is not active.
    permits: usize,
}

/// The budget.
#[derive(Debug)]
pub struct Admission {
    budget: usize,
    org_share: usize,
    in_flight: Mutex<InFlight>,
}

impl Admission {
    /// A budget, and the most of it that one org may use, in bytes; at least one largest body fits into either.
    pub fn new(budget: usize, org_share: usize) -> Arc<Self> {
        let budget = budget.max(BODY_BYTES_MAX);
        let org_share = org_share.clamp(BODY_BYTES_MAX, budget);
        Arc::new(Self { budget, org_share, in_flight: Mutex::default() })
    }

    /// A permit for a body, with its first step; none when that does not fit. An announced length above what the
    /// share could ever hold is refused here. What was taken is given back when the permit is dropped.
    pub fn take(self: &Arc<Self>, org: &OrgId, announced: Option<usize>) -> Option<Permit> {
        if announced.is_some_and(|bytes| bytes > self.org_share) {
            return None;
        }
        let mut in_flight = self.lock();
        let held = in_flight.per_org.entry(org.clone()).or_default();
        held.permits += 1;
        let is_first = held.permits == 1;
        drop(in_flight);
        let admission = Arc::clone(self);
        let mut permit = Permit { admission, org: org.clone(), announced, bytes: 0, is_first };
        permit.grow(0).then_some(permit)
    }

    /// Bytes in flight now.
    pub fn bytes_in_flight(&self) -> usize {
        self.lock().total
    }

    /// What an org may hold while so many are active: with others, an equal part of the budget, with one part left
    /// for who comes next.
    fn share(&self, active: usize) -> usize {
        if active <= 1 { self.org_share } else { self.org_share.min(self.budget / (active + 1)) }
    }

    /// Takes this many more bytes for an org, if it may have them; with none, whether it may keep what it has.
    fn charge(&self, org: &OrgId, more: usize, is_first: bool) -> bool {
        let mut in_flight = self.lock();
        let share = self.share(in_flight.per_org.len());
        let total = in_flight.total;
        let Some(held) = in_flight.per_org.get_mut(org) else { return false };
        let may = if more > 0 {
            total + more <= self.budget && held.bytes + more <= share
        } else {
            held.bytes <= share || total + share <= self.budget
        };
        if is_first || may {
            held.bytes += more;
            in_flight.total += more;
            gauge(in_flight.total);
        }
        is_first || may
    }

    fn give_back(&self, org: &OrgId, bytes: usize, ends: bool) {
        let mut in_flight = self.lock();
        in_flight.total = in_flight.total.saturating_sub(bytes);
        gauge(in_flight.total);
        let Some(held) = in_flight.per_org.get_mut(org) else { return };
        held.bytes = held.bytes.saturating_sub(bytes);
        if ends {
            held.permits = held.permits.saturating_sub(1);
            if held.permits == 0 {
                in_flight.per_org.remove(org);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, InFlight> {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn gauge(total: usize) {
    metrics::gauge!("identity_http_in_flight_bytes").set(total as f64);
}

/// Bytes of the budget, until dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    org: OrgId,
    announced: Option<usize>,
    bytes: usize,
    /// It began while its org had nothing in flight: it always grows.
    is_first: bool,
}

impl Permit {
    /// Makes room for so many bytes of the body in all, in steps; a length that was announced is never exceeded.
    /// Whether it fits; asked with each piece of a body, so that one whose org is above its share by now ends.
    #[must_use]
    pub fn grow(&mut self, bytes: usize) -> bool {
        let most = self.announced.unwrap_or(usize::MAX);
        // A body that is there to the byte needs no further step.
        let wanted = bytes.max(1).next_multiple_of(BODY_STEP_BYTES).min(most);
        let more = wanted.saturating_sub(self.bytes);
        let fits = self.admission.charge(&self.org, more, self.is_first);
        if fits {
            self.bytes += more;
        }
        fits
    }

    /// The body has ended with so many bytes: the rest of the last step is given back.
    pub fn settle(&mut self, bytes: usize) {
        if let Some(rest) = self.bytes.checked_sub(bytes).filter(|&rest| rest > 0) {
            self.admission.give_back(&self.org, rest, false);
            self.bytes = bytes;
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.admission.give_back(&self.org, self.bytes, true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn org(n: u8) -> OrgId {
        OrgId::from_bytes([n; 16])
    }

    /// A body of so many bytes that has come, if it is admitted.
    fn body(admission: &Arc<Admission>, of: u8, bytes: usize) -> Option<Permit> {
        let mut permit = admission.take(&org(of), None)?;
        permit.grow(bytes).then_some(permit)
    }

    /// Bodies of the largest size until one is refused, with what the last one could still take.
    fn fill(admission: &Arc<Admission>, of: u8) -> Vec<Permit> {
        let mut held = Vec::new();
        while let Some(mut permit) = admission.take(&org(of), None) {
            let grown =
                (1..=BODY_BYTES_MAX / BODY_STEP_BYTES).all(|step| permit.grow(step * BODY_STEP_BYTES));
            held.push(permit);
            if !grown {
                break;
            }
        }
        held
    }

    #[test]
    fn a_body_is_charged_as_it_comes_and_costs_what_it_is() {
        let admission = Admission::new(16 * MIB, 8 * MIB);
        let mut chunked = admission.take(&org(1), None).expect("fits");
        assert_eq!(admission.bytes_in_flight(), BODY_STEP_BYTES);
        assert!(chunked.grow(BODY_STEP_BYTES) && chunked.grow(BODY_STEP_BYTES + 1));
        assert_eq!(admission.bytes_in_flight(), 2 * BODY_STEP_BYTES);
        chunked.settle(700);
        assert_eq!(admission.bytes_in_flight(), 700);
        let announced = admission.take(&org(1), Some(1_500)).expect("fits");
        assert_eq!(admission.bytes_in_flight(), 2_200);
        let largest = admission.take(&org(1), Some(BODY_BYTES_MAX)).expect("fits");
        assert_eq!(admission.bytes_in_flight(), 2_200 + BODY_STEP_BYTES);
        drop((chunked, announced, largest));
        assert_eq!(admission.bytes_in_flight(), 0);
        assert!(admission.lock().per_org.is_empty());
        assert!(admission.take(&org(1), Some(0)).is_some());
    }

    #[test]
    fn what_no_share_could_ever_hold_is_refused_at_once() {
        let admission = Admission::new(16 * MIB, 8 * MIB);
        assert!(admission.take(&org(1), Some(8 * MIB)).is_some());
        assert!(admission.take(&org(1), Some(8 * MIB + 1)).is_none());
        assert!(admission.lock().per_org.is_empty());
        assert!(
            body(&Admission::new(1, 1), 1, BODY_BYTES_MAX).is_some(),
            "the largest body fits into any budget"
        );
    }

    #[test]
    fn one_org_alone_has_its_share_and_a_refused_body_gives_its_bytes_back() {
        let admission = Admission::new(64 * MIB, 32 * MIB);
        let held = fill(&admission, 1);
        assert_eq!(admission.bytes_in_flight(), 32 * MIB);
        assert!(body(&admission, 1, 1).is_none());
        assert_eq!(admission.bytes_in_flight(), 32 * MIB);
        drop(held);
        assert!(body(&admission, 1, 4 * MIB).is_some());
    }

    #[test]
    fn shares_shrink_as_more_orgs_are_active_and_what_is_above_them_goes_when_room_is_needed() {
        let admission = Admission::new(60 * MIB, 30 * MIB);
        let mut first = fill(&admission, 1);
        let second = fill(&admission, 2);
        assert_eq!(admission.bytes_in_flight(), 50 * MIB, "half, and a third");
        assert!(body(&admission, 1, 1).is_none(), "above its share now");
        // The next bytes of its bodies end them, until a part is free for who comes next; the first stays.
        assert!(first[0].grow(1));
        first.retain_mut(|permit| permit.grow(1));
        assert!(first.iter().any(|permit| permit.is_first));
        assert!(admission.bytes_in_flight() <= 40 * MIB, "{}", admission.bytes_in_flight());
        let third = fill(&admission, 3);
        assert_eq!(admission.bytes_in_flight(), 53 * MIB, "a fourth for the third");
        drop((first, second, third));
        assert_eq!(admission.bytes_in_flight(), 0);
    }

    #[test]
    fn an_org_with_nothing_in_flight_gets_its_first_body_whatever_others_hold() {
        let admission = Admission::new(16 * MIB, 16 * MIB);
        let hostile: Vec<_> = (1..=8).map(|of| fill(&admission, of)).collect();
        assert!(admission.bytes_in_flight() >= 16 * MIB);
        let mut first = admission.take(&org(9), None).expect("the first");
        assert!(body(&admission, 9, 1).is_none(), "only the first");
        assert!(first.grow(BODY_BYTES_MAX), "and all of it");
        drop(first);
        assert!(body(&admission, 9, BODY_BYTES_MAX).is_some());
        drop(hostile);
        assert_eq!(admission.bytes_in_flight(), 0);
    }
}
