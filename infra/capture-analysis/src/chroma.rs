//! Whether a card has colours of its own, under whatever light. Warm light makes a grey copy as colourful as a faded card,
//! if colours are measured from white; but it makes all of it the same colour. So what is measured is how far the card's
//! parts differ in colour from each other, as logarithms of light: a lamp's colour falls out, and so does a lamp at one
//! side (decision 0028). Not here: from which number on a card is grey.

use domain::ports::Picture;

use crate::raster::light;

/// Parts of the card: each is the mean of enough pixels that noise and JPEG's coarse colours are gone.
const COLUMNS: usize = 32;
const ROWS: usize = 20;
/// Share of the card around it that is left out: its border, and the table's colour beside it.
const BORDER: f64 = 0.04;
/// Light of the darkest channel of a part: below it black levels and noise make colours.
const LIGHT_MIN: f64 = 0.01;
/// Parts that must be light enough.
const CELLS_MIN: usize = 64;

/// The spread of a card's colours: the deviation of ln R/G and ln B/G together, without their gradient over the card. None
/// where too little of it is light enough, or too much burnt out.
pub(crate) fn chroma_spread(card: &Picture) -> Option<f64> {
    let cells = cells(card);
    if cells.len() < CELLS_MIN {
        return None;
    }
    let variance = |value: fn(&Cell) -> f64| {
        let plane = Plane::through(&cells, value)?;
        let squares = cells.iter().map(|cell| (value(cell) - plane.at(cell)).powi(2)).sum::<f64>();
        Some(squares / cells.len() as f64)
    };
    Some((variance(|cell| cell.red)? + variance(|cell| cell.blue)?).sqrt())
}

/// A part of the card.
struct Cell {
    x: f64,
    y: f64,
    /// ln R/G.
    red: f64,
    /// ln B/G.
    blue: f64,
}

fn cells(card: &Picture) -> Vec<Cell> {
    let inset = |size: usize| (size as f64 * BORDER) as usize;
    let (left, top) = (inset(card.width()), inset(card.height()));
    let (width, height) = ((card.width() - 2 * left) / COLUMNS, (card.height() - 2 * top) / ROWS);
    let pixels = card.rgb().as_chunks::<3>().0;
    let mut cells = Vec::new();
    for at in 0..COLUMNS * ROWS {
        let (column, row) = (at % COLUMNS, at / COLUMNS);
        let (mut sums, mut count) = ([0.0; 3], 0_usize);
        for y in top + row * height..top + (row + 1) * height {
            let start = y * card.width() + left + column * width;
            for pixel in &pixels[start..start + width] {
                if pixel.iter().all(|level| *level <= 250) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, level)| *sum += light(*level));
                    count += 1;
                }
            }
        }
        let [r, g, b] = sums.map(|sum| sum / count.max(1) as f64);
        if count * 2 >= width * height && r.min(g).min(b) >= LIGHT_MIN {
            let (red, blue) = (libm::log(r / g), libm::log(b / g));
            cells.push(Cell { x: column as f64, y: row as f64, red, blue });
        }
    }
    cells
}

/// A value that changes evenly over the card: light that comes from one side.
struct Plane {
    middle: [f64; 3],
    slope: [f64; 2],
}

impl Plane {
    /// The one nearest to the cells' values.
    fn through(cells: &[Cell], value: fn(&Cell) -> f64) -> Option<Self> {
        let count = cells.len() as f64;
        let mean = |of: &dyn Fn(&Cell) -> f64| cells.iter().map(of).sum::<f64>() / count;
        let (x, y, v) = (mean(&|cell| cell.x), mean(&|cell| cell.y), mean(&value));
        let product = |a: &dyn Fn(&Cell) -> f64, b: &dyn Fn(&Cell) -> f64| mean(&|cell| a(cell) * b(cell));
        let (off_x, off_y) = (|cell: &Cell| cell.x - x, |cell: &Cell| cell.y - y);
        let off_v = |cell: &Cell| value(cell) - v;
        let (xx, xy, yy) = (product(&off_x, &off_x), product(&off_x, &off_y), product(&off_y, &off_y));
        let (xv, yv) = (product(&off_x, &off_v), product(&off_y, &off_v));
        let size = xx * yy - xy * xy;
        let slope = [(xv * yy - yv * xy) / size, (yv * xx - xv * xy) / size];
        (size > 1e-9).then_some(Self { middle: [x, y, v], slope })
    }

    fn at(&self, cell: &Cell) -> f64 {
        let [x, y, v] = self.middle;
        v + self.slope[0] * (cell.x - x) + self.slope[1] * (cell.y - y)
    }
}

#[cfg(test)]
#[path = "chroma_tests.rs"]
mod tests;
