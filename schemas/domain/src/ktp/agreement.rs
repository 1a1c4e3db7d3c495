//! What several readings of one card come to: whose counts, whether they agree on the NIK, and whether the NIK agrees
//! with what the card says beside it (sequence §2.3 (f) and (g)). A reading that one frame alone gives is a guess; two
//! frames that give it are a reading. Not here: what the findings come to with those of other voters.

use chrono::NaiveDate;

use super::values::same;
use super::{CardText, ClientText, FieldText, KtpField, card_date, card_sex};
use crate::capture::{Measure, TextAgreement, TextSource, VoterFinding, VoterState};
use crate::nik::{CivilSex, Nik, NikStructure};
use crate::time::Timestamp;

/// The voter on who read the NIK, and whether others read it so.
pub const NIK_READ: &str = "nik_read";

/// The voter on whether the NIK can be one and fits the card.
pub const NIK_CONSISTENCY: &str = "nik_consistency";

/// Frames that must give the same NIK before ours counts as read.
const FRAMES_AGREEING_MIN: usize = 2;

/// What the readings of a card come to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KtpTextOutcome {
    /// Whose reading counts, and on which fields the readings agree; none where nobody read anything.
    pub agreement: Option<TextAgreement>,
    /// [`NIK_READ`].
    pub nik_read: VoterFinding,
    /// [`NIK_CONSISTENCY`].
    pub nik_consistency: VoterFinding,
    /// The NIK of the reading that counts; none where it was not read surely.
    pub nik: Option<Nik>,
    /// The reading that counts, to be sealed.
    pub text: CardText,
}

/// Judges the readings of one card.
///
/// `server` holds a reading of ours for each frame that was looked at, none where no reader is configured. `preferred` is
/// the org's `ktp.textSource`: it decides whether the phone's word counts where ours does not. `now` is for birth dates
/// that must not lie in the future.
pub fn read_agreement(
    server: Option<&[CardText]>,
    client: &ClientText,
    preferred: TextSource,
    now: Timestamp,
) -> KtpTextOutcome {
    let frames = server.unwrap_or_default();
    let (source, nik_read, nik) = judge_nik(server, client.card(), preferred);
    let printed = Printed { frames, client: client.card(), source };
    let text = match source {
        TextSource::Server => surest(frames),
        TextSource::Client => client.card().clone(),
    };
    let nik_consistency = consistency(nik.as_ref().map(|nik| nik.structure(now)), &printed);
    let agreement = (!text.is_empty()).then(|| agreement(source, frames, client.card()));
    KtpTextOutcome { agreement, nik_read, nik_consistency, nik, text }
}

fn finding(name: &str, state: VoterState, reason: &str, frames: Option<usize>) -> VoterFinding {
    VoterFinding {
        name: name.to_owned(),
        state,
        reason: reason.to_owned(),
        value: frames.and_then(|frames| Measure::of(frames as f64)),
        threshold: frames.and_then(|_| Measure::of(FRAMES_AGREEING_MIN as f64)),
    }
}

/// Whose reading counts, what [`NIK_READ`] says, and the NIK.
fn judge_nik(
    server: Option<&[CardText]>,
    client: &CardText,
    preferred: TextSource,
) -> (TextSource, VoterFinding, Option<Nik>) {
    let said = |state, reason, frames| finding(NIK_READ, state, reason, frames);
    let read: Vec<Nik> = server.unwrap_or_default().iter().filter_map(CardText::nik).collect();
    let claimed = client.nik();
    let agreeing = |nik: &Nik| read.iter().filter(|other| *other == nik).count();
    let most = read.iter().map(agreeing).max().unwrap_or(0);
    if most >= FRAMES_AGREEING_MIN
        && let Some(ours) = read.iter().find(|nik| agreeing(nik) == most)
    {
        let finding = match &claimed {
            Some(claimed) if claimed != ours => said(VoterState::Fail, "nik_disagrees", Some(most)),
            _ => said(VoterState::Pass, "frames_agree", Some(most)),
        };
        return (TextSource::Server, finding, Some(ours.clone()));
    }
    if preferred == TextSource::Server {
        let reason = match (server, read.len()) {
            (None, _) => "no_reader",
            (Some(_), ..FRAMES_AGREEING_MIN) => "unreadable",
            (Some(_), _) => "frames_disagree",
        };
        return (TextSource::Server, said(VoterState::Abstain, reason, server.map(|_| most)), None);
    }
    match claimed {
        None => (TextSource::Client, said(VoterState::Abstain, "no_client_text", None), None),
        // What we read, if only once, is worth more than to be passed over.
        Some(claimed) if !read.is_empty() && !read.contains(&claimed) => {
            (TextSource::Client, said(VoterState::Abstain, "nik_unsure", None), Some(claimed))
        }
        Some(claimed) => (TextSource::Client, said(VoterState::Pass, "client_text", None), Some(claimed)),
    }
}

