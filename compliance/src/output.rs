//! What commands print: answers on standard output in pieces, and how far a long reading is on standard error, as a bar
//! where somebody looks at it.

use std::borrow::Cow;
use std::io::IsTerminal as _;

use compliance::limits::OUTPUT_BYTES;
use compliance::{ReadError, ReadProgress};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use service::program::print;

/// Lines on their way to standard output.
pub(crate) struct AnswerLines {
    waiting: String,
    bar: ProgressBar,
}

impl AnswerLines {
    /// Beside that bar, which makes room for them where both are on one terminal.
    pub(crate) fn beside(progress: &ProgressDisplay) -> Self {
        Self { waiting: String::new(), bar: progress.0.clone() }
    }

    /// Takes a line, with its end.
    pub(crate) fn push(&mut self, line: &str) -> Result<(), ReadError> {
        self.waiting.push_str(line);
        if self.waiting.len() >= OUTPUT_BYTES { self.flush() } else { Ok(()) }
    }

    /// Writes what waits.
    pub(crate) fn flush(&mut self) -> Result<(), ReadError> {
        let text = std::mem::take(&mut self.waiting);
        self.bar.suspend(|| print(&text)).map_err(|error| ReadError::Unwritten(error.to_string()))
    }
}

/// A bar on standard error, where that is a terminal.
pub(crate) struct ProgressDisplay(ProgressBar);

impl ProgressDisplay {
    /// Of so many records; of as many as there are, where nobody counted them.
    pub(crate) fn of(records: Option<u64>) -> Self {
        let is_seen = std::io::stderr().is_terminal();
        let target = if is_seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(records, target);
        let style = ProgressStyle::with_template(match records {
            Some(_) => "{wide_bar} {human_pos}/{human_len} records {per_sec} {eta}",
            None => "{spinner} {human_pos} records {per_sec}",
        });
        // The template is a constant; a bar in the default style is no harm.
        style.map(|style| bar.set_style(style)).ok();
        Self(bar)
    }

    /// Takes it away.
    pub(crate) fn finish(self) {
        self.0.finish_and_clear();
    }
}

impl ReadProgress for ProgressDisplay {
    fn records(&self, count: u64) {
        self.0.inc(count);
    }
}

/// A line of JSON.
pub(crate) fn json_line(line: &impl serde::Serialize) -> String {
    serde_json::to_string(line).expect("texts, numbers and flags have a form in JSON") + "\n"
}

/// A row of a long table: columns of fixed widths, since nobody can wait for its last row to see the widest cell.
pub(crate) fn fixed_row<const N: usize>(cells: [(&str, usize); N]) -> String {
    let padded = cells.map(|(cell, width)| format!("{:<width$}", shown(cell)));
    format!("{}\n", padded.join("  ").trim_end())
}

/// A cell in one line, in the direction that it was written in: what a bank wrote draws no rows of its own.
fn shown(cell: &str) -> Cow<'_, str> {
    let is_odd = |char: char| {
        char.is_control()
            || matches!(char, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
    };
    if !cell.contains(is_odd) {
        return Cow::Borrowed(cell);
    }
    Cow::Owned(
        cell.chars()
            .map(|char| if is_odd(char) { char.escape_default().to_string() } else { char.to_string() })
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_somebody_wrote_stays_in_its_cell() {
        let row = fixed_row([("a\nb\u{1b}[2K\u{202E}c", 4), ("é", 0)]);
        assert_eq!(row, "a\\nb\\u{1b}[2K\\u{202e}c  é\n");
    }
}
