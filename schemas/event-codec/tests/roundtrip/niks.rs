//! How anything that is recorded about a NIK is made.

use domain::event::NikFormatChecked;
use domain::nik::{NikFault, NikFindings, RegionCode};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::{customer, event_id, fingerprint, sealed, verification_id};

fn region() -> impl Strategy<Value = RegionCode> {
    select(&[RegionCode::Known, RegionCode::Unknown][..])
}

fn findings() -> impl Strategy<Value = NikFindings> {
    let fault = select(&[NikFault::UnknownProvince, NikFault::NoBirthDate, NikFault::NoSerial][..]);
    let agrees = (any::<Option<bool>>(), any::<Option<bool>>());
    (any::<bool>(), of(fault), [region(), region(), region()], agrees, any::<String>()).prop_map(
        |(verified, fault, [province, regency, district], agrees, regions_edition)| NikFindings {
            verified,
            fault,
            province,
            regency,
            district,
            birth_date_agrees: agrees.0,
            sex_agrees: agrees.1,
            regions_edition,
        },
    )
}

pub(crate) fn checked() -> impl Strategy<Value = NikFormatChecked> {
    let ids = (event_id(), customer(), verification_id(), fingerprint());
    (ids, sealed(), findings(), vec(any::<String>(), 0..3), any::<u32>()).prop_map(
        |(ids, nik, findings, signals, policy_version)| NikFormatChecked {
            event_id: ids.0,
            customer: ids.1,
            verification_id: ids.2,
            nik,
            findings,
            signals,
            policy_version,
            body_fingerprint: ids.3,
        },
    )
}
