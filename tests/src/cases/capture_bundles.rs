//! What is wrong with a capture's frames, how much a bundle may hold, and what a phone claims in it (sequence §1.3–§1.5).

use domain::ports::Topic;
use serde_json::{Value, json};

use crate::card_captures::{CAPTURE, challenged, decided, grey, is_refused, plain, unlimited};
use crate::client::text;
use crate::evidence;
use crate::harness::ContractHarness;
use crate::patience::until;
use crate::photos::png_of_sides;
use crate::portraits::commented;
use crate::wire::{Wire, post_head};

const MIB: usize = 1024 * 1024;

/// The JPEG, filled up with comments to exactly so many bytes.
fn of_size(jpeg: &[u8], bytes: usize) -> Vec<u8> {
    let mut filled = jpeg.to_vec();
    while filled.len() < bytes {
        // Four bytes of a comment's own; never so many left that no comment fits.
        let missing = bytes - filled.len();
        let step = if missing > 60_000 { 30_000 } else { missing - 4 };
        filled = commented(&filled, &vec![0x5a; step]);
    }
    filled
}

pub async fn frames_that_are_none_are_refused_by_their_place<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let good = plain(&challenge, &customer);
    let flash = good.frames[1].clone();
    let frames = |change: &dyn Fn(&mut Vec<Vec<u8>>)| {
        let mut bundle = good.clone();
        change(&mut bundle.frames);
        bundle.frame_times = Some((0..bundle.frames.len() as u32).collect());
        bundle.sign(&challenge, &customer);
        bundle
    };
    let times = |times: &[u32]| {
        let mut bundle = good.clone();
        bundle.frame_times = Some(times.to_vec());
        bundle.sign(&challenge, &customer);
        bundle
    };
    for (name, bundle, wrong) in [
        ("none", frames(&Vec::clear), vec!["bundle.frames"]),
        (
            "thirteen",
            frames(&|all| all.resize(13, flash.clone())),
            vec!["bundle.frames", "bundle.frameTimes"],
        ),
        ("another size", frames(&|all| all[2] = grey(400, 240, 90)), vec!["bundle.frames[2]"]),
        ("a small still", frames(&|all| all[0] = grey(1_279, 960, 90)), vec!["bundle.frames[0]"]),
        ("a large still", frames(&|all| all[0] = of_size(&all[0], MIB + 1)), vec!["bundle.frames[0]"]),
        ("a large frame", frames(&|all| all[3] = of_size(&flash, 200 * 1024 + 1)), vec!["bundle.frames[3]"]),
        ("no picture", frames(&|all| all[1] = b"no picture".to_vec()), vec!["bundle.frames[1]"]),
        ("nothing", frames(&|all| all[1].clear()), vec!["bundle.frames[1]"]),
        ("a bomb", frames(&|all| all[0] = png_of_sides(65_535, 65_535)), vec!["bundle.frames[0]"]),
        ("a long bomb", frames(&|all| all[0] = png_of_sides(4_096, 4_097)), vec!["bundle.frames[0]"]),
        ("a flash bomb", frames(&|all| all[2] = png_of_sides(60_000, 240)), vec!["bundle.frames[2]"]),
        // Its header is within the limits, and there is next to nothing behind it.
        ("a hollow still", frames(&|all| all[0] = png_of_sides(4_000, 4_000)), vec!["bundle.frames[0]"]),
        ("times back", times(&[0, 500, 400, 600]), vec!["bundle.frameTimes"]),
        ("a time too many", times(&[0, 1, 2, 3, 4]), vec!["bundle.frameTimes"]),
        ("a time too late", times(&[0, 1, 2, 120_001]), vec!["bundle.frameTimes[3]"]),
    ] {
        let answer = api.post(CAPTURE, &[], &bundle.to_json(&customer)).await;
        assert_eq!(answer.status, 400, "{name}: {answer:?}");
        answer.names_fields(&wrong);
    }
    assert_eq!(api.total("").await, 0);
    // All equal, or a still alone: pictures, and no proof of anything.
    let equal = frames(&|all| all[1..].fill(flash.clone()));
    let said = decided(&api, &customer, &equal).await.expect(200);
    assert_ne!(said["verification"]["status"], "verified", "{said}");
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let mut alone = plain(&challenge, &customer);
    alone.frames.truncate(1);
    alone.frame_times = None;
    alone.sign(&challenge, &customer);
    let said = decided(&api, &customer, &alone).await.expect(200);
    assert_ne!(said["verification"]["status"], "verified", "{said}");
}

