//! What was noticed about a customer's verifications: what each signal means and what to do about it. Where there is none,
//! what would stand here.

use domain::face_match::SIGNAL_PROBE_EQUALS_REFERENCE;
use domain::fold::SIGNAL_CONFLICT;
use domain::ids::VerificationId;
use domain::time::Timestamp;
use maud::{Markup, html};

use super::signal_texts::signal_text;
use super::timeline::TimelineEntry;
use crate::words::words;
use crate::{Language, PageFrame, format};

/// A signal of a verification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignalLine {
    /// As the API names it.
    pub code: String,
    /// `info`, `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
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
    let (title, means, advice) = explained(frame.language, &signal.code);
    html! {
        li class={ "signal severity-" (signal.severity) } {
            p {
                strong { (title) } " "
                span class="severity" { (severity_name(frame.language, signal.severity)) } " "
                code { (signal.code) }
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
pub(super) fn signal_name(language: Language, code: &str) -> &'static str {
    explained(language, code).0
}

/// Title, meaning, what to do. A code that this build does not know came from a later one.
fn explained(language: Language, code: &str) -> (&'static str, &'static str, &'static str) {
    if let Some(text) = signal_text(language, code) {
        return (text.title, text.means, text.advice);
    }
    let words = SignalWords::of(language);
    match code {
        SIGNAL_CONFLICT => (words.conflict, words.conflict_means, words.conflict_advice),
        SIGNAL_PROBE_EQUALS_REFERENCE => (words.copy, words.copy_means, words.copy_advice),
        "reason_unreadable" => (words.unreadable, words.unreadable_means, words.unreadable_advice),
        _ => (words.unknown, words.unknown_means, words.unknown_advice),
    }
}

fn severity_name(language: Language, severity: &str) -> &'static str {
    let words = SignalWords::of(language);
    match severity {
        "info" => words.info,
        "low" => words.low,
        "high" => words.high,
        "critical" => words.critical,
        _ => words.medium,
    }
}

words! {
    /// Words of the part.
    SignalWords {
        title: "Signals", "Sinyal";
        none: "Nothing was noticed about the verifications below.",
            "Tidak ada hal mencurigakan pada verifikasi di bawah ini.";
        none_help: "A signal says that a verification deserves a second look: two different requests under one key, a photo used twice. When one is here, it says what it means and what to do.",
            "Sinyal menandakan verifikasi yang perlu diperiksa ulang: dua permintaan berbeda dengan kunci yang sama, atau foto yang dipakai dua kali. Bila ada, arti dan tindak lanjutnya dijelaskan di sini.";
        what_to_do: "What to do:", "Tindak lanjut:";
        at_verification: "See the verification", "Lihat verifikasi";
        conflict: "Two requests under one key", "Dua permintaan dengan satu kunci";
        conflict_means: "Another request came with the same Idempotency-Key and another content. Only the first one counts; the second had no effect.",
            "Ada permintaan lain dengan Idempotency-Key yang sama tetapi isinya berbeda. Hanya yang pertama berlaku; yang kedua tidak berpengaruh.";
        conflict_advice: "Ask your engineers which of the two is right. If it was the second, send it again with a key of its own.",
            "Tanyakan kepada tim teknis mana yang benar. Bila yang kedua, kirim ulang dengan kunci tersendiri.";
        copy: "The picture is the reference itself", "Gambar sama dengan referensi";
        copy_means: "The picture that was compared is the customer's own reference photo, or a copy of it. It does not show that the person was there.",
            "Gambar yang dibandingkan adalah foto referensi nasabah sendiri, atau salinannya. Ini tidak membuktikan kehadiran orang tersebut.";
        copy_advice: "Treat it as a possible attempt at fraud: ask the customer for a new picture, and look at the customer's other verifications.",
            "Perlakukan sebagai kemungkinan penipuan: minta gambar baru dari nasabah, dan periksa verifikasi lainnya.";
        unreadable: "A reason cannot be opened", "Alasan tidak dapat dibuka";
        unreadable_means: "A reason is kept for this verification, but what is stored does not open. Its category is still shown.",
            "Alasan verifikasi ini tersimpan, tetapi tidak dapat dibuka. Kategorinya tetap ditampilkan.";
        unreadable_advice: "Tell the operator the verification's id: the log says more.",
            "Sampaikan ID verifikasi kepada operator: rinciannya ada di log.";
        unknown: "Another signal", "Sinyal lain";
        unknown_means: "A later version of the system noticed something that this one has no words for.",
            "Versi sistem yang lebih baru menemukan sesuatu yang belum dikenal versi ini.";
        unknown_advice: "Ask the operator what the code stands for.", "Tanyakan arti kode ini kepada operator.";
        info: "Information", "Informasi";
        low: "Low", "Rendah";
        medium: "Medium", "Sedang";
        high: "High", "Tinggi";
        critical: "Critical", "Kritis";
    }
}
