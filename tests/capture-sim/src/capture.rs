//! A whole capture: which things lie on the table, what the screen shows meanwhile, when pictures are taken, and the
//! bundle of them. What belongs here: what makes each kind of capture what it is. Not here: the physics, which is the
//! same for all.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::bundle::{CaptureBundle, FlashSample};
use crate::camera::{Camera, DevelopedFrame, Exposure, MirroredLamp, Radiance, drift};
use crate::card::{self, WIDTH_MM};
use crate::light::{Room, Screen, through_filters};
use crate::limits::{
    FLASH_BYTES_MAX, FLASH_SIZE, FRAMES_MAX, FRAMES_PER_COLOR_MAX, STILL_BYTES_MAX, STILL_SIZE,
};
use crate::options::{RoomLight, ScreenGain};
use crate::pose::{PlaneView, Pose};
use crate::scene::Scene;
use crate::texture::Texture;
use crate::{CaptureKind, CaptureOptions, CaptureSimError, FlashChallenge, SpecimenPerson};

/// What a recording of some other session shows.
const OTHER_COLORS: [[f32; 3]; 7] = [
    [1.0, 0.0, 0.0],
    [0.0, 0.0, 1.0],
    [1.0, 1.0, 0.0],
    [0.0, 1.0, 0.0],
    [1.0, 0.0, 1.0],
    [0.0, 1.0, 1.0],
    [0.0, 0.0, 0.0],
];

/// Everything that does not change from frame to frame.
struct Studio {
    kind: CaptureKind,
    scene: Scene,
    room: Room,
    screen: Screen,
    lamp: Option<MirroredLamp>,
    pose: Pose,
    /// Of the hand's three motions.
    phases: [f32; 3],
}

/// Makes the capture of a challenge, not signed yet.
///
/// # Errors
/// The portrait is no JPEG, or the challenge cannot be shown.
pub fn generate(
    challenge: &FlashChallenge,
    options: &CaptureOptions,
) -> Result<CaptureBundle, CaptureSimError> {
    let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
    let studio = Studio::new(challenge, options, &mut rng)?;
    let mut camera = Camera::new(&studio.room, &mut rng);
    match options.kind {
        CaptureKind::Dark => camera.bias = 0.12,
        CaptureKind::OverExposed => camera.bias = 3.2,
        CaptureKind::Blur => camera.blur = rng.random_range(2.2..3.4),
        _ => {}
    }
    let times = frame_times(challenge, &mut rng);
    let still = studio.exposed(&camera, STILL_SIZE, 0.0);
    let developed = camera.develop(&still);
    let mut frames = vec![camera.write(&developed.rgb, STILL_SIZE, STILL_BYTES_MAX)?];
    let mut samples = vec![sample(0, &developed)];
    let injected = matches!(options.kind, CaptureKind::Untinted | CaptureKind::Tinted)
        .then(|| Injection::new(challenge, &studio, &camera));
    for &time in &times[1..] {
        // One file, sent again and again.
        if options.kind == CaptureKind::Untinted && frames.len() > 1 {
            frames.push(frames[1].clone());
            samples.push(FlashSample { t_ms: time, ..samples[1] });
            continue;
        }
        let radiance = match &injected {
            Some(injection) => injection.frame(&studio, time as f32),
            None => studio.exposed(&camera, FLASH_SIZE, time as f32),
        };
        let developed = camera.develop(&radiance);
        frames.push(camera.write(&developed.rgb, FLASH_SIZE, FLASH_BYTES_MAX)?);
        samples.push(sample(time, &developed));
    }
    let is_ktp = options.kind != CaptureKind::OtherCard;
    Ok(CaptureBundle {
        version: "1.0".to_owned(),
        sdk_version: format!("capture-sim/{}", env!("CARGO_PKG_VERSION")),
        platform: "web".to_owned(),
        frames,
        captured_at: options.captured_at.clone().unwrap_or_else(|| challenge.expires_at.clone()),
        nonce: challenge.nonce.clone(),
        flash_samples: Some(samples),
        frame_times: Some(times),
        color_times: Some(color_times(challenge, &mut rng)),
        ocr_fields: is_ktp.then(|| options.person.fields.clone()),
        ocr_confidence: is_ktp.then_some(0.93),
        signature: None,
    })
}

