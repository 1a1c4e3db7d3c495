//! Passwords of staff: Argon2id (RFC 9106) as PHC strings. Who may try how often is the console's matter; here is what
//! one try costs.

use argon2::password_hash::phc;
use argon2::{Algorithm, Argon2, Params, PasswordHasher as _, PasswordVerifier as _, Version};
use data_encoding::BASE32_NOPAD;
use domain::staff::PasswordHash;
use zeroize::Zeroizing;

use crate::limits::PASSWORD_MEMORY_KIB_MAX;
use crate::random;

/// Memory of one hash, in KiB. With two passes and one lane it is the least that OWASP's Password Storage Cheat Sheet
/// recommends for Argon2id (<https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html>).
const MEMORY_KIB: u32 = 19 * 1024;

/// Passes over it.
const PASSES: u32 = 2;

/// Lanes of it.
const LANES: u32 = 1;

/// A hash of those parameters that belongs to no password: to try one against costs what any other costs.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$\
                       bm9ib2R5cyBhY2NvdW50IQ$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// Random bytes of a generated password: 120 bits, 24 characters.
const GENERATED_BYTES: usize = 15;

/// Characters of a generated password between two hyphens.
const GENERATED_GROUP: usize = 6;

/// How passwords become hashes.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    params: Params,
}

impl Default for PasswordHasher {
    fn default() -> Self {
        Self { params: Params::new(MEMORY_KIB, PASSES, LANES, None).expect("parameters of Argon2") }
    }
}

/// Why a password was not hashed or compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// The stored hash is none of ours.
    #[error("a stored password hash cannot be verified")]
    Stored,
    /// Argon2 refused: no memory.
    #[error("a password could not be hashed")]
    Hashing,
}

impl PasswordHasher {
    /// The hash of a password under a new salt. Takes tens of milliseconds of a core and all of its memory: not for a
    /// thread that has others to serve.
    ///
    /// # Errors
    /// [`PasswordError::Hashing`].
    pub fn hash(&self, password: &str) -> Result<PasswordHash, PasswordError> {
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.params.clone());
        let salt: [u8; 16] = random::bytes();
        let hash = argon2.hash_password_with_salt(password.as_bytes(), &salt);
        let hash = hash.map_err(|_| PasswordError::Hashing)?;
        PasswordHash::parse(&hash.to_string()).ok_or(PasswordError::Hashing)
    }

    /// Whether that is the password of the hash, which is computed with the hash's own parameters. Without a hash the
    /// same is computed, and the answer is no.
    ///
    /// # Errors
    /// [`PasswordError`].
    pub fn verify(&self, password: &str, hash: Option<&PasswordHash>) -> Result<bool, PasswordError> {
        let parsed = phc::PasswordHash::new(hash.map_or(NOBODYS, PasswordHash::expose));
        let parsed = parsed.map_err(|_| PasswordError::Stored)?;
        let params = Params::try_from(&parsed).map_err(|_| PasswordError::Stored)?;
        if params.m_cost() > PASSWORD_MEMORY_KIB_MAX {
            return Err(PasswordError::Stored);
        }
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        match argon2.verify_password(password.as_bytes(), &parsed) {
            Ok(()) => Ok(hash.is_some()),
            Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
            Err(_) => Err(PasswordError::Hashing),
        }
    }
}

/// A new password: four groups of six letters and digits that are not mistaken for one another. Wiped when dropped.
pub fn generate_password() -> Zeroizing<String> {
    let random: Zeroizing<[u8; GENERATED_BYTES]> = Zeroizing::new(random::bytes());
    let mut text = Zeroizing::new(BASE32_NOPAD.encode(random.as_slice()));
    text.make_ascii_lowercase();
    let mut password = Zeroizing::new(String::with_capacity(text.len() + text.len() / GENERATED_GROUP));
    for (at, letter) in text.chars().enumerate() {
        if at > 0 && at.is_multiple_of(GENERATED_GROUP) {
            password.push('-');
        }
        password.push(letter);
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_known_by_its_hash_and_no_other_is() {
        let hasher = PasswordHasher::default();
        let hash = hasher.hash("kata sandi rahasia").expect("hashed");
        assert!(hash.expose().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.expose());
        assert_eq!(hasher.verify("kata sandi rahasia", Some(&hash)), Ok(true));
        for wrong in ["", "kata sandi rahasi", "kata sandi rahasia ", "Kata sandi rahasia"] {
            assert_eq!(hasher.verify(wrong, Some(&hash)), Ok(false), "{wrong}");
        }
        let again = hasher.hash("kata sandi rahasia").expect("hashed");
        assert_ne!(again.expose(), hash.expose(), "each has a salt of its own");
    }

    /// RFC 9106 §5.3 fixes the function; this fixes that our strings are read as it says.
    #[test]
    fn a_hash_of_another_program_is_verified_with_its_own_parameters() {
        let hash = "$argon2id$v=19$m=64,t=3,p=2$c29tZXNhbHRzb21lc2FsdA$";
        assert_eq!(
            PasswordHasher::default().verify("x", PasswordHash::parse(hash).as_ref()),
            Err(PasswordError::Stored),
            "without its hash it is none"
        );
        let small = PasswordHasher { params: Params::new(64, 3, 2, None).expect("parameters") };
        let hash = small.hash("x").expect("hashed");
        assert!(hash.expose().contains("m=64,t=3,p=2"));
        assert_eq!(PasswordHasher::default().verify("x", Some(&hash)), Ok(true));
    }

    #[test]
    fn nobodys_hash_costs_what_another_costs_and_opens_for_nobody() {
        let parsed = phc::PasswordHash::new(NOBODYS).expect("a hash");
        assert_eq!(Params::try_from(&parsed).expect("parameters").m_cost(), MEMORY_KIB);
        let own = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("parameters");
        let nobodys = Params::try_from(&parsed).expect("parameters");
        assert_eq!((nobodys.t_cost(), nobodys.p_cost()), (own.t_cost(), own.p_cost()));
        assert_eq!(PasswordHasher::default().verify("", None), Ok(false));
    }

    #[test]
    fn a_stored_hash_that_would_take_all_memory_is_refused() {
        let hash = PasswordHash::parse(&NOBODYS.replace("m=19456", "m=4194304")).expect("a hash");
        assert_eq!(PasswordHasher::default().verify("x", Some(&hash)), Err(PasswordError::Stored));
    }

    #[test]
    fn a_generated_password_is_long_and_new() {
        let password = generate_password();
        let groups: Vec<_> = password.split('-').map(str::len).collect();
        assert_eq!(groups, [6, 6, 6, 6]);
        assert_ne!(*password, *generate_password());
    }
}
