//! The endpoint list of the real program on a real terminal: files that are read, followed, opened and written.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::support::pty::{CommandBuilder, Pty};

const SPEC: &str = "openapi: 3.0.3\ninfo: {title: t, version: '1'}\nservers: [{url: 'https://api.test'}]\npaths:\n  \
                    /orders:\n    get:\n      responses: {'200': {description: ok}}\n  /orders/{id}:\n    get:\n      \
                    parameters: [{name: id, in: path, required: true, schema: {type: integer}}]\n      responses: \
                    {'200': {description: ok, content: {application/json: {schema: {type: object, required: [total], \
                    properties: {total: {type: number}}}}}}}\nwebhooks:\n  paid:\n    post: {responses: {'200': \
                    {description: ok}}}\n";

fn line(path: &str, second: u32) -> String {
    format!(
        "10.0.0.7 - - [14/Nov/2023:22:{:02}:{:02} +0000] \"GET {path} HTTP/1.1\" 200 512 \"-\" \"t/1\" 0.0{}\n",
        second / 60 % 60,
        second % 60,
        second % 10
    )
}

fn screen(folder: &Path, sources: &[&str], cols: u16, rows: u16, environment: &[(&str, &str)]) -> Pty {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_lunette"));
    command.args(sources);
    command.cwd(folder);
    command.env("TERM", "xterm-256color");
    for name in ["NO_COLOR", "TMUX", "DISPLAY", "WAYLAND_DISPLAY", "VISUAL", "EDITOR"] {
        command.env_remove(name);
    }
    for (name, value) in environment {
        command.env(name, value);
    }
    Pty::spawn(command, cols, rows)
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("shop.yaml"), SPEC).expect("write");
    let log: String = (0..200).map(|i| line(["/orders", "/orders/7", "/export"][i as usize % 3], i)).collect();
    fs::write(folder.path().join("gw.log"), log).expect("write");
    folder
}

#[test]
fn a_file_that_grows_is_followed_through_a_rotation() {
    let folder = folder();
    let log = folder.path().join("gw.log");
    let append = |text: &str| {
        fs::OpenOptions::new().append(true).open(&log).and_then(|mut f| f.write_all(text.as_bytes())).expect("append");
    };
    // Few lines: what there is counts before there are enough to be sure of the format.
    fs::write(&log, line("/orders", 0)).expect("write");
    let mut pty = screen(folder.path(), &["shop.yaml", "gw.log"], 140, 45, &[]);
    pty.sees("2 endpoints").send(b"f").sees("following gw.log");
    append(&line("/late", 1).repeat(3));
    pty.sees("/late");
    fs::rename(&log, folder.path().join("gw.log.1")).expect("rename");
    fs::write(&log, line("/rotated", 2)).expect("write");
    pty.sees("/rotated");
    fs::write(&log, line("/cut", 3)).expect("truncate");
    pty.sees("/cut");
    // A filter is cleared before the log is let go, and nothing asks when leaving.
    pty.send(b"/cut\r").sees("1 of 6").send(b"\x1b").sees("5 endpoints").send(b"\x1b").sees("0 running");
    pty.send(b"f").sees("following").send(b"q");
    assert!(pty.ends().success());
}

#[test]
fn the_editor_gets_the_terminal_the_line_and_every_key() {
    let folder = folder();
    let editor = folder.path().join("ed it.sh");
    fs::write(&editor, "#!/bin/sh\necho \"editing $1 $2\"\nread key\necho \"$1 $2 $key\" > opened\n").expect("write");
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).expect("chmod");
    // An editor of that name takes the line as vi does.
    let vi = folder.path().join("vi");
    fs::rename(&editor, &vi).expect("rename");
    let set = format!("'{}'", vi.display());
    let mut pty = screen(folder.path(), &["shop.yaml"], 100, 30, &[("EDITOR", &set)]);
    pty.sees("/orders/{id}").send(b"/{id\r").sees("1 of 3").send(b"o").sees("editing +9 shop.yaml");
    assert!(!pty.screen().alternate_screen() && pty.modes() == pty.before, "the terminal is the editor's");
    pty.send(b"jjqqxx\n").until("the screen is back", vt100::Screen::alternate_screen).sees("1 of 3");
    assert_eq!(fs::read_to_string(folder.path().join("opened")).expect("read"), "+9 shop.yaml jjqqxx\n");
    // What was typed into the editor was not typed here.
    pty.send(b"\x1b").sees("2 endpoints +1").send(b"q");
    assert!(pty.ends().success());
    let mut pty = screen(folder.path(), &["shop.yaml"], 100, 30, &[]);
    pty.sees("/orders/{id}").send(b"o").sees("no editor is set").send(b"q");
    assert!(pty.ends().success());
}

