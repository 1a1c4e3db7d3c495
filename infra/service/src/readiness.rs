//! Whether a program is ready, and if not, why (contract §4). What is waited for is named at the start and
//! settled one by one; what was settled once stays so, because a later outage is answered by the API's own 503s.
//! Only the end of the program takes readiness away. Who settles what is the programs' business.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// Why a program is not ready. Shown by name in the body of `/readyz`; the runbook says what each one means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum UnreadyReason {
    /// A log, store or registry has not answered yet.
    Dependencies,
    /// `identity.orgs` is not read to its end yet.
    OrgDirectory,
    /// The org keys that are needed are not to be had from the KMS.
    OrgKeys,
    /// `identity.outcomes` is not followed yet.
    OutcomeStream,
    /// The projector has not begun: it waits for the group, for its positions, or it refused them.
    Projector,
    /// Nobody can connect to the API yet.
    PublicListener,
    /// The read model does not have everything yet that the log had at the start.
    ReadModel,
    /// The sandbox's org, key and customer are being made or looked up.
    SandboxOrg,
    /// The program ends.
    ShuttingDown,
}

impl UnreadyReason {
    /// The name in `/readyz`: stable.
    pub fn name(self) -> &'static str {
        match self {
            Self::Dependencies => "dependencies",
            Self::OrgDirectory => "org_directory",
            Self::OrgKeys => "org_keys",
            Self::OutcomeStream => "outcome_stream",
            Self::Projector => "projector",
            Self::PublicListener => "public_listener",
            Self::ReadModel => "read_model",
            Self::SandboxOrg => "sandbox_org",
            Self::ShuttingDown => "shutting_down",
        }
    }
}

/// Whether a load balancer may send requests here.
#[derive(Debug)]
pub struct Readiness {
    waits_for: Mutex<BTreeSet<UnreadyReason>>,
    ending: CancellationToken,
    /// What else to know of a program that is ready: a name and a word that need no escapes in JSON.
    details: Mutex<BTreeMap<&'static str, String>>,
}

impl Readiness {
    /// Of a program that waits for all of these, and ends when `stop` is cancelled.
    pub fn waiting_for(reasons: impl IntoIterator<Item = UnreadyReason>, stop: &CancellationToken) -> Self {
        let waits_for = Mutex::new(reasons.into_iter().collect());
        Self { waits_for, ending: stop.child_token(), details: Mutex::default() }
    }

    /// That one is not waited for any more.
    pub fn settle(&self, reason: UnreadyReason) {
        self.waits_for().remove(&reason);
    }

    /// Shows that word under that name once it is ready. Neither has quotes or backslashes in it.
    pub fn show(&self, name: &'static str, word: impl Into<String>) {
        self.details.lock().unwrap_or_else(PoisonError::into_inner).insert(name, word.into());
    }

    /// The program ends, whatever ended it.
    pub fn set_ending(&self) {
        self.ending.cancel();
    }

    /// Why it is not ready; empty when it is.
    pub fn reasons(&self) -> Vec<UnreadyReason> {
        let waits_for = self.waits_for().iter().copied().collect();
        if self.ending.is_cancelled() { vec![UnreadyReason::ShuttingDown] } else { waits_for }
    }

    /// Everything was settled, and it does not end.
    pub fn is_ready(&self) -> bool {
        self.reasons().is_empty()
    }

    /// Whether it is ready, and the body of `/readyz` (JSON).
    pub fn answer(&self) -> (bool, String) {
        let reasons = self.reasons();
        if reasons.is_empty() {
            return (true, self.ready_body());
        }
        let mut body = r#"{"status":"unready","reasons":["#.to_owned();
        for (at, reason) in reasons.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(body, "{comma}\"{}\"", reason.name());
        }
        body.push_str("]}");
        (false, body)
    }

    fn ready_body(&self) -> String {
        let details = self.details.lock().unwrap_or_else(PoisonError::into_inner);
        let details: Vec<String> =
            details.iter().map(|(name, word)| format!(r#""{name}":"{word}""#)).collect();
        match details.as_slice() {
            [] => r#"{"status":"ready"}"#.to_owned(),
            details => format!(r#"{{"status":"ready","detail":{{{}}}}}"#, details.join(",")),
        }
    }

    fn waits_for(&self) -> MutexGuard<'_, BTreeSet<UnreadyReason>> {
        // A panic while the set is held can only come from its allocation: the set itself is whole.
        self.waits_for.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_once_all_is_settled_and_never_again_once_it_ends() {
        let stop = CancellationToken::new();
        let readiness =
            Readiness::waiting_for([UnreadyReason::ReadModel, UnreadyReason::Dependencies], &stop);
        let unready = r#"{"status":"unready","reasons":["dependencies","read_model"]}"#;
        assert_eq!(readiness.answer(), (false, unready.to_owned()));
        readiness.settle(UnreadyReason::Dependencies);
        assert_eq!(readiness.reasons(), [UnreadyReason::ReadModel]);
        readiness.settle(UnreadyReason::ReadModel);
        assert_eq!(readiness.answer(), (true, r#"{"status":"ready"}"#.to_owned()));
        stop.cancel();
        let ending = r#"{"status":"unready","reasons":["shutting_down"]}"#;
        assert_eq!(readiness.answer(), (false, ending.to_owned()), "from the first moment of shutdown");
        readiness.settle(UnreadyReason::Dependencies);
        assert!(!readiness.is_ready());
    }

    #[test]
    fn what_else_there_is_to_know_is_shown_once_it_is_ready() {
        let readiness = Readiness::waiting_for([UnreadyReason::Dependencies], &CancellationToken::new());
        readiness.show("faceModels", "none");
        readiness.show("b", "1");
        assert_eq!(readiness.answer().1, r#"{"status":"unready","reasons":["dependencies"]}"#);
        readiness.settle(UnreadyReason::Dependencies);
        let ready = r#"{"status":"ready","detail":{"b":"1","faceModels":"none"}}"#;
        assert_eq!(readiness.answer(), (true, ready.to_owned()));
    }

    #[test]
    fn an_end_that_nobody_asked_for_is_one_too_and_stops_nobody_else() {
        let stop = CancellationToken::new();
        let readiness = Readiness::waiting_for([], &stop);
        assert!(readiness.is_ready());
        readiness.set_ending();
        assert!(!readiness.is_ready() && !stop.is_cancelled());
    }
}
