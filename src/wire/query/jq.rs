//! Filters of jq, by an interpreter of its language that is held back: a filter that goes on for ever or ever deeper is ended,
//! and none reads the environment.

use std::cell::Cell;
use std::cmp::Ordering;
use std::time::{Duration, Instant};

use jaq_core::box_iter::box_once;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::load::{self, Arena, File, Loader, lex};
use jaq_core::native::{Fun, v};
use jaq_core::{Bind, Compiler, Ctx, Cv, DataT, Error as Failure, Exn, Native, ValXs, Vars, compile, data};
use jaq_json::{Val, read};

use super::{Found, no_json};
use crate::base::text::display_str;
use crate::base::{Error, Result};

/// The name of what is asked at every call; no filter can be typed so.
const STEP: &str = "!step";
/// Room for the stack of one filter.
const STACK: usize = 64 << 20;
/// How much of it a filter may use.
const DEEPEST: usize = STACK / 2;
/// The name under which what was typed is run.
const MAIN: &str = "lunette_filter";
/// Levels of a body.
const DEEPEST_BODY: usize = 512;
/// Characters of what a filter says of its failure.
const MOST_WORDS: usize = 300;
/// Steps after which the clock is looked at.
const OFTEN: u32 = 1_024;

/// What a run has at hand.
struct Run<'a> {
    lut: &'a jaq_core::Lut<Kind>,
    until: Instant,
    /// Where the stack was at its start.
    base: usize,
    steps: &'a Cell<u32>,
}

/// The kind of what filters work on.
struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Run<'a>;
}

impl<'a> data::HasLut<'a, Kind> for &'a Run<'a> {
    fn lut(&self) -> &'a jaq_core::Lut<Kind> {
        self.lut
    }
}

impl Run<'_> {
    /// Why the run ends here, if it does.
    fn step(&self) -> Option<&'static str> {
        let here = 0_u8;
        if self.base.abs_diff(std::ptr::from_ref(&here).addr()) > DEEPEST {
            return Some("it calls itself too deep");
        }
        let steps = self.steps.get().wrapping_add(1);
        self.steps.set(steps);
        (steps.is_multiple_of(OFTEN) && Instant::now() > self.until).then_some("it takes too long")
    }
}

/// As [`super::query`], on a thread with room of its own, for so long at most.
pub fn query(expression: &str, body: &[u8], patience: Duration) -> Result<Found> {
    let outcome = std::thread::scope(|scope| {
        let worker = std::thread::Builder::new().name("filter".to_owned()).stack_size(STACK);
        let worker = worker.spawn_scoped(scope, || run(expression, body, patience));
        worker.map(|w| {
            w.join().unwrap_or_else(|_| Err(Error::input("this filter cannot be run").hint("write it otherwise")))
        })
    });
    outcome.unwrap_or_else(|e| Err(Error::input(format!("there is no thread for a filter: {e}")).hint("try again")))
}

