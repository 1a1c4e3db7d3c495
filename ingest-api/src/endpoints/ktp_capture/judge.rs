//! What the frames of a capture show, decided once, and the records of it: evidence and event of one decision. Called for
//! a capture that is signed, in time, and no repetition.

use domain::capture::clock_signal;
use domain::time::Timestamp;

use super::{CaptureNames, CaptureWrite};
use crate::serving::errors::ApiError;
use crate::writes::append::WriteRecords;

/// Judges a capture and seals what came of it. The route is not there before this can record.
pub(super) async fn records(
    write: &CaptureWrite<'_>,
    names: &CaptureNames,
    now: Timestamp,
) -> Result<WriteRecords, ApiError> {
    let CaptureWrite { context, customer, keys, submission, challenge, received_at, .. } = write;
    let _flashes = challenge.flashes(context.caller.entry.ids.challenges(), customer);
    let _signal = clock_signal(&submission.bundle, *received_at);
    let _ = (keys, names, now);
    Err(ApiError::Internal("captures are not judged by this build".into()))
}
