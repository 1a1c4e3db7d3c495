//! Which parts belong together: as a table of cases, and on real files.

use std::fs;
use std::path::Path;

use domain::ids::OrgId;
use tempfile::TempDir;

use super::InstallationPart::{KeyStore, Log, OrgKeys, ReadModel};
use super::InstallationStage::{Adopting, Making, Whole};
use super::PartFault::{Empty, Foreign, Missing};
use super::*;
use crate::config::Config;
use crate::engine::{Engine, Role};

const OURS: InstallationId = InstallationId([1; 16]);
const THEIRS: InstallationId = InstallationId([2; 16]);

/// A part that has the log's id.
const MINE: Seen = Seen::Marked(OURS);
const OTHERS: Seen = Seen::Marked(THEIRS);
const OLD: Seen = Seen::Unmarked(UsedWith::ThisLog);
const OLD_OF_ANOTHER: Seen = Seen::Unmarked(UsedWith::AnotherLog);
const OLD_AND_SILENT: Seen = Seen::Unmarked(UsedWith::Unknown);

fn found(stage: InstallationStage, [log, keys, kms, views]: [Seen; 4]) -> Found {
    Found { log, keys, kms, views, stage, orgs_without_keys: false, traces: false }
}

/// What is told, the stage, what each part shows, and what is wrong with which part.
type InstallationCase =
    (&'static str, InstallationStage, [Seen; 4], &'static [(InstallationPart, PartFault)]);

#[test]
fn what_does_not_belong_together_is_named() {
    let none = [Seen::Missing; 4];
    let cases: [InstallationCase; 24] = [
        ("nothing is there", Making, none, &[]),
        ("all is there", Whole, [MINE; 4], &[]),
        ("the read model was removed", Whole, [MINE, MINE, MINE, Seen::Missing], &[]),
        ("the read model is empty", Whole, [MINE, MINE, MINE, Seen::Empty], &[(ReadModel, Empty)]),
        ("no log", Making, [Seen::Missing, MINE, MINE, MINE], &[(Log, Missing)]),
        ("an empty log", Making, [Seen::Empty, MINE, MINE, MINE], &[(Log, Empty)]),
        ("of a log only the file", Making, [Seen::Empty, Seen::Missing, Seen::Missing, Seen::Missing], &[]),
        (
            "no log, an old key store",
            Making,
            [Seen::Missing, OLD_AND_SILENT, Seen::Missing, Seen::Missing],
            &[(Log, Missing)],
        ),
        ("no key store", Whole, [MINE, Seen::Missing, MINE, MINE], &[(KeyStore, Missing)]),
        ("an empty key store", Whole, [MINE, Seen::Empty, MINE, MINE], &[(KeyStore, Empty)]),
        ("no org keys", Whole, [MINE, MINE, Seen::Missing, MINE], &[(OrgKeys, Missing)]),
        (
            "no keys at all",
            Whole,
            [MINE, Seen::Missing, Seen::Missing, MINE],
            &[(KeyStore, Missing), (OrgKeys, Missing)],
        ),
        ("another's key store", Whole, [MINE, OTHERS, MINE, MINE], &[(KeyStore, Foreign)]),
        ("another's org keys", Whole, [MINE, MINE, OTHERS, MINE], &[(OrgKeys, Foreign)]),
        ("another's read model", Whole, [MINE, MINE, MINE, OTHERS], &[(ReadModel, Foreign)]),
        ("another's log", Whole, [OTHERS, MINE, MINE, MINE], &[(Log, Foreign)]),
        ("the making was interrupted", Making, [MINE, MINE, Seen::Missing, Seen::Missing], &[]),
        ("adopted: all old", Adopting, [OLD, OLD, OLD, OLD], &[]),
        ("adopted: interrupted", Adopting, [MINE, MINE, OLD, OLD_AND_SILENT], &[]),
        ("adopted: no key store", Adopting, [OLD, Seen::Missing, OLD, OLD], &[(KeyStore, Missing)]),
        (
            "adopted: another's",
            Adopting,
            [OLD, OLD_OF_ANOTHER, OLD_OF_ANOTHER, OLD_OF_ANOTHER],
            &[(KeyStore, Foreign), (OrgKeys, Foreign), (ReadModel, Foreign)],
        ),
        ("adopted: never served", Adopting, [OLD, OLD_AND_SILENT, Seen::Missing, OLD_AND_SILENT], &[]),
        ("an old backup of the key store", Whole, [MINE, OLD, MINE, MINE], &[]),
        ("a key store that says nothing", Whole, [MINE, OLD_AND_SILENT, MINE, MINE], &[(KeyStore, Foreign)]),
    ];
    for (case, stage, parts, expected) in cases {
        assert_eq!(faults(&found(stage, parts)), expected, "{case}");
    }
}

