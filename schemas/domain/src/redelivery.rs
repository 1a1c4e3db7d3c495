//! Redeliveries: an event at or below its customer's `as_of` is not folded again. What it published is
//! rebuilt from the rows it wrote, and what it did to books and tallies is found again for whichever of
//! those rows is still behind.

use crate::event::Source;
use crate::fold::{Effect, Fact, KnownRows};
use crate::outcome::{Outcome, UnappliedCause};
use crate::outcomes_of;
use crate::rows::{
    BookEntry, Disposition, EventNote, FallbackRow, RecheckClosureRow, ReferenceRow, ReviewRow,
    VerificationRow, VoidRow,
};

/// What a redelivered fact had come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recalled {
    /// To publish again.
    pub outcomes: Vec<Outcome>,
    /// To count where it was not counted yet.
    pub effect: Effect,
    /// Records whose dead letters are to be published again: its own, and those of a release.
    pub dead_letters: Vec<Source>,
}

/// The rows do not say what became of an event that the state has taken in: the store lost rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event that the state has taken in left no row")]
pub struct NoTrace;

/// What the fact at or below its customer's `as_of` had come to. `notes` gives an event's own note, and
/// those of events that a release re-read; `known` has the verification and reference
/// rows they name.
pub fn recall(
    fact: &Fact,
    notes: &dyn Fn(Source) -> Option<EventNote>,
    known: &KnownRows,
) -> Result<Recalled, NoTrace> {
    let source = fact.source();
    let named = NamedRows {
        row: fact.verification_id().and_then(|id| known.verification(id, fact.customer())),
        reference: fact.reference_id().and_then(|id| known.reference(id, fact.customer())),
        review: fact.review_of().and_then(|id| known.review(id, fact.customer())),
        fallback: fact.fallback_id().and_then(|id| known.fallback(id, fact.customer())),
        closure: fact.closes_recheck().and_then(|id| known.closure(id, fact.customer())),
        void: fact.void_of().and_then(|id| known.void(id, fact.customer())),
    };
    let Some(note) = notes(source) else {
        let mut effect = Effect { entry: Some(BookEntry::Applied), ..Effect::default() };
        let outcomes = named.made_at(source, &mut effect).ok_or(NoTrace)?;
        return Ok(Recalled { outcomes, effect, dead_letters: Vec::new() });
    };
    let entry = entry_of(&note.disposition);
    let effect = Effect { entry: Some(entry), ..Effect::default() };
    let outcomes = match &note.disposition {
        Disposition::Applied => erased_recheck(fact, &note).into_iter().collect(),
        Disposition::Duplicate => named.first_again().into_iter().collect(),
        Disposition::Conflict => named.conflict(&note).into_iter().collect(),
        Disposition::Refused => outcomes_of::note(&note).into_iter().collect(),
        // Released since: its row is there, and what it published last is what counts.
        Disposition::Parked | Disposition::DeadLettered => named
            .made_at(source, &mut Effect::default())
            .unwrap_or_else(|| outcomes_of::note(&note).into_iter().collect()),
        Disposition::Released(results) => return released(results, effect, notes, known),
    };
    let dead_letters = if entry == BookEntry::DeadLettered { vec![source] } else { Vec::new() };
    Ok(Recalled { outcomes, effect, dead_letters })
}

/// The rows that stand under the ids which an event names, whoever made them.
struct NamedRows<'k> {
    row: Option<&'k VerificationRow>,
    reference: Option<&'k ReferenceRow>,
    review: Option<&'k ReviewRow>,
    fallback: Option<&'k FallbackRow>,
    closure: Option<&'k RecheckClosureRow>,
    void: Option<&'k VoidRow>,
}

impl<'k> NamedRows<'k> {
    fn of_note(note: &EventNote, known: &'k KnownRows) -> Self {
        Self {
            row: note.verification_id.as_ref().and_then(|id| known.verification(id, &note.customer)),
            reference: note.reference_id.as_ref().and_then(|id| known.reference(id, &note.customer)),
            review: note.review_of.as_ref().and_then(|id| known.review(id, &note.customer)),
            fallback: note.fallback_id.as_ref().and_then(|id| known.fallback(id, &note.customer)),
            closure: note.recheck.as_ref().and_then(|id| known.closure(id, &note.customer)),
            void: note.void_of.as_ref().and_then(|id| known.void(id, &note.customer)),
        }
    }

    /// What the event at that place published, and what it counts; none where it made none of the rows.
    fn made_at(&self, source: Source, effect: &mut Effect) -> Option<Vec<Outcome>> {
        if let Some(row) = self.row.filter(|row| row.source == source) {
            effect.counted.push(row.clone());
            let outcomes = outcomes_of::verification(row);
            let carried = self.fallback.filter(|fallback| fallback.source == source);
            return Some(match carried {
                Some(fallback) => outcomes_of::with_fallback(outcomes, fallback),
                None => outcomes,
            });
        }
        if let Some(row) = self.review.filter(|row| row.source == source) {
            effect.reviewed.push(row.clone());
            return Some(outcomes_of::review(row));
        }
        if let Some(row) = self.fallback.filter(|row| row.source == source) {
            return Some(outcomes_of::fallback(row));
        }
        if let Some(row) = self.closure.filter(|row| row.source == source) {
            return Some(vec![outcomes_of::recheck_closed(row)]);
        }
        if let Some(row) = self.void.filter(|row| row.source == source) {
            return Some(outcomes_of::void(row));
        }
        let reference = self.reference.filter(|row| row.source == source)?;
        Some(vec![outcomes_of::face_enrolled(reference)])
    }

