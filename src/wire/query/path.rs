//! JSONPath over the bytes of a body: found in what was parsed, given as it stands.

use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;
use serde_json::value::RawValue;
use serde_json_path::{JsonPath, PathElement};

use super::{Found, no_json};
use crate::base::text::display_str;
use crate::base::{Error, Result};

/// As [`super::query`].
pub fn query(expression: &str, body: &[u8]) -> Result<Found> {
    let path = JsonPath::parse(expression).map_err(|e| {
        Error::input(format!("this is no JSONPath: {}", display_str(&e.to_string())))
            .hint("write $.items[*].id, or a filter of jq: .items[].id")
    })?;
    let no = |e: serde_json::Error| no_json(&display_str(&e.to_string()));
    let value: Value = serde_json::from_slice(body).map_err(no)?;
    let raw: &RawValue = serde_json::from_slice(body).map_err(no)?;
    let mut places = Places { known: HashMap::new() };
    let (mut found, mut bytes) = (Found::default(), 0);
    for node in path.query_located(&value) {
        let steps: Vec<PathElement<'_>> = node.location().iter().cloned().collect();
        let Some(text) = places.at(raw, &steps) else { continue };
        if !found.take(text.as_bytes().to_vec(), &mut bytes) {
            break;
        }
    }
    Ok(found)
}

/// The texts of the parts of a document, each parsed once however many results stand in it.
struct Places<'a> {
    known: HashMap<Range<usize>, Parts<'a>>,
}

/// The parts of one array or object, as they stand.
enum Parts<'a> {
    List(Vec<&'a RawValue>),
    /// Of two members of one name the later one, as in what was parsed.
    Members(HashMap<String, &'a RawValue>),
}

impl<'a> Places<'a> {
    fn at(&mut self, root: &'a RawValue, steps: &[PathElement<'_>]) -> Option<&'a str> {
        let mut here = root;
        for step in steps {
            let text = here.get();
            let start = text.as_ptr().addr();
            let parts = match self.known.entry(start..start + text.len()) {
                std::collections::hash_map::Entry::Occupied(known) => known.into_mut(),
                std::collections::hash_map::Entry::Vacant(new) => {
                    let parts = match step {
                        PathElement::Index(_) => Parts::List(serde_json::from_str(text).ok()?),
                        PathElement::Name(_) => Parts::Members(serde_json::from_str(text).ok()?),
                    };
                    new.insert(parts)
                }
            };
            here = match (step, parts) {
                (PathElement::Index(i), Parts::List(list)) => list.get(*i)?,
                (PathElement::Name(name), Parts::Members(members)) => members.get(*name)?,
                _ => return None,
            };
        }
        Some(here.get())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn found(expression: &str, body: &str) -> Vec<String> {
        let found = query(expression, body.as_bytes()).expect(expression);
        found.results.into_iter().map(|r| String::from_utf8(r).expect("text")).collect()
    }

    #[test]
    fn what_is_found_stands_as_it_came() {
        let body = r#"{"a":[{"n":12345678901234567890123},{"n":1.10e5},{"s":"\u0041"}],"a b":[true, [ ]]}"#;
        assert_eq!(found("$.a[*].n", body), ["12345678901234567890123", "1.10e5"]);
        assert_eq!(found("$..s", body), [r#""\u0041""#]);
        assert_eq!(found("$['a b'][1]", body), ["[ ]"]);
        assert_eq!(found("$", "[1, 2]"), ["[1, 2]"]);
        assert!(found("$.none", body).is_empty());
        assert_eq!(found("$.x", r#"{"x":1,"x":2}"#), ["2"]);
    }

    #[test]
    fn what_cannot_be_asked_is_said() {
        let said = |e: &str, b: &str| query(e, b.as_bytes()).expect_err(e).to_string();
        assert!(said("$.a[", "{}").contains("this is no JSONPath"));
        assert!(said("$.a", "<html>").contains("the body is no JSON"));
    }

    proptest! {
        #[test]
        fn any_path_on_any_body_ends(path in r"\$[.\[\]a-c0-9*'?@<>=!:]{0,12}", body in r#"[{}\[\]",:a-c0-9 ]{0,40}"#) {
            let _ = query(&path, body.as_bytes());
        }
    }
}
