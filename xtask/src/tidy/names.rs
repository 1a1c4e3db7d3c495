//! What public types are called. A name has two or more words and one meaning: one that stands in more than two
//! crates, or that says nothing (`STOP_LIST`), is an exception with its reason. Types are found by their lines
//! alone, as rustfmt writes them; what is not visible outside its crate is not looked at.

use std::collections::{BTreeMap, BTreeSet};

use super::{Finding, Rule, Source};

/// Names that say nothing about what the type is.
const STOP_LIST: [&str; 8] = ["Heard", "Kept", "Known", "Lent", "Seen", "Shown", "So", "Stay"];

/// Crates that may have a public type of the same name.
const CRATES_MAX: usize = 2;

/// Of a hundred public type names at least so many have two or more words. To be 75, which is where crates.io,
/// restate and quickwit are, once every crate has been gone through.
const TWO_WORDS_PERCENT_MIN: usize = 65;

/// Where a finding stands that is about several crates.
const WORKSPACE: &str = "Cargo.toml";

/// Keywords that a definition of a type begins with, after its visibility.
const KINDS: [&str; 4] = ["struct", "enum", "trait", "type"];

/// A public type's definition.
struct Definition<'a> {
    name: &'a str,
    path: &'a str,
    line: usize,
}

/// How many public type names there are, and how many of them have two or more words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NameCount {
    pub(super) names: usize,
    pub(super) two_words: usize,
}

impl NameCount {
    pub(super) fn percent(&self) -> usize {
        (self.two_words * 100).checked_div(self.names).unwrap_or(100)
    }
}

/// What is wrong with public type names, and the count of them.
pub(super) fn check(sources: &[Source]) -> (Vec<Finding>, NameCount) {
    let mut findings = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<Definition<'_>>> = BTreeMap::new();
    for definition in sources.iter().flat_map(definitions) {
        by_name.entry(definition.name).or_default().push(definition);
    }
    for (name, definitions) in &by_name {
        let crates: BTreeSet<&str> = definitions.iter().filter_map(|one| crate_of(one.path)).collect();
        if STOP_LIST.contains(name) {
            let text = format!("`{name}` does not say what it is");
            let of =
                |one: &Definition<'_>| Finding::new(Rule::TypeName, one.path, text.clone()).line(one.line);
            findings.extend(definitions.iter().map(|one| of(one).item(name)));
        }
        if crates.len() > CRATES_MAX {
            let crates = crates.into_iter().collect::<Vec<_>>().join(", ");
            let text = format!("`{name}` is a public type of more than {CRATES_MAX} crates: {crates}");
            findings.push(Finding::new(Rule::TypeName, WORKSPACE, text).item(name));
        }
    }
    let two_words = by_name.keys().filter(|name| words(name) > 1).count();
    let count = NameCount { names: by_name.len(), two_words };
    if count.percent() < TWO_WORDS_PERCENT_MIN {
        let NameCount { names, two_words } = count;
        let text = format!(
            "{two_words} of {names} public type names have two or more words: fewer than \
             {TWO_WORDS_PERCENT_MIN} %"
        );
        findings.push(Finding::new(Rule::TypeName, WORKSPACE, text));
    }
    (findings, count)
}

/// The public types that a library's or a program's source defines.
fn definitions(source: &Source) -> impl Iterator<Item = Definition<'_>> {
    let lines = if source.is_rust() && crate_of(&source.path).is_some() { &source.text } else { "" };
    (1..)
        .zip(lines.lines())
        .filter_map(|(line, text)| Some(Definition { name: type_name(text)?, path: &source.path, line }))
}

/// The folder of the crate whose sources a path is among.
fn crate_of(path: &str) -> Option<&str> {
    Some(path.split_once("/src/")?.0)
}

