//! Whether a value is what a schema says.
//!
//! Only what is sure counts as a mismatch: a keyword that is not known here, a pattern that another kind of expression is
//! needed for, and what is behind a bound are said to be not judged.

use std::collections::HashMap;

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Value};

use super::resolve::Resolver;
use super::{format, schema};
use crate::base::text::display_str;

/// Pairs of a value and a schema looked at for one body.
const MOST_STEPS: usize = 200_000;
/// Schemas in schemas, with what they refer to.
const MOST_DEPTH: usize = 128;
/// Mismatches kept of one body.
const MOST_MISMATCHES: usize = 100;
/// Items of a list that are compared with each other.
const MOST_UNIQUE: usize = 1_000;
/// Bytes of a pattern, and of what it compiles to.
const LONGEST_PATTERN: usize = 2_000;
const LARGEST_PATTERN: usize = 1 << 20;

/// A place where a value is not what its schema says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// JSON pointer (RFC 6901) into the value, in display form; empty for the value itself.
    pub pointer: String,
    /// What is wrong there, in display form.
    pub reason: String,
}

/// Which way a value goes: what is `readOnly` is not asked for in a request, what is `writeOnly` not in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Sent to the API.
    Request,
    /// Sent by it.
    Response,
}

/// Compares values with the schemas of one document.
pub(super) struct Checker<'r, 'd> {
    resolver: &'r mut Resolver<'d>,
    side: Side,
    /// Whether `$ref` stands for all that is beside it (before OpenAPI 3.1).
    lone: bool,
    steps_left: usize,
    patterns: HashMap<String, Option<Regex>>,
    /// What was not judged, one sentence each.
    pub unjudged: Vec<String>,
}

/// What came of one schema.
#[derive(Default)]
struct Found {
    mismatches: Vec<Mismatch>,
    /// Something in it was not judged, so that no mismatch proves nothing.
    open: bool,
}

impl<'r, 'd> Checker<'r, 'd> {
    pub fn new(resolver: &'r mut Resolver<'d>, side: Side, version: &str) -> Self {
        let lone = version.starts_with('2') || version.starts_with("3.0");
        Self { resolver, side, lone, steps_left: MOST_STEPS, patterns: HashMap::new(), unjudged: Vec::new() }
    }

    /// Where the value is not what the schema says.
    pub fn check(&mut self, schema: &Value, value: &Value) -> Vec<Mismatch> {
        let mut found = Found::default();
        self.visit(schema, value, "", 0, &mut found);
        found.mismatches
    }

    fn note(&mut self, found: &mut Found, what: &str) {
        found.open = true;
        if self.unjudged.len() < 20 && !self.unjudged.iter().any(|u| u == what) {
            self.unjudged.push(what.to_owned());
        }
    }

    /// True when nothing more is looked at.
    fn is_over(&mut self, found: &mut Found) -> bool {
        if self.steps_left == 0 {
            self.note(found, LARGER);
        }
        self.steps_left == 0 || found.mismatches.len() >= MOST_MISMATCHES
    }

    fn visit(&mut self, schema: &Value, value: &Value, at: &str, depth: usize, found: &mut Found) {
        if depth > MOST_DEPTH || self.steps_left == 0 {
            let what = if self.steps_left == 0 { LARGER } else { "a schema goes too deep" };
            self.note(found, what);
            return;
        }
        self.steps_left -= 1;
        let node = match schema {
            Value::Object(node) => node,
            Value::Bool(false) => return miss(found, at, "nothing may stand here"),
            Value::Bool(true) => return,
            _ => return self.note(found, "a schema is no schema"),
        };
        if let Some(reference) = node.get("$ref").and_then(Value::as_str) {
            match self.resolver.follow(reference) {
                Some(target) => self.visit(&target, value, at, depth + 1, found),
                None => self.note(found, &format!("{} was not read", display_str(reference))),
            }
            if self.lone {
                return;
            }
        }
        let nullable = ["nullable", "x-nullable"].iter().any(|k| node.get(*k) == Some(&Value::Bool(true)));
        if value.is_null() && nullable {
            return;
        }
        self.kind(node, value, at, found);
        named(node, value, at, found);
        match value {
            Value::String(text) => self.text(node, text, at, found),
            Value::Number(_) => number(node, value, at, found),
            Value::Array(items) => self.array(node, items, at, depth, found),
            Value::Object(members) => self.object(node, members, at, depth, found),
            _ => {}
        }
        self.combined(node, value, at, depth, found);
        for key in UNKNOWN {
            if node.contains_key(*key) {
                self.note(found, &format!("`{key}` is not judged"));
            }
        }
    }

