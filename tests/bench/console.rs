//! The console's pages over a large read model: the list of verifications at its first page, at page 1,000 and by filter,
//! and the page of a customer with 1,000 verifications. What belongs here: the rows, the pages and their table.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use domain::classify::ReasonCategory;
use domain::event::Partition;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::ports::Projection as _;
use domain::rows::{Generation, VerificationRow, VerificationStatus};
use domain::time::Timestamp;
use reqwest::header::{COOKIE, SET_COOKIE};
use reqwest::{Client, Response, redirect};
use serde_json::{Value, json};
use store_sqlite::SqliteViews;
use testkit::samples::{Samples, TallyCounter};

use crate::limits::{
    CONSOLE_CUSTOMERS, CONSOLE_PAGE_READS_MAX, CONSOLE_ROWS_AT_ONCE, CONSOLE_ROWS_MAX, CONSOLE_VERIFICATIONS,
    LOOK_EVERY, READY_WITHIN,
};
use crate::process::Program;
use crate::report::Report;
use crate::stat::percentile;
use crate::{Written, machine};

/// What is asked for, and of how much.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The `ingest-api` to measure
    #[arg(long, value_name = "FILE")]
    program: PathBuf,
    /// Data goes here, in a folder that is removed again
    #[arg(long, value_name = "FOLDER")]
    work_dir: PathBuf,
    /// Verifications in the read model
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..=CONSOLE_ROWS_MAX))]
    verifications: u64,
    /// Times that each page is asked for
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=CONSOLE_PAGE_READS_MAX))]
    reads: u32,
    #[command(flatten)]
    pub(crate) written: Written,
}

/// Measures and reports.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("bench-console-").tempdir_in(&arguments.work_dir)?;
    let before = machine::line();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut report = Report::new("console");
    runtime.block_on(async {
        let sandbox = Sandbox { program: &arguments.program, folder: folder.path() };
        let (program, info) = sandbox.start("first.log").await?;
        let customer = customer_with_verdicts(&info).await?;
        program.stop()?;
        let filled = fill(&sandbox.data(), text(&info, "orgId")?, arguments.verifications).await?;
        let (program, info) = sandbox.start("measured.log").await?;
        let reader = PageReader::sign_in(&info).await?;
        let mut rows = Vec::new();
        for (name, path) in pages(&customer) {
            rows.push(reader.measure(name, &path, arguments.reads).await?);
        }
        program.stop()?;
        report.say(&format!(
            "{before}, after {}. {} verifications of one org over a year ({} written through the adapter in {:.0} s), \
             one of its customers with {CONSOLE_VERIFICATIONS} declined ones. One reader over loopback, {} times each page; \
             times are the reader's, with its own part of them.",
            machine::load_average(),
            arguments.verifications + CONSOLE_VERIFICATIONS as u64,
            arguments.verifications,
            filled.as_secs_f64(),
            arguments.reads,
        ));
        report.table(&["page", "p50 ms", "p99 ms", "largest ms", "KB"], &rows);
        anyhow::Ok(())
    })?;
    report.finish(arguments.written.write.as_deref())
}

/// Each page by a name.
fn pages(customer: &str) -> [(&'static str, String); 8] {
    let list = |query: &str| format!("/console/attempts{query}");
    [
        ("attempts, first page with its charts", list("")),
        ("attempts, page 1,000", list("?page=1000")),
        ("attempts, page 1,000 of 100 rows", list("?page=1000&limit=100")),
        ("attempts, last page", list("?page=50000")),
        ("declined, page 1,000", list("?status=failed&page=1000")),
        ("one category, page 1,000", list("?reasonCategory=not_found&page=1000")),
        ("attempts of the customer", list(&format!("?customerId={customer}"))),
        ("the customer", format!("/console/customers/{customer}")),
    ]
}

/// A sandbox on one folder.
struct Sandbox<'a> {
    program: &'a Path,
    folder: &'a Path,
}

