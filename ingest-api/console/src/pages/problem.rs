//! What is shown in the place of a page that cannot be: why, in the reader's language, and what to do.

use maud::{Markup, html};

use crate::PageFrame;
use crate::words::words;

/// Why a page is not shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageProblem {
    /// 400: the address or the form has something that cannot be.
    BadRequest,
    /// 403: the role may not see it.
    Forbidden,
    /// 403: the form was not sent by a page of ours.
    FormRefused,
    /// 404: there is no such thing, or it is another org's.
    NotFound,
    /// 405.
    MethodNotAllowed,
    /// 413: more was sent than any form has.
    TooLarge,
    /// 429.
    TooManyRequests,
    /// 500.
    Internal,
    /// 503: something that is needed does not answer.
    Unavailable,
    /// 503: the view could not be recorded, so nothing is shown.
    NotRecorded,
}

impl PageProblem {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::BadRequest,
        Self::Forbidden,
        Self::FormRefused,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::TooLarge,
        Self::TooManyRequests,
        Self::Internal,
        Self::Unavailable,
        Self::NotRecorded,
    ];

    fn words(self, words: &ProblemWords) -> (&'static str, &'static str) {
        match self {
            Self::BadRequest => (words.bad_request, words.bad_request_help),
            Self::Forbidden => (words.forbidden, words.forbidden_help),
            Self::FormRefused => (words.form_refused, words.form_refused_help),
            Self::NotFound => (words.not_found, words.not_found_help),
            Self::MethodNotAllowed => (words.method, words.method_help),
            Self::TooLarge => (words.too_large, words.too_large_help),
            Self::TooManyRequests => (words.too_many, words.too_many_help),
            Self::Internal => (words.internal, words.internal_help),
            Self::Unavailable => (words.unavailable, words.unavailable_help),
            Self::NotRecorded => (words.not_recorded, words.not_recorded_help),
        }
    }
}

/// What the page shows.
#[derive(Debug, Clone)]
pub struct ProblemModel {
    /// Why.
    pub problem: PageProblem,
    /// The request's id, for whoever is asked about it.
    pub request_id: String,
}

/// The page.
pub fn render(frame: &PageFrame, model: &ProblemModel) -> String {
    let words = ProblemWords::of(frame.language);
    let (title, help) = model.problem.words(words);
    let main: Markup = html! {
        h1 { (title) }
        p { (help) }
        @if !model.request_id.is_empty() {
            p class="request-id" { (words.request_id) " " code { (model.request_id) } }
        }
    };
    frame.document(title, &main)
}

words! {
    /// Words of the page.
    ProblemWords {
        bad_request: "This address or form cannot be understood", "Alamat atau formulir ini tidak dapat dipahami";
        bad_request_help: "Go back and check what was entered.", "Kembali dan periksa isian Anda.";
        forbidden: "Your role does not include this page", "Peran Anda tidak mencakup halaman ini";
        forbidden_help: "Ask an administrator if you need it.", "Hubungi administrator bila Anda memerlukannya.";
        form_refused: "This form was not accepted", "Formulir ini tidak diterima";
        form_refused_help: "It was out of date, or another site sent it. Reload the page and try again.",
            "Formulir sudah tidak berlaku, atau dikirim oleh situs lain. Muat ulang halaman dan coba lagi.";
        not_found: "Not found", "Tidak ditemukan";
        not_found_help: "There is nothing here that your organisation can see.",
            "Tidak ada apa pun di sini yang dapat dilihat organisasi Anda.";
        method: "This page cannot be used like that", "Halaman ini tidak dapat dipakai dengan cara itu";
        method_help: "Open it from the navigation.", "Buka halaman ini dari navigasi.";
        too_large: "Too much was sent", "Kiriman terlalu besar";
        too_large_help: "No form of the console is that long.", "Tidak ada formulir konsol sepanjang itu.";
        too_many: "Too many requests", "Terlalu banyak permintaan";
        too_many_help: "Please wait a little and try again.", "Silakan tunggu sebentar dan coba lagi.";
        internal: "Something went wrong on our side", "Terjadi kesalahan di pihak kami";
        internal_help: "It was logged. Tell the operator the number below.",
            "Kesalahan telah dicatat. Sampaikan nomor di bawah ini kepada operator.";
        unavailable: "Temporarily unavailable", "Sementara tidak tersedia";
        unavailable_help: "A part of the system does not answer. Please try again in a moment.",
            "Salah satu bagian sistem tidak menjawab. Silakan coba lagi sebentar lagi.";
        not_recorded: "This view could not be recorded", "Tampilan ini tidak dapat dicatat";
        not_recorded_help: "Personal data is shown only after the view is on record. Nothing was shown. Please try again in a moment.",
            "Data pribadi hanya ditampilkan setelah tampilan tersebut dicatat. Tidak ada data yang ditampilkan. Silakan coba lagi sebentar lagi.";
        request_id: "Request", "Permintaan";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn every_problem_has_one_heading_in_each_language() {
        for language in Language::ALL {
            let frame = PageFrame {
                language,
                reader: None,
                current: None,
                address: "/console/x".to_owned(),
                is_live: false,
            };
            for problem in PageProblem::ALL {
                let page = render(&frame, &ProblemModel { problem, request_id: "<req>".to_owned() });
                assert_eq!(page.matches("<h1>").count(), 1, "{problem:?}");
                assert!(page.contains("<code>&lt;req&gt;</code>"), "{page}");
            }
        }
    }
}