    fn kind(&mut self, node: &Map<String, Value>, value: &Value, at: &str, found: &mut Found) {
        let words: Vec<&str> = match node.get("type") {
            Some(Value::String(word)) => vec![word],
            Some(Value::Array(words)) => words.iter().filter_map(Value::as_str).collect(),
            _ => return,
        };
        let mut known = true;
        let fits = words.iter().any(|word| match *word {
            "string" => value.is_string(),
            "number" => value.is_number(),
            "integer" => value.as_f64().is_some_and(|n| n.fract() == 0.0),
            "boolean" => value.is_boolean(),
            "array" => value.is_array(),
            "object" => value.is_object(),
            "null" => value.is_null(),
            _ => {
                known = false;
                false
            }
        });
        if !known {
            self.note(found, "a `type` is none that is known");
        } else if !fits && !words.is_empty() {
            let wanted = words.join(" or ");
            miss(found, at, &format!("is {} and not {wanted}", word(value)));
        }
    }

    fn text(&mut self, node: &Map<String, Value>, text: &str, at: &str, found: &mut Found) {
        let length = || text.chars().count() as u64;
        if let Some(least) = size(node, "minLength").filter(|n| length() < *n) {
            miss(found, at, &format!("has {} characters and not at least {least}", length()));
        }
        if let Some(most) = size(node, "maxLength").filter(|n| length() > *n) {
            miss(found, at, &format!("has {} characters and not at most {most}", length()));
        }
        if let Some(format) = node.get("format").and_then(Value::as_str)
            && format::holds(format, text) == Some(false)
        {
            miss(found, at, &format!("is no {}", short(format)));
        }
        if let Some(pattern) = node.get("pattern").and_then(Value::as_str) {
            match self.pattern(pattern).map(|p| p.is_match(text)) {
                None => self.note(found, "a `pattern` is not one that can be judged"),
                Some(false) => miss(found, at, &format!("does not match {}", short(pattern))),
                Some(true) => {}
            }
        }
    }

    fn pattern(&mut self, pattern: &str) -> Option<&Regex> {
        if pattern.len() > LONGEST_PATTERN {
            return None;
        }
        let make = || RegexBuilder::new(pattern).size_limit(LARGEST_PATTERN).build().ok();
        self.patterns.entry(pattern.to_owned()).or_insert_with(make).as_ref()
    }

    fn array(&mut self, node: &Map<String, Value>, items: &[Value], at: &str, depth: usize, found: &mut Found) {
        let count = items.len() as u64;
        if let Some(least) = size(node, "minItems").filter(|n| count < *n) {
            miss(found, at, &format!("has {count} items and not at least {least}"));
        }
        if let Some(most) = size(node, "maxItems").filter(|n| count > *n) {
            miss(found, at, &format!("has {count} items and not at most {most}"));
        }
        if node.get("uniqueItems") == Some(&Value::Bool(true)) {
            if items.len() > MOST_UNIQUE {
                self.note(found, "a list is longer than what is looked through for the same item");
            } else if items.iter().enumerate().any(|(i, a)| items[..i].iter().any(|b| same(a, b))) {
                miss(found, at, "holds the same item twice");
            }
        }
        let tuple = node.get("prefixItems").or_else(|| node.get("items").filter(|i| i.is_array()));
        let tuple = tuple.and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        for (i, (schema, item)) in tuple.iter().zip(items).enumerate() {
            self.visit(schema, item, &format!("{at}/{i}"), depth + 1, found);
        }
        if let Some(schema) = node.get("items").filter(|i| !i.is_array()) {
            for (i, item) in items.iter().enumerate().skip(tuple.len()) {
                if self.is_over(found) {
                    break;
                }
                self.visit(schema, item, &format!("{at}/{i}"), depth + 1, found);
            }
        }
    }

