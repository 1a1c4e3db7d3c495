//! What every signal means to people: its title, what was noticed, and what to do about it. When a signal is raised, and how
//! much it weighs, is `domain::signals`'.

use domain::signals::SignalKind;

use crate::Language;
use crate::words::words;

/// A signal in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SignalMeaning {
    /// What it is called.
    pub(super) title: &'static str,
    /// What was noticed.
    pub(super) means: &'static str,
    /// What to do.
    pub(super) advice: &'static str,
}

/// Of the word in a row. One that this build does not know came from a later one.
pub(super) fn signal_meaning(language: Language, word: &str) -> SignalMeaning {
    let words = SignalMeaningWords::of(language);
    match SignalKind::parse(word) {
        Some(kind) => known(words, kind),
        None => {
            SignalMeaning { title: words.unknown, means: words.unknown_means, advice: words.unknown_advice }
        }
    }
}

fn known(words: &SignalMeaningWords, kind: SignalKind) -> SignalMeaning {
    let (title, means, advice) = match kind {
        SignalKind::IdempotencyConflict => (words.conflict, words.conflict_means, words.conflict_advice),
        SignalKind::ProbeEqualsReference => (words.copy, words.copy_means, words.copy_advice),
        SignalKind::ReasonUnreadable => (words.unreadable, words.unreadable_means, words.unreadable_advice),
        SignalKind::ClientClockSkew => (words.skew, words.skew_means, words.skew_advice),
        SignalKind::SamplesDisagreeWithFrames => (words.samples, words.samples_means, words.samples_advice),
        SignalKind::RawUnreadable => {
            (words.raw_unreadable, words.raw_unreadable_means, words.raw_unreadable_advice)
        }
        SignalKind::RawMissing => (words.raw_missing, words.raw_missing_means, words.raw_missing_advice),
        SignalKind::ValidButMismatch => (words.mismatch, words.mismatch_means, words.mismatch_advice),
        SignalKind::ValidButMismatchMinor => {
            (words.mismatch_minor, words.mismatch_minor_means, words.mismatch_minor_advice)
        }
        SignalKind::ValidButDeceased => {
            (words.valid_deceased, words.valid_deceased_means, words.valid_deceased_advice)
        }
        SignalKind::ValidButDuplicate => {
            (words.valid_duplicate, words.valid_duplicate_means, words.valid_duplicate_advice)
        }
        SignalKind::ValidButNotFound => {
            (words.valid_not_found, words.valid_not_found_means, words.valid_not_found_advice)
        }
        SignalKind::ValidButInactive => {
            (words.valid_inactive, words.valid_inactive_means, words.valid_inactive_advice)
        }
        SignalKind::ValidButBadFormat => {
            (words.valid_bad_format, words.valid_bad_format_means, words.valid_bad_format_advice)
        }
        SignalKind::ValidButLowScore => (words.low_score, words.low_score_means, words.low_score_advice),
        SignalKind::InvalidButMatch => {
            (words.invalid_match, words.invalid_match_means, words.invalid_match_advice)
        }
        SignalKind::NotAVerdict => (words.not_verdict, words.not_verdict_means, words.not_verdict_advice),
        SignalKind::PhotoInRaw => (words.photo_in_raw, words.photo_in_raw_means, words.photo_in_raw_advice),
        SignalKind::DeceasedAfterVerified => {
            (words.deceased_after, words.deceased_after_means, words.deceased_after_advice)
        }
        SignalKind::FallbackContradicted => {
            (words.contradicted, words.contradicted_means, words.contradicted_advice)
        }
        SignalKind::FallbackCorrected => (words.corrected, words.corrected_means, words.corrected_advice),
        SignalKind::ReferenceDisagrees => (words.disagrees, words.disagrees_means, words.disagrees_advice),
        SignalKind::NikOnOtherCustomer => (words.nik_other, words.nik_other_means, words.nik_other_advice),
        SignalKind::NikChanged => (words.nik_changed, words.nik_changed_means, words.nik_changed_advice),
        SignalKind::NikRegionUnknown => (words.nik_region, words.nik_region_means, words.nik_region_advice),
    };
    SignalMeaning { title, means, advice }
}

