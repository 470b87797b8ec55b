//! curl itself: what is exported for it sends what lunette sends, byte for byte, or is said to differ.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::recorder::Recorder;

/// Requests that have to come out the same.
const SAME: usize = 200;
const PATIENCE: Duration = Duration::from_secs(20);

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).expect("31 bits") % n
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

const METHODS: [&str; 9] = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "FROB", "get"];
const PATHS: [&str; 18] = [
    "/a/../b",
    "/%2e%2e/x",
    "//x",
    "/a b",
    "/;x=1",
    "/a\\b",
    "/caf\u{e9}",
    "/$HOME/`id`/$(id)",
    "/it's",
    "/a\"b",
    "/<x>",
    "/{a,b}/[1-3]",
    "/a#f",
    "/!h",
    "/%00%zz",
    "/a\tb",
    "http://other.test/x",
    "*",
];
const QUERIES: [&str; 5] = ["", "?a=1&b=2", "?", "?q=a b&'", "?x=%0d%0a|^"];
const HEADERS: [(&str, &str); 14] = [
    ("Accept", "*/*"),
    ("X-A", "1"),
    ("x-cAsE", "MiXeD"),
    ("X-A", "2"),
    ("Cookie", "a=b; c='d'; e=\"f\""),
    ("User-Agent", "q\"x\\y"),
    ("X-Bytes", "\u{e9}\u{2603}"),
    ("Authorization", "Bearer abc.def"),
    ("X-Shell", "$(id) `id` !! \\n 'x'"),
    ("Content-Type", "application/json"),
    ("X-Empty", ""),
    ("x-lower", "1"),
    ("Host", "other.test"),
    ("Connection", "close"),
];
const BODIES: [&[u8]; 6] = [b"", b"", b"a=1&b=2", b"{\"a\": \"it's\\n\"}\n", b"\0\x01%s\\\xff\r\n", b"@file"];

fn bash(command: &str) -> bool {
    let mut shell = Command::new("bash");
    // What a user has set for curl would be in every request.
    shell.env("CURL_HOME", "/nonexistent").env("HOME", "/nonexistent");
    let mut shell =
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("bash starts");
    // A command may be longer than an argument can be.
    shell.stdin.take().expect("a pipe").write_all(command.as_bytes()).expect("bash reads");
    shell.wait().expect("bash ends").success()
}

#[test]
fn what_is_exported_sends_the_same_bytes() {
    let mut random = Random(7);
    let (mut same, mut said, mut tried) = (0, 0, 0);
    while same < SAME {
        tried += 1;
        assert!(tried < SAME * 3, "only {same} of {tried} could be expressed");
        let target = format!("{}{}", random.pick(&PATHS), random.pick(&QUERIES));
        let method = random.pick(&METHODS);
        let body = match random.below(40) {
            0 => vec![b'x'; 1_100_000],
            _ if method == "HEAD" => Vec::new(),
            _ => random.pick(&BODIES).to_vec(),
        };
        let recorder = Recorder::start();
        let url = recorder.url("/");
        let cli = Cli::new().file("body", &body);
        let data = format!("@{}", cli.path("body").display());
        let mut arguments: Vec<String> =
            ["send", method, &url, "--as-is", "--http", "1.1", "--show", "--target", &target]
                .map(str::to_owned)
                .to_vec();
        for _ in 0..random.below(5) {
            let (name, value) = random.pick(&HEADERS);
            arguments.extend(["-H".to_owned(), format!("{name}: {value}")]);
        }
        if !body.is_empty() {
            arguments.extend(["-d".to_owned(), data]);
        }
        let exported = cli.run(&[&arguments[..], &["--export".to_owned(), "curl".to_owned()]].concat());
        exported.ended(0);
        assert!(recorder.heard().is_empty(), "nothing is sent by an export");
        let command = exported.out();
        assert!(bash(command.trim_end()), "curl fails: {command}\n{arguments:?}");
        let theirs = recorder.requests(1, PATIENCE).pop().expect("curl sent a request");
        cli.run(&arguments);
        let ours = recorder.requests(2, PATIENCE).pop().expect("lunette sent a request");
        let differs = exported.err().contains("curl ");
        let show = |bytes: &[u8]| String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned();
        assert_eq!(
            theirs == ours,
            !differs,
            "{command}\nsaid: {}\ncurl sent:\n{}\nlunette sent:\n{}",
            exported.err(),
            show(&theirs),
            show(&ours)
        );
        if differs { said += 1 } else { same += 1 }
    }
    assert!(said > 20, "{said} of {tried} were said to differ");
}

#[test]
fn a_pasted_command_is_sent_as_curl_sends_it() {
    for (options, kept) in [
        (
            "-d a=1 -d 'b=c d' -H 'X: 1'",
            &["POST / HTTP/1.1", "X: 1", "Content-Type: application/x-www-form-urlencoded", "a=1&b=c d"][..],
        ),
        (
            "-X PUT --json '{\"a\":1}'",
            &["PUT / HTTP/1.1", "Content-Type: application/json", "Accept: application/json", "{\"a\":1}"],
        ),
        (
            "-u user:pass -A agent -e from -b 'x=y'",
            &["Authorization: Basic dXNlcjpwYXNz", "User-Agent: agent", "Referer: from", "Cookie: x=y"],
        ),
        ("-G -d a=1 --data-urlencode 'b= &'", &["GET /?a=1&b=+%26 HTTP/1.1", "Accept: */*"]),
        ("--request-target '/a b'", &["GET /a b HTTP/1.1"]),
    ] {
        let recorder = Recorder::start();
        let command = format!("curl {options} {}", recorder.url("/"));
        assert!(bash(&command), "{command}");
        let theirs = recorder.requests(1, PATIENCE).pop().expect("curl sent a request");
        Cli::new().stdin(&command).run(&["send", "--curl", "-", "--http", "1.1"]).ended(0);
        let ours = recorder.requests(2, PATIENCE).pop().expect("lunette sent a request");
        for part in kept {
            for (who, bytes) in [("curl", &theirs), ("lunette", &ours)] {
                assert!(
                    String::from_utf8_lossy(bytes).contains(part),
                    "{command}: {who} sent {}",
                    String::from_utf8_lossy(bytes)
                );
            }
        }
    }
}

#[test]
fn secrets_are_masked_unless_they_are_asked_for() {
    let arguments = [
        "send",
        "GET",
        "http://127.0.0.1:1/?access_token=s3cr3tvalue",
        "-H",
        "Authorization: Bearer abcdefghijkl",
        "--export",
    ];
    for (kind, show) in [("curl", false), ("raw", false), ("curl", true), ("raw", true)] {
        let mut all = [&arguments[..], &[kind]].concat();
        if show {
            all.push("--show");
        }
        let ran = Cli::new().run(&all);
        ran.ended(0);
        assert_eq!(ran.out().contains("s3cr3tvalue") && ran.out().contains("abcdefghijkl"), show, "{kind}");
        assert_eq!(ran.err().contains("masked"), !show, "{kind}: {}", ran.err());
    }
}
