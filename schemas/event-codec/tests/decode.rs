//! Which schema a record is read with, and what is refused.

mod samples;

use bytes::Bytes;
use domain::event::Offset;
use domain::limits::RECORD_BYTES_MAX;
use domain::ports::{NewRecord, Topic};
use event_codec::{Codec, DeadLetter, DecodeError, EncodeError, IdsError, SchemaIds, registry, value_sha256};
use samples::{Any, at, meta, samples, source, stored, who};

fn sample(name: &str) -> (Any, NewRecord) {
    let (_, value) = samples().into_iter().find(|(n, _)| *n == name).expect("a sample");
    let record = value.encode(&Codec::committed(), &meta()).expect("fits");
    (value, record)
}

fn set(record: &mut NewRecord, header: &str, value: Option<&[u8]>) {
    record.headers.retain(|(name, _)| name != header);
    if let Some(value) = value {
        record.headers.push((header.to_owned(), Bytes::copy_from_slice(value)));
    }
}

fn decode(topic: Topic, record: &NewRecord) -> Result<Any, DecodeError> {
    Any::decode(&Codec::committed(), topic, &stored(record))
}

#[test]
fn the_fingerprint_decides_whatever_the_id_says() {
    let (value, mut record) = sample("CustomerReleased.v1");
    let mut bytes = record.value.to_vec();
    bytes[1..5].copy_from_slice(&77_777_u32.to_be_bytes());
    record.value = bytes.into();
    assert_eq!(decode(Topic::Events, &record), Ok(value));
}

#[test]
fn a_fingerprint_of_a_later_build_waits() {
    let (_, mut record) = sample("CustomerReleased.v1");
    set(&mut record, "schema-fingerprint", Some(&[9; 32]));
    assert!(matches!(decode(Topic::Events, &record), Err(DecodeError::UnknownSchema { .. })));
}

#[test]
fn without_a_whole_fingerprint_the_id_decides() {
    for fingerprint in [None, Some([9; 31].as_slice()), Some(&[9; 33]), Some(&[])] {
        let (value, mut record) = sample("CustomerReleased.v1");
        set(&mut record, "schema-fingerprint", fingerprint);
        assert_eq!(decode(Topic::Events, &record), Ok(value));
        let mut bytes = record.value.to_vec();
        for id in [0, 999, registry::latest("identity.audit-identity.KeysDestroyed").expect("there").id] {
            bytes[1..5].copy_from_slice(&id.to_be_bytes());
            record.value = bytes.clone().into();
            assert!(matches!(decode(Topic::Events, &record), Err(DecodeError::Malformed(_))), "{id}");
        }
    }
}

#[test]
fn another_topics_record_is_refused() {
    let (_, record) = sample("VerdictEvidence.v1");
    assert!(matches!(decode(Topic::Events, &record), Err(DecodeError::Malformed(_))));
    let (_, record) = sample("DukcapilVerdictReceived.v1");
    assert!(matches!(decode(Topic::Outcomes, &record), Err(DecodeError::Malformed(_))));
}

#[test]
fn what_is_not_a_whole_record_is_refused() {
    for (name, value) in samples() {
        let record = value.encode(&Codec::committed(), &meta()).expect("fits");
        for end in 0..record.value.len() {
            let cut = NewRecord { value: record.value.slice(..end), ..record.clone() };
            let result = decode(value.topic(), &cut);
            assert!(matches!(result, Err(DecodeError::Malformed(_))), "{name} cut at {end}: {result:?}");
        }
        let more = [record.value.as_ref(), &[0]].concat().into();
        let result = decode(value.topic(), &NewRecord { value: more, ..record.clone() });
        assert!(matches!(result, Err(DecodeError::Malformed(_))), "{name}");
        let mut other_magic = record.value.to_vec();
        other_magic[0] = 1;
        let result = decode(value.topic(), &NewRecord { value: other_magic.into(), ..record.clone() });
        assert!(matches!(result, Err(DecodeError::Malformed(_))), "{name}");
        let mut tombstone = stored(&record);
        tombstone.value = None;
        let result = Any::decode(&Codec::committed(), value.topic(), &tombstone);
        assert!(matches!(result, Err(DecodeError::Malformed(_))), "{name}");
    }
}

