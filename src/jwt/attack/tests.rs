//! Courses against servers that are functions: what each proves, and when nothing is proven.

use super::*;
use crate::base::Stamp;
use crate::jwt::forge::{Materials, Own, broken, variants};
use crate::jwt::{Decoded, Key, decode, sign};

/// How a server answers: status and body, by what it is sent and how many requests it has had.
type Answer<'a> = &'a dyn Fn(Option<&Decoded>, usize) -> (u16, String);

fn genuine() -> Decoded {
    let key = Key::secret(b"a secret that nobody guesses at all".to_vec());
    let header = br#"{"alg":"HS256","typ":"JWT"}"#;
    decode(&sign::compact(header, br#"{"sub":"7","exp":4102444800}"#, "HS256", Some(&key)).expect("signed"))
}

fn is_genuine(token: Option<&Decoded>) -> bool {
    token.is_some_and(|t| t.token == genuine().token)
}

fn course() -> Course {
    let token = genuine();
    let own = Own::make().expect("keys");
    let now = Stamp::from_unix(1_900_000_000).expect("a time");
    let with = Materials {
        keys: &[],
        signing: None,
        guessed: false,
        others: &[],
        own: &own,
        listener: Some("http://127.0.0.1:9"),
        now,
    };
    let forged = variants(&token, &with);
    Course::new(token.token.as_bytes().to_vec(), broken(&token), false, forged.variants, forged.missing)
}

/// Runs a course against a server: the outcome and how many requests it took.
fn run(answer: Answer<'_>) -> (Outcome, usize) {
    let mut course = course();
    let (most, mut sent) = (course.most(), 0);
    while let Some(step) = course.next_step() {
        sent += 1;
        let token = step.token.as_deref().map(decode);
        let (status, body) = answer(token.as_ref(), sent);
        let failure = (status == 0).then(|| "it hung up".to_owned());
        let status = (status > 0).then_some(status);
        course.take(Reply {
            exchange: sent as u64,
            status,
            print: Print::new(status, body.as_bytes()),
            hits: 0,
            failure,
        });
        assert!(sent <= most, "more requests than were announced");
    }
    (course.end(), sent)
}

fn found(outcome: &Outcome) -> Vec<(&str, &str)> {
    outcome.found.iter().map(|f| (f.family.rule.id, f.evidence.word())).collect()
}

const SECRET_PAGE: &str = "the orders of alice are 1001 1002 1003";

fn strict(token: Option<&Decoded>) -> (u16, String) {
    if is_genuine(token) { (200, SECRET_PAGE.to_owned()) } else { (401, "who are you".to_owned()) }
}

fn alg(token: Option<&Decoded>) -> &str {
    token.and_then(|t| t.header.get("alg")).and_then(serde_json::Value::as_str).unwrap_or_default()
}

#[test]
fn a_strict_server_is_clean_and_takes_what_was_announced() {
    let least = course().least();
    let (outcome, sent) = run(&|token, _| strict(token));
    assert_eq!((found(&outcome), outcome.stopped.as_deref()), (Vec::new(), None));
    assert!(outcome.clean.len() >= 12 && sent <= least, "{} {sent} {least}", outcome.clean.len());
    let why: Vec<&str> =
        outcome.not_run.iter().filter(|(f, _)| f.rule.id == "jwt-attack-jku").map(|(_, w)| w.as_str()).collect();
    assert_eq!(why, ["nobody asked our listener"]);
}

#[test]
fn what_is_let_in_is_proven_by_the_relation_of_replies() {
    let none: Answer<'_> = &|token, _| if alg(token) == "none" { (200, SECRET_PAGE.into()) } else { strict(token) };
    let (outcome, _) = run(none);
    assert_eq!(found(&outcome), [("jwt-attack-none", "confirmed")]);
    // Twice the token, no token, a wrong signature; then the variant twice, a refusal and the token again.
    assert_eq!(outcome.found[0].exchanges.len(), 8);
    // The same where every status is 200 and the words differ.
    let polite: Answer<'_> = &|token, _| {
        let page = if is_genuine(token) || alg(token) == "none" { SECRET_PAGE } else { "error: log in first please" };
        (200, page.into())
    };
    assert_eq!(found(&run(polite).0), [("jwt-attack-none", "confirmed")]);
    // And where the page never is the same twice.
    let lively: Answer<'_> = &|token, n| {
        let page = format!("at {n} seconds request {} of day {}: {SECRET_PAGE}", n * 7, n * 13);
        if is_genuine(token) || alg(token) == "none" { (200, page) } else { (401, format!("who are you, request {n}")) }
    };
    assert_eq!(found(&run(lively).0), [("jwt-attack-none", "confirmed")]);
}

