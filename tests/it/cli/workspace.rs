//! A workspace, as a reviewer uses one: begun, found, taking part in what is sent, and refused in one sentence when it is
//! not right.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::Duration;

use crate::support::cli::Cli;
use crate::support::recorder::Recorder;

const PATIENCE: Duration = Duration::from_secs(20);

fn mode(path: &Path) -> u32 {
    fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

/// A workspace file with one target on loopback.
fn file(port: u16, more: &str) -> String {
    format!("[workspace]\nname = \"w\"\n\n[[target]]\nhost = \"127.0.0.1\"\nport = {port}\n{more}")
}

#[test]
fn init_begins_a_workspace_and_never_overwrites_one() {
    let cli = Cli::new();
    let ran = cli.run(&["init"]);
    assert_eq!(ran.ended(0).out(), "wrote lunette.toml; say in it what is in scope\n");
    assert_eq!((mode(&cli.path(".lunette")), mode(&cli.path("lunette.toml"))), (0o700, 0o644));
    assert_eq!(fs::read(cli.path(".lunette/.gitignore")).expect("it is there"), b"*\n");
    let before = fs::read(cli.path("lunette.toml")).expect("it is there");
    cli.run(&["init"]).usage(&["lunette.toml: ", "workspace here already", "nothing was changed"]);
    assert_eq!(fs::read(cli.path("lunette.toml")).expect("it is there"), before);
    // It takes part at once.
    let recorder = Recorder::start();
    cli.run(&["send", "GET", &recorder.url("/")]).ended(0);
    assert!(cli.path(".lunette/audit.jsonl").exists());

    fs::create_dir(cli.path("sub")).expect("a folder");
    let doc = cli.run(&["init", "--workspace", "sub", "--format", "json"]).ended(0).json("init");
    assert_eq!(doc["file"], "sub/lunette.toml");
    assert!(cli.path("sub/.lunette").is_dir());
    cli.run(&["init", "--workspace", "none"]).usage(&["none: ", "cannot be used", "make it first"]);
}

#[test]
fn a_workspace_is_found_upward_or_by_name_or_not_at_all() {
    let recorder = Recorder::start();
    let headers = file(recorder.addr.port(), "[headers]\nX-Review = \"4711\"\n");
    let cli = Cli::new().file("lunette.toml", headers);
    fs::create_dir_all(cli.path("a/b")).expect("folders");
    let url = recorder.url("/");
    let cli = cli.below("a/b");
    cli.run(&["send", "GET", &url]).ended(0).says(&["lunette.toml: adds X-Review"]);
    Cli::new().run(&["send", "GET", &url, "--workspace", cli.path("").to_str().expect("UTF-8")]).ended(0);
    let ran = Cli::new().run(&["send", "GET", &url]);
    assert_eq!(ran.ended(0).err(), "");
    let heard = recorder.requests(3, PATIENCE);
    let has = |i: usize| String::from_utf8_lossy(&heard[i]).contains("X-Review: 4711\r\n");
    assert_eq!([has(0), has(1), has(2)], [true, true, false]);
    Cli::new().run(&["send", "GET", &url, "--workspace", "gone"]).usage(&["gone", "no such folder", "moved"]);
    let cli = Cli::new().file("x", "");
    cli.run(&["send", "GET", &url, "--workspace", "."]).usage(&["no lunette.toml here", "lunette init"]);
    // What works on no workspace does not look at one.
    let broken = Cli::new().file("lunette.toml", "nonsense");
    broken.run(&["jwt", "decode", "e30.e30."]).ended(0);
    broken.run(&["jwt", "decode", "e30.e30.", "--workspace", "."]).usage(&["lunette.toml:1: "]);
}

#[test]
fn its_headers_go_to_its_targets_and_are_shown() {
    let (ours, other) = (Recorder::start(), Recorder::start());
    let headers = "[headers]\nX-Review = \"4711\"\nAuthorization = \"env:API_AUTH\"\nX-Api-Key = \"file:key\"\nAccept = \"a/b\"\n";
    let cli = Cli::new()
        .file("lunette.toml", file(ours.addr.port(), headers))
        .file("key", "k3y\n")
        .env("API_AUTH", "Bearer s3cret");
    let url = ours.url("/");
    let ran = cli.run(&["send", "GET", &url, "-H", "Accept: x/y", "-H", "X-One: 1", "--format", "json"]);
    let doc = ran.ended(0).says(&["adds X-Review, Authorization, X-Api-Key"]).json("exchange");
    let sent = String::from_utf8_lossy(&ours.requests(1, PATIENCE)[0]).into_owned();
    for line in ["Accept: x/y", "X-Review: 4711", "Authorization: Bearer s3cret", "X-Api-Key: k3y"] {
        assert!(sent.contains(&format!("{line}\r\n")), "{line}: {sent}");
    }
    assert!(!sent.contains("a/b"));
    let shown = doc["request"]["headers"].to_string();
    assert!(shown.contains("X-Review") && shown.contains("Bearer ***"), "{shown}");
    assert!(!format!("{}{}", ran.out(), ran.err()).contains("s3cret"));
    cli.run(&["grade", &url]).says(&["adds X-Review"]);
    let ran = cli.run(&["send", "GET", &url, "-q"]);
    assert_eq!(ran.ended(0).err(), "");
    // To a host that is no target goes no header of the workspace.
    cli.run(&["send", "GET", &other.url("/")]).ended(0).says(&["no target", "left out"]);
    assert!(!String::from_utf8_lossy(&other.requests(1, PATIENCE)[0]).contains("s3cret"));
    let log = fs::read_to_string(cli.path(".lunette/audit.jsonl")).expect("the log");
    assert!(!log.contains("s3cret") && !log.contains("k3y"));
    let unset = Cli::new().file("lunette.toml", file(ours.addr.port(), headers)).file("key", "k3y\n");
    unset.run(&["send", "GET", &url]).usage(&["lunette.toml:9: ", "API_AUTH", "not set", "export"]);
    assert!(!unset.path(".lunette/audit.jsonl").exists(), "nothing was sent");
}

#[test]
fn an_expired_target_is_said_to_be_one() {
    let recorder = Recorder::start();
    let text = file(recorder.addr.port(), "expires = 2020-01-31\n[headers]\nX-Review = \"1\"\n");
    let cli = Cli::new().file("lunette.toml", text);
    let ran = cli.run(&["send", "GET", &recorder.url("/")]);
    ran.ended(0).says(&["lunette.toml:4: ", "was in scope until 2020-01-31", "because it was typed"]);
    assert!(!String::from_utf8_lossy(&recorder.requests(1, PATIENCE)[0]).contains("X-Review"));
}

#[test]
fn a_file_that_is_not_right_sends_nothing() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    for (text, words) in [
        (
            "[workspace]\nname = \"w\"\n\n[[target]]\nhsot = \"a\"\n",
            &["lunette.toml:5: ", "hsot", "did you mean host?"][..],
        ),
        ("[workspace]\nname = \"w", &["lunette.toml:2: ", "not TOML"]),
        ("[workspace]\nname = \"w\"\n[headers]\nCookie = \"a=b\"\n", &["lunette.toml:4: ", "credential", "env:NAME"]),
    ] {
        let cli = Cli::new().file("lunette.toml", text);
        for arguments in [&["send", "GET", &url][..], &["grade", &url], &[]] {
            cli.run(arguments).usage(words);
        }
        assert!(!cli.path(".lunette").exists());
    }
    Cli::new()
        .file("lunette.toml", b"[workspace]\nname = \"\xff\"")
        .run(&["send", "GET", &url])
        .usage(&[":2: ", "UTF-8"]);
    Cli::new().file("lunette.toml", vec![b'#'; 2 << 20]).run(&["send", "GET", &url]).usage(&["1 MiB"]);
    let missing = Cli::new().file("lunette.toml", "sources = [\"gone.yaml\"]\n[workspace]\nname = \"w\"\n");
    missing.run(&[] as &[&str]).usage(&["gone.yaml", "no such file"]);
    assert!(recorder.heard().is_empty());
}

