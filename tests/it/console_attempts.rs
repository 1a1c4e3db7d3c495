//! The console's list of verifications: filters in the address, days in Jakarta, paging, the list as a file, and the stream
//! of changes.

mod live;

use std::collections::BTreeSet;

use domain::ids::{CustomerId, CustomerRef, OrgId};
use domain::rows::{Generation, VerificationRow, VerificationStatus};
use domain::time::Timestamp;
use engine::{Engine, Role};
use serde_json::Value;
use system_tests::client::{Api, declined, text, verified};
use system_tests::console::{ConsoleAnswer, ConsoleBrowser, encoded};
use system_tests::harness::ContractHarness as _;
use system_tests::sandbox::Sandbox;
use testkit::samples::{Samples, TallyCounter};

const ATTEMPTS: &str = "/console/attempts";
const HOSTILE: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(2)>";

async fn signed_in(sandbox: &Sandbox) -> ConsoleBrowser {
    signed_in_reading(sandbox, "en").await
}

/// The sandbox's own sign-in, at a browser of that language.
async fn signed_in_reading(sandbox: &Sandbox, language: &str) -> ConsoleBrowser {
    let file = std::fs::read(sandbox.folder().join("sandbox.json")).expect("sandbox.json");
    let info: Value = serde_json::from_slice(&file).expect("JSON");
    let browser = ConsoleBrowser::new(&sandbox.info().url).with_header("accept-language", language);
    let console = &info["console"];
    browser.sign_in(text(&console["user"]), text(&console["password"])).await.goes_to();
    browser
}

/// The number before "attempts".
#[track_caller]
fn total(page: &ConsoleAnswer) -> u64 {
    let number = page.body.split("<strong>").nth(1).and_then(|rest| rest.split('<').next());
    let digits: String = number.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("no total: {}", page.body))
}

/// The addresses of the pages before and after.
fn neighbours(page: &ConsoleAnswer) -> [Option<String>; 2] {
    ["prev", "next"].map(|rel| {
        let rest = page.body.split(&format!("<a rel=\"{rel}\" href=\"")).nth(1)?;
        Some(rest.split('"').next()?.replace("&amp;", "&"))
    })
}

async fn ids(api: &Api, query: &str) -> (Vec<String>, u64) {
    let page = api.get(&format!("/api/identity/attempts?limit=100&{query}")).await.expect(200);
    let rows = page["data"].as_array().expect("rows");
    (rows.iter().map(|row| text(&row["id"]).to_owned()).collect(), page["total"].as_u64().expect("a total"))
}

/// 30 verdicts of two customers: every fifth verified, the others declined for three reasons in turn.
async fn filled(api: &Api) -> [String; 2] {
    let customers = [api.customer("Budi Santoso").await, api.customer("Dewi Lestari").await];
    for number in 0..30_usize {
        let customer = &customers[usize::from(number.is_multiple_of(3))];
        let reason = ["Data ganda", "NIK tidak ditemukan", "Kuota habis"][number % 3];
        let body = if number.is_multiple_of(5) { verified(customer) } else { declined(customer, reason) };
        api.verdict(&body).await.expect(200);
    }
    customers
}

