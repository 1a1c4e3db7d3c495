//! Shell scripts, and the tools that know more than we do and may not be installed: shellcheck, promtool. Not
//! here: what the scripts do, which a broker must say.

use std::io::ErrorKind;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};

use super::{FOLDER, Report};

/// Scripts elsewhere that are looked at too.
const ELSEWHERE: [&str; 1] = [".ci/run"];

/// Every script parses; with shellcheck and promtool where they are.
pub(super) fn check(root: &Path, files: &[String], report: &mut Report) -> Result<()> {
    let mut scripts: Vec<&str> =
        files.iter().map(String::as_str).filter(|path| path.ends_with(".sh")).collect();
    scripts.extend(ELSEWHERE.iter().filter(|path| root.join(path).exists()));
    for script in &scripts {
        let asked = ask(root, "bash", &["-n", script])?;
        let wrong = asked.context("bash is missing")?;
        report.expect(script, wrong.is_empty(), wrong);
    }
    let tests = format!("{FOLDER}/prometheus/alerts_test.yaml");
    let shellcheck: Vec<&str> = ["--severity=warning"].into_iter().chain(scripts).collect();
    for (tool, arguments) in [("shellcheck", shellcheck), ("promtool", vec!["test", "rules", &tests])] {
        match ask(root, tool, &arguments)? {
            None => report.not_run.push(format!("{tool} {}: it is not installed", arguments.join(" "))),
            Some(wrong) => report.expect(tool, wrong.is_empty(), wrong),
        }
    }
    Ok(())
}

/// What a tool objects to, nothing when it is content; `None` when there is no such tool.
fn ask(root: &Path, tool: &str, arguments: &[&str]) -> Result<Option<String>> {
    match Command::new(tool).args(arguments).current_dir(root).output() {
        Ok(output) if output.status.success() => Ok(Some(String::new())),
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            Ok(Some(format!("{}\n{}", output.status, String::from_utf8_lossy(&said))))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| tool.to_owned()),
    }
}
