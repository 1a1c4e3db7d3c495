//! The category of a verdict's reason, from its words alone: Indonesian or English, whatever the case.
//! Derived once by the API and carried in the event with [`CLASSIFIER_VERSION`], so that it outlives the
//! erasure of the reason itself; readers never derive it again.
//!
//! What does not belong here: what a category means for a tier (nothing does), and storing the reason.

use std::sync::LazyLock;

/// Which rules [`classify`] follows. Any change to the tables below that changes an answer raises it, so that
/// analytics can tell a change of rules from a change in the world.
pub const CLASSIFIER_VERSION: u32 = 2;

/// A category of a reason: of a verdict's, or of a decision of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ReasonCategory {
    /// No such record.
    NotFound,
    /// The data differ.
    Mismatch,
    /// The person has died.
    Deceased,
    /// More than one record.
    DuplicateRecord,
    /// The record is not active.
    Inactive,
    /// The NIK is malformed.
    BadFormat,
    /// A quota was used up.
    Quota,
    /// Something else.
    Other,
    /// The faces are not one person's: our own decision, as all that follow; never made from a text.
    NoMatch,
    /// The capture is too blurred, too bright or too dark to be judged.
    Quality,
    /// The capture is not of what stood before the camera.
    Spoof,
    /// The capture does not say enough either way.
    Unclear,
    /// What the document says is not what an authentic one says.
    Tampered,
}

impl ReasonCategory {
    /// Every category.
    pub const ALL: [Self; 13] = [
        Self::NotFound,
        Self::Mismatch,
        Self::Deceased,
        Self::DuplicateRecord,
        Self::Inactive,
        Self::BadFormat,
        Self::Quota,
        Self::Other,
        Self::NoMatch,
        Self::Quality,
        Self::Spoof,
        Self::Unclear,
        Self::Tampered,
    ];

    /// The word in the API and in schemas.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotFound => "not_found",
            Self::Mismatch => "mismatch",
            Self::Deceased => "deceased",
            Self::DuplicateRecord => "duplicate_record",
            Self::Inactive => "inactive",
            Self::BadFormat => "bad_format",
            Self::Quota => "quota",
            Self::Other => "other",
            Self::NoMatch => "no_match",
            Self::Quality => "quality",
            Self::Spoof => "spoof",
            Self::Unclear => "unclear",
            Self::Tampered => "tampered",
        }
    }

    /// The category of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == word)
    }
}

/// The words that stand for a category.
struct Rule {
    category: ReasonCategory,
    /// Whether "not" before a phrase takes it back. Not so where it says the same again: "bukan 16 digit"
    /// is still about the format, "no quota" still about the quota.
    negatable: bool,
    /// Phrases between bars; each a run of words in one clause. A star ends a word that may go on.
    phrases: &'static str,
}

