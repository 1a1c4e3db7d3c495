//! `cargo xtask capture`: the body of a request that sends a capture of a drawn specimen card, for trying the API with
//! curl. Not here: how a capture is made (`tests/capture-sim`).

use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use capture_sim::{CaptureKind, CaptureOptions, FlashChallenge};
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

/// What `cargo xtask capture` takes.
#[derive(Args)]
#[command(after_help = "Examples:
  cargo xtask capture --kind bona --challenge challenge.json --customer cus_… --out body.json
  curl … | cargo xtask capture --kind screen --challenge - --customer cus_… --frames target/frames > body.json")]
pub(crate) struct Arguments {
    /// Of what; each has a line in docs/capture-sim.md
    #[arg(long, value_parser = kinds())]
    kind: CaptureKind,
    /// File with the 201 answer of the challenge endpoint; - for standard input
    #[arg(long, value_name = "FILE")]
    challenge: PathBuf,
    /// For whom the challenge was issued
    #[arg(long, value_name = "ID")]
    customer: String,
    /// JPEG to place on the card [default: a drawn figure]
    #[arg(long, value_name = "FILE")]
    portrait: Option<PathBuf>,
    /// Of light, pose, person and all else; the same seed makes the same capture
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// File to write the body to [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Folder to write the frames to as well, to look at them
    #[arg(long, value_name = "FOLDER")]
    frames: Option<PathBuf>,
}

/// Every kind by its word, so that the help lists them.
fn kinds() -> impl TypedValueParser<Value = CaptureKind> {
    let words = PossibleValuesParser::new(CaptureKind::ALL.map(CaptureKind::as_str));
    words.try_map(|word| word.parse::<CaptureKind>())
}

/// Makes, signs and writes one.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let challenge = FlashChallenge::from_json(&challenge_text(&arguments.challenge)?)?;
    let mut options = CaptureOptions::new(arguments.kind, arguments.seed);
    options.portrait = arguments.portrait.as_deref().map(read).transpose()?;
    let mut bundle = capture_sim::generate(&challenge, &options)?;
    bundle.sign(&challenge, &arguments.customer);
    if let Some(folder) = &arguments.frames {
        std::fs::create_dir_all(folder)?;
        for (at, frame) in bundle.frames.iter().enumerate() {
            std::fs::write(folder.join(format!("{}-{at:02}.jpg", arguments.kind)), frame)?;
        }
    }
    let body = bundle.to_json(&arguments.customer).to_string();
    match &arguments.out {
        Some(file) => std::fs::write(file, body).with_context(|| file.display().to_string())?,
        None => say!("{body}"),
    }
    Ok(())
}

fn challenge_text(file: &Path) -> Result<String> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("standard input")?;
        return Ok(text);
    }
    Ok(String::from_utf8(read(file)?)?)
}

fn read(file: &Path) -> Result<Vec<u8>> {
    std::fs::read(file).with_context(|| file.display().to_string())
}
