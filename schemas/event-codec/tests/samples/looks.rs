//! Samples of what is recorded about looks at personal data.

use domain::event::{AuditRecord, PersonalDataPage, PersonalDataRead, PersonalDataViewed};
use domain::ids::{ApiKeyId, CustomerId, OrgId};
use domain::sealed::Field;
use domain::staff::{StaffRole, StaffUserName};

use super::{Any, at, event, who};

pub(super) fn audit() -> Vec<(&'static str, Any)> {
    let viewed = PersonalDataViewed {
        event_id: event(17),
        customer: who(),
        staff_user: StaffUserName::parse("rina@bank-contoh.id").expect("a user name"),
        staff_role: StaffRole::Analyst,
        page: PersonalDataPage::Customer,
        fields: vec![Field::FullName, Field::ExternalId, Field::Reason],
        request_id: "req_00000000000000000000000009".into(),
        viewed_at: at(8),
    };
    let read = PersonalDataRead {
        event_id: event(18),
        org: OrgId::from_bytes([1; 16]),
        key: ApiKeyId::from_bytes([8; 16]),
        minute: at(6),
        customers: [2, 3].map(|byte| CustomerId::from_bytes([byte; 16])).to_vec(),
    };
    [
        ("PersonalDataViewed.v1", AuditRecord::PersonalDataViewed(viewed)),
        ("PersonalDataRead.v1", AuditRecord::PersonalDataRead(read)),
    ]
    .map(|(name, value)| (name, Any::Audit(value)))
    .into()
}
