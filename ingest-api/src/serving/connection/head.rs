//! A request's head: where it ends, how long its body is, and what the framework shall not see of it. It is read
//! with the parser that the framework uses, and with rules at least as strict, so that both see the same requests
//! in the same bytes; whatever can be read in two ways is refused (RFC 9112 §6.3, §11.2).

use std::mem::MaybeUninit;
use std::ops::Range;

use actix_web::http::{Method, StatusCode, Uri};

use super::chunks::Chunks;
use crate::limits::HEADERS_MAX;
use crate::serving::errors::ApiError;

/// How a body is delimited.
#[derive(Debug)]
pub(super) enum Framing {
    /// So many bytes are left.
    Length(u64),
    /// Chunks.
    Chunked(Chunks),
}

/// A head that is whole and can be read in one way only.
#[derive(Debug)]
pub(super) struct Head {
    /// Its bytes.
    pub(super) length: usize,
    /// Its body.
    pub(super) body: Framing,
    /// No request follows on this connection.
    pub(super) closes: bool,
    /// The client waits for `100 Continue` before it sends the body.
    pub(super) expects: bool,
    /// Lines that are for this layer alone.
    hidden: Vec<Range<usize>>,
}

/// What stands at the front of some bytes.
#[derive(Debug)]
pub(super) enum Scan {
    /// A head.
    Whole(Head),
    /// The beginning of one.
    Partial,
    /// Something that is answered here.
    Refused(Refused),
}

/// Why a head is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refused {
    /// It is not HTTP, or not in one way only; or it is too large or too slow.
    Bare(StatusCode),
    /// It is a request that we do not take.
    Api(ApiError),
}

const MALFORMED: Refused = Refused::Bare(StatusCode::BAD_REQUEST);

/// Reads the head at the front of some bytes.
pub(super) fn scan(bytes: &[u8]) -> Scan {
    let mut headers = [const { MaybeUninit::uninit() }; HEADERS_MAX];
    let mut request = httparse::Request::new(&mut []);
    let length = match request.parse_with_uninit_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Scan::Partial,
        Err(httparse::Error::TooManyHeaders) => {
            return Scan::Refused(Refused::Bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE));
        }
        Err(_) => return Scan::Refused(MALFORMED),
    };
    match judge(bytes, &request, length) {
        Ok(head) => Scan::Whole(head),
        Err(refused) => Scan::Refused(refused),
    }
}

/// What the header fields say of framing and connection.
#[derive(Default)]
struct Fields {
    length: Option<u64>,
    chunked: bool,
    hosts: usize,
    upgrade: bool,
    expects: bool,
    close: bool,
    keep_alive: bool,
    hidden: Vec<Range<usize>>,
}

fn judge(bytes: &[u8], request: &httparse::Request<'_, '_>, length: usize) -> Result<Head, Refused> {
    let is_1_1 = request.version == Some(1);
    let method = request.method.and_then(|method| Method::from_bytes(method.as_bytes()).ok());
    let method = method.ok_or(MALFORMED)?;
    if request.path.is_none_or(|path| Uri::try_from(path).is_err()) {
        return Err(MALFORMED);
    }
    let fields = fields(bytes, request.headers, is_1_1)?;
    let no_host = is_1_1 && fields.hosts == 0;
    let no_length = !is_1_1 && method == Method::POST && fields.length.is_none();
    if fields.hosts > 1 || no_host || no_length || (fields.chunked && fields.length.is_some()) {
        return Err(MALFORMED);
    }
    if fields.upgrade && (fields.chunked || fields.length.is_some_and(|length| length > 0)) {
        return Err(Refused::Api(ApiError::UpgradeWithBody));
    }
    let body = if fields.chunked {
        Framing::Chunked(Chunks::default())
    } else {
        Framing::Length(fields.length.unwrap_or_default())
    };
    let closes = fields.close || !(is_1_1 || fields.keep_alive);
    Ok(Head { length, body, closes, expects: fields.expects, hidden: fields.hidden })
}

