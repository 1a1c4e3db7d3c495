//! One piece of a line, read: laid into the model's height, run, and the steps of its answer taken together to letters.
//! Not here: where the piece lies, and what it means.

use domain::ports::{FaceModelFault, Picture};
use zeroize::Zeroizing;

use super::ink::Area;
use crate::manifest::{Channels, Input, Manifest, TextDecoding, TextLines};
use crate::session::Session;

/// Widths that the model is fed are multiples of this: its steps are some pixels each.
const WIDTH_STEP: usize = 32;

/// A short word has room beside it, as the words had that the model learned from.
const WIDTH_MIN: usize = 96;

/// Pixels around the piece, as a share of its height: letters that touch the edge are read worse.
const MARGIN: f32 = 0.16;

/// Letters are made so much narrower than they are printed: the model reads them as well, and its time goes by the width
/// (docs/decisions/0029-text-reader.md).
const NARROWED: f32 = 0.65;

/// A letter that is less likely is none, whatever else is passed over.
const LETTER_SHARE_MIN: f32 = 0.15;

/// Reads pieces of lines.
pub(crate) struct TextRecogniser {
    session: Session,
    input: Input,
    classes: usize,
    /// The classes that may be read, and their letters.
    letters: Vec<(usize, char)>,
    confidence_min: f32,
}

/// What the model says of a piece: at each step the shares of blank and of each letter that may be read.
pub(super) struct Steps<'a> {
    letters: &'a [(usize, char)],
    /// Blank first.
    shares: Zeroizing<Vec<f32>>,
    confidence_min: f32,
}

/// Letters, and how sure they are: the mean of each one's share.
pub(super) struct Letters {
    pub(super) text: Zeroizing<String>,
    pub(super) confidence: f32,
}

impl TextRecogniser {
    /// Holds the file's own list of characters against the manifest.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub(crate) fn new(session: Session, manifest: &Manifest, settings: &TextLines) -> Result<Self, String> {
        // The one decoding there is: another would not compile before it has its own way here.
        let TextDecoding::Ctc = settings.decoding;
        let classes = manifest.output.first().and_then(|output| output.shape.last()).copied().unwrap_or(0);
        let Some(characters) = session.characters() else {
            return Err(
                "the model file carries no list of characters (`character` among its properties)".into()
            );
        };
        let characters: Vec<&str> = characters.split('\n').collect();
        if characters.len() + 2 != classes {
            return Err(format!(
                "the model file lists {} characters; with blank and space that is not `output`'s {classes} classes",
                characters.len()
            ));
        }
        let mut letters = vec![(classes - 1, ' ')];
        for letter in settings.alphabet.chars().filter(|letter| *letter != ' ') {
            let place = characters.iter().position(|character| character.chars().eq([letter]));
            let place =
                place.ok_or_else(|| format!("`text_reader.alphabet` has {letter:?}, the file has not"))?;
            if !letters.contains(&(place + 1, letter)) {
                letters.push((place + 1, letter));
            }
        }
        let confidence_min = settings.confidence_min;
        Ok(Self { session, input: manifest.input.clone(), classes, letters, confidence_min })
    }

    /// Runs the model on a piece of the card.
    pub(super) fn steps(&self, card: &Picture, piece: Area) -> Result<Steps<'_>, FaceModelFault> {
        let (width, tensor) = self.tensor(card, piece);
        let numbers = Zeroizing::new(self.session.run_wide(width, &tensor)?);
        if numbers.is_empty() || !numbers.len().is_multiple_of(self.classes) {
            return Err(self
                .session
                .fault("its output has another number of classes than the manifest says"));
        }
        let mut shares = Vec::with_capacity(numbers.len() / self.classes * (self.letters.len() + 1));
        for step in numbers.chunks_exact(self.classes) {
            shares.push(step[0]);
            shares.extend(self.letters.iter().map(|(class, _)| step[*class]));
        }
        Ok(Steps {
            letters: &self.letters,
            shares: Zeroizing::new(shares),
            confidence_min: self.confidence_min,
        })
    }

    /// The piece in the model's height, its proportions kept as long as it is no longer than the model takes; what is
    /// left over at the right is as a grey of the middle.
    fn tensor(&self, card: &Picture, piece: Area) -> (usize, Zeroizing<Vec<f32>>) {
        let [_, _, height, width_max] = self.input.shape;
        let margin = piece.height() as f32 * MARGIN;
        let (left, top) = (piece.left as f32 - margin, piece.top as f32 - margin);
        let (wide, high) = (piece.width() as f32 + 2.0 * margin, piece.height() as f32 + 2.0 * margin);
        let drawn = ((wide / high * height as f32 * NARROWED).round() as usize).clamp(1, width_max);
        let width = drawn.next_multiple_of(WIDTH_STEP).clamp(WIDTH_MIN, width_max.max(WIDTH_MIN));
        let mut tensor = Zeroizing::new(vec![0.0; 3 * height * width]);
        for y in 0..height {
            let from_y = top + (y as f32 + 0.5) * high / height as f32 - 0.5;
            for x in 0..drawn {
                let from_x = left + (x as f32 + 0.5) * wide / drawn as f32 - 0.5;
                let [red, green, blue] = sampled(card, from_x, from_y);
                let channels = match self.input.channels {
                    Channels::Rgb => [red, green, blue],
                    Channels::Bgr => [blue, green, red],
                };
                for (channel, value) in channels.into_iter().enumerate() {
                    let at = (channel * height + y) * width + x;
                    tensor[at] = (value - self.input.mean[channel]) * self.input.scale;
                }
            }
        }
        (width, tensor)
    }
}

