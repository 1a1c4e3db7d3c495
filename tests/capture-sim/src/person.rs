//! Who is printed on a specimen card: invented people at invented addresses. Not here: where on the card it stands
//! (`card`).

use std::collections::BTreeMap;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Province, regency and the first four digits of a NIK from there; real regions, since their codes are looked up.
const REGIONS: [[&str; 3]; 5] = [
    ["JAWA BARAT", "KOTA BANDUNG", "3273"],
    ["DKI JAKARTA", "JAKARTA SELATAN", "3174"],
    ["JAWA TIMUR", "KOTA SURABAYA", "3578"],
    ["BALI", "KOTA DENPASAR", "5171"],
    ["SULAWESI SELATAN", "KOTA MAKASSAR", "7371"],
];

const FAMILY: [&str; 8] =
    ["CONTOH", "PURWARUPA", "TELADAN", "SAMPLINA", "MODELAN", "PERAGA", "UMPAMA", "MISALNYA"];

const GIVEN: [[&str; 6]; 2] = [
    ["BUDI", "AGUNG", "JOKO", "WAYAN", "HENDRA", "RIZKY"],
    ["SITI", "DEWI", "RATNA", "PUTRI", "AYU", "LESTARI"],
];

const DISTRICTS: [&str; 5] = ["MAWAR SARI", "TELAGA BIRU", "SUMBER JERUK", "BUKIT PADI", "TANAH REKA"];

/// What is printed. Every field is open: a card may say one thing and a bundle's `ocrFields` another.
#[derive(Clone, PartialEq, Eq)]
pub struct SpecimenPerson {
    /// Each field's text as printed, by the API's word for the field.
    pub fields: BTreeMap<String, String>,
}

impl SpecimenPerson {
    /// Invented by lot. The NIK is of a real region and agrees with birth date and sex.
    #[must_use]
    pub fn from_seed(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x5045_5253_4f4e);
        let [province, regency, code] = pick(&mut rng, &REGIONS);
        let is_woman = rng.random_bool(0.5);
        let name =
            [pick(&mut rng, &GIVEN[usize::from(is_woman)]), pick(&mut rng, &GIVEN[usize::from(is_woman)])];
        let (year, month, day): (u32, u32, u32) =
            (rng.random_range(1960..=2004), rng.random_range(1..=12), rng.random_range(1..=28));
        let nik_day = if is_woman { day + 40 } else { day };
        let serial = rng.random_range(1..=9999);
        let nik = format!("{code}01{nik_day:02}{month:02}{:02}{serial:04}", year % 100);
        let (street, number) = (rng.random_range(1..=40), rng.random_range(1..=199));
        let place = regency.strip_prefix("KOTA ").unwrap_or(regency);
        let fields = [
            ("province", province.to_owned()),
            ("regency", regency.to_owned()),
            ("nik", nik),
            ("fullName", format!("{} {} {}", name[0], pick(&mut rng, &FAMILY), name[1])),
            ("birthPlace", place.to_owned()),
            ("birthDate", format!("{day:02}-{month:02}-{year}")),
            ("sex", if is_woman { "PEREMPUAN" } else { "LAKI-LAKI" }.to_owned()),
            ("bloodType", pick(&mut rng, &["A", "B", "AB", "O"]).to_owned()),
            ("address", format!("JL. CONTOH {street} NO. {number}")),
            ("rtRw", format!("{:03}/{:03}", rng.random_range(1..=15), rng.random_range(1..=12))),
            ("village", pick(&mut rng, &DISTRICTS).to_owned()),
            ("district", pick(&mut rng, &DISTRICTS).to_owned()),
            ("religion", pick(&mut rng, &["ISLAM", "KRISTEN", "KATHOLIK", "HINDU", "BUDDHA"]).to_owned()),
            ("maritalStatus", pick(&mut rng, &["BELUM KAWIN", "KAWIN"]).to_owned()),
            ("occupation", pick(&mut rng, &["KARYAWAN SWASTA", "WIRASWASTA", "GURU", "PERAWAT"]).to_owned()),
            ("nationality", "WNI".to_owned()),
            ("validUntil", "SEUMUR HIDUP".to_owned()),
        ];
        Self { fields: fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect() }
    }

    /// A field's text; empty where it is not printed.
    #[must_use]
    pub fn field(&self, key: &str) -> &str {
        self.fields.get(key).map_or("", String::as_str)
    }

    /// Prints another text in a field.
    pub fn set(&mut self, key: &str, text: &str) {
        self.fields.insert(key.to_owned(), text.to_owned());
    }
}

fn pick<T: Copy>(rng: &mut ChaCha8Rng, of: &[T]) -> T {
    of[rng.random_range(0..of.len())]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nik_agrees_with_what_is_printed_beside_it() {
        for seed in 0..200 {
            let person = SpecimenPerson::from_seed(seed);
            let nik = person.field("nik");
            let [day, month, year] =
                [&nik[6..8], &nik[8..10], &nik[10..12]].map(|part| part.parse::<u32>().expect("digits"));
            let woman = day > 40;
            let printed = person.field("birthDate");
            assert_eq!(printed[..6], format!("{:02}-{month:02}-", if woman { day - 40 } else { day }));
            assert_eq!(printed[8..], format!("{year:02}"));
            assert_eq!(person.field("sex"), if woman { "PEREMPUAN" } else { "LAKI-LAKI" });
            assert!(nik.len() == 16 && !nik.ends_with("0000"), "{nik}");
            assert_eq!(person.fields.len(), 17);
        }
    }
}
