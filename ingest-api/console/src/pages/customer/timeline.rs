//! What happened to a customer, newest first: verifications, face references, changes of the tier. A declined verdict's
//! reason stands here in words, with its category.

use domain::classify::ReasonCategory;
use domain::event::RiskLevel;
use domain::ids::{CustomerId, EnrolmentId, TierEventId, VerificationId};
use domain::policy::{Method, Tier};
use domain::rows::{FaceSource, ReviewState, VerificationStatus, VoidReason};
use domain::time::Timestamp;
use maud::{Markup, html};

use super::signals::{SignalLine, severity, signal_name};
use crate::pages::customers::customer_path;
use crate::pages::void::void_path;
use crate::tables::table_head;
use crate::terms::{
    category_name, method_name, result_name, review_name, source_name, tier_name, void_reason_name,
};
use crate::words::words;
use crate::{PageFrame, format};

/// A page of it.
pub struct TimelinePart {
    /// Newest first.
    pub entries: Vec<TimelineEntry>,
    /// The cursor of what is older, if there is anything.
    pub older: Option<String>,
    /// Nothing is newer.
    pub is_newest: bool,
    /// Whether the reader may declare a verification void.
    pub may_void: bool,
}

/// Something that happened.
pub enum TimelineEntry {
    /// A verification.
    Verification(Box<VerificationEntry>),
    /// A face reference came.
    Enrolment(EnrolmentEntry),
    /// The tier changed.
    TierChange(TierChangeEntry),
}

impl TimelineEntry {
    /// The verification, if it is one.
    pub fn verification(&self) -> Option<&VerificationEntry> {
        match self {
            Self::Verification(entry) => Some(entry),
            Self::Enrolment(_) | Self::TierChange(_) => None,
        }
    }

    /// Whether a reason is shown with it.
    pub fn shows_reason(&self) -> bool {
        self.verification().is_some_and(|entry| matches!(entry.reason, ReasonShown::Text(_)))
    }
}

/// What is to be said about a reason.
pub enum ReasonShown {
    /// None was given.
    NotGiven,
    /// Personal.
    Text(String),
    /// It is kept, and does not open.
    Unreadable,
}

/// A verification.
pub struct VerificationEntry {
    /// The row.
    pub id: VerificationId,
    /// How.
    pub method: Method,
    /// What came of it.
    pub status: VerificationStatus,
    /// In hundredths.
    pub score: Option<u32>,
    /// Why.
    pub reason: ReasonShown,
    /// The reason's category.
    pub category: Option<ReasonCategory>,
    /// What was noticed.
    pub signals: Vec<SignalLine>,
    /// What a match compared; none of another method.
    pub matching: Option<MatchLine>,
    /// What a person decided of it, where one had to and did.
    pub review: Option<ReviewLine>,
    /// That it counts no more.
    pub voided: Option<VoidLine>,
    /// Whether it counts as verified, so that it can be made void.
    pub may_be_voided: bool,
    /// When.
    pub created_at: Timestamp,
}

/// What a person decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReviewLine {
    /// Verified, or not.
    pub state: ReviewState,
    /// The org's own code for why.
    pub reason_code: String,
    /// An API key, or a member of staff.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

/// That a verification counts no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoidLine {
    /// Why.
    pub reason: VoidReason,
    /// An API key, or a member of staff.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

/// What a match compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MatchLine {
    /// How much was at stake.
    pub risk_level: RiskLevel,
    /// Where the reference's photo came from.
    pub reference: FaceSource,
    /// Since when that reference stood.
    pub enrolled_at: Timestamp,
    /// The picture was that of a liveness check.
    pub is_bound: bool,
}

/// A face reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnrolmentEntry {
    /// The reference.
    pub id: EnrolmentId,
    /// Where its photo came from.
    pub source: FaceSource,
    /// When.
    pub created_at: Timestamp,
}

/// A change of the tier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TierChangeEntry {
    /// The change.
    pub id: TierEventId,
    /// Before.
    pub from: Tier,
    /// After.
    pub to: Tier,
    /// When.
    pub created_at: Timestamp,
}

/// The part of the page.
pub(super) fn part(frame: &PageFrame, customer: &CustomerId, timeline: &TimelinePart) -> Markup {
    let words = TimelineWords::of(frame.language);
    html! {
        section aria-labelledby="timeline" {
            h2 id="timeline" { (words.title) }
            @if timeline.entries.is_empty() {
                p class="empty" { (words.nothing) }
            } @else {
                div class="table-frame" role="group" tabindex="0" aria-labelledby="timeline" {
                    table class="timeline" {
                        (table_head(&[words.when, words.what, words.result, words.reason]))
                        tbody { @for entry in &timeline.entries { (row(frame, words, timeline, entry)) } }
                    }
                }
            }
            @if !timeline.is_newest || timeline.older.is_some() {
                nav class="pages" aria-label=(words.pages) {
                    @if !timeline.is_newest {
                        a href={ (customer_path(customer)) "#timeline" } { (words.newest) }
                    }
                    " "
                    @if let Some(cursor) = &timeline.older {
                        a rel="next" href={ (customer_path(customer)) "?after=" (cursor) "#timeline" } {
                            (words.older)
                        }
                    }
                }
            }
        }
    }
}

