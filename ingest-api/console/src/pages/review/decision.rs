//! The form that decides, and what was decided.

use domain::limits::{REASON_CODE_CHARS_MAX, REVIEW_NOTE_CHARS_MAX, REVIEW_SEEN_MINUTES};
use domain::rows::VerificationStatus;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::words::words;
use crate::{PageFrame, format};

/// What a form says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionTaken {
    /// The card is the customer's.
    Verified,
    /// It is not, or is no card.
    Failed,
    /// It is to be captured once more.
    Retake,
}

impl DecisionTaken {
    /// All of them, in the form's order.
    pub const ALL: [Self; 3] = [Self::Verified, Self::Failed, Self::Retake];

    /// The word in the form.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Retake => "retake",
        }
    }

    /// The one of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.as_str() == word)
    }
}

/// Whether the reader can say that the card is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MaySayVerified {
    /// Its org shows no picture.
    Never,
    /// The picture is gone.
    PictureGone,
    /// It has not looked, or too long ago.
    NotSeen,
    /// It has looked; until then.
    Until(Timestamp),
}

/// Why a decision was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecisionProblem {
    /// Nothing was chosen.
    NoDecision,
    /// No reason code, or one of another form.
    ReasonCode,
    /// The note is too long, or has control characters.
    Note,
    /// Verified by somebody who has not seen the picture lately.
    NotSeen,
    /// Somebody decided first.
    NotPending,
}

/// The form, with what was sent where it was refused.
#[derive(Clone)]
pub struct DecisionForm {
    /// Whether `verified` can be chosen.
    pub may_say_verified: MaySayVerified,
    /// What was chosen.
    pub taken: Option<DecisionTaken>,
    /// As it was typed.
    pub reason_code: String,
    /// As it was typed.
    pub note: String,
    /// What was wrong with it.
    pub problems: Vec<DecisionProblem>,
}

/// What somebody decided.
#[derive(Debug, Clone)]
pub struct DecidedReview {
    /// Verified or failed.
    pub to_status: VerificationStatus,
    /// The bank's own code.
    pub reason_code: String,
    /// Who.
    pub by: String,
    /// When.
    pub created_at: Timestamp,
}

pub(super) fn decided_part(frame: &PageFrame, decided: &DecidedReview) -> Markup {
    let words = DecisionWords::of(frame.language);
    let result =
        if decided.to_status == VerificationStatus::Verified { words.verified } else { words.failed };
    html! {
        section aria-labelledby="decided" {
            h2 id="decided" { (words.decided) }
            p {
                span class={ "result result-" (decided.to_status.as_str()) } { (result) }
                " " code { (decided.reason_code) } ", " (decided.by) ", "
                (format::time(frame.language, decided.created_at))
            }
        }
    }
}

/// Why a decision was not taken; nothing where none was refused.
pub(super) fn refused_part(frame: &PageFrame, problems: &[DecisionProblem]) -> Markup {
    let words = DecisionWords::of(frame.language);
    html! {
        @if !problems.is_empty() {
            div class="notice notice-wrong" role="alert" {
                p { (words.refused) }
                ul { @for problem in problems { li { (problem_words(words, *problem)) } } }
            }
        }
    }
}

pub(super) fn part(frame: &PageFrame, path: &str, form: &DecisionForm) -> Markup {
    let words = DecisionWords::of(frame.language);
    let wrong = |problem| form.problems.contains(&problem).then_some("true");
    let can_verify = matches!(form.may_say_verified, MaySayVerified::Until(_));
    html! {
        section aria-labelledby="decide" {
            h2 id="decide" { (words.title) }
            (refused_part(frame, &form.problems))
            form method="post" action=(path) {
                (frame.csrf_field())
                fieldset {
                    legend { (words.decision) }
                    @for taken in DecisionTaken::ALL {
                        @let id = format!("decision-{}", taken.as_str());
                        @let is_off = taken == DecisionTaken::Verified && !can_verify;
                        p class="form-choice" {
                            input type="radio" id=(id) name="decision" value=(taken.as_str()) required disabled[is_off]
                                checked[form.taken == Some(taken) && !is_off]
                                aria-describedby=[(taken == DecisionTaken::Verified).then_some("may-verify")];
                            " " label for=(id) { (taken_name(words, taken)) }
                        }
                    }
                    p id="may-verify" class="hint" { (may_words(frame, words, form.may_say_verified)) }
                }
                p class="form-field" {
                    label for="reasonCode" { (words.reason_code) }
                    input id="reasonCode" name="reasonCode" type="text" value=(form.reason_code) autocomplete="off"
                        spellcheck="false" maxlength=(REASON_CODE_CHARS_MAX)
                        aria-describedby="reason-rule" aria-invalid=[wrong(DecisionProblem::ReasonCode)];
                }
                p id="reason-rule" class="hint" { (words.reason_rule) }
                p class="form-field" {
                    label for="note" { (words.note) }
                    textarea id="note" name="note" rows="3" maxlength=(REVIEW_NOTE_CHARS_MAX)
                        aria-describedby="note-rule" aria-invalid=[wrong(DecisionProblem::Note)] { (form.note) }
                }
                p id="note-rule" class="hint" { (words.note_rule) }
                p class="form-actions" { button type="submit" { (words.submit) } }
            }
        }
    }
}

