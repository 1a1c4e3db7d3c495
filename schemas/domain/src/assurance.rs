//! What a customer's standing rests on, and what speaks against serving it (sequence §4.4). Pure: which rows stand and what
//! was noticed is read elsewhere. Not here: the tier itself (`policy`), and how a recheck is settled (`recheck`).

use std::collections::BTreeSet;
use std::fmt;

use crate::orgs::{OrgRecord, OrgSetting, SettingValue};
use crate::policy::{Method, Methods, Tier};
use crate::recheck::RecheckStatus;
use crate::rows::{Kyc, RecheckRow};
use crate::signals::SignalKind;
use crate::time::Timestamp;

words! {
    /// What a customer's identity rests on, the strongest first.
    AssurancePath {
        /// A valid verdict of Dukcapil stands.
        Dukcapil = "dukcapil",
        /// The card alone, and nobody said that Dukcapil could not be asked.
        Ktp = "ktp",
        /// The card alone, because Dukcapil could not be asked; it has not confirmed since.
        KtpFallback = "ktp_fallback",
        /// Neither.
        None = "none",
    }
}

impl AssurancePath {
    /// Of the methods that stand verified, and where the customer's latest recheck stands, if one was ever opened. A recheck
    /// says nothing where Dukcapil's word stands.
    pub fn of(verified: Methods, recheck: Option<RecheckStatus>) -> Self {
        if verified.contains(Method::NikDukcapil) {
            Self::Dukcapil
        } else if !verified.contains(Method::KtpCapture) {
            Self::None
        } else if recheck.is_some_and(|status| status != RecheckStatus::Confirmed) {
            Self::KtpFallback
        } else {
            Self::Ktp
        }
    }
}

/// Where a recheck stood at a moment, as far as its row says: one that was settled and opened again since was open.
pub fn recheck_status_at(row: &RecheckRow, at: Timestamp) -> RecheckStatus {
    if row.settled_at.is_some_and(|settled_at| settled_at <= at) { row.status } else { RecheckStatus::Open }
}

/// Why a customer is not to be served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Blocker {
    /// The tier is lower than standard.
    BelowStandard,
    /// The tier was high enough, and its time is over.
    Expired,
    /// Something was noticed that the org does not serve with.
    Signal(&'static str),
}

/// The text in the API.
impl fmt::Display for Blocker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BelowStandard => f.write_str("below_standard"),
            Self::Expired => f.write_str("expired"),
            Self::Signal(code) => write!(f, "signal:{code}"),
        }
    }
}

/// The codes that an org may block on, in the order of their table.
pub const BLOCKING_CODES: &[&str] = &blocking_codes();

/// Two are left out. The lesser mismatch is shown under the code of the grave one: whoever blocks on that code means the
/// elements by which a person is known, and an address that changed keeps nobody from being served. A reason that does not
/// open is the operator's trouble and says nothing of the customer.
const CODES_LEFT_OUT: usize = 2;

const fn blocking_codes() -> [&'static str; SignalKind::ALL.len() - CODES_LEFT_OUT] {
    let mut codes = [""; SignalKind::ALL.len() - CODES_LEFT_OUT];
    let (mut at, mut next) = (0, 0);
    while at < SignalKind::ALL.len() {
        let kind = SignalKind::ALL[at];
        if !matches!(kind, SignalKind::ValidButMismatchMinor | SignalKind::ReasonUnreadable) {
            codes[next] = kind.as_str();
            next += 1;
        }
        at += 1;
    }
    codes
}

/// The codes that an org blocks on; none unless it chose some.
pub fn blocking_codes_of(org: &OrgRecord) -> Vec<&'static str> {
    match org.setting(OrgSetting::EligibilityBlockOn) {
        Some(SettingValue::Words(codes)) => codes,
        Some(SettingValue::Share { .. } | SettingValue::Count(_) | SettingValue::Word(_)) | None => {
            Vec::new()
        }
    }
}

