//! Alert rules and dashboards: each expression parses and asks for metrics that exist, and each alert has its
//! section in the runbook. Not here: when an alert rings, which `prometheus/alerts_test.yaml` says.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use super::metrics::Known;
use super::pages::{self, RUNBOOK};
use super::{FOLDER, Report, list, read, text, yaml};

/// What every section of the runbook about an alert has.
const PARTS: [&str; 4] = ["**Means.**", "**Look first.**", "**Do.**", "**Escalate.**"];

/// What an alert may ask of a person.
const SEVERITIES: [&str; 2] = ["page", "ticket"];

/// The rules, and the runbook against them.
pub(super) fn check(root: &Path, known: &Known, report: &mut Report) -> Result<()> {
    let path = format!("{FOLDER}/prometheus/alerts.yaml");
    let sections = pages::sections(&read(root, RUNBOOK)?);
    let mut alerts = BTreeSet::new();
    for document in yaml(root, &path)? {
        for rule in list(&document, "/groups").iter().flat_map(|group| list(group, "/rules")) {
            let name = text(rule, "/alert");
            report.expect(&path, alerts.insert(name.to_owned()), format!("{name} stands twice"));
            for wrong in known.judge(text(rule, "/expr")) {
                report.broken(&path, format!("{name}: {wrong}"));
            }
            let severity = text(rule, "/labels/severity");
            report.expect(&path, SEVERITIES.contains(&severity), format!("{name}: severity {severity:?}"));
            let summary = text(rule, "/annotations/summary");
            report.expect(&path, !summary.is_empty(), format!("{name}: no summary"));
            let url = text(rule, "/annotations/runbook_url");
            let wanted = format!("{RUNBOOK}#{}", pages::anchor(name));
            report.expect(&path, url == wanted, format!("{name}: runbook_url is {url:?}, not {wanted:?}"));
            match sections.iter().find(|(heading, _)| heading == name) {
                None => report.broken(RUNBOOK, format!("no section {name}")),
                Some((_, body)) => {
                    for part in PARTS.iter().filter(|part| !body.contains(*part)) {
                        report.broken(RUNBOOK, format!("{name}: no {part}"));
                    }
                }
            }
        }
    }
    report.expect(&path, !alerts.is_empty(), "no alert");
    for (heading, _) in sections.iter().filter(|(heading, _)| heading.starts_with("Identity")) {
        report.expect(RUNBOOK, alerts.contains(heading), format!("{heading} is no alert"));
    }
    Ok(())
}

/// The dashboards.
pub(super) fn check_dashboards(root: &Path, known: &Known, report: &mut Report) -> Result<()> {
    let folder = format!("{FOLDER}/grafana/");
    for path in super::files(root)?.iter().filter(|path| path.starts_with(&folder)) {
        let dashboard: Value = serde_json::from_str(&read(root, path)?)?;
        let panels = list(&dashboard, "/panels");
        let mut ids = BTreeSet::new();
        for panel in panels {
            let title = text(panel, "/title");
            report.expect(path, ids.insert(panel["id"].to_string()), format!("{title:?}: its id twice"));
            for expression in list(panel, "/targets").iter().map(|target| text(target, "/expr")) {
                for wrong in known.judge(expression) {
                    report.broken(path, format!("{title:?}: {wrong}"));
                }
            }
        }
        report.expect(path, !panels.is_empty(), "no panel");
    }
    Ok(())
}