fn taken_name(words: &DecisionWords, taken: DecisionTaken) -> &'static str {
    match taken {
        DecisionTaken::Verified => words.say_verified,
        DecisionTaken::Failed => words.say_failed,
        DecisionTaken::Retake => words.say_retake,
    }
}

fn may_words(frame: &PageFrame, words: &DecisionWords, may: MaySayVerified) -> Markup {
    html! {
        @match may {
            MaySayVerified::Never => (words.never),
            MaySayVerified::PictureGone => (words.picture_gone),
            MaySayVerified::NotSeen => { (words.not_seen) " (" (REVIEW_SEEN_MINUTES) " " (words.minutes) ")." },
            MaySayVerified::Until(until) => { (words.seen_until) " " (format::time(frame.language, until)) "." },
        }
    }
}

fn problem_words(words: &DecisionWords, problem: DecisionProblem) -> &'static str {
    match problem {
        DecisionProblem::NoDecision => words.no_decision,
        DecisionProblem::ReasonCode => words.wrong_reason_code,
        DecisionProblem::Note => words.wrong_note,
        DecisionProblem::NotSeen => words.wrong_not_seen,
        DecisionProblem::NotPending => words.wrong_not_pending,
    }
}

words! {
    /// Words of the form.
    DecisionWords {
        title: "Decide", "Putuskan";
        decided: "Decision", "Keputusan";
        verified: "Verified", "Terverifikasi";
        failed: "Failed", "Gagal";
        refused: "Your decision was not taken, because:", "Keputusan Anda tidak diterima, karena:";
        decision: "What is your decision?", "Apa keputusan Anda?";
        say_verified: "Verified: the card is genuine and the customer's", "Terverifikasi: kartu asli dan milik nasabah";
        say_failed: "Failed", "Gagal";
        say_retake: "Send back: to be captured once more", "Minta ulang: kartu perlu diambil lagi";
        never: "That it is verified cannot be said: your organisation shows no pictures.",
            "Tidak dapat dinyatakan terverifikasi: organisasi Anda tidak menampilkan gambar.";
        picture_gone: "That it is verified cannot be said any more: the picture is gone.",
            "Tidak dapat lagi dinyatakan terverifikasi: gambar sudah tidak ada.";
        not_seen: "That it is verified can be said by whoever has just looked at the picture",
            "Hanya dapat dinyatakan terverifikasi oleh yang baru saja melihat gambar";
        minutes: "minutes", "menit";
        seen_until: "You have looked at the picture; that it is verified can be said until",
            "Anda telah melihat gambar; dapat dinyatakan terverifikasi sampai";
        reason_code: "Reason code", "Kode alasan";
        reason_rule: "Your organisation's own: a small letter, then small letters, digits and underscores. Not needed for sending back.",
            "Kode organisasi Anda: huruf kecil, lalu huruf kecil, angka, dan garis bawah. Tidak perlu untuk minta ulang.";
        note: "Note", "Catatan";
        note_rule: "At most 500 characters. Kept sealed, and not shown again.",
            "Paling banyak 500 karakter. Disimpan tersegel dan tidak ditampilkan lagi.";
        submit: "Decide", "Putuskan";
        no_decision: "No decision was chosen.", "Keputusan belum dipilih.";
        wrong_reason_code: "A reason code is missing, or is not a small letter with up to 63 more small letters, digits and underscores.",
            "Kode alasan kosong, atau bukan huruf kecil diikuti paling banyak 63 huruf kecil, angka, dan garis bawah.";
        wrong_note: "The note is longer than 500 characters, or has control characters.",
            "Catatan melebihi 500 karakter, atau memuat karakter kendali.";
        wrong_not_seen: "Nobody approves what they have not seen: look at the picture first, and decide within 30 minutes.",
            "Tidak ada yang menyetujui tanpa melihat: lihat gambarnya dulu, lalu putuskan dalam 30 menit.";
        wrong_not_pending: "Somebody has decided already.", "Sudah ada yang memutuskan.";
    }
}