words! {
    /// Words of the signals, in the order of their table.
    SignalMeaningWords {
        conflict: "Two requests under one key", "Dua permintaan dengan satu kunci";
        conflict_means: "Another request came with the same Idempotency-Key and another content. Only the first one counts; the second had no effect.",
            "Ada permintaan lain dengan Idempotency-Key yang sama tetapi isinya berbeda. Hanya yang pertama berlaku; yang kedua tidak berpengaruh.";
        conflict_advice: "Ask your engineers which of the two is right. If it was the second, send it again with a key of its own.",
            "Tanyakan kepada tim teknis mana yang benar. Bila yang kedua, kirim ulang dengan kunci tersendiri.";
        copy: "The picture is the reference itself", "Gambar sama dengan referensi";
        copy_means: "The picture that was compared is the customer's own reference photo, or a copy of it. It does not show that the person was there.",
            "Gambar yang dibandingkan adalah foto referensi nasabah sendiri, atau salinannya. Ini tidak membuktikan kehadiran orang tersebut.";
        copy_advice: "Treat it as a possible attempt at fraud: ask the customer for a new picture, and look at the customer's other verifications.",
            "Perlakukan sebagai kemungkinan penipuan: minta gambar baru dari nasabah, dan periksa verifikasi lainnya.";
        unreadable: "A reason cannot be opened", "Alasan tidak dapat dibuka";
        unreadable_means: "A reason is kept for this verification, but what is stored does not open. Its category is still shown.",
            "Alasan verifikasi ini tersimpan, tetapi tidak dapat dibuka. Kategorinya tetap ditampilkan.";
        unreadable_advice: "Tell the operator the verification's id: the log says more.",
            "Sampaikan ID verifikasi kepada operator: rinciannya ada di log.";
        skew: "The phone's clock is wrong", "Jam ponsel tidak tepat";
        skew_means: "The time that the phone gave is far from the time at which the capture arrived.",
            "Waktu yang dikirim ponsel jauh berbeda dari waktu pengambilan gambar diterima.";
        skew_advice: "Usually nothing. If one phone sends many of them, ask its holder to set the clock by the network.",
            "Biasanya tidak perlu tindakan. Bila sering dari satu ponsel, minta pemiliknya menyetel jam otomatis.";
        samples: "The phone's figures are not those of its frames",
            "Angka dari ponsel tidak cocok dengan gambarnya";
        samples_means: "The brightness that the app reported is not that of the frames that it sent. Figures or frames were changed, or the app is faulty.",
            "Kecerahan yang dilaporkan aplikasi tidak sesuai dengan gambar yang dikirim. Angka atau gambarnya diubah, atau aplikasinya bermasalah.";
        samples_advice: "Treat it as a possible attempt at fraud. If it comes from many customers at once, ask your engineers about the app's latest version.",
            "Perlakukan sebagai kemungkinan penipuan. Bila muncul dari banyak nasabah sekaligus, tanyakan versi aplikasi terbaru kepada tim teknis.";
        raw_unreadable: "The raw answer could not be read", "Jawaban mentah tidak dapat dibaca";
        raw_unreadable_means: "Dukcapil's raw answer is longer or nested deeper than what is read, or of another form. Nothing was compared with it.",
            "Jawaban mentah Dukcapil terlalu panjang, terlalu dalam, atau bentuknya lain. Isinya tidak dibandingkan.";
        raw_unreadable_advice: "Ask your engineers to send the answer as Dukcapil gave it, and nothing beside it.",
            "Minta tim teknis mengirim jawaban sebagaimana diberikan Dukcapil, tanpa tambahan.";
        raw_missing: "No raw answer was sent", "Jawaban mentah tidak dikirim";
        raw_missing_means: "The verdict says that the person is valid, without the answer from which that was read. There is no evidence beside the word of whoever sent it.",
            "Putusan menyatakan valid tanpa menyertakan jawaban Dukcapil. Tidak ada bukti selain pernyataan pengirimnya.";
        raw_missing_advice: "Ask your engineers to send `raw` with every verdict: it is sealed, and nobody reads it without an approval.",
            "Minta tim teknis menyertakan `raw` pada setiap putusan: isinya disegel dan hanya dibuka dengan persetujuan.";
        mismatch: "Said to be valid, but data differ", "Dinyatakan valid, tetapi data tidak sesuai";
        mismatch_means: "The verdict says that the person is valid; in Dukcapil's answer the NIK, the name, the day or place of birth or the sex is \"Tidak Sesuai\".",
            "Putusan menyatakan valid; dalam jawaban Dukcapil, NIK, nama, tanggal atau tempat lahir, atau jenis kelamin \"Tidak Sesuai\".";
        mismatch_advice: "Compare the customer's data with the identity card. If the verdict was sent by mistake, void it and ask Dukcapil again.",
            "Bandingkan data nasabah dengan KTP. Bila putusan keliru, batalkan verifikasinya dan tanyakan ulang ke Dukcapil.";
        mismatch_minor: "Valid, with a lesser difference", "Valid, dengan perbedaan kecil";
        mismatch_minor_means: "In Dukcapil's answer something that changes in a life, as an address or an occupation, is \"Tidak Sesuai\".",
            "Dalam jawaban Dukcapil, data yang dapat berubah, seperti alamat atau pekerjaan, \"Tidak Sesuai\".";
        mismatch_minor_advice: "Ask the customer for the present data when there is an occasion.",
            "Minta data terkini dari nasabah bila ada kesempatan.";
        valid_deceased: "Said to be valid, but reported as deceased",
            "Dinyatakan valid, tetapi tercatat meninggal";
        valid_deceased_means: "The verdict says that the person is valid; Dukcapil's answer says that the person has died.",
            "Putusan menyatakan valid; jawaban Dukcapil menyatakan orang tersebut meninggal dunia.";
        valid_deceased_advice: "Stop serving the customer until it is cleared up, void the verification, and look for whoever uses the identity.",
            "Hentikan layanan sampai jelas, batalkan verifikasinya, dan selidiki siapa yang memakai identitas ini.";
        valid_duplicate: "Said to be valid, but there is more than one record",
            "Dinyatakan valid, tetapi data ganda";
        valid_duplicate_means: "The verdict says that the person is valid; Dukcapil's answer says that there is more than one record of the person.",
            "Putusan menyatakan valid; jawaban Dukcapil menyatakan data orang tersebut ganda.";
        valid_duplicate_advice: "Ask the customer to have the records joined at the Dukcapil office, and ask Dukcapil again then.",
            "Minta nasabah menyelesaikan data ganda di kantor Dukcapil, lalu tanyakan ulang.";
        valid_not_found: "Said to be valid, but there is no such record",
            "Dinyatakan valid, tetapi data tidak ditemukan";
        valid_not_found_means: "The verdict says that the person is valid; Dukcapil's answer says that there is no such record.",
            "Putusan menyatakan valid; jawaban Dukcapil menyatakan data tidak ditemukan.";
        valid_not_found_advice: "Stop serving the customer until it is cleared up and void the verification: such a verdict cannot have come of that answer.",
            "Hentikan layanan sampai jelas dan batalkan verifikasinya: putusan ini tidak mungkin berasal dari jawaban itu.";
        valid_inactive: "Said to be valid, but the record is not active",
            "Dinyatakan valid, tetapi data tidak aktif";
        valid_inactive_means: "The verdict says that the person is valid; Dukcapil's answer says that the record is not active.",
            "Putusan menyatakan valid; jawaban Dukcapil menyatakan data tidak aktif.";
        valid_inactive_advice: "Ask the customer to have the record made active at the Dukcapil office, and ask Dukcapil again then.",
            "Minta nasabah mengaktifkan datanya di kantor Dukcapil, lalu tanyakan ulang.";
        valid_bad_format: "Said to be valid, but the NIK is malformed",
            "Dinyatakan valid, tetapi format NIK salah";
        valid_bad_format_means: "The verdict says that the person is valid; Dukcapil's answer says that what was asked for is no NIK.",
            "Putusan menyatakan valid; jawaban Dukcapil menyatakan format NIK salah.";
        valid_bad_format_advice: "Stop serving the customer until it is cleared up, void the verification, and ask again with the NIK on the card.",
            "Hentikan layanan sampai jelas, batalkan verifikasinya, dan tanyakan ulang dengan NIK pada KTP.";
        low_score: "Valid, but the name agrees too little", "Valid, tetapi nama kurang cocok";
        low_score_means: "Dukcapil gave the name a score below 80.",
            "Dukcapil memberi nilai di bawah 80 untuk kecocokan nama.";
        low_score_advice: "Compare the name with the identity card, letter by letter. Where it is another person's, void the verification.",
            "Bandingkan nama dengan KTP huruf demi huruf. Bila nama orang lain, batalkan verifikasinya.";
        invalid_match: "Declined, but everything agrees", "Ditolak, tetapi semua data sesuai";
        invalid_match_means: "The verdict says that the person is not valid; in Dukcapil's answer everything is \"Sesuai\".",
            "Putusan menyatakan tidak valid; dalam jawaban Dukcapil semuanya \"Sesuai\".";
        invalid_match_advice: "Ask your engineers how the verdict came of that answer. If it was a mistake, ask Dukcapil again and send the new verdict.",
            "Tanyakan kepada tim teknis asal putusan ini. Bila keliru, tanyakan ulang ke Dukcapil dan kirim putusan baru.";
        not_verdict: "An error of the interface was sent as a verdict",
            "Galat antarmuka dikirim sebagai putusan";
        not_verdict_means: "The answer is an error of Dukcapil's interface, as a failed login or a used-up quota. It says nothing about the person.",
            "Jawaban itu adalah galat antarmuka Dukcapil, seperti gagal masuk atau kuota habis. Isinya tidak menyangkut orangnya.";
        not_verdict_advice: "Ask your engineers to declare it as a failed attempt (POST /api/identity/fallbacks), and to ask Dukcapil again later.",
            "Minta tim teknis melaporkannya sebagai percobaan gagal (POST /api/identity/fallbacks), lalu menanyakan ulang ke Dukcapil.";
        photo_in_raw: "A photo stands inside the raw answer", "Ada foto di dalam jawaban mentah";
        photo_in_raw_means: "A picture of more than 10 KB stands in the raw answer. There it is evidence only and no face reference.",
            "Ada gambar lebih dari 10 KB dalam jawaban mentah. Di sana ia hanya bukti, bukan referensi wajah.";
        photo_in_raw_advice: "Ask your engineers to send the photo in the field `photo`, if it is Dukcapil's.",
            "Minta tim teknis mengirim foto di kolom `photo`, bila itu foto Dukcapil.";
        deceased_after: "Deceased, and verified before", "Meninggal, sebelumnya terverifikasi";
        deceased_after_means: "Dukcapil now says that the person has died, of a customer who was verified before.",
            "Dukcapil kini menyatakan meninggal dunia, padahal nasabah sebelumnya terverifikasi.";
        deceased_after_advice: "Stop serving the customer and follow your procedure for deceased customers. Look at what was done since: somebody else may use the identity.",
            "Hentikan layanan dan ikuti prosedur nasabah meninggal. Periksa kegiatan sejak itu: identitasnya mungkin dipakai orang lain.";
        contradicted: "Dukcapil denied who was taken in on the card alone",
            "Dukcapil membantah nasabah yang diterima hanya dengan KTP";
        contradicted_means: "The customer was verified by the identity card while Dukcapil was down; Dukcapil's answer, when it came, was a denial. The tier stays.",
            "Nasabah diverifikasi dengan KTP saat Dukcapil tidak dapat dihubungi; jawaban Dukcapil kemudian membantahnya. Tingkat KYC tetap.";
        contradicted_advice: "Stop serving the customer until it is cleared up. Look at the card's capture; where it is forged, void its verification.",
            "Hentikan layanan sampai jelas. Periksa foto KTP-nya; bila palsu, batalkan verifikasinya.";
        corrected: "Dukcapil confirmed whom it had denied",
            "Dukcapil membenarkan setelah sebelumnya membantah";
        corrected_means: "Dukcapil's denial of a customer who was taken in on the card alone was followed by a confirmation.",
            "Bantahan Dukcapil atas nasabah yang diterima hanya dengan KTP disusul pembenaran.";
        corrected_advice: "Usually nothing: the first answer was wrong, or was to another question. See that both are of the same NIK.",
            "Biasanya tidak perlu tindakan: jawaban pertama keliru. Pastikan keduanya untuk NIK yang sama.";
        disagrees: "Dukcapil's photo shows another face", "Foto Dukcapil menunjukkan wajah lain";
        disagrees_means: "Dukcapil's photo and the portrait on the captured card, or the face of the last match with liveness, are not alike enough for one person.",
            "Foto Dukcapil tidak cukup mirip dengan foto pada KTP atau wajah pada pencocokan terakhir yang disertai uji keaktifan.";
        disagrees_advice: "Treat it as likely fraud: a forged card first, a true NIK later. Stop serving the customer and compare the pictures in a review.",
            "Perlakukan sebagai kemungkinan besar penipuan: KTP palsu dulu, NIK asli kemudian. Hentikan layanan dan bandingkan gambarnya.";
        nik_other: "The NIK is another customer's too", "NIK juga dipakai nasabah lain";
        nik_other_means: "Another customer of your organisation has the same NIK.",
            "Nasabah lain di organisasi Anda memakai NIK yang sama.";
        nik_other_advice: "See whether it is one person with two records; if not, one of them uses a foreign identity.",
            "Periksa apakah satu orang dengan dua data; bila bukan, salah satunya memakai identitas orang lain.";
        nik_changed: "The customer had another NIK before", "NIK nasabah berubah";
        nik_changed_means: "An earlier verification of this customer was of another NIK. A NIK does not change in a life, save for a correction by Dukcapil.",
            "Verifikasi nasabah ini sebelumnya memakai NIK lain. NIK tidak berubah seumur hidup, kecuali dikoreksi Dukcapil.";
        nik_changed_advice: "Stop serving the customer until it is cleared up. Where a verdict of somebody else was sent, void it.",
            "Hentikan layanan sampai jelas. Bila putusan milik orang lain yang terkirim, batalkan verifikasinya.";
        nik_region: "The NIK's region is not in the table", "Wilayah NIK tidak ada dalam tabel";
        nik_region_means: "The regency or district in the NIK is none that this build knows. Regions are founded and renamed.",
            "Kabupaten atau kecamatan pada NIK tidak dikenal versi ini. Wilayah dapat dibentuk atau berubah nama.";
        nik_region_advice: "Usually nothing. Compare the NIK with the identity card.",
            "Biasanya tidak perlu tindakan. Bandingkan NIK dengan KTP.";
        unknown: "Another signal", "Sinyal lain";
        unknown_means: "A later version of the system noticed something that this one has no words for.",
            "Versi sistem yang lebih baru menemukan sesuatu yang belum dikenal versi ini.";
        unknown_advice: "Ask the operator what the code stands for.",
            "Tanyakan arti kode ini kepada operator.";
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// Two signals with one title could not be told from each other.
    #[test]
    fn every_signal_has_words_of_its_own() {
        for language in Language::ALL {
            let mut titles = BTreeSet::from([signal_meaning(language, "of_a_later_build").title]);
            for kind in SignalKind::ALL {
                let SignalMeaning { title, means, advice } = signal_meaning(language, kind.as_str());
                assert!(titles.insert(title), "{kind:?}: {title}");
                assert!(means.ends_with('.') && advice.ends_with('.'), "{kind:?}");
            }
        }
    }
}
