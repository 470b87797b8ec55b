//! The URL and its fields: `{name}` places of the path, and pairs of the query.

use super::row::{Kind, Row, encode, joined, replaced};
use crate::inventory::Place;

/// Places of one path.
const MOST_PLACES: usize = 64;

/// Head (up to the query), query and fragment of a URL as typed.
pub fn split(url: &str) -> (&str, Option<&str>, Option<&str>) {
    let (before, fragment) = url.split_once('#').map_or((url, None), |(b, f)| (b, Some(f)));
    let (head, query) = before.split_once('?').map_or((before, None), |(h, q)| (h, Some(q)));
    (head, query, fragment)
}

/// The URL as it stands with the query of its rows.
pub fn written(head: &str, rows: &[Row], fragment: Option<&str>) -> String {
    let mut out = head.to_owned();
    if rows.iter().any(|r| r.on && r.kind == Kind::At(Place::Query)) {
        out.push('?');
        out.push_str(&joined(rows.iter().filter(|r| r.kind == Kind::At(Place::Query))));
    }
    if let Some(f) = fragment {
        out.extend(["#", f]);
    }
    out
}

/// Rows with those of the query taken from a text.
pub fn with_query(rows: Vec<Row>, query: Option<&str>) -> Vec<Row> {
    let rank = |r: &Row| match r.kind {
        Kind::At(Place::Path) => 0,
        Kind::At(Place::Query) => 1,
        Kind::At(Place::Cookie) => 2,
        _ => 3,
    };
    let (pairs, mut out): (Vec<Row>, Vec<Row>) = rows.into_iter().partition(|r| r.kind == Kind::At(Place::Query));
    out.extend(replaced(pairs, Kind::At(Place::Query), query));
    out.sort_by_key(rank);
    out
}

/// Names of the `{name}` places of a path, each once. `{{name}}` is a variable and none.
pub fn places(head: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    pieces(head, |piece| {
        if let Err(name) = piece
            && !names.iter().any(|n| n == name)
            && names.len() < MOST_PLACES
        {
            names.push(name.to_owned());
        }
    });
    names
}

/// Puts parameter values into the places of a path. A place that is left out stays as it was typed.
pub fn fill(url: &str, rows: &[Row]) -> String {
    let (head, ..) = split(url);
    let mut out = String::new();
    pieces(head, |piece| match piece {
        Ok(text) => out.push_str(text),
        Err(name) => match rows.iter().find(|r| r.on && r.kind == Kind::At(Place::Path) && r.name == name) {
            Some(row) => out.push_str(&encode(&row.value)),
            None => out.extend(["{", name, "}"]),
        },
    });
    out.push_str(&url[head.len()..]);
    out
}

/// The parts of a path in order: text, or the name of a place.
fn pieces<'a>(head: &'a str, mut each: impl FnMut(Result<&'a str, &'a str>)) {
    let mut rest = head;
    while let Some(at) = rest.find('{') {
        let after = &rest[at..];
        let variable = after.strip_prefix("{{").and_then(|a| a.split_once("}}")).map(|(name, _)| name.len() + 4);
        let place = after[1..].split_once('}').map(|(name, _)| name);
        let place = place.filter(|n| !n.is_empty() && !n.contains(['/', '{']));
        let (length, name) = match (variable, place) {
            (Some(length), _) => (length, None),
            (None, Some(name)) => (name.len() + 2, Some(name)),
            (None, None) => (1, None),
        };
        match name {
            Some(name) => {
                each(Ok(&rest[..at]));
                each(Err(name));
            }
            None => each(Ok(&rest[..at + length])),
        }
        rest = &rest[at + length..];
    }
    each(Ok(rest));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_values_are_encoded() {
        let rows = [Row::new(Kind::At(Place::Path), "id", "a/b c{{x}}")];
        assert_eq!(fill("{{base}}/o/{id}/../%2e?r=a b{id}#f", &rows), "{{base}}/o/a%2Fb%20c{{x}}/../%2e?r=a b{id}#f");
        assert_eq!(fill("http://h/{x}", &rows), "http://h/{x}");
        assert_eq!(places("http://h/{a}/{b}/{a}/{{c}}/{}/{d"), ["a", "b"]);
    }

    proptest! {
        #[test]
        fn a_url_comes_back_from_its_parts(url in "[ -~]{0,60}") {
            let (head, query, fragment) = split(&url);
            let rows = with_query(Vec::new(), query);
            prop_assert_eq!(written(head, &rows, fragment), url.clone());
            prop_assert_eq!(fill(&url, &[]), url);
        }
    }
}
