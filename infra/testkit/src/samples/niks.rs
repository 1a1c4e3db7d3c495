//! Samples of what NIKs leave behind. No NIK is among them: rows have tags.

use domain::ids::CustomerRef;
use domain::nik::{NikFindings, NikTag, RegionCode};
use domain::policy::Method;
use domain::rows::{NikErasure, NikHolderRow, VerificationRow, ViewRow};

use super::Samples;

impl Samples {
    /// The tag of NIK number `n`.
    pub fn nik_tag(&self, n: u64) -> NikTag {
        NikTag(self.bytes32("nik", n))
    }

    /// What the form of a NIK told, with everything that there may be.
    pub fn nik_findings(&self) -> NikFindings {
        NikFindings {
            verified: true,
            fault: None,
            province: RegionCode::Known,
            regency: RegionCode::Known,
            district: RegionCode::Unknown,
            birth_date_agrees: Some(true),
            sex_agrees: Some(true),
            regions_edition: "an edition".to_owned(),
        }
    }

    /// Verification number `n`, of the form of a NIK.
    pub fn nik_checked(&self, customer: &CustomerRef, n: u64) -> VerificationRow {
        VerificationRow {
            method: Method::NikFormat,
            nik_format: Some(self.nik_findings()),
            enrolment: None,
            reason: None,
            reason_category: None,
            ..self.verification(customer, n)
        }
    }

    /// That a customer brought NIK number `n`.
    pub fn nik_holder(&self, customer: &CustomerRef, n: u64) -> ViewRow {
        ViewRow::NikHolder(NikHolderRow { customer: customer.clone(), tag: self.nik_tag(n) })
    }

    /// The erasure of a customer that brought those NIKs.
    pub fn nik_erasure(&self, customer: &CustomerRef, niks: &[u64]) -> ViewRow {
        let tags = niks.iter().map(|n| self.nik_tag(*n)).collect();
        ViewRow::EraseNiks(NikErasure { customer: customer.clone(), tags })
    }
}
