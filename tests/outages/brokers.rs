//! Kafka down: at a program's start, and under load.

use crate::backend::{Backend, nothing_lost_and_nothing_doubled};
use crate::rough;
use system_tests::patience::until;
use system_tests::process::Program;

/// Answers, or refusals, in each state before the next is brought about.
const MORE: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_start_before_their_broker_are_alive_and_become_ready_by_themselves() {
    let mut rough = rough::take().await;
    rough.kafka(|kafka| kafka.kill(0));
    let (mut serve, mut projector, mut told) = tokio::join!(
        rough.installation.begin_serve(&[]),
        rough.installation.begin_project(&[]),
        rough.installation.begin_serve(&[]),
    );
    let brokers = rough.installation.kafka.bootstrap();
    for instance in [&serve, &projector] {
        until("a line that says which broker", async || {
            let heard = instance.output();
            heard.lines().any(|line| line.contains("not there yet") && line.contains(&brokers)).then_some(())
        })
        .await;
        assert_eq!(instance.admin().get("/livez").await.status, 200);
        assert_eq!(instance.admin().get("/readyz").await.status, 503);
    }
    // An orderly end while it waits is one.
    told.sigterm().await;
    // A command has nobody to wait for: it says so and ends.
    for (program, words) in [(Program::IngestApi, &["orgs", "list"][..]), (Program::Projector, &["status"])] {
        let ran = rough.installation.tool(program, words).await;
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains(&brokers), "{ran:?}");
    }
    rough.kafka(|kafka| kafka.restart(0));
    serve.ready().await;
    projector.ready().await;
    for instance in [&mut serve, &mut projector] {
        instance.sigterm().await;
        rough.installation.forget(instance);
    }
    rough.installation.forget(&told);
    rough.all_run();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_that_dies_or_stands_still_under_load_is_a_503_and_everything_goes_on_by_itself() {
    let mut rough = rough::take().await;
    let bank = rough.bank(6).await;
    let backend = Backend::start(&bank, "broker", 20_261_127);
    backend.answered(MORE).await;
    rough.kafka(|kafka| kafka.kill(0));
    backend.refused(MORE).await;
    for serve in &rough.serves {
        // A shared broker's outage must not empty the load balancer.
        assert_eq!(serve.admin().get("/readyz").await.status, 200);
        assert_eq!(serve.admin().get("/livez").await.status, 200);
    }
    rough.kafka(|kafka| kafka.restart(0));
    backend.answered(MORE).await;
    rough.kafka(|kafka| kafka.pause(0));
    backend.refused(MORE).await;
    rough.kafka(|kafka| kafka.resume(0));
    backend.answered(MORE).await;
    let mut sent = backend.end().await;
    nothing_lost_and_nothing_doubled(&rough, &bank, &mut sent).await;
    rough.all_run();
}
