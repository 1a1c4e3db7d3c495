//! What comes in, as a chart with its figures in a table.

use chrono::Timelike as _;
use domain::time::Timestamp;
use maud::{Markup, html};

use super::words::PipelineWords;
use super::{IntakeFigures, RateSample};
use crate::{Language, format};

/// The drawing's own units; a page scales it.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 220.0;
const LEFT: f64 = 56.0;
const TOP: f64 = 14.0;
const BOTTOM: f64 = 28.0;

/// Rows of the table: the newest half minute. The curve has the rest.
const TABLE_ROWS_MAX: usize = 6;

/// `1.2`, in Indonesian `1,2`; without a fraction from ten on.
pub(super) fn rate(language: Language, per_second: Option<f64>) -> String {
    match per_second {
        None => "–".to_owned(),
        Some(rate) if rate >= 9.95 => format::count(language, rate.round() as u64),
        Some(rate) => {
            let text = format!("{rate:.1}");
            match language {
                Language::English => text,
                Language::Indonesian => text.replace('.', ","),
            }
        }
    }
}

pub(super) fn chart(language: Language, words: &PipelineWords, intake: &IntakeFigures) -> Markup {
    let count = |number| format::count(language, number);
    html! {
        figure tabindex="0" {
            figcaption { (words.chart) }
            @if intake.samples.len() < 2 {
                p class="empty" { (words.chart_empty) }
            } @else {
                (drawing(language, words, &intake.samples))
                details {
                    summary { (words.chart_figures) }
                    (table(language, words, &intake.samples))
                }
            }
        }
        p class="note" {
            (words.verdicts) " "
            span data-figure="accepted" { (count(intake.verdicts.accepted)) } " " (words.accepted) ", "
            (count(intake.verdicts.refused)) " " (words.refused) ", "
            (count(intake.verdicts.failed)) " " (words.failed) "."
        }
    }
}

fn drawing(language: Language, words: &PipelineWords, samples: &[RateSample]) -> Markup {
    let most = samples.iter().map(|sample| sample.per_second).fold(0.0, f64::max);
    let top = rounded_up(most);
    let first = samples.first().map_or(0, |sample| sample.at.millis());
    let span = samples.last().map_or(0, |sample| sample.at.millis() - first).max(1);
    let x =
        |sample: &RateSample| LEFT + (WIDTH - LEFT - 4.0) * (sample.at.millis() - first) as f64 / span as f64;
    let y = |per_second: f64| TOP + (HEIGHT - TOP - BOTTOM) * (1.0 - per_second / top);
    let points: Vec<String> =
        samples.iter().map(|sample| format!("{:.1} {:.1}", x(sample), y(sample.per_second))).collect();
    let line = format!("M{}", points.join("L"));
    let right = WIDTH - 4.0;
    let area = format!("{line}L{right:.1} {:.1}L{LEFT:.1} {:.1}Z", y(0.0), y(0.0));
    let ends = [(samples.first(), LEFT, "start"), (samples.last(), right, "end")];
    let label = format!(
        "{}: {} {}",
        words.chart,
        rate(language, samples.last().map(|s| s.per_second)),
        words.chart_rate
    );
    html! {
        svg class="chart" viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) width=(WIDTH) height=(HEIGHT) role="img" aria-label=(label) {
            @for part in [0.0, 0.5, 1.0] {
                path class=(if part == 0.0 { "chart-axis" } else { "chart-line" }) d=(format!("M{LEFT} {:.1}H{right}", y(top * part))) {}
                text class="chart-text" x=(LEFT - 6.0) y=(format!("{:.1}", y(top * part) + 4.0)) text-anchor="end" {
                    (rate(language, Some(top * part)))
                }
            }
            path class="chart-area" d=(area) {}
            path class="chart-curve" d=(line) {}
            @for (sample, x, anchor) in ends {
                @if let Some(sample) = sample {
                    text class="chart-text" x=(x) y=(HEIGHT - 6.0) text-anchor=(anchor) { (clock(language, sample.at)) }
                }
            }
        }
    }
}

