//! `lunette vault`: secrets that are put in, taken out, referred to, and not to be had without what opens them.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::cli::{Cli, Ran};
use crate::support::pty::{CommandBuilder, PATIENCE, Pty};
use crate::support::recorder::Recorder;

const PASSPHRASE: &str = "a passphrase of several words";
/// An identity and its recipient, known to all from the tests of the age format.
const ALICE: [&str; 2] = [
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
    "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj",
];

fn workspace() -> Cli {
    Cli::new()
        .file("lunette.toml", "[workspace]\nname = \"w\"\n")
        .private("pass", format!("{PASSPHRASE}\n"))
        .env("LUNETTE_PASSPHRASE_FILE", "pass")
        .private("id", format!("# alice\n{}\n", ALICE[0]))
        .env("LUNETTE_IDENTITY_FILE", "id")
}

/// With a vault for a recipient, where a passphrase would cost half a second for each of many runs.
fn begun() -> Cli {
    let cli = workspace();
    cli.run(&["vault", "init", "--recipient", ALICE[1]]).ended(0);
    cli
}

fn vault(cli: &Cli) -> Vec<u8> {
    fs::read(cli.path(".lunette/vault.age")).expect("the vault")
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("chmod");
}

fn hides(ran: &Ran, secret: &str) {
    assert!(!format!("{}{}", ran.out(), ran.err()).contains(secret), "{}{}", ran.out(), ran.err());
}

