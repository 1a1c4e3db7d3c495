//! Reading what was recorded (contract §4): customers, attempts, one verification, a customer's KYC, the key itself.
//! Photos and raw answers are returned by none of them, ever.

pub mod attempts;
pub mod cursor;
pub mod customers;
pub mod face_reference;
pub mod kyc;
pub mod me;
pub mod unseal;
pub mod verification;
