//! A customer's data keys in the clear, and what is done with them: sealing, opening, fingerprints. Keys are
//! wiped when the last handle goes; no `Debug` shows one.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use domain::event::{Fingerprint, RawBinding};
use domain::ids::{CustomerRef, EventId};
use domain::orgs::Suite;
use domain::ports::{DataKey, KeyRow, KeyRowState};
use domain::sealed::{Field, Opened, Purpose, Purposes, Sealed};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{self, MessageKey, NONCE, SALT, TAG};
use crate::envelope::{Envelope, Header, suite_code, unpad};
use crate::error::{UnsealError, VaultError};
use crate::evidence::EvidenceSecret;
use crate::limits::SEALED_PLAINTEXT_BYTES_MAX;
use crate::padding::padded;
use crate::secret_shares::OpenedSecret;
use crate::{length_prefix, random};

/// Where an envelope belongs: it opens nowhere else. Org, customer, purpose, key and schema are bound too; they
/// follow from the keys and from the field.
#[derive(Debug, Clone, Copy)]
pub struct SealContext<'a> {
    /// The event whose field it is.
    pub event_id: &'a EventId,
    /// Which field.
    pub field: Field,
    /// The plaintext's media type.
    pub content_type: &'a str,
}

/// One purpose's data key.
pub(crate) struct PurposeKey {
    /// Its name in envelopes.
    pub(crate) key_id: String,
    /// 32 bytes, or none when it was destroyed.
    pub(crate) key: Option<Zeroizing<Vec<u8>>>,
}

/// The keys themselves, one per purpose in the order of [`Purpose::ALL`].
pub(crate) struct KeySet {
    customer: CustomerRef,
    purposes: [PurposeKey; 3],
    /// Keyed once here, cloned per body; none when the evidence key was destroyed.
    fingerprints: Option<Hmac<Sha256>>,
}

impl KeySet {
    pub(crate) fn new(customer: CustomerRef, purposes: [PurposeKey; 3]) -> Self {
        let evidence = &purposes[Purpose::Evidence as usize];
        let fingerprints = evidence.key.as_ref().map(|key| {
            let info = length_prefix::joined(&[
                b"identity/body-fingerprint/v1",
                customer.org.as_str().as_bytes(),
                customer.customer.as_str().as_bytes(),
                evidence.key_id.as_bytes(),
            ]);
            let derived = MessageKey::derive(&[key], &[0; SALT], &info);
            Hmac::new_from_slice(derived.key()).expect("HMAC takes a key of any length")
        });
        Self { customer, purposes, fingerprints }
    }

    pub(crate) fn customer(&self) -> &CustomerRef {
        &self.customer
    }

    pub(crate) fn purpose(&self, purpose: Purpose) -> &PurposeKey {
        &self.purposes[purpose as usize]
    }
}

/// A customer's data keys, in the clear, with the suite that new envelopes are sealed with. Cheap to clone.
#[derive(Clone)]
pub struct DataKeys {
    pub(crate) set: Arc<KeySet>,
    pub(crate) suite: Suite,
}

impl DataKeys {
    /// Whose keys.
    pub fn customer(&self) -> &CustomerRef {
        &self.set.customer
    }

    /// Whether that purpose's key is gone.
    pub fn is_destroyed(&self, purpose: Purpose) -> bool {
        self.set.purpose(purpose).key.is_none()
    }

    /// Seals a value that is no evidence. One allocation; the plaintext is copied once and
    /// encrypted where it then lies.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the purpose's key is gone; [`VaultError::Refused`] for an evidence field
    /// (those want [`DataKeys::seal_evidence`]) and above [`crate::SEALED_PLAINTEXT_BYTES_MAX`].
    pub fn seal(&self, ctx: &SealContext<'_>, plaintext: &[u8]) -> Result<Sealed, VaultError> {
        if ctx.field.is_evidence() {
            return Err(VaultError::Refused("evidence is sealed with an evidence secret only"));
        }
        self.seal_with(ctx, None, plaintext, random::bytes(), random::bytes())
    }

    /// Seals evidence so that it opens only with the customer's key of the field's purpose **and** the hour's secret,
    /// which its signers share. Costs what [`DataKeys::seal`] costs.
    ///
    /// # Errors
    /// As [`DataKeys::seal`]; [`VaultError::Refused`] also for a field that is not evidence, and for another
    /// org's secret.
    pub fn seal_evidence(
        &self,
        ctx: &SealContext<'_>,
        secret: &EvidenceSecret,
        plaintext: &[u8],
    ) -> Result<Sealed, VaultError> {
        if !ctx.field.is_evidence() {
            return Err(VaultError::Refused("only evidence is sealed with an evidence secret"));
        }
        if secret.org() != &self.set.customer.org {
            return Err(VaultError::Refused("the evidence secret is another org's"));
        }
        self.seal_with(
            ctx,
            Some((secret.binding(), secret.secret())),
            plaintext,
            random::bytes(),
            random::bytes(),
        )
    }

