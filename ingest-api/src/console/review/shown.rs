//! What the page shows: everything is read and opened first, so that the access record can name it; then the record is
//! appended; only then there is a page.

use actix_web::{HttpMessage as _, HttpRequest, HttpResponse};
use console_pages::pages::review::{DecidedReview, PanelPart, VoterLine};
use domain::capture::{CaptureAssessment, Measure, VoterPanel};
use domain::event::{PersonalDataPage, PersonalDataViewed, VOTER_VALUES_CONTENT_TYPE};
use domain::rows::ReviewRow;
use domain::sealed::{Field, Opened, Purpose, Sealed};
use domain::time::Timestamp;
use vault::{CustomerKeys, SealContext};

use super::seen::{seen_until, view_id};
use super::{
    App, ConsoleError, ConsolePage, CopyState, DecisionForm, EventId, MaySayVerified, PictureAsked,
    PictureStanding, ReviewModel, SignedIn, VerificationView, answer, carried, copy, is_open, review, unseal,
};
use crate::console::access_record::record_view;
use crate::reading::customers::registered;
use crate::serving::request_id::RequestName;

/// Everything that may be shown. Nobody has seen it yet, and it has no `Debug`.
pub(super) struct ShownReview<'a> {
    view: &'a VerificationView,
    /// What the voters measured, where that opens.
    values: Option<Vec<Option<Measure>>>,
    copy: CopyState,
    /// What the reader can say.
    pub(super) may_say_verified: MaySayVerified,
    /// A decision of the reader's is in the log.
    pub(super) is_sent: bool,
    now: Timestamp,
}

impl<'a> ShownReview<'a> {
    /// Reads and opens it.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] for a customer who is erased; from the stores.
    pub(super) async fn of(
        app: &App,
        signed_in: &SignedIn,
        view: &'a VerificationView,
    ) -> Result<Self, ConsoleError> {
        let customer = &view.row.customer;
        let (state, _) = registered(app, customer).await?.ok_or(ConsoleError::NotFound)?;
        let keys = unseal::keys_of_registered(app, signed_in.org_record().suite, customer).await?;
        if keys.is_destroyed(Purpose::Profile) {
            return Err(ConsoleError::NotFound);
        }
        let now = app.now();
        let values = view.row.assessment.as_ref().and_then(|of| of.values.as_ref());
        let values = values.and_then(|sealed| opened_values(&keys, view, sealed));
        let copy = copy::find(app, signed_in, view, state.erased, now).await?;
        let may_say_verified = match &copy {
            CopyState::Off => MaySayVerified::Never,
            CopyState::Gone | CopyState::NotForRole | CopyState::Unreadable => MaySayVerified::PictureGone,
            CopyState::There(_) => seen_until(app, signed_in, customer, &view.row.id, now)
                .await?
                .map_or(MaySayVerified::NotSeen, MaySayVerified::Until),
        };
        Ok(Self { view, values, copy, may_say_verified, is_sent: false, now })
    }

