//! A customer's challenges, with one field changed.

use domain::capture::{ChallengeEntry, ChallengePurpose, RecentChallenges};
use domain::ids::ChallengeId;

use super::{Other, late};

impl Other<'_> {
    /// None of them is empty, and no two are the same.
    pub(super) fn challenges(&self) -> Vec<RecentChallenges> {
        let entry = ChallengeEntry {
            id: ChallengeId::from_bytes([1; 16]),
            purpose: ChallengePurpose::Ktp,
            issued_at: domain::time::Timestamp::from_millis(1),
            is_void: false,
        };
        let entries = each_field!(
            entry.clone(),
            ChallengeEntry {
                id: ChallengeId::from_bytes([2; 16]),
                purpose: ChallengePurpose::Face,
                issued_at: late(),
                is_void: true,
            }
        );
        let two = vec![entry.clone(), ChallengeEntry { id: ChallengeId::from_bytes([3; 16]), ..entry }];
        let one = entries.into_iter().map(|entry| vec![entry]);
        one.chain([two]).map(RecentChallenges::from_entries).collect()
    }
}
