//! Padmé padding (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with
//! PURBs", PETS 2019, §4): a length keeps only as many significant bits as its exponent has, so an envelope's
//! size tells O(log log n) bits, for at most 12 % of overhead.

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
    use super::padme;

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