#[tokio::test]
async fn every_filter_stands_in_the_address_and_totals_are_the_apis() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let [first, second] = filled(&api).await;
    let staff = signed_in(&sandbox).await;
    for query in [
        String::new(),
        "method=nik_dukcapil".to_owned(),
        "method=face_match".to_owned(),
        "status=verified".to_owned(),
        "status=failed".to_owned(),
        "reasonCategory=quota".to_owned(),
        "reasonCategory=quota&status=verified".to_owned(),
        "reasonCategory=not_found&status=failed&method=nik_dukcapil".to_owned(),
        format!("customerId={first}"),
        format!("customerId={second}&reasonCategory=duplicate_record"),
        "customerId=cus_00000000000000000000000000".to_owned(),
    ] {
        let (wanted, of_api) = ids(&api, &query).await;
        let page = staff.get(&format!("{ATTEMPTS}?limit=100&{query}")).await;
        page.says(200, &["<h1>Attempts</h1>"]);
        assert_eq!((page.rows(), total(&page)), (wanted, of_api), "{query}");
        // What was asked for stands in the form again.
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let chosen = format!("<option value=\"{value}\" selected>");
            let typed = format!("name=\"{name}\" type=\"text\" value=\"{value}\"");
            assert!(page.body.contains(&chosen) || page.body.contains(&typed), "{name}: {}", page.body);
        }
    }
    // Days: today has all of it, as long as midnight in Jakarta does not fall between; another day has none.
    let all = staff.get(&format!("{ATTEMPTS}?from=2020-01-01&to=9998-12-31")).await;
    assert_eq!((total(&all), all.rows().len()), (30, 20));
    assert_eq!(total(&staff.get(&format!("{ATTEMPTS}?to=2020-01-01")).await), 0);
    // No personal field is there, and a reason is one.
    all.never_says(&["Budi Santoso", "Dewi Lestari", "Kuota habis", "NIK tidak ditemukan"]);
    all.says(200, &["The quota was used up", "<svg class=\"chart\"", &format!("/console/customers/{first}")]);
    let indonesian = signed_in_reading(&sandbox, "id").await;
    indonesian
        .get(ATTEMPTS)
        .await
        .says(200, &["Percobaan verifikasi", "Kuota habis", "Terverifikasi", "Ditolak"]);
    // An empty field of the form is none.
    let form = "method=&status=failed&reasonCategory=&customerId=&from=&to=";
    assert_eq!(total(&staff.get(&format!("{ATTEMPTS}?{form}")).await), 24);
}

#[tokio::test]
async fn what_cannot_be_a_filter_is_a_page_with_words_and_shown_as_text() {
    let sandbox = Sandbox::start().await;
    let staff = signed_in(&sandbox).await;
    for (name, words) in [
        ("method", "There is no such method."),
        ("status", "A result is verified, declined or under review."),
        ("review", "A review is open, verified or failed."),
        ("reasonCategory", "There is no such category of reasons."),
        ("customerId", "begins with cus_"),
        ("from", "The first day is not a day"),
        ("to", "The last day is not a day"),
        ("page", "There is no such page."),
        ("limit", "There is no such page."),
        ("until", "There is no such page."),
        ("cursor", "does not know"),
        ("format", "does not know"),
        ("colour", "does not know"),
    ] {
        for value in [HOSTILE, "x", "%00", "..", &"9".repeat(300)] {
            let page = staff.get(&format!("{ATTEMPTS}?{name}={}", encoded(value))).await;
            page.says(400, &["<h1>Attempts</h1>", words, "role=\"alert\""]);
            page.never_says(&["<script>alert", "<img src=x"]);
            assert_eq!(page.rows(), [""; 0]);
        }
    }
    staff.get(&format!("{ATTEMPTS}?from=2026-11-30&to=2026-11-29")).await.says(400, &["after the last"]);
    staff.get(&format!("{ATTEMPTS}?status=failed&status=failed")).await.says(400, &["does not know"]);
    staff.get(&format!("{ATTEMPTS}?status=%ff")).await.says(400, &["does not know"]);
    // Beyond the end is no mistake.
    staff.get(&format!("{ATTEMPTS}?page=4000000000")).await.says(200, &["No attempt matches."]);
    // Who is not signed in comes back to the same filters.
    let nobody = ConsoleBrowser::new(&sandbox.info().url);
    let refused = nobody.get(&format!("{ATTEMPTS}?status=failed")).await;
    let location = refused.goes_to();
    assert!(location.contains("attempts") && location.contains("status"), "{location}");
}

#[tokio::test]
async fn paging_forth_and_back_meets_every_row_once_while_others_come() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    let [customer, _] = filled(&api).await;
    let (wanted, _) = ids(&api, "").await;
    let staff = signed_in(&sandbox).await;
    let mut page = staff.get(&format!("{ATTEMPTS}?limit=7")).await;
    let mut forth = page.rows();
    let mut pages = 1;
    while let [_, Some(next)] = neighbours(&page) {
        // One comes between any two pages.
        api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
        page = staff.get(&next).await;
        page.says(200, &["This list is as it was at"]);
        assert_eq!(total(&page), 30);
        forth.extend(page.rows());
        pages += 1;
    }
    assert_eq!((pages, &forth), (5, &wanted));
    let mut back = vec![page.rows()];
    while let [Some(previous), _] = neighbours(&page) {
        api.verdict(&declined(&customer, "Data ganda")).await.expect(200);
        page = staff.get(&previous).await;
        back.push(page.rows());
    }
    back.reverse();
    assert_eq!(back.concat(), wanted);
    assert_eq!(total(&staff.get(ATTEMPTS).await), 30 + 4 + 4);
}

