//! Why compliance's program refuses an act: the codes in records, and the words on the terminal.

use domain::ports::{LogError, StoreError};
use event_codec::{DecodeError, EncodeError};
use org_directory::orgs::OrgsError;
use org_directory::signers::SignersError;
use vault::{SignerChainError, VaultError};

macro_rules! refusals {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $words:literal;)+) => {
        /// Why an act is refused. The code stands in records for ever.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Refusal {
            $($(#[$doc])* $name,)+
        }

        impl Refusal {
            /// The word in records.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)+
                }
            }
        }

        impl std::fmt::Display for Refusal {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(match self {
                    $(Self::$name => $words,)+
                })
            }
        }
    };
}

refusals! {
    /// Nobody can open this org's evidence.
    NoSigners = "no_signers", "the org has no signers: compliance signers init";
    /// The keys are nobody's of the set in force.
    NotASigner = "not_a_signer", "these keys are not those of a signer of the org";
    /// One person twice.
    SameSigner = "same_signer", "a request is approved by another signer than the one who made it";
    /// Somebody else's request.
    NotTheRequester = "not_the_requester", "evidence is opened by the signer who asked for it";
    /// Too late.
    Expired = "expired", "the request has expired";
    /// Approved, opened or done already.
    Used = "used", "the request was approved or opened already";
    /// Too early.
    NotApproved = "not_approved", "the request is not approved by another signer";
    /// Nothing of that id.
    NoSuchRequest = "no_such_request", "there is no such request";
    /// The request or the evidence is another org's.
    AnotherOrg = "another_org", "the request is another org's";
    /// The customer's key is destroyed.
    Erased = "erased", "the customer's key for it was destroyed: nobody can open it any more";
    /// Not what a signer of the set in force signed.
    BadSignature = "bad_signature", "a step before this one is not signed by a signer of the set in force";
    /// The approval is of another text.
    Edited = "edited", "what was approved is not what the request says now";
    /// Added after the hour.
    NoShare = "no_share", "the secret was not shared with this signer: compliance signers reshare";
    /// Shares or evidence were altered.
    Tampered = "tampered", "what stands in the log does not open with what it names";
    /// Nothing of that id.
    NoSuchVerification = "no_such_verification", "there is no such verification";
    /// The verification has no such part.
    NothingKept = "nothing_kept", "the verification has nothing of that kind";
    /// The verification is no capture.
    NoFrames = "no_frames", "there are no frames: only a capture of a card keeps any";
    /// A reference into a log that has nothing there.
    EvidenceMissing = "evidence_missing", "the log does not have the evidence that the event names";
    /// A value with a line's end in it, or too long.
    NotPlainText = "not_plain_text", "purpose and ticket are plain text in one line";
    /// Shared anew between the approval and the opening.
    SharedAnew = "shared_anew", "the secret was shared anew since it was approved: ask again";
    /// Too few for what they were called for.
    TooFewSigners = "too_few_signers", "so few signers cannot do it";
    /// Signers that would not be a set.
    NotASet = "not_a_set", "that is no set of signers: at least two open evidence, all of them different, and no more than are there";
    /// Nobody of that name.
    NoSuchSigner = "no_such_signer", "there is no signer of that name";
    /// The first set is given once.
    SignersPresent = "signers_present", "the org has other signers already: compliance signers add, remove";
    /// Of two changes at once.
    ChangedMeanwhile = "changed_meanwhile", "the signers were changed by somebody else meanwhile";
}

/// Why an act was not done.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    /// Refused, and recorded if it was a signer's.
    #[error("{0}")]
    Refused(Refusal),
    /// A log or a store did not answer, or a file could not be written.
    #[error("{0}")]
    CouldNot(String),
}

impl From<Refusal> for ActError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

macro_rules! could_not {
    ($($error:ty),+) => {
        $(impl From<$error> for ActError {
            fn from(error: $error) -> Self {
                Self::CouldNot(error.to_string())
            }
        })+
    };
}

could_not!(LogError, StoreError, EncodeError, DecodeError, OrgsError, VaultError, std::io::Error);

impl From<SignersError> for ActError {
    fn from(error: SignersError) -> Self {
        match error {
            SignersError::NotTheNext(SignerChainError::NotSigned) => Refusal::TooFewSigners.into(),
            SignersError::NotTheNext(_) | SignersError::ChangedMeanwhile(_) => {
                Refusal::ChangedMeanwhile.into()
            }
            SignersError::AlreadyThere(_) => Refusal::SignersPresent.into(),
            error => Self::CouldNot(error.to_string()),
        }
    }
}
