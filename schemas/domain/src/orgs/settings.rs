//! What an org has chosen of what every org may choose: a text for each name, which its record holds. What values there
//! are is `setting_values`'; what a setting does is its user's.

use std::collections::BTreeMap;

use super::setting_values::{SettingKind, SettingValue};
use super::{Environment, OrgRecord};
use crate::assurance::BLOCKING_CODES;

macro_rules! org_settings {
    ($($(#[doc = $doc:literal])+ $name:ident, $word:literal, $kind:expr, sandbox $sandbox:expr, live $live:expr;)+) => {
        /// One thing that an org may choose.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum OrgSetting {
            $($(#[doc = $doc])+ $name,)+
        }

        impl OrgSetting {
            /// Every setting.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The name in records, commands and `GET /api/auth/me`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// What it may be set to.
            pub fn kind(self) -> SettingKind {
                match self {
                    $(Self::$name => $kind,)+
                }
            }

            /// What it says, for commands and the description of the API.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+).trim_ascii_start(),)+
                }
            }

            /// The text that stands for it in an org that has not chosen; none where nothing is asked for then.
            fn default_text(self, environment: Environment) -> Option<&'static str> {
                match (self, environment) {
                    $((Self::$name, Environment::Sandbox) => $sandbox,
                    (Self::$name, Environment::Live) => $live,)+
                }
            }
        }
    };
}

// A new setting is one entry here: its name, which stands in records for ever, its kind, and its default in an org of
// each environment. Commands, `GET /api/auth/me` and the description of the API follow. What a kind once took it takes
// for ever: a setting whose values become others gets another name, or builds that run beside each other would read it
// differently.
org_settings! {
    /// How alike two faces must be at least, where little is at stake; what the model asks for holds where it is more.
    MatchLow, "match.low", SettingKind::Share, sandbox None, live None;
    /// How alike two faces must be at least in the ordinary case; what the model asks for holds where it is more.
    MatchMedium, "match.medium", SettingKind::Share, sandbox None, live None;
    /// How alike two faces must be at least, where much is at stake; what the model asks for holds where it is more.
    MatchHigh, "match.high", SettingKind::Share, sandbox None, live None;
    /// The signals with which nobody is served: a customer who has one of them is not `eligible`, whatever its tier. No tier changes.
    EligibilityBlockOn, "eligibility.blockOn", SettingKind::SomeOf(BLOCKING_CODES), sandbox None, live None;
    /// Whose reading of a card counts: ours (`server`), or where we cannot read it the phone's (`client`), at low assurance.
    KtpTextSource, "ktp.textSource", SettingKind::OneOf(&["server", "client"]),
        sandbox Some("client"), live Some("server");
    /// The assurance that a captured card needs for being verified by itself; below it a person decides.
    KtpMinAssurance, "ktp.minAssurance", SettingKind::OneOf(&["low", "standard"]),
        sandbox Some("low"), live Some("standard");
    /// Whether reviewers are shown a capture's review copy, with their name and the time burnt in; without it none can be verified.
    ReviewsPictures, "reviews.pictures", SettingKind::OneOf(&["off", "watermarked"]),
        sandbox Some("off"), live Some("off");
    /// Which frames of a capture its evidence keeps: `all`, or one for each step (`steps`). Digests of all are always kept.
    KeepFrames, "keepFrames", SettingKind::OneOf(&["all", "steps"]), sandbox Some("steps"), live Some("steps");
    /// How many days a recheck with Dukcapil may stay open before it is reported as overdue. A tier never falls for it.
    FallbackMaxAgeDays, "fallback.maxAgeDays", SettingKind::Count { least: 1, most: 365 },
        sandbox Some("30"), live Some("30");
}

impl OrgSetting {
    /// The setting of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|setting| setting.as_str() == name)
    }

    /// Its value in an org that has not chosen.
    pub fn default_value(self, environment: Environment) -> Option<SettingValue> {
        self.default_text(environment).and_then(|text| self.kind().parse(text))
    }
}

/// The settings of one org, as far as it has chosen.
///
/// Names that only a later build knows are kept, for the reason that [`CapabilitySet`](super::CapabilitySet) gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct OrgSettings(BTreeMap<String, String>);

impl OrgSettings {
    /// The settings that a record holds, by their names.
    pub fn from_texts(settings: impl IntoIterator<Item = (String, String)>) -> Self {
        Self(settings.into_iter().collect())
    }

    /// Every setting that was chosen, those of a later build too.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str()))
    }

    /// Sets it, or with none puts it back to its default.
    pub fn set(&mut self, setting: OrgSetting, value: Option<&SettingValue>) {
        match value {
            Some(value) => self.0.insert(setting.as_str().to_owned(), value.to_string()),
            None => self.0.remove(setting.as_str()),
        };
    }

    /// What was chosen. A text that its kind does not take was written by no command, and chooses nothing.
    fn chosen(&self, setting: OrgSetting) -> Option<SettingValue> {
        self.0.get(setting.as_str()).and_then(|text| setting.kind().parse(text))
    }
}

impl OrgRecord {
    /// What the org has chosen, or else the default of its environment; none where nothing is asked for.
    pub fn setting(&self, setting: OrgSetting) -> Option<SettingValue> {
        self.settings.chosen(setting).or_else(|| setting.default_value(self.environment))
    }

