//! One verification that waits for a person: what its voters found, the review copy where it may be shown, and the form that
//! decides. What voters measured is personal: a model that has it is made when the view is on record, and has no `Debug`.

mod decision;
mod picture;
mod voters;

use domain::capture::{AssuranceTier, GuidanceCode};
use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, VerificationId};
use domain::rows::{ReviewState, VerificationStatus};
use domain::time::Timestamp;
use maud::{Markup, html};

pub use self::decision::{DecidedReview, DecisionForm, DecisionProblem, DecisionTaken, MaySayVerified};
pub use self::picture::{PictureStanding, ShownPicture};
pub use self::voters::{PanelPart, VoterLine};
use super::customers::customer_path;
use super::reviews::{self, review_path};
use crate::terms::{category_name, review_state_name};
use crate::words::words;
use crate::{PageFrame, format};

/// What the page shows.
pub struct ReviewModel {
    /// Which verification.
    pub id: VerificationId,
    /// Whose.
    pub customer: CustomerId,
    /// When it was captured.
    pub captured_at: Timestamp,
    /// Why it was left to a person.
    pub category: Option<ReasonCategory>,
    /// How far what was read can be relied on; none where nothing is known of the capture.
    pub assurance: Option<AssuranceTier>,
    /// What the person before the camera could have done better.
    pub guidance: Vec<GuidanceCode>,
    /// The voters, by kind.
    pub panels: Vec<PanelPart>,
    /// When this view was recorded, where it shows what voters measured or the picture.
    pub recorded_at: Option<Timestamp>,
    /// What somebody decided.
    pub decided: Option<DecidedReview>,
    /// A decision of this reader is in the log and not shown yet.
    pub is_sent: bool,
    /// The review copy.
    pub picture: PictureStanding,
    /// The form, where the reader decides and nothing is decided yet.
    pub form: Option<DecisionForm>,
    /// Why a decision was refused, where there is no form any more.
    pub refused: Vec<DecisionProblem>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &ReviewModel) -> String {
    let words = ReviewWords::of(frame.language);
    let main = html! {
        p class="back" { a href=(reviews::PATH) { (words.back) } }
        h1 { (words.title) }
        @if let Some(recorded_at) = model.recorded_at {
            p class="recorded" role="note" {
                (words.recorded) " " (format::time(frame.language, recorded_at))
            }
        }
        @if model.is_sent && model.decided.is_none() { p class="notice" role="status" { (words.sent) } }
        (facts(frame, words, model))
        @if let Some(decided) = &model.decided { (decision::decided_part(frame, decided)) }
        (picture::part(frame, &model.id, &model.picture))
        (decision::refused_part(frame, &model.refused))
        @if let Some(form) = &model.form { (decision::part(frame, &review_path(&model.id), form)) }
        @for panel in &model.panels { (voters::part(frame, panel)) }
    };
    frame.document(&format!("{} {}", words.title, model.id), &main)
}

fn facts(frame: &PageFrame, words: &ReviewWords, model: &ReviewModel) -> Markup {
    let language = frame.language;
    let state = match &model.decided {
        None => ReviewState::Open,
        Some(decided) if decided.to_status == VerificationStatus::Verified => ReviewState::Verified,
        Some(_) => ReviewState::Failed,
    };
    html! {
        dl class="facts" {
            div { dt { (words.verification) } dd { code { (model.id) } } }
            div {
                dt { (words.customer) }
                dd { a class="id" href=(customer_path(&model.customer)) { (model.customer) } }
            }
            div { dt { (words.captured) } dd { (format::time(language, model.captured_at)) } }
            div { dt { (words.state) } dd { (review_state_name(language, state)) } }
            @if let Some(category) = model.category {
                div { dt { (words.reason) } dd { (category_name(language, category)) } }
            }
            @if let Some(assurance) = model.assurance {
                div {
                    dt { (words.assurance) }
                    dd { @match assurance {
                        AssuranceTier::Low => (words.low),
                        AssuranceTier::Standard => (words.standard),
                    } }
                }
            }
            @if !model.guidance.is_empty() {
                div { dt { (words.guidance) } dd { @for code in &model.guidance { code { (code.as_str()) } " " } } }
            }
        }
    }
}

words! {
    /// Words of the page.
    ReviewWords {
        title: "Review", "Tinjauan";
        back: "All reviews", "Semua tinjauan";
        recorded: "This view of personal data was recorded:", "Tampilan data pribadi ini dicatat:";
        sent: "Your decision is in the log. It is shown here as soon as it is taken in.",
            "Keputusan Anda sudah tercatat dan akan tampil di sini setelah diproses.";
        verification: "Verification", "Verifikasi";
        customer: "Customer", "Nasabah";
        captured: "Captured", "Diambil";
        state: "Review", "Status tinjauan";
        reason: "Left to a person because", "Diserahkan kepada peninjau karena";
        assurance: "Card read by", "Kartu dibaca oleh";
        low: "the phone (low)", "ponsel (rendah)";
        standard: "our reader (standard)", "pembaca kami (standar)";
        guidance: "Could be better", "Dapat diperbaiki";
    }
}

#[cfg(test)]
mod tests;
