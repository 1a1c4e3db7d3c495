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

use super::seen::{seen_at, seen_until, view_id};
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
        mut self,
        req: &HttpRequest,
        app: &App,
        signed_in: &SignedIn,
        asked: PictureAsked,
        form: Option<DecisionForm>,
    ) -> Result<HttpResponse, ConsoleError> {
        // Drawn before it is on record: a picture that cannot be drawn was seen by nobody.
        let picture = match (std::mem::replace(&mut self.copy, CopyState::Gone), asked) {
            (CopyState::Off, _) => PictureStanding::Off,
            (CopyState::NotForRole, _) => PictureStanding::NotForRole,
            (CopyState::Gone, _) => PictureStanding::Gone,
            (CopyState::Unreadable, _) => PictureStanding::Unreadable,
            (CopyState::There(_), PictureAsked::No) => PictureStanding::Hidden,
            (CopyState::There(copy), PictureAsked::Yes) => {
                PictureStanding::Shown(copy::burnt_in(copy, signed_in, self.now).await?)
            }
        };
        let shows_copy = matches!(picture, PictureStanding::Shown(_));
        let recorded_at = if let Some(viewed) = self.viewed(req, signed_in, shows_copy) {
            record_view(app, viewed, carried(req.headers()).as_deref()).await?;
            Some(self.now)
        } else {
            None
        };
        if shows_copy {
            self.may_say_verified = MaySayVerified::Until(seen_at(self.now));
        }
        let model = self.model(signed_in, picture, recorded_at, form);
        let frame = signed_in.frame(req, ConsolePage::Reviews);
        Ok(answer::page(review::render(&frame, &model)))
    }

    /// The access record of what is shown; none where nothing personal is.
    fn viewed(
        &self,
        req: &HttpRequest,
        signed_in: &SignedIn,
        shows_copy: bool,
    ) -> Option<PersonalDataViewed> {
        let (row, user) = (&self.view.row, &signed_in.account.user);
        let is_shown = |field: &Field| match field {
            // The card's text and the portrait are what is on a copy.
            Field::Photo | Field::KtpText => shows_copy,
            Field::VoterValues => self.values.is_some(),
            _ => false,
        };
        let fields: Vec<Field> = Field::ALL.into_iter().filter(is_shown).collect();
        let (page, event_id) = if shows_copy {
            let id = view_id(&signed_in.org.ids, &row.customer, &row.id, user, self.now);
            (PersonalDataPage::ReviewCopy, id)
        } else {
            (PersonalDataPage::Review, EventId::from_bytes(vault::random_id()))
        };
        (!fields.is_empty()).then(|| PersonalDataViewed {
            event_id,
            customer: row.customer.clone(),
            staff_user: user.clone(),
            staff_role: signed_in.account.role,
            page,
            fields,
            request_id: request_id(req),
            viewed_at: self.now,
        })
    }

    fn model(
        &self,
        signed_in: &SignedIn,
        picture: PictureStanding,
        recorded_at: Option<Timestamp>,
        form: Option<DecisionForm>,
    ) -> ReviewModel {
        let (row, may_say_verified) = (&self.view.row, self.may_say_verified);
        let decides = signed_in.account.role.decides_reviews() && is_open(self.view) && !self.is_sent;
        let refused = form.as_ref().filter(|_| !decides).map(|form| form.problems.clone());
        let form = form.map_or_else(
            || DecisionForm {
                may_say_verified,
                taken: None,
                reason_code: String::new(),
                note: String::new(),
                problems: Vec::new(),
            },
            |form| DecisionForm { may_say_verified, ..form },
        );
        let assessment = row.assessment.as_ref();
        ReviewModel {
            id: row.id.clone(),
            customer: row.customer.customer.clone(),
            captured_at: row.created_at,
            category: row.reason_category,
            assurance: assessment.map(|of| of.assurance),
            guidance: assessment.map(|of| of.guidance.clone()).unwrap_or_default(),
            panels: assessment.map(|of| panels(of, self.values.as_deref())).unwrap_or_default(),
            recorded_at,
            decided: self.view.review.as_ref().map(decided),
            is_sent: self.is_sent,
            picture,
            form: decides.then_some(form),
            refused: refused.unwrap_or_default(),
        }
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
