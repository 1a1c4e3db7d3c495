//! Where on a straightened card something is printed: what is darker than its surroundings, the lines that it lies in,
//! and the pieces of a line. Found by looking, not by fixed rows: cards were printed by many machines. Not here: what
//! the lines say.

use domain::ports::Picture;

use crate::limits::TEXT_LINES_MAX;

/// A pixel is ink where it has less than this share of the mean brightness around it, in 256ths: print on a KTP has a
/// third or less of its ground, its ground's pattern nine tenths.
const INK_SHARE_MAX: u64 = 205;

/// How far around a pixel its surroundings reach, as a share of the card's height: a line and a half of text.
const AROUND: f32 = 0.04;

/// The part of the card's width that lines are looked for in: labels and values, and nothing of the portrait.
const COLUMN: std::ops::Range<f32> = 0.02..0.62;

/// Lines nearer to the card's edges than this share of its height are the edge itself.
const EDGE: f32 = 0.02;

/// The height of a line of text as a share of the card's: half and double of what KTPs are printed in.
const LINE_HEIGHT: std::ops::Range<f32> = 0.012..0.10;

/// A row of pixels belongs to a line from this share of the fullest rows' ink on.
const ROW_SHARE_MIN: f32 = 0.08;

/// A rectangle of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Area {
    pub(super) left: usize,
    pub(super) top: usize,
    pub(super) right: usize,
    pub(super) bottom: usize,
}

impl Area {
    pub(super) fn width(self) -> usize {
        self.right.saturating_sub(self.left)
    }

    pub(super) fn height(self) -> usize {
        self.bottom.saturating_sub(self.top)
    }
}

/// Which pixels are printed on.
pub(super) struct Ink {
    width: usize,
    height: usize,
    printed: Vec<bool>,
}

