//! Membership in the group: which partitions this projector has, in which generations each is written, where
//! they start, and how far they are. Not here: what is done with the records of a batch (`batch`).

pub(crate) mod lag;
pub(crate) mod partition_generations;
pub(crate) mod positions;
pub(crate) mod progress;
pub(crate) mod session;
