//! Raw answers and what exactly is noticed in them.

use domain::raw_answer::{RawReading, RawShape};
use domain::verdict::RawDocument;

use super::read;

/// What a verdict with that raw answer comes to.
fn reading(valid: bool, raw: Option<&str>, reason: Option<&str>) -> RawReading {
    let raw = raw.map(|raw| RawDocument::parse(raw).unwrap_or_else(|error| panic!("{error}: {raw:.80}")));
    RawReading::of(valid, &read(raw.as_ref()), reason)
}

fn signals(valid: bool, raw: &str) -> String {
    reading(valid, Some(raw), None).signals.join(", ")
}

/// An answer with that record in it.
fn with(record: &str) -> String {
    format!(r#"{{"content":[{{{record}}}],"lastPage":true,"totalElements":1,"quotaLimiter":991}}"#)
}

const ALL_AGREE: &str = r#""NIK":"Sesuai","NAMA_LGKP":"Sesuai (100)","TGL_LHR":"Sesuai","JENIS_KLMIN":"Sesuai","TMPT_LHR":"Sesuai (95)","ALAMAT":"Sesuai (90)""#;

#[test]
fn given_a_record_of_a_valid_verdict_then_these_codes() {
    let table: &[(&str, &str)] = &[
        (ALL_AGREE, ""),
        (r#""NIK":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""NAMA_LGKP":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""TGL_LHR":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""JENIS_KLMIN":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""TMPT_LHR":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""nik":"tidak sesuai""#, "valid_but_mismatch"),
        (r#""NIK":"TIDAK SESUAI""#, "valid_but_mismatch"),
        (r#""NIK":"\u0054idak Sesuai""#, "valid_but_mismatch"),
        (r#""ALAMAT":"Tidak Sesuai""#, "valid_but_mismatch_minor"),
        (r#""ALAMAT":"Tidak Sesuai (12)","STATUS_KAWIN":"Tidak Sesuai""#, "valid_but_mismatch_minor"),
        (r#""ALAMAT":"Tidak Sesuai","NIK":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""NAMA_LGKP_IBU":"Tidak Sesuai (40)""#, "valid_but_mismatch_minor"),
        (r#""NAMA_LGKP":"Sesuai (80)""#, ""),
        (r#""NAMA_LGKP":"Sesuai (79)""#, "valid_but_low_score"),
        (r#""NAMA_LGKP":"sesuai (0)""#, "valid_but_low_score"),
        (r#""NAMA_LGKP":"Tidak Sesuai (45)""#, "valid_but_mismatch, valid_but_low_score"),
        (r#""TMPT_LHR":"Sesuai (45)""#, ""),
        (r#""NAMA_LGKP":"Sesuai (1000)""#, ""),
        (r#""NAMA_LGKP":79"#, ""),
        (r#""NIK":"Tidak Sesuai ""#, ""),
        (r#""NIK":"Tidak  Sesuai""#, ""),
        (r#""NIK":["Tidak Sesuai"]"#, ""),
        (r#""NIK":{"hasil":"Tidak Sesuai"}"#, ""),
        (r#""NIK":false,"NAMA_LGKP":null"#, ""),
        (r#""RESPONSE_CODE":"11","RESPON":"Data Ditemukan, Meninggal Dunia""#, "valid_but_deceased"),
        (r#""RESPONSE_CODE":11"#, "valid_but_deceased"),
        (r#""RESPONSE_CODE":"12""#, "valid_but_duplicate"),
        (r#""RESPONSE_CODE":12"#, "valid_but_duplicate"),
        (r#""RESPONSE_CODE":"13""#, "valid_but_not_found"),
        (r#""RESPONSE_CODE":13"#, "valid_but_not_found"),
        (r#""RESPONSE_CODE":"14""#, "valid_but_inactive"),
        (r#""RESPONSE_CODE":14"#, "valid_but_inactive"),
        (r#""RESPONSE_CODE":"15""#, "valid_but_bad_format"),
        (r#""RESPONSE_CODE":15"#, "valid_but_bad_format"),
        (r#""RESPONSE_CODE":" 13 ""#, "valid_but_not_found"),
        (r#""RESPONSE_CODE":"10""#, ""),
        (r#""RESPONSE_CODE":13.0"#, ""),
        (r#""RESPONSE_CODE":-13"#, ""),
        (r#""RESPONSE_CODE":1e400"#, ""),
        (r#""RESPONSE_CODE":[13]"#, ""),
        (r#""RESPONSE_CODE":"13","NIK":"Tidak Sesuai""#, "valid_but_mismatch, valid_but_not_found"),
        (r#""RESPON":"Data Tidak Ditemukan""#, "valid_but_not_found"),
        (r#""RESPON":"Data Ditemukan, Data Ganda""#, "valid_but_duplicate"),
        (r#""RESPON":"Data Ditemukan""#, ""),
        (r#""RESPON":"Login gagal""#, "not_a_verdict"),
        (r#""RESPON":"LOGIN GAGAL""#, "not_a_verdict"),
        (r#""RESPON":"Kuota Akses Hari ini telah Habis""#, "not_a_verdict"),
        (r#""RESPON":"IP Client  Tidak terdaftar""#, "not_a_verdict"),
        (r#""RESPON":"User ID Tidak Aktif""#, "not_a_verdict"),
        (r#""ALAMAT":"Jl. Login Gagal Indah""#, "not_a_verdict"),
        (r#""ALAMAT":"Timeout Road 12""#, ""),
        // Of a name that stands twice the last counts, as it does for most readers.
        (r#""NIK":"Tidak Sesuai","NIK":"Sesuai""#, ""),
        (r#""NIK":"Sesuai","NIK":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""NIK":"Tidak Sesuai","NIK":null"#, ""),
        (r#""NIK":"Tidak Sesuai","\u004eIK":"Sesuai""#, ""),
        (r#""RESPONSE_CODE":11,"RESPONSE_CODE":"13""#, "valid_but_not_found"),
        // Half of a surrogate pair is no text, and costs nothing but itself.
        (r#""ALAMAT":"\ud800","NIK":"Tidak Sesuai""#, "valid_but_mismatch"),
        (r#""\ud800":1,"NIK":"Tidak Sesuai""#, "valid_but_mismatch"),
    ];
    for (record, wanted) in table {
        assert_eq!(signals(true, &with(record)), *wanted, "{record}");
    }
}

#[test]
fn given_a_record_of_a_declined_verdict_then_these_codes() {
    let table: &[(&str, &str)] = &[
        (ALL_AGREE, "invalid_but_match"),
        (r#""NIK":"SESUAI""#, "invalid_but_match"),
        (r#""NIK":"Sesuai","ALAMAT":"Tidak Sesuai""#, ""),
        (r#""NIK":"Tidak Sesuai""#, ""),
        (r#""RESPONSE_CODE":"11""#, ""),
        (r#""RESPON":"Data Tidak Ditemukan""#, ""),
        (r#""RESPON":"Login Gagal""#, "not_a_verdict"),
        (r#""RESPON":"kuota akses habis""#, "not_a_verdict"),
        ("", ""),
    ];
    for (record, wanted) in table {
        assert_eq!(signals(false, &with(record)), *wanted, "{record}");
    }
}

#[test]
fn given_an_answer_of_any_form_then_its_shape_and_codes() {
    let record_of = |keys: usize| {
        let keys: Vec<String> = (1..keys).map(|n| format!(r#""K{n}":"Sesuai""#)).collect();
        with(&format!(r#"{},"NIK":"Tidak Sesuai""#, keys.join(",")))
    };
    let deep = |levels: usize| format!(r#"{{"a":{}1{}}}"#, "[".repeat(levels - 1), "]".repeat(levels - 1));
    let padded = |bytes: usize| {
        let rest = r#"{"content":[{"NIK":"Tidak Sesuai"}],"x":""}"#;
        rest.replace(r#""x":"""#, &format!(r#""x":"{}""#, "y".repeat(bytes - rest.len())))
    };
    let table: Vec<(String, RawShape, &str)> = vec![
        (with(ALL_AGREE), RawShape::Elements, ""),
        (with(r#""RESPONSE_CODE":13"#), RawShape::Message, "valid_but_not_found"),
        (with(r#""NIK":3171230101900001,"NAMA_LGKP":"CONTOH""#), RawShape::Record, ""),
        ("{}".into(), RawShape::Other, ""),
        (r#"{"content":[]}"#.into(), RawShape::Other, ""),
        (r#"{"content":null}"#.into(), RawShape::Other, ""),
        (r#"{"content":"Login gagal"}"#.into(), RawShape::Other, "not_a_verdict"),
        (r#"{"content":[["NIK","Tidak Sesuai"]]}"#.into(), RawShape::Other, ""),
        (r#"{"content":{"NIK":"Tidak Sesuai"}}"#.into(), RawShape::Elements, "valid_but_mismatch"),
        (r#"{"NIK":"Tidak Sesuai"}"#.into(), RawShape::Elements, "valid_but_mismatch"),
        (r#"{"content":[{"NIK":"Sesuai"},{"NIK":"Tidak Sesuai"}]}"#.into(), RawShape::Elements, ""),
        (
            r#"{"content":[{"NIK":"Sesuai"}],"content":[{"NIK":"Tidak Sesuai"}]}"#.into(),
            RawShape::Elements,
            "valid_but_mismatch",
        ),
        (r#"{"message":"Read timed out"}"#.into(), RawShape::Other, "not_a_verdict"),
        (r#"{"error":{"errorMessage":"Login gagal"}}"#.into(), RawShape::Other, "not_a_verdict"),
        (r#"{"RESPON":"Login gagal"}"#.into(), RawShape::Message, "not_a_verdict"),
        (
            r#" { "content" : [ { "NIK" : "Tidak Sesuai" } ] } "#.into(),
            RawShape::Elements,
            "valid_but_mismatch",
        ),
        (record_of(200), RawShape::Elements, "valid_but_mismatch"),
        (record_of(201), RawShape::Unreadable, "raw_unreadable"),
        (deep(4), RawShape::Other, ""),
        (deep(5), RawShape::Unreadable, "raw_unreadable"),
        (deep(128), RawShape::Unreadable, "raw_unreadable"),
        (padded(64 * 1024), RawShape::Elements, "valid_but_mismatch"),
        (padded(64 * 1024 + 1), RawShape::Unreadable, "raw_unreadable"),
        (padded(1536 * 1024), RawShape::Unreadable, "raw_unreadable"),
    ];
    for (raw, shape, wanted) in table {
        let found = reading(true, Some(&raw), None);
        assert_eq!((found.shape, found.signals.join(", ").as_str()), (Some(shape), wanted), "{raw:.80}");
    }
}

#[test]
fn a_picture_in_it_is_noticed_wherever_it_stands() {
    let jpeg = |bytes: usize| format!("/9j/{}", "A".repeat(bytes / 3 * 4 - 4));
    for (raw, wanted) in [
        (format!(r#"{{"foto":"{}"}}"#, jpeg(10_242)), "photo_in_raw"),
        (format!(r#"{{"foto":"{}"}}"#, jpeg(10_239)), ""),
        (format!(r#"{{"content":[{{"FOTO":"{}"}}]}}"#, jpeg(12_000)), "photo_in_raw"),
        (format!(r#"{{"a":{{"b":["{}"]}}}}"#, jpeg(12_000)), "photo_in_raw"),
        (format!(r#"{{"foto":"{}"}}"#, jpeg(12_000).replace('/', "\\/")), "photo_in_raw"),
        (format!(r#"{{"foto":"data:image/png;base64,{}"}}"#, "A".repeat(16_000)), "photo_in_raw"),
        (format!(r#"{{"foto":"iVBORw0KGgo{}"}}"#, "A".repeat(16_000)), "photo_in_raw"),
        (format!(r#"{{"teks":"{}"}}"#, "A".repeat(16_000)), ""),
        (format!(r#"{{"foto":"{}"}}"#, jpeg(60_000)), "raw_unreadable"),
    ] {
        for valid in [true, false] {
            assert_eq!(signals(valid, &raw), wanted, "{raw:.60}");
        }
    }
}

#[test]
fn what_the_reason_says_and_that_there_is_no_answer() {
    for (valid, raw, reason, wanted) in [
        (true, None, None, "raw_missing"),
        (true, None, Some("Login gagal"), "raw_missing, not_a_verdict"),
        (false, None, None, ""),
        (false, None, Some("NIK tidak ditemukan"), ""),
        (false, None, Some("Login gagal"), "not_a_verdict"),
        (false, None, Some("Kuota akses hari ini telah habis"), "not_a_verdict"),
        (false, None, Some("kuota habis"), ""),
        (false, Some("{}"), Some("connection timed out"), "not_a_verdict"),
        (false, Some(r#"{"RESPON":"Login gagal"}"#), Some("Login gagal"), "not_a_verdict"),
    ] {
        assert_eq!(reading(valid, raw, reason).signals.join(", "), wanted, "{valid} {raw:?} {reason:?}");
    }
}

#[test]
fn the_counter_is_read_as_a_number_or_a_text() {
    for (counter, wanted) in [
        ("991", Some(991)),
        ("\"991\"", Some(991)),
        ("0", Some(0)),
        ("-1", None),
        ("99999999999", None),
        ("9.5", None),
        ("[991]", None),
        ("null", None),
        ("991,\"quotaLimiter\":5", Some(5)),
    ] {
        let raw = format!(r#"{{"content":[],"quotaLimiter":{counter}}}"#);
        let found = reading(true, Some(&raw), None);
        assert_eq!((found.quota_counter, found.classifier), (wanted, 1), "{counter}");
    }
}
