//! Standard output: a command's answer, and nothing else. A write that fails is an error in words, never a
//! panic: a reader that has gone (`| head -1`) and a full disk are no defects of ours.

use std::io;

use super::line_writer::{unbuffered, write_whole};

/// An answer that was not written in whole.
#[derive(Debug, thiserror::Error)]
#[error("the answer could not be written to standard output: {0}")]
pub struct Unwritten(io::Error);

/// Writes an answer in whole, without a buffer that could keep a part of it back. Waits for a slow reader.
///
/// # Errors
/// [`Unwritten`].
pub fn print(text: &str) -> Result<(), Unwritten> {
    let mut out = unbuffered(&io::stdout()).map_err(Unwritten)?;
    write_whole(&mut out, text.as_bytes()).map_err(Unwritten)
}
