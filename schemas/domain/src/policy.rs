//! The tier policy: which verified methods make which KYC tier. Policies are numbered and immutable; each
//! event carries the number it was taken under, so a replay years later comes to the same tier.

macro_rules! methods {
    ($($(#[doc = $doc:literal])+ $name:ident = $bit:literal, $word:literal;)+) => {
        /// How a customer was verified. In schemas a string, so that a new one breaks no reader.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum Method {
            $($(#[doc = $doc])+ $name = $bit,)+
        }

        impl Method {
            /// Every method.
            pub const ALL: [Self; [$($bit),+].len()] = [$(Self::$name),+];

            /// The word in the API and in schemas.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The method of that word.
            pub fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$name),)+
                    _ => None,
                }
            }
        }
    };
}

// The bit and the word of a method stand in rows and logs for ever. A new method is one line here with the next
// bit, and a policy that asks for it.
methods! {
    /// The NIK's own form.
    NikFormat = 0, "nik_format";
    /// A captured identity card.
    KtpCapture = 1, "ktp_capture";
    /// Dukcapil's verdict.
    NikDukcapil = 2, "nik_dukcapil";
    /// A face that matched a reference.
    FaceMatch = 3, "face_match";
    /// A live face.
    FaceLiveness = 4, "face_liveness";
}

/// The methods a customer has at least one verified row of, and whether one of the matches was bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Methods(u8);

impl Methods {
    /// Every member of this build.
    const ALL: Self = Self(Self::of(&Method::ALL).0 | Self::BOUND_MATCH.0);

    /// A match whose probe was that of a verified liveness row. Its bit stands in rows beside those of methods.
    const BOUND_MATCH: Self = Self(1 << 5);

    /// The set of those methods.
    pub const fn of(methods: &[Method]) -> Self {
        let (mut bits, mut at) = (0, 0);
        while at < methods.len() {
            bits |= 1 << methods[at] as u8;
            at += 1;
        }
        Self(bits)
    }

    /// Whether one of those methods is in the set.
    fn has_one_of(self, methods: Self) -> bool {
        self.0 & methods.0 != 0
    }

    /// The set as bits, one per method.
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Takes up bits that [`Methods::bits`] gave; those of a later build are dropped.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & Self::ALL.0)
    }

    /// Whether the method is in the set.
    pub fn contains(self, method: Method) -> bool {
        self.0 & (1 << method as u8) != 0
    }

    /// The set with the method in it.
    #[must_use]
    pub fn with(self, method: Method) -> Self {
        Self(self.0 | (1 << method as u8))
    }

    /// What a match proves; bound, it is another proof beside that of any match.
    pub fn of_match(bound: bool) -> Self {
        let any = Self::of(&[Method::FaceMatch]);
        if bound { any.union(Self::BOUND_MATCH) } else { any }
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl FromIterator<Method> for Methods {
    fn from_iter<I: IntoIterator<Item = Method>>(methods: I) -> Self {
        methods.into_iter().fold(Self::default(), Self::with)
    }
}

/// A KYC tier; later is higher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Tier {
    /// Nothing verified.
    #[default]
    None,
    /// The NIK is well formed.
    Basic,
    /// A card or Dukcapil says who it is.
    Standard,
    /// And the face matched.
    Premium,
}

impl Tier {
    /// Every tier, lowest first.
    pub const ALL: [Self; 4] = [Self::None, Self::Basic, Self::Standard, Self::Premium];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Basic => "basic",
            Self::Standard => "standard",
            Self::Premium => "premium",
        }
    }

    /// The tier of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|t| t.as_str() == word)
    }
}

/// Months that a verified row keeps a tier valid (contract §3).
pub const KYC_VALIDITY_MONTHS: u32 = 12;

/// Premium needs a face match; liveness is not asked for (`premium.liveness: none`).
pub const POLICY_STANDARD: u32 = 1;

/// Premium needs a face match and a live face, whichever picture was matched (`premium.liveness: any`).
pub const POLICY_WITH_LIVENESS: u32 = 2;

/// Premium needs a match of the very face that was live (`premium.liveness: bound`).
pub const POLICY_WITH_BOUND_MATCH: u32 = 3;

/// What a tier asks for: of each of these sets at least one method.
type Requirements = &'static [Methods];

/// A tier policy this build knows: what each tier asks for, the highest tier first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierPolicy {
    tiers: &'static [(Tier, Requirements)],
}

const NIK_FORMAT: Methods = Methods::of(&[Method::NikFormat]);
const IDENTITY: Methods = Methods::of(&[Method::KtpCapture, Method::NikDukcapil]);
const FACE_MATCH: Methods = Methods::of(&[Method::FaceMatch]);
const LIVENESS: Methods = Methods::of(&[Method::FaceLiveness]);
const BOUND_MATCH: Methods = Methods::BOUND_MATCH;

