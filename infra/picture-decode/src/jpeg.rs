//! JPEG: baseline and progressive, grey, YCbCr, RGB, CMYK and YCCK, all to RGB.

use zeroize::Zeroizing;
use zune_core::bytestream::ZCursor;
use zune_core::colorspace::ColorSpace;
use zune_core::options::DecoderOptions;
use zune_jpeg::JpegDecoder;

use crate::jpeg_layout::JpegLayout;
use crate::limits::{JPEG_SCANS_MAX, PICTURE_BYTES_MAX, PICTURE_PIXELS_MAX};
use crate::{Lying, PictureFault, bounded, orientation};

/// Lenient where the format's own damage is local: a photo cut off in its last rows is still a photo of a face.
pub(crate) fn decode(photo: &[u8]) -> Result<Lying, PictureFault> {
    let undecodable = |_| PictureFault::Undecodable;
    let layout = JpegLayout::of(photo).ok_or(PictureFault::Undecodable)?;
    bounded(layout.width, layout.height)?;
    if layout.decoding_bytes() > PICTURE_BYTES_MAX {
        return Err(PictureFault::TooLarge);
    }
    if layout.scans > JPEG_SCANS_MAX {
        return Err(PictureFault::Undecodable);
    }
    let options = DecoderOptions::default()
        .set_max_width(PICTURE_PIXELS_MAX)
        .set_max_height(PICTURE_PIXELS_MAX)
        .jpeg_set_max_scans(JPEG_SCANS_MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(photo), options);
    decoder.decode_headers().map_err(undecodable)?;
    let info = decoder.info().ok_or(PictureFault::Undecodable)?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    // Two readers of one header: what was measured must be what is decoded.
    if (width, height) != (layout.width, layout.height) {
        return Err(PictureFault::Undecodable);
    }
    // In JPEG, the marker's text "Exif" and two zero bytes stand before the TIFF header; the decoder takes them off.
    let orientation = decoder.exif().map_or(1, |tiff| orientation::of(tiff));
    let rgb = Zeroizing::new(decoder.decode().map_err(undecodable)?);
    if decoder.output_colorspace() != Some(ColorSpace::RGB) {
        return Err(PictureFault::Undecodable);
    }
    Ok(Lying { width, height, rgb, orientation })
}