fn run(expression: &str, body: &[u8], patience: Duration) -> Result<Found> {
    if depth(body) > DEEPEST_BODY {
        return Err(Error::input(format!("the body is nested deeper than {DEEPEST_BODY}")).hint("search in it with /"));
    }
    // Parsed apart, so that what it calls is held back like the rest.
    let arena = Arena::default();
    let tokens = lex::Lexer::new(expression)
        .lex()
        .map_err(|errors| unread(expression, errors.first().map(|(_, rest)| *rest), None))?;
    let mut main = load::parse::Parser::new(&tokens).parse(load::parse::Parser::term).map_err(|errors| {
        let first = errors.first();
        let at = first.and_then(|(_, token)| token.as_ref()).map(|token| token.0);
        unread(expression, at, first.map(|(expected, _)| expected.as_str()))
    })?;
    held(&mut main);
    let prelude = jaq_core::defs().chain(jaq_std::defs()).chain(jaq_json::defs());
    let prelude = prelude.map(|mut def| {
        hold(&mut def);
        def
    });
    let prelude = prelude.chain([Def { name: MAIN, args: Vec::new(), body: main }]);
    let modules =
        Loader::new(prelude).load(&arena, File { code: MAIN, path: () }).map_err(|_| unread(expression, None, None))?;
    let filter = Compiler::default().with_funs(natives()).compile(modules).map_err(|errors| {
        let first = errors.iter().flat_map(|(_, undefined)| undefined).next();
        let what = first.map_or_else(String::new, |(name, kind)| match kind {
            compile::Undefined::Filter(0) => format!("there is no filter {}", display_str(name)),
            compile::Undefined::Filter(n) => format!("there is no filter {} that takes {n}", display_str(name)),
            kind => format!("there is no {} {}", kind.as_str(), display_str(name)),
        });
        Error::input(what).hint(HINT)
    })?;
    let (steps, base) = (Cell::new(0), 0_u8);
    let base = std::ptr::from_ref(&base).addr();
    let held_back = Run { lut: &filter.lut, until: Instant::now() + patience, base, steps: &steps };
    let (mut found, mut bytes) = (Found::default(), 0);
    for input in read::parse_many(body) {
        let input = input.map_err(|e| no_json(&display_str(&e.to_string())))?;
        let context = Ctx::<Kind>::new(&held_back, Vars::new([]));
        for output in filter.id.run((context, input)) {
            let value = output.map_err(|e| {
                let words = match e.get_err() {
                    Ok(failure) => failure.to_string(),
                    Err(_) => "it breaks out of nothing".to_owned(),
                };
                let cut = words.char_indices().nth(MOST_WORDS).map_or(words.len(), |(i, _)| i);
                Error::input(format!("the filter fails: {}", display_str(&words[..cut]))).hint(HINT)
            })?;
            if !found.take(value.to_string().into_bytes(), &mut bytes) {
                return Ok(found);
            }
        }
    }
    Ok(found)
}

/// What a filter looks like.
const HINT: &str = "write .items[].id, keys, .[] | select(.role == \"admin\"), or a JSONPath: $.items[*].id";

/// An expression that cannot be read, and from where on.
fn unread(expression: &str, rest: Option<&str>, expected: Option<&str>) -> Error {
    // Both are parts of the same text, so that the place of one in the other is known.
    let at = rest.map_or(expression.len(), |r| r.as_ptr().addr().saturating_sub(expression.as_ptr().addr()));
    let rest: String = expression.get(at..).unwrap_or_default().chars().take(40).collect();
    let place = if rest.trim().is_empty() { "at its end".to_owned() } else { format!("at {}", display_str(&rest)) };
    let expected = expected.map(|e| format!(", where {e} is expected")).unwrap_or_default();
    Error::input(format!("this filter cannot be read {place}{expected}")).hint(HINT)
}

/// How deep the arrays and objects of a body are nested, strings left out.
fn depth(body: &[u8]) -> usize {
    let (mut depth, mut deepest, mut i) = (0_usize, 0, 0);
    while let Some(byte) = body.get(i) {
        match byte {
            b'[' | b'{' => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b'"' => {
                i += 1;
                while let Some(byte) = body.get(i).filter(|b| **b != b'"') {
                    i += if *byte == b'\\' { 2 } else { 1 };
                }
            }
            _ => {}
        }
        i += 1;
    }
    deepest
}

/// Puts a step before the body of a definition: nothing goes on for ever without calling itself.
fn hold(def: &mut Def<&str>) {
    held(&mut def.body);
    let body = std::mem::take(&mut def.body);
    def.body = Term::BinOp(Box::new(Term::Call(STEP, Vec::new())), BinaryOp::Pipe(None), Box::new(body));
}

