//! ConfigMaps and Secrets.

use k8s_openapi::ByteString;
use serde_json::{Value, json};

use super::rules::{Faults, Rules, entries, fill};

/// The most bytes that the values of a ConfigMap or Secret may hold together. Source:
/// `MaxSecretSize` in `k8s.io/api`.
const BYTES_MAX: usize = 1 << 20;

/// The longest key. Source: `IsConfigMapKey` in `k8s.io/apimachinery`.
const KEY_LENGTH_MAX: usize = 253;

const KEY_RULE: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

const IMMUTABLE: &str = "field is immutable when `immutable` is set";

/// The rules of ConfigMaps.
pub const CONFIG_MAP: Rules = Rules {
    check: |it, faults| {
        let keys = entries(&it["data"]).map(|pair| ("data", pair));
        let keys = keys.chain(entries(&it["binaryData"]).map(|pair| ("binaryData", pair)));
        let mut bytes = 0;
        for (field, (key, value)) in keys {
            check_key(field, key, faults);
            bytes += value.as_str().unwrap_or_default().len();
            if field == "binaryData" {
                check_base64(field, key, value, faults);
                if it["data"].get(key).is_some() {
                    faults.duplicate(format!("data[{key}]"), &json!(key));
                }
            }
        }
        if bytes > BYTES_MAX {
            faults.too_long("", BYTES_MAX);
        }
    },
    compare: |old, new, faults| keep_immutable(old, new, &["data", "binaryData"], faults),
    ..Rules::of("", "ConfigMap")
};

/// The rules of Secrets.
pub const SECRET: Rules = Rules {
    fill: |it| {
        fill(it, &[("type", json!("Opaque"))]);
        if let Some(Value::Object(plain)) =
            it.as_object_mut().and_then(|it| it.remove("stringData"))
        {
            for (key, value) in plain {
                let bytes = ByteString(value.as_str().unwrap_or_default().as_bytes().to_vec());
                fill(&mut it["data"], &[]);
                it["data"][key] = json!(bytes);
            }
        }
    },
    check: |it, faults| {
        let mut bytes = 0;
        for (key, value) in entries(&it["data"]) {
            check_key("data", key, faults);
            check_base64("data", key, value, faults);
            // Four characters of base64 are three bytes.
            bytes += value.as_str().unwrap_or_default().len() / 4 * 3;
        }
        if bytes > BYTES_MAX {
            faults.too_long("data", BYTES_MAX);
        }
        check_type(it, faults);
    },
    compare: |old, new, faults| {
        faults.immutable("type", &old["type"], &new["type"]);
        keep_immutable(old, new, &["data"], faults);
    },
    ..Rules::of("", "Secret")
};

/// Some types promise keys.
fn check_type(secret: &Value, faults: &mut Faults) {
    let promised: &[&str] = match secret["type"].as_str().unwrap_or_default() {
        "kubernetes.io/tls" => &["tls.crt", "tls.key"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        "kubernetes.io/service-account-token" => {
            let account = "kubernetes.io/service-account.name";
            if secret["metadata"]["annotations"][account].as_str().is_none_or(str::is_empty) {
                faults.required(format!("metadata.annotations[{account}]"), "");
            }
            &[]
        }
        _ => &[],
    };
    for key in promised {
        if secret["data"].get(*key).is_none() {
            faults.required(format!("data[{key}]"), "");
        }
    }
}

fn check_key(field: &str, key: &str, faults: &mut Faults) {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-_.".contains(&it);
    let place = format!("{field}[{key}]");
    if key.is_empty() || !key.bytes().all(allowed) {
        faults.invalid(place, &json!(key), KEY_RULE);
    } else if key.len() > KEY_LENGTH_MAX {
        faults.invalid(place, &json!(key), "must be no more than 253 characters");
    } else if key == "." || key.starts_with("..") {
        faults.invalid(place, &json!(key), "must not be '.' or start with '..'");
    }
}

fn check_base64(field: &str, key: &str, value: &Value, faults: &mut Faults) {
    if serde_json::from_value::<ByteString>(value.clone()).is_err() {
        // The value itself is no business of a log.
        faults.invalid(format!("{field}[{key}]"), &json!("…"), "illegal base64 data");
    }
}

fn keep_immutable(old: &Value, new: &Value, fields: &[&str], faults: &mut Faults) {
    if old["immutable"] != true {
        return;
    }
    if new["immutable"] != true {
        faults.forbidden("immutable", IMMUTABLE);
    }
    for field in fields {
        if old[field] != new[field] {
            faults.forbidden(*field, IMMUTABLE);
        }
    }
}
