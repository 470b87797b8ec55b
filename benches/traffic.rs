//! Access logs read on one core: bytes a second, memory, and nanoseconds a path.
//!
//! `cargo bench --bench traffic`. With `whole FOLDER` it writes a gigabyte of such a log there, plain and packed, and one in
//! which a scanner asks for five million paths, and has the program itself and goaccess read them: `benches/long.sh log`.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use lunette::base::Stamp;
use lunette::inventory::sample::{self, Gateway};
use lunette::inventory::template::{Asked, Match, Trie};
use lunette::inventory::{Builder, Document, Inventory};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 7;
/// As the program reads files.
const BLOCK: usize = 512 << 10;
const BYTES: usize = 100 << 20;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [whole, folder] = &words[..]
        && whole == "whole"
    {
        return end_to_end(Path::new(folder));
    }
    println!("CPU time of the process, best and median of {ROUNDS} rounds");
    let text = gateway(BYTES);
    measure("gateway log, nothing declared", &text, None);
    let text = sample::log(500_000, 1_200).repeat(2);
    measure("log of 1,200 declared operations", &text, Some(&sample::document(1_200)));
    paths();
}

/// A million paths matched against 1,200 templates as `/v1/r7/{id}/items`, one in eight of none of them.
fn paths() {
    const TEMPLATES: u32 = 1_200;
    let mut trie = Trie::default();
    for number in 0..TEMPLATES {
        trie.insert(&format!("/v1/r{number}/{{id}}/items"), "GET", None, number);
    }
    let paths: Vec<String> = (0..1_000_000u32)
        .map(|n| match n % 8 {
            7 => format!("/v1/q{}/{n}", n % 977),
            _ => format!("/v1/r{}/{n}/items", n.wrapping_mul(2_654_435_761) % TEMPLATES),
        })
        .collect();
    let mut took: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let from = cpu();
            let found = paths.iter().filter(|path| {
                let asked = Asked { method: b"GET", host: None, path: path.as_bytes(), query: b"" };
                matches!(trie.find(&asked), Match::Declared(_))
            });
            assert_eq!(std::hint::black_box(found.count()), 875_000);
            cpu().saturating_sub(from)
        })
        .collect();
    took.sort();
    println!("a million paths against {TEMPLATES} templates: {:.0} ns a path", took[0].as_secs_f64() * 1e3);
}

fn measure(name: &str, text: &[u8], document: Option<&[u8]>) {
    let mut took: Vec<(Duration, Inventory)> = (0..ROUNDS).map(|_| read(text, document)).collect();
    took.sort_by_key(|t| t.0);
    let speed = |d: Duration| text.len() as f64 / 1e6 / d.as_secs_f64();
    let inventory = &took[0].1;
    println!(
        "{name:<34} {:>5.0} MB/s  (median {:.0}; {:.0} MB, {} lines of {} bytes, {:.0} ns a line, {} endpoints)",
        speed(took[0].0),
        speed(took[ROUNDS / 2].0),
        text.len() as f64 / 1e6,
        inventory.log_lines,
        text.len() as u64 / inventory.log_lines,
        took[0].0.as_secs_f64() * 1e9 / inventory.log_lines as f64,
        inventory.endpoints.len()
    );
}

fn read(text: &[u8], document: Option<&[u8]>) -> (Duration, Inventory) {
    let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
    if let Some(bytes) = document {
        let (document, problems) = Document::read(Arc::from("document"), bytes.to_vec()).expect("a document");
        builder.spec(document, problems);
    }
    let from = cpu();
    builder.log(Arc::from("log"));
    for block in text.chunks(BLOCK) {
        builder.feed(block).expect("a log");
    }
    builder.end_log().expect("a log");
    let inventory = builder.finish();
    (cpu().saturating_sub(from), inventory)
}

fn gateway(bytes: usize) -> Vec<u8> {
    let mut gateway = Gateway::new(1);
    let mut text = String::with_capacity(bytes + 1_000);
    while text.len() < bytes {
        gateway.line(&mut text);
    }
    text.into_bytes()
}

const WHOLE: u64 = 1 << 30;
const PATHS: u64 = 5_000_000;

