//! The body of the event about a challenge.

use domain::capture::{ChallengePurpose, FlashColor};
use domain::event;
use domain::ids::{ChallengeId, EventId};
use serde::{Deserialize, Serialize};

use super::Body;
use super::parts::{List, Text, customer, id, int, time, word};
use crate::error::DecodeError;

/// Unsigned, as an Avro int.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Milliseconds(#[serde(with = "int")] u32);

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FlashChallengeIssued<'a> {
    id: Text<'a>,
    org_id: Text<'a>,
    customer_id: Text<'a>,
    challenge_id: Text<'a>,
    purpose: Text<'a>,
    colors: List<Text<'a>>,
    hold_ms: List<Milliseconds>,
    issued_at: i64,
    #[serde(with = "int")]
    ttl_ms: u32,
}

impl Body for FlashChallengeIssued<'_> {}

impl<'a> From<&'a event::FlashChallengeIssued> for FlashChallengeIssued<'a> {
    fn from(e: &'a event::FlashChallengeIssued) -> Self {
        Self {
            id: e.event_id.as_str().into(),
            org_id: e.customer.org.as_str().into(),
            customer_id: e.customer.customer.as_str().into(),
            challenge_id: e.challenge_id.as_str().into(),
            purpose: e.purpose.as_str().into(),
            colors: List(e.colors.iter().map(|color| color.as_str().into()).collect()),
            hold_ms: List(e.hold_ms.iter().map(|hold| Milliseconds(*hold)).collect()),
            issued_at: e.issued_at.millis(),
            ttl_ms: e.ttl_ms,
        }
    }
}

impl TryFrom<FlashChallengeIssued<'_>> for event::FlashChallengeIssued {
    type Error = DecodeError;

    fn try_from(w: FlashChallengeIssued<'_>) -> Result<Self, DecodeError> {
        let colors = w.colors.0.iter().map(|text| word("colors", text, FlashColor::parse));
        Ok(Self {
            event_id: id("id", &w.id, EventId::parse)?,
            customer: customer(&w.org_id, &w.customer_id)?,
            challenge_id: id("challengeId", &w.challenge_id, ChallengeId::parse)?,
            purpose: word("purpose", &w.purpose, ChallengePurpose::parse)?,
            colors: colors.collect::<Result<_, _>>()?,
            hold_ms: w.hold_ms.0.into_iter().map(|Milliseconds(hold)| hold).collect(),
            issued_at: time("issuedAt", w.issued_at)?,
            ttl_ms: w.ttl_ms,
        })
    }
}
