//! The operators' and subscribers' pages: their sections, and whether what they link to is there. Not here: what
//! a section about an alert must have (`alerts`).

use std::path::Path;

use anyhow::Result;

use super::{Report, files, read};

/// The page that every alert points into.
pub(super) const RUNBOOK: &str = "docs/runbook.md";

/// The pages whose links are followed, beside those in the folder itself.
const PAGES: [&str; 3] = [RUNBOOK, "docs/operations.md", "docs/subscribing.md"];

/// Every link to a file or a section of ours leads somewhere.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let mut pages: Vec<String> = PAGES.map(str::to_owned).into();
    pages.extend(files(root)?.into_iter().filter(|path| path.ends_with(".md")));
    for page in &pages {
        let text = read(root, page)?;
        for target in links(&text) {
            let (file, section) = target.split_once('#').unwrap_or((target, ""));
            let path = match file {
                "" => root.join(page),
                file => root.join(page).with_file_name("").join(file),
            };
            if !path.exists() {
                report.broken(page, format!("links to {target}, which is not there"));
            } else if !section.is_empty() {
                let there = std::fs::read_to_string(&path)?;
                let found = sections(&there).iter().any(|(heading, _)| anchor(heading) == section);
                report.expect(page, found, format!("links to {target}, which has no such section"));
            }
        }
    }
    Ok(())
}

/// Targets of links, without those into the world.
fn links(page: &str) -> impl Iterator<Item = &str> {
    page.split("](")
        .skip(1)
        .filter_map(|rest| rest.split_once(')').map(|(target, _)| target))
        .filter(|target| !target.contains("://"))
}

/// Headings and the text beneath each, of every level.
pub(super) fn sections(page: &str) -> Vec<(String, String)> {
    let mut sections: Vec<(String, String)> = Vec::new();
    let mut in_code = false;
    for line in page.lines() {
        in_code ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if !in_code && heading.len() < line.len() && heading.starts_with(' ') {
            sections.push((heading.trim().to_owned(), String::new()));
        } else if let Some((_, body)) = sections.last_mut() {
            body.push_str(line);
            body.push('\n');
        }
    }
    sections
}

/// The anchor that GitHub and GitLab make of a heading.
pub(super) fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'));
    kept.collect::<String>().to_lowercase().replace(' ', "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_what_stands_beneath_headings() {
        let page = "# A\none\n## B, c & d\ntwo\n```sh\n# no heading\n```\n### E\n";
        let found = sections(page);
        let headings: Vec<&str> = found.iter().map(|(heading, _)| heading.as_str()).collect();
        assert_eq!(headings, ["A", "B, c & d", "E"]);
        assert!(found[1].1.contains("# no heading"));
        assert_eq!(anchor("B, c & d"), "b-c--d");
    }

    #[test]
    fn links_into_the_world_are_not_followed() {
        let page = "[a](b.md#c) and [d](https://example.org) and [e](#f)";
        assert_eq!(links(page).collect::<Vec<_>>(), ["b.md#c", "#f"]);
    }
}
