//! How often an org's keys may call: a limit for each bucket, by the bucket's name.

use std::collections::BTreeMap;

macro_rules! rate_buckets {
    ($($(#[doc = $doc:literal])+ $name:ident, $word:literal, $default:literal;)+) => {
        /// What a request counts against.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum RateBucket {
            $($(#[doc = $doc])+ $name,)+
        }

        impl RateBucket {
            /// Every bucket.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$name),+];

            /// The name in records, errors, commands and `GET /api/auth/me`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                }
            }

            /// Requests a minute of an org whose record says nothing of the bucket.
            pub fn default_per_minute(self) -> u32 {
                match self {
                    $(Self::$name => $default,)+
                }
            }
        }
    };
}

// A new bucket is one line here: its name, which stands in records for ever, and its requests a minute by default.
// Commands, `GET /api/auth/me`, errors and the description of the API follow; an endpoint counts against it by name.
rate_buckets! {
    /// GET and HEAD.
    Get, "get", 600;
    /// Writes that have no bucket of their own.
    Write, "write", 120;
    /// `POST /api/identity/nik/dukcapil`.
    NikDukcapil, "nik_dukcapil", 30;
    /// `POST /api/identity/face/match`.
    FaceMatch, "face_match", 20;
    /// `POST /api/identity/face/enrolments`.
    FaceEnrolments, "face_enrolments", 20;
    /// `POST /api/identity/document/ktp/challenge`.
    KtpChallenge, "ktp_challenge", 30;
    /// `POST /api/identity/document/ktp/capture`.
    KtpCapture, "ktp_capture", 20;
    /// `POST /api/identity/nik/format`.
    NikFormat, "nik_format", 60;
}

impl RateBucket {
    /// The bucket of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.as_str() == name)
    }
}

/// Requests a minute for each key and bucket, as far as they were set for an org; 0 is no limit. A bucket that is not
/// named has its default.
///
/// Names that only a later build knows are kept, for the reason that [`CapabilitySet`](super::CapabilitySet) gives.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RateLimits(BTreeMap<String, u32>);

impl RateLimits {
    /// The limits that a record holds, by the names of their buckets.
    pub fn from_names(limits: impl IntoIterator<Item = (String, u32)>) -> Self {
        Self(limits.into_iter().collect())
    }

    /// Every limit that was set, those of a later build's buckets too.
    pub fn names(&self) -> impl Iterator<Item = (&str, u32)> {
        self.0.iter().map(|(name, per_minute)| (name.as_str(), *per_minute))
    }

    /// Requests a minute; 0 is no limit.
    pub fn per_minute(&self, bucket: RateBucket) -> u32 {
        self.0.get(bucket.as_str()).copied().unwrap_or_else(|| bucket.default_per_minute())
    }

    /// Sets the limit of a bucket.
    pub fn set(&mut self, bucket: RateBucket, per_minute: u32) {
        self.0.insert(bucket.as_str().to_owned(), per_minute);
    }
}

impl FromIterator<(RateBucket, u32)> for RateLimits {
    fn from_iter<I: IntoIterator<Item = (RateBucket, u32)>>(limits: I) -> Self {
        Self::from_names(limits.into_iter().map(|(bucket, limit)| (bucket.as_str().to_owned(), limit)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The names stand in records for ever; the defaults are the contract's (§1).
    #[test]
    fn buckets_have_their_names_and_defaults() {
        for (bucket, name, default) in [
            (RateBucket::Get, "get", 600),
            (RateBucket::Write, "write", 120),
            (RateBucket::NikDukcapil, "nik_dukcapil", 30),
            (RateBucket::FaceMatch, "face_match", 20),
            (RateBucket::FaceEnrolments, "face_enrolments", 20),
            (RateBucket::KtpChallenge, "ktp_challenge", 30),
            (RateBucket::KtpCapture, "ktp_capture", 20),
        ] {
            assert_eq!((bucket.as_str(), bucket.default_per_minute()), (name, default));
        }
        for bucket in RateBucket::ALL {
            assert_eq!(RateBucket::parse(bucket.as_str()), Some(bucket));
            assert_eq!(RateLimits::default().per_minute(bucket), bucket.default_per_minute());
        }
        assert_eq!(RateBucket::parse("GET"), None);
    }

    #[test]
    fn what_was_set_stands_and_a_later_builds_bucket_stays() {
        let mut limits = RateLimits::from_names([("warp".to_owned(), 7), ("get".to_owned(), 0)]);
        limits.set(RateBucket::NikDukcapil, 5);
        let known = [RateBucket::Get, RateBucket::Write, RateBucket::NikDukcapil];
        assert_eq!(known.map(|bucket| limits.per_minute(bucket)), [0, 120, 5]);
        assert_eq!(limits.names().collect::<Vec<_>>(), [("get", 0), ("nik_dukcapil", 5), ("warp", 7)]);
    }
}
