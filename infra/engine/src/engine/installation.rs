//! That log, key store, org keys and read model of a data folder belong together. Each has the id of its
//! installation, written when it was made; a part that is missing, empty or another's is refused before anything is
//! opened, made or changed. Only the read model may be missing: the log builds it anew. A folder of before the ids
//! is adopted once, if its parts say nothing to the contrary.
//!
//! Not here: whether what stands in a part is sound; each store finds that out when it is read.

use std::path::{Path, PathBuf};

use domain::ports::Topic;
use store_sqlite::installation::{
    InstallationId, InstallationStage, StoreMark, UsedWith, key_store_note, log_has_any_org, mark_of,
    set_mark, topic_id, views_used_with,
};
use store_sqlite::{SqliteKeys, SqliteLog, SqliteViews};
use vault::{FileKms, KmsError};

use super::{OpenError, erasures};

/// A part of an installation on one machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InstallationPart {
    /// The log.
    Log,
    /// The customers' keys.
    KeyStore,
    /// The orgs' keys.
    OrgKeys,
    /// The read model.
    ReadModel,
}

impl InstallationPart {
    fn name(self) -> &'static str {
        match self {
            Self::Log => "the log",
            Self::KeyStore => "the key store",
            Self::OrgKeys => "the file of org keys",
            Self::ReadModel => "the read model",
        }
    }

    fn remedy(self) -> &'static str {
        match self {
            Self::Log => "put this installation's log back",
            Self::KeyStore => "put this installation's key store back from its backup",
            Self::OrgKeys => "put this installation's org keys back from their backup",
            Self::ReadModel => {
                "put this installation's read model back, or remove it: it is then built from the log"
            }
        }
    }
}

/// What is wrong with a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartFault {
    /// It is not there, and the others are.
    Missing,
    /// Its file has nothing in it, and the others are there.
    Empty,
    /// It is another installation's.
    Foreign,
}

impl PartFault {
    fn words(self) -> &'static str {
        match self {
            Self::Missing => "is missing, although other parts of the installation are there",
            Self::Empty => "is empty, although other parts of the installation are there",
            Self::Foreign => "belongs to another installation than the other parts",
        }
    }
}

/// Parts that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.words())]
pub struct InstallationError {
    /// The data folder.
    pub folder: PathBuf,
    /// What is wrong, and where that part lies.
    pub faults: Vec<(InstallationPart, PartFault, PathBuf)>,
}

impl InstallationError {
    fn words(&self) -> String {
        let mut words =
            format!("the parts of the data folder {} do not belong together: ", self.folder.display());
        let parts = self.faults.iter().map(|(part, fault, path)| {
            format!("{} ({}) {}; {}", part.name(), path.display(), fault.words(), part.remedy())
        });
        words.push_str(&parts.collect::<Vec<_>>().join(". And "));
        words.push_str(
            ". Nothing was made or changed; see \"Backup and restore\" in docs/operations.md. To begin anew, use \
             another folder",
        );
        words
    }
}

/// Where the parts lie.
#[derive(Debug, Clone)]
pub(super) struct PartPaths {
    pub(super) folder: PathBuf,
    log: PathBuf,
    keys: PathBuf,
    kms: PathBuf,
    views: PathBuf,
    /// Written by a sandbox that was ready: traces of an installation.
    traces: [PathBuf; 2],
}

impl PartPaths {
    pub(super) fn new(dir: &crate::data_dir::DataDir, kms_file: PathBuf) -> Self {
        Self {
            folder: dir.root().to_owned(),
            log: dir.log().join(SqliteLog::FILE),
            keys: dir.keystore().join(SqliteKeys::FILE),
            kms: kms_file,
            views: dir.views().join(SqliteViews::FILE),
            traces: ["sandbox.json", "sandbox.last.json"].map(|name| dir.root().join(name)),
        }
    }

    fn of(&self, part: InstallationPart) -> &Path {
        match part {
            InstallationPart::Log => &self.log,
            InstallationPart::KeyStore => &self.keys,
            InstallationPart::OrgKeys => &self.kms,
            InstallationPart::ReadModel => &self.views,
        }
    }

    /// Refuses parts that do not belong together. Makes and changes nothing.
    pub(super) fn check(&self) -> Result<(), OpenError> {
        self.refuse(faults(&self.look()?))
    }

