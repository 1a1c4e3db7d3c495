//! What a customer's standing rests on and what speaks against serving it, now or as of a moment, for whoever shows one
//! customer. What each means, the domain says (`assurance`).

use std::collections::BTreeSet;

pub use domain::assurance::Blocker;
use domain::assurance::{AssurancePath, blockers, blocking_codes_of, recheck_status_at};
use domain::ids::{CustomerRef, RecheckId};
use domain::limits::PAGE_ROWS_MAX;
use domain::orgs::OrgRecord;
use domain::policy::{Method, Methods};
use domain::ports::{AttemptsQuery, PageStart, RecheckOrder, RechecksQuery, VerificationView};
use domain::recheck::RecheckStatus;
use domain::rows::{CustomerState, Generation, Kyc, ReviewState, VerificationStatus};
use domain::time::Timestamp;
use vault::CustomerKeys;

use super::nik_signals::{NikSignals, RowNik};
use super::noticed::{NoticedSignal, noticed_signals};
use crate::app::App;
use crate::serving::errors::ApiError;

/// What an identity rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerAssurance {
    /// The strongest of what stands.
    pub path: AssurancePath,
    /// The latest recheck, where it stood, and since when it is there.
    pub recheck: Option<(RecheckId, RecheckStatus, Timestamp)>,
}

/// One customer as it is read.
pub struct ReadCustomer<'a> {
    /// Where from.
    pub app: &'a App,
    /// The generation that answers.
    pub generation: Generation,
    /// Who.
    pub customer: &'a CustomerRef,
    /// As of when; none for now.
    pub as_of: Option<Timestamp>,
}

