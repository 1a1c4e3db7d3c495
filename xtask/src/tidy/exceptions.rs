//! The exceptions to the house's rules: each names its rule, its place and its reason. One that nothing needs
//! any more is itself a finding, so that the list only ever holds what is true.

use anyhow::{Result, ensure};

use super::{EXCEPTIONS, Finding, Rule};

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Exceptions {
    #[serde(default)]
    exception: Vec<Exception>,
}

#[derive(Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Exception {
    rule: Rule,
    path: String,
    /// The function or the dependency, where the rule is about one.
    item: Option<String>,
    /// Lines, where the rule is about a length.
    max: Option<usize>,
    reason: String,
}

impl Exceptions {
    pub(super) fn parse(text: &str) -> Result<Self> {
        let parsed: Self = toml::from_str(text)?;
        for exception in &parsed.exception {
            let Exception { rule, path, max, reason, .. } = exception;
            ensure!(!reason.trim().is_empty(), "{path}: an exception needs a reason");
            let is_length = matches!(rule, Rule::FileLength | Rule::FunctionLength);
            ensure!(is_length == max.is_some(), "{path}: `max` goes with a length, and with nothing else");
        }
        Ok(parsed)
    }

    /// What is left of the findings, and a line for each exception without a use.
    pub(super) fn apply(&self, findings: Vec<Finding>) -> Vec<String> {
        let mut used = vec![false; self.exception.len()];
        let mut broken = Vec::new();
        for finding in findings {
            match self.exception.iter().position(|exception| exception.covers(&finding)) {
                Some(at) => used[at] = true,
                None => broken.push(finding.to_string()),
            }
        }
        for (exception, _) in self.exception.iter().zip(used).filter(|(_, used)| !used) {
            let Exception { rule, path, item, .. } = exception;
            let item = item.as_ref().map(|item| format!(" ({item})")).unwrap_or_default();
            broken.push(format!("{EXCEPTIONS}: nothing needs {rule:?} for {path}{item} any more: remove it"));
        }
        broken
    }
}

impl Exception {
    fn covers(&self, finding: &Finding) -> bool {
        self.rule == finding.rule
            && self.path == finding.path
            && (self.item.is_none() || self.item == finding.item)
            && match (self.max, finding.size) {
                (Some(max), Some(size)) => size <= max,
                _ => true,
            }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(rest: &str) -> Result<Exceptions> {
        Exceptions::parse(&format!("[[exception]]\npath = \"a.rs\"\n{rest}"))
    }

    fn long_file(size: usize) -> Finding {
        Finding::new(Rule::FileLength, "a.rs", "too long").size(size)
    }

    #[test]
    fn an_exception_covers_what_it_names_and_no_more() {
        let known = entry("rule = \"file-length\"\nmax = 500\nreason = \"a table\"").expect("well-formed");
        assert!(known.apply(vec![long_file(500)]).is_empty());
        assert_eq!(known.apply(vec![long_file(501)]).len(), 2, "too long even so, and unused");
        let elsewhere = Finding { path: "b.rs".to_owned(), ..long_file(500) };
        assert_eq!(known.apply(vec![long_file(450), elsewhere]).len(), 1);
    }

    #[test]
    fn an_exception_names_its_item() {
        let text = "rule = \"function-length\"\nitem = \"fold\"\nmax = 90\nreason = \"one match\"";
        let known = entry(text).expect("well-formed");
        let long = |name| Finding::new(Rule::FunctionLength, "a.rs", "too long").item(name).size(80);
        assert!(known.apply(vec![long("fold")]).is_empty());
        assert_eq!(known.apply(vec![long("fold"), long("decide")]).len(), 1);
    }

    #[test]
    fn an_exception_without_a_use_is_a_finding() {
        let known = entry("rule = \"secret\"\nreason = \"an example\"").expect("well-formed");
        let broken = known.apply(vec![]);
        assert!(broken[0].contains("nothing needs Secret for a.rs"), "{broken:?}");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for rest in [
            "rule = \"secret\"",
            "rule = \"secret\"\nreason = \" \"",
            "rule = \"secret\"\nreason = \"r\"\nmax = 1",
            "rule = \"file-length\"\nreason = \"r\"",
            "rule = \"no-such-rule\"\nreason = \"r\"",
            "rule = \"secret\"\nreason = \"r\"\nuntil = \"2030\"",
        ] {
            assert!(entry(rest).is_err(), "{rest}");
        }
    }
}
