//! Where a chunked body ends (RFC 9112 §7.1). The bytes go on as they are; each one is looked at only in the lines
//! between the chunks.

use crate::limits::CHUNK_LINE_BYTES_MAX;

/// How far into a chunked body the bytes have come.
#[derive(Debug, Default)]
pub(super) struct Chunks {
    at: At,
    /// Bytes of the chunk that are left.
    size: u64,
    /// Bytes of the line that were seen.
    line: usize,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum At {
    #[default]
    SizeFirst,
    Size,
    SizeSpace,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    TrailerFirst,
    Trailer,
    TrailerLf,
    EndLf,
    End,
}

/// The bytes are no chunked body.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NotChunked;

impl Chunks {
    /// Whether the body has ended.
    pub(super) fn is_over(&self) -> bool {
        self.at == At::End
    }

    /// Goes over the next bytes, and says how many of them are the body's.
    pub(super) fn pass(&mut self, bytes: &[u8]) -> Result<usize, NotChunked> {
        let mut used = 0;
        while used < bytes.len() && self.at != At::End {
            if self.at == At::Data {
                let left = usize::try_from(self.size).unwrap_or(usize::MAX).min(bytes.len() - used);
                used += left;
                self.size -= left as u64;
                if self.size == 0 {
                    self.at = At::DataCr;
                }
                continue;
            }
            self.at = self.step(bytes[used])?;
            used += 1;
        }
        Ok(used)
    }

    fn step(&mut self, byte: u8) -> Result<At, NotChunked> {
        self.line += 1;
        if self.line > CHUNK_LINE_BYTES_MAX {
            return Err(NotChunked);
        }
        Ok(match (self.at, byte) {
            (At::SizeFirst, _) => {
                self.size = u64::from(digit(byte)?);
                At::Size
            }
            (At::Size | At::SizeSpace, b' ' | b'\t') => At::SizeSpace,
            (At::Size | At::SizeSpace, b';') => At::Extension,
            (At::Size | At::SizeSpace | At::Extension, b'\r') => At::SizeLf,
            (At::Size, _) => {
                self.size = self.size.checked_mul(16).ok_or(NotChunked)? + u64::from(digit(byte)?);
                At::Size
            }
            (At::Extension | At::Trailer, b'\t' | b' '..=b'~' | 0x80..) => self.at,
            (At::SizeLf, b'\n') => {
                self.line = 0;
                if self.size > 0 { At::Data } else { At::TrailerFirst }
            }
            (At::DataCr, b'\r') => At::DataLf,
            (At::DataLf, b'\n') => {
                self.line = 0;
                At::SizeFirst
            }
            (At::TrailerFirst, b'\r') => At::EndLf,
            (At::TrailerFirst, b'!'..=b'~') => At::Trailer,
            (At::Trailer, b'\r') => At::TrailerLf,
            // All trailers together are as long as one line may be: nobody reads them.
            (At::TrailerLf, b'\n') => At::TrailerFirst,
            (At::EndLf, b'\n') => At::End,
            _ => return Err(NotChunked),
        })
    }
}

fn digit(byte: u8) -> Result<u8, NotChunked> {
    match byte {
        b'0'..=b'9' => Ok(byte - b'0'),
        b'a'..=b'f' => Ok(byte - b'a' + 10),
        b'A'..=b'F' => Ok(byte - b'A' + 10),
        _ => Err(NotChunked),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many bytes are the body's, in pieces of every size.
    fn pass(text: &str) -> Result<Option<usize>, NotChunked> {
        let mut found = Vec::new();
        for piece in 1..=text.len() {
            let mut chunks = Chunks::default();
            let mut used = Ok(0);
            for part in text.as_bytes().chunks(piece) {
                used = used.and_then(|so_far| Ok(so_far + chunks.pass(part)?));
            }
            found.push(used.map(|used| chunks.is_over().then_some(used)));
        }
        assert!(found.windows(2).all(|two| two[0] == two[1]), "{text:?}: {found:?}");
        found.pop().expect("one")
    }

    #[test]
    fn a_body_ends_where_it_ends_however_it_comes() {
        for (body, behind) in [
            ("0\r\n\r\n", ""),
            ("0\r\n\r\n", "GET / HTTP/1.1\r\n"),
            ("1\r\na\r\n0\r\n\r\n", "0\r\n\r\n"),
            ("A;x=y\r\n0\r\n\r\n45678\r\n00\r\n\r\n", "x"),
            ("3 ;a\r\n\r\n\r\r\n0 \r\nTrailer: x\r\nB: y\r\n\r\n", "x"),
        ] {
            assert_eq!(pass(&format!("{body}{behind}")), Ok(Some(body.len())), "{body:?}");
        }
        assert_eq!(pass("5\r\nabc"), Ok(None));
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for text in [
            "\r\n0\r\n\r\n",
            " 0\r\n\r\n",
            "x\r\n",
            "-1\r\n",
            "0x1\r\na\r\n",
            "1 1\r\na\r\n",
            "1\na\r\n",
            "1\r\nab\r\n",
            "1\r\na\n0\r\n\r\n",
            "1;\x01\r\na\r\n",
            "1;a\nb\r\na\r\n",
            "0\r\n\n",
            "0\r\n x: y\r\n\r\n",
            "0\r\nx: y\n\r\n",
            "0\r\n\rx",
            "11111111111111111\r\n",
        ] {
            assert_eq!(pass(text), Err(NotChunked), "{text:?}");
        }
        let long = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(CHUNK_LINE_BYTES_MAX));
        assert_eq!(Chunks::default().pass(long.as_bytes()), Err(NotChunked));
    }
}