    /// Marks what was opened, or made, after [`PartPaths::check`]; the log last.
    pub(super) fn mark(&self, kms: &FileKms) -> Result<(), OpenError> {
        // Every log of this build's format has an id.
        let StoreMark::Marked(id, stage) = mark_of(&self.log)? else { return Err(OpenError::BrokenOff) };
        let stand = [
            (InstallationPart::KeyStore, is_marked(&self.keys, id)?),
            (InstallationPart::OrgKeys, kms.mark(&text(id))? == text(id)),
            (InstallationPart::ReadModel, is_marked(&self.views, id)?),
        ];
        self.refuse(stand.iter().filter(|(_, ours)| !ours).map(|(part, _)| (*part, PartFault::Foreign)))?;
        if stage != InstallationStage::Whole {
            set_mark(&self.log, id, InstallationStage::Whole)?;
        }
        Ok(())
    }

    fn refuse(
        &self,
        faults: impl IntoIterator<Item = (InstallationPart, PartFault)>,
    ) -> Result<(), OpenError> {
        let with_path = |(part, fault)| (part, fault, self.of(part).to_owned());
        let faults: Vec<_> = faults.into_iter().map(with_path).collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(InstallationError { folder: self.folder.clone(), faults }.into())
    }

    fn look(&self) -> Result<Found, OpenError> {
        let log_mark = mark_of(&self.log)?;
        let (events, outcomes) = match log_mark {
            StoreMark::Missing | StoreMark::Empty => (None, None),
            StoreMark::Unmarked | StoreMark::Marked(..) => {
                (topic_id(&self.log, Topic::Events)?, topic_id(&self.log, Topic::Outcomes)?)
            }
        };
        let log = match log_mark {
            StoreMark::Missing => Seen::Missing,
            StoreMark::Empty => Seen::Empty,
            // Begun, and nothing was ever in it.
            StoreMark::Unmarked if events.is_none() => Seen::Missing,
            StoreMark::Unmarked => Seen::Unmarked(UsedWith::ThisLog),
            StoreMark::Marked(id, _) => Seen::Marked(id),
        };
        let keys = seen(mark_of(&self.keys)?, || {
            let note = key_store_note(&self.keys, erasures::NOTE)?;
            Ok(match (note, outcomes) {
                (None, _) => UsedWith::Unknown,
                (Some(note), Some(id)) if note.contains(&id.to_hex()) => UsedWith::ThisLog,
                (Some(_), _) => UsedWith::AnotherLog,
            })
        })?;
        let views = seen(mark_of(&self.views)?, || match events {
            Some(events) => Ok(views_used_with(&self.views, events)?),
            None => Ok(UsedWith::Unknown),
        })?;
        let stage = match log_mark {
            StoreMark::Marked(_, stage) => stage,
            StoreMark::Unmarked if events.is_some() => InstallationStage::Adopting,
            StoreMark::Missing | StoreMark::Empty | StoreMark::Unmarked => InstallationStage::Making,
        };
        let (kms, orgs_without_keys) = self.look_at_kms(events.is_some())?;
        let traces = self.traces.iter().any(|path| path.exists());
        Ok(Found { log, keys, kms, views, stage, orgs_without_keys, traces })
    }

    /// The file of org keys; and whether the log has orgs, but none that it has a key of.
    fn look_at_kms(&self, has_log: bool) -> Result<(Seen, bool), OpenError> {
        let bytes = match std::fs::metadata(&self.kms) {
            Ok(meta) => Some(meta.len()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(KmsError::Unavailable(error.to_string()).into()),
        };
        let mark = match bytes {
            Some(0) | None => None,
            Some(_) => FileKms::mark_of(&self.kms)?,
        };
        let orgs = mark.iter().flat_map(|mark| &mark.orgs);
        let record_keys: Vec<Vec<u8>> = orgs.map(|org| format!("{}/", org.as_str()).into_bytes()).collect();
        let used = if has_log { log_has_any_org(&self.log, &record_keys)? } else { None };
        let seen = match (bytes, mark) {
            (None, _) => Seen::Missing,
            (Some(0), _) | (Some(_), None) => Seen::Empty,
            (Some(_), Some(mark)) => match mark.installation.as_deref().map(parsed) {
                Some(id) => id.map_or(Seen::Unmarked(UsedWith::AnotherLog), Seen::Marked),
                None => Seen::Unmarked(match used {
                    Some(true) => UsedWith::ThisLog,
                    Some(false) => UsedWith::AnotherLog,
                    None => UsedWith::Unknown,
                }),
            },
        };
        Ok((seen, used == Some(false)))
    }
}

/// Marks a store that was just opened, unless it is marked; whether it is that installation's.
fn is_marked(path: &Path, id: InstallationId) -> Result<bool, OpenError> {
    match mark_of(path)? {
        StoreMark::Marked(stands, _) => Ok(stands == id),
        StoreMark::Missing | StoreMark::Empty | StoreMark::Unmarked => {
            Ok(set_mark(path, id, InstallationStage::Whole)? == id)
        }
    }
}

/// A part as it was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Missing,
    Empty,
    /// Of before the ids.
    Unmarked(UsedWith),
    Marked(InstallationId),
}

