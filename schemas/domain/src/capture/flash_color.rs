//! The colours that a screen is asked to show.

/// A colour of the palette of generator `fc1` (sequence §1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FlashColor {
    /// `#FF0000`
    Red,
    /// `#00FF00`
    Green,
    /// `#0000FF`
    Blue,
    /// `#00FFFF`
    Cyan,
    /// `#FF00FF`
    Magenta,
    /// `#FFFF00`
    Yellow,
    /// `#FFFFFF`
    White,
    /// `#000000`
    Black,
}

impl FlashColor {
    /// The palette, in the order that the generator draws from.
    pub const ALL: [Self; 8] = [
        Self::Red,
        Self::Green,
        Self::Blue,
        Self::Cyan,
        Self::Magenta,
        Self::Yellow,
        Self::White,
        Self::Black,
    ];

    /// `#RRGGBB`, as it stands in answers and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Red => "#FF0000",
            Self::Green => "#00FF00",
            Self::Blue => "#0000FF",
            Self::Cyan => "#00FFFF",
            Self::Magenta => "#FF00FF",
            Self::Yellow => "#FFFF00",
            Self::White => "#FFFFFF",
            Self::Black => "#000000",
        }
    }

    /// The colour of that text.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|color| color.as_str() == text)
    }

    /// Red, green and blue, each full or none.
    pub fn channels(self) -> [bool; 3] {
        match self {
            Self::Red => [true, false, false],
            Self::Green => [false, true, false],
            Self::Blue => [false, false, true],
            Self::Cyan => [false, true, true],
            Self::Magenta => [true, false, true],
            Self::Yellow => [true, true, false],
            Self::White => [true; 3],
            Self::Black => [false; 3],
        }
    }

    /// Whether it has a hue: neither black nor white, which are of one class for a sensor that adapts.
    pub fn is_chromatic(self) -> bool {
        !matches!(self, Self::White | Self::Black)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_says_the_channels() {
        for color in FlashColor::ALL {
            let byte = |full| if full { "FF" } else { "00" };
            let text = format!("#{}", color.channels().map(byte).concat());
            assert_eq!((color.as_str(), FlashColor::parse(&text)), (text.as_str(), Some(color)));
        }
        for no_color in ["", "#ff0000", "FF0000", "#FF8000"] {
            assert_eq!(FlashColor::parse(no_color), None, "{no_color}");
        }
    }
}
