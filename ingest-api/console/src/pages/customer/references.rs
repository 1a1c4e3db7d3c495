//! A customer's face references by source: since when, and whether a match can rely on each. A photo is never shown: in
//! its place stands that it is sealed.

use domain::ids::EnrolmentId;
use domain::ports::FaceCause;
use domain::rows::FaceSource;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::tables::table_head;
use crate::terms::source_name;
use crate::words::words;
use crate::{PageFrame, format};

/// The references.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferencesPart {
    /// All there are.
    pub total: u64,
    /// The newest of them, newest first.
    pub shown: Vec<ReferenceLine>,
}

/// A reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReferenceLine {
    /// Which.
    pub id: EnrolmentId,
    /// Where its photo came from.
    pub source: FaceSource,
    /// Since when.
    pub created_at: Timestamp,
    /// What a match can do with it.
    pub standing: ReferenceStanding,
}

/// Whether a match can rely on a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReferenceStanding {
    /// It can.
    Ready,
    /// Its photo waits to be read.
    Due,
    /// No model is configured to read it with.
    NoModel,
    /// Its photo gave no vector; why, where that is known.
    Unusable(Option<FaceCause>),
}

/// The part of the page.
pub(super) fn part(frame: &PageFrame, references: &ReferencesPart, is_erased: bool) -> Markup {
    let words = ReferenceWords::of(frame.language);
    let language = frame.language;
    let of_source = |source| references.shown.iter().filter(move |line| line.source == source);
    html! {
        section aria-labelledby="references" {
            h2 id="references" { (words.title) }
            @if references.shown.is_empty() {
                p class="empty" { @if is_erased { (words.erased) } @else { (words.none) } }
            } @else {
                p class="hint" { (words.sealed_help) }
                @if references.total > references.shown.len() as u64 {
                    p class="hint" {
                        (words.newest_of) " " (format::count(language, references.shown.len() as u64)) " / "
                        (format::count(language, references.total))
                    }
                }
                div class="table-frame" role="group" tabindex="0" aria-labelledby="references" {
                    table class="references" {
                        (table_head(&[words.photo, words.since, words.standing, words.id]))
                        @for source in FaceSource::ALL {
                            @if of_source(source).next().is_some() {
                                tbody data-source=(source.as_str()) {
                                    tr class="group" {
                                        th scope="rowgroup" colspan="4" { (source_name(language, source)) }
                                    }
                                    @for line in of_source(source) { (row(frame, words, line)) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn row(frame: &PageFrame, words: &ReferenceWords, line: &ReferenceLine) -> Markup {
    html! {
        tr data-id=(line.id) {
            td { (placeholder(words)) }
            td { (format::time(frame.language, line.created_at)) }
            td { (standing(words, line.standing)) }
            td { code { (line.id) } }
        }
    }
}

/// A silhouette behind a lock, and what it stands for.
fn placeholder(words: &ReferenceWords) -> Markup {
    html! {
        span class="sealed-photo" {
            svg viewBox="0 0 32 32" width="40" height="40" aria-hidden="true" focusable="false" {
                circle cx="16" cy="11" r="6" fill="currentColor" opacity="0.35" {}
                path d="M4 30c0-7 5-11 12-11s12 4 12 11z" fill="currentColor" opacity="0.35" {}
                rect x="10" y="19" width="12" height="9" rx="1.5" fill="currentColor" {}
                path d="M12.5 19v-3a3.5 3.5 0 0 1 7 0v3" fill="none" stroke="currentColor" stroke-width="2" {}
            }
            span { (words.sealed) }
        }
    }
}

fn standing(words: &ReferenceWords, standing: ReferenceStanding) -> &'static str {
    match standing {
        ReferenceStanding::Ready => words.ready,
        ReferenceStanding::Due => words.due,
        ReferenceStanding::NoModel => words.no_model,
        ReferenceStanding::Unusable(None) => words.unusable,
        ReferenceStanding::Unusable(Some(cause)) => match cause {
            FaceCause::NoFace => words.no_face,
            FaceCause::SeveralFaces => words.several_faces,
            FaceCause::FaceTooSmall => words.too_small,
            FaceCause::Blurred => words.blurred,
            FaceCause::TooLarge => words.too_large,
            // That somebody altered an envelope is the operator's matter, who finds it in the log.
            FaceCause::Undecodable | FaceCause::NotAuthentic => words.undecodable,
        },
    }
}

words! {
    /// Words of the part.
    ReferenceWords {
        title: "Face references", "Referensi wajah";
        none: "None. A verified Dukcapil verdict brings the official photo as the customer's reference.",
            "Belum ada. Putusan Dukcapil yang terverifikasi membawa foto resmi sebagai referensi nasabah.";
        erased: "None: the biometric data was erased.", "Tidak ada: data biometrik telah dihapus.";
        sealed_help: "Photos are sealed. The console shows none of them; a match uses the best source, then the newest.",
            "Foto tersegel dan tidak ditampilkan di konsol; pencocokan memakai sumber terbaik, lalu yang terbaru.";
        newest_of: "The newest are shown:", "Yang terbaru ditampilkan:";
        photo: "Photo", "Foto";
        since: "Since", "Sejak";
        standing: "For matches", "Untuk pencocokan";
        id: "Reference", "Referensi";
        sealed: "The photo is sealed", "Foto tersegel";
        ready: "Can be relied on", "Dapat dipakai";
        due: "Waits to be read", "Menunggu dibaca";
        no_model: "Not used: no face model is configured", "Tidak dipakai: model wajah belum dipasang";
        unusable: "Not used", "Tidak dipakai";
        no_face: "Not used: the photo shows no face", "Tidak dipakai: tidak ada wajah pada foto";
        several_faces: "Not used: the photo shows several faces", "Tidak dipakai: ada beberapa wajah pada foto";
        too_small: "Not used: the face is too small", "Tidak dipakai: wajah terlalu kecil";
        blurred: "Not used: the face is blurred", "Tidak dipakai: wajah buram";
        undecodable: "Not used: the photo cannot be read", "Tidak dipakai: foto tidak dapat dibaca";
        too_large: "Not used: the photo has too many pixels", "Tidak dipakai: foto terlalu besar";
    }
}
