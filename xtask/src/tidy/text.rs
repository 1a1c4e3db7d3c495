//! What a file may not say: unfinished work, skipped tests, sleeping tests, paths of some machine, API keys,
//! and in `domain` anything that reaches for the world. Read line by line; where code is meant, strings and
//! comments are left out, so that a rule can be written about.

use super::{Finding, Rule, Source};

/// Macros that say something is not done, or was left behind.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];

/// What sleeps. Any import of a `sleep` counts too.
const SLEEPS: [&str; 2] = ["thread::sleep", "time::sleep"];

/// Folders that only machines of ours have, in pieces, so that this file does not have them either.
const MACHINE_FOLDERS: [[&str; 2]; 3] = [["/", "work/"], ["/", "root/"], ["/", "home/"]];

/// How the world would come into `domain`.
const IMPURE: [&str; 8] =
    ["::now(", "std::fs", "std::net", "std::env", "std::process", "std::thread", "println!", "rand::"];

/// Sources of the programs that serve. Their standard streams may have no reader, or stall: whatever goes there goes
/// by way of `service::program`.
const PROGRAMS: [&str; 6] = [
    "compliance/src/",
    "infra/engine/src/",
    "infra/org-directory/src/",
    "infra/service/src/",
    "ingest-api/src/",
    "projector/src/",
];

/// What writes to a standard stream, waits for its reader, and panics when it cannot.
const PRINTS: [&str; 4] = ["print!", "println!", "eprint!", "eprintln!"];

/// How API keys begin.
const KEY_PREFIX: &str = "qe_sk_";

/// Characters of a key after its environment.
const KEY_CHARS: usize = 32;

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    let path = source.path.as_str();
    let mut found = |rule, line: usize, text: String| {
        findings.push(Finding::new(rule, path, text).line(line));
    };
    for (number, line) in (1..).zip(source.text.lines()) {
        if let Some(folder) = machine_path(line) {
            found(Rule::MachinePath, number, format!("a path of some machine ({folder})"));
        }
        if has_key(line) {
            found(Rule::Secret, number, "an API key".to_owned());
        }
    }
    if !source.is_rust() {
        return findings;
    }
    if !source.text.starts_with("//!") {
        found(Rule::Opening, 1, "does not open with `//!`: what belongs here, what does not".to_owned());
    }
    let tests_from = tests_from(source);
    for (number, line) in (1..).zip(source.text.lines()) {
        let code = code_of(line);
        for name in UNFINISHED.iter().filter(|name| has_macro(&code, name)) {
            found(Rule::Unfinished, number, format!("`{name}`"));
        }
        if code.contains("#[ignore") {
            found(Rule::IgnoredTest, number, "a test that does not run".to_owned());
        }
        if number >= tests_from && sleeps(&code) {
            found(Rule::SleepInTest, number, "a test that sleeps: wait for a condition".to_owned());
        }
        if PROGRAMS.iter().any(|folder| path.starts_with(folder)) && number < tests_from {
            for name in PRINTS.iter().filter(|name| has_macro(&code, name)) {
                found(Rule::StandardStream, number, format!("`{name}`: use `service::program`"));
            }
        }
        if path.starts_with("schemas/domain/src/") && number < tests_from {
            for word in IMPURE.iter().filter(|word| code.contains(*word)) {
                found(Rule::Purity, number, format!("`domain` has no `{word}`"));
            }
        }
    }
    findings
}

/// From which line on a file is tests: 1 where it is all tests, past its end where it has none. A bench
/// measures and tests nothing.
fn tests_from(source: &Source) -> usize {
    let mut folders = source.path.split('/');
    let all = folders.any(|part| matches!(part, "tests" | "tests.rs" | "testkit"));
    if all && !source.path.split('/').any(|part| part.starts_with("bench")) {
        return 1;
    }
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let module =
        |pair: &[&str]| pair[0] == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{');
    lines.windows(2).position(module).map_or(usize::MAX, |at| at + 1)
}

/// The line without what stands in its strings and comments.
fn code_of(line: &str) -> String {
    let mut code = String::new();
    let mut chars = line.chars().peekable();
    let mut in_string = false;
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(_)) if in_string => {
                chars.next();
            }
            ('"', _) => in_string = !in_string,
            // A quote as a character opens no string.
            ('\'', Some('"')) if !in_string => {
                chars.next();
                chars.next();
            }
            ('/', Some('/')) if !in_string => return code,
            _ if !in_string => code.push(c),
            _ => {}
        }
    }
    code
}

