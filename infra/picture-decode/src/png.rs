//! PNG: every colour type and depth, interlaced or not, to RGB. What is transparent lies on white, as a viewer shows it.

use std::io::Cursor;

use png::{ColorType, Decoder, Limits, Transformations};
use zeroize::Zeroizing;

use crate::limits::PICTURE_BYTES_MAX;
use crate::{Lying, PictureFault, bounded, orientation};

pub(crate) fn decode(photo: &[u8]) -> Result<Lying, PictureFault> {
    let undecodable = |_| PictureFault::Undecodable;
    let mut decoder = Decoder::new_with_limits(Cursor::new(photo), Limits { bytes: PICTURE_BYTES_MAX });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes and greys of 1, 2 and 4 bits become 8; 16 bits lose their lower half; `tRNS` becomes alpha.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(undecodable)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    bounded(width, height)?;
    let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= PICTURE_BYTES_MAX);
    let bytes = bytes.ok_or(PictureFault::TooLarge)?;
    // As long as what comes and what is made of it, whichever is longer: it is made in the same place.
    let mut rgb = Zeroizing::new(vec![0; bytes.max(width * height * 3)]);
    let frame = reader.next_frame(&mut rgb[..bytes]).map_err(undecodable)?;
    let orientation = reader.info().exif_metadata.as_deref().map_or(1, orientation::of);
    // Of an animation, the first frame may be smaller than the picture.
    if (frame.width as usize, frame.height as usize) != (width, height) {
        return Err(PictureFault::Undecodable);
    }
    into_rgb(&mut rgb, width * height, frame.color_type).ok_or(PictureFault::Undecodable)?;
    rgb.truncate(width * height * 3);
    Ok(Lying { width, height, rgb, orientation })
}

/// Makes three bytes of each pixel, in place: from the front where pixels become shorter, from the back where longer.
fn into_rgb(bytes: &mut [u8], pixels: usize, colour: ColorType) -> Option<()> {
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    match colour {
        ColorType::Rgb => {}
        ColorType::Grayscale => {
            for at in (0..pixels).rev() {
                let grey = *bytes.get(at)?;
                bytes.get_mut(at * 3..at * 3 + 3)?.fill(grey);
            }
        }
        ColorType::GrayscaleAlpha => {
            for at in (0..pixels).rev() {
                let [grey, alpha] = *bytes.get(at * 2..)?.first_chunk()?;
                bytes.get_mut(at * 3..at * 3 + 3)?.fill(on_white(grey, alpha));
            }
        }
        ColorType::Rgba => {
            for at in 0..pixels {
                let [r, g, b, alpha] = *bytes.get(at * 4..)?.first_chunk()?;
                let seen = [r, g, b].map(|channel| on_white(channel, alpha));
                bytes.get_mut(at * 3..at * 3 + 3)?.copy_from_slice(&seen);
            }
        }
        ColorType::Indexed => return None,
    }
    Some(())
}
