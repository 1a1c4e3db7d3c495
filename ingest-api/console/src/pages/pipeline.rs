//! How events get through the installation, for whoever operates it: what comes in, how far the read model is, whether
//! the books balance, what waits for somebody, and what does not answer. It has no personal data, since the listener it
//! is on asks nobody who they are.

mod rate_chart;
mod tables;
mod words;

use std::time::Duration;

use domain::ids::OrgId;
use domain::rows::Books;
use domain::time::Timestamp;
use maud::{Markup, html};

use self::words::PipelineWords;
use crate::{PageFrame, format};

/// Where the page is.
pub const PATH: &str = "/console/pipeline";

/// Where it is told that something changed.
pub const LIVE_PATH: &str = "/console/pipeline/live";

/// The name of what it is told.
pub const CHANGED: &str = "changed";

/// What the page shows.
#[derive(Debug, Clone)]
pub struct PipelineModel {
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// Which build runs.
    pub build: String,
    /// Why the program is not ready, by the names of `/readyz`; empty when it is.
    pub unready: Vec<&'static str>,
    /// None: the program has not come so far yet, or it ends.
    pub figures: Option<PipelineFigures>,
    /// It is renewed by itself while it is read.
    pub is_live: bool,
    /// Its reader wants it to stay as it is.
    pub is_held: bool,
}

/// What changes. Two that are equal look the same.
#[derive(Debug, Clone, PartialEq)]
pub struct PipelineFigures {
    /// Events that came into the log.
    pub intake: IntakeFigures,
    /// How long the oldest event that is not projected has waited.
    pub waiting: Option<WaitingTime>,
    /// How far the read model is. None: the log or the read model does not answer.
    pub projection: Option<ProjectionFigures>,
    /// Records in the dead letters. None: the log does not answer.
    pub dead_letters: Option<u64>,
    /// What this program works with.
    pub dependencies: Vec<(DependencyName, DependencyState)>,
    /// By face model. None: the store does not answer.
    pub faces: Option<Vec<FaceModelLag>>,
}

/// What comes in.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct IntakeFigures {
    /// Events a second over the last minute, of the whole installation. None: not measured for so long yet.
    pub per_second: Option<f64>,
    /// The same between two samples, oldest first.
    pub samples: Vec<RateSample>,
    /// Verdicts that this program has answered since its start.
    pub verdicts: VerdictCounts,
}

/// Events a second between two looks at the log.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSample {
    /// The later of the two.
    pub at: Timestamp,
    /// Events a second.
    pub per_second: f64,
}

/// Answers to verdicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerdictCounts {
    /// 2xx.
    pub accepted: u64,
    /// 4xx: the caller's matter.
    pub refused: u64,
    /// 5xx: not known to be accepted.
    pub failed: u64,
}

/// How long something has waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitingTime {
    /// Nothing waits.
    None,
    /// Not longer than that.
    AtMost(Duration),
    /// Longer than the program has looked.
    MoreThan(Duration),
}

/// How far the read model is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectionFigures {
    /// The generation that answers.
    pub live_generation: u32,
    /// The one beside it, and what becomes of it.
    pub second_generation: Option<(u32, SecondGenerationState)>,
    /// By partition of `identity.events`.
    pub partitions: Vec<PartitionFigures>,
    /// By org.
    pub books: Vec<OrgBooksFigures>,
    /// Customers that are quarantined.
    pub quarantined: u64,
}

impl ProjectionFigures {
    /// Events that are in the log and not projected.
    pub fn lag(&self) -> u64 {
        self.partitions.iter().map(|partition| partition.end.saturating_sub(partition.next)).sum()
    }
}

/// What becomes of the generation beside the one that answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "the glossary's own words")]
pub enum SecondGenerationState {
    Building,
    Next,
    Previous,
    Leaving,
    Dropping,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionFigures {
    /// Its number.
    pub partition: u32,
    /// The offset that the read model takes next.
    pub next: u64,
    /// The offset that the log gives next.
    pub end: u64,
    /// It lags, and has not moved from one look to the next.
    pub is_still: bool,
    /// Orgs whose events wait for a key.
    pub held: Vec<OrgId>,
}

/// An org's books over all partitions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgBooksFigures {
    /// Whose.
    pub org: OrgId,
    /// The columns.
    pub books: Books,
    /// In every partition.
    pub balance: bool,
}

/// How far the second projection is with one face model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaceModelLag {
    /// The model.
    pub model: String,
    /// Events that it has not come to; at most as many photos are due.
    pub events: u64,
    /// The program reads photos with it now.
    pub is_loaded: bool,
}

/// What a program works with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is what its name says")]
pub enum DependencyName {
    EventLog,
    ReadModel,
    KeyStore,
    KeyManagement,
    OutcomeStream,
    OrgDirectory,
    FaceModels,
}

/// Whether it can be worked with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DependencyState {
    /// It answers, or is followed.
    Good,
    /// It does not.
    Away,
    /// The settings name none.
    NotConfigured,
}

/// The page.
pub fn render(frame: &PageFrame, model: &PipelineModel) -> String {
    let words = PipelineWords::of(frame.language);
    let language = frame.language.code();
    let main = html! {
        h1 { (words.title) }
        p class="lead" { (words.lead) }
        @if model.is_held {
            div id="figures" { (figures(frame, words, model)) }
        } @else {
            div hx-ext="sse" sse-connect=(LIVE_PATH) {
                div id="figures" hx-get=(format!("{PATH}?lang={language}&live=1")) hx-trigger=(format!("sse:{CHANGED}"))
                    hx-select="#figures > *" hx-swap="innerHTML" {
                    (figures(frame, words, model))
                }
            }
        }
    };
    PageFrame { is_live: !model.is_held, ..frame.clone() }.document(words.title, &main)
}

