//! Names that stand twice in the objects inside a value: the reader that makes the value keeps the last of them.

use std::collections::HashSet;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// Names that are found in one value.
const MOST: usize = 50;

/// Where an object stands, from itself outwards.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    outer: Option<&'a Place<'a>>,
}

impl Place<'_> {
    /// The names from the member on, with dots between them.
    fn path(self) -> String {
        match self.outer {
            Some(outer) => format!("{}.{}", outer.path(), self.name),
            None => self.name.to_owned(),
        }
    }
}

/// The names that stand twice in one object inside the value of the member `name`, as paths from it. Where the value cannot be
/// read, what was found before is given.
pub(super) fn twice(name: &str, value: &str) -> Vec<String> {
    let mut found = Vec::new();
    if value.starts_with(['{', '[']) {
        let mut reader = serde_json::Deserializer::from_str(value);
        // What is wrong with the value is said by who reads it.
        let _ = Walk { place: Place { name, outer: None }, found: &mut found }.deserialize(&mut reader);
    }
    found
}

struct Walk<'a> {
    place: Place<'a>,
    found: &'a mut Vec<String>,
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<(), D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            let place = Place { name: &name, outer: Some(&self.place) };
            if seen.contains(&name) && self.found.len() < MOST {
                self.found.push(place.path());
            }
            map.next_value_seed(Walk { place, found: self.found })?;
            seen.insert(name);
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Walk { place: self.place, found: self.found })?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }
    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }
    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }
    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }
    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}
