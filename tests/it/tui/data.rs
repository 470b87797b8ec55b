//! What an app would tell: small, made by hand, and the same in every test.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use lunette::app::inspect::{self, TokenAsk, TokenTold};
use lunette::app::{Ask, Composed, Event, Judged, Looked};
use lunette::base::{Clock as _, Stamp, Untrusted};
use lunette::grade::HeaderGrade;
use lunette::inventory::{
    BodyExample, Course, Endpoint, Inventory, Latency, Location, Operation, OperationKind, Parameter, Place, Seen,
    Shape, ShapeLine, State, Stretch,
};
use lunette::jwt::forge::{Materials, Own, variants};
use lunette::jwt::key::{self, Key};
use lunette::rate::{Second, Snapshot, Summary};
use lunette::tui::harness::Screen;
use lunette::wire::{
    Alteration, Certificate, Connection, Exchange, Failure, FailureKind, Fault, FaultKind, Odd, Oddity, Phase, Request,
    Response, Revocation, Sender, Staple, TlsFacts, Traffic,
};

/// Signed with `your_secret_key`: `{"user_id":123,"role":"admin"}`.
pub const TUTORIAL: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJ1c2VyX2lkIjoxMjMsInJvbGUiOiJhZG1pbiJ9.wNLb1Sc7fiH18jpt5rTpamnhG9-iSpTxoZ-m0dUa8Bs";

pub const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhbGljZSIsInJvbGUiOiJhZG1pbiIsImV4cCI6MTcwMDAwMzYwMCwicm9sZSI6InVzZXIifQ.c2lnbmF0dXJl";

pub fn endpoint(state: Option<State>, method: &str, path: &str, requests: u64) -> Endpoint {
    let mut seen = Seen::default();
    if state != Some(State::Shadow) {
        seen.add(Seen::SPEC);
    }
    if requests > 0 {
        seen.add(Seen::LOG);
    }
    Endpoint {
        kind: OperationKind::Path,
        method: method.into(),
        host: Some("api.shop.test".into()),
        path: Untrusted::from(path),
        seen,
        state,
        requests,
        statuses: if requests > 0 {
            BTreeMap::from([(200, requests - requests / 50), (403, requests / 50)])
        } else {
            BTreeMap::new()
        },
        latency: (requests > 10).then_some(Latency { p50: 12.0, p95: 88.0, p99: 140.5 }),
        course: (requests > 100).then(course),
        first_seen: Stamp::from_unix(1_699_000_000).filter(|_| requests > 0),
        last_seen: Stamp::from_unix(1_699_999_880).filter(|_| requests > 0),
        credentials: None,
        deprecated: state == Some(State::Zombie),
        sunset: None,
        security: if state == Some(State::Documented) { vec!["bearer (JWT)".into()] } else { Vec::new() },
        locations: vec![Location { source: "gw.log".into(), pointer: None, line: Some(1_203) }],
        operation: None,
        operations: Vec::new(),
        newer: None,
    }
}

fn course() -> Course {
    let stretch = |i: u64| Stretch { requests: i * i % 23, errors: i % 7 / 6, mean_ms: Some(20.0 + (i % 5) as f64) };
    Course {
        since: Stamp::from_unix(1_699_000_000 / 32_768 * 32_768).expect("a time"),
        seconds: 32_768,
        stretches: (0..31).map(stretch).collect(),
    }
}

/// What is known of an endpoint of the list, as the app tells it.
pub fn looked(list: &Arc<Inventory>, endpoint: usize) -> Event {
    let line =
        |depth, name: &str, required, what: &str| ShapeLine { depth, name: name.into(), required, what: what.into() };
    let Event::Composed(composed) = composed() else { unreachable!("made above") };
    let shapes = vec![
        Shape {
            title: "takes application/json".into(),
            lines: vec![
                line(0, "", false, "object"),
                line(1, "owner", true, "string, 1 to 40 characters"),
                line(1, "items", false, "array of object"),
                line(2, "sku", true, "string"),
            ],
        },
        Shape { title: "gives 204".into(), lines: Vec::new() },
    ];
    let declared = list.endpoints[endpoint].state == Some(State::Documented);
    let operation = if declared { Operation { shapes, ..composed.operation } } else { Operation::default() };
    let nearest = (!declared).then(|| "/orders/{id}".to_owned());
    Event::Looked(Box::new(Looked { inventory: Arc::clone(list), endpoint, operation, nearest }))
}

