//! What an org may do beyond what every org may: a set of words, which its record holds.

use std::collections::BTreeSet;

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $name:ident, $word:literal;)+) => {
        /// One thing that an org may do only where its record says so.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Capability {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Capability {
            /// Every capability.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The word in records, errors, commands and `GET /api/auth/me`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it allows, for the description of the API.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+
                }
            }
        }
    };
}

// A new capability is one line here: its word stands in records for ever. Commands, `GET /api/auth/me` and the
// description of the API follow; an endpoint asks for it by name.
capabilities! {
    /// May it send verdicts?
    DukcapilEnabled, "dukcapilEnabled";
}

impl Capability {
    /// The capability of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|capability| capability.as_str() == word)
    }
}

/// The capabilities of one org.
///
/// It holds words: one that only a later build knows allows nothing here, but a program that changes something else
/// of the org writes it back, so that an older tool beside newer instances never takes a capability away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CapabilitySet(BTreeSet<String>);

impl CapabilitySet {
    /// The set that a record holds.
    pub fn from_words(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Every word, those of a later build too.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether the org may.
    pub fn contains(&self, capability: Capability) -> bool {
        self.0.contains(capability.as_str())
    }

    /// Grants the capability or takes it away.
    pub fn set(&mut self, capability: Capability, is_granted: bool) {
        if is_granted {
            self.0.insert(capability.as_str().to_owned());
        } else {
            self.0.remove(capability.as_str());
        }
    }
}

impl FromIterator<Capability> for CapabilitySet {
    fn from_iter<I: IntoIterator<Item = Capability>>(capabilities: I) -> Self {
        Self::from_words(capabilities.into_iter().map(|capability| capability.as_str().to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The words stand in records for ever.
    #[test]
    fn capabilities_have_their_words() {
        for (capability, word) in [(Capability::DukcapilEnabled, "dukcapilEnabled")] {
            assert_eq!((capability.as_str(), Capability::parse(word)), (word, Some(capability)));
        }
        assert_eq!(Capability::parse("dukcapil"), None);
        assert_eq!(Capability::DukcapilEnabled.meaning(), "May it send verdicts?");
    }

    #[test]
    fn a_word_of_a_later_build_allows_nothing_and_stays() {
        let words = ["dukcapilEnabled", "teleportEnabled"].map(str::to_owned);
        let mut set = CapabilitySet::from_words(words.clone());
        assert!(set.contains(Capability::DukcapilEnabled));
        set.set(Capability::DukcapilEnabled, false);
        assert!(!set.contains(Capability::DukcapilEnabled));
        assert_eq!(set.words().collect::<Vec<_>>(), ["teleportEnabled"]);
        set.set(Capability::DukcapilEnabled, true);
        assert_eq!(set, CapabilitySet::from_words(words));
    }
}
