//! `cargo xtask bench embedded|distributed|start|console|compliance|stages|capture|face`: builds what is measured and what measures it,
//! with the profile `dist`, and runs it. What belongs here: builds and paths. What is measured and how is `tests/bench`; how to
//! read it is `docs/performance.md`.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use clap::{Args, ValueEnum};

/// Where `--write` puts the tables.
const PAGE: &str = "docs/performance.md";

/// What `cargo xtask bench` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask bench embedded
  cargo xtask bench embedded --rounds 5 --seconds 15 --write
  cargo xtask bench embedded --connections 64 --rounds 1
  cargo xtask bench distributed --write
  cargo xtask bench distributed --part back --rounds 1
  cargo xtask bench start --write
  cargo xtask bench console --write
  cargo xtask bench compliance --write
  cargo xtask bench compliance --part verdicts --before /tmp/earlier/ingest-api
  cargo xtask bench stages
  cargo xtask bench capture --write
  cargo xtask bench capture --part steps
  cargo xtask bench face --write
  cargo xtask bench face --part steps,match --rounds 1
  cargo xtask bench face --part first-projection --before /tmp/earlier/ingest-api")]
pub(crate) struct Arguments {
    kind: Kind,
    /// Rounds; the tables show medians and extremes [default: 3; distributed and face 5]
    #[arg(long)]
    rounds: Option<u32>,
    /// Seconds of each measured window [default: 10; distributed 3; face 5]
    #[arg(long)]
    seconds: Option<u64>,
    /// Connections, with commas [default: 1,16,64; distributed 16,64,256; face 16,64]
    #[arg(long)]
    connections: Option<String>,
    /// Of the console: verifications in the read model [default: 1000000]
    #[arg(long)]
    verifications: Option<u64>,
    /// Of a start: verdicts in the log, with commas, growing [default: 0,100000,1000000]
    #[arg(long)]
    verdicts: Option<String>,
    /// Only these parts, with commas. Distributed: front, back, freshness, rebuild; face: steps, match, verdicts, backlog,
    /// first-projection; compliance: replay, split, verdicts; capture: steps, answers, beside
    #[arg(long)]
    part: Option<String>,
    /// Of faces and compliance: an earlier build of `ingest-api`, to compare the first projection's or a verdict's CPU time
    /// with
    #[arg(long, value_name = "FILE")]
    before: Option<PathBuf>,
    /// Also put the tables into docs/performance.md
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// The sandbox, beside a bare loop on the same SQLite schema.
    Embedded,
    /// `serve` and `projector` on a real Kafka and Cassandra, beside the bare drivers.
    Distributed,
    /// How long a start takes by how much is in the log, and what it reads.
    Start,
    /// The console's pages over a read model of a million verifications.
    Console,
    /// Replays, splits of secrets, and a verdict's cost beside an earlier build's.
    Compliance,
    /// The stages of one verdict on one core.
    Stages,
    /// A captured card's steps beside their limits, captures from outside, and verdicts beside them.
    Capture,
    /// What reading a photo takes, a match from outside, and verdicts while photos are read.
    Face,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Embedded => "embedded",
            Self::Distributed => "distributed",
            Self::Start => "start",
            Self::Console => "console",
            Self::Compliance => "compliance",
            Self::Stages => "stages",
            Self::Capture => "capture",
            Self::Face => "face",
        }
    }
}

/// Builds and measures.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let root = crate::workspace_root();
    let with_models = matches!(arguments.kind, Kind::Capture | Kind::Face);
    if with_models {
        crate::models::run()?;
    }
    // The programs with the features they ship with: built beside the bench, its features would become theirs.
    let program = built("ingest-api", &[])?;
    let bench = built("bench", &["--package", "system-tests", "--features", "bench"])?;
    let mut command = Command::new(bench);
    command.arg(arguments.kind.name());
    if arguments.kind != Kind::Stages {
        let work_dir = program.ancestors().nth(2).context("a program outside of target/")?;
        command.arg("--program").arg(&program).arg("--work-dir").arg(work_dir);
        for (name, value) in [
            ("--rounds", arguments.rounds.map(|rounds| rounds.to_string())),
            ("--seconds", arguments.seconds.map(|seconds| seconds.to_string())),
            ("--connections", arguments.connections.clone()),
            ("--verdicts", arguments.verdicts.clone()),
            ("--verifications", arguments.verifications.map(|verifications| verifications.to_string())),
            ("--part", arguments.part.clone()),
            ("--before", arguments.before.as_ref().map(|path| path.display().to_string())),
        ] {
            if let Some(value) = value {
                command.arg(name).arg(value);
            }
        }
    }
    if arguments.kind == Kind::Distributed {
        command.arg("--projector").arg(built("projector", &[])?);
    }
    if arguments.kind == Kind::Compliance {
        command.arg("--compliance").arg(built("compliance", &[])?);
    }
    if with_models {
        command.arg("--models").arg(root.join("target/models"));
    }
    if arguments.write {
        command.arg("--write").arg(root.join(PAGE));
    }
    let status = command.status().with_context(|| format!("could not start {command:?}"))?;
    ensure!(status.success(), "{status}");
    Ok(())
}

/// Builds a program as images have it and says where it is.
fn built(name: &str, selected: &[&str]) -> Result<PathBuf> {
    let mut command = crate::cargo(&["build", "--profile", "dist", "--locked", "--bin", name]);
    command.args(selected).arg("--message-format=json-render-diagnostics").stderr(Stdio::inherit());
    let output = command.output().context("could not start cargo")?;
    ensure!(output.status.success(), "`{name}` does not build");
    let messages = String::from_utf8(output.stdout)?;
    let found = messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from));
    found.with_context(|| format!("cargo does not say where it built `{name}`"))
}
