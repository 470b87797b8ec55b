//! Signatures held against another implementation, `aws4` of npm: the same request gives the same signature.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use lunette::base::Stamp;
use lunette::wire::sigv4::{Key, sign};
use lunette::wire::{Body, Request};
use serde_json::{Value, json};

fn requests() -> Vec<(&'static str, &'static str, Request, Option<&'static str>)> {
    let mut out = Vec::new();
    let mut add = |service, region, method: &str, target: &str, body: &'static str, session| {
        let mut request = Request::new(method, b"https://api.example.com/").expect("a URL");
        request.target = target.as_bytes().to_vec();
        request.body = Body::from_static(body.as_bytes());
        let mut request = request.header("Accept", "*/*").header("X-Other", "left out of it");
        if !body.is_empty() {
            request = request.header("Content-Type", "application/json");
        }
        out.push((service, region, request, session));
    };
    for target in [
        "/",
        "/orders/1001",
        "/orders/1001/",
        "/a/../b",
        "/a/./b/",
        "//a//b",
        "/a%20b",
        "/a%2Fb",
        "/caf%C3%A9",
        "/a:b@c;d,e$f",
        "/~user/-x_y.z",
        "/..",
        "/?b=2&a=1",
        "/?a=2&a=1&A=0",
        "/?a",
        "/?a=",
        "/?a=%20+%2B&b=%2f%2F",
        "/?q=caf%C3%A9&~x=-_.",
        "/?x=1=2",
        "/?a=b&&c",
        "/x?Action=List&Version=2010-05-08&X-Amz-Expires=60",
    ] {
        add("execute-api", "eu-central-1", "GET", target, "", None);
    }
    for target in
        ["/", "/key", "/a/../b", "//double//slash", "/a%20b%2Bc", "/a+b", "/caf%C3%A9", "/k?list-type=2&prefix=a%2Fb"]
    {
        add("s3", "us-east-1", "GET", target, "", None);
        add("s3", "us-east-1", "PUT", target, "some content", Some("a/session+token=="));
    }
    for (method, body) in [("POST", "{}"), ("PUT", "{\"a\": \"\u{e9}\"}"), ("DELETE", ""), ("PATCH", "x"), ("HEAD", "")]
    {
        add("service", "ap-southeast-2", method, "/items/1?x=1", body, Some("token"));
        add("lambda", "us-gov-west-1", method, "/2015-03-31/functions", body, None);
    }
    let blanks = Request::new("GET", b"https://api.example.com:8443/").expect("a URL");
    let blanks = blanks.header("X-Amz-Meta", "  a   b  ").header("x-amz-target", "T.Op").header("Content-Type", "a/b");
    out.push(("dynamodb", "eu-west-1", blanks, None));
    out
}

#[test]
fn every_signature_is_the_one_that_aws4_makes() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers");
    assert!(folder.join("node_modules/aws4").is_dir(), "run: npm ci --prefix tests/peers");
    let requests = requests();
    assert!(requests.len() >= 40, "{}", requests.len());
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    let now = Stamp::parse("2026-01-31T23:59:59Z").expect("a time");
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for (service, region, request, session) in &requests {
        let key = Key {
            id: "AKIDEXAMPLE".to_owned(),
            secret: secret.into(),
            session: session.map(Into::into),
            region: (*region).to_owned(),
            service: (*service).to_owned(),
        };
        let signed = sign(request, &key, now);
        ours.push(String::from_utf8(signed.last().expect("it signs").1.clone()).expect("UTF-8"));
        let text = |b: &[u8]| String::from_utf8(b.to_vec()).expect("UTF-8");
        let mut headers: serde_json::Map<String, Value> =
            request.headers.iter().map(|(n, v)| (text(n), text(v).into())).collect();
        headers.insert("X-Amz-Date".to_owned(), "20260131T235959Z".into());
        headers.insert("Host".to_owned(), request.origin.authority().into());
        theirs.push(json!({
            "service": service, "region": region, "method": text(&request.method), "path": text(&request.target),
            "headers": headers, "body": text(&request.body),
            "credentials": {"accessKeyId": "AKIDEXAMPLE", "secretAccessKey": secret, "sessionToken": session},
        }));
    }
    let mut node = Command::new("node")
        .arg("sign.cjs")
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node starts");
    let input = Value::from(theirs).to_string();
    node.stdin.take().expect("a pipe").write_all(input.as_bytes()).expect("node reads");
    let output = node.wait_with_output().expect("node ends");
    assert!(output.status.success());
    let theirs: Vec<String> = serde_json::from_slice(&output.stdout).expect("an array of texts");
    assert_eq!(theirs.len(), ours.len());
    for ((service, _, request, _), (ours, theirs)) in requests.iter().zip(ours.iter().zip(&theirs)) {
        let target = String::from_utf8_lossy(&request.target);
        assert_eq!(ours, theirs, "{service} {} {target}", String::from_utf8_lossy(&request.method));
    }
}
