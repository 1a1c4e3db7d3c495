//! Challenges under an org's key, fixed for as long as one may be answered: answers that were computed by other code
//! (Python's `hmac`, `hashlib` and `base64`) after `docs/decisions/0027-challenges.md`. The id secret is all 0x11.

use domain::capture::{ChallengePrf as _, ChallengePurpose, FlashChallenge};
use domain::ids::OrgId;
use domain::time::Timestamp;

use super::customer;
use crate::OrgIds;

const NONCE: &str = "BwcHBwcHBwcHBwcHBwcHBwGiBo-KewBaBQHiZXT13hczE8-sVbcxRE4y";

#[test]
fn a_challenge_is_what_other_code_makes_of_it() {
    let ids = OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[0x11; 32]);
    let customer = customer(1, 2);
    let challenge = FlashChallenge {
        id_bytes: [7; 16],
        issued_at: Timestamp::from_millis(1_795_406_400_123),
        ttl_s: 90,
        steps: 5,
        purpose: ChallengePurpose::Ktp,
    };
    assert_eq!(challenge.nonce(ids.challenges(), &customer), NONCE);
    let flashes = challenge.flashes(ids.challenges(), &customer);
    let colors: Vec<&str> = flashes.colors.iter().map(|color| color.as_str()).collect();
    assert_eq!(colors, ["#00FFFF", "#FF00FF", "#00FF00", "#FF0000", "#000000"]);
    assert_eq!(flashes.hold_ms, [400, 450, 500, 650, 450]);
    let secret = challenge.hmac_secret(ids.challenges(), &customer);
    assert_eq!(secret.as_str(), "qe_whsec_FPMEHN3NOGH5AKHESWHN3PBXEO6KWLDH");

    let read =
        |ids: &OrgIds| FlashChallenge::of_nonce(NONCE, ids.challenges(), &customer, ChallengePurpose::Ktp);
    assert_eq!(read(&ids), Some(challenge));
    assert_eq!(read(&OrgIds::from_secret(OrgId::from_bytes([1; 16]), &[0x12; 32])), None);
    // RFC 4231, test case 2.
    let (text, key) = ("what do ya want for nothing?", "Jefe");
    let signature = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    let is_signed = |text: &str, signature: &str| ids.challenges().is_signed(text, key, signature);
    assert!(is_signed(text, signature));
    for (text, signature) in
        [("another", signature), (text, &signature.to_uppercase()), (text, &signature[2..]), (text, "")]
    {
        assert!(!is_signed(text, signature), "{text} {signature}");
    }
    assert!(!format!("{:?} {ids:?}", ids.challenges()).contains("17"), "the secret is shown nowhere");
}
