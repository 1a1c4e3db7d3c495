//! The text of a card: its lines are found by their ink, the values read piece by piece with a recogniser of lines, and
//! each line is given the field that it holds. No detector of text is run: a straightened card has its text where
//! projections find it, for a hundredth of the cost (docs/decisions/0029-text-reader.md). Not here: how a card is
//! straightened, and whether two readings agree (`domain::ktp`).

mod ink;
mod recogniser;
mod rows;
mod words;

use std::sync::Arc;

use async_trait::async_trait;
use domain::capture::Measure;
use domain::ktp::{CardText, FieldText, KtpField, card_date};
use domain::ports::{FaceModel, FaceModelFault, Picture, TextReader, TextReaderError, TextReaderModel};
use picture_pool::{PicturePool, PoolError, PoolPriority};
use zeroize::Zeroizing;

pub(crate) use self::recogniser::TextRecogniser;

use self::ink::{Area, Ink};
use self::recogniser::{Letters, Steps};
use self::rows::{Row, assign};
use self::words::{digits_of, label_of, nearest, place_and_date, value_of, vocabulary};
use crate::limits::TEXT_CROPS_MAX;
use crate::models::FaceModels;

/// Where values end and the portrait begins, as a share of the card's width.
const VALUES_END: f32 = 0.71;

/// How far the lines of the head reach to both sides.
const HEAD: std::ops::Range<f32> = 0.02..0.98;

/// Above this share of the height a line belongs to the head, where no colons say it better.
const HEAD_BOTTOM: f32 = 0.18;

/// Colons stand in one column if they are within this share of the width: a card is not straightened to the pixel.
const COLON_SPREAD: f32 = 0.015;

/// Lines with a colon in one column, at least, for it to be the one behind the labels. It is half of the lines too:
/// colons that follow their labels stand beneath each other by chance.
const COLONS_MIN: usize = 4;

/// Reads cards on threads of its own. Dropped, it lets go of them: each ends after the card it is at.
pub struct OnnxTextReader {
    models: Arc<FaceModels>,
    model: FaceModel,
    pool: PicturePool<Result<CardText, FaceModelFault>>,
}

impl OnnxTextReader {
    /// Starts the threads, at least one; none where no text reader was loaded.
    ///
    /// # Errors
    /// The system gave no thread.
    pub fn start(models: Arc<FaceModels>, threads: usize, waiting: usize) -> std::io::Result<Option<Self>> {
        let Some(TextReaderModel { model, .. }) = models.set().text_reader.clone() else { return Ok(None) };
        Ok(Some(Self {
            models,
            model,
            pool: PicturePool::start("text", PoolPriority::Awaited, threads, waiting)?,
        }))
    }
}

#[async_trait]
impl TextReader for OnnxTextReader {
    fn model(&self) -> &FaceModel {
        &self.model
    }

    async fn read(&self, card: Picture) -> Result<CardText, TextReaderError> {
        let models = Arc::clone(&self.models);
        match self.pool.run(move || models.read_card(&card)).await {
            Ok(read) => Ok(read?),
            Err(PoolError::Full) => Err(TextReaderError::Full),
            Err(PoolError::Broken) => Err(TextReaderError::Broken),
        }
    }
}

impl FaceModels {
    /// Reads a straightened card on the thread that asks. Nothing where no text reader is loaded.
    ///
    /// # Errors
    /// The runtime failed.
    pub fn read_card(&self, card: &Picture) -> Result<CardText, FaceModelFault> {
        self.text_lines().map_or_else(|| Ok(CardText::default()), |recogniser| read(recogniser, card))
    }
}

/// A line as it was read.
struct Line<'a> {
    pieces: Vec<Steps<'a>>,
    label: Option<KtpField>,
    value: Zeroizing<String>,
    /// Beside a line's own value, which on a KTP the sex's line alone has.
    blood_type: Option<Zeroizing<String>>,
    confidence: f32,
}

fn read(recogniser: &TextRecogniser, card: &Picture) -> Result<CardText, FaceModelFault> {
    let ink = Ink::of(card);
    let mut pieces_left = TEXT_CROPS_MAX;
    let mut lines = Vec::new();
    for pieces in pieces_of_lines(&ink) {
        let Some(left) = pieces_left.checked_sub(pieces.len()) else { break };
        pieces_left = left;
        let steps: Result<Vec<_>, _> = pieces.iter().map(|piece| recogniser.steps(card, *piece)).collect();
        lines.extend(Line::of(steps?));
    }
    let rows: Vec<_> = lines.iter().map(|line| Row { label: line.label, value: &line.value }).collect();
    let mut text = CardText::default();
    let mut before = None;
    for (line, field) in lines.iter().zip(assign(&rows)) {
        match (field, before) {
            (Some(field), _) => line.put(field, &mut text),
            (None, Some(KtpField::Address)) => line.append_address(&mut text),
            (None, _) => {}
        }
        before = field;
    }
    Ok(text)
}