pub fn inventory() -> Arc<Inventory> {
    Arc::new(Inventory {
        endpoints: vec![
            endpoint(Some(State::Shadow), "GET", "/orders/{id}/export", 412),
            endpoint(Some(State::ShadowMethod), "DELETE", "/users/{id}", 9),
            endpoint(Some(State::Zombie), "GET", "/v1/orders", 3_118),
            endpoint(Some(State::Documented), "GET", "/orders", 88_204),
            endpoint(Some(State::Documented), "POST", "/orders", 4_410),
            endpoint(Some(State::Ghost), "GET", "/reports/{id}", 0),
            endpoint(None, "PATCH", "/sehr/lange/pfade/werden/am/ende/abgeschnitten/und/zwar/sichtbar/{id}/{name}", 1),
        ],
        log_lines: 96_154,
        ..Inventory::default()
    })
}

pub fn loaded() -> Event {
    Event::Loaded { inventory: inventory(), complete: true }
}

pub fn composed() -> Event {
    let parameter = |name: &str, place, required, hint: &str, example: &str| Parameter {
        name: name.into(),
        place,
        required,
        hint: hint.into(),
        example: example.into(),
    };
    Event::Composed(Box::new(Composed {
        title: "POST /orders/{id}".into(),
        method: "POST".into(),
        base: "https://api.test".into(),
        path: "/orders/{id}".into(),
        operation: Operation {
            summary: Some("Change an order".into()),
            servers: vec!["https://api.test".into()],
            parameters: vec![
                parameter("id", Place::Path, true, "integer, 1 ≤ id", "1001"),
                parameter("expand", Place::Query, true, "enum items|customer", "items & more"),
                parameter("page", Place::Query, false, "integer", "1"),
                parameter("X-Trace", Place::Header, true, "string", "a1"),
            ],
            body: Some(BodyExample {
                media_type: "application/json".into(),
                text: "{\n  \"owner\": \"alice\",\n  \"items\": []\n}".into(),
            }),
            security: vec!["bearer (JWT)".into()],
            ..Operation::default()
        },
    }))
}

pub fn body() -> String {
    format!(
        r#"{{"id":1002,"owner":"bob","total":14.50,"paid":true,"items":[{{"sku":"a","n":1}},{{"sku":"b","n":2}}],"empty":{{}},"token":"{TOKEN}","note":null}}"#
    )
}

