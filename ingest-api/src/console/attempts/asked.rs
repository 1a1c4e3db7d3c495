//! From an address to a query: the API's filters by their names, days as a clock in Jakarta has them.

use chrono::{NaiveDate, NaiveTime};
use console_pages::format::JAKARTA_OFFSET_SECONDS;
use console_pages::pages::attempts::{AttemptFilters, FilterProblem};
use domain::classify::ReasonCategory;
use domain::ids::{CustomerId, OrgId};
use domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX, SERIES_DAYS_MAX};
use domain::policy::Method;
use domain::ports::{AttemptsQuery, PageStart, SeriesQuery};
use domain::rows::{ReviewState, VerificationStatus};
use domain::time::Timestamp;

use crate::console::filter_value::filter_value;
use crate::limits::{PAGE_NUMBER_MAX, QUERY_PARAMS_MAX, SERIES_DAYS_DEFAULT};
use crate::serving::query;

const DAY_MS: i64 = 24 * 3_600_000;
const OFFSET_MS: i64 = JAKARTA_OFFSET_SECONDS as i64 * 1_000;

/// What an address asks for.
#[derive(Debug, Clone)]
pub(super) struct AskedAttempts {
    /// As they were sent.
    pub filters: AttemptFilters,
    /// What is wrong with it; the rest is of no use then.
    pub problems: Vec<FilterProblem>,
    /// All rows in a file, not a page of them.
    pub is_file: bool,
    /// From 1.
    pub page: u64,
    /// Rows of a page.
    pub limit: usize,
    /// Only rows before this.
    pub until: Option<Timestamp>,
    method: Option<Method>,
    status: Option<VerificationStatus>,
    category: Option<ReasonCategory>,
    review: Option<ReviewState>,
    customer: Option<CustomerId>,
    /// The first day's first instant.
    from: Option<Timestamp>,
    /// The first instant after the last day.
    to: Option<Timestamp>,
}

/// What came under which name, before it is understood.
#[derive(Debug, Default)]
struct SentValues {
    filters: AttemptFilters,
    page: String,
    until: String,
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
                "method" => &mut filters.method,
                "status" => &mut filters.status,
                "reasonCategory" => &mut filters.reason_category,
                "review" => &mut filters.review,
                "customerId" => &mut filters.customer_id,
                "from" => &mut filters.from,
                "to" => &mut filters.to,
                "limit" => &mut filters.limit,
                "page" => &mut sent.page,
                "until" => &mut sent.until,
                "format" => &mut sent.format,
                // The frame's.
                "lang" => continue,
                _ => {
                    sent.has_unknown = true;
                    continue;
                }
            };
            // People paste ids with what stands around them.
            value.trim().clone_into(place);
            sent.has_unknown |= names.contains(&name) || names.len() >= QUERY_PARAMS_MAX;
            names.push(name);
        }
        sent
    }
}

impl AskedAttempts {
    /// Reads an address's query; a field that was sent empty, as a form sends it, is not asked for.
    pub(super) fn parse(query: &str) -> Self {
        let sent = SentValues::of(query);
        let mut problems = Vec::new();
        let filters = &sent.filters;
        let method = filter_value(&filters.method, FilterProblem::Method, &mut problems, Method::parse);
        let status =
            filter_value(&filters.status, FilterProblem::Status, &mut problems, VerificationStatus::parse);
        let category = filter_value(
            &filters.reason_category,
            FilterProblem::ReasonCategory,
            &mut problems,
            ReasonCategory::parse,
        );
        let review = filter_value(&filters.review, FilterProblem::Review, &mut problems, ReviewState::parse);
        let customer = filter_value(&filters.customer_id, FilterProblem::CustomerId, &mut problems, |text| {
            CustomerId::parse(text).ok()
        });
        let from = filter_value(&filters.from, FilterProblem::From, &mut problems, day);
        let to = filter_value(&filters.to, FilterProblem::To, &mut problems, day);
        if from.zip(to).is_some_and(|(from, to)| from > to) {
            problems.push(FilterProblem::Days);
        }
        let page = filter_value(&sent.page, FilterProblem::Page, &mut problems, |text| {
            number(text).filter(|page| (1..=PAGE_NUMBER_MAX).contains(page))
        });
        let limit = filter_value(&filters.limit, FilterProblem::Page, &mut problems, |text| {
            number(text).filter(|limit| (1..=PAGE_ROWS_MAX as u64).contains(limit))
        });
        let until = filter_value(&sent.until, FilterProblem::Page, &mut problems, Timestamp::parse);
        let is_file = filter_value(&sent.format, FilterProblem::Unknown, &mut problems, |text| {
            matches!(text, "csv").then_some(true)
        });
        if sent.has_unknown {
            problems.push(FilterProblem::Unknown);
        }
        problems.dedup();
        Self {
            problems,
            is_file: is_file.unwrap_or(false),
            page: page.unwrap_or(1),
            limit: limit.map_or(PAGE_ROWS_DEFAULT, |limit| limit as usize),
            until,
            method,
            status,
            category,
            review,
            customer,
            from: from.map(Timestamp::from_millis),
            to: to.map(|last| Timestamp::from_millis(last + DAY_MS)),
            filters: sent.filters,
        }
    }

