//! Arguments: help, version, and what is refused with a sentence.

use crate::support::cli::Cli;

#[test]
fn help_shows_an_example_and_version_is_one_line() {
    let cli = Cli::new();
    for command in [
        &["--help"][..],
        &["inventory", "--help"],
        &["jwt", "--help"],
        &["jwt", "verify", "--help"],
        &["jwt", "sign", "--help"],
        &["send", "--help"],
        &["grade", "--help"],
    ] {
        let ran = cli.run(command);
        assert!(ran.ended(0).out().contains("Example"), "{command:?}: {}", ran.out());
        assert_eq!(ran.err(), "");
    }
    let ran = cli.run(&["--version"]);
    assert_eq!(ran.ended(0).out(), concat!("lunette ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_misspelt_command_or_option_is_answered_with_the_near_one() {
    let cli = Cli::new();
    for (arguments, words) in [
        (&["inventroy"][..], &["inventroy", "did you mean lunette inventory?"][..]),
        (&["xyzzyx"], &["xyzzyx", "neither a command nor a file", "lunette --help"]),
        (
            &["some.yaml", "inventory", "other.yaml"],
            &["some.yaml: a source stands before the command", "name sources after the command"],
        ),
        (&["--bogus"], &["--bogus", "see --help"]),
        (&["send", "--fromat", "json", "GET", "http://127.0.0.1:1/"], &["--fromat", "did you mean --format?"]),
        (&["send", "GET"], &["an argument is missing", "URL"]),
        (&["inventory"], &["an argument is missing", "SOURCE"]),
        (&["inventory", "a", "--format", "xml"], &["xml", "use table, json"]),
        (&["jwt", "peek", "x"], &["peek", "see --help"]),
        (&["send", "GET", "ftp://127.0.0.1/"], &["ftp", "http://"]),
        (&["send", "GET", "http://"], &["no host", "http://HOST"]),
        (
            &["send", "GET", "http://me:s3cret@127.0.0.1:1/"],
            &["http://127.0.0.1:1: ", "user name", "Authorization header"],
        ),
        (&["send", "GET", "http://127.0.0.1:99999/"], &["99999", "port"]),
        (
            &["send", "GET", "http://127.0.0.1:1/", "-H", "nocolon"],
            &["colon", "-H: a header needs a colon", "Name: value"],
        ),
        (&["send", "GET", "http://127.0.0.1:1/", "--http", "3"], &["--http takes 1.1 or 2"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--timeout", "0"], &["--timeout", "--timeout 5"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--timeout", "nan"], &["--timeout"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--rate", "-1"], &["--rate", "above 0"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--rate=0"], &["--rate", "above 0"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--resolve", "x:y"], &["--resolve x:y", "HOST:PORT:ADDR"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--allow", "a=10.0.0.0/99"], &["--allow a=10.0.0.0/99", "range"]),
        (&["send", "GET", "http://127.0.0.1:1/", "-d", "@nothing.json"], &["nothing.json", "no such file"]),
        (&["send", "GET", "http://127.0.0.1:1/", "--cacert", "none.pem"], &["none.pem", "no such file"]),
        (&["grade", "http://127.0.0.1:1/", "--fail-below", "E"], &["E", "A+, A, B"]),
        (&["jwt", "decode", "e30.e30.", "--now", "yesterday"], &["--now", "yesterday", "RFC 3339"]),
    ] {
        let ran = cli.run(arguments);
        ran.usage(words);
        assert!(!ran.err().contains("s3cret"), "{}", ran.err());
    }
}

#[test]
fn what_the_contract_names_for_later_is_refused_with_a_sentence() {
    let cli = Cli::new();
    for command in ["oauth", "rate", "check", "graphql", "report", "man"] {
        cli.run(&[command]).usage(&[command, "is not part of this version", "this version has init, inventory"]);
    }
    for option in ["--infer", "--tls-only"] {
        cli.run(&["send", "GET", "http://127.0.0.1:1/", option, "x"]).usage(&[option, "is not part of this version"]);
    }
    for arguments in [&["inventory", "a", "--base", "http://h"][..], &["grade", "http://127.0.0.1:1/", "--tls-only"]] {
        cli.run(arguments).usage(&["is not part of this version"]);
    }
    cli.run(&["jwt"]).usage(&["a subcommand is missing", "use decode, lint, verify, crack, sign, attack"]);
    for arguments in
        [&["inventory", "a", "--format", "sarif"][..], &["oauth", "lint", "x"], &["check", "x", "--tier", "read"]]
    {
        cli.run(arguments).usage(&["not part of this version"]);
    }
    for arguments in [&["rules", "--format", "openapi"][..], &["demo", "--list", "--format", "openapi"]] {
        cli.run(arguments).usage(&["only lunette inventory writes", "use table or json"]);
    }
}

#[test]
fn without_a_terminal_the_workbench_names_what_works_there() {
    let spec = super::sample("shop.openapi.json");
    let cli = Cli::new().file("swagger.json", r#"{"swagger": "2.0", "paths": {}}"#);
    for arguments in [&[][..], &[spec.as_str()], &["demo"], &["--color", "never"]] {
        cli.run(arguments).usage(&["there is no terminal", "lunette inventory"]);
    }
    // What can be told without a screen is told first.
    cli.run(&["nothing.json"]).usage(&["nothing.json: ", "no such file"]);
    cli.run(&["ftp://api.test/openapi.json"]).usage(&["ftp is not a scheme lunette sends"]);
    cli.run(&["http://api.test/openapi.json"]).usage(&["there is no terminal"]);
}

#[test]
fn a_closed_stdout_ends_quietly() {
    let spec = super::sample("shop.openapi.json");
    let cli = Cli::new();
    for arguments in [
        &["inventory", &spec][..],
        &["inventory", &spec, "--format", "json"],
        &["jwt", "decode", "e30.e30."],
        &["--help"],
    ] {
        let ran = cli.run_unread(arguments);
        assert_eq!((ran.code, ran.err().as_str()), (Some(0), ""), "{arguments:?}");
    }
}

#[test]
fn the_practice_api_serves_until_it_is_told_to_end() {
    use rustix::process::Signal;
    for signal in [Signal::TERM, Signal::INT] {
        let cli = Cli::new();
        let running = cli.start(&["demo", "--serve", "--format", "json"]);
        let text = running.until("}\n");
        let document: serde_json::Value = serde_json::from_str(&text).expect("one document");
        let url = format!("{}/api/health", document["http"].as_str().expect("a URL"));
        let ran = cli.run(&["send", "GET", &url, "--format", "json"]);
        assert_eq!(ran.ended(0).json("exchange")["response"]["status"], 200);
        running.signal(signal);
        running.end().ended(0);
    }
    let busy = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = busy.local_addr().expect("an address").port().to_string();
    Cli::new().run(&["demo", "--serve", "--port", &port]).usage(&[&format!("port {port}"), "choose another --port"]);
}
