//! Real servers write their logs under requests that no client writes; the real binary finds every one of them again.

use std::collections::BTreeMap;
use std::net::{Ipv6Addr, SocketAddr};

use serde_json::Value;

use super::nginx::{Place, SHOP, Sent, at, note, raw};
use crate::support::cli::Cli;
use crate::support::server::{CADDY, HAPROXY, NGINX, Server};

const CADDYFILE: &str = r#"
{
    admin off
    auto_https off
}
:PORT {
    bind 127.0.0.1 [::1]
    log {
        output file FOLDER/access.log
        format json
    }
    @missing query s=404
    respond @missing "{}" 404
    @failed query s=500
    respond @failed "{}" 500
    respond "{}" 200
}
"#;

/// `LOG` stands for how lines begin.
const HAPROXY_CFG: &str = r#"
global
    log stdout format LOG local0
defaults
    mode http
    option httplog
    option dontlognull
    log global
    timeout client 5s
    timeout server 5s
    timeout connect 5s
frontend shop
    bind 127.0.0.1:PORT
    bind [::1]:PORT
    http-request return status 404 content-type application/json string "{}" if { urlp(s) 404 }
    http-request return status 500 content-type application/json string "{}" if { urlp(s) 500 }
    http-request return status 200 content-type application/json string "{}"
"#;

