//! One record: the photo that it makes a reference of is opened, read, and what came of it sealed and kept. Or an
//! erasure: the customer's vectors go. Everything else is nothing to this projection, what cannot be decoded included:
//! that is the first one's to report.

use std::time::Instant;

use domain::event::{Event, ReferencePhoto};
use domain::ids::CustomerRef;
use domain::orgs::Suite;
use domain::ports::{
    FaceCause, FaceModelId, FaceReaderError, FaceReading, FaceVectorRow, LogError, StoreError, StoredRecord,
};
use domain::rows::{Epoch, WriteTimestamp};
use domain::sealed::{Field, Purpose, Purposes, Sealed};
use event_codec::DecodeError;
use tracing::warn;
use vault::{CustomerKeys, FacePlace, SealContext, VaultError, suite_of_envelope};
use zeroize::Zeroizing;

use crate::batch::decode_record::KeyWait;
use crate::faces::FacePorts;
use crate::limits::{BROKEN_PHOTO_TRIES, FACE_RETRY};
use crate::settings::ProjectorPorts;

/// Why a record is not taken in now.
#[derive(Debug)]
pub(crate) enum FaceStop {
    /// Its customer's key is away: the org waits.
    KeyAway(KeyWait),
    /// Worth trying again.
    Unavailable(String),
    /// The partition waits for an operator or a later build.
    Halted(String),
}

impl From<StoreError> for FaceStop {
    fn from(error: StoreError) -> Self {
        if error.is_transient() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Halted(error.to_string())
        }
    }
}

impl From<LogError> for FaceStop {
    fn from(error: LogError) -> Self {
        if error.is_transient() {
            Self::Unavailable(error.to_string())
        } else {
            Self::Halted(error.to_string())
        }
    }
}

/// What the work is done with.
#[derive(Clone)]
pub(crate) struct FaceWork {
    pub(crate) ports: ProjectorPorts,
    pub(crate) faces: FacePorts,
}

/// A photo with the keys of whoever is on it.
struct OpenedPhoto {
    keys: CustomerKeys,
    /// None where its envelope is not what was sealed.
    photo: Option<Zeroizing<Vec<u8>>>,
}

impl FaceWork {
    /// Whose vectors are made.
    pub(crate) fn model(&self) -> &FaceModelId {
        &self.faces.reader.models().primary.model.id
    }

    /// Takes a record in. Again comes to the same.
    pub(crate) async fn take_in(&self, epoch: Epoch, record: &StoredRecord) -> Result<(), FaceStop> {
        let event = match self.ports.codec.decode_event(record) {
            Ok(event) => event,
            Err(error @ DecodeError::UnknownSchema { .. }) => {
                return Err(FaceStop::Halted(error.to_string()));
            }
            Err(DecodeError::Malformed(_)) => return Ok(()),
        };
        let Some(customer) =
            CustomerRef::of_record_key(&record.key).filter(|customer| customer == event.customer())
        else {
            return Ok(());
        };
        if let Some(erased) = event.as_erasure() {
            // Its keys go after it: none that is remembered opens a photo from here on.
            self.ports.vault.forget(&customer, Purposes::NONE);
            if erased.purposes.contains(Purpose::Biometric) {
                let at = WriteTimestamp::delete(epoch, record.source.offset);
                self.faces.vectors.erase(at, &customer).await?;
            }
        }
        match event.reference_photo().filter(|_| event.is_consistent()) {
            Some(photo) => self.take_in_photo(epoch, record, &event, &customer, photo).await,
            None => Ok(()),
        }
    }

