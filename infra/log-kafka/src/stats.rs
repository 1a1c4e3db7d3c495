//! librdkafka's statistics as metrics, `identity_kafka_…`. Counters grow with each client's reports; gauges combine the
//! recent reports of the clients that are open now, by role. Not here: how often librdkafka reports
//! (`statistics_every`), how parts are combined (`gauges`).

use std::collections::HashMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use metrics::counter;
use rdkafka::statistics::{Broker, Statistics};

use crate::gauges::{ClientGauges, GaugeMerge, GaugeSeries};
use crate::limits::{REPORTS_IN_VAIN, REPORTS_UNTRIED_MAX};

/// Whether a client reaches a broker, as far as its reports tell. librdkafka dials only the brokers that a client
/// needs, so that most pairs of a client and a healthy broker report nothing.
#[derive(Debug, Default)]
struct Reachability {
    connects: i64,
    in_vain: u32,
    untried: u32,
}

impl Reachability {
    /// True: connected. False: dialled in vain. None: not dialled, or only since the last report.
    fn after(&mut self, broker: &Broker) -> Option<bool> {
        let connects = broker.connects.unwrap_or(0);
        let dialled = connects > self.connects;
        self.connects = connects;
        match broker.state.as_str() {
            "UP" | "UPDATE" | "REAUTH" => {
                (self.in_vain, self.untried) = (0, 0);
                return Some(true);
            }
            "INIT" | "DOWN" if !dialled => self.untried += 1,
            _ => (self.in_vain, self.untried) = (self.in_vain + 1, 0),
        }
        if self.untried > REPORTS_UNTRIED_MAX {
            self.in_vain = 0;
        }
        (self.in_vain >= REPORTS_IN_VAIN).then_some(false)
    }
}

/// One client's reports. When it is dropped, its part of every gauge goes with it.
pub(crate) struct StatisticsExporter {
    role: &'static str,
    /// The totals of the last report: those of librdkafka begin at zero with each new client.
    counted: HashMap<(i32, &'static str), u64>,
    reachable: HashMap<i32, Reachability>,
    gauges: ClientGauges,
}

impl StatisticsExporter {
    /// `role` is what the client is for: producer, reader, follower, member.
    pub(crate) fn new(role: &'static str) -> Self {
        let (counted, reachable) = Default::default();
        Self { role, counted, reachable, gauges: ClientGauges::new() }
    }

    /// Exports one report.
    pub(crate) fn export(&mut self, statistics: &Statistics) {
        let mut values = Vec::new();
        let mut put = |name, merge, value| {
            values.push((GaugeSeries { name, role: self.role, broker: None }, merge, value));
        };
        if statistics.client_type == "producer" {
            put("identity_kafka_queue_records", GaugeMerge::Sum, statistics.msg_cnt as f64);
            put("identity_kafka_queue_bytes", GaugeMerge::Sum, statistics.msg_size as f64);
            put("identity_kafka_queue_records_max", GaugeMerge::Sum, statistics.msg_max as f64);
            put("identity_kafka_queue_bytes_max", GaugeMerge::Sum, statistics.msg_size_max as f64);
        } else {
            let partitions = || statistics.topics.values().flat_map(|topic| topic.partitions.values());
            let records: i64 = partitions().map(|partition| partition.fetchq_cnt.max(0)).sum();
            let bytes: u64 = partitions().map(|partition| partition.fetchq_size).sum();
            put("identity_kafka_fetched_ahead_records", GaugeMerge::Sum, records as f64);
            put("identity_kafka_fetched_ahead_bytes", GaugeMerge::Sum, bytes as f64);
        }
        if let Some(group) = &statistics.cgrp {
            put("identity_kafka_group_partitions", GaugeMerge::Sum, f64::from(group.assignment_size));
        }
        // Negative ids are bootstrap addresses and group coordinators, which are brokers a second time.
        for broker in statistics.brokers.values().filter(|broker| broker.nodeid >= 0) {
            self.broker(broker, &mut values);
        }
        self.gauges.report(said_at(statistics), values);
    }

