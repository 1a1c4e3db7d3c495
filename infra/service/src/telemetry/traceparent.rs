//! The W3C trace context's `traceparent` (<https://www.w3.org/TR/trace-context/>): read strictly, so that
//! only a well-formed one is carried into records and on to others.

use std::fmt;

use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// Characters of version 00, and of the part that every later version keeps.
const CHARS: usize = 55;

/// A request's place in a trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TraceParent {
    trace_id: [u8; 16],
    parent_id: [u8; 8],
    sampled: bool,
}

/// The text is no `traceparent`. It is not repeated: it came from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a W3C traceparent")]
pub struct NotATraceparent;

impl TraceParent {
    /// Reads a header. Of versions after 00 the part that is ours is taken; flags other than `sampled` are
    /// dropped, as the specification has it.
    ///
    /// # Errors
    /// [`NotATraceparent`]: wrong lengths, capitals, version ff, an id of zeros.
    pub fn parse(text: &str) -> Result<Self, NotATraceparent> {
        let bytes = text.as_bytes();
        if bytes.len() < CHARS || !text.is_ascii() || ![2, 35, 52].iter().all(|at| bytes[*at] == b'-') {
            return Err(NotATraceparent);
        }
        let version = hex::<1>(&bytes[..2])?[0];
        let well_long = match version {
            0 => bytes.len() == CHARS,
            0xff => false,
            _ => bytes.len() == CHARS || bytes[CHARS] == b'-',
        };
        let (trace_id, parent_id) = (hex::<16>(&bytes[3..35])?, hex::<8>(&bytes[36..52])?);
        let flags = hex::<1>(&bytes[53..55])?[0];
        if !well_long || trace_id == [0; 16] || parent_id == [0; 8] {
            return Err(NotATraceparent);
        }
        Ok(Self { trace_id, parent_id, sampled: flags & 1 == 1 })
    }

    /// A trace of its own, for a request that brought none; not sampled.
    pub fn fresh() -> Self {
        // Zeros are not allowed; the odds are 2^-64, the check is free.
        let some = |bytes: u64| bytes.max(1).to_be_bytes();
        let mut trace_id = [0; 16];
        trace_id[..8].copy_from_slice(&some(rand::random()));
        trace_id[8..].copy_from_slice(&some(rand::random()));
        Self { trace_id, parent_id: some(rand::random()), sampled: false }
    }

    /// The place of a span that OpenTelemetry knows; none while traces are not exported.
    pub fn of_span(span: &tracing::Span) -> Option<Self> {
        let context = span.context();
        let span = context.span();
        let span = span.span_context();
        span.is_valid().then(|| Self {
            trace_id: span.trace_id().to_bytes(),
            parent_id: span.span_id().to_bytes(),
            sampled: span.is_sampled(),
        })
    }

    /// Makes the span a child of this place. Nothing happens while traces are not exported, or when the span
    /// was entered before.
    pub fn adopt(&self, span: &tracing::Span) {
        let flags = if self.sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let remote = SpanContext::new(
            TraceId::from_bytes(self.trace_id),
            SpanId::from_bytes(self.parent_id),
            flags,
            true,
            TraceState::default(),
        );
        let parent = opentelemetry::Context::new().with_remote_span_context(remote);
        // Refused exactly when there is nothing to do, as said above.
        let _ = span.set_parent(parent);
    }

    /// The trace's id.
    pub fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// Whether whoever began the trace records it.
    pub fn sampled(&self) -> bool {
        self.sampled
    }
}

impl fmt::Display for TraceParent {
    /// The header's text, version 00.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hex = |bytes: &[u8]| data_encoding::HEXLOWER.encode(bytes);
        write!(f, "00-{}-{}-{:02x}", hex(&self.trace_id), hex(&self.parent_id), u8::from(self.sampled))
    }
}

fn hex<const N: usize>(text: &[u8]) -> Result<[u8; N], NotATraceparent> {
    let mut bytes = [0; N];
    match data_encoding::HEXLOWER.decode_mut(text, &mut bytes) {
        Ok(length) if length == N => Ok(bytes),
        _ => Err(NotATraceparent),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    #[test]
    fn what_is_well_formed_is_carried_through() {
        let parent = TraceParent::parse(GOOD).expect("well-formed");
        assert_eq!(parent.to_string(), GOOD);
        assert!(parent.sampled());
        let later = GOOD.replacen("00-", "cc-", 1) + "-what-the-future-will-be-like";
        assert_eq!(TraceParent::parse(&later), Ok(parent));
        let unknown_flags = TraceParent::parse(&(GOOD[..53].to_owned() + "fe")).expect("well-formed");
        assert_eq!(unknown_flags.to_string(), GOOD[..53].to_owned() + "00");
    }

    #[test]
    fn what_is_not_well_formed_is_refused() {
        for bad in [
            "".to_owned(),
            GOOD[..54].to_owned(),
            GOOD.to_owned() + "-",
            GOOD.to_owned() + "0",
            GOOD.replacen("00-", "ff-", 1),
            GOOD.replacen("00-", "cc-", 1) + "x",
            GOOD.replace("0af", "0AF"),
            GOOD.replace('-', "_"),
            GOOD.replace("0af7651916cd43dd8448eb211c80319c", "00000000000000000000000000000000"),
            GOOD.replace("b7ad6b7169203331", "0000000000000000"),
            GOOD.replace("0af", "0gf"),
            GOOD.replace("0af", "é\u{301}"),
        ] {
            assert_eq!(TraceParent::parse(&bad), Err(NotATraceparent), "{bad}");
        }
    }

    #[test]
    fn a_fresh_one_is_well_formed_and_new() {
        let (one, other) = (TraceParent::fresh(), TraceParent::fresh());
        assert_eq!(TraceParent::parse(&one.to_string()), Ok(one));
        assert_ne!(one.trace_id(), other.trace_id());
    }

    #[test]
    fn a_span_has_no_place_while_traces_are_not_exported() {
        let span = tracing::info_span!("alone");
        TraceParent::parse(GOOD).expect("well-formed").adopt(&span);
        assert_eq!(TraceParent::of_span(&span), None);
    }
}
