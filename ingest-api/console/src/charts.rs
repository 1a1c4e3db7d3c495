//! Charts as inline SVG: shapes for who sees them, and the same numbers as a table for everybody. No colour, no size and
//! no script of their own: the style sheet has the colours, by class, and the room is reserved before anything is drawn.

use maud::{Markup, html};

/// A bar of a chart over time: how high each of its parts is, from the bottom up.
#[derive(Debug, Clone)]
pub struct StackedBar {
    /// What it is called where a pointer rests on it.
    pub title: String,
    /// In the order of the chart's parts.
    pub values: Vec<u64>,
}

/// Where the chart's words stand and how large it is, in units of its own.
const WIDTH: u64 = 720;
const HEIGHT: u64 = 180;
/// Room for the number at the top of the scale.
const TOP: u64 = 16;
/// Room for the first and the last day's names.
const BOTTOM: u64 = 20;

/// A chart of bars in a row. `classes` names the parts for the style sheet; `highest` is the number at the top of the
/// scale as text; `ends` are the names of the first and the last bar.
pub fn stacked_bars(
    bars: &[StackedBar],
    classes: &[&str],
    highest: &str,
    (first, last): (&str, &str),
) -> Markup {
    let scale = bars.iter().map(|bar| bar.values.iter().sum::<u64>()).max().unwrap_or(0).max(1);
    let room = HEIGHT - TOP - BOTTOM;
    // Thousandths of a unit, so that what is small is not nothing.
    let milli = |value: u64| u128::from(value) * u128::from(room) * 1_000 / u128::from(scale);
    let step = WIDTH as f64 / bars.len().max(1) as f64;
    let floor = HEIGHT - BOTTOM;
    html! {
        svg class="chart" viewBox={ "0 0 " (WIDTH) " " (HEIGHT) } width=(WIDTH) height=(HEIGHT) aria-hidden="true"
            focusable="false" {
            line class="chart-line" x1="0" x2=(WIDTH) y1=(TOP) y2=(TOP) {}
            line class="chart-line" x1="0" x2=(WIDTH) y1=(floor) y2=(floor) {}
            text class="chart-text" x="0" y=(TOP - 4) { (highest) }
            text class="chart-text" x="0" y=(HEIGHT - 4) { (first) }
            text class="chart-text" x=(WIDTH) y=(HEIGHT - 4) text-anchor="end" { (last) }
            @for (at, bar) in bars.iter().enumerate() {
                g {
                    title { (bar.title) }
                    // The whole height answers a pointer.
                    rect class="chart-column" x=(decimal(at as f64 * step)) y=(TOP) width=(decimal(step))
                        height=(room) {}
                    @for (class, from, value) in parts(bar, classes) {
                        rect class=(class) x=(decimal(at as f64 * step + step * 0.1)) width=(decimal(step * 0.8))
                            y=(decimal(floor as f64 - milli(from + value) as f64 / 1_000.0))
                            height=(decimal(milli(value) as f64 / 1_000.0)) {}
                    }
                }
            }
        }
    }
}

/// The parts of a bar that can be seen: class, where it begins, how high it is.
fn parts<'c>(bar: &StackedBar, classes: &[&'c str]) -> Vec<(&'c str, u64, u64)> {
    let mut from = 0;
    let mut parts = Vec::new();
    for (class, value) in classes.iter().zip(&bar.values) {
        if *value > 0 {
            parts.push((*class, from, *value));
        }
        from += value;
    }
    parts
}

/// A bar that lies, as long as its share of the longest.
pub fn lying_bar(value: u64, longest: u64, class: &str) -> Markup {
    let width = u128::from(value) * 1_000 / u128::from(longest.max(1));
    html! {
        svg class="chart-bar" viewBox="0 0 1000 24" width="200" height="12" preserveAspectRatio="none"
            aria-hidden="true" focusable="false" {
            rect class=(class) x="0" y="0" height="24" width=(width.min(1_000)) {}
        }
    }
}

/// Two digits after the point are a hundredth of a pixel.
fn decimal(value: f64) -> String {
    format!("{value:.2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(values: &[u64]) -> StackedBar {
        StackedBar { title: "<b>1 Nov</b>".to_owned(), values: values.to_vec() }
    }

    #[test]
    fn a_bar_is_as_high_as_its_share_and_its_parts_stand_on_each_other() {
        let chart =
            stacked_bars(&[bar(&[50, 50]), bar(&[0, 25])], &["a", "b"], "100", ("x", "y")).into_string();
        // 144 units are a hundred.
        assert!(
            chart.contains(r#"<rect class="a" x="36.00" width="288.00" y="88.00" height="72.00">"#),
            "{chart}"
        );
        assert!(
            chart.contains(r#"<rect class="b" x="36.00" width="288.00" y="16.00" height="72.00">"#),
            "{chart}"
        );
        assert!(
            chart.contains(r#"<rect class="b" x="396.00" width="288.00" y="124.00" height="36.00">"#),
            "{chart}"
        );
        assert_eq!(chart.matches(r#"class="a""#).count(), 1, "nothing is drawn of what is nothing");
        assert!(chart.contains("&lt;b&gt;1 Nov") && !chart.contains("<b>"), "{chart}");
        assert!(!chart.contains("style="), "a page's policy lets no style in");
    }

    #[test]
    fn a_chart_of_nothing_and_one_of_very_much_are_charts() {
        for bars in [vec![], vec![bar(&[0, 0])], vec![bar(&[u64::MAX / 2, 1]), bar(&[1, 0])]] {
            let chart = stacked_bars(&bars, &["a", "b"], "0", ("x", "y")).into_string();
            assert!(
                chart.starts_with("<svg")
                    && !chart.contains("NaN")
                    && !chart.contains('-'.to_string().repeat(2).as_str())
            );
        }
        for (value, longest, width) in [(0, 0, 0), (1, 2, 500), (3, 3, 1_000), (u64::MAX, 1, 1_000)] {
            let bar = lying_bar(value, longest, "a").into_string();
            assert!(bar.contains(&format!("width=\"{width}\"></rect>")), "{bar}");
        }
    }
}