/// In order of precedence: where a reason has the words of several categories, the earlier one explains the
/// later ("tidak aktif karena meninggal", "tidak ditemukan: harus 16 digit"). A death explains everything; a
/// record that stands twice is often inactive for it; a malformed NIK was never looked up, nor was one over
/// the quota ("akses diblokir, kuota habis"); an inactive record is often reported as not found; and without
/// a record there is nothing that could differ.
const RULES: [Rule; 7] = [
    Rule {
        category: ReasonCategory::Deceased,
        negatable: true,
        // Not "meninggal*": "meninggalkan" is to leave (a country).
        phrases: "meninggal|meninggalnya|wafat|almarhum*|alm|almh|mendiang|kematian|deceased|died|dead|death \
                  |passed away",
    },
    Rule {
        category: ReasonCategory::DuplicateRecord,
        negatable: true,
        phrases: "ganda|duplikat*|duplikasi*|terduplikasi|dobel|duplicate*|duplication|double record* \
                  |double data|double entr*|double nik|multiple record*|multiple entr*|several records \
                  |more than one record|lebih dari satu data|lebih dari satu nik|terdaftar lebih dari satu \
                  |terdaftar dua kali|registered twice",
    },
    Rule {
        category: ReasonCategory::BadFormat,
        negatable: false,
        phrases: "format|formatnya|malformed|16 digit*|16digit*|16 angka|16 karakter|16 character* \
                  |enam belas digit|sixteen digit*|jumlah digit|kurang digit|kelebihan digit|jumlah angka \
                  |number of digits|panjang nik|nik length|length of nik|nik salah|salah nik|nik tidak valid \
                  |nik tidak sah|nik tidak benar|nik keliru|nik invalid|invalid nik|nik is invalid \
                  |nik not valid|nik is not valid|wrong nik|nik number invalid|invalid nik number",
    },
    Rule {
        category: ReasonCategory::Quota,
        negatable: false,
        phrases: "kuota*|quota*|limit|limits|batas akses|batas harian|batas permintaan|batas maksimal akses \
                  |batas pemakaian|melebihi batas|melampaui batas|too many requests|too many attempts \
                  |terlalu banyak permintaan|terlalu banyak percobaan",
    },
    Rule {
        category: ReasonCategory::Inactive,
        negatable: true,
        phrases: "nonaktif*|dinonaktifkan|non aktif*|tidak aktif*|belum aktif*|belum diaktifkan|inactive \
                  |inactivated|not active|not activated|no longer active|non active|deactivated|disabled \
                  |suspended|diblokir|terblokir|blokir|pemblokiran|blocked|dibekukan|ditangguhkan|dicabut \
                  |revoked",
    },
    Rule {
        category: ReasonCategory::NotFound,
        negatable: true,
        phrases: "tidak ditemukan|belum ditemukan|belum rekam|belum direkam|belum melakukan perekaman \
                  |belum perekaman|tidak dapat ditemukan|tidak bisa ditemukan|tidak ketemu \
                  |tidak terdaftar|belum terdaftar|tidak tercatat|belum tercatat|belum terekam|tidak terekam \
                  |tidak terdapat|tidak dikenal*|data tidak ada|nik tidak ada|tidak ada data|tidak ada nik \
                  |tidak ada di|tidak ada dalam|tidak ada pada|data kosong|data nihil|not found|notfound \
                  |not be found|not find|unable to find|not registered|unregistered|not exist|nonexistent \
                  |non existent|no record*|no data|no such|no matching record*|no match found|not known \
                  |unknown nik|unknown record|nik unknown|not in database|not in the database|missing record",
    },
    Rule {
        category: ReasonCategory::Mismatch,
        negatable: true,
        phrases: "tidak sesuai|belum sesuai|kurang sesuai|tidak cocok|tidak sama|tidak identik|tidak match \
                  |ketidaksesuaian|ketidakcocokan|mismatch*|mis match|not match*|no match|unmatched \
                  |not matching|not the same|not identical|not correspond|not agree|berbeda|beda|perbedaan \
                  |different|differs|differ|difference*|discrepan*|nama salah|salah nama|nama tidak benar \
                  |foto salah|alamat salah|tanggal lahir salah|wrong name|incorrect name|wrong date of birth \
                  |wrong person|bukan orang yang sama|bukan yang bersangkutan",
    },
];

/// What has the words of a category and says nothing of it.
const HARMLESS: &str = "format benar|format sesuai|format valid|format ok|format is valid|format is correct \
                        |format nik benar|format nik sesuai|format nik valid|valid format|correct format \
                        |no format|kuota tersedia|kuota masih ada|within quota|within the quota|within limits \
                        |within limit|within the limit|age limit|time limit|batas usia|batas umur \
                        |batas waktu|tidak ditemukan data ganda|tidak ditemukan duplikat* \
                        |tidak ditemukan perbedaan";

