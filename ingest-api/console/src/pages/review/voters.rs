//! What the voters of one kind found: each with its state, its reason, what it measured and against what.

use domain::capture::{FusedVerdict, Measure, VoterState};
use maud::{Markup, html};

use crate::tables::table_head;
use crate::words::words;
use crate::{Language, PageFrame};

/// One voter.
#[derive(Debug, Clone)]
pub struct VoterLine {
    /// Its name, as the API has it.
    pub name: String,
    /// Its vote.
    pub state: VoterState,
    /// Its code for why.
    pub reason: String,
    /// What it measured, where that opens.
    pub value: Option<Measure>,
    /// What it compared with.
    pub threshold: Option<Measure>,
}

/// Voters of one kind.
#[derive(Debug, Clone)]
pub struct PanelPart {
    /// Whether they say what stood before the camera, and not what is on the document.
    pub is_anti_spoof: bool,
    /// What they come to.
    pub fused: FusedVerdict,
    /// Each vote.
    pub voters: Vec<VoterLine>,
}

pub(super) fn part(frame: &PageFrame, panel: &PanelPart) -> Markup {
    let (language, words) = (frame.language, VoterWords::of(frame.language));
    let title = if panel.is_anti_spoof { words.anti_spoof } else { words.tamper };
    let id = if panel.is_anti_spoof { "anti-spoof" } else { "tamper" };
    html! {
        section aria-labelledby=(id) {
            h2 id=(id) { (title) ": " (fused_name(language, panel.fused)) }
            div class="table-frame" tabindex="0" role="region" aria-label=(title) {
                table {
                    (table_head(&[words.voter, words.state, words.reason, words.value, words.threshold]))
                    tbody {
                        @for voter in &panel.voters {
                            tr data-id=(voter.name) {
                                td { code { (voter.name) } }
                                td { span class={ "result result-" (state_class(voter.state)) } { (state_name(words, voter.state)) } }
                                td { code { (voter.reason) } }
                                td { (measure(voter.value)) }
                                td { (measure(voter.threshold)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn measure(value: Option<Measure>) -> Markup {
    html! {
        @match value {
            // Six decimals at most, none of which is an empty one.
            Some(value) => (value.value()),
            None => span class="absent" { "–" },
        }
    }
}

fn state_class(state: VoterState) -> &'static str {
    match state {
        VoterState::Pass => "verified",
        VoterState::Fail => "failed",
        VoterState::Abstain => "pending",
    }
}

fn state_name(words: &VoterWords, state: VoterState) -> &'static str {
    match state {
        VoterState::Pass => words.pass,
        VoterState::Fail => words.fail,
        VoterState::Abstain => words.abstain,
    }
}

fn fused_name(language: Language, fused: FusedVerdict) -> &'static str {
    let words = VoterWords::of(language);
    match fused {
        FusedVerdict::Live => words.live,
        FusedVerdict::Spoof => words.spoof,
        FusedVerdict::Unclear => words.unclear,
        FusedVerdict::Authentic => words.authentic,
        FusedVerdict::Tampered => words.tampered,
    }
}

words! {
    /// Words of voters.
    VoterWords {
        anti_spoof: "What stood before the camera", "Objek di depan kamera";
        tamper: "What the document says", "Isi dokumen";
        voter: "Check", "Pemeriksaan";
        state: "Result", "Hasil";
        reason: "Reason", "Alasan";
        value: "Measured", "Terukur";
        threshold: "Compared with", "Dibandingkan dengan";
        pass: "passes", "lolos";
        fail: "fails", "gagal";
        abstain: "cannot tell", "tidak dapat dipastikan";
        live: "taken live", "diambil langsung";
        spoof: "not taken live", "bukan pengambilan langsung";
        unclear: "cannot be told", "belum dapat dipastikan";
        authentic: "agrees with itself", "konsisten";
        tampered: "contradicts itself", "saling bertentangan";
    }
}
