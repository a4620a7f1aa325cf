use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const KEY: &str = "vck_0123456789abcdefghij";

fn instance(ca_data: &str) -> Instance {
    let url = "https://hub.example.com:9898".to_owned();
    Instance { version: "0.1.0".into(), url, ca_data: ca_data.into() }
}

fn request<'a>(instance: &'a Instance, key: Option<&'a str>) -> Request<'a> {
    let (project, vcluster, cluster) = ("web", "calm-otter", "eu-1");
    let (endpoint, route) = (None, Route::Central);
    Request { instance, project, vcluster, cluster, endpoint, route, key }
}

fn text(lines: &[Line]) -> String {
    lines.iter().map(|line| line.text() + "\n").collect()
}

fn endpoint(pairs: &[(&str, &str)]) -> Option<Endpoint> {
    let annotations: BTreeMap<_, _> =
        pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect();
    Endpoint::of(&ObjectMeta { annotations, ..ObjectMeta::default() })
}

#[test]
fn kubectl_needs_no_other_tool_and_gets_no_secret_as_an_argument() {
    let instance = instance("Q0E=");
    insta::assert_snapshot!(text(&kubectl(&request(&instance, Some(KEY)))), @r#"
    export DORMER_ACCESS_KEY='vck_0123456789abcdefghij'
    (umask 077 && mkdir -p ~/.kube/dormer && printf %s "$DORMER_ACCESS_KEY" > ~/.kube/dormer/loft-vcluster_calm-otter_web)
    kubectl config unset users.loft-vcluster_calm-otter_web && kubectl config unset clusters.loft-vcluster_calm-otter_web
    kubectl config set-cluster loft-vcluster_calm-otter_web --server=https://hub.example.com:9898/kubernetes/project/web/virtualcluster/calm-otter
    kubectl config set clusters.loft-vcluster_calm-otter_web.certificate-authority-data 'Q0E='
    kubectl config set users.loft-vcluster_calm-otter_web.tokenFile "$HOME/.kube/dormer/loft-vcluster_calm-otter_web"
    kubectl config set-context loft-vcluster_calm-otter_web --cluster=loft-vcluster_calm-otter_web --user=loft-vcluster_calm-otter_web
    kubectl config use-context loft-vcluster_calm-otter_web
    kubectl get ns
    "#);
}

#[test]
fn the_direct_route_leaves_the_key_with_the_central_instance() {
    let instance = instance("Q0EKQ0E=");
    let endpoint = Endpoint { url: "https://eu-1.example.com".into(), ..Endpoint::default() };
    let endpoint = Endpoint { insecure: true, ..endpoint };
    let request = Request {
        endpoint: Some(&endpoint),
        route: Route::Direct,
        ..request(&instance, Some(KEY))
    };
    let mut lines = kubectl(&request);
    // What its program does is held in a real shell.
    let plugin = lines.remove(5).text();
    let words = shlex::split(&plugin).unwrap();
    assert_eq!(words[..3], ["kubectl", "config", "set-credentials"]);
    assert!(!plugin.contains(KEY) && !plugin.contains("eu-1.example.com"));
    insta::assert_snapshot!(text(&lines), @r#"
    export DORMER_ACCESS_KEY='vck_0123456789abcdefghij'
    (umask 077 && mkdir -p ~/.kube/dormer && rm -f ~/.kube/dormer/loft-vcluster_calm-otter_web.token && printf 'Authorization: Bearer %s\n' "$DORMER_ACCESS_KEY" > ~/.kube/dormer/loft-vcluster_calm-otter_web.header)
    (umask 077 && printf %b "CA\\nCA" > ~/.kube/dormer/loft-vcluster_calm-otter_web.ca)
    kubectl config unset users.loft-vcluster_calm-otter_web && kubectl config unset clusters.loft-vcluster_calm-otter_web
    kubectl config set-cluster loft-vcluster_calm-otter_web --server=https://eu-1.example.com/kubernetes/project/web/virtualcluster/calm-otter --insecure-skip-tls-verify=true
    kubectl config set-context loft-vcluster_calm-otter_web --cluster=loft-vcluster_calm-otter_web --user=loft-vcluster_calm-otter_web
    kubectl config use-context loft-vcluster_calm-otter_web
    kubectl get ns
    "#);
}

#[test]
fn a_host_cluster_is_reached_by_its_name_and_at_its_own_endpoint_without_one() {
    let (instance, endpoint) =
        (instance(""), endpoint(&[(annotation::DIRECT_ENDPOINT, "eu-1.example.com")]));
    let central = Request { project: "", vcluster: "", ..request(&instance, Some(KEY)) };
    assert_eq!(central.context(), "loft_eu-1");
    assert_eq!(central.server().url, "https://hub.example.com:9898/kubernetes/cluster/eu-1");
    let direct = Request { endpoint: endpoint.as_ref(), route: Route::Direct, ..central };
    assert_eq!(direct.server().url, "https://eu-1.example.com/kubernetes/cluster");
    assert!(text(&loft_cli(&central)).contains("loft use cluster eu-1\n"));
    assert!(text(&vcluster_cli(&central)).contains("vcluster platform connect cluster eu-1\n"));
}

#[test]
fn a_certificate_that_every_machine_trusts_needs_no_line() {
    let lines = text(&kubectl(&request(&instance(""), Some(KEY))));
    assert!(!lines.contains("certificate-authority-data"));
}

#[test]
fn without_a_key_the_shell_asks_for_it() {
    let lines = kubectl(&request(&instance(""), None));
    assert_eq!(lines[0].text(), "read -rs DORMER_ACCESS_KEY");
    assert!(!lines.iter().any(Line::has_secret));
}

#[test]
fn the_clis_get_the_insecure_flag_only_for_a_private_certificate() {
    insta::assert_snapshot!(text(&vcluster_cli(&request(&instance("Q0E="), Some(KEY)))), @r"
    vcluster platform login https://hub.example.com:9898 --access-key vck_0123456789abcdefghij --insecure
    vcluster platform connect vcluster calm-otter --project web
    kubectl get ns
    ");
    insta::assert_snapshot!(text(&loft_cli(&request(&instance(""), None))), @r"
    loft login https://hub.example.com:9898
    loft login https://hub.example.com:9898 --access-key vck_…
    loft use vcluster calm-otter --project web
    kubectl get ns
    ");
}

#[test]
fn a_direct_endpoint_is_read_as_the_loft_cli_reads_it() {
    assert_eq!(endpoint(&[]), None);
    let plain = endpoint(&[(annotation::DIRECT_ENDPOINT, "eu-1.example.com/")]).unwrap();
    assert_eq!(plain.url, "https://eu-1.example.com");
    let both = endpoint(&[
        (annotation::DIRECT_ENDPOINT, "https://eu-1.example.com:8443"),
        (annotation::DIRECT_ENDPOINT_INSECURE, "true"),
        (annotation::DIRECT_ENDPOINT_CA_DATA, "Q0E="),
    ])
    .unwrap();
    assert_eq!(both.url, "https://eu-1.example.com:8443");
    assert!(both.insecure && both.ca_data.is_empty(), "a client refuses both at once");
}

#[test]
fn the_direct_route_leads_to_the_endpoint_and_the_central_one_past_it() {
    let (instance, endpoint) = (
        instance("Q0E="),
        Endpoint {
            url: "https://eu-1.example.com".into(),
            insecure: false,
            ca_data: "RVU=".into(),
        },
    );
    let central = Request { endpoint: Some(&endpoint), ..request(&instance, None) };
    let direct = Request { route: Route::Direct, ..central };
    let path = "/kubernetes/project/web/virtualcluster/calm-otter";
    assert_eq!(direct.server().url, format!("https://eu-1.example.com{path}"));
    assert_eq!(direct.server().ca_data, "RVU=");
    assert_eq!(central.server().url, format!("https://hub.example.com:9898{path}"));
    assert!(text(&loft_cli(&central)).contains(" --disable-direct-cluster-endpoint\n"));
    assert!(!text(&loft_cli(&direct)).contains("--disable-direct-cluster-endpoint"));
}

#[test]
fn without_an_endpoint_every_route_is_the_central_one() {
    let instance = instance("");
    let direct = Request { route: Route::Direct, ..request(&instance, None) };
    assert!(direct.server().url.starts_with("https://hub.example.com:9898/"));
}

#[test]
fn nothing_shown_holds_the_secret_until_it_is_asked_for() {
    let instance = instance("Q0E=");
    let request = request(&instance, Some(KEY));
    for lines in [kubectl(&request), vcluster_cli(&request), loft_cli(&request)] {
        assert!(lines.iter().all(|line| !line.shown(false).contains(KEY)));
        assert!(lines.iter().any(|line| line.shown(true).contains(KEY)));
    }
}

#[test]
fn the_block_is_read_whole_before_it_runs_and_leaves_alternatives_out() {
    let block = block(&loft_cli(&request(&instance(""), None)));
    assert_eq!(
        block,
        "loft login https://hub.example.com:9898 &&\n\
         loft use vcluster calm-otter --project web &&\nkubectl get ns\n"
    );
}

#[test]
fn the_file_holds_everything_and_says_when_it_ends() {
    let instance = instance("Q0E=");
    insta::assert_snapshot!(kubeconfig(&request(&instance, None), KEY, "on 21 Nov 2026"), @r#"
    # calm-otter in project web
    # Holds an access key. It stops working on 21 Nov 2026.
    apiVersion: v1
    kind: Config
    current-context: "loft-vcluster_calm-otter_web"
    clusters:
      - name: "loft-vcluster_calm-otter_web"
        cluster:
          server: "https://hub.example.com:9898/kubernetes/project/web/virtualcluster/calm-otter"
          certificate-authority-data: "Q0E="
    users:
      - name: "loft-vcluster_calm-otter_web"
        user:
          token: "vck_0123456789abcdefghij"
    contexts:
      - name: "loft-vcluster_calm-otter_web"
        context:
          cluster: "loft-vcluster_calm-otter_web"
          user: "loft-vcluster_calm-otter_web"
    "#);
}

/// What a shell makes of a line, for the lines that are one simple command.
fn argv(line: &Line) -> Vec<String> {
    shlex::split(&line.text()).unwrap()
}

proptest! {
    /// Whatever the names, a shell splits each line into the arguments that were meant.
    #[test]
    fn a_shell_reads_back_the_arguments_that_went_in(
        project in "[^\0]{1,20}",
        vcluster in "[^\0]{1,20}",
        key in "[^\0]{1,20}",
        host in "[^\0]{1,20}",
    ) {
        let instance = Instance { url: format!("https://{host}"), ..instance("") };
        let request = Request {
            project: &project, vcluster: &vcluster, key: Some(&key), ..request(&instance, None)
        };
        let context = format!("loft-vcluster_{vcluster}_{project}");

        let lines = kubectl(&request);
        prop_assert_eq!(argv(&lines[0]), ["export".into(), format!("DORMER_ACCESS_KEY={key}")]);
        let server = format!(
            "--server=https://{host}/kubernetes/project/{project}/virtualcluster/{vcluster}"
        );
        let words = ["kubectl".into(), "config".into(), "set-cluster".into(), context.clone()];
        prop_assert_eq!(argv(&lines[3])[..4].to_vec(), words);
        prop_assert_eq!(&argv(&lines[3])[4..], [server]);
        prop_assert_eq!(&argv(&lines[4])[3], &format!("users.{context}.tokenFile"));
        prop_assert_eq!(&argv(&lines[4])[4], &format!("$HOME/.kube/dormer/{context}"));
        prop_assert_eq!(
            &argv(&lines[5])[3..],
            [context.clone(), format!("--cluster={context}"), format!("--user={context}")]
        );

        let lines = loft_cli(&request);
        prop_assert_eq!(
            argv(&lines[0]),
            ["loft".into(), "login".into(), instance.url.clone(), "--access-key".into(), key.clone()]
        );
        prop_assert_eq!(
            argv(&lines[1]),
            ["loft".into(), "use".into(), "vcluster".into(), vcluster.clone(), "--project".into(),
             project.clone()]
        );
    }

    #[test]
    fn the_mask_tells_nothing_of_the_secret(key in "vck_[a-z0-9]{8,40}") {
        let instance = instance("");
        let masked = kubectl(&request(&instance, Some(&key)))[0].shown(false);
        prop_assert_eq!(masked, "export DORMER_ACCESS_KEY='vck_••••••••••••'");
    }
}
