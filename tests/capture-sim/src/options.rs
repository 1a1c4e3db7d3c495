//! What a caller chooses of a capture; all else follows from its seed. Not here: what the choices do to light (`light`).

use crate::{CaptureKind, SpecimenPerson};

/// Light of the room: five that phones meet indoors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RoomLight {
    /// Beside a window, in daylight.
    Window,
    /// Daylight from the north: bluish and even.
    Shade,
    /// Fluorescent tubes of an office.
    Office,
    /// Warm white LEDs, cheap ones that flicker.
    WarmLed,
    /// A bulb: reddish and from one side.
    Bulb,
}

impl RoomLight {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Window, Self::Shade, Self::Office, Self::WarmLed, Self::Bulb];
}

/// How much light the screen gives on the card, next to the room's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ScreenGain {
    /// A dim screen, or a bright room.
    Low,
    /// A screen at its brightest in an ordinary room.
    Middle,
    /// The same in a dim room.
    High,
}

impl ScreenGain {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];
}

/// What a capture is made from. Two that are equal give the same bytes on the same machine.
#[derive(Clone)]
pub struct CaptureOptions {
    /// Honest, careless or an attack.
    pub kind: CaptureKind,
    /// Of everything that is drawn by lot.
    pub seed: u64,
    /// Who is printed on the card; from the seed unless it is changed.
    pub person: SpecimenPerson,
    /// A JPEG to place on the card; a drawn figure without.
    pub portrait: Option<Vec<u8>>,
    /// The room's light; by lot without.
    pub light: Option<RoomLight>,
    /// The screen's part; by lot without.
    pub gain: Option<ScreenGain>,
    /// RFC 3339. Without, it is the end of the challenge: a time that needs no clock, within minutes of the right one.
    pub captured_at: Option<String>,
}

impl CaptureOptions {
    /// A capture of that kind; all else by the seed.
    #[must_use]
    pub fn new(kind: CaptureKind, seed: u64) -> Self {
        let person = SpecimenPerson::from_seed(seed);
        Self { kind, seed, person, portrait: None, light: None, gain: None, captured_at: None }
    }
}
