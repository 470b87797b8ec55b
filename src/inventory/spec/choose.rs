//! Of the examples that there are, one that is what its schema says.

use serde_json::Value;

use super::judge::readings;
use super::resolve::Resolver;
use super::schema;
use super::validate::{Checker, Side};

/// The example that the document gives; where it is not what the schema says, one that is made from the schema, with what the
/// schema names itself, and then without. `None` when none of them can be had. As `text`, a value is anything that it may be
/// read as.
pub(super) fn example(
    resolver: &mut Resolver<'_>,
    given: Option<Value>,
    shape: Option<&Value>,
    text: bool,
) -> Option<Value> {
    let Some(shape) = shape else { return given };
    let mut best: Option<(usize, Value)> = None;
    for attempt in 0..3 {
        let value = match attempt {
            0 => given.clone(),
            1 => schema::example(resolver, shape, true),
            _ => schema::example(resolver, shape, false),
        };
        let Some(value) = value else { continue };
        let wrong = wrong(resolver, shape, &value, text);
        if best.as_ref().is_none_or(|(least, _)| wrong < *least) {
            best = Some((wrong, value));
        }
        if wrong == 0 {
            break;
        }
    }
    let (wrong, value) = best?;
    if given.is_some_and(|g| g != value) {
        resolver.note("an example of the document is not what its schema says; this one is made".to_owned());
    } else if wrong > 0 {
        resolver.note("the example is not all that its schema asks for".to_owned());
    }
    Some(value)
}

/// In how many places a value is not what the schema says.
fn wrong(resolver: &mut Resolver<'_>, shape: &Value, value: &Value, text: bool) -> usize {
    let version = resolver.version();
    let mut checker = Checker::new(resolver, Side::Request, version);
    if !text {
        return checker.check(shape, value).len();
    }
    let all = readings(&schema::as_text(value));
    all.iter().map(|value| checker.check(shape, value).len()).min().unwrap_or_default()
}
