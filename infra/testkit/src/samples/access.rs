//! Samples of the access index.

use domain::event::{PersonalDataPage, Source};
use domain::ids::CustomerRef;
use domain::ports::AccessRow;
use domain::sealed::Field;
use domain::staff::{StaffRole, StaffUserName};
use domain::time::Timestamp;

use super::{START_MS, STEP_MS, Samples};

impl Samples {
    /// Account number `n`.
    pub fn staff_user(&self, n: u64) -> StaffUserName {
        StaffUserName::parse(&format!("staff-{n}@bank.example")).expect("a user name")
    }

    /// Look number `n` at that customer by that account: the second place of its partition, at its own time.
    pub fn access(&self, customer: &CustomerRef, staff: u64, n: u64) -> AccessRow {
        let fields = [Field::FullName, Field::ExternalId, Field::Reason];
        AccessRow {
            event_id: self.event_id(n),
            source: Source { topic_id: self.topic(1), ..self.source((n % 3) as u32, 1 + n / 3) },
            customer: customer.clone(),
            staff_user: self.staff_user(staff),
            staff_role: StaffRole::ALL[(staff % 4) as usize],
            page: PersonalDataPage::Customer,
            fields: fields[..1 + (n % 3) as usize].to_vec(),
            viewed_at: Timestamp::from_millis(START_MS + n as i64 * STEP_MS),
        }
    }
}