/// Puts other bytes of the same length where `what` stands in the value.
fn replaced(record: &NewRecord, what: &[u8], with: &[u8]) -> NewRecord {
    assert_eq!(what.len(), with.len());
    let mut value = record.value.to_vec();
    let start = value.windows(what.len()).position(|window| window == what).expect("it stands there");
    value[start..start + what.len()].copy_from_slice(with);
    NewRecord { value: value.into(), ..record.clone() }
}

#[test]
fn a_text_that_is_no_id_is_malformed_and_not_repeated() {
    let (_, record) = sample("CustomerReleased.v1");
    let Err(DecodeError::Malformed(text)) = decode(Topic::Events, &replaced(&record, b"cus_", b"nik_"))
    else {
        panic!("taken");
    };
    assert!(text.contains("customerId") && !text.contains("nik_"), "{text}");
    let result = decode(Topic::Events, &replaced(&record, b"cus_", b"\xff\xff\xff\xff"));
    assert!(matches!(result, Err(DecodeError::Malformed(_))), "{result:?}");
}

#[test]
fn a_new_word_in_a_category_is_a_later_builds() {
    for (name, what, with) in [
        ("VerificationCreated.v1", "nik_dukcapil", "nik_dukcapix"),
        ("VerificationCreated.v1", "verified", "reviewed"),
        ("VerificationCreated.v1", "mismatch", "mosmatch"),
        ("KycUpdated.v1", "standard", "platinum"),
        ("CustomerErased.v1", "profile", "devices"),
        ("VerdictUnapplied.v1", "parked", "waited"),
        ("Org.v3", "aes-256-gcm-siv", "aes-256-gcm-xyz"),
        ("ApiKey.v1", "customers:view", "customers:mark"),
    ] {
        let (value, record) = sample(name);
        let result = decode(value.topic(), &replaced(&record, what.as_bytes(), with.as_bytes()));
        assert!(matches!(result, Err(DecodeError::UnknownSchema { .. })), "{name} {with}: {result:?}");
    }
}

#[test]
fn an_external_registrys_ids_are_written_and_read() {
    let mut ids = SchemaIds::default();
    assert!(matches!(Codec::with_ids(&ids).err(), Some(IdsError::Missing { .. })));
    for entry in registry::entries() {
        ids.insert(entry.subject, entry.version, entry.id + 1000);
    }
    let codec = Codec::with_ids(&ids).expect("complete");
    let (value, record) = sample("CustomerErased.v1");
    let mut external = value.encode(&codec, &meta()).expect("fits");
    assert_eq!(external.value[..5], [0, 0, 0, 3, 0xEB]);
    assert_eq!(external.value[5..], record.value[5..]);
    set(&mut external, "schema-fingerprint", None);
    assert_eq!(Any::decode(&codec, value.topic(), &stored(&external)).as_ref(), Ok(&value));
    assert!(decode(value.topic(), &external).is_err(), "the committed list does not know that id");
    assert_eq!(SchemaIds::parse("[]"), Err(IdsError::Shape));
}

#[test]
fn the_registry_shows_what_is_committed() {
    assert_eq!(registry::subjects().len(), 37);
    assert!(registry::subjects().is_sorted());
    for subject in registry::subjects() {
        let versions = registry::versions(subject);
        assert!(!versions.is_empty() && versions.iter().copied().eq(1..=versions.len() as u32), "{subject}");
        let latest = registry::latest(subject).expect("a version");
        let by_version = registry::schema(subject, versions.len() as u32).expect("a version");
        let by_id = registry::schema_by_id(latest.id).expect("an id");
        assert_eq!(latest.schema.text(), by_version.schema.text());
        assert_eq!(latest.schema.fingerprint(), by_id.schema.fingerprint());
    }
    assert_eq!(registry::versions("identity.orgs-identity.Org"), [1, 2, 3]);
    assert_eq!(registry::subjects_of_id(3).len(), 2, "one schema, two subjects");
    assert!(registry::schema_by_id(0).is_none());
    assert!(registry::versions("identity.events-identity.Nothing").is_empty());
}

