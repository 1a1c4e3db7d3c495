//! From the records of a batch to its [`BatchPlan`]: each fact is folded into its customer's state, or, when it was
//! folded before, its outcome is recalled from the rows. Writes nothing.

use std::collections::HashMap;

use domain::event::Source;
use domain::fold::{
    CAUSE_NOT_REGISTERED, Fact, Folded, KnownRows, blank, fold, fold_release, inconsistency, needs_envelopes,
};
use domain::ports::StoredRecord;
use domain::redelivery::recall;
use domain::rows::{AsOf, CustomerState};
use domain::sealed::Purposes;

use crate::batch::batch_error::BatchError;
use crate::batch::customer_cache::CustomerCache;
use crate::batch::decode_record::UnopenedCause;
use crate::batch::plan::BatchPlan;
use crate::batch::prefetch::{BatchReader, BatchState, CustomerStates, DecodedBatch};

/// Folds a batch. A release in it stands alone in its batch ([`crate::batch::split::split_at_releases`]).
pub(crate) async fn plan_batch(
    reader: BatchReader<'_>,
    records: &[StoredRecord],
    as_of: AsOf,
    cache: &CustomerCache,
) -> Result<BatchPlan, BatchError> {
    let mut plan = BatchPlan::default();
    let DecodedBatch { facts, unopened, nik_tags } = reader.decode_all(records, &mut plan).await?;
    let BatchState { mut states, mut known } = reader.prefetch(&facts, cache, &mut plan).await?;
    known.nik_tags = nik_tags;
    let is_redelivery = |states: &CustomerStates, fact: &Fact| {
        let here = AsOf { offset: fact.source().offset, ..as_of };
        states.get(fact.customer()).is_some_and(|state| state.as_of.covers(here))
    };
    let redelivered: Vec<&Fact> = facts.iter().filter(|f| is_redelivery(&states, f)).collect();
    let notes = if redelivered.is_empty() {
        HashMap::new()
    } else {
        reader.redelivered_notes(&redelivered, &mut known).await?
    };
    for fact in &facts {
        let (org, offset) = (fact.customer().org.clone(), fact.source().offset);
        if is_redelivery(&states, fact) {
            let recalled = recall(fact, &|source| notes.get(&source).cloned(), &known)
                .map_err(|e| BatchError::Halted(e.to_string()))?;
            plan.outcomes.extend(recalled.outcomes);
            // Whoever took it in first may have been silent, or have ended before the letter was out.
            for source in recalled.dead_letters {
                let noted = notes.get(&source).and_then(|note| note.cause.clone());
                let cause = match noted {
                    Some(cause) => cause,
                    None => cause_at(reader, source).await?,
                };
                plan.dead_letters.push((source, cause));
            }
            plan.effects.push((org, offset, recalled.effect));
            continue;
        }
        let partition = fact.source().partition;
        let state = states
            .remove(fact.customer())
            .unwrap_or_else(|| blank(fact.customer().clone(), as_of, partition));
        let state = CustomerState { as_of: AsOf { offset, ..as_of }, ..state };
        let fact = match unopened.get(&offset).filter(|_| needs_envelopes(&state, fact)) {
            None => fact,
            Some(UnopenedCause::Tampered(poison)) => poison,
            Some(UnopenedCause::KeyAway(wait)) => return Err(BatchError::KeyAway(wait.clone())),
        };
        let folded = fold_fact(reader, state, fact, &mut known).await?;
        if let Fact::Event(event) = fact
            && event.event.as_erasure().is_some()
        {
            // Its keys go after it; no later event of the customer is opened with a cached one. Nothing is
            // taken as destroyed: this batch may be done again, and must come to the same.
            reader.vault.forget(fact.customer(), Purposes::NONE);
        }
        states.insert(fact.customer().clone(), folded.state.clone());
        plan.states.insert(fact.customer().clone(), folded.state);
        plan.outcomes.extend(folded.outcomes);
        plan.dead_letters.extend(folded.dead_letters);
        plan.effects.push((org, offset, folded.effect));
        plan.add_rows(as_of.epoch, folded.rows);
    }
    Ok(plan)
}

async fn fold_fact(
    reader: BatchReader<'_>,
    state: CustomerState,
    fact: &Fact,
    known: &mut KnownRows,
) -> Result<Folded, BatchError> {
    if let Fact::Event(event) = fact
        && let Some(released) = event.event.as_release()
    {
        let (waiting, next) = reader.waiting(&state, known).await?;
        if waiting.iter().any(|(fact, _)| fact.void_of().is_some()) {
            reader.load_proofs(&state.customer, event.source, known).await?;
        }
        return Ok(fold_release(state, event, released, &waiting, next, known)?);
    }
    if fact.void_of().is_some() && state.quarantine.is_none() {
        reader.load_proofs(&state.customer, fact.source(), known).await?;
    }
    Ok(fold(state, fact, known)?)
}

/// Why the record at that place cannot be applied, where its note does not say it: it was parked then.
async fn cause_at(reader: BatchReader<'_>, source: Source) -> Result<String, BatchError> {
    Ok(match reader.origin(source).await?.0 {
        Fact::Poison(poison) => poison.cause,
        Fact::Event(event) if !event.event.is_consistent() => inconsistency(&event.event).to_owned(),
        Fact::Event(_) => CAUSE_NOT_REGISTERED.to_owned(),
    })
}
