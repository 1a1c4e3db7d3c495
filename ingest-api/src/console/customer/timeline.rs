//! A customer's timeline: verifications, face references and changes of the tier, which stand in three lists of the read
//! model, as one. What one event made stands together and is never cut by a page's end.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use console_pages::pages::customer::{
    EnrolmentEntry, MatchLine, ReasonShown, ReviewLine, SignalLine, TierChangeEntry, TimelineEntry,
    VerificationEntry, VoidLine,
};
use domain::fold::counts_as_verified;
use domain::ids::CustomerRef;
use domain::ports::{AttemptsQuery, EnrolmentsPage, PageRequest, PageStart, RowPlace, VerificationView};
use domain::rows::{EnrolmentRow, FaceMatchRow, Generation, ReviewRow, SignalRow, TierEventRow, VoidRow};
use domain::signals::SignalKind;
use domain::time::Timestamp;
use vault::CustomerKeys;

use crate::app::App;
use crate::limits::TIMELINE_MOMENTS_MAX;
use crate::reading::noticed::NoticedSignal;
use crate::reading::unseal::{self, Unreadable};
use crate::serving::errors::ApiError;

/// What one event made.
#[derive(Debug, Default)]
pub(super) struct TimelineMoment {
    tier_event: Option<TierEventRow>,
    enrolment: Option<EnrolmentRow>,
    verification: Option<VerificationView>,
}

/// A page of the timeline.
pub(super) struct TimelineRows {
    /// Newest first.
    pub(super) moments: Vec<TimelineMoment>,
    /// After which place the next page starts, if there is one.
    pub(super) older: Option<RowPlace>,
}

/// Reads the page after that place. `newest` are the customer's newest references, which the first page need not read
/// again: at least as many as it has moments.
///
/// # Errors
/// From the store.
pub(super) async fn read(
    app: &App,
    generation: Generation,
    customer: &CustomerRef,
    after: Option<RowPlace>,
    newest: EnrolmentsPage,
) -> Result<TimelineRows, ApiError> {
    let start = after.map_or(PageStart::Skip(0), PageStart::After);
    let query = AttemptsQuery {
        org: customer.org.clone(),
        method: None,
        status: None,
        category: None,
        review: None,
        customer: Some(customer.customer.clone()),
        from: None,
        to: None,
        start: start.clone(),
        limit: TIMELINE_MOMENTS_MAX,
    };
    let references = async {
        match after {
            None => Ok(newest),
            Some(_) => {
                let page = PageRequest { start, limit: TIMELINE_MOMENTS_MAX };
                app.views.enrolments(generation, customer, &page).await
            }
        }
    };
    // Changes of the tier have no pages: those at or before the time are all that there can be of this page, because
    // there are never more of them than verifications.
    let until = after.map(|place| place.created_at);
    let (attempts, references, kyc) = futures::try_join!(
        app.views.attempts(generation, &query),
        references,
        app.views.kyc_rows(generation, customer, until)
    )?;
    let mut more = attempts.more || references.more;
    let mut moments: BTreeMap<Reverse<RowPlace>, TimelineMoment> = BTreeMap::new();
    for view in attempts.rows {
        let place = verification_place(&view);
        moments.entry(Reverse(place)).or_default().verification = Some(view);
    }
    for row in references.rows {
        let place = row.place();
        moments.entry(Reverse(place)).or_default().enrolment = Some(row);
    }
    for row in kyc.history {
        let place = tier_event_place(&row);
        if after.is_none_or(|after| place < after) {
            moments.entry(Reverse(place)).or_default().tier_event = Some(row);
        }
    }
    more |= moments.len() > TIMELINE_MOMENTS_MAX;
    let page: Vec<(RowPlace, TimelineMoment)> = moments
        .into_iter()
        .take(TIMELINE_MOMENTS_MAX)
        .map(|(Reverse(place), moment)| (place, moment))
        .collect();
    let older = page.last().filter(|_| more).map(|(place, _)| *place);
    Ok(TimelineRows { moments: page.into_iter().map(|(_, moment)| moment).collect(), older })
}

fn verification_place(view: &VerificationView) -> RowPlace {
    let (row, source) = (&view.row, view.row.source);
    RowPlace { created_at: row.created_at, partition: source.partition, offset: source.offset }
}

fn tier_event_place(row: &TierEventRow) -> RowPlace {
    RowPlace { created_at: row.created_at, partition: row.source.partition, offset: row.source.offset }
}

/// What the page shows of them: of one event what followed from it above what it was.
/// `noticed` is what was noticed at reading.
pub(super) fn entries(
    moments: Vec<TimelineMoment>,
    keys: &CustomerKeys,
    noticed: &[NoticedSignal],
) -> Vec<TimelineEntry> {
    let of_moment = |TimelineMoment { tier_event, enrolment, verification }| {
        let verification = verification.map(|view| verified(&view, keys, noticed));
        [tier_event.map(tier_change), enrolment.map(enrolled), verification]
    };
    moments.into_iter().flat_map(of_moment).flatten().collect()
}

fn tier_change(row: TierEventRow) -> TimelineEntry {
    TimelineEntry::TierChange(TierChangeEntry {
        id: row.id,
        from: row.from_tier,
        to: row.to_tier,
        created_at: row.created_at,
    })
}

fn enrolled(row: EnrolmentRow) -> TimelineEntry {
    TimelineEntry::Enrolment(EnrolmentEntry {
        id: row.id,
        source: row.face_source,
        created_at: row.created_at,
    })
}

fn verified(view: &VerificationView, keys: &CustomerKeys, noticed: &[NoticedSignal]) -> TimelineEntry {
    let row = &view.row;
    let noticed = noticed.iter().filter(|signal| signal.verification == row.id);
    let noticed = noticed.map(|signal| signal_of(signal.kind.as_str(), signal.created_at));
    let mut signals: Vec<SignalLine> = view.signals.iter().map(signal).chain(noticed).collect();
    let reason = match unseal::reason(keys, row) {
        Ok(Some(text)) => ReasonShown::Text(text),
        Ok(None) => ReasonShown::NotGiven,
        Err(Unreadable) => {
            signals.push(signal_of(SignalKind::ReasonUnreadable.as_str(), row.created_at));
            ReasonShown::Unreadable
        }
    };
    TimelineEntry::Verification(Box::new(VerificationEntry {
        id: row.id.clone(),
        method: row.method,
        status: row.status,
        score: row.score,
        reason,
        category: row.reason_category,
        signals,
        matching: row.face_match.as_ref().map(match_line),
        review: view.review.as_ref().map(review_line),
        voided: view.voided.as_ref().map(void_line),
        may_be_voided: view.voided.is_none() && counts_as_verified(row, view.review.as_ref()),
        created_at: row.created_at,
    }))
}

fn void_line(row: &VoidRow) -> VoidLine {
    VoidLine { reason: row.reason, by: row.by.clone(), created_at: row.created_at }
}

fn review_line(row: &ReviewRow) -> ReviewLine {
    ReviewLine {
        state: row.state(),
        reason_code: row.reason_code.clone(),
        by: row.by.clone(),
        created_at: row.created_at,
    }
}

fn match_line(row: &FaceMatchRow) -> MatchLine {
    MatchLine {
        risk_level: row.risk_level,
        reference: row.reference.face_source,
        enrolled_at: row.reference.enrolled_at,
        is_bound: row.bound.is_some(),
    }
}

fn signal(row: &SignalRow) -> SignalLine {
    signal_of(&row.kind, row.created_at)
}

fn signal_of(word: &str, created_at: Timestamp) -> SignalLine {
    SignalLine { word: word.to_owned(), created_at }
}
