//! `lunette run`: flows against real peers, and what is told of them.

use std::time::Duration;

use lunette::demo::Demo;
use lunette::wire::flow::table::{DIRECTIVES, PREDICATES, SUBJECTS};

use crate::support::cli::Cli;
use crate::support::recorder::{OK, Recorder};

use super::{closed_port, sample};

const PATIENCE: Duration = Duration::from_secs(20);

fn reply(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

#[test]
fn the_sample_flow_passes_against_the_practice_api_and_says_what_does_not_hold() {
    let demo = Demo::start(None).expect("it starts");
    let (base, file) = (format!("base=http://{}", demo.http), sample("shop.http"));
    let cli = Cli::new();
    let arguments = ["run", &file, "--set", &base, "--allow", "127.0.0.1"];
    let text = cli.run(&arguments).ended(0).out();
    assert_eq!(text.lines().filter(|l| l.starts_with("pass ")).count(), 7, "{text}");
    assert!(text.contains("7 passed, 0 failed, 0 without a verdict; "), "{text}");
    let document = cli.run(&[&arguments[..], &["--format", "json"]].concat()).ended(0).json("run");
    assert_eq!(document["totals"]["passed"], 7);
    let login = &document["files"][0]["requests"][0];
    assert_eq!((&login["name"], &login["captures"][0]["ok"]), (&"log in".into(), &true.into()));
    assert_eq!(login["exchange"]["schema"], "lunette.exchange/1");
    assert_eq!(login["asserts"][0]["outcome"], "pass");
    let whole = document.to_string();
    assert!(!whole.contains("wonderland") && !whole.contains("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."), "masked");

    let wrong = cli.run(&[&arguments[..], &["--set", "password=guess", "--fail-fast", "--format", "junit"]].concat());
    let xml = wrong.ended(1).out();
    assert!(xml.contains("tests=\"1\" failures=\"1\" errors=\"0\""), "{xml}");
    assert!(xml.contains("status 200 does not hold; found 401"), "{xml}");
    assert!(xml.contains("token is not captured: $.token finds nothing"), "{xml}");
}

#[test]
fn what_is_captured_goes_on_within_a_file_and_to_others_only_where_that_is_said() {
    let first = reply("200 OK", "Set-Cookie: sid=c0okie-value; Path=/\r\n", "{\"id\": \"a1\", \"next\": \"page=7&x\"}");
    let recorder = Recorder::scripted(vec![first, OK.to_vec()], true);
    let base = recorder.url("");
    let cli = Cli::new()
        .file(
            "one.http",
            format!(
                "@base = {base}\n### first\n# @capture id = json $.id\n# @capture sid = cookie sid\n\
                 # @capture page = regex page=(\\d+)\nGET {{{{base}}}}/first\n\n### second\n\
                 GET {{{{base}}}}/{{{{id}}}}?p={{{{page}}}}\nX-Sid: {{{{sid}}}}\n"
            ),
        )
        .file("two.http", format!("GET {base}/again/{{{{id}}}}\n"));
    let allow = ["--allow", "127.0.0.1", "--share"];
    cli.run(&[&["run", "one.http", "two.http"], &allow[..2]].concat())
        .usage(&["two.http:1: nothing gives a value to id", "--share"]);
    assert!(recorder.heard().is_empty(), "what is known to be wrong sends nothing");
    cli.run(&[&["run", "one.http", "two.http"], &allow[..]].concat()).ended(0);
    let sent =
        recorder.requests(3, PATIENCE).iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect::<Vec<_>>();
    assert!(
        sent[1].starts_with("GET /a1?p=7 HTTP/1.1\r\n") && sent[1].contains("X-Sid: c0okie-value\r\n"),
        "{}",
        sent[1]
    );
    assert!(sent[2].starts_with("GET /again/a1 HTTP/1.1\r\n"), "{}", sent[2]);
}

#[test]
fn a_value_of_a_peer_never_becomes_another_request() {
    let hostile = reply("200 OK", "", "{\"v\": \"x HTTP/1.1\\r\\nHost: h\\r\\n\\r\\nGET /second\"}");
    let recorder = Recorder::scripted(vec![hostile, OK.to_vec()], true);
    let text = format!("# @capture v = json $.v\nGET {0}/\n###\nGET {0}/{{{{v}}}}\n", recorder.url(""));
    let cli = Cli::new().file("f.http", text);
    let ran = cli.run(&["run", "f.http", "--allow", "127.0.0.1"]);
    assert!(ran.ended(1).out().contains("error"), "{}", ran.out());
    assert_eq!(recorder.requests(1, PATIENCE).len(), 1, "the second one was refused whole");
}

#[test]
fn a_retry_goes_on_until_it_holds_and_no_longer() {
    let early = reply("202 Accepted", "", "{}");
    let recorder = Recorder::scripted(vec![early.clone(), early, OK.to_vec()], true);
    let text = format!("# @retry 5 every 10 ms\n# @assert status 200\nGET {}/job\n", recorder.url(""));
    let cli = Cli::new().file("f.http", text);
    let document = cli.run(&["run", "f.http", "--allow", "127.0.0.1", "--format", "json"]).ended(0).json("run");
    assert_eq!(document["files"][0]["requests"][0]["tries"], 3);
    assert_eq!(recorder.requests(3, PATIENCE).len(), 3);
}

#[test]
fn each_request_goes_as_who_it_names_and_the_rest_as_the_one_that_was_typed() {
    let recorder = Recorder::start();
    let port = recorder.addr.port();
    let cli = Cli::new().env("ALICE", "t0ken-of-alice").env("BOB", "t0ken-of-bob").file(
        "lunette.toml",
        format!(
            "[workspace]\nname = \"x\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n[headers]\nX-Review = \"4711\"\n\
             [identity.alice]\ncredential = \"bearer:env:ALICE\"\n[identity.bob]\ncredential = \"bearer:env:BOB\"\n\
             [env.here]\nbase = \"http://127.0.0.1:{port}\"\n"
        ),
    );
    let cli = cli.file(
        "f.http",
        "GET {{base}}/a\n###\n# @identity bob\nGET {{base}}/b\n###\n# @identity none\nGET {{base}}/c\n",
    );
    cli.run(&["run", "f.http", "--identity", "alice", "--env", "here"]).ended(0);
    let sent =
        recorder.requests(3, PATIENCE).iter().map(|r| String::from_utf8_lossy(r).into_owned()).collect::<Vec<_>>();
    assert!(sent[0].contains("Bearer t0ken-of-alice\r\n") && sent[1].contains("Bearer t0ken-of-bob\r\n"));
    assert!(!sent[2].to_lowercase().contains("authorization") && sent.iter().all(|s| s.contains("X-Review: 4711\r\n")));
    let kept = cli.run(&["history", "list", "--who", "run", "--format", "json"]).ended(0).json("history");
    let who: Vec<&str> =
        kept["entries"].as_array().expect("rows").iter().filter_map(|e| e["identity"].as_str()).collect();
    assert_eq!(who, ["bob", "alice"], "kept in the history, with who it was");
    let audit = cli.run(&["audit", "show", "--who", "run"]).ended(0).out();
    assert!(audit.contains("/b") && !audit.contains("t0ken"), "{audit}");
    let cli = cli.file("g.http", "# @identity bbo\nGET http://127.0.0.1/\n");
    cli.run(&["run", "g.http"]).usage(&["g.http:1: there is no identity bbo", "did you mean bob?"]);
}

#[test]
fn a_run_ends_as_the_contract_says() {
    let recorder = Recorder::start();
    let url = recorder.url("/x");
    let cli = Cli::new()
        .file("pass.http", format!("GET {url}\n"))
        .file("fail.http", format!("# @assert json $.a == 1\nGET {url}\n"))
        .file("gone.http", format!("# @assert status 200\nGET http://127.0.0.1:{}/\n", closed_port()))
        .file("bad.http", format!("GET {url}\n\n# @assert statsu 200\n"))
        .file("odd.http", format!("# @unheard of\n# @name a\nGET {url}\n"));
    let allow = ["--allow", "127.0.0.1"];
    let run = |files: &[&str]| cli.run(&[&["run"], files, &allow].concat());
    run(&["pass.http"]).ended(0);
    let failed = run(&["fail.http", "pass.http", "gone.http"]);
    assert!(
        failed.ended(1).out().contains("fail.http:1: json $.a == 1 does not hold; found nothing"),
        "{}",
        failed.out()
    );
    run(&["gone.http"]).ended(4);
    run(&["bad.http"]).usage(&["bad.http:3: statsu is nothing that can be asserted; did you mean status?"]);
    run(&["none.http"]).usage(&["none.http", "no such file"]);
    run(&["odd.http", "--only", "b"]).ended(2);
    assert!(run(&["odd.http"]).ended(0).err().contains("odd.http:1: @unheard is not known and is left out"));
    let refused = cli.run(&["run", "pass.http"]);
    assert!(refused.ended(3).out().starts_with("error"), "a host in a file is not in scope by that: {}", refused.out());
    cli.run(&["send", "GET", &url, "--format", "junit"]).usage(&["only lunette run writes"]);
}

#[test]
fn every_word_of_a_flow_stands_in_the_help_and_in_the_readme() {
    let readme = include_str!("../../../README.md");
    let help = Cli::new().run(&["run", "--help"]).ended(0).out();
    let forms = DIRECTIVES.iter().map(|d| d.form).chain(SUBJECTS.iter().map(|s| s.form));
    for form in forms.chain(PREDICATES.iter().map(|p| p.form)) {
        assert!(readme.contains(&format!("`{form}`")), "{form} stands in README.md");
        assert!(help.contains(form), "{form} stands in the help:\n{help}");
    }
}
