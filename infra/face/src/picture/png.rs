//! PNG: every colour type and depth, interlaced or not, to RGB. What is transparent lies on white, as a viewer shows it.

use std::io::Cursor;

use domain::ports::FaceCause;
use png::{ColorType, Decoder, Limits, Transformations};
use zeroize::Zeroizing;

use super::{Lying, bounded, orientation};
use crate::limits::PICTURE_BYTES_MAX;

pub(super) fn decode(photo: &[u8]) -> Result<Lying, FaceCause> {
    let undecodable = |_| FaceCause::Undecodable;
    let mut decoder = Decoder::new_with_limits(Cursor::new(photo), Limits { bytes: PICTURE_BYTES_MAX });
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    // Palettes and greys of 1, 2 and 4 bits become 8; 16 bits lose their lower half; `tRNS` becomes alpha.
    decoder.set_transformations(Transformations::EXPAND | Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(undecodable)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    bounded(width, height)?;
    let bytes = reader.output_buffer_size().filter(|bytes| *bytes <= PICTURE_BYTES_MAX);
    let mut pixels = Zeroizing::new(vec![0; bytes.ok_or(FaceCause::TooLarge)?]);
    let frame = reader.next_frame(&mut pixels).map_err(undecodable)?;
    let orientation = reader.info().exif_metadata.as_deref().map_or(1, orientation::of);
    let pixels = pixels.get(..frame.buffer_size()).ok_or(FaceCause::Undecodable)?;
    let rgb = Zeroizing::new(rgb(pixels, frame.color_type).ok_or(FaceCause::Undecodable)?);
    // Of an animation, the first frame may be smaller than the picture.
    if (frame.width as usize, frame.height as usize) != (width, height) || rgb.len() != width * height * 3 {
        return Err(FaceCause::Undecodable);
    }
    Ok(Lying { width, height, rgb, orientation })
}

fn rgb(pixels: &[u8], colour: ColorType) -> Option<Vec<u8>> {
    let on_white = |value: u8, alpha: u8| {
        let (value, alpha) = (u32::from(value), u32::from(alpha));
        ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
    };
    Some(match colour {
        ColorType::Rgb => pixels.to_vec(),
        ColorType::Grayscale => pixels.iter().flat_map(|grey| [*grey; 3]).collect(),
        ColorType::GrayscaleAlpha => {
            pixels.as_chunks().0.iter().flat_map(|[grey, alpha]| [on_white(*grey, *alpha); 3]).collect()
        }
        ColorType::Rgba => {
            let channels = |[r, g, b, a]: &[u8; 4]| [*r, *g, *b].map(|channel| on_white(channel, *a));
            pixels.as_chunks().0.iter().flat_map(channels).collect()
        }
        ColorType::Indexed => return None,
    })
}
