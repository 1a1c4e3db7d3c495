//! The log under another tier policy: every customer is folded as it was and as it would have been, and those whose tier
//! would be another are counted and, some of them, named. Writes nothing.
//!
//! A partition after the other, and of a partition's customers as many at once as fit into memory: the others have
//! passes of their own. Which customers a pass is of goes by their ids, so that it can be made smaller on the way.

use std::collections::{BTreeMap, BTreeSet};

use domain::event::Source;
use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::policy::Tier;
use domain::ports::{OffsetRange, StoredRecord, Topic};
use domain::sealed::Purpose;
use serde_json::{Value, json};

use crate::CompliancePorts;
use crate::limits::{PASS_ROWS_MAX, SAMPLE_MAX};
use crate::merge::{ReadProgress, records_in};
use crate::partition_walk::{PartitionWalk, bounds_beside};
use crate::refold::{CustomerFold, RefoldError, fact_of};
use crate::subject::is_of_org;

/// What another policy would do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WhatIfResult {
    /// Customers that are registered and not erased.
    pub customers: u64,
    /// Those whose tier would be another, by the tier that is and the one that would be.
    pub moved: BTreeMap<(Tier, Tier), u64>,
    /// The first of them by their ids, [`SAMPLE_MAX`] at most.
    pub sample: BTreeSet<CustomerId>,
}

impl WhatIfResult {
    /// As the contract shows it.
    pub fn body(&self) -> Value {
        let moved = self
            .moved
            .iter()
            .map(|((from, to), count)| json!({"from": from.as_str(), "to": to.as_str(), "count": count}));
        json!({
            "customers": self.customers,
            "moved": moved.collect::<Vec<_>>(),
            "sample": self.sample.iter().map(CustomerId::as_str).collect::<Vec<_>>(),
        })
    }

    fn count(&mut self, fold: &CustomerFold) {
        let (state, Some(other)) = (fold.state(), fold.other_state()) else { return };
        if state.registration.is_none() || state.erased.contains(Purpose::Profile) {
            return;
        }
        self.customers += 1;
        let (from, to) = (state.kyc.tier, other.kyc.tier);
        if from == to {
            return;
        }
        *self.moved.entry((from, to)).or_default() += 1;
        self.sample.insert(state.customer.customer.clone());
        if self.sample.len() > SAMPLE_MAX {
            self.sample.pop_last();
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhatIf {
    /// The other policy's number, which must be one that this build knows.
    pub policy_version: u32,
    /// The customers of this org alone.
    pub org: Option<OrgId>,
    /// Rows in memory at once.
    rows_max: usize,
}

impl WhatIf {
    /// Of all customers, or of one org's.
    pub fn new(policy_version: u32, org: Option<OrgId>) -> Self {
        Self { policy_version, org, rows_max: PASS_ROWS_MAX }
    }

    /// With another bound of the rows in memory, for tests of it.
    #[must_use]
    pub fn with_rows_max(self, rows_max: usize) -> Self {
        Self { rows_max, ..self }
    }

    /// Records that are read at least: each once, where memory is enough.
    ///
    /// # Errors
    /// From the log.
    pub async fn records(&self, ports: &CompliancePorts) -> Result<u64, RefoldError> {
        Ok(records_in(&ports.log.offsets(Topic::Events).await?))
    }

    /// Folds every customer twice.
    ///
    /// # Errors
    /// [`RefoldError`].
    pub async fn run(
        &self,
        ports: &CompliancePorts,
        progress: &dyn ReadProgress,
    ) -> Result<WhatIfResult, RefoldError> {
        let mut result = WhatIfResult::default();
        for range in ports.log.offsets(Topic::Events).await? {
            let mut from = None;
            loop {
                let mut pass = FoldPass { asked: self, from, until: None, folds: BTreeMap::new(), rows: 0 };
                pass.read(ports, range, progress).await?;
                pass.folds.values().for_each(|fold| result.count(fold));
                match pass.until {
                    None => break,
                    until => from = until,
                }
            }
        }
        Ok(result)
    }
}

/// The customers of a partition that are folded in one go: from an id on, up to another one.
struct FoldPass<'a> {
    asked: &'a WhatIf,
    from: Option<CustomerRef>,
    until: Option<CustomerRef>,
    folds: BTreeMap<CustomerRef, CustomerFold>,
    rows: usize,
}

impl FoldPass<'_> {
    async fn read(
        &mut self,
        ports: &CompliancePorts,
        range: OffsetRange,
        progress: &dyn ReadProgress,
    ) -> Result<(), RefoldError> {
        let mut walk = PartitionWalk::new(Topic::Events, range, bounds_beside(1));
        while walk.remaining() > 0 {
            let before = walk.remaining();
            for record in walk.next_records(&*ports.log).await? {
                self.take(ports, &record)?;
            }
            // A second pass is no further progress.
            if self.from.is_none() {
                progress.records(before - walk.remaining());
            }
        }
        Ok(())
    }

    fn take(&mut self, ports: &CompliancePorts, record: &StoredRecord) -> Result<(), RefoldError> {
        if self.asked.org.as_ref().is_some_and(|org| !is_of_org(&record.key, org)) {
            return Ok(());
        }
        let Some(customer) =
            CustomerRef::of_record_key(&record.key).filter(|customer| self.is_in_pass(customer))
        else {
            return Ok(());
        };
        let fact = fact_of(&ports.codec, record, &customer)?;
        let fold = self.fold_of(customer, record.source);
        let before = fold.rows();
        fold.take(fact)?;
        let more = fold.rows().saturating_sub(before);
        self.rows += more;
        if self.rows > self.asked.rows_max {
            self.shrink();
        }
        Ok(())
    }

    fn is_in_pass(&self, customer: &CustomerRef) -> bool {
        self.from.as_ref().is_none_or(|from| customer >= from)
            && self.until.as_ref().is_none_or(|until| customer < until)
    }

    fn fold_of(&mut self, customer: CustomerRef, first: Source) -> &mut CustomerFold {
        let (rows, policy) = (&mut self.rows, self.asked.policy_version);
        self.folds.entry(customer.clone()).or_insert_with(|| {
            *rows += 1;
            CustomerFold::new(customer, first, Some(policy))
        })
    }

    /// Leaves the second half of the customers to the next pass. One alone is bounded by itself.
    fn shrink(&mut self) {
        let Some(middle) = self.folds.keys().nth(self.folds.len() / 2).cloned() else { return };
        if self.folds.len() < 2 {
            return;
        }
        drop(self.folds.split_off(&middle));
        self.until = Some(middle);
        self.rows = self.folds.values().map(CustomerFold::rows).sum();
    }
}