pub fn exchange(url: &str, status: u16, content: &str) -> Exchange {
    let request = Request::new("POST", url.as_bytes()).expect("url").header("Accept", "*/*").header("X-Trace", "a1");
    let mut x = Exchange::new(7, Stamp::from_unix(1_700_000_000).expect("stamp"), request);
    let ms = |n: u64| Some(Duration::from_micros(n));
    x.phases.dns = ms(400);
    x.phases.connect = ms(1_900);
    x.phases.tls = ms(6_200);
    x.phases.send = ms(80);
    x.phases.wait = ms(31_000);
    x.phases.receive = ms(1_100);
    x.phases.total = ms(40_900);
    x.connection = Some(Connection {
        remote: "192.0.2.7:443".parse().expect("address"),
        local: "192.0.2.1:40000".parse().expect("address"),
        alpn: Some("h2".into()),
        reused: false,
        proxy: None,
        proxy_answer: lunette::base::Untrusted::default(),
    });
    x.tls = Some(TlsFacts {
        version: "TLSv1.3".into(),
        cipher: "TLS_AES_256_GCM_SHA384".into(),
        group: Some("X25519MLKEM768".into()),
        signature: Some("ecdsa_secp256r1_sha256".into()),
        sni: Some("api.test".into()),
        faults: vec![
            "issuer not trusted".into(),
            "issuer 1: expired on 2023-11-03T08:26:40Z".into(),
            "issuer 1: weak key (RSA 1024)".into(),
        ],
        chain: vec![
            Certificate {
                subject: "CN=api.test".into(),
                issuer: "CN=Shop CA".into(),
                san: vec!["api.test".into(), "www.api.test".into()],
                not_before: Stamp::from_unix(1_690_000_000),
                not_after: Stamp::from_unix(1_720_000_000),
                key: "ECDSA P-256".into(),
                serial: "0a1b".into(),
                sha256: "ab".repeat(32),
                version: 3,
                signature: "SHA-256 with ECDSA".into(),
                faults: vec![Fault::new(FaultKind::UntrustedIssuer, "")],
            },
            Certificate {
                subject: "CN=Shop CA".into(),
                issuer: "CN=Shop CA".into(),
                san: Vec::new(),
                not_before: Stamp::from_unix(1_600_000_000),
                not_after: Stamp::from_unix(1_699_000_000),
                key: "RSA 1024".into(),
                serial: "01".into(),
                sha256: "cd".repeat(32),
                version: 3,
                signature: "SHA-1 with RSA".into(),
                faults: vec![
                    Fault::new(FaultKind::Expired, "2023-11-03T08:26:40Z"),
                    Fault::new(FaultKind::WeakKey, "RSA 1024"),
                ],
            },
        ],
        staple: Some(Staple {
            status: Revocation::Good,
            this_update: Stamp::from_unix(1_699_990_000),
            next_update: Stamp::from_unix(1_700_500_000),
        }),
        ..TlsFacts::default()
    });
    x.traffic = Traffic { written: 412, read: 733, head: 0 };
    x.response = Some(Response {
        version: "HTTP/2".into(),
        status,
        reason: Untrusted::default(),
        headers: vec![
            ("content-type".into(), "application/json".into()),
            ("cache-control".into(), "no-store".into()),
            ("server".into(), "shop/1.0".into()),
        ],
        body: Bytes::copy_from_slice(content.as_bytes()),
        trailers: Vec::new(),
        truncated: false,
        wire_bytes: 321,
        decoded_bytes: content.len() as u64,
        undone: vec![("gzip".into(), 250), ("br".into(), content.len() as u64)],
        ..Response::default()
    });
    x
}

pub fn grade() -> HeaderGrade {
    let exchange = exchange("https://api.test/orders/1001?expand=items", 200, &body());
    lunette::grade::headers(&exchange).expect("a reply")
}

pub fn done(id: u64) -> Event {
    let exchange = exchange("https://api.test/orders/1001?expand=items", 200, &body());
    let tokens = vec![("body".to_owned(), lunette::jwt::decode(TOKEN.as_bytes()))];
    Event::Done(id, Arc::new(Judged { exchange, headers: Some(grade()), tokens }))
}

/// A reply to a request that changes nothing.
pub fn done_get(id: u64) -> Event {
    let mut exchange = exchange("https://api.test/orders/1001", 200, &body());
    exchange.request.method = b"GET".to_vec();
    let headers = lunette::grade::headers(&exchange);
    Event::Done(id, Arc::new(Judged { exchange, headers, tokens: Vec::new() }))
}

/// A reply with `X-Content-Type-Options`, or without.
pub fn done_with(id: u64, nosniff: bool) -> Event {
    let mut exchange = exchange("https://api.test/orders/1001", 200, &body());
    if nosniff {
        let headers = &mut exchange.response.as_mut().expect("a reply").headers;
        headers.push(("X-Content-Type-Options".into(), "nosniff".into()));
    }
    let headers = lunette::grade::headers(&exchange);
    Event::Done(id, Arc::new(Judged { exchange, headers, tokens: Vec::new() }))
}

/// A redirect to another origin.
pub fn redirected(id: u64) -> Event {
    let mut exchange = exchange("https://api.test/orders/1001", 307, "");
    exchange.id = 8;
    let reply = exchange.response.as_mut().expect("a reply");
    reply.headers.push(("location".into(), "https://other.test/next".into()));
    Event::Done(id, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() }))
}

/// A reply that the raw sender read, with what is odd in it and the bytes that it answers.
pub fn raw(id: u64) -> Event {
    let mut exchange = exchange("http://api.test/orders/1001", 200, "hello");
    exchange.sender = Sender::Raw;
    exchange.sender_reason = Some("the target holds a space".into());
    exchange.sent = Some(Bytes::from_static(
        b"POST /orders/1001 x HTTP/1.1\r\nHost: api.test\r\nAuthorization: Bearer abcdefgh\r\n\r\n\x00\xff",
    ));
    exchange.oddities = vec![
        Oddity { odd: Odd::BareLf, detail: String::new() },
        Oddity { odd: Odd::LengthsDiffer, detail: "5, 6".into() },
    ];
    exchange.altered = vec![Alteration { by: "cookies".into(), what: "Cookie has sid of the jar".into() }];
    Event::Done(id, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() }))
}

