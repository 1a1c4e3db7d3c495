//! Asking the registry beside the client under test, and a gateway before it that wants a password. Plain
//! HTTP/1.1 over a socket, one request a connection.

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// Asks; the JSON of the answer.
pub(crate) async fn get(url: &str) -> Value {
    ask("GET", url, "").await.1
}

/// The same with a body; status and JSON.
pub(crate) async fn post(url: &str, body: &Value) -> (u16, Value) {
    ask("POST", url, &body.to_string()).await
}

fn split(url: &str) -> (&str, &str) {
    let rest = url.strip_prefix("http://").unwrap();
    rest.split_at(rest.find('/').unwrap())
}

async fn ask(method: &str, url: &str, body: &str) -> (u16, Value) {
    let (address, path) = split(url);
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nAccept: application/json\r\n\
         Content-Type: application/vnd.schemaregistry.v1+json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    // Small answers come with their length; a chunked one begins with a size instead of JSON.
    let body = if head.to_ascii_lowercase().contains("transfer-encoding: chunked") {
        unchunk(body)
    } else {
        body.to_owned()
    };
    (status, serde_json::from_str(&body).unwrap_or_else(|_| panic!("{status}: {body}")))
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let size = usize::from_str_radix(size, 16).unwrap();
        if size == 0 {
            break;
        }
        whole.push_str(&rest[..size]);
        body = rest[size..].trim_start_matches("\r\n");
    }
    whole
}

/// Lets through to the registry who has the password, connection by connection; 401 for others.
pub(crate) struct Gateway {
    address: String,
    path: String,
}

impl Gateway {
    pub(crate) async fn start(registry: &str, user: &str, password: &str) -> Self {
        let (to, path) = split(registry);
        let pass = data_encoding::BASE64.encode(format!("{user}:{password}").as_bytes());
        let wanted = format!("authorization: basic {}", pass.to_ascii_lowercase());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, to) = (listener.local_addr().unwrap().to_string(), to.to_owned());
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(relay(client, to.clone(), wanted.clone()));
            }
        });
        Self { address, path: path.to_owned() }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}{}", self.address, self.path)
    }
}

/// The first request's header decides for the connection: it is one client's.
async fn relay(mut client: TcpStream, to: String, wanted: String) {
    let mut head = Vec::new();
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if client.read_buf(&mut head).await.unwrap_or(0) == 0 {
            return;
        }
    }
    if !String::from_utf8_lossy(&head).to_ascii_lowercase().contains(&wanted) {
        let refusal = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
        let _ = client.write_all(refusal).await;
        return;
    }
    let mut registry = TcpStream::connect(to).await.unwrap();
    registry.write_all(&head).await.unwrap();
    let _ = tokio::io::copy_bidirectional(&mut client, &mut registry).await;
}
