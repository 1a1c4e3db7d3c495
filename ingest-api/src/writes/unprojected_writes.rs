//! Verdicts under an idempotency key that are in the log and that the read model did not show when their
//! caller left: what a retry is told meanwhile. Nothing here is needed for correctness: an instance that has
//! forgotten, or was started again, appends once more, and the fold takes that for the repetition it is. It
//! spares both logs the copies of a retry, and lets this instance refuse another body at once.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use domain::event::{Fingerprint, Source};
use domain::ids::VerificationId;

use crate::endpoints::dukcapil_verdict::answer::Answer;
use crate::limits::ACCEPTED_MAX;

/// A verdict that is in the log.
#[derive(Debug, Clone)]
pub struct InLog {
    /// Its body's.
    pub fingerprint: Fingerprint,
    /// Where its event stands.
    pub source: Source,
    /// What its caller is told while the read model does not show it.
    pub answer: Answer,
}

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<VerificationId, (u64, InLog)>,
    by_age: BTreeMap<u64, VerificationId>,
    next: u64,
}

/// All of them; the oldest go when there are too many.
#[derive(Debug, Clone, Default)]
pub struct Accepted(Arc<Mutex<Kept>>);

impl Accepted {
    /// What is known of that verdict.
    pub fn find(&self, id: &VerificationId) -> Option<InLog> {
        self.kept().of.get(id).map(|(_, in_log)| in_log.clone())
    }

    /// The read model shows it: it needs no keeping.
    pub fn forget(&self, id: &VerificationId) {
        let mut kept = self.kept();
        if let Some((age, _)) = kept.of.remove(id) {
            kept.by_age.remove(&age);
        }
    }

    /// Keeps it once nobody waits for it any more, unless [`Awaited::is_seen`] comes first.
    pub fn awaited(&self, in_log: InLog) -> Awaited {
        Awaited { accepted: self.clone(), in_log: Some(in_log) }
    }

    fn keep(&self, in_log: InLog) {
        let mut kept = self.kept();
        let age = kept.next;
        kept.next += 1;
        let id = in_log.answer.verification.clone();
        if let Some((before, _)) = kept.of.insert(id.clone(), (age, in_log)) {
            kept.by_age.remove(&before);
        }
        kept.by_age.insert(age, id);
        if kept.of.len() > ACCEPTED_MAX
            && let Some((_, oldest)) = kept.by_age.pop_first()
        {
            kept.of.remove(&oldest);
        }
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A verdict that somebody waits for. When they leave, be it that their connection broke, it is kept.
#[derive(Debug)]
pub struct Awaited {
    accepted: Accepted,
    in_log: Option<InLog>,
}

impl Awaited {
    /// The read model shows what became of it.
    pub fn is_seen(mut self) {
        if let Some(in_log) = self.in_log.take() {
            self.accepted.forget(&in_log.answer.verification);
        }
    }
}

impl Drop for Awaited {
    fn drop(&mut self) {
        if let Some(in_log) = self.in_log.take() {
            self.accepted.keep(in_log);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::event::{Offset, Partition, TopicId};
    use domain::rows::VerificationStatus;

    fn id(n: u64) -> VerificationId {
        VerificationId::from_bytes(u128::from(n).to_be_bytes())
    }

    fn in_log(n: u64) -> InLog {
        InLog {
            fingerprint: Fingerprint([7; 32]),
            source: Source { topic_id: TopicId([1; 16]), partition: Partition(0), offset: Offset(n) },
            answer: Answer {
                verification: id(n),
                status: VerificationStatus::Failed,
                score: None,
                enrolment: None,
                projected: false,
                replayed: false,
            },
        }
    }

    #[test]
    fn it_is_kept_when_its_caller_leaves_and_forgotten_when_it_is_seen() {
        let accepted = Accepted::default();
        let first = accepted.awaited(in_log(1));
        assert!(accepted.find(&id(1)).is_none(), "its flight is in the air");
        drop(first);
        let found = accepted.find(&id(1)).expect("kept");
        assert_eq!(found.source.offset, Offset(1));
        accepted.awaited(found).is_seen();
        assert!(accepted.find(&id(1)).is_none());
        accepted.awaited(in_log(2)).is_seen();
        assert!(accepted.find(&id(2)).is_none());
    }

    #[test]
    fn the_oldest_goes_when_there_are_too_many() {
        let accepted = Accepted::default();
        for n in 0..=ACCEPTED_MAX as u64 {
            accepted.keep(in_log(n));
        }
        assert!(accepted.find(&id(0)).is_none());
        assert!(accepted.find(&id(1)).is_some() && accepted.find(&id(ACCEPTED_MAX as u64)).is_some());
        // Kept anew, it is the youngest.
        accepted.keep(in_log(1));
        accepted.keep(in_log(0));
        assert!(accepted.find(&id(1)).is_some() && accepted.find(&id(2)).is_none());
        let kept = accepted.kept();
        assert_eq!((kept.of.len(), kept.by_age.len()), (ACCEPTED_MAX, ACCEPTED_MAX));
    }
}
