//! `projector rebuild`.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use clap::Args;
use domain::event::Offset;
use domain::time::Timestamp;
use projector::rebuild::{self, RebuildOptions, RebuildPatience, RebuildReport, ReplayUntil};
use serde_json::json;
use service::program::{print, stop_on_signal};

use super::Target;
use super::progress::ProgressDisplay;
use crate::compose::Opened;

/// Build the read model anew beside the one that answers, compare them, and switch.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  projector rebuild --data-dir ./data --dry-run
  projector rebuild --config identity.toml
  projector rebuild --config identity.toml --keep
  projector rebuild --config identity.toml --go-back
  projector rebuild --config identity.toml --until 2026-11-23T00:00:00Z

Verdicts may keep coming. A rebuild that was interrupted is continued by the next one; a --dry-run or an
--until begins anew. Exit code 1 from --dry-run: it found differences.")]
pub(crate) struct RebuildArgs {
    #[command(flatten)]
    target: Target,
    /// Keep the old generation after the switch, written and silent
    #[arg(long, conflicts_with_all = ["until", "dry_run"])]
    keep: bool,
    /// Rebuild only to there (an offset of every partition, or a time, without it), print the digest, drop it
    #[arg(long, value_name = "OFFSET|TIME", value_parser = until)]
    until: Option<ReplayUntil>,
    /// Report differences only, and drop the new generation again
    #[arg(long, conflicts_with = "until")]
    dry_run: bool,
    /// Drop the generation that an earlier rebuild kept
    #[arg(long, conflicts_with_all = ["keep", "until", "dry_run", "go_back"])]
    drop_kept: bool,
    /// Answer from the kept generation again, and keep the other one
    #[arg(long, conflicts_with_all = ["keep", "until", "dry_run"])]
    go_back: bool,
    /// After the switch, wait so long for requests that still read the old generation
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(..=600))]
    grace: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn until(text: &str) -> Result<ReplayUntil, String> {
    if let Ok(offset) = text.parse() {
        return Ok(ReplayUntil::Offset(Offset(offset)));
    }
    Timestamp::parse(text).map(ReplayUntil::Time).ok_or_else(|| "an offset or a time (RFC 3339)".to_owned())
}

pub(crate) async fn run(args: RebuildArgs) -> anyhow::Result<ExitCode> {
    let stop = stop_on_signal()?;
    let opened = Opened::tool(&args.target).await?;
    let shown = ProgressDisplay::new();
    let done = Box::pin(rebuild(&args, &opened, &shown, &stop)).await;
    shown.finish();
    opened.close().await;
    done
}

async fn rebuild(
    args: &RebuildArgs,
    opened: &Opened,
    shown: &ProgressDisplay,
    stop: &tokio_util::sync::CancellationToken,
) -> anyhow::Result<ExitCode> {
    let patience = RebuildPatience { grace: Duration::from_secs(args.grace), ..RebuildPatience::default() };
    if args.drop_kept {
        let dropped = rebuild::drop_kept(&opened.operator(), patience, shown, stop).await?;
        let line = if args.json {
            json!({"dropped": dropped.0}).to_string()
        } else {
            format!("generation {} is dropped", dropped.0)
        };
        print(&format!("{line}\n")).with_context(|| format!("generation {} is dropped", dropped.0))?;
        return Ok(ExitCode::SUCCESS);
    }
    if args.go_back {
        let live = rebuild::go_back(&opened.operator(), patience, stop).await?;
        let line = if args.json {
            json!({"live": live.0}).to_string()
        } else {
            format!("generation {} answers again", live.0)
        };
        print(&format!("{line}\n")).with_context(|| format!("generation {} answers again", live.0))?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = RebuildOptions { keep: args.keep, until: args.until, dry_run: args.dry_run, patience };
    let report = rebuild::rebuild(&opened.operator(), &opened.settings(), options, shown, stop).await?;
    shown.finish();
    let text = if args.json { format!("{}\n", as_json(&report)) } else { as_text(&report)? };
    // What was done is done, whoever could read of it.
    print(&text).with_context(|| format!("generation {} answers", report.live.0))?;
    let different = report.comparison.as_ref().is_some_and(|comparison| comparison.different > 0);
    if args.dry_run && different {
        bail!("the read model is not what a rebuild makes; rebuild without --dry-run mends it");
    }
    Ok(ExitCode::SUCCESS)
}

fn as_text(report: &RebuildReport) -> Result<String, std::fmt::Error> {
    let mut text = String::new();
    if let Some(generation) = report.generation {
        let (replay, compare) = (report.replay.as_secs_f64(), report.compare.as_secs_f64());
        writeln!(
            text,
            "replayed {} events into generation {} in {replay:.1} s",
            report.events, generation.0
        )?;
        writeln!(text, "compared in {compare:.1} s, {:.1} s in all", report.took.as_secs_f64())?;
    }
    if let Some(digest) = report.digest {
        for (partition, next) in &report.positions {
            writeln!(text, "partition {}: up to offset {}, without it", partition.0, next.0)?;
        }
        writeln!(text, "digest {digest}")?;
    }
    if let Some(comparison) = &report.comparison {
        writeln!(text, "old {}", comparison.old)?;
        writeln!(text, "new {}", comparison.new)?;
        if comparison.different == 0 {
            writeln!(
                text,
                "digests are equal: {} customers, tallies and books compared",
                comparison.compared
            )?;
        } else {
            writeln!(text, "{} of {} differ:", comparison.different, comparison.compared)?;
            for one in &comparison.shown {
                writeln!(text, "  {}: {}", one.what, one.kinds.join(", "))?;
            }
            let more = comparison.different - comparison.shown.len() as u64;
            if more > 0 {
                writeln!(text, "  and {more} more")?;
            }
        }
        if comparison.beyond > 0 {
            writeln!(
                text,
                "{} not compared: the old generation has them from a batch that was never finished",
                comparison.beyond
            )?;
        }
    }
    writeln!(text, "generation {} answers", report.live.0)?;
    Ok(text)
}

fn as_json(report: &RebuildReport) -> serde_json::Value {
    let comparison = report.comparison.as_ref().map(|comparison| {
        let shown: Vec<_> =
            comparison.shown.iter().map(|one| json!({"what": one.what, "kinds": one.kinds})).collect();
        json!({
            "oldDigest": comparison.old.to_string(),
            "newDigest": comparison.new.to_string(),
            "compared": comparison.compared,
            "different": comparison.different,
            "notCompared": comparison.beyond,
            "differences": shown,
        })
    });
    let positions: serde_json::Map<_, _> =
        report.positions.iter().map(|(partition, next)| (partition.0.to_string(), json!(next.0))).collect();
    json!({
        "generation": report.generation.map(|generation| generation.0),
        "events": report.events,
        "positions": positions,
        "comparison": comparison,
        "digest": report.digest.map(|digest| digest.to_string()),
        "live": report.live.0,
        "switched": report.switched,
        "replaySeconds": report.replay.as_secs_f64(),
        "compareSeconds": report.compare.as_secs_f64(),
        "seconds": report.took.as_secs_f64(),
    })
}
