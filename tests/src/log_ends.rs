//! What an org has in the logs: how a test from outside sees that something was written, or that nothing was. Records of
//! reads are not among it: they are written as a minute ends, whatever a test does meanwhile.

use std::collections::BTreeMap;

use domain::ports::Topic;
use event_codec::{RecordType, record_type};

use crate::harness::ContractHarness as _;
use crate::sandbox::Sandbox;

/// How many records of an org each log has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogEnds(BTreeMap<&'static str, usize>);

impl LogEnds {
    /// How many records came to each topic up to a later look at it; topics without any are left out.
    pub fn appended_until(&self, later: &Self) -> Vec<(&'static str, usize)> {
        let appended = later.0.iter().map(|(topic, records)| (*topic, records - self.0[topic]));
        appended.filter(|(_, records)| *records > 0).collect()
    }
}

impl Sandbox {
    /// What the org has in the logs now.
    pub async fn ends(&self) -> LogEnds {
        let mut ends = BTreeMap::new();
        for topic in [Topic::Events, Topic::Audit, Topic::Outcomes, Topic::DeadLetters] {
            let records = self.records(topic).await;
            let counted =
                records.iter().filter(|record| record_type(record) != Some(RecordType::PersonalDataRead));
            ends.insert(topic.name(), counted.count());
        }
        LogEnds(ends)
    }
}
