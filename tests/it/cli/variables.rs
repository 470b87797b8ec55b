//! `lunette send` with variables: put in, explained, varied.

use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::recorder::{OK, Recorder};

const PATIENCE: Duration = Duration::from_secs(20);

fn workspace(recorder: &Recorder) -> Cli {
    let port = recorder.addr.port();
    Cli::new().env("REVIEW_TOKEN", "t0ken-of-staging").file(
        "lunette.toml",
        format!(
            "[workspace]\nname = \"x\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n[headers]\nX-Review = \"4711\"\n\
             [env.staging]\nbase = \"http://127.0.0.1:{port}\"\nid = \"10 01\"\ntoken = \"env:REVIEW_TOKEN\"\n"
        ),
    )
}

#[test]
fn variables_are_put_in_and_never_encoded_and_as_is_leaves_them() {
    let recorder = Recorder::start();
    let cli = workspace(&recorder);
    let auth = "Authorization: Bearer {{token}}";
    let ran = cli.run(&[
        "send",
        "PUT",
        "{{base}}/o/{{env:HOME}}",
        "-H",
        auth,
        "-d",
        "{\"a\": \"{{id}}\"}",
        "--env",
        "staging",
    ]);
    ran.ended(0);
    let sent = String::from_utf8(recorder.requests(1, PATIENCE).remove(0)).expect("text");
    assert!(
        sent.starts_with(&format!("PUT /o/{} HTTP/1.1\r\n", cli.path("").display().to_string().trim_end_matches('/')))
    );
    assert!(
        sent.contains("Authorization: Bearer t0ken-of-staging\r\n") && sent.ends_with("{\"a\": \"10 01\"}"),
        "{sent}"
    );
    let url = recorder.url("/{{7*7}}");
    cli.run(&["send", "GET", &url, "--as-is"]).ended(0);
    assert!(recorder.requests(2, PATIENCE)[1].starts_with(b"GET /{{7*7}} HTTP/1.1\r\n"));
    let unknown = cli.run(&["send", "GET", &url, "--env", "staging"]);
    assert!(unknown.ended(2).err().contains("URL: nothing gives a value to 7*7"), "{}", unknown.err());
    let near = cli.run(&["send", "GET", "{{bse}}/", "--env", "stagin"]);
    assert!(near.ended(2).err().contains("did you mean staging?"), "{}", near.err());
    assert_eq!(recorder.requests(2, Duration::ZERO).len(), 2, "nothing else left");
}

#[test]
fn an_explanation_says_where_each_part_came_from_and_sends_nothing() {
    let recorder = Recorder::start();
    let cli = workspace(&recorder);
    let arguments =
        ["send", "GET", "{{base}}/o", "-H", "Authorization: Bearer {{token}}", "--env", "staging", "--explain"];
    let ran = cli.run(&arguments);
    let text = ran.ended(0).out();
    for words in [
        "typed, {{base}} from environment staging",
        "header Authorization  Bearer ***",
        "header X-Review       4711   ([headers] of lunette.toml)",
        "default of lunette",
        "admits it: 127.0.0.1:",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("t0ken"), "{text}");
    let document = cli.run(&[&arguments[..], &["--format", "json", "--offline"]].concat());
    let document = document.ended(0).json("explanation");
    let parts = document["parts"].as_array().expect("parts");
    assert!(parts.iter().any(|p| p["what"] == "scope" && p["value"].as_str().is_some_and(|v| v.contains("offline"))));
    assert!(recorder.heard().is_empty(), "nothing was even connected");
}

#[test]
fn one_place_is_varied_within_a_budget_and_compared_with_the_first() {
    let reply = |status: u16, body: &str| {
        format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
    };
    let replies = vec![reply(200, "id 1 alice"), reply(200, "id 2 alice"), reply(404, "none"), OK.to_vec()];
    let recorder = Recorder::scripted(replies, true);
    let cli = workspace(&recorder);
    let url = recorder.url("/o/{{id}}?x={{id}}");
    let too_many = cli.run(&["send", "GET", &url, "--vary", "id=1..300"]);
    assert!(too_many.ended(3).err().contains("--budget 300 allows them"), "{}", too_many.err());
    let nowhere = cli.run(&["send", "GET", &url, "--vary", "other=1..3", "--env", "staging"]);
    assert!(nowhere.ended(2).err().contains("{{other}} stands nowhere"), "{}", nowhere.err());
    assert!(recorder.heard().is_empty(), "said before anything is sent");
    let ran = cli.run(&["send", "GET", &url, "--vary", "id=1..3", "--format", "json"]);
    let document = ran.ended(0).json("vary");
    let rows = document["rows"].as_array().expect("rows");
    let brief: Vec<(&str, u64, Option<u64>)> = rows
        .iter()
        .map(|r| {
            let value = r["value"].as_str().expect("a value");
            (value, r["status"].as_u64().expect("a status"), r["difference_percent"].as_u64())
        })
        .collect();
    assert_eq!(brief, [("1", 200, Some(0)), ("2", 200, Some(33)), ("3", 404, None)]);
    assert!(ran.err().contains("sends 3 requests, one after the other, the first GET http://127.0.0.1:"));
    let sent = recorder.requests(3, PATIENCE);
    assert!(sent[2].starts_with(b"GET /o/3?x=3 HTTP/1.1\r\n"));
    assert!(memchr::memmem::find(&sent[1], b"X-Review: 4711\r\n").is_some());
    // A list of a file, one value a line, bytes as they stand.
    let cli = cli.file("list", b"a/../b\n\xff\n");
    let table = cli.run(&["send", "GET", &url, "--vary", "id=@list"]);
    let table = table.ended(0).out();
    assert!(table.lines().count() == 3 && table.contains("a/../b"), "{table}");
    assert!(recorder.requests(5, PATIENCE)[3].starts_with(b"GET /o/a/../b?x=a/../b HTTP/1.1\r\n"));
}
