//! Sending as somebody: every kind of identity reaches the wire as it should, goes where it may and nowhere else, is renewed
//! when it has expired, and never shows itself.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::Duration;

use crate::support::cli::{Cli, Ran};
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);

/// A workspace with one target on loopback.
fn file(port: u16, more: &str) -> String {
    format!("[workspace]\nname = \"w\"\n\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n{more}")
}

fn json(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        .into_bytes()
}

fn status(code: u16) -> Vec<u8> {
    format!("HTTP/1.1 {code} x\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

fn heard(recorder: &Recorder, count: usize) -> Vec<String> {
    let requests = recorder.requests(count, PATIENCE);
    assert_eq!(requests.len(), count);
    requests.iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect()
}

/// Nothing that a run printed, and no line of its audit log, holds any of these.
#[track_caller]
fn keeps(cli: &Cli, ran: &Ran, secrets: &[&str]) {
    let log = fs::read_to_string(cli.path(".lunette/audit.jsonl")).unwrap_or_default();
    for secret in secrets {
        for (place, text) in [("stdout", ran.out()), ("stderr", ran.err()), ("the log", log.clone())] {
            assert!(!text.contains(secret), "{secret} is in {place}: {text}");
        }
    }
}

#[test]
fn every_kind_reaches_the_wire() {
    for (spec, line) in [
        ("bearer:env:S3", "Authorization: Bearer s3cret-value"),
        ("bearer:file:s3", "Authorization: Bearer s3cret-value"),
        ("basic:al:env:S3", "Authorization: Basic YWw6czNjcmV0LXZhbHVl"),
        ("cookie:sid=env:S3", "Cookie: sid=s3cret-value"),
        ("header:X-Api-Key:env:S3,role=user,ids=order:1|2;user:7", "X-Api-Key: s3cret-value"),
        ("command:cat 's3'", "Authorization: Bearer s3cret-value"),
        ("command:printf 'X-Api-Key: %s' s3cret-value", "X-Api-Key: s3cret-value"),
    ] {
        for workspace in [false, true] {
            let recorder = Recorder::start();
            let spec_head = spec.split(",role").next().expect("a head");
            let text = file(recorder.addr.port(), &format!("[identity.alice]\ncredential = \"{spec_head}\"\n"));
            let cli = Cli::new().file("s3", "s3cret-value\n").env("S3", "s3cret-value");
            let cli = if workspace { cli.file("lunette.toml", text) } else { cli };
            let asked = if workspace { "alice".to_owned() } else { format!("alice={spec}") };
            let ran = cli.run(&["send", "GET", &recorder.url("/x"), "--identity", &asked, "--format", "json"]);
            let doc = ran.ended(0).json("exchange");
            assert_eq!((ran.err().as_str(), &doc["identity"]), ("", &serde_json::json!("alice")), "{spec}");
            let sent = heard(&recorder, 1).remove(0);
            assert!(sent.contains(&format!("{line}\r\n")), "{spec}: {sent}");
            keeps(&cli, &ran, &["s3cret-value", "czNjcmV0LXZhbHVl"]);
            if workspace {
                let log = fs::read_to_string(cli.path(".lunette/audit.jsonl")).expect("the log");
                assert!(log.contains("\"identity\":\"alice\""), "{log}");
            }
            cli.run(&["grade", &recorder.url("/x"), "--identity", &asked]);
            assert!(heard(&recorder, 2)[1].contains(&format!("{line}\r\n")), "{spec}");
        }
    }
}

#[test]
fn an_aws_request_is_signed_over_what_is_sent() {
    let recorder = Recorder::start();
    let cli = Cli::new().env("SECRET", "aws-s3cret").env("SESSION", "aws-session");
    let asked = "ci=sigv4:AKIDEXAMPLE:env:SECRET:eu-west-1:execute-api:env:SESSION";
    let ran = cli.run(&["send", "POST", &recorder.url("/a?b=2&a=1"), "-d", "{}", "--identity", asked, "--show"]);
    ran.ended(0);
    let sent = heard(&recorder, 1).remove(0);
    for part in [
        "X-Amz-Date: 2",
        "X-Amz-Security-Token: aws-session\r\n",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/",
        "/eu-west-1/execute-api/aws4_request, SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=",
    ] {
        assert!(sent.contains(part), "{part}: {sent}");
    }
    assert!(!sent.contains("aws-s3cret") && !ran.out().contains("aws-s3cret"));
}

#[test]
fn what_is_typed_wins_and_is_said_and_the_workspace_s_own_header_gives_way() {
    let recorder = Recorder::start();
    let more = "[headers]\nAuthorization = \"env:OTHER\"\nX-Review = \"1\"\n[identity.alice]\ncredential = \"bearer:env:S3\"\n";
    let cli = Cli::new()
        .file("lunette.toml", file(recorder.addr.port(), more))
        .env("S3", "s3cret-value")
        .env("OTHER", "Bearer other");
    let url = recorder.url("/");
    let ran = cli.run(&["send", "GET", &url, "--identity", "alice", "-H", "authorization: Bearer by-hand"]);
    ran.ended(0);
    assert!(ran.err().contains("Authorization is typed and stays; the one of alice is left out"), "{}", ran.err());
    assert!(heard(&recorder, 1)[0].to_lowercase().contains("authorization: bearer by-hand\r\n"));
    let ran = cli.run(&["send", "GET", &url, "--identity", "alice"]);
    assert!(ran.ended(0).err().contains("adds X-Review\n"), "{}", ran.err());
    let sent = heard(&recorder, 2).remove(1);
    assert!(sent.contains("Authorization: Bearer s3cret-value\r\n") && !sent.contains("other"), "{sent}");
    cli.run(&["send", "GET", &url]).ended(0);
    assert!(
        heard(&recorder, 3)[2].contains("Authorization: Bearer other\r\n"),
        "without an identity it is the workspace's"
    );
}

#[test]
fn an_identity_goes_where_it_may_and_nowhere_else() {
    let (ours, other) = (Recorder::start(), Recorder::start());
    let more = "[identity.alice]\ncredential = \"bearer:env:S3\"\n";
    let cli = Cli::new().file("lunette.toml", file(ours.addr.port(), more)).env("S3", "s3cret-value");
    cli.run(&["send", "GET", &ours.url("/"), "--identity", "alice"]).ended(0);
    let ran = cli.run(&["send", "GET", &other.url("/"), "--identity", "alice"]);
    ran.ended(3).says(&["lunette.toml: ", "alice goes to the targets", "is none", "--identity NAME=SPEC"]);
    assert!(other.heard().is_empty(), "nothing was dialled");
    // The one that is typed is for the host that is typed with it.
    cli.run(&["send", "GET", &other.url("/"), "--identity", "alice=bearer:env:S3"]).ended(0);
    assert!(heard(&other, 1)[0].contains("Bearer s3cret-value"));
    cli.run(&["send", "GET", &ours.url("/"), "--identity", "alcie"])
        .usage(&["no identity alcie", "did you mean alice?"]);
    let expired = file(ours.addr.port(), &format!("expires = 2020-01-31\n{more}"));
    let cli = Cli::new().file("lunette.toml", expired).env("S3", "s3cret-value");
    cli.run(&["send", "GET", &ours.url("/"), "--identity", "alice"]).ended(3).says(&["lunette.toml:4: ", "no more"]);
}

#[test]
fn a_literal_works_and_is_warned_of_and_never_shown() {
    let recorder = Recorder::start();
    let cli = Cli::new();
    let ran = cli.run(&["send", "GET", &recorder.url("/"), "--identity", "alice=bearer:s3cret-value"]);
    ran.ended(0).says(&["--identity alice", "was typed", "env:NAME"]);
    keeps(&cli, &ran, &["s3cret-value"]);
    assert!(heard(&recorder, 1)[0].contains("Bearer s3cret-value"));
    let ran = cli.stdin("from-stdin\n").run(&["send", "GET", &recorder.url("/"), "--identity", "alice=bearer:-"]);
    assert_eq!(ran.ended(0).err(), "");
    assert!(heard(&recorder, 2)[1].contains("Bearer from-stdin\r\n"));
}

#[test]
fn what_a_recipe_leaves_out_is_said_once() {
    let recorder = Recorder::start();
    let text =
        format!("# @credential X-Who: alice\nGET {}\nthis is no header\n\n> {{% script %}}\n", recorder.url("/l"));
    let cli = Cli::new().file("l.http", text);
    let ran = cli.run(&["send", "GET", &recorder.url("/"), "--identity", "alice=login:l.http"]);
    let said = "lunette: l.http:3: this is no header: Name: value\nlunette: l.http:5: scripts and redirected replies are left out\n";
    assert_eq!(ran.ended(0).err(), said);
    assert!(heard(&recorder, 2)[1].contains("X-Who: alice\r\n"));
}

const LOGIN: &str = "### log in\n# @name login\n# @capture token = json $.access_token\n\
    # @credential Authorization: Bearer {{token}}\nEXPIRES\nPOST http://HOST/login\n\
    Content-Type: application/x-www-form-urlencoded\n\nuser=alice\n&password={{env:PW}}\n";

fn recipe(recorder: &Recorder, expires: &str) -> String {
    LOGIN.replace("HOST", &recorder.addr.to_string()).replace("EXPIRES", expires)
}

#[test]
fn a_login_makes_the_credential_and_is_recorded_as_one() {
    let recorder = Recorder::scripted(vec![json(r#"{"access_token": "t0ken-one"}"#), OK.to_vec()], true);
    let more = "[identity.alice]\ncredential = \"login:l.http\"\nrole = \"user\"\n";
    let cli = Cli::new()
        .file("lunette.toml", file(recorder.addr.port(), more))
        .file("l.http", recipe(&recorder, ""))
        .env("PW", "p4ssword");
    let ran = cli.run(&["send", "GET", &recorder.url("/orders"), "--identity", "alice", "--format", "json"]);
    ran.ended(0).json("exchange");
    let sent = heard(&recorder, 2);
    assert!(
        sent[0].starts_with("POST /login ") && sent[0].ends_with("\r\n\r\nuser=alice&password=p4ssword"),
        "{}",
        sent[0]
    );
    assert!(sent[1].contains("Authorization: Bearer t0ken-one\r\n"));
    keeps(&cli, &ran, &["p4ssword", "t0ken-one"]);
    let doc = cli.run(&["audit", "show", "--format", "json"]).ended(0).json("audit");
    let who: Vec<_> = doc["entries"].as_array().expect("entries").iter().map(|e| (&e["who"], &e["identity"])).collect();
    assert_eq!(who.len(), 2);
    assert!(who[0] == (&"login".into(), &"alice".into()) && who[1] == (&"hand".into(), &"alice".into()), "{who:?}");
}

#[test]
fn a_refusal_renews_once_and_never_again() {
    let token = |t: &str| json(&format!(r#"{{"access_token": "{t}"}}"#));
    for (replies, requests, last) in [
        (vec![token("t0ken-one"), status(401), token("t0ken-two"), OK.to_vec()], 4, 200),
        (vec![token("t0ken-one"), status(401), token("t0ken-two"), status(401)], 4, 401),
        (vec![token("t0ken-one"), status(403)], 2, 403),
        (vec![token("t0ken-one"), status(401), status(500)], 3, 401),
    ] {
        let recorder = Recorder::scripted(replies, true);
        let cli = Cli::new().file("l.http", recipe(&recorder, "# @expires status 401")).env("PW", "p4ssword");
        let url = recorder.url("/orders");
        let ran = cli.run(&["send", "GET", &url, "--identity", "alice=login:l.http", "--format", "json"]);
        assert_eq!(ran.ended(0).json("exchange")["response"]["status"], last);
        let sent = heard(&recorder, requests);
        assert_eq!(recorder.heard().iter().map(|h| h.ends.len()).sum::<usize>(), requests, "and no more");
        if requests == 4 {
            assert!(ran.err().contains("alice was refused (401), so its credential was renewed"), "{}", ran.err());
            assert!(sent[3].contains("Bearer t0ken-two"), "{}", sent[3]);
        }
        if requests == 3 {
            assert!(ran.err().contains("could not be renewed") && ran.err().contains("answered with 500"));
        }
        keeps(&cli, &ran, &["p4ssword", "t0ken-one", "t0ken-two"]);
    }
}

#[test]
fn a_login_that_gives_nothing_is_told_with_its_place() {
    let big = [b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n".to_vec(), vec![b'x'; 4 << 20]].concat();
    let html = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_vec();
    for (reply, code, words) in [
        (status(500), 5, &["l.http:6: ", "the login of alice failed", "login was answered with 500"][..]),
        (html, 5, &["l.http:3: ", "the reply to login (status 200)", "token: the body is not JSON but text/html"]),
        (json("{}"), 5, &["l.http:3: ", "(status 200)", "$.access_token", "finds nothing"]),
        (big, 5, &["l.http:6: ", "login: receive: ", "larger than 1048576 bytes"]),
    ] {
        let recorder = Recorder::scripted(vec![reply], true);
        let cli = Cli::new().file("l.http", recipe(&recorder, "# @expires status 401")).env("PW", "p4ssword");
        let url = recorder.url("/orders");
        let ran = cli.run(&["send", "GET", &url, "--identity", "alice=login:l.http", "--format", "json"]);
        ran.ended(code).says(words);
        assert_eq!(ran.json("exchange")["error"]["kind"], "credential");
        assert_eq!(heard(&recorder, 1).len(), 1, "the request itself was not sent");
    }
    // A login that is never answered ends in time.
    let recorder = Recorder::scripted(vec![Vec::new()], true);
    let cli = Cli::new().file("l.http", recipe(&recorder, "")).env("PW", "p4ssword");
    let url = recorder.url("/");
    let ran = cli.run(&["send", "GET", &url, "--identity", "alice=login:l.http", "--timeout", "1"]);
    ran.ended(4).says(&["the login of alice failed", "wait: "]);
    // A host of the recipe that is not in scope is asked of the user, and nothing is dialled.
    let (api, auth) = (Recorder::start(), Recorder::start());
    let cli = Cli::new().file("l.http", recipe(&auth, "")).env("PW", "p4ssword");
    let ran = cli.run(&["send", "GET", &api.url("/"), "--identity", "alice=login:l.http"]);
    ran.ended(3).says(&["the login of alice failed", "not in scope", "--allow"]);
    assert!(auth.heard().is_empty() && api.heard().is_empty());
    let allow = auth.addr.to_string();
    let auth_ok = cli.run(&["send", "GET", &api.url("/"), "--identity", "alice=login:l.http", "--allow", &allow]);
    auth_ok.ended(5).says(&["finds nothing"]);
}

#[test]
fn what_cannot_be_used_is_one_sentence_and_sends_nothing() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let cli = Cli::new()
        .file("semi", "a;b")
        .file("break", "a\nb")
        .file("empty.http", "# nothing\n")
        .file("none.http", "GET http://h/\n")
        .file("circle.http", "@a = {{b}}\n@b = {{a}}\n# @credential X: {{a}}\nGET http://127.0.0.1:1/{{a}}\n")
        .file("unset.http", "# @credential X: {{env:UNSET}}\nGET http://127.0.0.1:1/{{env:UNSET}}\n")
        .file("many.http", "# @credential X: y\n".to_owned() + &"GET http://127.0.0.1:1/\n###\n".repeat(21))
        .file("key.pem", "nothing");
    for (asked, words) in [
        ("alice", &["--identity", "there is no identity alice", "--identity NAME=SPEC"][..]),
        ("alice=", &["no kind of credential", "bearer:SECRET"]),
        ("alice=baerer:x", &["did you mean bearer:?"]),
        ("al ice=bearer:x", &["no name for an identity"]),
        ("alice=bearer:env:UNSET", &["identity alice: ", "UNSET is not set", "export UNSET"]),
        ("alice=bearer:file:gone", &["identity alice: ", "gone: there is no such file"]),
        ("alice=bearer:file:break", &["holds a line break"]),
        ("alice=cookie:sid=file:semi", &["holds a semicolon"]),
        ("alice=header:X Y:env:A", &["not an HTTP token"]),
        ("alice=bearer:env:A,ids=1|2", &["name no parameter"]),
        ("alice=bearer:env:A,role=a,role=b", &["role stands there twice"]),
        ("alice=oauth:shop", &["no profile shop", "[profile.shop]"]),
        ("alice=cert:gone.pem", &["gone.pem", "no such file"]),
        ("alice=cert:key.pem", &["key.pem: ", "no certificate in it"]),
        ("alice=login:gone.http", &["gone.http", "no such file"]),
        ("alice=login:empty.http", &["empty.http: there is no request"]),
        ("alice=login:none.http", &["none.http: this recipe makes no credential", "# @credential"]),
        ("alice=login:circle.http", &["circle.http:4: the variable", "leads to itself"]),
        ("alice=login:unset.http", &["unset.http:2: ", "UNSET is not set"]),
        ("alice=login:many.http", &["at most 20 requests"]),
        ("alice=command:no-such-program-here", &["cannot be started"]),
    ] {
        cli.run(&["send", "GET", &url, "--identity", asked]).usage(words);
    }
    assert!(recorder.heard().is_empty());
}

#[test]
fn a_program_that_fails_hangs_or_floods_is_ended_and_told() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let script = |text: &str| {
        let cli = Cli::new().file("run", format!("#!/bin/sh\n{text}\n"));
        fs::set_permissions(cli.path("run"), fs::Permissions::from_mode(0o700)).expect("chmod");
        cli
    };
    for (text, words) in [
        ("echo s3cret-value; exit 3", &["identity alice: ", "the program ./run failed (exit status: 3)"][..]),
        ("exit 0", &["prints nothing"]),
        ("exec yes", &["prints more than 64 KiB"]),
        ("sleep 60 & sleep 60", &["did not end within 1 s"]),
        ("printf 'a\\nb'", &["holds a line break"]),
    ] {
        let cli = script(text);
        let ran = cli.run(&["send", "GET", &url, "--identity", "alice=command:./run", "--timeout", "1"]);
        assert!(matches!(ran.code, Some(2 | 5)), "{text}: {:?}", ran.code);
        ran.says(words);
        keeps(&cli, &ran, &["s3cret-value"]);
    }
    assert!(recorder.heard().is_empty());
    let cli = script("echo \"$0 $1\"");
    cli.run(&["send", "GET", &url, "--identity", "alice=command:./run 'a  b'"]).ended(0);
    assert!(heard(&recorder, 1)[0].contains("Authorization: Bearer ./run a  b\r\n"));
}

#[test]
fn the_profile_of_an_identity_is_checked_and_not_used_yet() {
    let recorder = Recorder::start();
    let profile = "[identity.svc]\ncredential = \"oauth:shop\"\n[profile.shop]\nissuer = \"https://login.test\"\nclient-id = \"c\"\n\
        grant = \"client_credentials\"\n";
    let cli = Cli::new().file("lunette.toml", file(recorder.addr.port(), profile));
    let ran = cli.run(&["send", "GET", &recorder.url("/"), "--identity", "svc"]);
    ran.usage(&["identity svc: the profile shop is read and checked", "does not fetch tokens yet", "bearer:env:TOKEN"]);
    assert!(recorder.heard().is_empty());
}

#[test]
fn the_help_and_the_readme_name_every_kind() {
    let help = Cli::new().run(&["send", "--help"]).out().split_whitespace().collect::<Vec<_>>().join(" ");
    let readme = include_str!("../../../README.md");
    for kind in lunette::wire::identity::KINDS {
        assert!(help.contains(kind.form), "{}: {help}", kind.form);
        assert!(readme.contains(&format!("`{}`", kind.form)), "{} stands in README.md", kind.form);
    }
}

#[test]
fn what_is_sent_again_gets_its_credential_anew() {
    let recorder = Recorder::start();
    let more = "[identity.alice]\ncredential = \"header:X-Who:file:who\"\n[identity.ci]\n\
                credential = \"sigv4:AKID:file:who:eu-west-1:execute-api\"\n";
    let cli = Cli::new().file("lunette.toml", file(recorder.addr.port(), more)).file("who", "s3cret-old");
    let url = recorder.url("/");
    for identity in ["alice", "ci"] {
        cli.run(&["send", "GET", &url, "-H", "X-A: 1", "--identity", identity]).ended(0);
    }
    let before = heard(&recorder, 2);
    fs::write(cli.path("who"), "s3cret-new").expect("write");
    for id in ["1", "2"] {
        let ran = cli.run(&["history", "send", id]);
        assert_eq!(ran.ended(0).err(), "");
    }
    let after = heard(&recorder, 4);
    assert!(before[0].contains("X-Who: s3cret-old\r\n") && after[2].contains("X-Who: s3cret-new\r\n"), "{}", after[2]);
    assert!(!after[2].contains("s3cret-old") && after[2].contains("X-A: 1\r\n"));
    let signature = |sent: &str| sent.split("Signature=").nth(1).map(|s| s[..64].to_owned());
    assert!(signature(&before[1]).is_some() && signature(&before[1]) != signature(&after[3]));
    assert_eq!(after[3].matches("X-Amz-Date").count(), 1);
    // An identity that was only typed is not there any more, and that is said.
    cli.run(&["send", "GET", &url, "--identity", "eve=bearer:file:who"]).ended(0);
    cli.run(&["history", "send", "5"]).usage(&["there is no identity eve", "the workspace has alice, ci"]);
}
