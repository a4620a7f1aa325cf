use super::*;

const NOW: i64 = 1_800_000_000;

#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
struct Says {
    sub: String,
}

fn signer() -> Signer {
    Signer::new(Signer::generate().unwrap()).unwrap()
}

fn claims() -> Claims<Says> {
    Claims {
        iss: "central".into(),
        aud: "eu".into(),
        iat: NOW,
        exp: NOW + 900,
        purpose: "direct".into(),
        says: Says { sub: "anna".into() },
    }
}

fn read(token: &str, key: &PublicKey, now: i64) -> Option<Claims<Says>> {
    verify(token, key, ("central", "eu", "direct"), now)
}

#[test]
fn t51_a_token_is_read_back_where_and_while_it_is_good() {
    let signer = signer();
    let token = signer.sign(&claims()).unwrap();
    assert_eq!(read(&token, signer.public(), NOW + 899).unwrap().says.sub, "anna");
    assert!(read(&token, signer.public(), NOW + 900).is_none());
    assert!(read(&token, signer.public(), NOW - SKEW - 1).is_none());
}

#[test]
fn t51_a_token_of_another_key_audience_issuer_or_purpose_is_none() {
    let (ours, theirs) = (signer(), signer());
    let good = ours.sign(&claims()).unwrap();
    assert!(read(&good, theirs.public(), NOW).is_none());
    for change in [
        |it: &mut Claims<Says>| it.aud = "us".into(),
        |it: &mut Claims<Says>| it.iss = "another".into(),
        |it: &mut Claims<Says>| it.purpose = "agent".into(),
        |it: &mut Claims<Says>| it.exp = it.iat,
    ] {
        let mut claims = claims();
        change(&mut claims);
        assert!(read(&ours.sign(&claims).unwrap(), ours.public(), NOW).is_none(), "{claims:?}");
    }
}

#[test]
fn t51_no_other_algorithm_and_no_changed_part_is_taken() {
    let signer = signer();
    let good = signer.sign(&claims()).unwrap();
    let parts: Vec<&str> = good.split('.').collect();
    let header = |text: &str| URL_SAFE_NO_PAD.encode(text);
    for head in [
        r#"{"alg":"none"}"#,
        r#"{"alg":"HS256"}"#,
        r#"{"alg":"ES256"}"#,
        r#"{"alg":"EdDSA","jku":"https://evil.example/keys"}"#,
        r#"{"alg":"EdDSA","kid":"another"}"#,
        "{}",
    ] {
        let token = format!("{}.{}.{}", header(head), parts[1], parts[2]);
        assert!(read(&token, signer.public(), NOW).is_none(), "{head}");
        let unsigned = format!("{}.{}.", header(head), parts[1]);
        assert!(read(&unsigned, signer.public(), NOW).is_none(), "{head}");
    }
    for at in 0..good.len() {
        let mut bytes = good.clone().into_bytes();
        bytes[at] = if bytes[at] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(bytes).unwrap();
        // The last letter of base64 carries bits that nobody reads.
        let same = read(&changed, signer.public(), NOW).is_some();
        assert!(!same || at == good.len() - 1, "byte {at}");
    }
    for text in ["", ".", "..", "a.b.c", "vck_0000"] {
        assert!(read(text, signer.public(), NOW).is_none(), "{text}");
    }
}
