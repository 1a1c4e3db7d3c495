//! Which generation answers, and which version of the pointer this instance applies.

pub(crate) mod heartbeat;
pub(crate) mod live_generation;
pub(crate) mod pointer_watch;
