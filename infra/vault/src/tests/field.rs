//! GF(2^128) as POLYVAL has it (RFC 8452, §3), for building the collisions of `collision`: bit i of the
//! little-endian number is the coefficient of x^i, modulo x^128 + x^127 + x^126 + x^121 + 1.

/// x^128, reduced.
const REDUCED: u128 = (1 << 127) | (1 << 126) | (1 << 121) | 1;
/// x^-128.
const INVERSE_OF_X128: u128 = (1 << 127) | (1 << 124) | (1 << 121) | (1 << 114) | 1;

pub(super) fn times_x(a: u128) -> u128 {
    (a << 1) ^ (REDUCED * (a >> 127))
}

pub(super) fn multiply(a: u128, b: u128) -> u128 {
    (0..128).rev().fold(0, |sum, bit| times_x(sum) ^ (a * ((b >> bit) & 1)))
}

/// a^(2^128 - 2).
pub(super) fn inverse(a: u128) -> u128 {
    let mut power = a;
    let mut product = 1;
    for _ in 1..128 {
        power = multiply(power, power);
        product = multiply(product, power);
    }
    product
}

/// What each of `blocks` blocks is multiplied with in POLYVAL under the key `h`: its sum over all blocks is the
/// hash.
pub(super) fn weights(h: u128, blocks: usize) -> Vec<u128> {
    let step = multiply(h, INVERSE_OF_X128);
    let mut weights: Vec<u128> =
        std::iter::successors(Some(step), |weight| Some(multiply(*weight, step))).take(blocks).collect();
    weights.reverse();
    weights
}

#[test]
fn polyval_is_the_rfcs() {
    // RFC 8452, appendix A.
    let number = |hex: &str| {
        let bytes = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
        u128::from_le_bytes(bytes.try_into().expect("a block"))
    };
    let h = number("25629347589242761d31f826ba4b757b");
    let blocks = [number("4f4f95668c83dfb6401762bb2d01a262"), number("d1a24ddd2721d006bbe45f20d3c9f362")];
    let sum = weights(h, 2).iter().zip(blocks).fold(0, |sum, (w, block)| sum ^ multiply(*w, block));
    assert_eq!(sum, number("f7a3b47b846119fae5b7866cf5e5b77e"));
    assert_eq!(multiply(h, inverse(h)), 1);
}
