//! The Content-Security-Policy test: how the Observatory merges policies, and what it takes for unsafe.

use std::cmp::Ordering;

use super::Seen;

/// Shortest policy that is taken, in characters.
const SHORTEST: usize = 6;
/// Directives and sources of all policies that are merged; a header with more is not graded as that program would in a
/// minute of its time.
const MOST: usize = 5_000;

const BROAD: &[&str] = &["ftp:", "http:", "https:", "*", "http://*", "http://*.*", "https://*", "https://*.*"];

/// What the test found.
pub struct Found {
    /// The result.
    pub result: &'static str,
    /// The merged policy names frame-ancestors.
    pub frames: bool,
}

/// One source of a directive: where it came from, and whether it is still in force.
#[derive(Debug, Clone)]
struct Source {
    text: String,
    policy: usize,
    keep: bool,
}

/// Directives in order, each with its sources; two sources alike are one.
type Merged = Vec<(String, Vec<String>)>;

pub fn judge(seen: &Seen<'_>) -> Found {
    let split = |v: &str| v.split(',').map(|p| space_trimmed(p).to_owned()).collect::<Vec<String>>();
    let header: Vec<String> = seen.value("content-security-policy").map(|v| split(&v)).unwrap_or_default();
    let meta: Vec<String> = seen.metas.iter().filter(|m| m.is_policy()).flat_map(|m| split(&m.content)).collect();
    let all: Vec<String> = header.iter().chain(&meta).cloned().collect();
    let Some((mut merged, repeated)) = merge(&all) else {
        return Found { result: "csp-header-invalid", frames: false };
    };
    let of_header = merge(&header).map_or(0, |(m, _)| m.len());
    let of_meta = merge(&meta).map_or(0, |(m, _)| {
        m.iter().filter(|(n, _)| !matches!(n.as_str(), "frame-ancestors" | "report-uri" | "sandbox")).count()
    });
    if of_header + of_meta == 0 {
        let reports = seen.value("content-security-policy-report-only").is_some_and(|v| !v.is_empty());
        let result = if reports { "csp-not-implemented-but-reporting-enabled" } else { "csp-not-implemented" };
        return Found { result, frames: false };
    }
    let mut result = verdict(&mut merged, seen.https);
    let passed = matches!(
        result,
        "csp-implemented-with-no-unsafe"
            | "csp-implemented-with-no-unsafe-default-src-none"
            | "csp-implemented-with-unsafe-inline-in-style-src-only"
            | "csp-implemented-with-insecure-scheme-in-passive-content-only"
    );
    if passed && repeated {
        result = "csp-implemented-but-duplicate-directives";
    }
    Found { result, frames: merged.iter().any(|(n, _)| n == "frame-ancestors") }
}

