//! A request's body, wiped when it is dropped, whichever way the request went. As far as it is ours alone: a body
//! that came in one piece with its head lies in the connection's own buffer, which the next request overwrites
//! (docs/decisions/0002-sealing.md).

use std::borrow::Cow;
use std::ops::Deref;

use bytes::Bytes;
use zeroize::Zeroize as _;

/// A body.
pub struct WipedBody(Bytes);

impl WipedBody {
    /// Takes it over.
    pub fn new(body: Bytes) -> Self {
        Self(body)
    }
}

impl Deref for WipedBody {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl Drop for WipedBody {
    fn drop(&mut self) {
        if let Ok(mut ours) = std::mem::take(&mut self.0).try_into_mut() {
            ours.as_mut().zeroize();
        }
    }
}

/// Wipes a text that was taken out of JSON's escapes; one that was not is part of its body.
pub fn wipe(text: Cow<'_, str>) {
    if let Cow::Owned(mut text) = text {
        text.zeroize();
    }
}