/// Errors of the registry's interface, of the way to it, and of the caller's account there (docs/dukcapil.md has the
/// sources): they have the words of a category, and say nothing of the person.
const INTERFACE_ERRORS: &str = "login gagal|gagal login|login failed|user id tidak aktif|userid tidak aktif \
                        |user tidak aktif|user id tidak ditemukan|user tidak ditemukan|user tidak terdaftar \
                        |user id tidak terdaftar|user id tidak sesuai|password tidak sesuai|password salah \
                        |instansi tidak aktif|instansi tidak terdaftar|lembaga tidak aktif|lembaga tidak terdaftar \
                        |ip address tidak sesuai|ip tidak sesuai|ip client tidak sesuai|ip user tidak sesuai \
                        |ip address tidak terdaftar|ip tidak terdaftar|ip client tidak terdaftar \
                        |ip user tidak terdaftar|ip diblokir|ip not registered|parameter tidak lengkap \
                        |parameter tidak sesuai|parameter tidak valid|password dan ip tidak boleh kosong \
                        |akses tidak terdaftar|akses diblokir|akses ditolak|access denied|method tidak terdaftar \
                        |timeout|timeouts|time out|timed out|waktu habis|koneksi gagal|koneksi terputus|gagal koneksi \
                        |connection refused|connection reset|connection failed|connection error|connection closed \
                        |bad gateway|service unavailable|gateway timeout|internal server error|server error \
                        |server tidak ditemukan|server tidak aktif|server not found|host not found|unknown host \
                        |tidak dapat terhubung|gangguan sistem|sistem gangguan|layanan tidak aktif \
                        |layanan tidak tersedia";

/// Spellings of one and the same word, so that the tables need only one of them.
const SPELLINGS: [(&[&str], &str); 3] = [
    (&["tdk", "tak", "gak", "ga", "nggak", "enggak", "tidaklah"], "tidak"),
    (&["blm", "blum"], "belum"),
    (
        &[
            "isnt", "arent", "wasnt", "werent", "dont", "doesnt", "didnt", "cant", "cannot", "couldnt",
            "hasnt", "havent",
        ],
        "not",
    ),
];

/// What takes a phrase back when it stands before it.
const NEGATIONS: [&str; 8] = ["tidak", "bukan", "belum", "tanpa", "not", "no", "never", "without"];

/// What may stand between a negation and what it takes back: "tidak ada data ganda", "not marked as deceased".
const FILLERS: [&str; 26] = [
    "ada",
    "data",
    "status",
    "yang",
    "telah",
    "sudah",
    "lagi",
    "sedang",
    "dalam",
    "terdeteksi",
    "terindikasi",
    "dinyatakan",
    "berstatus",
    "a",
    "an",
    "any",
    "the",
    "is",
    "are",
    "be",
    "been",
    "longer",
    "listed",
    "marked",
    "reported",
    "as",
];

/// A clause of one of these words takes back what stands before it: "deceased: no", "ganda=false".
const ANSWERS_NO: [&str; 5] = ["no", "false", "tidak", "bukan", "0"];

type Phrase = Vec<&'static str>;

static PHRASES: LazyLock<Vec<(&'static Rule, Vec<Phrase>)>> =
    LazyLock::new(|| RULES.iter().map(|rule| (rule, phrases(rule.phrases))).collect());

static INTERFACE_PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| phrases(INTERFACE_ERRORS));

static HARMLESS_PHRASES: LazyLock<Vec<Phrase>> = LazyLock::new(|| phrases(HARMLESS));

fn phrases(table: &'static str) -> Vec<Phrase> {
    table
        .split('|')
        .map(|phrase| phrase.split_whitespace().collect::<Phrase>())
        .filter(|p| !p.is_empty())
        .collect()
}

