//! The sandbox's own org, and `sandbox.json`, which says how to reach it. Its first customer is registered by
//! the API's own code, between the two steps here: [`prepare_org`], then [`write_sandbox_json`].

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use domain::ids::{CustomerId, OrgId};
use domain::orgs::{Capability, Environment, OrgRecord, RateBucket, Scope};
use domain::staff::{StaffRole, StaffUserName};
use serde::{Deserialize, Serialize};

use crate::api_key::{self, ApiKey};
use crate::limits::SANDBOX_JSON_BYTES_MAX;
use crate::orgs::{NewOrg, OrgChange, Orgs, OrgsError};
use crate::staff::{StaffDirectory, StaffError, StaffPassword};
use engine::Engine;
use engine::data_dir::DataDir;
use service::clock;

/// Name of the sandbox's org: how it is found again when `sandbox.json` is lost.
const ORG_NAME: &str = "Sandbox";

/// What the sandbox's other limits are times the contract's, so that load can be tried (contract §6).
const LIMITS_TIMES: u32 = 100;

/// `sandbox.json` (contract §6). Its `Debug` shows no key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SandboxInfo {
    /// The public listener.
    pub url: String,
    /// The management listener.
    pub admin_url: String,
    /// The org.
    pub org_id: String,
    /// A key of all its scopes.
    pub api_key: String,
    /// Its first customer.
    pub customer_id: String,
    /// The console, and who may sign in to it; none in a file of before there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub console: Option<ConsoleSignIn>,
}

/// How to sign in to the console. Its `Debug` shows no password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleSignIn {
    /// The console.
    pub url: String,
    /// The name.
    pub user: String,
    /// The password.
    pub password: String,
}

impl std::fmt::Debug for ConsoleSignIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ConsoleSignIn({}, {})", self.url, self.user)
    }
}

impl std::fmt::Debug for SandboxInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SandboxInfo({}, {})", self.url, self.org_id)
    }
}

/// The sandbox's org, ready for its first customer.
#[derive(Debug, Clone)]
pub struct SandboxOrg {
    /// Its record.
    pub org: OrgRecord,
    /// A good key of all its scopes: the last start's, when it is still good.
    pub api_key: ApiKey,
    /// The customer that the last start wrote down, when the org is the same.
    pub customer: Option<CustomerId>,
    /// An administrator of its console: the last start's password, when it is still good.
    pub staff: SandboxStaff,
}

/// Who signs in to the sandbox's console.
#[derive(Debug, Clone)]
pub struct SandboxStaff {
    /// The name.
    pub user: StaffUserName,
    /// The password.
    pub password: StaffPassword,
}

