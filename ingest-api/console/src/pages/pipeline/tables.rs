//! The pipeline's tables.

use maud::{Markup, html};

use super::words::PipelineWords;
use super::{
    DependencyName, DependencyState, FaceModelLag, OrgBooksFigures, PartitionFigures, PipelineFigures,
    ProjectionFigures, SecondGenerationState,
};
use crate::tables::table_head;
use crate::{Language, format};

/// Orgs that are shown: a page of some 30 KB. `projector status` shows all.
const ORGS_SHOWN_MAX: usize = 100;

pub(super) fn all(language: Language, words: &PipelineWords, figures: &PipelineFigures) -> Markup {
    html! {
        @if let Some(projection) = &figures.projection {
            section {
                h2 { (words.partitions) }
                (partitions(language, words, &projection.partitions))
                (generations(words, projection))
            }
            section {
                h2 { (words.books) }
                p class="note" { (words.books_note) }
                (books(language, words, &projection.books))
            }
        }
        section {
            h2 { (words.faces) }
            (faces(language, words, figures.faces.as_deref()))
        }
    }
}

/// A table that is pushed sideways where it is wider than the window.
fn region(label: &str, table: &Markup) -> Markup {
    html! { div class="table-frame" role="region" tabindex="0" aria-label=(label) { (table) } }
}

fn badge(class: &str, word: &str) -> Markup {
    html! { span class={ "badge " (class) } { (word) } }
}

pub(super) fn dependencies(words: &PipelineWords, all: &[(DependencyName, DependencyState)]) -> Markup {
    let table = html! {
        table {
            (table_head(&[words.dependency, words.state]))
            tbody {
                @for (name, state) in all {
                    tr data-id=(dependency_id(*name)) {
                        th scope="row" { (dependency_word(words, *name)) }
                        td {
                            (match state {
                                DependencyState::Good => badge("good", words.answers),
                                DependencyState::Away => badge("bad", words.does_not_answer),
                                DependencyState::NotConfigured => badge("quiet", words.not_configured),
                            })
                        }
                    }
                }
            }
        }
    };
    region(words.dependencies, &table)
}

fn dependency_id(name: DependencyName) -> &'static str {
    match name {
        DependencyName::EventLog => "event-log",
        DependencyName::ReadModel => "read-model",
        DependencyName::KeyStore => "key-store",
        DependencyName::KeyManagement => "key-management",
        DependencyName::OutcomeStream => "outcome-stream",
        DependencyName::OrgDirectory => "org-directory",
        DependencyName::FaceModels => "face-models",
    }
}

fn dependency_word(words: &PipelineWords, name: DependencyName) -> &'static str {
    match name {
        DependencyName::EventLog => words.event_log,
        DependencyName::ReadModel => words.read_model,
        DependencyName::KeyStore => words.key_store,
        DependencyName::KeyManagement => words.key_management,
        DependencyName::OutcomeStream => words.outcome_stream,
        DependencyName::OrgDirectory => words.org_directory,
        DependencyName::FaceModels => words.face_models,
    }
}

fn partitions(language: Language, words: &PipelineWords, all: &[PartitionFigures]) -> Markup {
    let count = |number| format::count(language, number);
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" class="num" { (words.partition) }
                    th scope="col" class="num" { (words.projected_to) }
                    th scope="col" class="num" { (words.log_ends_at) }
                    th scope="col" class="num" { (words.lag) }
                    th scope="col" { (words.state) }
                }
            }
            tbody {
                @for of in all {
                    @let lag = of.end.saturating_sub(of.next);
                    tr data-id=(of.partition) {
                        th scope="row" class="num" { (of.partition) }
                        td class="num" { (count(of.next)) }
                        td class="num" { (count(of.end)) }
                        td class="num" { (count(lag)) }
                        td {
                            @if lag == 0 {
                                (badge("good", words.current))
                            } @else if of.is_still {
                                (badge("warn", words.not_moving))
                            } @else {
                                (badge("info", words.catching_up))
                            }
                            @for org in &of.held { p class="note" { (words.waits_for_key) " " code { (org.as_str()) } } }
                        }
                    }
                }
            }
        }
    };
    region(words.partitions, &table)
}

fn generations(words: &PipelineWords, projection: &ProjectionFigures) -> Markup {
    let state = |state| match state {
        SecondGenerationState::Building => words.building,
        SecondGenerationState::Next => words.next,
        SecondGenerationState::Previous => words.previous,
        SecondGenerationState::Leaving => words.leaving,
        SecondGenerationState::Dropping => words.dropping,
    };
    html! {
        p class="note" {
            (words.generation) " " (projection.live_generation) "."
            @if let Some((number, second)) = projection.second_generation {
                " " (words.beside) " " (number) " (" (state(second)) ")."
            }
        }
    }
}

fn books(language: Language, words: &PipelineWords, all: &[OrgBooksFigures]) -> Markup {
    if all.is_empty() {
        return html! { p class="empty" { (words.no_books) } };
    }
    let mut shown: Vec<&OrgBooksFigures> = all.iter().collect();
    // What needs somebody first, then the busiest.
    shown.sort_by_key(|of| (of.balance, std::cmp::Reverse(of.books.read)));
    shown.truncate(ORGS_SHOWN_MAX);
    let heads = [
        words.read,
        words.applied,
        words.duplicate,
        words.conflict,
        words.refused_events,
        words.dead_lettered,
        words.parked,
    ];
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { (words.org) }
                    @for head in heads { th scope="col" class="num" { (head) } }
                    th scope="col" { (words.balance) }
                }
            }
            tbody {
                @for of in &shown {
                    @let b = of.books;
                    tr data-id=(of.org.as_str()) {
                        th scope="row" { code { (of.org.as_str()) } }
                        @for number in [b.read, b.applied, b.duplicate, b.conflict, b.refused, b.dead_lettered, b.parked] {
                            td class="num" { (format::count(language, number)) }
                        }
                        td { @if of.balance { (badge("good", words.yes)) } @else { (badge("bad", words.no)) } }
                    }
                }
            }
        }
    };
    html! {
        (region(words.books, &table))
        @if all.len() > shown.len() {
            p class="note" { (words.more_orgs) " " (format::count(language, (all.len() - shown.len()) as u64)) }
        }
    }
}

fn faces(language: Language, words: &PipelineWords, all: Option<&[FaceModelLag]>) -> Markup {
    let Some(all) = all else { return html! { p class="empty" { (words.not_known) } } };
    if all.is_empty() {
        return html! { p class="empty" { (words.not_configured) } };
    }
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { (words.model) }
                    th scope="col" class="num" { (words.behind) }
                    th scope="col" { (words.state) }
                }
            }
            tbody {
                @for of in all {
                    tr data-id=(of.model) {
                        th scope="row" { code { (of.model) } }
                        td class="num" { (format::count(language, of.events)) }
                        td {
                            @if of.is_loaded { (badge("good", words.in_use)) } @else { (badge("quiet", words.not_in_use)) }
                        }
                    }
                }
            }
        }
    };
    region(words.faces, &table)
}
