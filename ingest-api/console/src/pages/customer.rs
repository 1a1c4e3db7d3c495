//! One customer: who it is, its tier, what happened, what was noticed, its face references. The model has personal fields
//! in clear: it is made when the view is on record, lives as long as it takes to render it, and has no `Debug`.

mod references;
mod signal_words;
mod signals;
mod timeline;

use domain::assurance::{AssurancePath, Blocker};
use domain::ids::{CustomerId, RecheckId};
use domain::policy::Tier;
use domain::recheck::RecheckStatus;
use domain::sealed::{Purpose, Purposes};
use domain::time::Timestamp;
use maud::{Markup, html};

pub use self::references::{ReferenceLine, ReferenceStanding, ReferencesPart};
pub use self::signals::SignalLine;
pub use self::timeline::{
    EnrolmentEntry, MatchLine, ReasonShown, ReviewLine, TierChangeEntry, TimelineEntry, TimelinePart,
    VerificationEntry, VoidLine,
};
use super::customers;
use super::rechecks::{recheck_path, status_mark};
use crate::terms::{assurance_path_name, tier_name};
use crate::words::words;
use crate::{Language, PageFrame, format};

/// The customer's latest recheck.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRecheck {
    /// Which.
    pub id: RecheckId,
    /// Where it stands.
    pub status: RecheckStatus,
    /// When it was opened.
    pub opened_at: Timestamp,
}

/// What the page shows.
pub struct CustomerModel {
    /// Who.
    pub id: CustomerId,
    /// Personal.
    pub full_name: String,
    /// Personal.
    pub external_id: Option<String>,
    /// Since when it is known.
    pub registered_at: Timestamp,
    /// Its tier.
    pub tier: Tier,
    /// The last verification that supported it.
    pub last_verified_at: Option<Timestamp>,
    /// Until when it counts.
    pub expires_at: Option<Timestamp>,
    /// Why it is not to be served; it is where nothing is here.
    pub blockers: Vec<Blocker>,
    /// What its identity rests on.
    pub assurance: AssurancePath,
    /// Its latest recheck, settled or not.
    pub recheck: Option<CustomerRecheck>,
    /// What was erased of it; a customer whose profile was erased has no page.
    pub erased: Purposes,
    /// How many events wait because one could not be applied.
    pub waiting_events: u64,
    /// When this view was recorded.
    pub viewed_at: Timestamp,
    /// What happened.
    pub timeline: TimelinePart,
    /// Its face references.
    pub references: ReferencesPart,
}

/// The page.
pub fn render(frame: &PageFrame, model: &CustomerModel) -> String {
    let words = CustomerWords::of(frame.language);
    let main = html! {
        p class="back" { a href=(customers::PATH) { (words.back) } }
        h1 { (model.full_name) }
        p class="recorded" role="note" {
            (words.recorded) " " (format::time(frame.language, model.viewed_at))
        }
        (facts(frame, words, model))
        (notices(words, model))
        (signals::part(frame, &model.timeline.entries))
        (timeline::part(frame, &model.id, &model.timeline))
        (references::part(frame, &model.references, model.erased.contains(Purpose::Biometric)))
    };
    // Without the name: a title goes into a browser's history.
    frame.document(&format!("{} {}", words.title, model.id), &main)
}

fn facts(frame: &PageFrame, words: &CustomerWords, model: &CustomerModel) -> Markup {
    let language = frame.language;
    html! {
        dl class="facts" {
            div { dt { (words.id) } dd { code { (model.id) } } }
            div {
                dt { (words.external_id) }
                dd { @match &model.external_id {
                    Some(external_id) => code { (external_id) },
                    None => span class="absent" { (words.no_external_id) },
                } }
            }
            div { dt { (words.registered) } dd { (format::time(language, model.registered_at)) } }
            div {
                dt { (words.tier) }
                dd { span class={ "tier tier-" (model.tier.as_str()) } { (tier_name(language, model.tier)) } }
            }
            div { dt { (words.eligibility) } dd { (eligibility(language, words, &model.blockers)) } }
            div { dt { (words.assurance) } dd { (assurance_path_name(language, model.assurance)) } }
            @if let Some(recheck) = &model.recheck {
                div {
                    dt { (words.recheck) }
                    dd {
                        a href=(recheck_path(&recheck.id)) { (status_mark(language, recheck.status)) }
                        " " (words.since) " " (format::time(language, recheck.opened_at))
                    }
                }
            }
            div {
                dt { (words.last_verified) }
                dd { (time_or(frame, model.last_verified_at, words.never)) }
            }
            div { dt { (words.expires) } dd { (time_or(frame, model.expires_at, words.never)) } }
        }
    }
}

