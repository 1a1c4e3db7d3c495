//! What surrounds every page: the document's head, the navigation, who is signed in, the choice of the language.

use std::fmt;

use domain::staff::{ConsolePage, StaffRole};
use maud::{DOCTYPE, Markup, html};
use percent_encoding::percent_decode_str;

use crate::Language;
use crate::assets::{HTMX, HTMX_SSE, STYLE_SHEET};
use crate::language::LanguageWords;
use crate::navigation::{self, HOME};
use crate::words::words;

/// The name of the field by which a form says that it is a page of ours that sent it.
pub const CSRF_FIELD: &str = "csrf";

/// How htmx is told to stay within the policy: no style of its own, nothing evaluated.
const HTMX_CONFIG: &str =
    r#"{"includeIndicatorStyles":false,"allowEval":false,"allowScriptTags":false,"historyCacheSize":0}"#;

/// Who reads the page.
#[derive(Clone)]
pub struct PageReader {
    /// By which name it signed in.
    pub user: String,
    /// Whose customers it sees.
    pub org_name: String,
    /// What it may.
    pub role: StaffRole,
    /// Goes into every form, in the field [`CSRF_FIELD`].
    pub csrf_token: String,
}

/// Without the token.
impl fmt::Debug for PageReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PageReader")
            .field("user", &self.user)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}

/// What a page needs to know beside what it shows.
#[derive(Debug, Clone)]
pub struct PageFrame {
    /// In which language it is.
    pub language: Language,
    /// Who reads it, where somebody is signed in.
    pub reader: Option<PageReader>,
    /// Which entry of the navigation it belongs to.
    pub current: Option<ConsolePage>,
    /// Its own path and query as they were asked for: where it is read in another language.
    pub address: String,
    /// It has parts that are renewed while it is read, by the scripts.
    pub is_live: bool,
}

impl PageFrame {
    /// The whole document. `main` has the page's one `<h1>`.
    pub fn document(&self, title: &str, main: &Markup) -> String {
        let words = FrameWords::of(self.language);
        html! {
            (DOCTYPE)
            html lang=(self.language.code()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width, initial-scale=1";
                    meta name="color-scheme" content="light dark";
                    title { (title) " · " (words.console) }
                    // Drawn when all of it is there: half of a table has other widths than the whole.
                    link rel="expect" href="#end" blocking="render";
                    link rel="icon" href="data:,";
                    link rel="stylesheet" href=(STYLE_SHEET.path());
                    @if self.is_live {
                        meta name="htmx-config" content=(HTMX_CONFIG);
                        script src=(HTMX.path()) defer {}
                        script src=(HTMX_SSE.path()) defer {}
                    }
                }
                body {
                    a class="skip-link" href="#main" { (words.skip) }
                    header class="page-header" {
                        a class="home" href=(HOME) { (words.console) }
                        @if let Some(reader) = &self.reader { (self.reader_part(words, reader)) }
                        (self.languages())
                    }
                    main id="main" tabindex="-1" { (main) }
                    footer id="end" class="page-footer" { p { (words.footer) } }
                }
            }
        }
        .into_string()
    }

    /// The field that every form has whose reader is signed in.
    pub fn csrf_field(&self) -> Markup {
        html! {
            @if let Some(reader) = &self.reader {
                input type="hidden" name=(CSRF_FIELD) value=(reader.csrf_token);
            }
        }
    }

    fn reader_part(&self, words: &FrameWords, reader: &PageReader) -> Markup {
        let current = |page: ConsolePage| (self.current == Some(page)).then_some("page");
        html! {
            nav class="navigation" aria-label=(words.navigation) {
                ul {
                    @for entry in navigation::entries(reader.role) {
                        li {
                            a href=(entry.path) aria-current=[current(entry.page)] {
                                (entry.label(self.language))
                            }
                        }
                    }
                }
            }
            div class="reader" {
                a href="/console/account" aria-current=[current(ConsolePage::Account)] { (reader.user) }
                " "
                span class="org-name" { (reader.org_name) }
                " "
                form method="post" action="/console/sign-out" {
                    (self.csrf_field())
                    button type="submit" { (words.sign_out) }
                }
            }
        }
    }

    fn languages(&self) -> Markup {
        html! {
            nav class="languages" aria-label=(LanguageWords::of(self.language).choice) {
                @for language in Language::ALL {
                    @if language == self.language {
                        span lang=(language.code()) aria-current="true" { (language.own_name()) }
                    } @else {
                        a lang=(language.code()) hreflang=(language.code()) href=(self.address_in(language)) {
                            (language.own_name())
                        }
                    }
                    " "
                }
            }
        }
    }

    /// The page's own address in another language.
    fn address_in(&self, language: Language) -> String {
        let (path, query) = self.address.split_once('?').unwrap_or((&self.address, ""));
        let is_language = |pair: &&str| {
            let name = pair.split('=').next().unwrap_or_default();
            percent_decode_str(name).decode_utf8().is_ok_and(|name| name == "lang")
        };
        let mut pairs: Vec<&str> =
            query.split('&').filter(|pair| !pair.is_empty() && !is_language(pair)).collect();
        let choice = format!("lang={}", language.code());
        pairs.push(&choice);
        format!("{path}?{}", pairs.join("&"))
    }
}

