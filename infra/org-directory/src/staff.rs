//! Staff of the console, made and changed: by the `staff` commands (`cli.rs`), and by the sandbox for itself. Who signs
//! in and what a session may is the console's matter.

pub mod cli;

use std::sync::Arc;

use domain::ids::OrgId;
use domain::ports::{LogError, StaffAccounts, StaffSessions, StoreError};
use domain::staff::{StaffAccount, StaffRole, StaffUserName};
use engine::Engine;
use service::clock;
use vault::{PasswordError, PasswordHasher, generate_password};
use zeroize::Zeroizing;

use crate::directory_state::DirectoryState;
use crate::limits::{STAFF_CHANGE_TRIES, STAFF_PASSWORD_CHARS};

/// A password of staff, chosen by somebody or generated. Its `Debug` does not show it; wiped when dropped.
#[derive(Clone)]
pub struct StaffPassword(Zeroizing<String>);

impl StaffPassword {
    /// A new one.
    pub fn generate() -> Self {
        Self(generate_password())
    }

    /// Takes a password that is neither too short to be one nor too long to be typed. NIST SP 800-63B-4 §3.1.1.2 wants
    /// 15 characters of one that is asked for alone, and no rules about which.
    pub fn parse(text: &str) -> Option<Self> {
        let good =
            STAFF_PASSWORD_CHARS.contains(&text.chars().count()) && !text.chars().any(char::is_control);
        good.then(|| Self(Zeroizing::new(text.to_owned())))
    }

    /// The text, to be shown once.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for StaffPassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StaffPassword(…)")
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    /// There is no such org.
    #[error("there is no org {0}")]
    NoSuchOrg(OrgId),
    /// There are several orgs, or none, and none was named.
    #[error("{0}: name one with --org")]
    WhichOrg(&'static str),
    /// Somebody has the name, in this org or another: names are unique in an installation.
    #[error(
        "there is a user {0} already; names are unique in an installation, and `staff reset` gives one of this org another password"
    )]
    UserTaken(StaffUserName),
    /// Nobody has the name.
    #[error("there is no user {0}")]
    NoSuchUser(StaffUserName),
    /// Others changed it at the same time, again and again.
    #[error("user {0} was changed by somebody else meanwhile; try again")]
    Contended(StaffUserName),
    /// The password.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error(transparent)]
    Log(#[from] LogError),
}

/// Staff of one installation.
pub struct StaffDirectory<'a> {
    engine: &'a Engine,
    accounts: Arc<dyn StaffAccounts>,
    sessions: Arc<dyn StaffSessions>,
    hasher: PasswordHasher,
}

impl<'a> StaffDirectory<'a> {
    /// Of that engine's.
    pub fn new(engine: &'a Engine) -> Self {
        let (accounts, sessions) = (Arc::clone(&engine.staff_accounts), Arc::clone(&engine.staff_sessions));
        Self { engine, accounts, sessions, hasher: PasswordHasher::default() }
    }

    /// Makes an account, in that org or in the only one that there is.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn add(
        &self,
        user: StaffUserName,
        role: StaffRole,
        org: Option<&OrgId>,
        password: &StaffPassword,
    ) -> Result<StaffAccount, StaffError> {
        let org = self.org(org).await?;
        let account = StaffAccount {
            user: user.clone(),
            org,
            role,
            password_hash: self.hashed(password).await?,
            is_disabled: false,
            created_at: clock::now(),
            version: 1,
        };
        if self.accounts.create_account(account.clone()).await? {
            Ok(account)
        } else {
            Err(StaffError::UserTaken(user))
        }
    }

    /// The accounts of an org, or all of them.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn list(&self, org: Option<&OrgId>) -> Result<Vec<StaffAccount>, StaffError> {
        Ok(self.accounts.accounts(org).await?)
    }

    /// Disables an account: it cannot sign in, and its sessions end at once. Again is no error.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn disable(&self, user: &StaffUserName) -> Result<StaffAccount, StaffError> {
        self.change(user, |account| account.is_disabled = true).await
    }

    /// Gives an account a new password; one that was disabled is in force again. Its sessions end at once.
    ///
    /// # Errors
    /// [`StaffError`].
    pub async fn reset(
        &self,
        user: &StaffUserName,
        password: &StaffPassword,
    ) -> Result<StaffAccount, StaffError> {
        let hash = self.hashed(password).await?;
        self.change(user, |account| {
            account.password_hash = hash.clone();
            account.is_disabled = false;
        })
        .await
    }

    /// Whether that account is in force with that password and role.
    ///
    /// # Errors
    /// [`StaffError`].
    pub(crate) async fn is_in_force(
        &self,
        account: &StaffAccount,
        password: &StaffPassword,
    ) -> Result<bool, StaffError> {
        let (hasher, hash, password) = (self.hasher.clone(), account.password_hash.clone(), password.clone());
        let verified =
            tokio::task::spawn_blocking(move || hasher.verify(password.expose(), Some(&hash))).await;
        Ok(verified.map_err(|_| PasswordError::Hashing)?? && !account.is_disabled)
    }

    /// The account of that name.
    ///
    /// # Errors
    /// [`StaffError`].
    pub(crate) async fn account(&self, user: &StaffUserName) -> Result<Option<StaffAccount>, StaffError> {
        Ok(self.accounts.account(user).await?)
    }

    /// Changes an account from what stands. The next version ends its sessions; that their rows go too is tidiness.
    async fn change(
        &self,
        user: &StaffUserName,
        change: impl Fn(&mut StaffAccount),
    ) -> Result<StaffAccount, StaffError> {
        for _ in 0..STAFF_CHANGE_TRIES {
            let before = self.accounts.account(user).await?;
            let before = before.ok_or_else(|| StaffError::NoSuchUser(user.clone()))?;
            let mut after = StaffAccount { version: before.version.saturating_add(1), ..before.clone() };
            change(&mut after);
            if self.accounts.replace_account(before.version, after.clone()).await? {
                // They have ended with this version, so that what was done is done.
                if let Err(error) = self.sessions.delete_sessions_of(user).await {
                    tracing::warn!(%error, "rows of sessions that have ended stay until they expire");
                }
                return Ok(after);
            }
        }
        Err(StaffError::Contended(user.clone()))
    }

    async fn hashed(&self, password: &StaffPassword) -> Result<domain::staff::PasswordHash, StaffError> {
        let (hasher, password) = (self.hasher.clone(), password.clone());
        let hashed = tokio::task::spawn_blocking(move || hasher.hash(password.expose())).await;
        Ok(hashed.map_err(|_| PasswordError::Hashing)??)
    }

    async fn org(&self, named: Option<&OrgId>) -> Result<OrgId, StaffError> {
        let state = DirectoryState::read(&*self.engine.log, &self.engine.codec).await?;
        match named {
            Some(org) if state.orgs.contains_key(org) => Ok(org.clone()),
            Some(org) => Err(StaffError::NoSuchOrg(org.clone())),
            None => {
                let mut orgs = state.orgs.into_keys();
                match (orgs.next(), orgs.next()) {
                    (Some(only), None) => Ok(only),
                    (None, _) => Err(StaffError::WhichOrg("there is no org yet")),
                    (Some(_), Some(_)) => Err(StaffError::WhichOrg("there are several orgs")),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