    /// Opens what [`DataKeys::seal`] sealed, in either suite. [`Opened::Erased`] when the key is gone.
    ///
    /// # Errors
    /// [`UnsealError`]; nothing of the plaintext is left then.
    pub fn open(&self, ctx: &SealContext<'_>, sealed: &Sealed) -> Result<Opened, UnsealError> {
        let envelope = Envelope::parse(sealed.as_bytes())?;
        if ctx.field.is_evidence() {
            return Err(UnsealError::Tampered);
        }
        self.open_with(ctx, &envelope, || Ok(None))
    }

    /// Opens what [`DataKeys::seal_evidence`] sealed, with the secret that was put together from its shares.
    /// [`Opened::Erased`] when the customer's key is gone.
    ///
    /// # Errors
    /// [`UnsealError`]; a secret that is not the binding's is [`UnsealError::Tampered`].
    pub fn open_evidence(
        &self,
        ctx: &SealContext<'_>,
        binding: &RawBinding,
        secret: &OpenedSecret,
        sealed: &Sealed,
    ) -> Result<Opened, UnsealError> {
        let envelope = Envelope::parse(sealed.as_bytes())?;
        if !ctx.field.is_evidence() {
            return Err(UnsealError::Tampered);
        }
        self.open_with(ctx, &envelope, || {
            let secret = secret.secret_of(&self.set.customer.org, binding)?;
            Ok(Some((binding, Zeroizing::new(secret.to_vec()))))
        })
    }

    /// HMAC-SHA-256 of a request's body under a key derived from the customer's evidence key: of a body all of whose
    /// parts are evidence, or that is named by it alone.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when the evidence key is gone.
    pub fn fingerprint(&self, body: &[u8]) -> Result<Fingerprint, VaultError> {
        let mut mac = self.set.fingerprints.clone().ok_or(VaultError::Destroyed)?;
        mac.update(body);
        Ok(Fingerprint(mac.finalize().into_bytes().into()))
    }

    /// HMAC-SHA-256 of a request's body under a key derived from the keys of all these purposes together: of a body that
    /// holds something of each of them. Once one of the keys is gone nobody can try bodies against it.
    ///
    /// # Errors
    /// [`VaultError::Destroyed`] when one of the keys is gone; [`VaultError::Refused`] without a purpose.
    pub fn fingerprint_under(&self, purposes: Purposes, body: &[u8]) -> Result<Fingerprint, VaultError> {
        let customer = &self.set.customer;
        let mut input_key: Vec<&[u8]> = Vec::with_capacity(Purpose::ALL.len());
        let mut info: Vec<&[u8]> = vec![
            b"identity/body-fingerprint/v2",
            customer.org.as_str().as_bytes(),
            customer.customer.as_str().as_bytes(),
        ];
        for purpose in purposes.iter() {
            let PurposeKey { key_id, key } = self.set.purpose(purpose);
            input_key.push(key.as_ref().ok_or(VaultError::Destroyed)?);
            info.extend([purpose.as_str().as_bytes(), key_id.as_bytes()]);
        }
        if input_key.is_empty() {
            return Err(VaultError::Refused("a fingerprint needs a key"));
        }
        let derived = MessageKey::derive(&input_key, &[0; SALT], &length_prefix::joined(&info));
        let mut mac = Hmac::<Sha256>::new_from_slice(derived.key()).expect("HMAC takes a key of any length");
        mac.update(body);
        Ok(Fingerprint(mac.finalize().into_bytes().into()))
    }

    /// The derivation of one message's key: everything that tells whose key it is goes into the info.
    pub(crate) fn message_key(
        &self,
        suite: Suite,
        purpose: Purpose,
        data_key: &[u8],
        evidence: Option<(&RawBinding, &[u8])>,
        salt: &[u8; SALT],
    ) -> MessageKey {
        let customer = &self.set.customer;
        let suite = [suite_code(suite)];
        let mut parts: Vec<&[u8]> = Vec::with_capacity(8);
        parts.extend_from_slice(&[
            if evidence.is_some() { b"identity/seal-evidence/v1" } else { b"identity/seal/v1".as_slice() },
            &suite,
            customer.org.as_str().as_bytes(),
            customer.customer.as_str().as_bytes(),
            purpose.as_str().as_bytes(),
            self.set.purpose(purpose).key_id.as_bytes(),
        ]);
        match evidence {
            None => MessageKey::derive(&[data_key], salt, &length_prefix::joined(&parts)),
            Some((binding, secret)) => {
                parts.push(binding.evidence_key_id.as_bytes());
                parts.push(&binding.encapsulation);
                MessageKey::derive(&[data_key, secret], salt, &length_prefix::joined(&parts))
            }
        }
    }

