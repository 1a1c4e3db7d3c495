//! What the frames of a capture show, decided once, and the records of it: evidence and event of one decision. Called for
//! a capture that is signed, in time, and no repetition.

use domain::capture::{
    CAPTURE_POLICY_VERSION, CaptureAssessment, CaptureVerdict, FlashSequence, clock_signal,
};
use domain::event::{
    AuditRecord, CAPTURE_CLAIMS_CONTENT_TYPE, CaptureEvidence, DeclaredFallback, DukcapilAttemptFailed,
    Event, KTP_FRAMES_CONTENT_TYPE, KTP_TEXT_CONTENT_TYPE, KtpCaptureAssessed, ShownChallenge,
    VOTER_VALUES_CONTENT_TYPE,
};
use domain::ktp::ClientText;
use domain::limits::REVIEW_COPY_DAYS;
use domain::ports::CardCapture;
use domain::sealed::{Field, Purposes, Sealed, SealedMedia};
use domain::time::Timestamp;
use event_codec::value_sha256;
use vault::{EvidenceSecret, ReviewPlace, SealContext, VaultError};
use zeroize::Zeroizing;

use super::sealed_forms::{claims_json, text_json, values_bytes, without_values};
use super::{CaptureNames, CaptureWrite, kept_frames};
use crate::captures::{CardRules, JudgedCard};
use crate::serving::errors::ApiError;
use crate::writes::append::WriteRecords;

/// The content type of the portrait and of the review copy.
const JPEG: &str = "image/jpeg";

/// The content type of features: the analyser's own form.
const FEATURES: &str = "application/octet-stream";

const DAY_MS: i64 = 24 * 60 * 60 * 1_000;

/// Judges a capture and seals what came of it.
pub(super) async fn records(
    write: &CaptureWrite<'_>,
    names: &CaptureNames,
    now: Timestamp,
) -> Result<WriteRecords, ApiError> {
    let CaptureWrite { context, customer, submission, challenge, .. } = write;
    let flashes = challenge.flashes(context.caller.entry.ids.challenges(), customer);
    let rules = CardRules::of(context.caller.org());
    let client = ClientText::of(&submission.bundle.ocr_fields);
    let capture = card_capture(write, &flashes);
    // First: a capture may take longer to be judged than a store may to answer.
    let secret = context.evidence_secret(now).await?;
    let app = context.app;
    let judged = app.captures.judge_card(&customer.org, &app.faces, capture, &client, rules, now).await?;
    let sealed = SealedCapture::of(write, names, &judged, &secret, &flashes, rules)?;
    let review_copy = review_copy(write, names, &judged, rules, now).await?;
    Ok(written(write, names, now, judged, flashes, sealed, review_copy, &secret))
}

fn card_capture(write: &CaptureWrite<'_>, flashes: &FlashSequence) -> CardCapture {
    let bundle = &write.submission.bundle;
    CardCapture {
        frames: bundle.frames.iter().map(|frame| Zeroizing::new(frame.as_bytes().to_vec())).collect(),
        frame_times_ms: bundle.all_frame_times_ms(),
        color_times_ms: (!bundle.color_times_ms.is_empty()).then(|| bundle.color_times_ms.clone()),
        colors: flashes.colors.clone(),
        hold_ms: flashes.hold_ms.clone(),
        client_means: bundle.flash_samples.iter().map(|sample| sample.mean).collect(),
    }
}

/// The parts of a capture, each in its envelope.
struct SealedCapture {
    frames: Sealed,
    frames_kept: u32,
    features: Sealed,
    claims: Sealed,
    values: Sealed,
    text: Option<Sealed>,
    portrait: Option<Sealed>,
    /// Of each envelope, in the order of the table of fields.
    digests: Vec<(String, [u8; 32])>,
}