    /// What a repetition publishes: that its first one stands.
    fn first_again(&self) -> Option<Outcome> {
        let of_row = self.row.map(outcomes_of::verification_created);
        let of_review = || self.review.map(outcomes_of::review_recorded);
        let of_fallback = || self.fallback.and_then(|row| outcomes_of::fallback(row).pop());
        let of_closure = || self.closure.map(outcomes_of::recheck_closed);
        let of_void = || self.void.map(outcomes_of::void_recorded);
        let of_reference = || self.reference.map(outcomes_of::face_enrolled);
        let earlier = of_row.or_else(of_review).or_else(of_fallback).or_else(of_closure);
        earlier.or_else(of_void).or_else(of_reference)
    }

    /// What one publishes that lost to another body: of a review and of a void, which one counts.
    fn conflict(&self, note: &EventNote) -> Option<Outcome> {
        let of_row = self.row.and_then(|first| outcomes_of::conflict(note, first));
        let of_closure = || self.closure.map(outcomes_of::recheck_closed);
        of_row
            .or_else(|| self.review.map(outcomes_of::review_recorded))
            .or_else(of_closure)
            .or_else(|| self.void.map(outcomes_of::void_recorded))
    }
}

fn released(
    results: &[(Source, BookEntry)],
    mut effect: Effect,
    notes: &dyn Fn(Source) -> Option<EventNote>,
    known: &KnownRows,
) -> Result<Recalled, NoTrace> {
    let mut outcomes = Vec::new();
    let mut dead_letters = Vec::new();
    for (source, to) in results {
        let note = notes(*source).ok_or(NoTrace)?;
        let named = NamedRows::of_note(&note, known);
        let from = entry_of(&note.disposition);
        if from != *to {
            effect.moved.push((from, *to));
            if *to == BookEntry::DeadLettered {
                dead_letters.push(*source);
            }
        }
        match to {
            BookEntry::Applied => outcomes.extend(named.made_at(*source, &mut effect).unwrap_or_default()),
            BookEntry::Duplicate => outcomes.extend(named.first_again()),
            BookEntry::Conflict => outcomes.extend(named.conflict(&note)),
            BookEntry::Refused | BookEntry::DeadLettered | BookEntry::Parked => {
                let again = EventNote { disposition: disposition_of(*to), ..note };
                outcomes.extend(outcomes_of::note(&again));
            }
        }
    }
    Ok(Recalled { outcomes, effect, dead_letters })
}

/// What an erasure published: that it settled the customer's recheck, where it did.
fn erased_recheck(fact: &Fact, note: &EventNote) -> Option<Outcome> {
    match fact {
        Fact::Event(event) => {
            event.event.as_erasure().and_then(|_| outcomes_of::recheck_erased(note, event.appended_at))
        }
        Fact::Poison(_) => None,
    }
}

fn disposition_of(entry: BookEntry) -> Disposition {
    match entry {
        BookEntry::Applied => Disposition::Applied,
        BookEntry::Duplicate => Disposition::Duplicate,
        BookEntry::Conflict => Disposition::Conflict,
        BookEntry::Refused => Disposition::Refused,
        BookEntry::DeadLettered => Disposition::DeadLettered,
        BookEntry::Parked => Disposition::Parked,
    }
}

/// The column an event with that note was entered in at its own offset.
fn entry_of(disposition: &Disposition) -> BookEntry {
    match disposition {
        Disposition::Applied | Disposition::Released(_) => BookEntry::Applied,
        Disposition::Duplicate => BookEntry::Duplicate,
        Disposition::Conflict => BookEntry::Conflict,
        Disposition::Refused => BookEntry::Refused,
        Disposition::DeadLettered => BookEntry::DeadLettered,
        Disposition::Parked => BookEntry::Parked,
    }
}

/// Whether a verdict that is not applied is lost to its caller or only waits.
pub fn waits(cause: UnappliedCause) -> bool {
    match cause {
        UnappliedCause::Parked | UnappliedCause::DeadLettered => true,
        UnappliedCause::Refused => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{UnappliedCause, waits};

    /// Contract §5: a caller of a parked or dead-lettered verdict gets 202, of a refused one 404.
    #[test]
    fn what_is_parked_or_dead_lettered_waits_and_what_is_refused_does_not() {
        for (cause, then) in [
            (UnappliedCause::Parked, true),
            (UnappliedCause::DeadLettered, true),
            (UnappliedCause::Refused, false),
        ] {
            assert_eq!(waits(cause), then, "{cause:?}");
        }
    }
}
