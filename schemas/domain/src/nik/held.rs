//! The NIKs that a customer's verifications brought, each as a tag: an HMAC under a key of the org's, which the projector
//! makes of what is sealed. A tag stands in rows alone, in no log, so that an erasure reaches every one of them (sequence
//! §5.3). Not here: the key.

use std::fmt;

use crate::ids::VerificationId;
use crate::limits::NIKS_HELD_MAX;

/// What stands for a NIK within one org. Personal data: whoever holds the org's key can find the NIK by trying, so it is
/// never printed.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NikTag(pub [u8; 32]);

impl fmt::Debug for NikTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NikTag(…)")
    }
}

/// A verification that brought a NIK.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct HeldNik {
    /// Which NIK.
    pub tag: NikTag,
    /// The verification.
    pub verification: VerificationId,
}

/// A customer's, oldest first: the latest [`NIKS_HELD_MAX`], and one of each NIK at least.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct HeldNiks(Vec<HeldNik>);

impl HeldNiks {
    /// Takes up what [`HeldNiks::entries`] gave.
    pub fn from_entries(entries: Vec<HeldNik>) -> Self {
        Self(entries)
    }

    /// All of them.
    pub fn entries(&self) -> &[HeldNik] {
        &self.0
    }

    /// Adds one. Where there is no room, an older verification of a NIK that a later one brought too is forgotten; a customer
    /// with so many different NIKs gets no further one, and false.
    pub fn hold(&mut self, held: HeldNik) -> bool {
        if self.0.len() >= NIKS_HELD_MAX {
            let again = |at: usize, tag: NikTag| {
                tag == held.tag || self.0[at + 1..].iter().any(|later| later.tag == tag)
            };
            let spare = self.0.iter().enumerate().position(|(at, of)| again(at, of.tag));
            let Some(spare) = spare else { return false };
            self.0.remove(spare);
        }
        self.0.push(held);
        true
    }

    /// The NIK that the verification brought.
    pub fn of(&self, verification: &VerificationId) -> Option<NikTag> {
        self.0.iter().find(|held| held.verification == *verification).map(|held| held.tag)
    }

    /// Each NIK once.
    pub fn tags(&self) -> Vec<NikTag> {
        let mut tags: Vec<NikTag> = self.0.iter().map(|held| held.tag).collect();
        tags.sort_unstable();
        tags.dedup();
        tags
    }

    /// Whether they are of more than one NIK.
    pub fn are_different(&self) -> bool {
        self.0.windows(2).any(|two| two[0].tag != two[1].tag)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn held(tag: u8, n: u8) -> HeldNik {
        HeldNik { tag: NikTag([tag; 32]), verification: VerificationId::from_bytes([n; 16]) }
    }

    #[test]
    fn the_latest_are_held_and_one_of_each_nik() {
        let mut niks = HeldNiks::default();
        assert!(!niks.are_different() && niks.tags().is_empty());
        assert!(niks.hold(held(1, 0)));
        for n in 1..=NIKS_HELD_MAX as u8 {
            assert!(niks.hold(held(2, n)));
        }
        assert_eq!(niks.entries().len(), NIKS_HELD_MAX);
        assert_eq!(niks.of(&held(1, 0).verification), Some(NikTag([1; 32])), "the only one of its NIK stays");
        assert_eq!(niks.of(&held(2, 1).verification), None, "the oldest of the other gave way");
        assert_eq!(niks.tags(), [NikTag([1; 32]), NikTag([2; 32])]);
        assert!(niks.are_different());
    }

    #[test]
    fn of_too_many_different_niks_none_is_dropped() {
        let mut niks = HeldNiks::default();
        for n in 0..NIKS_HELD_MAX as u8 {
            assert!(niks.hold(held(n, n)));
        }
        let before = niks.clone();
        assert!(!niks.hold(held(u8::MAX, u8::MAX)));
        assert_eq!(niks, before);
        assert!(niks.hold(held(0, u8::MAX)), "one of a NIK that is held takes the other's place");
        assert_eq!(niks.entries().len(), NIKS_HELD_MAX);
    }

    #[test]
    fn a_tag_is_never_printed() {
        assert_eq!(format!("{:?}", NikTag([7; 32])), "NikTag(…)");
    }
}