/// Whether it may be served, and if not, everything that speaks against it.
fn eligibility(language: Language, words: &CustomerWords, blockers: &[Blocker]) -> Markup {
    html! {
        @if blockers.is_empty() { span class="status status-verified" { (words.eligible) } }
        @for blocker in blockers {
            span class="status status-failed" {
                @match blocker {
                    Blocker::BelowStandard => (words.tier_too_low),
                    Blocker::Expired => (words.expired),
                    Blocker::Signal(code) => { (words.blocked_by) " " (signals::signal_name(language, code)) },
                }
            }
            " "
        }
    }
}

fn time_or(frame: &PageFrame, time: Option<Timestamp>, without: &str) -> Markup {
    html! {
        @match time {
            Some(time) => (format::time(frame.language, time)),
            None => span class="absent" { (without) },
        }
    }
}

/// What changes how the rest is to be read.
fn notices(words: &CustomerWords, model: &CustomerModel) -> Markup {
    html! {
        @if model.erased.contains(Purpose::Biometric) { p class="notice" { (words.biometric_erased) } }
        @if model.erased.contains(Purpose::Evidence) { p class="notice" { (words.evidence_erased) } }
        @if model.waiting_events > 0 { p class="notice notice-warning" { (words.waiting) } }
    }
}

words! {
    /// Words of the page.
    CustomerWords {
        title: "Customer", "Nasabah";
        back: "All customers", "Semua nasabah";
        recorded: "This view of personal data was recorded:", "Tampilan data pribadi ini dicatat:";
        id: "Customer id", "ID nasabah";
        external_id: "Your own id", "ID milik Anda";
        no_external_id: "none was given", "tidak diberikan";
        registered: "Registered", "Terdaftar";
        tier: "KYC tier", "Tingkat KYC";
        eligibility: "May be served", "Dapat dilayani";
        eligible: "Yes", "Ya";
        tier_too_low: "No: the tier is below standard", "Tidak: tingkat di bawah Standar";
        expired: "No: the verification has expired", "Tidak: verifikasi kedaluwarsa";
        blocked_by: "No: blocked by the signal", "Tidak: diblokir oleh sinyal";
        assurance: "Rests on", "Berdasarkan";
        recheck: "Dukcapil recheck", "Verifikasi ulang Dukcapil";
        since: "opened", "dibuka";
        last_verified: "Last verified", "Terakhir terverifikasi";
        expires: "Expires", "Kedaluwarsa";
        never: "not yet", "belum";
        biometric_erased: "The biometric data of this customer was erased: there is no face reference any more, and none can be added.",
            "Data biometrik nasabah ini telah dihapus: tidak ada lagi referensi wajah, dan tidak dapat ditambahkan.";
        evidence_erased: "The evidence of this customer was erased: the registry's raw answers can never be opened again.",
            "Bukti nasabah ini telah dihapus: jawaban mentah dari Dukcapil tidak dapat dibuka lagi.";
        waiting: "Some events of this customer wait, because one could not be applied. What is shown here may be out of date. Ask the operator to release them.",
            "Sebagian kejadian nasabah ini tertahan karena salah satunya tidak dapat diproses. Data di sini mungkin belum mutakhir. Minta operator untuk melepaskannya.";
    }
}

#[cfg(test)]
mod tests;
