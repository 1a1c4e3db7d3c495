//! What happens to photos on their way, done on purpose. It shares no code with the crate under test but the picture.

use domain::ports::Picture;

pub(crate) fn decoded(photo: &[u8]) -> Picture {
    let options = zune_core::options::DecoderOptions::default()
        .jpeg_set_out_colorspace(zune_core::colorspace::ColorSpace::RGB);
    let cursor = zune_core::bytestream::ZCursor::new(photo);
    let mut decoder = zune_jpeg::JpegDecoder::new_with_options(cursor, options);
    let rgb = decoder.decode().expect("a portrait");
    let info = decoder.info().expect("decoded");
    Picture::new(info.width.into(), info.height.into(), rgb).expect("RGB")
}

pub(crate) fn jpeg(picture: &Picture, quality: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width() as u16, picture.height() as u16);
    let encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    encoder.encode(picture.rgb(), width, height, jpeg_encoder::ColorType::Rgb).expect("encodes");
    bytes
}

pub(crate) fn png(picture: &Picture) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, picture.width() as u32, picture.height() as u32);
    encoder.set_color(png::ColorType::Rgb);
    let mut writer = encoder.write_header().expect("a header");
    writer.write_image_data(picture.rgb()).expect("pixels");
    writer.finish().expect("an end");
    bytes
}

fn made(width: usize, height: usize, pixel: impl Fn(usize, usize) -> [u8; 3]) -> Picture {
    let at = |at: usize| pixel(at % width, at / width);
    Picture::new(width, height, (0..width * height).flat_map(at).collect()).expect("as large as it is")
}

fn at(picture: &Picture, x: usize, y: usize) -> [u8; 3] {
    let place = (y * picture.width() + x) * 3;
    [0, 1, 2].map(|channel| picture.rgb()[place + channel])
}

pub(crate) fn grey(picture: &Picture) -> Picture {
    let mean = |x, y| [(at(picture, x, y).iter().map(|value| u32::from(*value)).sum::<u32>() / 3) as u8; 3];
    made(picture.width(), picture.height(), mean)
}

pub(crate) fn dimmed(picture: &Picture) -> Picture {
    made(picture.width(), picture.height(), |x, y| at(picture, x, y).map(|value| value / 4))
}

/// The mean of four by four places within each new pixel.
pub(crate) fn resized(picture: &Picture, width: usize, height: usize) -> Picture {
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
pub(crate) fn cropped(picture: &Picture, share: f32) -> Picture {
    let off = |side: usize| (side as f32 * share) as usize;
    let (left, top) = (off(picture.width()), off(picture.height()));
    made(picture.width() - 2 * left, picture.height() - 2 * top, |x, y| at(picture, x + left, y + top))
}

/// That share taken off at the left and at the top.
pub(crate) fn trimmed(picture: &Picture, share: f32) -> Picture {
    let off = |side: usize| (side as f32 * share) as usize;
    let (left, top) = (off(picture.width()), off(picture.height()));
    made(picture.width() - left, picture.height() - top, |x, y| at(picture, x + left, y + top))
}

pub(crate) fn mirrored(picture: &Picture) -> Picture {
    made(picture.width(), picture.height(), |x, y| at(picture, picture.width() - 1 - x, y))
}

/// A Gaussian's worth of blur: three box blurs along each axis (their variance is (w² − 1)/4 together).
pub(crate) fn blurred(picture: &Picture, sigma: f32) -> Picture {
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
pub(crate) fn turned(picture: &Picture, degrees: f32) -> Picture {
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
pub(crate) fn canvas(width: usize, height: usize, pasted: &[(Picture, usize, usize)]) -> Picture {
    made(width, height, |x, y| {
        let over = |(picture, left, top): &(Picture, usize, usize)| {
            let (x, y) = (x.checked_sub(*left)?, y.checked_sub(*top)?);
            (x < picture.width() && y < picture.height()).then(|| at(picture, x, y))
        };
        pasted.iter().find_map(over).unwrap_or([0; 3])
    })
}

/// A JPEG that lies turned in its file, with an orientation that sets it upright again.
pub(crate) fn exif_turned(photo: &[u8], orientation: u8) -> Vec<u8> {
    let whole = decoded(photo);
    // 6 is seen turned by 90° clockwise: the file holds it turned back.
    let lying = match orientation {
        6 => turned(&whole, 270.0),
        3 => turned(&whole, 180.0),
        _ => whole,
    };
    let encoded = jpeg(&lying, 95);
    let mut exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0".to_vec();
    exif.extend([orientation, 0, 0, 0, 0, 0, 0]);
    let mut bytes = encoded[..2].to_vec();
    bytes.extend([0xff, 0xe1]);
    bytes.extend((exif.len() as u16 + 2).to_be_bytes());
    bytes.extend(exif);
    bytes.extend(&encoded[2..]);
    bytes
}
