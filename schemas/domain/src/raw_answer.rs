//! What Dukcapil's raw answer says beside the verdict that a bank read from it: which signals follow where the two do not
//! agree (sequence §5.1). Pure, and codes only: nothing of the answer itself goes on from here.
//!
//! What does not belong here: taking the JSON apart, which is the HTTP front end's, and keeping the answer.

use crate::classify::{self, ReasonCategory};
use crate::limits::NAME_SCORE_MIN;
use crate::signals::SignalKind;

/// Which rules [`RawReading::of`] and the reader of the JSON follow. Any change that changes an answer raises it.
pub const RAW_CLASSIFIER_VERSION: u32 = 1;

words! {
    /// What kind of answer it is.
    RawShape {
        /// Element by element, "Sesuai" or "Tidak Sesuai".
        Elements = "elements",
        /// A code or a text in place of elements.
        Message = "message",
        /// The person's data as they stand in the registry.
        Record = "record",
        /// None of these.
        Other = "other",
        /// Beyond the reader's bounds.
        Unreadable = "unreadable",
    }
}

/// What an element of the answer is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnsweredElement {
    /// The name, which has a score.
    Name,
    /// Something else by which a person is known: NIK, date and place of birth, sex.
    Identity,
    /// Something that changes in a life: an address, a profession.
    Circumstance,
}

impl AnsweredElement {
    /// The element of that name in the answer, whatever the case of its letters.
    pub fn of_name(name: &str) -> Self {
        const IDENTITY: [&str; 4] = ["NIK", "TGL_LHR", "JENIS_KLMIN", "TMPT_LHR"];
        if name.eq_ignore_ascii_case("NAMA_LGKP") {
            Self::Name
        } else if IDENTITY.iter().any(|one| name.eq_ignore_ascii_case(one)) {
            Self::Identity
        } else {
            Self::Circumstance
        }
    }
}

/// Whether an element agrees, and how well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ElementAgreement {
    /// "Sesuai".
    pub agrees: bool,
    /// The number in brackets.
    pub score: Option<u16>,
}

impl ElementAgreement {
    /// Takes up `Sesuai` or `Tidak Sesuai`, in any case of letters, with or without a score of one to three digits in
    /// brackets; nothing else, not even a space more.
    pub fn parse(value: &str) -> Option<Self> {
        let (agrees, rest) =
            [("sesuai", true), ("tidak sesuai", false)].into_iter().find_map(|(word, agrees)| {
                let (head, rest) = value.split_at_checked(word.len())?;
                head.eq_ignore_ascii_case(word).then_some((agrees, rest))
            })?;
        if rest.is_empty() {
            return Some(Self { agrees, score: None });
        }
        let digits = rest.strip_prefix(" (")?.strip_suffix(')')?;
        let is_number = (1..=3).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(Self { agrees, score: digits.parse().ok() })
    }
}

/// What could be read of a raw answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// What kind of answer it is.
    pub shape: RawShape,
    /// Its elements; of one that stands twice, the last.
    pub agreements: Vec<(AnsweredElement, ElementAgreement)>,
    /// `RESPONSE_CODE`.
    pub response_code: Option<u32>,
    /// What its text says of the person, where there is no code.
    pub said: Option<ReasonCategory>,
    /// It is an error of the interface.
    pub is_interface_error: bool,
    /// A picture stands in it.
    pub has_photo: bool,
    /// `quotaLimiter`: how many requests the bank has left.
    pub quota_counter: Option<u32>,
}

/// What came of looking at a raw answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RawFinding {
    /// There is none.
    Missing,
    /// It is beyond the reader's bounds.
    Unreadable,
    /// It could be read.
    Read(RawAnswer),
}

/// What an event keeps of a raw answer: words of ours and a counter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawReading {
    /// What kind of answer it is; none where there was none.
    pub shape: Option<RawShape>,
    /// Words of [`SignalKind`], each once; of a later build perhaps others.
    pub signals: Vec<String>,
    /// How many requests the bank had left.
    pub quota_counter: Option<u32>,
    /// [`RAW_CLASSIFIER_VERSION`] of whoever read it.
    pub classifier: u32,
}

