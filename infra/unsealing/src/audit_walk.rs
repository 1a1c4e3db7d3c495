//! One partition of `identity.audit` from its first record to where it ended when it was asked, in bounded pieces.

use domain::event::{Offset, Partition};
use domain::ports::{OffsetRange, ReadBounds, StoredRecord, Topic};

use crate::limits::{READ_BYTES_MAX, READ_RECORDS_MAX, READ_WAIT};
use crate::refusal::{ActError, Refusal};
use crate::unseal::UnsealPorts;

/// Shows every record to `visit`, in order.
pub(crate) async fn walk(
    ports: &UnsealPorts,
    partition: Partition,
    mut visit: impl AsyncFnMut(&StoredRecord) -> Result<(), ActError>,
) -> Result<(), ActError> {
    let ranges = ports.log.offsets(Topic::Audit).await?;
    let Some(OffsetRange { earliest, end, .. }) = ranges.into_iter().find(|of| of.partition == partition)
    else {
        return Err(Refusal::EvidenceMissing.into());
    };
    let bounds = ReadBounds { records_max: READ_RECORDS_MAX, bytes_max: READ_BYTES_MAX, wait_max: READ_WAIT };
    let mut next = earliest;
    while next < end {
        let records = ports.log.read(Topic::Audit, partition, next, bounds).await?;
        let Some(last) = records.last() else {
            return Err(ActError::CouldNot("identity.audit did not hand out what it holds".to_owned()));
        };
        next = Offset(last.source.offset.0 + 1);
        for record in &records {
            visit(record).await?;
        }
    }
    Ok(())
}
