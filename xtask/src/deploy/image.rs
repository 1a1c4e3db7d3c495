//! The Dockerfile: pinned, complete, and without root. Not here: whether it builds, for which a container engine
//! is needed.

use std::path::Path;

use anyhow::{Context as _, Result};

use super::{FOLDER, Report, read};

/// Looks at the Dockerfile and at what it leaves out.
pub(super) fn check(root: &Path, report: &mut Report) -> Result<()> {
    let path = format!("{FOLDER}/Dockerfile");
    let text = read(root, &path)?.replace("\\\n", " ");
    let instructions: Vec<(&str, &str)> = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| line.trim().split_once(char::is_whitespace))
        .collect();
    let of = |name: &'static str| {
        instructions.iter().filter(move |(instruction, _)| *instruction == name).map(|(_, rest)| rest.trim())
    };
    for image in of("FROM").filter_map(|rest| rest.split_whitespace().next()) {
        let tag = image.rsplit_once(':').map(|(_, tag)| tag);
        report.expect(
            &path,
            tag.is_some_and(|tag| tag != "latest"),
            format!("{image} has no tag of its own"),
        );
    }
    let user = of("USER").next_back().unwrap_or_default();
    let number = user.split(':').next().and_then(|user| user.parse::<u32>().ok());
    report.expect(&path, number.is_some_and(|user| user > 0), format!("runs as user {user:?}, not a number"));
    report.expect(&path, of("ADD").next().is_none(), "ADD fetches and unpacks; COPY does neither");

    let manifest: toml::Table = read(root, "Cargo.toml")?.parse()?;
    let workspace = manifest["workspace"].as_table().context("no [workspace]")?;
    let wanted = workspace["package"]["rust-version"].as_str().unwrap_or_default();
    let compiler = format!("rust:{wanted}-");
    report.expect(
        &path,
        of("FROM").any(|rest| rest.starts_with(&compiler)),
        format!("is not built with the Rust of Cargo.toml, {wanted}"),
    );
    let copied: Vec<&str> =
        of("COPY").filter(|rest| !rest.starts_with("--")).flat_map(str::split_whitespace).collect();
    let let_in = read(root, &format!("{path}.dockerignore"))?;
    let members = workspace["members"].as_array().into_iter().flatten().filter_map(toml::Value::as_str);
    let folders = members.filter_map(|member| member.split('/').next());
    for needed in folders.chain(["Cargo.toml", "Cargo.lock"]) {
        report.expect(&path, copied.contains(&needed), format!("does not copy {needed}"));
        let shown = let_in.lines().any(|line| line.strip_prefix('!') == Some(needed));
        report.expect(&format!("{path}.dockerignore"), shown, format!("keeps {needed} out"));
    }
    Ok(())
}
