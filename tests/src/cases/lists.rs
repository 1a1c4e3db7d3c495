//! Lists (contract §1 and §4): pages, cursors, filters, totals.

use std::collections::BTreeSet;

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use crate::client::{Api, declined, fields, text, verified};
use crate::harness::ContractHarness;

const ROWS: usize = 25;

fn ids(rows: &[Value]) -> Vec<String> {
    rows.iter().map(|row| text(&row["id"]).to_owned()).collect()
}

/// 25 verdicts of two customers, oldest first: every fifth verified. Their ids and the customers.
async fn filled(api: &Api) -> (Vec<String>, [String; 2]) {
    let customers = [api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await];
    let mut ids = Vec::new();
    for number in 0..ROWS {
        let customer = &customers[usize::from(number % 3 == 0)];
        let body = if number % 5 == 0 { verified(customer) } else { declined(customer, "Data ganda") };
        let said = api.verdict(&body).await.expect(200);
        ids.push(text(&said["verification"]["id"]).to_owned());
    }
    (ids, customers)
}

/// Everything a cursor walks over.
async fn walk(api: &Api, first: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut page = api.get(&format!("/api/identity/attempts?{first}")).await.expect(200);
    for _ in 0..ROWS + 2 {
        all.extend(ids(page["data"].as_array().expect("rows")));
        let Some(next) = page["meta"]["next"].as_str() else { return all };
        page = api.get(&format!("/api/identity/attempts?{first}&cursor={next}")).await.expect(200);
    }
    panic!("a cursor without an end");
}

pub async fn pages_and_cursors_walk_over_everything_once_newest_first<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (mut wanted, customers) = filled(&api).await;
    wanted.reverse();

    let page = api.get("/api/identity/attempts").await.expect(200);
    assert_eq!(fields(&page), ["data", "limit", "meta", "page", "total"]);
    assert_eq!(fields(&page["meta"]), ["next", "pages"]);
    assert_eq!((&page["total"], &page["page"], &page["limit"]), (&json!(ROWS), &json!(1), &json!(20)));
    assert_eq!(page["meta"]["pages"], 2);
    // Rows of one millisecond may stand in either order of their partitions: compare what is certain.
    let times: Vec<&str> =
        page["data"].as_array().expect("rows").iter().map(|row| text(&row["createdAt"])).collect();
    assert!(times.is_sorted_by(|newer, older| newer >= older), "not newest first: {times:?}");

    let mut by_page = Vec::new();
    for number in 1..=4 {
        let page = api.get(&format!("/api/identity/attempts?page={number}&limit=10")).await.expect(200);
        assert_eq!(
            (&page["total"], &page["page"], &page["limit"]),
            (&json!(ROWS), &json!(number), &json!(10))
        );
        assert_eq!(page["meta"]["pages"], 3);
        by_page.extend(ids(page["data"].as_array().expect("rows")));
    }
    assert_eq!(by_page.iter().collect::<BTreeSet<_>>(), wanted.iter().collect());
    assert_eq!(by_page.len(), ROWS, "a page twice");
    let of_one = format!("customerId={}", customers[0]);
    let mine: Vec<String> = api
        .rows(&format!("{of_one}&limit=100"))
        .await
        .iter()
        .map(|row| text(&row["id"]).to_owned())
        .collect();
    assert_eq!(
        mine,
        wanted.iter().filter(|id| mine.contains(id)).cloned().collect::<Vec<_>>(),
        "a customer's order"
    );

    let of_category: Vec<String> = walk(&api, "limit=7&reasonCategory=duplicate_record").await;
    let every_fifth_is_verified = |id: &&String| {
        wanted.iter().position(|one| one == *id).is_some_and(|at| !(ROWS - 1 - at).is_multiple_of(5))
    };
    assert_eq!(of_category, by_page.iter().filter(every_fifth_is_verified).cloned().collect::<Vec<_>>());
    for limit in [1, 7, 10, 25, 100] {
        assert_eq!(walk(&api, &format!("limit={limit}")).await, by_page, "limit {limit}");
    }
    let last = api.get("/api/identity/attempts?limit=100").await.expect(200);
    assert_eq!(last["meta"]["next"], Value::Null, "nothing comes after the last page");
}

pub async fn a_cursor_does_not_drift_while_rows_come_in<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (wanted, customers) = filled(&api).await;
    let mut seen = Vec::new();
    let mut path = "/api/identity/attempts?limit=4".to_owned();
    for _ in 0..ROWS {
        let page = api.get(&path).await.expect(200);
        seen.extend(ids(page["data"].as_array().expect("rows")));
        api.verdict(&declined(&customers[0], "Kuota habis")).await.expect(200);
        let Some(next) = page["meta"]["next"].as_str() else { break };
        path = format!("/api/identity/attempts?limit=4&cursor={next}");
    }
    assert_eq!(seen.len(), ROWS, "a row twice or new ones in between");
    assert_eq!(seen.iter().collect::<BTreeSet<_>>(), wanted.iter().collect());
}