#[test]
fn headers_are_the_contracts() {
    let (_, record) = sample("DukcapilVerdictReceived.v1");
    let stored = stored(&record);
    let text = |name| stored.header(name).map(|value| String::from_utf8_lossy(value).into_owned());
    let customer = who();
    assert_eq!(record.key, customer.record_key());
    for (name, value) in [
        ("ce_specversion", "1.0"),
        ("ce_id", "evt_0B1C5GP2RB1C5GP2RB1C5GP2RB"),
        ("ce_source", "/identity/events"),
        ("ce_type", "identity.DukcapilVerdictReceived.v1"),
        ("ce_time", "2026-11-23T04:00:00.007Z"),
        ("ce_subject", customer.customer.as_str()),
        ("content-type", "application/avro"),
        ("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    ] {
        assert_eq!(text(name).as_deref(), Some(value), "{name}");
    }
    let committed = registry::latest("identity.events-identity.DukcapilVerdictReceived").expect("there");
    assert_eq!(stored.header("schema-fingerprint"), Some(committed.schema.fingerprint().as_slice()));
    assert_eq!(record.value[..5], [0, 0, 0, 0, 33]);
    assert_eq!(record.headers.len(), 9);

    let (value, _) = sample("Org.v3");
    let quiet = event_codec::Meta { traceparent: None, ..meta() };
    let org = value.encode(&Codec::committed(), &quiet).expect("fits");
    assert_eq!(org.headers.len(), 8, "no trace, no header");
    assert_eq!(org.key, format!("{}/", customer.org));
    let subject = org.headers.iter().find(|(name, _)| name == "ce_subject").expect("there");
    assert_eq!(subject.1, customer.org.as_str());
}

#[test]
fn what_a_schema_has_no_room_for_is_refused() {
    let (value, _) = sample("VerdictUnapplied.v1");
    let Any::Outcome(domain::outcome::Outcome::VerdictUnapplied(mut outcome)) = value else {
        panic!("another sample");
    };
    outcome.source.offset = Offset(u64::MAX);
    let outcome = domain::outcome::Outcome::VerdictUnapplied(outcome);
    assert_eq!(
        Codec::committed().outcome(&outcome, &meta()),
        Err(EncodeError::DoesNotFit { schema: "identity.VerdictUnapplied" })
    );
}

#[test]
fn a_dead_letter_keeps_within_the_record_limit() {
    let letter = |value: usize, headers: usize| DeadLetter {
        origin: source(1),
        customer_key: who().record_key(),
        cause: "c".into(),
        event_id: None,
        appended_at: at(0),
        value: Some(vec![7; value].into()),
        headers: vec![("h".into(), Bytes::from_static(b"v")); headers],
    };
    let codec = Codec::committed();
    for (value, headers, keeps_value, keeps_headers) in [
        (1000, 3, true, true),
        (RECORD_BYTES_MAX - 100_000, 3, true, true),
        (RECORD_BYTES_MAX - 1000, 3, false, true),
        (1000, 2000, true, false),
        (1000, 400_000, false, false),
    ] {
        let record = codec.dead_letter(&letter(value, headers), &meta()).expect("fits");
        let read = codec.decode_dead_letter(&stored(&record)).expect("readable");
        assert!(stored(&record).size() <= RECORD_BYTES_MAX);
        assert_eq!((read.value.is_some(), !read.headers.is_empty()), (keeps_value, keeps_headers));
    }
    let again = |letter: &DeadLetter| {
        let record = codec.dead_letter(letter, &meta()).expect("fits");
        stored(&record).header("ce_id").map(<[u8]>::to_vec)
    };
    assert_eq!(again(&letter(1, 0)), again(&letter(2, 0)), "one origin, one id");
}

#[test]
fn nothing_that_is_shown_shows_a_payload() {
    let (value, record) = sample("DeadLetter.v1");
    assert!(!format!("{value:?}{record:?}").contains("255"));
    assert_eq!(value_sha256(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
}