#[test]
fn without_a_record_nothing_is_sent() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let workspace = || Cli::new().file("lunette.toml", file(recorder.addr.port(), ""));
    let fails = |cli: &Cli, words: &[&str]| {
        let ran = cli.run(&["send", "GET", &url]);
        ran.usage(&["the record cannot be kept, so nothing was sent"]).says(words);
        cli.run(&["grade", &url]).usage(words);
    };
    let open = workspace();
    fs::create_dir(open.path(".lunette")).expect("a folder");
    fs::set_permissions(open.path(".lunette"), fs::Permissions::from_mode(0o755)).expect("chmod");
    fails(&open, &[".lunette: ", "group or others", "chmod 700"]);
    let taken = workspace().file(".lunette", "");
    fails(&taken, &["not a folder", "nothing was changed"]);
    let linked = workspace();
    fs::create_dir(linked.path(".lunette")).expect("a folder");
    fs::set_permissions(linked.path(".lunette"), fs::Permissions::from_mode(0o700)).expect("chmod");
    std::os::unix::fs::symlink("/dev/full", linked.path(".lunette/audit.jsonl")).expect("a link");
    fails(&linked, &["not a plain file"]);
    let edited = workspace();
    edited.run(&["send", "GET", &url]).ended(0);
    let log = edited.path(".lunette/audit.jsonl");
    let mut bytes = fs::read(&log).expect("the log");
    let at = bytes.len() - 30;
    bytes[at] ^= 1;
    fs::write(&log, &bytes).expect("write");
    fails(&edited, &["audit verify", "move the log aside"]);
    assert_eq!(fs::read(&log).expect("the log"), bytes, "nothing was overwritten");
    assert_eq!(recorder.heard().len(), 1);
}

#[test]
fn a_folder_that_is_read_only_sends_nothing_and_cannot_be_begun() {
    let recorder = Recorder::start();
    let url = recorder.url("/");
    let cli = Cli::new().file("lunette.toml", file(recorder.addr.port(), ""));
    let begun = Cli::new();
    for cli in [&cli, &begun] {
        fs::set_permissions(cli.path(""), fs::Permissions::from_mode(0o555)).expect("chmod");
    }
    // The superuser writes everywhere, unless the right to do so is taken from it.
    let words = ["cannot be written", "make the folder writable"];
    cli.run_bound(&["send", "GET", &url]).usage(&["nothing was sent"]).says(&words);
    begun.run_bound(&["init"]).usage(&words);
    assert!(recorder.heard().is_empty());
    for cli in [&cli, &begun] {
        fs::set_permissions(cli.path(""), fs::Permissions::from_mode(0o755)).expect("chmod");
    }
    assert!(!cli.path(".lunette").exists() && !begun.path("lunette.toml").exists());
    cli.run_bound(&["send", "GET", &url]).ended(0);
}