    /// Whether a setting that is one of several words is set to that one.
    pub fn has_chosen(&self, setting: OrgSetting, word: &str) -> bool {
        self.setting(setting)
            .is_some_and(|value| matches!(value, SettingValue::Word(chosen) if chosen == word))
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::ids::OrgId;
    use crate::orgs::{CapabilitySet, RateLimits, Suite, WrappedSecret};
    use crate::time::Timestamp;

    /// An org that has chosen so.
    pub(crate) fn org_with_settings(environment: Environment, texts: &[(&str, &str)]) -> OrgRecord {
        OrgRecord {
            org: OrgId::from_bytes([1; 16]),
            name: "Bank Contoh".to_owned(),
            environment,
            capabilities: CapabilitySet::default(),
            strict_scopes: true,
            limits: RateLimits::default(),
            policy_version: 1,
            suite: Suite::Aes256GcmSiv,
            id_secret: WrappedSecret { kms_version: 1, wrapped: Vec::new().into() },
            evidence_key_id: String::new(),
            evidence_public_key: Vec::new().into(),
            created_at: Timestamp::EPOCH,
            settings: OrgSettings::from_texts(
                texts.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())),
            ),
        }
    }

    const CODES: SettingKind = SettingKind::SomeOf(BLOCKING_CODES);
    const TEXT_SOURCES: SettingKind = SettingKind::OneOf(&["server", "client"]);
    const ASSURANCES: SettingKind = SettingKind::OneOf(&["low", "standard"]);
    const PICTURES: SettingKind = SettingKind::OneOf(&["off", "watermarked"]);
    const FRAMES: SettingKind = SettingKind::OneOf(&["all", "steps"]);
    const DAYS: SettingKind = SettingKind::Count { least: 1, most: 365 };

    /// The names stand in records for ever; the defaults are the contract's (§6).
    #[test]
    fn settings_have_their_names_kinds_and_defaults() {
        let table = [
            (OrgSetting::MatchLow, "match.low", SettingKind::Share, None, None),
            (OrgSetting::MatchMedium, "match.medium", SettingKind::Share, None, None),
            (OrgSetting::MatchHigh, "match.high", SettingKind::Share, None, None),
            (OrgSetting::EligibilityBlockOn, "eligibility.blockOn", CODES, None, None),
            (OrgSetting::KtpTextSource, "ktp.textSource", TEXT_SOURCES, Some("client"), Some("server")),
            (OrgSetting::KtpMinAssurance, "ktp.minAssurance", ASSURANCES, Some("low"), Some("standard")),
            (OrgSetting::ReviewsPictures, "reviews.pictures", PICTURES, Some("off"), Some("off")),
            (OrgSetting::KeepFrames, "keepFrames", FRAMES, Some("steps"), Some("steps")),
            (OrgSetting::FallbackMaxAgeDays, "fallback.maxAgeDays", DAYS, Some("30"), Some("30")),
        ];
        assert_eq!(table.len(), OrgSetting::ALL.len());
        for (setting, name, kind, sandbox, live) in table {
            assert_eq!((setting.as_str(), setting.kind()), (name, kind));
            assert_eq!(OrgSetting::parse(name), Some(setting));
            for (environment, default) in [(Environment::Sandbox, sandbox), (Environment::Live, live)] {
                assert_eq!(setting.default_text(environment), default, "{name}");
                assert_eq!(
                    org_with_settings(environment, &[]).setting(setting),
                    setting.default_value(environment)
                );
            }
        }
        assert_eq!(OrgSetting::parse("match"), None);
        assert_eq!(OrgSetting::parse("Match.low"), None);
    }

    /// A default that its own kind does not take would be none without a word.
    #[test]
    fn every_default_is_a_value_of_its_kind() {
        for setting in OrgSetting::ALL {
            assert!(!setting.meaning().is_empty());
            for environment in [Environment::Sandbox, Environment::Live] {
                let text = setting.default_text(environment);
                let value = setting.default_value(environment).map(|value| value.to_string());
                assert_eq!(value.as_deref(), text, "{}", setting.as_str());
            }
        }
    }

    #[test]
    fn what_was_chosen_stands_until_it_is_put_back_and_a_later_builds_setting_stays() {
        let mut org =
            org_with_settings(Environment::Live, &[("later.setting", "some text"), ("match.low", "0.5")]);
        assert_eq!(org.setting(OrgSetting::MatchLow), Some(SettingValue::Share { milli: 500 }));
        let value = SettingKind::Share.parse("0.990").expect("a share");
        org.settings.set(OrgSetting::MatchMedium, Some(&value));
        let texts = [("later.setting", "some text"), ("match.low", "0.5"), ("match.medium", "0.99")];
        assert_eq!(org.settings.texts().collect::<Vec<_>>(), texts);
        assert_eq!(org.setting(OrgSetting::MatchMedium), Some(value));
        for setting in [OrgSetting::MatchMedium, OrgSetting::MatchLow, OrgSetting::MatchLow] {
            org.settings.set(setting, None);
            assert_eq!(org.setting(setting), None);
        }
        assert_eq!(org.settings.texts().collect::<Vec<_>>(), texts[..1]);
    }

    #[test]
    fn a_text_that_no_command_wrote_chooses_nothing() {
        for text in ["", "2", "0.4567", "much"] {
            let org = org_with_settings(Environment::Sandbox, &[("match.low", text)]);
            assert_eq!(org.setting(OrgSetting::MatchLow), None, "{text:?}");
            assert_eq!(org.settings.texts().collect::<Vec<_>>(), [("match.low", text)]);
        }
    }
}
