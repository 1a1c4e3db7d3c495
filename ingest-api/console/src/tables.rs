//! What tables have in common.

use maud::{Markup, html};

/// The head of a table whose columns have those names.
pub(crate) fn table_head(names: &[&str]) -> Markup {
    html! {
        thead { tr { @for name in names { th scope="col" { (name) } } } }
    }
}
