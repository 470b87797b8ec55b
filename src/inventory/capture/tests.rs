use super::*;

fn list(kind: Kind, text: &str) -> Vec<String> {
    let capture = read(kind, text.as_bytes()).expect("a capture");
    let show = |c: &Call| {
        let host = c.host.as_ref().map_or(String::new(), |h| format!("{h} "));
        let status = c.status.map_or("-".to_owned(), |s| s.to_string());
        format!(
            "{status} {host}{} {} {:?} {:?} {:?}",
            c.method,
            c.target,
            c.time.map(|t| t - 1_700_000_000),
            c.micros,
            c.credential
        )
    };
    let odd = capture.odd.iter().map(|(place, why)| format!("{place} {why}"));
    capture.calls.iter().map(show).chain(odd).collect()
}

#[test]
fn har_entries() {
    let entry = |request: &str, status: &str| {
        format!(
            r#"{{"startedDateTime":"2023-11-14T22:13:20.1Z","time":12.5,"request":{request},"response":{{"status":{status}}}}}"#
        )
    };
    let entries = [
        entry(
            r#"{"method":"GET","url":"https://api.test:8443/a?x=1&access_token=zzz","headers":[{"name":"Accept","value":"*/*"}]}"#,
            "200",
        ),
        entry(
            r#"{"method":"POST","url":"https://api.test/a","headers":[{"name":"authorization","value":"Bearer zzz"}]}"#,
            "\"201\"",
        ),
        entry(
            r#"{"method":"GET","url":"https://api.test/b","cookies":[{"name":"sid","value":"zzz"}],"headers":"odd"}"#,
            "0",
        ),
        entry(r#"{"method":"GET","url":"https://api.test/c"}"#, "404"),
        entry(r#"{"method":"GET","url":"data:text/plain,x"}"#, "200"),
        "{\"request\": 5}".to_owned(),
        "null".to_owned(),
    ];
    let har = |creator: &str, entries: &[String]| {
        format!(r#"{{"log":{{"version":"1.2","creator":{{"name":"{creator}"}},"entries":[{}]}}}}"#, entries.join(","))
    };
    let odd = |i: usize| format!("/log/entries/{i} has no HTTP request that can be read");
    assert_eq!(
        list(Kind::Har, &har("mitmproxy", &entries)),
        [
            "200 api.test GET /a?x=1&access_token=*** Some(0) Some(12500) Some(false)".to_owned(),
            "201 api.test POST /a Some(0) Some(12500) Some(true)".to_owned(),
            "0 api.test GET /b Some(0) Some(12500) Some(true)".to_owned(),
            "404 api.test GET /c Some(0) Some(12500) Some(false)".to_owned(),
            odd(4),
            odd(5),
            odd(6),
        ]
    );
    // Without one credential in all, what Chrome wrote says nothing of them.
    assert!(list(Kind::Har, &har("WebInspector", &entries[3..4]))[0].ends_with("None"));
    for text in ["{\"log\":{}}", "{\"log\":{\"entries\":[]}}", "{\"log\":{\"entries\":[{\"a\":1}", ""] {
        assert!(read(Kind::Har, text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn postman_folders() {
    let text = r#"{"info":{"schema":"https://schema.getpostman.com/json/collection/v2.1.0/collection.json"},
      "auth":{"type":"bearer"},
      "item":[{"name":"f","auth":{"type":"noauth"},"item":[
          {"request":{"method":"GET","url":{"raw":"{{base}}/orders/:id?key=zzz"}},
           "response":[{"code":200,"responseTime":7,"originalRequest":{"method":"GET","url":{"raw":"https://api.test/orders/7"},"header":[{"key":"X-Api-Key","value":"zzz"}]}},{"code":404}]}]},
        {"request":{"method":"POST","url":{"host":["api","test"],"path":["orders","{{id}}",{"value":"x"}]}}},
        {"request":"api.test/health"},
        {"request":{"method":"GET","url":{}}}, {"name":"nothing"}]}"#;
    assert_eq!(
        list(Kind::Postman, text),
        [
            "200 api.test GET /orders/7 None Some(7000) Some(true)",
            "404 GET /orders/{id}?key=*** None None Some(false)",
            "- GET /orders/{id}?key=*** None None Some(false)",
            "- api.test POST /orders/{id}/x None None Some(true)",
            "- api.test GET /health None None Some(true)",
            "/item/3 has no request that can be read",
            "/item/4 has no request that can be read",
        ]
    );
    let deep = format!("{}{}", "{\"item\":[".repeat(100), "]}".repeat(100));
    assert!(read(Kind::Postman, deep.as_bytes()).is_err());
}

#[test]
fn burp_items() {
    let request = STANDARD_REQUEST;
    let text = format!(
        r#"<?xml version="1.0"?><!DOCTYPE items [<!ELEMENT item (url)>]><items burpVersion="2023">
  <item><time>Tue Nov 14 22:13:20 UTC 2023</time><url><![CDATA[https://api.test/a?b=<x>&token=zzz]]></url><host ip="127.0.0.1">api.test</host>
   <method><![CDATA[GET]]></method><request base64="true"><![CDATA[{request}]]></request><status>200</status><response base64="false"><![CDATA[HTTP/1.1 200 </item> <item>]]></response></item>
  <item><time>Tue Nov 14 22:13:20 CET 2023</time><url>https://api.test/b?x=1&amp;y=2</url><method>POST</method><request base64="true">%%%</request><status></status></item>
  <item><url>ftp://api.test/</url><method>GET</method></item><item><url><![CDATA[https://cut"#
    );
    assert_eq!(
        list(Kind::Burp, &text),
        [
            "200 api.test GET /a?b=<x>&token=*** Some(0) None Some(true)",
            "- api.test POST /b?x=1&y=2 None None None",
            "item 3 has no request that can be read",
        ]
    );
    assert!(read(Kind::Burp, b"<html>").is_err());
}

/// `GET /a HTTP/1.1` with an `Authorization` header.
const STANDARD_REQUEST: &str = "R0VUIC9hIEhUVFAvMS4xDQpBdXRob3JpemF0aW9uOiBCZWFyZXIgenp6DQoNCg==";
