//! Verifications by day, from the tallies of hours; a customer's from its own partition.

use std::ops::ControlFlow;

use domain::classify::ReasonCategory;
use domain::ids::CustomerId;
use domain::policy::Method;
use domain::ports::{SeriesQuery, StoreError, VerificationSeries};
use domain::rows::{CountedStatus, Generation, Span, VerificationStatus};
use domain::time::Timestamp;
use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use row_codec::span_word;

use super::lists::OfCustomer;
use super::read::broken;
use super::statements::Statements;
use super::times;
use crate::limits::PAGE_READS_AT_ONCE;
use crate::session::CqlSession;
use crate::statement::Cell;

/// Refuses what asks for a category in a generation that has them of some rows only.
pub(super) async fn categories_are_counted(
    session: &CqlSession,
    generation: Generation,
) -> Result<(), StoreError> {
    if session.counts_categories(generation).await? {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "generation {} was made by a build that did not count the categories of reasons: `projector rebuild` makes \
         one that has them",
        generation.0
    )))
}

/// The query's numbers.
pub(super) async fn of(
    session: &CqlSession,
    tables: &Statements,
    generation: Generation,
    query: &SeriesQuery,
) -> Result<VerificationSeries, StoreError> {
    if query.category.is_some() {
        categories_are_counted(session, generation).await?;
    }
    let with_categories = session.counts_categories(generation).await?;
    let mut series = VerificationSeries::blank(query, with_categories);
    let (from, to) = (query.first_day.millis(), query.end().millis());
    if from >= to {
        return Ok(series);
    }
    match &query.customer {
        Some(customer) => of_customer(session, tables, query, customer, &mut series).await?,
        None => of_org(session, tables, query, &mut series).await?,
    }
    Ok(series)
}

async fn of_customer(
    session: &CqlSession,
    tables: &Statements,
    query: &SeriesQuery,
    customer: &CustomerId,
    series: &mut VerificationSeries,
) -> Result<(), StoreError> {
    let (from, to) = (query.first_day.millis(), query.end().millis());
    let cells =
        [Cell::Org(query.org.clone()), Cell::Customer(customer.clone()), Cell::Big(from), Cell::Big(to)];
    session
        .each::<OfCustomer>(
            &tables.of_customer,
            &cells,
            |(created_at, _, _, _, method, status, category, _)| {
                // Its review alone stands there yet.
                let Some((method, status)) = method.zip(status) else {
                    return Ok(ControlFlow::Continue(()));
                };
                let method = Method::parse(&method).ok_or_else(|| broken("method"))?;
                let status = VerificationStatus::parse(&status).ok_or_else(|| broken("status"))?;
                let category = category
                    .filter(|word| !word.is_empty())
                    .map(|word| ReasonCategory::parse(&word).ok_or_else(|| broken("category")))
                    .transpose()?;
                let is_asked = query.method.is_none_or(|only| only == method)
                    && query.status.is_none_or(|only| only == status)
                    && query.category.is_none_or(|only| category == Some(only));
                if is_asked {
                    series.add_status(Timestamp::from_millis(created_at), status, 1);
                    category.into_iter().for_each(|category| series.add_category(category, 1));
                }
                Ok(ControlFlow::Continue(()))
            },
        )
        .await
}

/// One partition of tallies: those of an org's hours in a month, of a category or of all rows.
#[derive(Debug, Clone, Copy)]
struct MonthOfHours {
    category: Option<ReasonCategory>,
    from: i64,
    to: i64,
}

async fn of_org(
    session: &CqlSession,
    tables: &Statements,
    query: &SeriesQuery,
    series: &mut VerificationSeries,
) -> Result<(), StoreError> {
    let categories: Vec<Option<ReasonCategory>> = match (query.category, &series.categories) {
        (Some(only), _) => vec![Some(only)],
        (None, None) => vec![None],
        (None, Some(_)) => [None].into_iter().chain(ReasonCategory::ALL.map(Some)).collect(),
    };
    let months = months(query.first_day.millis(), query.end().millis());
    let parts = categories.into_iter().flat_map(|category| {
        months.iter().map(move |(from, to)| MonthOfHours { category, from: *from, to: *to })
    });
    let counted: Vec<_> = stream::iter(parts.collect::<Vec<_>>())
        .map(|part| async move { Ok::<_, StoreError>((part, hours(session, tables, query, part).await?)) })
        .buffer_unordered(PAGE_READS_AT_ONCE)
        .try_collect()
        .await?;
    for (part, hours) in counted {
        for (hour, status, count) in hours {
            // Tallies of all rows are the days'; asked for one category, its own are.
            if part.category == query.category {
                series.add_status(Timestamp::from_millis(hour), status, count);
            }
            part.category.into_iter().for_each(|category| series.add_category(category, count));
        }
    }
    Ok(())
}

/// The months that the stretch has hours in, and which of their hours.
fn months(from: i64, to: i64) -> Vec<(i64, i64)> {
    let mut months = Vec::new();
    let mut at = from;
    while at < to {
        let end = times::end(Span::Month, times::start(Span::Month, at)).min(to);
        months.push((at, end));
        at = end;
    }
    months
}

async fn hours(
    session: &CqlSession,
    tables: &Statements,
    query: &SeriesQuery,
    MonthOfHours { category, from, to }: MonthOfHours,
) -> Result<Vec<(i64, VerificationStatus, u64)>, StoreError> {
    let statement = if category.is_some() { &tables.category_tallies } else { &tables.tallies };
    let mut cells = vec![Cell::Org(query.org.clone())];
    cells.extend(category.map(|category| Cell::Word(category.as_str())));
    cells.extend([
        Cell::Word(span_word(Span::Hour)),
        Cell::Big(times::period(Span::Hour, from)),
        Cell::Big(from),
        Cell::Big(to),
    ]);
    let mut hours = Vec::new();
    session
        .each::<(i64, String, String, i64)>(statement, &cells, |(start, method, status, n)| {
            let method = Method::parse(&method).ok_or_else(|| broken("method"))?;
            let counted = CountedStatus::parse(&status).ok_or_else(|| broken("status"))?;
            let Some(status) = counted.of_rows() else { return Ok(ControlFlow::Continue(())) };
            let is_asked = query.method.is_none_or(|only| only == method)
                && query.status.is_none_or(|only| only == status);
            if is_asked && n > 0 {
                hours.push((start, status, n.unsigned_abs()));
            }
            Ok(ControlFlow::Continue(()))
        })
        .await?;
    Ok(hours)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stretch_is_cut_at_the_ends_of_months() {
        let ms = |text: &str| Timestamp::parse(text).expect("a time").millis();
        let (from, to) = (ms("2026-10-30T17:00:00Z"), ms("2026-12-01T17:00:00Z"));
        let (november, december) = (ms("2026-11-01T00:00:00Z"), ms("2026-12-01T00:00:00Z"));
        assert_eq!(months(from, to), [(from, november), (november, december), (december, to)]);
        assert_eq!(months(from, from), []);
    }
}