    async fn take_in_photo(
        &self,
        epoch: Epoch,
        record: &StoredRecord,
        event: &Event,
        customer: &CustomerRef,
        reference: ReferencePhoto<'_>,
    ) -> Result<(), FaceStop> {
        let Some(sealed) = reference.media.inline() else {
            // No build puts a photo there yet; one that does also reads it.
            return Err(FaceStop::Halted("a photo that lies outside the log".to_owned()));
        };
        let opened = self.open(record, event, customer, reference.content_type, sealed).await?;
        let Some(OpenedPhoto { keys, photo }) = opened else {
            count("erased");
            return Ok(());
        };
        let model = self.model().clone();
        let mut row = FaceVectorRow {
            customer: customer.clone(),
            enrolment: reference.enrolment.clone(),
            event_id: event.event_id().clone(),
            source: record.source,
            model,
            photo_tag: [0; 32],
            vector: None,
            crop: None,
            quality: None,
            cause: None,
            read_at: self.ports.clock.now(),
        };
        let bytes = photo.as_deref().map(Vec::as_slice).unwrap_or_default();
        let Ok(photo_tag) = keys.photo_tag(bytes) else {
            // Erased between two lines: as if it had been before.
            count("erased");
            return Ok(());
        };
        row.photo_tag = photo_tag;
        let reading = match photo {
            Some(photo) => self.read(photo).await?,
            None => {
                warn!(
                    partition = record.source.partition.0,
                    offset = record.source.offset.0,
                    "the envelope of a reference photo is not what was sealed: this reference has no vector"
                );
                Err(FaceCause::NotAuthentic)
            }
        };
        let result = match reading {
            Ok(reading) => {
                if seal(&mut row, &keys, &reading).is_err() {
                    count("erased");
                    return Ok(());
                }
                row.cause.map_or("vector", FaceCause::name)
            }
            Err(cause) => {
                row.cause = Some(cause);
                cause.name()
            }
        };
        self.faces.vectors.put(WriteTimestamp::upsert(epoch, record.source.offset), &row).await?;
        count(result);
        Ok(())
    }

    /// Opens the photo. None when its key was destroyed.
    async fn open(
        &self,
        record: &StoredRecord,
        event: &Event,
        customer: &CustomerRef,
        content_type: &str,
        sealed: &Sealed,
    ) -> Result<Option<OpenedPhoto>, FaceStop> {
        let away = |why: String| {
            let why = format!("{}: {why}", customer.record_key());
            FaceStop::KeyAway(KeyWait { org: customer.org.clone(), at: record.source.offset, why })
        };
        // What is made of the photo is sealed as the photo was.
        let suite = suite_of_envelope(sealed).unwrap_or(Suite::Aes256GcmSiv);
        let keys = match self.ports.vault.customer_keys(customer, suite).await {
            Ok(Some(keys)) => keys,
            Ok(None) => return Err(away("there is no key row".to_owned())),
            Err(VaultError::Unavailable(text)) => return Err(FaceStop::Unavailable(text)),
            Err(error) => return Err(away(error.to_string())),
        };
        if keys.is_destroyed(Purpose::Biometric) {
            return Ok(None);
        }
        let context = SealContext { event_id: event.event_id(), field: Field::Photo, content_type };
        Ok(match keys.open_wiped(&context, sealed) {
            Ok(Some(photo)) => Some(OpenedPhoto { keys, photo: Some(photo) }),
            Ok(None) => None,
            Err(_) => Some(OpenedPhoto { keys, photo: None }),
        })
    }

    /// Reads the photo. One that no reader survives, however often it is tried, counts as undecodable: it must not stop
    /// those behind it.
    async fn read(&self, photo: Zeroizing<Vec<u8>>) -> Result<Result<FaceReading, FaceCause>, FaceStop> {
        let mut backoff = FACE_RETRY.start();
        let mut broken = 0;
        loop {
            let began = Instant::now();
            match self.faces.reader.read(photo.clone(), self.model()).await {
                Ok(reading) => {
                    metrics::histogram!("identity_face_photo_seconds").record(began.elapsed());
                    return Ok(reading);
                }
                // Others are waiting before it: nothing is amiss.
                Err(FaceReaderError::Full) => {}
                Err(FaceReaderError::Broken) => {
                    broken += 1;
                    if broken >= BROKEN_PHOTO_TRIES {
                        return Ok(Err(FaceCause::Undecodable));
                    }
                }
                Err(error @ FaceReaderError::Model(_)) => {
                    return Err(FaceStop::Unavailable(error.to_string()));
                }
                Err(error @ FaceReaderError::UnknownModel(_)) => {
                    return Err(FaceStop::Halted(error.to_string()));
                }
            }
            tokio::time::sleep(backoff.next_pause()).await;
        }
    }
}

fn seal(row: &mut FaceVectorRow, keys: &CustomerKeys, reading: &FaceReading) -> Result<(), VaultError> {
    let place = FacePlace::of(row);
    let vector = keys.seal_face_vector(place, &reading.vector)?;
    let crop = keys.seal_face_crop(place, &reading.crop)?;
    (row.vector, row.crop) = (Some(vector), Some(crop));
    row.quality = Some((reading.sharpness.clamp(0.0, 1.0) * 1000.0).round() as u32);
    row.cause = reading.cause();
    Ok(())
}

fn count(result: &'static str) {
    metrics::counter!("identity_face_photos_total", "result" => result).increment(1);
}
