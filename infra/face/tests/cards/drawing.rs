//! Cards drawn for tests: the layout of a KTP in fractions of its size, a free font, invented people. Not here: what a
//! reader makes of them.

use ab_glyph::{Font as _, FontRef, PxScale, ScaleFont as _, point};
use domain::ktp::KtpField;
use domain::ports::Picture;

/// As the analyser straightens cards.
pub(crate) const WIDTH: usize = 1024;
pub(crate) const HEIGHT: usize = 646;

const INK: [f32; 3] = [38.0, 36.0, 44.0];

/// A printed row: what field it is, its label, what stands in it.
pub(crate) type Row = (KtpField, &'static str, String);

/// How a card is laid out.
#[derive(Clone, Copy)]
pub(crate) struct Layout {
    /// Whether colons stand in one column; else each follows its label.
    pub(crate) colons_in_column: bool,
    /// Height of the fields' letters, in pixels.
    pub(crate) size: f32,
    /// Whether the NIK is in a font whose letters are equally wide.
    pub(crate) mono_nik: bool,
}

pub(crate) const USUAL: Layout = Layout { colons_in_column: true, size: 25.0, mono_nik: true };

/// A person who is not.
pub(crate) struct Person {
    pub(crate) rows: Vec<Row>,
    pub(crate) blood_type: &'static str,
    pub(crate) birth_place: &'static str,
    pub(crate) birth_date: &'static str,
}

impl Person {
    /// What stands in a field.
    pub(crate) fn says(&self, field: KtpField) -> &str {
        match field {
            KtpField::BirthPlace => self.birth_place,
            KtpField::BirthDate => self.birth_date,
            KtpField::BloodType => self.blood_type,
            _ => self.rows.iter().find(|row| row.0 == field).map_or("", |row| row.2.as_str()),
        }
    }
}

/// Ten of them.
pub(crate) fn people() -> Vec<Person> {
    [
        "DKI JAKARTA|KOTA JAKARTA PUSAT|3171011708450001|BUDI SANTOSO|JAKARTA|17-08-1945|LAKI-LAKI|O|JL. MAWAR NO. 5|001/002|GAMBIR|GAMBIR|ISLAM|KAWIN|KARYAWAN SWASTA",
        "JAWA BARAT|KABUPATEN BANDUNG|3204115203880003|SITI NUR 'AINI|BANDUNG|12-03-1988|PEREMPUAN|A|KP. CIBURIAL RT 3|003/010|CIMEKAR|CILEUNYI|ISLAM|BELUM KAWIN|GURU",
        "BALI|KOTA DENPASAR|5171030101700009|I WAYAN SUDIARTA|DENPASAR|01-01-1970|LAKI-LAKI|B|JL. GUNUNG AGUNG 17|000/000|PEMECUTAN|DENPASAR BARAT|HINDU|KAWIN|WIRASWASTA",
        "SUMATERA UTARA|KOTA MEDAN|1271066907950002|MARIA SIMANJUNTAK|MEDAN|29-07-1995|PEREMPUAN|AB|JL. SISINGAMANGARAJA 88|012/004|TELADAN BARAT|MEDAN KOTA|KRISTEN|BELUM KAWIN|PELAJAR/MAHASISWA",
        "PAPUA|KABUPATEN JAYAPURA|9103013112990007|YOHANES WENDA|SENTANI|31-12-1999|LAKI-LAKI|-|JL. RAYA SENTANI|002/001|HINEKOMBE|SENTANI|KATHOLIK|BELUM KAWIN|PETANI/PEKEBUN",
        "JAWA TIMUR|KOTA SURABAYA|3578104411630005|ENDANG PURWANINGSIH|SURABAYA|04-11-1963|PEREMPUAN|O|KENJERAN 244 B|005/006|GADING|TAMBAKSARI|ISLAM|CERAI MATI|MENGURUS RUMAH TANGGA",
        "KALIMANTAN BARAT|KOTA SINGKAWANG|6172021506780004|TJHIN KUI FA|SINGKAWANG|15-06-1978|LAKI-LAKI|B|JL. NIAGA NO. 12 A|014/005|MELAYU|SINGKAWANG BARAT|BUDDHA|KAWIN|PEDAGANG",
        "ACEH|KABUPATEN ACEH BESAR|1106094802010001|CUT MEUTIA RAHMAH|LAMBARO|08-02-2001|PEREMPUAN|A|DUSUN LAM DURAN|000/000|LAMPEUNEURUT|DARUL IMARAH|ISLAM|BELUM KAWIN|PELAJAR/MAHASISWA",
        "SULAWESI SELATAN|KOTA MAKASSAR|7371132202850006|ANDI MUHAMMAD YUSUF|UJUNG PANDANG|22-02-1985|LAKI-LAKI|O|BTN MINASA UPA BLOK L9/3|007/011|GUNUNG SARI|RAPPOCINI|ISLAM|KAWIN|PEGAWAI NEGERI SIPIL",
        "NUSA TENGGARA TIMUR|KOTA KUPANG|5371025910720008|THERESIA QUEEN XAVERIA|ATAMBUA|19-10-1972|PEREMPUAN|AB|JL. W.J. LALAMENTIK 65|020/008|OEBUFU|OEBOBO|KATHOLIK|CERAI HIDUP|PERAWAT",
    ]
    .into_iter()
    .map(person)
    .collect()
}

fn person(line: &'static str) -> Person {
    let at: Vec<&str> = line.split('|').collect();
    let rows = [
        (KtpField::Province, "", format!("PROVINSI {}", at[0])),
        (KtpField::Regency, "", at[1].to_owned()),
        (KtpField::Nik, "NIK", at[2].to_owned()),
        (KtpField::FullName, "Nama", at[3].to_owned()),
        (KtpField::BirthDate, "Tempat/Tgl Lahir", format!("{}, {}", at[4], at[5])),
        (KtpField::Sex, "Jenis Kelamin", at[6].to_owned()),
        (KtpField::Address, "Alamat", at[8].to_owned()),
        (KtpField::RtRw, "   RT/RW", at[9].to_owned()),
        (KtpField::Village, "   Kel/Desa", at[10].to_owned()),
        (KtpField::District, "   Kecamatan", at[11].to_owned()),
        (KtpField::Religion, "Agama", at[12].to_owned()),
        (KtpField::MaritalStatus, "Status Perkawinan", at[13].to_owned()),
        (KtpField::Occupation, "Pekerjaan", at[14].to_owned()),
        (KtpField::Nationality, "Kewarganegaraan", "WNI".to_owned()),
        (KtpField::ValidUntil, "Berlaku Hingga", "SEUMUR HIDUP".to_owned()),
    ];
    Person { rows: rows.into(), blood_type: at[7], birth_place: at[4], birth_date: at[5] }
}

/// Draws a card.
pub(crate) fn card(person: &Person, layout: Layout) -> Picture {
    let fonts = [dejavu::sans_condensed::regular(), dejavu::sans_mono::bold()];
    let [plain, mono] = fonts.map(|font| FontRef::try_from_slice(font).expect("a font"));
    let mut pixels = ground();
    for (at, (field, label, value)) in person.rows.iter().enumerate() {
        if at < 2 {
            let size = layout.size * 1.2;
            let left = (WIDTH as f32 - width(&plain, size, value)) / 2.0;
            write(&mut pixels, &plain, size, [left, 24.0 + 36.0 * at as f32], value);
            continue;
        }
        let is_nik = *field == KtpField::Nik;
        let top = if is_nik { 112.0 } else { 162.0 + 34.5 * (at as f32 - 3.0) };
        let size = if is_nik { layout.size * 1.4 } else { layout.size };
        write(&mut pixels, &plain, size, [36.0, top], label);
        let after = 36.0 + width(&plain, size, label) + 6.0;
        let left = if layout.colons_in_column { 252.0 } else { after };
        write(&mut pixels, &plain, size, [left, top], ":");
        let font = if is_nik && layout.mono_nik { &mono } else { &plain };
        write(&mut pixels, font, size, [left + 16.0, top], value);
        if *field == KtpField::Sex {
            write(&mut pixels, &plain, size, [530.0, top], &format!("Gol. Darah : {}", person.blood_type));
        }
    }
    portrait(&mut pixels);
    let rgb = pixels.iter().flatten().map(|value| value.clamp(0.0, 255.0) as u8).collect();
    Picture::new(WIDTH, HEIGHT, rgb).expect("a card")
}

/// Bluish, uneven, with a fine pattern.
fn ground() -> Vec<[f32; 3]> {
    let pixel = |at: usize| {
        let (x, y) = ((at % WIDTH) as f32, (at / WIDTH) as f32);
        let wave = (x / 9.0 + (y / 23.0).sin() * 3.0).sin() * 5.0 + (y / 7.0 + x / 61.0).sin() * 4.0;
        [150.0 + x / 30.0 + wave, 190.0 + y / 30.0 + wave, 215.0 + wave]
    };
    (0..WIDTH * HEIGHT).map(pixel).collect()
}

/// A red ground with a head on it.
fn portrait(pixels: &mut [[f32; 3]]) {
    for y in 140..480 {
        for x in 750..990 {
            let (dx, dy) = ((x as f32 - 870.0) / 75.0, (y as f32 - 290.0) / 100.0);
            let is_head = dx * dx + dy * dy < 1.0 || (y > 400 && dx.abs() < 1.4);
            pixels[y * WIDTH + x] = if is_head { [176.0, 132.0, 104.0] } else { [170.0, 40.0, 36.0] };
        }
    }
}

fn width(font: &FontRef<'_>, size: f32, text: &str) -> f32 {
    let scaled = font.as_scaled(PxScale::from(size));
    text.chars().map(|c| scaled.h_advance(scaled.glyph_id(c))).sum()
}

fn write(pixels: &mut [[f32; 3]], font: &FontRef<'_>, size: f32, [left, top]: [f32; 2], text: &str) {
    let scaled = font.as_scaled(PxScale::from(size));
    let mut x = left;
    for letter in text.chars() {
        let id = scaled.glyph_id(letter);
        let glyph = id.with_scale_and_position(PxScale::from(size), point(x, top + scaled.ascent()));
        x += scaled.h_advance(id);
        let Some(outline) = font.outline_glyph(glyph) else { continue };
        let bounds = outline.px_bounds();
        outline.draw(|dx, dy, coverage| {
            let (x, y) = (bounds.min.x as usize + dx as usize, bounds.min.y as usize + dy as usize);
            if x < WIDTH && y < HEIGHT {
                let pixel = &mut pixels[y * WIDTH + x];
                for (value, ink) in pixel.iter_mut().zip(INK) {
                    *value += (ink - *value) * coverage.min(1.0);
                }
            }
        });
    }
}
