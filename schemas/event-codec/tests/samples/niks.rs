//! Samples of what is recorded about NIKs.

use domain::event::{Event, Fingerprint, NikFormatChecked};
use domain::ids::VerificationId;
use domain::nik::{NikFault, NikFindings, RegionCode};

use super::{Any, event, sealed, who};

pub(super) fn events() -> Vec<(&'static str, Any)> {
    let checked = NikFormatChecked {
        event_id: event(45),
        customer: who(),
        verification_id: VerificationId::from_bytes([35; 16]),
        nik: sealed(0xB6, 90),
        findings: NikFindings {
            verified: false,
            fault: Some(NikFault::NoBirthDate),
            province: RegionCode::Known,
            regency: RegionCode::Known,
            district: RegionCode::Unknown,
            birth_date_agrees: Some(false),
            sex_agrees: Some(true),
            regions_edition: "300.2.2-2138/2025 and before".into(),
        },
        signals: vec!["nik_region_unknown".into()],
        policy_version: 1,
        body_fingerprint: Fingerprint([0xF8; 32]),
    };
    let verified = NikFormatChecked {
        findings: NikFindings {
            verified: true,
            fault: None,
            district: RegionCode::Known,
            birth_date_agrees: None,
            sex_agrees: None,
            ..checked.findings.clone()
        },
        signals: Vec::new(),
        ..checked.clone()
    };
    [("NikFormatChecked.v1", checked), ("NikFormatChecked.v1.least", verified)]
        .map(|(name, value)| (name, Any::Event(Event::NikFormatChecked(value))))
        .into()
}