/// A jar whose last reply set one cookie.
pub fn jar() -> Event {
    let jars = lunette::app::cookies::Jars::default();
    let now = Stamp::from_unix(1_700_000_000).expect("stamp");
    let request = Request::new("GET", b"https://api.test/v1/login").expect("url");
    let reply = |line: &str| Response { headers: vec![("set-cookie".into(), line.into())], ..Response::default() };
    jars.learn(&request, &reply("theme=dark; Path=/; Domain=api.test; Max-Age=86400"), now);
    jars.learn(&request, &reply("sid=s3cret; Path=/; Secure; HttpOnly; SameSite=Lax"), now);
    Event::Cookies(Arc::new(jars.held(None)))
}

/// A group that was shown.
pub fn group() -> Event {
    use lunette::app::group::Plan;
    let request = Request::new("POST", b"https://api.test/orders/1001").expect("url");
    let plan = Plan::new(vec![request; 10], lunette::wire::Together::Parallel, lunette::wire::Policy::default());
    let plan = plan.expect("a group");
    let lines = plan.lines();
    Event::Groups(Arc::new(plan), lines)
}

pub fn failed(id: u64) -> Event {
    let mut exchange = exchange("https://api.test/orders/1001", 200, "");
    exchange.response = None;
    exchange.tls = None;
    exchange.phases.wait = None;
    exchange.phases.receive = None;
    exchange.error = Some(Failure {
        phase: Phase::Tls,
        kind: FailureKind::Tls,
        message: "the peer offers no version we speak; look at the tls tab".into(),
    });
    Event::Done(id, Arc::new(Judged { exchange, headers: None, tokens: Vec::new() }))
}

pub fn latency() -> Event {
    let seconds = (0..120_u32)
        .map(|i| {
            let n = if i % 7 == 0 { 0 } else { u64::from(i % 5 + 1) };
            let wave = f64::from((i * 37) % 90) + 5.0;
            Second {
                n,
                max_ms: if n == 0 { 0.0 } else { wave * 1.8 },
                p50_ms: if n == 0 { 0.0 } else { wave },
                errors: 0,
            }
        })
        .collect();
    Event::Latency(Arc::new(Snapshot {
        all: Summary { n: 12_600, p50_ms: 31.0, p90_ms: 60.2, p95_ms: 88.1, p99_ms: 140.0, max_ms: 201.4 },
        seconds,
        statuses: vec![(200, 11_904), (429, 696), (0, 2)],
        latest: (0..50_u16)
            .map(|i| (format!("GET /search?page={i}"), if i % 9 == 0 { 429 } else { 200 }, 20.0 + f64::from(i) * 1.7))
            .collect(),
    }))
}

pub fn explained() -> Event {
    let part = |what: &str, value: &str, from: &str| lunette::app::Part {
        what: what.into(),
        value: value.into(),
        from: from.into(),
    };
    let parts = vec![
        part("method", "POST", "typed"),
        part("URL", "https://api.test/orders/1001?expand=items", "as the specification gave it"),
        part("header Host", "api.test", "added by the sender"),
        part("header Accept", "*/*", "typed, {{any}} from environment staging"),
        part("header User-Agent", "lunette/0.1.0", "default of lunette"),
        part("identity", "none", "nobody is chosen"),
        part("body", "37 B", "as the specification gave it"),
        part("scope", "admits it: api.test:443", "typed"),
        part("sender", "the ordinary one", ""),
    ];
    Event::Explained("what would be sent: POST https://api.test/orders/1001".into(), parts)
}

pub fn values() -> Arc<lunette::app::vary::Values> {
    let all = (1_001..=1_006).map(|i| i.to_string().into_bytes()).collect();
    Arc::new(lunette::app::vary::Values { name: "vary".into(), all })
}