fn verdict(merged: &mut Merged, https: bool) -> &'static str {
    let at = |m: &Merged, names: &[&str]| names.iter().find_map(|n| m.iter().position(|(d, _)| d == n));
    let (script, style) = (at(merged, &["script-src", "default-src"]), at(merged, &["style-src", "default-src"]));
    for i in [script, style].into_iter().flatten() {
        if is_fixed(&merged[i].1) {
            merged[i].1.retain(|s| s != "'unsafe-inline'");
        }
    }
    let mut result = None;
    if let Some(i) = script
        && merged[i].1.iter().any(|s| s == "'strict-dynamic'")
    {
        if is_fixed(&merged[i].1) {
            merged[i].1.retain(|s| !BROAD.iter().any(|b| s.starts_with(b)) && s != "'self'" && s != "'unsafe-inline'");
        } else {
            result = Some("csp-header-invalid");
        }
    }
    // A directive that is not there allows everything.
    let everything = vec!["*".to_owned()];
    let list = |i: Option<usize>| i.map_or(&everything, |i| &merged[i].1);
    let (scripts, styles) = (list(script), list(style));
    let objects = list(at(merged, &["object-src", "default-src"]));
    let broad = |s: &String| BROAD.contains(&s.as_str());
    let unsafe_too = |s: &String| broad(s) || s == "'unsafe-inline'" || s == "data:";
    let insecure = |s: &String| s.starts_with("http:") || s.starts_with("ftp:");
    let mut say = |when: bool, what| {
        if when && result.is_none() {
            result = Some(what);
        }
    };
    say(scripts.iter().any(unsafe_too) || objects.iter().any(broad), "csp-implemented-with-unsafe-inline");
    let active = merged
        .iter()
        .filter(|(n, _)| !matches!(n.as_str(), "img-src" | "media-src" | "script-src"))
        .flat_map(|(_, s)| s)
        .chain(scripts);
    say(https && active.into_iter().any(insecure), "csp-implemented-with-insecure-scheme");
    say(scripts.iter().chain(styles).any(|s| s == "'unsafe-eval'"), "csp-implemented-with-unsafe-eval");
    let passive = ["img-src", "media-src"].into_iter().filter_map(|n| at(merged, &[n, "default-src"]));
    say(
        https && passive.flat_map(|i| &merged[i].1).any(insecure),
        "csp-implemented-with-insecure-scheme-in-passive-content-only",
    );
    say(styles.iter().any(unsafe_too), "csp-implemented-with-unsafe-inline-in-style-src-only");
    let none = at(merged, &["default-src"]).is_some_and(|i| merged[i].1 == ["'none'"]);
    say(none, "csp-implemented-with-no-unsafe-default-src-none");
    result.unwrap_or("csp-implemented-with-no-unsafe")
}

fn is_fixed(sources: &[String]) -> bool {
    sources.iter().any(|s| ["'sha256-", "'sha384-", "'sha512-", "'nonce-"].iter().any(|p| s.starts_with(p)))
}

/// Merges policies; `None` where one is invalid. Also tells whether a report directive stands twice.
fn merge(policies: &[String]) -> Option<(Merged, bool)> {
    let clean: Vec<String> = policies.iter().map(|p| space_trimmed(&p.replace(['\r', '\n'], "")).to_owned()).collect();
    if clean.iter().any(|p| p.encode_utf16().count() < SHORTEST) {
        return None;
    }
    let mut merged: Vec<(String, Vec<Source>)> = Vec::new();
    let mut repeated = false;
    let mut left = MOST;
    for (number, policy) in clean.iter().enumerate() {
        let mut seen: Vec<String> = Vec::new();
        for entry in policy.split(';') {
            let mut words = entry.split(is_space).filter(|w| !w.is_empty());
            let Some(name) = words.next().map(str::to_lowercase) else { continue };
            if seen.contains(&name) {
                if !matches!(name.as_str(), "report-uri" | "report-to") {
                    return None;
                }
                repeated = true;
            } else {
                seen.push(name.clone());
            }
            let source = |text: String| Source { text, policy: number, keep: number == 0 };
            let mut values: Vec<Source> = words.map(|w| source(w.to_lowercase())).collect();
            if values.is_empty() && name.ends_with("-src") {
                values.push(source("'none'".to_owned()));
            }
            left = left.checked_sub(values.len() + 1)?;
            let place = merged.iter().position(|(n, _)| *n == name);
            let mut combined = match place.filter(|_| number > 0) {
                Some(i) => std::mem::take(&mut merged[i].1),
                None => Vec::new(),
            };
            combined.extend(values);
            combined.sort_by(|a, b| collate(&a.text, &b.text));
            for i in 1..combined.len() {
                let (before, this) = (combined[i - 1].clone(), &mut combined[i]);
                if this.policy == before.policy && this.text.starts_with(&before.text) {
                    this.keep = false;
                }
                if this.policy != before.policy && same_path(&before.text, &this.text)? {
                    this.keep = true;
                }
            }
            combined.retain(|s| s.keep);
            if number == 0 && clean.len() > 1 {
                for s in &mut combined {
                    s.keep = false;
                }
            }
            match place {
                Some(i) => merged[i].1 = combined,
                None => merged.push((name, combined)),
            }
        }
    }
    let flat = merged.into_iter().map(|(name, sources)| {
        let mut list: Vec<String> = Vec::new();
        for s in sources {
            if !list.contains(&s.text) {
                list.push(s.text);
            }
        }
        if list.is_empty() {
            list.push("'none'".to_owned());
        }
        (name, list)
    });
    Some((flat.collect(), repeated))
}

