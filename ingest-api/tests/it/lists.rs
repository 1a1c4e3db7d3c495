//! Lists: filters, pages, cursors, totals.

use serde_json::Value;

use crate::harness::{TestApp, VERDICTS, declined, verified};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_and_cursors_show_every_row_once_newest_first() {
    let app = TestApp::start().await;
    let customers = [app.customer().await, app.customer().await, app.customer().await];
    for n in 0..7 {
        let customer = &customers[n % 3];
        let body = if n % 2 == 0 { verified(customer) } else { declined(customer) };
        assert_eq!(app.post(VERDICTS, &body).await.status, 200);
    }
    let whole = app.get("/api/identity/attempts").await.body;
    let ids: Vec<Value> = rows(&whole);
    assert_eq!((ids.len(), &whole["total"], &whole["meta"]["next"]), (7, &Value::from(7), &Value::Null));
    let mut by_page = Vec::new();
    for page in 1..=4 {
        let body = app.get(&format!("/api/identity/attempts?limit=2&page={page}")).await.body;
        assert_eq!(
            (&body["page"], &body["limit"], &body["meta"]["pages"]),
            (&page.into(), &2.into(), &4.into())
        );
        by_page.extend(rows(&body));
    }
    assert_eq!(by_page, ids);
    let (mut by_cursor, mut next) = (Vec::new(), String::new());
    loop {
        let body = app.get(&format!("/api/identity/attempts?limit=3{next}")).await.body;
        by_cursor.extend(rows(&body));
        match body["meta"]["next"].as_str() {
            Some(cursor) => next = format!("&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(by_cursor, ids);
    assert_eq!(app.get("/api/identity/attempts?page=5&limit=2").await.body["data"], Value::Array(vec![]));
    assert_eq!(app.get("/api/identity/attempts?status=verified").await.body["total"], 4);
    let of_one = app.get(&format!("/api/identity/attempts?customerId={}", customers[0])).await.body;
    assert_eq!(of_one["total"], 3);
    let last = whole["data"][0]["createdAt"].as_str().expect("a time");
    let before = app.get(&format!("/api/identity/attempts?to={last}")).await.body["total"].as_u64();
    let from = app.get(&format!("/api/identity/attempts?from={last}")).await.body["total"].as_u64();
    assert_eq!(before.zip(from).map(|(a, b)| a + b), Some(7), "from is inclusive, to exclusive");
    for bad in ["x=1", "status=maybe", "page=0", "limit=101", "cursor=!", "page=1&cursor=x"] {
        assert_eq!(app.get(&format!("/api/identity/attempts?{bad}")).await.status, 400, "{bad}");
    }
}

fn rows(body: &Value) -> Vec<Value> {
    body["data"].as_array().expect("rows").iter().map(|row| row["id"].clone()).collect()
}
