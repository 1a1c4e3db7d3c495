//! One photo step by step, on one thread, through the library: decoding, detecting, aligning, embedding, and the two
//! models alone on the tensors that those two make. A step and its model run one right after the other, in turns first,
//! so that whatever else the machine does falls on both.

use std::hint::black_box;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow};
use domain::ports::{DetectedFace, FaceCrop, FaceDetector as _, FaceEmbedder as _, Picture};
use face::{FaceModels, OnnxEmbedder};

use super::{Arguments, portraits};
use crate::limits::PORTRAIT_REPEATS;
use crate::process::own_cpu_of_threads;
use crate::report::Report;
use crate::stat::{Spread, percentile};

/// The aim: the model alone, against the step around it.
const AIM_SHARE: f64 = 90.0;

/// What is timed.
#[derive(Clone, Copy)]
enum Step {
    Decode,
    Detect,
    Detector,
    Align,
    Embed,
    Embedder,
    Whole,
    Copy,
}

/// A photo, and what each step is given of it.
struct Sample {
    photo: Vec<u8>,
    picture: Picture,
    face: DetectedFace,
    aligned: Picture,
    detector_tensor: Vec<f32>,
    embedder_tensor: Vec<f32>,
    crop: FaceCrop,
}

/// How long one step took, each time.
#[derive(Default)]
struct Timed {
    us: Vec<u32>,
    cpu: Duration,
}

impl Timed {
    fn run(&mut self, step: &mut dyn FnMut() -> Result<()>) -> Result<()> {
        let (cpu, began) = (own_cpu_of_threads()?, Instant::now());
        step()?;
        self.us.push(began.elapsed().as_micros().try_into().unwrap_or(u32::MAX));
        self.cpu += own_cpu_of_threads()?.saturating_sub(cpu);
        Ok(())
    }

    fn cpu_ms(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e3 / self.us.len().max(1) as f64
    }
}

/// One round, by [`Step`].
#[derive(Default)]
struct Round([Timed; 8]);

/// Measures and reports.
pub(super) fn measure(arguments: &Arguments, report: &mut Report) -> Result<()> {
    let models = FaceModels::load(&arguments.models).map_err(|error| anyhow!("{error}"))?;
    let portraits = portraits::all(&arguments.models)?;
    let samples = portraits.into_iter().map(|(name, photo)| sample(&models, photo).context(name));
    let samples: Vec<Sample> = samples.collect::<Result<_>>()?;
    // Once unmeasured: the first run of a model makes its buffers.
    round(&models, &samples, 1)?;
    let rounds: Vec<Round> =
        (0..arguments.rounds).map(|_| round(&models, &samples, PORTRAIT_REPEATS)).collect::<Result<_>>()?;
    report.say(&format!(
        "A photo step by step on one thread, in a process that does nothing else: {} portraits, each {PORTRAIT_REPEATS} \
         times a round. Times by the clock are of all rounds together; CPU time is the process's, means of a round. Aim: \
         the model alone takes ≥ {AIM_SHARE:.0} % of the step around it.",
        samples.len(),
    ));
    let heads = [
        "step",
        "median ms",
        "p95 ms",
        "CPU ms",
        "the model alone, CPU ms",
        "its share of the step, by CPU time",
        "by the clock, of neighbours",
        "aim",
    ];
    report.table(&heads, &rows(&rounds));
    Ok(())
}

fn rows(rounds: &[Round]) -> Vec<Vec<String>> {
    let cpu = |step: Step| Spread::of(rounds.iter().map(|round| round.0[step as usize].cpu_ms()));
    let begin = |name: &str, step: Step| {
        let mut us: Vec<u32> = rounds.iter().flat_map(|round| &round.0[step as usize].us).copied().collect();
        us.sort_unstable();
        let ms = |share: f64| format!("{:.2}", f64::from(percentile(&us, share)) / 1e3);
        vec![name.to_owned(), ms(0.5), ms(0.95), format!("{:.2}", cpu(step))]
    };
    let alone = |name: &str, step: Step| {
        let mut row = begin(name, step);
        row.extend(["–", "–", "–", "–"].map(str::to_owned));
        row
    };
    let beside = |name: &str, step: Step, model: Step| {
        let by_cpu = Spread::of(rounds.iter().map(|round| {
            let [step, model] = [step, model].map(|step| round.0[step as usize].cpu_ms());
            100.0 * model / step
        }));
        let by_clock = Spread::of(rounds.iter().map(|round| neighbours(round, step, model)));
        let mut row = begin(name, step);
        row.extend([format!("{:.2}", cpu(model)), format!("{by_cpu:.1} %"), format!("{by_clock:.1} %")]);
        row.push(format!("≥ {AIM_SHARE:.0} %"));
        row
    };
    vec![
        alone("decode: bytes to upright pixels", Step::Decode),
        beside("detect: scaled, the tensor, the model, its grids", Step::Detect, Step::Detector),
        alone("align", Step::Align),
        beside("embed: the tensor, the model, to length 1", Step::Embed, Step::Embedder),
        alone("**the whole photo, as it is read**", Step::Whole),
        alone("of a match beside that: the search for a copy", Step::Copy),
    ]
}

