//! An exchange as evidence in Markdown: what was sent and as whom, what came back, and how to do it again. What a peer sent
//! stands in display form and in fences that it cannot close.

use std::fmt::Write as _;

use super::exchange::{Secrets, phase_line, tls_lines};
use crate::base::figure::bytes;
use crate::base::hash::sha256_hex;
use crate::base::known;
use crate::base::secret::{mask_body, mask_header, mask_message, mask_target};
use crate::base::text::display;
use crate::grade::HeaderGrade;
use crate::wire::http1::written;
use crate::wire::{Exchange, HttpChoice, Request, curl};

/// Bytes of a request and of a body that stand there; what follows is counted.
const MOST_SHOWN: usize = 16 << 10;

/// One exchange. `typed` is its request without what its identity added, for the command that sends it again; `kept_masked`
/// tells that what is known of it was masked when it was kept, so that nothing of it can be hashed.
pub fn document(
    x: &Exchange,
    grade: Option<&HeaderGrade>,
    typed: &Request,
    secrets: Secrets,
    kept_masked: bool,
) -> String {
    let mut out = String::new();
    let masked = secrets == Secrets::Masked;
    let target = if masked { mask_target(&x.request.target) } else { x.request.target.clone() };
    let title = format!("{} {}{}", display(&x.request.method), x.request.origin, display(&target));
    let _ = writeln!(out, "# {}\n", plain(&title));
    facts(&mut out, x, kept_masked);
    for hop in &x.hops {
        let target = if masked { mask_target(&hop.request.target) } else { hop.request.target.clone() };
        let status = hop.status().map_or_else(|| "no reply".to_owned(), |s| s.to_string());
        let line = format!("{} {}{}: {status}", display(&hop.request.method), hop.request.origin, display(&target));
        let _ = writeln!(out, "Redirected from {}.\n", plain(&line));
    }
    let sent = x.sent.clone().unwrap_or_else(|| written(&x.request));
    out.push_str("## Request\n\n");
    if x.http2 {
        out.push_str("The header list of HTTP/2, a line each, and the body.\n\n");
    }
    fenced(&mut out, "http", &if masked { mask_message(&sent) } else { sent.to_vec() });
    out.push_str("## Reply\n\n");
    if let Some(r) = &x.response {
        let mut head = format!("{} {} {}\n", r.version, r.status, r.reason);
        for (n, v) in &r.headers {
            let v = if masked { mask_header(n.as_bytes(), v.as_bytes()).into() } else { v.clone() };
            let _ = writeln!(head, "{n}: {v}");
        }
        fenced(&mut out, "http", head.as_bytes());
        if r.body.is_empty() {
            out.push_str("It has no body.\n\n");
        } else {
            let cut = if r.truncated { "; the reply was cut short" } else { "" };
            let _ = writeln!(out, "{} of body, decoded{cut}.\n", bytes(r.body.len() as u64));
            fenced(&mut out, "", &if masked { mask_body(&r.body) } else { r.body.to_vec() });
        }
    } else {
        let why = x.error.as_ref().map(|e| format!("{}: {}", e.phase.word(), e.message)).unwrap_or_default();
        let _ = writeln!(out, "No reply came. {}\n", plain(&why));
    }
    if let Some(g) = grade {
        let _ = writeln!(out, "## Grade of the headers\n\n{} ({} points)\n", g.grade, g.score);
        for line in super::grade::reasons(g) {
            let _ = writeln!(out, "- {}", plain(line.trim()));
        }
        out.push('\n');
    }
    if let Some(t) = &x.tls {
        out.push_str("## TLS\n\n");
        for line in tls_lines(t) {
            let _ = writeln!(out, "- {}", plain(&line));
        }
        for c in &t.chain {
            let _ = writeln!(out, "- certificate {}, sha256 `{}`", plain(&c.subject.display()), plain(&c.sha256));
        }
        out.push('\n');
    }
    hashes(&mut out, x, kept_masked);
    let export = curl::write(typed, HttpChoice::Auto, false, !masked);
    out.push_str("## Again\n\n");
    fenced(&mut out, "sh", export.command.as_bytes());
    for change in &export.changes {
        let _ = writeln!(out, "- {}", plain(change));
    }
    if let Some(name) = &x.identity {
        let _ = writeln!(
            out,
            "- the credential of {} is added when it is sent, and does not stand in the command",
            plain(name)
        );
    }
    if masked {
        out.push_str("\nSecrets are masked.\n");
        return known::redact_str(&out).into_owned();
    }
    out
}

