//! Samples of voids.

use domain::policy::Tier;
use domain::rows::{Kyc, VerificationRow, VoidReason, VoidRow};

use super::{Samples, time};

impl Samples {
    /// The void of that verification, at an offset of its own, with everything that one may have.
    pub fn voided(&self, of: &VerificationRow, offset: u64) -> VoidRow {
        let earlier = Kyc {
            tier: Tier::Basic,
            last_verified_at: Some(time(1)),
            expires_at: Some(time(1).plus_months(12)),
        };
        VoidRow {
            verification_id: of.id.clone(),
            customer: of.customer.clone(),
            event_id: self.event_id(offset),
            source: self.source(of.source.partition.0, offset),
            reason: VoidReason::WrongCustomer,
            note: Some(self.sealed(offset)),
            by: "key_0000000000000000000000000A".to_owned(),
            body_fingerprint: Some(self.fingerprint(offset)),
            enrolment: of.enrolment.clone().or_else(|| Some(self.enrolment_id(offset))),
            tier_event: Some(self.tier_event_id(offset)),
            kyc_before: of.kyc_after,
            kyc_after: earlier,
            created_at: time(offset),
        }
    }
}
