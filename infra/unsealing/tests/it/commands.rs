//! The commands as their arguments are read; what they do is tested without them.

use clap::Parser;
use unsealing::cli::{SignersArgs, UnsealArgs};

#[derive(Debug, Parser)]
enum Program {
    Signers(SignersArgs),
    Unseal(UnsealArgs),
}

fn code(line: &str) -> i32 {
    let words = std::iter::once("compliance").chain(line.split_whitespace());
    Program::try_parse_from(words).map_or_else(|error| error.exit_code(), |_| 0)
}

#[test]
fn what_the_contract_says_is_read_and_other_usage_is_exit_code_2() {
    let (ver, uns) = ("ver_00000000000000000000000000", "uns_00000000000000000000000000");
    for line in [
        "signers keygen --out siti.key".to_owned(),
        "signers init --signer a=a.pub --signer b=b.pub --threshold 2 --data-dir d".to_owned(),
        "signers init --adopt --evidence-key k --signer a=a.pub --signer b=b.pub --data-dir d".to_owned(),
        "signers add c=c.pub --signer a.key --signer b.key --data-dir d".to_owned(),
        "signers remove c --signer a.key --signer b.key --threshold 2 --config c".to_owned(),
        "signers init --adopt --data-dir d".to_owned(),
        "signers list --data-dir d --json --org org_00000000000000000000000000".to_owned(),
        "signers reshare --signer a.key --signer b.key --data-dir d".to_owned(),
        "signers drill --signer a.key --signer b.key --data-dir d".to_owned(),
        format!("unseal request --verification {ver} --purpose p --ticket t --signer a.key --data-dir d"),
        format!(
            "unseal request --verification {ver} --field photo --purpose p --ticket t --signer a --config c"
        ),
        format!("unseal approve {uns} --signer b.key --data-dir d"),
        format!("unseal open {uns} --signer a.key --out raw.json --data-dir d"),
    ] {
        assert_eq!(code(&line), 0, "{line}");
    }
    for line in [
        "signers".to_owned(),
        "signers keygen".to_owned(),
        "signers init --signer a.pub --data-dir d".to_owned(),
        "signers init --signer a=a.pub --evidence-key k --data-dir d".to_owned(),
        "signers drill --data-dir d".to_owned(),
        "signers list".to_owned(),
        "signers list --data-dir d --config c".to_owned(),
        format!("unseal request --verification {ver} --purpose p --signer a.key --data-dir d"),
        format!(
            "unseal request --verification {ver} --field reason --purpose p --ticket t --signer a --data-dir d"
        ),
        "unseal request --verification nonsense --purpose p --ticket t --signer a --data-dir d".to_owned(),
        format!("unseal approve {ver} --signer b.key --data-dir d"),
        format!("unseal open {uns} --signer a.key --data-dir d"),
    ] {
        assert_eq!(code(&line), 2, "{line}");
    }
}
