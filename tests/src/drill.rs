//! The steps of a drill, as they stand in docs/operations.md.

const PAGE: &str = include_str!("../../docs/operations.md");

/// The page's block of that name.
pub fn steps(name: &str) -> &'static str {
    let (_, after) =
        PAGE.split_once(&format!("<!-- drill: {name} -->\n```sh\n")).expect("the page has the block");
    let (steps, _) = after.split_once("\n```").expect("a block ends");
    steps
}
