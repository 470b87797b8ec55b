//! A template for a path that nothing declares.

use super::class::{is_prefix, next_segment};
use super::weights::known;
use super::{Class, classify};

/// Segments written out; what is deeper becomes one `…`.
const MOST_SEGMENTS: usize = 32;

/// Appends the template of a decoded path: every segment that looks like an identifier becomes `{id}`, `{uuid}` and so on.
/// Empty segments and a trailing slash are dropped.
pub fn infer(path: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    let mut rest = path;
    let mut depth = 0;
    while let Some((segment, class, after)) = next_segment(rest) {
        rest = after;
        out.push(b'/');
        if depth >= MOST_SEGMENTS {
            out.extend_from_slice("\u{2026}".as_bytes());
            break;
        }
        depth += 1;
        if let Some(name) = class.name() {
            brace(name, out);
            continue;
        }
        // `123.json`: the name before the dot is what varies.
        let dot = segment.iter().rposition(|b| *b == b'.').filter(|d| (2..=6).contains(&(segment.len() - d)));
        match dot.and_then(|d| Some((classify(&segment[..d]).name()?, &segment[d..]))) {
            Some((name, extension)) if extension[1..].iter().all(u8::is_ascii_alphabetic) => {
                brace(name, out);
                out.extend_from_slice(extension);
            }
            _ => out.extend_from_slice(segment),
        }
    }
    if out.len() == start {
        out.push(b'/');
    }
}

/// True for a path of which the template does not hold every segment.
pub fn is_deep(path: &[u8]) -> bool {
    segments(path).nth(MOST_SEGMENTS).is_some()
}

/// The segments that are not empty.
fn segments(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|b| *b == b'/').filter(|s| !s.is_empty())
}

fn brace(name: &str, out: &mut Vec<u8>) {
    out.push(b'{');
    out.extend_from_slice(name.as_bytes());
    out.push(b'}');
}

/// The template of a path when there are too many to tell apart: only how deep it is, up to 16.
pub fn overflow(path: &[u8], out: &mut Vec<u8>) {
    let depth = segments(path).take(16).count().max(1);
    for _ in 0..depth {
        out.extend_from_slice(b"/{any}");
    }
}

/// The signature of a template when there are too many to tell apart. It begins as it does, as far as its first segment that
/// is no version and no `api`; of the rest, words that APIs are written with stay, and all others are `{any}`.
pub fn signature(template: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len());
    let mut in_prefix = true;
    for segment in segments(template).take(MOST_SEGMENTS) {
        out.push(b'/');
        let stays = in_prefix || segment.starts_with(b"{") || known(segment) > 0.0;
        in_prefix = in_prefix && is_prefix(segment);
        out.extend_from_slice(if stays { segment } else { b"{any}" });
    }
    if out.is_empty() { b"/".to_vec() } else { out }
}

/// A template as far as its first segment that is no version and no `api`.
pub fn start(template: &[u8]) -> &[u8] {
    let mut end = 0;
    for segment in template.split(|b| *b == b'/').skip(1) {
        end += segment.len() + 1;
        if !is_prefix(segment) {
            break;
        }
    }
    &template[..end.min(template.len())]
}

/// True when a signature may be that of a path of this template.
pub fn fits(signature: &[u8], template: &[u8]) -> bool {
    let varies = |s: &[u8]| s.starts_with(b"{");
    let mut of_template = segments(template);
    segments(signature).all(|s| match of_template.next() {
        Some(t) => s == t || s == b"{any}" || (varies(t) && (varies(s) || known(s) > 0.0)),
        None => false,
    }) && of_template.next().is_none()
}

/// The template with every name used once: `/a/{id}/b/{id}` becomes `/a/{id}/b/{id2}`.
pub fn unique_names(template: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(template.len() + 4);
    let mut used: Vec<(&[u8], u32)> = Vec::new();
    for (i, segment) in template.split(|b| *b == b'/').enumerate() {
        if i > 0 {
            out.push(b'/');
        }
        let name = segment.strip_prefix(b"{").and_then(|s| s.split(|b| *b == b'}').next());
        let known = name.filter(|n| (Class::ALL_NAMES).iter().any(|k| k.as_bytes() == *n));
        let Some(name) = known else {
            out.extend_from_slice(segment);
            continue;
        };
        let count = if let Some((_, count)) = used.iter_mut().find(|(n, _)| *n == name) {
            *count += 1;
            *count
        } else {
            used.push((name, 1));
            1
        };
        out.push(b'{');
        out.extend_from_slice(name);
        if count > 1 {
            out.extend_from_slice(count.to_string().as_bytes());
        }
        out.extend_from_slice(&segment[name.len() + 1..]);
    }
    out
}

impl Class {
    /// Every name that [`infer`] and [`overflow`] write.
    const ALL_NAMES: [&'static str; 10] =
        ["name", "id", "uuid", "hex", "ulid", "email", "date", "token", "text", "any"];
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn of(path: &str) -> String {
        let mut out = Vec::new();
        infer(path.as_bytes(), &mut out);
        String::from_utf8_lossy(&unique_names(&out)).into_owned()
    }

    #[test]
    fn templates_of_paths() {
        for (path, template) in [
            ("/", "/"),
            ("//a///b/", "/a/b"),
            ("/orders/42", "/orders/{id}"),
            ("/a/1/b/2/c/3.json", "/a/{id}/b/{id2}/c/{id3}.json"),
            ("/u/123e4567-e89b-42d3-a456-426614174000", "/u/{uuid}"),
            ("/v1/reports/2024-01-31", "/v1/reports/{date}"),
            ("/static/app.min.js", "/static/app.min.js"),
        ] {
            assert_eq!(of(path), template);
        }
        assert!(of(&"/x".repeat(100)).ends_with("/\u{2026}"));
    }

    proptest! {
        #[test]
        fn a_template_is_its_own_template(path in "(/[a-z0-9A-Z.{}@-]{0,12}){0,6}") {
            let mut once = Vec::new();
            infer(path.as_bytes(), &mut once);
            let _ = unique_names(&once);
            prop_assert!(once.starts_with(b"/"));
        }
    }
}
