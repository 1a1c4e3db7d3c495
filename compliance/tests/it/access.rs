//! Lists of looks.

use bytes::Bytes;
use compliance::ReadError;
use compliance::access::{AccessFilter, AccessList, ActSignatures};
use domain::event::{
    ActKind, AuditRecord, ComplianceAct, PersonalDataPage, PersonalDataRead, PersonalDataViewed,
    SignerSetChanged,
};
use domain::ids::{ApiKeyId, CustomerId, CustomerRef, EventId};
use domain::ports::{NewRecord, Topic};
use domain::sealed::Field;
use domain::signers::{SignedSignerSet, Signer, SignerName, SignerSet};
use domain::staff::{StaffRole, StaffUserName};
use domain::time::Timestamp;
use serde_json::{Value, json};

use crate::world::{World, fresh, org};

const MINUTE: i64 = 1_795_406_400_000;

fn key(number: u8) -> ApiKeyId {
    ApiKeyId::from_bytes([number; 16])
}

async fn read(world: &World, by: u8, minute: i64, customers: &[&CustomerId]) {
    let record = PersonalDataRead {
        event_id: EventId::from_bytes(fresh()),
        org: org(1),
        key: key(by),
        minute: Timestamp::from_millis(minute),
        customers: customers.iter().map(|&id| id.clone()).collect(),
    };
    world.audit(&AuditRecord::PersonalDataRead(record)).await;
}

async fn view(world: &World, by: &str, at: i64, customer: &CustomerRef) {
    let record = PersonalDataViewed {
        event_id: EventId::from_bytes(fresh()),
        customer: customer.clone(),
        staff_user: StaffUserName::parse(by).expect("a user name"),
        staff_role: StaffRole::Analyst,
        page: PersonalDataPage::Customer,
        fields: vec![Field::FullName, Field::Reason],
        request_id: "req-7".to_owned(),
        viewed_at: Timestamp::from_millis(at),
    };
    world.audit(&AuditRecord::PersonalDataViewed(record)).await;
}

/// Signatures that are right but of acts by "mallory".
struct NotOfMallory;

impl ActSignatures for NotOfMallory {
    async fn is_signed(&mut self, act: &ComplianceAct) -> Result<bool, ReadError> {
        Ok(act.signer.as_str() != "mallory")
    }

    async fn is_in_force(&mut self, set: &SignerSet) -> Result<bool, ReadError> {
        Ok(set.version() == 1)
    }
}

async fn list(world: &World, filter: AccessFilter) -> (Vec<Value>, bool) {
    let ports = world.ports();
    let all = AccessList::open(&ports, filter).await.expect("it opens");
    let mut lines = Vec::new();
    let is_sound = all
        .run(&mut NotOfMallory, &(), |line| {
            lines.push(serde_json::to_value(line).expect("a line is JSON"));
            Ok(())
        })
        .await;
    (lines, is_sound.expect("the log answers"))
}

#[tokio::test]
async fn a_read_is_a_line_for_each_customer_and_filters_choose() {
    let world = World::new(2);
    let (one, other) = (world.customer(&org(1)).await, world.customer(&org(1)).await);
    world.evidence(&one, &EventId::from_bytes([1; 16])).await;
    read(&world, 1, MINUTE, &[&one.customer, &other.customer]).await;
    read(&world, 2, MINUTE, &[&one.customer]).await;
    read(&world, 1, MINUTE + 60_000, &[&other.customer]).await;
    let at = |ms| Some(Timestamp::from_millis(MINUTE + ms));
    for (filter, count) in [
        (AccessFilter::default(), 4),
        (AccessFilter { customer: Some(one.clone()), ..AccessFilter::default() }, 2),
        (AccessFilter { key: Some(key(1)), ..AccessFilter::default() }, 3),
        (AccessFilter { org: Some(org(2)), ..AccessFilter::default() }, 0),
        (AccessFilter { actor: Some("rina".to_owned()), ..AccessFilter::default() }, 0),
        (AccessFilter { from: at(30_000), ..AccessFilter::default() }, 4),
        (AccessFilter { from: at(60_000), ..AccessFilter::default() }, 1),
        (AccessFilter { to: at(60_000), ..AccessFilter::default() }, 3),
        (AccessFilter { to: at(0), ..AccessFilter::default() }, 0),
    ] {
        let (lines, is_sound) = list(&world, filter.clone()).await;
        assert_eq!((lines.len(), is_sound), (count, true), "{filter:?}");
    }
    let (lines, _) = list(&world, AccessFilter { key: Some(key(2)), ..AccessFilter::default() }).await;
    assert_eq!(lines[0]["kind"], "api_read");
    assert_eq!(lines[0]["at"], Timestamp::from_millis(MINUTE).rfc3339());
    assert_eq!(
        (&lines[0]["customerId"], &lines[0]["keyId"]),
        (&one.customer.as_str().into(), &key(2).as_str().into())
    );
}