pub async fn filters_choose_and_totals_agree<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (_, customers) = filled(&api).await;
    let all = api.rows("limit=100").await;
    let count = |keep: &dyn Fn(&Value) -> bool| all.iter().filter(|row| keep(row)).count();
    let verified = |row: &Value| row["status"] == "verified";
    for (query, wanted) in [
        ("method=nik_dukcapil".to_owned(), ROWS),
        ("status=verified".to_owned(), 5),
        ("status=failed".to_owned(), 20),
        ("method=nik_dukcapil&status=failed".to_owned(), 20),
        (format!("customerId={}", customers[0]), count(&|row| row["customerId"] == customers[0].as_str())),
        (
            format!("customerId={}&status=verified", customers[1]),
            count(&|row| row["customerId"] == customers[1].as_str() && verified(row)),
        ),
        ("reasonCategory=duplicate_record".to_owned(), 20),
        ("reasonCategory=quota".to_owned(), 0),
        ("reasonCategory=duplicate_record&status=failed&method=nik_dukcapil".to_owned(), 20),
        ("reasonCategory=duplicate_record&status=verified".to_owned(), 0),
        (
            format!("customerId={}&reasonCategory=duplicate_record", customers[1]),
            count(&|row| row["customerId"] == customers[1].as_str() && !verified(row)),
        ),
        ("customerId=cus_00000000000000000000000000".to_owned(), 0),
        ("method=face_match".to_owned(), 0),
    ] {
        let page = api.get(&format!("/api/identity/attempts?limit=100&{query}")).await.expect(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(wanted), "{query}");
        assert_eq!(page["total"], wanted, "{query}");
    }
    // from is inclusive, to exclusive.
    let time = |row: usize| text(&all[row]["createdAt"]);
    let (newer, older) = (time(5), time(15));
    let within = |from: Option<&str>, to: Option<&str>| {
        count(&|row| {
            let at = text(&row["createdAt"]);
            from.is_none_or(|from| at >= from) && to.is_none_or(|to| at < to)
        })
    };
    for (query, wanted) in [
        (format!("from={older}"), within(Some(older), None)),
        (format!("to={newer}"), within(None, Some(newer))),
        (format!("from={older}&to={newer}"), within(Some(older), Some(newer))),
        (format!("from={newer}&to={newer}"), 0),
        (
            format!("from={older}&to={newer}&reasonCategory=duplicate_record"),
            count(&|row| (older..newer).contains(&text(&row["createdAt"])) && !verified(row)),
        ),
        (format!("from={}", older.replace('Z', "%2B00:00")), within(Some(older), None)),
        ("from=2999-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let page = api.get(&format!("/api/identity/attempts?limit=100&{query}")).await.expect(200);
        assert_eq!(page["data"].as_array().map(Vec::len), Some(wanted), "{query}");
        assert_eq!(page["total"], wanted, "{query}");
    }
}

pub async fn only_a_cursor_that_was_given_out_is_taken_and_by_its_own_org<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    let (_, customers) = filled(&api).await;
    let page = api.get("/api/identity/attempts?limit=4").await.expect(200);
    let next = text(&page["meta"]["next"]).to_owned();
    let ask = async |api: &Api, cursor: &str| {
        api.get(&format!("/api/identity/attempts?limit=4&cursor={cursor}")).await
    };
    let page = ask(&api, &next).await.expect(200);
    assert_eq!((&page["page"], &page["total"]), (&json!(2), &json!(ROWS)));
    let (_, other) = sandbox.org(&[]).await;
    ask(&other, &next).await.names_fields(&["cursor"]);
    // Each byte altered: the page's number, the place, the mark; and numbers that wrap.
    let bytes = BASE64URL_NOPAD.decode(next.as_bytes()).expect("base64");
    for at in 0..bytes.len() {
        for altered in [bytes[at] ^ 1, 0xff, 0] {
            let mut forged = bytes.clone();
            forged[at] = altered;
            if forged != bytes {
                ask(&api, &BASE64URL_NOPAD.encode(&forged)).await.names_fields(&["cursor"]);
            }
        }
    }
    // The form of before, with the largest page number.
    let unmarked = [&[1_u8][..], &[0; 8], &[0; 4], &[0; 8], &[0xff; 8]].concat();
    ask(&api, &BASE64URL_NOPAD.encode(&unmarked)).await.names_fields(&["cursor"]);
    assert_eq!(api.rows(&format!("customerId={}&limit=1", customers[0])).await.len(), 1, "the list goes on");
}

pub async fn an_unknown_filter_or_value_is_a_400<H: ContractHarness>() {
    let sandbox = H::start().await;
    let api = sandbox.api();
    for (query, field) in [
        ("colour=red", "colour"),
        ("Status=failed", "Status"),
        ("status=ok", "status"),
        ("status=", "status"),
        ("method=telepathy", "method"),
        ("reasonCategory=sadness", "reasonCategory"),
        ("reasonCategory=", "reasonCategory"),
        ("reasonCategory=Quota", "reasonCategory"),
        ("page=0", "page"),
        ("page=-1", "page"),
        ("page=x", "page"),
        ("page=1.5", "page"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=x", "limit"),
        ("limit=99999999999999999999", "limit"),
        ("from=yesterday", "from"),
        ("from=2026-11-23", "from"),
        ("to=2026-11-23T25:00:00Z", "to"),
        ("cursor=nonsense", "cursor"),
        ("cursor=", "cursor"),
        ("limit=1&limit=2", "limit"),
        ("cursor=!", "cursor"),
    ] {
        let answer = api.get(&format!("/api/identity/attempts?{query}")).await;
        println!("{query}");
        answer.names_fields(&[field]);
    }
    let both = api.get("/api/identity/attempts?page=1&cursor=x").await;
    assert_eq!(both.expect(400)["error"], "validation failed", "a page and a cursor: {both:?}");
    let answer = api.get("/api/identity/attempts?page=0&limit=0&status=x&colour=red").await;
    answer.names_fields(&["colour", "limit", "page", "status"]);
}
