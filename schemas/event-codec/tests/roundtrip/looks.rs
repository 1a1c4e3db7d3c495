//! How any record of a look at personal data is made.

use domain::event::{PersonalDataPage, PersonalDataRead, PersonalDataViewed};
use domain::ids::{ApiKeyId, CustomerId, OrgId};
use domain::sealed::Field;
use domain::staff::{StaffRole, StaffUserName};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::{customer, event_id, time};

pub(crate) fn viewed() -> impl Strategy<Value = PersonalDataViewed> {
    let who = ("[a-z0-9._@-]{3,64}", select(&StaffRole::ALL[..]), select(&PersonalDataPage::ALL[..]));
    let what = (vec(select(&Field::ALL[..]), 0..4), any::<String>(), time());
    (event_id(), customer(), who, what).prop_map(|(event_id, customer, who, what)| PersonalDataViewed {
        event_id,
        customer,
        staff_user: StaffUserName::parse(&who.0).expect("a user name"),
        staff_role: who.1,
        page: who.2,
        fields: what.0,
        request_id: what.1,
        viewed_at: what.2,
    })
}

pub(crate) fn reads() -> impl Strategy<Value = PersonalDataRead> {
    let ids = (event_id(), any::<[[u8; 16]; 2]>(), vec(any::<[u8; 16]>(), 0..20));
    (ids, time()).prop_map(|((event_id, [org, key], customers), minute)| PersonalDataRead {
        event_id,
        org: OrgId::from_bytes(org),
        key: ApiKeyId::from_bytes(key),
        minute,
        customers: customers.into_iter().map(CustomerId::from_bytes).collect(),
    })
}