/// Of each line the pieces to be read: of the head the whole line, beneath it what stands behind the labels' colons.
fn pieces_of_lines(ink: &Ink) -> Vec<Vec<Area>> {
    let lines = ink.lines();
    let share = |share: f32, of: usize| (share * of as f32) as usize;
    let values_end = share(VALUES_END, ink.width());
    let column = colon_column(ink, &lines);
    let head_bottom = match &column {
        Some(column) => column.iter().flatten().next().map_or(0, |colon| colon.top),
        None => share(HEAD_BOTTOM, ink.height()),
    };
    let middle = column.as_ref().and_then(|column| {
        let mut rights: Vec<usize> = column.iter().flatten().map(|colon| colon.right).collect();
        rights.sort_unstable();
        rights.get(rights.len() / 2).copied()
    });
    let pieces = lines.iter().enumerate().map(|(at, line)| {
        if line.bottom <= head_bottom {
            let whole =
                Area { left: share(HEAD.start, ink.width()), right: share(HEAD.end, ink.width()), ..*line };
            return joined(&ink.pieces(whole, line.height())).into_iter().collect();
        }
        let own = column.as_ref().and_then(|column| column[at]).map(|colon| colon.right);
        let left = own.or(middle).unwrap_or(line.left);
        ink.pieces(Area { left, right: values_end, ..*line }, line.height() * 6 / 5)
    });
    pieces.collect()
}

/// From the first to the last.
fn joined(pieces: &[Area]) -> Option<Area> {
    let (first, last) = (pieces.first()?, pieces.last()?);
    Some(Area { right: last.right, ..*first })
}

/// For each line the colon behind its label; none where too few stand in one column.
fn colon_column(ink: &Ink, lines: &[Area]) -> Option<Vec<Option<Area>>> {
    let colons: Vec<Vec<Area>> = lines.iter().map(|line| ink.colons(*line)).collect();
    let spread = (COLON_SPREAD * ink.width() as f32) as usize;
    let within = |left: usize| {
        let near = move |colon: &&Area| colon.left.abs_diff(left) <= spread;
        colons.iter().map(move |of_line| of_line.iter().find(near).copied())
    };
    let candidates = colons.iter().flatten().map(|colon| colon.left);
    let best = candidates.max_by_key(|left| (within(*left).flatten().count(), std::cmp::Reverse(*left)))?;
    let column: Vec<_> = within(best).collect();
    (column.iter().flatten().count() >= COLONS_MIN.max(lines.len() / 2)).then_some(column)
}

impl<'a> Line<'a> {
    /// None where nothing was read.
    fn of(pieces: Vec<Steps<'a>>) -> Option<Self> {
        let read: Vec<Letters> = pieces.iter().filter_map(|piece| piece.letters(|_| true)).collect();
        let confidence = read.iter().map(|letters| letters.confidence).reduce(f32::min)?;
        let texts: Vec<&str> = read.iter().map(|letters| letters.text.as_str()).collect();
        let whole = Zeroizing::new(texts.join(" "));
        // Values are in capitals, so a small letter behind one begins the label of the second value of the line.
        let second = whole.match_indices("Go").map(|(at, _)| at).find(|at| *at > 0);
        let (first, second) = whole.split_at(second.unwrap_or(whole.len()));
        let blood_type = match label_of(second) {
            Some((KtpField::BloodType, value)) => Some(Zeroizing::new(value.to_owned())),
            _ => None,
        };
        let (label, value) = label_of(first).map_or((None, first), |(label, value)| (Some(label), value));
        // A province's line begins with that word, and is what it says with it.
        let (label, value) = if label == Some(KtpField::Province) { (None, first) } else { (label, value) };
        let value = Zeroizing::new(value_of(value).to_owned());
        Some(Self { pieces, label, value, blood_type, confidence })
    }

    /// Puts what the line says into its field, or fields.
    fn put(&self, field: KtpField, text: &mut CardText) {
        let mut put = |field, value: &str| {
            if let Some(value) = FieldText::new(value, Measure::of(f64::from(self.confidence))) {
                text.put(field, value);
            }
        };
        let value = self.value.as_str();
        match field {
            KtpField::Nik => put(field, &self.digits()),
            KtpField::BirthDate => {
                let (place, date) = place_and_date(value);
                put(KtpField::BirthPlace, place);
                put(KtpField::BirthDate, &date);
            }
            KtpField::RtRw => put(field, &digits_of(value)),
            KtpField::ValidUntil if card_date(value).is_some() => put(field, value),
            _ => put(field, nearest(value, vocabulary(field)).unwrap_or(value)),
        }
        if let Some(blood_type) = &self.blood_type {
            // There is no blood type of nought.
            put(KtpField::BloodType, &Zeroizing::new(blood_type.replace('0', "O")));
        }
    }

    /// What was read, if it is sixteen digits, else what the model says where it may say digits alone.
    fn digits(&self) -> Zeroizing<String> {
        let plain: Zeroizing<String> = Zeroizing::new(self.value.split_whitespace().collect());
        if plain.len() == 16 && plain.bytes().all(|byte| byte.is_ascii_digit()) {
            return plain;
        }
        let read = self.pieces.iter().filter_map(|piece| piece.letters(|letter| letter.is_ascii_digit()));
        Zeroizing::new(read.map(|letters| letters.text.to_string()).collect())
    }

    /// A line without a field behind the address's is the address's second.
    fn append_address(&self, text: &mut CardText) {
        let Some(first) = text.field(KtpField::Address) else { return };
        let confidence = first.confidence().min(Measure::of(f64::from(self.confidence)));
        let both = Zeroizing::new(format!("{} {}", first.text(), *self.value));
        if let Some(both) = FieldText::new(&both, confidence) {
            text.put(KtpField::Address, both);
        }
    }
}
