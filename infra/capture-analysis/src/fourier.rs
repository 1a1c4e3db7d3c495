//! Fourier transforms of square windows whose side is a power of two. Not here: what their peaks mean.

use std::f64::consts::PI;

/// The factors of a transform of that length.
pub(crate) struct FourierPlan {
    side: usize,
    /// e^(−2πik/side), k below side/2.
    turns: Vec<[f32; 2]>,
    hann: Vec<f32>,
}

impl FourierPlan {
    /// `side` is a power of two.
    pub(crate) fn new(side: usize) -> Self {
        let turn = |k: usize| -2.0 * PI * k as f64 / side as f64;
        let turns = (0..side / 2).map(|k| [turn(k).cos() as f32, turn(k).sin() as f32]).collect();
        let hann = (0..side).map(|k| (0.5 - 0.5 * turn(k).cos()) as f32).collect();
        Self { side, turns, hann }
    }

    /// The magnitudes of a window's spectrum, `side` × `side`, frequency 0 first, of brightness without its mean under a
    /// Hann window.
    pub(crate) fn magnitudes(&self, window: &[f32]) -> Vec<f32> {
        let side = self.side;
        let mean = window.iter().sum::<f32>() / window.len().max(1) as f32;
        let weighted =
            |(at, value): (usize, &f32)| [(value - mean) * self.hann[at % side] * self.hann[at / side], 0.0];
        let mut plane: Vec<[f32; 2]> = window.iter().enumerate().map(weighted).collect();
        plane.chunks_exact_mut(side).for_each(|row| self.transform(row));
        transpose(&mut plane, side);
        plane.chunks_exact_mut(side).for_each(|row| self.transform(row));
        transpose(&mut plane, side);
        plane.into_iter().map(|[re, im]| re.hypot(im)).collect()
    }

    /// Cooley and Tukey's, in place.
    fn transform(&self, line: &mut [[f32; 2]]) {
        let bits = self.side.trailing_zeros();
        for at in 0..self.side {
            let other = at.reverse_bits() >> (usize::BITS - bits);
            if other > at {
                line.swap(at, other);
            }
        }
        let mut half = 1;
        while half < self.side {
            let stride = self.side / (2 * half);
            for block in line.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                for (k, (a, b)) in low.iter_mut().zip(high).enumerate() {
                    let [cos, sin] = self.turns[k * stride];
                    let turned = [b[0] * cos - b[1] * sin, b[0] * sin + b[1] * cos];
                    (*a, *b) = ([a[0] + turned[0], a[1] + turned[1]], [a[0] - turned[0], a[1] - turned[1]]);
                }
            }
            half *= 2;
        }
    }
}

fn transpose(plane: &mut [[f32; 2]], side: usize) {
    for y in 0..side {
        for x in y + 1..side {
            plane.swap(y * side + x, x * side + y);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wave_is_one_peak_and_its_mirror() {
        let side = 32;
        let wave = |at: usize| {
            (2.0 * PI * (5.0 * (at % side) as f64 + 3.0 * (at / side) as f64) / side as f64).cos()
        };
        let window: Vec<f32> = (0..side * side).map(|at| 100.0 + 10.0 * wave(at) as f32).collect();
        let magnitudes = FourierPlan::new(side).magnitudes(&window);
        let largest = (0..side * side).max_by(|a, b| magnitudes[*a].total_cmp(&magnitudes[*b]));
        let at = largest.expect("some");
        assert!(at == 3 * side + 5 || at == (side - 3) * side + side - 5, "{at}");
        // Half the amplitude, times the sums of the Hann windows, 16 each.
        assert!((magnitudes[at] - 5.0 * 256.0).abs() < 1.0, "{}", magnitudes[at]);
        assert!(magnitudes[10 * side + 10] < 0.01);
    }
}
