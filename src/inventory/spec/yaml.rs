//! YAML in, JSON text out, so that one reader serves both.
//!
//! Events are written straight to text: no tree is built, and duplicate names reach the JSON reader, which keeps the last
//! and says so. Budgets bound depth, nodes, aliases and what aliases expand to.

use std::collections::HashMap;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_saphyr::options::{DuplicateKeyPolicy, NonFiniteFloatPolicy, Options};

use super::text::{pointer, push_token};
use crate::base::{Error, Result, text::display_str};

/// JSON text that one YAML document may become; a document itself is capped by the loader.
const MOST_OUTPUT: usize = 256 << 20;

/// Nesting. Deeper documents are an error rather than a full stack.
const MOST_DEPTH: usize = 64;

/// The JSON text of a YAML document.
///
/// # Errors
/// Malformed YAML, or a budget that ran out, with line and column.
pub(super) fn to_json(source: &str, yaml: &str) -> Result<String> {
    let mut out = String::with_capacity(yaml.len() + yaml.len() / 2);
    let done = serde_saphyr::with_deserializer_from_str_with_options(yaml, options(), |d| {
        Write { out: &mut out }.deserialize(d)
    });
    match done {
        Ok(()) => Ok(out),
        Err(e) => {
            let place = e.location().filter(|l| l.line() > 0);
            let at = place.map_or_else(|| source.to_owned(), |l| format!("{source}:{}:{}", l.line(), l.column()));
            let said = e.without_snippet().to_string();
            let first = said.lines().next().unwrap_or_default();
            Err(Error::input(format!("not readable as YAML: {}", display_str(first)))
                .at(display_str(&at))
                .hint("mend the document there, or convert it to JSON"))
        }
    }
}

fn options() -> Options {
    let mut o = Options::default();
    let mut budget = o.budget.take().unwrap_or_default();
    budget.max_depth = MOST_DEPTH;
    budget.flow_nesting_limit = budget.flow_nesting_limit.min(MOST_DEPTH);
    budget.max_nodes = 8_000_000;
    budget.max_events = 16_000_000;
    budget.max_documents = 1;
    budget.max_total_scalar_bytes = 256 << 20;
    // One anchor with hundreds of aliases is a common way to write error replies; what aliases expand to is bounded.
    budget.enforce_alias_anchor_ratio = false;
    o.budget = Some(budget);
    o.duplicate_keys = DuplicateKeyPolicy::PassThrough;
    // `no` is a country and `010` is a code: only `true` and `false` are booleans, only plain decimals are numbers.
    o.strict_booleans = true;
    o.leading_zero_numbers_as_strings = true;
    o.underscored_numbers_as_strings = true;
    o.non_finite_float_policy = NonFiniteFloatPolicy::AsString;
    o.with_snippet = false;
    o
}

/// Writes whatever comes as JSON.
struct Write<'o> {
    out: &'o mut String,
}

impl Write<'_> {
    fn again(&mut self) -> Write<'_> {
        Write { out: self.out }
    }

    fn quoted<E: serde::de::Error>(&mut self, s: &str) -> Result<(), E> {
        if self.out.len() + s.len() > MOST_OUTPUT {
            return Err(E::custom("the document expands to more than 256 MiB"));
        }
        let json = serde_json::to_string(s).map_err(E::custom)?;
        self.out.push_str(&json);
        Ok(())
    }

    fn plain(&mut self, value: impl fmt::Display) {
        let _ = write!(self.out, "{value}");
    }
}

impl<'de> DeserializeSeed<'de> for Write<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Write<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML node")
    }
    fn visit_bool<E>(mut self, v: bool) -> Result<(), E> {
        self.plain(v);
        Ok(())
    }
    fn visit_i64<E>(mut self, v: i64) -> Result<(), E> {
        self.plain(v);
        Ok(())
    }
    fn visit_u64<E>(mut self, v: u64) -> Result<(), E> {
        self.plain(v);
        Ok(())
    }
    fn visit_i128<E>(mut self, v: i128) -> Result<(), E> {
        self.plain(v);
        Ok(())
    }
    fn visit_u128<E>(mut self, v: u128) -> Result<(), E> {
        self.plain(v);
        Ok(())
    }
    fn visit_f64<E: serde::de::Error>(mut self, v: f64) -> Result<(), E> {
        if !v.is_finite() {
            return self.quoted(&v.to_string());
        }
        self.plain(serde_json::Value::from(v));
        Ok(())
    }
    fn visit_str<E: serde::de::Error>(mut self, v: &str) -> Result<(), E> {
        self.quoted(v)
    }
    fn visit_bytes<E: serde::de::Error>(mut self, v: &[u8]) -> Result<(), E> {
        self.quoted(&String::from_utf8_lossy(v))
    }
    fn visit_unit<E>(mut self) -> Result<(), E> {
        self.plain("null");
        Ok(())
    }
    fn visit_none<E>(mut self) -> Result<(), E> {
        self.plain("null");
        Ok(())
    }
    fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
    fn visit_newtype_struct<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut open = '[';
        loop {
            let mark = self.out.len();
            self.out.push(open);
            if seq.next_element_seed(self.again())?.is_none() {
                self.out.truncate(mark);
                break;
            }
            open = ',';
        }
        if open == '[' {
            self.out.push('[');
        }
        self.out.push(']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        self.out.push('{');
        let mut first = true;
        loop {
            let mark = self.out.len();
            if !first {
                self.out.push(',');
            }
            if map.next_key_seed(Name(self.again()))?.is_none() {
                self.out.truncate(mark);
                break;
            }
            self.out.push(':');
            map.next_value_seed(self.again())?;
            first = false;
            if self.out.len() > MOST_OUTPUT {
                return Err(A::Error::custom("the document expands to more than 256 MiB"));
            }
        }
        self.out.push('}');
        Ok(())
    }
}