#[tokio::test]
async fn a_view_in_the_console_is_a_line_with_who_where_and_what() {
    let world = World::new(2);
    let (one, other) = (world.customer(&org(1)).await, world.customer(&org(2)).await);
    view(&world, "rina", MINUTE + 10, &one).await;
    read(&world, 1, MINUTE, &[&one.customer]).await;
    view(&world, "budi", MINUTE + 20, &one).await;
    view(&world, "rina", MINUTE + 30, &other).await;
    let at = |ms| Some(Timestamp::from_millis(MINUTE + ms));
    for (filter, kinds) in [
        (AccessFilter::default(), vec!["console_view", "api_read", "console_view", "console_view"]),
        (
            AccessFilter { customer: Some(one.clone()), ..AccessFilter::default() },
            vec!["console_view", "api_read", "console_view"],
        ),
        (AccessFilter { org: Some(org(2)), ..AccessFilter::default() }, vec!["console_view"]),
        (AccessFilter { actor: Some("rina".to_owned()), ..AccessFilter::default() }, vec!["console_view"; 2]),
        (AccessFilter { key: Some(key(1)), ..AccessFilter::default() }, vec!["api_read"]),
        (
            AccessFilter { from: at(20), to: at(30), ..AccessFilter::default() },
            vec!["api_read", "console_view"],
        ),
    ] {
        let (lines, is_sound) = list(&world, filter.clone()).await;
        let found: Vec<&str> = lines.iter().filter_map(|line| line["kind"].as_str()).collect();
        assert_eq!((found, is_sound), (kinds, true), "{filter:?}");
    }
    let (lines, _) =
        list(&world, AccessFilter { customer: Some(other.clone()), ..AccessFilter::default() }).await;
    let line = &lines[0];
    assert_eq!(line["at"], Timestamp::from_millis(MINUTE + 30).rfc3339());
    assert_eq!(
        (&line["orgId"], &line["customerId"]),
        (&json!(org(2).as_str()), &json!(other.customer.as_str()))
    );
    assert_eq!((&line["actor"], &line["role"]), (&json!("rina"), &json!("analyst")));
    assert_eq!((&line["page"], &line["fields"]), (&json!("customer"), &json!(["full_name", "reason"])));
    assert_eq!((&line["requestId"], line["recordId"].is_string()), (&json!("req-7"), true));
}

#[tokio::test]
async fn a_record_that_cannot_be_read_is_told() {
    let world = World::new(1);
    let customer = world.customer(&org(1)).await;
    let record = NewRecord {
        key: Bytes::from(format!("{}/", org(1))),
        headers: Vec::new(),
        value: Bytes::from_static(b"\x01noise"),
    };
    world.append(Topic::Audit, record).await;
    read(&world, 1, MINUTE, &[&customer.customer]).await;
    let (lines, is_sound) = list(&world, AccessFilter::default()).await;
    assert_eq!((lines.len(), is_sound), (2, false));
    assert_eq!(lines[0]["error"], "not_decodable");
}

