//! What happens to photos on their way, done on purpose: to pixels, by plain arithmetic. Not here: files.

use domain::ports::Picture;

fn made(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
    let at = |at: usize| pixel(at % width, at / width);
    Picture::new(width, height, (0..width * height).flat_map(at).collect()).expect("as large as it is")
}

fn at(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let place = (y * picture.width() + x) * 3;
    [0, 1, 2].map(|channel| picture.rgb()[place + channel])
}

/// Without colours: the mean of the three.
pub fn grey(picture: &Picture) -> Picture {
    let mean = |x, y| [(at(picture, x, y).iter().map(|value| u32::from(*value)).sum::<u32>() / 3) as u8; 3];
    made(picture.width(), picture.height(), mean)
}

/// A quarter as bright.
pub fn dimmed(picture: &Picture) -> Picture {
    made(picture.width(), picture.height(), |x, y| at(picture, x, y).map(|value| value / 4))
}

/// The mean of four by four places within each new pixel.
pub fn resized(picture: &Picture, width: usize, height: usize) -> Picture {
    made(width, height, |x, y| {
        let mut sums = [0_u32; 3];
        for place in 0..16 {
            let (across, down) = (x * 4 + place % 4, y * 4 + place / 4);
            let from =
                at(picture, across * picture.width() / (width * 4), down * picture.height() / (height * 4));
            sums.iter_mut().zip(from).for_each(|(sum, value)| *sum += u32::from(value));
        }
        sums.map(|sum| (sum / 16) as u8)
    })
}

/// That share taken off at each side.
pub fn cropped(picture: &Picture, share: f32) -> Picture {
    let off = |side: usize| (side as f32 * share) as usize;
    let (left, top) = (off(picture.width()), off(picture.height()));
    made(picture.width() - 2 * left, picture.height() - 2 * top, |x, y| at(picture, x + left, y + top))
}

/// That share taken off at the left and at the top.
pub fn trimmed(picture: &Picture, share: f32) -> Picture {
    let off = |side: usize| (side as f32 * share) as usize;
    let (left, top) = (off(picture.width()), off(picture.height()));
    made(picture.width() - left, picture.height() - top, |x, y| at(picture, x + left, y + top))
}

/// Left and right exchanged.
pub fn mirrored(picture: &Picture) -> Picture {
    made(picture.width(), picture.height(), |x, y| at(picture, picture.width() - 1 - x, y))
}

/// A Gaussian's worth of blur: three box blurs along each axis (their variance is (w² − 1)/4 together).
pub fn blurred(picture: &Picture, sigma: f32) -> Picture {
    let reach = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).round() as usize;
    let mut rgb = picture.rgb().to_vec();
    let (width, height) = (picture.width(), picture.height());
    for _ in 0..3 {
        rgb = boxed(&rgb, height, width, [width * 3, 3], reach);
        rgb = boxed(&rgb, width, height, [3, width * 3], reach);
    }
    Picture::new(width, height, rgb).expect("as large as before")
}

/// Running means along lines: `steps` are from line to line and from pixel to pixel.
fn boxed(rgb: &[u8], lines: usize, length: usize, [line_step, step]: [usize; 2], reach: usize) -> Vec<u8> {
    let mut out = rgb.to_vec();
    for first in (0..lines).flat_map(|line| (0..3).map(move |channel| line * line_step + channel)) {
        let mut sums = vec![0_u32];
        for place in 0..length {
            sums.push(sums[place] + u32::from(rgb[first + place * step]));
        }
        for place in 0..length {
            let (start, end) = (place.saturating_sub(reach), (place + reach + 1).min(length));
            out[first + place * step] = ((sums[end] - sums[start]) / (end - start) as u32) as u8;
        }
    }
    out
}

/// Turned clockwise on the screen, the corners kept, the nearest pixel taken.
pub fn turned(picture: &Picture, degrees: f32) -> Picture {
    let (sin, cos) = degrees.to_radians().sin_cos();
    let (width, height) = (picture.width() as f32, picture.height() as f32);
    let new_width = (width * cos.abs() + height * sin.abs()).round();
    let new_height = (width * sin.abs() + height * cos.abs()).round();
    made(new_width as usize, new_height as usize, |x, y| {
        let (x, y) = (x as f32 - (new_width - 1.0) / 2.0, y as f32 - (new_height - 1.0) / 2.0);
        let from_x = (cos * x + sin * y + (width - 1.0) / 2.0).round();
        let from_y = (cos * y - sin * x + (height - 1.0) / 2.0).round();
        let within = (0.0..width).contains(&from_x) && (0.0..height).contains(&from_y);
        if within { at(picture, from_x as usize, from_y as usize) } else { [0; 3] }
    })
}

/// Pictures laid onto black, each at its place.
pub fn canvas(width: usize, height: usize, pasted: &[(Picture, usize, usize)]) -> Picture {
    made(width, height, |x, y| {
        let over = |(picture, left, top): &(Picture, usize, usize)| {
            let (x, y) = (x.checked_sub(*left)?, y.checked_sub(*top)?);
            (x < picture.width() && y < picture.height()).then(|| at(picture, x, y))
        };
        pasted.iter().find_map(over).unwrap_or([0; 3])
    })
}
