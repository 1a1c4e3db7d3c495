//! Pages of lists (contract §1): which one is asked for, and where else to go. What a list has rows of is its own.

use domain::limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX};
use domain::ports::{PageRequest, PageStart};
use serde::Serialize;
use utoipa::ToSchema;
use vault::OrgIds;

use super::cursor::{Cursor, CursorList};
use crate::limits::PAGE_NUMBER_MAX;
use crate::serving::query::QueryParameters;

/// Where else to go.
#[derive(Debug, Serialize, ToSchema)]
pub struct PageMeta {
    /// Pages in all.
    pub pages: u64,
    /// `cursor` of the next page; `null` on the last.
    pub next: Option<String>,
}

/// Which page is asked for.
#[derive(Debug)]
pub struct NumberedPage {
    /// Its rows.
    pub request: PageRequest,
    /// Its number, from 1.
    pub number: u64,
}

impl NumberedPage {
    /// Takes the parameters of a page out; what is wrong with them is left in the query.
    pub fn take(query: &mut QueryParameters, list: CursorList, org: &OrgIds) -> Self {
        let page = query.take("page", "must be a number from 1", |text| {
            number(text).filter(|page| (1..=PAGE_NUMBER_MAX).contains(page))
        });
        let limit = query.take("limit", "must be a number from 1 to 100", |text| {
            number(text).filter(|limit| (1..=PAGE_ROWS_MAX as u64).contains(limit))
        });
        let cursor = query.take("cursor", "must be a cursor that an earlier page gave", |text| {
            Cursor::parse(text, list, org)
        });
        if page.is_some() && cursor.is_some() {
            query.refuse("page", "must not come with cursor");
        }
        let limit = limit.map_or(PAGE_ROWS_DEFAULT, |limit| limit as usize);
        let (start, number) = match cursor {
            Some(Cursor { after, page }) => (PageStart::After(after), page),
            None => {
                let page = page.unwrap_or(1);
                (PageStart::Skip((page - 1) * limit as u64), page)
            }
        };
        Self { request: PageRequest { start, limit }, number }
    }
}

/// Decimal digits only: no sign, no space.
fn number(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
