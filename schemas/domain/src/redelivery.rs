//! Redeliveries: an event at or below its customer's `as_of` is not folded again. What it published is
//! rebuilt from the rows it wrote, and what it did to books and tallies is found again for whichever of
//! those rows is still behind.

use crate::event::Source;
use crate::fold::{Effect, Fact, KnownRows};
use crate::outcome::{Outcome, UnappliedCause};
use crate::outcomes_of;
use crate::rows::{BookEntry, Disposition, EventNote, ReferenceRow, VerificationRow};

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
    let row = fact.verification_id().and_then(|id| known.verification(id, fact.customer()));
    let own_row = row.filter(|row| row.source == source);
    let reference = fact.reference_id().and_then(|id| known.reference(id, fact.customer()));
    let own_reference = reference.filter(|row| row.source == source);
    let Some(note) = notes(source) else {
        let mut effect = Effect { entry: Some(BookEntry::Applied), ..Effect::default() };
        let outcomes = match (own_row, own_reference) {
            (Some(row), _) => {
                effect.counted.push(row.clone());
                outcomes_of::verification(row)
            }
            (None, Some(reference)) => vec![outcomes_of::face_enrolled(reference)],
            (None, None) => return Err(NoTrace),
        };
        return Ok(Recalled { outcomes, effect, dead_letters: Vec::new() });
    };
    let entry = entry_of(&note.disposition);
    let mut effect = Effect { entry: Some(entry), ..Effect::default() };
    let outcomes = match &note.disposition {
        Disposition::Applied => Vec::new(),
        Disposition::Duplicate => first_again(row, reference).into_iter().collect(),
        Disposition::Conflict => {
            row.and_then(|first| outcomes_of::conflict(&note, first)).into_iter().collect()
        }
        Disposition::Refused => outcomes_of::note(&note).into_iter().collect(),
        // Released since: its row is there, and what it published last is what counts.
        Disposition::Parked | Disposition::DeadLettered => match (own_row, own_reference) {
            (Some(row), _) => outcomes_of::verification(row),
            (None, Some(reference)) => vec![outcomes_of::face_enrolled(reference)],
            (None, None) => outcomes_of::note(&note).into_iter().collect(),
        },
        Disposition::Released(results) => return released(results, effect, notes, known),
    };
    effect.counted = Vec::new();
    let dead_letters = if entry == BookEntry::DeadLettered { vec![source] } else { Vec::new() };
    Ok(Recalled { outcomes, effect, dead_letters })
}

/// What a repetition publishes: that its first one stands.
fn first_again(row: Option<&VerificationRow>, reference: Option<&ReferenceRow>) -> Option<Outcome> {
    row.map(outcomes_of::verification_created).or_else(|| reference.map(outcomes_of::face_enrolled))
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
        let row = note.verification_id.as_ref().and_then(|id| known.verification(id, &note.customer));
        let reference = note.reference_id.as_ref().and_then(|id| known.reference(id, &note.customer));
        let from = entry_of(&note.disposition);
        if from != *to {
            effect.moved.push((from, *to));
            if *to == BookEntry::DeadLettered {
                dead_letters.push(*source);
            }
        }
        match to {
            BookEntry::Applied => {
                if let Some(row) = row.filter(|row| row.source == *source) {
                    outcomes.extend(outcomes_of::verification(row));
                    effect.counted.push(row.clone());
                }
                let reference = reference.filter(|row| row.source == *source);
                outcomes.extend(reference.map(outcomes_of::face_enrolled));
            }
            BookEntry::Duplicate => outcomes.extend(first_again(row, reference)),
            BookEntry::Conflict => outcomes.extend(row.and_then(|first| outcomes_of::conflict(&note, first))),
            BookEntry::Refused | BookEntry::DeadLettered | BookEntry::Parked => {
                let again = EventNote { disposition: disposition_of(*to), ..note };
                outcomes.extend(outcomes_of::note(&again));
            }
        }
    }
    Ok(Recalled { outcomes, effect, dead_letters })
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
