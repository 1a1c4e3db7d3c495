//! A browser with which somebody has signed in before. It tries passwords on its own account: whoever else tries that user
//! name, from the same address too, takes none of its tries.

use domain::staff::PasswordHash;
use vault::SecretToken;

/// Letters of a token, and of a proof.
const TOKEN_CHARS: usize = 43;

/// What a browser is called among those that were proven: its token's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct KnownBrowser([u8; 32]);

impl KnownBrowser {
    /// The browser of that cookie, where its proof is of that password. A new password makes all browsers unknown.
    pub fn of_cookie(value: &str, hash: &PasswordHash) -> Option<Self> {
        let (token, proof) = value.split_at_checked(TOKEN_CHARS)?;
        let browser = SecretToken::parse(token)?;
        SecretToken::of_password(hash).is_proof(&purpose(token), proof).then(|| Self(browser.sha256()))
    }

    /// The cookie of a browser with which somebody signed in by that password.
    pub fn new_cookie(hash: &PasswordHash) -> String {
        let token = SecretToken::generate().expose();
        let proof = SecretToken::of_password(hash).proof(&purpose(&token));
        format!("{}{proof}", token.as_str())
    }

    /// Any one, told from others by its number.
    #[cfg(test)]
    pub fn numbered(n: u8) -> Self {
        Self([n; 32])
    }
}

fn purpose(token: &str) -> String {
    format!("console browser/v1 {token}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(salt: &str) -> PasswordHash {
        let text = format!("$argon2id$v=19$m=8,t=1,p=1${salt}$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        PasswordHash::parse(&text).expect("a hash")
    }

    #[test]
    fn a_browser_is_known_by_its_whole_cookie_and_for_the_password_it_was_made_with() {
        let (mine, other) = (hash("c29tZXNhbHRzb21lc2FsdA"), hash("c29tZXNhbHRzb21lc2FsdB"));
        let cookie = KnownBrowser::new_cookie(&mine);
        let known = KnownBrowser::of_cookie(&cookie, &mine).expect("known");
        assert_eq!(KnownBrowser::of_cookie(&cookie, &mine), Some(known), "and by the same name again");
        assert_ne!(KnownBrowser::of_cookie(&KnownBrowser::new_cookie(&mine), &mine), Some(known));
        assert_eq!(KnownBrowser::of_cookie(&cookie, &other), None, "of another password");
        for at in 0..cookie.len() {
            let mut changed = cookie.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).expect("letters");
            assert_eq!(KnownBrowser::of_cookie(&changed, &mine), None, "letter {at}");
        }
        for value in [
            "",
            "x",
            &cookie[..TOKEN_CHARS],
            &cookie[1..],
            &format!("{cookie}A"),
            "\u{e9}".repeat(43).as_str(),
        ] {
            assert_eq!(KnownBrowser::of_cookie(value, &mine), None, "{value}");
        }
    }
}
