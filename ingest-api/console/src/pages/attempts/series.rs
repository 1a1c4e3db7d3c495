//! Two charts with their tables: verified, declined and left to a person by day, and what the declined ones were declined for.

use domain::classify::ReasonCategory;
use domain::time::Timestamp;
use maud::{Markup, html};

use crate::charts::{StackedBar, lying_bar, stacked_bars};
use crate::tables::table_head;
use crate::terms::category_name;
use crate::words::words;
use crate::{PageFrame, format};

/// A day's numbers.
#[derive(Debug, Clone)]
pub struct DayNumbers {
    /// Where it begins.
    pub start: Timestamp,
    /// How many were verified.
    pub verified: u64,
    /// How many were not.
    pub declined: u64,
    /// How many were left to a person, whatever that person decided.
    pub pending: u64,
}

/// How many were declined for a reason of that category.
#[derive(Debug, Clone)]
pub struct CategoryNumber {
    /// The category.
    pub category: ReasonCategory,
    /// How many.
    pub count: u64,
}

/// What the charts show.
#[derive(Debug, Clone)]
pub struct SeriesModel {
    /// In order of time.
    pub days: Vec<DayNumbers>,
    /// The most first. None where they are not counted yet.
    pub categories: Option<Vec<CategoryNumber>>,
}

pub(super) fn charts(frame: &PageFrame, series: &SeriesModel) -> Markup {
    html! {
        div class="charts" {
            (by_day(frame, &series.days))
            (by_category(frame, series.categories.as_deref()))
        }
    }
}

fn by_day(frame: &PageFrame, days: &[DayNumbers]) -> Markup {
    let (language, words) = (frame.language, SeriesWords::of(frame.language));
    let (Some(first), Some(last)) = (days.first(), days.last()) else { return html! {} };
    let bars: Vec<StackedBar> = days
        .iter()
        .map(|day| StackedBar {
            title: format!(
                "{}: {} {}, {} {}, {} {}",
                format::day(language, day.start),
                format::count(language, day.verified),
                words.verified,
                format::count(language, day.declined),
                words.declined,
                format::count(language, day.pending),
                words.pending,
            ),
            values: vec![day.verified, day.declined, day.pending],
        })
        .collect();
    let highest = days.iter().map(|day| day.verified + day.declined + day.pending).max().unwrap_or(0);
    let ends = (format::day(language, first.start), format::day(language, last.start));
    html! {
        figure {
            figcaption {
                (words.by_day) ": " (ends.0) " – " (ends.1)
                " "
                span class="legend legend-verified" { (words.verified) }
                " "
                span class="legend legend-declined" { (words.declined) }
                " "
                span class="legend legend-pending" { (words.pending) }
            }
            (stacked_bars(
                &bars,
                &["chart-verified", "chart-declined", "chart-pending"],
                &format::count(language, highest),
                (&ends.0, &ends.1),
            ))
            details {
                summary { (words.numbers) }
                table {
                    (table_head(&[words.day, words.verified, words.declined, words.pending]))
                    tbody {
                        @for day in days {
                            tr {
                                th scope="row" { (format::day(language, day.start)) }
                                td { (format::count(language, day.verified)) }
                                td { (format::count(language, day.declined)) }
                                td { (format::count(language, day.pending)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn by_category(frame: &PageFrame, categories: Option<&[CategoryNumber]>) -> Markup {
    let (language, words) = (frame.language, SeriesWords::of(frame.language));
    let longest = categories.into_iter().flatten().map(|one| one.count).max().unwrap_or(0);
    html! {
        figure {
            figcaption { (words.by_category) }
            @match categories {
                None => p { (words.not_counted) },
                Some([]) => p { (words.none_declined) },
                Some(categories) => {
                    table class="chart-table" {
                        thead {
                            tr { th scope="col" { (words.category) } th scope="col" { (words.count) } td {} }
                        }
                        tbody {
                            @for one in categories {
                                tr {
                                    th scope="row" { (category_name(language, one.category)) }
                                    td { (format::count(language, one.count)) }
                                    td { (lying_bar(one.count, longest, "chart-declined")) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

words! {
    /// Words of the charts.
    SeriesWords {
        by_day: "Verifications by day in Jakarta", "Verifikasi per hari (WIB)";
        by_category: "Declined, by reason, in the same days", "Ditolak menurut alasan, pada hari-hari yang sama";
        verified: "verified", "terverifikasi";
        declined: "declined", "ditolak";
        pending: "under review", "dalam peninjauan";
        numbers: "The numbers as a table", "Angka sebagai tabel";
        day: "Day", "Hari";
        category: "Reason", "Alasan";
        count: "Number", "Jumlah";
        none_declined: "None was declined for a reason.", "Tidak ada yang ditolak dengan alasan.";
        not_counted: "Reasons are counted once the operator has rebuilt the read model.",
            "Alasan dihitung setelah operator membangun ulang model baca.";
    }
}
