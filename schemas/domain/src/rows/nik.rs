//! Which customers of an org brought which NIK: the only rows that two customers meet in, by a tag that is made of the NIK
//! under the org's key. They follow from customers' states, which keep the same tags so that an erasure finds them.

use crate::ids::CustomerRef;
use crate::nik::NikTag;

/// A customer that brought a NIK.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NikHolderRow {
    /// Who.
    pub customer: CustomerRef,
    /// Which NIK.
    pub tag: NikTag,
}

/// A customer whose profile is erased.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NikErasure {
    /// Who.
    pub customer: CustomerRef,
    /// Every NIK that the state held: a store that keeps holders by tag alone finds them by these.
    pub tags: Vec<NikTag>,
}