impl Studio {
    fn new(
        challenge: &FlashChallenge,
        options: &CaptureOptions,
        rng: &mut ChaCha8Rng,
    ) -> Result<Self, CaptureSimError> {
        let kind = options.kind;
        let lights = (rng.random_range(0..RoomLight::ALL.len()), rng.random_range(0..ScreenGain::ALL.len()));
        let room = Room::new(options.light.unwrap_or(RoomLight::ALL[lights.0]), rng);
        let gain = options.gain.unwrap_or(ScreenGain::ALL[lights.1]);
        let screen = Screen::new(&emissions(challenge, kind, rng), challenge.onsets(), gain, rng);
        let mut scene = Scene::new(texture(options)?, rng);
        match kind {
            CaptureKind::Screen => scene.put_on_display(rng),
            CaptureKind::Thumb => scene.add_thumb(rng),
            CaptureKind::Clutter => scene.add_clutter(rng),
            CaptureKind::TwoCards => {
                let other = SpecimenPerson::from_seed(options.seed.wrapping_add(1));
                scene.add_card(card::ktp(&other, None)?, rng);
            }
            _ => {}
        }
        let lamp = (kind == CaptureKind::Glare).then(|| MirroredLamp {
            at: (rng.random_range(-16.0..22.0), rng.random_range(-8.0..10.0)),
            width_mm: rng.random_range(8.0..13.0),
            strength: rng.random_range(4.0..7.0),
        });
        let phases = [(); 3].map(|()| rng.random_range(0.0..1.0));
        Ok(Self { kind, scene, room, screen, lamp, pose: pose(kind, rng), phases })
    }

    fn exposed(&self, camera: &Camera, size: (usize, usize), time_ms: f32) -> Radiance {
        self.exposed_to(&self.screen, camera, size, time_ms)
    }

    fn exposed_to(&self, screen: &Screen, camera: &Camera, size: (usize, usize), time_ms: f32) -> Radiance {
        let view = PlaneView::new(&self.held(time_ms), size, WIDTH_MM);
        let (scene, room, lamp) = (&self.scene, &self.room, self.lamp);
        let is_fine = size == STILL_SIZE;
        camera.expose(&Exposure { scene, room, screen, lamp, view: &view, size, time_ms, is_fine })
    }

    /// Where the hand has drifted to.
    fn held(&self, time_ms: f32) -> Pose {
        let [across, down, turn] = self.phases;
        Pose {
            shift: (
                self.pose.shift.0 + 0.006 * drift(time_ms, 1_900.0, across),
                self.pose.shift.1 + 0.005 * drift(time_ms, 1_400.0, down),
            ),
            roll_degrees: self.pose.roll_degrees + 0.6 * drift(time_ms, 2_300.0, turn),
            tilt_degrees: self.pose.tilt_degrees + 0.8 * drift(time_ms, 1_700.0, down),
            ..self.pose
        }
    }
}

/// One still in place of what the camera sees, coloured by a program or not.
struct Injection {
    still: Radiance,
    /// What the colours are multiplied by, less 1, while each is due.
    tints: Vec<[f32; 3]>,
    onsets: Vec<f32>,
}

impl Injection {
    fn new(challenge: &FlashChallenge, studio: &Studio, camera: &Camera) -> Self {
        let still = studio.exposed_to(&Screen::dark(), camera, FLASH_SIZE, 0.0);
        let is_colored = studio.kind == CaptureKind::Tinted;
        let gain = if is_colored { studio.screen.gain } else { 0.0 };
        let tint = |color: [f32; 3]| through_filters(color).map(|part| part * gain);
        let tints = challenge.emissions().into_iter().map(tint).collect();
        Self { still, tints, onsets: challenge.onsets() }
    }

    /// A screen's lateness is copied too: the attacker knows of it.
    fn frame(&self, studio: &Studio, time_ms: f32) -> Radiance {
        let step = self.onsets.iter().rposition(|onset| *onset + 50.0 <= time_ms).unwrap_or_default();
        let under = studio.room.color;
        let tint = self.tints[step];
        self.still.tinted(std::array::from_fn(|channel| 1.0 + tint[channel] / under[channel]))
    }
}

