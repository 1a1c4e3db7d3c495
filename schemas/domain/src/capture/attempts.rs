//! How often a customer may be challenged (sequence §1.7): whoever has one old recording asks for challenges until the
//! colours fit it. The API asks before it issues one, and the fold has the last word: what is beyond the cap is void.

use super::ChallengePurpose;
use crate::ids::ChallengeId;
use crate::limits::{
    CHALLENGE_LONG_WINDOW_MS, CHALLENGE_SHORT_WINDOW_MS, CHALLENGES_KEPT_MAX, CHALLENGES_LONG_MAX,
    CHALLENGES_SHORT_MAX,
};
use crate::time::Timestamp;

/// A challenge that was issued.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChallengeEntry {
    /// Which.
    pub id: ChallengeId,
    /// What for.
    pub purpose: ChallengePurpose,
    /// When, by the clock of the instance that issued it.
    pub issued_at: Timestamp,
    /// It was beyond the cap: no capture may answer it.
    pub is_void: bool,
}

/// What is known of a challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChallengeStanding {
    /// It may be answered.
    Open,
    /// It was beyond the cap.
    Void,
    /// Nothing: it is not projected yet, or long ago.
    Unknown,
}

/// A customer's challenges of the last day, in the order in which they were issued.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct RecentChallenges(Vec<ChallengeEntry>);

/// So many within that time, in milliseconds.
const CAPS: [(usize, i64); 2] =
    [(CHALLENGES_SHORT_MAX, CHALLENGE_SHORT_WINDOW_MS), (CHALLENGES_LONG_MAX, CHALLENGE_LONG_WINDOW_MS)];

impl RecentChallenges {
    /// Those that were kept.
    pub fn from_entries(entries: Vec<ChallengeEntry>) -> Self {
        Self(entries)
    }

    /// All of them.
    pub fn entries(&self) -> &[ChallengeEntry] {
        &self.0
    }

    /// These, and those of the others that are not among them.
    #[must_use]
    pub fn joined(&self, others: &Self) -> Self {
        let new = others.0.iter().filter(|entry| self.standing(&entry.id) == ChallengeStanding::Unknown);
        Self(self.0.iter().chain(new).cloned().collect())
    }

    /// Forgets those that are not to be kept.
    pub fn retain(&mut self, is_kept: impl Fn(&ChallengeId) -> bool) {
        self.0.retain(|entry| is_kept(&entry.id));
    }

    /// Until when no more of them are issued; none where one may be. What is void was no try and does not count.
    pub fn exhausted_until(&self, purpose: ChallengePurpose, now: Timestamp) -> Option<Timestamp> {
        let counted: Vec<i64> = self
            .0
            .iter()
            .filter(|entry| entry.purpose == purpose && !entry.is_void)
            .map(|entry| entry.issued_at.millis())
            .collect();
        CAPS.into_iter()
            .filter_map(|(most, window_ms)| {
                let mut within: Vec<i64> =
                    counted.iter().copied().filter(|at| at + window_ms > now.millis()).collect();
                within.sort_unstable();
                // The cap is met again once all but one less than it are out of the window.
                let ends = within.len().checked_sub(most)?;
                within.get(ends).map(|at| Timestamp::from_millis(at + window_ms))
            })
            .max()
    }

    /// Takes one in; one beyond the cap is void. False for one that is there already.
    pub fn issue(&mut self, id: &ChallengeId, purpose: ChallengePurpose, issued_at: Timestamp) -> bool {
        if self.0.iter().any(|entry| entry.id == *id) {
            return false;
        }
        let is_void = self.exhausted_until(purpose, issued_at).is_some();
        self.0.push(ChallengeEntry { id: id.clone(), purpose, issued_at, is_void });
        self.0.retain(|entry| entry.issued_at.millis() + CHALLENGE_LONG_WINDOW_MS > issued_at.millis());
        self.bound(purpose);
        true
    }

    /// The oldest void one goes first: those that count are never more than the day's cap, and none of them is forgotten.
    fn bound(&mut self, purpose: ChallengePurpose) {
        while self.0.iter().filter(|entry| entry.purpose == purpose).count() > CHALLENGES_KEPT_MAX {
            let oldest_void = self.0.iter().position(|entry| entry.purpose == purpose && entry.is_void);
            let oldest = || self.0.iter().position(|entry| entry.purpose == purpose);
            let Some(goes) = oldest_void.or_else(oldest) else { return };
            self.0.remove(goes);
        }
    }