    /// The rows, from the page's first on.
    pub(super) fn query(&self, org: &OrgId) -> AttemptsQuery {
        let start = if self.is_file { 0 } else { (self.page - 1) * self.limit as u64 };
        AttemptsQuery {
            org: org.clone(),
            method: self.method,
            status: self.status,
            category: self.category,
            review: self.review,
            customer: self.customer.clone(),
            from: self.from,
            to: [self.to, self.until].into_iter().flatten().min(),
            start: PageStart::Skip(start),
            limit: self.limit,
        }
    }

    /// The days to draw: those asked for, the last of them where there are more than a chart has, and without any the
    /// last weeks up to today. On the first page alone, and not by reviews, which no chart counts.
    pub(super) fn series(&self, org: &OrgId, now: Timestamp) -> Option<SeriesQuery> {
        if self.page > 1 || self.until.is_some() || self.review.is_some() {
            return None;
        }
        let tomorrow = day_start(now.millis()) + DAY_MS;
        let end = self.to.map_or(tomorrow, |to| to.millis().min(tomorrow));
        let days_max = i64::from(SERIES_DAYS_MAX);
        let first = match self.from {
            Some(from) => from.millis().max(end - days_max * DAY_MS),
            None => end - i64::from(SERIES_DAYS_DEFAULT) * DAY_MS,
        };
        let first = if first >= 0 { first } else { day_start(0) + DAY_MS };
        let days = u32::try_from((end - first) / DAY_MS).ok().filter(|days| *days > 0)?;
        Some(SeriesQuery {
            org: org.clone(),
            method: self.method,
            status: self.status,
            category: self.category,
            customer: self.customer.clone(),
            first_day: Timestamp::from_millis(first),
            days,
        })
    }
}

/// Where the day of that name begins in Jakarta, in milliseconds since 1970.
fn day(text: &str) -> Option<i64> {
    // Years of four digits: RFC 3339 has no others.
    let is_usual = text.len() == "2026-11-29".len() && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let date = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| is_usual)?;
    let start = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis() - OFFSET_MS;
    // Nothing happened before 1970, and nothing is written after 9999.
    (-OFFSET_MS..=Timestamp::from_millis(i64::MAX).millis() - DAY_MS).contains(&start).then_some(start)
}

/// Where the day begins in Jakarta that holds the instant.
fn day_start(millis: i64) -> i64 {
    (millis + OFFSET_MS).div_euclid(DAY_MS) * DAY_MS - OFFSET_MS
}