    fn object(
        &mut self,
        node: &Map<String, Value>,
        members: &Map<String, Value>,
        at: &str,
        depth: usize,
        found: &mut Found,
    ) {
        let count = members.len() as u64;
        if let Some(least) = size(node, "minProperties").filter(|n| count < *n) {
            miss(found, at, &format!("has {count} members and not at least {least}"));
        }
        if let Some(most) = size(node, "maxProperties").filter(|n| count > *n) {
            miss(found, at, &format!("has {count} members and not at most {most}"));
        }
        let empty = Map::new();
        let properties = node.get("properties").and_then(Value::as_object).unwrap_or(&empty);
        let (not_asked, one_way) = match self.side {
            Side::Request => ("readOnly", "only stands in replies"),
            Side::Response => ("writeOnly", "is never to stand in a reply"),
        };
        for name in node.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str) {
            let other_way = |c: &mut Self| properties.get(name).is_some_and(|p| schema::says(c.resolver, p, not_asked));
            if !members.contains_key(name) && !other_way(self) {
                miss(found, at, &format!("lacks {}, which is required", short(name)));
            }
        }
        let patterned = node.get("patternProperties").and_then(Value::as_object).is_some_and(|p| !p.is_empty());
        if patterned {
            self.note(found, "`patternProperties` is not judged");
        }
        for (name, value) in members {
            if self.is_over(found) {
                break;
            }
            let below = || format!("{at}/{}", name.replace('~', "~0").replace('/', "~1"));
            if let Some(schema) = properties.get(name) {
                if schema::says(self.resolver, schema, not_asked) {
                    miss(found, &below(), one_way);
                }
                self.visit(schema, value, &below(), depth + 1, found);
                continue;
            }
            match node.get("additionalProperties").filter(|_| !patterned) {
                Some(Value::Bool(false)) => miss(found, &below(), "is not declared, and nothing more may stand here"),
                Some(schema) if schema.is_object() => self.visit(schema, value, &below(), depth + 1, found),
                _ => {}
            }
        }
    }

    /// `allOf`, `anyOf`, `oneOf` and `not`.
    fn combined(&mut self, node: &Map<String, Value>, value: &Value, at: &str, depth: usize, found: &mut Found) {
        for part in node.get("allOf").and_then(Value::as_array).into_iter().flatten() {
            self.visit(part, value, at, depth + 1, found);
        }
        for key in ["anyOf", "oneOf"] {
            let Some(forms) = node.get(key).and_then(Value::as_array).filter(|f| !f.is_empty()) else { continue };
            let (mut fits, mut sure, mut nearest) = (0, 0, None::<Vec<Mismatch>>);
            for form in forms {
                let mut one = Found::default();
                self.visit(form, value, at, depth + 1, &mut one);
                found.open |= one.open;
                if one.mismatches.is_empty() {
                    fits += 1;
                    sure += usize::from(!one.open);
                } else if nearest.as_ref().is_none_or(|n| one.mismatches.len() < n.len()) {
                    nearest = Some(one.mismatches);
                }
            }
            // A discriminator says which of them it is, and the others may fit as well.
            let exactly = key == "oneOf" && !node.contains_key("discriminator");
            if fits == 0 {
                let first = nearest.into_iter().flatten().next();
                let why = first.map_or_else(String::new, |m| format!("; nearest: {} {}", m.pointer, m.reason));
                miss(found, at, &format!("is none of the {} forms it may have{why}", forms.len()));
            } else if exactly && sure > 1 {
                miss(found, at, &format!("fits {sure} of {} forms, and may fit only one", forms.len()));
            }
        }
        if let Some(refused) = node.get("not") {
            let mut one = Found::default();
            self.visit(refused, value, at, depth + 1, &mut one);
            if one.mismatches.is_empty() && !one.open {
                miss(found, at, "is what it must not be");
            }
            found.open |= one.open;
        }
    }
}

