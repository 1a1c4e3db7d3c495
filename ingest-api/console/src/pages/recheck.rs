//! One recheck: how it came about, where it stands, and the form by which a person closes one that no verdict will come for.
//! No personal field is on it.

use domain::limits::{REASON_CODE_CHARS_MAX, REVIEW_NOTE_CHARS_MAX};
use maud::{Markup, html};

use super::customers::customer_path;
use super::rechecks::{self, RecheckLine, recheck_path, status_mark};
use crate::terms::{attempt_cause_name, settled_how_name, tier_name};
use crate::words::words;
use crate::{PageFrame, format};

/// Why a recheck was not closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CloseProblem {
    /// No reason code, or one of another form.
    ReasonCode,
    /// The note is too long, or has control characters.
    Note,
    /// It is settled already.
    NotOpen,
}

/// The form, with what was sent where it was refused.
#[derive(Debug, Clone, Default)]
pub struct CloseForm {
    /// As it was typed.
    pub reason_code: String,
    /// As it was typed.
    pub note: String,
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct RecheckModel {
    /// The recheck.
    pub line: RecheckLine,
    /// The code with which somebody closed it, and who.
    pub closed: Option<(String, String)>,
    /// That this reader closes it is in the log and not shown yet.
    pub is_sent: bool,
    /// The form, where the reader closes rechecks and this one is open.
    pub form: Option<CloseForm>,
    /// Why it was not closed.
    pub problems: Vec<CloseProblem>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &RecheckModel) -> String {
    let words = RecheckWords::of(frame.language);
    let main = html! {
        p class="back" { a href=(rechecks::PATH) { (words.back) } }
        h1 { (words.title) }
        @if model.is_sent && model.line.settled.is_none() { p class="notice" role="status" { (words.sent) } }
        (facts(frame, words, model))
        (refused(words, &model.problems))
        @if let Some(form) = &model.form { (close_form(frame, words, model, form)) }
    };
    frame.document(&format!("{} {}", words.title, model.line.id), &main)
}

fn facts(frame: &PageFrame, words: &RecheckWords, model: &RecheckModel) -> Markup {
    let (language, line) = (frame.language, &model.line);
    html! {
        dl class="facts" {
            div { dt { (words.recheck) } dd { code { (line.id) } } }
            div {
                dt { (words.customer) }
                dd { a class="id" href=(customer_path(&line.customer)) { (line.customer) } }
            }
            div { dt { (words.status) } dd { (status_mark(language, line.status)) } }
            @if let Some(tier) = line.tier { div { dt { (words.tier) } dd { (tier_name(language, tier)) } } }
            div { dt { (words.cause) } dd { (attempt_cause_name(language, line.cause)) } }
            div { dt { (words.attempts) } dd { (format::count(language, line.attempts)) } }
            div { dt { (words.opened) } dd { (format::time(language, line.opened_at)) } }
            div { dt { (words.last_attempt) } dd { (format::time(language, line.last_attempt_at)) } }
            @if let Some((how, at)) = line.settled {
                div {
                    dt { (words.settled) }
                    dd { (settled_how_name(language, how)) ", " (format::time(language, at)) }
                }
            }
            @if let Some(verification) = &line.verification {
                div { dt { (words.verdict) } dd { code { (verification) } } }
            }
            @if let Some((reason_code, by)) = &model.closed {
                div { dt { (words.closed) } dd { code { (reason_code) } ", " (by) } }
            }
        }
    }
}

fn refused(words: &RecheckWords, problems: &[CloseProblem]) -> Markup {
    let problem_words = |problem: CloseProblem| match problem {
        CloseProblem::ReasonCode => words.wrong_reason_code,
        CloseProblem::Note => words.wrong_note,
        CloseProblem::NotOpen => words.not_open,
    };
    html! {
        @if !problems.is_empty() {
            div class="notice notice-wrong" role="alert" {
                p { (words.refused) }
                ul { @for problem in problems { li { (problem_words(*problem)) } } }
            }
        }
    }
}

fn close_form(frame: &PageFrame, words: &RecheckWords, model: &RecheckModel, form: &CloseForm) -> Markup {
    let wrong = |problem| model.problems.contains(&problem).then_some("true");
    html! {
        section aria-labelledby="close" {
            h2 id="close" { (words.close) }
            p class="hint" { (words.close_help) }
            form method="post" action=(recheck_path(&model.line.id)) {
                (frame.csrf_field())
                p class="form-field" {
                    label for="reasonCode" { (words.reason_code) }
                    input id="reasonCode" name="reasonCode" type="text" value=(form.reason_code) autocomplete="off"
                        spellcheck="false" required maxlength=(REASON_CODE_CHARS_MAX)
                        aria-describedby="reason-rule" aria-invalid=[wrong(CloseProblem::ReasonCode)];
                }
                p id="reason-rule" class="hint" { (words.reason_rule) }
                p class="form-field" {
                    label for="note" { (words.note) }
                    textarea id="note" name="note" rows="3" maxlength=(REVIEW_NOTE_CHARS_MAX)
                        aria-describedby="note-rule" aria-invalid=[wrong(CloseProblem::Note)] { (form.note) }
                }
                p id="note-rule" class="hint" { (words.note_rule) }
                p class="form-actions" { button type="submit" { (words.submit) } }
            }
        }
    }
}

words! {
    /// Words of the page.
    RecheckWords {
        title: "Dukcapil recheck", "Verifikasi ulang Dukcapil";
        back: "All rechecks", "Semua verifikasi ulang";
        sent: "That it is closed is in the log. It is shown here as soon as it is taken in.",
            "Penutupan sudah tercatat dan akan tampil di sini setelah diproses.";
        recheck: "Recheck", "Verifikasi ulang";
        customer: "Customer", "Nasabah";
        status: "Status", "Status" same;
        tier: "KYC tier now", "Tingkat KYC saat ini";
        cause: "Dukcapil's failure", "Kegagalan Dukcapil";
        attempts: "Attempts declared", "Percobaan dilaporkan";
        opened: "Opened", "Dibuka";
        last_attempt: "Last attempt", "Percobaan terakhir";
        settled: "Settled", "Selesai";
        verdict: "By the verification", "Oleh verifikasi";
        closed: "Closed with", "Ditutup dengan";
        close: "Close it", "Tutup";
        close_help: "Only where no verdict will come: the account was closed, say. A verdict that comes settles an open recheck by itself. The tier stays as it is, and a recheck that is closed stays closed.",
            "Hanya bila tidak akan ada putusan, misalnya rekening ditutup. Putusan yang datang menyelesaikannya dengan sendirinya. Tingkat KYC tetap, dan yang sudah ditutup tidak dibuka lagi.";
        reason_code: "Reason code", "Kode alasan";
        reason_rule: "Your organisation's own: a small letter, then small letters, digits and underscores.",
            "Kode organisasi Anda: huruf kecil, lalu huruf kecil, angka, dan garis bawah.";
        note: "Note", "Catatan";
        note_rule: "At most 500 characters. Kept sealed, and not shown again.",
            "Paling banyak 500 karakter. Disimpan tersegel dan tidak ditampilkan lagi.";
        submit: "Close the recheck", "Tutup verifikasi ulang";
        refused: "It was not closed, because:", "Tidak ditutup, karena:";
        wrong_reason_code: "A reason code is missing, or is not a small letter with up to 63 more small letters, digits and underscores.",
            "Kode alasan kosong, atau bukan huruf kecil diikuti paling banyak 63 huruf kecil, angka, dan garis bawah.";
        wrong_note: "The note is longer than 500 characters, or has control characters.",
            "Catatan melebihi 500 karakter, atau memuat karakter kendali.";
        not_open: "It is settled already.", "Sudah selesai.";
    }
}

#[cfg(test)]
mod tests {
    use domain::ids::{CustomerId, RecheckId};
    use domain::policy::Tier;
    use domain::recheck::{AttemptCause, RecheckStatus, SettledHow};
    use domain::time::Timestamp;

