//! Gauges that several clients of a process share: each reports its part, and the series is the sum or the largest of
//! the parts. A metrics registry keeps the last value of a series for ever, so the part of a closed client is removed
//! here.
//! Not here: what the parts are (`stats`).

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::Instant;

use metrics::gauge;

use crate::limits::REPORT_FRESH;

/// A gauge's series: name, role of the clients, and the broker where it is about one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct GaugeSeries {
    pub(crate) name: &'static str,
    pub(crate) role: &'static str,
    pub(crate) broker: Option<i32>,
}

/// How the parts of several clients are combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GaugeMerge {
    /// Without any part it is 0.
    Sum,
    /// Without any part it is not a number.
    Largest,
}

impl GaugeMerge {
    fn with(self, sum: Option<f64>, part: f64) -> f64 {
        match (self, sum) {
            (_, None) => part,
            (Self::Sum, Some(sum)) => sum + part,
            (Self::Largest, Some(sum)) => sum.max(part),
        }
    }

    fn of_none(self) -> f64 {
        match self {
            Self::Sum => 0.0,
            Self::Largest => f64::NAN,
        }
    }
}

struct ClientReport {
    made_at: Instant,
    values: Vec<(GaugeSeries, GaugeMerge, f64)>,
}

#[derive(Default)]
struct ClientReports {
    next_client: u64,
    by_client: HashMap<u64, ClientReport>,
    shown: HashMap<GaugeSeries, GaugeMerge>,
}

static REPORTS: LazyLock<Mutex<ClientReports>> = LazyLock::new(Mutex::default);

fn with_reports<T>(work: impl FnOnce(&mut ClientReports) -> T) -> T {
    work(&mut REPORTS.lock().unwrap_or_else(PoisonError::into_inner))
}

impl ClientReports {
    /// The present value of every series that was ever reported.
    fn merged(&mut self, now: Instant) -> HashMap<GaugeSeries, f64> {
        self.by_client.retain(|_, report| now.saturating_duration_since(report.made_at) < REPORT_FRESH);
        let mut merged: HashMap<GaugeSeries, f64> = HashMap::new();
        for (series, merge, part) in self.by_client.values().flat_map(|report| &report.values) {
            let value = merge.with(merged.get(series).copied(), *part);
            merged.insert(*series, value);
            self.shown.insert(*series, *merge);
        }
        for (series, merge) in &self.shown {
            merged.entry(*series).or_insert_with(|| merge.of_none());
        }
        merged
    }

    fn show(&mut self) {
        for (series, value) in self.merged(Instant::now()) {
            let GaugeSeries { name, role, broker } = series;
            match broker {
                None => gauge!(name, "role" => role).set(value),
                Some(broker) => gauge!(name, "role" => role, "broker" => broker.to_string()).set(value),
            }
        }
    }
}

/// One client's part of every gauge, until it is dropped.
pub(crate) struct ClientGauges {
    client: u64,
}

impl ClientGauges {
    pub(crate) fn new() -> Self {
        let client = with_reports(|reports| {
            reports.next_client += 1;
            reports.next_client
        });
        Self { client }
    }

    /// Replaces the client's part. A report that is too old counts for nothing (none: it was made before the machine
    /// started). Every series is set again, also those of clients that have not reported for long.
    pub(crate) fn report(&self, made_at: Option<Instant>, values: Vec<(GaugeSeries, GaugeMerge, f64)>) {
        with_reports(|reports| {
            match made_at {
                Some(made_at) => reports.by_client.insert(self.client, ClientReport { made_at, values }),
                None => reports.by_client.remove(&self.client),
            };
            reports.show();
        });
    }
}

impl Drop for ClientGauges {
    fn drop(&mut self) {
        with_reports(|reports| {
            reports.by_client.remove(&self.client);
            reports.show();
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const UP: GaugeSeries = GaugeSeries { name: "up", role: "reader", broker: Some(1) };
    const WAITING: GaugeSeries = GaugeSeries { name: "waiting", role: "reader", broker: Some(1) };

    fn reports(parts: &[(u64, Instant, f64)]) -> ClientReports {
        let mut reports = ClientReports::default();
        for (client, made_at, value) in parts {
            let values = vec![(UP, GaugeMerge::Largest, *value), (WAITING, GaugeMerge::Sum, *value)];
            reports.by_client.insert(*client, ClientReport { made_at: *made_at, values });
        }
        reports
    }

    #[test]
    fn parts_are_added_or_the_largest_counts() {
        let now = Instant::now();
        let merged = reports(&[(1, now, 1.0), (2, now, 0.0), (3, now, 1.0)]).merged(now);
        assert_eq!((merged[&UP], merged[&WAITING]), (1.0, 2.0));
    }

    #[test]
    fn a_client_that_is_gone_or_silent_has_no_part() {
        let now = Instant::now();
        let mut reports = reports(&[(1, now, 1.0), (2, now, 0.0)]);
        assert_eq!(reports.merged(now)[&UP], 1.0);
        reports.by_client.remove(&1);
        assert_eq!(reports.merged(now)[&UP], 0.0);
        let merged = reports.merged(now + REPORT_FRESH);
        assert!(merged[&UP].is_nan(), "nobody says anything");
        assert_eq!(merged[&WAITING], 0.0);
    }
}
