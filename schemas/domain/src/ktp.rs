//! What a KTP says, by whoever read it, and whether its readings agree with each other and with the NIK (sequence §2.3 (f)
//! and (g)). Not here: how a picture is read (`infra/face`), and what the findings come to together
//! ([`crate::capture`]).

mod agreement;
mod card_text;
mod client_text;
mod field;
mod values;

pub use agreement::{KtpTextOutcome, NIK_CONSISTENCY, NIK_READ, read_agreement};
pub use card_text::{CardText, FieldText};
pub use client_text::ClientText;
pub use field::KtpField;
pub use values::{card_date, card_sex, folded};