/// Whether a path of one policy covers that of another; `None` where an escape in it cannot be read, which that program does
/// not survive.
fn same_path(a: &str, b: &str) -> Option<bool> {
    if a.is_empty() || (a == "/" && b.is_empty()) {
        return Some(true);
    }
    let exact = !a.ends_with('/');
    let (mut left, right): (Vec<&str>, Vec<&str>) = (a.split('/').collect(), b.split('/').collect());
    if left.len() > right.len() || (exact && left.len() != right.len()) {
        return Some(false);
    }
    if !exact {
        left.pop();
    }
    for (l, r) in left.iter().zip(&right) {
        if unescaped(l)? != unescaped(r)? {
            return Some(false);
        }
    }
    Some(true)
}

fn unescaped(text: &str) -> Option<String> {
    let mut out = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if bytes[at] == b'%' {
            let hex = text.get(at + 1..at + 3).filter(|h| h.bytes().all(|b| b.is_ascii_hexdigit()))?;
            out.push(u8::from_str_radix(hex, 16).ok()?);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8(out).ok()
}

/// What counts as space there: Unicode spaces and line ends, with the byte order mark and without NEL.
fn is_space(c: char) -> bool {
    (c.is_whitespace() && c != '\u{85}') || c == '\u{feff}'
}

fn space_trimmed(text: &str) -> &str {
    text.trim_matches(is_space)
}

/// The order of English collation (CLDR root) for what stands in policies: punctuation, symbols, digits, letters.
const ORDER: &[u8] = b"_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz";

fn collate(a: &str, b: &str) -> Ordering {
    let weight = |c: char| {
        u8::try_from(c).ok().and_then(|b| ORDER.iter().position(|o| *o == b)).unwrap_or(ORDER.len() + c as usize)
    };
    a.chars().map(weight).cmp(b.chars().map(weight))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_merged_as_there() {
        let list = |policies: &[&str]| {
            merge(&policies.iter().map(|p| (*p).to_owned()).collect::<Vec<_>>())
                .map(|(m, _)| m.into_iter().map(|(n, s)| format!("{n} {}", s.join(" "))).collect::<Vec<_>>().join("; "))
        };
        assert_eq!(list(&["img-src https://b https://a https://a/x"]).as_deref(), Some("img-src https://a https://b"));
        assert_eq!(
            list(&["default-src 'self' https://a", "default-src 'self'"]).as_deref(),
            Some("default-src 'self'")
        );
        assert_eq!(list(&["default-src 'self'", "default-src https://a"]).as_deref(), Some("default-src 'none'"));
        assert_eq!(list(&["default-src"]).as_deref(), Some("default-src 'none'"));
        for invalid in [&["a"][..], &["default-src a; default-src b"], &["default-src 'self'", ""]] {
            assert_eq!(list(invalid), None, "{invalid:?}");
        }
        assert_eq!(list(&[]).as_deref(), Some(""));
    }

    #[test]
    fn too_much_is_invalid_and_ends() {
        let sources = "https://a.test/x ".repeat(50_000);
        assert!(merge(&[format!("default-src {sources}")]).is_none());
        assert!(merge(&vec!["default-src 'self' https://a.test".to_owned(); 1_000]).is_some());
        assert!(merge(&[(0..4_000).map(|i| format!("a{i} x")).collect::<Vec<_>>().join(";")]).is_none());
    }
}
