//! Bodies as released builds wrote them, which every later build must read for ever. A format that is added gets a
//! line here; a line is never changed.
#![allow(missing_docs, reason = "a test has no readers but its own")]

use bytes::Bytes;
use domain::capture::{ChallengeEntry, ChallengePurpose, RecentChallenges};
use domain::ids::ChallengeId;
use domain::nik::{HeldNik, HeldNiks, NikTag};
use domain::rows::*;
use domain::sealed::Sealed;
use domain::time::Timestamp;
use row_codec::RowBody;
use testkit::samples::Samples;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pair = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
    digits.chunks(2).map(|one| pair(one).expect("hexadecimal digits")).collect()
}

fn is_read<R: RowBody + PartialEq + std::fmt::Debug>(released: &str, key: R::Key, row: R) {
    let released = bytes(released);
    assert_eq!(R::read_body(key, &released).as_ref(), Ok(&row));
    // The lowest format that holds the row is the one it is written in.
    assert_eq!(row.body(), released, "{row:?}");
}

/// A line that had the model of an enrolment's vector, which is kept elsewhere by now: it is read without, and written
/// again as that build wrote a row without one.
fn is_read_without_its_model<R: RowBody + PartialEq + std::fmt::Debug>(
    released: &str,
    (model, no_model): (&str, &str),
    key: R::Key,
    row: R,
) {
    let released: String = released.chars().filter(char::is_ascii_hexdigit).collect();
    assert_eq!(R::read_body(key, &bytes(&released)).as_ref(), Ok(&row));
    assert_eq!(released.matches(model).count(), 1);
    assert_eq!(row.body(), bytes(&released.replace(model, no_model)), "{row:?}");
}

/// There is one, of 9 bytes.
const MODEL: &str = "0100000009612d6d6f64656c2f31";

fn sealed() -> Option<Sealed> {
    Some(Sealed::from_envelope(Bytes::from_static(b"\x00sealed\xff")))
}

#[test]
fn verifications() {
    let s = Samples::new(1);
    let least = s.verification(&s.customer(0), 1);
    let key = (s.org(0), least.id.clone());
    is_read(
        "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f35524538413641\
         52585a525058344752463945435048514a574d2407a30f3bef0ac1a5b490db8c64abf8000000000000000000000001000000\
         0c6e696b5f64756b636170696c000000066661696c6564000000fe01f440beecadefc5cd898c3bdb713da236025c31c9ee3e\
         f2f2c6f8a00a1bd0000000000000046e6f6e650000000000046e6f6e650000000001a20694393f",
        key,
        least,
    );
    let most = VerificationRow { reason: sealed(), ..s.verification(&s.customer(0), 2) };
    let key = (s.org(0), most.id.clone());
    is_read_without_its_model(
        "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f35425044305141\
         3857543236444a565a483841423144464631482407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002000000\
         0c6e696b5f64756b636170696c00000008766572696669656401000000640100000008007365616c6564ff01000000086d69\
         736d61746368113a5f89fe10b80901f1978a20c43e379d407779fd85c21dddf7be92efa5888f010000001d66655f36475a5a\
         334847394d4e59545144324b345944413137343753380100000009612d6d6f64656c2f31010000001e6b74655f3637473751\
         3258524d31395738474b5a5a4e3937434659573144000000046e6f6e650000000000087374616e6461726401000001a20694\
         3d2701000001a95e456927000001a206943d27",
        (MODEL, "00"),
        key,
        most,
    );
}

#[test]
fn enrolments_and_tier_events() {
    let s = Samples::new(1);
    let customer = s.customer(0);
    is_read_without_its_model(
        "010000001e7665725f35573448385a4e59354a354a5138364e4639565a3853505458580000001e6576745f35425044305141\
         3857543236444a565a483841423144464631482407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002000000\
         0864756b636170696c0100000009612d6d6f64656c2f3100000001a206943d27",
        // And whether there was none, which was false.
        (&format!("{MODEL}00"), "0001"),
        (customer.clone(), s.enrolment_id(2)),
        s.enrolment(&customer, 2),
    );
    is_read(
        "010000001e6b74655f36374737513258524d31395738474b5a5a4e39374346595731442407a30f3bef0ac1a5b490db8c64ab\
         f8000000000000000000000002000000046e6f6e65000000087374616e64617264000000206175746f6d61746963206f6e20\
         6e696b5f64756b636170696c20766572696679000001a206943d27",
        customer.clone(),
        s.tier_event(&customer, 2),
    );
}