    use super::*;
    use crate::Language;

    fn frame(language: Language) -> PageFrame {
        PageFrame {
            language,
            reader: None,
            current: None,
            address: rechecks::PATH.to_owned(),
            is_live: false,
        }
    }

    fn model(status: RecheckStatus) -> RecheckModel {
        let at = Timestamp::from_millis;
        let is_closed = status == RecheckStatus::Closed;
        RecheckModel {
            line: RecheckLine {
                id: RecheckId::from_bytes([1; 16]),
                customer: CustomerId::from_bytes([2; 16]),
                status,
                cause: AttemptCause::Maintenance,
                opened_at: at(0),
                last_attempt_at: at(1_000),
                attempts: 3,
                tier: Some(Tier::Premium),
                settled: is_closed.then(|| (SettledHow::Close, at(5_000))),
                verification: None,
            },
            closed: is_closed.then(|| ("account_closed".to_owned(), "rina<b>".to_owned())),
            is_sent: false,
            form: (status == RecheckStatus::Open).then(CloseForm::default),
            problems: Vec::new(),
        }
    }

    #[test]
    fn an_open_one_has_the_form_and_a_closed_one_who_closed_it() {
        let page = render(&frame(Language::English), &model(RecheckStatus::Open));
        assert!(
            page.contains("action=\"/console/rechecks/rc_") && page.contains("name=\"reasonCode\""),
            "{page}"
        );
        let page = render(&frame(Language::Indonesian), &model(RecheckStatus::Closed));
        assert!(!page.contains("name=\"reasonCode\"") && page.contains("rina&lt;b&gt;"), "{page}");
        assert!(page.contains("account_closed") && page.contains("oleh organisasi Anda"), "{page}");
    }

    #[test]
    fn what_was_refused_is_shown_again_as_text() {
        let form =
            CloseForm { reason_code: "\"><script>".to_owned(), note: "</textarea><script>".to_owned() };
        let problems = vec![CloseProblem::ReasonCode, CloseProblem::Note, CloseProblem::NotOpen];
        let model = RecheckModel { form: Some(form), problems, ..model(RecheckStatus::Open) };
        let page = render(&frame(Language::English), &model);
        assert!(!page.contains("<script"), "{page}");
        assert_eq!(page.matches("aria-invalid=\"true\"").count(), 2, "{page}");
        assert_eq!(page.matches("<li>").count(), 3, "{page}");
    }
}
