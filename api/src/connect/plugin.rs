//! Who somebody is at a direct endpoint: a credential plugin of `sh` and `curl`, so that nothing of
//! ours has to be installed.
//!
//! The access key goes to the central instance and nowhere else. What the cluster sees is a token
//! that is good there alone, for a quarter of an hour; the last one stays in a file, so that it goes
//! on working while the central instance is away.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Request;
use super::line::{home_path, quote};

/// Where tokens, keys and authorities are kept, in the home folder.
pub(super) const FOLDER: &str = ".kube/dormer";
/// The version of the plugins' protocol that `kubectl` is spoken to in.
pub(super) const PROTOCOL: &str = "client.authentication.k8s.io/v1";
/// A token that is older is replaced, in minutes.
const REPLACE_AFTER: u32 = 5;
/// A token that is older has expired, in minutes.
const EXPIRED_AFTER: u32 = 15;
/// How long the central instance may take, in seconds. `kubectl` waits for it.
const TIME_LIMIT: u32 = 5;
/// How long the way to it may take, in seconds: where it is away, each command waits for that.
const CONNECT_LIMIT: u32 = 2;

/// Where the plugin takes its secrets from.
pub(super) enum Secrets<'a> {
    /// From files that the lines before it wrote: `NAME.header` and, with `own_ca`, `NAME.ca`.
    Files {
        /// The central instance's certificate comes from an authority of its own.
        own_ca: bool,
    },
    /// From its environment: `DORMER_ACCESS_KEY` and, where it is not empty, `DORMER_CA`.
    Environment {
        /// The PEM of the authority of the central instance.
        ca: &'a str,
    },
}

/// The program of the plugin, for `sh -c`. What it keeps is in files whose names begin with `name`.
pub(super) fn script(request: &Request, name: &str, secrets: &Secrets) -> String {
    let token = home_path(FOLDER, &format!("{name}.token"));
    let ca = home_path(FOLDER, &format!("{name}.ca"));
    let url = quote(&token_url(request));
    let (prepare, from, header, own_ca) = match secrets {
        Secrets::Files { own_ca } => {
            let header = home_path(FOLDER, &format!("{name}.header"));
            (String::new(), "", format!("@{header}"), *own_ca)
        }
        Secrets::Environment { ca: pem } => (
            format!("mkdir -p ~/{FOLDER}; {}", if pem.is_empty() { "" } else { KEEP_CA }),
            "printf 'Authorization: Bearer %s' \"$DORMER_ACCESS_KEY\" | ",
            "@-".to_owned(),
            !pem.is_empty(),
        ),
    };
    let trust = if own_ca { " --cacert \"$c\"" } else { "" };
    let c = if own_ca { format!("c={ca}; ") } else { String::new() };
    // A file beside the token, named for the process, and `mv`: two at once never see half of one.
    format!(
        "umask 077; t={token}; {c}n=\"$t.$$\"; {prepare}\
         if [ -z \"$(find \"$t\" -mmin -{REPLACE_AFTER} 2>/dev/null)\" ]; then \
         e=$({from}curl -fsS -X POST --connect-timeout {CONNECT_LIMIT} --max-time {TIME_LIMIT}{trust} \
         -H {header} -o \"$n\" {url} 2>&1) && grep -q ExecCredential \"$n\" && mv -f \"$n\" \"$t\"; \
         rm -f \"$n\"; fi; \
         if [ -n \"$(find \"$t\" -mmin -{EXPIRED_AFTER} 2>/dev/null)\" ]; then cat \"$t\"; \
         else echo \"No token for the cluster: ${{e:-the central instance answered something else}}\" >&2; \
         exit 1; fi"
    )
}

/// Writes the authority to the file that `curl` wants it in.
const KEEP_CA: &str = "printf %s \"$DORMER_CA\" > \"$n\" && mv -f \"$n\" \"$c\"; ";

/// Where the token comes from: the central instance, and no other.
fn token_url(request: &Request) -> String {
    format!("{}/auth/exec-credential/{}", request.instance.url, request.cluster)
}

/// The PEM of the central instance's own authority; empty where every machine trusts it.
pub(super) fn authority(request: &Request) -> String {
    let pem = STANDARD.decode(&request.instance.ca_data).ok();
    pem.and_then(|it| String::from_utf8(it).ok()).unwrap_or_default()
}

/// A name for files that no other user of the same cluster on the same machine has: two keys must not
/// share a token.
///
/// Source: FNV-1a with 64 bits. It tells nothing of a key of 256 bits.
pub(super) fn own_name(request: &Request, key: &str) -> String {
    let parts = [key, &request.instance.url, request.cluster, &request.instance.ca_data];
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in parts.join("\n").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
    }
    format!("{}-{hash:016x}", request.context())
}
