//! Length-prefixed lists of byte strings (u32 big-endian before each): the one way several values go into a
//! hash, a derivation or a binding, so that no two different lists look the same.

/// Feeds the list to a hash.
pub(crate) fn feed(parts: &[&[u8]], mut sink: impl FnMut(&[u8])) {
    for part in parts {
        // Parts are ids, names, settings and one body: all far below 4 GiB by their own limits.
        sink(&(part.len() as u32).to_be_bytes());
        sink(part);
    }
}

/// The list as one string.
pub(crate) fn joined(parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|p| 4 + p.len()).sum());
    feed(parts, |bytes| out.extend_from_slice(bytes));
    out
}