    /// Seals with a given salt and nonce, which must be fresh: the door for tests with known answers.
    pub(crate) fn seal_with(
        &self,
        ctx: &SealContext<'_>,
        evidence: Option<(&RawBinding, &[u8])>,
        plaintext: &[u8],
        salt: [u8; SALT],
        nonce: [u8; NONCE],
    ) -> Result<Sealed, VaultError> {
        if plaintext.len() > SEALED_PLAINTEXT_BYTES_MAX {
            return Err(VaultError::Refused("the value is larger than a log record"));
        }
        let purpose = ctx.field.purpose();
        let PurposeKey { key_id, key } = self.set.purpose(purpose);
        let data_key = key.as_ref().ok_or(VaultError::Destroyed)?;
        let message = self.message_key(self.suite, purpose, data_key, evidence, &salt);
        let padded_len = padded(plaintext.len());
        let header =
            Header { suite: self.suite, key_id, padded_len, salt, commitment: *message.commitment(), nonce };
        let start = Header::len(key_id);
        let end = start + padded_len as usize;
        let mut envelope = Vec::with_capacity(end + TAG);
        header.write(&mut envelope);
        envelope.extend_from_slice(&(plaintext.len() as u32).to_be_bytes());
        envelope.extend_from_slice(plaintext);
        envelope.resize(end, 0);
        let aad = header.aad(&self.set.customer, ctx);
        let tag = aead::seal_in_place(self.suite, message.key(), &nonce, &aad, &mut envelope[start..]);
        envelope.extend_from_slice(&tag);
        Ok(Sealed::from_envelope(Bytes::from(envelope)))
    }

    /// The evidence secret is asked for only when there is a data key to use it with.
    fn open_with<'b>(
        &self,
        ctx: &SealContext<'_>,
        envelope: &Envelope<'_>,
        evidence: impl FnOnce() -> Result<Option<(&'b RawBinding, Zeroizing<Vec<u8>>)>, UnsealError>,
    ) -> Result<Opened, UnsealError> {
        let header = &envelope.header;
        let purpose = ctx.field.purpose();
        let PurposeKey { key_id, key } = self.set.purpose(purpose);
        // A destroyed key without a name is any that the customer had: its row was lost in a restore.
        let lost = key.is_none() && key_id.is_empty();
        if header.key_id != key_id && !lost {
            return Err(UnsealError::Tampered);
        }
        let Some(data_key) = key else { return Ok(Opened::Erased) };
        let evidence = evidence()?;
        let evidence = evidence.as_ref().map(|(binding, secret)| (*binding, secret.as_slice()));
        let message = self.message_key(header.suite, purpose, data_key, evidence, &header.salt);
        if !message.is_committed_to_by(&header.commitment) {
            return Err(UnsealError::Tampered);
        }
        let mut text = envelope.ciphertext.to_vec();
        let aad = header.aad(&self.set.customer, ctx);
        if !aead::open_in_place(header.suite, message.key(), &header.nonce, &aad, &mut text, envelope.tag) {
            return Err(UnsealError::Tampered);
        }
        match unpad(&text) {
            Some(plaintext) => Ok(Opened::Open(Bytes::from(text).slice(plaintext))),
            None => {
                text.zeroize();
                Err(UnsealError::Malformed)
            }
        }
    }
}

impl fmt::Debug for DataKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKeys({}, {})", self.set.customer.record_key(), self.suite.as_str())
    }
}

/// A stored customer's keys: [`DataKeys`] and the row they came from. Cheap to clone. Its `Debug` shows no key.
#[derive(Clone)]
pub struct CustomerKeys {
    pub(crate) keys: DataKeys,
    pub(crate) row: Arc<KeyRow>,
}

impl CustomerKeys {
    /// Whether the customer's registration is known to be in the log.
    pub fn state(&self) -> KeyRowState {
        self.row.state
    }

    /// The row as it was read.
    pub fn row(&self) -> &KeyRow {
        &self.row
    }
}

/// Sealing, opening and fingerprints are the same with stored keys as with fresh ones.
impl Deref for CustomerKeys {
    type Target = DataKeys;

    fn deref(&self) -> &DataKeys {
        &self.keys
    }
}

impl fmt::Debug for CustomerKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CustomerKeys({}, {:?})", self.row.customer.record_key(), self.row.state)
    }
}

/// Keys that were just made and are in no store yet: what a registration seals and fingerprints with before it
/// knows what its row says.
pub struct FreshKeys {
    pub(crate) keys: DataKeys,
    pub(crate) wrapped: [DataKey; 3],
}

impl FreshKeys {
    /// The keys, to seal and to fingerprint with.
    pub fn keys(&self) -> &DataKeys {
        &self.keys
    }
}

impl fmt::Debug for FreshKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreshKeys({})", self.keys.set.customer.record_key())
    }
}

/// What came of storing fresh keys.
#[derive(Debug, Clone)]
pub enum StoredKeys {
    /// The row is there now, pending; these are its keys.
    New(CustomerKeys),
    /// There was a row already: its keys and itself. The fresh keys are gone, and with them whatever they sealed.
    Existing(CustomerKeys, Box<KeyRow>),
}
