//! Samples of review copies' keys.

use domain::ports::{DataKey, ReviewKeyRow};
use domain::sealed::Purpose;
use domain::time::Timestamp;

use super::Samples;

/// In the year 2100: no case but one has keys whose time is over.
const FAR_AHEAD_MS: i64 = 4_102_444_800_000;

impl Samples {
    /// Review key number `n`: of that customer of the first org, and of verification number `verification`.
    pub fn review_key(&self, customer: u64, verification: u64, n: u64) -> ReviewKeyRow {
        ReviewKeyRow {
            customer: self.customer(customer),
            verification: self.verification_id(verification),
            key: DataKey::Active {
                key_id: format!("rk_{n}"),
                kms_version: 1 + n as u32,
                wrapped: self.wrapped(Purpose::Profile, 10_000 + n, 60 + n as usize),
            },
            expires_at: Timestamp::from_millis(FAR_AHEAD_MS + n as i64),
        }
    }
}