pub async fn every_limit_at_once_is_recorded_and_a_byte_more_is_a_413<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (org, api) = unlimited(&sandbox).await;
    let set = sandbox.orgs(&["set", &org, "--set", "keepFrames=all"]).await;
    assert_eq!(set.code, Some(0), "{set:?}");
    until("the setting to hold", async || {
        (api.get("/api/auth/me").await.expect(200)["settings"]["keepFrames"] == "all").then_some(())
    })
    .await;
    // Whoever knows a key that was made later knows of the change, too: the instance that is written to.
    let (_, api) = sandbox.key(&org, &[]).await;
    let customer = api.customer("Budi Santoso").await;
    let challenge = challenged(&api, &customer, 10, 300_000).await;
    let mut bundle = plain(&challenge, &customer);
    let together = 28 * MIB / 10;
    bundle.frames.push(bundle.frames[1].clone());
    let flashes = bundle.frames.len() - 1;
    bundle.frames[0] = of_size(&bundle.frames[0], MIB);
    for at in 1..=flashes {
        // What does not divide is the first ones'.
        let rest = together - MIB;
        let bytes = rest / flashes + usize::from(at <= rest % flashes);
        bundle.frames[at] = of_size(&bundle.frames[at], bytes);
    }
    assert_eq!((bundle.frames.len(), bundle.frames.iter().map(Vec::len).sum::<usize>()), (12, together));
    bundle.frame_times = Some((0..12).map(|at| at * 10_000).collect());
    bundle.sdk_version = "v".repeat(64);
    let field = |at: usize| (format!("field{at:02}"), "\u{1f600}".repeat(200));
    bundle.ocr_fields = Some((0..20).map(field).collect());
    bundle.ocr_confidence = Some(100.0);
    bundle.sign(&challenge, &customer);
    let mut body = bundle.to_json(&customer);
    let sample = json!({ "tMs": 119_999, "meanR": 128.123_456, "meanG": 127.123_456, "meanB": 126.123_456 });
    body["bundle"]["flashSamples"] = Value::Array(vec![sample; 256]);
    body["bundle"]["padding"] = Value::String(String::new());
    let frames = body["bundle"]["frames"].to_string().len();
    let rest = body["bundle"].to_string().len() - frames;
    body["bundle"]["padding"] = Value::String("p".repeat(256 * 1024 - rest));
    let answer = until("the colours to have been shown", async || {
        let answer = api.post(CAPTURE, &[("prefer", "wait=30")], &body).await;
        (answer.status != 422 && answer.status != 503).then_some(answer)
    })
    .await;
    assert_eq!(answer.header("x-ignored-fields"), Some("bundle.padding"), "{answer:?}");
    let said = answer.expect(200);
    assert_eq!(said["ktpBundle"]["framesStored"], 12, "{said}");
    // Evidence of all of it is one record that a topic takes.
    let records = evidence::records(&sandbox.config(), Topic::Audit, &org).await;
    let largest = records.iter().filter_map(|record| record.value.as_ref()).map(|value| value.len()).max();
    let largest = largest.expect("a record");
    assert!((together..4 * MIB).contains(&largest), "{largest} bytes");
    body["bundle"]["padding"] = Value::String("p".repeat(256 * 1024 - rest + 1));
    api.post(CAPTURE, &[], &body).await.names_fields(&["bundle"]);

    let mut wire = Wire::open(&sandbox.address()).await;
    let length = (4 * MIB + 1).to_string();
    let headers = [("Content-Type", "application/json"), ("Content-Length", length.as_str())];
    wire.send(post_head(CAPTURE, api.key(), &headers)).await;
    assert_eq!(wire.answer().await.expect("an answer").status, 413);
    assert_eq!(api.total("").await, 1);
}

pub async fn what_the_phone_claims_decides_nothing<H: ContractHarness>() {
    let sandbox = H::start().await;
    let (_, api) = unlimited(&sandbox).await;
    let customer = api.customer("Budi Santoso").await;
    let mut said = Vec::new();
    for claims in [json!({}), json!({ "ocrConfidence": 1, "satisfied": true, "passiveLivenessScores": [1] })]
    {
        let challenge = challenged(&api, &customer, 3, 300_000).await;
        let mut body = plain(&challenge, &customer).to_json(&customer);
        for (name, value) in claims.as_object().expect("claims") {
            body["bundle"][name] = value.clone();
        }
        let answer = api.post(CAPTURE, &[], &body).await;
        if !claims["satisfied"].is_null() {
            let ignored = answer.header("x-ignored-fields").expect("what nobody knows");
            assert!(
                ignored.contains("bundle.satisfied") && ignored.contains("bundle.passiveLivenessScores"),
                "{ignored}"
            );
        }
        let mut answer = answer.expect(200);
        for (one, name) in [("verification", "id"), ("ktpBundle", "id")] {
            answer[one][name] = Value::Null;
        }
        said.push(answer);
    }
    assert_eq!(said[0], said[1]);
    assert_ne!(text(&said[0]["verification"]["status"]), "verified");
    // A key that travels with the message proves nothing.
    let challenge = challenged(&api, &customer, 3, 300_000).await;
    let mut body = plain(&challenge, &customer).to_json(&customer);
    body["hmacKey"] = json!(challenge.hmac_secret);
    body["bundle"]["signature"] = json!("0".repeat(64));
    let refused = api.post(CAPTURE, &[], &body).await;
    is_refused(&refused, 422, "signature_invalid");
}
