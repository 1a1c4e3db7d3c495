//! The commands: their arguments, what they print. What they print on stdout is the answer; words go to
//! stderr. Exit codes: 0 done, 1 failed, 2 wrong usage (contract §6).

pub(crate) mod progress;
pub(crate) mod quarantine;
pub(crate) mod rebuild;
pub(crate) mod run;
pub(crate) mod status;