const BASIC: (Tier, Requirements) = (Tier::Basic, &[NIK_FORMAT]);
const STANDARD: (Tier, Requirements) = (Tier::Standard, &[IDENTITY]);

/// Every policy with its number. A line never changes: events that carry its number are folded with it for ever.
const POLICIES: &[(u32, TierPolicy)] = &[
    (POLICY_STANDARD, TierPolicy { tiers: &[(Tier::Premium, &[IDENTITY, FACE_MATCH]), STANDARD, BASIC] }),
    (
        POLICY_WITH_LIVENESS,
        TierPolicy { tiers: &[(Tier::Premium, &[IDENTITY, FACE_MATCH, LIVENESS]), STANDARD, BASIC] },
    ),
    (
        POLICY_WITH_BOUND_MATCH,
        TierPolicy { tiers: &[(Tier::Premium, &[IDENTITY, BOUND_MATCH, LIVENESS]), STANDARD, BASIC] },
    ),
];

impl TierPolicy {
    /// The policy of that number; none when it was made by a later build.
    pub fn of_version(version: u32) -> Option<Self> {
        POLICIES.iter().find(|(number, _)| *number == version).map(|(_, policy)| *policy)
    }

    /// The tier those verified methods make, in whichever order they came.
    pub fn tier(self, verified: Methods) -> Tier {
        let makes = |requirements: &[Methods]| requirements.iter().all(|one| verified.has_one_of(*one));
        self.tiers.iter().find(|(_, requirements)| makes(requirements)).map_or(Tier::None, |(tier, _)| *tier)
    }

