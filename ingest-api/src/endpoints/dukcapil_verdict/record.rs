//! From a good verdict to two records that are in their logs for good: named, sealed, evidence first, then
//! the event (design §2, steps 4 to 6).

use actix_web::http::header::HeaderMap;
use domain::decide::{RecordVerdict, SealedDigest, VerdictPhoto};
use domain::event::{AuditRecord, AuditRef, Event, Fingerprint, Source};
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, VerificationId};
use domain::orgs::OrgRecord;
use domain::ports::Topic;
use domain::sealed::{Field, Sealed};
use domain::time::Timestamp;
use domain::verdict::Verdict;
use event_codec::{Meta, value_sha256};
use vault::{CustomerKeys, OrgIds, SealContext, random_id};

use crate::app::App;
use crate::serving::auth::Caller;
use crate::serving::errors::ApiError;
use crate::serving::request_id::carried;

/// The endpoint's route template: part of every id that an `Idempotency-Key` names.
pub const ROUTE: &str = "/api/identity/nik/dukcapil";

/// What a verdict's event, row and enrolment are called.
#[derive(Debug, Clone)]
pub struct Names {
    /// The event and its evidence.
    pub event: EventId,
    /// The row.
    pub verification: VerificationId,
    /// The enrolment, if one is made.
    pub enrolment: EnrolmentId,
}

impl Names {
    /// Ids that follow from the `Idempotency-Key`, for ever and on every instance.
    pub fn of_key(ids: &OrgIds, customer: &CustomerId, key: &str) -> Self {
        let named = |prefix| ids.named(prefix, ROUTE, Some(customer), key);
        Self {
            event: EventId::from_bytes(named(EventId::PREFIX)),
            verification: VerificationId::from_bytes(named(VerificationId::PREFIX)),
            enrolment: EnrolmentId::from_bytes(named(EnrolmentId::PREFIX)),
        }
    }

    /// Random ids.
    pub fn random() -> Self {
        Self {
            event: EventId::from_bytes(random_id()),
            verification: VerificationId::from_bytes(random_id()),
            enrolment: EnrolmentId::from_bytes(random_id()),
        }
    }
}

/// A verdict that is to be recorded, and in whose name.
pub struct Recording<'a> {
    /// The instance.
    pub app: &'a App,
    /// Who brought it.
    pub caller: &'a Caller,
    /// Whom it is about.
    pub customer: &'a CustomerRef,
    /// The customer's keys.
    pub keys: &'a CustomerKeys,
    /// What Dukcapil said.
    pub verdict: &'a Verdict,
    /// The body's fingerprint.
    pub fingerprint: Fingerprint,
    /// The request's headers, for its trace.
    pub headers: &'a HeaderMap,
}

impl Recording<'_> {
    /// Seals, appends the evidence, then the event. Where the event stands.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] when a log did not confirm within the deadline: it may still take effect.
    pub async fn append(&self, names: &Names) -> Result<Source, ApiError> {
        let now = self.app.now();
        let traceparent = carried(self.headers);
        let meta = Meta { time: now, traceparent: traceparent.as_deref() };
        let command = self.seal(names, now)?;
        let evidence = AuditRecord::VerdictEvidence(command.evidence());
        let evidence = self.app.codec.audit(&evidence, &meta).map_err(internal)?;
        let sha256 = value_sha256(&evidence.value);
        let both = async {
            let audit = self.app.log.append(Topic::Audit, evidence).await?;
            let event = command.event(AuditRef { source: audit.source, value_sha256: sha256 });
            let event = Event::DukcapilVerdictReceived(event);
            let event = self.app.codec.event(&event, &meta).map_err(internal)?;
            Ok(self.app.log.append(Topic::Events, event).await?.source)
        };
        tokio::time::timeout(self.app.settings.append_deadline, both)
            .await
            .unwrap_or_else(|_| Err(ApiError::Unavailable("the log did not confirm in time".into())))
    }

    fn seal(&self, names: &Names, now: Timestamp) -> Result<RecordVerdict, ApiError> {
        let org: &OrgRecord = self.caller.org();
        let context = |field, content_type| SealContext { event_id: &names.event, field, content_type };
        let mut digests: Vec<SealedDigest> = Vec::with_capacity(3);
        let mut digest =
            |field: Field, sealed: &Sealed| digests.push((field, value_sha256(sealed.as_bytes())));

        let wants_secret = self.verdict.raw().is_some() || self.verdict.declined_photo().is_some();
        let secret = if wants_secret {
            let (id, public) = (&org.evidence_key_id, &org.evidence_public_key);
            Some(self.app.vault.evidence_secret(&org.org, id, public, now)?)
        } else {
            None
        };
        let photo = if let Some(photo) = self.verdict.enrolled_photo() {
            let sealed = self.keys.seal(&context(Field::Photo, photo.content_type()), photo.as_bytes())?;
            digest(Field::Photo, &sealed);
            VerdictPhoto::Valid {
                enrolment_id: names.enrolment.clone(),
                photo: sealed,
                content_type: photo.content_type(),
            }
        } else if let (Some(photo), Some(secret)) = (self.verdict.declined_photo(), &secret) {
            let context = context(Field::DeclinedPhoto, photo.content_type());
            let sealed = self.keys.seal_evidence(&context, secret, photo.as_bytes())?;
            digest(Field::DeclinedPhoto, &sealed);
            VerdictPhoto::Declined { photo: Some((sealed, photo.content_type())) }
        } else {
            VerdictPhoto::Declined { photo: None }
        };
        let reason = match self.verdict.reason() {
            Some(reason) => {
                let sealed =
                    self.keys.seal(&context(Field::Reason, "text/plain"), reason.as_str().as_bytes())?;
                digest(Field::Reason, &sealed);
                Some((sealed, reason.category()))
            }
            None => None,
        };
        let raw = match (self.verdict.raw(), &secret) {
            (Some(raw), Some(secret)) => {
                let context = context(Field::Raw, "application/json");
                let sealed = self.keys.seal_evidence(&context, secret, raw.as_bytes())?;
                digest(Field::Raw, &sealed);
                Some(sealed)
            }
            _ => None,
        };
        Ok(RecordVerdict {
            event_id: names.event.clone(),
            verification_id: names.verification.clone(),
            customer: self.customer.clone(),
            photo,
            reason,
            raw,
            raw_binding: secret.map(|secret| secret.binding().clone()),
            sealed_sha256: digests,
            body_fingerprint: self.fingerprint,
            policy_version: org.policy_version,
            received_at: now,
            api_key_id: self.caller.key.id.clone(),
        })
    }
}

fn internal(error: event_codec::EncodeError) -> ApiError {
    ApiError::Internal(error.to_string())
}