/// Holds every definition within a term.
fn held(term: &mut Term<&str>) {
    match term {
        Term::Id | Term::Arr(None) | Term::Recurse | Term::Num(_) | Term::Break(_) | Term::Var(_) => {}
        Term::Str(_, parts) => {
            for part in parts {
                if let lex::StrPart::Term(term) = part {
                    held(term);
                }
            }
        }
        Term::Obj(members) => {
            for (name, value) in members {
                held(name);
                value.iter_mut().for_each(held);
            }
        }
        Term::Arr(Some(term)) | Term::Neg(term) | Term::Label(_, term) => held(term),
        Term::BinOp(left, op, right) => {
            held(left);
            if let BinaryOp::Pipe(Some(pattern)) = op {
                held_pattern(pattern);
            }
            held(right);
        }
        Term::Fold(_, over, pattern, terms) => {
            held(over);
            held_pattern(pattern);
            terms.iter_mut().for_each(held);
        }
        Term::TryCatch(term, catch) => {
            held(term);
            if let Some(term) = catch {
                held(term);
            }
        }
        Term::IfThenElse(cases, other) => {
            for (when, then) in cases {
                held(when);
                held(then);
            }
            if let Some(term) = other {
                held(term);
            }
        }
        Term::Def(defs, term) => {
            defs.iter_mut().for_each(hold);
            held(term);
        }
        Term::Call(_, arguments) => arguments.iter_mut().for_each(held),
        Term::Path(term, path) => {
            held(term);
            for (part, _) in &mut path.0 {
                match part {
                    jaq_core::path::Part::Index(term) => held(term),
                    jaq_core::path::Part::Range(from, to) => from.iter_mut().chain(to).for_each(held),
                }
            }
        }
    }
}

fn held_pattern(pattern: &mut Pattern<&str>) {
    match pattern {
        Pattern::Var(_) => {}
        Pattern::Arr(patterns) => patterns.iter_mut().for_each(held_pattern),
        Pattern::Obj(members) => {
            for (name, pattern) in members {
                held(name);
                held_pattern(pattern);
            }
        }
    }
}

/// What the language has built in, but for what reads the environment, ends the program, or goes on for ever by itself.
fn natives() -> impl Iterator<Item = Fun<Kind>> {
    let ours = ["range", "env", "halt"];
    let theirs = jaq_core::funs().chain(jaq_std::funs()).chain(jaq_json::funs());
    let range: Box<[Bind]> = v(3);
    // It gives what it is given, also where what is wanted is its place or a change of it.
    let step = Native::<Kind>::new(|(context, value)| box_once(context.data().step().map_or(Ok(value), ended)))
        .with_paths(|(context, at)| box_once(context.data().step().map_or(Ok(at), ended)))
        .with_update(|(context, value), change| match context.data().step() {
            Some(why) => box_once(ended(why)),
            None => change(value),
        });
    theirs.filter(move |(name, ..)| !ours.contains(name)).chain([
        (STEP, v(0), step),
        ("range", range, Native::<Kind>::new(self::range)),
        ("env", v(0), Native::new(|_| box_once(Err(Exn::from(Failure::str("there is no environment here")))))),
        ("halt", v(1), Native::new(|_| box_once(Err(Exn::from(Failure::str("there is nothing to halt")))))),
    ])
}

fn ended<'a, T>(why: &'static str) -> Result<T, Exn<'a, Val>> {
    Err(Exn::from(Failure::str(why)))
}

