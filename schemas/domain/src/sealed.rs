//! What personal data looks like everywhere outside the vault: an envelope that nobody here can open.
//! A log record or a row that wants personal data takes a [`Sealed`], so plaintext does not fit (style §3).

use bytes::Bytes;

/// Why a piece of personal data is kept, and so when it goes: one data key per customer and purpose
/// (design §3), because identity records must outlive a withdrawn biometric consent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purpose {
    /// Names, external id, reason.
    Profile,
    /// Photo, vectors.
    Biometric,
    /// The raw answer of the registry, and a photo that came with a declined verdict.
    Evidence,
}

impl Purpose {
    /// Every purpose, in the order of their bits in [`Purposes`].
    pub const ALL: [Self; 3] = [Self::Profile, Self::Biometric, Self::Evidence];

    /// The word used in schemas, key bindings and audit records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Biometric => "biometric",
            Self::Evidence => "evidence",
        }
    }

    /// The purpose of that word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|p| p.as_str() == word)
    }
}

/// A set of purposes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Purposes(u8);

impl Purposes {
    /// No purpose.
    pub const NONE: Self = Self(0);

    /// The set as bits, one per purpose in the order of [`Purpose::ALL`].
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Takes up bits that [`Purposes::bits`] gave; unknown bits are dropped.
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & 0b111)
    }

    /// Whether the purpose is in the set.
    pub fn contains(self, purpose: Purpose) -> bool {
        self.0 & (1 << purpose as u8) != 0
    }

    /// The set with the purpose in it.
    #[must_use]
    pub const fn with(self, purpose: Purpose) -> Self {
        Self(self.0 | (1 << purpose as u8))
    }

    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// The purposes in the set.
    pub fn iter(self) -> impl Iterator<Item = Purpose> {
        Purpose::ALL.into_iter().filter(move |p| self.contains(*p))
    }
}

impl FromIterator<Purpose> for Purposes {
    fn from_iter<I: IntoIterator<Item = Purpose>>(purposes: I) -> Self {
        purposes.into_iter().fold(Self::NONE, Self::with)
    }
}

macro_rules! sealed_fields {
    ($($(#[doc = $doc:literal])+ $name:ident, $word:literal, $purpose:ident, $record:literal;)+) => {
        /// A field that is sealed. Its name and its record go into the envelope's binding, so that no envelope can be
        /// moved from one field to another.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Field {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Field {
            /// Every field.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The name in the binding.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// The field of that name.
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($word => Some(Self::$name),)+
                    _ => None,
                }
            }

            /// The purpose whose key seals the field.
            pub fn purpose(self) -> Purpose {
                match self {
                    $(Self::$name => Purpose::$purpose,)+
                }
            }

            /// The record that carries the field, by its schema's full name: a part of the binding too.
            pub fn record(self) -> &'static str {
                match self {
                    $(Self::$name => $record,)+
                }
            }
        }
    };
}

// A new sealed field is one line here: its name, its purpose, and the record that carries it. A line never changes
// once it is used: an envelope opens only under what it was sealed with.
sealed_fields! {
    /// A customer's full name.
    FullName, "full_name", Profile, "identity.CustomerRegistered";
    /// The org's own id for a customer.
    ExternalId, "external_id", Profile, "identity.CustomerRegistered";
    /// The reason of a verdict.
    Reason, "reason", Profile, "identity.DukcapilVerdictReceived";
    /// The photo that becomes the face reference.
    Photo, "photo", Biometric, "identity.DukcapilVerdictReceived";
    /// A photo that came with a declined verdict: evidence only.
    DeclinedPhoto, "declined_photo", Evidence, "identity.VerdictEvidence";
    /// The registry's raw answer.
    Raw, "raw", Evidence, "identity.VerdictEvidence";
    /// The picture that was compared with a reference: evidence only, and biometric.
    Probe, "probe", Biometric, "identity.FaceEvidence";
    /// How alike a match found two faces.
    MatchSimilarity, "match_similarity", Biometric, "identity.FaceMatchDecided";
    /// What a model made of a reference's face: its numbers, 4 bytes each, little-endian.
    FaceVector, "face_vector", Biometric, "identity.FaceVector";
    /// The reference's face, 32 × 32 bytes of grey.
    FaceCrop, "face_crop", Biometric, "identity.FaceVector";
    /// What the voters of a capture measured.
    VoterValues, "voter_values", Biometric, "identity.KtpCaptureAssessed";
    /// What a captured card says.
    KtpText, "ktp_text", Profile, "identity.KtpCaptureAssessed";
    /// What a reviewer noted.
    ReviewNote, "review_note", Profile, "identity.VerificationReviewed";
    /// The frames of a captured card that are kept: evidence only, all in one.
    KtpFrames, "ktp_frames", Evidence, "identity.CaptureEvidence";
    /// What was measured in a capture's frames, for whoever judges it again: evidence only.
    CaptureFeatures, "capture_features", Evidence, "identity.CaptureEvidence";
    /// What the phone says of itself and of what it saw, none of which counts.
    CaptureClaims, "capture_claims", Profile, "identity.CaptureEvidence";
    /// What whoever closed a recheck noted.
    RecheckNote, "recheck_note", Profile, "identity.FallbackRecheckClosed";
}

