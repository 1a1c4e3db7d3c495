//! The classifier's answers as a table: what callers and analytics rely on. A row that has to change means
//! that `CLASSIFIER_VERSION` has to be raised.

use domain::classify::ReasonCategory::{
    self, BadFormat, Deceased, DuplicateRecord, Inactive, Mismatch, NotFound, Other, Quota,
};
use domain::classify::{CLASSIFIER_VERSION, classify, is_interface_error};
use proptest::prelude::*;

const TABLE: &[(&str, ReasonCategory)] = &[
    // No such record.
    ("tidak ditemukan", NotFound),
    ("Data Tidak Ditemukan", NotFound),
    ("DATA TIDAK DITEMUKAN", NotFound),
    ("NIK tidak ditemukan di database kependudukan", NotFound),
    ("NIK tidak terdaftar", NotFound),
    ("NIK belum terdaftar di Dukcapil", NotFound),
    ("nik tdk ditemukan", NotFound),
    ("Data tidak dapat ditemukan.", NotFound),
    ("Tidak ada data kependudukan", NotFound),
    ("NIK tidak ada dalam basis data", NotFound),
    ("tidak   ditemukan\tdi\nserver", NotFound),
    ("Record not found", NotFound),
    ("NIK not registered", NotFound),
    ("The NIK could not be found", NotFound),
    ("NIK doesn't exist", NotFound),
    ("NIK does not exist", NotFound),
    ("no matching record", NotFound),
    ("no record for this NIK", NotFound),
    ("(404) not_found", NotFound),
    // The data differ.
    ("tidak sesuai", Mismatch),
    ("Nama tidak sesuai dengan data Dukcapil", Mismatch),
    ("Data ditemukan, tidak sesuai", Mismatch),
    ("tanggal lahir tidak cocok", Mismatch),
    ("foto tak cocok", Mismatch),
    ("nama berbeda", Mismatch),
    ("wajah tidak sama dengan foto KTP-el", Mismatch),
    ("ada perbedaan alamat", Mismatch),
    ("name mismatch", Mismatch),
    ("NAME_MISMATCH", Mismatch),
    ("Date of birth does not match", Mismatch),
    ("The photo doesn’t match", Mismatch),
    ("face did not match", Mismatch),
    ("photos are different", Mismatch),
    ("bukan orang yang sama", Mismatch),
    // Died.
    ("meninggal", Deceased),
    ("Yang bersangkutan telah MENINGGAL DUNIA", Deceased),
    ("almarhum", Deceased),
    ("status: almarhumah", Deceased),
    ("person is deceased", Deceased),
    ("holder died in 2021", Deceased),
    ("has passed away", Deceased),
    // More than one record.
    ("data ganda", DuplicateRecord),
    ("NIK terduplikasi / duplikat", DuplicateRecord),
    ("duplicate record", DuplicateRecord),
    ("Duplicates found", DuplicateRecord),
    ("more than one record for this NIK", DuplicateRecord),
    ("rekam ganda: satu orang dua NIK", DuplicateRecord),
    // Not active.
    ("nonaktif", Inactive),
    ("NIK tidak aktif", Inactive),
    ("status non-aktif, hubungi Dinas Dukcapil", Inactive),
    ("Status Non Aktif", Inactive),
    ("NIK is inactive", Inactive),
    ("record is no longer active", Inactive),
    ("NIK diblokir", Inactive),
    ("the record has been blocked", Inactive),
    ("dinonaktifkan oleh petugas", Inactive),
    // The NIK is malformed.
    ("format salah", BadFormat),
    ("Format NIK tidak sesuai", BadFormat),
    ("NIK harus 16 digit", BadFormat),
    ("must be a 16-digit number", BadFormat),
    ("bukan 16 digit", BadFormat),
    ("NIK salah", BadFormat),
    ("NIK tidak valid", BadFormat),
    ("Invalid NIK", BadFormat),
    ("not a valid format: NIK", BadFormat),
    // A quota.
    ("kuota habis", Quota),
    ("Kuota akses hari ini telah habis", Quota),
    ("quota exceeded", Quota),
    ("no quota left", Quota),
    ("daily limit reached", Quota),
    ("melebihi batas akses harian", Quota),
    ("Too many requests", Quota),
    // Several at once: the earlier explains the later.
    ("tidak aktif karena meninggal", Deceased),
    ("NIK dinonaktifkan, pemilik sudah meninggal dunia", Deceased),
    ("data tidak ditemukan (meninggal)", Deceased),
    ("Data ganda atas nama almarhum", Deceased),
    ("tidak aktif karena data ganda", DuplicateRecord),
    ("data ganda: nama tidak sesuai", DuplicateRecord),
    ("data tidak ditemukan: NIK harus 16 digit", BadFormat),
    ("akses diblokir karena kuota habis", Quota),
    ("kuota habis, data tidak ditemukan", Quota),
    ("data tidak ditemukan, status nonaktif", Inactive),
    ("tidak hanya tidak aktif tetapi juga ganda", DuplicateRecord),
    ("not found or name mismatch", NotFound),
    // Taken back.
    ("belum meninggal, nama tidak sesuai", Mismatch),
    ("not deceased", Other),
    ("not marked as deceased; NIK inactive", Inactive),
    ("bukan data ganda", Other),
    ("tidak ada data ganda", Other),
    ("not a duplicate, name does not match", Mismatch),
    ("no duplicate; record not found", NotFound),
    ("tidak ada perbedaan", Other),
    ("no mismatch", Other),
    ("not blocked", Other),
    ("deceased: no, inactive: yes", Inactive),
    ("ganda=false; nama berbeda", Mismatch),
    ("meninggal: tidak ditemukan", Deceased),
    ("format benar, data tidak ditemukan", NotFound),
    ("within the limit, record not found", NotFound),
    ("melebihi batas usia", Other),
    ("tidak sesuai format", BadFormat),
    ("tidak sama sekali ditemukan perbedaan", Mismatch),
    // Errors of the interface, in the words that are published (docs/dukcapil.md): nothing is said of the person.
    ("Login gagal", Other),
    ("Login Gagal", Other),
    ("IP Address Tidak Sesuai", Other),
    ("IP Tidak Sesuai", Other),
    ("IP Client  Tidak terdaftar", Other),
    ("User ID Tidak Aktif", Other),
    ("Instansi Tidak Aktif", Other),
    ("Parameter Tidak Lengkap / Tidak Valid", Other),
    ("User, password dan IP tidak boleh kosong", Other),
    ("API Timeout", Other),
    ("Read timed out", Other),
    ("koneksi ke server Dukcapil terputus", Other),
    ("502 Bad Gateway", Other),
    ("Server tidak ditemukan", Other),
    ("Kuota Akses Hari ini telah Habis", Quota),
    ("Login gagal, data tidak ditemukan", NotFound),
    ("Data Ditemukan, Meninggal Dunia", Deceased),
    ("Data Ditemukan, Data Ganda", DuplicateRecord),
    ("Data Tidak Ditemukan, NIK tidak terdapat di database Kependudukan", NotFound),
    ("Data Ditemukan, Status Non Aktif silahkan hubungi Dinas Dukcapil", Inactive),
    ("Data Tidak Ditemukan, NIK tidak sesuai format Dukcapil", BadFormat),
    ("Foto Tidak Sesuai.", Mismatch),
    ("Belum rekam", NotFound),
    ("NIK belum melakukan perekaman KTP-el", NotFound),
    // Words that only look alike, and no words at all.
    ("telah meninggalkan Indonesia", Other),
    ("NIK aktif", Other),
    ("data ditemukan dan sesuai", Other),
    ("ditemukan; tidak, aktif", Other),
    ("unlimited", Other),
    ("informasi", Other),
    ("sistem sedang gangguan", Other),
    ("hubungi Dinas Dukcapil", Other),
    ("", Other),
    (" \n\t ", Other),
    ("-", Other),
    ("🙂", Other),
    ("身份不符", Other),
];

