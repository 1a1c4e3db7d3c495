//! Builders of voids, and of matches against a reference of choice.

use domain::event::{Event, Fingerprint, VerificationVoided};
use domain::fold::Fact;
use domain::ids::{EnrolmentId, EventId};
use domain::rows::VoidReason;

use crate::given::{Match, customer, fact, sealed, verification};

/// A void; `n` names it, `of` the verification, `body` tells bodies apart.
#[derive(Clone, Copy)]
pub(crate) struct Void {
    pub(crate) n: u8,
    pub(crate) of: u8,
    pub(crate) body: u8,
    pub(crate) policy: u32,
}

pub(crate) fn void(n: u8, of: u8) -> Void {
    Void { n, of, body: n, policy: 1 }
}

impl Void {
    pub(crate) fn at(self, offset: u64) -> Fact {
        let event = VerificationVoided {
            event_id: EventId::from_bytes([0xC0 + self.n; 16]),
            customer: customer(),
            verification_id: verification(self.of),
            reason: VoidReason::Fraud,
            note: Some(sealed(13)),
            by: "rina".to_owned(),
            policy_version: self.policy,
            body_fingerprint: Some(Fingerprint([self.body; 32])),
        };
        fact(offset, offset as i64, Event::VerificationVoided(event))
    }
}

/// The enrolment that verdict brings.
pub(crate) fn verdicts_photo(n: u8) -> EnrolmentId {
    EnrolmentId::from_bytes([n; 16])
}

/// The match, against that reference, and bound to that liveness row.
pub(crate) fn against(of: Match, reference: EnrolmentId, liveness: Option<u8>, offset: u64) -> Fact {
    let mut event = of.event();
    event.reference.enrolment_id = reference;
    event.liveness = liveness.map(verification);
    fact(offset, offset as i64, Event::FaceMatchDecided(event))
}
