//! Reading what was recorded (contract §4): customers, attempts, one verification, a customer's KYC and face references,
//! rechecks and outages, the key itself.
//! Photos and raw answers are returned by none of them, ever.

pub mod assessment;
pub mod attempts;
pub mod cursor;
pub mod customers;
pub mod enrolments;
pub mod kyc;
pub mod me;
pub mod nik_signals;
pub mod noticed;
pub mod outage_windows;
pub mod page;
pub mod read_index;
pub mod read_records;
pub mod recheck_summary;
pub mod rechecks;
pub mod standing;
pub mod unseal;
pub mod verification;