#[test]
fn what_is_listed_is_written_out_and_nothing_is_overwritten_unasked() {
    let folder = folder();
    let mut pty = screen(folder.path(), &["shop.yaml", "gw.log"], 100, 30, &[]);
    pty.sees("3 endpoints +1 webhook");
    pty.send(b"/orders\r").sees("2 of 4").send(b"wout.csv\r").sees("2 endpoints are in out.csv");
    let out = folder.path().join("out.csv");
    let text = fs::read_to_string(&out).expect("read");
    assert_eq!(
        (text.lines().count(), text.contains("endpoint,documented,GET,api.test,/orders,spec log,67,0,")),
        (3, true),
        "{text}"
    );
    assert_eq!(fs::metadata(&out).expect("facts").permissions().mode() & 0o777, 0o600);
    pty.send(b"\x1b").sees("3 endpoints").send(b" ").sees("1 marked").send(b"wout.csv\r").sees("Enter writes over it");
    pty.send(b"\x1b").until("the question is gone", |s| !s.contents().contains("write to"));
    assert_eq!(fs::read_to_string(&out).expect("read"), text, "left alone");
    pty.send(b"wout.csv\r").sees("Enter writes over it").send(b"\r").sees("1 endpoint is in out.csv");
    assert_eq!(fs::read_to_string(&out).expect("read").lines().count(), 2);
    pty.send(b"wlist.json\r").sees("is in list.json");
    let document: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(folder.path().join("list.json")).expect("read")).expect("JSON");
    assert_eq!(
        (&document["schema"], document["endpoints"].as_array().map(Vec::len)),
        (&"lunette.inventory/1".into(), Some(1))
    );
    pty.send(b"wlist.xls\r").sees("its ending says no format");
    pty.send(b"wno/list.md\r").sees("its folder is not there").send(b"q");
    assert!(pty.ends().success());
}

#[test]
fn a_hundred_thousand_endpoints_are_walked_sorted_filtered_and_folded() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("large.json"), lunette::inventory::sample::document(100_000)).expect("write");
    let mut pty = screen(folder.path(), &["large.json"], 140, 45, &[]);
    pty.sees("100 000 endpoints").sees("/v1/r0/{id}/items");
    pty.send(b"G").sees("/v1/r9999/{id}/items").send(b"\x1b[5~g").sees("/v1/r0/{id}/items");
    pty.send(b"ss").sees("by err %").send(b"/~m DELETE r2499\r").sees("11 of 100 000");
    pty.send(b"T")
        .sees("/v1/r2499/{id}/items")
        .send(b"\x1b")
        .sees("100 000 endpoints")
        .send(b"g")
        .sees("/v1  (100 000)");
    pty.send(b"G").sees("/r9999/{id}/items  (4)").send(b"\x1b[C").sees("▾ /r9999/{id}/items  (4)");
    pty.send(b"T").sees("by err %").send(b"q");
    assert!(pty.ends().success());
}

#[test]
fn what_does_not_grow_is_read_as_it_is() {
    let folder = folder();
    let log = fs::read(folder.path().join("gw.log")).expect("read");
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(&log).expect("pack");
    fs::write(folder.path().join("gw.log.gz"), packed.finish().expect("pack")).expect("write");
    let mut pty = screen(folder.path(), &["shop.yaml", "gw.log.gz"], 100, 30, &[]);
    pty.sees("3 endpoints +1").send(b"f").sees("a packed file does not grow").sees("0 running").sees("/export");
    pty.send(b"q");
    assert!(pty.ends().success());
}
