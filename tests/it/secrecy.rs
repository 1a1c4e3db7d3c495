//! Nothing personal in clear: not in the data folder's files (the key folders aside), not in what the program
//! says, even with everything logged and after requests that were refused.

use std::path::{Path, PathBuf};

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER, HEXUPPER};
use reqwest::Method;
use serde_json::json;

use system_tests::client::{VERDICT, text};
use system_tests::harness::ContractHarness as _;
use system_tests::photos;
use system_tests::sandbox::{Options, Sandbox};

const NAME: &str = "Quintessa Wijayakusuma-Hartono";
const EXTERNAL_ID: &str = "EXTID-77-ZEBRA-0042";
const REASON: &str = "Alasan rahasia: nomor 9981 tidak ditemukan";
const DECLINED_REASON: &str = "Alasan kedua rahasia 4417";
const NIK: &str = "3174096112905577";
const RAW_WORD: &str = "JalanMelatiNomorSebelas";
/// Photos' windows are sixteen bytes.
const WINDOW: usize = 16;

/// Texts as bytes, in base64 at each of its three alignments, and in hexadecimal.
pub(crate) fn spellings(secret: &[u8]) -> Vec<Vec<u8>> {
    let mut all = vec![secret.to_vec()];
    for shift in 0..3 {
        // The groups of four characters that depend on the secret alone.
        let aligned = &secret[shift..];
        let whole = &aligned[..aligned.len() / 3 * 3];
        all.push(BASE64_NOPAD.encode(whole).into_bytes());
    }
    all.push(HEXLOWER.encode(secret).into_bytes());
    all.push(HEXUPPER.encode(secret).into_bytes());
    all
}

/// Windows over a photo's own noise.
fn windows(photo: &[u8]) -> Vec<Vec<u8>> {
    [10, 500, 1_000, 1_999].iter().map(|&at| photo[at..at + WINDOW].to_vec()).collect()
}

struct Needles(Vec<(String, Vec<u8>)>);

impl Needles {
    fn new(photos: &[&[u8]]) -> Self {
        let texts = [NAME, EXTERNAL_ID, REASON, DECLINED_REASON, NIK, RAW_WORD];
        let mut all = Vec::new();
        for secret in texts {
            all.extend(spellings(secret.as_bytes()).into_iter().map(|bytes| (secret.to_owned(), bytes)));
        }
        for (number, photo) in photos.iter().enumerate() {
            for window in windows(photo) {
                let named = |bytes| (format!("photo {number}"), bytes);
                all.extend(spellings(&window).into_iter().map(named));
            }
        }
        Self(all)
    }

    #[track_caller]
    fn are_not_in(&self, place: &str, bytes: &[u8]) {
        for (secret, spelling) in &self.0 {
            let found = memchr::memmem::find(bytes, spelling);
            assert!(found.is_none(), "{secret:?} stands in {place} at byte {found:?}");
        }
    }
}