/// `range(from; to; by)`, where each number is a step.
fn range((mut context, _): Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (by, to, from) = (context.pop_var(), context.pop_var(), context.pop_var());
    let zero = Val::from(0_usize);
    let mut next = Some(from);
    Box::new(std::iter::from_fn(move || {
        let here = next.take()?;
        let goes_on = match by.cmp(&zero) {
            Ordering::Greater => here < to,
            Ordering::Less => here > to,
            Ordering::Equal => here != to,
        };
        if !goes_on {
            return None;
        }
        if let Some(why) = context.data().step() {
            return Some(ended(why));
        }
        match here.clone() + by.clone() {
            Ok(sum) => next = Some(sum),
            Err(e) => return Some(Err(Exn::from(e))),
        }
        Some(Ok(here))
    }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Enough for each filter here that ends.
    const SOON: Duration = Duration::from_millis(500);

    fn found(expression: &str, body: &str) -> Vec<String> {
        let found = query(expression, body.as_bytes(), SOON).expect(expression);
        found.results.into_iter().map(|r| String::from_utf8(r).expect("text")).collect()
    }

    fn said(expression: &str, body: &str) -> String {
        query(expression, body.as_bytes(), SOON).expect_err(expression).to_string()
    }

    #[test]
    fn filters_of_jq_work_as_they_do_elsewhere() {
        let body = r#"{"items":[{"id":1,"role":"user"},{"id":2,"role":"admin"}],"n":12345678901234567890123}"#;
        assert_eq!(found(".items[].id", body), ["1", "2"]);
        assert_eq!(found(r#".items[] | select(.role == "admin")"#, body), [r#"{"id":2,"role":"admin"}"#]);
        assert_eq!(found(".n", body), ["12345678901234567890123"]);
        assert_eq!(found("[.items[].id] | add", body), ["3"]);
        assert_eq!(found("path(.. | .id?)", r#"{"id":1}"#), [r#"["id"]"#]);
        assert_eq!(found("[paths]", r#"{"a":[1]}"#), [r#"[["a"],["a",0]]"#]);
        assert_eq!(found("(.items[] | select(.id == 1) | .role) |= \"x\" | .items[0].role", body), [r#""x""#]);
        assert_eq!(found("walk(if type == \"number\" then . + 1 else . end)", "[1,[2]]"), ["[2,[3]]"]);
        assert_eq!(found("def f(x): if x > 3 then . else f(x + 1) end; f(0)", "7"), ["7"]);
        assert_eq!(
            found("[range(5; 0; -2)], [range(3)], [limit(2; repeat(1))]", "null"),
            ["[5,3,1]", "[0,1,2]", "[1,1]"]
        );
        assert_eq!(found(".a", "{\"a\":1}\n{\"a\":2}"), ["1", "2"]);
        assert_eq!(found("test(\"^a.c$\")", "\"abc\""), ["true"]);
    }

    #[test]
    fn what_never_ends_is_ended() {
        for endless in [
            "last(repeat(1))",
            "last(range(0; infinite))",
            "def f: f; f",
            "[range(0; 1; 0)] | length",
            "until(false; .)",
        ] {
            let words = said(endless, "1");
            assert!(words.contains("too long") || words.contains("too deep"), "{endless}: {words}");
        }
        for deep in ["def f: 1 + f; f", "def f: [f]; f", "def f(x): f(x | x) + 1; f(.)"] {
            let words = said(deep, "1");
            assert!(words.contains("too deep") || words.contains("too long"), "{deep}: {words}");
        }
        let many = query("range(1e9)", b"1", SOON).expect("some of them");
        assert_eq!((many.results.len(), many.cut.is_some()), (super::super::MOST_RESULTS, true));
    }

    #[test]
    fn what_cannot_be_asked_is_said() {
        assert!(said(".items[", "{}").contains("cannot be read at its end"), "{}", said(".items[", "{}"));
        assert!(said(".a ] b", "{}").contains("cannot be read at ]"), "{}", said(".a ] b", "{}"));
        assert!(said("nothing(1)", "{}").contains("there is no filter nothing that takes 1"));
        assert!(said(".a", "<html>").contains("the body is no JSON"));
        assert!(said(".a", "[1]").contains("the filter fails"));
        assert!(said("env", "1").contains("no environment") && said("$ENV", "1").contains("ENV"));
        assert!(said("halt", "1").contains("nothing to halt"));
        assert!(said("break $x", "1").contains("no label"), "{}", said("break $x", "1"));
        assert!(said(".", &"[".repeat(100_000)).contains("nested deeper"));
        assert_eq!(found(".", &format!("{:?}", "[".repeat(600))), [format!("{:?}", "[".repeat(600))]);
        assert!(said(&"(".repeat(4_000), "1").contains("cannot be read"));
    }

    proptest! {
        #[test]
        fn any_filter_on_any_body_ends(filter in r#"[.\[\]|,(){}a-z0-9"' :$?]{0,24}"#, body in r#"[{}\[\]",:a-c0-9 ]{0,40}"#) {
            let _ = query(&filter, body.as_bytes(), SOON);
        }
    }
}
