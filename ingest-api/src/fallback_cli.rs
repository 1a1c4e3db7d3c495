//! `fallback …` as a command (contract §6): the ledger of rechecks as an operator reads it, of every org or of one, beside
//! whatever is running. What it prints on stdout is a table for people, JSON for programs, or rows for a spreadsheet.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ids::OrgId;
use domain::limits::PAGE_ROWS_MAX;
use domain::orgs::OrgRecord;
use domain::policy::Tier;
use domain::ports::{PageStart, RecheckOrder, RechecksQuery};
use domain::recheck::RecheckStatus;
use domain::rows::Generation;
use domain::time::Timestamp;
use engine::{Engine, InstallationTarget, Role};
use org_directory::orgs::Orgs;
use serde_json::Value;
use service::program::{print, say, table};

use crate::fallback_report::{
    RECHECK_COLUMNS, RECHECK_HEADS, RecheckLine, WINDOW_COLUMNS, WINDOW_HEADS, csv_head, overdue_before,
    window_cells, window_csv, window_json,
};
use crate::limits::{FALLBACK_LIST_ROWS_MAX, OUTAGE_DAYS_DEFAULT};
use crate::outages::{OutageLedger, OutageQuery};

const FALLBACK: &str = "Examples:
  ingest-api fallback list --open --config identity.toml
  ingest-api fallback windows --open --data-dir ./data
  ingest-api fallback export --csv --org org_… --config identity.toml > rechecks.csv";

const LIST: &str = "Examples:
  ingest-api fallback list --open --config identity.toml
  ingest-api fallback list --org org_… --data-dir ./data --json

Open ones oldest first, and with `overdue` those that are open longer than their org's fallback.maxAgeDays; without --open
all of them, newest first. At most 1,000 rows; `fallback export` has no end.";

const WINDOWS: &str = "Examples:
  ingest-api fallback windows --open --config identity.toml
  ingest-api fallback windows --org org_… --data-dir ./data --csv

The outages of the last 30 days as each org's own failures show them, newest first; with --open those that go on.";

const EXPORT: &str = "Examples:
  ingest-api fallback export --csv --config identity.toml > rechecks.csv
  ingest-api fallback export --open --org org_… --data-dir ./data

Every recheck, oldest first, a line each: JSON, or with --csv rows for a spreadsheet.";

/// Who was onboarded while Dukcapil did not answer, and what became of it.
#[derive(Debug, Args)]
#[command(after_help = FALLBACK)]
pub struct FallbackArgs {
    #[command(subcommand)]
    command: FallbackCommand,
}

#[derive(Debug, Subcommand)]
enum FallbackCommand {
    /// List rechecks
    #[command(after_help = LIST)]
    List(ReportArgs),
    /// List the outages that the orgs' failures show
    #[command(after_help = WINDOWS)]
    Windows(ReportArgs),
    /// Print every recheck, a line each
    #[command(after_help = EXPORT)]
    Export(ReportArgs),
}

#[derive(Debug, Args)]
struct ReportArgs {
    #[command(flatten)]
    target: InstallationTarget,
    /// Only what is open
    #[arg(long)]
    open: bool,
    /// Of this org only
    #[arg(long, value_name = "ORG", value_parser = org_id)]
    org: Option<OrgId>,
    /// Print rows for a spreadsheet
    #[arg(long, conflicts_with = "json")]
    csv: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn org_id(text: &str) -> Result<OrgId, String> {
    OrgId::parse(text).map_err(|error| error.to_string())
}

/// Runs `fallback …` against the engine that it names; its exit code.
///
/// # Errors
/// In words for an operator.
pub async fn run_fallback(args: FallbackArgs) -> anyhow::Result<ExitCode> {
    let (FallbackCommand::List(of) | FallbackCommand::Windows(of) | FallbackCommand::Export(of)) =
        &args.command;
    let config = of.target.config()?;
    let engine = Engine::open(&config, Role::Tool).await?;
    let done = Box::pin(report(&args.command, &engine)).await;
    engine.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn report(command: &FallbackCommand, engine: &Engine) -> anyhow::Result<()> {
    let (FallbackCommand::List(args) | FallbackCommand::Windows(args) | FallbackCommand::Export(args)) =
        command;
    let reader = LedgerReader {
        engine,
        orgs: orgs(engine, args.org.as_ref()).await?,
        generation: engine.views.generation().await?,
        now: service::clock::now(),
    };
    match command {
        FallbackCommand::List(args) => reader.list(args).await,
        FallbackCommand::Windows(args) => reader.windows(args).await,
        FallbackCommand::Export(args) => reader.export(args).await,
    }
}

/// The org that was named, or every one.
async fn orgs(engine: &Engine, only: Option<&OrgId>) -> anyhow::Result<Vec<OrgRecord>> {
    let mut orgs = Orgs::new(engine).list().await?;
    if let Some(only) = only {
        orgs.retain(|org| org.org == *only);
        anyhow::ensure!(!orgs.is_empty(), "there is no org {only}");
    }
    Ok(orgs)
}

/// The ledger of some orgs as of a moment.
struct LedgerReader<'a> {
    engine: &'a Engine,
    orgs: Vec<OrgRecord>,
    generation: Generation,
    now: Timestamp,
}

impl LedgerReader<'_> {
    async fn list(&self, args: &ReportArgs) -> anyhow::Result<()> {
        let order = if args.open { RecheckOrder::OldestFirst } else { RecheckOrder::NewestFirst };
        let (mut lines, mut total) = (Vec::new(), 0);
        for org in &self.orgs {
            total += self
                .each_page(org, args.open, order, |page| {
                    let room = FALLBACK_LIST_ROWS_MAX - lines.len();
                    lines.extend(page.into_iter().take(room));
                    Ok(lines.len() < FALLBACK_LIST_ROWS_MAX)
                })
                .await?;
        }
        if (lines.len() as u64) < total {
            say(&format!("{} of {total} are shown; `ingest-api fallback export` prints all", lines.len()));
        }
        let text = match (args.json, args.csv) {
            (true, _) => format!("{}\n", Value::Array(lines.iter().map(RecheckLine::json).collect())),
            (_, true) => csv_head(&RECHECK_COLUMNS) + &lines.iter().map(RecheckLine::csv).collect::<String>(),
            _ => table(RECHECK_HEADS, lines.iter().map(RecheckLine::cells)),
        };
        Ok(print(&text)?)
    }

