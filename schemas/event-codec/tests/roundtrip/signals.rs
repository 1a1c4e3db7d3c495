//! Any reading of a raw answer, and any signal that was raised.

use domain::outcome::SignalRaised;
use domain::raw_answer::{RawReading, RawShape};
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;
use proptest::sample::select;

use crate::{customer, event_id, source, verification_id};

pub(crate) fn reading() -> impl Strategy<Value = RawReading> {
    let words = vec(any::<String>(), 0..4);
    (of(select(&RawShape::ALL[..])), words, of(any::<u32>()), any::<u32>()).prop_map(
        |(shape, signals, quota_counter, classifier)| RawReading {
            shape,
            signals,
            quota_counter,
            classifier,
        },
    )
}

pub(crate) fn raised() -> impl Strategy<Value = SignalRaised> {
    let words = (any::<String>(), any::<String>(), any::<u32>());
    (event_id(), customer(), source(), verification_id(), words).prop_map(
        |(id, customer, source, verification_id, (code, severity, version))| SignalRaised {
            id,
            customer,
            source,
            verification_id,
            code,
            severity,
            version,
        },
    )
}
