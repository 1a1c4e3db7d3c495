//! What signers do: ask for evidence, approve and open it (`unseal`), come and go (`signer_changes`), and bring over what
//! was sealed before there were any (`adopt`). Each act is a signed record in `identity.audit` before it has an effect,
//! and a refusal is a record too. Works through ports, so that it is the same on both engines.
//!
//! Not here: ciphers and shares (`vault`), where signer sets are kept (`org_directory::signers`), and the commands
//! (`compliance`).

pub mod act;
pub mod adopt;
mod audit_walk;
mod limits;
pub mod refusal;
pub mod reveal;
pub mod signer_changes;
pub mod unseal;
