//! A projector: one session in the group after the other. What is done in a session is in `group::session`.

use std::sync::Arc;

use domain::ports::{Generations, LogError, StoreError, Topic};
use generation_watch::PointerWatch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::{error, info, warn};

use crate::faces::FacePorts;
use crate::faces::face_projection::FaceProjection;
use crate::group::positions::StoredPositions;
use crate::group::progress::SessionProgress;
use crate::group::session::GroupSession;
use crate::limits::FAILURE_RETRY;
use crate::pause::wait;
use crate::settings::{ProjectorPorts, ProjectorSettings};

/// Why a projector ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The log and our positions do not fit; an operator is needed.
    #[error("the projector refuses to start: {0}")]
    Refused(String),
}

/// Why a session ended before it was told to.
pub(crate) enum SessionEnd {
    /// Worth starting again.
    Retry(String),
    /// An operator is needed.
    Refused(String),
}

impl From<LogError> for SessionEnd {
    fn from(error: LogError) -> Self {
        if error.is_transient() { Self::Retry(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

impl From<StoreError> for SessionEnd {
    fn from(error: StoreError) -> Self {
        if error.is_transient() { Self::Retry(error.to_string()) } else { Self::Refused(error.to_string()) }
    }
}

/// A projector.
pub struct ProjectorRunner {
    ports: ProjectorPorts,
    settings: ProjectorSettings,
    pointer_watch: PointerWatch,
    progress: SessionProgress,
    faces: Option<FacePorts>,
}

impl ProjectorRunner {
    /// A projector over those ports, of one generation.
    pub fn new(ports: ProjectorPorts, settings: ProjectorSettings) -> Self {
        let pointer_watch = PointerWatch::fixed(settings.generation);
        Self { ports, settings, pointer_watch, progress: SessionProgress::default(), faces: None }
    }

    /// The same, of whichever generations the pointer names. `instance` is a name nobody else has: under it
    /// this projector says which pointer it works by.
    #[must_use]
    pub fn following(self, generations: Arc<dyn Generations>, instance: String) -> Self {
        Self { pointer_watch: PointerWatch::stored(generations, instance), ..self }
    }

    /// The same, and behind it the second projection, which reads reference photos. None reads none.
    #[must_use]
    pub fn reading_faces(self, faces: Option<FacePorts>) -> Self {
        Self { faces, ..self }
    }

    /// How far it is, for whoever waits for it.
    pub fn progress(&self) -> SessionProgress {
        self.progress.clone()
    }

    /// Projects until cancelled. Outages are waited out; only what needs an operator ends it.
    pub async fn run(&self, cancel: CancellationToken) -> Result<(), RunError> {
        let Some(faces) = self.faces.clone() else { return self.project(&cancel).await };
        let second = FaceProjection::new(self.ports.clone(), faces, self.progress.clone());
        let second_cancel = cancel.child_token();
        let token = second_cancel.clone();
        // On a task of its own: whatever becomes of it, the first goes on.
        let reading = AbortOnDropHandle::new(tokio::spawn(async move { second.run(token).await }));
        let ended = self.project(&cancel).await;
        second_cancel.cancel();
        if let Err(error) = reading.await {
            error!(%error, "the photos of references were no longer read: the task that read them ended");
        }
        ended
    }

    async fn project(&self, cancel: &CancellationToken) -> Result<(), RunError> {
        self.pointer_watch.watch_during(self.sessions(cancel)).await
    }

    async fn sessions(&self, cancel: &CancellationToken) -> Result<(), RunError> {
        let mut backoff = FAILURE_RETRY.start();
        while !cancel.is_cancelled() {
            match self.session(cancel).await {
                // Cancelled, or the pointer changed: then by the new one.
                Ok(()) => backoff.reset(),
                Err(SessionEnd::Refused(why)) => return Err(RunError::Refused(why)),
                Err(SessionEnd::Retry(why)) => {
                    warn!(%why, "the session ended on an error that may pass; starting the next one");
                    if wait(backoff.next_pause(), cancel).await {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    async fn session(&self, cancel: &CancellationToken) -> Result<(), SessionEnd> {
        let (pointer, cancel) = self.pointer_watch.begin_session(cancel).await?;
        let topic = self.ports.log.describe(Topic::Events).await?;
        let epoch = self.ports.projection.claim_epoch(topic.id).await?;
        let positions = Arc::new(StoredPositions::new(
            Arc::clone(&self.ports.log),
            Arc::clone(&self.ports.projection),
            pointer.written(),
        ));
        info!(version = pointer.version, live = pointer.live.0, written = ?pointer.written(), "projecting");
        let from: Arc<StoredPositions> = Arc::clone(&positions);
        let mut member = self.ports.log.join(Topic::Events, &self.settings.group, from).await?;
        let mut session = GroupSession::new(
            (&self.ports, &self.settings, &self.pointer_watch),
            pointer,
            (topic, epoch),
            positions,
        )
        .with_progress(&self.progress);
        let lag = session.lag();
        let ended = tokio::select! {
            // In one order, so that a simulation repeats by its seed.
            biased;
            ended = session.run(&mut *member, &cancel) => ended,
            never = lag.watch(&*self.ports.log) => match never {},
        };
        lag.forget_all();
        self.progress.ended();
        if let Err(error) = member.leave().await {
            warn!(%error, "the group could not be told that this member leaves");
        }
        ended
    }
}
