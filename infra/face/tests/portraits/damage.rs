//! Photos as files: taken apart and put together again on purpose. It shares no code with the crate under test but the
//! picture and its decoder. What happens to the pixels is `testkit::pictures`.

use domain::ports::Picture;
use testkit::pictures::turned;

pub(crate) fn decoded(photo: &[u8]) -> Picture {
    picture_decode::decode(photo).expect("a portrait")
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
