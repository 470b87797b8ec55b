//! The document against the routes, the log against its promises, and the shop as a client meets it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;

use super::*;

fn document() -> Value {
    serde_json::from_str(&openapi("http://h.test:1/")).expect("the document is JSON")
}

fn operations(document: &Value) -> Vec<(String, String, Value, Value)> {
    let mut all = Vec::new();
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("path item") {
            if method != "parameters" {
                all.push((method.to_uppercase(), path.clone(), operation.clone(), item.clone()));
            }
        }
    }
    all
}

fn each_ref<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
    match value {
        Value::Object(members) => {
            found.extend(members.get("$ref").and_then(Value::as_str));
            members.values().for_each(|v| each_ref(v, found));
        }
        Value::Array(items) => items.iter().for_each(|v| each_ref(v, found)),
        _ => {}
    }
}

#[test]
fn the_document_declares_what_the_table_says() {
    let declared: BTreeSet<(String, String)> = operations(&document()).into_iter().map(|(m, p, ..)| (m, p)).collect();
    let rows = routes::ROUTES.iter().filter(|r| r.declared).map(|r| (r.method.to_owned(), r.path.to_owned()));
    assert_eq!(declared, rows.collect());
    let silent: Vec<&str> = routes::ROUTES.iter().filter(|r| !r.declared).map(|r| r.path).collect();
    assert_eq!(silent, ["/users/{id}", "/orders/{id}/export"]);
}

#[test]
fn the_document_is_sound() {
    let document = document();
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"][0]["url"], "http://h.test:1/api");
    let mut refs = Vec::new();
    each_ref(&document, &mut refs);
    assert!(refs.len() > 20);
    for r in &refs {
        assert!(document.pointer(r.trim_start_matches('#')).is_some(), "{r} leads nowhere");
    }
    let mut ids = BTreeSet::new();
    for (method, path, operation, item) in operations(&document) {
        let id = operation["operationId"].as_str().expect("operationId").to_owned();
        assert!(ids.insert(id), "{method} {path}: the operationId is taken");
        assert!(operation["responses"].as_object().is_some_and(|r| !r.is_empty()));
        for response in operation["responses"].as_object().expect("responses").values() {
            assert!(response.get("$ref").is_some() || response["description"].is_string(), "{method} {path}");
        }
        let mut places: BTreeSet<String> = BTreeSet::new();
        for list in [&operation["parameters"], &item["parameters"]] {
            for parameter in list.as_array().into_iter().flatten() {
                let parameter = parameter["$ref"]
                    .as_str()
                    .and_then(|r| document.pointer(r.trim_start_matches('#')))
                    .unwrap_or(parameter);
                assert!(parameter["schema"].is_object() && parameter["name"].is_string(), "{method} {path}");
                if parameter["in"] == "path" {
                    assert_eq!(parameter["required"], true);
                    places.insert(format!("{{{}}}", parameter["name"].as_str().expect("name")));
                }
            }
        }
        let wanted: BTreeSet<String> = path.split('/').filter(|s| s.starts_with('{')).map(str::to_owned).collect();
        assert_eq!(places, wanted, "{method} {path}");
        for requirement in operation["security"].as_array().into_iter().flatten() {
            for scheme in requirement.as_object().expect("requirement").keys() {
                assert!(document["components"]["securitySchemes"][scheme].is_object(), "{scheme}");
            }
        }
    }
    assert_eq!(document["paths"]["/v1/orders"]["get"]["deprecated"], true);
    // Every component is used.
    for (kind, list) in document["components"].as_object().expect("components") {
        for name in list.as_object().expect("component").keys().filter(|_| kind != "securitySchemes") {
            let pointer = format!("#/components/{kind}/{name}");
            assert!(refs.contains(&pointer.as_str()), "{pointer} is used nowhere");
        }
    }
}

#[test]
fn a_base_url_cannot_break_the_document() {
    let text = openapi("http://x/\"},{\"a\":\"");
    assert!(serde_json::from_str::<Value>(&text).is_ok());
}

