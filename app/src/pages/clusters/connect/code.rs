//! The join code: asked for only by a person, kept in memory only.

use dormer_api::ago::{MINUTE, unix};
use dormer_api::cluster::ClusterAccessKey;
use leptos::prelude::*;

use super::JoinCode;
use crate::client::{CallError, Client};
use crate::paths;

/// Makes a code. The one before stops working.
pub async fn make(client: Client, cluster: &str) -> Result<JoinCode, CallError> {
    let key: ClusterAccessKey =
        client.get(&paths::api::part("clusters", cluster, "accesskey")).await?;
    Ok(JoinCode { cluster: cluster.to_owned(), key })
}

/// The code of this cluster, where one was made on this page.
pub fn of(code: RwSignal<Option<JoinCode>>, cluster: &str) -> Option<ClusterAccessKey> {
    code.with(|code| code.as_ref().filter(|it| it.cluster == cluster).map(|it| it.key.clone()))
}

/// How long a code can be used, in seconds. The page's clock may be a little behind.
const LIFE: i64 = 10 * MINUTE;

/// How many seconds the code is good for from now on.
pub fn left(key: &ClusterAccessKey, now: i64) -> i64 {
    unix(&key.expires).map_or(0, |expires| (expires - now).clamp(0, LIFE))
}

/// Seconds as a clock that runs down: `9:05`.
pub fn countdown(seconds: i64) -> String {
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_runs_down_to_nothing_and_no_further() {
        let expires = "1970-01-01T00:10:00Z".to_owned();
        let key = ClusterAccessKey { expires, ..ClusterAccessKey::default() };
        assert_eq!([left(&key, 0), left(&key, 595), left(&key, 700)], [600, 5, 0]);
        assert_eq!([countdown(600), countdown(65), countdown(5)], ["10:00", "1:05", "0:05"]);
        assert_eq!(left(&ClusterAccessKey::default(), 0), 0);
    }
}
