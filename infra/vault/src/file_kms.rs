//! The KMS of one machine: org keys in one file, outside the key store's folder, so that no backup of the one
//! holds the other. Several processes may use it at once.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use bytes::Bytes;
use data_encoding::BASE64URL_NOPAD;
use domain::ids::OrgId;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use crate::error::KmsError;
use crate::kms::{Kms, unwrap_under, wrap_under};
use crate::limits::KMS_FILE_BYTES_MAX;
use crate::{private_file, random};

/// The file's layout; another number is another program's.
const FORMAT: u32 = 1;

/// An org key, as it stands in the file: base64url.
#[derive(Clone)]
struct OrgKey(Arc<Zeroizing<Vec<u8>>>);

impl Serialize for OrgKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Zeroizing::new(BASE64URL_NOPAD.encode(&self.0)))
    }
}

impl<'de> Deserialize<'de> for OrgKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Borrowed from the file's bytes: no copy of the text is left behind.
        let text = <&str>::deserialize(deserializer)?;
        let key = BASE64URL_NOPAD.decode(text.as_bytes()).map(Zeroizing::new);
        // Nothing of the text goes into the error.
        key.ok()
            .filter(|key| key.len() == 32)
            .map(|key| Self(Arc::new(key)))
            .ok_or_else(|| serde::de::Error::custom("a key that is not 32 bytes of base64url"))
    }
}

/// An org's keys: all versions that something may still be wrapped under.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct OrgKeys {
    current: u32,
    keys: BTreeMap<u32, OrgKey>,
}

/// The whole file.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Content {
    format: u32,
    /// The installation whose org keys these are, hexadecimal; none in a file of before installations had ids.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    installation: Option<String>,
    orgs: BTreeMap<String, OrgKeys>,
}

/// Tells one state of the file from another without reading it.
type Stamp = (u64, i64, i64, u64);

#[derive(Clone)]
struct Loaded {
    content: Arc<Content>,
    /// None: there is no file yet.
    stamp: Option<Stamp>,
}

/// What a file of org keys says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KmsFileMark {
    /// The installation it belongs to, as [`FileKms::mark`] was told; none before it was.
    pub installation: Option<String>,
    /// The orgs it has keys of.
    pub orgs: Vec<OrgId>,
}

/// Org keys in a file. Cheap to clone.
#[derive(Clone)]
pub struct FileKms {
    path: Arc<Path>,
    loaded: Arc<RwLock<Loaded>>,
}

impl FileKms {
    /// Opens the file at `path`, mode 0600; its folder is made, mode 0700, if it is not there, and the file
    /// with the first org. A file or folder that others can reach is refused.
    ///
    /// # Errors
    /// [`KmsError::Corrupt`] for a file that is not one of ours or is open to others, otherwise
    /// [`KmsError::Unavailable`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, KmsError> {
        let path: PathBuf = path.as_ref().to_owned();
        private_file::make_folder(&path).map_err(failed)?;
        private_file::check_folder(&path).map_err(failed)?;
        let loaded = load(&path)?;
        Ok(Self { path: path.into(), loaded: Arc::new(RwLock::new(loaded)) })
    }

    /// What the file at `path` says about itself; none where there is none. Makes and changes nothing.
    ///
    /// # Errors
    /// As for [`FileKms::open`].
    pub fn mark_of(path: &Path) -> Result<Option<KmsFileMark>, KmsError> {
        let Loaded { content, stamp } = load(path)?;
        let orgs = content.orgs.keys().filter_map(|org| OrgId::parse(org).ok()).collect();
        Ok(stamp.map(|_| KmsFileMark { installation: content.installation.clone(), orgs }))
    }

    /// Marks the file as that installation's (hexadecimal) and makes it if it is not there, unless it is marked
    /// already. What stands then.
    ///
    /// # Errors
    /// As for [`FileKms::open`].
    pub fn mark(&self, installation: &str) -> Result<String, KmsError> {
        let lock = private_file::lock(&self.path).map_err(failed)?;
        let before = load(&self.path)?;
        if let Some(stands) = &before.content.installation {
            return Ok(stands.clone());
        }
        let mut content = Content::clone(&before.content);
        content.installation = Some(installation.to_owned());
        self.write(content)?;
        drop(lock);
        Ok(installation.to_owned())
    }

    fn loaded(&self) -> Loaded {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn take_up(&self, loaded: Loaded) {
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = loaded;
    }

    /// Reads the file again if another process changed it.
    fn refresh(&self) -> Result<Loaded, KmsError> {
        let before = self.loaded();
        if stamp(&self.path).map_err(failed)? == before.stamp {
            return Ok(before);
        }
        let now = load(&self.path)?;
        self.take_up(now.clone());
        Ok(now)
    }

    fn create(&self, org: &OrgId) -> Result<u32, KmsError> {
        let lock = private_file::lock(&self.path).map_err(failed)?;
        let before = load(&self.path)?;
        if let Some(keys) = before.content.orgs.get(org.as_str()) {
            let version = keys.current;
            self.take_up(before);
            return Ok(version);
        }
        let mut content = Content::clone(&before.content);
        let keys = BTreeMap::from([(1, OrgKey(Arc::new(random::key())))]);
        content.orgs.insert(org.as_str().to_owned(), OrgKeys { current: 1, keys });
        self.write(content)?;
        drop(lock);
        Ok(1)
    }

    /// The caller has the file's lock.
    fn write(&self, content: Content) -> Result<(), KmsError> {
        // Room for the whole, so that no growing leaves a copy behind: 43 characters a key and its names.
        let versions: usize = content.orgs.values().map(|keys| 64 + 80 * keys.keys.len()).sum();
        let mut text = Zeroizing::new(Vec::with_capacity(1024 + versions));
        serde_json::to_writer(&mut *text, &content).map_err(|error| failed(error.into()))?;
        if text.len() as u64 > KMS_FILE_BYTES_MAX {
            return Err(KmsError::Corrupt("the file of org keys is full".into()));
        }
        private_file::replace(&self.path, &text).map_err(failed)?;
        let stamp = stamp(&self.path).map_err(failed)?;
        self.take_up(Loaded { content: Arc::new(content), stamp });
        Ok(())
    }

    async fn off_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, KmsError> + Send + 'static,
    ) -> Result<T, KmsError> {
        let kms = self.clone();
        match tokio::task::spawn_blocking(move || work(&kms)).await {
            Ok(result) => result,
            Err(_) => Err(KmsError::Unavailable("the program is stopping".into())),
        }
    }

    async fn key(&self, org: &OrgId, version: u32) -> Result<OrgKey, KmsError> {
        if let Some(key) = find(&self.loaded(), org, version) {
            return Ok(key);
        }
        let fresh = self.off_thread(Self::refresh).await?;
        find(&fresh, org, version).ok_or_else(|| KmsError::UnknownKey { org: org.clone(), version })
    }
}

