//! What was noticed about a customer's verifications: what each signal means and what to do about it. Where there is none,
//! what would stand here.

use domain::ids::VerificationId;
use domain::signals::{Severity, ShownSignal};
use domain::time::Timestamp;
use maud::{Markup, html};

use super::signal_words::{SignalMeaning, signal_meaning};
use super::timeline::TimelineEntry;
use crate::words::words;
use crate::{Language, PageFrame, format};

/// A signal of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalLine {
    /// As rows name it.
    pub word: String,
    /// When it was noticed.
    pub created_at: Timestamp,
}

/// The signals of the verifications that the page shows, in their order.
pub(super) fn part(frame: &PageFrame, entries: &[TimelineEntry]) -> Markup {
    let words = SignalWords::of(frame.language);
    let signals: Vec<(&VerificationId, &SignalLine)> = entries
        .iter()
        .filter_map(TimelineEntry::verification)
        .flat_map(|row| row.signals.iter().map(move |signal| (&row.id, signal)))
        .collect();
    html! {
        section aria-labelledby="signals" {
            h2 id="signals" { (words.title) }
            @if signals.is_empty() {
                p class="empty" { (words.none) }
                p class="hint" { (words.none_help) }
            } @else {
                ul class="signals" {
                    @for (verification, signal) in signals {
                        (line(frame, words, verification, signal))
                    }
                }
            }
        }
    }
}

fn line(
    frame: &PageFrame,
    words: &SignalWords,
    verification: &VerificationId,
    signal: &SignalLine,
) -> Markup {
    let SignalMeaning { title, means, advice } = signal_meaning(frame.language, &signal.word);
    let ShownSignal { code, severity } = ShownSignal::of(&signal.word);
    html! {
        li class={ "signal severity-" (severity.as_str()) } {
            p {
                strong { (title) } " "
                span class="severity" { (severity_name(words, severity)) } " "
                code { (code) }
            }
            p { (means) }
            p { strong { (words.what_to_do) } " " (advice) }
            p class="hint" {
                a href={ "#" (verification) } { (words.at_verification) } " "
                (format::time(frame.language, signal.created_at))
            }
        }
    }
}

/// What a signal is called.
pub(super) fn signal_name(language: Language, word: &str) -> &'static str {
    signal_meaning(language, word).title
}

/// How much a signal weighs.
pub(super) fn severity(word: &str) -> Severity {
    ShownSignal::of(word).severity
}

fn severity_name(words: &SignalWords, severity: Severity) -> &'static str {
    match severity {
        Severity::Info => words.info,
        Severity::Low => words.low,
        Severity::Medium => words.medium,
        Severity::High => words.high,
        Severity::Critical => words.critical,
    }
}

words! {
    /// Words of the part.
    SignalWords {
        title: "Signals", "Sinyal";
        none: "Nothing was noticed about the verifications below.",
            "Tidak ada hal mencurigakan pada verifikasi di bawah ini.";
        none_help: "A signal says that a verification deserves a second look: two different requests under one key, an answer of the registry that contradicts its verdict. When one is here, it says what it means and what to do.",
            "Sinyal menandakan verifikasi yang perlu diperiksa ulang: dua permintaan berbeda dengan kunci yang sama, atau jawaban Dukcapil yang bertentangan dengan putusannya. Bila ada, arti dan tindak lanjutnya dijelaskan di sini.";
        what_to_do: "What to do:", "Tindak lanjut:";
        at_verification: "See the verification", "Lihat verifikasi";
        info: "Information", "Informasi";
        low: "Low", "Rendah";
        medium: "Medium", "Sedang";
        high: "High", "Tinggi";
        critical: "Critical", "Kritis";
    }
}
