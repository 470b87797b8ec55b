//! A token that is being edited: its header and its payload, by member or as text.

use crate::base::Result;
use crate::jwt::Decoded;
use crate::jwt::forge::Object;

/// A part of a token that can be edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The header.
    Header,
    /// The payload.
    Claims,
}

/// One part: its members where it is a JSON object, and its text where that is not what the members would be written as.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    object: Option<Object>,
    text: Option<Vec<u8>>,
}

impl Content {
    fn of(bytes: &[u8]) -> Self {
        let object = Object::parse(bytes).ok();
        let same = object.as_ref().is_some_and(|o| o.write() == bytes);
        Self { object, text: (!same).then(|| bytes.to_vec()) }
    }

    fn bytes(&self) -> Vec<u8> {
        match (&self.text, &self.object) {
            (Some(text), _) => text.clone(),
            (None, object) => object.as_ref().map(Object::write).unwrap_or_default(),
        }
    }
}

/// A token on the bench.
#[derive(Debug, Clone)]
pub struct Bench {
    parts: [Content; 2],
    came: [Vec<u8>; 2],
    edited: [bool; 2],
}

impl Bench {
    /// A token as it came.
    pub fn new(token: &Decoded) -> Self {
        let came = [token.header.bytes.as_bytes().to_vec(), token.claims.bytes.as_bytes().to_vec()];
        Self { parts: [Content::of(&came[0]), Content::of(&came[1])], came, edited: [false, false] }
    }

    /// Whether a part was edited.
    pub fn is_edited(&self, side: Side) -> bool {
        self.edited[side as usize]
    }

    /// Whether anything was.
    pub fn is_changed(&self) -> bool {
        self.edited.contains(&true)
    }

    /// The members of a part; `None` where it is no JSON object.
    pub fn members(&self, side: Side) -> Option<&[(String, String)]> {
        self.parts[side as usize].object.as_ref().map(|o| o.members.as_slice())
    }

    /// The bytes of a part: as they came, unless they were edited.
    pub fn bytes(&self, side: Side) -> Vec<u8> {
        if self.is_edited(side) { self.parts[side as usize].bytes() } else { self.came[side as usize].clone() }
    }

    /// Takes a part as text, which stays as it is typed.
    pub fn take(&mut self, side: Side, text: &[u8]) {
        if text != self.bytes(side) {
            self.parts[side as usize] = Content::of(text);
            self.edited[side as usize] = true;
        }
    }

    /// The name and value of a member as one text to be edited: `name: value`.
    pub fn member(&self, side: Side, at: usize) -> Option<String> {
        self.members(side)?.get(at).map(|(name, value)| format!("{name}: {value}"))
    }

    /// Takes a member as such a text: in place of the one at `at`, or at the end.
    ///
    /// # Errors
    /// A part that is no JSON object, or a text without a name.
    pub fn set(&mut self, side: Side, at: Option<usize>, typed: &str) -> Result<()> {
        let (name, value) = typed.split_once(':').ok_or_else(|| {
            crate::base::Error::input("a member is written name: value").hint("for example role: \"admin\" or exp: 0")
        })?;
        let member = (name.trim().to_owned(), Object::text(value.trim()));
        self.change(side, |members| match at.and_then(|at| members.get_mut(at)) {
            Some(place) => *place = member,
            None => members.push(member),
        })
    }

    /// Takes a member out.
    ///
    /// # Errors
    /// As [`Bench::set`].
    pub fn remove(&mut self, side: Side, at: usize) -> Result<()> {
        self.change(side, |members| {
            if at < members.len() {
                members.remove(at);
            }
        })
    }

    /// Writes a member twice.
    ///
    /// # Errors
    /// As [`Bench::set`].
    pub fn double(&mut self, side: Side, at: usize) -> Result<()> {
        self.change(side, |members| {
            if let Some(member) = members.get(at).cloned() {
                members.insert(at + 1, member);
            }
        })
    }

    fn change(&mut self, side: Side, change: impl FnOnce(&mut Vec<(String, String)>)) -> Result<()> {
        // What is no object says why it cannot be edited by member.
        let mut object = Object::parse(&self.bytes(side))?;
        change(&mut object.members);
        self.parts[side as usize] = Content { object: Some(object), text: None };
        self.edited[side as usize] = true;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jwt::decode;

    /// `{"alg":"HS256"}` and `{"sub":"1", "role":"user"}`, the latter with a blank.
    const TOKEN: &[u8] = b"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIiwgInJvbGUiOiJ1c2VyIn0.c2ln";

    #[test]
    fn what_is_not_edited_keeps_every_byte() {
        let mut bench = Bench::new(&decode(TOKEN));
        assert_eq!(bench.bytes(Side::Claims), br#"{"sub":"1", "role":"user"}"#);
        bench.set(Side::Header, None, "kid: ../x").expect("a member");
        assert!(bench.is_changed() && !bench.is_edited(Side::Claims));
        assert_eq!(bench.bytes(Side::Claims), br#"{"sub":"1", "role":"user"}"#);
        assert_eq!(bench.bytes(Side::Header), br#"{"alg":"HS256","kid":"../x"}"#);
    }

    #[test]
    fn members_are_set_doubled_and_taken_out_in_order() {
        let mut bench = Bench::new(&decode(TOKEN));
        assert_eq!(bench.member(Side::Claims, 1).as_deref(), Some("role: \"user\""));
        bench.set(Side::Claims, Some(1), "role: [\"admin\", 1]").expect("a member");
        bench.double(Side::Claims, 0).expect("twice");
        bench.set(Side::Claims, Some(1), "sub: 2").expect("a member");
        assert_eq!(bench.bytes(Side::Claims), br#"{"sub":"1","sub":2,"role":["admin", 1]}"#);
        bench.remove(Side::Claims, 0).expect("out");
        assert_eq!(bench.bytes(Side::Claims), br#"{"sub":2,"role":["admin", 1]}"#);
        assert!(bench.set(Side::Claims, None, "no colon").is_err());
    }

    #[test]
    fn text_of_any_kind_is_taken_as_it_is() {
        let mut bench = Bench::new(&decode(TOKEN));
        bench.take(Side::Claims, b"not json");
        assert_eq!((bench.bytes(Side::Claims), bench.members(Side::Claims)), (b"not json".to_vec(), None));
        assert!(bench.remove(Side::Claims, 0).is_err(), "it has no members");
        bench.take(Side::Claims, b"{ \"a\": 1 }");
        assert_eq!(bench.bytes(Side::Claims), b"{ \"a\": 1 }", "blanks stay");
    }
}
