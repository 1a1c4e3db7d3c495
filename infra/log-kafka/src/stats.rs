//! librdkafka's statistics as metrics, `identity_kafka_…`. Not here: when they come (`statistics_every`).

use std::collections::HashMap;

use metrics::{counter, gauge};
use rdkafka::statistics::{Broker, Statistics};

/// Remembers what was counted, because librdkafka's totals begin at zero with each new client.
#[derive(Default)]
pub(crate) struct Exporter {
    counted: HashMap<(i32, &'static str), u64>,
}

impl Exporter {
    /// Writes one report. `role` is what the client is for: producer, reader, follower, member.
    pub(crate) fn export(&mut self, role: &'static str, statistics: &Statistics) {
        if statistics.client_type == "producer" {
            gauge!("identity_kafka_queue_records", "role" => role).set(statistics.msg_cnt as f64);
            gauge!("identity_kafka_queue_bytes", "role" => role).set(statistics.msg_size as f64);
            gauge!("identity_kafka_queue_records_max", "role" => role).set(statistics.msg_max as f64);
            gauge!("identity_kafka_queue_bytes_max", "role" => role).set(statistics.msg_size_max as f64);
        } else {
            let partitions = || statistics.topics.values().flat_map(|topic| topic.partitions.values());
            let records: i64 = partitions().map(|partition| partition.fetchq_cnt.max(0)).sum();
            let bytes: u64 = partitions().map(|partition| partition.fetchq_size).sum();
            gauge!("identity_kafka_fetched_ahead_records", "role" => role).set(records as f64);
            gauge!("identity_kafka_fetched_ahead_bytes", "role" => role).set(bytes as f64);
        }
        // Negative ids are bootstrap addresses and group coordinators, which are brokers a second time.
        for broker in statistics.brokers.values().filter(|broker| broker.nodeid >= 0) {
            self.broker(role, broker);
        }
        if let Some(group) = &statistics.cgrp {
            gauge!("identity_kafka_group_partitions", "role" => role).set(f64::from(group.assignment_size));
        }
    }

    fn broker(&mut self, role: &'static str, broker: &Broker) {
        let id = broker.nodeid.to_string();
        let labels = [("role", role.to_owned()), ("broker", id)];
        gauge!("identity_kafka_broker_up", &labels).set(if broker.state == "UP" { 1.0 } else { 0.0 });
        gauge!("identity_kafka_requests_waiting", &labels)
            .set((broker.outbuf_cnt + broker.waitresp_cnt).max(0) as f64);
        if let Some(rtt) = &broker.rtt {
            gauge!("identity_kafka_rtt_p50_seconds", &labels).set(rtt.p50 as f64 / 1e6);
            gauge!("identity_kafka_rtt_p99_seconds", &labels).set(rtt.p99 as f64 / 1e6);
        }
        if let Some(throttle) = &broker.throttle {
            gauge!("identity_kafka_throttle_max_seconds", &labels).set(throttle.max as f64 / 1e3);
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
        for (name, total) in totals {
            let before = self.counted.insert((broker.nodeid, name), total).unwrap_or(0);
            counter!(name, &labels).increment(total.saturating_sub(before));
        }
    }
}
