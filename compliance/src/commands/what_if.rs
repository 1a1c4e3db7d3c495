//! `compliance what-if`.

use std::process::ExitCode;

use clap::Args;
use compliance::what_if::{WhatIf, WhatIfResult};
use domain::ids::CustomerId;
use domain::policy::TierPolicy;
use service::program::{print, table};

use crate::command_error::CommandError;
use crate::opened::OpenedInstallation;
use crate::output::ProgressDisplay;
use crate::target::{CommonArgs, OrgArgs};

/// Whose tier another tier policy would make another one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  compliance what-if --data-dir ./data --policy-version 2
  compliance what-if --config compliance.toml --policy-version 3 --org org_… --json

The log is folded again as if every event had been taken under that policy. Nothing is written.")]
pub(crate) struct WhatIfArgs {
    #[command(flatten)]
    common: CommonArgs,
    #[command(flatten)]
    org: OrgArgs,
    /// The policy: 1 liveness not asked for, 2 any, 3 bound to the match
    #[arg(long, value_name = "N", value_parser = policy_version)]
    policy_version: u32,
}

fn policy_version(text: &str) -> Result<u32, &'static str> {
    let known = |version: &u32| TierPolicy::of_version(*version).is_some();
    text.parse().ok().filter(known).ok_or("not a tier policy that this build knows")
}

pub(crate) async fn run(args: WhatIfArgs) -> Result<ExitCode, CommandError> {
    let opened = OpenedInstallation::open(&args.common.target).await?;
    let result = opened.run(async |opened| what_if(&args, opened).await).await?;
    let text = if args.common.json { format!("{}\n", result.body()) } else { as_text(&result) };
    print(&text)?;
    Ok(ExitCode::SUCCESS)
}

async fn what_if(args: &WhatIfArgs, opened: &OpenedInstallation) -> Result<WhatIfResult, CommandError> {
    let asked = WhatIf::new(args.policy_version, args.org.checked(opened).await?);
    let ports = opened.ports();
    let progress = ProgressDisplay::of(Some(asked.records(&ports).await?));
    let result = asked.run(&ports, &progress).await;
    progress.finish();
    Ok(result?)
}

fn as_text(result: &WhatIfResult) -> String {
    let moved: u64 = result.moved.values().sum();
    let mut text = format!("{moved} of {} customers would have another tier\n", result.customers);
    if moved == 0 {
        return text;
    }
    let rows = result
        .moved
        .iter()
        .map(|((from, to), count)| [from.as_str().to_owned(), to.as_str().to_owned(), count.to_string()]);
    text += &format!("\n{}", table(["from", "to", "customers"], rows));
    text += &format!(
        "\n{}",
        table(["for example"], result.sample.iter().map(|id: &CustomerId| [id.to_string()]))
    );
    text
}