/// All that speaks against serving a customer at that moment, each once. `noticed` are the words of its signals as rows keep
/// them; of those only what the org blocks on counts, and no signal ever changes the tier.
pub fn blockers<'w>(
    kyc: Kyc,
    at: Timestamp,
    block_on: &[&'static str],
    noticed: impl IntoIterator<Item = &'w str>,
) -> Vec<Blocker> {
    let of_kyc = if kyc.is_eligible(at) {
        None
    } else if kyc.tier < Tier::Standard {
        Some(Blocker::BelowStandard)
    } else {
        Some(Blocker::Expired)
    };
    let noticed: BTreeSet<&str> = noticed.into_iter().collect();
    let signals = block_on.iter().copied().filter(|code| noticed.contains(code)).map(Blocker::Signal);
    of_kyc.into_iter().chain(signals).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::orgs::Environment;
    use crate::orgs::org_with_settings;

    fn verified(methods: &[Method]) -> Methods {
        methods.iter().copied().collect()
    }

    #[test]
    fn a_path_follows_from_what_stands() {
        use AssurancePath::{Dukcapil, Ktp, KtpFallback, None};
        use RecheckStatus::{Closed, Confirmed, Contradicted, Erased, Open};
        let (no_recheck, of) = (Option::None, AssurancePath::of);
        for (methods, wanted, with_recheck) in [
            (&[][..], None, None),
            (&[Method::NikFormat, Method::FaceLiveness], None, None),
            (&[Method::KtpCapture], Ktp, KtpFallback),
            (&[Method::KtpCapture, Method::FaceMatch], Ktp, KtpFallback),
            (&[Method::NikDukcapil], Dukcapil, Dukcapil),
            (&[Method::NikDukcapil, Method::KtpCapture], Dukcapil, Dukcapil),
        ] {
            assert_eq!(of(verified(methods), no_recheck), wanted, "{methods:?}");
            assert_eq!(of(verified(methods), Some(Confirmed)), wanted, "{methods:?}");
            for status in [Open, Contradicted, Closed, Erased] {
                assert_eq!(of(verified(methods), Some(status)), with_recheck, "{methods:?} {status:?}");
            }
        }
    }

    #[test]
    fn blockers_are_what_the_tier_its_time_and_the_orgs_choice_say() {
        let at = Timestamp::from_millis;
        let kyc = |tier, end: Option<i64>| Kyc { tier, last_verified_at: None, expires_at: end.map(at) };
        let block_on = &["valid_but_deceased", "fallback_contradicted"][..];
        for (then, noticed, wanted) in [
            (kyc(Tier::None, None), &[][..], &["below_standard"][..]),
            (kyc(Tier::Basic, Some(20)), &[], &["below_standard"]),
            (kyc(Tier::Basic, Some(5)), &[], &["below_standard"]),
            (kyc(Tier::Standard, Some(10)), &[], &["expired"]),
            (kyc(Tier::Standard, Some(11)), &[], &[]),
            (kyc(Tier::Premium, Some(11)), &["photo_in_raw", "later"], &[]),
            (
                kyc(Tier::Premium, Some(11)),
                &["fallback_contradicted", "fallback_contradicted", "photo_in_raw"],
                &["signal:fallback_contradicted"],
            ),
            (
                kyc(Tier::Standard, Some(1)),
                &["fallback_contradicted", "valid_but_deceased"],
                &["expired", "signal:valid_but_deceased", "signal:fallback_contradicted"],
            ),
        ] {
            let found = blockers(then, at(10), block_on, noticed.iter().copied());
            let texts: Vec<String> = found.iter().map(ToString::to_string).collect();
            assert_eq!(texts, wanted, "{then:?} {noticed:?}");
        }
        let noticed = ["fallback_contradicted"];
        assert_eq!(blockers(kyc(Tier::Premium, Some(11)), at(10), &[], noticed), []);
    }

    #[test]
    fn an_org_blocks_on_codes_that_there_are_and_by_default_on_none() {
        assert!(
            BLOCKING_CODES
                .iter()
                .all(|code| SignalKind::parse(code).is_some_and(|kind| kind.code() == *code))
        );
        let chosen = |texts: &[(&str, &str)]| blocking_codes_of(&org_with_settings(Environment::Live, texts));
        assert!(chosen(&[]).is_empty());
        let two = chosen(&[("eligibility.blockOn", "nik_changed,valid_but_mismatch")]);
        assert_eq!(two, ["valid_but_mismatch", "nik_changed"], "in the order of the table");
        for none in ["later_code", "reason_unreadable", "valid_but_mismatch_minor", "nik_changed,", ""] {
            assert!(chosen(&[("eligibility.blockOn", none)]).is_empty(), "{none}");
        }
    }
}
