use super::*;
use crate::clock::Clock;
use crate::store::Store;

fn sanitized(token: &str) -> Sanitized {
    Sanitized::from_taken(Taken {
        server: "https://eu-1.example.com".into(),
        tls_server_name: Some("kubernetes".into()),
        ca: "-----BEGIN CERTIFICATE-----\n".into(),
        credential: Credential::Token(token.into()),
    })
}

async fn with_one(vault: &Vault) -> (tempfile::TempDir, Store) {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open(folder.path(), Clock::system()).unwrap();
    put(&store, vault, "eu-1", "uid-1", "very-secret").await;
    (folder, store)
}

async fn put(store: &Store, vault: &Vault, cluster: &str, uid: &str, token: &str) {
    let (vault, cluster, uid) = (vault.clone(), cluster.to_owned(), uid.to_owned());
    let it = sanitized(token);
    store.write::<_, Error>(move |tx| vault.put(tx, &cluster, &uid, &it)).await.unwrap();
}

async fn get(
    store: &Store,
    vault: &Vault,
    cluster: &'static str,
    uid: &'static str,
) -> Result<Option<Sanitized>> {
    let vault = vault.clone();
    store.read(move |snapshot| vault.get(snapshot, cluster, uid)).await
}

#[tokio::test]
async fn what_went_in_comes_out_until_it_is_forgotten() {
    let vault = Vault::new([7; 32]);
    let (_folder, store) = with_one(&vault).await;
    assert!(get(&store, &vault, "eu-1", "uid-1").await.unwrap() == Some(sanitized("very-secret")));

    put(&store, &vault, "eu-1", "uid-1", "newer").await;
    assert!(get(&store, &vault, "eu-1", "uid-1").await.unwrap() == Some(sanitized("newer")));

    let forgetful = vault.clone();
    store.write::<_, Error>(move |tx| forgetful.remove(tx, "eu-1")).await.unwrap();
    assert!(get(&store, &vault, "eu-1", "uid-1").await.unwrap().is_none());
}

#[tokio::test]
async fn a_client_certificate_comes_out_as_it_went_in() {
    let vault = Vault::new([7; 32]);
    let (_folder, store) = with_one(&vault).await;
    let credential = Credential::Certificate { certificate: "c".into(), key: "k".into() };
    let it = Sanitized::from_taken(Taken {
        server: "https://eu-1.example.com".into(),
        tls_server_name: None,
        ca: "ca".into(),
        credential,
    });
    let (putting, kept) = (vault.clone(), it.clone());
    store.write::<_, Error>(move |tx| putting.put(tx, "eu-2", "uid-2", &kept)).await.unwrap();
    assert!(get(&store, &vault, "eu-2", "uid-2").await.unwrap() == Some(it));
}

#[tokio::test]
async fn it_opens_for_no_other_cluster_and_no_later_bearer_of_the_name() {
    let vault = Vault::new([7; 32]);
    let (_folder, store) = with_one(&vault).await;
    assert!(get(&store, &vault, "eu-1", "uid-2").await.is_err());
    let moved = store.read::<_, Error>(|it| Ok(it.sealed("eu-1")?)).await.unwrap().unwrap();
    store.write::<_, Error>(move |tx| Ok(tx.set_sealed("eu-2", &moved)?)).await.unwrap();
    assert!(get(&store, &vault, "eu-2", "uid-1").await.is_err());
}

#[tokio::test]
async fn a_changed_bit_and_another_key_are_told() {
    let vault = Vault::new([7; 32]);
    let (_folder, store) = with_one(&vault).await;
    let told = get(&store, &Vault::new([8; 32]), "eu-1", "uid-1").await.err().unwrap();
    let Error::Internal(source) = told else { panic!("{told}") };
    assert!(source.to_string().contains("was sealed with the key"), "{source}");

    let mut sealed = store.read::<_, Error>(|it| Ok(it.sealed("eu-1")?)).await.unwrap().unwrap();
    sealed.sealed[3] ^= 1;
    store.write::<_, Error>(move |tx| Ok(tx.set_sealed("eu-1", &sealed)?)).await.unwrap();
    assert!(get(&store, &vault, "eu-1", "uid-1").await.is_err());
}

#[tokio::test]
async fn no_secret_is_in_any_file_of_the_store_and_no_two_look_alike() {
    let vault = Vault::new([7; 32]);
    let (folder, store) = with_one(&vault).await;
    put(&store, &vault, "eu-2", "uid-1", "very-secret").await;
    let both = store
        .read::<_, Error>(|it| Ok((it.sealed("eu-1")?.unwrap(), it.sealed("eu-2")?.unwrap())))
        .await
        .unwrap();
    assert!(both.0.nonce != both.1.nonce && both.0.sealed != both.1.sealed);
    for file in std::fs::read_dir(folder.path()).unwrap() {
        let content = std::fs::read(file.unwrap().path()).unwrap();
        for secret in [b"very-secret".as_slice(), b"BEGIN CERTIFICATE"] {
            assert!(!content.windows(secret.len()).any(|it| it == secret));
        }
    }
}
