//! Declaring a verification void: what it is, what follows, and the form that confirms it. Nothing personal is shown.

use domain::ids::{CustomerId, VerificationId};
use domain::limits::REVIEW_NOTE_CHARS_MAX;
use domain::policy::Method;
use domain::rows::VoidReason;
use domain::time::Timestamp;
use maud::{Markup, html};

use super::customers::customer_path;
use crate::terms::{method_name, void_reason_name};
use crate::words::words;
use crate::{PageFrame, format};

/// The page's address.
pub fn void_path(id: &VerificationId) -> String {
    format!("/console/verifications/{id}/void")
}

/// What may be wrong with a form, or in its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidProblem {
    /// No reason was chosen.
    NoReason,
    /// The note is too long, or has control characters.
    Note,
    /// It was not confirmed.
    NotConfirmed,
    /// The verification does not count as verified.
    NotVoidable,
    /// Somebody was first.
    AlreadyVoided,
}

impl VoidProblem {
    /// Whether no form can help.
    pub fn is_final(self) -> bool {
        match self {
            Self::NotVoidable | Self::AlreadyVoided => true,
            Self::NoReason | Self::Note | Self::NotConfirmed => false,
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct VoidModel {
    /// Which verification.
    pub id: VerificationId,
    /// Whose.
    pub customer: CustomerId,
    /// How it was verified.
    pub method: Method,
    /// When.
    pub created_at: Timestamp,
    /// What was chosen.
    pub reason: Option<VoidReason>,
    /// As it was typed.
    pub note: String,
    /// What was wrong with it.
    pub problems: Vec<VoidProblem>,
    /// A void of this reader is in the log and not shown yet.
    pub is_sent: bool,
}

/// The page.
pub fn render(frame: &PageFrame, model: &VoidModel) -> String {
    let (language, words) = (frame.language, VoidWords::of(frame.language));
    let is_over = model.is_sent || model.problems.iter().any(|problem| problem.is_final());
    let main = html! {
        p class="back" { a href=(customer_path(&model.customer)) { (words.back) } }
        h1 { (words.title) }
        @if model.is_sent { p class="notice" role="status" { (words.sent) } }
        dl class="facts" {
            div { dt { (words.verification) } dd { code { (model.id) } } }
            div { dt { (words.method) } dd { (method_name(language, model.method)) } }
            div { dt { (words.when) } dd { (format::time(language, model.created_at)) } }
        }
        @if !model.problems.is_empty() {
            div class="notice notice-wrong" role="alert" {
                p { (words.refused) }
                ul { @for problem in &model.problems { li { (problem_words(words, *problem)) } } }
            }
        }
        @if !is_over { (form(frame, words, model)) }
    };
    frame.document(&format!("{} {}", words.title, model.id), &main)
}

fn form(frame: &PageFrame, words: &VoidWords, model: &VoidModel) -> Markup {
    let wrong = |problem| model.problems.contains(&problem).then_some("true");
    html! {
        section aria-labelledby="follows" {
            h2 id="follows" { (words.follows) }
            ul {
                li { (words.tier_falls) }
                li { (words.reference_goes) }
                li { (words.row_stays) }
            }
            form method="post" action=(void_path(&model.id)) {
                (frame.csrf_field())
                fieldset {
                    legend { (words.reason) }
                    @for reason in VoidReason::ALL {
                        @let id = format!("reason-{}", reason.as_str());
                        p class="form-choice" {
                            input type="radio" id=(id) name="reasonCode" value=(reason.as_str()) required
                                checked[model.reason == Some(reason)];
                            " " label for=(id) { (void_reason_name(frame.language, reason)) }
                        }
                    }
                }
                p class="form-field" {
                    label for="note" { (words.note) }
                    textarea id="note" name="note" rows="3" maxlength=(REVIEW_NOTE_CHARS_MAX)
                        aria-describedby="note-rule" aria-invalid=[wrong(VoidProblem::Note)] { (model.note) }
                }
                p id="note-rule" class="hint" { (words.note_rule) }
                p class="form-choice" {
                    input type="checkbox" id="confirm" name="confirm" value="yes" required
                        aria-invalid=[wrong(VoidProblem::NotConfirmed)];
                    " " label for="confirm" { (words.confirm) }
                }
                p class="form-actions" { button type="submit" { (words.submit) } }
            }
        }
    }
}

fn problem_words(words: &VoidWords, problem: VoidProblem) -> &'static str {
    match problem {
        VoidProblem::NoReason => words.no_reason,
        VoidProblem::Note => words.wrong_note,
        VoidProblem::NotConfirmed => words.not_confirmed,
        VoidProblem::NotVoidable => words.not_voidable,
        VoidProblem::AlreadyVoided => words.already_voided,
    }
}

words! {
    /// Words of the page.
    VoidWords {
        title: "Declare void", "Batalkan verifikasi";
        back: "Back to the customer", "Kembali ke nasabah";
        sent: "Your decision is in the log. The customer's page shows it as soon as it is taken in.",
            "Keputusan Anda sudah tercatat dan akan tampil di halaman nasabah setelah diproses.";
        verification: "Verification", "Verifikasi";
        method: "Method", "Metode";
        when: "When", "Waktu";
        refused: "Nothing was changed:", "Tidak ada yang diubah:";
        follows: "What follows", "Akibatnya";
        tier_falls: "The verification counts no more. The KYC tier is computed again from what stands, and may fall.",
            "Verifikasi ini tidak berlaku lagi. Tingkat KYC dihitung ulang dari yang masih berlaku, dan dapat turun.";
        reference_goes: "The face reference that it brought is compared with no more, and matches against it count no more.",
            "Referensi wajah darinya tidak lagi dibandingkan, dan kecocokan terhadapnya tidak berlaku lagi.";
        row_stays: "It stays in the history and in every list, marked as void. This cannot be undone.",
            "Verifikasi tetap ada di riwayat dan di setiap daftar, dengan tanda dibatalkan. Ini tidak dapat diurungkan.";
        reason: "Reason", "Alasan";
        note: "Note (optional)", "Catatan (opsional)";
        note_rule: "At most 500 characters. Kept sealed, and not shown again.",
            "Paling banyak 500 karakter. Disimpan tersegel dan tidak ditampilkan lagi.";
        confirm: "I declare this verification void.", "Saya membatalkan verifikasi ini.";
        submit: "Declare void", "Batalkan";
        no_reason: "Choose a reason.", "Pilih alasan.";
        wrong_note: "The note is too long, or has characters that are not text.",
            "Catatan terlalu panjang atau berisi karakter yang bukan teks.";
        not_confirmed: "Confirm that you mean it.", "Konfirmasikan keputusan Anda.";
        not_voidable: "The verification does not count as verified.", "Verifikasi ini tidak berstatus terverifikasi.";
        already_voided: "The verification is void already.", "Verifikasi ini sudah dibatalkan.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn frame(language: Language) -> PageFrame {
        PageFrame { language, reader: None, current: None, address: "/x".to_owned(), is_live: false }
    }

    fn model(problems: Vec<VoidProblem>) -> VoidModel {
        VoidModel {
            id: VerificationId::from_bytes([7; 16]),
            customer: CustomerId::from_bytes([1; 16]),
            method: Method::NikDukcapil,
            created_at: Timestamp::from_millis(1_795_406_706_007),
            reason: None,
            note: "<script>".to_owned(),
            problems,
            is_sent: false,
        }
    }

    #[test]
    fn the_form_asks_for_a_reason_and_a_confirmation_in_both_languages() {
        for (language, confirm) in [
            (Language::English, "I declare this verification void."),
            (Language::Indonesian, "Saya membatalkan"),
        ] {
            let page = render(&frame(language), &model(Vec::new()));
            assert!(page.contains(confirm) && page.contains("name=\"confirm\""), "{page}");
            for reason in VoidReason::ALL {
                assert!(page.contains(&format!("value=\"{}\"", reason.as_str())), "{page}");
            }
            assert!(page.contains("&lt;script&gt;"), "what was typed stands in it as text");
        }
    }

    #[test]
    fn what_was_wrong_is_said_and_where_nothing_helps_there_is_no_form() {
        let frame = frame(Language::English);
        let again = render(&frame, &model(vec![VoidProblem::NoReason, VoidProblem::NotConfirmed]));
        assert!(
            again.contains("Choose a reason.")
                && again.contains("<form method=\"post\" action=\"/console/ver")
        );
        for problem in [VoidProblem::AlreadyVoided, VoidProblem::NotVoidable] {
            let over = render(&frame, &model(vec![problem]));
            assert!(!over.contains("name=\"confirm\""), "{over}");
        }
        assert!(
            !render(&frame, &VoidModel { is_sent: true, ..model(Vec::new()) }).contains("name=\"confirm\"")
        );
    }
}
