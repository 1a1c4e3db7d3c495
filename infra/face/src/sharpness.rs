//! How much detail a face holds, from 0, where blurring it once more changes nothing, to 1. After Crété et al., *The
//! Blur Effect* (SPIE 6492, 2007): the differences between neighbours are compared with those of the same picture after
//! a blur; what was sharp loses most of them. The measure does not depend on contrast or brightness. Not here: how much
//! is enough (an embedder's manifest, with figures in `docs/face.md`).

use domain::ports::Picture;

use crate::geometry::grey;

/// Taps of the blur to each side: nine in all, as in the paper.
const REACH: usize = 4;

/// Of an aligned face: its scale is always the same, or the measure would speak of the camera.
pub(crate) fn sharpness(aligned: &Picture) -> f32 {
    let (width, height) = (aligned.width(), aligned.height());
    let grey = grey(aligned);
    let columns: Vec<f32> =
        (0..width).flat_map(|x| (0..height).map(move |y| y * width + x)).map(|at| grey[at]).collect();
    lost(&grey, width).min(lost(&columns, height))
}

/// The share of the differences along the rows that a blur along the rows takes.
fn lost(grey: &[f32], width: usize) -> f32 {
    let (mut before, mut taken) = (0.0_f64, 0.0_f64);
    let mut blurred = vec![0.0_f32; width];
    for row in grey.chunks_exact(width.max(1)) {
        for (x, mean) in blurred.iter_mut().enumerate() {
            let near = &row[x.saturating_sub(REACH)..(x + REACH + 1).min(width)];
            *mean = near.iter().sum::<f32>() / near.len() as f32;
        }
        for (pair, smooth) in row.windows(2).zip(blurred.windows(2)) {
            let (difference, left) = ((pair[1] - pair[0]).abs(), (smooth[1] - smooth[0]).abs());
            before += f64::from(difference);
            taken += f64::from((difference - left).max(0.0));
        }
    }
    if before > 0.0 { (taken / before) as f32 } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripes(period: usize, low: u8, high: u8) -> Picture {
        let pixel = |at: usize| if (at % 64 + at / 64) % period < period / 2 { low } else { high };
        Picture::new(64, 64, (0..64 * 64).flat_map(|at| [pixel(at); 3]).collect()).expect("64 x 64")
    }

    #[test]
    fn sharp_edges_count_whatever_their_contrast_and_flat_grey_is_no_detail() {
        let strong = sharpness(&stripes(16, 0, 255));
        assert!(strong > 0.8, "{strong}");
        assert!((strong - sharpness(&stripes(16, 100, 120))).abs() < 0.01);
        assert_eq!(sharpness(&stripes(2, 90, 90)), 0.0);
    }

    #[test]
    fn a_ramp_has_little_to_lose() {
        let ramp = Picture::new(
            64,
            64,
            (0..64 * 64).flat_map(|at| [(at % 64 * 2 + at / 64 * 2) as u8; 3]).collect(),
        );
        let found = sharpness(&ramp.expect("64 x 64"));
        assert!(found < 0.2, "{found}");
    }
}