/// Why the sandbox was not prepared.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Only the embedded engine has a folder for one.
    #[error("a sandbox is on the embedded engine")]
    NotEmbedded,
    /// `sandbox.json`.
    #[error("{path}: {error}")]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The org or its key.
    #[error(transparent)]
    Orgs(#[from] OrgsError),
    /// Who signs in to the console.
    #[error(transparent)]
    Staff(#[from] StaffError),
}

fn json_path(dir: &DataDir) -> PathBuf {
    dir.root().join("sandbox.json")
}

/// Where `sandbox.json` waits while the sandbox is not ready: whoever sees `sandbox.json` itself may go on.
fn last_path(dir: &DataDir) -> PathBuf {
    dir.root().join("sandbox.last.json")
}

fn failed(path: &Path) -> impl Fn(io::Error) -> SandboxError {
    move |error| SandboxError::Io { path: path.to_path_buf(), error }
}

/// Sees to the sandbox's org and its key: makes them at the first start, finds them again later. The limit of
/// verdicts a minute becomes `ingest_limit` (0: none); whatever else was set of the org since stays. From here
/// on until [`write_sandbox_json`] there is no `sandbox.json`.
///
/// # Errors
/// [`SandboxError`].
pub async fn prepare_org(engine: &Engine, ingest_limit: u32) -> Result<SandboxOrg, SandboxError> {
    let dir = engine.data_dir().ok_or(SandboxError::NotEmbedded)?;
    let last = take_last(dir)?;
    let orgs = Orgs::new(engine);
    let known = orgs.list().await?;
    let written = last.as_ref().and_then(|last| OrgId::parse(&last.org_id).ok());
    let ours = |org: &&OrgRecord| org.name == ORG_NAME && org.environment == Environment::Sandbox;
    let found = known
        .iter()
        .find(|org| Some(&org.org) == written.as_ref())
        .or_else(|| known.iter().filter(ours).min_by_key(|org| org.created_at));
    let Some(org) = found else {
        let created = orgs.create(new_org(dir, ingest_limit)).await?;
        let staff = sandbox_staff(engine, &created.org, None).await?;
        return Ok(SandboxOrg { org: created.org, api_key: created.key.text, customer: None, staff });
    };
    let mut org = org.clone();
    if org.limits.per_minute(RateBucket::NikDukcapil) != ingest_limit {
        let limits = [(RateBucket::NikDukcapil, ingest_limit)].into();
        let change = OrgChange { limits, ..OrgChange::default() };
        org = orgs.set(&org.org, change).await?;
    }
    let last = last.filter(|last| last.org_id == org.org.as_str());
    let api_key = match last.as_ref().and_then(|last| ApiKey::parse(&last.api_key)) {
        Some(key) if is_still_good(orgs, &org, &key).await? => key,
        Some(_) | None => orgs.create_key(&org.org, Scope::STANDARD.to_vec(), None).await?.text,
    };
    let staff = sandbox_staff(engine, &org, last.as_ref().and_then(|last| last.console.as_ref())).await?;
    let customer = last.and_then(|last| CustomerId::parse(&last.customer_id).ok());
    Ok(SandboxOrg { org, api_key, customer, staff })
}

/// Sees to the administrator: the one of the last start with its password, when that is still good. One that was
/// disabled is in force again, because the sandbox is there to be tried.
async fn sandbox_staff(
    engine: &Engine,
    org: &OrgRecord,
    last: Option<&ConsoleSignIn>,
) -> Result<SandboxStaff, StaffError> {
    let staff = StaffDirectory::new(engine);
    for user in admin_names(org) {
        let account = staff.account(&user).await?;
        let Some(account) = account else {
            let password = StaffPassword::generate();
            staff.add(user.clone(), StaffRole::Admin, Some(&org.org), &password).await?;
            return Ok(SandboxStaff { user, password });
        };
        if account.org != org.org || account.role != StaffRole::Admin {
            continue;
        }
        let written = last.filter(|last| last.user == user.as_str());
        if let Some(password) = written.and_then(|last| StaffPassword::parse(&last.password))
            && staff.is_in_force(&account, &password).await?
        {
            return Ok(SandboxStaff { user, password });
        }
        let password = StaffPassword::generate();
        staff.reset(&user, &password).await?;
        return Ok(SandboxStaff { user, password });
    }
    Err(StaffError::WhichOrg("the sandbox's user names are another org's"))
}

/// `admin`, and a name that no other org's administrator has.
fn admin_names(org: &OrgRecord) -> impl Iterator<Item = StaffUserName> {
    let own = format!("admin-{}", org.org.as_str().to_ascii_lowercase());
    ["admin".to_owned(), own].into_iter().filter_map(|name| StaffUserName::parse(&name))
}

fn new_org(dir: &DataDir, ingest_limit: u32) -> NewOrg {
    let limit = |bucket: RateBucket| match bucket {
        RateBucket::NikDukcapil => ingest_limit,
        other => other.default_per_minute() * LIMITS_TIMES,
    };
    NewOrg {
        name: ORG_NAME.to_owned(),
        environment: Environment::Sandbox,
        capabilities: Capability::ALL.into_iter().collect(),
        limits: RateBucket::ALL.into_iter().map(|bucket| (bucket, limit(bucket))).collect(),
        scopes: Scope::STANDARD.to_vec(),
        key_dir: dir.compliance(),
    }
}

async fn is_still_good(orgs: Orgs<'_>, org: &OrgRecord, key: &ApiKey) -> Result<bool, OrgsError> {
    let (digest, now) = (key.sha256(), clock::now());
    let keys = orgs.keys(&org.org).await?;
    Ok(keys.iter().any(|record| record.key_sha256 == digest && api_key::is_good(record, now)))
}

/// Puts what the last start wrote aside: from here on until [`write_sandbox_json`] there is no `sandbox.json`. As
/// soon as the folder is ours, because whoever sees the file takes the sandbox for ready.
///
/// # Errors
/// [`SandboxError`].
pub fn put_last_aside(engine: &Engine) -> Result<(), SandboxError> {
    put_aside(engine.data_dir().ok_or(SandboxError::NotEmbedded)?)
}

fn put_aside(dir: &DataDir) -> Result<(), SandboxError> {
    let path = json_path(dir);
    match std::fs::rename(&path, last_path(dir)) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(failed(&path)(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// What the last start wrote, put aside. One that cannot be understood is as good as lost.
fn take_last(dir: &DataDir) -> Result<Option<SandboxInfo>, SandboxError> {
    put_aside(dir)?;
    let aside = last_path(dir);
    match std::fs::metadata(&aside) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(&aside)(error)),
        Ok(meta) if meta.len() > SANDBOX_JSON_BYTES_MAX => return Ok(None),
        Ok(_) => {}
    }
    let text = std::fs::read(&aside).map_err(failed(&aside))?;
    Ok(serde_json::from_slice(&text).ok())
}

/// Writes `sandbox.json`, mode 0600, all or nothing; to be called once the sandbox is ready.
///
/// # Errors
/// [`SandboxError`].
pub async fn write_sandbox_json(engine: &Engine, info: SandboxInfo) -> Result<PathBuf, SandboxError> {
    let dir = engine.data_dir().ok_or(SandboxError::NotEmbedded)?.clone();
    let path = json_path(&dir);
    let broken_off = failed(&path);
    tokio::task::spawn_blocking(move || write(&dir, &info))
        .await
        .map_err(|_| broken_off(io::Error::other("writing was broken off")))?
}

fn write(dir: &DataDir, info: &SandboxInfo) -> Result<PathBuf, SandboxError> {
    let path = json_path(dir);
    let beside = path.with_extension("json.new");
    let write = || -> io::Result<()> {
        let text = serde_json::to_vec(info)?;
        match std::fs::remove_file(&beside) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(&text)?;
        file.sync_all()?;
        std::fs::rename(&beside, &path)?;
        File::open(dir.root())?.sync_all()?;
        match std::fs::remove_file(last_path(dir)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    };
    write().map_err(failed(&path))?;
    Ok(path)
}

#[cfg(test)]
mod tests;