    /// Puts on record what is shown, and shows it. `form` is one that was refused.
    ///
    /// # Errors
    /// [`ConsoleError::NotRecorded`]: nothing is shown then.
    pub(super) async fn page(
        self,
        req: &HttpRequest,
        app: &App,
        signed_in: &SignedIn,
        asked: PictureAsked,
        form: Option<DecisionForm>,
    ) -> Result<HttpResponse, ConsoleError> {
        let Self { view, values, copy, mut may_say_verified, is_sent, now } = self;
        let row = &view.row;
        let mut fields = Vec::new();
        let mut page = PersonalDataPage::Review;
        let mut event_id = EventId::from_bytes(vault::random_id());
        let (picture, shown_copy) = match (copy, asked) {
            (CopyState::Off, _) => (PictureStanding::Off, None),
            (CopyState::NotForRole, _) => (PictureStanding::NotForRole, None),
            (CopyState::Gone, _) => (PictureStanding::Gone, None),
            (CopyState::Unreadable, _) => (PictureStanding::Unreadable, None),
            (CopyState::There(_), PictureAsked::No) => (PictureStanding::Hidden, None),
            (CopyState::There(copy), PictureAsked::Yes) => (PictureStanding::Hidden, Some(copy)),
        };
        if shown_copy.is_some() {
            // The card's text and the portrait are what is on it.
            fields.extend([Field::Photo, Field::KtpText]);
            page = PersonalDataPage::ReviewCopy;
            event_id = view_id(&signed_in.org.ids, &row.customer, &row.id, &signed_in.account.user, now);
        }
        if values.is_some() {
            fields.push(Field::VoterValues);
        }
        // Drawn before it is on record: a picture that cannot be drawn was seen by nobody.
        let picture = match shown_copy {
            Some(copy) => PictureStanding::Shown(copy::burnt_in(copy, signed_in, now).await?),
            None => picture,
        };
        let recorded_at = (!fields.is_empty()).then_some(now);
        if recorded_at.is_some() {
            let viewed = PersonalDataViewed {
                event_id,
                customer: row.customer.clone(),
                staff_user: signed_in.account.user.clone(),
                staff_role: signed_in.account.role,
                page,
                fields: Field::ALL.into_iter().filter(|field| fields.contains(field)).collect(),
                request_id: request_id(req),
                viewed_at: now,
            };
            record_view(app, viewed, carried(req.headers()).as_deref()).await?;
        }
        if page == PersonalDataPage::ReviewCopy {
            let good_ms = domain::limits::REVIEW_SEEN_MINUTES * 60_000;
            may_say_verified = MaySayVerified::Until(Timestamp::from_millis(now.millis() + good_ms));
        }
        let decides = signed_in.account.role.decides_reviews() && is_open(view) && !is_sent;
        let empty = DecisionForm {
            may_say_verified,
            taken: None,
            reason_code: String::new(),
            note: String::new(),
            problems: Vec::new(),
        };
        let form = form.map(|form| DecisionForm { may_say_verified, ..form });
        let refused = form.as_ref().filter(|_| !decides).map(|form| form.problems.clone());
        let assessment = row.assessment.as_ref();
        let model = ReviewModel {
            id: row.id.clone(),
            customer: row.customer.customer.clone(),
            captured_at: row.created_at,
            category: row.reason_category,
            assurance: assessment.map(|of| of.assurance),
            guidance: assessment.map(|of| of.guidance.clone()).unwrap_or_default(),
            panels: assessment.map(|of| panels(of, values.as_deref())).unwrap_or_default(),
            recorded_at,
            decided: view.review.as_ref().map(decided),
            is_sent,
            picture,
            form: decides.then(|| form.unwrap_or(empty)),
            refused: refused.unwrap_or_default(),
        };
        let frame = signed_in.frame(req, ConsolePage::Reviews);
        Ok(answer::page(review::render(&frame, &model)))
    }
}

fn request_id(req: &HttpRequest) -> String {
    req.extensions().get::<RequestName>().map(|name| name.as_str().to_owned()).unwrap_or_default()
}

fn decided(review: &ReviewRow) -> DecidedReview {
    DecidedReview {
        to_status: review.to_status,
        reason_code: review.reason_code.clone(),
        by: review.by.clone(),
        created_at: review.created_at,
    }
}

/// What the voters measured, in their order; none where it was erased or does not open.
fn opened_values(
    keys: &CustomerKeys,
    view: &VerificationView,
    sealed: &Sealed,
) -> Option<Vec<Option<Measure>>> {
    let place = SealContext {
        event_id: &view.row.event_id,
        field: Field::VoterValues,
        content_type: VOTER_VALUES_CONTENT_TYPE,
    };
    match keys.open(&place, sealed) {
        Ok(Opened::Open(plain)) => measures(&plain),
        Ok(Opened::Erased) => None,
        Err(error) => {
            tracing::error!(%error, verification = view.row.id.as_str(), "what voters measured does not open");
            metrics::counter!("identity_unreadable_rows_total").increment(1);
            None
        }
    }
}

/// As [`CaptureAssessment::values`] has them.
fn measures(plain: &[u8]) -> Option<Vec<Option<Measure>>> {
    let (numbers, rest) = plain.as_chunks::<8>();
    let measure = |bytes: &[u8; 8]| {
        Some(i64::from_le_bytes(*bytes)).filter(|number| *number != i64::MIN).map(Measure::from_millionths)
    };
    rest.is_empty().then(|| numbers.iter().map(measure).collect())
}

/// The voters with what they measured: those of the first panel first.
fn panels(of: &CaptureAssessment, values: Option<&[Option<Measure>]>) -> Vec<PanelPart> {
    let mut values = values.unwrap_or_default().iter().copied();
    let mut part = |panel: &VoterPanel, is_anti_spoof| PanelPart {
        is_anti_spoof,
        fused: panel.fused,
        voters: panel
            .voters
            .iter()
            .map(|voter| VoterLine {
                name: voter.name.clone(),
                state: voter.state,
                reason: voter.reason.clone(),
                value: values.next().flatten(),
                threshold: voter.threshold,
            })
            .collect(),
    };
    vec![part(&of.anti_spoof, true), part(&of.tamper, false)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_as_they_were_sealed() {
        let plain = [853_000_i64.to_le_bytes(), i64::MIN.to_le_bytes(), (-1_i64).to_le_bytes()].concat();
        let wanted = [Some(853_000), None, Some(-1)].map(|one| one.map(Measure::from_millionths));
        assert_eq!(measures(&plain).as_deref(), Some(&wanted[..]));
        assert_eq!(measures(&plain[..9]), None);
        assert_eq!(measures(&[]), Some(Vec::new()));
    }
}
