//! Which credentials open a direct endpoint, and for how long.

use axum::http::{Method, StatusCode};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use dormer::auth::direct::{Bearing, KeyClaim};
use dormer::auth::signed::{Claims, Signer};
use dormer::clock::Clock;
use serde_json::{Value, json};

use crate::harness::{M, inside};
use crate::join::cluster;
use crate::region::{Central, Region, Web, until};

/// What the central instance would have signed, with its own key.
struct Forge {
    signer: Signer,
    claims: Claims<Bearing>,
}

impl Forge {
    /// A good token of `user` for the region, of a session of the page.
    async fn new(central: &Central, region: &Region, user: &str) -> Self {
        let signer = dormer::files::signer(&central.data().join("token-key")).unwrap();
        let uid = async |path: String| {
            let object = central.admin.get(&path).await.expect(StatusCode::OK);
            object["metadata"]["uid"].as_str().unwrap().to_owned()
        };
        let kept = std::fs::read(region.folder.path().join("data/agent.json")).unwrap();
        let kept: Value = serde_json::from_slice(&kept).unwrap();
        let now = Clock::system().now_seconds();
        let says = Bearing {
            sub: user.into(),
            uid: uid(format!("{M}/users/{user}")).await,
            jti: "1".into(),
            key: None,
        };
        let claims = Claims {
            iss: kept["instance"].as_str().unwrap().into(),
            aud: uid(cluster(&region.name)).await,
            iat: now,
            exp: now + 600,
            purpose: "direct-cluster-endpoint".into(),
            says,
        };
        Self { signer, claims }
    }

    fn with(&self, change: impl FnOnce(&mut Claims<Bearing>)) -> String {
        let mut claims = self.claims.clone();
        change(&mut claims);
        self.signer.sign(&claims).unwrap()
    }

    /// The same claims under another header, with this signature.
    fn headed(&self, header: &Value, signature: Option<&str>) -> String {
        let good = self.with(|_| {});
        let mut parts = good.split('.');
        let (_, claims, own) = (parts.next(), parts.next().unwrap(), parts.next().unwrap());
        let header = URL_SAFE_NO_PAD.encode(header.to_string());
        format!("{header}.{claims}.{}", signature.unwrap_or(own))
    }
}

async fn is_open(web: &Web, path: &str) -> bool {
    let status = web.status(path).await.unwrap();
    assert!([StatusCode::OK, StatusCode::UNAUTHORIZED].contains(&status), "{status}");
    status == StatusCode::OK
}

#[tokio::test]
async fn t51_a_token_opens_its_own_endpoint_and_nothing_else() {
    let central = Central::start().await;
    let (eu, us) = (central.region("eu").await, central.region("us").await);
    eu.make(&central.admin, "demo").await;
    let path = inside("demo", "/api");
    let token = eu.token(&central.admin).await;
    assert!(is_open(&token, &path).await);
    for web in [&central.admin, &us.web] {
        let elsewhere = web.with(token.token());
        for path in [
            path.as_str(),
            "/kubernetes/cluster/api",
            "/kubernetes/cluster/eu/api",
            "/kubernetes/management/apis/management.loft.sh/v1/clusters",
            "/auth/exec-credential/eu",
        ] {
            for method in [Method::GET, Method::POST] {
                let answer = elsewhere.try_call(method, path, None).await.unwrap();
                let refused =
                    matches!(answer.status.as_u16(), 401 | 404 | 405) && web.port != eu.web.port;
                assert!(refused, "{path}: {}", answer.status);
            }
        }
        assert_eq!(elsewhere.get("/kubernetes/cluster/eu/api").await.status, 401);
    }
}