    /// What is known of that challenge.
    pub fn standing(&self, id: &ChallengeId) -> ChallengeStanding {
        match self.0.iter().find(|entry| entry.id == *id) {
            Some(entry) if entry.is_void => ChallengeStanding::Void,
            Some(_) => ChallengeStanding::Open,
            None => ChallengeStanding::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::ChallengePurpose::{Face, Ktp};
    use super::*;

    const MINUTE: i64 = 60_000;
    const HOUR: i64 = 60 * MINUTE;

    fn id(n: usize) -> ChallengeId {
        ChallengeId::from_bytes((n as u128).to_be_bytes())
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_795_406_400_000 + ms)
    }

    fn issued(times: &[(ChallengePurpose, i64)]) -> RecentChallenges {
        let mut challenges = RecentChallenges::default();
        for (n, (purpose, ms)) in times.iter().enumerate() {
            assert!(challenges.issue(&id(n), *purpose, at(*ms)));
        }
        challenges
    }

    #[test]
    fn given_challenges_when_one_more_is_asked_for_then_it_is_issued_or_waits() {
        let five = |purpose| (0..5).map(|n| (purpose, n * MINUTE)).collect::<Vec<_>>();
        let day = || (0..20).map(|n| (Ktp, n * HOUR)).collect::<Vec<_>>();
        type Row = (&'static str, Vec<(ChallengePurpose, i64)>, i64, Option<i64>);
        let table: Vec<Row> = vec![
            ("none", vec![], 0, None),
            ("four", five(Ktp)[..4].to_vec(), 4 * MINUTE, None),
            ("five", five(Ktp), 4 * MINUTE, Some(10 * MINUTE)),
            ("five, just before the first is out", five(Ktp), 10 * MINUTE - 1, Some(10 * MINUTE)),
            ("five, the first is out", five(Ktp), 10 * MINUTE, None),
            ("five of the other purpose", five(Face), 4 * MINUTE, None),
            ("twenty in a day", day(), 20 * HOUR, Some(24 * HOUR)),
            ("twenty, the first is out", day(), 24 * HOUR, None),
            // Another instance's clock is ahead.
            ("five that are yet to come", vec![(Ktp, 900); 5], 0, Some(10 * MINUTE + 900)),
        ];
        for (name, times, now, then) in table {
            let until = issued(&times).exhausted_until(Ktp, at(now));
            assert_eq!(until, then.map(at), "{name}");
        }
    }

    #[test]
    fn what_is_beyond_the_cap_is_void_and_counts_for_nothing() {
        let challenges = issued(&[(Ktp, 0), (Ktp, 1), (Ktp, 2), (Ktp, 3), (Ktp, 4), (Ktp, 5), (Face, 6)]);
        let standing: Vec<_> = (0..8).map(|n| challenges.standing(&id(n))).collect();
        use ChallengeStanding::{Open, Unknown, Void};
        assert_eq!(standing, [Open, Open, Open, Open, Open, Void, Open, Unknown]);
        assert_eq!(challenges.exhausted_until(Ktp, at(9)), Some(at(10 * MINUTE)));
    }

    #[test]
    fn one_that_is_there_is_not_taken_in_again() {
        let mut challenges = issued(&[(Ktp, 0)]);
        let before = challenges.clone();
        assert!(!challenges.issue(&id(0), Ktp, at(HOUR)));
        assert_eq!(challenges, before);
    }

    proptest! {
        /// However often and at whatever times: no window has more than its cap of those that are not void, as long as
        /// times go on; and what is kept is bounded, with none of those forgotten within its day.
        #[test]
        fn no_history_gets_round_the_cap(steps in prop::collection::vec((any::<bool>(), 0..(2 * HOUR)), 1..120)) {
            let mut challenges = RecentChallenges::default();
            let mut counted: Vec<(ChallengePurpose, i64)> = Vec::new();
            let mut now = 0;
            for (n, (is_face, later)) in steps.into_iter().enumerate() {
                let purpose = if is_face { Face } else { Ktp };
                // Most come in a rush.
                now += if later % 5 == 0 { later } else { later / 1_000 };
                let refused = challenges.exhausted_until(purpose, at(now)).is_some();
                prop_assert!(challenges.issue(&id(n), purpose, at(now)));
                let is_void = challenges.standing(&id(n)) == ChallengeStanding::Void;
                prop_assert_eq!(is_void, refused);
                if !is_void {
                    counted.push((purpose, now));
                }
                for (most, window) in [(5, 10 * MINUTE), (20, 24 * HOUR)] {
                    let within = |(of, at): &&(ChallengePurpose, i64)| *of == purpose && at + window > now;
                    prop_assert!(counted.iter().filter(within).count() <= most);
                }
                for purpose in ChallengePurpose::ALL {
                    let kept = challenges.entries().iter().filter(|entry| entry.purpose == purpose);
                    let of_the_day = counted.iter().filter(|(of, at)| *of == purpose && at + 24 * HOUR > now);
                    let standing = kept.clone().filter(|entry| !entry.is_void).count();
                    prop_assert_eq!(standing, of_the_day.count());
                    prop_assert!(kept.count() <= CHALLENGES_KEPT_MAX);
                }
            }
        }
    }
}
