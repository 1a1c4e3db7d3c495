//! Staff: who signs in to the console, what each role may see, and what a session is. How a password becomes a hash
//! is `vault`'s business, and how a browser carries a session is HTTP's.

use std::fmt;
use std::sync::Arc;

use crate::ids::OrgId;
use crate::limits::{STAFF_PASSWORD_HASH_BYTES_MAX, STAFF_USER_NAME_CHARS};
use crate::time::Timestamp;

/// A part of the console that a role may see or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsolePage {
    /// Looking a customer up, and one customer.
    Customers,
    /// The list of verifications.
    Attempts,
    /// Verifications that wait for a person, and one of them.
    Reviews,
    /// Customers for whom Dukcapil is to be asked again, and one such recheck.
    Rechecks,
    /// Who looked at whom.
    Access,
    /// One's own account.
    Account,
}

impl ConsolePage {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 6] =
        [Self::Customers, Self::Attempts, Self::Reviews, Self::Rechecks, Self::Access, Self::Account];
}

/// What somebody is in the console, within one org (contract §8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StaffRole {
    /// Looks at customers and their verifications.
    Analyst,
    /// The same, and decides reviews.
    Reviewer,
    /// Also sees who looked at whom; decides nothing.
    Compliance,
    /// All of it.
    Admin,
}

impl StaffRole {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Analyst, Self::Reviewer, Self::Compliance, Self::Admin];

    /// Its word, in stores and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Analyst => "analyst",
            Self::Reviewer => "reviewer",
            Self::Compliance => "compliance",
            Self::Admin => "admin",
        }
    }

    /// The role of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == word)
    }

    /// Whether the role may see that page.
    pub fn may(self, page: ConsolePage) -> bool {
        match page {
            ConsolePage::Customers
            | ConsolePage::Attempts
            | ConsolePage::Reviews
            | ConsolePage::Rechecks
            | ConsolePage::Account => true,
            ConsolePage::Access => matches!(self, Self::Compliance | Self::Admin),
        }
    }

    /// Whether the role decides reviews and closes rechecks, and so is shown review copies.
    pub fn decides_reviews(self) -> bool {
        matches!(self, Self::Reviewer | Self::Admin)
    }
}

/// The name by which somebody signs in: 3 to 64 of `a` to `z`, digits and `._@-`; unique in an installation.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StaffUserName(Arc<str>);

impl StaffUserName {
    /// Takes a text of that form.
    pub fn parse(text: &str) -> Option<Self> {
        let good = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'@' | b'-');
        let fits = STAFF_USER_NAME_CHARS.contains(&text.len()) && text.bytes().all(good);
        fits.then(|| Self(text.into()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StaffUserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for StaffUserName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A password's hash with its parameters, as a PHC string. Its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(Arc<str>);

impl PasswordHash {
    /// Takes a PHC string; whether it is one of a kind that can be verified, who verifies it finds out.
    pub fn parse(text: &str) -> Option<Self> {
        let fits = text.starts_with('$')
            && text.len() <= STAFF_PASSWORD_HASH_BYTES_MAX
            && text.bytes().all(|byte| byte.is_ascii_graphic());
        fits.then(|| Self(text.into()))
    }

    /// For a store, and for whoever verifies.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// Somebody who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffAccount {
    /// By which it is found.
    pub user: StaffUserName,
    /// Whose customers it sees.
    pub org: OrgId,
    /// What it may.
    pub role: StaffRole,
    /// Of its password.
    pub password_hash: PasswordHash,
    /// It cannot sign in, and its sessions have ended.
    pub is_disabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// From 1, and one more with each change: a session is of one version, so that every change ends it.
    pub version: u32,
}

/// SHA-256 of a session's token. The token itself is in its browser and nowhere else.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionDigest(pub [u8; 32]);

impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(…)")
    }
}

/// Somebody who has signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffSession {
    /// By which it is found.
    pub digest: SessionDigest,
    /// Whose.
    pub user: StaffUserName,
    /// Of which version of the account.
    pub account_version: u32,
    /// When it began.
    pub created_at: Timestamp,
    /// When a request came with it, to within some time.
    pub last_seen_at: Timestamp,
    /// When it ends whatever comes with it.
    pub expires_at: Timestamp,
}

