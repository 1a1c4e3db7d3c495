//! The prepared statements of one generation, prepared when it is first asked for: those of requests and of the
//! projector ([`Statements`]), and those of an operator's look ([`InspectStatements`]), which no other program needs.

use std::sync::Arc;

use domain::ports::StoreError;
use domain::rows::Generation;
use futures::future::try_join_all;

use crate::session::{CqlSession, Use};
use crate::statement::Statement;

/// A set of statements of every generation: each one's name in metrics and errors, and its text.
macro_rules! statements {
    ($set:ident: $($name:ident = $text:expr;)*) => {
        /// Prepared statements of one generation.
        pub(crate) struct $set {
            $(pub(crate) $name: Statement,)*
        }

        impl StatementSet for $set {
            const TEXTS: &[(&str, &str)] = &[$((stringify!($name), $text),)*];

            fn take(statements: Vec<Statement>) -> Option<Self> {
                let mut statements = statements.into_iter();
                Some(Self { $($name: statements.next()?,)* })
            }
        }
    };
}

/// Statements that are prepared together.
pub(crate) trait StatementSet: Sized + Send + Sync + 'static {
    const TEXTS: &[(&str, &str)];

    /// Those of [`Self::TEXTS`], in that order.
    fn take(statements: Vec<Statement>) -> Option<Self>;
}