#[test]
fn the_log_is_the_same_every_time_and_holds_what_it_promises() {
    let log = access_log();
    assert_eq!(log, access_log());
    assert_ne!(log, access_log_seeded(1));
    assert_eq!(log.lines().count(), 2_000);
    let mut calls: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut statuses: BTreeMap<String, u64> = BTreeMap::new();
    let (mut garbage, mut probes) = (0, 0);
    for line in log.lines() {
        let fields: Vec<&str> = line.split('"').collect();
        assert_eq!(fields.len(), 7, "{line}");
        let seconds = fields[6].trim();
        assert!(seconds.split_once('.').is_some_and(|(_, ms)| ms.len() == 3), "{line}");
        assert!(line.contains("[03/Nov/2025:") || line.contains("[04/Nov/2025:"), "{line}");
        *statuses.entry(fields[2].trim()[..1].to_owned()).or_default() += 1;
        let words: Vec<&str> = fields[1].split(' ').collect();
        let [method, target, _] = words[..] else {
            garbage += 1;
            continue;
        };
        probes += u64::from(!target.starts_with("/api/"));
        let path = target.split('?').next().unwrap_or_default();
        let template: Vec<&str> = path.split('/').map(|s| if s.parse::<u64>().is_ok() { "{id}" } else { s }).collect();
        *calls.entry((method.to_owned(), template.join("/").replacen("/api", "", 1))).or_default() += 1;
    }
    assert_eq!(garbage, 1);
    assert!((5..=12).contains(&probes), "{probes}");
    for class in ["2", "4", "5"] {
        assert!(statuses.get(class).is_some_and(|n| *n >= 4), "{statuses:?}");
    }
    for route in routes::ROUTES {
        let n = calls.get(&(route.method.to_owned(), route.path.to_owned())).copied().unwrap_or(0);
        match route.path {
            "/reports/{id}" | "/slow" => assert_eq!(n, 0, "{} is never called", route.path),
            "/openapi.json" => {}
            _ => assert!(n > 0, "{} {} is called", route.method, route.path),
        }
    }
}

#[test]
fn the_capture_is_har_and_its_token_is_expired() {
    let har: Value = serde_json::from_str(&har()).expect("JSON");
    assert_eq!(har["log"]["version"], "1.2");
    for entry in har["log"]["entries"].as_array().expect("entries") {
        for member in ["startedDateTime", "time", "request", "response", "cache", "timings"] {
            assert!(entry.get(member).is_some(), "{member}");
        }
        assert_eq!(
            entry["response"]["content"]["size"],
            entry["response"]["content"]["text"].as_str().map_or(0, str::len)
        );
    }
    let refused = token::bearer(Some(&format!("Bearer {}", sample_token())), SECRET.as_bytes()).expect_err("expired");
    assert_eq!(refused.status, 401);
    assert!(String::from_utf8_lossy(&refused.body).contains("ExpiredSignature"));
}

