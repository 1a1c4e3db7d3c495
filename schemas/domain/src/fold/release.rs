//! Folding a release: what waited is applied where the release stands.

use super::{Effect, Fact, FoldStop, Folded, KnownRows, apply};
use crate::event::{CustomerReleased, RecordedEvent, Source};
use crate::rows::{BookEntry, CustomerState, Disposition, EventNote, Quarantine, ViewRow};

/// Folds a release: the facts that waited, each with the column it was entered in, the one that could not
/// be applied first, with their origin's
/// times, ids and row timestamps; only the state takes the release's offset. What still cannot be applied
/// stays in the dead letters and no longer holds up the rest: releasing is an operator's decision. `next` is
/// the first fact that waits beyond those in `waiting`, if any: the quarantine goes on from there.
pub fn fold_release(
    mut state: CustomerState,
    release: &RecordedEvent,
    released: &CustomerReleased,
    waiting: &[(Fact, BookEntry)],
    next: Option<Source>,
    known: &mut KnownRows,
) -> Result<Folded, FoldStop> {
    let quarantine = state.quarantine.take();
    let mut folded = Folded {
        state: state.clone(),
        rows: Vec::new(),
        outcomes: Vec::new(),
        effect: Effect { entry: Some(BookEntry::Applied), ..Effect::default() },
        dead_letters: Vec::new(),
    };
    let mut results = Vec::new();
    if let Some(quarantine) = quarantine {
        for (fact, from) in waiting {
            let one = apply(state, fact, known)?;
            state = one.state;
            state.quarantine = None;
            let to = one.effect.entry.unwrap_or(BookEntry::Applied);
            results.push((fact.source(), to));
            if *from != to {
                folded.effect.moved.push((*from, to));
            }
            folded.effect.counted.extend(one.effect.counted);
            folded.effect.reviewed.extend(one.effect.reviewed);
            folded.outcomes.extend(one.outcomes);
            if *from != BookEntry::DeadLettered {
                folded.dead_letters.extend(one.dead_letters);
            }
            // Its note from the first time stays: it says what it was entered as at its own offset.
            folded.rows.extend(one.rows.into_iter().filter(|(_, row)| !matches!(row, ViewRow::Note(_))));
        }
        if let Some(next) = next {
            let waiting = quarantine.waiting.saturating_sub(waiting.len() as u64);
            state.quarantine = Some(Quarantine { since: next, waiting, ..quarantine });
        }
    }
    state.as_of.offset = release.source.offset;
    folded.rows.push((
        release.source,
        ViewRow::Note(EventNote {
            customer: state.customer.clone(),
            source: release.source,
            event_id: Some(released.event_id.clone()),
            verification_id: None,
            reference_id: None,
            review_of: None,
            fallback_id: None,
            recheck: None,
            disposition: Disposition::Released(results),
            body_fingerprint: None,
            cause: None,
        }),
    ));
    folded.state = state;
    Ok(folded)
}
