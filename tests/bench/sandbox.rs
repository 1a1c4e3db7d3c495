//! A sandbox of the measured program, on a folder of its own. What belongs here: starting it, and what it then says of
//! itself. Not here: what is sent to it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};

use crate::limits::LOOK_AT_START_EVERY;
use crate::process::Program;

/// A running one.
pub(crate) struct Sandbox {
    pub(crate) program: Program,
    pub(crate) address: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) api_key: String,
}

impl Sandbox {
    /// Starts it on `data` in that folder, with face models or without, and waits until it says that it is ready: then its
    /// read model has everything that its log had.
    pub(crate) fn start(
        program: &Path,
        folder: &Path,
        models: Option<&Path>,
        within: Duration,
    ) -> Result<Self> {
        let data = data_of(folder);
        let text = |path: &Path| path.to_str().map(str::to_owned).context("a folder's name is not UTF-8");
        let listeners = ["--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--ingest-limit", "0"];
        let mut arguments = vec!["sandbox".to_owned(), "--data-dir".to_owned(), text(&data)?];
        arguments.extend(listeners.map(str::to_owned));
        if let Some(models) = models {
            arguments.extend(["--models".to_owned(), text(models)?]);
        }
        let ready = data.join("sandbox.json");
        // The last start's: this one writes it anew.
        if ready.exists() {
            std::fs::rename(&ready, data.join("sandbox.last.json"))?;
        }
        let began = Instant::now();
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let mut program = Program::start(program, &arguments, folder.join("server.log"))?;
        while !ready.exists() {
            program.check()?;
            ensure!(began.elapsed() < within, "not ready within {within:?}:\n{}", program.tail());
            std::thread::sleep(LOOK_AT_START_EVERY);
        }
        let info: serde_json::Value =
            serde_json::from_slice(&std::fs::read(&ready)?).context("sandbox.json")?;
        let said = |name: &str| info[name].as_str().with_context(|| name.to_owned());
        let address = |name: &str| {
            let url = said(name)?.strip_prefix("http://").with_context(|| name.to_owned())?;
            url.parse().with_context(|| name.to_owned())
        };
        let (address, admin) = (address("url")?, address("adminUrl")?);
        Ok(Self { program, address, admin, api_key: said("apiKey")?.to_owned() })
    }
}

/// Where in the folder its data are.
pub(crate) fn data_of(folder: &Path) -> PathBuf {
    folder.join("data")
}
