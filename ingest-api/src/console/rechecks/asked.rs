//! From an address to a query: days as a clock in Jakarta has them.

use console_pages::format::day_start;
use console_pages::pages::rechecks::{RecheckFilterProblem, RecheckFilters, RecheckSort};
use domain::ids::{CustomerId, OrgId};
use domain::limits::PAGE_ROWS_DEFAULT;
use domain::ports::{PageStart, RecheckOrder, RechecksQuery};
use domain::recheck::RecheckStatus;
use domain::time::Timestamp;

use crate::console::filter_value::filter_value;
use crate::limits::{PAGE_NUMBER_MAX, QUERY_PARAMS_MAX};
use crate::serving::query;

/// What an address asks for.
#[derive(Debug)]
pub(super) struct AskedRechecks {
    /// As they were sent.
    pub filters: RecheckFilters,
    /// What is wrong with it; the rest is of no use then.
    pub problems: Vec<RecheckFilterProblem>,
    /// All rows in a file, not a page of them.
    pub is_file: bool,
    /// From 1.
    pub page: u64,
    status: Option<RecheckStatus>,
    customer: Option<CustomerId>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    order: RecheckOrder,
}

/// What came under which name, before it is understood.
#[derive(Debug, Default)]
struct SentValues {
    filters: RecheckFilters,
    page: String,
    format: String,
    has_unknown: bool,
}

impl SentValues {
    fn of(query: &str) -> Self {
        let mut sent = Self::default();
        let mut names: Vec<String> = Vec::new();
        for pair in query::decoded_pairs(query).take(QUERY_PARAMS_MAX + 1) {
            let Some((name, value)) = pair else {
                sent.has_unknown = true;
                continue;
            };
            let filters = &mut sent.filters;
            let place = match name.as_str() {
                "status" => &mut filters.status,
                "customerId" => &mut filters.customer_id,
                "from" => &mut filters.from,
                "to" => &mut filters.to,
                "sort" => &mut filters.sort,
                "page" => &mut sent.page,
                "format" => &mut sent.format,
                // The frame's.
                "lang" => continue,
                _ => {
                    sent.has_unknown = true;
                    continue;
                }
            };
            value.trim().clone_into(place);
            sent.has_unknown |= names.contains(&name) || names.len() >= QUERY_PARAMS_MAX;
            names.push(name);
        }
        sent
    }
}

impl AskedRechecks {
    /// Reads an address's query; a field that was sent empty, as a form sends it, is not asked for.
    pub(super) fn parse(query: &str) -> Self {
        use RecheckFilterProblem as Problem;
        let sent = SentValues::of(query);
        let filters = sent.filters;
        let mut found = Vec::new();
        let problems = &mut found;
        let status = filter_value(&filters.status, Problem::Status, problems, RecheckStatus::parse);
        let customer = filter_value(&filters.customer_id, Problem::CustomerId, problems, |text| {
            CustomerId::parse(text).ok()
        });
        let from = filter_value(&filters.from, Problem::Days, problems, |day| day_start(day, 0));
        // The last day belongs to the range.
        let to = filter_value(&filters.to, Problem::Days, problems, |day| day_start(day, 1));
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            problems.push(Problem::Days);
        }
        let sort = filter_value(&filters.sort, Problem::Unknown, problems, RecheckSort::parse);
        let page = filter_value(&sent.page, Problem::Unknown, problems, |text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|page| is_number && (1..=PAGE_NUMBER_MAX).contains(page))
        });
        let is_file =
            filter_value(&sent.format, Problem::Unknown, problems, |text| (text == "csv").then_some(true));
        if sent.has_unknown {
            problems.push(Problem::Unknown);
        }
        problems.dedup();
        let order = match sort {
            Some(RecheckSort::Oldest) => RecheckOrder::OldestFirst,
            Some(RecheckSort::Newest) | None => RecheckOrder::NewestFirst,
        };
        let (is_file, page) = (is_file.unwrap_or(false), page.unwrap_or(1));
        Self { filters, problems: found, is_file, page, status, customer, from, to, order }
    }

    /// The rows, from the page's first on.
    pub(super) fn query(&self, org: &OrgId) -> RechecksQuery {
        let page = if self.is_file { 0 } else { self.page - 1 };
        RechecksQuery {
            org: org.clone(),
            status: self.status,
            customer: self.customer.clone(),
            from: self.from,
            to: self.to,
            order: self.order,
            start: PageStart::Skip(page * PAGE_ROWS_DEFAULT as u64),
            limit: PAGE_ROWS_DEFAULT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_named() {
        use RecheckFilterProblem as P;
        for (query, problems) in [
            ("", &[][..]),
            ("status=&customerId=&from=&to=&sort=&lang=id", &[]),
            ("status=contradicted&from=2026-11-29&to=2026-11-29&sort=newest&page=2", &[]),
            ("status=pending&customerId=ver_1", &[P::Status, P::CustomerId]),
            ("from=yesterday", &[P::Days]),
            ("from=2026-11-30&to=2026-11-29", &[P::Days]),
            ("sort=best", &[P::Unknown]),
            ("page=0", &[P::Unknown]),
            ("format=xml", &[P::Unknown]),
            ("x=1", &[P::Unknown]),
            ("status=open&status=open", &[P::Unknown]),
        ] {
            assert_eq!(AskedRechecks::parse(query).problems, problems, "{query}");
        }
    }

    #[test]
    fn days_are_jakartas_and_a_file_begins_at_the_first_row() {
        let org = OrgId::from_bytes([1; 16]);
        let asked = AskedRechecks::parse("status=open&sort=oldest&from=2026-11-29&to=2026-11-29&page=3");
        let query = asked.query(&org);
        assert_eq!((query.status, query.order), (Some(RecheckStatus::Open), RecheckOrder::OldestFirst));
        assert_eq!(query.from.map(Timestamp::rfc3339).as_deref(), Some("2026-11-28T17:00:00.000Z"));
        assert_eq!(query.to.map(Timestamp::rfc3339).as_deref(), Some("2026-11-29T17:00:00.000Z"));
        assert_eq!(query.start, PageStart::Skip(2 * PAGE_ROWS_DEFAULT as u64));
        let file = AskedRechecks::parse("format=csv&page=3");
        assert!(file.is_file);
        assert_eq!(file.query(&org).start, PageStart::Skip(0));
    }
}
