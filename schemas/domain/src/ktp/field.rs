//! The fields of a KTP and what they are called. Not here: what stands in them.

macro_rules! fields {
    ($($(#[doc = $of:literal])+ $variant:ident = $word:literal, also [$($alias:literal),*];)+) => {
        /// A field of a KTP.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum KtpField {
            $($(#[doc = $of])+ $variant,)+
        }

        impl KtpField {
            /// Every one, in the card's order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word in the API and in records.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Other words that phones' readers use for it, without case, spaces and marks.
            fn aliases(self) -> &'static [&'static str] {
                match self {
                    $(Self::$variant => &[$($alias),*],)+
                }
            }
        }
    };
}

fields! {
    /// `PROVINSI …`, in the card's head.
    Province = "province", also ["provinsi"];
    /// `KABUPATEN …` or `KOTA …`, beneath it.
    Regency = "regency", also ["kabupaten", "kota", "kabupatenkota", "kabkota", "city"];
    /// `NIK`
    Nik = "nik", also ["nomorindukkependudukan", "idnumber"];
    /// `Nama`
    FullName = "fullName", also ["nama", "namalengkap", "name"];
    /// `Tempat/Tgl Lahir`, what stands before the date.
    BirthPlace = "birthPlace", also ["tempatlahir", "placeofbirth"];
    /// `Tempat/Tgl Lahir`, the date.
    BirthDate = "birthDate", also ["tanggallahir", "tgllahir", "dateofbirth", "dob"];
    /// `Jenis Kelamin`
    Sex = "sex", also ["jeniskelamin", "gender"];
    /// `Gol. Darah`
    BloodType = "bloodType", also ["golongandarah", "goldarah"];
    /// `Alamat`
    Address = "address", also ["alamat"];
    /// `RT/RW`
    RtRw = "rtRw", also ["rukuntetangga"];
    /// `Kel/Desa`
    Village = "village", also ["keldesa", "kelurahandesa", "kelurahan", "desa"];
    /// `Kecamatan`
    District = "district", also ["kecamatan"];
    /// `Agama`
    Religion = "religion", also ["agama"];
    /// `Status Perkawinan`
    MaritalStatus = "maritalStatus", also ["statusperkawinan", "status"];
    /// `Pekerjaan`
    Occupation = "occupation", also ["pekerjaan"];
    /// `Kewarganegaraan`
    Nationality = "nationality", also ["kewarganegaraan", "citizenship"];
    /// `Berlaku Hingga`
    ValidUntil = "validUntil", also ["berlakuhingga", "expirydate"];
}

impl KtpField {
    /// The field of that word or of one that phones' readers use for it; case, spaces and marks do not count.
    pub fn parse(word: &str) -> Option<Self> {
        let plain: String =
            word.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_lowercase()).collect();
        Self::ALL
            .into_iter()
            .find(|field| field.as_str().eq_ignore_ascii_case(&plain) || field.aliases().contains(&&*plain))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_found_by_its_word_and_its_other_words() {
        for field in KtpField::ALL {
            assert_eq!(KtpField::parse(field.as_str()), Some(field));
            for alias in field.aliases() {
                assert_eq!(KtpField::parse(alias), Some(field), "{alias}");
            }
        }
        for (word, field) in [
            ("NIK", Some(KtpField::Nik)),
            ("Tanggal Lahir", Some(KtpField::BirthDate)),
            ("tanggal_lahir", Some(KtpField::BirthDate)),
            ("RT/RW", Some(KtpField::RtRw)),
            ("Kel/Desa", Some(KtpField::Village)),
            ("Gol. Darah", Some(KtpField::BloodType)),
            ("", None),
            ("nickname", None),
        ] {
            assert_eq!(KtpField::parse(word), field, "{word}");
        }
    }

    #[test]
    fn no_word_means_two_fields() {
        let words = |field: KtpField| {
            field.aliases().iter().map(|alias| (*alias).to_owned()).chain([field.as_str().to_lowercase()])
        };
        let mut all: Vec<String> = KtpField::ALL.into_iter().flat_map(words).collect();
        let before = all.len();
        all.sort();
        all.dedup();
        // `nik`, say, is a word and no alias; where an alias repeats the word of its own field the list is too long.
        assert_eq!(all.len(), before);
    }
}
