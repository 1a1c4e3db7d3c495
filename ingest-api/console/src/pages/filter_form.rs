//! What forms of filters have in common: what is wrong with an address, and a field to type into.

use maud::{Markup, html};

/// What is wrong, each in a sentence; nothing where nothing is.
pub(super) fn problem_list(heading: &str, problems: &[&str]) -> Markup {
    html! {
        @if !problems.is_empty() {
            div class="notice notice-wrong" role="alert" {
                p { (heading) }
                ul { @for problem in problems { li { (problem) } } }
            }
        }
    }
}

/// A field of that type with its label.
pub(super) fn text_field(name: &str, label: &str, value: &str, kind: &str, is_wrong: bool) -> Markup {
    html! {
        p class="form-field" {
            label for=(name) { (label) }
            input id=(name) name=(name) type=(kind) value=(value) autocomplete="off" spellcheck="false"
                aria-invalid=[is_wrong.then_some("true")];
        }
    }
}
