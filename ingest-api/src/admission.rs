//! Admission by bytes in flight: a global budget, and a fair share of it per org, taken before a body is
//! read. Never waits: who does not fit hears 503 at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::ids::OrgId;

use crate::limits::BODY_BYTES_MAX;

#[derive(Debug, Default)]
struct InFlight {
    total: usize,
    per_org: HashMap<OrgId, usize>,
}

/// The budget.
#[derive(Debug)]
pub struct Admission {
    budget: usize,
    org_share: usize,
    in_flight: Mutex<InFlight>,
}

impl Admission {
    /// A budget and an org's share of it, in bytes; at least one largest body fits into either.
    pub fn new(budget: usize, org_share: usize) -> Arc<Self> {
        let budget = budget.max(BODY_BYTES_MAX);
        let org_share = org_share.clamp(BODY_BYTES_MAX, budget);
        Arc::new(Self { budget, org_share, in_flight: Mutex::default() })
    }

    /// Takes bytes of the budget; none when they do not fit. Given back when the permit is dropped.
    pub fn take(self: &Arc<Self>, org: &OrgId, bytes: usize) -> Option<Permit> {
        let mut in_flight = self.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        let own = in_flight.per_org.get(org).copied().unwrap_or_default();
        if own + bytes > self.org_share || in_flight.total + bytes > self.budget {
            return None;
        }
        if bytes > 0 {
            in_flight.total += bytes;
            *in_flight.per_org.entry(org.clone()).or_default() += bytes;
            metrics::gauge!("identity_http_in_flight_bytes").set(in_flight.total as f64);
        }
        Some(Permit { admission: Arc::clone(self), org: org.clone(), bytes })
    }

    /// Bytes in flight now.
    pub fn bytes_in_flight(&self) -> usize {
        self.in_flight.lock().unwrap_or_else(PoisonError::into_inner).total
    }
}

/// Bytes of the budget, until dropped.
#[derive(Debug)]
pub struct Permit {
    admission: Arc<Admission>,
    org: OrgId,
    bytes: usize,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut in_flight = self.admission.in_flight.lock().unwrap_or_else(PoisonError::into_inner);
        in_flight.total = in_flight.total.saturating_sub(self.bytes);
        metrics::gauge!("identity_http_in_flight_bytes").set(in_flight.total as f64);
        if let Some(own) = in_flight.per_org.get_mut(&self.org) {
            *own = own.saturating_sub(self.bytes);
            if *own == 0 {
                in_flight.per_org.remove(&self.org);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: usize = 1024 * 1024;

    fn org(n: u8) -> OrgId {
        OrgId::from_bytes([n; 16])
    }

    #[test]
    fn what_does_not_fit_is_refused_at_once_and_fits_again_when_given_back() {
        let admission = Admission::new(16 * MIB, 8 * MIB);
        let held: Vec<_> = (0..2).map(|_| admission.take(&org(1), 4 * MIB).expect("fits")).collect();
        assert!(admission.take(&org(1), 1).is_none(), "half is one org's at most");
        assert_eq!(admission.bytes_in_flight(), 8 * MIB);
        let _newcomer = admission.take(&org(2), 8 * MIB).expect("the other half is another's");
        assert!(admission.take(&org(3), 1).is_none(), "the budget is used up");
        drop(held);
        assert_eq!(admission.bytes_in_flight(), 8 * MIB);
        assert!(admission.take(&org(1), 4 * MIB).is_some());
    }

    #[test]
    fn the_largest_body_fits_into_any_budget() {
        assert!(Admission::new(1, 1).take(&org(1), BODY_BYTES_MAX).is_some());
    }
}