/// One exchange over a connection of its own: status, head and body.
fn ask(demo: &Demo, request: &str, body: &str) -> (u16, String, String) {
    let mut stream = TcpStream::connect(demo.http).expect("connect");
    let (line, rest) = request.split_once('\n').unwrap_or((request, ""));
    let extra: String = rest.lines().flat_map(|l| [l.trim(), "\r\n"]).collect();
    let length = body.len();
    write!(stream, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{extra}Content-Length: {length}\r\n\r\n{body}")
        .expect("write");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("read");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    (status, head.to_lowercase(), body.to_owned())
}

#[test]
fn the_shop_serves() {
    let demo = Demo::start(None).expect("start");
    let json = "Content-Type: application/json";
    let (status, head, body) =
        ask(&demo, &format!("POST /api/login\n{json}"), r#"{"user":"alice","password":"wonderland"}"#);
    assert_eq!(status, 200, "{body}");
    assert!(head.contains("set-cookie: session="));
    let reply: Value = serde_json::from_str(&body).expect("JSON");
    let auth = format!("Authorization: Bearer {}", reply["token"].as_str().expect("token"));

    for (request, body, wanted, word) in [
        ("GET /api/health", "", 200, "ok"),
        ("GET /api/openapi.json", "", 200, "\"3.1.0\""),
        ("GET /api/users", "", 401, "token"),
        ("GET /api/users/1\n@", "", 200, "alice"),
        ("GET /api/users/1\nAuthorization: Basic eDp5", "", 401, "Bearer"),
        ("GET /api/users/1\nAuthorization: Bearer x.y.z", "", 401, "not good"),
        ("GET /api/users/999\n@", "", 404, "no such user"),
        ("PATCH /api/users/1\n@\n#", r#"{"email":"a@b.example"}"#, 200, "a@b.example"),
        ("PATCH /api/users/2\n@\n#", r#"{"role":"admin"}"#, 200, "admin"),
        ("PATCH /api/users/1\n@\n#", r#"{"email":"nobody"}"#, 422, "address"),
        ("PATCH /api/users/1\n@\n#", "{}", 422, "nothing to change"),
        ("DELETE /api/users/40\n@", "", 204, ""),
        ("GET /api/orders?limit=2&status=paid", "", 200, "\"paid\""),
        ("GET /api/orders?limit=0", "", 400, "from 1 to 100"),
        ("GET /api/orders?status=lost", "", 400, "one of"),
        ("POST /api/orders\n@\n#", r#"{"item":"x","quantity":2}"#, 201, "\"new\""),
        ("POST /api/orders\n#", r#"{"item":"x","quantity":2}"#, 401, "token"),
        ("POST /api/orders\n@\n#", r#"{"item":"x","quantity":0}"#, 422, "quantity"),
        ("POST /api/orders\n@\n#", "[1]", 422, "not an object"),
        ("POST /api/orders\n@\n#", "{", 400, "not JSON"),
        ("POST /api/orders\n@", "{}", 415, "application/json"),
        ("GET /api/orders/1001", "", 200, "1001"),
        ("GET /api/orders/7", "", 404, "no such order"),
        ("GET /api/orders/1002/export", "", 200, "internal"),
        ("DELETE /api/orders/1003\n@", "", 204, ""),
        ("DELETE /api/orders/1003\n@", "", 404, "no such order"),
        ("GET /api/v1/orders", "", 200, "orders"),
        ("GET /api/reports/2025-10\n@", "", 200, "2025-10"),
        ("GET /api/reports/last\n@", "", 404, "no such report"),
        ("GET /api/slow?ms=1", "", 200, "waited_ms"),
        ("GET /api/slow?ms=60000", "", 400, "5000"),
        ("POST /api/login\n#", r#"{"user":"alice","password":"x"}"#, 401, "wrong"),
        ("POST /api/login\n#", r#"{"user":1}"#, 400, "as text"),
        ("PUT /api/orders", "", 405, "other methods"),
        ("GET /nowhere", "", 404, "nothing"),
        ("HEAD /api/health", "", 200, ""),
    ] {
        let request = request.replace('@', &auth).replace('#', json);
        let (status, _, reply) = ask(&demo, &request, body);
        assert_eq!(status, wanted, "{request}: {reply}");
        assert!(reply.contains(word), "{request}: {reply}");
    }
    let (_, head, _) = ask(&demo, "PUT /api/orders", "");
    assert!(head.contains("allow: get, post, head"), "{head}");
    let (_, head, _) = ask(&demo, "GET /api/users", "");
    assert!(head.contains("www-authenticate: bearer realm=\"shop\""), "{head}");
    let (_, head, _) = ask(&demo, "GET /api/orders/1002/export", "");
    assert!(!head.contains("content-type"), "{head}");

    let log = demo.served_log();
    assert_eq!(log.lines().count(), 40);
    assert!(log.lines().all(|l| l.starts_with("127.0.0.1 - - [")));
    assert!(log.contains("\"GET /api/orders?limit=2&status=paid HTTP/1.1\" 200 "));
}

#[test]
fn the_authority_verifies_the_tls_port_under_each_of_its_names() {
    use rustls::pki_types::pem::PemObject as _;
    use rustls::pki_types::{CertificateDer, ServerName};

    let demo = Demo::start(None).expect("start");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(demo.ca_pem().as_bytes()).expect("PEM")).expect("a root");
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_root_certificates(roots)
        .with_no_client_auth();
    let config = Arc::new(config);
    for name in ["localhost", "127.0.0.1", "::1"] {
        for _ in 0..10 {
            let name = ServerName::try_from(name).expect("a name");
            let client = rustls::ClientConnection::new(config.clone(), name).expect("client");
            let mut stream = rustls::StreamOwned::new(client, TcpStream::connect(demo.https).expect("connect"));
            stream.write_all(b"GET /api/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").expect("write");
            let mut text = String::new();
            stream.read_to_string(&mut text).expect("read");
            assert!(text.starts_with("HTTP/1.1 200") && text.contains("strict-transport-security"), "{text}");
        }
    }
}

#[test]
fn every_declared_operation_answers() {
    let demo = Demo::start(None).expect("start");
    for (method, path, ..) in operations(&document()) {
        let path = path.replace("{id}", "1001");
        let (status, _, body) = ask(&demo, &format!("{method} /api{path}"), "");
        assert!(!matches!(status, 405 | 500..), "{method} {path}: {status} {body}");
    }
}

#[test]
fn dropping_it_frees_the_port() {
    let demo = Demo::start(None).expect("start");
    let address = demo.http;
    assert!(demo.ca_pem().starts_with("-----BEGIN CERTIFICATE-----"));
    drop(demo);
    for _ in 0..100 {
        if TcpStream::connect(address).is_err() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    panic!("the port is still open two seconds after");
}
