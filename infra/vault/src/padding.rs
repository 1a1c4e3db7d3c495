//! Padmé padding (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs", PETS 2019, §4): a length keeps only as many significant bits as its exponent has, so an envelope's
//! size tells O(log log n) bits, for at most 12 % of overhead.

/// The length inside the padding.
pub(crate) const LENGTH: usize = 4;

/// What a plaintext is taken to have at the least: a name, a reason or an external id of up to so many bytes
/// tells nothing of its length. Padmé alone would tell those within 1 to 3 bytes.
const PLAINTEXT_BYTES_LEAST: usize = 64;

/// How long a plaintext of that length is in an envelope that is sealed now, its length before it.
pub(crate) fn padded(plaintext: usize) -> u32 {
    padme((LENGTH + plaintext.max(PLAINTEXT_BYTES_LEAST)) as u32)
}

/// Whether an envelope whose plaintext has that length may be so long: as it is sealed now, or as it was before
/// short plaintexts were made equal.
pub(crate) fn is_padded(plaintext: u32, length: usize) -> bool {
    let before = plaintext.checked_add(LENGTH as u32).map(padme);
    padded(plaintext as usize) as usize == length || before.is_some_and(|before| before as usize == length)
}

/// The padded length of `len` bytes; at least `len`.
pub(crate) fn padme(len: u32) -> u32 {
    if len < 2 {
        return len;
    }
    let exponent = len.ilog2();
    let mantissa_bits = exponent.ilog2() + 1;
    let mask = (1_u32 << (exponent - mantissa_bits.min(exponent))) - 1;
    // Lengths are bounded by SEALED_PLAINTEXT_BYTES_MAX + 4, so the sum cannot overflow there; a length read
    // from an envelope may be anything, and saturating makes it unequal to itself padded, hence refused.
    len.saturating_add(mask) & !mask
}

#[cfg(test)]
mod tests {
    use super::{is_padded, padded, padme};

    #[test]
    fn short_texts_are_all_of_one_length() {
        let lengths: std::collections::BTreeSet<u32> = (0..=64).map(padded).collect();
        assert_eq!(Vec::from_iter(lengths), [72]);
        assert!(padded(100) > 72);
        // As they were sealed before, they are still what sealing wrote.
        assert!(is_padded(20, 72) && is_padded(20, 24) && !is_padded(20, 80));
        assert!(is_padded(1_000, padme(1_004) as usize) && !is_padded(u32::MAX, 72));
    }

    #[test]
    fn lengths_are_the_papers() {
        for (len, padded) in
            [(0, 0), (1, 1), (4, 4), (9, 10), (17, 18), (100, 104), (1000, 1024), (30_004, 30_720)]
        {
            assert_eq!(padme(len), padded, "{len}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_padded_length_is_stable_and_at_most_12_percent_more(len in 2_u32..8 * 1024 * 1024) {
            let padded = padme(len);
            proptest::prop_assert!(padded >= len);
            proptest::prop_assert!(u64::from(padded - len) * 100 <= u64::from(len) * 12);
            proptest::prop_assert_eq!(padme(padded), padded);
        }
    }
}
