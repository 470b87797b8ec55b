//! How logs are cut into lines, and lines of every format with what is in them.

use super::*;
use proptest::prelude::*;

const GOOD: &str = "1.2.3.4 - - [14/Nov/2023:23:13:20 +0100] \"GET /a HTTP/1.1\" 200 5 \"-\" \"-\"";

fn run(bytes: &[u8], block: usize) -> (LogReader, u64, Result<()>) {
    let mut reader = LogReader::default();
    let mut seen = 0;
    let mut done = Ok(());
    for part in bytes.chunks(block.max(1)) {
        done = reader.feed(part, |_| seen += 1);
        if done.is_err() {
            return (reader, seen, done);
        }
    }
    if done.is_ok() {
        done = reader.finish(|_| seen += 1);
    }
    (reader, seen, done)
}

#[test]
fn blocks_may_cut_anywhere() {
    let text = format!("{GOOD}\r\n\nbroken \0\u{fffd}\n{GOOD}");
    for block in 1..=text.len() {
        let (reader, seen, done) = run(text.as_bytes(), block);
        assert_eq!(done, Ok(()));
        assert_eq!((seen, reader.lines, reader.unparsed), (2, 4, 1), "block {block}");
        assert_eq!(reader.first_unparsed, "broken \0\u{fffd}".as_bytes());
    }
}

#[test]
fn a_long_line_is_counted_and_not_held() {
    let mut text = GOOD.as_bytes().to_vec();
    text.push(b'\n');
    text.extend(std::iter::repeat_n(b'x', 5 * LONGEST_LINE));
    text.push(b'\n');
    text.extend_from_slice(GOOD.as_bytes());
    for block in [4096, 1 << 18, 8 << 20] {
        let (reader, seen, done) = run(&text, block);
        assert_eq!(done, Ok(()));
        assert_eq!((seen, reader.lines, reader.unparsed), (2, 3, 1), "block {block}");
        assert_eq!(reader.first_unparsed.len(), SAMPLE);
        assert!(reader.carry.capacity() <= 2 * LONGEST_LINE);
    }
}

#[test]
fn a_log_of_another_kind_says_what_it_is() {
    for (line, word) in [
        ("{\"a\": 1}", "JSON"),
        ("{\n  \"a\": 1\n}", "several lines"),
        ("[\n  {\n    \"a\": 1\n  }\n]", "jq -c"),
        ("#Fields: date time cs-method", "W3C"),
        ("https 2018-07-02T22:23:00.186641Z app/my-lb 1.1.1.1:2817 10.0.0.1:80 0 0 0 200", "load balancer"),
        ("[2016-04-15T20:17:00.310Z] \"POST /api HTTP/2\" -", "Envoy"),
        ("just words", "known"),
    ] {
        let text = format!("{line}\n").repeat(100);
        let e = run(text.as_bytes(), 1000).2.expect_err(line).to_string();
        assert!(e.contains(word) && e.contains("--log-format"), "{e}");
        assert!(run(line.as_bytes(), 1000).2.is_err());
    }
}

proptest! {
    #[test]
    fn blocks_make_no_difference(bytes in "([0-9a-z \"\\[\n]|\r\n){0,200}", block in 1usize..50) {
        let text = format!("{GOOD}\n{bytes}");
        let (a, seen_a, _) = run(text.as_bytes(), block);
        let (b, seen_b, _) = run(text.as_bytes(), text.len());
        prop_assert_eq!((seen_a, a.lines, a.unparsed, a.first_unparsed), (seen_b, b.lines, b.unparsed, b.first_unparsed));
    }
}

/// Everything that a format finds in its lines: status, host, method and target, time, microseconds, credential.
fn found(format: &str, text: &str) -> Vec<String> {
    let mut reader = LogReader::new(&Choice::As(format.to_owned())).expect("a format");
    let mut out = Vec::new();
    let mut each = |l: &Line<'_>| {
        let show = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let host = l.request.and_then(|r| r.host).or(l.host).map_or(String::new(), |h| show(h) + " ");
        let asked = l.request.map_or("-".to_owned(), |r| format!("{} {}", show(r.method), show(r.target)));
        let time = l.time.map_or("-".to_owned(), |t| (t - 1_700_000_000).to_string());
        let micros = l.micros.map_or("-".to_owned(), |m| m.to_string());
        let more = [
            (l.credential == Some(true), " known"),
            (l.credential == Some(false), " nobody"),
            (l.templated, " templated"),
        ];
        let more: String = more.iter().filter(|m| m.0).map(|m| m.1).collect();
        out.push(format!("{} {host}{asked} {time} {micros}{more}", l.status));
    };
    let _ = reader.feed(text.as_bytes(), &mut each);
    let _ = reader.finish(&mut each);
    out.extend((reader.unparsed > 0).then(|| format!("{} missed", reader.unparsed)));
    out
}