fn table(language: Language, words: &PipelineWords, samples: &[RateSample]) -> Markup {
    html! {
        table {
            thead { tr { th scope="col" { (words.chart_time) } th scope="col" class="num" { (words.chart_rate) } } }
            tbody {
                @for sample in samples.iter().rev().take(TABLE_ROWS_MAX) {
                    tr {
                        td { (format::time(language, sample.at)) }
                        td class="num" { (rate(language, Some(sample.per_second))) }
                    }
                }
            }
        }
    }
}

/// `21:40`, as `format::moment` writes it.
fn clock(language: Language, time: Timestamp) -> String {
    let local = format::in_jakarta(time);
    let between = match language {
        Language::English => ':',
        Language::Indonesian => '.',
    };
    format!("{:02}{between}{:02}", local.hour(), local.minute())
}

/// Powers of ten that an axis may end at: more than a log takes in a second.
const POWERS_MAX: i32 = 9;

/// The next of 1, 2, 5, 10, 20, 50 … at or above it, so that an axis has round figures.
fn rounded_up(most: f64) -> f64 {
    let mut tops = (0..POWERS_MAX).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    tops.find(|top| most <= *top).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_ends_at_a_round_figure_above_the_curve() {
        for (most, top) in
            [(0.0, 1.0), (1.0, 1.0), (1.1, 2.0), (37.0, 50.0), (999.0, 1_000.0), (1_001.0, 2_000.0)]
        {
            assert!((rounded_up(most) - top).abs() < f64::EPSILON, "{most}");
        }
        assert!(
            (rounded_up(1e12) - 1e12).abs() < f64::EPSILON,
            "beyond all of them it is the curve's own end"
        );
    }

    #[test]
    fn a_rate_has_one_digit_behind_the_point_while_it_is_small() {
        for (per_second, english, indonesian) in
            [(0.0, "0.0", "0,0"), (0.25, "0.2", "0,2"), (9.94, "9.9", "9,9"), (1_234.4, "1,234", "1.234")]
        {
            assert_eq!(rate(Language::English, Some(per_second)), english);
            assert_eq!(rate(Language::Indonesian, Some(per_second)), indonesian);
        }
        assert_eq!(rate(Language::English, None), "–");
    }

    #[test]
    fn the_curve_stays_within_its_drawing_and_its_table_has_the_newest_first() {
        let samples: Vec<RateSample> = (0..60)
            .map(|at| RateSample { at: Timestamp::from_millis(at * 5_000), per_second: (at % 7) as f64 })
            .collect();
        let intake = IntakeFigures { per_second: Some(3.0), samples, ..IntakeFigures::default() };
        let page = chart(Language::English, PipelineWords::of(Language::English), &intake).into_string();
        let line = page.split("class=\"chart-curve\" d=\"M").nth(1).and_then(|rest| rest.split('"').next());
        for point in line.expect("a curve").split('L') {
            let (x, y) = point.split_once(' ').expect("a pair");
            let (x, y): (f64, f64) = (x.parse().expect("x"), y.parse().expect("y"));
            assert!((LEFT..=WIDTH).contains(&x) && (TOP..=HEIGHT - BOTTOM).contains(&y), "{point}");
        }
        assert_eq!(page.matches("<td><time").count(), TABLE_ROWS_MAX);
        let first = page.find("datetime=\"1970-01-01T00:04:55.000Z\"").expect("the newest");
        assert!(first < page.find("datetime=\"1970-01-01T00:04:50.000Z\"").expect("the one before"));
    }

    #[test]
    fn before_there_are_two_samples_there_is_no_curve() {
        let words = PipelineWords::of(Language::English);
        let page = chart(Language::English, words, &IntakeFigures::default()).into_string();
        assert!(!page.contains("<svg") && page.contains(words.chart_empty), "{page}");
    }
}