#[test]
fn traces_of_a_sandbox_are_no_new_folder_and_orgs_want_their_keys() {
    let nothing = found(Making, [Seen::Missing; 4]);
    assert_eq!(faults(&Found { traces: true, ..nothing }), [(Log, Missing)]);
    let adopted = found(Adopting, [OLD, OLD, Seen::Missing, OLD]);
    assert_eq!(faults(&Found { orgs_without_keys: true, ..adopted }), [(OrgKeys, Missing)]);
}

#[test]
fn an_id_is_read_as_it_was_written() {
    assert_eq!(parsed(&text(OURS)), Some(OURS));
    for bad in ["", "01", &"zz".repeat(16), &"é".repeat(16)] {
        assert_eq!(parsed(bad), None, "{bad}");
    }
}

/// A data folder that was served on.
struct Folder(TempDir);

impl Folder {
    async fn new() -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        let engine = folder.open().await.expect("opened");
        engine.kms.create_org_key(&OrgId::from_bytes([1; 16])).await.expect("a key");
        engine
            .projection
            .claim_epoch(engine.log.describe(Topic::Events).await.expect("described").id)
            .await
            .expect("claimed");
        engine.close().await;
        folder
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    async fn open(&self) -> Result<Engine, OpenError> {
        Engine::open(&Config::sandbox(self.path()).expect("settings"), Role::Server).await
    }

    /// Every file and its bytes, but for what opening a folder takes.
    fn content(&self) -> Vec<(String, Vec<u8>)> {
        let mut all = Vec::new();
        for part in ["log", "keystore", "kms", "views"] {
            let Ok(entries) = fs::read_dir(self.path().join(part)) else { continue };
            for entry in entries {
                let path = entry.expect("an entry").path();
                let name = path.display().to_string();
                if !name.ends_with("-shm") && !name.ends_with("-wal") {
                    all.push((name, fs::read(&path).expect("read")));
                }
            }
        }
        all.sort();
        all
    }

    async fn refused(&self) -> String {
        let before = self.content();
        let refused = self.open().await.expect_err("must be refused");
        assert!(matches!(refused, OpenError::Installation(_)), "{refused}");
        assert!(self.content() == before, "something was made or changed: {refused}");
        refused.to_string()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_is_gone_is_named_and_nothing_is_made_anew() {
    for (part, words) in [("log", "the log"), ("keystore", "the key store"), ("kms", "the file of org keys")]
    {
        for whole in [true, false] {
            let folder = Folder::new().await;
            let path = folder.path().join(part);
            if whole {
                fs::remove_dir_all(&path).expect("removed");
            } else {
                fs::read_dir(&path).expect("a folder").for_each(|entry| {
                    fs::remove_file(entry.expect("an entry").path()).expect("removed");
                });
            }
            let refused = folder.refused().await;
            assert!(refused.contains(&format!("{words} (")) && refused.contains("is missing"), "{refused}");
            assert!(refused.contains("from its backup") || refused.contains("back"), "{refused}");
            assert_eq!(path.exists(), !whole, "{part}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_of_another_folder_is_named() {
    for (part, words) in [
        ("log", "the log"),
        ("keystore", "the key store"),
        ("kms", "the file of org keys"),
        ("views", "the read model"),
    ] {
        let (folder, other) = (Folder::new().await, Folder::new().await);
        let path = folder.path().join(part);
        fs::remove_dir_all(&path).expect("removed");
        fs::rename(other.path().join(part), &path).expect("moved");
        let refused = folder.refused().await;
        assert!(refused.contains(&format!("{words} (")), "{refused}");
        assert!(refused.contains("belongs to another installation"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_file_is_named() {
    for (file, words) in [
        ("log/log.sqlite", "the log"),
        ("keystore/keys.sqlite", "the key store"),
        ("kms/org-keys.json", "the file of org keys"),
        ("views/views.sqlite", "the read model"),
    ] {
        let folder = Folder::new().await;
        fs::write(folder.path().join(file), "").expect("written");
        let refused = folder.refused().await;
        assert!(refused.contains(&format!("{words} (")) && refused.contains("is empty"), "{refused}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_removed_read_model_is_made_anew_and_marked() {
    let folder = Folder::new().await;
    fs::remove_dir_all(folder.path().join("views")).expect("removed");
    folder.open().await.expect("opened").close().await;
    let mark = |part: &str, file: &str| mark_of(&folder.path().join(part).join(file)).expect("asked");
    assert_eq!(mark("views", SqliteViews::FILE), mark("log", SqliteLog::FILE));
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_that_make_a_folder_at_once_make_one_installation() {
    let folder = Folder(tempfile::tempdir().expect("a folder"));
    let config = Config::sandbox(folder.path()).expect("settings");
    let open = || {
        let config = config.clone();
        tokio::spawn(async move { Engine::open(&config, Role::Tool).await.map(|engine| engine.close()) })
    };
    for opened in [open(), open(), open(), open()] {
        opened.await.expect("no panic").expect("opened").await;
    }
    folder.open().await.expect("opened").close().await;
}
