//! Specimen cards of ID-1 size (ISO/IEC 7810: 85.60 × 53.98 mm): one laid out as a KTP is, and one that is something
//! else. What belongs here: what stands where. Not here: how an ink is put on (`canvas`).

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use crate::canvas::{Canvas, Ink, Lettering, Typeface};
use crate::texture::Texture;
use crate::{CaptureSimError, SpecimenPerson};

pub(crate) const WIDTH_MM: f32 = 85.60;
pub(crate) const HEIGHT_MM: f32 = 53.98;
/// Of its corners.
pub(crate) const RADIUS_MM: f32 = 3.18;

/// Left, top, right and bottom of the portrait: 20 × 25 mm.
const PORTRAIT: [f32; 4] = [62.5, 13.0, 82.5, 38.0];

const BLACK: Ink = [0.07, 0.07, 0.09];
const RED: Ink = [0.72, 0.14, 0.16];
const LINE_MM: f32 = 2.95;
const FIRST_LINE_MM: f32 = 19.0;

/// Label, its indent, and the fields whose texts stand behind its colon.
const LINES: [(&str, f32, &[&str]); 12] = [
    ("Nama", 0.0, &["fullName"]),
    ("Tempat/Tgl Lahir", 0.0, &["birthPlace", "birthDate"]),
    ("Jenis Kelamin", 0.0, &["sex"]),
    ("Alamat", 0.0, &["address"]),
    ("RT/RW", 3.0, &["rtRw"]),
    ("Kel/Desa", 3.0, &["village"]),
    ("Kecamatan", 3.0, &["district"]),
    ("Agama", 0.0, &["religion"]),
    ("Status Perkawinan", 0.0, &["maritalStatus"]),
    ("Pekerjaan", 0.0, &["occupation"]),
    ("Kewarganegaraan", 0.0, &["nationality"]),
    ("Berlaku Hingga", 0.0, &["validUntil"]),
];

/// A card laid out as a KTP, with the person's texts, and the portrait of a JPEG or a drawn figure.
///
/// # Errors
/// The portrait's bytes are no JPEG.
pub(crate) fn ktp(person: &SpecimenPerson, portrait: Option<&[u8]>) -> Result<Texture, CaptureSimError> {
    let mut canvas = Canvas::new(WIDTH_MM, HEIGHT_MM, ground);
    canvas.centred_letters(mark((33.0, 39.0), 8.0, 0.10));
    let province = format!("PROVINSI {}", person.field("province"));
    canvas.centred_letters(bold(&province, (42.8, 5.2), 2.2));
    canvas.centred_letters(bold(person.field("regency"), (42.8, 8.9), 2.2));
    canvas.letters(&bold("NIK", (3.0, 14.6), 2.8));
    canvas.letters(&bold(":", (15.5, 14.6), 2.8));
    canvas.letters(&Lettering { face: Typeface::Digits, ..bold(person.field("nik"), (18.5, 14.6), 3.0) });
    for (at, (label, indent, keys)) in LINES.iter().enumerate() {
        let y = FIRST_LINE_MM + LINE_MM * at as f32;
        canvas.letters(&plain(label, (3.0 + indent, y)));
        canvas.letters(&plain(":", (24.2, y)));
        let texts: Vec<&str> = keys.iter().map(|key| person.field(key)).collect();
        canvas.letters(&plain(&texts.join(", "), (25.6, y)));
    }
    let blood = format!("Gol. Darah : {}", person.field("bloodType"));
    canvas.letters(&plain(&blood, (44.0, FIRST_LINE_MM + 2.0 * LINE_MM)));
    match portrait {
        Some(bytes) => place_portrait(&mut canvas, bytes)?,
        None => draw_figure(&mut canvas, person),
    }
    canvas.centred_letters(plain(person.field("regency"), (72.5, 41.5)));
    canvas.centred_letters(plain("17-08-2019", (72.5, 44.4)));
    canvas.shape([66.0, 45.5, 79.0, 49.5], BLACK, |x, y| {
        (y - 47.5 - 1.3 * (x * 1.9).sin() * (x * 0.37).cos()).abs() < 0.16
    });
    canvas.centred_letters(mark((72.5, 52.4), 1.7, 1.0));
    Ok(canvas.into_texture())
}

fn plain(text: &str, at: (f32, f32)) -> Lettering<'_> {
    Lettering { text, at, height_mm: 1.75, face: Typeface::Plain, ink: BLACK, strength: 1.0 }
}

fn bold(text: &str, at: (f32, f32), height_mm: f32) -> Lettering<'_> {
    Lettering { height_mm, face: Typeface::Bold, ..plain(text, at) }
}

/// What says that the card is nobody's.
fn mark(at: (f32, f32), height_mm: f32, strength: f32) -> Lettering<'static> {
    Lettering { ink: RED, strength, ..bold("SPECIMEN", at, height_mm) }
}