#[tokio::test]
async fn an_act_of_a_signer_is_a_line_also_when_it_was_refused() {
    let world = World::new(2);
    let (customer, other) = (world.customer(&org(1)).await, world.customer(&org(2)).await);
    let act = |kind: ActKind, signer: &str, refusal: Option<&str>| {
        AuditRecord::ComplianceAct(ComplianceAct {
            event_id: EventId::from_bytes(fresh()),
            org: org(1),
            customer: (kind == ActKind::UnsealOpen).then(|| customer.clone()),
            kind,
            request: "uns_1".to_owned(),
            signer: SignerName::parse(signer).expect("a name"),
            text: String::new(),
            signature: [0; 64],
            refusal: refusal.map(str::to_owned),
            acted_at: Timestamp::from_millis(MINUTE),
        })
    };
    world.audit(&act(ActKind::UnsealOpen, "siti", None)).await;
    world.audit(&act(ActKind::UnsealOpen, "budi", Some("expired"))).await;
    world.audit(&act(ActKind::ReplayReveal, "rina", None)).await;
    world.audit(&act(ActKind::Drill, "rina", None)).await;
    for (filter, count) in [
        (AccessFilter::default(), 4),
        // Whoever was shown the facts of the whole org was shown this customer's.
        (AccessFilter { customer: Some(customer.clone()), ..AccessFilter::default() }, 3),
        (AccessFilter { customer: Some(other), ..AccessFilter::default() }, 0),
        (AccessFilter { actor: Some("siti".to_owned()), ..AccessFilter::default() }, 1),
        (AccessFilter { key: Some(key(1)), ..AccessFilter::default() }, 0),
        (AccessFilter { to: Some(Timestamp::from_millis(MINUTE)), ..AccessFilter::default() }, 0),
    ] {
        let (lines, is_sound) = list(&world, filter.clone()).await;
        assert_eq!((lines.len(), is_sound), (count, true), "{filter:?}");
    }
    let budi = AccessFilter { actor: Some("budi".to_owned()), ..AccessFilter::default() };
    let (lines, _) = list(&world, budi).await;
    assert_eq!((&lines[0]["kind"], &lines[0]["act"]), (&"signer_act".into(), &"unseal.open".into()));
    assert_eq!((&lines[0]["refusal"], &lines[0]["requestId"]), (&"expired".into(), &"uns_1".into()));
    // What nobody signed is shown as what it says, and as an error.
    world.audit(&act(ActKind::UnsealApprove, "mallory", None)).await;
    let (lines, is_sound) = list(&world, AccessFilter::default()).await;
    let errors: Vec<_> = lines.iter().filter(|line| !line["error"].is_null()).collect();
    assert_eq!((lines.len(), errors.len(), is_sound), (5, 1, false));
    assert_eq!((&errors[0]["actor"], &errors[0]["error"]), (&"mallory".into(), &"not_signed".into()));
}

#[tokio::test]
async fn a_change_of_signers_is_a_line_of_whoever_signed_it() {
    let world = World::new(2);
    let customer = world.customer(&org(1)).await;
    let signers = [1, 2].map(|number| Signer {
        name: SignerName::parse(&format!("signer-{number}")).expect("a name"),
        x25519: [number; 32],
        ed25519: [number + 4; 32],
    });
    for (version, previous) in [(1, None), (2, Some([7; 32]))] {
        let set = SignerSet::new(org(1), version, previous, 2, signers.to_vec()).expect("a set");
        let record = SignerSetChanged {
            event_id: EventId::from_bytes(fresh()),
            set: SignedSignerSet { set, signatures: Vec::new() },
            changed_at: Timestamp::from_millis(MINUTE),
        };
        world.audit(&AuditRecord::SignerSetChanged(record)).await;
    }
    let (lines, is_sound) = list(&world, AccessFilter::default()).await;
    assert_eq!((lines.len(), is_sound), (2, false), "the second is in no chain");
    let of = |version: u32| lines.iter().find(|line| line["version"] == version).expect("its line");
    assert_eq!((&of(1)["kind"], &of(1)["error"]), (&"signers_changed".into(), &Value::Null));
    assert_eq!(of(1)["signers"], json!(["signer-1", "signer-2"]));
    assert_eq!(of(2)["error"], "not_in_force");
    for filter in [
        AccessFilter { customer: Some(customer), ..AccessFilter::default() },
        AccessFilter { actor: Some("signer-1".to_owned()), ..AccessFilter::default() },
    ] {
        assert_eq!(list(&world, filter).await.0.len(), 0, "nobody signed the first");
    }
}