/// Whether the macro is called, and not another whose name ends like it.
fn has_macro(code: &str, name: &str) -> bool {
    code.match_indices(name)
        .any(|(at, _)| !code[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_'))
}

fn sleeps(code: &str) -> bool {
    SLEEPS.iter().any(|sleep| code.contains(sleep))
        || (code.trim_start().starts_with("use ") && code.contains("sleep"))
}

/// The machine's folder that an absolute path in this line begins with.
fn machine_path(line: &str) -> Option<String> {
    MACHINE_FOLDERS.iter().map(|pieces| pieces.concat()).find(|folder| {
        line.match_indices(folder.as_str()).any(|(at, _)| {
            // Within a longer path or a URL it is a folder like any other.
            !line[..at].ends_with(|before: char| before.is_alphanumeric() || "._-~$}*".contains(before))
        })
    })
}

fn has_key(line: &str) -> bool {
    line.match_indices(KEY_PREFIX).any(|(at, _)| {
        let rest = &line[at + KEY_PREFIX.len()..];
        let key = rest.strip_prefix("sandbox_").or_else(|| rest.strip_prefix("live_"));
        let base32 = |c: &char| c.is_ascii_alphabetic() || ('2'..='7').contains(c);
        key.is_some_and(|key| key.chars().take_while(base32).count() >= KEY_CHARS)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<Rule> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        check(&source).into_iter().map(|finding| finding.rule).collect()
    }

    fn rules_of_code(path: &str, code: &str) -> Vec<Rule> {
        rules(path, &format!("//! Opens.\n{code}\n"))
    }

    #[test]
    fn a_file_of_rust_opens_with_what_belongs_in_it() {
        assert_eq!(rules("a.rs", "use std::fs;\n"), [Rule::Opening]);
        assert_eq!(rules("a.rs", "\n//! Late.\n"), [Rule::Opening]);
        assert!(rules("a.rs", "//! In time.\n").is_empty());
        assert!(rules("a.toml", "a = 1\n").is_empty());
    }

    #[test]
    fn nothing_is_unfinished() {
        for code in ["todo!()", "    unimplemented!(\"x\")", "let a = dbg!(a);"] {
            assert_eq!(rules_of_code("a.rs", code), [Rule::Unfinished], "{code}");
        }
        for code in
            ["// todo!()", "let a = \"todo!\";", "my_todo!()", "let q = '\"'; // dbg!", "\"\\\"dbg!\""]
        {
            assert!(rules_of_code("a.rs", code).is_empty(), "{code}");
        }
    }

    #[test]
    fn every_test_runs() {
        assert_eq!(rules_of_code("a.rs", "#[ignore]"), [Rule::IgnoredTest]);
        assert_eq!(rules_of_code("a.rs", "    #[ignore = \"slow\"]"), [Rule::IgnoredTest]);
        assert!(rules_of_code("a.rs", "// no #[ignore]").is_empty());
    }

    #[test]
    fn tests_do_not_sleep() {
        let sleep = "    tokio::time::sleep(a).await;";
        for path in ["tests/it/a.rs", "x/tests/a.rs", "infra/testkit/src/a.rs", "x/src/y/tests.rs"] {
            assert_eq!(rules_of_code(path, sleep), [Rule::SleepInTest], "{path}");
        }
        for path in ["x/src/a.rs", "tests/bench/a.rs"] {
            assert!(rules_of_code(path, sleep).is_empty(), "{path}");
        }
        let beneath = format!("{sleep}\n#[cfg(test)]\nmod tests {{\n{sleep}\n}}");
        assert_eq!(rules_of_code("x/src/a.rs", &beneath), [Rule::SleepInTest]);
        assert_eq!(rules_of_code("tests/a.rs", "use tokio::time::{Duration, sleep};"), [Rule::SleepInTest]);
        assert_eq!(rules_of_code("tests/a.rs", "std::thread::sleep(a);"), [Rule::SleepInTest]);
        assert!(rules_of_code("tests/a.rs", "// no thread::sleep here").is_empty());
    }

    #[test]
    fn no_path_of_some_machine() {
        for [root, folder] in MACHINE_FOLDERS {
            let path = format!("{root}{folder}");
            for line in
                [format!("cd {path}x"), path.clone(), format!("a = \"{path}x\""), format!("({path}x)")]
            {
                assert_eq!(rules("a.md", &line), [Rule::MachinePath], "{line}");
            }
            for line in [format!("https://host{path}x"), format!("$HOME{path}x"), format!(".{path}")] {
                assert!(rules("a.md", &line).is_empty(), "{line}");
            }
        }
    }

    #[test]
    fn no_api_key() {
        for environment in ["sandbox", "live"] {
            let key =
                |characters: usize| format!("x {KEY_PREFIX}{environment}_{}", "a2B7".repeat(characters / 4));
            assert_eq!(rules("a.md", &key(32)), [Rule::Secret]);
            assert!(rules("a.md", &key(28)).is_empty());
        }
        assert!(rules("a.md", &format!("{KEY_PREFIX}<sandbox|live>_<32 base32 chars>")).is_empty());
        assert!(rules("a.md", &format!("{KEY_PREFIX}live_{}", "1".repeat(32))).is_empty());
    }

    #[test]
    fn domain_does_not_reach_for_the_world() {
        for code in ["let t = Utc::now();", "use std::fs::File;", "println!(\"a\");"] {
            assert_eq!(rules_of_code("schemas/domain/src/a.rs", code), [Rule::Purity], "{code}");
            assert!(rules_of_code("infra/vault/src/a.rs", code).is_empty(), "{code}");
        }
        let tested = "#[cfg(test)]\nmod tests {\n    let t = Utc::now();\n}";
        assert!(rules_of_code("schemas/domain/src/a.rs", tested).is_empty());
    }

    #[test]
    fn programs_print_by_one_way() {
        for path in ["infra/engine/src/a.rs", "ingest-api/src/main.rs", "projector/src/cli/a.rs"] {
            for name in PRINTS {
                let code = format!("    {name}(\"a\");");
                assert_eq!(rules_of_code(path, &code), [Rule::StandardStream], "{path}: {code}");
                assert!(rules_of_code("xtask/src/main.rs", &code).is_empty(), "{code}");
            }
            assert!(rules_of_code(path, "print(\"a\")?;").is_empty());
            let tested = "#[cfg(test)]\nmod tests {\n    println!(\"a\");\n}";
            assert!(rules_of_code(path, tested).is_empty());
        }
    }
}
