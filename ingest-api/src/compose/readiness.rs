//! What an instance waits for before it serves, and what ends it although nobody asked: readiness must not say more
//! than is true (contract §4). Not here: what is shown of it (`management`).

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use domain::ids::OrgId;
use domain::orgs::Environment;
use domain::ports::{KeyNotes, OffsetRange, Topic};
use engine::Engine;
use engine::config::{Config, EngineKind};
use org_directory::Directory;
use org_directory::signers::ADOPTION_NOTE;
use projector::SessionProgress;
use service::{Readiness, UnreadyReason};
use tokio_util::sync::CancellationToken;

use crate::limits;

/// What an instance of these settings waits for, and what else whoever assembles it does.
pub(super) fn reasons(config: &Config, also: &[UnreadyReason]) -> Vec<UnreadyReason> {
    let mut reasons = vec![
        UnreadyReason::Dependencies,
        UnreadyReason::OutcomeStream,
        UnreadyReason::OrgDirectory,
        UnreadyReason::OrgKeys,
        UnreadyReason::PublicListener,
    ];
    if config.engine.kind == EngineKind::Embedded {
        reasons.extend([UnreadyReason::Projector, UnreadyReason::ReadModel]);
    }
    reasons.extend(also);
    reasons
}

/// Whom an instance waits for.
pub(super) struct Waits<'a> {
    pub(super) engine: &'a Engine,
    pub(super) directory: &'a Directory,
    /// The projector's in this process, where there is one.
    pub(super) progress: Option<&'a SessionProgress>,
    pub(super) readiness: &'a Readiness,
}

impl Waits<'_> {
    /// Returns once all are there, each settled when it came.
    pub(super) async fn all(&self) {
        until_ok(|| self.engine.probe()).await;
        self.readiness.settle(UnreadyReason::Dependencies);
        self.directory.wait_ready().await;
        self.readiness.settle(UnreadyReason::OrgDirectory);
        // With no org's key every call is a 503; one org's missing key is that org's trouble alone.
        until_ok(|| self.engine.probe_org_keys()).await;
        self.directory.wait_for(Directory::can_serve).await;
        self.readiness.settle(UnreadyReason::OrgKeys);
        if let Some(progress) = self.progress {
            progress.begun().await;
            self.readiness.settle(UnreadyReason::Projector);
            self.read_model(progress).await;
            self.readiness.settle(UnreadyReason::ReadModel);
        }
    }

    /// Until the read model has what the log had when it was asked: after that, every change comes through
    /// this instance, which shows what it confirmed.
    async fn read_model(&self, progress: &SessionProgress) {
        let ends = self.ends().await;
        let mut told = tokio::time::interval(limits::CATCH_UP_TOLD_EVERY);
        told.reset();
        loop {
            tokio::select! {
                () = progress.reached(&ends) => return,
                _ = told.tick() => {
                    let events = progress.missing(&ends);
                    tracing::info!(events, "not ready yet: the read model is being brought up to the log");
                }
            }
        }
    }

    async fn ends(&self) -> Vec<OffsetRange> {
        let mut backoff = limits::OUTCOMES_RETRY.start();
        loop {
            match self.engine.log.offsets(Topic::Events).await {
                Ok(ends) => return ends,
                Err(error) => tracing::warn!(%error, "not ready yet; trying again"),
            }
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }
}

/// An org whose evidence was sealed to one key has to be brought over once, to the end: what it sealed before would open by
/// nobody's share, and whoever has that key opens it alone.
///
/// # Errors
/// The first such org, and the command; the key store.
pub(super) async fn refuse_evidence_keys(
    directory: &Directory,
    notes: &dyn KeyNotes,
    config: &Config,
) -> anyhow::Result<()> {
    let mut orgs = directory.orgs_with_evidence_key();
    // One that was interrupted has no key in its record any more.
    let interrupted = notes.note(ADOPTION_NOTE).await.context("the key store")?;
    orgs.extend(interrupted.and_then(|org| OrgId::parse(&org).ok()));
    let Some(org) = orgs.into_iter().min() else { return Ok(()) };
    let target = match config.engine.kind {
        EngineKind::Embedded => format!("--data-dir {}", config.engine.data_dir.display()),
        EngineKind::Distributed => "--config FILE".to_owned(),
    };
    // A sandbox has its two made, where they are not there.
    let is_live = directory.org(&org).is_some_and(|entry| entry.record.environment == Environment::Live);
    let signers = if is_live { " --signer NAME=FILE --signer NAME=FILE --signer NAME=FILE" } else { "" };
    anyhow::bail!(
        "the evidence of {org} was sealed to one key by an earlier build; share it among signers first: \
         compliance signers init --adopt --org {org}{signers} {target}"
    )
}

/// Asks until the answer is good.
async fn until_ok<F: Future<Output = Result<(), String>>>(ask: impl Fn() -> F) {
    let mut backoff = limits::OUTCOMES_RETRY.start();
    while let Err(error) = ask().await {
        tracing::warn!(%error, "not ready yet; trying again");
        tokio::time::sleep(backoff.next_pause()).await;
    }
}

/// That a part has ended which the instance cannot do without, and why.
#[derive(Clone, Default)]
pub(super) struct Failure {
    ended: CancellationToken,
    cause: Arc<OnceLock<String>>,
}

impl Failure {
    pub(super) fn tell(&self, cause: &dyn std::fmt::Display) {
        let _ = self.cause.set(cause.to_string());
        self.ended.cancel();
    }

    /// Returns when there is one.
    pub(super) async fn cause(&self) -> anyhow::Error {
        self.ended.cancelled().await;
        anyhow::anyhow!("{}", self.cause.get().map_or("a part of the instance ended", String::as_str))
    }

    /// Does the work, unless a part ends first.
    pub(super) async fn or<T>(&self, work: impl Future<Output = T>) -> anyhow::Result<T> {
        tokio::select! {
            biased;
            cause = self.cause() => Err(cause),
            done = work => Ok(done),
        }
    }
}
