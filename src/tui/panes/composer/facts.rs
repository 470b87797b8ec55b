//! The connection of an exchange on screen: its phases, its handshake, its chain.

use super::super::text::Styled;
use super::response::tls_word;
use crate::base::Stamp;
use crate::base::figure::bytes;
use crate::report::exchange::{codings_line, staple_words};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::{clip, shown};
use crate::wire::fault::place_words;
use crate::wire::{Certificate, Exchange, Revocation, TlsFacts};

/// How long each phase took, and the connection.
pub(super) fn time(x: &Exchange) -> Vec<Styled> {
    let phases: Vec<_> = x.phases.list().collect();
    let sum: f64 = phases.iter().map(|(_, d)| d.as_secs_f64()).sum();
    let total = x.phases.total.map_or(sum, |d| d.as_secs_f64()).max(sum).max(1e-9);
    let mut lines = vec![Styled::new("phase", Role::Title).then(12, "      ms", Role::Title)];
    let mut gone = 0.0;
    for (i, (phase, took)) in phases.iter().enumerate() {
        let secs = took.as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of 24 cells")]
        let (from, cells) = ((gone / total * 24.0) as usize, (secs / total * 24.0).round() as usize);
        let bar = if cells == 0 { "▏".to_owned() } else { "█".repeat(cells.min(24)) };
        let role = [Role::Chart5, Role::Chart1, Role::Chart4, Role::Chart3, Role::Chart2, Role::Chart1][i % 6];
        lines.push(Styled::new(phase.word(), Role::Text).then(12, format!("{:>8.2}", secs * 1e3), Role::Text).then(
            22,
            format!("{}{bar}", " ".repeat(from.min(24))),
            role,
        ));
        gone += secs;
    }
    if let Some(d) = x.phases.total {
        let text = format!("{:>8.2}", d.as_secs_f64() * 1e3);
        lines.push(Styled::new("total", Role::Title).then(12, text, Role::Title));
    }
    if let Some(c) = &x.connection {
        lines.push(Styled::default());
        lines.push(Styled::new("to", Role::Muted).then(12, c.remote.to_string(), Role::Text));
        lines.push(Styled::new("from", Role::Muted).then(12, c.local.to_string(), Role::Text));
        if let Some(alpn) = &c.alpn {
            lines.push(Styled::new("alpn", Role::Muted).then(12, clip(alpn), Role::Text));
        }
        let reused = if c.reused { "reused: no dns, connect or tls" } else { "opened for this exchange" };
        lines.push(Styled::new("connection", Role::Muted).then(12, reused, Role::Text));
        if let Some(proxy) = &c.proxy {
            lines.push(Styled::new("proxy", Role::Muted).then(12, clip(proxy), Role::Text));
        }
    }
    lines.push(Styled::new("started", Role::Muted).then(12, x.started.to_string(), Role::Text));
    let t = x.traffic;
    if t.written + t.read > 0 {
        let head = if t.head > 0 { format!(", of it {} of head", bytes(t.head)) } else { String::new() };
        let text = format!("{} sent, {} received{head}", bytes(t.written), bytes(t.read));
        lines.push(Styled::new("bytes", Role::Muted).then(12, text, Role::Text));
    }
    if let Some(r) = &x.response {
        let text = format!("{} on the wire, {} decoded", bytes(r.wire_bytes), bytes(r.decoded_bytes));
        lines.push(Styled::new("body", Role::Muted).then(12, text, Role::Text));
        let way = codings_line(r);
        if !way.is_empty() {
            lines.push(Styled::new("codings", Role::Muted).then(12, way, Role::Text));
        }
    }
    lines
}

/// What was agreed in the handshake, what is wrong with the chain, and the chain.
pub(super) fn tls(x: &Exchange) -> Vec<Styled> {
    let Some(t) = &x.tls else {
        let text = match tls_word(x) {
            Some("no") => "no TLS: everything of this exchange could be read on the way",
            _ => "no TLS facts: the handshake was not reached",
        };
        return vec![Styled::new(text, Role::Warn)];
    };
    let mut lines: Vec<Styled> = t.faults.iter().map(|f| Styled::new(clip(f), Role::Error)).collect();
    if lines.is_empty() {
        lines.push(Styled::new("the chain is trusted", Role::Ok));
    }
    let mut fact = |label: &str, value: String| {
        if !value.is_empty() {
            lines.push(Styled::new(label, Role::Muted).then(14, value, Role::Text));
        }
    };
    let TlsFacts { version, cipher, group, signature, sni, .. } = t;
    fact("version", clip(version));
    fact("cipher", clip(cipher));
    fact("key exchange", group.as_deref().map(clip).unwrap_or_default());
    fact("signature", signature.as_deref().map(clip).unwrap_or_default());
    fact("name sent", sni.as_deref().map_or_else(|| "none".to_owned(), clip));
    fact("resumed", if t.resumed { "yes" } else { "no" }.to_owned());
    if t.client_certificate_requested {
        fact("client cert", "asked for by the server".to_owned());
    }
    if let Some(staple) = &t.staple {
        let role = if staple.status == Revocation::Good { Role::Text } else { Role::Warn };
        let words = staple_words(staple);
        lines.push(Styled::new("staple", Role::Muted).then(14, words.trim_start_matches("OCSP staple: "), role));
    }
    lines.push(Styled::default());
    // Whoever is signed stands below who signed it, as far as they came along.
    for (depth, (i, c)) in t.chain.iter().enumerate().rev().enumerate() {
        let branch = if depth == 0 { String::new() } else { format!("{}└ ", "  ".repeat(depth.min(8) - 1)) };
        let place = Styled::new(format!("{branch}{}", place_words(i)), Role::Title);
        lines.push(place.then(14, shown(c.subject.as_bytes()), Role::Text));
        lines.extend(c.faults.iter().map(|f| Styled::new("", Role::Error).then(14, clip(&f.words()), Role::Error)));
    }
    for (i, c) in t.chain.iter().enumerate() {
        lines.push(Styled::default());
        lines.push(Styled::new(place_words(i), Role::Title));
        lines.extend(c.faults.iter().map(|f| {
            let row = f.rule();
            let words = format!("{} ({}, {})", clip(&f.words()), row.id, row.reference);
            Styled::new("fault", Role::Muted).then(14, words, Role::Error)
        }));
        lines.extend(certificate(c));
    }
    lines
}

fn certificate(c: &Certificate) -> Vec<Styled> {
    let line = |label: &str, value: String| Styled::new(label, Role::Muted).then(14, value, Role::Text);
    let mut lines = vec![
        line("subject", shown(c.subject.as_bytes())),
        line("issuer", shown(c.issuer.as_bytes())),
        line("names", c.san.iter().take(64).map(|s| shown(s.as_bytes())).collect::<Vec<_>>().join(" ")),
    ];
    let day = |s: Option<Stamp>| s.map_or_else(|| "?".to_owned(), |s| s.to_string());
    lines.push(line("valid", format!("{} to {}", day(c.not_before), day(c.not_after))));
    lines.push(line("key", clip(&c.key)));
    if !c.signature.is_empty() {
        lines.push(line("signed with", clip(&c.signature)));
    }
    if c.version > 0 && c.version != 3 {
        lines.push(line("version", c.version.to_string()));
    }
    lines.push(line("serial", clip(&c.serial)));
    lines.push(line("sha-256", clip(&c.sha256)));
    lines
}