impl Ink {
    pub(super) fn of(card: &Picture) -> Self {
        let (width, height) = (card.width(), card.height());
        let grey: Vec<u8> = card.rgb().as_chunks::<3>().0.iter().map(|rgb| brightness(*rgb)).collect();
        let sums = sums(&grey, width, height);
        let reach = ((height as f32 * AROUND) as usize).max(2);
        let mut printed = vec![false; width * height];
        for y in 0..height {
            let (top, bottom) = (y.saturating_sub(reach), (y + reach + 1).min(height));
            for x in 0..width {
                let (left, right) = (x.saturating_sub(reach), (x + reach + 1).min(width));
                let at = |x: usize, y: usize| sums[y * (width + 1) + x];
                let sum = at(right, bottom) + at(left, top) - at(left, bottom) - at(right, top);
                let pixels = ((right - left) * (bottom - top)) as u64;
                printed[y * width + x] = u64::from(grey[y * width + x]) * pixels * 256 < sum * INK_SHARE_MAX;
            }
        }
        Self { width, height, printed }
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    pub(super) fn height(&self) -> usize {
        self.height
    }

    /// Printed pixels of an area, row by row.
    fn by_row(&self, area: Area) -> Vec<usize> {
        let row = |y: usize| &self.printed[y * self.width + area.left..y * self.width + area.right];
        (area.top..area.bottom).map(|y| row(y).iter().filter(|printed| **printed).count()).collect()
    }

    /// Printed pixels of an area, column by column.
    fn by_column(&self, area: Area) -> Vec<usize> {
        let mut columns = vec![0; area.width()];
        for y in area.top..area.bottom {
            let row = &self.printed[y * self.width + area.left..y * self.width + area.right];
            columns.iter_mut().zip(row).for_each(|(count, printed)| *count += usize::from(*printed));
        }
        columns
    }

    /// Lines of text from the top, as wide as the column that they were looked for in.
    pub(super) fn lines(&self) -> Vec<Area> {
        let share = |share: f32, of: usize| (share * of as f32) as usize;
        let (left, right) = (share(COLUMN.start, self.width), share(COLUMN.end, self.width));
        let edge = share(EDGE, self.height);
        let (top, bottom) = (edge, self.height.saturating_sub(edge).max(edge));
        let rows = self.by_row(Area { left, top, right, bottom });
        let mut fullest = rows.clone();
        fullest.sort_unstable();
        // A tenth of the rows may be rules, or a thumb.
        let full = fullest.get(fullest.len() * 9 / 10).copied().unwrap_or(0);
        let least = share(ROW_SHARE_MIN, full).max(3);
        let [shortest, tallest] =
            [LINE_HEIGHT.start, LINE_HEIGHT.end].map(|of| share(of, self.height).max(2));
        let mut lines = Vec::new();
        // What is taller than three lines grown together is no text.
        for (from, to) in runs(&rows, least, 1).into_iter().filter(|(from, to)| to - from <= 3 * tallest) {
            split(&rows, (from, to), tallest, &mut |from, to| {
                if (shortest..=tallest).contains(&(to - from)) && lines.len() < TEXT_LINES_MAX {
                    lines.push(Area { left, top: top + from, right, bottom: top + to });
                }
            });
        }
        lines
    }

    /// The pieces of an area that stand apart by more than `gap` pixels, from the left; each as wide as its ink.
    pub(super) fn pieces(&self, area: Area, gap: usize) -> Vec<Area> {
        let found = runs(&self.by_column(area), 1, gap).into_iter();
        // A speck is no letter.
        found
            .filter(|(from, to)| to - from >= 2)
            .map(|(from, to)| Area { left: area.left + from, right: area.left + to, ..area })
            .collect()
    }

    /// Colons of a line: two dots above each other, alike, with nothing beside them.
    pub(super) fn colons(&self, line: Area) -> Vec<Area> {
        let height = line.height();
        let is_colon = |piece: &Area| {
            let dots = runs(&self.by_row(*piece), 1, 0);
            let small = |(from, to): &(usize, usize)| (1..=height * 2 / 5).contains(&(to - from));
            piece.width() <= (height * 2 / 5).max(3) && dots.len() == 2 && dots.iter().all(small)
        };
        self.pieces(line, 0).into_iter().filter(is_colon).collect()
    }
}

/// ITU-R BT.601, in 256ths.
fn brightness([red, green, blue]: [u8; 3]) -> u8 {
    ((77 * u32::from(red) + 150 * u32::from(green) + 29 * u32::from(blue)) >> 8) as u8
}

/// Sums over everything above and left of a corner: of any rectangle by four of them.
fn sums(grey: &[u8], width: usize, height: usize) -> Vec<u64> {
    let mut sums = vec![0; (width + 1) * (height + 1)];
    for y in 0..height {
        let mut row = 0;
        for x in 0..width {
            row += u64::from(grey[y * width + x]);
            sums[(y + 1) * (width + 1) + x + 1] = sums[y * (width + 1) + x + 1] + row;
        }
    }
    sums
}

/// Where counts reach `least`, from and to; holes of up to `gap` are closed.
fn runs(counts: &[usize], least: usize, gap: usize) -> Vec<(usize, usize)> {
    let mut found: Vec<(usize, usize)> = Vec::new();
    for (at, _) in counts.iter().enumerate().filter(|(_, count)| **count >= least) {
        match found.last_mut() {
            Some((_, to)) if at - *to <= gap => *to = at + 1,
            _ => found.push((at, at + 1)),
        }
    }
    found
}

/// Cuts what is too tall for a line at its emptiest row, until it is not: letters that reach into the line beneath.
fn split(rows: &[usize], (from, to): (usize, usize), tallest: usize, found: &mut impl FnMut(usize, usize)) {
    let quarter = (to - from) / 4;
    let inner = from + quarter..to - quarter;
    let emptiest = inner.min_by_key(|at| rows[*at]);
    match emptiest {
        Some(at) if to - from > tallest && at > from => {
            split(rows, (from, at), tallest, found);
            split(rows, (at, to), tallest, found);
        }
        _ => found(from, to),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A light ground with dark rectangles on it.
    fn card(rectangles: &[[usize; 4]]) -> Picture {
        let (width, height) = (1024, 646);
        let mut rgb = [190, 215, 230].repeat(width * height);
        for [left, top, right, bottom] in rectangles {
            for y in *top..*bottom {
                rgb[(y * width + left) * 3..(y * width + right) * 3].fill(40);
            }
        }
        Picture::new(width, height, rgb).expect("a picture")
    }

    #[test]
    fn lines_are_where_something_is_printed() {
        let ink = Ink::of(&card(&[[60, 100, 200, 120], [260, 102, 400, 122], [60, 140, 120, 158]]));
        let lines: Vec<_> = ink.lines().into_iter().map(|line| (line.top, line.bottom)).collect();
        assert_eq!(lines, [(100, 122), (140, 158)]);
        assert_eq!(Ink::of(&card(&[])).lines(), []);
    }

    /// The portrait's side and the card's edges are no lines, nor is a rule, nor a dark half.
    #[test]
    fn what_is_no_text_is_no_line() {
        for nothing in [[800, 100, 900, 400], [0, 0, 1024, 6], [60, 100, 600, 102], [0, 0, 600, 646]] {
            assert_eq!(Ink::of(&card(&[nothing])).lines(), [], "{nothing:?}");
        }
    }

    #[test]
    fn pieces_stand_apart_and_colons_are_seen() {
        let colon = [[240, 104, 244, 108], [240, 114, 244, 118]];
        let ink = Ink::of(&card(&[
            [60, 100, 200, 120],
            colon[0],
            colon[1],
            [262, 100, 330, 120],
            [338, 100, 400, 120],
        ]));
        let [line] = ink.lines()[..] else { panic!("one line") };
        let pieces =
            |gap| ink.pieces(line, gap).iter().map(|piece| (piece.left, piece.right)).collect::<Vec<_>>();
        assert_eq!(pieces(4), [(60, 200), (240, 244), (262, 330), (338, 400)]);
        assert_eq!(pieces(16), [(60, 200), (240, 244), (262, 400)]);
        assert_eq!(ink.colons(line).iter().map(|colon| colon.left).collect::<Vec<_>>(), [240]);
    }
}
