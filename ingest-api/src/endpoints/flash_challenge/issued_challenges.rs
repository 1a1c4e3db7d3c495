//! What this instance issued of late, whether the read model shows it yet or not. With it the cap holds exactly on one instance however
//! far the projector is behind; between instances the fold has the last word, and an instance that was started again
//! has forgotten at most what the lag hides.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::capture::{FlashChallenge, RecentChallenges};
use domain::ids::{ChallengeId, CustomerRef};
use domain::time::Timestamp;
use moka::sync::Cache;

use crate::limits::{ISSUED_CHALLENGES_CUSTOMERS_MAX, ISSUED_CHALLENGES_KEPT_FOR};

/// By customer; those whom nobody asked about longest go when there are too many.
#[derive(Debug, Clone)]
pub struct IssuedChallenges(Cache<CustomerRef, Arc<Mutex<RecentChallenges>>>);

impl Default for IssuedChallenges {
    fn default() -> Self {
        let cache = Cache::builder()
            .max_capacity(ISSUED_CHALLENGES_CUSTOMERS_MAX)
            .time_to_idle(ISSUED_CHALLENGES_KEPT_FOR);
        Self(cache.build())
    }
}

impl IssuedChallenges {
    /// Counts one that is about to be issued. `projected` is what the read model shows of the customer.
    ///
    /// # Errors
    /// Until when none is issued.
    pub fn reserve(
        &self,
        customer: &CustomerRef,
        projected: &RecentChallenges,
        challenge: &FlashChallenge,
    ) -> Result<(), Timestamp> {
        let own = self.0.get_with_by_ref(customer, Arc::default);
        let mut own = locked(&own);
        // Those that are shown stay too: another request may have read the read model before it showed them.
        let (purpose, now) = (challenge.purpose, challenge.issued_at);
        match projected.joined(&own).exhausted_until(purpose, now) {
            Some(until) => Err(until),
            None => {
                own.issue(&challenge.id(), purpose, now);
                Ok(())
            }
        }
    }

    /// It was not issued after all.
    pub fn withdraw(&self, customer: &CustomerRef, id: &ChallengeId) {
        if let Some(own) = self.0.get(customer) {
            locked(&own).retain(|there| there != id);
        }
    }
}

fn locked(own: &Mutex<RecentChallenges>) -> MutexGuard<'_, RecentChallenges> {
    own.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use domain::capture::ChallengePurpose;
    use domain::ids::{CustomerId, OrgId};

    use super::*;

    fn customer(n: u8) -> CustomerRef {
        CustomerRef::new(OrgId::from_bytes([1; 16]), CustomerId::from_bytes([n; 16]))
    }

    fn challenge(n: u8) -> FlashChallenge {
        FlashChallenge {
            id_bytes: [n; 16],
            issued_at: Timestamp::from_millis(1_000 + i64::from(n)),
            ttl_s: 90,
            steps: 5,
            purpose: ChallengePurpose::Ktp,
        }
    }

    #[test]
    fn five_are_issued_whatever_the_read_model_shows_of_them() {
        let until = Timestamp::from_millis(1_001 + 600_000);
        for shown in 0..=5 {
            let (issued, mut projected) = (IssuedChallenges::default(), RecentChallenges::default());
            for n in 1..=5 {
                assert_eq!(issued.reserve(&customer(1), &projected, &challenge(n)), Ok(()), "{n}");
                if n <= shown {
                    projected.issue(&challenge(n).id(), ChallengePurpose::Ktp, challenge(n).issued_at);
                }
            }
            assert_eq!(issued.reserve(&customer(1), &projected, &challenge(6)), Err(until), "{shown}");
            assert_eq!(issued.reserve(&customer(2), &projected, &challenge(7)).is_ok(), shown < 5);
        }
    }

    #[test]
    fn whoever_read_the_read_model_earlier_than_another_gets_no_sixth() {
        let (issued, mut projected) = (IssuedChallenges::default(), RecentChallenges::default());
        let earlier = projected.clone();
        for n in 1..=5 {
            assert_eq!(issued.reserve(&customer(1), &earlier, &challenge(n)), Ok(()), "{n}");
            projected.issue(&challenge(n).id(), ChallengePurpose::Ktp, challenge(n).issued_at);
        }
        let until = Err(Timestamp::from_millis(1_001 + 600_000));
        assert_eq!(issued.reserve(&customer(1), &projected, &challenge(6)), until);
        assert_eq!(issued.reserve(&customer(1), &earlier, &challenge(7)), until);
    }

    #[test]
    fn what_was_not_issued_after_all_does_not_count() {
        let (issued, projected) = (IssuedChallenges::default(), RecentChallenges::default());
        for n in 1..=20 {
            assert_eq!(issued.reserve(&customer(1), &projected, &challenge(n)), Ok(()));
            issued.withdraw(&customer(1), &challenge(n).id());
        }
    }
}