fn facts(out: &mut String, x: &Exchange, kept_masked: bool) {
    out.push_str("| | |\n|---|---|\n");
    let mut row = |name: &str, text: &str| {
        let _ = writeln!(out, "| {name} | {} |", plain(text));
    };
    row("began", &x.started.to_string());
    row("as", x.identity.as_deref().unwrap_or("nobody"));
    if let Some(c) = &x.connection {
        row("to", &c.remote.to_string());
        if let Some(proxy) = &c.proxy {
            row("through", proxy);
        }
    }
    if let Some(r) = &x.response {
        row("reply", &format!("{} {}", r.version, r.status));
    }
    let sender = x.sender_reason.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
    row("sender", &format!("{}{sender}", x.sender.word()));
    let took = phase_line(&x.phases);
    if !took.is_empty() {
        row("took", &took);
    }
    for a in &x.altered {
        row("altered", &format!("by {}: {}", a.by, a.what));
    }
    for o in &x.oddities {
        row("odd", &format!("{} ({})", o.words(), o.rule().reference));
    }
    if kept_masked {
        row("kept", "masked, without the vault");
    }
    out.push('\n');
}

fn hashes(out: &mut String, x: &Exchange, kept_masked: bool) {
    out.push_str("## Hashes\n\n");
    if kept_masked {
        out.push_str("The real bytes were not kept; the audit log has their hash.\n\n");
        return;
    }
    if let Some(sent) = x.sent_on_wire() {
        let _ = writeln!(out, "- sent, {}: sha256 `{}`", bytes(sent.len() as u64), sha256_hex(sent));
    }
    if let Some(received) = &x.received {
        let _ = writeln!(out, "- received, {}: sha256 `{}`", bytes(received.len() as u64), sha256_hex(received));
    }
    if let Some(r) = &x.response {
        let _ = writeln!(out, "- body, decoded, {}: sha256 `{}`", bytes(r.body.len() as u64), sha256_hex(&r.body));
    }
    out.push('\n');
}

/// Text between others: nothing in it is markup, of Markdown or of HTML, and nothing becomes a link by itself.
fn plain(text: &str) -> String {
    let text = display(text.as_bytes());
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at + c.len_utf8()..];
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            // Within a word it is no emphasis.
            '_' if before.is_alphanumeric() && rest.starts_with(char::is_alphanumeric) => out.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '!' | '#' => out.extend(['\\', c]),
            ':' if rest.starts_with("//") => out.push_str("&#58;"),
            '.' if before.eq_ignore_ascii_case(&'w') => out.push_str("&#46;"),
            '@' => out.push_str("&#64;"),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Lines in a fence that is longer than any run of backticks in them.
fn fenced(out: &mut String, language: &str, content: &[u8]) {
    let cut = &content[..content.len().min(MOST_SHOWN)];
    let lines: Vec<String> = cut.split(|b| *b == b'\n').map(|l| display(l.strip_suffix(b"\r").unwrap_or(l))).collect();
    let longest = lines.iter().flat_map(|l| l.split(|c| c != '`').map(str::len)).max().unwrap_or(0);
    let fence = "`".repeat((longest + 1).max(3));
    let _ = writeln!(out, "{fence}{language}\n{}\n{fence}\n", lines.join("\n").trim_end_matches('\n'));
    if cut.len() < content.len() {
        let _ = writeln!(out, "{} more are not shown.\n", bytes((content.len() - cut.len()) as u64));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::wire::Response;

    #[test]
    fn a_hostile_reply_stays_in_its_fence_and_a_secret_out_of_the_text() {
        let request = Request::new("GET", b"https://h/<img src=x>|`a`?token=s3cret").expect("url");
        let request = request.header("Authorization", "Bearer s3cret");
        let mut x = Exchange::new(1, Stamp::from_unix(0).expect("time"), request.clone());
        x.identity = Some("a|b<i>".to_owned());
        x.response = Some(Response {
            version: "HTTP/1.1".into(),
            status: 200,
            reason: "OK\u{1b}[31m".into(),
            headers: vec![("X".into(), "```\u{202e}".into())],
            body: "````\n# not a title\n<script>\n{\"password\": \"s3cret\"}".into(),
            ..Response::default()
        });
        let text = document(&x, None, &request, Secrets::Masked, false);
        assert!(!text.contains("s3cret") && !text.contains('\u{1b}') && !text.contains('\u{202e}'), "{text}");
        assert!(text.starts_with("# GET https&#58;//h/&lt;img src=x&gt;\\|\\`a\\`?token=\\*\\*\\*\n"), "{text}");
        assert!(text.contains("\n`````\n````\n# not a title\n<script>\n"), "{text}");
        assert!(text.contains("| as | a\\|b&lt;i&gt; |"), "{text}");
        let fences = text.lines().filter(|l| l.starts_with("```")).count();
        assert_eq!(fences, 8 + 1, "four blocks, and the four backticks of the body: {text}");
        assert!(document(&x, None, &request, Secrets::Shown, true).contains("s3cret"));
    }
}
