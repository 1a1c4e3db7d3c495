//! Admission of bodies by the bytes in flight: a global budget, and a fair share of it for each org. A body is charged
//! as its bytes arrive. Nothing waits here: a body that does not fit is refused at once.
//!
//! The share of an org shrinks as more orgs become active. A body of an org above its share is refused, even half
//! received, once the budget has no free share left for the next org. An org that has nothing in flight is always
//! admitted with one body, whatever the others use. So at most the budget is in flight, and beyond it one largest body
//! for each active org; the number of orgs that have keys bounds that.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::OrgId;

use crate::limits::{BODY_BYTES_MAX, BODY_STEP_BYTES};

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    per_org: HashMap<OrgId, OrgUsage>,
}

/// What one org has in flight.
#[derive(Debug, Default)]
struct OrgUsage {
    bytes: usize,
    /// Its permits; at 0 the org is not active.
    permits: usize,
}

/// The budget of bytes in flight, and who uses how much of it.
#[derive(Debug)]
pub struct BodyAdmission {
    budget: usize,
    org_share: usize,
    in_flight: Mutex<InFlight>,
}

impl BodyAdmission {
    /// A budget, and the most of it that one org may use, in bytes; at least one largest body fits into either.
    pub fn new(budget: usize, org_share: usize) -> Arc<Self> {
        let budget = budget.max(BODY_BYTES_MAX);
        let org_share = org_share.clamp(BODY_BYTES_MAX, budget);
        Arc::new(Self { budget, org_share, in_flight: Mutex::default() })
    }

    /// A permit for a body, charged with its first step; none when that does not fit. An announced length above the
    /// largest share is refused here. Dropping the permit gives its bytes back.
    pub fn take(self: &Arc<Self>, org: &OrgId, announced: Option<usize>) -> Option<AdmissionPermit> {
        if announced.is_some_and(|bytes| bytes > self.org_share) {
            return None;
        }
        let mut in_flight = self.lock();
        let held = in_flight.per_org.entry(org.clone()).or_default();
        held.permits += 1;
        let is_first = held.permits == 1;
        drop(in_flight);
        let admission = Arc::clone(self);
        let mut permit = AdmissionPermit { admission, org: org.clone(), announced, bytes: 0, is_first };
        permit.grow(0).then_some(permit)
    }

    /// Bytes in flight now.
    pub fn bytes_in_flight(&self) -> usize {
        self.lock().total
    }

    /// The share of each org while so many are active: alone the largest; with others an equal part of the budget,
    /// with one part left free for the next org.
    fn share(&self, active: usize) -> usize {
        if active <= 1 { self.org_share } else { self.org_share.min(self.budget / (active + 1)) }
    }

    /// Charges an org with this many more bytes if it may have them; with 0, says whether it may keep what it has.
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

/// Bytes of the budget that one body is charged with, until it is dropped.
#[derive(Debug)]
pub struct AdmissionPermit {
    admission: Arc<BodyAdmission>,
    org: OrgId,
    announced: Option<usize>,
    bytes: usize,
    /// Its org had nothing else in flight when it began, so it may always grow.
    is_first: bool,
}

impl AdmissionPermit {
    /// Charges for so many bytes of the body in all, in steps; never more than the announced length. Returns whether
    /// they fit. It is called with each piece of a body, so that a body whose org is above its share by now is refused.
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

impl Drop for AdmissionPermit {
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
    fn body(admission: &Arc<BodyAdmission>, of: u8, bytes: usize) -> Option<AdmissionPermit> {
        let mut permit = admission.take(&org(of), None)?;
        permit.grow(bytes).then_some(permit)
    }

    /// Bodies of the largest size until one is refused, with what the last one could still take.
    fn fill(admission: &Arc<BodyAdmission>, of: u8) -> Vec<AdmissionPermit> {
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
        let admission = BodyAdmission::new(16 * MIB, 8 * MIB);
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
        let admission = BodyAdmission::new(16 * MIB, 8 * MIB);
        assert!(admission.take(&org(1), Some(8 * MIB)).is_some());
        assert!(admission.take(&org(1), Some(8 * MIB + 1)).is_none());
        assert!(admission.lock().per_org.is_empty());
        assert!(
            body(&BodyAdmission::new(1, 1), 1, BODY_BYTES_MAX).is_some(),
            "the largest body fits into any budget"
        );
    }

    #[test]
    fn one_org_alone_has_its_share_and_a_refused_body_gives_its_bytes_back() {
        let admission = BodyAdmission::new(64 * MIB, 32 * MIB);
        let held = fill(&admission, 1);
        assert_eq!(admission.bytes_in_flight(), 32 * MIB);
        assert!(body(&admission, 1, 1).is_none());
        assert_eq!(admission.bytes_in_flight(), 32 * MIB);
        drop(held);
        assert!(body(&admission, 1, 4 * MIB).is_some());
    }

    #[test]
    fn shares_shrink_as_more_orgs_are_active_and_what_is_above_them_goes_when_room_is_needed() {
        let admission = BodyAdmission::new(60 * MIB, 30 * MIB);
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
        let admission = BodyAdmission::new(16 * MIB, 16 * MIB);
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