    /// Whether a verified row that proves this carries that tier, and so renews its validity.
    pub fn supports(self, tier: Tier, proved: Methods) -> bool {
        let asked = self.tiers.iter().find(|(made, _)| *made == tier);
        asked.is_some_and(|(_, requirements)| requirements.iter().any(|one| one.has_one_of(proved)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Method::{FaceLiveness, FaceMatch, KtpCapture, NikDukcapil, NikFormat};

    #[test]
    fn given_verified_methods_then_this_tier() {
        let table: &[(u32, &[Method], Tier)] = &[
            (1, &[], Tier::None),
            (1, &[NikFormat], Tier::Basic),
            (1, &[KtpCapture], Tier::Standard),
            (1, &[NikDukcapil], Tier::Standard),
            (1, &[NikFormat, NikDukcapil], Tier::Standard),
            (1, &[FaceMatch], Tier::None),
            (1, &[NikFormat, FaceMatch], Tier::Basic),
            (1, &[FaceMatch, NikDukcapil], Tier::Premium),
            (1, &[KtpCapture, FaceMatch], Tier::Premium),
            (2, &[NikDukcapil, FaceMatch], Tier::Standard),
            (2, &[NikDukcapil, FaceMatch, FaceLiveness], Tier::Premium),
            (2, &[FaceLiveness], Tier::None),
        ];
        for (version, methods, tier) in table {
            let policy = TierPolicy::of_version(*version).expect("a known policy");
            assert_eq!(policy.tier(methods.iter().copied().collect()), *tier, "{version} {methods:?}");
        }
    }

    #[test]
    fn a_policy_of_a_later_build_is_not_guessed() {
        assert_eq!(TierPolicy::of_version(0), None);
        assert_eq!(TierPolicy::of_version(4), None);
    }

    /// The words stand in logs and rows for ever.
    #[test]
    fn methods_and_tiers_have_their_words() {
        for (method, word) in [
            (NikFormat, "nik_format"),
            (KtpCapture, "ktp_capture"),
            (NikDukcapil, "nik_dukcapil"),
            (FaceMatch, "face_match"),
            (FaceLiveness, "face_liveness"),
        ] {
            assert_eq!((method.as_str(), Method::parse(word)), (word, Some(method)));
        }
        for (tier, word) in [
            (Tier::None, "none"),
            (Tier::Basic, "basic"),
            (Tier::Standard, "standard"),
            (Tier::Premium, "premium"),
        ] {
            assert_eq!((tier.as_str(), Tier::parse(word)), (word, Some(tier)));
        }
        for no_word in ["", "NIK_DUKCAPIL", "Standard", "gold"] {
            assert_eq!((Method::parse(no_word), Tier::parse(no_word)), (None, None), "{no_word}");
        }
    }

    /// The bits stand in rows: each method has its own for ever, and bits of a later build are dropped.
    #[test]
    fn given_bits_then_these_methods() {
        let table: &[(u8, &[Method], u8)] = &[
            (0b0_0000, &[], 0b0_0000),
            (0b0_0001, &[NikFormat], 0b0_0001),
            (0b0_0010, &[KtpCapture], 0b0_0010),
            (0b0_0100, &[NikDukcapil], 0b0_0100),
            (0b0_1000, &[FaceMatch], 0b0_1000),
            (0b1_0000, &[FaceLiveness], 0b1_0000),
            (0b0_1100, &[NikDukcapil, FaceMatch], 0b0_1100),
            (0b1_1111, &Method::ALL, 0b1_1111),
            (0b1100_0000, &[], 0b0_0000),
            (0b1000_0101, &[NikFormat, NikDukcapil], 0b0_0101),
        ];
        for (bits, methods, kept) in table {
            let set = Methods::from_bits(*bits);
            let held: Vec<Method> = Method::ALL.into_iter().filter(|m| set.contains(*m)).collect();
            assert_eq!((held.as_slice(), set.bits()), (*methods, *kept), "{bits:b}");
            assert_eq!(methods.iter().copied().collect::<Methods>(), set, "{bits:b}");
            let twice = methods.iter().chain(*methods).copied().collect::<Methods>();
            assert_eq!(twice, set, "a method is in the set once: {bits:b}");
        }
    }

    #[test]
    fn only_rows_that_carry_the_tier_renew_it() {
        let table: &[(u32, Tier, &[Method])] = &[
            (1, Tier::None, &[]),
            (1, Tier::Basic, &[NikFormat]),
            (1, Tier::Standard, &[KtpCapture, NikDukcapil]),
            (1, Tier::Premium, &[KtpCapture, NikDukcapil, FaceMatch]),
            (2, Tier::None, &[]),
            (2, Tier::Basic, &[NikFormat]),
            (2, Tier::Standard, &[KtpCapture, NikDukcapil]),
            (2, Tier::Premium, &[KtpCapture, NikDukcapil, FaceMatch, FaceLiveness]),
            (3, Tier::None, &[]),
            (3, Tier::Basic, &[NikFormat]),
            (3, Tier::Standard, &[KtpCapture, NikDukcapil]),
            (3, Tier::Premium, &[KtpCapture, NikDukcapil, FaceLiveness]),
        ];
        for (version, tier, renewing) in table {
            let policy = TierPolicy::of_version(*version).expect("a known policy");
            for method in Method::ALL {
                let renews = renewing.contains(&method);
                let proved = Methods::of(&[method]);
                assert_eq!(policy.supports(*tier, proved), renews, "{version} {tier:?} {method:?}");
            }
        }
    }

    /// The bit of a bound match stands in rows for ever, beside that of the match it is.
    #[test]
    fn a_bound_match_is_a_match_and_more() {
        let (any, bound) = (Methods::of_match(false), Methods::of_match(true));
        assert_eq!((any.bits(), bound.bits()), (0b00_1000, 0b10_1000));
        assert!(bound.contains(FaceMatch) && Methods::from_bits(bound.bits()) == bound);
        let with = |methods: &[Method], matched: Methods| Methods::of(methods).union(matched);
        for (version, methods, matched, tier) in [
            (1, [NikDukcapil].as_slice(), any, Tier::Premium),
            (1, &[NikDukcapil], bound, Tier::Premium),
            (2, &[NikDukcapil, FaceLiveness], any, Tier::Premium),
            (2, &[NikDukcapil, FaceLiveness], bound, Tier::Premium),
            (3, &[NikDukcapil, FaceLiveness], any, Tier::Standard),
            (3, &[NikDukcapil, FaceLiveness], bound, Tier::Premium),
            (3, &[NikDukcapil], bound, Tier::Standard),
            (3, &[FaceLiveness], bound, Tier::None),
        ] {
            let policy = TierPolicy::of_version(version).expect("a known policy");
            let verified = with(methods, matched);
            assert_eq!(policy.tier(verified), tier, "{version} {verified:?}");
        }
        for (version, matched, renews) in [
            (1, any, true),
            (1, bound, true),
            (2, any, true),
            (2, bound, true),
            (3, any, false),
            (3, bound, true),
        ] {
            let policy = TierPolicy::of_version(version).expect("a known policy");
            assert_eq!(policy.supports(Tier::Premium, matched), renews, "{version} {matched:?}");
            assert!(!policy.supports(Tier::Standard, matched), "{version}: a match is no identity");
        }
    }

    /// Contract §3: at once and in whichever order they came; and one method more never lowers a tier.
    #[test]
    fn a_further_method_never_lowers_a_tier() {
        for version in [POLICY_STANDARD, POLICY_WITH_LIVENESS, POLICY_WITH_BOUND_MATCH] {
            let policy = TierPolicy::of_version(version).expect("a known policy");
            for bits in 0..=Methods::ALL.bits() {
                let methods = Methods::from_bits(bits);
                for method in Method::ALL {
                    assert!(
                        policy.tier(methods.with(method)) >= policy.tier(methods),
                        "{bits:b} and {method:?}"
                    );
                }
            }
        }
    }
}