/// Writes a mapping key: JSON names are strings, so `200:` becomes `"200"`.
struct Name<'o>(Write<'o>);

impl<'de> DeserializeSeed<'de> for Name<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Name<'_> {
    type Value = ();
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain key")
    }
    fn visit_str<E: serde::de::Error>(mut self, v: &str) -> Result<(), E> {
        self.0.quoted(v)
    }
    fn visit_i64<E: serde::de::Error>(mut self, v: i64) -> Result<(), E> {
        self.0.quoted(&v.to_string())
    }
    fn visit_u64<E: serde::de::Error>(mut self, v: u64) -> Result<(), E> {
        self.0.quoted(&v.to_string())
    }
    fn visit_f64<E: serde::de::Error>(mut self, v: f64) -> Result<(), E> {
        self.0.quoted(&v.to_string())
    }
    fn visit_bool<E: serde::de::Error>(mut self, v: bool) -> Result<(), E> {
        self.0.quoted(if v { "true" } else { "false" })
    }
    fn visit_unit<E: serde::de::Error>(mut self) -> Result<(), E> {
        self.0.quoted("null")
    }
}

/// Lines of the upper three levels of a block-style document, by JSON pointer. Best effort: it places a problem or an
/// endpoint in the file, and nothing is judged by it.
pub(super) fn lines(yaml: &str) -> HashMap<String, u64> {
    let mut found = HashMap::new();
    let mut open: Vec<(usize, String)> = Vec::new();
    // Inside a `|` or `>` scalar, lines deeper than its key are text.
    let mut scalar: Option<usize> = None;
    for (number, line) in (1u64..).zip(yaml.lines()) {
        let trimmed = line.trim_start_matches(' ');
        let indent = line.len() - trimmed.len();
        if trimmed.is_empty() || scalar.is_some_and(|key| indent > key) {
            continue;
        }
        scalar = None;
        if trimmed.starts_with(['#', '-', '%']) {
            continue;
        }
        let Some((key, rest)) = key_of(trimmed) else { continue };
        while open.last().is_some_and(|(i, _)| *i >= indent) {
            open.pop();
        }
        if rest.starts_with(['|', '>']) {
            scalar = Some(indent);
        }
        if open.len() >= 3 {
            continue;
        }
        let mut at = pointer(&open.iter().map(|(_, k)| k.as_str()).collect::<Vec<_>>());
        push_token(&mut at, &key);
        found.insert(at, number);
        open.push((indent, key));
    }
    found
}

/// A `key:` at the start of a line, and what follows it.
fn key_of(line: &str) -> Option<(String, &str)> {
    for quote in ['"', '\''] {
        if let Some(rest) = line.strip_prefix(quote) {
            let (key, rest) = rest.split_once(quote)?;
            return Some((key.to_owned(), rest.trim_start().strip_prefix(':')?.trim_start()));
        }
    }
    let at =
        line.match_indices(':').map(|(i, _)| i).find(|i| matches!(line.as_bytes().get(i + 1), None | Some(b' ')))?;
    Some((line[..at].trim_end().to_owned(), line[at + 1..].trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(yaml: &str) -> String {
        to_json("t.yaml", yaml).expect("yaml")
    }

    #[test]
    fn scalars_keep_what_they_mean() {
        assert_eq!(
            json("a: no\nb: 010\nc: 1_000\nd: true\ne: ~\nf: 1.5\n200: x\ng: [1, 'a\"', {}]\nh: []\n"),
            r#"{"a":"no","b":"010","c":"1_000","d":true,"e":null,"f":1.5,"200":"x","g":[1,"a\"",{}],"h":[]}"#
        );
        assert_eq!(json("n: -9223372036854775809"), r#"{"n":-9.223372036854776e+18}"#);
        assert_eq!(json("a: 1\na: 2\n"), r#"{"a":1,"a":2}"#);
        assert_eq!(json("x: &a {k: v}\ny: *a\n"), r#"{"x":{"k":"v"},"y":{"k":"v"}}"#);
        assert_eq!(json("1.0: x\ntrue: y\n"), r#"{"1.0":"x","true":"y"}"#);
    }

    #[test]
    fn bombs_end_in_a_clean_error() {
        let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n".to_owned();
        for i in 1..12 {
            let refs = vec![format!("*a{}", i - 1); 10].join(",");
            let _ = writeln!(bomb, "a{i}: &a{i} [{refs}]");
        }
        for hostile in [bomb, "[".repeat(100_000), "- ".repeat(100_000), "a: &a [*a]".to_owned()] {
            let e = to_json("t.yaml", &hostile).expect_err("refused");
            assert!(e.what.starts_with("not readable as YAML: "), "{e}");
            assert!(e.what.len() < 400, "{e}");
        }
        let e = to_json("t.yaml", "a: 1\nb: [1,\n").expect_err("broken");
        assert!(e.place.as_deref().is_some_and(|p| p.starts_with("t.yaml:")), "{e}");
    }

    #[test]
    fn lines_of_the_upper_levels() {
        let found = lines(
            "openapi: 3.0.0\ninfo:\n  description: |\n    paths:\n      x\npaths:\n  '/a:b':\n    get:\n      x: 1\n  /c:\n    post: {}\n",
        );
        assert_eq!(found.get("/paths/~1a:b/get"), Some(&8));
        assert_eq!(found.get("/paths/~1c/post"), Some(&11));
        assert_eq!(found.get("/paths"), Some(&6));
    }
}
