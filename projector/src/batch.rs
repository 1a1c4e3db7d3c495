//! One batch of one partition in one generation: records are decoded, what the store has of their customers is
//! fetched, the facts are folded into a plan, and the plan is written and published. Not here: which partitions
//! this projector has, and which generations are written (`group`).

pub(crate) mod batch_error;
pub(crate) mod customer_cache;
pub(crate) mod decode_record;
pub(crate) mod held_orgs;
pub(crate) mod nik_text;
pub(crate) mod partition_worker;
pub(crate) mod plan;
pub(crate) mod plan_batch;
pub(crate) mod prefetch;
pub(crate) mod publish;
pub(crate) mod split;
pub(crate) mod standing_rows;
