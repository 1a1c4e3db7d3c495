//! Who has seen a review copy: from the access record of a view, and back from a decision to that record. The record has no
//! room for a verification; its own id is made from the verification, the reader and the time, so that the index, which has
//! id, reader and time, says whether a view was of that copy.

use domain::event::PersonalDataPage;
use domain::ids::{CustomerRef, EventId, VerificationId};
use domain::limits::{PAGE_ROWS_MAX, REVIEW_SEEN_MINUTES};
use domain::ports::{AccessActor, AccessLook, AccessQuery, AccessRow};
use domain::staff::StaffUserName;
use domain::time::Timestamp;
use vault::OrgIds;

use crate::app::App;
use crate::console::session::SignedIn;
use crate::limits::REVIEW_SEEN_PAGES_MAX;
use crate::serving::errors::ApiError;

/// Part of the name of every such record.
const ROUTE: &str = "/console/reviews/{id}/picture";

/// The id of the record of that view.
pub(super) fn view_id(
    ids: &OrgIds,
    customer: &CustomerRef,
    verification: &VerificationId,
    user: &StaffUserName,
    viewed_at: Timestamp,
) -> EventId {
    let key = format!("{verification} {user} {}", viewed_at.millis());
    EventId::from_bytes(ids.named(EventId::PREFIX, ROUTE, Some(&customer.customer), &key))
}

/// For how long a view is good.
const GOOD_MS: i64 = REVIEW_SEEN_MINUTES * 60_000;

/// Until when a view of that moment is good for saying that the card is verified.
pub(super) fn seen_at(viewed_at: Timestamp) -> Timestamp {
    Timestamp::from_millis(viewed_at.millis().saturating_add(GOOD_MS))
}

/// Until when the reader's latest view of that copy is good for saying that it is verified; none where there is none, or it
/// is too long ago.
///
/// # Errors
/// From the index.
pub(super) async fn seen_until(
    app: &App,
    signed_in: &SignedIn,
    customer: &CustomerRef,
    verification: &VerificationId,
    now: Timestamp,
) -> Result<Option<Timestamp>, ApiError> {
    let user = &signed_in.account.user;
    let mut query = AccessQuery {
        org: customer.org.clone(),
        customer: Some(customer.customer.clone()),
        actor: Some(AccessActor::Staff(user.clone())),
        from: Some(Timestamp::from_millis(now.millis().saturating_sub(GOOD_MS))),
        to: None,
        after: None,
        limit: PAGE_ROWS_MAX,
    };
    for _ in 0..REVIEW_SEEN_PAGES_MAX {
        let page = app.access_index.access_page(&query).await?;
        let is_of_copy = |row: &&AccessRow| {
            is_copy_view(&row.look)
                && row.event_id == view_id(&signed_in.org.ids, customer, verification, user, row.viewed_at)
        };
        if let Some(row) = page.rows.iter().find(is_of_copy) {
            return Ok(Some(seen_at(row.viewed_at)));
        }
        match page.rows.last() {
            Some(last) if page.more => query.after = Some(last.place()),
            Some(_) | None => return Ok(None),
        }
    }
    Ok(None)
}

fn is_copy_view(look: &AccessLook) -> bool {
    matches!(look, AccessLook::ConsoleView { page: PersonalDataPage::ReviewCopy, .. })
}

#[cfg(test)]
mod tests {
    use domain::ids::{CustomerId, OrgId};

    use super::*;

    #[test]
    fn a_view_is_of_one_copy_one_reader_and_one_moment() {
        let org = OrgId::from_bytes([1; 16]);
        let ids = OrgIds::from_secret(org.clone(), &[1; 32]);
        let name = |customer: u8, verification: u8, user: &str, ms: i64| {
            let customer = CustomerRef::new(org.clone(), CustomerId::from_bytes([customer; 16]));
            let user = StaffUserName::parse(user).expect("a name");
            let verification = VerificationId::from_bytes([verification; 16]);
            view_id(&ids, &customer, &verification, &user, Timestamp::from_millis(ms))
        };
        let here = name(1, 2, "rina", 3);
        assert_eq!(here, name(1, 2, "rina", 3));
        for other in
            [name(9, 2, "rina", 3), name(1, 9, "rina", 3), name(1, 2, "budi", 3), name(1, 2, "rina", 9)]
        {
            assert_ne!(here, other);
        }
    }
}
