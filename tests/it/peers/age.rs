//! The `age` program of others opens the vault, and what it locks lunette opens: the file is theirs as much as ours.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::cli::Cli;

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Vec<u8> {
    let ran = Command::new(program).args(arguments).current_dir(folder).output().expect("age is installed");
    assert!(ran.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
    ran.stdout
}

#[test]
fn age_opens_the_vault_and_lunette_opens_what_age_locked() {
    let cli = Cli::new()
        .file("lunette.toml", "[workspace]\nname = \"w\"\n")
        .env("TOKEN", "t0ken-for-age")
        .env("LUNETTE_IDENTITY_FILE", "id");
    let folder = cli.path("");
    run(&folder, "age-keygen", &["-o", "id"]);
    let recipient = String::from_utf8(run(&folder, "age-keygen", &["-y", "id"])).expect("text");
    cli.run(&["vault", "init", "--recipient", recipient.trim()]).ended(0);
    cli.run(&["vault", "set", "api", "env:TOKEN"]).ended(0);
    let opened = run(&folder, "age", &["-d", "-i", "id", ".lunette/vault.age"]);
    let payload: serde_json::Value = serde_json::from_slice(&opened).expect("JSON");
    assert_eq!((&payload["version"], &payload["recipients"][0]), (&1.into(), &recipient.trim().into()));
    assert_eq!(payload["entries"]["api"]["value"], "dDBrZW4tZm9yLWFnZQ==");
    fs::write(folder.join("plain"), opened).expect("write");
    run(&folder, "age", &["-r", recipient.trim(), "-o", ".lunette/vault.age", "plain"]);
    // age writes a file that others may read.
    fs::set_permissions(folder.join(".lunette/vault.age"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .expect("chmod");
    assert_eq!(cli.run(&["vault", "get", "api", "--show"]).ended(0).stdout, b"t0ken-for-age");
}
