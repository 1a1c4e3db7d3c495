//! From sealed records to records that are in their logs for good: evidence first, then the event that refers to it
//! (design §2, steps 5 and 6).

use domain::event::{AuditRecord, AuditRef, Event};
use domain::ports::{Appended, LogError, Topic};
use domain::time::Timestamp;
use event_codec::{EncodeError, Meta, value_sha256};

use super::path::WriteContext;
use crate::serving::errors::ApiError;

/// What a write puts into the logs.
pub enum WriteRecords {
    /// An event without evidence.
    EventAlone(Event),
    /// Evidence, and the event once it is known where the evidence stands.
    WithEvidence {
        /// What else an auditor is told of it, appended first.
        also: Option<Box<AuditRecord>>,
        /// The evidence.
        evidence: AuditRecord,
        /// The event of the evidence's place.
        event: Box<dyn FnOnce(AuditRef) -> Event + Send>,
    },
}

impl WriteRecords {
    /// Evidence and its event.
    pub fn with_evidence(
        evidence: AuditRecord,
        event: impl FnOnce(AuditRef) -> Event + Send + 'static,
    ) -> Self {
        Self::WithEvidence { also: None, evidence, event: Box::new(event) }
    }

    /// The same with another record for an auditor before its evidence, where there is one.
    #[must_use]
    pub fn telling_also(mut self, record: Option<AuditRecord>) -> Self {
        if let Self::WithEvidence { also, .. } = &mut self {
            *also = record.map(Box::new);
        }
        self
    }
}

/// Why an event is not known to be in the log.
#[derive(Debug)]
pub enum AppendError {
    /// It certainly is not there and never will be.
    NotAppended(ApiError),
    /// It may still take effect.
    Unconfirmed(ApiError),
}

impl From<AppendError> for ApiError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::NotAppended(error) | AppendError::Unconfirmed(error) => error,
        }
    }
}

impl From<LogError> for AppendError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unavailable(_) | LogError::TooLarge { .. } => Self::NotAppended(error.into()),
            LogError::Unconfirmed(_) | LogError::Halted(_) => Self::Unconfirmed(error.into()),
        }
    }
}

impl From<EncodeError> for AppendError {
    fn from(error: EncodeError) -> Self {
        Self::NotAppended(ApiError::Internal(error.to_string()))
    }
}

/// Appends a write's records, of that time, within the log's deadline. Where the event stands.
///
/// # Errors
/// As said at [`AppendError`].
pub async fn append_records(
    context: &WriteContext<'_>,
    records: WriteRecords,
    time: Timestamp,
) -> Result<Appended, AppendError> {
    let (log, codec) = (&context.app.log, &context.app.codec);
    let meta = Meta { time, traceparent: context.traceparent.as_deref() };
    let append = async {
        let event = match records {
            WriteRecords::EventAlone(event) => event,
            WriteRecords::WithEvidence { also, evidence, event } => {
                if let Some(also) = also {
                    log.append(Topic::Audit, codec.audit(&also, &meta)?).await?;
                }
                let evidence = codec.audit(&evidence, &meta)?;
                let value_sha256 = value_sha256(&evidence.value);
                let evidence = log.append(Topic::Audit, evidence).await?;
                event(AuditRef { source: evidence.source, value_sha256 })
            }
        };
        Ok(log.append(Topic::Events, codec.event(&event, &meta)?).await?)
    };
    let appended = tokio::time::timeout(context.app.settings.append_deadline, append).await;
    appended.unwrap_or_else(|_| {
        Err(AppendError::Unconfirmed(ApiError::Unavailable("the log did not confirm in time".into())))
    })
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError as _;

    use super::*;

    /// What certainly is not in the log may be given up; of the rest nobody may say that it is not there.
    #[test]
    fn only_what_certainly_was_not_appended_is_told_so() {
        for (given, is_certain, status) in [
            (LogError::Unavailable("no broker".into()), true, 503),
            (LogError::TooLarge { size: 2, max: 1 }, true, 500),
            (LogError::Unconfirmed("no answer in time".into()), false, 503),
            (LogError::Halted("the topic was recreated".into()), false, 503),
        ] {
            let shown = format!("{given:?}");
            let error = AppendError::from(given);
            assert_eq!(matches!(error, AppendError::NotAppended(_)), is_certain, "{shown}");
            assert_eq!(ApiError::from(error).status_code().as_u16(), status, "{shown}");
        }
    }
}
