//! Every bound of this crate, with its reason.

use std::time::Duration;

/// One request, its answer included: a registry answers from memory; a slower one is as good as away.
pub(crate) const REQUEST_WITHIN: Duration = Duration::from_secs(10);

/// The largest answer that is read: a schema as a JSON string; ours are at most some 6 KB.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;

/// What of a registry's own words goes into an error: a sentence, not a page.
pub(crate) const WORDS_MAX: usize = 200;