#[test]
fn secrets_are_set_listed_shown_and_removed() {
    let cli = workspace();
    assert!(cli.run(&["vault", "init"]).ended(0).out().contains(".lunette/vault.age"));
    assert_eq!(fs::metadata(cli.path(".lunette/vault.age")).expect("there").permissions().mode() & 0o777, 0o600);
    assert!(vault(&cli).starts_with(b"age-encryption.org/v1\n-> scrypt "));
    cli.run(&["vault", "init"]).usage(&["vault.age: ", "here already", "nothing was changed", "rekey"]);
    let doc = cli.run(&["vault", "list", "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["lock"], &doc["data_keys"]), (&"passphrase".into(), &1.into()));

    let cli = begun().env("THE_TOKEN", "t0ken-from-env").file("key.hex", "00ff\n").stdin("fr0m-stdin\n");
    let ran = cli.run(&["vault", "set", "shop:alice", "env:THE_TOKEN"]);
    assert_eq!(ran.ended(0).out(), "set shop:alice; refer to it as vault:shop:alice\n");
    hides(&ran, "t0ken-from-env");
    cli.run(&["vault", "set", "piped", "-"]).ended(0);
    cli.run(&["vault", "set", "bin", "file:key.hex", "--secret-encoding", "hex"]).ended(0);
    let ran = cli.run(&["vault", "set", "lit", "l1teral-secret", "--format", "json"]);
    let doc = ran.ended(0).says(&["stands on the command line", "env:NAME"]).json("vault");
    assert_eq!((&doc["action"], &doc["replaced"]), (&"set".into(), &false.into()));
    hides(&ran, "l1teral-secret");
    cli.run(&["vault", "set", "bin", "file:key.hex", "--secret-encoding", "base64"]).ended(0);
    cli.run(&["vault", "set", "bin", "file:key.hex", "--secret-encoding", "hex"]).ended(0);

    let out = cli.run(&["vault", "list"]).ended(0).out();
    let names: Vec<&str> = out.lines().skip(1).filter_map(|l| l.split(' ').next()).collect();
    assert_eq!(names, ["bin", "lit", "piped", "shop:alice"]);
    let doc = cli.run(&["vault", "list", "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["lock"], &doc["data_keys"]), (&"recipients".into(), &1.into()));
    assert!(
        doc["entries"].as_array().expect("a list").iter().all(|e| e["set"].as_str().is_some_and(|s| s.ends_with('Z')))
    );

    let ran = cli.run(&["vault", "get", "shop:alice"]);
    assert_eq!(ran.ended(0).out(), "shop:alice is there, of 14 bytes; --show prints it\n");
    let doc = cli.run(&["vault", "get", "shop:alice", "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["masked"], &doc["value"], &doc["value_base64"]), (&true.into(), &"***".into(), &"Kioq".into()));
    assert_eq!(cli.run(&["vault", "get", "piped", "--show"]).ended(0).stdout, b"fr0m-stdin");
    assert_eq!(cli.run(&["vault", "get", "bin", "--show"]).ended(0).stdout, [0, 0xff]);
    let doc = cli.run(&["vault", "get", "bin", "--show", "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["masked"], &doc["value_base64"]), (&false.into(), &"AP8=".into()));

    cli.run(&["vault", "rm", "lit"]).ended(0);
    cli.run(&["vault", "get", "lit"]).usage(&["lit: ", "no secret of this name"]);
    cli.run(&["vault", "rm", "shop:alicf"]).usage(&["did you mean shop:alice?"]);
    cli.run(&["vault", "set", "a b", "env:THE_TOKEN"]).usage(&["a b: ", "not a name"]);
    cli.run(&["vault", "set", "a", "env:NOT_THERE"]).usage(&["NOT_THERE", "not set"]);
    cli.run(&["vault", "set", "a", "file:none"]).usage(&["none", "no such file"]);
    cli.run(&["vault", "set", "a", "env:THE_TOKEN", "--secret-encoding", "hex"])
        .usage(&["--secret-encoding", "not hex"]);
    let ran = cli.run(&["vault", "set", "a", "vault:shop:alice"]);
    ran.usage(&["no workspace, so no vault"]);
    assert_eq!(cli.run(&["vault", "list"]).ended(0).out().lines().count(), 4);
}

#[test]
fn without_what_opens_it_nothing_is_had_and_nothing_changes() {
    let cli = workspace()
        .private("wrong", "another passphrase")
        .file("shared", PASSPHRASE)
        .private("empty", "\n")
        .stdin("a value");
    cli.run(&["vault", "list"]).usage(&["no vault in this workspace", "vault init"]);
    cli.run(&["vault", "init"]).ended(0);
    let before = vault(&cli);
    let all = [
        &["vault", "list"][..],
        &["vault", "set", "a", "-"],
        &["vault", "rm", "a"],
        &["vault", "rekey", "--passphrase", "file:pass"],
    ];
    for arguments in all {
        let with = |file: &str| cli.run_with(&[("LUNETTE_PASSPHRASE_FILE", file)], arguments);
        let words = ["vault.age: ", "the passphrase is wrong, or the vault was changed", "nothing was changed"];
        with("wrong").usage(&words);
        with("shared").usage(&["shared: ", "group or others may use it", "chmod 600"]);
        with("empty").usage(&["empty passphrase"]);
        with("none").usage(&["none: ", "no such file"]);
        with("").usage(&["no terminal to ask on", "LUNETTE_PASSPHRASE_FILE"]);
    }
    assert_eq!(vault(&cli), before);
    let file = cli.path(".lunette/vault.age");
    chmod(&file, 0o640);
    cli.run(&["vault", "list"]).usage(&["vault.age: ", "mode 0640", "chmod 600"]);
    chmod(&file, 0o600);
    chmod(&cli.path(".lunette"), 0o750);
    cli.run(&["vault", "list"]).usage(&[".lunette: ", "chmod 700"]);
    chmod(&cli.path(".lunette"), 0o700);
    for (bytes, words) in [
        (&before[..before.len() - 1], "changed or cut"),
        (&before[..40], "not an age file, or it was changed or cut"),
        (b"", "not an age file"),
    ] {
        fs::write(&file, bytes).expect("write");
        cli.run(&["vault", "set", "a", "env:PATH"]).usage(&["vault.age: ", words]);
        assert_eq!(fs::read(&file).expect("read"), bytes, "nothing is overwritten");
        cli.run(&["vault", "init"]).usage(&["here already"]);
    }
    Cli::new().run(&["vault", "init"]).usage(&["no workspace", "lunette init"]);
    workspace().run(&["vault", "init", "--workspace", "none"]).usage(&["no workspace"]);
}

#[test]
fn a_disk_that_refuses_leaves_the_vault_as_it_was() {
    let cli = workspace().env("BIG", &"x".repeat(8_000));
    let init = ["vault", "init", "--recipient", ALICE[1]];
    cli.run_full(0, &init).usage(&["make room on the disk"]);
    assert!(!cli.path(".lunette/vault.age").exists());
    cli.run(&init).ended(0);
    let before = vault(&cli);
    cli.run_full(4, &["vault", "set", "a", "env:BIG"]).usage(&["vault.new: ", "make room on the disk"]);
    assert_eq!(vault(&cli), before);
    assert!(!cli.path(".lunette/vault.new").exists(), "and no half of one");
    chmod(&cli.path(".lunette"), 0o500);
    cli.run_bound(&["vault", "set", "a", "env:BIG"]).usage(&["cannot be written", "make the folder writable"]);
    chmod(&cli.path(".lunette"), 0o700);
    assert_eq!(vault(&cli), before);
    fs::write(cli.path(".lunette/vault.new"), &before[..20]).expect("what a crash left");
    cli.run(&["vault", "set", "a", "env:BIG"]).ended(0);
    assert!(cli.run(&["vault", "list"]).ended(0).out().contains("a "));
}

#[test]
fn a_rekey_changes_the_passphrase_or_gives_it_to_recipients() {
    let cli = workspace().private("new", "a new passphrase of words");
    cli.run(&["vault", "init"]).ended(0);
    cli.run(&["vault", "set", "a", "env:PATH"]).ended(0);
    cli.run(&["vault", "rekey"]).usage(&["no terminal to ask on"]);
    cli.run(&["vault", "rekey", "--passphrase", "file:new"]).ended(0);
    cli.run(&["vault", "list"]).usage(&["the passphrase is wrong"]);
    let new = [("LUNETTE_PASSPHRASE_FILE", "new")];
    let doc = cli.run_with(&new, &["vault", "list", "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["data_keys"], doc["entries"].as_array().map(Vec::len)), (&2.into(), Some(1)));

    cli.run_with(&new, &["vault", "rekey", "--recipient", "age1wrong"]).usage(&["age1wrong: ", "not a recipient"]);
    let leaked = cli.run_with(&new, &["vault", "rekey", "--recipient", ALICE[0]]);
    leaked.usage(&["--recipient: ", "not a recipient"]);
    hides(&leaked, ALICE[0]);
    let doc =
        cli.run_with(&new, &["vault", "rekey", "--recipient", ALICE[1], "--format", "json"]).ended(0).json("vault");
    assert_eq!((&doc["lock"], &doc["recipients"]), (&"recipients".into(), &serde_json::json!([ALICE[1]])));
    cli.run_with(&[("LUNETTE_IDENTITY_FILE", "")], &["vault", "list"])
        .usage(&["opens with an identity", "LUNETTE_IDENTITY_FILE"]);
    let alice = [("LUNETTE_IDENTITY_FILE", "id")];
    assert_eq!(cli.run_with(&alice, &["vault", "list"]).ended(0).out().lines().count(), 2);
    cli.run_with(&alice, &["vault", "rekey", "--remove-recipient", ALICE[1]]).usage(&["no recipient would be left"]);
    cli.run_with(&alice, &["vault", "rekey"]).ended(0);
    let doc = cli.run_with(&alice, &["vault", "list", "--format", "json"]).ended(0).json("vault");
    assert_eq!(doc["data_keys"], 4);
}

#[test]
fn several_processes_that_set_at_once_lose_nothing() {
    let cli = begun();
    let running: Vec<_> = (0..6).map(|i| cli.start(&["vault", "set", &format!("n{i}"), "env:PATH"])).collect();
    for one in running {
        one.end().ended(0);
    }
    assert_eq!(cli.run(&["vault", "list"]).ended(0).out().lines().count(), 7);
}

#[test]
fn a_header_of_the_workspace_comes_from_the_vault() {
    let recorder = Recorder::start();
    let text = format!(
        "[workspace]\nname = \"w\"\n[[target]]\nhost = \"127.0.0.1\"\nport = {}\n[headers]\nAuthorization = \"vault:api\"\n",
        recorder.addr.port()
    );
    let cli = workspace().file("lunette.toml", text).env("API", "Bearer s3cret-of-the-vault");
    let url = recorder.url("/");
    cli.run(&["send", "GET", &url]).usage(&["lunette.toml:7: ", "no vault in this workspace"]);
    cli.run(&["vault", "init"]).ended(0);
    cli.run(&["send", "GET", &url]).usage(&["api: ", "no secret of this name"]);
    cli.run(&["vault", "set", "api", "env:API"]).ended(0);
    let ran = cli.run(&["send", "GET", &url, "--format", "json"]);
    let doc = ran.ended(0).says(&["adds Authorization"]).json("exchange");
    hides(&ran, "s3cret-of-the-vault");
    assert!(doc["request"]["headers"].to_string().contains("[\"Authorization\",\"Bearer ***\"]"), "{doc}");
    let heard = String::from_utf8_lossy(&recorder.requests(1, Duration::from_secs(20))[0]).into_owned();
    assert!(heard.contains("Authorization: Bearer s3cret-of-the-vault\r\n"), "{heard}");
    // A run that needs no secret goes on with a vault that stays closed, and says so.
    let other = Recorder::start();
    let ran = cli.run_with(&[("LUNETTE_PASSPHRASE_FILE", "none")], &["send", "GET", &other.url("/")]);
    assert!(ran.ended(0).err().contains("none: there is no such file; the vault stays closed"), "{}", ran.err());
    cli.run_with(&[("LUNETTE_PASSPHRASE_FILE", "none")], &["send", "GET", &url]).ended(2);
}

#[test]
fn on_a_terminal_it_asks_and_shows_nothing_of_the_answer() {
    let cli = Cli::new().file("lunette.toml", "[workspace]\nname = \"w\"\n").private("pass", PASSPHRASE);
    let asked = |arguments: &[&str], answers: &[(&str, &str)]| {
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
        command.args(arguments);
        command.cwd(cli.path(""));
        command.env_remove("LUNETTE_PASSPHRASE_FILE");
        let mut pty = Pty::spawn(command, 100, 30);
        for (question, answer) in answers {
            pty.sees(question);
            // The question stands before the terminal stops its echo.
            let began = Instant::now();
            while pty.modes().echo {
                assert!(began.elapsed() < PATIENCE, "the answer would be shown");
                std::thread::sleep(Duration::from_millis(2));
            }
            pty.send(format!("{answer}\r").as_bytes());
        }
        let code = pty.ends().exit_code();
        let raw = String::from_utf8_lossy(&pty.raw).into_owned();
        assert!(answers.iter().all(|(_, a)| a.is_empty() || !raw.contains(a)), "{raw}");
        (code, raw)
    };
    let (code, said) =
        asked(&["vault", "init"], &[("new passphrase: ", "one thing"), ("the same again: ", "other thing")]);
    assert!(code == 2 && said.contains("the two are not the same"), "{said}");
    let (code, said) = asked(&["vault", "init"], &[("new passphrase: ", "")]);
    assert!(code == 2 && said.contains("empty passphrase"), "{said}");
    assert!(!cli.path(".lunette/vault.age").exists());
    let (code, said) =
        asked(&["vault", "init"], &[("new passphrase: ", "short one"), ("the same again: ", "short one")]);
    assert!(code == 0 && said.contains("this passphrase is short"), "{said}");
    let (code, _) =
        asked(&["vault", "set", "a"], &[("passphrase of the vault: ", "short one"), ("value of a: ", "typed-s3cret")]);
    assert_eq!(code, 0);
    let new = PASSPHRASE;
    let (code, said) = asked(
        &["vault", "rekey"],
        &[("passphrase of the vault: ", "short one"), ("new passphrase: ", new), ("the same again: ", new)],
    );
    assert!(code == 0 && !said.contains("short"), "{said}");
    let ran = cli.run_with(&[("LUNETTE_PASSPHRASE_FILE", "pass")], &["vault", "get", "a", "--show"]);
    assert_eq!(ran.ended(0).stdout, b"typed-s3cret");
}

#[test]
fn the_process_leaves_no_core() {
    let recorder = Recorder::scripted(vec![Vec::new()], true);
    let running = Cli::new().start(&["send", "GET", &recorder.url("/"), "--timeout", "60"]);
    recorder.requests(1, Duration::from_secs(20));
    let limits = fs::read_to_string(format!("/proc/{}/limits", running.id())).expect("its limits");
    let core = limits.lines().find(|l| l.starts_with("Max core file size")).expect("the limit");
    assert_eq!(core.split_ascii_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"], "{core}");
}
