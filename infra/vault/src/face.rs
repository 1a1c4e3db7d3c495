//! Faces as they are kept: vectors and crops in envelopes that open for one reference and one model only, and the tag by
//! which the same photo is known again. Not here: what makes a vector, and what two of them say.

use domain::ids::{EnrolmentId, EventId};
use domain::ports::{FaceCrop, FaceModelId, FaceVector, FaceVectorRow};
use domain::sealed::{Field, Opened, Purpose, Sealed};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{MessageKey, SALT};
use crate::customer_keys::{DataKeys, SealContext};
use crate::error::{UnsealError, VaultError};
use crate::length_prefix;

/// Which reference and which model a vector or a crop belongs to: it opens for no other. The customer is bound as in
/// every envelope.
#[derive(Debug, Clone, Copy)]
pub struct FacePlace<'a> {
    /// The event that carries the photo.
    pub event_id: &'a EventId,
    /// The reference.
    pub enrolment: &'a EnrolmentId,
    /// The model.
    pub model: &'a FaceModelId,
}

impl<'a> FacePlace<'a> {
    /// Where the envelopes of that row must have been sealed. Whoever compares them makes sure that the row is the one
    /// of the reference that is meant.
    pub fn of(row: &'a FaceVectorRow) -> Self {
        Self { event_id: &row.event_id, enrolment: &row.enrolment, model: &row.model }
    }

    /// The binding's content type: reference and model ride in it, so that the envelope's format stays as it is.
    fn content_type(&self) -> String {
        let FaceModelId { name, sha256 } = self.model;
        let digest = data_encoding::HEXLOWER.encode(sha256);
        format!("application/octet-stream; enrolment={}; sha256={digest}; model={name}", self.enrolment)
    }
}

impl DataKeys {
    /// Seals a vector.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the biometric key is gone.
    pub fn seal_face_vector(&self, place: FacePlace<'_>, vector: &FaceVector) -> Result<Sealed, VaultError> {
        let numbers: Zeroizing<Vec<u8>> =
            Zeroizing::new(vector.values().iter().flat_map(|number| number.to_le_bytes()).collect());
        self.seal_face(place, Field::FaceVector, &numbers)
    }

    /// Seals a crop.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the biometric key is gone.
    pub fn seal_face_crop(&self, place: FacePlace<'_>, crop: &FaceCrop) -> Result<Sealed, VaultError> {
        self.seal_face(place, Field::FaceCrop, crop.grey())
    }

    /// Opens what [`DataKeys::seal_face_vector`] sealed there. None when the biometric key was destroyed.
    ///
    /// # Errors
    /// [`UnsealError`]: it was sealed for another reference, model or customer, or altered.
    pub fn open_face_vector(
        &self,
        place: FacePlace<'_>,
        sealed: &Sealed,
    ) -> Result<Option<FaceVector>, UnsealError> {
        let Some(bytes) = self.open_face(place, Field::FaceVector, sealed)? else { return Ok(None) };
        let (numbers, []) = bytes.as_chunks::<4>() else { return Err(UnsealError::Malformed) };
        let numbers = numbers.iter().map(|number| f32::from_le_bytes(*number)).collect();
        FaceVector::normalised(numbers).map(Some).ok_or(UnsealError::Malformed)
    }

    /// Opens what [`DataKeys::seal_face_crop`] sealed there. None when the biometric key was destroyed.
    ///
    /// # Errors
    /// As [`DataKeys::open_face_vector`].
    pub fn open_face_crop(
        &self,
        place: FacePlace<'_>,
        sealed: &Sealed,
    ) -> Result<Option<FaceCrop>, UnsealError> {
        let Some(bytes) = self.open_face(place, Field::FaceCrop, sealed)? else { return Ok(None) };
        FaceCrop::new(bytes.to_vec()).map(Some).ok_or(UnsealError::Malformed)
    }

    /// HMAC-SHA-256 of a photo's bytes under a key derived from the customer's biometric key: the same bytes have the
    /// same tag, and once the key is destroyed it says nothing.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the biometric key is gone.
    pub fn photo_tag(&self, photo: &[u8]) -> Result<[u8; 32], VaultError> {
        let biometric = self.set.purpose(Purpose::Biometric);
        let key = biometric.key.as_ref().ok_or(VaultError::Destroyed)?;
        let customer = self.customer();
        let info = length_prefix::joined(&[
            b"identity/photo-tag/v1",
            customer.org.as_str().as_bytes(),
            customer.customer.as_str().as_bytes(),
            biometric.key_id.as_bytes(),
        ]);
        let derived = MessageKey::derive(&[key], &[0; SALT], &info);
        let mut mac = Hmac::<Sha256>::new_from_slice(derived.key()).expect("HMAC takes a key of any length");
        mac.update(photo);
        Ok(mac.finalize().into_bytes().into())
    }

    fn seal_face(&self, place: FacePlace<'_>, field: Field, bytes: &[u8]) -> Result<Sealed, VaultError> {
        let content_type = place.content_type();
        self.seal(&SealContext { event_id: place.event_id, field, content_type: &content_type }, bytes)
    }

    fn open_face(
        &self,
        place: FacePlace<'_>,
        field: Field,
        sealed: &Sealed,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, UnsealError> {
        let content_type = place.content_type();
        self.open_wiped(&SealContext { event_id: place.event_id, field, content_type: &content_type }, sealed)
    }

    /// [`DataKeys::open`], with a plaintext that is wiped when it is dropped: a photo, say. None when the key was
    /// destroyed.
    ///
    /// # Errors
    /// As [`DataKeys::open`].
    pub fn open_wiped(
        &self,
        ctx: &SealContext<'_>,
        sealed: &Sealed,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, UnsealError> {
        Ok(match self.open(ctx, sealed)? {
            Opened::Open(plaintext) => {
                let wiped = Zeroizing::new(plaintext.to_vec());
                // It was opened just now and has this one handle.
                if let Ok(mut opened) = plaintext.try_into_mut() {
                    opened.as_mut().zeroize();
                }
                Some(wiped)
            }
            Opened::Erased => None,
        })
    }
}
