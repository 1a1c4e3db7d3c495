//! Samples of the access index.

use domain::event::{ActKind, PersonalDataPage, PersonalDataRead, Source};
use domain::ids::{ApiKeyId, CustomerRef};
use domain::ports::{AccessCustomers, AccessLook, AccessRow};
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

    /// Look number `n` at that customer by that account, or by a signer where it is the fifth: the second place of its
    /// partition, at its own time.
    pub fn access(&self, customer: &CustomerRef, staff: u64, n: u64) -> AccessRow {
        let fields = [Field::FullName, Field::ExternalId, Field::Reason];
        AccessRow {
            event_id: self.event_id(n),
            source: self.access_source(n),
            org: customer.org.clone(),
            customers: AccessCustomers::One(customer.customer.clone()),
            look: match StaffRole::ALL.get((staff % 5) as usize) {
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

    /// Record of reads number `n`: of those customers of an org with that key.
    pub fn reads(&self, org: u64, key: u64, n: u64, customers: &[u64]) -> PersonalDataRead {
        PersonalDataRead {
            event_id: self.event_id(n),
            org: self.org(org),
            key: self.api_key(key),
            minute: Timestamp::from_millis(START_MS + n as i64 * STEP_MS),
            customers: customers.iter().map(|number| self.customer_of(org, *number).customer).collect(),
        }
    }

    /// Where access record number `n` stands.
    pub fn access_source(&self, n: u64) -> Source {
        Source { topic_id: self.topic(1), ..self.source((n % 3) as u32, 1 + n / 3) }
    }
}