fn figures(frame: &PageFrame, words: &PipelineWords, model: &PipelineModel) -> Markup {
    let at = format::time(frame.language, model.asked_at);
    let (live, note) = if model.is_live { ("on", words.live) } else { ("off", words.not_live) };
    html! {
        p class="live" data-live=(live) {
            span { (words.as_of) " " (at) ". " (note) } " "
            // What renews itself can be stopped (WCAG 2.2.2).
            @if model.is_held {
                a href=(format!("{PATH}?lang={}", frame.language.code())) { (words.follow) }
            } @else {
                a href=(format!("{PATH}?lang={}&held=1", frame.language.code())) { (words.hold) }
            }
        }
        @if !model.unready.is_empty() {
            div class="notice warn" role="status" {
                p { strong { (words.unready) } " " (words.unready_because) }
                ul { @for reason in &model.unready { li { code { (reason) } } } }
            }
        }
        @match &model.figures {
            None => p class="empty" { (words.nothing_yet) },
            Some(figures) => {
                (problems(words, figures))
                (tiles(frame, words, figures))
                div class="columns" {
                    section { (rate_chart::chart(frame.language, words, &figures.intake)) }
                    section {
                        h2 { (words.dependencies) }
                        (tables::dependencies(words, &figures.dependencies))
                    }
                }
                (tables::all(frame.language, words, figures))
            }
        }
        p class="note" { (words.build) " " code { (model.build) } }
    }
}

/// What somebody has to do something about.
fn problems(words: &PipelineWords, figures: &PipelineFigures) -> Markup {
    let projection = figures.projection.as_ref();
    let unbalanced = projection.is_some_and(|of| of.books.iter().any(|org| !org.balance));
    let still = projection.is_some_and(|of| of.partitions.iter().any(|partition| partition.is_still));
    let held = projection.is_some_and(|of| of.partitions.iter().any(|partition| !partition.held.is_empty()));
    let away = figures.dependencies.iter().any(|(_, state)| *state == DependencyState::Away);
    let said: Vec<(&str, &str)> = [
        (unbalanced, "bad", words.unbalanced),
        (away, "bad", words.away),
        (projection.is_none(), "bad", words.no_projection),
        (still, "warn", words.still),
        (held, "warn", words.held),
        (projection.is_some_and(|of| of.quarantined > 0), "warn", words.quarantine),
    ]
    .into_iter()
    .filter_map(|(holds, class, text)| holds.then_some((class, text)))
    .collect();
    html! {
        @for (class, text) in &said { p class={ "notice " (class) } { (text) } }
        @if said.is_empty() { p class="notice good" { (words.all_good) } }
    }
}

fn tiles(frame: &PageFrame, words: &PipelineWords, figures: &PipelineFigures) -> Markup {
    let count = |number: u64| format::count(frame.language, number);
    let or_none = |number: Option<u64>| number.map_or_else(|| "–".to_owned(), count);
    let lag = figures.projection.as_ref().map(ProjectionFigures::lag);
    let quarantined = figures.projection.as_ref().map(|of| of.quarantined);
    let due =
        figures.faces.as_ref().map(|of| of.iter().filter(|model| model.is_loaded).map(|m| m.events).sum());
    let warns_at = |number: Option<u64>| if number == Some(0) { "good" } else { "warn" };
    html! {
        dl class="tiles" {
            div {
                dt { (words.intake) }
                dd data-figure="rate" { (rate_chart::rate(frame.language, figures.intake.per_second)) }
                dd class="note" { (words.intake_note) }
            }
            div class=(if figures.waiting == Some(WaitingTime::None) { "good" } else { "warn" }) {
                dt { (words.freshness) }
                dd data-figure="freshness" { (waiting(words, figures.waiting)) }
                dd class="note" { (words.freshness_note) }
            }
            div class=(warns_at(lag)) {
                dt { (words.lag) }
                dd data-figure="lag" { (or_none(lag)) }
                dd class="note" { (words.lag_note) }
            }
            div class=(warns_at(quarantined)) {
                dt { (words.quarantined) }
                dd data-figure="quarantined" { (or_none(quarantined)) }
                dd class="note" { (words.quarantined_note) }
            }
            div class=(warns_at(figures.dead_letters)) {
                dt { (words.dead_letters) }
                dd data-figure="dead-letters" { (or_none(figures.dead_letters)) }
                dd class="note" { (words.dead_letters_note) }
            }
            div class=(warns_at(due)) {
                dt { (words.faces_due) }
                dd data-figure="faces-due" { (or_none(due)) }
                dd class="note" { (words.faces_due_note) }
            }
        }
    }
}

fn waiting(words: &PipelineWords, time: Option<WaitingTime>) -> String {
    let length = |time: Duration| match time.as_secs() {
        seconds @ 0..120 => format!("{seconds} s"),
        seconds => format!("{} min", seconds / 60),
    };
    match time {
        None => "–".to_owned(),
        Some(WaitingTime::None) => words.up_to_date.to_owned(),
        Some(WaitingTime::AtMost(time)) => format!("≤ {}", length(time)),
        Some(WaitingTime::MoreThan(time)) => format!("> {}", length(time)),
    }
}

#[cfg(test)]
mod tests;