#[test]
fn notes() {
    let s = Samples::new(1);
    let customer = s.customer(0);
    let bare = [
        (Disposition::Applied, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000000000010000"),
        (Disposition::Duplicate, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000010000020000"),
        (Disposition::Conflict, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000020000030000"),
        (Disposition::Refused, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000030000040000"),
        (Disposition::DeadLettered, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000040000050000"),
        (Disposition::Parked, "012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000050000060000"),
    ];
    for ((disposition, released), n) in bare.into_iter().zip(0..) {
        let note = EventNote {
            event_id: None,
            verification_id: None,
            body_fingerprint: None,
            cause: None,
            ..s.note(&customer, n, disposition)
        };
        is_read(released, customer.clone(), note);
    }
    let entries = [
        BookEntry::Applied,
        BookEntry::Duplicate,
        BookEntry::Conflict,
        BookEntry::Refused,
        BookEntry::DeadLettered,
        BookEntry::Parked,
    ];
    let entries = entries.into_iter().zip(0..).map(|(entry, n)| (s.source(0, n), entry)).collect();
    is_read(
        "012407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002010000001e6576745f354250443051413857543236\
         444a565a48384142314446463148010000001e7665725f35573448385a4e59354a354a5138364e4639565a38535054585807\
         000000062407a30f3bef0ac1a5b490db8c64abf8000000000000000000000000012407a30f3bef0ac1a5b490db8c64abf800\
         0000000000000000000001022407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002032407a30f3bef0ac1a5\
         b490db8c64abf8000000000000000000000003042407a30f3bef0ac1a5b490db8c64abf80000000000000000000000040524\
         07a30f3bef0ac1a5b490db8c64abf80000000000000000000000050601113a5f89fe10b80901f1978a20c43e379d407779fd\
         85c21dddf7be92efa5888f010000000e736368656d615f756e6b6e6f776e",
        customer.clone(),
        s.note(&customer, 2, Disposition::Released(entries)),
    );
}

#[test]
fn states() {
    let s = Samples::new(1);
    let mut state = CustomerState { recheck: None, ..s.state(&s.customer(0), 2) };
    let bare = CustomerState { registration: None, quarantine: None, ..state.clone() };
    state.registration =
        state.registration.map(|of| Registration { full_name: sealed(), external_id: sealed(), ..of });
    is_read(
        "01000000002407a30f3bef0ac1a5b490db8c64abf8000000010000000000000002010000001e6576745f36315752375a3758\
         565441384132563246325a4d33355a5139572407a30f3bef0ac1a5b490db8c64abf800000000000000000000000001000000\
         08007365616c6564ff0100000008007365616c6564ffec90d19c4a475d1443cee338cdeac677e174a897941bc48ca15f7057\
         b5046b47000001a206943557020c000000077072656d69756d01000001a206943d2701000001a95e456927000001a206943d\
         27012407a30f3bef0ac1a5b490db8c64abf80000000000000000000000020000000e736368656d615f756e6b6e6f776e0000\
         000000000003",
        s.customer(0),
        state,
    );
    is_read(
        "01000000002407a30f3bef0ac1a5b490db8c64abf800000001000000000000000200020c000000077072656d69756d010000\
         01a206943d2701000001a95e456927000001a206943d2700",
        s.customer(0),
        bare.clone(),
    );
    // Format 2: challenges.
    let entry = |n, purpose, ms, is_void| ChallengeEntry {
        id: ChallengeId::from_bytes([n; 16]),
        purpose,
        issued_at: Timestamp::from_millis(ms),
        is_void,
    };
    let challenges = RecentChallenges::from_entries(vec![
        entry(1, ChallengePurpose::Ktp, 1_795_406_706_007, false),
        entry(2, ChallengePurpose::Face, 1_795_406_707_007, true),
    ]);
    is_read(
        "02000000002407a30f3bef0ac1a5b490db8c64abf800000001000000000000000200020c000000077072656d69756d010000\
         01a206943d2701000001a95e456927000001a206943d2700000000020000001d66635f303130343047323038313034304732\
         303831303430473230383101000001a206943557000000001d66635f30323038313034304732303831303430473230383130\
         3430473202000001a20694393f01",
        s.customer(0),
        CustomerState { challenges, ..bare },
    );
}

#[test]
fn counts_and_positions() {
    let s = Samples::new(1);
    let tally = s.tally(2);
    is_read("012407a30f3bef0ac1a5b490db8c64abf8000000010000000000000002", (tally.key.clone(), 2), tally);
    let books = s.books(2);
    is_read(
        "01000000000000001b0000000000000002000000000000000300000000000000040000000000000005000000000000000600\
         000000000000072407a30f3bef0ac1a5b490db8c64abf8000000010000000000000002",
        books.key.clone(),
        books,
    );
    let (whole, held) = (s.position(1), s.position(6));
    assert!(whole.held.is_empty() && held.held.len() == 2);
    is_read(
        "010000000000000002010000001e6576745f3552453841364152585a525058344752463945435048514a574d",
        (whole.topic_id, whole.partition),
        whole,
    );
    // Format 2: orgs that wait.
    is_read(
        "020000000000000007010000001e6576745f36423638305746544638324e5752334643543651564231414853000000020000\
         001e6f72675f304739583359414a4e3835474a4a545434434450514732384a4600000000000000060000001e6f72675f3257\
         39444d474258375736344e593236515046565331444332300000000000000005",
        (held.topic_id, held.partition),
        held,
    );
}

/// Format 4 of a verification and format 3 of a state: NIKs.
#[test]
fn niks() {
    let s = Samples::new(1);
    let row = s.nik_checked(&s.customer(0), 2);
    is_read(
        "040000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f354250443051\
         413857543236444a565a483841423144464631482407a30f3bef0ac1a5b490db8c64abf800000000000000000000000200\
         00000a6e696b5f666f726d617400000008766572696669656401000000640000113a5f89fe10b80901f1978a20c43e379d\
         407779fd85c21dddf7be92efa5888f0000010000001e6b74655f36374737513258524d31395738474b5a5a4e3937434659\
         573144000000046e6f6e650000000000087374616e6461726401000001a206943d2701000001a95e456927000001a20694\
         3d270000000100000000056b6e6f776e000000056b6e6f776e00000007756e6b6e6f776e010101010000000a616e206564\
         6974696f6e",
        (s.org(0), row.id.clone()),
        row,
    );
    let held = HeldNik { tag: NikTag([7; 32]), verification: s.verification_id(2) };
    let bare =
        CustomerState { registration: None, quarantine: None, recheck: None, ..s.state(&s.customer(0), 2) };
    let state = CustomerState { niks: HeldNiks::from_entries(vec![held]), ..bare };
    is_read(
        "03000000002407a30f3bef0ac1a5b490db8c64abf800000001000000000000000200020c000000077072656d69756d0100\
         0001a206943d2701000001a95e456927000001a206943d2700000000000000000107070707070707070707070707070707\
         070707070707070707070707070707070000001e7665725f35573448385a4e59354a354a5138364e4639565a3853505458\
         58",
        s.customer(0),
        state,
    );
}

/// What declared failures leave behind.
#[test]
fn rechecks() {
    let s = Samples::new(1);
    let customer = s.customer(0);
    let recheck = s.recheck(&customer, 2);
    is_read(
        "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a375900000006636c6f7365640000000868\
         7474705f357878000001a206943d27000001a20694410f000000000000000901000001a2069464370100000005636c6f7365\
         010000001e7665725f35573448385a4e59354a354a5138364e4639565a38535054585801\
         0000001e6576745f354250443051413857543236444a565a4838414231444646314801113a5f89fe10b80901f1978a20c43e\
         379d407779fd85c21dddf7be92efa5888f0000000a6d6f7665645f61776179\
         0000001e6b65795f3030303030303030303030303030303030303030303030303041000001a2069464372407a30f3bef0ac1\
         a5b490db8c64abf8000000000000000000000002",
        (s.org(0), recheck.id.clone()),
        recheck,
    );
    let fallback = s.fallback(&customer, 2);
    is_read(
        "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f35425044305141\
         3857543236444a565a483841423144464631482407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002000000\
         08687474705f35787801000001f7000001a20694410f000000030100007530010000001d72635f3656475441383130514331\
         475830595a4141574d4a463143344a01010000001e7665725f35573448385a4e59354a354a5138364e4639565a3853505458\
         58113a5f89fe10b80901f1978a20c43e379d407779fd85c21dddf7be92efa5888f000001a206943d27",
        (s.org(0), fallback.id.clone()),
        fallback,
    );
    let closure = RecheckClosureRow { note: sealed(), ..s.closure(&customer, 2, 3) };
    is_read(
        "010000001e6375735f305636364a514d3759425a345939344b59423631324a305a37590000001e6576745f32595238315648\
         3436303253443550374252594e5632444d324e2407a30f3bef0ac1a5b490db8c64abf8000000000000000000000003000000\
         0a6d6f7665645f617761790100000008007365616c6564ff0000001e6b65795f303030303030303030303030303030303030\
         303030303030304101743a50ceb99c4aee9c15c7fda208ae918d2c56a1557e8a19ab33221386a1ee5c000001a20694410f",
        (s.org(0), closure.recheck.clone()),
        closure,
    );
    // A note's format 4: a declared failure and a recheck.
    let note = EventNote {
        fallback_id: Some(s.fallback_id(2)),
        recheck: Some(s.recheck_id(2)),
        ..s.note(&customer, 2, Disposition::Parked)
    };
    is_read(
        "042407a30f3bef0ac1a5b490db8c64abf8000000000000000000000002010000001e6576745f354250443051413857543236\
         444a565a48384142314446463148010000001e7665725f35573448385a4e59354a354a5138364e4639565a38535054585806\
         01113a5f89fe10b80901f1978a20c43e379d407779fd85c21dddf7be92efa5888f010000000e736368656d615f756e6b6e6f\
         776e0000010000001d66625f304a4632314e46305143574a52324b4652434d45383251305738010000001d72635f36564754\
         41383130514331475830595a4141574d4a463143344a",
        customer,
        note,
    );
}
