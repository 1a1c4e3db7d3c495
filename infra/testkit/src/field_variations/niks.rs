//! What NIKs leave behind, each once for every field with that field changed.

use domain::nik::{HeldNik, HeldNiks, NikFault, NikFindings, NikTag, RegionCode};
use domain::rows::{CustomerState, NikErasure, NikHolderRow, VerificationRow, ViewRow};

use super::Other;

impl Other<'_> {
    pub(super) fn findings(&self) -> Vec<NikFindings> {
        let of = self.0.nik_findings();
        let mut all = each_field!(
            of.clone(),
            NikFindings {
                verified: false,
                fault: Some(NikFault::NoSerial),
                province: RegionCode::Unknown,
                regency: RegionCode::Unknown,
                district: RegionCode::Known,
                birth_date_agrees: Some(false),
                sex_agrees: Some(false),
                regions_edition: "other".to_owned(),
            }
        );
        all.push(NikFindings { birth_date_agrees: None, sex_agrees: None, ..of.clone() });
        all.push(NikFindings { fault: Some(NikFault::NoBirthDate), ..of.clone() });
        all.push(NikFindings { fault: Some(NikFault::UnknownProvince), ..of });
        all
    }

    pub(super) fn niks(&self) -> Vec<HeldNiks> {
        let held = HeldNik { tag: self.0.nik_tag(0), verification: self.0.verification_id(0) };
        let helds = each_field!(
            held.clone(),
            HeldNik { tag: NikTag([9; 32]), verification: self.0.verification_id(9) }
        );
        let mut all: Vec<HeldNiks> =
            helds.into_iter().map(|of| HeldNiks::from_entries(vec![held.clone(), of])).collect();
        all.push(HeldNiks::from_entries(vec![held]));
        all
    }

    pub(super) fn nik_holders(&self) -> Vec<ViewRow> {
        let s = self.0;
        let row = NikHolderRow { customer: s.customer(0), tag: s.nik_tag(0) };
        let rows = each_field!(row, NikHolderRow { customer: self.customer(), tag: NikTag([9; 32]) });
        let erasure = NikErasure { customer: s.customer(2), tags: vec![s.nik_tag(0)] };
        let erasures = each_field!(
            erasure,
            NikErasure { customer: s.customer_of(1, 2), tags: vec![s.nik_tag(0), s.nik_tag(1)] }
        );
        rows.into_iter().map(ViewRow::NikHolder).chain(erasures.into_iter().map(ViewRow::EraseNiks)).collect()
    }

    /// The row with each of the findings but the first.
    pub(super) fn with_findings(&self, row: &VerificationRow) -> Vec<VerificationRow> {
        let found = self.findings().into_iter().skip(1);
        found.map(|of| VerificationRow { nik_format: Some(of), ..row.clone() }).collect()
    }

    /// The state with each of the NIKs but the first, each a customer of its own, so that a store keeps all of them.
    pub(super) fn states_with_niks(&self, state: &CustomerState) -> Vec<CustomerState> {
        let held = self.niks().into_iter().skip(1).zip(240..);
        held.map(|(niks, n)| CustomerState { customer: self.0.customer(n), niks, ..state.clone() }).collect()
    }
}