#[test]
fn the_example_of_each_format_is_detected_as_it_and_says_the_same() {
    for format in FORMATS {
        let mut reader = LogReader::default();
        let mut seen = Vec::new();
        let mut each = |l: &Line<'_>| {
            let request = l.request.expect("a request");
            seen.push((l.status, request.method.to_vec(), request.target.to_vec(), l.time, l.micros));
        };
        reader.feed(format.example.as_bytes(), &mut each).expect("lines");
        reader.finish(&mut each).expect("lines");
        assert_eq!((reader.format, reader.unparsed), (Some(format.name), 0));
        let target = if format.name == "api-gateway" { &b"/orders/{id}"[..] } else { b"/orders/7" };
        assert_eq!(
            seen,
            [(200, b"GET".to_vec(), target.to_vec(), Some(1_700_000_000), Some(16_000))],
            "{}",
            format.name
        );
    }
}

#[test]
fn lines_of_text() {
    for (format, text, want) in [
        (
            "envoy",
            r#"[2023-11-14T22:13:20.310Z] "POST /a?b=1 HTTP/1.1" 0 DC 5 0 26 - "-" "a \"b\"" "id" "api.test:8443" "-""#,
            &["0 api.test POST /a?b=1 0 26000"][..],
        ),
        (
            "envoy",
            r#"[2023-11-14T22:13:20.310Z] "GET /a HTTP/1.1" 404 NR - - "-" 0 0 1 - "192.0.2.7" "curl" "id" "api.test" "-" - - 10.0.0.1:80 10.0.0.2:4 - -"#,
            &["404 api.test GET /a 0 1000"],
        ),
        ("envoy", r#"[2023-11-14T22:13:20.310Z] "- - -" 400 DPE 0 11 0 - "-" "-" "-" "-" "-""#, &["400 - 0 0"]),
        (
            "envoy",
            "[2023-11-14T22:13:20.310Z] \"GET /a HTTP/1.1\" 200\n[x] \"GET /a HTTP/1.1\" 200 - 0 0 0 0",
            &["2 missed"],
        ),
        (
            "alb",
            r#"http 2023-11-14T22:13:20.1Z app/s/1 192.0.2.7:1 - -1 -1 -1 400 - 0 0 "- http://lb.test:80- " "-" - - - "-" "-" "-" - 2023-11-14T22:13:20.1Z "-" "-" "-" "-" "-" "-" "-""#,
            &["400 - 0 -"],
        ),
        (
            "alb",
            r#"h2 2023-11-14T22:13:20.1Z app/s/1 [2001:db8::1]:1 10.0.0.1:80 0.001 0.002 0.003 502 - 0 0 "GET https://api.test:443/a b?c=%20 HTTP/2.0" "x \"y" - -"#,
            &["502 api.test GET /a b?c=%20 0 6000"],
        ),
        ("alb", "tls 2.0 2023-11-14T22:13:20 net/x/1 y 1.2.3.4:5\n192.0.2.7 0 x", &["2 missed"]),
        (
            "haproxy",
            r#"192.0.2.7:1 [14/Nov/2023:22:13:20.655] fe~ be/<NOSRV> -1/-1/-1/-1/+50 -1 0 - - CR-- 1/1/0/0/0 0/0 {api.test|x} {} "<BADREQ>""#,
            &["0 - 0 -"],
        ),
        (
            "haproxy",
            r#"<134>Nov 14 h haproxy[1]: ::1:1 [14/Nov/2023:22:13:20.655] fe be/s 0/0/0/1/2 200 +50 - - ---- 1/1/0/0/0 0/0 "GET /a#22b#23c HTTP/1.1" 0/000000000/0/0/0 api.test/TLSv1.3/X"#,
            &["200 GET /a\"b#c 0 2000"],
        ),
        (
            "haproxy",
            r#"1.1.1.1:1 [14/Nov/2023:22:13:20.655] fe be/s 0/0/0/1/2 414 50 - - ---- 1/1/0/0/0 0/0 "GET /long"#,
            &["414 GET /long 0 2000"],
        ),
        (
            "haproxy",
            "Nov 14 h haproxy[1]: Server be/s is DOWN.\nh [14/Nov/2023:22:13:20.655] fe be/s: SSL handshake failure",
            &["2 missed"],
        ),
        (
            "traefik",
            r#"::1 - bob [14/Nov/2023:22:13:20 +0000] "GET /a HTTP/2.0" 499 - "-" "-" 1 "-" "-" 0ms"#,
            &["499 GET /a 0 0"],
        ),
        (
            "quoted",
            "x [14/Nov/2023:22:13:20 +0000] \"not one\" \"POST /a HTTP/1.1\" -> status=201",
            &["201 POST /a 0 -"],
        ),
        ("quoted", "a \"GET /a HTTP/1.1\" 99 \"b\" 12345\n\"get /a HTTP/1.1\" 200\n\"GET /a\" 200", &["3 missed"]),
    ] {
        assert_eq!(found(format, text), want, "{text}");
    }
}

#[test]
fn columns_may_change_in_the_middle() {
    let iis = "#Software: Microsoft Internet Information Services 10.0\r\n#Date: 2023-11-14 22:13:20\r\n\
        #Fields: time cs-method cs-uri-stem cs-uri-query cs-username sc-status time-taken cs-host\r\n\
        22:13:20 GET /a+b x=1 SHOP\\bob 200 12 api.test:443\r\n22:13:21 GET /a - - 401 5\r\n\
        #Fields: sc-status date time cs-uri-stem cs-method\r\n404 2023-11-14 22:13:22 /b PUT\r\n\
        200 2023-11-14 22:13:22 - [1]USER\r\n";
    let want = ["200 api.test GET /a+b?x=1 0 12000 known", "404 PUT /b 2 -", "200 - 2 -", "1 missed"];
    assert_eq!(found("w3c", iis), want);
    let cloudfront = "#Version: 1.0\n#Fields: date time x-edge-location cs-method cs(Host) cs-uri-stem cs-uri-query sc-status x-host-header time-taken\n\
        2023-11-14\t22:13:20\tFRA\tGET\td1.cloudfront.net\t/a%2520b\tx=%2520\t200\tapi.test\t0.002\n\
        2023-11-14\t22:13:20\tFRA\tGET\td1.cloudfront.net\t/a\t-\t000\t-\t1\n";
    assert_eq!(
        found("w3c", cloudfront),
        ["200 api.test GET /a%20b?x=%2520 0 2000", "0 d1.cloudfront.net GET /a 0 1000000"]
    );
    assert_eq!(found("w3c", "2023-11-14 22:13:20 GET /a - 200 1"), ["1 missed"]);
}

#[test]
fn lines_of_json() {
    for (format, text, want) in [
        ("caddy", r#"{"level":"info","msg":"serving"}"#, &["1 missed"][..]),
        (
            "caddy",
            r#"{"ts":1.7e9,"request":{"method":"GET","host":"[::1]:8080","uri":"/a","headers":{"Authorization":["REDACTED"]}},"status":0,"duration":0.000000051}"#,
            &["0 [::1] GET /a 0 0 known"],
        ),
        (
            "kong",
            r#"[{"request":{"method":"GET","url":"http://api.test:80/a"},"response":{"status":200},"latencies":{"request":-1},"started_at":1700000000300,"consumer":{"username":"bob"}},{"request":{"method":"GET","uri":"/b"},"response":{"status":"401"},"latencies":{}}]"#,
            &["200 api.test GET /a 0 - known", "401 GET /b - -"],
        ),
        (
            "traefik-json",
            r#"{"RequestMethod":"GET","RequestPath":"/a","OriginStatus":502,"Duration":1500,"time":"2023-11-14T22:13:20Z","ClientUsername":"-"}"#,
            &["502 GET /a 0 1"],
        ),
        (
            "envoy-json",
            r#"{"start_time":"2023-11-14T22:13:20Z","method":null,"path":null,"response_code":400,"duration":"7"}"#,
            &["1 missed"],
        ),
        (
            "api-gateway",
            r#"{"requestTimeEpoch":1700000000300,"routeKey":"GET /a/{id}","path":"/prod/a/1","status":"200","principalId":"u"}"#,
            &["200 GET /a/{id} 0 - known templated"],
        ),
        (
            "api-gateway",
            r#"{"routeKey":"$default","httpMethod":"PUT","path":"/a/1","status":200}"#,
            &["200 PUT /a/1 - -"],
        ),
        (
            "api-gateway",
            r#"{"resourcePath":"/{proxy+}","httpMethod":"PUT","path":"/a/1","status":200}"#,
            &["200 PUT /a/1 - -"],
        ),
        (
            "azure",
            r#"{"records":[{"time":"2023-11-14T22:13:20Z","properties":{"httpMethod":"GET","requestUri":"/a","requestQuery":"x=1","httpStatusCode":"200","timeTaken":"0.5"}},{"properties":{}}]}"#,
            &["200 GET /a?x=1 0 500000", "1 missed"],
        ),
        (
            "cloudflare",
            r#"{"ClientRequestMethod":"GET","ClientRequestHost":"api.test","ClientRequestURI":"/a?b","EdgeResponseStatus":204,"EdgeStartTimestamp":"2023-11-14T22:13:20Z","OriginResponseTime":2000000}"#,
            &["204 api.test GET /a?b 0 2000"],
        ),
        (
            "json",
            "2023-11-14T22:13:20Z stdout F {\"request\":\"GET /a\\x22b HTTP/1.1\",\"status\":200}",
            &["200 GET /a\"b - -"],
        ),
        (
            "json",
            r#"{"@timestamp":"2023-11-14T22:13:20.1+00:00","http":{"request":{"method":"GET"},"response":{"status_code":200}},"url":{"path":"/a","query":"q"},"event":{"duration":5000}}"#,
            &["200 GET /a?q 0 5"],
        ),
        ("json", r#"{"request":"","status":"400"}"#, &["1 missed"]),
        ("json", r#"{"request":"\u0016\u0003","status":"400","time":1700000000}"#, &["400 - 0 -"]),
        ("json", "{\"status\":200\n[]\n{}\n[1]\n\"x\"", &["5 missed"]),
        (
            "json:method=m,target=u.raw,status=s,ms=t",
            r#"{"m":"GET","u":{"raw":"/a"},"s":200,"t":1.5}"#,
            &["200 GET /a - 1500"],
        ),
    ] {
        assert_eq!(found(format, text), want, "{text}");
    }
    let odd = [&b"{\"request\":\"GET /\xff HTTP/1.1\",\"status\":200}"[..]].concat();
    let mut reader = LogReader::default();
    reader.feed(&odd, |_| ()).expect("bytes");
    assert!(reader.finish(|l| assert!(l.request.is_some())).is_ok() && reader.parsed == 1);
}

#[test]
fn a_log_format_that_is_pasted() {
    let combined = r#"log_format main '$remote_addr - $remote_user [$time_local] "$request" '
                     '$status $body_bytes_sent "$http_referer" $request_time';"#;
    let line = r#"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "GET /a\x22 HTTP/1.1" 200 5 "x" 0.016"#;
    assert_eq!(found(combined, line), [r"200 GET /a\x22 0 16000"]);
    let bar = "$msec|$http_host|$request_method|$uri$is_args$args|$status|$http_authorization";
    assert_eq!(
        found(bar, "1700000000.123|api.test:80|GET|/a?b|404|-\n1700000000.1|-|GET|/|200|Basic x\n1|2"),
        ["404 api.test GET /a?b 0 - nobody", "200 GET / 0 - known", "1 missed"]
    );
    for (text, word) in [
        ("$request", "$status"),
        ("$status", "$request"),
        ("$status$request", "nothing between"),
        ("combind", "did you mean combined?"),
        ("xyzzyxyzzyxyzzy", "haproxy"),
        ("json:method=a", "needs a status"),
        ("json:verb=a", "no field"),
    ] {
        let e = Choice::parse(text).expect_err(text).to_string();
        assert!(e.contains(word) && e.contains("--log-format"), "{e}");
    }
}

/// Who asked and how many bytes came back, for every format that says so.
#[test]
fn who_asked_and_how_much_came_back() {
    let said = |format: &str, text: &str| {
        let mut reader = LogReader::new(&Choice::As(format.to_owned())).expect("a format");
        let mut out = Vec::new();
        let mut each = |l: &Line<'_>| {
            let client = l.client.map_or("-".to_owned(), |c| String::from_utf8_lossy(c).into_owned());
            out.push(format!("{client} {:?} {:?}", l.size, l.credential));
        };
        let _ = reader.feed(text.as_bytes(), &mut each);
        let _ = reader.finish(&mut each);
        out
    };
    for (name, want) in [
        ("ingress-nginx", "192.0.2.7 Some(5) None"),
        ("traefik", "192.0.2.7 Some(5) None"),
        ("combined", "192.0.2.7 Some(5) None"),
        ("envoy", "- Some(5) None"),
        ("alb", "192.0.2.7 Some(366) None"),
        ("haproxy", "192.0.2.7 Some(5) None"),
    ] {
        let format = FORMATS.iter().find(|f| f.name == name).expect("a format");
        assert_eq!(said(name, format.example), [want], "{name}");
    }
    for (format, text, want) in [
        (
            "combined",
            "a.test:443 2001:db8::1 - bob [14/Nov/2023:22:13:20 +0000] \"GET /a HTTP/1.1\" 304 -",
            "2001:db8::1 None None",
        ),
        (
            "envoy",
            r#"[2023-11-14T22:13:20.310Z] "GET /a HTTP/1.1" 404 NR - - "-" 0 9 1 - "192.0.2.7, 10.0.0.1" "curl" "id" "a.test" "-""#,
            "192.0.2.7 Some(9) None",
        ),
        (
            "haproxy",
            "h haproxy[1]: 2001:db8::1:9 [14/Nov/2023:22:13:20.655] f b/s 0/0/0/1/2 200 +50 - - ---- 1 0 \"GET /a\"",
            "2001:db8::1:9 None None",
        ),
        (
            "w3c",
            "#Fields: date time c-ip cs-username cs-method cs-uri-stem sc-status sc-bytes\n2023-11-14 22:13:20 192.0.2.7 - GET /a 200 7",
            "192.0.2.7 Some(7) None",
        ),
        (
            "w3c",
            "#Fields: date time c-ip cs-username cs-method cs-uri-stem sc-status\n2023-11-14 22:13:20 192.0.2.7 bob GET /a 200",
            "bob None Some(true)",
        ),
        (
            "caddy",
            r#"{"ts":1,"request":{"client_ip":"192.0.2.7","method":"GET","uri":"/a","headers":{"Accept":["x"]}},"status":200,"duration":1,"size":9}"#,
            "192.0.2.7 Some(9) Some(false)",
        ),
        (
            "caddy",
            r#"{"ts":1,"request":{"method":"GET","uri":"/a","headers":{"X-Api-Key":["x"]}},"status":200,"duration":1}"#,
            "- None Some(true)",
        ),
        (
            "kong",
            r#"{"request":{"method":"GET","uri":"/a","headers":{}},"response":{"status":200,"size":"7"},"latencies":{},"client_ip":"192.0.2.7","consumer":{"username":"bob"}}"#,
            "bob Some(7) Some(true)",
        ),
        (
            "traefik-json",
            r#"{"RequestMethod":"GET","RequestPath":"/a","OriginStatus":200,"ClientHost":"192.0.2.7","DownstreamContentSize":3}"#,
            "192.0.2.7 Some(3) None",
        ),
        (
            "envoy-json",
            r#"{"method":"GET","path":"/a","response_code":200,"x_forwarded_for":"192.0.2.7,10.0.0.1","bytes_sent":4}"#,
            "192.0.2.7 Some(4) None",
        ),
        (
            "api-gateway",
            r#"{"resourcePath":"/a","httpMethod":"GET","status":200,"ip":"192.0.2.7","user":"-","responseLength":"8"}"#,
            "192.0.2.7 Some(8) None",
        ),
        (
            "google",
            r#"{"httpRequest":{"requestMethod":"GET","requestUrl":"/a","status":200,"remoteIp":"192.0.2.7","responseSize":"6"}}"#,
            "192.0.2.7 Some(6) None",
        ),
        (
            "azure",
            r#"{"properties":{"httpMethod":"GET","requestUri":"/a","httpStatus":200,"clientIP":"192.0.2.7","sentBytes":6}}"#,
            "192.0.2.7 Some(6) None",
        ),
        (
            "cloudflare",
            r#"{"ClientRequestMethod":"GET","ClientRequestURI":"/a","EdgeResponseStatus":200,"ClientIP":"192.0.2.7","EdgeResponseBytes":6}"#,
            "192.0.2.7 Some(6) None",
        ),
        (
            "cloudfront-json",
            r#"{"cs-method":"GET","cs-uri-stem":"/a","sc-status":"200","c-ip":"192.0.2.7","sc-bytes":"6"}"#,
            "192.0.2.7 Some(6) None",
        ),
        (
            "json",
            r#"{"request":"GET /a HTTP/1.1","status":200,"remote_addr":"192.0.2.7","remote_user":"","body_bytes_sent":"6"}"#,
            "192.0.2.7 Some(6) None",
        ),
        (
            "json",
            r#"{"request":"GET /a HTTP/1.1","status":200,"remote_addr":"192.0.2.7","http_authorization":""}"#,
            "192.0.2.7 None Some(false)",
        ),
        (
            "json",
            r#"{"request":"GET /a HTTP/1.1","status":200,"http_authorization":"Bearer zzz"}"#,
            "- None Some(true)",
        ),
        ("json", r#"{"request":"GET /a HTTP/1.1","status":200,"consumer":null}"#, "- None Some(false)"),
        (
            "json:method=m,target=u,status=s,principal=p,client=c,size=z",
            r#"{"m":"GET","u":"/a","s":200,"p":"-","c":"192.0.2.7","z":3}"#,
            "192.0.2.7 Some(3) Some(false)",
        ),
        ("$remote_addr|$status|$request|$body_bytes_sent", "192.0.2.7|200|GET /a HTTP/1.1|5", "192.0.2.7 Some(5) None"),
    ] {
        assert_eq!(said(format, text), [want], "{text}");
    }
}

/// Of each format what its writer does with what no client should send, and what is told by hand.
#[test]
fn nasty_lines_of_every_format() {
    let mut seen: Vec<&str> = Vec::new();
    for (format, text, want) in [
        (
            "ingress-nginx",
            r#"2001:db8::1 - a "b c [14/Nov/2023:22:13:20 +0000] "GET http://api.test/a\x22b?x HTTP/1.1" 200 5 "-" "\x22" 457 0.500 [shop-80] [] 10.0.0.1:80, 10.0.0.2:80 0, 5 0.484, 0.016 502, 200 8a7f"#,
            &[r"200 api.test GET /a\x22b?x 0 500000"][..],
        ),
        (
            "ingress-nginx",
            r#"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "\x16\x03\x01" 400 157 "-" "-" 0 0.001 [] [] - - - - 8a7f"#,
            &["400 - 0 1000"],
        ),
        (
            "traefik",
            r#"::1 - - [14/Nov/2023:22:13:20 +0000] "GET /a b HTTP/1.1" 200 5 "http://x/\"y" "-" 15 "shop@docker" "http://[::1]:80" 16ms"#,
            &["200 GET /a b 0 16000"],
        ),
        (
            "combined",
            r#"::1 - john "q" public [14/Nov/2023:22:13:20 +0000] "GET http://[::1]:80/a HTTP/1.1" 200 5 "-" "-""#,
            &["200 [::1] GET /a 0 -"],
        ),
        ("combined", r#"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "GET /a" 200 5"#, &["200 GET /a 0 -"]),
        ("combined", r#"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "-" 408 0 "-" "-""#, &["408 - 0 -"]),
        ("combined", r#"1.2.3.4 - - [14/Nov/2023:22:13:20 +0000] "\x16\x03\x01\x02" 400 5 "-" "-""#, &["400 - 0 -"]),
        (
            "combined",
            r#"api.test:443 ::1 - - [14/Nov/2023:22:13:20 +0000] "GET /a\"b HTTP/1.1" 200 5"#,
            &[r#"200 api.test GET /a\"b 0 -"#],
        ),
        (
            "envoy",
            r#"[2023-11-14T22:13:20.310Z] "GET http://[2001:db8::1]:80/a HTTP/1.1" 503 UF,URX 0 5 16 - "-" "-" "id" "[2001:db8::1]:80" "-""#,
            &["503 [2001:db8::1] GET /a 0 16000"],
        ),
        (
            "alb",
            r#"h2 2023-11-14T22:13:20.1Z app/s/1 [2001:db8::1]:1 - -1 -1 -1 460 - 0 0 "GET https://[2001:db8::2]:443/a HTTP/2.0" "x" - -"#,
            &["460 [2001:db8::2] GET /a 0 -"],
        ),
        (
            "haproxy",
            r#"2001:db8::1:5 [14/Nov/2023:22:13:20.655] fe be/s 0/0/0/1/2 200 50 - - ---- 1/1/0/0/1 0/0 "GET http://api.test/a""#,
            &["200 api.test GET /a 0 2000"],
        ),
        (
            "w3c",
            "#Fields: date time c-ip cs-method cs-uri-stem cs-username sc-status\r\n2023-11-14 22:13:20 ::1 GET /a+b SHOP\\j+q 200\r\n#Fields: cs-method cs-uri-stem sc-status\r\nPUT /%22 404\r\nPUT /a\r\n",
            &["200 GET /a+b 0 - known", "404 PUT /%22 - -", "1 missed"],
        ),
        (
            "caddy",
            r#"{"ts":"2023-11-14T22:13:20Z","request":{"method":"GET","host":"[2001:db8::1]","uri":"http://x/a\"b\u0001"},"status":200,"duration":1}"#,
            &["200 x GET /a\"b\u{1} 0 1000000"],
        ),
        ("caddy", r#"{"ts":1.7e9,"request":{"method":"GET","uri":"/a"}}"#, &["1 missed"]),
        (
            "kong",
            r#"{"request":{"method":"GET","uri":"/a\"?x="},"response":{"status":200},"latencies":{"request":1.5}}{"request":{"method":"PUT","uri":"/b"},"response":{"status":201},"latencies":{}}"#,
            &["200 GET /a\"?x= - 1500", "201 PUT /b - -"],
        ),
        (
            "traefik-json",
            r#"{"RequestMethod":"GET","RequestPath":"/a?\"","RequestHost":"[::1]","DownstreamStatus":"499","Duration":0}"#,
            &["499 [::1] GET /a?\" - 0"],
        ),
        (
            "envoy-json",
            r#"{"method":"GET","path":"/a","authority":"[::1]:80","response_code":0,"duration":16,"response_flags":"DC"}"#,
            &["0 [::1] GET /a - 16000"],
        ),
        ("api-gateway", r#"{"httpMethod":"GET","resourcePath":"/a/{id}","status":"-","ip":"::1"}"#, &["1 missed"]),
        (
            "google",
            r#"{"timestamp":"2023-11-14T22:13:20Z","httpRequest":{"requestMethod":"GET","requestUrl":"https://[::1]:8443/a?b=\"","status":200,"latency":"1.5s"}}"#,
            &["200 [::1] GET /a?b=\" 0 1500000"],
        ),
        ("google", r#"{"httpRequest":{"requestMethod":"GET","status":200}}"#, &["1 missed"]),
        (
            "azure",
            r#"{"records":[{"properties":{"httpMethod":"GET","requestUri":"https://[::1]/a b","httpStatus":502,"timeTaken":1}},{"properties":{"httpMethod":"PUT","requestUri":"/b","httpStatus":"201"}}]}"#,
            &["502 [::1] GET /a b - 1000000", "201 PUT /b - -"],
        ),
        (
            "cloudflare",
            r#"{"ClientRequestMethod":"UNKNOWN","ClientRequestURI":"","EdgeResponseStatus":0}"#,
            &["1 missed"],
        ),
        (
            "cloudfront-json",
            r#"{"cs-method":"GET","cs-uri-stem":"/a%2522","cs-uri-query":"x=1","sc-status":"000","x-host-header":"-","time-taken":"0.001"}"#,
            &["0 GET /a%2522?x=1 - 1000"],
        ),
        ("json", r#"{"request":"GET http://[::1]:80/a","status":200}"#, &["200 [::1] GET /a - -"]),
        ("json", r#"{"request":"\u0016\u0003\u0001","status":400}"#, &["400 - - -"]),
        ("quoted", r#"::1 "GET /a\"b HTTP/1.1" status: 200"#, &[r#"200 GET /a\"b - -"#]),
    ] {
        seen.push(format);
        assert_eq!(found(format, text), want, "{format}: {text}");
    }
    for format in FORMATS {
        assert!(seen.contains(&format.name), "no nasty line of {}", format.name);
    }
}
