//! Server-sent events through a real nginx, over TLS and HTTP/2, as it packs them: each is shown before the next is sent.

use crate::support::cli::Cli;
use crate::support::faucet::Faucet;
use crate::support::server::{NGINX, Server};

const CONFIG: &str = r"
    access_log FOLDER/access.log;
    server {
        listen 127.0.0.1:PORT ssl http2;
        ssl_certificate FOLDER/server.pem;
        ssl_certificate_key FOLDER/server.pem;
        location / {
            proxy_pass http://UPSTREAM;
            proxy_http_version 1.1;
            proxy_buffering off;
            gzip on;
            gzip_min_length 0;
            gzip_types text/event-stream;
        }
    }
";

#[test]
fn nginx_packs_each_event_and_each_is_shown() {
    let mut faucet = Faucet::start("Content-Type: text/event-stream\r\n");
    let key = rcgen::KeyPair::generate().expect("a key");
    let params = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
    let certificate = params.self_signed(&key).expect("a certificate").pem();
    let config = CONFIG.replace("UPSTREAM", &faucet.address().to_string());
    let both = format!("{certificate}{}", key.serialize_pem());
    let nginx = Server::start(&NGINX, &config, &[("server.pem", both)]);
    let url = format!("https://localhost:{}/events", nginx.address.port());
    let cli = Cli::new().file("ca.pem", certificate);
    let accept = "Accept-Encoding: gzip";
    let running = cli.start(&["send", "GET", &url, "--cacert", "ca.pem", "--http", "2", "-H", accept]);
    for i in 0..5 {
        faucet.give(format!("id: {i}\ndata: tick {i}\n\n"));
        running.until(&format!("data: tick {i}\n\n"));
    }
    faucet.close();
    let ran = running.end();
    let out = ran.ended(0).out();
    assert!(out.starts_with("HTTP/2 200") && out.contains("content-encoding: gzip"), "{out}");
    assert!(out.contains("5 events, the first after "), "{out}");
}
