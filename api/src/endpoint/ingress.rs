//! The manifest that exposes an agent.

use super::host;

/// How long a stream may be without a byte, in seconds: twelve hours. A watch of a quiet cluster, a
/// `logs -f` and an `exec` send nothing for long; the usual minute would cut them.
const STREAM: u32 = 43_200;

/// An `Ingress` that leads `endpoint` to the agent's service, for the ingress controller of nginx.
/// `None` where no Ingress can: it goes by name, and an address is none.
///
/// `namespace`, `service` and `port` say where the agent is in its cluster.
#[must_use]
pub fn ingress(endpoint: &str, namespace: &str, service: &str, port: u16) -> Option<String> {
    let checked = host(endpoint).ok()?;
    let name = checked.text.split(':').next().filter(|it| !it.starts_with('['))?;
    // Kubernetes refuses an address here.
    if name.parse::<std::net::Ipv4Addr>().is_ok() {
        return None;
    }
    let (host, namespace, service) = (json(name), json(namespace), json(service));
    Some(format!(
        r#"apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {service}
  namespace: {namespace}
  annotations:
    # Watches, logs -f, exec and port-forward stay open for hours and must not be collected first.
    nginx.ingress.kubernetes.io/proxy-read-timeout: "{STREAM}"
    nginx.ingress.kubernetes.io/proxy-send-timeout: "{STREAM}"
    nginx.ingress.kubernetes.io/proxy-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-request-buffering: "off"
    nginx.ingress.kubernetes.io/proxy-body-size: "0"
    # The agent speaks TLS itself.
    nginx.ingress.kubernetes.io/backend-protocol: "HTTPS"
    # With cert-manager, a certificate that every machine trusts:
    # cert-manager.io/cluster-issuer: "NAME-OF-YOUR-ISSUER"
spec:
  ingressClassName: nginx
  rules:
    - host: {host}
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service:
                name: {service}
                port:
                  number: {port}
  tls:
    - hosts:
        - {host}
      secretName: {secret}
"#,
        secret = json(&format!("{}-tls", name.replace('.', "-")))
    ))
}

fn json(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn the_manifest_names_the_host_without_its_port_and_lets_streams_live() {
        let text = ingress("https://eu-1.example.com:8443", "dormer", "dormer-agent", 443).unwrap();
        let manifest: Value = serde_saphyr::from_str(&text).unwrap();
        assert_eq!(manifest["kind"], "Ingress");
        let rule = &manifest["spec"]["rules"][0];
        assert_eq!(rule["host"], "eu-1.example.com");
        assert_eq!(
            rule["http"]["paths"][0]["backend"]["service"],
            json!({"name": "dormer-agent", "port": {"number": 443}})
        );
        assert_eq!(manifest["spec"]["tls"][0]["hosts"], json!(["eu-1.example.com"]));
        let notes = manifest["metadata"]["annotations"].as_object().unwrap();
        assert!(notes.values().all(Value::is_string), "annotations are strings");
        for name in ["read", "send"] {
            let name = format!("nginx.ingress.kubernetes.io/proxy-{name}-timeout");
            assert_eq!(notes[&name], "43200");
        }
    }

    #[test]
    fn an_address_has_no_ingress() {
        for address in ["10.0.0.1", "[::1]:8443", "", "a/b"] {
            assert_eq!(ingress(address, "dormer", "dormer-agent", 443), None, "{address}");
        }
    }
}
