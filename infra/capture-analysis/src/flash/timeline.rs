//! When which colour was on the screen. Not here: what came back of it.

use domain::capture::FlashColor;

/// How far the phone's own word may move a colour's beginning from what it was asked for (sequence §3.1).
const ONSET_OFF_MAX_MS: f64 = 100.0;

/// The colours of a challenge as they appeared, in milliseconds since the first.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FlashTimeline {
    onsets: Vec<f64>,
    colors: Vec<FlashColor>,
}

impl FlashTimeline {
    /// None where the phone says that it showed the colours at other times than it was asked to, or how many holds there
    /// are is not how many colours.
    pub(crate) fn new(colors: &[FlashColor], holds_ms: &[u32], seen_ms: Option<&[u32]>) -> Option<Self> {
        let mut onsets = Vec::with_capacity(colors.len());
        let mut at = 0.0;
        for hold in holds_ms {
            onsets.push(at);
            at += f64::from(*hold);
        }
        if onsets.is_empty() || onsets.len() != colors.len() {
            return None;
        }
        if let Some(seen) = seen_ms {
            let seen: Vec<f64> = seen.iter().map(|at| f64::from(*at)).collect();
            let near = onsets.iter().zip(&seen).all(|(asked, seen)| (asked - seen).abs() <= ONSET_OFF_MAX_MS);
            if seen.len() != onsets.len() || !near || !seen.is_sorted() {
                return None;
            }
            onsets = seen;
        }
        Some(Self { onsets, colors: colors.to_vec() })
    }

    pub(crate) fn colors(&self) -> &[FlashColor] {
        &self.colors
    }

    /// Which colour was shown then, and for how long by then. Before the first it is the first, after the last the last.
    pub(crate) fn step_at(&self, ms: f64) -> (usize, f64) {
        let step = self.onsets.partition_point(|onset| *onset <= ms).saturating_sub(1);
        (step, ms - self.onsets[step])
    }

    /// The colour's part beside white: (R − G, B − G).
    pub(crate) fn direction_at(&self, ms: f64) -> [f64; 2] {
        direction(self.colors[self.step_at(ms).0])
    }
}

/// (R − G, B − G) of a colour.
pub(crate) fn direction(color: FlashColor) -> [f64; 2] {
    let [r, g, b] = color.channels().map(|full| if full { 1.0 } else { 0.0 });
    [r - g, b - g]
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLORS: [FlashColor; 3] = [FlashColor::Red, FlashColor::White, FlashColor::Blue];

    #[test]
    fn the_phones_word_moves_an_onset_a_little() {
        for (seen, stands) in [
            (None, true),
            (Some(vec![0, 400, 900]), true),
            (Some(vec![20, 500, 1000]), true),
            (Some(vec![0, 501, 900]), false),
            (Some(vec![0, 299, 900]), false),
            (Some(vec![0, 400]), false),
            (Some(vec![0, 400, 900, 1300]), false),
        ] {
            let timeline = FlashTimeline::new(&COLORS, &[400, 500, 400], seen.as_deref());
            assert_eq!(timeline.is_some(), stands, "{seen:?}");
        }
        assert_eq!(FlashTimeline::new(&COLORS, &[400, 500], None), None);
        assert_eq!(FlashTimeline::new(&[], &[], None), None);
    }

    #[test]
    fn a_moment_has_its_colour() {
        let timeline = FlashTimeline::new(&COLORS, &[400, 500, 400], Some(&[0, 420, 910])).expect("near");
        for (ms, step, held) in
            [(-50.0, 0, -50.0), (0.0, 0, 0.0), (419.0, 0, 419.0), (420.0, 1, 0.0), (2000.0, 2, 1090.0)]
        {
            assert_eq!(timeline.step_at(ms), (step, held), "{ms}");
        }
        assert_eq!(timeline.direction_at(0.0), [1.0, 0.0]);
        assert_eq!(timeline.direction_at(500.0), [0.0, 0.0]);
        assert_eq!(direction(FlashColor::Green), [-1.0, -1.0]);
    }
}
