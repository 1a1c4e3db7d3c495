//! What of an event is sealed, with what each envelope is bound to: for whoever looks whether it is authentic.

use crate::ids::EnrolmentId;
use crate::sealed::{Field, Sealed, SealedMedia};

/// One sealed field of an event, with what its envelope is bound to beside the event's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedField<'e> {
    /// Which field.
    pub field: Field,
    /// The content type in the binding.
    pub content_type: &'e str,
    /// The envelope.
    pub envelope: &'e Sealed,
}

/// The content type that texts are sealed with.
pub const TEXT_CONTENT_TYPE: &str = "text/plain";

impl<'e> SealedField<'e> {
    pub(super) fn text(field: Field, envelope: &'e Sealed) -> Self {
        Self { field, content_type: TEXT_CONTENT_TYPE, envelope }
    }
}

/// A photo that becomes a face reference, as it stands in an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReferencePhoto<'e> {
    /// The reference.
    pub enrolment: &'e EnrolmentId,
    /// The content type in the binding of its envelope, whose field is [`Field::Photo`].
    pub content_type: &'e str,
    /// The photo.
    pub media: &'e SealedMedia,
}
