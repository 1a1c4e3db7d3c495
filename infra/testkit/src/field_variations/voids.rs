//! What voids leave behind, each once for every field with that field changed.

use domain::policy::Tier;
use domain::rows::{Kyc, VoidEntry, VoidReason, VoidRow, VoidedRows};

use super::{FINGERPRINT, Other, late, sealed};

impl Other<'_> {
    pub(super) fn voids(&self) -> Vec<VoidRow> {
        let s = self.0;
        let row = s.voided(&s.verification(&s.customer(0), 0), 1);
        let mut rows = each_field!(
            row.clone(),
            VoidRow {
                verification_id: s.verification_id(9),
                customer: self.customer(),
                event_id: s.event_id(9),
                source: self.source(),
                reason: VoidReason::Fraud,
                note: None,
                by: "rina".to_owned(),
                body_fingerprint: Some(FINGERPRINT),
                enrolment: None,
                tier_event: None,
                kyc_before: Kyc { tier: Tier::Premium, ..row.kyc_before },
                kyc_after: Kyc { tier: Tier::Premium, ..row.kyc_after },
                created_at: late(),
            }
        );
        rows.push(VoidRow { body_fingerprint: None, ..row.clone() });
        rows.push(VoidRow { note: Some(sealed()), ..row.clone() });
        rows.push(VoidRow { reason: VoidReason::CallerError, ..row });
        rows
    }

    /// Beside none at all.
    pub(super) fn voided_rows(&self) -> Vec<VoidedRows> {
        let s = self.0;
        let entry = VoidEntry { verification: s.verification_id(9), enrolment: None };
        let with_enrolment = VoidEntry { enrolment: Some(s.enrolment_id(9)), ..entry.clone() };
        let other = VoidEntry { verification: s.verification_id(10), ..entry.clone() };
        [vec![entry.clone()], vec![with_enrolment], vec![other.clone()], vec![entry, other]]
            .map(VoidedRows::from_entries)
            .into()
    }
}
