//! How long files and functions are (style §9: files of 400 lines and functions of 70 read best). Functions
//! are found by their lines alone, which rustfmt makes reliable: a body ends with the first brace at the
//! indentation of its `fn`.

use super::{Finding, Rule, Source};

/// Lines of a file of Rust, its tests among them.
const FILE_LINES_MAX: usize = 400;

/// Lines of a function, from its `fn` to its closing brace.
const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    if !source.is_rust() {
        return Vec::new();
    }
    let mut findings = Vec::new();
    let lines: Vec<&str> = source.text.lines().collect();
    if lines.len() > FILE_LINES_MAX {
        let text = format!("{} lines, more than {FILE_LINES_MAX}", lines.len());
        findings.push(Finding::new(Rule::FileLength, &source.path, text).size(lines.len()));
    }
    for (start, line) in lines.iter().enumerate() {
        let Some(name) = function_name(line) else { continue };
        let length = function_length(&lines[start..]);
        if length > FUNCTION_LINES_MAX {
            let text = format!("`{name}` has {length} lines, more than {FUNCTION_LINES_MAX}");
            let finding = Finding::new(Rule::FunctionLength, &source.path, text);
            findings.push(finding.line(start + 1).item(name).size(length));
        }
    }
    findings
}

/// The name of the function that this line begins.
fn function_name(line: &str) -> Option<&str> {
    let mut rest = line.trim_start();
    if let Some(public) = rest.strip_prefix("pub") {
        rest = match public.strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1.trim_start(),
            None => public.trim_start(),
        };
    }
    loop {
        let (word, after) = rest.split_once(' ')?;
        match word {
            "fn" => return after.split(['(', '<']).next(),
            "default" | "const" | "async" | "unsafe" | "extern" => rest = after,
            // The ABI after `extern`.
            _ if word.starts_with('"') => rest = after,
            _ => return None,
        }
    }
}

/// Lines of the function that begins with the first of these; 0 where it has no body.
fn function_length(lines: &[&str]) -> usize {
    let indentation = lines[0].len() - lines[0].trim_start().len();
    let mut in_signature = true;
    for (at, line) in lines.iter().enumerate() {
        let line = line.trim_end();
        if in_signature && line.ends_with(';') {
            return 0;
        }
        let closes = line.get(indentation..).is_some_and(|rest| rest.starts_with('}'))
            && line[..indentation].trim().is_empty();
        if (at == 0 && line.ends_with('}')) || closes {
            return at + 1;
        }
        in_signature = in_signature && !line.ends_with('{');
    }
    lines.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: String) -> Vec<Finding> {
        check(&Source { path: path.to_owned(), text })
    }

    /// A method with a body of so many lines between its braces.
    fn method(body: usize) -> String {
        let body = "        step(|| {\n        });\n".repeat(body / 2);
        format!(
            "impl T {{\n    pub(crate) async fn long<'a>(\n        &'a self,\n    ) -> u32 {{\n{body}    }}\n}}\n"
        )
    }

    #[test]
    fn a_file_has_its_length() {
        assert!(findings("a.rs", "x\n".repeat(400)).is_empty());
        let found = findings("a.rs", "x\n".repeat(401));
        assert_eq!((found[0].rule, found[0].size), (Rule::FileLength, Some(401)));
        assert!(findings("a.md", "x\n".repeat(401)).is_empty());
    }

    #[test]
    fn a_function_has_its_length() {
        assert!(findings("a.rs", method(66)).is_empty());
        let found = findings("a.rs", method(68));
        assert_eq!((found[0].rule, found[0].size, found[0].line), (Rule::FunctionLength, Some(72), Some(2)));
        assert_eq!(found[0].item.as_deref(), Some("long"));
    }

    #[test]
    fn functions_are_found_and_nothing_else_taken_for_one() {
        for (line, name) in [
            ("fn a() {", Some("a")),
            ("    pub fn b<T>(", Some("b")),
            ("pub(in crate::x) const unsafe extern \"C\" fn c() {", Some("c")),
            ("async fn d() {}", Some("d")),
            ("let f: fn (u8) = g;", None),
            ("// fn in a comment", None),
            ("pub struct S;", None),
            ("const N: usize = 1;", None),
            ("pub trait T {", None),
        ] {
            assert_eq!(function_name(line), name, "{line}");
        }
    }

    #[test]
    fn what_has_no_body_has_no_length() {
        let declared = "    fn a(&self) -> u8;\n    fn b(\n        &self,\n    ) -> u8\n    where\n        Self: Sized;\n";
        let lines: Vec<&str> = declared.lines().collect();
        assert_eq!((function_length(&lines), function_length(&lines[1..])), (0, 0));
        assert_eq!(function_length(&["fn a() {}", "}"]), 1);
        assert_eq!(function_length(&["fn a()", "where", "    T: U,", "{", "    b();", "}", "}"]), 6);
    }
}
