//! What of a capture is sealed as a text or as numbers, in the form that stands in the envelopes for ever.

use std::collections::BTreeMap;

use domain::capture::{CaptureBundle, CaptureDecision, Measure, VoterPanel};
use domain::ktp::CardText;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::serving::errors::ApiError;

/// What stands for no value among values: no measure comes near it.
const NO_VALUE: i64 = i64::MIN;

/// A field that was read off a card.
#[derive(Serialize)]
struct ReadField<'a> {
    text: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    confidence: Option<f64>,
}

/// The reading that counts, as JSON: `{"nik":{"text":"…","confidence":0.98},…}`.
///
/// # Errors
/// None that is known.
pub(super) fn text_json(text: &CardText) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let read = text.fields().map(|(field, read)| {
        (field.as_str(), ReadField { text: read.text(), confidence: read.confidence().map(Measure::value) })
    });
    json(&read.collect::<BTreeMap<_, _>>())
}

/// What the phone claims beside its frames.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ClaimsForm<'a> {
    sdk_version: Option<&'a str>,
    platform: &'static str,
    captured_at: &'a str,
    flash_samples: Vec<SampleForm>,
    frame_times: Option<&'a [u32]>,
    color_times: &'a [u32],
    ocr_fields: &'a BTreeMap<String, String>,
    ocr_confidence: Option<f64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SampleForm {
    t_ms: u32,
    mean: [f64; 3],
}

/// What the phone claims, as JSON.
///
/// # Errors
/// None that is known.
pub(super) fn claims_json(bundle: &CaptureBundle) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let sample = |sample: &domain::capture::FlashSample| SampleForm { t_ms: sample.t_ms, mean: sample.mean };
    json(&ClaimsForm {
        sdk_version: bundle.sdk_version.as_deref(),
        platform: bundle.platform.as_str(),
        captured_at: bundle.captured_at.text(),
        flash_samples: bundle.flash_samples.iter().map(sample).collect(),
        frame_times: bundle.frame_times_ms.as_deref(),
        color_times: &bundle.color_times_ms,
        ocr_fields: &bundle.ocr_fields,
        ocr_confidence: bundle.ocr_confidence,
    })
}

fn json(value: &impl Serialize) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let bytes = serde_json::to_vec(value);
    // The cause would name a field, and may name what stands in it.
    bytes.map(Zeroizing::new).map_err(|_| ApiError::Internal("a capture's text has no JSON".into()))
}

/// What a decision's voters measured: those of `antiSpoof` first, each in millionths, an i64, little endian.
pub(super) fn values_bytes(decision: &CaptureDecision) -> Vec<u8> {
    let voters = decision.anti_spoof.voters.iter().chain(&decision.tamper.voters);
    voters.flat_map(|voter| voter.value.map_or(NO_VALUE, Measure::millionths).to_le_bytes()).collect()
}

/// The same, taken up again; what is no whole number of values ends the list.
pub(super) fn values_of(bytes: &[u8]) -> Vec<Option<Measure>> {
    let (values, _) = bytes.as_chunks::<8>();
    values
        .iter()
        .map(|value| match i64::from_le_bytes(*value) {
            NO_VALUE => None,
            millionths => Some(Measure::from_millionths(millionths)),
        })
        .collect()
}

/// A panel as it stands in clear: what was measured is sealed apart.
pub(super) fn without_values(mut panel: VoterPanel) -> VoterPanel {
    panel.voters.iter_mut().for_each(|voter| voter.value = None);
    panel
}

#[cfg(test)]
mod tests {
    use domain::capture::{AssuranceTier, CaptureVerdict, FusedVerdict, VoterFinding, VoterState};
    use domain::ktp::{FieldText, KtpField};

    use super::*;

    fn panel(values: &[Option<f64>]) -> VoterPanel {
        let voter = |value: &Option<f64>| VoterFinding {
            name: "grey_copy".to_owned(),
            state: VoterState::Pass,
            reason: "as_expected".to_owned(),
            value: value.and_then(Measure::of),
            threshold: Measure::of(4.0),
        };
        VoterPanel { fused: FusedVerdict::Live, voters: values.iter().map(voter).collect() }
    }

    #[test]
    fn values_come_back_in_their_order_and_are_gone_from_the_panel() {
        let given = [Some(1.586), None, Some(-0.25)];
        let decision = CaptureDecision {
            verdict: CaptureVerdict::Passed,
            anti_spoof: panel(&given[..2]),
            tamper: panel(&given[2..]),
            assurance: AssuranceTier::Low,
            reason_category: None,
            score: None,
            guidance: Vec::new(),
        };
        let bytes = values_bytes(&decision);
        assert_eq!(values_of(&bytes), given.map(|value| value.and_then(Measure::of)));
        assert_eq!(values_of(&bytes[..15]).len(), 1);
        let bare = without_values(decision.anti_spoof);
        assert!(bare.voters.iter().all(|voter| voter.value.is_none() && voter.threshold.is_some()));
    }

    #[test]
    fn a_reading_is_one_object_of_its_fields() {
        let mut text = CardText::default();
        text.put(KtpField::Nik, FieldText::new("3171011708450001", Measure::of(0.98)).expect("a text"));
        text.put(KtpField::Sex, FieldText::new("LAKI-LAKI", None).expect("a text"));
        let json = text_json(&text).expect("JSON");
        assert_eq!(
            std::str::from_utf8(&json),
            Ok(r#"{"nik":{"text":"3171011708450001","confidence":0.98},"sex":{"text":"LAKI-LAKI"}}"#)
        );
    }
}