#[derive(Debug, Clone, Copy)]
struct Found {
    log: Seen,
    keys: Seen,
    kms: Seen,
    views: Seen,
    stage: InstallationStage,
    /// The log has orgs, but none that the file of org keys has a key of.
    orgs_without_keys: bool,
    traces: bool,
}

fn seen(mark: StoreMark, used_with: impl FnOnce() -> Result<UsedWith, OpenError>) -> Result<Seen, OpenError> {
    Ok(match mark {
        StoreMark::Missing => Seen::Missing,
        StoreMark::Empty => Seen::Empty,
        StoreMark::Unmarked => Seen::Unmarked(used_with()?),
        StoreMark::Marked(id, _) => Seen::Marked(id),
    })
}

/// What is wrong; nothing, when they belong together or nothing was there.
fn faults(found: &Found) -> Vec<(InstallationPart, PartFault)> {
    use InstallationPart::{KeyStore, Log, OrgKeys, ReadModel};
    let others = [(KeyStore, found.keys), (OrgKeys, found.kms), (ReadModel, found.views)];
    let is_there = |seen| !matches!(seen, Seen::Missing | Seen::Empty);
    let log = match found.log {
        Seen::Missing | Seen::Empty => {
            let fault = if found.log == Seen::Missing { PartFault::Missing } else { PartFault::Empty };
            let remains = found.traces || others.iter().any(|(_, seen)| is_there(*seen));
            return if remains { vec![(Log, fault)] } else { Vec::new() };
        }
        Seen::Unmarked(_) => None,
        Seen::Marked(id) => Some(id),
    };
    // Where the keys agree with one another and not with the log, it is the log that is another's.
    if let (Seen::Marked(keys), Seen::Marked(kms)) = (found.keys, found.kms)
        && keys == kms
        && log != Some(keys)
    {
        return vec![(Log, PartFault::Foreign)];
    }
    let making = found.stage == InstallationStage::Making;
    let judge = |part: InstallationPart, seen: Seen| match seen {
        Seen::Missing | Seen::Empty if making => None,
        // It is built from the log.
        Seen::Missing if part == ReadModel => None,
        // Before the ids the file came with the first org.
        Seen::Missing if part == OrgKeys && log_has_no_org(found) => None,
        Seen::Missing => Some(PartFault::Missing),
        Seen::Empty => Some(PartFault::Empty),
        Seen::Unmarked(UsedWith::ThisLog) => None,
        Seen::Unmarked(UsedWith::AnotherLog) => Some(PartFault::Foreign),
        // A key store that says nothing may be adopted with its folder, but not be put into another.
        Seen::Unmarked(UsedWith::Unknown) if part == KeyStore && found.stage == InstallationStage::Whole => {
            Some(PartFault::Foreign)
        }
        Seen::Unmarked(UsedWith::Unknown) => None,
        Seen::Marked(id) if Some(id) == log => None,
        Seen::Marked(_) => Some(PartFault::Foreign),
    };
    others.into_iter().filter_map(|(part, seen)| Some((part, judge(part, seen)?))).collect()
}

fn log_has_no_org(found: &Found) -> bool {
    found.stage == InstallationStage::Adopting && !found.orgs_without_keys
}

/// As ids stand in the file of org keys.
fn text(id: InstallationId) -> String {
    id.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn parsed(text: &str) -> Option<InstallationId> {
    let mut id = [0; 16];
    if text.len() != 2 * id.len() || !text.is_ascii() {
        return None;
    }
    for (at, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(InstallationId(id))
}

#[cfg(test)]
mod tests;