impl SealedCapture {
    fn of(
        write: &CaptureWrite<'_>,
        names: &CaptureNames,
        judged: &JudgedCard,
        secret: &EvidenceSecret,
        flashes: &FlashSequence,
        rules: CardRules,
    ) -> Result<Self, ApiError> {
        let mut digests: Vec<(Field, [u8; 32])> = Vec::new();
        let mut seal = |field: Field, content_type: &str, bytes: &[u8]| {
            let place = SealContext { event_id: &names.event, field, content_type };
            let keys = &write.keys;
            let sealed = if field.is_evidence() {
                keys.seal_evidence(&place, secret, bytes)
            } else {
                keys.seal(&place, bytes)
            }?;
            digests.push((field, value_sha256(sealed.as_bytes())));
            Ok::<_, ApiError>(sealed)
        };
        let bundle = &write.submission.bundle;
        let times = bundle.all_frame_times_ms();
        let kept = kept_frames::kept(rules.frames, bundle.frames.len(), times.as_deref(), &flashes.hold_ms);
        let archive = kept_frames::packed(&bundle.frames, &kept)
            .map_err(|error| ApiError::Internal(format!("frames that were not packed: {error}")))?;
        let JudgedCard { analysis, text, decision, .. } = judged;
        let frames = seal(Field::KtpFrames, KTP_FRAMES_CONTENT_TYPE, &archive)?;
        let features = seal(Field::CaptureFeatures, FEATURES, &analysis.features)?;
        let claims = seal(Field::CaptureClaims, CAPTURE_CLAIMS_CONTENT_TYPE, &claims_json(bundle)?)?;
        let values = seal(Field::VoterValues, VOTER_VALUES_CONTENT_TYPE, &values_bytes(decision))?;
        let text = match text.text.is_empty() {
            true => None,
            false => Some(seal(Field::KtpText, KTP_TEXT_CONTENT_TYPE, &text_json(&text.text)?)?),
        };
        // Of a capture that failed nothing becomes a reference.
        let portrait = match &analysis.portrait {
            Some(portrait) if decision.verdict != CaptureVerdict::Failed => {
                Some(seal(Field::Photo, JPEG, portrait)?)
            }
            _ => None,
        };
        digests.sort_by_key(|(field, _)| Field::ALL.iter().position(|one| one == field));
        let digests = digests.into_iter().map(|(field, digest)| (field.as_str().to_owned(), digest));
        let frames_kept = u32::try_from(kept.len()).unwrap_or(u32::MAX);
        Ok(Self { frames, frames_kept, features, claims, values, text, portrait, digests: digests.collect() })
    }
}

