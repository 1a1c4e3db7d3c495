//! From which address a request came, where proxies stand before this listener.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::HeaderName;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of whoever sent the request. With so many proxies before us, each of which has added the address that it
/// saw, it is that many from the end of `X-Forwarded-For`: what stands before was sent by the client, who may write
/// there what it likes. Where the header is shorter the request did not come that way, and its peer counts.
pub fn client_address(req: &HttpRequest, proxies: usize) -> Option<IpAddr> {
    let peer = req.peer_addr().map(|peer| peer.ip());
    if proxies == 0 {
        return peer;
    }
    let lines: Vec<&str> =
        req.headers().get_all(X_FORWARDED_FOR).filter_map(|line| line.to_str().ok()).collect();
    let seen = lines.iter().rev().flat_map(|line| line.rsplit(',')).nth(proxies - 1);
    seen.and_then(|text| parse(text.trim())).or(peer)
}

/// An address, alone or with a port, as proxies write them.
fn parse(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map(|(address, _)| address);
    if let Ok(address) = bare.unwrap_or(text).parse() {
        return Some(address);
    }
    text.rsplit_once(':').and_then(|(address, _)| address.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn the_address_that_the_outermost_proxy_saw_counts() {
        for (proxies, lines, address) in [
            (0, &["203.0.113.9"][..], "192.0.2.1"),
            (1, &["203.0.113.9"], "203.0.113.9"),
            (1, &["10.9.9.9, 203.0.113.9"], "203.0.113.9"),
            (2, &["10.9.9.9, 203.0.113.9, 198.51.100.2"], "203.0.113.9"),
            (2, &["10.9.9.9", "203.0.113.9", "198.51.100.2"], "203.0.113.9"),
            (2, &["203.0.113.9"], "192.0.2.1"),
            (1, &[], "192.0.2.1"),
            (1, &["unknown"], "192.0.2.1"),
            (1, &["203.0.113.9:4711"], "203.0.113.9"),
            (1, &["[2001:db8::1]:443"], "2001:db8::1"),
            (1, &["2001:db8::1"], "2001:db8::1"),
        ] {
            let request = TestRequest::get().peer_addr("192.0.2.1:5".parse().expect("an address"));
            let request =
                lines.iter().fold(request, |request, line| request.append_header((X_FORWARDED_FOR, *line)));
            let found = client_address(&request.to_http_request(), proxies).expect("an address");
            assert_eq!(found.to_string(), address, "{proxies} {lines:?}");
        }
    }
}
