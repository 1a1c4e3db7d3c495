//! `GET /console/reviews`: the queue of verifications that wait for a person. What is open is shown oldest first, which the
//! read model lists newest first: a page is counted from the list's end.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use console_pages::format::day_start;
use console_pages::pages::reviews::{
    self, ReviewFilterProblem, ReviewFilters, ReviewList, ReviewRowLine, ReviewsModel,
};
use domain::ids::{CustomerId, OrgId};
use domain::limits::PAGE_ROWS_DEFAULT;
use domain::ports::{AttemptsPage, AttemptsQuery, PageStart, VerificationView};
use domain::rows::ReviewState;
use domain::staff::ConsolePage;
use domain::time::Timestamp;

use crate::app::App;
use crate::console::answer;
use crate::console::error::ConsoleError;
use crate::console::filter_value::filter_value;
use crate::console::session::SignedIn;
use crate::limits::{PAGE_NUMBER_MAX, QUERY_PARAMS_MAX, REVIEW_QUEUE_READS_MAX};
use crate::serving::query;

/// The page.
///
/// # Errors
/// As a page.
pub async fn list(
    req: HttpRequest,
    app: web::Data<App>,
    signed_in: SignedIn,
) -> Result<HttpResponse, ConsoleError> {
    signed_in.may(ConsolePage::Reviews)?;
    let asked = AskedReviews::parse(req.query_string());
    let list =
        if asked.problems.is_empty() { Some(asked.list(&app, signed_in.org_id()).await?) } else { None };
    let status = if list.is_some() { StatusCode::OK } else { StatusCode::BAD_REQUEST };
    let AskedReviews { filters, problems, .. } = asked;
    let decides = signed_in.account.role.decides_reviews();
    let model = ReviewsModel { filters, problems, list, decides };
    let frame = signed_in.frame(&req, ConsolePage::Reviews);
    let mut response = answer::page(reviews::render(&frame, &model));
    *response.status_mut() = status;
    Ok(response)
}

/// What an address asks for.
#[derive(Debug)]
struct AskedReviews {
    filters: ReviewFilters,
    problems: Vec<ReviewFilterProblem>,
    page: u64,
    state: ReviewState,
    customer: Option<CustomerId>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
}

impl AskedReviews {
    /// Reads an address's query; a field that was sent empty, as a form sends it, is not asked for.
    fn parse(query: &str) -> Self {
        let (mut filters, mut page, mut problems) = (ReviewFilters::default(), String::new(), Vec::new());
        let mut names: Vec<String> = Vec::new();
        for pair in query::decoded_pairs(query).take(QUERY_PARAMS_MAX + 1) {
            let Some((name, value)) = pair else {
                problems.push(ReviewFilterProblem::Unknown);
                continue;
            };
            let place = match name.as_str() {
                "review" => &mut filters.review,
                "customerId" => &mut filters.customer_id,
                "from" => &mut filters.from,
                "to" => &mut filters.to,
                "page" => &mut page,
                // The frame's.
                "lang" => continue,
                _ => {
                    problems.push(ReviewFilterProblem::Unknown);
                    continue;
                }
            };
            value.trim().clone_into(place);
            if names.contains(&name) || names.len() >= QUERY_PARAMS_MAX {
                problems.push(ReviewFilterProblem::Unknown);
            }
            names.push(name);
        }
        let problems = &mut problems;
        let state = filter_value(&filters.review, ReviewFilterProblem::Review, problems, ReviewState::parse);
        let customer =
            filter_value(&filters.customer_id, ReviewFilterProblem::CustomerId, problems, |text| {
                CustomerId::parse(text).ok()
            });
        let from = filter_value(&filters.from, ReviewFilterProblem::Days, problems, |day| day_start(day, 0));
        // The last day belongs to the range.
        let to = filter_value(&filters.to, ReviewFilterProblem::Days, problems, |day| day_start(day, 1));
        if from.zip(to).is_some_and(|(from, to)| from >= to) {
            problems.push(ReviewFilterProblem::Days);
        }
        let page = filter_value(&page, ReviewFilterProblem::Unknown, problems, |text| {
            let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|page| is_number && (1..=PAGE_NUMBER_MAX).contains(page))
        });
        problems.dedup();
        Self {
            problems: std::mem::take(problems),
            page: page.unwrap_or(1),
            state: state.unwrap_or(ReviewState::Open),
            customer,
            from,
            to,
            filters,
        }
    }

    fn query(&self, org: &OrgId, skip: u64, limit: usize) -> AttemptsQuery {
        AttemptsQuery {
            org: org.clone(),
            method: None,
            status: None,
            category: None,
            review: Some(self.state),
            customer: self.customer.clone(),
            from: self.from,
            to: self.to,
            start: PageStart::Skip(skip),
            limit,
        }
    }

    async fn list(&self, app: &App, org: &OrgId) -> Result<ReviewList, ConsoleError> {
        let found = if self.state == ReviewState::Open {
            self.oldest_first(app, org).await?
        } else {
            let skip = (self.page - 1) * PAGE_ROWS_DEFAULT as u64;
            let generation = app.generation().await?;
            app.views.attempts(generation, &self.query(org, skip, PAGE_ROWS_DEFAULT)).await?
        };
        Ok(ReviewList {
            total: found.total,
            page: self.page,
            pages: found.total.div_ceil(PAGE_ROWS_DEFAULT as u64),
            rows: found.rows.iter().map(line).collect(),
        })
    }

    /// The page as it is counted from the list's end. Where rows came or went between the count and the page it is counted
    /// once more; what then comes is a page of a list that moves.
    async fn oldest_first(&self, app: &App, org: &OrgId) -> Result<AttemptsPage, ConsoleError> {
        let generation = app.generation().await?;
        let mut found = app.views.attempts(generation, &self.query(org, 0, 1)).await?;
        for _ in 0..REVIEW_QUEUE_READS_MAX {
            let total = found.total;
            let Some((skip, limit)) = from_the_end(total, self.page) else {
                found.rows.clear();
                return Ok(found);
            };
            found = app.views.attempts(generation, &self.query(org, skip, limit)).await?;
            if found.total == total {
                break;
            }
        }
        found.rows.reverse();
        Ok(found)
    }
}