const LARGER: &str = "it is larger than what is judged";

/// Keywords that say more than is judged here.
const UNKNOWN: &[&str] = &[
    "if",
    "contains",
    "propertyNames",
    "dependentSchemas",
    "dependentRequired",
    "unevaluatedProperties",
    "$dynamicRef",
];

/// `enum` and `const`.
fn named(node: &Map<String, Value>, value: &Value, at: &str, found: &mut Found) {
    if let Some(values) = node.get("enum").and_then(Value::as_array)
        && !values.iter().any(|v| same(v, value))
    {
        let few: Vec<String> = values.iter().take(8).map(|v| short(&v.to_string())).collect();
        let more = if values.len() > 8 { ", \u{2026}" } else { "" };
        miss(found, at, &format!("is none of the values listed: {}{more}", few.join(", ")));
    }
    if let Some(constant) = node.get("const")
        && !same(constant, value)
    {
        miss(found, at, &format!("is not {}", short(&constant.to_string())));
    }
}

fn number(node: &Map<String, Value>, value: &Value, at: &str, found: &mut Found) {
    let Some(n) = value.as_f64() else { return };
    let (low, high) = schema::bounds(node);
    if let Some((l, strict)) = low.filter(|(l, strict)| n < *l || (*strict && n <= *l)) {
        miss(found, at, &format!("is {n} and not {} {l}", if strict { "above" } else { "at least" }));
    }
    if let Some((h, strict)) = high.filter(|(h, strict)| n > *h || (*strict && n >= *h)) {
        miss(found, at, &format!("is {n} and not {} {h}", if strict { "below" } else { "at most" }));
    }
    // Of decimal fractions only what is far off is sure.
    if let Some(step) = node.get("multipleOf").and_then(Value::as_f64).filter(|s| *s > 0.0) {
        let times = n / step;
        if times.is_finite() && (times - times.round()).abs() > 1e-6 * times.abs().max(1.0) {
            miss(found, at, &format!("is {n} and no multiple of {step}"));
        }
    }
    let range = match node.get("format").and_then(Value::as_str) {
        Some("int32") => Some((f64::from(i32::MIN), f64::from(i32::MAX))),
        _ => None,
    };
    if range.is_some_and(|(l, h)| n < l || n > h) {
        miss(found, at, "is beyond 32 bits");
    }
}

/// A bound that is a count.
fn size(node: &Map<String, Value>, key: &str) -> Option<u64> {
    node.get(key).and_then(|v| v.as_u64().or_else(|| v.as_f64().filter(|n| *n >= 0.0 && n.fract() == 0.0).map(whole)))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to be whole and not negative")]
fn whole(n: f64) -> u64 {
    n as u64
}

/// Equal as JSON: 1 and 1.0 are one number.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(x), Value::Number(y)) => x == y || (x.is_f64() || y.is_f64()) && x.as_f64() == y.as_f64(),
        (Value::Array(x), Value::Array(y)) => x.len() == y.len() && x.iter().zip(y).all(|(a, b)| same(a, b)),
        (Value::Object(x), Value::Object(y)) => {
            x.len() == y.len() && x.iter().all(|(k, a)| y.get(k).is_some_and(|b| same(a, b)))
        }
        (a, b) => a == b,
    }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(n) if n.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn miss(found: &mut Found, at: &str, reason: &str) {
    if found.mismatches.len() < MOST_MISMATCHES {
        found.mismatches.push(Mismatch { pointer: short(at), reason: reason.to_owned() });
    }
}

/// At most 200 characters, in display form.
fn short(s: &str) -> String {
    let mut cut: String = s.chars().take(200).collect();
    if cut.len() < s.len() {
        cut.push('\u{2026}');
    }
    display_str(&cut)
}
