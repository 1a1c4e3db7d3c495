//! The tier policy: which verified methods make which KYC tier. Policies are numbered and immutable; each
//! event carries the number it was taken under, so a replay years later comes to the same tier.

/// How a customer was verified. In schemas a string, so that a new one breaks no reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Method {
    /// The NIK's own form.
    NikFormat,
    /// A captured identity card.
    KtpCapture,
    /// Dukcapil's verdict.
    NikDukcapil,
    /// A face that matched a reference.
    FaceMatch,
    /// A live face.
    FaceLiveness,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] =
        [Self::NikFormat, Self::KtpCapture, Self::NikDukcapil, Self::FaceMatch, Self::FaceLiveness];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NikFormat => "nik_format",
            Self::KtpCapture => "ktp_capture",
            Self::NikDukcapil => "nik_dukcapil",
            Self::FaceMatch => "face_match",
            Self::FaceLiveness => "face_liveness",
        }
    }

    /// The method of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|m| m.as_str() == word)
    }
}

/// The methods a customer has at least one verified row of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Methods(u8);

impl Methods {
    /// The set as bits, in the order of [`Method::ALL`].
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Takes up bits that [`Methods::bits`] gave.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1_1111)
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

/// Premium needs a face match.
pub const POLICY_STANDARD: u32 = 1;

/// Premium needs a face match and a live face.
pub const POLICY_WITH_LIVENESS: u32 = 2;

/// A tier policy this build knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TierPolicy {
    liveness_for_premium: bool,
}

impl TierPolicy {
    /// The policy of that number; none when it was made by a later build.
    pub fn of_version(version: u32) -> Option<Self> {
        match version {
            POLICY_STANDARD => Some(Self { liveness_for_premium: false }),
            POLICY_WITH_LIVENESS => Some(Self { liveness_for_premium: true }),
            _ => None,
        }
    }

    /// The tier those verified methods make, in whichever order they came.
    pub fn tier(self, verified: Methods) -> Tier {
        let standard = verified.contains(Method::KtpCapture) || verified.contains(Method::NikDukcapil);
        let face = verified.contains(Method::FaceMatch)
            && (!self.liveness_for_premium || verified.contains(Method::FaceLiveness));
        match (standard, face) {
            (true, true) => Tier::Premium,
            (true, false) => Tier::Standard,
            (false, _) if verified.contains(Method::NikFormat) => Tier::Basic,
            (false, _) => Tier::None,
        }
    }

    /// Whether a verified row of that method carries that tier, and so renews its validity.
    pub fn supports(self, tier: Tier, method: Method) -> bool {
        let identity = matches!(method, Method::KtpCapture | Method::NikDukcapil);
        match tier {
            Tier::None => false,
            Tier::Basic => method == Method::NikFormat,
            Tier::Standard => identity,
            Tier::Premium => {
                identity
                    || method == Method::FaceMatch
                    || (self.liveness_for_premium && method == Method::FaceLiveness)
            }
        }
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
        assert_eq!(TierPolicy::of_version(3), None);
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
            (0b1110_0000, &[], 0b0_0000),
            (0b1010_0101, &[NikFormat, NikDukcapil], 0b0_0101),
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
        ];
        for (version, tier, renewing) in table {
            let policy = TierPolicy::of_version(*version).expect("a known policy");
            for method in Method::ALL {
                let renews = renewing.contains(&method);
                assert_eq!(policy.supports(*tier, method), renews, "{version} {tier:?} {method:?}");
            }
        }
    }

    /// Contract §3: at once and in whichever order they came; and one method more never lowers a tier.
    #[test]
    fn a_further_method_never_lowers_a_tier() {
        for version in [POLICY_STANDARD, POLICY_WITH_LIVENESS] {
            let policy = TierPolicy::of_version(version).expect("a known policy");
            for bits in 0..0b10_0000 {
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