#[test]
fn a_page_that_changes_is_no_finding() {
    let (outcome, _) = run(&|token, n| {
        let (status, page) = strict(token);
        (status, format!("{n} {} {} {page} {}", n * 3, n * 5, n * 11))
    });
    assert_eq!((found(&outcome), outcome.stopped.as_deref()), (Vec::new(), None));
}

#[test]
fn where_no_signature_is_checked_nothing_else_is_asked() {
    let (outcome, sent) = run(&|token, _| token.map_or((401, "who are you".into()), |_| (200, SECRET_PAGE.into())));
    assert_eq!(found(&outcome), [("jwt-attack-unchecked", "confirmed")]);
    assert_eq!(sent, 5);
    assert!(outcome.clean.is_empty());
    assert!(outcome.not_run.iter().any(|(f, why)| f.rule.id == "jwt-attack-none" && why.contains("none to get round")));
}

#[test]
fn without_controls_nothing_is_judged() {
    let cases: [(Answer<'_>, &str, usize); 7] = [
        (&|_, _| (200, SECRET_PAGE.into()), "open to everyone", 3),
        (&|_, _| (403, "no".into()), "the token itself is refused", 3),
        (&|_, _| (401, "no".into()), "the token itself is refused (401)", 2),
        (&|_, n| (if n == 2 { 500 } else { 200 }, SECRET_PAGE.into()), "got 200 and then 500", 2),
        (&|token, n| if n > 30 { (429, "slow down".into()) } else { strict(token) }, "limits requests (429)", 31),
        (&|token, n| if n > 30 { (401, "who are you".into()) } else { strict(token) }, "answered with 401 now", 0),
        (&|token, n| if n > 30 { (0, String::new()) } else { strict(token) }, "did not answer: it hung up", 33),
    ];
    for (answer, word, requests) in cases {
        let (outcome, sent) = run(answer);
        assert_eq!(found(&outcome), [], "{word}");
        assert!(outcome.stopped.as_deref().is_some_and(|s| s.contains(word)), "{word}: {:?}", outcome.stopped);
        assert!(requests == 0 || sent == requests, "{word}: {sent}");
        // What was asked while the controls held is judged, and nothing after that is.
        let late = outcome.clean.iter().any(|f| f.rule.id == "jwt-attack-json");
        assert!(!late && outcome.not_run.iter().any(|(f, _)| f.rule.id == "jwt-attack-json"), "{word}");
        assert!(sent > 30 || outcome.clean.is_empty(), "{word}");
    }
}

#[test]
fn what_is_let_in_once_is_not_proven() {
    // One token in twenty is let in, whatever it is.
    let (outcome, _) = run(&|token, n| if n % 20 == 0 { (200, SECRET_PAGE.into()) } else { strict(token) });
    assert!(outcome.found.iter().all(|f| f.evidence != Evidence::Confirmed), "{:?}", found(&outcome));
    // A door that falls open in the middle of a run says nothing of the token that was sent then.
    let (outcome, _) =
        run(&|token, n| if n > 25 && token.is_some() { (200, SECRET_PAGE.into()) } else { strict(token) });
    assert_eq!(found(&outcome), []);
    assert!(outcome.stopped.as_deref().is_some_and(|s| s.contains("refused at first and is let in now")));
}

#[test]
fn an_expired_token_that_is_let_in_is_a_finding_by_itself() {
    let token = genuine();
    let mut course = Course::new(token.token.as_bytes().to_vec(), broken(&token), true, Vec::new(), Vec::new());
    while let Some(step) = course.next_step() {
        let (status, body) = strict(step.token.as_deref().map(decode).as_ref());
        course.take(Reply {
            status: Some(status),
            print: Print::new(Some(status), body.as_bytes()),
            ..Reply::default()
        });
    }
    assert_eq!(found(&course.end()), [("jwt-attack-expired", "confirmed")]);
}

#[test]
fn a_listener_that_was_asked_by_who_refuses_is_a_finding() {
    let mut course = course();
    while let Some(step) = course.next_step() {
        let (status, body) = strict(step.token.as_deref().map(decode).as_ref());
        let asks = matches!(step.aim, Aim::Variant(i) if course.variants()[i].id == "jwt-attack-x5u/x5u-ec");
        let print = Print::new(Some(status), body.as_bytes());
        course.take(Reply { status: Some(status), print, hits: usize::from(asks), ..Reply::default() });
    }
    let outcome = course.end();
    assert_eq!(found(&outcome), [("jwt-attack-ssrf", "confirmed")]);
    let judged = |id: &str| outcome.clean.iter().any(|f| f.rule.id == id);
    assert!(judged("jwt-attack-x5u") && !judged("jwt-attack-jku"));
}
