//! How any record about a void is made.

use domain::event::VerificationVoided;
use domain::outcome::VoidRecorded;
use domain::policy::Tier;
use domain::rows::VoidReason;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use super::faces::enrolment_id;
use super::{customer, event_id, fingerprint, sealed, source, time, verification_id};

fn reason() -> impl Strategy<Value = VoidReason> {
    select(&VoidReason::ALL[..])
}

pub(crate) fn voided() -> impl Strategy<Value = VerificationVoided> {
    let ids = (event_id(), customer(), verification_id(), of(fingerprint()));
    (ids, reason(), of(sealed()), any::<String>(), any::<u32>()).prop_map(
        |(ids, reason, note, by, policy_version)| VerificationVoided {
            event_id: ids.0,
            customer: ids.1,
            verification_id: ids.2,
            reason,
            note,
            by,
            policy_version,
            body_fingerprint: ids.3,
        },
    )
}

pub(crate) fn recorded() -> impl Strategy<Value = VoidRecorded> {
    let ids = (event_id(), customer(), event_id(), source(), verification_id());
    let tiers = (select(&Tier::ALL[..]), select(&Tier::ALL[..]));
    let times = (of(time()), of(time()), time());
    (ids, reason(), of(enrolment_id()), tiers, times, of(fingerprint())).prop_map(
        |(ids, reason, enrolment_id, tiers, times, body_fingerprint)| VoidRecorded {
            id: ids.0,
            customer: ids.1,
            event_id: ids.2,
            source: ids.3,
            verification_id: ids.4,
            reason,
            enrolment_id,
            from_tier: tiers.0,
            to_tier: tiers.1,
            last_verified_at: times.0,
            expires_at: times.1,
            body_fingerprint,
            created_at: times.2,
        },
    )
}
