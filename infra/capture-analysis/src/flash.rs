//! Light of the screen on a surface (sequence §3.1): when which colour was shown, how a region's colour followed it, and
//! how sure that is. Regions and thresholds are parameters: a card's and a face's differ. Not here: which pixels make a
//! region, and what a voter is called.

mod reflectance;
mod timeline;

pub(crate) use reflectance::{FlashOutcome, ReflectanceLimits, RegionSeries, judge};
pub(crate) use timeline::FlashTimeline;

use domain::ports::Picture;

use crate::raster::{Point, light};

/// Levels of a pixel that says something of the light: neither drowned in black nor burnt out.
const LEVELS: std::ops::RangeInclusive<u8> = 3..=250;

/// What a region of a frame sends back.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct RegionLight {
    /// Mean of red, green and blue as light, 0 to 1, of the usable pixels.
    pub(crate) light: [f64; 3],
    /// Their share.
    pub(crate) usable: f64,
}

impl RegionLight {
    /// Of the pixels nearest to the points; points outside of the picture are not usable.
    pub(crate) fn of(picture: &Picture, points: impl Iterator<Item = Point>) -> Self {
        let (mut sums, mut usable, mut all) = ([0.0; 3], 0_u32, 0_u32);
        let pixels = picture.rgb().as_chunks::<3>().0;
        for [x, y] in points {
            all += 1;
            let (x, y) = (x.round(), y.round());
            if x < 0.0 || y < 0.0 || x >= picture.width() as f64 || y >= picture.height() as f64 {
                continue;
            }
            let pixel = pixels[y as usize * picture.width() + x as usize];
            if pixel.iter().all(|level| LEVELS.contains(level)) {
                sums.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += light(level));
                usable += 1;
            }
        }
        let count = f64::from(usable.max(1));
        Self { light: sums.map(|sum| sum / count), usable: f64::from(usable) / f64::from(all.max(1)) }
    }

    /// (ln R/G, ln B/G): what exposure does to all channels alike falls out. None where too few pixels are usable.
    pub(crate) fn chroma(&self, usable_min: f64) -> Option<[f64; 2]> {
        let [r, g, b] = self.light;
        let says = self.usable >= usable_min && r > 0.0 && g > 0.0 && b > 0.0;
        says.then(|| [libm::log(r / g), libm::log(b / g)])
    }
}

#[cfg(test)]
#[path = "flash_tests.rs"]
mod tests;