/// Bilinear; beyond the card its outermost pixels go on.
fn sampled(card: &Picture, x: f32, y: f32) -> [f32; 3] {
    let (x, y) = (x.clamp(0.0, (card.width() - 1) as f32), y.clamp(0.0, (card.height() - 1) as f32));
    let (left, top) = (x as usize, y as usize);
    let (right, bottom) = ((left + 1).min(card.width() - 1), (top + 1).min(card.height() - 1));
    let (along, down) = (x - left as f32, y - top as f32);
    let pixel =
        |x: usize, y: usize, channel: usize| f32::from(card.rgb()[(y * card.width() + x) * 3 + channel]);
    [0, 1, 2].map(|channel| {
        let upper = pixel(left, top, channel) * (1.0 - along) + pixel(right, top, channel) * along;
        let lower = pixel(left, bottom, channel) * (1.0 - along) + pixel(right, bottom, channel) * along;
        upper * (1.0 - down) + lower * down
    })
}

impl Steps<'_> {
    /// The most likely letters among those that `may` be there: at each step the largest share, letters that go on over
    /// steps once. None where nothing is left or it is less sure than the manifest asks for.
    pub(super) fn letters(&self, may: impl Fn(char) -> bool) -> Option<Letters> {
        let (mut text, mut sum, mut count) = (Zeroizing::new(String::new()), 0.0, 0.0_f32);
        let mut before = None;
        for step in self.shares.chunks_exact(self.letters.len() + 1) {
            let (mut best, mut share) = (None, step[0].max(LETTER_SHARE_MIN));
            for ((_, letter), found) in self.letters.iter().zip(&step[1..]) {
                if *found > share && may(*letter) {
                    (best, share) = (Some(*letter), *found);
                }
            }
            if let Some(letter) = best
                && before != best
            {
                text.push(letter);
                sum += share;
                count += 1.0;
            }
            before = best;
        }
        let confidence = if count > 0.0 { sum / count } else { 0.0 };
        let is_there = !text.trim().is_empty() && confidence >= self.confidence_min;
        is_there.then_some(Letters { text, confidence })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shares of blank, `A` and `1` at each step.
    fn read(shares: &[[f32; 3]], may: fn(char) -> bool) -> Option<(String, f32)> {
        let letters = [(1, 'A'), (2, '1')];
        let shares = Zeroizing::new(shares.as_flattened().to_vec());
        let letters = Steps { letters: &letters, shares, confidence_min: 0.5 }.letters(may)?;
        Some((letters.text.to_string(), letters.confidence))
    }

    #[test]
    fn steps_become_letters() {
        let (blank, a, one) = ([0.9, 0.1, 0.0], [0.1, 0.8, 0.1], [0.1, 0.3, 0.6]);
        let any = |_: char| true;
        for (steps, text) in [
            (vec![a], Some("A")),
            (vec![a, a, a], Some("A")),
            (vec![a, blank, a], Some("AA")),
            (vec![blank, a, one, blank], Some("A1")),
            (vec![blank], None),
            (vec![], None),
            // Less sure than half.
            (vec![[0.3, 0.4, 0.3]], None),
        ] {
            assert_eq!(read(&steps, any).map(|(text, _)| text).as_deref(), text, "{steps:?}");
        }
        let (_, confidence) = read(&[a, one], any).expect("two letters");
        assert!((confidence - 0.7).abs() < 1e-6, "{confidence}");
    }

    #[test]
    fn a_letter_that_may_not_be_there_is_passed_over() {
        let steps = [[0.0, 0.45, 0.55], [0.9, 0.1, 0.0]];
        assert_eq!(read(&steps, |c| c.is_ascii_digit()).map(|(text, _)| text).as_deref(), Some("1"));
        assert_eq!(read(&[[0.0, 0.6, 0.3]], |c| c.is_ascii_digit()), None);
    }
}