fn find(loaded: &Loaded, org: &OrgId, version: u32) -> Option<OrgKey> {
    loaded.content.orgs.get(org.as_str())?.keys.get(&version).cloned()
}

fn failed(error: io::Error) -> KmsError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::InvalidData => KmsError::Corrupt(error.to_string()),
        _ => KmsError::Unavailable(error.to_string()),
    }
}

fn stamp(path: &Path) -> io::Result<Option<Stamp>> {
    match std::fs::metadata(path) {
        Ok(file) => Ok(Some((file.ino(), file.mtime(), file.mtime_nsec(), file.len()))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn load(path: &Path) -> Result<Loaded, KmsError> {
    // Before the content: a change in between is then seen as a change, never missed.
    let Some(stamp) = stamp(path).map_err(failed)? else {
        let content = Arc::new(Content { format: FORMAT, installation: None, orgs: BTreeMap::new() });
        return Ok(Loaded { content, stamp: None });
    };
    let text = private_file::read(path, KMS_FILE_BYTES_MAX).map_err(failed)?;
    // A parser's message may quote what it read: only where it stopped is told.
    let content: Content = serde_json::from_slice(&text).map_err(|error| {
        KmsError::Corrupt(format!(
            "not a file of org keys (line {}, column {})",
            error.line(),
            error.column()
        ))
    })?;
    if content.format != FORMAT {
        return Err(KmsError::Corrupt("written by another version of this program".into()));
    }
    let dangling = content.orgs.values().any(|org| !org.keys.contains_key(&org.current));
    if dangling {
        return Err(KmsError::Corrupt("an org's current key is missing".into()));
    }
    Ok(Loaded { content: Arc::new(content), stamp: Some(stamp) })
}

#[async_trait]
impl Kms for FileKms {
    async fn create_org_key(&self, org: &OrgId) -> Result<u32, KmsError> {
        let org = org.clone();
        self.off_thread(move |kms| kms.create(&org)).await
    }

    async fn current_version(&self, org: &OrgId) -> Result<u32, KmsError> {
        let loaded = self.off_thread(Self::refresh).await?;
        let keys = loaded.content.orgs.get(org.as_str());
        keys.map(|keys| keys.current).ok_or_else(|| KmsError::UnknownKey { org: org.clone(), version: 0 })
    }

    async fn holds_keys(&self) -> Result<bool, KmsError> {
        Ok(!self.off_thread(Self::refresh).await?.content.orgs.is_empty())
    }

    async fn wrap(
        &self,
        org: &OrgId,
        version: u32,
        binding: &[u8],
        plaintext: &[u8],
    ) -> Result<Bytes, KmsError> {
        let key = self.key(org, version).await?;
        Ok(wrap_under(&key.0, org, version, binding, plaintext))
    }

    async fn unwrap(
        &self,
        org: &OrgId,
        version: u32,
        binding: &[u8],
        wrapped: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        let key = self.key(org, version).await?;
        unwrap_under(&key.0, org, version, binding, wrapped).ok_or(KmsError::Rejected)
    }
}

impl std::fmt::Debug for FileKms {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "FileKms({} orgs)", self.loaded().content.orgs.len())
    }
}