impl Field {
    /// Whether it is evidence: it opens with the purpose's key and the org's evidence secret together (design §3),
    /// and stands in `identity.audit` alone.
    pub fn is_evidence(self) -> bool {
        match self {
            Self::DeclinedPhoto | Self::Raw | Self::Probe | Self::KtpFrames | Self::CaptureFeatures => true,
            Self::FullName
            | Self::ExternalId
            | Self::Reason
            | Self::Photo
            | Self::MatchSimilarity
            | Self::FaceVector
            | Self::FaceCrop
            | Self::VoterValues
            | Self::KtpText
            | Self::ReviewNote
            | Self::CaptureClaims
            | Self::RecheckNote => false,
        }
    }
}

/// A sealed value: the envelope's bytes (format: `infra/vault`). Cheap to clone. Its `Debug` says only the size.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sealed(Bytes);

impl Sealed {
    /// Takes up an envelope: from the vault that made it, or from a log or row that kept it.
    pub fn from_envelope(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The envelope's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The envelope's bytes, shared.
    pub fn bytes(&self) -> Bytes {
        self.0.clone()
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// Sealed media: inline today; from version 1 on it may also lie elsewhere (design §2, step 5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SealedMedia {
    /// The envelope itself.
    Inline(Sealed),
    /// An envelope kept outside the log.
    Reference {
        /// SHA-256 of the envelope.
        sha256: [u8; 32],
        /// Bytes of the envelope.
        size: u64,
        /// Where it lies; a URI.
        location: String,
    },
}

impl SealedMedia {
    /// The envelope, where it lies in the record itself.
    pub fn inline(&self) -> Option<&Sealed> {
        match self {
            Self::Inline(envelope) => Some(envelope),
            Self::Reference { .. } => None,
        }
    }
}

/// What came of trying to open an envelope.
#[derive(Clone, PartialEq, Eq)]
pub enum Opened {
    /// The plaintext.
    Open(Bytes),
    /// The key was destroyed: nobody can open it any more. Not an error.
    Erased,
}

impl std::fmt::Debug for Opened {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Open(plain) => write!(f, "Open({} bytes)", plain.len()),
            Self::Erased => f.write_str("Erased"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// What stands in bindings for ever.
    #[test]
    fn sealed_fields_have_their_names_purposes_and_records() {
        for (field, name, purpose, record) in [
            (Field::FullName, "full_name", Purpose::Profile, "identity.CustomerRegistered"),
            (Field::ExternalId, "external_id", Purpose::Profile, "identity.CustomerRegistered"),
            (Field::Reason, "reason", Purpose::Profile, "identity.DukcapilVerdictReceived"),
            (Field::Photo, "photo", Purpose::Biometric, "identity.DukcapilVerdictReceived"),
            (Field::DeclinedPhoto, "declined_photo", Purpose::Evidence, "identity.VerdictEvidence"),
            (Field::Raw, "raw", Purpose::Evidence, "identity.VerdictEvidence"),
            (Field::Probe, "probe", Purpose::Biometric, "identity.FaceEvidence"),
            (Field::MatchSimilarity, "match_similarity", Purpose::Biometric, "identity.FaceMatchDecided"),
            (Field::FaceVector, "face_vector", Purpose::Biometric, "identity.FaceVector"),
            (Field::FaceCrop, "face_crop", Purpose::Biometric, "identity.FaceVector"),
            (Field::VoterValues, "voter_values", Purpose::Biometric, "identity.KtpCaptureAssessed"),
            (Field::KtpText, "ktp_text", Purpose::Profile, "identity.KtpCaptureAssessed"),
            (Field::ReviewNote, "review_note", Purpose::Profile, "identity.VerificationReviewed"),
            (Field::KtpFrames, "ktp_frames", Purpose::Evidence, "identity.CaptureEvidence"),
            (Field::CaptureFeatures, "capture_features", Purpose::Evidence, "identity.CaptureEvidence"),
            (Field::CaptureClaims, "capture_claims", Purpose::Profile, "identity.CaptureEvidence"),
            (Field::RecheckNote, "recheck_note", Purpose::Profile, "identity.FallbackRecheckClosed"),
        ] {
            assert_eq!((field.as_str(), field.purpose(), field.record()), (name, purpose, record));
        }
        let names: BTreeSet<&str> = Field::ALL.into_iter().map(Field::as_str).collect();
        assert_eq!(names.len(), Field::ALL.len(), "each field has a name of its own");
    }
}