#[tokio::test]
async fn the_file_is_the_list() {
    let sandbox = Sandbox::start().await;
    let api = sandbox.api();
    filled(&api).await;
    let staff = signed_in(&sandbox).await;
    for query in [
        "",
        "status=failed&",
        "reasonCategory=quota&",
        "page=2&limit=3&",
        "status=verified&reasonCategory=quota&",
    ] {
        let file = staff.get(&format!("{ATTEMPTS}?{query}format=csv")).await;
        assert_eq!(file.status, 200, "{file:?}");
        assert_eq!(file.header("content-type"), Some("text/csv; charset=utf-8"));
        assert_eq!(file.header("content-disposition"), Some("attachment; filename=\"attempts.csv\""));
        assert_eq!(file.header("cache-control"), Some("no-store"));
        let mut lines = file.body.split("\r\n");
        let head = "id,customerId,method,status,score,reasonCategory,signals,createdAt,createdAtJakarta";
        assert_eq!(lines.next(), Some(head));
        let filters = query.replace("page=2&limit=3&", "");
        let rows = api.rows(&format!("limit=100&{}", filters.trim_end_matches('&'))).await;
        let wanted: Vec<String> = rows.iter().map(line).collect();
        let lines: Vec<&str> = lines.filter(|line| !line.is_empty()).collect();
        assert_eq!(lines, wanted, "{query}");
        file.never_says(&["Kuota habis", "Budi"]);
    }
    staff.get(&format!("{ATTEMPTS}?status=x&format=csv")).await.says(400, &["<h1>Attempts</h1>"]);
}

/// A row of the API as the file has it.
fn line(row: &Value) -> String {
    let or_empty = |value: &Value| match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let mut cells: Vec<String> = ["id", "customerId", "method", "status", "score", "reasonCategory"]
        .map(|name| or_empty(&row[name]))
        .to_vec();
    let at = chrono::DateTime::parse_from_rfc3339(text(&row["createdAt"])).expect("a time");
    let jakarta = at.with_timezone(&chrono::FixedOffset::east_opt(7 * 3_600).expect("an offset"));
    let signals = row["signals"].as_array().expect("signals");
    let codes: Vec<&str> = signals.iter().map(|signal| text(&signal["code"])).collect();
    cells.extend([
        codes.join(" "),
        text(&row["createdAt"]).to_owned(),
        jakarta.format("%Y-%m-%dT%H:%M:%S%.3f+07:00").to_string(),
    ]);
    cells.join(",")
}

/// Puts rows of that org into the read model of a sandbox that is stopped, as a projector would.
async fn put_rows(sandbox: &Sandbox, rows: Vec<VerificationRow>) {
    let engine = Engine::open(&sandbox.config(), Role::Tool).await.expect("the engine opens");
    let mut counted = TallyCounter::default();
    for rows in rows.chunks(2_000) {
        engine.projection.write(Generation(1), counted.writes(rows)).await.expect("written");
    }
    engine.close().await;
}

/// Row number `n`, declined, of that moment.
fn sample(sandbox: &Sandbox, s: &Samples, n: u64, created_at: Timestamp) -> VerificationRow {
    let org = OrgId::parse(&sandbox.info().org).expect("an org");
    let customer = CustomerId::parse(&sandbox.info().customer).expect("a customer");
    VerificationRow {
        status: VerificationStatus::Failed,
        created_at,
        ..s.verification(&CustomerRef::new(org, customer), 2 * n + 1)
    }
}