/// The program on whole files: CPU time and memory.
fn end_to_end(folder: &Path) {
    let log = folder.join("gateway.log");
    let mut gateway = Gateway::new(1);
    let mut line = String::new();
    write_lines(&log, |out| {
        line.clear();
        gateway.line(&mut line);
        out.extend_from_slice(line.as_bytes());
        WHOLE
    });
    let packed = folder.join("gateway.log.gz");
    let gzip = Command::new("gzip").arg("-1kf").arg(&log).status().expect("gzip");
    assert!(gzip.success());
    let scan = folder.join("scan.log");
    let mut n = 0u64;
    write_lines(&scan, |out| {
        let status = if n.is_multiple_of(3) { 200 } else { 404 };
        let word = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let _ = writeln!(
            out,
            "192.0.2.7 - - [14/Nov/2023:22:13:20 +0000] \"GET /{}/x{word:x}.php HTTP/1.1\" {status} 512 \"-\" \"-\"",
            ["a", "admin", "wp", "old"][usize::try_from(n % 4).expect("small")]
        );
        n += 1;
        if n < PATHS { u64::MAX } else { 0 }
    });
    let program = Path::new(env!("CARGO_BIN_EXE_lunette"));
    println!("{:<44} {:>9} {:>9} {:>10} {:>10}", "", "CPU", "MB/s CPU", "wall", "memory");
    let mut ours = f64::NAN;
    for (name, file, cpus) in [
        ("a gigabyte, one core", &log, "0"),
        ("a gigabyte, every core", &log, ""),
        ("the same packed, every core", &packed, ""),
        ("five million paths of a scanner", &scan, ""),
    ] {
        let mut command = if cpus.is_empty() {
            Command::new(program)
        } else {
            let mut command = Command::new("taskset");
            command.args(["-c", cpus]).arg(program);
            command
        };
        command.args(["--format", "json", "inventory"]).arg(file);
        let out = File::create(folder.join("out.json")).expect("a file");
        let cpu = run(name, command.stdout(out), std::fs::metadata(file).expect("a file").len());
        if ours.is_nan() {
            ours = cpu;
        }
    }
    let mut command = Command::new("goaccess");
    command.arg(&log).args(["--log-format", r#"%h %^[%d:%t %^] "%r" %s %b "%R" "%u" %T"#]);
    command
        .args(["--date-format", "%d/%b/%Y", "--time-format", "%T", "--no-progress", "-o"])
        .arg(folder.join("out.html"));
    let theirs = run("goaccess, a gigabyte", &mut command, WHOLE);
    println!("goaccess takes {:.1} times the CPU", theirs / ours);
}

/// Writes lines until there are as many bytes as the last one asked for.
fn write_lines(path: &Path, mut line: impl FnMut(&mut Vec<u8>) -> u64) {
    let mut file = std::io::BufWriter::new(File::create(path).expect("a file"));
    let mut written = 0u64;
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        let wanted = line(&mut bytes);
        file.write_all(&bytes).expect("room");
        written += bytes.len() as u64;
        if written >= wanted {
            break;
        }
    }
    file.flush().expect("room");
}

/// Seconds of CPU that a program takes, which are printed with its memory.
fn run(name: &str, command: &mut Command, bytes: u64) -> f64 {
    let (from, start) = (ended_children(), Instant::now());
    let mut child = command.stderr(Stdio::null()).spawn().expect("it starts");
    let mut memory = 0;
    while child.try_wait().expect("a child").is_none() {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let most = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
        memory = memory.max(most.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(20));
    }
    let cpu = ended_children() - from;
    println!(
        "{name:<44} {cpu:>7.2} s {:>9.0} {:>8.2} s {:>7} MB",
        bytes as f64 / 1e6 / cpu,
        start.elapsed().as_secs_f64(),
        memory / 1024
    );
    cpu
}

/// Seconds of CPU of all children that have ended.
fn ended_children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let fields: Vec<&str> = stat.rsplit_once(") ").expect("fields").1.split(' ').collect();
    [13, 14].iter().map(|i| fields[*i].parse::<f64>().expect("ticks")).sum::<f64>() / 100.0
}

fn cpu() -> Duration {
    let t = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(t.tv_sec.unsigned_abs(), u32::try_from(t.tv_nsec).unwrap_or(0))
}
