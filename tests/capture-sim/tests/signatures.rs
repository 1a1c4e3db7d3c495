//! The test vectors of docs/capture-signing, which every language's example is held to, hold for this crate too.

use capture_sim::{CaptureBundle, FlashChallenge};
use serde::Deserialize;

const VECTORS: &str = include_str!("../../../docs/capture-signing/vectors.json");

#[derive(Deserialize)]
struct VectorFile {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vector {
    name: String,
    purpose: String,
    customer_id: String,
    hmac_secret: String,
    bundle: CaptureBundle,
    signed_text: Vec<String>,
    signature: String,
}

#[test]
fn every_vector_is_signed_as_it_says() {
    let VectorFile { vectors } = serde_json::from_str(VECTORS).expect("vectors");
    assert!(vectors.len() >= 8, "{}", vectors.len());
    for Vector { name, purpose, customer_id, hmac_secret, mut bundle, signed_text, signature } in vectors {
        let text = bundle.signed_text(&purpose, &customer_id);
        assert_eq!(text.split('\n').collect::<Vec<_>>(), signed_text, "{name}");
        let challenge = FlashChallenge {
            id: String::new(),
            purpose,
            nonce: bundle.nonce.clone(),
            colors: Vec::new(),
            hold_ms: Vec::new(),
            expires_at: String::new(),
            hmac_secret,
        };
        bundle.sign(&challenge, &customer_id);
        assert_eq!(bundle.signature, Some(signature), "{name}");
    }
}