words! {
    /// What stands around every page.
    FrameWords {
        console: "Identity console", "Konsol identitas";
        skip: "Skip to the content", "Lewati ke isi halaman";
        navigation: "Pages", "Halaman";
        sign_out: "Sign out", "Keluar";
        footer: "Personal data is protected by law (UU 27/2022). Views of a customer's personal fields are recorded.",
            "Data pribadi dilindungi undang-undang (UU 27/2022, Pelindungan Data Pribadi). Setiap tampilan data pribadi nasabah dicatat.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(address: &str) -> PageFrame {
        let reader = PageReader {
            user: "ana".to_owned(),
            org_name: "Bank <b>Contoh</b>".to_owned(),
            role: StaffRole::Analyst,
            csrf_token: "token".to_owned(),
        };
        PageFrame {
            language: Language::English,
            reader: Some(reader),
            current: Some(ConsolePage::Customers),
            address: address.to_owned(),
            is_live: false,
        }
    }

    #[test]
    fn a_page_is_one_document_with_its_language_and_its_navigation() {
        let page = frame("/console/customers").document("Customers", &html! { h1 { "Customers" } });
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\">"));
        assert_eq!(page.matches("<h1>").count(), 1);
        assert!(
            page.contains("<a href=\"/console/customers\" aria-current=\"page\">Customers</a>"),
            "{page}"
        );
        assert!(page.contains("<a href=\"/console/attempts\">Attempts</a>"), "{page}");
        assert!(!page.contains("/console/access"), "an analyst does not see it");
        assert!(page.contains("name=\"csrf\" value=\"token\""));
        assert!(!page.contains("<script"), "nothing of it is live");
    }

    #[test]
    fn what_is_shown_is_text() {
        let page = frame("/console/customers?q=\"><script>alert(1)</script>");
        let page = page.document("<script>alert(2)</script>", &html! {});
        assert!(!page.contains("<script") && !page.contains("<b>Contoh"), "{page}");
    }

    #[test]
    fn another_language_is_the_same_page() {
        for (address, other) in [
            ("/console/customers", "/console/customers?lang=id"),
            ("/console/customers?q=a%26b&lang=en", "/console/customers?q=a%26b&lang=id"),
            ("/console/x?lang=en&l%61ng=en&page=2", "/console/x?page=2&lang=id"),
            ("/console/x?&&", "/console/x?lang=id"),
        ] {
            assert_eq!(frame(address).address_in(Language::Indonesian), other, "{address}");
        }
    }

    #[test]
    fn a_live_page_has_its_scripts_and_tells_them_to_evaluate_nothing() {
        let page = PageFrame { is_live: true, ..frame("/console/attempts") }.document("A", &html! {});
        assert_eq!(page.matches("<script src=\"/console/assets/htmx").count(), 2);
        assert!(page.contains("&quot;allowEval&quot;:false"), "{page}");
    }
}