/// The first of two upstreams takes no connection, so that every call is tried again at the second.
const RETRIES: &str = r#"
    log_format ingress '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent '
                       '"$http_referer" "$http_user_agent" $request_length $request_time [shop-80] [] '
                       '$upstream_addr $upstream_response_length $upstream_response_time $upstream_status $request_id';
    upstream shop {
        server unix:FOLDER/nobody.sock max_fails=0;
        server unix:FOLDER/shop.sock max_fails=0 backup;
    }
    server {
        listen 127.0.0.1:PORT;
        listen [::1]:PORT;
        access_log FOLDER/access.log ingress;
        proxy_ignore_client_abort on;
        location / { proxy_pass http://shop; }
    }
    server {
        listen unix:FOLDER/shop.sock;
        access_log off;
        if ($arg_s = 404) { return 404 '{}'; }
        return 200 '{}';
    }
"#;

const CLOSE: &str = "Host: api.shop.test\r\nConnection: close\r\n\r\n";

/// Sends every line as it is, once over IPv4 and the first also over IPv6, and notes where it must be counted. A place of
/// `None` says that the server writes nothing down.
fn send(server: &Server, lines: &[(&[u8], Option<Place>)]) -> Sent {
    let mut sent = Sent::new();
    let six = SocketAddr::from((Ipv6Addr::LOCALHOST, server.address.port()));
    let first = lines.iter().take(1).map(|line| (six, line));
    for (address, (line, place)) in lines.iter().map(|line| (server.address, line)).chain(first) {
        let whole: Vec<u8> = if line.starts_with(b"\x16") {
            line.to_vec()
        } else {
            [line, b"\r\n".as_slice(), CLOSE.as_bytes()].concat()
        };
        let status = raw(address, &whole).unwrap_or_else(|| panic!("no reply to {}", line.escape_ascii()));
        if let Some(place) = place {
            note(&mut sent, place.clone(), status);
        }
    }
    sent
}

/// Every line of the log is read, and every request is where it belongs.
fn compare(server: &mut Server, format: &str, mut sent: Sent) {
    let log = std::fs::read(server.stop()).expect("a log");
    let cli = Cli::new().file("shop.json", SHOP).file("access.log", &log);
    let doc = cli.run(&["inventory", "shop.json", "access.log", "--format", "json"]).ended(0).json("inventory");
    let told = || String::from_utf8_lossy(&log).into_owned();
    assert_eq!(doc["logs"][0]["format"], format);
    // HAProxy tells in its log that it stops, and that is no request.
    let stops = told().lines().filter(|l| l.contains("Proxy ") && l.contains(" stopped ")).count();
    let missed = doc["unparsed"].as_array().expect("a list").iter().map(|u| u["lines"].as_u64().expect("a count"));
    assert_eq!(missed.sum::<u64>(), stops as u64, "{}", told());
    let lines: u64 = sent.values().flat_map(BTreeMap::values).sum();
    assert_eq!(doc["totals"]["log_lines"], lines + stops as u64, "{}", told());
    let noise = sent.remove(&Place::Noise).map_or(0, |s| s.values().sum::<u64>());
    sent.remove(&Place::Preflight);
    let mut counted = Sent::new();
    for e in doc["endpoints"].as_array().expect("a list").iter().filter(|e| e["requests"] != 0) {
        let text = |key: &str| e[key].as_str().expect("a text").to_owned();
        let statuses = e["statuses"].as_object().expect("statuses");
        let number = |(status, n): (&String, &Value)| (status.parse().expect("a status"), n.as_u64().expect("a count"));
        counted.insert(at(&text("method"), &text("path")), statuses.iter().map(number).collect());
    }
    assert_eq!(counted, sent, "{}", told());
    assert_eq!(doc["noise"]["requests"], noise, "{}", told());
}

#[expect(clippy::unnecessary_wraps, reason = "it stands beside those that are counted nowhere")]
fn id() -> Option<Place> {
    Some(at("GET", "/orders/{id}"))
}

/// A path that is longer than a line of syslog.
fn long() -> Vec<u8> {
    [b"GET /orders/", "x".repeat(3_000).as_bytes(), b" HTTP/1.1"].concat()
}

#[test]
fn what_caddy_logged_is_what_was_sent() {
    let mut caddy = Server::start(&CADDY, CADDYFILE, &[]);
    let sent = send(
        &caddy,
        &[
            (b"GET /orders/9 HTTP/1.1", id()),
            (b"GET /orders/1\"2 HTTP/1.1", id()),
            (b"GET /orders/\xff HTTP/1.1", id()),
            (b"GET /orders/\xe2\x82\xac HTTP/1.1", id()),
            (b"GET /orders/1\\x22 HTTP/1.1", id()),
            (b"GET /orders/%22%0a%20b HTTP/1.1", id()),
            (b"GET /orders/5#part HTTP/1.1", id()),
            (b"GET //orders//5 HTTP/1.1", id()),
            (b"GET /orders/7 HTTP/1.0", id()),
            (b"GET http://api.shop.test/orders/7?s=404 HTTP/1.1", id()),
            (&long(), id()),
            (b"PUT /orders/5?s=500 HTTP/1.1\r\nContent-Length: 0", Some(at("PUT", "/orders/{id}"))),
            (b"PROPFIND /orders/5 HTTP/1.1", Some(at("PROPFIND", "/orders/{id}"))),
            (b"POST /orders HTTP/1.1\r\nContent-Length: 0", Some(at("POST", "/orders"))),
            (b"OPTIONS /orders/5 HTTP/1.1", Some(Place::Preflight)),
            (b"GET /.git/config?s=404 HTTP/1.1", Some(Place::Noise)),
            // What is no request it answers with 400, and logs nothing.
            (b"GET /orders/a b HTTP/1.1", None),
            (b"GET /orders/7", None),
            (b"GET orders HTTP/1.1", None),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", None),
        ],
    );
    compare(&mut caddy, "caddy", sent);
}

#[test]
fn what_haproxy_logged_is_what_was_sent() {
    for prefix in ["raw", "rfc3164", "rfc5424"] {
        let mut haproxy = Server::start(&HAPROXY, &HAPROXY_CFG.replace("LOG", prefix), &[]);
        let sent = send(
            &haproxy,
            &[
                (b"GET /orders/9 HTTP/1.1", id()),
                (b"GET /orders/1\"2 HTTP/1.1", id()),
                (b"GET /orders/%22%0a%20b HTTP/1.1", id()),
                (b"GET //orders//5 HTTP/1.1", id()),
                (b"GET /orders/7 HTTP/1.0", id()),
                (b"GET http://api.shop.test/orders/7?s=404 HTTP/1.1", id()),
                (&long(), id()),
                (b"PUT /orders/5?s=500 HTTP/1.1\r\nContent-Length: 0", Some(at("PUT", "/orders/{id}"))),
                (b"PROPFIND /orders/5 HTTP/1.1", Some(at("PROPFIND", "/orders/{id}"))),
                (b"POST /orders HTTP/1.1\r\nContent-Length: 0", Some(at("POST", "/orders"))),
                (b"OPTIONS /orders/5 HTTP/1.1", Some(Place::Preflight)),
                (b"GET /.git/config?s=404 HTTP/1.1", Some(Place::Noise)),
                // Of what is no request it writes `<BADREQ>`.
                (b"GET /orders/\xff HTTP/1.1", Some(Place::Noise)),
                (b"GET /orders/a b HTTP/1.1", Some(Place::Noise)),
                (b"GET /orders/5#part HTTP/1.1", Some(Place::Noise)),
                (b"GET /orders/7", Some(Place::Noise)),
                (b"GET orders HTTP/1.1", Some(Place::Noise)),
                (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", Some(Place::Noise)),
            ],
        );
        compare(&mut haproxy, "haproxy", sent);
    }
}

#[test]
fn what_nginx_tried_twice_is_counted_once() {
    let mut nginx = Server::start(&NGINX, RETRIES, &[]);
    let sent = send(
        &nginx,
        &[
            (b"GET /orders/9 HTTP/1.1", id()),
            (b"GET /orders/1\"2 HTTP/1.1", id()),
            (b"GET /orders/7?s=404 HTTP/1.1", id()),
            (b"GET http://api.shop.test/orders/7 HTTP/1.1", id()),
            (&long(), id()),
            (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", Some(Place::Noise)),
        ],
    );
    let log = std::fs::read_to_string(nginx.stop()).expect("a log");
    assert!(log.contains("nobody.sock, unix:") && log.contains(" 502, 200 "), "{log}");
    compare(&mut nginx, "ingress-nginx", sent);
}