impl StaffSession {
    /// Whether it may be used by that account at that time, when it may stand unused for so many milliseconds.
    pub fn is_good(&self, account: &StaffAccount, now: Timestamp, idle_ms: i64) -> bool {
        let idle = now.millis().saturating_sub(self.last_seen_at.millis());
        !account.is_disabled
            && account.user == self.user
            && account.version == self.account_version
            && now < self.expires_at
            && idle < idle_ms
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The contract's table (§8): which role sees which page.
    #[test]
    fn each_role_sees_its_pages() {
        use ConsolePage::{Access, Account, Attempts, Customers, Rechecks, Reviews};
        for (role, pages) in [
            (StaffRole::Analyst, vec![Customers, Attempts, Reviews, Rechecks, Account]),
            (StaffRole::Reviewer, vec![Customers, Attempts, Reviews, Rechecks, Account]),
            (StaffRole::Compliance, vec![Customers, Attempts, Reviews, Rechecks, Access, Account]),
            (StaffRole::Admin, ConsolePage::ALL.to_vec()),
        ] {
            let seen: Vec<_> = ConsolePage::ALL.into_iter().filter(|page| role.may(*page)).collect();
            assert_eq!(seen, pages, "{role:?}");
            let decides = matches!(role, StaffRole::Reviewer | StaffRole::Admin);
            assert_eq!(role.decides_reviews(), decides, "{role:?}");
        }
    }

    #[test]
    fn a_role_is_the_one_of_its_word() {
        for role in StaffRole::ALL {
            assert_eq!(StaffRole::parse(role.as_str()), Some(role));
        }
        for word in ["", "Admin", "root", "analyst "] {
            assert_eq!(StaffRole::parse(word), None, "{word}");
        }
    }

    #[test]
    fn a_user_name_is_small_letters_digits_and_four_signs() {
        for good in ["ana", "siti.rahma@bank-contoh.id", "a_b", "007", &"x".repeat(64)] {
            assert_eq!(StaffUserName::parse(good).expect("a name").as_str(), good);
        }
        for bad in ["", "ab", &"x".repeat(65), "Ana", "a b c", "ana\n", "<b>", "añá", "ana/", "a'b"] {
            assert_eq!(StaffUserName::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_password_hash_shows_itself_to_nobody_by_accident() {
        let hash = PasswordHash::parse("$argon2id$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA").expect("a hash");
        assert_eq!(format!("{hash:?}"), "PasswordHash(…)");
        for bad in ["", "secret", "$argon2id $", "$é", &"$".repeat(513)] {
            assert_eq!(PasswordHash::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_session_ends_with_its_time_its_idleness_and_every_change_of_its_account() {
        let at = Timestamp::from_millis;
        let account = StaffAccount {
            user: StaffUserName::parse("ana").expect("a name"),
            org: OrgId::from_bytes([1; 16]),
            role: StaffRole::Analyst,
            password_hash: PasswordHash::parse("$x").expect("a hash"),
            is_disabled: false,
            created_at: at(0),
            version: 3,
        };
        let session = StaffSession {
            digest: SessionDigest([7; 32]),
            user: account.user.clone(),
            account_version: 3,
            created_at: at(1_000),
            last_seen_at: at(5_000),
            expires_at: at(10_000),
        };
        let good = |account: &StaffAccount, now| session.is_good(account, at(now), 2_000);
        for (now, wanted) in [(5_000, true), (6_999, true), (7_000, false), (4_000, true)] {
            assert_eq!(good(&account, now), wanted, "{now}");
        }
        let seen = StaffSession { last_seen_at: at(9_500), ..session.clone() };
        assert!(seen.is_good(&account, at(9_999), 2_000));
        assert!(!seen.is_good(&account, at(10_000), 2_000));
        for changed in [
            StaffAccount { is_disabled: true, ..account.clone() },
            StaffAccount { version: 4, ..account.clone() },
            StaffAccount { user: StaffUserName::parse("budi").expect("a name"), ..account.clone() },
        ] {
            assert!(!good(&changed, 5_000), "{changed:?}");
        }
    }
}
