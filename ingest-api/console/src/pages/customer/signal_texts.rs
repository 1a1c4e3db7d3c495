//! What each signal of a verdict or a capture is called, what it means, and what to do about it. Not here: how it is shown,
//! and the signals of reused keys and copied pictures, which stand beside that (`signals`).

use domain::signals::SignalKind;

use crate::Language;

/// Title, meaning and advice, in one language.
pub(super) struct SignalText {
    pub(super) title: &'static str,
    pub(super) means: &'static str,
    pub(super) advice: &'static str,
}

/// Of a signal that a raw answer or a capture raised; none of another.
pub(super) fn signal_text(language: Language, code: &str) -> Option<&'static SignalText> {
    let kind = SignalKind::parse(code)?;
    let (_, english, indonesian) = TEXTS.iter().find(|(of, ..)| *of == kind)?;
    Some(match language {
        Language::English => english,
        Language::Indonesian => indonesian,
    })
}

const TEXTS: &[(SignalKind, SignalText, SignalText)] = &[
    (
        SignalKind::RawUnreadable,
        SignalText {
            title: "The raw answer was not read",
            means: "Dukcapil's raw answer is larger or deeper than what is looked into. It is kept, but was not compared with the verdict.",
            advice: "Ask your engineers what they send as raw: it should be Dukcapil's answer alone.",
        },
        SignalText {
            title: "Jawaban mentah tidak dibaca",
            means: "Jawaban mentah Dukcapil lebih besar atau lebih dalam dari batas pemeriksaan. Jawaban disimpan, tetapi tidak dibandingkan dengan hasil.",
            advice: "Tanyakan kepada tim teknis apa yang dikirim sebagai raw: seharusnya hanya jawaban Dukcapil.",
        },
    ),
    (
        SignalKind::RawMissing,
        SignalText {
            title: "No raw answer",
            means: "The verdict says that Dukcapil confirmed the person, and came without Dukcapil's answer.",
            advice: "Nothing for this customer. Have your engineers send the answer with every verdict: it is the evidence.",
        },
        SignalText {
            title: "Tidak ada jawaban mentah",
            means: "Hasil menyatakan Dukcapil membenarkan orang ini, tetapi jawaban Dukcapil tidak disertakan.",
            advice: "Tidak ada untuk nasabah ini. Minta tim teknis menyertakan jawaban pada setiap hasil: itu adalah bukti.",
        },
    ),
    (
        SignalKind::ValidButMismatch,
        SignalText {
            title: "Confirmed, but the answer says it differs",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that a name, a date or another element does not agree.",
            advice: "High: check the person's data before you rely on the verdict. Low: an address or the like differs; ask at the next contact.",
        },
        SignalText {
            title: "Dibenarkan, tetapi jawaban menyatakan berbeda",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan nama, tanggal, atau unsur lain tidak sesuai.",
            advice: "Tinggi: periksa data orang tersebut sebelum mengandalkan hasil. Rendah: alamat atau sejenisnya berbeda; tanyakan pada kontak berikutnya.",
        },
    ),
    (
        SignalKind::ValidButDeceased,
        SignalText {
            title: "Confirmed, but the answer says the person died",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that the person has died.",
            advice: "Stop and find out who is using this identity; a verdict posted in error can be voided.",
        },
        SignalText {
            title: "Dibenarkan, tetapi jawaban menyatakan meninggal",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan orang tersebut telah meninggal.",
            advice: "Hentikan dan cari tahu siapa yang memakai identitas ini; hasil yang keliru dapat dibatalkan.",
        },
    ),
    (
        SignalKind::ValidButDuplicate,
        SignalText {
            title: "Confirmed, but there is more than one record",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that there is more than one record.",
            advice: "Have the customer settle it with Dukcapil, and ask again after that.",
        },
        SignalText {
            title: "Dibenarkan, tetapi data ganda",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan datanya ganda.",
            advice: "Minta nasabah menyelesaikannya di Dukcapil, lalu periksa kembali.",
        },
    ),
    (
        SignalKind::ValidButNotFound,
        SignalText {
            title: "Confirmed, but there is no such record",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that it knows no such record.",
            advice: "Do not rely on the verdict: look at the raw answer with two signers, and void the verdict if it was posted in error.",
        },
        SignalText {
            title: "Dibenarkan, tetapi data tidak ditemukan",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan datanya tidak ditemukan.",
            advice: "Jangan mengandalkan hasil ini: buka jawaban mentah dengan dua penandatangan, dan batalkan bila keliru.",
        },
    ),
    (
        SignalKind::ValidButInactive,
        SignalText {
            title: "Confirmed, but the record is not active",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that the record is not active.",
            advice: "Have the customer settle it with Dukcapil, and ask again after that.",
        },
        SignalText {
            title: "Dibenarkan, tetapi data tidak aktif",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan datanya tidak aktif.",
            advice: "Minta nasabah menyelesaikannya di Dukcapil, lalu periksa kembali.",
        },
    ),
    (
        SignalKind::ValidButBadFormat,
        SignalText {
            title: "Confirmed, but the NIK is malformed",
            means: "The verdict says that the person is confirmed, while Dukcapil's answer says that the NIK has no valid form.",
            advice: "Do not rely on the verdict: ask your engineers how it came to be valid.",
        },
        SignalText {
            title: "Dibenarkan, tetapi format NIK salah",
            means: "Hasil menyatakan orang ini benar, sedangkan jawaban Dukcapil menyatakan format NIK tidak sesuai.",
            advice: "Jangan mengandalkan hasil ini: tanyakan kepada tim teknis mengapa dinyatakan benar.",
        },
    ),
    (
        SignalKind::ValidButLowScore,
        SignalText {
            title: "Confirmed, but the name agrees little",
            means: "The verdict says that the person is confirmed, while the name agrees with Dukcapil's by less than 80 of 100.",
            advice: "Compare the name with the card: a title or a spelling explains most of them.",
        },
        SignalText {
            title: "Dibenarkan, tetapi kecocokan nama rendah",
            means: "Hasil menyatakan orang ini benar, sedangkan kecocokan nama dengan Dukcapil di bawah 80 dari 100.",
            advice: "Bandingkan nama dengan kartu: gelar atau ejaan biasanya menjadi penyebab.",
        },
    ),
    (
        SignalKind::InvalidButMatch,
        SignalText {
            title: "Declined, but everything agrees",
            means: "The verdict says that Dukcapil declined, while its answer says of every element that it agrees.",
            advice: "Ask your engineers why it was declined; the customer may be turned away without a reason.",
        },
        SignalText {
            title: "Ditolak, tetapi semua sesuai",
            means: "Hasil menyatakan Dukcapil menolak, sedangkan jawabannya menyatakan semua unsur sesuai.",
            advice: "Tanyakan kepada tim teknis alasan penolakan; nasabah mungkin ditolak tanpa sebab.",
        },
    ),
    (
        SignalKind::NotAVerdict,
        SignalText {
            title: "An error was posted as a verdict",
            means: "What came is an error of Dukcapil's interface: a login, a quota, a timeout. It says nothing of the person.",
            advice: "Have it declared as a failed attempt, and Dukcapil asked again when it is back.",
        },
        SignalText {
            title: "Galat dikirim sebagai hasil",
            means: "Yang dikirim adalah galat layanan Dukcapil: login, kuota, atau batas waktu. Ini tidak menyatakan apa pun tentang orang tersebut.",
            advice: "Nyatakan sebagai percobaan gagal, dan periksa kembali ke Dukcapil setelah pulih.",
        },
    ),
    (
        SignalKind::PhotoInRaw,
        SignalText {
            title: "A picture inside the raw answer",
            means: "A picture stands inside the raw answer, where it is kept as evidence and never becomes a reference.",
            advice: "Have your engineers send the picture as photo.",
        },
        SignalText {
            title: "Foto di dalam jawaban mentah",
            means: "Ada foto di dalam jawaban mentah; foto itu disimpan sebagai bukti dan tidak menjadi referensi.",
            advice: "Minta tim teknis mengirim foto itu sebagai photo.",
        },
    ),
    (
        SignalKind::DeceasedAfterVerified,
        SignalText {
            title: "Reported dead after being verified",
            means: "Dukcapil says that the person has died, after the customer was verified. The tier stays as it was.",
            advice: "Treat every use of the account from now on as somebody else's until it is clarified.",
        },
        SignalText {
            title: "Dilaporkan meninggal setelah terverifikasi",
            means: "Dukcapil menyatakan orang ini meninggal setelah nasabah terverifikasi. Tingkat KYC tidak berubah.",
            advice: "Anggap setiap pemakaian rekening sejak sekarang dilakukan orang lain sampai jelas.",
        },
    ),
    (
        SignalKind::ClientClockSkew,
        SignalText {
            title: "The phone's clock is off",
            means: "The phone that captured the card has a clock that differs from ours by minutes.",
            advice: "Nothing by itself. Many of them from one app are an error of that app.",
        },
        SignalText {
            title: "Jam ponsel tidak tepat",
            means: "Jam ponsel yang memotret kartu berbeda beberapa menit dari jam kami.",
            advice: "Tidak perlu tindakan. Bila banyak dari satu aplikasi, aplikasinya bermasalah.",
        },
    ),
    (
        SignalKind::SamplesDisagreeWithFrames,
        SignalText {
            title: "The phone's figures are not its pictures'",
            means: "What the phone says of its pictures is not what the pictures show.",
            advice: "Look at the capture: the pictures may not come from the phone's camera.",
        },
        SignalText {
            title: "Angka ponsel tidak cocok dengan gambar",
            means: "Keterangan ponsel tentang gambarnya tidak sesuai dengan isi gambar.",
            advice: "Periksa hasil foto: gambar mungkin tidak berasal dari kamera ponsel.",
        },
    ),
];

#[cfg(test)]
mod tests {
    use super::TEXTS;

    #[test]
    fn each_text_is_said_once_and_in_both_languages() {
        for (at, (kind, english, indonesian)) in TEXTS.iter().enumerate() {
            assert!(TEXTS[at + 1..].iter().all(|(other, ..)| other != kind), "{kind:?}");
            for (one, other) in [
                (english.title, indonesian.title),
                (english.means, indonesian.means),
                (english.advice, indonesian.advice),
            ] {
                assert!(!one.is_empty() && !other.is_empty() && one != other, "{kind:?}");
            }
        }
    }
}