impl ReadCustomer<'_> {
    /// What the customer's identity rests on. Now it is in its state; as of a moment it is read from the rows of then.
    ///
    /// # Errors
    /// From the stores.
    pub async fn assurance(&self, state: &CustomerState) -> Result<CustomerAssurance, ApiError> {
        let (verified, recheck) = match self.as_of {
            None => {
                let recheck = state.recheck.as_ref();
                (state.verified, recheck.map(|row| (row.id.clone(), row.status, row.opened_at)))
            }
            Some(at) => futures::try_join!(self.verified_at(at), self.recheck_at(at))?,
        };
        let status = recheck.as_ref().map(|(_, status, _)| *status);
        Ok(CustomerAssurance { path: AssurancePath::of(verified, status), recheck })
    }

    /// Of the methods that an identity can rest on, those that stood then.
    async fn verified_at(&self, at: Timestamp) -> Result<Methods, ApiError> {
        let verified = Some(VerificationStatus::Verified);
        let reviewed = Some(ReviewState::Verified);
        let (dukcapil, card, reviewed_card) = futures::try_join!(
            self.stood_at(at, Method::NikDukcapil, verified, None),
            self.stood_at(at, Method::KtpCapture, verified, None),
            self.stood_at(at, Method::KtpCapture, None, reviewed),
        )?;
        let stood = [(Method::NikDukcapil, dukcapil), (Method::KtpCapture, card || reviewed_card)];
        Ok(stood.into_iter().filter(|(_, stood)| *stood).map(|(method, _)| method).collect())
    }

    /// Whether one of those verifications counted then.
    async fn stood_at(
        &self,
        at: Timestamp,
        method: Method,
        status: Option<VerificationStatus>,
        review: Option<ReviewState>,
    ) -> Result<bool, ApiError> {
        let query = AttemptsQuery { method: Some(method), status, review, ..self.all_up_to(at) };
        let mut found = false;
        self.each_view(query, |view| {
            found = counted_at(view, at);
            found
        })
        .await?;
        Ok(found)
    }

    /// The customer's verifications that were there then.
    fn all_up_to(&self, at: Timestamp) -> AttemptsQuery {
        AttemptsQuery {
            org: self.customer.org.clone(),
            method: None,
            status: None,
            category: None,
            review: None,
            customer: Some(self.customer.customer.clone()),
            from: None,
            to: Some(after(at)),
            start: PageStart::Skip(0),
            limit: PAGE_ROWS_MAX,
        }
    }

    /// Goes through what the query matches, newest first, until told to stop: all of it, so that nothing is too old to
    /// count.
    async fn each_view(
        &self,
        mut query: AttemptsQuery,
        mut is_enough: impl FnMut(&VerificationView) -> bool,
    ) -> Result<(), ApiError> {
        loop {
            let page = self.app.views.attempts(self.generation, &query).await?;
            if page.rows.iter().any(&mut is_enough) {
                return Ok(());
            }
            match page.rows.last().filter(|_| page.more) {
                Some(last) => query.start = PageStart::After(last.row.place()),
                None => return Ok(()),
            }
        }
    }

    async fn recheck_at(
        &self,
        at: Timestamp,
    ) -> Result<Option<(RecheckId, RecheckStatus, Timestamp)>, ApiError> {
        let query = RechecksQuery {
            org: self.customer.org.clone(),
            status: None,
            customer: Some(self.customer.customer.clone()),
            from: None,
            to: Some(after(at)),
            order: RecheckOrder::NewestFirst,
            start: PageStart::Skip(0),
            limit: 1,
        };
        let found = self.app.rechecks.rechecks(self.generation, &query).await?;
        let latest = found.rows.into_iter().next();
        Ok(latest.map(|row| (row.id.clone(), recheck_status_at(&row, at), row.opened_at)))
    }

    /// All that speaks against serving the customer. Signals are read only where its org blocks on some.
    ///
    /// # Errors
    /// From the stores.
    pub async fn blockers(
        &self,
        org: &OrgRecord,
        kyc: Kyc,
        keys: &CustomerKeys,
    ) -> Result<Vec<Blocker>, ApiError> {
        let at = self.as_of.unwrap_or_else(|| self.app.now());
        let block_on = blocking_codes_of(org);
        let noticed =
            if block_on.is_empty() { BTreeSet::new() } else { self.noticed(at, &block_on, keys).await? };
        Ok(blockers(kyc, at, &block_on, noticed))
    }

    /// Which of those codes were noticed by then: in rows, and at reading.
    async fn noticed(
        &self,
        at: Timestamp,
        block_on: &[&'static str],
        keys: &CustomerKeys,
    ) -> Result<BTreeSet<&'static str>, ApiError> {
        let mut noticed = BTreeSet::new();
        let at_reading: Vec<NoticedSignal> = noticed_signals(self.app, self.customer, keys).await?;
        let mut take = |word: &str, created_at: Timestamp| {
            noticed.extend(block_on.iter().copied().filter(|code| created_at <= at && *code == word));
            noticed.len() == block_on.len()
        };
        if at_reading.iter().any(|signal| take(signal.kind.as_str(), signal.created_at)) {
            return Ok(noticed);
        }
        let mut query = self.all_up_to(at);
        loop {
            let page = self.app.views.attempts(self.generation, &query).await?;
            // What was noticed about a verification that counts no more blocks nobody.
            let views: Vec<_> = page.rows.iter().filter(|view| !is_void_at(view, at)).collect();
            let niks =
                NikSignals::look(self.app, self.generation, views.iter().map(|view| &view.row)).await?;
            for view in views {
                let of_nik = niks.of(&view.row).into_iter().flat_map(RowNik::signals);
                let mut of_nik = of_nik.map(|kind| (kind.as_str(), view.row.created_at));
                let of_row = view.signals.iter().map(|signal| (signal.kind.as_str(), signal.created_at));
                if of_row.chain(&mut of_nik).any(|(word, created_at)| take(word, created_at)) {
                    return Ok(noticed);
                }
            }
            match page.rows.last().filter(|_| page.more) {
                Some(last) => query.start = PageStart::After(last.row.place()),
                None => return Ok(noticed),
            }
        }
    }
}

/// Whether a verification that counts now counted then already: by itself, or since it was reviewed.
fn counted_at(view: &VerificationView, at: Timestamp) -> bool {
    if is_void_at(view, at) {
        return false;
    }
    match &view.review {
        Some(review) => review.created_at <= at,
        None => view.row.status == VerificationStatus::Verified,
    }
}

/// Whether it was void by then.
fn is_void_at(view: &VerificationView, at: Timestamp) -> bool {
    view.voided.as_ref().is_some_and(|void| void.created_at <= at)
}

/// The first moment that is not `at` or before.
fn after(at: Timestamp) -> Timestamp {
    Timestamp::from_millis(at.millis().saturating_add(1))
}