/// What lies on the table, in the inks of its kind.
fn texture(options: &CaptureOptions) -> Result<Texture, CaptureSimError> {
    if options.kind == CaptureKind::OtherCard {
        return Ok(card::club_card());
    }
    let card = card::ktp(&options.person, options.portrait.as_deref())?;
    Ok(match options.kind {
        // Toner on white paper: one ink, harder contrasts.
        CaptureKind::GreyCopy => card.reprinted(|[r, g, b], _, _| {
            let grey = 0.22 * r + 0.70 * g + 0.08 * b;
            [(1.35 * grey - 0.06).clamp(0.03, 0.86); 3]
        }),
        // Dots of ink of six to a millimetre, less colour, no deep black.
        CaptureKind::ColorPrint => card.reprinted(|inks, x, y| {
            let grey = inks.iter().sum::<f32>() / 3.0;
            let dots = 1.0 + 0.04 * ((x + y) * 26.7).sin() * ((x - y) * 26.7).sin();
            inks.map(|ink| ((grey + (ink - grey) * 0.85) * 0.93 + 0.03) * dots)
        }),
        _ => card,
    })
}

/// What the screen emits, step by step, while the camera looks.
fn emissions(challenge: &FlashChallenge, kind: CaptureKind, rng: &mut ChaCha8Rng) -> Vec<[f32; 3]> {
    let mut steps = challenge.emissions();
    match kind {
        // A step late; before the first the last is seen, as if it went round.
        CaptureKind::Shifted => steps.rotate_right(1),
        CaptureKind::Replay => {
            let first = rng.random_range(0..OTHER_COLORS.len());
            for (at, step) in steps.iter_mut().enumerate() {
                let drawn = OTHER_COLORS[(first + at) % OTHER_COLORS.len()];
                let next = OTHER_COLORS[(first + at + 3) % OTHER_COLORS.len()];
                // Another challenge, so another colour at every step.
                *step = if drawn == *step { next } else { drawn };
            }
        }
        _ => {}
    }
    steps
}

fn pose(kind: CaptureKind, rng: &mut ChaCha8Rng) -> Pose {
    let honest = Pose {
        width_part: rng.random_range(0.66..0.74),
        tilt_degrees: rng.random_range(1.0..13.0),
        axis_degrees: rng.random_range(0.0..360.0),
        roll_degrees: rng.random_range(-5.0..5.0),
        shift: (rng.random_range(-0.025..0.025), rng.random_range(-0.025..0.025)),
    };
    match kind {
        CaptureKind::Tilted => Pose { tilt_degrees: rng.random_range(36.0..42.0), width_part: 0.6, ..honest },
        CaptureKind::Small => Pose { width_part: rng.random_range(0.26..0.34), ..honest },
        // Room above for the second.
        CaptureKind::TwoCards => Pose { width_part: 0.64, tilt_degrees: 3.0, shift: (-0.03, 0.10), ..honest },
        _ => honest,
    }
}

/// When each frame was taken: the still as the first colour is painted, the others spread over each colour's hold.
fn frame_times(challenge: &FlashChallenge, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let steps = challenge.hold_ms.len();
    let of_each = ((FRAMES_MAX - 1) / steps).clamp(1, FRAMES_PER_COLOR_MAX);
    let mut times = vec![0];
    for (onset, hold) in challenge.onsets().into_iter().zip(&challenge.hold_ms).take(FRAMES_MAX - 1) {
        for at in 0..of_each {
            // From half of the hold on: before, the light may still be the last colour's.
            let part = 0.5 + 0.44 * (at as f32 + 0.5) / of_each as f32;
            let time = onset + *hold as f32 * part + rng.random_range(-9.0..9.0f32);
            times.push(time.round() as u32);
        }
    }
    times
}

/// When each colour appeared, by the client's word: at the display's next refresh.
fn color_times(challenge: &FlashChallenge, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let late = |(at, onset): (usize, f32)| {
        if at == 0 { 0 } else { (onset + rng.random_range(0.0..16.7f32)).round() as u32 }
    };
    challenge.onsets().into_iter().enumerate().map(late).collect()
}

fn sample(t_ms: u32, frame: &DevelopedFrame) -> FlashSample {
    let [mean_r, mean_g, mean_b] = frame.means.map(|mean| (mean * 100.0).round() / 100.0);
    FlashSample { t_ms, mean_r, mean_g, mean_b }
}