impl RawReading {
    /// What a verdict's raw answer and reason come to. Total; whatever was sent, the verdict stands.
    pub fn of(valid: bool, finding: &RawFinding, reason: Option<&str>) -> Self {
        let mut kinds = Vec::new();
        let (shape, quota_counter) = match finding {
            RawFinding::Missing => {
                kinds.extend(valid.then_some(SignalKind::RawMissing));
                (None, None)
            }
            RawFinding::Unreadable => {
                kinds.push(SignalKind::RawUnreadable);
                (Some(RawShape::Unreadable), None)
            }
            RawFinding::Read(answer) => {
                if valid {
                    kinds.extend(against_valid(answer));
                } else if agrees_throughout(answer) {
                    kinds.push(SignalKind::InvalidButMatch);
                }
                kinds.extend(answer.has_photo.then_some(SignalKind::PhotoInRaw));
                (Some(answer.shape), answer.quota_counter)
            }
        };
        let is_error = matches!(finding, RawFinding::Read(answer) if answer.is_interface_error);
        if is_error || reason.is_some_and(classify::is_interface_error) {
            kinds.push(SignalKind::NotAVerdict);
        }
        let signals = kinds.into_iter().map(|kind| kind.as_str().to_owned()).collect();
        Self { shape, signals, quota_counter, classifier: RAW_CLASSIFIER_VERSION }
    }
}

/// What an answer says against "valid".
fn against_valid(answer: &RawAnswer) -> Vec<SignalKind> {
    let mut kinds = Vec::new();
    let differs = |is_identity: bool| {
        answer
            .agreements
            .iter()
            .any(|(element, of)| !of.agrees && (*element != AnsweredElement::Circumstance) == is_identity)
    };
    if differs(true) {
        kinds.push(SignalKind::ValidButMismatch);
    } else if differs(false) {
        kinds.push(SignalKind::ValidButMismatchMinor);
    }
    // An error of the interface says nothing of the person, whatever its words are.
    let said = answer.said.filter(|_| !answer.is_interface_error);
    kinds.extend(denial(answer.response_code, said));
    let is_low = |(element, of): &(AnsweredElement, ElementAgreement)| {
        *element == AnsweredElement::Name && of.score.is_some_and(|score| score < NAME_SCORE_MIN)
    };
    kinds.extend(answer.agreements.iter().any(is_low).then_some(SignalKind::ValidButLowScore));
    kinds
}

/// Which of the published codes it is; where there is none, what the text says.
fn denial(code: Option<u32>, said: Option<ReasonCategory>) -> Option<SignalKind> {
    match (code, said) {
        (Some(11), _) | (None, Some(ReasonCategory::Deceased)) => Some(SignalKind::ValidButDeceased),
        (Some(12), _) | (None, Some(ReasonCategory::DuplicateRecord)) => Some(SignalKind::ValidButDuplicate),
        (Some(13), _) | (None, Some(ReasonCategory::NotFound)) => Some(SignalKind::ValidButNotFound),
        (Some(14), _) | (None, Some(ReasonCategory::Inactive)) => Some(SignalKind::ValidButInactive),
        (Some(15), _) | (None, Some(ReasonCategory::BadFormat)) => Some(SignalKind::ValidButBadFormat),
        _ => None,
    }
}

fn agrees_throughout(answer: &RawAnswer) -> bool {
    !answer.agreements.is_empty() && answer.agreements.iter().all(|(_, of)| of.agrees)
}

#[cfg(test)]
mod tests {
    use super::ElementAgreement;

    #[test]
    fn an_agreement_is_one_of_two_words_with_a_score_perhaps() {
        for (value, wanted) in [
            ("Sesuai", Some((true, None))),
            ("SESUAI", Some((true, None))),
            ("sesuai (100)", Some((true, Some(100)))),
            ("Tidak Sesuai", Some((false, None))),
            ("TIDAK SESUAI (7)", Some((false, Some(7)))),
            ("Tidak Sesuai (45)", Some((false, Some(45)))),
            ("Sesuai (1000)", None),
            ("Sesuai ()", None),
            ("Sesuai (9a)", None),
            ("Sesuai (+1)", None),
            ("Sesuai(100)", None),
            ("Sesuai (100) ", None),
            (" Sesuai", None),
            ("Belum Sesuai", None),
            ("Sesuaiä", None),
            ("Sesua\u{131}", None),
            ("", None),
        ] {
            let found = ElementAgreement::parse(value).map(|of| (of.agrees, of.score));
            assert_eq!(found, wanted, "{value}");
        }
    }
}
