//! Headers as one column: each name and value as u32 big-endian length and bytes, in order.

use bytes::Bytes;
use domain::ports::LogError;

/// Writes them. Lengths fit: a record is at most a few MiB.
pub(super) fn encode(headers: &[(String, Bytes)]) -> Vec<u8> {
    let size: usize = headers.iter().map(|(name, value)| 8 + name.len() + value.len()).sum();
    let mut out = Vec::with_capacity(size);
    for (name, value) in headers {
        for part in [name.as_bytes(), value.as_ref()] {
            out.extend_from_slice(&(part.len() as u32).to_be_bytes());
            out.extend_from_slice(part);
        }
    }
    out
}

/// Reads them back.
pub(super) fn decode(mut bytes: &[u8]) -> Result<Vec<(String, Bytes)>, LogError> {
    let damaged = || LogError::Halted("the log's file is damaged: headers that cannot be read".to_owned());
    let mut headers = Vec::new();
    while !bytes.is_empty() {
        let name = take(&mut bytes).ok_or_else(damaged)?;
        let value = take(&mut bytes).ok_or_else(damaged)?;
        let name = std::str::from_utf8(name).map_err(|_| damaged())?;
        headers.push((name.to_owned(), Bytes::copy_from_slice(value)));
    }
    Ok(headers)
}

fn take<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    let (part, rest) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
    *bytes = rest;
    Some(part)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(headers in prop::collection::vec((".*", prop::collection::vec(any::<u8>(), 0..64)), 0..8)) {
            let headers: Vec<(String, Bytes)> =
                headers.into_iter().map(|(name, value)| (name, Bytes::from(value))).collect();
            prop_assert_eq!(decode(&encode(&headers)), Ok(headers));
        }

        #[test]
        fn anything_else_is_an_error_or_headers(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            if let Ok(headers) = decode(&bytes) {
                prop_assert_eq!(encode(&headers), bytes);
            }
        }
    }
}
