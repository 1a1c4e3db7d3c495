//! The ledger of rechecks as it is read (sequence §4.4): the list with its exact totals, outage windows, the summary, and the
//! operator's command.

use serde_json::{Value, json};

use crate::client::{fields, is_time, text, verified};
use crate::fallback_calls::{
    FALLBACKS, RECHECKS, SUMMARY, WINDOWS, declaration, declare, rechecks, rechecks_total, seconds_ago,
};
use crate::harness::ContractHarness;

pub async fn rechecks_are_listed_in_both_orders_with_exact_totals<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled", "--limit", "write=0,get=0"]).await;
    let (mut ids, mut customers) = (Vec::new(), Vec::new());
    for number in 0..25 {
        let customer = api.customer(&format!("Nasabah {number}")).await;
        ids.push(text(&declare(&api, &customer, 60).await).to_owned());
        customers.push(customer);
    }
    for customer in &customers[..5] {
        api.verdict(&verified(customer)).await.expect(200);
    }
    for (query, total) in [
        ("", 25),
        ("status=open", 20),
        ("status=confirmed", 5),
        ("status=closed", 0),
        (&format!("customerId={}", customers[3]), 1),
        (&format!("customerId={}&status=open", customers[3]), 0),
    ] {
        assert_eq!(rechecks_total(&api, query).await, total, "{query}");
    }
    for (sort, wanted) in [("&sort=oldest", ids.clone()), ("", ids.iter().rev().cloned().collect())] {
        let (mut walked, mut next) = (Vec::new(), String::new());
        loop {
            let page = api.get(&format!("{RECHECKS}?limit=10{sort}{next}")).await.expect(200);
            assert_eq!((&page["total"], &page["meta"]["pages"]), (&json!(25), &json!(3)), "{page}");
            walked
                .extend(page["data"].as_array().expect("rows").iter().map(|row| text(&row["id"]).to_owned()));
            match page["meta"]["next"].as_str() {
                Some(cursor) => next = format!("&cursor={cursor}"),
                None => break,
            }
        }
        assert_eq!(walked, wanted, "{sort}");
        let second: Vec<Value> = rechecks(&api, &format!("limit=10&page=2{sort}")).await;
        let second: Vec<&str> = second.iter().map(|row| text(&row["id"])).collect();
        assert_eq!(second, wanted[10..20], "{sort}");
    }
    // From and to are of `openedAt`: inclusive, and exclusive.
    let rows = rechecks(&api, "sort=oldest&limit=100").await;
    let (third, tenth) = (text(&rows[3]["openedAt"]), text(&rows[10]["openedAt"]));
    let within = rows.iter().filter(|row| (third..tenth).contains(&text(&row["openedAt"]))).count();
    assert_eq!(rechecks_total(&api, &format!("from={third}&to={tenth}")).await, within as u64);
    for bad in ["status=pending", "sort=newest", "customerId=x", "cursor=x", "x=1"] {
        assert_eq!(api.get(&format!("{RECHECKS}?{bad}")).await.status, 400, "{bad}");
    }
}

