//! Samples of verdicts whose raw answer was looked at, and of signals.

use domain::event::{DukcapilVerdictReceived, Event};
use domain::outcome::{Outcome, SignalRaised};
use domain::raw_answer::{RawReading, RawShape};

use super::{Any, event, source, verification, who};

/// Version 2 of two samples of version 1.
pub(super) fn events(
    received: DukcapilVerdictReceived,
    declined: DukcapilVerdictReceived,
) -> Vec<(&'static str, Any)> {
    let looked_at = DukcapilVerdictReceived {
        raw_reading: Some(RawReading {
            shape: Some(RawShape::Elements),
            signals: vec!["valid_but_mismatch_minor".into(), "photo_in_raw".into()],
            quota_counter: Some(991),
            classifier: 1,
        }),
        ..received
    };
    let least = RawReading { shape: None, signals: Vec::new(), quota_counter: None, classifier: 1 };
    let nothing_noticed = DukcapilVerdictReceived { raw_reading: Some(least), ..declined };
    [("DukcapilVerdictReceived.v2", looked_at), ("DukcapilVerdictReceived.v2.least", nothing_noticed)]
        .map(|(name, value)| (name, Any::Event(Event::DukcapilVerdictReceived(value))))
        .into()
}

pub(super) fn outcomes() -> Vec<(&'static str, Any)> {
    let raised = SignalRaised {
        id: event(43),
        customer: who(),
        source: source(54),
        verification_id: verification(),
        code: "valid_but_mismatch".into(),
        severity: "low".into(),
        version: 1,
    };
    vec![("SignalRaised.v1", Any::Outcome(Outcome::SignalRaised(raised)))]
}
