//! `/console/pipeline` on the management listener: how events get through the installation, for whoever operates it.
//! What belongs here: which page is asked for, and its headers. What is gathered for it stands in `figures`, what was
//! measured meanwhile in `rate_samples`, how it is told of changes in `live`; what it looks like in crate `console-pages`.

mod figures;
mod live;
mod rate_samples;

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use console_pages::pages::pipeline::{self as page, PipelineModel};
use console_pages::{Language, PageFrame, assets};
use engine::Engine;
use service::health_listener::{PageAnswer, PageRequest, ProgramPages};
use service::telemetry::Metrics;
use service::{Readiness, UnreadyReason};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub use self::figures::InstanceParts;
use self::figures::PipelineSources;
use crate::limits::PIPELINE_STREAMS_MAX;
use crate::registry_pages::{self, SchemaIds};

const HTML: &str = "text/html; charset=utf-8";
const EVENTS: &str = "text/event-stream";

/// As `--version` says it.
const BUILD: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("BUILD_COMMIT"), ")");

/// What the page may do: load what this listener has, and ask it again. It has no form.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
                      connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'";

/// The pages that this program's management listener has beside health and metrics.
pub struct ManagementPages {
    ids: SchemaIds,
    readiness: Arc<Readiness>,
    metrics: Metrics,
    /// None before the stores are open and once they are to be closed: whoever holds it keeps them open.
    sources: Mutex<Option<Arc<PipelineSources>>>,
    streams: Arc<Semaphore>,
}

impl ManagementPages {
    /// Before there is anything to show.
    pub fn new(ids: SchemaIds, readiness: Arc<Readiness>, metrics: Metrics) -> Arc<Self> {
        let streams = Arc::new(Semaphore::new(PIPELINE_STREAMS_MAX));
        Arc::new(Self { ids, readiness, metrics, sources: Mutex::default(), streams })
    }

    /// Shows figures of that engine from now on. The task looks at the log until it is cancelled.
    pub fn open(
        &self,
        engine: &Engine,
        parts: InstanceParts<'_>,
        cancel: CancellationToken,
    ) -> JoinHandle<()> {
        let (sources, sampling) = PipelineSources::start(engine, parts, self.metrics.clone(), cancel);
        *self.lock() = Some(Arc::new(sources));
        sampling
    }

    /// Shows none any more, and holds nothing of the engine: it is to be closed.
    pub fn close(&self) {
        let sources = self.lock().take();
        // Not under the lock: it may be the last to hold a store.
        drop(sources);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Arc<PipelineSources>>> {
        // The value is replaced whole.
        self.sources.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sources(&self) -> Option<Arc<PipelineSources>> {
        self.lock().clone()
    }

    async fn pipeline(&self, request: PageRequest<'_>) -> PageAnswer {
        let sources = self.sources();
        let figures = match &sources {
            Some(sources) => Some(sources.figures().await),
            None => None,
        };
        let model = PipelineModel {
            asked_at: service::clock::now(),
            build: BUILD.to_owned(),
            unready: self.readiness.reasons().into_iter().map(UnreadyReason::name).collect(),
            figures,
            is_live: has(request.query, "live"),
            is_held: has(request.query, "held"),
        };
        let frame = PageFrame {
            language: language(request),
            reader: None,
            current: None,
            address: page::PATH.to_owned(),
            is_live: true,
        };
        let status = if model.figures.is_some() { 200 } else { 503 };
        html(status, page::render(&frame, &model))
    }

    fn live(&self) -> PageAnswer {
        let permit = Arc::clone(&self.streams).try_acquire_owned();
        let (Ok(permit), Some(sources)) = (permit, self.sources()) else {
            let mut busy = PageAnswer::new(503, "text/plain; charset=utf-8", "no live figures now\n");
            busy.headers = headers();
            busy.headers.push(("retry-after", "5".to_owned()));
            return busy;
        };
        let mut answer = PageAnswer::new(200, EVENTS, live::stream(&sources, permit));
        answer.headers = headers();
        answer
    }
}

#[async_trait]
impl ProgramPages for ManagementPages {
    async fn answer(&self, request: PageRequest<'_>) -> Option<PageAnswer> {
        if let Some(answer) = registry_pages::answer(self.ids, request) {
            return Some(answer);
        }
        let asset = request.path.strip_prefix(assets::FOLDER).map(assets::find);
        match (request.path, asset) {
            (page::PATH | page::LIVE_PATH | "/console" | "/console/", _) | (_, Some(Some(_)))
                if !request.reads =>
            {
                Some(html(405, String::new()))
            }
            (page::PATH, _) => Some(self.pipeline(request).await),
            (page::LIVE_PATH, _) => Some(self.live()),
            ("/console" | "/console/", _) => {
                let mut there = html(303, String::new());
                there.headers.push(("location", page::PATH.to_owned()));
                Some(there)
            }
            (_, Some(Some(asset))) => {
                let mut file = PageAnswer::new(200, asset.media_type, asset.bytes);
                file.headers = vec![
                    ("cache-control", "public, max-age=31536000, immutable".to_owned()),
                    ("x-content-type-options", "nosniff".to_owned()),
                ];
                Some(file)
            }
            _ => None,
        }
    }
}

fn html(status: u16, text: String) -> PageAnswer {
    let mut answer = PageAnswer::new(status, HTML, text);
    answer.headers = headers();
    answer
}

/// Of whatever is made for one reader at one moment.
fn headers() -> Vec<(&'static str, String)> {
    vec![
        ("content-security-policy", POLICY.to_owned()),
        ("x-content-type-options", "nosniff".to_owned()),
        ("referrer-policy", "same-origin".to_owned()),
        ("cache-control", "no-store".to_owned()),
    ]
}

/// The page's language: what its address says, or else what the browser prefers. No cookie: the public listener's are
/// not this one's business.
fn language(request: PageRequest<'_>) -> Language {
    let mut pairs = request.query.unwrap_or_default().split('&');
    Language::choose(pairs.find_map(|pair| pair.strip_prefix("lang=")), None, request.accept_language)
}

/// Whether the query has a parameter of that name.
fn has(query: Option<&str>, name: &str) -> bool {
    query.unwrap_or_default().split('&').any(|pair| pair.split('=').next() == Some(name))
}