impl Sandbox<'_> {
    fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// Starts it, and waits until it says where it is.
    async fn start(&self, log: &str) -> Result<(Program, Value)> {
        let data = self.data();
        let written = data.join("sandbox.json");
        if written.exists() {
            std::fs::remove_file(&written)?;
        }
        let data = data.to_str().context("the folder's name is not UTF-8")?;
        let arguments =
            ["sandbox", "--data-dir", data, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"];
        let mut program = Program::start(
            self.program,
            &[&arguments[..], &["--ingest-limit", "0"]].concat(),
            self.folder.join(log),
        )?;
        let began = Instant::now();
        loop {
            program.check()?;
            if let Some(info) =
                std::fs::read(&written).ok().and_then(|text| serde_json::from_slice(&text).ok())
            {
                return Ok((program, info));
            }
            ensure!(began.elapsed() < READY_WITHIN, "not ready within {READY_WITHIN:?}:\n{}", program.tail());
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn text<'v>(info: &'v Value, name: &str) -> Result<&'v str> {
    info[name].as_str().with_context(|| format!("sandbox.json has no {name}"))
}

/// A customer with declined verdicts that came by the API, so that each has a reason that opens.
async fn customer_with_verdicts(info: &Value) -> Result<String> {
    let (http, url) = (Client::new(), text(info, "url")?);
    let post = async |path: &str, body: Value| -> Result<Value> {
        let request = http.post(format!("{url}{path}")).bearer_auth(text(info, "apiKey")?);
        let request = request.header("content-type", "application/json").body(body.to_string());
        let answer = request.send().await?.error_for_status()?;
        Ok(serde_json::from_slice(&answer.bytes().await?)?)
    };
    let made = post("/api/customers", json!({"fullName": "Budi Santoso"})).await?;
    let customer = made["id"].as_str().context("a customer's id")?.to_owned();
    for _ in 0..CONSOLE_VERIFICATIONS {
        let body = json!({"customerId": customer, "valid": false, "reason": "Nama tidak sesuai dengan data Dukcapil"});
        post("/api/identity/nik/dukcapil", body).await?;
    }
    Ok(customer)
}

/// Puts verifications of other customers into the read model, as a projector would: three of four verified, the others of
/// every category, over the year before now.
async fn fill(data: &Path, org: &str, rows: u64) -> Result<Duration> {
    const YEAR_MS: u64 = 365 * 86_400_000;
    let began = Instant::now();
    let org = OrgId::parse(org).ok().context("orgId")?;
    let views = SqliteViews::open(&data.join("views"))?;
    let (s, mut counted) = (Samples::new(1), TallyCounter::default());
    let start = u64::try_from(chrono::Utc::now().timestamp_millis())?.saturating_sub(YEAR_MS);
    let row = |n: u64| {
        let customer = CustomerId::from_bytes(u128::from(n % CONSOLE_CUSTOMERS).to_be_bytes());
        // Every second sample is a declined one with as little as there may be.
        let mut row: VerificationRow = s.verification(&CustomerRef::new(org.clone(), customer), 2 * n + 1);
        row.source.partition = Partition((n % 8) as u32);
        row.created_at = Timestamp::from_millis((start + YEAR_MS / rows * n) as i64);
        if n.is_multiple_of(4) {
            row.reason_category = Some(ReasonCategory::ALL[(n / 4) as usize % ReasonCategory::ALL.len()]);
        } else {
            (row.status, row.score) = (VerificationStatus::Verified, Some(100));
        }
        row
    };
    let mut next = 0;
    while next < rows {
        let end = rows.min(next + CONSOLE_ROWS_AT_ONCE);
        let batch: Vec<VerificationRow> = (next..end).map(row).collect();
        views.write(Generation(1), counted.writes(&batch)).await?;
        next = end;
    }
    Ok(began.elapsed())
}

/// Somebody who is signed in.
struct PageReader {
    http: Client,
    url: String,
    cookies: String,
}

impl PageReader {
    async fn sign_in(info: &Value) -> Result<Self> {
        let http = Client::builder().redirect(redirect::Policy::none()).build()?;
        let url = text(info, "url")?.to_owned();
        let form = http.get(format!("{url}/console/sign-in")).send().await?.error_for_status()?;
        let before = cookies(&form);
        let page = String::from_utf8(form.bytes().await?.to_vec())?;
        let token = page.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let (user, password) = (text(&info["console"], "user")?, text(&info["console"], "password")?);
        // Of letters, digits and what a form has as it is.
        let body = format!("csrf={}&user={user}&password={password}", token.context("a form's token")?);
        let request =
            http.post(format!("{url}/console/sign-in")).header(COOKIE, before).header("origin", &url);
        let answer =
            request.header("content-type", "application/x-www-form-urlencoded").body(body).send().await?;
        ensure!(answer.status() == 303, "signing in: {}", answer.status());
        Ok(Self { http, url, cookies: cookies(&answer) })
    }

    async fn read(&self, path: &str) -> Result<usize> {
        let request = self.http.get(format!("{}{path}", self.url)).header(COOKIE, &self.cookies);
        let answer = request.send().await?;
        ensure!(answer.status() == 200, "{path}: {}", answer.status());
        Ok(answer.bytes().await?.len())
    }

    /// Asks for the page that often; a first time is not counted.
    async fn measure(&self, name: &str, path: &str, reads: u32) -> Result<Vec<String>> {
        let bytes = self.read(path).await?;
        let mut took = Vec::new();
        for _ in 0..reads {
            let began = Instant::now();
            self.read(path).await?;
            took.push(u32::try_from(began.elapsed().as_micros()).unwrap_or(u32::MAX));
        }
        took.sort_unstable();
        let ms = |share: f64| format!("{:.1}", f64::from(percentile(&took, share)) / 1_000.0);
        Ok(vec![name.to_owned(), ms(0.5), ms(0.99), ms(1.0), format!("{:.0}", bytes as f64 / 1_000.0)])
    }
}

/// The cookies that an answer sets.
fn cookies(answer: &Response) -> String {
    let set = answer.headers().get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
    set.filter_map(|value| value.split(';').next()).collect::<Vec<_>>().join("; ")
}
