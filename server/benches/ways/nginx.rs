//! nginx as people run it in front of an API: TLS at both ends, and connections that stay.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::process::Command;

use rcgen::generate_simple_self_signed;

use crate::Result;
use crate::http::Door;
use crate::processes::{Processes, free_port};

/// A running nginx.
pub struct Nginx {
    pub door: Door,
    pub process: u32,
}

/// Starts one in front of `upstream`; nothing where there is no nginx.
pub fn start(processes: &mut Processes, upstream: &Door) -> Result<Option<Nginx>> {
    if Command::new("nginx").arg("-v").output().is_err() {
        return Ok(None);
    }
    let folder = processes.folder().join("nginx");
    let certificate = certificate(&folder)?;
    let door = Door { port: free_port()?, authority: certificate };
    let file = folder.join("nginx.conf");
    std::fs::write(&file, configuration(&folder, door.port, upstream)?)?;
    let mut command = Command::new("nginx");
    let process = processes.run(
        "nginx",
        command.arg("-e").arg("stderr").arg("-p").arg(&folder).arg("-c").arg(&file),
    )?;
    Ok(Some(Nginx { door, process }))
}

/// Makes a certificate for this machine alone, with its key beside it, and gives its file.
pub fn certificate(folder: &Path) -> Result<std::path::PathBuf> {
    std::fs::create_dir_all(folder)?;
    let made = generate_simple_self_signed(["localhost".to_owned()])?;
    let file = folder.join("cert.pem");
    std::fs::write(&file, made.cert.pem())?;
    std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
    Ok(file)
}

fn configuration(folder: &Path, port: u16, upstream: &Door) -> Result<String> {
    let at = folder.display();
    // The folder is its owner's alone, and so the workers have to be theirs.
    let user = if std::fs::metadata(folder)?.uid() == 0 { "user root root;" } else { "" };
    let mut places = String::new();
    for kind in ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"] {
        writeln!(places, "  {kind}_temp_path {at}/{kind};")?;
    }
    Ok(format!(
        "{user}
daemon off;
worker_processes auto;
pid {at}/nginx.pid;
error_log stderr warn;
events {{ worker_connections 4096; }}
http {{
{places}
  access_log off;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests 10000000;
  upstream endpoint {{
    server 127.0.0.1:{upstream};
    keepalive 64;
    keepalive_requests 10000000;
  }}
  server {{
    listen 127.0.0.1:{port} ssl http2;
    ssl_certificate {at}/cert.pem;
    ssl_certificate_key {at}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_session_cache shared:tls:10m;
    location / {{
      proxy_pass https://endpoint;
      proxy_http_version 1.1;
      proxy_set_header Connection \"\";
      proxy_set_header Host localhost:{upstream};
      proxy_ssl_protocols TLSv1.2 TLSv1.3;
      proxy_ssl_name localhost;
      proxy_ssl_server_name on;
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {authority};
      proxy_buffer_size 16k;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 64k;
    }}
  }}
}}
",
        upstream = upstream.port,
        authority = upstream.authority.display(),
    ))
}