pub async fn failures_are_windows_until_a_verdict_gets_through<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let minutes = 60;
    // Two outages that a quarter of an hour is between, declared in any order.
    let mut customers = Vec::new();
    for (ago, cause) in
        [(100, "timeout"), (20, "quota"), (90, "timeout"), (104, "maintenance"), (30, "timeout")]
    {
        let customer = api.customer("Budi Santoso").await;
        let mut body = declaration(&customer, ago * minutes);
        body["cause"] = cause.into();
        api.post(FALLBACKS, &[], &body).await.expect(201);
        customers.push(customer);
    }
    let body = api.get(WINDOWS).await.expect(200);
    assert_eq!((&body["total"], &body["page"], &body["limit"]), (&json!(2), &json!(1), &json!(20)), "{body}");
    let windows = body["data"].as_array().expect("rows");
    let all = ["causes", "confirmed", "contradicted", "failures", "from", "open", "opened", "settled", "to"];
    assert_eq!(fields(&windows[0]), all, "{body}");
    let shape = |window: &Value| (window["failures"].clone(), window["causes"].clone(), window["to"].clone());
    let newest = (json!(2), json!({ "timeout": 1, "quota": 1 }), Value::Null);
    let oldest = (json!(3), json!({ "timeout": 2, "maintenance": 1 }), Value::Null);
    assert_eq!([shape(&windows[0]), shape(&windows[1])], [newest, oldest], "{body}");
    assert!(windows.iter().all(|window| is_time(&window["from"]) && window["settled"] == false), "{body}");
    let total = async |query: &str| api.get(&format!("{WINDOWS}?{query}")).await.expect(200)["total"].clone();
    assert_eq!((total("open=true").await, total("open=false").await), (json!(2), json!(0)));

    // One verdict ends both: it is after the last failure of each.
    let verdict = api.verdict(&verified(&customers[0])).await.expect(200);
    let verdict =
        api.get(&format!("/api/identity/verifications/{}", text(&verdict["verification"]["id"]))).await;
    let at = verdict.expect(200)["createdAt"].clone();
    let body = api.get(WINDOWS).await.expect(200);
    let ends: Vec<&Value> =
        body["data"].as_array().expect("rows").iter().map(|window| &window["to"]).collect();
    assert_eq!(ends, [&at, &at], "{body}");
    assert_eq!((&body["data"][1]["confirmed"], &body["data"][1]["open"]), (&json!(1), &json!(2)), "{body}");
    assert_eq!((total("open=true").await, total("open=false").await), (json!(0), json!(2)));
    // By when they begin, and a page at a time.
    let from = seconds_ago(60 * minutes);
    assert_eq!(
        (total(&format!("from={from}")).await, total(&format!("to={from}")).await),
        (json!(1), json!(1))
    );
    let first = api.get(&format!("{WINDOWS}?limit=1")).await.expect(200);
    let next = text(&first["meta"]["next"]);
    let second = api.get(&format!("{WINDOWS}?limit=1&cursor={next}")).await.expect(200);
    assert_eq!((&second["data"][0], &second["meta"]["next"]), (&body["data"][1], &Value::Null));
    for bad in ["open=maybe", "from=2020-01-01T00:00:00Z", "sort=oldest"] {
        assert_eq!(api.get(&format!("{WINDOWS}?{bad}")).await.status, 400, "{bad}");
    }
}

pub async fn the_summary_and_the_command_say_what_is_open<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = sandbox.org(&["--dukcapil-enabled"]).await;
    let nothing = json!({
        "open": 0, "ages": { "lt1d": 0, "d1to7": 0, "d7to30": 0, "gt30d": 0 }, "oldestOpenedAt": null,
    });
    assert_eq!(api.get(SUMMARY).await.expect(200), nothing);
    let (first, second) = (api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await);
    let opened = [declare(&api, &first, 60).await, declare(&api, &second, 60).await];
    let summary = api.get(SUMMARY).await.expect(200);
    assert_eq!((&summary["open"], &summary["ages"]["lt1d"]), (&json!(2), &json!(2)), "{summary}");
    assert_eq!(summary["oldestOpenedAt"], rechecks(&api, "sort=oldest").await[0]["openedAt"]);
    api.verdict(&verified(&first)).await.expect(200);

    let listed = sandbox.fallback(&["list", "--open", "--org", &org, "--json"]).await.json();
    let listed = listed.as_array().expect("rows").clone();
    assert_eq!(listed.len(), 1, "{listed:?}");
    assert_eq!((&listed[0]["id"], &listed[0]["overdue"]), (&opened[1], &json!(false)));
    let all = sandbox.fallback(&["list", "--org", &org]).await;
    assert_eq!((all.code, all.stdout.lines().count()), (Some(0), 3), "a head and two rows: {all:?}");
    let windows = sandbox.fallback(&["windows", "--org", &org, "--json"]).await.json();
    assert_eq!((&windows[0]["failures"], &windows[0]["orgId"]), (&json!(2), &json!(org)), "{windows}");
    let file = sandbox.fallback(&["export", "--csv", "--org", &org]).await;
    assert_eq!(file.stdout.lines().count(), 3, "{file:?}");
    assert!(file.stdout.starts_with("orgId,id,customerId,status,cause,openedAt,"), "{file:?}");
    let lines = sandbox.fallback(&["export", "--open", "--org", &org]).await.json_lines();
    assert_eq!((lines.len(), &lines[0]["customerId"]), (1, &json!(second)));
    let nobodys = sandbox.fallback(&["list", "--org", "org_00000000000000000000000000"]).await;
    assert_eq!(nobodys.code, Some(1), "{nobodys:?}");
    let wrong = sandbox.fallback(&["list", "--csv", "--json"]).await;
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