/// What a reviewer will be shown, under a key of its own, and that key's name. None where nobody reviews, or the org shows
/// no pictures.
async fn review_copy(
    write: &CaptureWrite<'_>,
    names: &CaptureNames,
    judged: &JudgedCard,
    rules: CardRules,
    now: Timestamp,
) -> Result<Option<(SealedMedia, String)>, ApiError> {
    let wanted = rules.keeps_review_copy && judged.decision.verdict == CaptureVerdict::RequiresReview;
    let Some(picture) = judged.analysis.review_copy.as_ref().filter(|_| wanted) else { return Ok(None) };
    let (app, org) = (write.context.app, write.context.caller.org());
    let place =
        ReviewPlace { customer: &write.customer, verification: &names.verification, content_type: JPEG };
    let expires_at = Timestamp::from_millis(now.millis() + REVIEW_COPY_DAYS * DAY_MS);
    let copy = match app.review_vault.seal_review_copy(place, org.suite, picture, expires_at).await {
        Ok(copy) => copy,
        // It was decided, or its customer erased, while the same capture was sent again.
        Err(VaultError::Destroyed) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    // An erasure destroys review copies' keys after the customer's: one that came while the capture was judged has either
    // not looked for this key yet, or is seen here.
    if app.vault.destroyed(&write.customer).await? != Purposes::NONE {
        app.review_vault.destroy_review_copy(&write.customer.org, &names.verification).await?;
        return Ok(None);
    }
    Ok(Some((SealedMedia::Inline(copy.sealed), copy.key_id)))
}

/// The records of it all.
#[expect(clippy::too_many_arguments, reason = "each is a part of the one record that is put together here")]
fn written(
    write: &CaptureWrite<'_>,
    names: &CaptureNames,
    now: Timestamp,
    judged: JudgedCard,
    flashes: FlashSequence,
    sealed: SealedCapture,
    review_copy: Option<(SealedMedia, String)>,
    secret: &EvidenceSecret,
) -> WriteRecords {
    let CaptureWrite { context, customer, submission, challenge, received_at, fingerprint, .. } = write;
    let evidence = CaptureEvidence {
        event_id: names.event.clone(),
        verification_id: names.verification.clone(),
        customer: customer.clone(),
        frames: Some(SealedMedia::Inline(sealed.frames)),
        frames_kept: sealed.frames_kept,
        frame_sha256: submission.bundle.frames.iter().map(|frame| value_sha256(frame.as_bytes())).collect(),
        features: Some(sealed.features),
        claims: Some(sealed.claims),
        raw_binding: Some(secret.binding().clone()),
        sealed_sha256: sealed.digests,
        body_fingerprint: *fingerprint,
        received_at: now,
        api_key_id: context.caller.key.id.as_str().to_owned(),
    };
    let noticed = judged.analysis.signals.iter().map(|signal| signal.as_str());
    let signals = noticed.chain(clock_signal(&submission.bundle, *received_at)).map(str::to_owned).collect();
    let (score, reason_category) = (judged.decision.score, judged.decision.reason_category);
    let assessment = Box::new(assessment(write, names, judged, sealed.values, sealed.frames_kept));
    let has_portrait = sealed.portrait.is_some();
    let fallback = submission.fallback.as_ref();
    let fallback =
        fallback.map(|fallback| DeclaredFallback { id: names.fallback.clone(), attempt: fallback.attempt });
    let declaration = fallback.as_ref().map(|fallback| declaration(write, names, fallback));
    let (review_copy, review_key_id) = review_copy.unzip();
    let (names, customer, body_fingerprint) = (names.clone(), customer.clone(), *fingerprint);
    let (policy_version, issued_at) = (context.caller.org().policy_version, challenge.issued_at);
    WriteRecords::with_evidence(AuditRecord::CaptureEvidence(evidence), move |audit| {
        Event::KtpCaptureAssessed(KtpCaptureAssessed {
            event_id: names.event,
            customer,
            verification_id: names.verification,
            enrolment_id: has_portrait.then_some(names.enrolment),
            assessment,
            challenge: ShownChallenge { colors: flashes.colors, hold_ms: flashes.hold_ms, issued_at },
            score,
            reason_category,
            text: sealed.text,
            portrait: sealed.portrait.map(SealedMedia::Inline),
            portrait_content_type: has_portrait.then(|| JPEG.to_owned()),
            review_copy,
            review_key_id,
            signals,
            fallback,
            policy_version,
            body_fingerprint,
            audit,
        })
    })
    .telling_also(declaration)
}

/// What was decided, as the event says it.
fn assessment(
    write: &CaptureWrite<'_>,
    names: &CaptureNames,
    judged: JudgedCard,
    values: Sealed,
    frames_stored: u32,
) -> CaptureAssessment {
    let JudgedCard { analysis, text, decision, models } = judged;
    CaptureAssessment {
        bundle: names.bundle.clone(),
        challenge: write.challenge.id(),
        engine: analysis.engine.to_owned(),
        policy_version: CAPTURE_POLICY_VERSION,
        models,
        verdict: decision.verdict,
        assurance: decision.assurance,
        anti_spoof: without_values(decision.anti_spoof),
        tamper: without_values(decision.tamper),
        text: text.agreement,
        guidance: decision.guidance,
        frames_stored,
        values: Some(values),
    }
}

/// What an auditor is told of the failure that a capture declares.
fn declaration(write: &CaptureWrite<'_>, names: &CaptureNames, fallback: &DeclaredFallback) -> AuditRecord {
    AuditRecord::DukcapilAttemptFailed(DukcapilAttemptFailed {
        event_id: names.event.clone(),
        customer: write.customer.clone(),
        fallback_id: fallback.id.clone(),
        attempt: fallback.attempt,
        verification_id: Some(names.verification.clone()),
        by: write.context.caller.key.id.as_str().to_owned(),
        body_fingerprint: write.fingerprint,
    })
}
