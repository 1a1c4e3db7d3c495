//! Random bytes: all of them from the operating system, so that there is one source to trust and no state of
//! ours to protect or to fork.

use rand::TryRng as _;
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use zeroize::Zeroizing;

/// The operating system's generator for interfaces that want an infallible one.
pub(crate) fn system() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

/// Fills an array.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut out = [0; N];
    // The call fails only on systems without a generator; nothing may run there.
    SysRng.try_fill_bytes(&mut out).expect("the operating system gives random bytes");
    out
}

/// A fresh 256-bit key; wiped when dropped, never moved about on the stack.
pub(crate) fn key() -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(vec![0; 32]);
    SysRng.try_fill_bytes(&mut out).expect("the operating system gives random bytes");
    out
}

/// 16 random bytes: what an id is made of when no `Idempotency-Key` names it.
pub fn random_id() -> [u8; 16] {
    bytes()
}