#[test]
fn each_reason_has_its_category() {
    let wrong: Vec<_> = TABLE
        .iter()
        .filter(|(reason, wanted)| classify(reason) != *wanted)
        .map(|(reason, wanted)| format!("{reason:?}: {:?}, not {wanted:?}", classify(reason)))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), TABLE.len(), wrong.join("\n"));
}

#[test]
fn case_is_of_no_account() {
    for (reason, wanted) in TABLE {
        assert_eq!(classify(&reason.to_uppercase()), *wanted, "{reason:?}");
        assert_eq!(classify(&reason.to_lowercase()), *wanted, "{reason:?}");
    }
}

/// What is never read out of a text.
const OUR_OWN: [ReasonCategory; 5] = [
    ReasonCategory::NoMatch,
    ReasonCategory::Quality,
    ReasonCategory::Spoof,
    ReasonCategory::Unclear,
    ReasonCategory::Tampered,
];

#[test]
fn the_table_covers_every_category_of_a_text_and_belongs_to_one_version() {
    for category in ReasonCategory::ALL {
        // A decision of ours is never read out of a text.
        let is_of_texts = !OUR_OWN.contains(&category);
        assert_eq!(TABLE.iter().any(|(_, wanted)| *wanted == category), is_of_texts, "{category:?}");
        assert_eq!(ReasonCategory::parse(category.as_str()), Some(category));
    }
    assert_eq!(CLASSIFIER_VERSION, 2);
}

#[test]
fn an_error_of_the_interface_is_told_from_a_verdict() {
    for (text, wanted) in [
        ("Login gagal", true),
        ("LOGIN GAGAL", true),
        ("Kuota akses hari ini telah habis", true),
        ("Kuota Akses Habis", true),
        ("Error: login gagal (user 12)", true),
        ("IP Client  Tidak terdaftar", true),
        ("connection timed out", true),
        ("kuota tersedia, akses tidak habis", false),
        ("kuota habis", false),
        ("data tidak ditemukan", false),
        ("tidak sesuai", false),
        ("NIK tidak aktif", false),
        ("", false),
    ] {
        assert_eq!(is_interface_error(text), wanted, "{text:?}");
    }
}

proptest! {
    #[test]
    fn any_text_has_a_category_and_keeps_it(text in "\\PC{0,600}|(tidak|not|no|data|ganda|format|[ ,:;'-]){0,80}") {
        prop_assert_eq!(classify(&text), classify(&text));
        prop_assert!(!OUR_OWN.contains(&classify(&text)));
    }
}
