//! Which metrics the programs have, read off their sources, and which of them an expression asks for. Not here:
//! the files the expressions stand in (`alerts`).

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use promql_parser::label::MatchOp;
use promql_parser::parser::{self, Expr, VectorSelector};
use promql_parser::util::{ExprVisitor, walk_expr};

use super::{Report, read};

/// Folders whose crates write metrics.
const SOURCES: [&str; 3] = ["infra", "ingest-api/src", "projector/src"];

/// Where each metric's meaning is told; no program writes a metric there.
const HELP: &str = "infra/service/src/telemetry/help.rs";

/// How our names begin, and those of the process itself.
const PREFIXES: [&str; 2] = ["identity_", "process_"];

/// What Prometheus itself knows of a target.
const PROMETHEUS_OWN: [&str; 1] = ["up"];

/// Labels that Prometheus sets, or whose values the sources do not spell out.
const FREE_LABELS: [&str; 3] = ["job", "instance", "status"];

/// What the sources have.
#[derive(Debug, Default)]
pub(super) struct Known {
    names: BTreeSet<String>,
    histograms: BTreeSet<String>,
    /// Every text in quotes: a label's value must be one of them.
    literals: BTreeSet<String>,
}

/// Reads the sources; what only tests write does not count.
pub(super) fn known(root: &Path) -> Result<Known> {
    let mut known = Known::default();
    let mut folders: Vec<PathBuf> = SOURCES.iter().map(|folder| root.join(folder)).collect();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).with_context(|| folder.display().to_string())? {
            let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
            if path.is_dir() {
                folders.extend((name != "tests").then_some(path));
            } else if path.extension().is_some_and(|extension| extension == "rs")
                && name != "tests.rs"
                && path != root.join(HELP)
            {
                known.add(&fs::read_to_string(&path)?);
            }
        }
    }
    Ok(known)
}

/// Whether each metric of ours has its meaning told, and nothing else has.
pub(super) fn check_help(root: &Path, known: &Known, report: &mut Report) -> Result<()> {
    let source = read(root, HELP)?;
    let told: BTreeSet<&str> =
        literals(&source).map(|(_, literal)| literal).filter(|text| is_ours(text)).collect();
    let written: BTreeSet<&str> =
        known.names.iter().map(String::as_str).filter(|name| is_ours(name)).collect();
    for name in written.difference(&told) {
        report.broken(HELP, format!("does not say what {name} means"));
    }
    for name in told.difference(&written) {
        report.broken(HELP, format!("says what {name} means, which no program writes"));
    }
    Ok(())
}

fn is_ours(text: &str) -> bool {
    text.starts_with(PREFIXES[0]) && is_metric_name(text)
}

impl Known {
    fn add(&mut self, source: &str) {
        let source = source.split("#[cfg(test)]").next().unwrap_or_default();
        for (place, literal) in literals(source) {
            if PREFIXES.iter().any(|prefix| literal.starts_with(prefix)) && is_metric_name(literal) {
                self.names.insert(literal.to_owned());
                if source[..place].trim_end().ends_with("histogram!(") {
                    self.histograms.insert(literal.to_owned());
                }
            }
            self.literals.insert(literal.to_owned());
        }
    }

    /// Whether Prometheus would have a series of that name.
    fn has(&self, name: &str) -> bool {
        let of_histogram = ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix).is_some_and(|base| self.histograms.contains(base)));
        let plain = self.names.contains(name) && !self.histograms.contains(name);
        of_histogram || plain || PROMETHEUS_OWN.contains(&name)
    }

    /// What is wrong with an expression.
    pub(super) fn judge(&self, expression: &str) -> Vec<String> {
        // Grafana's own variable, and what it is replaced by.
        let expression = expression.replace("$__rate_interval", "5m");
        let expr = match parser::parse(&expression) {
            Ok(expr) => expr,
            Err(why) => return vec![format!("is not PromQL ({why}): {expression}")],
        };
        let mut selectors = Selectors::default();
        // The visitor never fails.
        let _ = walk_expr(&mut selectors, &expr);
        if selectors.0.is_empty() {
            return vec![format!("asks for no metric: {expression}")];
        }
        selectors.0.iter().flat_map(|selector| self.judge_selector(selector)).collect()
    }

    fn judge_selector(&self, selector: &VectorSelector) -> Vec<String> {
        let name = selector.name.as_deref().unwrap_or_default();
        let mut wrong = Vec::new();
        if !self.has(name) {
            wrong.push(format!("no program writes the metric {name:?}"));
        }
        for matcher in &selector.matchers.matchers {
            let free = FREE_LABELS.contains(&matcher.name.as_str()) || matcher.name == "__name__";
            if !free && matcher.op == MatchOp::Equal && !self.literals.contains(&matcher.value) {
                wrong.push(format!("no program writes {name}{{{}={:?}}}", matcher.name, matcher.value));
            }
        }
        wrong
    }
}

#[derive(Default)]
struct Selectors(Vec<VectorSelector>);

impl ExprVisitor for Selectors {
    type Error = std::convert::Infallible;

    fn pre_visit(&mut self, expr: &Expr) -> Result<bool, Self::Error> {
        match expr {
            Expr::VectorSelector(selector) => self.0.push(selector.clone()),
            Expr::MatrixSelector(matrix) => self.0.push(matrix.vs.clone()),
            _ => {}
        }
        Ok(true)
    }
}

fn is_metric_name(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// Texts in quotes, with the place of their opening quote. Rough, as it needs to be: an escaped quote ends one.
fn literals(source: &str) -> impl Iterator<Item = (usize, &str)> {
    source.lines().flat_map(move |line| {
        let start = line.as_ptr() as usize - source.as_ptr() as usize;
        let quotes: Vec<usize> = line.match_indices('"').map(|(at, _)| at).collect();
        let pairs: Vec<(usize, usize)> = quotes.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect();
        pairs.into_iter().map(move |(open, close)| (start + open, &line[open + 1..close]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        metrics::histogram!("identity_a_seconds", &labels).record(1.0);
        metrics::histogram!(
            "identity_b_bytes").record(1.0);
        let totals = [("identity_c_total", 1)];
        gauge!("identity_d", "role" => "member").set(1.0);
        #[cfg(test)]
        gauge!("identity_e").set(1.0);
    "#;

    fn judged(expression: &str) -> Vec<String> {
        let mut known = Known::default();
        known.add(SOURCE);
        known.judge(expression)
    }

    #[test]
    fn what_the_sources_write_may_be_asked_for() {
        for expression in [
            "rate(identity_c_total[5m]) > 0 unless identity_c_total offset 15m",
            "histogram_quantile(0.9, sum by (le) (rate(identity_a_seconds_bucket[$__rate_interval])))",
            "identity_b_bytes_sum / identity_b_bytes_count",
            "max(identity_d{role=\"member\"}) or vector(0)",
            "up{job=\"anything\"} == 0",
        ] {
            assert_eq!(judged(expression), Vec::<String>::new(), "{expression}");
        }
    }

    #[test]
    fn nothing_else_may() {
        for (expression, word) in [
            ("identity_c > 0", "identity_c\""),
            ("identity_c_total_bucket", "identity_c_total_bucket"),
            ("identity_a_seconds > 1", "identity_a_seconds"),
            ("identity_e > 1", "identity_e"),
            ("identity_d{role=\"reader\"}", "role"),
            ("sum(identity_d", "not PromQL"),
            ("vector(1)", "no metric"),
        ] {
            let wrong = judged(expression);
            assert!(wrong.len() == 1 && wrong[0].contains(word), "{expression}: {wrong:?}");
        }
    }
}