fn fields(bytes: &[u8], headers: &[httparse::Header<'_>], is_1_1: bool) -> Result<Fields, Refused> {
    let mut fields = Fields::default();
    for header in headers {
        let is = |name: &str| header.name.eq_ignore_ascii_case(name);
        if is("content-length") {
            if fields.length.is_some() {
                return Err(MALFORMED);
            }
            fields.length = Some(decimal(header.value).ok_or(MALFORMED)?);
        } else if is("transfer-encoding") {
            // `identity` is no coding of HTTP/1.1 any more, and another one we do not know.
            if fields.chunked || !is_1_1 || !header.value.eq_ignore_ascii_case(b"chunked") {
                return Err(MALFORMED);
            }
            fields.chunked = true;
        } else if is("host") {
            fields.hosts += 1;
        } else if is("connection") {
            let mut upgrades = false;
            for token in tokens(header.value) {
                fields.close |= token.eq_ignore_ascii_case(b"close");
                fields.keep_alive |= token.eq_ignore_ascii_case(b"keep-alive");
                upgrades |= token.eq_ignore_ascii_case(b"upgrade");
            }
            if upgrades {
                fields.hidden.push(line(bytes, header));
            }
        } else if is("upgrade") {
            // We speak nothing else, so it is ignored (RFC 9110 §7.8).
            fields.upgrade = true;
            fields.hidden.push(line(bytes, header));
        } else if is("expect") && is_1_1 {
            fields.expects |= tokens(header.value).any(|token| token.eq_ignore_ascii_case(b"100-continue"));
            fields.hidden.push(line(bytes, header));
        }
    }
    Ok(fields)
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

/// A length: digits and nothing else.
fn decimal(value: &[u8]) -> Option<u64> {
    let digits = value.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(value).ok().filter(|_| digits)?.parse().ok()
}

/// A header's line within the head, with its end.
fn line(bytes: &[u8], header: &httparse::Header<'_>) -> Range<usize> {
    let start = (header.name.as_ptr() as usize).saturating_sub(bytes.as_ptr() as usize);
    let rest = bytes.get(start..).unwrap_or_default();
    start..memchr::memchr(b'\n', rest).map_or(bytes.len(), |end| start + end + 1)
}

impl Head {
    /// The head as the framework sees it, where that is not how it came.
    pub(super) fn rewritten(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        if self.hidden.is_empty() {
            return None;
        }
        let mut head = Vec::with_capacity(self.length + 32);
        let mut from = 0;
        for line in &self.hidden {
            head.extend_from_slice(&bytes[from..line.start]);
            from = line.end;
        }
        // Before the empty line that ends the head, which may have either ending.
        let end = if bytes[..self.length].ends_with(b"\r\n") { self.length - 2 } else { self.length - 1 };
        head.extend_from_slice(&bytes[from..end]);
        if self.closes {
            head.extend_from_slice(b"connection: close\r\n");
        }
        head.extend_from_slice(b"\r\n");
        Some(head)
    }
}

/// Whether a head may end in these bytes: an empty line, with either ending.
pub(super) fn may_end(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"\n\r\n").is_some() || memchr::memmem::find(bytes, b"\n\n").is_some()
}

/// Empty lines before a request, which are passed over (RFC 9112 §2.2).
pub(super) fn blank(bytes: &[u8]) -> usize {
    let mut at = 0;
    loop {
        match bytes.get(at..).unwrap_or_default() {
            [b'\r', b'\n', ..] => at += 2,
            [b'\n', ..] => at += 1,
            _ => return at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(text: &str) -> Head {
        match scan(text.as_bytes()) {
            Scan::Whole(head) => head,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    fn refused(text: &str) -> Refused {
        match scan(text.as_bytes()) {
            Scan::Refused(refused) => refused,
            other => panic!("{text:?}: {other:?}"),
        }
    }

    #[test]
    fn a_body_is_as_long_as_its_head_says() {
        for (rest, length) in [
            ("Host: x\r\n", Some(0)),
            ("Host: x\r\nContent-Length: 0\r\n", Some(0)),
            ("Host: x\r\ncontent-LENGTH:  17 \r\n", Some(17)),
            ("Host: x\r\nTransfer-Encoding: Chunked\r\n", None),
            ("Host: x\r\nTransfer-Encoding:chunked\r\n", None),
        ] {
            let text = format!("POST / HTTP/1.1\r\n{rest}\r\nbehind");
            let head = whole(&text);
            assert_eq!(head.length, text.len() - 6, "{text}");
            assert!(!head.closes && !head.expects && head.rewritten(text.as_bytes()).is_none(), "{text}");
            match (&head.body, length) {
                (Framing::Length(found), Some(wanted)) => assert_eq!(*found, wanted, "{text}"),
                (Framing::Chunked(_), None) => {}
                other => panic!("{text}: {other:?}"),
            }
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for rest in [
            "Host: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n",
            "Host: x\r\nContent-Length: 1, 1\r\n",
            "Host: x\r\nContent-Length: +1\r\n",
            "Host: x\r\nContent-Length: -1\r\n",
            "Host: x\r\nContent-Length: 0x1\r\n",
            "Host: x\r\nContent-Length:\r\n",
            "Host: x\r\nContent-Length: 1 1\r\n",
            "Host: x\r\nContent-Length: 99999999999999999999\r\n",
            "Host: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
            "Host: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            "Host: x\r\nTransfer-Encoding: chunked, chunked\r\n",
            "Host: x\r\nTransfer-Encoding: gzip, chunked\r\n",
            "Host: x\r\nTransfer-Encoding: identity\r\n",
            "Host: x\r\nTransfer-Encoding: xchunked\r\n",
            "Host: x\r\nTransfer-Encoding: \x0bchunked\r\n",
            "Host: x\r\nTransfer-Encoding : chunked\r\n",
            "Host: x\r\nContent-Length : 1\r\n",
            "Host: x\r\nX: a\r\n Content-Length: 1\r\n",
            "Host: x\r\nHost: y\r\n",
            "Host: x\r\n: x\r\n",
            "Host: x\r\nX\r\n",
            "Content-Length: 1\r\n",
        ] {
            assert_eq!(refused(&format!("POST / HTTP/1.1\r\n{rest}\r\n")), MALFORMED, "{rest:?}");
        }
        for text in [
            "POST / HTTP/1.0\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "GET / HTTP/2.0\r\nHost: x\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
            "GET / \r\nHost: x\r\n\r\n",
            "GET /\x01 HTTP/1.1\r\nHost: x\r\n\r\n",
        ] {
            assert_eq!(refused(text), MALFORMED, "{text:?}");
        }
        let many = "X: y\r\n".repeat(HEADERS_MAX + 1);
        let too_large = Refused::Bare(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
        assert_eq!(refused(&format!("GET / HTTP/1.1\r\n{many}\r\n")), too_large);
    }

    #[test]
    fn an_upgrade_is_refused_with_a_body_and_hidden_without() {
        for rest in ["Content-Length: 1", "Transfer-Encoding: chunked"] {
            for upgrade in ["Upgrade: websocket", "uPGRADE: h2c\r\nConnection: Upgrade", "Upgrade:"] {
                let text = format!("POST / HTTP/1.1\r\nHost: x\r\n{upgrade}\r\n{rest}\r\n\r\n");
                assert_eq!(refused(&text), Refused::Api(ApiError::UpgradeWithBody), "{text}");
            }
        }
        let text =
            "GET / HTTP/1.1\r\nUpgrade: websocket\r\nHost: x\r\nConnection: Upgrade, close\r\nA: b\r\n\r\n";
        let head = whole(text);
        let seen = head.rewritten(text.as_bytes()).expect("another one");
        assert_eq!(seen, b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\nconnection: close\r\n\r\n");
    }

    #[test]
    fn an_expectation_is_this_layers_alone() {
        let text = "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n{}";
        let head = whole(text);
        assert!(head.expects);
        let seen = head.rewritten(text.as_bytes()).expect("another one");
        assert_eq!(seen, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n");
    }

    #[test]
    fn a_connection_ends_where_its_head_says_so() {
        for (text, closes) in [
            ("GET / HTTP/1.1\r\nHost: x\r\n\r\n", false),
            ("GET / HTTP/1.1\r\nHost: x\r\nConnection: x, CLOSE\r\n\r\n", true),
            ("GET / HTTP/1.1\nHost: x\nConnection: keep-alive\nConnection: close\n\n", true),
            ("GET / HTTP/1.0\r\n\r\n", true),
            ("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", false),
        ] {
            assert_eq!(whole(text).closes, closes, "{text}");
        }
    }

    #[test]
    fn ends_and_blank_lines_are_found() {
        assert!(may_end(b"a\r\n\r\n") && may_end(b"a\n\n") && may_end(b"a\n\r\nb"));
        assert!(!may_end(b"a\r\nb\r\n") && !may_end(b""));
        assert_eq!([b"\r\n\n\r\nG".as_slice(), b"G", b"\r", b""].map(blank), [5, 0, 0, 0]);
    }
}
