//! What kinds of capture there are: the honest one, careless ones and attacks. Not here: how each is made (`capture`).

use std::fmt;
use std::str::FromStr;

/// A kind of capture; docs/capture-sim.md has a line on each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CaptureKind {
    /// An honest capture of a genuine card.
    Bona,
    /// The card shown on a display: a grid of pixels, light of its own.
    Screen,
    /// A black-and-white copy of the card.
    GreyCopy,
    /// A good colour print of the card, expected to pass.
    ColorPrint,
    /// The recording of an earlier session, under other colours.
    Replay,
    /// A thumb over one corner.
    Thumb,
    /// A second card half beneath the first.
    TwoCards,
    /// A card of the same size that is no KTP.
    OtherCard,
    /// An honest capture on a table full of papers and pens.
    Clutter,
    /// Out of focus.
    Blur,
    /// A lamp mirrored in the card.
    Glare,
    /// Too little light.
    Dark,
    /// Too much light.
    OverExposed,
    /// Held at a steep angle.
    Tilted,
    /// From too far away.
    Small,
    /// One still, repeated, as if no colour had been shown.
    Untinted,
    /// The right colours, each a step late.
    Shifted,
    /// One still, coloured by a program as the challenge says: expected to pass.
    Tinted,
}

impl CaptureKind {
    /// All of them, in the order of the documentation.
    pub const ALL: [Self; 18] = [
        Self::Bona,
        Self::Screen,
        Self::GreyCopy,
        Self::ColorPrint,
        Self::Replay,
        Self::Thumb,
        Self::TwoCards,
        Self::OtherCard,
        Self::Clutter,
        Self::Blur,
        Self::Glare,
        Self::Dark,
        Self::OverExposed,
        Self::Tilted,
        Self::Small,
        Self::Untinted,
        Self::Shifted,
        Self::Tinted,
    ];

    /// Its word on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Bona => "bona",
            Self::Screen => "screen",
            Self::GreyCopy => "grey-copy",
            Self::ColorPrint => "color-print",
            Self::Replay => "replay",
            Self::Thumb => "thumb",
            Self::TwoCards => "two-cards",
            Self::OtherCard => "other-card",
            Self::Clutter => "clutter",
            Self::Blur => "blur",
            Self::Glare => "glare",
            Self::Dark => "dark",
            Self::OverExposed => "over-exposed",
            Self::Tilted => "tilted",
            Self::Small => "small",
            Self::Untinted => "untinted",
            Self::Shifted => "shifted",
            Self::Tinted => "tinted",
        }
    }
}

impl fmt::Display for CaptureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for CaptureKind {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        let known = Self::ALL.map(Self::as_str).join(", ");
        let kind = Self::ALL.into_iter().find(|kind| kind.as_str() == word);
        kind.ok_or_else(|| format!("no kind of capture; there are {known}"))
    }
}