/// Where the rows of that page lie in the list newest first: how many before them, and how many they are. None where the
/// list ends before the page.
fn from_the_end(total: u64, page: u64) -> Option<(u64, usize)> {
    let rows = PAGE_ROWS_DEFAULT as u64;
    let left = total.checked_sub((page - 1) * rows).filter(|left| *left > 0)?;
    let limit = left.min(rows);
    Some((left - limit, usize::try_from(limit).ok()?))
}

fn line(view: &VerificationView) -> ReviewRowLine {
    let row = &view.row;
    ReviewRowLine {
        id: row.id.clone(),
        customer: row.customer.customer.clone(),
        method: row.method,
        category: row.reason_category,
        created_at: row.created_at,
        state: view.review_state().unwrap_or(ReviewState::Open),
        decided: view.review.as_ref().map(|review| (review.by.clone(), review.created_at)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_counted_from_the_lists_end() {
        for (total, page, wanted) in [
            (0, 1, None),
            (1, 1, Some((0, 1))),
            (20, 1, Some((0, 20))),
            (20, 2, None),
            (45, 1, Some((25, 20))),
            (45, 2, Some((5, 20))),
            (45, 3, Some((0, 5))),
            (45, PAGE_NUMBER_MAX, None),
        ] {
            assert_eq!(from_the_end(total, page), wanted, "{total}, page {page}");
        }
    }

    #[test]
    fn what_cannot_be_is_named_and_what_is_not_asked_is_what_is_open() {
        use ReviewFilterProblem as P;
        for (query, problems) in [
            ("", &[][..]),
            ("review=&customerId=&from=&to=&lang=id", &[]),
            ("review=failed&from=2026-11-29&to=2026-11-29&page=2", &[]),
            ("review=pending&customerId=ver_1", &[P::Review, P::CustomerId]),
            ("from=yesterday", &[P::Days]),
            ("from=2026-11-30&to=2026-11-29", &[P::Days]),
            ("page=0", &[P::Unknown]),
            ("x=1", &[P::Unknown]),
            ("review=open&review=open", &[P::Unknown]),
        ] {
            assert_eq!(AskedReviews::parse(query).problems, problems, "{query}");
        }
        let asked = AskedReviews::parse("page=3");
        assert_eq!((asked.state, asked.page), (ReviewState::Open, 3));
    }
}
