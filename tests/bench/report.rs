//! Tables as Markdown: on stdout, and between marks in a file of the documentation.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context as _, Result};

/// A section of the page, as it grows.
pub(crate) struct Report {
    name: &'static str,
    text: String,
}

impl Report {
    /// Of that name in the marks.
    pub(crate) fn new(name: &'static str) -> Self {
        Self { name, text: String::new() }
    }

    /// A paragraph.
    pub(crate) fn say(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push_str("\n\n");
    }

    /// A table; every row has as many cells as there are heads.
    pub(crate) fn table(&mut self, heads: &[&str], rows: &[Vec<String>]) {
        let _ = writeln!(self.text, "| {} |", heads.join(" | "));
        let _ = writeln!(self.text, "|{}", "---|".repeat(heads.len()));
        for row in rows {
            let _ = writeln!(self.text, "| {} |", row.join(" | "));
        }
        self.text.push('\n');
    }

    /// Prints it, and puts it into the page if there is one.
    pub(crate) fn finish(self, page: Option<&Path>) -> Result<()> {
        println!("{}", self.text);
        let Some(page) = page else { return Ok(()) };
        let old = std::fs::read_to_string(page).with_context(|| format!("read {}", page.display()))?;
        let new = between(&old, self.name, self.text.trim_end())
            .with_context(|| format!("{} has no marks for `{}`", page.display(), self.name))?;
        std::fs::write(page, new).with_context(|| format!("write {}", page.display()))
    }
}

/// The page with other text between the marks of that name.
fn between(page: &str, name: &str, text: &str) -> Option<String> {
    let (begin, end) = (format!("<!-- bench {name} begins -->"), format!("<!-- bench {name} ends -->"));
    let (before, rest) = page.split_once(&begin)?;
    let (_, after) = rest.split_once(&end)?;
    Some(format!("{before}{begin}\n{text}\n{end}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_changes() {
        let page = "a\n<!-- bench x begins -->\nold\n<!-- bench x ends -->\nb\n";
        let new = between(page, "x", "new").expect("marks");
        assert_eq!(new, "a\n<!-- bench x begins -->\nnew\n<!-- bench x ends -->\nb\n");
        assert_eq!(between(&new, "x", "new").as_deref(), Some(new.as_str()));
        assert_eq!(between(page, "y", "new"), None);
    }

    #[test]
    fn a_table_is_markdown() {
        let mut report = Report::new("x");
        report.table(&["a", "b"], &[vec!["1".into(), "2".into()]]);
        assert_eq!(report.text, "| a | b |\n|---|---|\n| 1 | 2 |\n\n");
    }
}