statements! {
    Statements:
    put_verification = "INSERT INTO {views}.verifications_g{g} (org, id, body)
        VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_review = "UPDATE {views}.verifications_g{g} USING TIMESTAMP ? SET review = ? WHERE org = ? AND id = ?";
    put_review_of_customer = "INSERT INTO {views}.reviews_of_customer_g{g}
        (org, customer, created_at, log_partition, log_offset, id, body)
        VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    mark_reviewed = "UPDATE {views}.verifications_of_customer_g{g} USING TIMESTAMP ? SET review = ?
        WHERE org = ? AND customer = ? AND created_at = ? AND log_partition = ? AND log_offset = ? AND id = ?";
    leave_hour = "DELETE FROM {views}.verifications_of_hour_g{g} USING TIMESTAMP ?
        WHERE org = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ? AND chunk = ?
        AND created_at = ? AND log_offset = ? AND id = ?";
    leave_category = "DELETE FROM {views}.verifications_of_category_g{g} USING TIMESTAMP ?
        WHERE org = ? AND category = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ?
        AND chunk = ? AND created_at = ? AND log_offset = ? AND id = ?";
    put_signal = "INSERT INTO {views}.verifications_g{g}
        (org, id, created_at, log_partition, log_offset, topic_id, kind, customer)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_signal_of_customer = "INSERT INTO {views}.signals_of_customer_g{g} (org, customer, id)
        VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_of_customer = "INSERT INTO {views}.verifications_of_customer_g{g}
        (org, customer, created_at, log_partition, log_offset, id, method, status, category)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_of_hour = "INSERT INTO {views}.verifications_of_hour_g{g}
        (org, hour, method, status, log_partition, chunk, created_at, log_offset, id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_bucket = "INSERT INTO {views}.buckets_g{g} (org, month, hour, method, status, log_partition, chunk)
        VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_of_category = "INSERT INTO {views}.verifications_of_category_g{g}
        (org, category, hour, method, status, log_partition, chunk, created_at, log_offset, id)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_category_bucket = "INSERT INTO {views}.category_buckets_g{g}
        (org, category, month, hour, method, status, log_partition, chunk)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_enrolment = "INSERT INTO {views}.enrolments_g{g} (org, customer, id, body)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    put_reference = "INSERT INTO {views}.face_references_g{g} (org, customer, id, body)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    erase_enrolments = "DELETE FROM {views}.enrolments_g{g} USING TIMESTAMP ? WHERE org = ? AND customer = ?";
    put_tier_event = "INSERT INTO {views}.tier_events_g{g}
        (org, customer, created_at, log_partition, log_offset, id, body)
        VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_note = "INSERT INTO {views}.notes_g{g} (org, customer, log_offset, log_partition, topic_id, body)
        VALUES (?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_state = "INSERT INTO {views}.states_g{g} (org, customer, body) VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_quarantined = "INSERT INTO {views}.quarantined_g{g} (org, customer) VALUES (?, ?) USING TIMESTAMP ?";
    put_tally = "INSERT INTO {views}.tallies_g{g}
        (org, span, period, start, method, status, log_partition, n, as_of)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_category_tally = "INSERT INTO {views}.category_tallies_g{g}
        (org, category, span, period, start, method, status, log_partition, n, as_of)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_books = "INSERT INTO {views}.books_g{g} (log_partition, org, body) VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_position = "INSERT INTO {views}.positions_g{g} (topic_id, log_partition, body)
        VALUES (?, ?, ?) USING TIMESTAMP ?";

    put_recheck = "INSERT INTO {views}.rechecks_g{g} (org, id, body) VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_recheck_of_customer = "INSERT INTO {views}.rechecks_of_customer_g{g} (org, customer, id, body)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    put_closure = "INSERT INTO {views}.rechecks_g{g} (org, id, closure) VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_closure_of_customer = "INSERT INTO {views}.rechecks_of_customer_g{g} (org, customer, id, closure)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    put_recheck_of_day = "INSERT INTO {views}.rechecks_of_day_g{g}
        (org, status, day, opened_at, log_partition, log_offset, id)
        VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    leave_recheck_day = "DELETE FROM {views}.rechecks_of_day_g{g} USING TIMESTAMP ?
        WHERE org = ? AND status = ? AND day = ? AND opened_at = ? AND log_partition = ? AND log_offset = ?
        AND id = ?";
    put_recheck_day = "INSERT INTO {views}.recheck_days_g{g} (org, status, day)
        VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_fallback = "INSERT INTO {views}.fallbacks_g{g} (org, id, body) VALUES (?, ?, ?) USING TIMESTAMP ?";
    put_fallback_of_customer = "INSERT INTO {views}.fallbacks_of_customer_g{g} (org, customer, id, body)
        VALUES (?, ?, ?, ?) USING TIMESTAMP ?";
    put_fallback_of_day = "INSERT INTO {views}.fallbacks_of_day_g{g}
        (org, day, attempted_at, log_partition, log_offset, id, cause, opens)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?";
    put_fallback_day = "INSERT INTO {views}.fallback_days_g{g} (org, day) VALUES (?, ?) USING TIMESTAMP ?";

    recheck = "SELECT body FROM {views}.rechecks_g{g} WHERE org = ? AND id = ?";
    recheck_closure = "SELECT closure FROM {views}.rechecks_g{g} WHERE org = ? AND id = ?";
    rechecks_of_customer = "SELECT id, body FROM {views}.rechecks_of_customer_g{g}
        WHERE org = ? AND customer = ?";
    recheck_days = "SELECT day FROM {views}.recheck_days_g{g} WHERE org = ? AND status = ?
        AND day >= ? AND day < ?";
    count_of_recheck_day = "SELECT count(*) FROM {views}.rechecks_of_day_g{g}
        WHERE org = ? AND status = ? AND day = ? AND opened_at >= ? AND opened_at < ?";
    recheck_day_up = "SELECT opened_at, log_partition, log_offset, id FROM {views}.rechecks_of_day_g{g}
        WHERE org = ? AND status = ? AND day = ? AND opened_at >= ? AND opened_at < ?";
    recheck_day_down = "SELECT opened_at, log_partition, log_offset, id FROM {views}.rechecks_of_day_g{g}
        WHERE org = ? AND status = ? AND day = ? AND opened_at >= ? AND opened_at < ?
        ORDER BY opened_at DESC, log_partition DESC, log_offset DESC, id DESC";
    fallback = "SELECT body FROM {views}.fallbacks_g{g} WHERE org = ? AND id = ?";
    fallback_days = "SELECT day FROM {views}.fallback_days_g{g} WHERE org = ? AND day >= ? AND day < ?";
    fallbacks_of_day = "SELECT attempted_at, cause, opens FROM {views}.fallbacks_of_day_g{g}
        WHERE org = ? AND day = ? AND attempted_at >= ? AND attempted_at < ?";

    verification_row = "SELECT body FROM {views}.verifications_g{g} WHERE org = ? AND id = ? LIMIT 1";
    verification_rows = "SELECT id, body FROM {views}.verifications_g{g} WHERE org = ? AND id IN ?
        PER PARTITION LIMIT 1";
    review_row = "SELECT review FROM {views}.verifications_g{g} WHERE org = ? AND id = ? LIMIT 1";
    verification = "SELECT body, review, created_at, log_partition, log_offset, topic_id, kind, customer
        FROM {views}.verifications_g{g} WHERE org = ? AND id = ? LIMIT ?";
    of_customer = "SELECT created_at, log_partition, log_offset, id, method, status, category, review
        FROM {views}.verifications_of_customer_g{g} WHERE org = ? AND customer = ?
        AND created_at >= ? AND created_at < ?";
    newest_of_customer = "SELECT id FROM {views}.verifications_of_customer_g{g}
        WHERE org = ? AND customer = ? AND created_at < ? LIMIT ?";
    of_hour = "SELECT created_at, log_offset, id FROM {views}.verifications_of_hour_g{g}
        WHERE org = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ? AND chunk = ?
        AND (created_at, log_offset) >= (?, ?) AND (created_at, log_offset) < (?, ?) LIMIT ?";
    count_of_hour = "SELECT count(*) FROM {views}.verifications_of_hour_g{g}
        WHERE org = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ? AND chunk = ?
        AND created_at >= ? AND created_at < ?";
    buckets = "SELECT hour, method, status, log_partition, chunk FROM {views}.buckets_g{g}
        WHERE org = ? AND month = ? AND hour >= ? AND hour < ?";
    of_category = "SELECT created_at, log_offset, id FROM {views}.verifications_of_category_g{g}
        WHERE org = ? AND category = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ?
        AND chunk = ? AND (created_at, log_offset) >= (?, ?) AND (created_at, log_offset) < (?, ?) LIMIT ?";
    count_of_category = "SELECT count(*) FROM {views}.verifications_of_category_g{g}
        WHERE org = ? AND category = ? AND hour = ? AND method = ? AND status = ? AND log_partition = ?
        AND chunk = ? AND created_at >= ? AND created_at < ?";
    category_buckets = "SELECT hour, method, status, log_partition, chunk FROM {views}.category_buckets_g{g}
        WHERE org = ? AND category = ? AND month = ? AND hour >= ? AND hour < ?";
    enrolment = "SELECT body FROM {views}.enrolments_g{g} WHERE org = ? AND customer = ? AND id = ?";
    reference = "SELECT body FROM {views}.face_references_g{g} WHERE org = ? AND customer = ? AND id = ?";
    enrolments = "SELECT id, body FROM {views}.enrolments_g{g} WHERE org = ? AND customer = ?";
    tier_events = "SELECT body FROM {views}.tier_events_g{g}
        WHERE org = ? AND customer = ? AND created_at < ? LIMIT ?";
    reviews = "SELECT id, body FROM {views}.reviews_of_customer_g{g}
        WHERE org = ? AND customer = ? AND created_at < ? LIMIT ?";
    note = "SELECT body FROM {views}.notes_g{g}
        WHERE org = ? AND customer = ? AND log_offset = ? AND log_partition = ? AND topic_id = ?";
    notes_from = "SELECT body FROM {views}.notes_g{g} WHERE org = ? AND customer = ? AND log_offset >= ?";
    state = "SELECT body FROM {views}.states_g{g} WHERE org = ? AND customer = ?";
    tally = "SELECT n, as_of FROM {views}.tallies_g{g} WHERE org = ? AND span = ? AND period = ?
        AND start = ? AND method = ? AND status = ? AND log_partition = ?";
    tallies = "SELECT start, method, status, n FROM {views}.tallies_g{g}
        WHERE org = ? AND span = ? AND period = ? AND start >= ? AND start < ?";
    category_tally = "SELECT n, as_of FROM {views}.category_tallies_g{g}
        WHERE org = ? AND category = ? AND span = ? AND period = ?
        AND start = ? AND method = ? AND status = ? AND log_partition = ?";
    category_tallies = "SELECT start, method, status, n FROM {views}.category_tallies_g{g}
        WHERE org = ? AND category = ? AND span = ? AND period = ? AND start >= ? AND start < ?";
    books_row = "SELECT body FROM {views}.books_g{g} WHERE log_partition = ? AND org = ?";
    books = "SELECT log_partition, org, body FROM {views}.books_g{g}";
    position = "SELECT body FROM {views}.positions_g{g} WHERE topic_id = ? AND log_partition = ?";
}

statements! {
    InspectStatements:
    // Whoever any row is about, by each table. Signals lie with their verification: by the table beside them.
    in_states = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.states_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_verifications = "SELECT DISTINCT org, customer, token(org, customer)
        FROM {views}.verifications_of_customer_g{g} WHERE token(org, customer) >= ? LIMIT ?";
    in_enrolments = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.enrolments_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_references = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.face_references_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_tier_events = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.tier_events_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_reviews = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.reviews_of_customer_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_notes = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.notes_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_signals = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.signals_of_customer_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_quarantined = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.quarantined_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";

    in_rechecks = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.rechecks_of_customer_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";
    in_fallbacks = "SELECT DISTINCT org, customer, token(org, customer) FROM {views}.fallbacks_of_customer_g{g}
        WHERE token(org, customer) >= ? LIMIT ?";

    look_state = "SELECT body, writetime(body) FROM {views}.states_g{g} WHERE org = ? AND customer = ?";
    look_enrolments = "SELECT id, body, writetime(body) FROM {views}.enrolments_g{g}
        WHERE org = ? AND customer = ?";
    look_references = "SELECT id, body, writetime(body) FROM {views}.face_references_g{g}
        WHERE org = ? AND customer = ?";
    look_tier_events = "SELECT body, writetime(body) FROM {views}.tier_events_g{g}
        WHERE org = ? AND customer = ?";
    look_reviews = "SELECT id, body, writetime(body) FROM {views}.reviews_of_customer_g{g}
        WHERE org = ? AND customer = ?";
    look_notes = "SELECT body, writetime(body) FROM {views}.notes_g{g} WHERE org = ? AND customer = ?";
    look_ids = "SELECT id FROM {views}.verifications_of_customer_g{g} WHERE org = ? AND customer = ?";
    look_signals = "SELECT id FROM {views}.signals_of_customer_g{g} WHERE org = ? AND customer = ?";
    look_verification = "SELECT body, writetime(body), created_at, log_partition, log_offset, topic_id, kind,
        customer, writetime(customer) FROM {views}.verifications_g{g} WHERE org = ? AND id = ?";

    look_rechecks = "SELECT id, body, writetime(body), closure, writetime(closure)
        FROM {views}.rechecks_of_customer_g{g} WHERE org = ? AND customer = ?";
    look_fallbacks = "SELECT id, body, writetime(body) FROM {views}.fallbacks_of_customer_g{g}
        WHERE org = ? AND customer = ?";

    rest_of_tallies = "SELECT token(org, span, period), org, span, start, method, status, log_partition, n, as_of
        FROM {views}.tallies_g{g} WHERE org = ? AND span = ? AND period = ?
        AND (start, method, status, log_partition) > (?, ?, ?, ?)";
    tallies_from = "SELECT token(org, span, period), org, span, start, method, status, log_partition, n, as_of
        FROM {views}.tallies_g{g} WHERE token(org, span, period) >= ?";
    rest_of_category_tallies = "SELECT token(org, category, span, period), org, category, span, start, method,
        status, log_partition, n, as_of
        FROM {views}.category_tallies_g{g} WHERE org = ? AND category = ? AND span = ? AND period = ?
        AND (start, method, status, log_partition) > (?, ?, ?, ?)";
    category_tallies_from = "SELECT token(org, category, span, period), org, category, span, start, method,
        status, log_partition, n, as_of
        FROM {views}.category_tallies_g{g} WHERE token(org, category, span, period) >= ?";
    all_positions = "SELECT topic_id, log_partition, body FROM {views}.positions_g{g}";
}

impl Statements {
    /// The statements of that generation.
    pub(crate) async fn of(session: &CqlSession, generation: Generation) -> Result<Arc<Self>, StoreError> {
        prepared(session, generation).await
    }
}

impl InspectStatements {
    /// The statements of that generation.
    pub(crate) async fn of(session: &CqlSession, generation: Generation) -> Result<Arc<Self>, StoreError> {
        prepared(session, generation).await
    }
}

/// Two that ask at once may both prepare them: the server keeps one.
async fn prepared<S: StatementSet>(
    session: &CqlSession,
    generation: Generation,
) -> Result<Arc<S>, StoreError> {
    if let Some(found) = session.prepared.get(generation) {
        return Ok(found);
    }
    let names = session.names();
    let preparing = S::TEXTS.iter().map(|(name, text)| {
        let text = names.fill_generation(text, generation);
        async move { session.prepare(name, &text, Use::Idempotent).await }
    });
    let statements = try_join_all(preparing).await.map_err(|error| match error {
        StoreError::Corrupt(text) => {
            StoreError::Corrupt(format!("generation {} cannot be used: {text}", generation.0))
        }
        error @ StoreError::Unavailable(_) => error,
    })?;
    let set = S::take(statements)
        .map(Arc::new)
        .ok_or_else(|| StoreError::Corrupt("fewer statements than were prepared".to_owned()))?;
    Ok(session.prepared.keep(generation, set))
}
