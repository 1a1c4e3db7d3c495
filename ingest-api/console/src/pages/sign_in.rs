//! Signing in.

use maud::{Markup, html};

use crate::PageFrame;
use crate::frame::CSRF_FIELD;
use crate::words::words;

/// Why the form is shown again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInRefusal {
    /// User name or password, or the account is disabled: which of them is nobody's business.
    Wrong,
    /// The form was not ours, or too old.
    Form,
    /// Too many tries; another one after so many seconds.
    Throttled {
        /// Rounded up.
        retry_after_s: u64,
    },
    /// Too many sign in at this moment.
    Busy,
}

/// What the page shows. Nothing shows itself here: it has a token.
#[derive(Clone)]
pub struct SignInModel {
    /// Says that the form is ours.
    pub csrf_token: String,
    /// Where to go then: a path beneath the console.
    pub next: String,
    /// The name that was typed, when the form is shown again.
    pub user: String,
    /// Why it is shown again.
    pub refusal: Option<SignInRefusal>,
}

/// The page.
pub fn render(frame: &PageFrame, model: &SignInModel) -> String {
    let words = SignInWords::of(frame.language);
    let main: Markup = html! {
        h1 { (words.title) }
        @if let Some(refusal) = model.refusal {
            p class="notice" role="alert" id="refusal" { (why(words, refusal)) }
        }
        form method="post" action="/console/sign-in" class="sign-in" {
            input type="hidden" name=(CSRF_FIELD) value=(model.csrf_token);
            input type="hidden" name="next" value=(model.next);
            p class="form-field" {
                label for="user" { (words.user) }
                input type="text" id="user" name="user" value=(model.user) autocomplete="username"
                    autocapitalize="none" spellcheck="false" required
                    aria-describedby=[model.refusal.map(|_| "refusal")];
            }
            p class="form-field" {
                label for="password" { (words.password) }
                input type="password" id="password" name="password" autocomplete="current-password" required;
            }
            p { button type="submit" { (words.submit) } }
        }
    };
    frame.document(words.title, &main)
}

fn why(words: &SignInWords, refusal: SignInRefusal) -> String {
    match refusal {
        SignInRefusal::Wrong => words.wrong.to_owned(),
        SignInRefusal::Form => words.form.to_owned(),
        SignInRefusal::Throttled { retry_after_s } => {
            format!("{} {retry_after_s} {}", words.throttled, words.seconds)
        }
        SignInRefusal::Busy => words.busy.to_owned(),
    }
}

words! {
    /// Words of the page.
    SignInWords {
        title: "Sign in", "Masuk";
        user: "User name", "Nama pengguna";
        password: "Password", "Kata sandi";
        submit: "Sign in", "Masuk";
        wrong: "User name or password is wrong, or the account is disabled.",
            "Nama pengguna atau kata sandi salah, atau akun dinonaktifkan.";
        form: "This form was out of date. Please try again.",
            "Formulir ini sudah tidak berlaku. Silakan coba lagi.";
        throttled: "Too many attempts. Please try again in", "Terlalu banyak percobaan. Silakan coba lagi dalam";
        seconds: "seconds.", "detik.";
        busy: "Too many people are signing in just now. Please try again.",
            "Terlalu banyak yang sedang masuk saat ini. Silakan coba lagi.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    #[test]
    fn what_was_typed_is_shown_as_text_and_a_password_never() {
        let frame = PageFrame {
            language: Language::English,
            reader: None,
            current: None,
            address: "/console/sign-in".to_owned(),
            is_live: false,
        };
        let model = SignInModel {
            csrf_token: "token".to_owned(),
            next: "/console/?a=\"><img src=x>".to_owned(),
            user: "\"><script>alert(1)</script>".to_owned(),
            refusal: Some(SignInRefusal::Throttled { retry_after_s: 7 }),
        };
        let page = render(&frame, &model);
        assert!(!page.contains("<script") && !page.contains("<img"), "{page}");
        assert!(page.contains("try again in 7 seconds."), "{page}");
        assert!(page.contains("name=\"password\" autocomplete=\"current-password\" required>"), "{page}");
    }
}