pub(crate) fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// Every file but the key folders and `sandbox.json`.
#[track_caller]
fn search(folder: &Path, needles: &Needles, key: &str) {
    let mut found = Vec::new();
    files(folder, &mut found);
    assert!(found.len() > 3, "nothing to search: {found:?}");
    for path in found {
        let inside = path.strip_prefix(folder).expect("within");
        if inside.starts_with("kms")
            || inside.starts_with("compliance")
            || inside == Path::new("sandbox.json")
        {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap_or_default();
        let place = inside.display().to_string();
        needles.are_not_in(&place, &bytes);
        assert!(memchr::memmem::find(&bytes, key.as_bytes()).is_none(), "the API key stands in {place}");
    }
}

/// Requests that are refused, each full of what must not be told.
async fn refused(sandbox: &Sandbox, customer: &str, photo: &str) {
    let api = sandbox.api();
    let nobody = api.with_key("");
    let secret = format!("{NAME} {EXTERNAL_ID} {REASON} {NIK} {RAW_WORD}");
    let bodies = [
        json!({"customerId": customer, "valid": "yes", "reason": secret, "raw": {"nik": NIK, "a": RAW_WORD}}).to_string(),
        json!({"customerId": secret, "valid": false, "reason": REASON, "raw": [NIK], "photo": secret}).to_string(),
        json!({"customerId": "cus_00000000000000000000000000", "valid": true, "photo": photo, "reason": REASON}).to_string(),
        json!({"customerId": customer, "valid": true, "photo": photo[..photo.len() / 2], "raw": {"a": RAW_WORD}}).to_string(),
        json!({"customerId": customer, "valid": false, "reason": format!("{REASON}\u{0}{NAME}"), NIK: NAME}).to_string(),
        format!(r#"{{"customerId":"{customer}","raw":{{"nik":"{NIK}","name":"{NAME}","word":"{RAW_WORD}"#),
        format!(r#"{{"{NAME}":1,"{NAME}":2,"{RAW_WORD}":3}}"#),
    ];
    for body in bodies {
        assert!(api.post_bytes(VERDICT, &[], body.clone().into_bytes()).await.status >= 400);
        assert!(api.post_bytes("/api/customers", &[], body.clone().into_bytes()).await.status >= 400);
        nobody.post_bytes(VERDICT, &[], body.into_bytes()).await.expect(401);
    }
    let taken = json!({"fullName": NAME, "externalId": EXTERNAL_ID});
    api.post("/api/customers", &[], &taken).await.expect(409);
    let encoded = EXTERNAL_ID.replace('-', "%2D");
    for path in [
        format!("/api/customers?externalId={EXTERNAL_ID}"),
        format!("/api/customers?externalId={encoded}&other={NIK}"),
        format!("/api/identity/attempts?customerId={NIK}&status={RAW_WORD}"),
        format!("/api/identity/kyc/{NIK}"),
        format!("/api/{RAW_WORD}"),
        format!("/api/auth/me?api_key={}", api.key()),
    ] {
        nobody.get(&path).await;
        api.get(&path).await;
    }
    let odd = [("content-type", RAW_WORD), ("idempotency-key", NIK), ("x-unknown", NAME)];
    api.send(Method::POST, VERDICT, &odd, Some(REASON.as_bytes().to_vec())).await.expect(415);
}

#[tokio::test]
async fn nothing_personal_stands_in_clear_in_files_or_words() {
    for level in ["debug", "trace"] {
        let mut sandbox = Sandbox::start_with(Options::environment(&[("RUST_LOG", level)])).await;
        let api = sandbox.api();
        let (enrolled, declined) = (photos::jpeg_with_noise(1, 2_500), photos::jpeg_with_noise(2, 2_500));
        let needles = Needles::new(&[&enrolled, &declined]);
        let body = json!({"fullName": NAME, "externalId": EXTERNAL_ID});
        let customer = text(&api.post("/api/customers", &[], &body).await.expect(201)["id"]).to_owned();
        // Such that it is looked into and contradicts its verdict.
        let record =
            json!({"NIK": "Tidak Sesuai", "NAMA_LGKP": NAME, "ALAMAT": RAW_WORD, "RESPONSE_CODE": NIK});
        let raw = json!({"nik": NIK, "alamat": RAW_WORD, "nama": NAME, "content": [record]});
        let photo = BASE64.encode(&enrolled);
        let body =
            json!({"customerId": customer, "valid": true, "photo": photo, "reason": REASON, "raw": raw});
        let key = [("idempotency-key", "secrecy-1")];
        api.post(VERDICT, &key, &body).await.expect(200);
        api.post(VERDICT, &key, &body).await.expect(200);
        let photo = BASE64.encode(&declined);
        let body = json!({"customerId": customer, "valid": false, "photo": photo, "reason": DECLINED_REASON, "raw": raw});
        api.verdict(&body).await.expect(200);
        api.kyc(&customer).await;
        assert_eq!(api.rows("").await[0]["reason"], DECLINED_REASON);
        refused(&sandbox, &customer, &photo).await;
        let key = sandbox.info().key.clone();

        // While it runs, with what SQLite keeps beside its files; after a kill; after an orderly end.
        search(&sandbox.folder(), &needles, &key);
        sandbox.kill9().await;
        search(&sandbox.folder(), &needles, &key);
        sandbox.restart().await;
        sandbox.api().kyc(&customer).await;
        sandbox.sigterm().await;
        search(&sandbox.folder(), &needles, &key);
        // The search can find: what compliance keeps is there.
        let kept = sandbox.kept(&sandbox.info().org).await;
        assert_eq!(kept.len(), 2);
        let output = sandbox.output();
        assert!(output.contains(&customer) || output.contains(VERDICT), "nothing was said at all");
        // The printed curl shows the key: that is stdout's job, once; the logs never do.
        needles.are_not_in("the program's words", output.as_bytes());
        let logged: Vec<&str> = output.lines().filter(|line| line.starts_with('{')).collect();
        assert!(!logged.is_empty(), "no log lines");
        assert!(!logged.iter().any(|line| line.contains(&key)), "the API key stands in the log");
    }
}

#[test]
fn the_search_finds_a_text_in_every_spelling_and_at_every_alignment() {
    let needles =
        Needles(spellings(NIK.as_bytes()).into_iter().map(|bytes| (NIK.to_owned(), bytes)).collect());
    for before in ["", "a", "ab", "abc"] {
        let text = format!("{before}{NIK}zz");
        for place in [text.clone(), BASE64.encode(text.as_bytes()), HEXLOWER.encode(text.as_bytes())] {
            let hit =
                needles.0.iter().any(|(_, needle)| memchr::memmem::find(place.as_bytes(), needle).is_some());
            assert!(hit, "not found after {before:?}");
        }
    }
}
