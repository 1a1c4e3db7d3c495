//! A data folder that an older build wrote: the commands of this one leave it alone, its server brings it up to date.

use std::path::PathBuf;

use rusqlite::Connection;

use system_tests::client::verified;
use system_tests::harness::ContractHarness as _;
use system_tests::process::{Program, ProgramOutput, run, run_program};
use system_tests::sandbox::Sandbox;

use crate::older_read_model::put_back_to_format_2;

fn read_model(sandbox: &Sandbox) -> PathBuf {
    sandbox.folder().join("views").join("views.sqlite")
}

fn format(sandbox: &Sandbox) -> i64 {
    let file = Connection::open(read_model(sandbox)).expect("the read model");
    file.pragma_query_value(None, "user_version", |row| row.get(0)).expect("a format")
}

/// One command of each program on the sandbox's folder.
async fn commands(sandbox: &Sandbox) -> [ProgramOutput; 2] {
    let folder = sandbox.folder();
    let folder = folder.to_str().expect("a path");
    [
        run(["orgs", "list", "--data-dir", folder]).await,
        run_program(Program::Projector, &[], ["status", "--data-dir", folder]).await,
    ]
}

/// Every command refuses the folder in words that say what to do, and the read model's format stays.
async fn commands_are_refused(sandbox: &Sandbox, found: i64) {
    for ran in commands(sandbox).await {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        let path = read_model(sandbox);
        for words in [path.to_str().expect("a path"), "an older version", "start this version's once"] {
            assert!(ran.stderr.contains(words), "{words}: {ran:?}");
        }
        assert_eq!(format(sandbox), found, "{ran:?}");
    }
}

#[tokio::test]
async fn commands_leave_the_read_model_of_a_running_older_server_alone() {
    let sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    // What the commands go by; the running server does not look at it again.
    let older = format(&sandbox) - 1;
    let file = Connection::open(read_model(&sandbox)).expect("the read model");
    file.pragma_update(None, "user_version", older).expect("set");
    commands_are_refused(&sandbox, older).await;
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    assert_eq!(sandbox.api().kyc(&customer).await["customer"]["kycLevel"], "standard");
}

#[tokio::test]
async fn a_server_brings_an_older_read_model_up_and_then_commands_work() {
    let mut sandbox = Sandbox::start().await;
    let customer = sandbox.info().customer.clone();
    sandbox.api().verdict(&verified(&customer)).await.expect(200);
    sandbox.sigterm().await;
    let current = format(&sandbox);
    put_back_to_format_2(&sandbox).await;
    commands_are_refused(&sandbox, 2).await;
    sandbox.restart().await;
    assert_eq!(format(&sandbox), current);
    assert_eq!(sandbox.api().kyc(&customer).await["customer"]["kycLevel"], "standard");
    for ran in commands(&sandbox).await {
        assert_eq!(ran.code, Some(0), "{ran:?}");
    }
}