/// Plays a run over some values, the last of which has not come back yet.
pub fn varied(s: &mut lunette::tui::harness::Screen) {
    s.keys("v").text("1001..1006");
    s.keys("Enter");
    let Some(lunette::app::Ask::Vary(draft, text)) = s.asks.pop_back() else { panic!("not asked: {}", s.view()) };
    assert_eq!(
        (draft.url.as_str(), text.as_str()),
        ("https://api.test/orders/{{vary}}?expand=items%20%26%20more", "1001..1006")
    );
    let lines = vec!["6 requests, one after the other, at the pace that the target takes.".into()];
    s.event(Event::Varies { draft: Box::new(draft), values: values(), lines });
    assert!(s.view().contains("vary {{vary}}: 6 requests") && s.view().contains("x sends them"), "{}", s.view());
    s.keys("x");
    assert!(matches!(s.asks.pop_back(), Some(lunette::app::Ask::VaryGo(_, values)) if values.all.len() == 6));
    s.event(Event::Started(5));
    for i in 0..5_u16 {
        let status = if i == 3 { 403 } else { 200 };
        let content = if i == 2 { body() } else { format!("{{\"id\": {i}, \"owner\": \"alice\"}}") };
        let exchange = exchange("https://api.test/orders/1001", status, &content);
        let outcome = lunette::app::vary::Outcome {
            value: (1_001 + i).to_string(),
            status: Some(status),
            bytes: content.len() as u64,
            ms: Some(12.0 + f64::from(i * 7 % 5)),
            failure: None,
            print: lunette::wire::Print::of(&exchange),
            judged: Some(Arc::new(Judged { exchange, headers: None, tokens: Vec::new() })),
        };
        s.event(Event::Varied(5, Box::new(outcome)));
    }
}

/// Answers what was asked last about a token, as the app does.
fn answer(s: &mut Screen) -> Box<TokenAsk> {
    match s.asks.pop_back() {
        Some(Ask::Token(ask)) => ask,
        _ => panic!("nothing was asked about a token: {}", s.view()),
    }
}

/// Judges the token that was opened.
pub fn inspected(s: &mut Screen) {
    let TokenAsk::Inspect { token, stood, keys } = *answer(s) else { panic!("not asked to judge: {}", s.view()) };
    let known = inspect::inspect(token, stood, &keys, None, s.clock.wall());
    s.event(Event::Token(Box::new(TokenTold::Inspected(Box::new(known)))));
}

/// Makes the variants that were asked for.
pub fn forged(s: &mut Screen) {
    let TokenAsk::Forge { token, keys, guessed } = *answer(s) else { panic!("not asked to forge: {}", s.view()) };
    let signing = guessed.map(|g| Key::secret(g.secret.as_bytes().to_vec()));
    let own = Own::make().expect("keys of our own");
    let with = Materials {
        keys: &keys.keys.keys,
        signing: signing.as_ref(),
        guessed: signing.is_some(),
        others: &[],
        own: &own,
        listener: None,
        now: s.clock.wall(),
    };
    let forged = Arc::new(variants(&token, &with));
    s.event(Event::Token(Box::new(TokenTold::Forged(token, forged))));
}

/// Signs what was asked for.
pub fn signed(s: &mut Screen) {
    let TokenAsk::Sign { edited, how, stood } = *answer(s) else { panic!("not asked to sign: {}", s.view()) };
    let told = match inspect::signed(&edited, &how, |typed| Ok(Key::secret(typed.as_bytes().to_vec()))) {
        Ok((token, words)) => TokenTold::Signed { token, words, stood },
        Err(e) => TokenTold::Failed(e),
    };
    s.event(Event::Token(Box::new(told)));
}

/// A public key of P-256, as openssl writes it.
pub const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAETjd+f5q3KzDlFLsiDuhmBM1ExIL8
iuBpVIizKWcHGbjAck6DLUaNhN711akgUU4vQNv3IspNsISiq7Wm7lDTVA==
-----END PUBLIC KEY-----
";

/// Adds the keys that were asked for: one, whatever was typed.
pub fn keyed(s: &mut Screen) {
    let TokenAsk::Keys { typed, known } = *answer(s) else { panic!("not asked for keys: {}", s.view()) };
    let mut known = known.as_ref().clone();
    known.keys.keys.push(key::read(PUBLIC.as_bytes(), &typed).expect("a key").keys.remove(0));
    s.event(Event::Token(Box::new(TokenTold::Keys(Arc::new(known), "one key more".to_owned()))));
    inspected(s);
}
