//! The console's pages as HTML: their frame, their words in both languages, their style sheet. Pure: a page is a
//! function from what it shows to a text.
//!
//! What does not belong here: HTTP, sessions, stores, and who may see a page (`domain::staff`). A page's file has its
//! model, its words and its `render`; a new page is such a file, and a line in `navigation` where it has an entry.

pub mod assets;
pub mod charts;
pub mod format;
pub mod frame;
pub mod language;
pub mod navigation;
pub mod pages;
mod tables;
pub mod terms;
mod words;

pub use frame::{PageFrame, PageReader};
pub use language::Language;
