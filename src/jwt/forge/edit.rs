//! A JSON object edited as it stands: members in their order, with duplicates, and every value in the spelling it has.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::base::{Error, Result};

/// Bytes of an object that is edited.
pub const MOST: usize = 1 << 20;

/// The members of a JSON object, each value as text. What is not touched is written as it was read, but for the white space
/// between members.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Object {
    /// Names and the JSON text of their values, in order; a name may stand there more than once.
    pub members: Vec<(String, String)>,
}

impl Object {
    /// Reads an object.
    ///
    /// # Errors
    /// Bytes that are not one JSON object of at most [`MOST`] bytes: they can be edited as text alone.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let fault =
            |why: String| Error::input(format!("this cannot be edited by member: {why}")).hint("edit it as text");
        if bytes.len() > MOST {
            return Err(fault(format!("it has more than {MOST} bytes")));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| fault("it is not UTF-8".to_owned()))?;
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader
            .deserialize_map(Members)
            .and_then(|members| reader.end().map(|()| members))
            .map_err(|e| fault(super::super::object::cut(&e.to_string(), 120)))?;
        Ok(Self { members })
    }

    /// The JSON text of a value as typed: as it stands where it is JSON, else as a string.
    pub fn text(typed: &str) -> String {
        match serde_json::from_str::<&RawValue>(typed) {
            Ok(raw) => raw.get().to_owned(),
            Err(_) => Value::from(typed).to_string(),
        }
    }

    /// Sets a member where it first stands, or at the end; further ones of that name stay.
    pub fn set(&mut self, name: &str, value: &Value) {
        match self.members.iter_mut().find(|(n, _)| n == name) {
            Some((_, text)) => *text = value.to_string(),
            None => self.push(name, value),
        }
    }

    /// Adds a member at the end, whether or not the name is there already.
    pub fn push(&mut self, name: &str, value: &Value) {
        self.members.push((name.to_owned(), value.to_string()));
    }

    /// Takes out every member of that name.
    pub fn remove(&mut self, name: &str) {
        self.members.retain(|(n, _)| n != name);
    }

    /// The same object with one member set.
    #[must_use]
    pub fn with(&self, name: &str, value: impl Into<Value>) -> Self {
        let mut out = self.clone();
        out.set(name, &value.into());
        out
    }

    /// The same object without a member.
    #[must_use]
    pub fn without(&self, name: &str) -> Self {
        let mut out = self.clone();
        out.remove(name);
        out
    }

    /// The object as JSON without white space between members.
    pub fn write(&self) -> Vec<u8> {
        let mut out = String::from("{");
        for (i, (name, value)) in self.members.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            out.push_str(&Value::from(name.as_str()).to_string());
            out.push(':');
            out.push_str(value);
        }
        out.push('}');
        out.into_bytes()
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, String)>;
    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut out = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, Box<RawValue>>()? {
            out.push((name, value.get().to_owned()));
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn order_duplicates_and_spelling_stay() {
        let text = br#"{"b":1.0e2,"a":[1, 2],"b":"\u0041","c":-0}"#;
        let read = Object::parse(text).expect("an object");
        assert_eq!(read.write(), text);
        assert_eq!(read.with("b", 7).write(), br#"{"b":7,"a":[1, 2],"b":"\u0041","c":-0}"#);
        assert_eq!(read.without("b").with("d", json!({"x": null})).write(), br#"{"a":[1, 2],"c":-0,"d":{"x":null}}"#);
        let mut twice = read.without("b");
        twice.push("a", &json!(true));
        assert_eq!(twice.write(), br#"{"a":[1, 2],"c":-0,"a":true}"#);
    }

    #[test]
    fn what_is_typed_is_json_where_it_can_be() {
        for (typed, text) in
            [("1e3", "1e3"), ("true", "true"), ("admin", "\"admin\""), ("\"1\"", "\"1\""), ("[1,", "\"[1,\"")]
        {
            assert_eq!(Object::text(typed), text);
        }
    }

    #[test]
    fn what_is_no_object_is_said() {
        for bytes in [&b"[1]"[..], b"{\"a\":1} x", b"\xff", b"", b"{\"a\":"] {
            assert!(Object::parse(bytes).expect_err("no object").to_string().contains("as text"));
        }
    }

    proptest! {
        #[test]
        fn written_and_read_again_it_is_the_same(names in proptest::collection::vec("[a-c\"\\\\\u{0}-\u{20}]{0,3}", 0..8), n in any::<f64>()) {
            let mut object = Object::default();
            for name in &names {
                object.push(name, &json!(n));
            }
            prop_assert_eq!(Object::parse(&object.write()).expect("an object"), object);
        }
        #[test]
        fn any_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(object) = Object::parse(&bytes) {
                prop_assert!(Object::parse(&object.write()).is_ok());
            }
        }
    }
}