/// Decimal digits only: no sign, no space.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn org() -> OrgId {
        OrgId::from_bytes([1; 16])
    }

    fn at(text: &str) -> Timestamp {
        Timestamp::parse(text).expect("a time")
    }

    #[test]
    fn a_day_is_jakartas_from_its_first_instant_through_its_last() {
        let asked = AskedAttempts::parse("from=2026-11-29&to=2026-11-29");
        assert_eq!(asked.problems, []);
        let query = asked.query(&org());
        assert_eq!(query.from, Some(at("2026-11-29T00:00:00.000+07:00")));
        // Exclusive: the last millisecond of the day is in, the next day's first is not.
        assert_eq!(query.to, Some(at("2026-11-30T00:00:00.000+07:00")));
        assert!(at("2026-11-29T23:59:59.999+07:00") < query.to.expect("an end"));
        let series = asked.series(&org(), at("2026-12-24T00:00:00Z")).expect("a day");
        assert_eq!((series.first_day, series.days), (at("2026-11-28T17:00:00Z"), 1));
    }

    #[test]
    fn every_filter_is_taken_by_the_apis_name_and_empty_ones_are_not_asked() {
        let asked = AskedAttempts::parse(
            "method=nik_dukcapil&status=failed&reasonCategory=quota&customerId=%20cus_00000000000000000000000000%0a\
             &from=&to=&page=3&limit=100&until=2026-11-29T00%3A00%3A00.001Z&lang=en",
        );
        assert_eq!(asked.problems, []);
        let query = asked.query(&org());
        assert_eq!(
            (query.method, query.status),
            (Some(Method::NikDukcapil), Some(VerificationStatus::Failed))
        );
        assert_eq!((query.category, query.customer.is_some()), (Some(ReasonCategory::Quota), true));
        assert_eq!((query.start, query.limit), (PageStart::Skip(200), 100));
        assert_eq!((query.from, query.to), (None, Some(at("2026-11-29T00:00:00.001Z"))));
        let reviews = AskedAttempts::parse("review=open");
        assert_eq!(reviews.query(&org()).review, Some(ReviewState::Open));
        assert!(reviews.series(&org(), Timestamp::EPOCH).is_none(), "no chart counts reviews");
        let empty = AskedAttempts::parse("method=&status=&reasonCategory=&review=&customerId=&from=&to=");
        assert_eq!((empty.problems.len(), empty.page, empty.limit), (0, 1, PAGE_ROWS_DEFAULT));
        assert_eq!(empty.filters, AttemptFilters::default());
        // Of a moment and a last day the earlier one counts.
        let both = AskedAttempts::parse("to=2026-11-27&until=2026-11-29T00:00:00Z").query(&org());
        assert_eq!(both.to, Some(at("2026-11-27T17:00:00Z")));
    }

    #[test]
    fn what_cannot_be_is_named_and_all_of_it_at_once() {
        use FilterProblem as P;
        for (query, problems) in [
            ("method=magic&status=VERIFIED&reasonCategory=x", &[P::Method, P::Status, P::ReasonCategory][..]),
            ("review=pending", &[P::Review]),
            ("customerId=ver_00000000000000000000000000", &[P::CustomerId]),
            ("from=2026-02-30&to=yesterday", &[P::From, P::To]),
            ("from=2026-1-1", &[P::From]),
            ("from=%2B2026-01-1", &[P::From]),
            ("from=12026-01-01", &[P::From]),
            ("from=1969-12-31&to=9999-12-31", &[P::From]),
            ("from=2026-11-30&to=2026-11-29", &[P::Days]),
            ("page=0&limit=101&until=now", &[P::Page]),
            ("page=-1", &[P::Page]),
            ("format=xml", &[P::Unknown]),
            ("cursor=AgAAAaIGlDVX", &[P::Unknown]),
            ("status=failed&status=failed", &[P::Unknown]),
            ("x=1", &[P::Unknown]),
            ("status=%ff", &[P::Unknown]),
        ] {
            assert_eq!(AskedAttempts::parse(query).problems, problems, "{query}");
        }
        let many = vec!["lang=en"; QUERY_PARAMS_MAX].join("&");
        assert_eq!(AskedAttempts::parse(&many).problems, []);
    }

    #[test]
    fn charts_have_the_days_asked_for_up_to_today_and_no_more_than_fit() {
        let now = at("2026-11-29T18:00:00Z");
        let days = |query: &str| {
            let series = AskedAttempts::parse(query).series(&org(), now)?;
            Some((series.first_day.rfc3339(), series.days))
        };
        let some = |first: &str, days: u32| Some((first.to_owned(), days));
        // It is the 30th in Jakarta.
        assert_eq!(days(""), some("2026-10-31T17:00:00.000Z", SERIES_DAYS_DEFAULT));
        assert_eq!(days("to=2026-11-30"), some("2026-10-31T17:00:00.000Z", SERIES_DAYS_DEFAULT));
        assert_eq!(days("from=2026-11-30&to=2026-12-24"), some("2026-11-29T17:00:00.000Z", 1));
        assert_eq!(days("from=2020-01-01"), some("2026-08-22T17:00:00.000Z", SERIES_DAYS_MAX));
        assert_eq!(days("from=2026-12-01"), None);
        assert_eq!(days("from=1970-01-01&to=1970-01-02").map(|(_, days)| days), Some(1));
        assert_eq!(days("page=2"), None);
        assert_eq!(days("until=2026-11-29T00:00:00Z"), None);
    }
}