/// The category of a reason: the first by precedence with a phrase that stands in it and is not taken back,
/// otherwise [`ReasonCategory::Other`]. Total, and the same for the same text for ever under one version.
pub fn classify(reason: &str) -> ReasonCategory {
    let words = words(reason);
    let mut taken = vec![false; words.len()];
    for phrase in HARMLESS_PHRASES.iter() {
        for start in places(&words, phrase) {
            let end = start + phrase.len();
            // "Not a valid format" is no praise.
            if taken_back(&words, start, end).is_none() {
                taken[start..end].fill(true);
            }
        }
    }
    for phrase in INTERFACE_PHRASES.iter() {
        for start in places(&words, phrase) {
            taken[start..start + phrase.len()].fill(true);
        }
    }
    for (_, phrases) in PHRASES.iter().filter(|(rule, _)| rule.negatable) {
        for phrase in phrases {
            for start in places(&words, phrase) {
                let end = start + phrase.len();
                if let Some(from) = taken_back(&words, start, end) {
                    // Neither these words nor the "not" before them say anything any more.
                    taken[from..end].fill(true);
                }
            }
        }
    }
    let stands = |phrase: &Phrase| {
        places(&words, phrase).any(|start| !taken[start..start + phrase.len()].contains(&true))
    };
    let first = PHRASES.iter().find(|(_, phrases)| phrases.iter().any(stands));
    first.map_or(ReasonCategory::Other, |(rule, _)| rule.category)
}

/// Whether the text is an error of the interface, which says nothing of the person: that is an attempt that failed, and
/// no verdict (sequence §5.1). A quota that is used up is one too, though it has a category.
pub fn is_interface_error(text: &str) -> bool {
    let words = words(text);
    let stands = |phrase: &Phrase| places(&words, phrase).next().is_some();
    INTERFACE_PHRASES.iter().any(stands) || says_quota_used_up(&words)
}

/// "Kuota Akses Hari ini telah Habis", whatever stands between.
fn says_quota_used_up(words: &[Word]) -> bool {
    let Some(start) = words.windows(2).position(|two| two[0].text == "kuota" && two[1].text == "akses")
    else {
        return false;
    };
    words[start..].iter().any(|word| word.text == "habis")
}

struct Word {
    text: String,
    /// Punctuation stands before it: no phrase and no negation reaches across.
    opens_clause: bool,
}

/// The words in lower case, apostrophes dropped ("doesn't"), hyphens as spaces ("non-aktif").
fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut opens_clause = true;
    for c in text.chars().chain([' ']) {
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        } else if c != '\'' && c != '\u{2019}' {
            if !word.is_empty() {
                let text = std::mem::take(&mut word);
                let same = SPELLINGS.iter().find(|(spellings, _)| spellings.contains(&text.as_str()));
                let text = same.map_or(text, |(_, word)| (*word).to_owned());
                words.push(Word { text, opens_clause });
                opens_clause = false;
            }
            opens_clause |= !c.is_whitespace() && !matches!(c, '-' | '_' | '"' | '\u{2010}' | '\u{2011}');
        }
    }
    words
}

/// Where the phrase begins, everywhere it stands.
fn places<'a>(words: &'a [Word], phrase: &'a [&'static str]) -> impl Iterator<Item = usize> + 'a {
    words.windows(phrase.len()).enumerate().filter_map(move |(start, window)| {
        let whole = || window.iter().skip(1).all(|word| !word.opens_clause);
        let same = |(word, wanted): (&Word, &&str)| match wanted.strip_suffix('*') {
            Some(beginning) => word.text.starts_with(beginning),
            None => word.text == *wanted,
        };
        (window.iter().zip(phrase).all(same) && whole()).then_some(start)
    })
}

/// Whether the phrase is taken back, and from which word on.
fn taken_back(words: &[Word], start: usize, end: usize) -> Option<usize> {
    let answered_no = words.get(end).is_some_and(|word| {
        word.opens_clause
            && ANSWERS_NO.contains(&word.text.as_str())
            && words.get(end + 1).is_none_or(|next| next.opens_clause)
    });
    if answered_no {
        return Some(start);
    }
    let mut at = start;
    while at > 0 && !words[at].opens_clause {
        at -= 1;
        let word = words[at].text.as_str();
        if NEGATIONS.contains(&word) {
            return Some(at);
        }
        if !FILLERS.contains(&word) {
            return None;
        }
    }
    None
}
