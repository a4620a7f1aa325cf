use dormer_api::vcluster::Chart;

use super::*;

fn asked(name: &str, chart: [&str; 3], values: &str) -> VirtualCluster {
    let mut cluster = VirtualCluster::default();
    cluster.metadata.name = name.into();
    cluster.metadata.namespace = "ns".into();
    let [name, repo, version] = chart.map(String::from);
    cluster.spec.helm_release.chart = Chart { name, repo, version };
    cluster.spec.helm_release.values = values.into();
    cluster
}

fn arguments(cluster: &VirtualCluster) -> Vec<String> {
    let release = Release::of(cluster).unwrap();
    let arguments = release.upgrade(Path::new("/v.yaml"));
    arguments.into_iter().map(|it| it.into_string().unwrap()).collect()
}

#[test]
fn what_is_not_said_is_the_vcluster_chart_of_its_makers() {
    assert_eq!(
        arguments(&asked("dev", ["", "", ""], "")),
        [
            "upgrade",
            "--install",
            "--history-max=5",
            "--timeout=1m40s",
            "--namespace=ns",
            "--values=/v.yaml",
            "--repo=https://charts.loft.sh",
            "--",
            "dev",
            "vcluster"
        ]
    );
}

#[test]
fn a_registry_is_a_part_of_the_charts_name() {
    let said = arguments(&asked("dev", ["vc", "oci://ghcr.io/loft/", "0.20.0"], ""));
    assert_eq!(
        said[6..],
        ["--version=0.20.0", "--", "dev", "oci://ghcr.io/loft/vc"].map(String::from)
    );
}

#[test]
fn nothing_that_people_say_becomes_a_flag_or_a_path() {
    let bad = [
        asked("-dev", ["", "", ""], ""),
        asked("Dev", ["", "", ""], ""),
        asked(&"a".repeat(54), ["", "", ""], ""),
        asked("dev", ["--post-renderer=sh", "", ""], ""),
        asked("dev", ["../chart", "", ""], ""),
        asked("dev", ["/etc", "", ""], ""),
        asked("dev", ["", "--kubeconfig=/x", ""], ""),
        asked("dev", ["", "file:///etc", ""], ""),
        asked("dev", ["", "https://", ""], ""),
        asked("dev", ["", "https://a:b@charts.example", ""], ""),
        asked("dev", ["", "https://a.example/?x=1", ""], ""),
        asked("dev", ["", "https://a.example/ --debug", ""], ""),
        asked("dev", ["", "", "--devel"], ""),
        asked("dev", ["", "", "1.0 0"], ""),
    ];
    for cluster in bad {
        assert!(Release::of(&cluster).is_err(), "{cluster:?}");
    }
}

#[test]
fn values_are_a_map_or_nothing_and_their_fault_is_told_without_them() {
    for good in ["", "# none\n", "a: 1\nb: {c: 2}\n"] {
        assert!(Release::of(&asked("dev", ["", "", ""], good)).is_ok(), "{good}");
    }
    for bad in ["- a\n", "hunter2", "a: [hunter2\n"] {
        let fault = Release::of(&asked("dev", ["", "", ""], bad)).unwrap_err();
        assert!(!fault.contains("hunter2"), "{fault}");
    }
}

#[test]
fn a_fingerprint_tells_every_part_apart() {
    let all = [
        asked("dev", ["", "", ""], ""),
        asked("dev", ["a", "", ""], ""),
        asked("dev", ["", "https://a.example", ""], ""),
        asked("dev", ["", "", "1"], ""),
        asked("dev", ["", "", ""], "a: 1"),
    ];
    let of = |it: &VirtualCluster| Release::of(it).unwrap().fingerprint();
    let mut seen: Vec<String> = all.iter().map(of).collect();
    assert_eq!(of(&all[0]), of(&asked("dev", ["vcluster", "https://charts.loft.sh/", ""], "")));
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), all.len());
}

#[test]
fn secrets_are_found_wherever_they_stand() {
    let values = "adminPassword: hunter2\ndb: {auth: [{user: joe1}]}\nimage: nginx\n";
    let release = Release::of(&asked("dev", ["", "", ""], values)).unwrap();
    assert_eq!(release.secrets, ["hunter2", "joe1"]);
}