/// The name of the public type that this line begins to define. Types that an `impl` associates are indented as
/// those of an inner module are, but have no `pub`.
fn type_name(line: &str) -> Option<&str> {
    let rest = line.trim_start().strip_prefix("pub ")?;
    let rest = rest.strip_prefix("unsafe ").unwrap_or(rest);
    let (kind, rest) = rest.split_once(' ')?;
    if !KINDS.contains(&kind) {
        return None;
    }
    let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
    Some(&rest[..end]).filter(|name| !name.is_empty())
}

/// Words of a name in camel case: `NikKey` has two, `Url` and `URL` have one, `HTTPServer` has two.
fn words(name: &str) -> usize {
    let chars: Vec<char> = name.chars().collect();
    let begins = |at: &usize| {
        let (before, next) = (at.checked_sub(1).map(|at| chars[at]), chars.get(at + 1));
        chars[*at].is_uppercase()
            && before
                .is_none_or(|before| !before.is_uppercase() || next.is_some_and(|next| next.is_lowercase()))
    };
    (0..chars.len()).filter(begins).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(path: &str, text: &str) -> Source {
        Source { path: path.to_owned(), text: text.to_owned() }
    }

    fn items(sources: &[Source]) -> Vec<String> {
        check(sources).0.into_iter().filter_map(|finding| finding.item).collect()
    }

    #[test]
    fn words_are_counted_as_they_are_read() {
        for (name, count) in [
            ("Url", 1),
            ("URL", 1),
            ("NikKey", 2),
            ("HTTPServer", 2),
            ("Sha256Digest", 2),
            ("A", 1),
            ("ABirth", 2),
            ("PartitionGenerations", 2),
            ("DukcapilVerdictReceived", 3),
        ] {
            assert_eq!(words(name), count, "{name}");
        }
    }

    #[test]
    fn public_types_are_found_and_nothing_else_taken_for_one() {
        for (line, name) in [
            ("pub struct EventLog;", Some("EventLog")),
            ("pub struct Sealed<T>(T);", Some("Sealed")),
            ("    pub enum Inner {", Some("Inner")),
            ("pub unsafe trait Raw: Send {", Some("Raw")),
            ("pub type Rows = Vec<Row>;", Some("Rows")),
            ("pub(crate) struct Hidden;", None),
            ("struct Hidden;", None),
            ("    type Output = u8;", None),
            ("pub fn structure() {", None),
            ("/// pub struct Comment;", None),
        ] {
            assert_eq!(type_name(line), name, "{line}");
        }
    }

    #[test]
    fn a_name_in_a_third_crate_is_a_finding() {
        let in_crate = |folder: &str| source(&format!("{folder}/src/lib.rs"), "pub struct Ports;\n");
        let two = [in_crate("a"), in_crate("infra/b"), source("a/src/m.rs", "pub enum Ports {}\n")];
        assert!(items(&two).is_empty(), "twice in one crate is one crate");
        let [a, b, again] = two;
        assert_eq!(items(&[a, b, again, in_crate("c")]), ["Ports"]);
    }

    #[test]
    fn a_name_on_the_stop_list_is_a_finding_where_it_is_public() {
        assert_eq!(items(&[source("a/src/lib.rs", "//! Head.\npub enum Heard {}\n")]), ["Heard"]);
        assert!(items(&[source("a/src/lib.rs", "enum Heard {}\n")]).is_empty());
        assert!(items(&[source("a/tests/it/main.rs", "pub enum Heard {}\n")]).is_empty());
        assert!(items(&[source("docs/a.md", "pub enum Heard {}\n")]).is_empty());
    }

    #[test]
    fn the_share_is_of_different_names() {
        let text = "pub struct One;\npub struct TwoWords;\npub struct ThreeWordsNow;\n";
        let (_, count) = check(&[source("a/src/lib.rs", text), source("b/src/lib.rs", "pub struct One;\n")]);
        assert_eq!((count.percent(), count), (66, NameCount { names: 3, two_words: 2 }));
        assert_eq!(check(&[]).1.percent(), 100, "where there is none, none is wrong");
    }
}