    async fn export(&self, args: &ReportArgs) -> anyhow::Result<()> {
        if args.csv {
            print(&csv_head(&RECHECK_COLUMNS))?;
        }
        let form = |line: RecheckLine| if args.csv { line.csv() } else { format!("{}\n", line.json()) };
        for org in &self.orgs {
            self.each_page(org, args.open, RecheckOrder::OldestFirst, |page| {
                print(&page.into_iter().map(form).collect::<String>())?;
                Ok(true)
            })
            .await?;
        }
        Ok(())
    }

    /// Goes through an org's rechecks, a page at a time, as long as it is told to; how many there are in all.
    async fn each_page(
        &self,
        org: &OrgRecord,
        open: bool,
        order: RecheckOrder,
        mut visit: impl FnMut(Vec<RecheckLine>) -> anyhow::Result<bool>,
    ) -> anyhow::Result<u64> {
        let overdue = overdue_before(org, self.now);
        let mut query = RechecksQuery {
            org: org.org.clone(),
            status: open.then_some(RecheckStatus::Open),
            customer: None,
            from: None,
            to: None,
            order,
            start: PageStart::Skip(0),
            limit: PAGE_ROWS_MAX,
        };
        loop {
            let page = self.engine.rechecks.rechecks(self.generation, &query).await?;
            let last = page.rows.last().map(|row| row.place()).filter(|_| page.more);
            let mut lines = Vec::with_capacity(page.rows.len());
            for row in page.rows {
                let state = self.engine.views.customer(self.generation, &row.customer).await?;
                let tier = state.map_or(Tier::None, |state| state.kyc.tier);
                lines.push(RecheckLine::new(row, tier, overdue));
            }
            let goes_on = visit(lines)?;
            match last.filter(|_| goes_on) {
                Some(last) => query.start = PageStart::After(last),
                None => return Ok(page.total),
            }
        }
    }

    async fn windows(&self, args: &ReportArgs) -> anyhow::Result<()> {
        let rechecks = self.engine.rechecks.as_ref();
        let ledger = OutageLedger { rechecks, generation: self.generation, now: self.now };
        let mut found = Vec::new();
        for org in &self.orgs {
            let query = OutageQuery::of_last_days(org.org.clone(), OUTAGE_DAYS_DEFAULT, self.now);
            let query = OutageQuery { open: args.open.then_some(true), ..query };
            let rows = ledger.page(&query).await?.rows;
            found.extend(rows.into_iter().map(|window| (&org.org, window)));
        }
        let text = match (args.json, args.csv) {
            (true, _) => {
                let windows = found.iter().map(|(org, window)| window_json(org, window));
                format!("{}\n", Value::Array(windows.collect()))
            }
            (_, true) => {
                let rows = found.iter().map(|(org, window)| window_csv(org, window));
                csv_head(&WINDOW_COLUMNS) + &rows.collect::<String>()
            }
            _ => table(WINDOW_HEADS, found.iter().map(|(org, window)| window_cells(org, window))),
        };
        Ok(print(&text)?)
    }
}
