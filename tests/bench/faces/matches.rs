//! A match from outside: one caller, one match after the other, each of another photo of the person whose reference is
//! kept. What it takes is nearly all reading the probe.

use anyhow::Result;

use super::client::Client;
use super::{Arguments, portraits};
use crate::limits::{MATCHES, READY_WITHIN};
use crate::load::Target;
use crate::process::Cpu;
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::stat::{Spread, percentile};

/// The aim.
const AIM_P95_MS: f64 = 250.0;

/// Reference and probe: two photos of one person, years apart.
const PAIRS: [[&str; 2]; 2] = [["macron_2014", "macron_2025"], ["ardern_2018", "ardern_2022"]];

/// What so many matches took.
struct Round {
    /// Sorted.
    us: Vec<u32>,
    cpu: Cpu,
    peak_rss: u64,
}

impl Round {
    fn ms_at(&self, share: f64) -> f64 {
        f64::from(percentile(&self.us, share)) / 1e3
    }
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let folder = tempfile::Builder::new().prefix("bench-match-").tempdir_in(&arguments.work_dir)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let models = Some(arguments.models.as_path());
    let sandbox = Sandbox::start(&arguments.program, folder.path(), models, READY_WITHIN)?;
    let rounds = runtime.block_on(rounds(arguments, &sandbox))?;
    sandbox.program.stop()?;
    let of = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
    report.say(&format!(
        "`POST /api/identity/face/match` from outside, one at a time, {MATCHES} a round, the sandbox with models; every \
         answer is a 200 with the verdict `match`. Aim: p95 ≤ {AIM_P95_MS:.0} ms, with nothing else running.",
    ));
    report.table(
        &["p50 ms", "p95 ms", "aim", "slowest ms", "server CPU ms/match", "peak RSS MiB"],
        &[vec![
            format!("{:.0}", of(&|round| round.ms_at(0.5))),
            format!("{:.0}", of(&|round| round.ms_at(0.95))),
            format!("≤ {AIM_P95_MS:.0}"),
            format!("{:.0}", of(&|round| round.ms_at(1.0))),
            format!("{:.0}", of(&|round| round.cpu.total().as_secs_f64() * 1e3 / round.us.len() as f64)),
            format!("{:.0}", of(&|round| round.peak_rss as f64 / (1024.0 * 1024.0))),
        ]],
    );
    Ok(())
}

async fn rounds(arguments: &Arguments, sandbox: &Sandbox) -> Result<Vec<Round>> {
    let target = Target::prepare(sandbox.address, sandbox.api_key.clone(), PAIRS.len()).await?;
    let mut client = Client::connect(sandbox).await?;
    let mut probes = Vec::new();
    for (customer, [reference, probe]) in target.customers().iter().zip(PAIRS) {
        client.verdict(customer, &portraits::named(&arguments.models, reference)?).await?;
        client.until_read(customer).await?;
        let probe = portraits::named(&arguments.models, probe)?;
        // Once unmeasured: the first run of a model makes its buffers.
        client.matched(customer, &probe).await?;
        probes.push((customer, probe));
    }
    let mut rounds = Vec::new();
    for _ in 0..arguments.rounds {
        let (mut us, before) = (Vec::with_capacity(MATCHES), sandbox.program.cpu()?);
        for (customer, probe) in probes.iter().cycle().take(MATCHES) {
            us.push(client.matched(customer, probe).await?.as_micros().try_into().unwrap_or(u32::MAX));
        }
        us.sort_unstable();
        let cpu = sandbox.program.cpu()?.since(before);
        rounds.push(Round { us, cpu, peak_rss: sandbox.program.peak_rss()? });
    }
    Ok(rounds)
}
