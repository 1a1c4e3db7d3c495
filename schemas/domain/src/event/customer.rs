//! Facts about a customer as a whole: registered, erased, released.

use super::Fingerprint;
use crate::ids::{CustomerRef, EventId};
use crate::sealed::{Purposes, Sealed};

/// A customer was registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerRegistered {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// [`crate::sealed::Field::FullName`].
    pub full_name: Sealed,
    /// [`crate::sealed::Field::ExternalId`].
    pub external_id: Option<Sealed>,
    /// The registration's body.
    pub body_fingerprint: Fingerprint,
}

/// A customer's personal data for some purposes is to be unreadable from here on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerErased {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
    /// Which keys go.
    pub purposes: Purposes,
}

/// An operator released a quarantined customer: what was parked is applied now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerReleased {
    /// This event.
    pub event_id: EventId,
    /// Whom it is about.
    pub customer: CustomerRef,
}