/// The median over a step and the model that ran right before or after it.
fn neighbours(round: &Round, step: Step, model: Step) -> f64 {
    let [steps, models] = [step, model].map(|step| round.0[step as usize].us.iter());
    let shares = steps.zip(models).map(|(step, model)| 100.0 * f64::from(*model) / f64::from((*step).max(1)));
    Spread::of(shares).median
}

fn sample(models: &FaceModels, photo: Vec<u8>) -> Result<Sample> {
    let picture = FaceModels::decode(&photo).map_err(|cause| anyhow!("{}", cause.name()))?;
    let face = *models.detector().detect(&picture)?.first().context("no face")?;
    let embedder = primary(models)?;
    let aligned = embedder.align(&picture, &face).context("no landmarks")?;
    let (detector_tensor, embedder_tensor) = (models.detector().tensor(&picture), embedder.tensor(&aligned));
    let reading = models.read(&photo, embedder.model())?.map_err(|cause| anyhow!("{}", cause.name()))?;
    Ok(Sample { photo, picture, face, aligned, detector_tensor, embedder_tensor, crop: reading.crop })
}

fn primary(models: &FaceModels) -> Result<&OnnxEmbedder> {
    models.embedder(&models.set().primary.model.id).context("the primary is loaded")
}

type Run<'a> = &'a mut dyn FnMut() -> Result<()>;

/// Every step of every photo, so many times.
fn round(models: &FaceModels, samples: &[Sample], repeats: u32) -> Result<Round> {
    let mut round = Round::default();
    for repeat in 0..repeats as usize {
        for (at, sample) in samples.iter().enumerate() {
            // Which of two neighbours comes first changes from photo to photo, and for each from time to time.
            steps(models, sample, (repeat + at) % 2 == 1, &mut round)?;
        }
    }
    Ok(round)
}

fn steps(models: &FaceModels, sample: &Sample, model_first: bool, round: &mut Round) -> Result<()> {
    let (detector, embedder) = (models.detector(), primary(models)?);
    let Sample { photo, picture, face, aligned, detector_tensor, embedder_tensor, crop } = sample;
    let mut timed = |step: Step, run: Run<'_>| round.0[step as usize].run(run);
    let mut both = |of: [(Step, Run<'_>); 2]| {
        let [step, model] = of;
        let [(first, run_first), (second, run_second)] =
            if model_first { [model, step] } else { [step, model] };
        timed(first, run_first)?;
        timed(second, run_second)
    };
    both([
        (Step::Detect, &mut || forget(detector.detect(picture)?)),
        (Step::Detector, &mut || forget(detector.run(detector_tensor)?)),
    ])?;
    both([
        (Step::Embed, &mut || forget(embedder.embed(aligned)?)),
        (Step::Embedder, &mut || forget(embedder.run(embedder_tensor)?)),
    ])?;
    timed(Step::Decode, &mut || forget(FaceModels::decode(photo)))?;
    timed(Step::Align, &mut || forget(embedder.align(picture, face)))?;
    let mut reading = None;
    timed(Step::Whole, &mut || {
        reading = models.read(photo, embedder.model())?.ok();
        Ok(())
    })?;
    let patch = reading.context("it was read before")?.patch;
    timed(Step::Copy, &mut || forget(patch.copy_correlation(crop)))
}

/// Drops what was made; the compiler cannot know that nobody looks at it.
fn forget<T>(made: T) -> Result<()> {
    drop(black_box(made));
    Ok(())
}
