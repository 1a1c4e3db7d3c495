//! What a batch says outside its rows: dead letters, outcomes, counters.

use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{StoredRecord, Topic};
use domain::rows::BookEntry;
use domain::time::Timestamp;
use event_codec::{DeadLetter, Meta, record_id};
use futures::future::try_join_all;

use crate::batch::batch_error::BatchError;
use crate::batch::plan::BatchPlan;
use crate::batch::prefetch::BatchReader;
use crate::settings::HeaderClock;

/// Each with its record, as far as that fits.
pub(crate) async fn publish_dead_letters(
    reader: BatchReader<'_>,
    clock: &dyn HeaderClock,
    plan: &BatchPlan,
    records: &[StoredRecord],
) -> Result<(), BatchError> {
    let dead = reader.dead_records(plan, records).await?;
    let meta = Meta { time: clock.now(), traceparent: None };
    for (record, cause) in dead {
        // Above the limit the letter carries only where the record stands.
        let value = record.value.clone().filter(|v| v.len() + HEADROOM <= RECORD_BYTES_MAX);
        let letter = DeadLetter {
            origin: record.source,
            customer_key: String::from_utf8_lossy(&record.key).into_owned(),
            cause,
            event_id: record_id(&record),
            appended_at: record.appended_at,
            value,
            headers: record.headers.clone(),
        };
        let encoded =
            reader.codec.dead_letter(&letter, &meta).map_err(|e| BatchError::Halted(e.to_string()))?;
        reader.log.append(Topic::DeadLetters, encoded).await?;
        metrics::counter!("identity_projector_dead_letters_total").increment(1);
    }
    Ok(())
}

/// By what became of them.
pub(crate) fn count_events(plan: &BatchPlan) {
    for (_, _, effect) in &plan.effects {
        if let Some(entry) = effect.entry {
            metrics::counter!("identity_projector_events_total", "result" => entry_name(entry)).increment(1);
        }
    }
}

/// Room for a dead letter's other fields and headers beside the value it carries.
const HEADROOM: usize = 64 * 1024;

fn entry_name(entry: BookEntry) -> &'static str {
    match entry {
        BookEntry::Applied => "applied",
        BookEntry::Duplicate => "duplicate",
        BookEntry::Conflict => "conflict",
        BookEntry::Refused => "refused",
        BookEntry::DeadLettered => "dead_lettered",
        BookEntry::Parked => "parked",
    }
}

/// All at once; each customer's stand in their order (an obligation of [`domain::ports::EventLog::append`]).
pub(crate) async fn publish_outcomes(
    reader: BatchReader<'_>,
    clock: &dyn HeaderClock,
    plan: &BatchPlan,
) -> Result<(), BatchError> {
    let time: Timestamp = clock.now();
    let meta = Meta { time, traceparent: None };
    let mut appends = Vec::with_capacity(plan.outcomes.len());
    for outcome in &plan.outcomes {
        let record = reader.codec.outcome(outcome, &meta).map_err(|e| BatchError::Halted(e.to_string()))?;
        appends.push(reader.log.append(Topic::Outcomes, record));
    }
    try_join_all(appends).await?;
    Ok(())
}
