//! What a program's page of metrics says. Not here: what is made of it.

use std::net::SocketAddr;

use anyhow::{Result, ensure};

use crate::http::Connection;

/// The page, from a management listener.
pub(crate) async fn page(admin: SocketAddr) -> Result<String> {
    let head = format!("GET /metrics HTTP/1.1\r\nHost: {admin}\r\n\r\n");
    let mut connection = Connection::open(admin).await?;
    let answer = connection.ask(head.as_bytes(), b"").await?;
    ensure!(answer.status == 200, "the metrics: {}", answer.status);
    Ok(std::str::from_utf8(answer.body)?.to_owned())
}

/// All series of a metric together.
pub(crate) fn sum(page: &str, name: &str) -> u64 {
    let lines = page.lines().filter_map(|line| line.strip_prefix(name));
    let values = lines.filter(|rest| rest.starts_with(['{', ' '])).filter_map(|rest| rest.rsplit(' ').next());
    values.filter_map(|value| value.parse::<f64>().ok()).sum::<f64>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_series_of_one_metric_count() {
        let page = "# TYPE a counter\na{x=\"1\"} 2\na{x=\"b c\"} 3\nab 7\na 4\n";
        assert_eq!(sum(page, "a"), 9);
    }
}