    fn broker(&mut self, broker: &Broker, values: &mut Vec<(GaugeSeries, GaugeMerge, f64)>) {
        let mut put = |name, merge, value| {
            values.push((GaugeSeries { name, role: self.role, broker: Some(broker.nodeid) }, merge, value));
        };
        if let Some(up) = self.reachable.entry(broker.nodeid).or_default().after(broker) {
            put("identity_kafka_broker_up", GaugeMerge::Largest, if up { 1.0 } else { 0.0 });
        }
        let waiting = (broker.outbuf_cnt + broker.waitresp_cnt).max(0) as f64;
        put("identity_kafka_requests_waiting", GaugeMerge::Sum, waiting);
        if let Some(rtt) = &broker.rtt {
            put("identity_kafka_rtt_p50_seconds", GaugeMerge::Largest, rtt.p50 as f64 / 1e6);
            put("identity_kafka_rtt_p99_seconds", GaugeMerge::Largest, rtt.p99 as f64 / 1e6);
        }
        if let Some(throttle) = &broker.throttle {
            put("identity_kafka_throttle_max_seconds", GaugeMerge::Largest, throttle.max as f64 / 1e3);
        }
        let totals = [
            ("identity_kafka_sent_bytes_total", broker.txbytes),
            ("identity_kafka_received_bytes_total", broker.rxbytes),
            ("identity_kafka_send_errors_total", broker.txerrs),
            ("identity_kafka_send_retries_total", broker.txretries),
            ("identity_kafka_receive_errors_total", broker.rxerrs),
            ("identity_kafka_request_timeouts_total", broker.req_timeouts),
            ("identity_kafka_connects_total", broker.connects.unwrap_or(0).max(0) as u64),
            ("identity_kafka_disconnects_total", broker.disconnects.unwrap_or(0).max(0) as u64),
        ];
        let labels = [("role", self.role.to_owned()), ("broker", broker.nodeid.to_string())];
        for (name, total) in totals {
            let before = self.counted.insert((broker.nodeid, name), total).unwrap_or(0);
            counter!(name, &labels).increment(total.saturating_sub(before));
        }
    }
}

/// When a report was made. A client that was not polled for a while delivers old reports late.
fn said_at(statistics: &Statistics) -> Option<Instant> {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let made = Duration::from_secs(u64::try_from(statistics.time).unwrap_or(0));
    Instant::now().checked_sub(since_epoch.saturating_sub(made))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broker(state: &str, connects: i64) -> Broker {
        Broker { nodeid: 1, state: state.to_owned(), connects: Some(connects), ..Broker::default() }
    }

    /// What is told, the reports of a broker in their order (state, connects), and what is known of it then.
    type ReachabilityCase = (&'static str, &'static [(&'static str, i64)], Option<bool>);

    #[test]
    fn a_broker_is_reached_or_dialled_in_vain_or_nobody_knows() {
        let table: &[ReachabilityCase] = &[
            ("never needed", &[("INIT", 0), ("INIT", 0), ("INIT", 0)], None),
            ("just being dialled", &[("CONNECT", 1)], None),
            ("reached", &[("CONNECT", 1), ("UP", 1)], Some(true)),
            ("asked for its topics", &[("UPDATE", 1)], Some(true)),
            ("closed for idleness", &[("UP", 1), ("DOWN", 1), ("INIT", 1)], None),
            ("gone since the last report", &[("UP", 1), ("TRY_CONNECT", 3)], None),
            ("gone", &[("UP", 1), ("TRY_CONNECT", 3), ("DOWN", 8)], Some(false)),
            ("never there", &[("DOWN", 5), ("TRY_CONNECT", 10)], Some(false)),
            ("frozen", &[("UP", 1), ("APIVERSION_QUERY", 2), ("APIVERSION_QUERY", 2)], Some(false)),
            ("gone, and not dialled for a moment", &[("DOWN", 5), ("DOWN", 9), ("DOWN", 9)], Some(false)),
            ("back", &[("DOWN", 5), ("DOWN", 10), ("UP", 11)], Some(true)),
        ];
        for (what, reports, then) in table {
            let mut reachable = Reachability::default();
            let said = reports.iter().map(|(state, connects)| reachable.after(&broker(state, *connects)));
            assert_eq!(said.last().flatten(), *then, "{what}");
        }
    }

    #[test]
    fn a_broker_that_nobody_dials_any_more_is_forgotten() {
        let mut reachable = Reachability::default();
        reachable.after(&broker("DOWN", 5));
        assert_eq!(reachable.after(&broker("DOWN", 9)), Some(false));
        let quiet = (0..=REPORTS_UNTRIED_MAX).map(|_| reachable.after(&broker("INIT", 9)));
        assert_eq!(quiet.last().flatten(), None);
    }
}
