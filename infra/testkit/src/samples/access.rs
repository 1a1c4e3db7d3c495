//! Samples of the access index.

use domain::event::{ActKind, PersonalDataPage, Source};
use domain::ids::{ApiKeyId, CustomerRef};
use domain::ports::{AccessLook, AccessRow};
use domain::sealed::Field;
use domain::signers::SignerName;
use domain::staff::{StaffRole, StaffUserName};
use domain::time::Timestamp;

use super::{START_MS, STEP_MS, Samples};

impl Samples {
    /// Account number `n`.
    pub fn staff_user(&self, n: u64) -> StaffUserName {
        StaffUserName::parse(&format!("staff-{n}@bank.example")).expect("a user name")
    }

    /// API key number `n`.
    pub fn api_key(&self, n: u64) -> ApiKeyId {
        ApiKeyId::from_bytes(self.bytes16("key", n))
    }

    /// Look number `n` at that customer by that account, or by a key where that is the fifth and a signer where it is the sixth: the second place of its
    /// partition, at its own time.
    pub fn access(&self, customer: &CustomerRef, staff: u64, n: u64) -> AccessRow {
        let fields = [Field::FullName, Field::ExternalId, Field::Reason];
        AccessRow {
            event_id: self.event_id(n),
            source: Source { topic_id: self.topic(1), ..self.source((n % 3) as u32, 1 + n / 3) },
            customer: customer.clone(),
            look: match StaffRole::ALL.get((staff % 6) as usize) {
                None if staff % 6 == 4 => AccessLook::ApiRead { key: self.api_key(staff) },
                None => AccessLook::SignerAct {
                    signer: SignerName::parse(&format!("Signer-{staff}")).expect("a name"),
                    kind: ActKind::ALL[n as usize % ActKind::ALL.len()],
                },
                Some(role) => AccessLook::ConsoleView {
                    user: self.staff_user(staff),
                    role: *role,
                    page: PersonalDataPage::Customer,
                    fields: fields[..1 + (n % 3) as usize].to_vec(),
                },
            },
            viewed_at: Timestamp::from_millis(START_MS + n as i64 * STEP_MS),
        }
    }
}