/// Of each field the reading that is surest; of two alike the first frame's.
fn surest(frames: &[CardText]) -> CardText {
    let mut text = CardText::default();
    for field in KtpField::ALL {
        let mut best: Option<&FieldText> = None;
        for found in frames.iter().filter_map(|frame| frame.field(field)) {
            if best.is_none_or(|best| best.confidence() < found.confidence()) {
                best = Some(found);
            }
        }
        if let Some(best) = best {
            text.put(field, best.clone());
        }
    }
    text
}

/// On which fields all of the readings that have them agree: our frames' and the phone's.
fn agreement(source: TextSource, frames: &[CardText], client: &CardText) -> TextAgreement {
    let (mut agreed, mut disagreed) = (Vec::new(), Vec::new());
    for field in KtpField::ALL {
        let texts: Vec<&str> = frames.iter().chain([client]).filter_map(|text| text.get(field)).collect();
        if let [first, others @ ..] = &texts[..]
            && !others.is_empty()
        {
            let alike = others.iter().all(|other| same(field, first, other));
            if alike { &mut agreed } else { &mut disagreed }.push(field.as_str().to_owned());
        }
    }
    TextAgreement { source, agreed, disagreed }
}

/// What the card says beside the NIK, by the reading that counts.
struct Printed<'a> {
    frames: &'a [CardText],
    client: &'a CardText,
    source: TextSource,
}

/// How a printed value stands to the NIK.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fit {
    Agrees,
    Disagrees,
    /// One frame reads something else than the NIK says, and no other confirms it.
    Unsure,
    /// Nothing that can be compared was read.
    Unread,
}

impl Printed<'_> {
    /// Holds what was read of a field against the NIK.
    fn fit<T: PartialEq>(
        &self,
        field: KtpField,
        read: fn(&str) -> Option<T>,
        agrees: impl Fn(&T) -> bool,
    ) -> Fit {
        let values = |texts: &[CardText]| -> Vec<T> {
            texts.iter().filter_map(|text| read(text.get(field)?)).collect()
        };
        let (values, sure_from) = match self.source {
            TextSource::Server => (values(self.frames), FRAMES_AGREEING_MIN),
            TextSource::Client => (values(std::slice::from_ref(self.client)), 1),
        };
        // One frame that reads what the NIK says is enough: it was not made up.
        if values.iter().any(agrees) {
            return Fit::Agrees;
        }
        match &values[..] {
            [] => Fit::Unread,
            [first, others @ ..]
                if values.len() >= sure_from && others.iter().all(|other| other == first) =>
            {
                Fit::Disagrees
            }
            _ => Fit::Unsure,
        }
    }
}

/// What [`NIK_CONSISTENCY`] says.
fn consistency(structure: Option<NikStructure>, printed: &Printed<'_>) -> VoterFinding {
    let said = |state, reason| finding(NIK_CONSISTENCY, state, reason, None);
    let Some(structure) = structure else { return said(VoterState::Abstain, "no_nik") };
    if let Some(fault) = structure.fault {
        return said(VoterState::Fail, fault.as_str());
    }
    let Some(birth) = structure.birth else { return said(VoterState::Abstain, "no_nik") };
    let date = printed.fit(KtpField::BirthDate, card_date, |date: &NaiveDate| birth.agrees(*date));
    let sex = printed.fit(KtpField::Sex, card_sex, |sex: &CivilSex| *sex == birth.sex);
    match (date, sex) {
        (Fit::Disagrees, _) => said(VoterState::Fail, "birth_date_disagrees"),
        (_, Fit::Disagrees) => said(VoterState::Fail, "sex_disagrees"),
        (Fit::Unsure, _) => said(VoterState::Abstain, "birth_date_unsure"),
        (_, Fit::Unsure) => said(VoterState::Abstain, "sex_unsure"),
        _ if !structure.is_region_known() => said(VoterState::Pass, "nik_region_unknown"),
        (Fit::Unread, Fit::Unread) => said(VoterState::Pass, "structure_only"),
        _ => said(VoterState::Pass, "consistent"),
    }
}

#[cfg(test)]
mod tests;