#[tokio::test]
async fn a_day_is_jakartas_to_its_last_millisecond() {
    let mut sandbox = Sandbox::start().await;
    assert!(sandbox.sigterm().await.success());
    let s = Samples::new(1);
    let at = |text: &str| Timestamp::parse(text).expect("a time");
    let times = [
        "2025-03-09T23:59:59.999+07:00",
        "2025-03-10T00:00:00.000+07:00",
        "2025-03-10T06:59:59.999+07:00",
        "2025-03-10T07:00:00.000+07:00",
        "2025-03-10T23:59:59.999+07:00",
        "2025-03-11T00:00:00.000+07:00",
    ];
    let rows: Vec<_> = (0..).zip(times).map(|(n, time)| sample(&sandbox, &s, n, at(time))).collect();
    put_rows(&sandbox, rows.clone()).await;
    sandbox.restart().await;
    let staff = signed_in(&sandbox).await;
    for (days, wanted) in [
        ("from=2025-03-10&to=2025-03-10", 1..5),
        ("from=2025-03-09&to=2025-03-09", 0..1),
        ("from=2025-03-11&to=2025-03-11", 5..6),
        ("from=2025-03-10&to=2025-03-11", 1..6),
        ("to=2025-03-10", 0..5),
        ("from=2025-03-12&to=2025-03-12", 6..6),
    ] {
        let page = staff.get(&format!("{ATTEMPTS}?{days}")).await;
        let wanted: Vec<String> = rows[wanted].iter().rev().map(|row| row.id.as_str().to_owned()).collect();
        assert_eq!((total(&page), page.rows()), (wanted.len() as u64, wanted), "{days}");
    }
    let page = staff.get(&format!("{ATTEMPTS}?from=2025-03-09&to=2025-03-11")).await;
    page.says(200, &[
        "9 Mar 2025: 0 verified, 1 declined",
        "10 Mar 2025: 0 verified, 4 declined",
        "11 Mar 2025: 0 verified, 1 declined",
        "<time datetime=\"2025-03-10T16:59:59.999Z\" title=\"2025-03-10T16:59:59.999Z\">10 Mar 2025, 23:59:59 WIB",
    ]);
}

/// What a process has had in memory at most, in KiB, since it was last asked to forget it.
fn memory_peak_kib(sandbox: &Sandbox) -> u64 {
    let of = format!("/proc/{}", sandbox.process().pid().as_raw_nonzero());
    let status = std::fs::read_to_string(format!("{of}/status")).expect("a process");
    std::fs::write(format!("{of}/clear_refs"), "5").expect("forgotten");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    peak.trim().trim_end_matches(" kB").parse().expect("a number")
}

#[tokio::test]
async fn a_large_list_is_a_file_without_being_in_memory() {
    const ROWS: u64 = 120_000;
    let mut sandbox = Sandbox::start().await;
    assert!(sandbox.sigterm().await.success());
    let s = Samples::new(1);
    let start = Timestamp::parse("2025-03-09T00:00:00Z").expect("a time").millis();
    let row = |n: u64| sample(&sandbox, &s, n, Timestamp::from_millis(start + 60_000 * n as i64));
    put_rows(&sandbox, (0..ROWS).map(row).collect()).await;
    sandbox.restart().await;
    let staff = signed_in(&sandbox).await;
    // Whatever a page and its caches take is there before.
    assert_eq!(total(&staff.get(ATTEMPTS).await), ROWS);
    let none = staff.get(&format!("{ATTEMPTS}?status=verified&format=csv")).await;
    assert_eq!((none.status, none.body.lines().count()), (200, 1), "{none:?}");
    memory_peak_kib(&sandbox);
    let before = memory_peak_kib(&sandbox);
    let file = staff.get(&format!("{ATTEMPTS}?format=csv")).await;
    let after = memory_peak_kib(&sandbox);
    let ids: BTreeSet<&str> =
        file.body.split("\r\n").skip(1).filter_map(|line| line.split(',').next()).collect();
    assert_eq!(ids.len() as u64, ROWS + 1, "every row once, and the end");
    // The file alone has 18 MB, its rows with their envelopes many times as much; the page caches of the store's four
    // readers, 16 MiB each, may fill, when other work takes one after the other.
    assert!(after < before + 80 * 1_024, "{before} KiB before, {after} KiB after");
    // The last page is as near as the first.
    let last = staff.get(&format!("{ATTEMPTS}?page=6000")).await;
    assert_eq!((last.rows().len(), neighbours(&last)[1].clone()), (20, None));
    assert_eq!(last.rows().last().map(String::as_str), Some(s.verification_id(1).as_str()));
}
