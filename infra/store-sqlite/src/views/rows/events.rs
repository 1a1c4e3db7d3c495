//! Event rows: verifications, enrolments, tier changes, signals, notes.

use domain::classify::ReasonCategory;
use domain::event::Fingerprint;
use domain::ids::{CustomerId, CustomerRef, EnrolmentId, EventId, OrgId, TierEventId, VerificationId};
use domain::policy::Tier;
use domain::rows::{
    EnrolmentRow, EventNote, FaceSource, SignalRow, TierEventRow, VerificationRow, VerificationStatus,
};

use super::words::{disposition, parse_disposition};
use super::{Statements, Stored, Table, statements};
use crate::pool::Failure;
use crate::views::cells::{Binder, Cells};

impl Stored for VerificationRow {
    const TABLE: Table = Table {
        name: "verification",
        key: &["org", "id"],
        rest: &[
            "customer",
            "event_id",
            "topic_id",
            "log_partition",
            "log_offset",
            "method",
            "status",
            "score",
            "reason",
            "reason_category",
            "body_fingerprint",
            "enrolment",
            "embedding_model",
            "tier_event",
            "before_tier",
            "before_verified_at",
            "before_expires_at",
            "after_tier",
            "after_verified_at",
            "after_expires_at",
            "created_at",
        ],
    };

    statements!(VerificationRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.id.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.event_id.as_str())?;
        out.source(&self.source)?;
        out.put(self.method.as_str())?;
        out.put(self.status.as_str())?;
        out.put(self.score)?;
        out.sealed(self.reason.as_ref())?;
        out.put(self.reason_category.map(ReasonCategory::as_str))?;
        out.put(self.body_fingerprint.0.as_slice())?;
        out.put(self.enrolment.as_ref().map(EnrolmentId::as_str))?;
        out.put(self.embedding_model.as_deref())?;
        out.put(self.tier_event.as_ref().map(TierEventId::as_str))?;
        out.kyc(&self.kyc_before)?;
        out.kyc(&self.kyc_after)?;
        out.put(self.created_at.millis())
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        let org = cells.id(OrgId::parse)?;
        Ok(Self {
            id: cells.id(VerificationId::parse)?,
            customer: CustomerRef::new(org, cells.id(CustomerId::parse)?),
            event_id: cells.id(EventId::parse)?,
            source: cells.source()?,
            method: cells.method()?,
            status: cells.word(VerificationStatus::parse)?,
            score: cells.maybe_small()?,
            reason: cells.sealed()?,
            reason_category: cells.maybe_word(ReasonCategory::parse)?,
            body_fingerprint: cells.fingerprint()?,
            enrolment: cells.maybe_id(EnrolmentId::parse)?,
            embedding_model: cells.maybe_text()?.map(str::to_owned),
            tier_event: cells.maybe_id(TierEventId::parse)?,
            kyc_before: cells.kyc()?,
            kyc_after: cells.kyc()?,
            created_at: cells.time()?,
        })
    }
}

impl Stored for EnrolmentRow {
    const TABLE: Table = Table {
        name: "enrolment",
        key: &["org", "customer", "id"],
        rest: &[
            "verification_id",
            "event_id",
            "topic_id",
            "log_partition",
            "log_offset",
            "face_source",
            "model",
            "fallback_stub",
            "created_at",
        ],
    };

    statements!(EnrolmentRow, erasable);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.id.as_str())?;
        out.put(self.verification_id.as_str())?;
        out.put(self.event_id.as_str())?;
        out.source(&self.source)?;
        out.put(self.face_source.as_str())?;
        out.put(self.model.as_deref())?;
        out.put(self.fallback_stub)?;
        out.put(self.created_at.millis())
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        Ok(Self {
            customer: cells.customer()?,
            id: cells.id(EnrolmentId::parse)?,
            verification_id: cells.id(VerificationId::parse)?,
            event_id: cells.id(EventId::parse)?,
            source: cells.source()?,
            face_source: cells.word(FaceSource::parse)?,
            model: cells.maybe_text()?.map(str::to_owned),
            fallback_stub: cells.int()? != 0,
            created_at: cells.time()?,
        })
    }
}

impl Stored for TierEventRow {
    const TABLE: Table = Table {
        name: "tier_event",
        key: &["org", "customer", "id"],
        rest: &["topic_id", "log_partition", "log_offset", "from_tier", "to_tier", "reason", "created_at"],
    };

    statements!(TierEventRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.customer(&self.customer)?;
        out.put(self.id.as_str())?;
        out.source(&self.source)?;
        out.put(self.from_tier.as_str())?;
        out.put(self.to_tier.as_str())?;
        out.put(self.reason.as_str())?;
        out.put(self.created_at.millis())
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        Ok(Self {
            customer: cells.customer()?,
            id: cells.id(TierEventId::parse)?,
            source: cells.source()?,
            from_tier: cells.word(Tier::parse)?,
            to_tier: cells.word(Tier::parse)?,
            reason: cells.text()?.to_owned(),
            created_at: cells.time()?,
        })
    }
}

impl Stored for SignalRow {
    const TABLE: Table = Table {
        name: "signal",
        key: &["org", "verification_id", "topic_id", "log_partition", "log_offset", "kind"],
        rest: &["customer", "created_at"],
    };

    statements!(SignalRow, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        out.put(self.customer.org.as_str())?;
        out.put(self.verification_id.as_str())?;
        out.source(&self.source)?;
        out.put(self.kind.as_str())?;
        out.put(self.customer.customer.as_str())?;
        out.put(self.created_at.millis())
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        let org = cells.id(OrgId::parse)?;
        let verification_id = cells.id(VerificationId::parse)?;
        let source = cells.source()?;
        let kind = cells.text()?.to_owned();
        let customer = CustomerRef::new(org, cells.id(CustomerId::parse)?);
        Ok(Self { verification_id, customer, source, kind, created_at: cells.time()? })
    }
}

impl Stored for EventNote {
    const TABLE: Table = Table {
        name: "note",
        key: &["org", "customer", "topic_id", "log_partition", "log_offset"],
        rest: &["event_id", "verification_id", "disposition", "released", "body_fingerprint", "cause"],
    };

    statements!(EventNote, of);

    fn put(&self, out: &mut Binder<'_>) -> Result<(), Failure> {
        let (word, released) = disposition(&self.disposition);
        out.customer(&self.customer)?;
        out.source(&self.source)?;
        out.put(self.event_id.as_ref().map(EventId::as_str))?;
        out.put(self.verification_id.as_ref().map(VerificationId::as_str))?;
        out.put(word)?;
        out.put(released)?;
        out.put(self.body_fingerprint.as_ref().map(|fingerprint| fingerprint.0.as_slice()))?;
        out.put(self.cause.as_deref())
    }

    fn take(cells: &mut Cells<'_>) -> Result<Self, Failure> {
        Ok(Self {
            customer: cells.customer()?,
            source: cells.source()?,
            event_id: cells.maybe_id(EventId::parse)?,
            verification_id: cells.maybe_id(VerificationId::parse)?,
            disposition: parse_disposition(cells.text()?, cells.maybe_blob()?)?,
            body_fingerprint: cells.maybe_bytes()?.map(Fingerprint),
            cause: cells.maybe_text()?.map(str::to_owned),
        })
    }
}
