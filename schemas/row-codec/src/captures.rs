//! What a capture came to, as a part of its verification's body, and the body of a review.

use domain::capture::{
    AssuranceTier, CaptureAssessment, CaptureVerdict, FusedVerdict, GuidanceCode, Measure, TextAgreement,
    TextSource, VoterFinding, VoterPanel, VoterState,
};
use domain::classify::ReasonCategory;
use domain::event::{Offset, Partition};
use domain::ids::{
    ChallengeId, CustomerId, CustomerRef, EnrolmentId, EventId, KtpBundleId, OrgId, TierEventId,
    VerificationId,
};
use domain::policy::Method;
use domain::ports::{FaceModelId, RowPlace};
use domain::rows::{ReviewRow, ReviewSubject, VerificationStatus};

use crate::bytes::{BodyReader, BodyWriter};
use crate::events::{read_kyc, write_kyc};
use crate::{RowBody, RowError};

const REVIEW: u8 = 1;

fn write_list<T>(out: &mut BodyWriter<'_>, list: &[T], mut write: impl FnMut(&mut BodyWriter<'_>, &T)) {
    // What stands in a log record, which has at most 4 MiB.
    out.u32(list.len() as u32);
    for one in list {
        write(out, one);
    }
}

fn read_list<T>(
    body: &mut BodyReader<'_>,
    mut read: impl FnMut(&mut BodyReader<'_>) -> Result<T, RowError>,
) -> Result<Vec<T>, RowError> {
    let count = body.u32()?;
    (0..count).map(|_| read(body)).collect()
}

fn write_measure(out: &mut BodyWriter<'_>, measure: Measure) {
    out.i64(measure.millionths());
}

fn read_measure(body: &mut BodyReader<'_>) -> Result<Measure, RowError> {
    body.i64().map(Measure::from_millionths)
}

fn write_panel(out: &mut BodyWriter<'_>, panel: &VoterPanel) {
    let VoterPanel { fused, voters } = panel;
    out.text(fused.as_str());
    write_list(out, voters, |out, voter| {
        let VoterFinding { name, state, reason, value, threshold } = voter;
        out.text(name);
        out.text(state.as_str());
        out.text(reason);
        out.option(*value, write_measure);
        out.option(*threshold, write_measure);
    });
}

fn read_panel(body: &mut BodyReader<'_>) -> Result<VoterPanel, RowError> {
    Ok(VoterPanel {
        fused: body.word("voters' verdict", FusedVerdict::parse)?,
        voters: read_list(body, |body| {
            Ok(VoterFinding {
                name: body.text()?.to_owned(),
                state: body.word("vote", VoterState::parse)?,
                reason: body.text()?.to_owned(),
                value: body.option(read_measure)?,
                threshold: body.option(read_measure)?,
            })
        })?,
    })
}

fn write_text(out: &mut BodyWriter<'_>, text: &TextAgreement) {
    let TextAgreement { source, agreed, disagreed } = text;
    out.text(source.as_str());
    write_list(out, agreed, |out, name| out.text(name));
    write_list(out, disagreed, |out, name| out.text(name));
}

fn read_text(body: &mut BodyReader<'_>) -> Result<TextAgreement, RowError> {
    let name = |body: &mut BodyReader<'_>| Ok(body.text()?.to_owned());
    Ok(TextAgreement {
        source: body.word("text source", TextSource::parse)?,
        agreed: read_list(body, name)?,
        disagreed: read_list(body, name)?,
    })
}

pub(crate) fn write_assessment(out: &mut BodyWriter<'_>, assessment: &CaptureAssessment) {
    let CaptureAssessment {
        bundle,
        challenge,
        engine,
        policy_version,
        models,
        verdict,
        assurance,
        anti_spoof,
        tamper,
        text,
        guidance,
        frames_stored,
        values,
    } = assessment;
    out.text(bundle.as_str());
    out.text(challenge.as_str());
    out.text(engine);
    out.u32(*policy_version);
    write_list(out, models, |out, model| {
        let FaceModelId { name, sha256 } = model;
        out.text(name);
        out.digest(sha256);
    });
    out.text(verdict.as_str());
    out.text(assurance.as_str());
    write_panel(out, anti_spoof);
    write_panel(out, tamper);
    out.option(text.as_ref(), write_text);
    write_list(out, guidance, |out, code| out.text(code.as_str()));
    out.u32(*frames_stored);
    out.option(values.as_ref(), BodyWriter::sealed);
}

pub(crate) fn read_assessment(body: &mut BodyReader<'_>) -> Result<CaptureAssessment, RowError> {
    Ok(CaptureAssessment {
        bundle: body.id(KtpBundleId::parse)?,
        challenge: body.id(ChallengeId::parse)?,
        engine: body.text()?.to_owned(),
        policy_version: body.u32()?,
        models: read_list(body, |body| {
            Ok(FaceModelId { name: body.text()?.to_owned(), sha256: body.digest()? })
        })?,
        verdict: body.word("capture verdict", CaptureVerdict::parse)?,
        assurance: body.word("assurance tier", AssuranceTier::parse)?,
        anti_spoof: read_panel(body)?,
        tamper: read_panel(body)?,
        text: body.option(read_text)?,
        guidance: read_list(body, |body| body.word("guidance", GuidanceCode::parse))?,
        frames_stored: body.u32()?,
        values: body.option(BodyReader::sealed)?,
    })
}

fn write_subject(out: &mut BodyWriter<'_>, subject: &ReviewSubject) {
    let ReviewSubject { method, reason_category, place: RowPlace { created_at, partition, offset } } =
        subject;
    out.text(method.as_str());
    out.option(*reason_category, |out, category| out.text(category.as_str()));
    out.time(*created_at);
    out.u32(partition.0);
    out.u64(offset.0);
}

fn read_subject(body: &mut BodyReader<'_>) -> Result<ReviewSubject, RowError> {
    Ok(ReviewSubject {
        method: body.word("method", Method::parse)?,
        reason_category: body.option(|body| body.word("reason category", ReasonCategory::parse))?,
        place: RowPlace {
            created_at: body.time()?,
            partition: Partition(body.u32()?),
            offset: Offset(body.u64()?),
        },
    })
}

impl RowBody for ReviewRow {
    type Key = (OrgId, VerificationId);

    const USUAL_BYTES: usize = 384;

    fn write_body(&self, out: &mut Vec<u8>) {
        let Self {
            verification_id: _,
            customer: CustomerRef { org: _, customer },
            event_id,
            source,
            to_status,
            reason_code,
            note,
            by,
            body_fingerprint,
            subject,
            enrolment,
            tier_event,
            kyc_before,
            kyc_after,
            created_at,
        } = self;
        let mut out = BodyWriter::new(out, REVIEW);
        out.text(customer.as_str());
        out.text(event_id.as_str());
        out.source(*source);
        out.text(to_status.as_str());
        out.text(reason_code);
        out.option(note.as_ref(), BodyWriter::sealed);
        out.text(by);
        out.option(body_fingerprint.as_ref(), BodyWriter::fingerprint);
        write_subject(&mut out, subject);
        out.option(enrolment.as_ref(), |out, id| out.text(id.as_str()));
        out.option(tier_event.as_ref(), |out, id| out.text(id.as_str()));
        write_kyc(&mut out, kyc_before);
        write_kyc(&mut out, kyc_after);
        out.time(*created_at);
    }

    fn read_body((org, verification_id): Self::Key, body: &[u8]) -> Result<Self, RowError> {
        let mut body = BodyReader::new("review", REVIEW, body)?;
        let row = Self {
            verification_id,
            customer: CustomerRef::new(org, body.id(CustomerId::parse)?),
            event_id: body.id(EventId::parse)?,
            source: body.source()?,
            to_status: body.word("status", VerificationStatus::parse)?,
            reason_code: body.text()?.to_owned(),
            note: body.option(BodyReader::sealed)?,
            by: body.text()?.to_owned(),
            body_fingerprint: body.option(BodyReader::fingerprint)?,
            subject: read_subject(&mut body)?,
            enrolment: body.option(|body| body.id(EnrolmentId::parse))?,
            tier_event: body.option(|body| body.id(TierEventId::parse))?,
            kyc_before: read_kyc(&mut body)?,
            kyc_after: read_kyc(&mut body)?,
            created_at: body.time()?,
        };
        body.end(row)
    }
}
