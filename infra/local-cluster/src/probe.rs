//! Whether a server answers, asked on its socket in its own protocol, without a driver: the one
//! question each protocol answers before any login. Not here: anything more of those protocols.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::limits::{PROBE_BYTES_MAX, PROBE_WITHIN};

/// How many brokers the broker at `127.0.0.1:port` (plaintext) knows as alive, itself among them;
/// `None` when it does not answer within a second. A broker answers only once it is registered
/// and may take requests, so this is also the readiness check.
///
/// Source: the Kafka protocol guide, Metadata request version 1 (API key 3).
#[must_use]
pub fn kafka_brokers(address: &str) -> Option<usize> {
    let body: [u8; 16] = [
        0, 3, // API key: Metadata
        0, 1, // version
        0, 0, 0, 7, // correlation id
        0, 2, b'l', b'c', // client id
        0, 0, 0, 0, // no topics
    ];
    let mut request = (body.len() as u32).to_be_bytes().to_vec();
    request.extend_from_slice(&body);
    let mut stream = ask(address, &request)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length).ok()?;
    let length = u32::from_be_bytes(length) as usize;
    if !(8..=PROBE_BYTES_MAX).contains(&length) {
        return None;
    }
    // Correlation id, then the array of brokers, its count first.
    let mut head = [0; 8];
    stream.read_exact(&mut head).ok()?;
    let [0, 0, 0, 7, count @ ..] = head else {
        return None;
    };
    usize::try_from(i32::from_be_bytes(count)).ok()
}

/// Whether the node at `127.0.0.1:port` (plaintext) answers OPTIONS with SUPPORTED within a
/// second, which needs no login.
///
/// Source: the CQL binary protocol v4, sections 2, 4.1.3 and 4.2.4.
#[must_use]
pub fn cql_answers(address: &str) -> bool {
    const OPTIONS: [u8; 9] = [4, 0, 0, 0, 5, 0, 0, 0, 0];
    const RESPONSE_V4: u8 = 0x84;
    const SUPPORTED: u8 = 6;
    let Some(mut stream) = ask(address, &OPTIONS) else {
        return false;
    };
    let mut head = [0; 9];
    stream.read_exact(&mut head).is_ok() && head[0] == RESPONSE_V4 && head[4] == SUPPORTED
}

/// Whether the registry at `127.0.0.1:port` (plaintext) lists its subjects within a second.
#[must_use]
pub fn registry_answers(address: &str) -> bool {
    let request = format!("GET /apis/ccompat/v7/subjects HTTP/1.1\r\nHost: {address}\r\n\r\n");
    let Some(mut stream) = ask(address, request.as_bytes()) else {
        return false;
    };
    let mut head = [0; 12];
    stream.read_exact(&mut head).is_ok() && head == *b"HTTP/1.1 200"
}

/// Whether somebody listens there; all that can be asked of a TLS listener without TLS.
pub(crate) fn listens(address: &str) -> bool {
    connect(address).is_some()
}

fn connect(address: &str) -> Option<TcpStream> {
    let address: SocketAddr = address.parse().ok()?;
    TcpStream::connect_timeout(&address, PROBE_WITHIN).ok()
}

fn ask(address: &str, request: &[u8]) -> Option<TcpStream> {
    let mut stream = connect(address)?;
    stream.set_read_timeout(Some(PROBE_WITHIN)).ok()?;
    stream.set_write_timeout(Some(PROBE_WITHIN)).ok()?;
    stream.write_all(request).ok()?;
    Some(stream)
}