#[tokio::test]
async fn t51_a_token_that_is_not_right_in_every_part_is_nobody_s() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    eu.make(&central.admin, "demo").await;
    let mia = central.member("mia").await;
    let path = inside("demo", "/api");
    let forge = Forge::new(&central, &eu, "admin").await;
    assert!(is_open(&eu.web.with(&forge.with(|_| {})), &path).await, "the forge works");
    let now = forge.claims.iat;
    let mia_uid = Forge::new(&central, &eu, "mia").await.claims.says.uid;
    let other =
        Forge { signer: Signer::new(Signer::generate().unwrap()).unwrap(), ..forge_of(&forge) };
    let agents = Forge {
        signer: dormer::files::signer(&eu.folder.path().join("data/agent-key")).unwrap(),
        ..forge_of(&forge)
    };
    let gone = KeyClaim { name: "gone".into(), kind: "User".into(), scope: None };
    let good = forge.with(|_| {});
    let mut turned = good.clone().into_bytes();
    let last = turned.len() - 10;
    turned[last] = if turned[last] == b'A' { b'B' } else { b'A' };
    let cells: Vec<(&str, String)> = vec![
        ("no audience", forge.with(|it| it.aud.clear())),
        (
            "another cluster",
            forge.with(|it| it.aud = "6d2c4c0e-0000-4000-8000-000000000000".into()),
        ),
        ("its name", forge.with(|it| it.aud = "eu".into())),
        ("no issuer", forge.with(|it| it.iss.clear())),
        ("another instance", forge.with(|it| it.iss = "another".into())),
        ("another purpose", forge.with(|it| it.purpose = "agent-tunnel".into())),
        ("no purpose", forge.with(|it| it.purpose.clear())),
        ("over", forge.with(|it| (it.iat, it.exp) = (now - 600, now - 1))),
        ("over this second", forge.with(|it| (it.iat, it.exp) = (now - 600, now))),
        ("not yet", forge.with(|it| (it.iat, it.exp) = (now + 120, now + 600))),
        ("too long", forge.with(|it| it.exp = now + 901)),
        ("backwards", forge.with(|it| (it.iat, it.exp) = (now + 20, now + 10))),
        ("nobody", forge.with(|it| it.says.sub = "nobody".into())),
        ("no name", forge.with(|it| it.says.sub.clear())),
        ("another's uid", forge.with(|it| it.says.uid.clone_from(&mia_uid))),
        ("no uid", forge.with(|it| it.says.uid.clear())),
        ("a key that is gone", forge.with(|it| it.says.key = Some(gone))),
        ("another signer", other.with(|_| {})),
        ("the agent's own key", agents.with(|_| {})),
        ("none", forge.headed(&json!({ "alg": "none", "typ": "JWT" }), Some(""))),
        ("none, signed", forge.headed(&json!({ "alg": "none" }), None)),
        ("HS256", forge.headed(&json!({ "alg": "HS256", "typ": "JWT" }), None)),
        ("ES256", forge.headed(&json!({ "alg": "ES256", "typ": "JWT" }), None)),
        ("jku", forge.headed(&json!({ "alg": "EdDSA", "jku": "https://evil.example" }), None)),
        ("kid", forge.headed(&json!({ "alg": "EdDSA", "kid": "../../agent-key" }), None)),
        ("a bit turned", String::from_utf8(turned).unwrap()),
        ("no signature", good.rsplit_once('.').unwrap().0.to_owned()),
        ("empty signature", format!("{}.", good.rsplit_once('.').unwrap().0)),
        ("nothing", "nothing".into()),
        ("the key that opens tunnels", eu.code.clone()),
    ];
    for (what, token) in cells {
        assert!(!is_open(&eu.web.with(&token), &path).await, "{what}");
        assert!(!is_open(&central.admin.with(&token), &path).await, "{what} at the centre");
    }
    assert!(!is_open(&eu.web, &path).await, "no token at all");
    drop(mia);
}

fn forge_of(it: &Forge) -> Forge {
    Forge { signer: it.signer.clone(), claims: it.claims.clone() }
}

#[tokio::test]
async fn t51_t06_a_lock_and_a_deleted_key_end_what_was_made_with_them() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    let mia = central.member("mia").await;
    eu.make(&mia, "demo").await;
    let path = inside("demo", "/api");
    let new = json!({ "metadata": { "name": "ci" }, "spec": { "displayName": "CI" } });
    let made = mia.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    let ci = mia.with(made["spec"]["key"].as_str().unwrap());
    // The key itself is taken too, by the central instance's word; and what is made with it.
    let (plain, by_key) = (eu.web.with(ci.token()), eu.token(&ci).await);
    let session = eu.web.with(&Forge::new(&central, &eu, "mia").await.with(|_| {}));
    for web in [&plain, &by_key, &session] {
        assert!(is_open(web, &path).await);
    }
    mia.delete(&format!("{M}/ownedaccesskeys/ci")).await.expect(StatusCode::OK);
    until("the key's token is refused", async || (!is_open(&by_key, &path).await).then_some(()))
        .await;
    assert!(!is_open(&plain, &path).await, "what was heard of the key is not believed longer");
    assert!(is_open(&session, &path).await, "a session is no key");
    let locked = json!({ "spec": { "disabled": true } });
    central.admin.patch(&format!("{M}/users/mia"), &locked).await.expect(StatusCode::OK);
    until("the session's token is refused", async || {
        (!is_open(&session, &path).await).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_scoped_key_opens_directly_what_it_opens_through_the_centre() {
    let central = Central::start().await;
    let eu = central.region("eu").await;
    let mia = central.member("mia").await;
    eu.make(&mia, "demo").await;
    eu.make(&mia, "other").await;
    let new = json!({ "metadata": { "name": "ci" }, "spec": { "scope": {
        "virtualClusters": [{ "project": "default", "virtualCluster": "demo" }],
    } } });
    let made = mia.post(&format!("{M}/ownedaccesskeys"), &new).await.expect(StatusCode::CREATED);
    let ci = mia.with(made["spec"]["key"].as_str().unwrap());
    for web in [&ci, &eu.web.with(ci.token()), &eu.token(&ci).await] {
        assert_eq!(web.get(&inside("demo", "/api")).await.status, StatusCode::OK);
        assert_eq!(web.get(&inside("other", "/api")).await.status, StatusCode::NOT_FOUND);
    }
}
