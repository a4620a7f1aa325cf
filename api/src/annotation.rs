//! The annotations that Dormer reads and writes. They are Loft's: CLIs, scripts and people know them.

/// Sleep after so many seconds without use.
pub const SLEEP_AFTER: &str = "sleepmode.loft.sh/sleep-after";
/// Delete after so many seconds without use.
pub const DELETE_AFTER: &str = "sleepmode.loft.sh/delete-after";
/// `true`: sleep now.
pub const FORCE: &str = "sleepmode.loft.sh/force";
/// With [`FORCE`]: no wake on access for so many seconds; `0` is for ever.
pub const FORCE_DURATION: &str = "sleepmode.loft.sh/force-duration";
/// The server's: when it was last used, in Unix seconds.
pub const LAST_ACTIVITY: &str = "sleepmode.loft.sh/last-activity";
/// The server's: who used it last and how, as JSON ([`crate::vcluster::ActivityInfo`]).
pub const LAST_ACTIVITY_INFO: &str = "sleepmode.loft.sh/last-activity-info";
/// The server's: since when it sleeps, in Unix seconds. Absent while it is awake.
pub const SLEEPING_SINCE: &str = "sleepmode.loft.sh/sleeping-since";
/// The server's: why it sleeps ([`crate::vcluster::SleepType`]).
pub const SLEEP_TYPE: &str = "sleepmode.loft.sh/sleep-type";
/// Dormer's own: the user who put it to sleep.
pub const SLEEP_BY: &str = "sleepmode.dormer.dev/forced-by";
/// On an object of the host cluster: it sleeps.
pub const SLEEP_MODE: &str = "loft.sh/sleep-mode";

/// The host name of a cluster's direct endpoint; may carry `https://` and a port.
pub const DIRECT_ENDPOINT: &str = "loft.sh/direct-cluster-endpoint";
/// `true`: do not check the direct endpoint's certificate.
pub const DIRECT_ENDPOINT_INSECURE: &str = "loft.sh/direct-cluster-endpoint-insecure";
/// Base64 of the PEM of the CA of the direct endpoint.
pub const DIRECT_ENDPOINT_CA_DATA: &str = "loft.sh/direct-cluster-endpoint-ca-data";

/// Dormer's own: why the certificate of the direct endpoint is not checked, in an administrator's words.
pub const DIRECT_ENDPOINT_INSECURE_REASON: &str = "dormer.dev/direct-endpoint-insecure-reason";
/// Dormer's own, `true`: prefer the direct endpoint although it was not found well by a check.
pub const DIRECT_ENDPOINT_UNCHECKED: &str = "dormer.dev/direct-endpoint-unchecked";

/// Dormer's own, the server's, `true`: its template was written by somebody who is no administrator, so
/// that it is for clusters only that run no charts.
pub const OWN_TEMPLATE: &str = "dormer.dev/own-template";

/// `true`: refuse to delete the object.
pub const NON_DELETABLE: &str = "loft.sh/non-deletable";