/// A card of some club: the same size, no portrait, no lines of fields.
pub(crate) fn club_card() -> Texture {
    let mut canvas = Canvas::new(WIDTH_MM, HEIGHT_MM, |x, y| {
        let shade = 0.25 * (x / WIDTH_MM) + 0.12 * (y / HEIGHT_MM);
        [0.10 + shade, 0.42 + shade * 0.6, 0.33 + shade]
    });
    let white = |text, at, height_mm, face| Lettering {
        text,
        at,
        height_mm,
        face,
        ink: [0.95, 0.95, 0.92],
        strength: 1.0,
    };
    canvas.letters(&white("SPECIMEN CLUB", (6.0, 10.0), 3.6, Typeface::Bold));
    canvas.shape([9.0, 17.0, 21.0, 26.0], [0.85, 0.72, 0.38], |x, y| {
        (x * 0.33).fract() > 0.08 && (y * 0.33).fract() > 0.08
    });
    canvas.letters(&white("0000 0000 0000 0000", (8.0, 35.5), 3.4, Typeface::Digits));
    canvas.letters(&white("MEMBER SINCE 00/00", (8.0, 46.0), 2.2, Typeface::Plain));
    canvas.into_texture()
}

/// Light blue with waves, as security paper has them.
fn ground(x: f32, y: f32) -> Ink {
    let down = y / HEIGHT_MM;
    let wave = (y * 2.4 + 1.6 * (x * 0.21).sin() + 0.8 * (x * 0.53 + y * 0.11).cos()).sin();
    let cross = (x * 1.7 - 1.2 * (y * 0.31).sin()).sin();
    let line = 0.030 * wave.max(0.0).powi(2) + 0.018 * cross.max(0.0).powi(2);
    [0.66 + 0.07 * down - line * 1.3, 0.81 + 0.04 * down - line, 0.91 + 0.02 * down - line * 0.5]
}

/// The middle of a JPEG, cut to the portrait's sides.
fn place_portrait(canvas: &mut Canvas, bytes: &[u8]) -> Result<(), CaptureSimError> {
    let undecodable = |error: &dyn std::fmt::Display| CaptureSimError::Portrait(error.to_string());
    let options = DecoderOptions::default().jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(bytes), options);
    let rgb = decoder.decode().map_err(|error| undecodable(&error))?;
    let info = decoder.info().ok_or_else(|| undecodable(&"it has no size"))?;
    let (width, height) = (usize::from(info.width), usize::from(info.height));
    let [left, top, right, bottom] = PORTRAIT;
    let per_mm = (width as f32 / (right - left)).min(height as f32 / (bottom - top));
    let (skip_x, skip_y) =
        ((width as f32 - per_mm * (right - left)) / 2.0, (height as f32 - per_mm * (bottom - top)) / 2.0);
    // The mean over what a place on the card covers: a large photo is made small.
    let reach = (per_mm / 32.0).floor() as usize;
    canvas.paint(PORTRAIT, |x, y| {
        let (x, y) = ((x - left) * per_mm + skip_x, (y - top) * per_mm + skip_y);
        let (x, y) = ((x as usize).min(width - 1), (y as usize).min(height - 1));
        let mut sum = [0.0; 3];
        let mut count = 0.0;
        for row in y.saturating_sub(reach)..=(y + reach).min(height - 1) {
            for column in x.saturating_sub(reach)..=(x + reach).min(width - 1) {
                let at = (row * width + column) * 3;
                sum = std::array::from_fn(|channel| sum[channel] + f32::from(rgb[at + channel]));
                count += 255.0;
            }
        }
        Some(sum.map(|sum: f32| sum / count))
    });
    Ok(())
}

/// A figure with hair, eyes, a mouth and shoulders, on red or blue by the year of birth's parity, as on real cards.
fn draw_figure(canvas: &mut Canvas, person: &SpecimenPerson) {
    let is_odd = person.field("birthDate").ends_with(['1', '3', '5', '7', '9']);
    let back = if is_odd { [0.74, 0.16, 0.16] } else { [0.18, 0.32, 0.68] };
    let [left, top, right, bottom] = PORTRAIT;
    canvas.shape(PORTRAIT, back, |_, _| true);
    let (x, y) = ((left + right) / 2.0, top + 11.0);
    let skin = [0.78, 0.58, 0.46];
    let hair = [0.12, 0.10, 0.09];
    let within = |[left, top, right, _]: [f32; 4]| [left, top, right, bottom];
    canvas.shape(within([left + 1.5, y + 7.0, right - 1.5, 0.0]), [0.90, 0.90, 0.88], |at, down| {
        ((at - x) / 8.5).powi(2) + ((down - y - 15.0) / 7.5).powi(2) <= 1.0
    });
    canvas.ellipse([x - 6.2, y - 8.6, x + 6.2, y + 5.0], hair);
    canvas.shape([x - 2.4, y + 4.0, x + 2.4, y + 10.5], skin.map(|level| level * 0.9), |_, _| true);
    canvas.ellipse([x - 5.2, y - 6.6, x + 5.2, y + 7.4], skin);
    for side in [-1.0, 1.0] {
        let eye = x + side * 2.2;
        canvas.ellipse([eye - 1.1, y - 1.1, eye + 1.1, y + 0.1], [0.95, 0.94, 0.92]);
        canvas.ellipse([eye - 0.55, y - 1.05, eye + 0.55, y + 0.05], hair);
        canvas.shape([eye - 1.4, y - 2.3, eye + 1.4, y - 1.8], hair, |_, _| true);
    }
    canvas.ellipse([x - 0.9, y + 0.4, x + 0.9, y + 2.6], skin.map(|level| level * 0.86));
    canvas.ellipse([x - 1.9, y + 3.8, x + 1.9, y + 5.0], [0.66, 0.34, 0.32]);
}
