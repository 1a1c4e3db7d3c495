//! The console's files: its style sheet and its vendored scripts, each at an address that has its digest in it, so
//! that a browser may keep it for ever. Licences stand beside the scripts.

use std::sync::LazyLock;

use sha2::{Digest as _, Sha256};

/// Beneath this all files lie.
pub const FOLDER: &str = "/console/assets/";

/// A file of the console.
#[derive(Debug)]
pub struct ConsoleAsset {
    /// `<name>.<the first eight digits of its SHA-256>.<kind>`.
    pub file_name: String,
    /// For `Content-Type`.
    pub media_type: &'static str,
    /// What is in it.
    pub bytes: &'static [u8],
}

impl ConsoleAsset {
    fn new(name: &str, kind: &str, media_type: &'static str, bytes: &'static [u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let [a, b, c, d] = [digest[0], digest[1], digest[2], digest[3]];
        let file_name = format!("{name}.{a:02x}{b:02x}{c:02x}{d:02x}.{kind}");
        Self { file_name, media_type, bytes }
    }

    fn script(name: &str, bytes: &'static [u8]) -> Self {
        Self::new(name, "js", "text/javascript; charset=utf-8", bytes)
    }

    /// Its address.
    pub fn path(&self) -> String {
        format!("{FOLDER}{}", self.file_name)
    }
}

/// What every page looks like.
pub static STYLE_SHEET: LazyLock<ConsoleAsset> = LazyLock::new(|| {
    // Made once, and kept as long as the program runs.
    let sheet: &'static str = Box::leak(without_indentation(include_str!("../assets/console.css")).into());
    ConsoleAsset::new("console", "css", "text/css; charset=utf-8", sheet.as_bytes())
});

/// A style sheet as it is sent: spaces at the ends of lines, and lines of nothing else, are a fifth of it. No text in it
/// goes on over a line.
fn without_indentation(sheet: &str) -> String {
    sheet.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// htmx 2.0.11 (<https://htmx.org>, BSD Zero Clause).
pub static HTMX: LazyLock<ConsoleAsset> =
    LazyLock::new(|| ConsoleAsset::script("htmx", include_bytes!("../assets/htmx-2.0.11.min.js")));

/// Its extension for server-sent events, 2.2.4 (BSD Zero Clause).
pub static HTMX_SSE: LazyLock<ConsoleAsset> =
    LazyLock::new(|| ConsoleAsset::script("htmx-sse", include_bytes!("../assets/htmx-ext-sse-2.2.4.min.js")));

/// The file of that name.
pub fn find(file_name: &str) -> Option<&'static ConsoleAsset> {
    [&STYLE_SHEET, &HTMX, &HTMX_SSE].into_iter().map(|asset| &**asset).find(|one| one.file_name == file_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_by_its_name_with_its_digest_only() {
        for asset in [&STYLE_SHEET, &HTMX, &HTMX_SSE] {
            let found = find(&asset.file_name).expect("there");
            assert!(!found.bytes.is_empty() && found.path().starts_with(FOLDER));
        }
        for none in ["console.css", "htmx.js", "", "../console.css", "console.00000000.css"] {
            assert!(find(none).is_none(), "{none}");
        }
    }

    #[test]
    fn a_style_sheet_is_sent_without_what_is_there_for_its_readers_alone() {
        let sheet = "a {\n  color: red;\n\n  content: \"  x\";\n}\n";
        assert_eq!(without_indentation(sheet), "a {\ncolor: red;\ncontent: \"  x\";\n}");
    }

    /// They stand in the page's weight, which is below 100 KB with them.
    #[test]
    fn the_files_are_small() {
        let all: usize = [&STYLE_SHEET, &HTMX, &HTMX_SSE].iter().map(|asset| asset.bytes.len()).sum();
        assert!(all < 80_000, "{all}");
    }
}