fn row(frame: &PageFrame, words: &TimelineWords, part: &TimelinePart, entry: &TimelineEntry) -> Markup {
    let language = frame.language;
    match entry {
        TimelineEntry::Verification(entry) => verification_row(frame, words, part, entry),
        TimelineEntry::Enrolment(entry) => html! {
            tr data-id=(entry.id) id=(entry.id) class="enrolment" {
                td { (format::time(language, entry.created_at)) }
                td { (words.enrolled) }
                td { (source_name(language, entry.source)) }
                td {}
            }
        },
        TimelineEntry::TierChange(entry) => html! {
            tr data-id=(entry.id) id=(entry.id) class="tier-change" {
                td { (format::time(language, entry.created_at)) }
                td { (words.tier_changed) }
                td {
                    (tier_name(language, entry.from)) " " span aria-hidden="true" { "→" }
                    span class="visually-hidden" { (words.to) } " "
                    strong { (tier_name(language, entry.to)) }
                }
                td {}
            }
        },
    }
}

fn verification_row(
    frame: &PageFrame,
    words: &TimelineWords,
    part: &TimelinePart,
    entry: &VerificationEntry,
) -> Markup {
    let language = frame.language;
    html! {
        tr data-id=(entry.id) id=(entry.id) class="verification" {
            td { (format::time(language, entry.created_at)) }
            td {
                (method_name(language, entry.method))
                @if let Some(matching) = entry.matching { p class="hint" { (compared(frame, words, matching)) } }
            }
            td {
                span class={ "status status-" (entry.status.as_str()) } {
                    (result_name(language, entry.method, entry.status))
                }
                @if let Some(score) = entry.score { " " span class="score" { (words.score) " " (score) } }
                @if let Some(review) = &entry.review { (reviewed(frame, words, review)) }
                @if let Some(voided) = &entry.voided { (shown_void(frame, words, voided)) }
                @if entry.may_be_voided && part.may_void {
                    p class="hint" { a href=(void_path(&entry.id)) { (words.void) } }
                }
                @for signal in &entry.signals {
                    " " a class={ "signal-mark severity-" (severity(&signal.word).as_str()) } href="#signals" {
                        (signal_name(language, &signal.word))
                    }
                }
            }
            td { (reason(frame, words, entry)) }
        }
    }
}

fn reviewed(frame: &PageFrame, words: &TimelineWords, review: &ReviewLine) -> Markup {
    let language = frame.language;
    html! {
        p class="hint" {
            @if let Some(decided) = review_name(language, review.state) { (decided) ", " }
            (format::time(language, review.created_at)) ", " (words.reviewed_by) " " (review.by)
            " (" code { (review.reason_code) } ")"
        }
    }
}

fn shown_void(frame: &PageFrame, words: &TimelineWords, voided: &VoidLine) -> Markup {
    let language = frame.language;
    html! {
        p class="hint voided" {
            strong { (words.voided) } ", " (format::time(language, voided.created_at)) ", "
            (words.reviewed_by) " " (voided.by) ": " (void_reason_name(language, voided.reason))
        }
    }
}

fn compared(frame: &PageFrame, words: &TimelineWords, matching: MatchLine) -> Markup {
    let language = frame.language;
    let risk = match matching.risk_level {
        RiskLevel::Low => words.risk_low,
        RiskLevel::Medium => words.risk_medium,
        RiskLevel::High => words.risk_high,
    };
    html! {
        (words.compared_with) " " (source_name(language, matching.reference)) ", "
        (format::date(language, matching.enrolled_at)) "; " (risk)
        @if matching.is_bound { "; " (words.bound) }
    }
}

fn reason(frame: &PageFrame, words: &TimelineWords, entry: &VerificationEntry) -> Markup {
    let was_refused = entry.status == VerificationStatus::Failed && entry.method == Method::NikDukcapil;
    html! {
        @if let Some(category) = entry.category {
            p class="category" { strong { (category_name(frame.language, category)) } }
        }
        @match &entry.reason {
            ReasonShown::Text(reason) => p class="reason" { (reason) },
            ReasonShown::Unreadable => p class="absent" { (words.unreadable) },
            ReasonShown::NotGiven => {
                @if was_refused { p class="absent" { (words.no_reason) } }
            },
        }
    }
}

words! {
    /// Words of the part.
    TimelineWords {
        title: "What happened", "Riwayat";
        nothing: "Nothing yet: no verification, no face reference, no change of the tier.",
            "Belum ada apa pun: belum ada verifikasi, referensi wajah, atau perubahan tingkat.";
        when: "When", "Waktu";
        what: "What", "Kejadian";
        result: "Result", "Hasil";
        reason: "Reason", "Alasan";
        enrolled: "Face reference added", "Referensi wajah ditambahkan";
        tier_changed: "KYC tier changed", "Tingkat KYC berubah";
        to: "to", "menjadi";
        score: "score", "skor";
        compared_with: "Compared with:", "Dibandingkan dengan:";
        risk_low: "low risk", "risiko rendah";
        risk_medium: "medium risk", "risiko sedang";
        risk_high: "high risk", "risiko tinggi";
        reviewed_by: "by", "oleh";
        voided: "Void: it counts no more", "Dibatalkan: tidak berlaku lagi";
        void: "Declare void…", "Batalkan…";
        bound: "picture of a liveness check", "gambar dari uji keaktifan";
        unreadable: "The reason cannot be opened: see the signals.", "Alasan tidak dapat dibuka: lihat sinyal.";
        no_reason: "No reason was given.", "Tidak ada alasan yang diberikan.";
        pages: "Pages of the history", "Halaman riwayat";
        newest: "Newest", "Terbaru";
        older: "Older", "Lebih lama";
    }
}
