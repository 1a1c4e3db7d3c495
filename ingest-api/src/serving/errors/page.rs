//! The list of error codes as a page for callers: `docs/errors.md`.

use super::codes::{CodeRow, ROWS};

/// The list as the page `docs/errors.md`.
pub fn page() -> String {
    let mut page = String::from(
        "# Errors\n\n\
         Every error of the API is\n\n\
         ```json\n\
         {\"error\":\"<text>\",\"code\":\"<code>\",\"details\":{…}}\n\
         ```\n\n\
         Programs branch on `code`, which never changes its meaning; `error` is for people. `details` is there where \
         the table says so. An error never repeats a value that was sent, and one of 5xx says nothing of the \
         inside: give the operator its `X-Request-Id`. A 429 has `bucket` and `limit` beside `error` and `code`. \
         The registry on the management listener answers in Confluent's shape instead (`error_code`, `message`).\n\n\
         This page is written from the code's own list, and a test compares them.\n\n\
         | status | code | error | cause | remedy |\n\
         |---|---|---|---|---|\n",
    );
    for CodeRow { word, status, text, cause, remedy, .. } in &ROWS {
        page.push_str(&format!("| {status} | `{word}` | `{text}` | {cause} | {remedy} |\n"));
    }
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_committed_page_is_the_codes() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/errors.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, page()).expect("written");
        }
        let committed = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            committed == page(),
            "docs/errors.md is not the code's: run with UPDATE_DOCS=1 and commit it"
        );
    }
}
