//! Programs that are killed and started again under load, and restarted one after the other as an upgrade does.

use crate::backend::{Backend, nothing_lost_and_nothing_doubled};
use crate::rough;

/// Answers in each state of the installation before the next is brought about.
const MORE: u64 = 30;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_each_killed_under_load_loses_nothing_and_doubles_nothing() {
    let mut rough = rough::take().await;
    let bank = rough.bank(6).await;
    let backend = Backend::start(&bank, "kill", 20_261_125);
    backend.answered(MORE).await;
    rough.serves[0].kill9().await;
    rough.projectors[0].kill9().await;
    backend.answered(MORE).await;
    rough.serve_again(0).await;
    rough.project_again(0).await;
    rough.open(&bank);
    backend.answered(MORE).await;
    let mut sent = backend.end().await;
    nothing_lost_and_nothing_doubled(&rough, &bank, &mut sent).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rolling_restarts_under_load_are_mended_by_retries_with_the_same_key() {
    let mut rough = rough::take().await;
    let bank = rough.bank(6).await;
    let backend = Backend::start(&bank, "roll", 20_261_126);
    backend.answered(MORE).await;
    for at in 0..2 {
        rough.serves[at].sigterm().await;
        rough.serve_again(at).await;
        rough.open(&bank);
        backend.answered(MORE).await;
        rough.projectors[at].sigterm().await;
        backend.answered(MORE).await;
        rough.project_again(at).await;
        backend.answered(MORE).await;
    }
    let mut sent = backend.end().await;
    nothing_lost_and_nothing_doubled(&rough, &bank, &mut sent).await;
}
