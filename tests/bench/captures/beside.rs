//! What verdicts that are offered at a fixed rate feel of captures that are judged at the same time: each round without and
//! with them on one program. Bodies are made beforehand, so that drawing them costs nothing in the window.

use anyhow::Result;
use futures::future::{Either, select};

use super::Arguments;
use super::bodies::{Caller, CaptureBody};
use crate::faces::portraits;
use crate::limits::{CAPTURES, CUSTOMERS, READY_WITHIN, VERDICTS_BESIDE_RATE};
use crate::load::{Outcome, Plan, Target};
use crate::report::Report;
use crate::sandbox::Sandbox;
use crate::stat::Spread;

/// Connections that the offered verdicts come by.
const CONNECTIONS: usize = 16;

/// How much longer the slowest verdicts may take (sequence §8).
const LIMIT: f64 = 1.5;

/// The two windows of one round.
struct Round {
    without: Outcome,
    with: Outcome,
    captures: usize,
}

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rounds: Vec<Round> = (0..arguments.rounds)
        .map(|number| runtime.block_on(round(arguments, number)))
        .collect::<Result<_>>()?;
    let of = |of: &dyn Fn(&Round) -> f64| Spread::of(rounds.iter().map(of));
    report.say(&format!(
        "Verdicts offered at {VERDICTS_BESIDE_RATE:.0} a second over {CONNECTIONS} connections, times counted from their turn, \
         windows of {} s: first alone, then while captures are sent one after the other. Load generator and program share \
         the machine.",
        arguments.seconds,
    ));
    let heads = ["", "verdicts/s", "p50 ms", "p99 ms", "not as expected", "captures in the window"];
    let row = |name: &str, window: fn(&Round) -> &Outcome, captures: &dyn Fn(&Round) -> f64| {
        vec![
            name.to_owned(),
            format!("{:.0}", of(&|round| window(round).rate())),
            format!("{:.1}", of(&|round| window(round).ms_at(0.5))),
            format!("{:.1}", of(&|round| window(round).ms_at(0.99))),
            format!("{:.0}", of(&|round| window(round).unexpected() as f64)),
            format!("{:.0}", of(captures)),
        ]
    };
    let rows = [
        row("alone", |round| &round.without, &|_| 0.0),
        row("beside captures", |round| &round.with, &|round| round.captures as f64),
    ];
    report.table(&heads, &rows);
    let factor = of(&|round| round.with.ms_at(0.99) / round.without.ms_at(0.99));
    report.say(&format!("p99 beside captures over p99 alone: **{factor:.2}**; the limit is ≤ {LIMIT}."));
    Ok(())
}

async fn round(arguments: &Arguments, number: u32) -> Result<Round> {
    let folder = tempfile::Builder::new().prefix("bench-beside-").tempdir_in(&arguments.work_dir)?;
    let sandbox =
        Sandbox::start(&arguments.program, folder.path(), Some(arguments.models.as_path()), READY_WITHIN)?;
    let target = Target::prepare(sandbox.address, sandbox.api_key.clone(), CUSTOMERS).await?;
    let portraits = portraits::all(&arguments.models)?;
    let mut caller = Caller::connect(&sandbox).await?;
    let mut bodies = Vec::new();
    for (at, customer) in target.customers().iter().take(CAPTURES).enumerate() {
        let seed = u64::from(number) * CAPTURES as u64 + at as u64 + 1;
        bodies.push(caller.drawn(customer, seed, &portraits[at % portraits.len()].1).await?);
    }
    let plan = Plan { rate: Some(VERDICTS_BESIDE_RATE), ..Plan::closed(CONNECTIONS, arguments.window()) };
    let without = target.run(plan, &sandbox.program).await?;
    let mut captures = 0;
    let sent = send_all(&mut caller, &bodies, &mut captures);
    let verdicts = target.run(plan, &sandbox.program);
    // Whichever ends first; what is left of the captures is let go of with the program.
    let with = match select(Box::pin(verdicts), Box::pin(sent)).await {
        Either::Left((with, _)) => with?,
        Either::Right((sent, verdicts)) => {
            sent?;
            verdicts.await?
        }
    };
    sandbox.program.stop()?;
    Ok(Round { without, with, captures })
}

async fn send_all(caller: &mut Caller<'_>, bodies: &[CaptureBody], captures: &mut usize) -> Result<()> {
    for body in bodies {
        caller.captured(body).await?;
        *captures += 1;
    }
    Ok(())
}
