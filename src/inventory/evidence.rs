//! What shows that there is an endpoint: answers that only a handler gives, and answers that the host does not give to
//! everything.

use std::collections::{BTreeMap, HashMap};

use super::log::Line;
use super::traffic::{Tally, Unknown};

/// Undeclared paths below one first segment that say the same by a weak status alone: so many are a gate before all of them.
const CROWD: usize = 8;

/// The good answers (2xx) of an endpoint: whether they are all alike. Order makes no difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Good {
    /// There was none, or none that says its size.
    #[default]
    None,
    /// One status and one size.
    One(u16, Option<u64>),
    /// Several.
    Many,
}

impl Good {
    /// Takes in the answer of a line, which has a status of 2xx. A reply to HEAD has no size of its own.
    pub fn note(&mut self, line: &Line<'_>) {
        if line.request.is_none_or(|r| r.method != b"HEAD") {
            self.merge(Self::One(line.status, line.size));
        }
    }

    /// Takes in another.
    pub fn merge(&mut self, other: Self) {
        *self = match (*self, other) {
            (a, Self::None) => a,
            (Self::None, b) => b,
            (a, b) if a == b => a,
            _ => Self::Many,
        };
    }
}

/// A status that only a handler gives: something answered there (RFC 9110, section 15; RFC 4918 for 422).
fn is_strong(status: u16) -> bool {
    matches!(status, 409 | 415 | 422 | 500)
}

/// A status that a handler may give, and what stands before it as well.
fn is_weak(status: u16) -> bool {
    matches!(status, 300..=399 | 400 | 401 | 403 | 405 | 429)
}

/// What a filter or a limiter answers to a scanner: it says nothing of what an absent path is answered.
fn is_fence(status: u16) -> bool {
    matches!(status, 0 | 403 | 406 | 418 | 429 | 444 | 499) || status >= 500
}

/// What each host answers to paths that are surely absent, learnt from what scanners ask every host for.
#[derive(Debug, Default)]
pub(super) struct Absent {
    by_host: HashMap<Option<Vec<u8>>, Answers>,
    /// By host and first segment: undeclared paths with one weak status alone.
    crowds: HashMap<Below, usize>,
}

/// Host, first segment and status.
type Below = (Option<Vec<u8>>, Vec<u8>, u16);

/// How many of the scanners' paths were answered so.
#[derive(Debug, Default)]
struct Answers {
    statuses: BTreeMap<u16, usize>,
    good: BTreeMap<(u16, Option<u64>), usize>,
}

impl Absent {
    /// Learns from every undeclared path.
    pub fn learn<'t>(unknown: impl Iterator<Item = (Unknown, &'t Tally)>) -> Self {
        let mut absent = Self::default();
        for (unknown, tally) in unknown {
            if let Some(status) = only_weak(tally) {
                let first = unknown.template.split(|b| *b == b'/').nth(1).unwrap_or_default().to_vec();
                *absent.crowds.entry((unknown.host.clone(), first, status)).or_default() += 1;
            }
            if !is_probe(&unknown.template) {
                continue;
            }
            let answers = absent.by_host.entry(unknown.host).or_default();
            for (status, _) in tally.statuses.iter().filter(|(_, n)| *n > 0) {
                *answers.statuses.entry(*status).or_default() += 1;
            }
            if let Some(good) = constant(tally) {
                *answers.good.entry(good).or_default() += 1;
            }
        }
        absent
    }

    /// How many of the scanners' paths got this good answer; where either size is not known, the status has to do.
    fn good(&self, host: Option<&[u8]>, (status, size): (u16, Option<u64>)) -> usize {
        let alike =
            |other: &(u16, Option<u64>)| other.0 == status && (other.1 == size || other.1.is_none() || size.is_none());
        let all = self.of(host).into_iter().flat_map(|a| &a.good);
        all.filter(|(other, _)| alike(other)).map(|(_, n)| n).sum()
    }

    /// True when it is known what this host answers to absent paths, and it is something else.
    fn differs(&self, host: Option<&[u8]>, status: u16) -> bool {
        // A page that did not change since it was asked for last may be the one that is given for everything.
        let same = |s: u16| s == status || (status == 304 && matches!(s, 200..=299));
        self.of(host).is_some_and(|a| a.statuses.keys().any(|s| !is_fence(*s)) && !a.statuses.keys().any(|s| same(*s)))
    }

    fn of(&self, host: Option<&[u8]>) -> Option<&Answers> {
        self.by_host.get(&host.map(<[u8]>::to_vec))
    }

    /// True when so many paths beside this one say the same that something before them says it.
    fn is_crowd(&self, unknown: &Unknown, status: u16) -> bool {
        let first = unknown.template.split(|b| *b == b'/').nth(1).unwrap_or_default().to_vec();
        self.crowds.get(&(unknown.host.clone(), first, status)).is_some_and(|n| *n >= CROWD)
    }
}

/// The one weak status of a path that had no other answer but 404 and the like.
fn only_weak(tally: &Tally) -> Option<u16> {
    let mut weak = tally.statuses.iter().map(|(s, _)| *s).filter(|s| is_weak(*s));
    let first = weak.next()?;
    (weak.next().is_none() && !tally.any(|s| is_strong(s) || (200..300).contains(&s))).then_some(first)
}

/// Status and size of the good answers, when they are all alike.
fn constant(tally: &Tally) -> Option<(u16, Option<u64>)> {
    match tally.good {
        Good::One(status, size) => Some((status, size)),
        Good::None => {
            tally.statuses.iter().map(|(s, _)| *s).filter(|s| (200..300).contains(s)).min().map(|s| (s, None))
        }
        Good::Many => None,
    }
}

/// True when traffic to an undeclared template shows that there is an endpoint, and not just somebody knocking.
pub(super) fn is_endpoint(tally: &Tally, unknown: &Unknown, absent: &Absent) -> bool {
    let probe = is_probe(&unknown.template);
    let host = unknown.host.as_deref();
    let good = match (tally.good, constant(tally)) {
        (Good::Many, _) => true,
        // A scanner's path is answered for itself when no other one is answered the same.
        (_, Some(answer)) => absent.good(host, answer) <= usize::from(probe),
        (_, None) => false,
    };
    let weak = |s: u16| is_weak(s) && absent.differs(host, s) && !absent.is_crowd(unknown, s);
    good || (!probe && (tally.any(is_strong) || tally.any(weak)))
}

/// True when traffic shows that a declared path takes a method that it does not declare. Weak statuses are none here: what
/// lets nobody in does so before it looks at the method, and 405 says that there is no such method.
pub(super) fn is_method(tally: &Tally, host: Option<&[u8]>, absent: &Absent) -> bool {
    let good = match constant(tally) {
        Some(answer) => absent.good(host, answer) == 0,
        None => tally.good == Good::Many,
    };
    good || tally.any(is_strong)
}

/// Paths that scanners ask every host for and no API has, by what they begin with.
const STARTS: [&[u8]; 38] = [
    b"/wp-",
    b"/wordpress",
    b"/.git",
    b"/.env",
    b"/.aws",
    b"/.ssh",
    b"/.svn",
    b"/.hg/",
    b"/.ds_store",
    b"/.vscode",
    b"/.idea",
    b"/.docker",
    b"/.kube",
    b"/.npmrc",
    b"/.htaccess",
    b"/.htpasswd",
    b"/.bash",
    b"/.config/",
    b"/cgi-bin",
    b"/phpmyadmin",
    b"/pma/",
    b"/adminer",
    b"/vendor/phpunit",
    b"/boaform",
    b"/hnap1",
    b"/solr/",
    b"/_ignition",
    b"/owa/",
    b"/autodiscover",
    b"/ecp/",
    b"/geoserver",
    b"/jenkins/",
    b"/manager/html",
    b"/server-status",
    b"/setup.cgi",
    b"/struts",
    b"/telescope/requests",
    b"/sdk/vimservice",
];

/// The same, by what they end in.
const ENDS: [&[u8]; 27] = [
    b".php",
    b".php5",
    b".phtml",
    b".asp",
    b".aspx",
    b".ashx",
    b".asmx",
    b".jsp",
    b".jspx",
    b".cfm",
    b".cgi",
    b".pl",
    b".env",
    b".bak",
    b".old",
    b".swp",
    b".sql",
    b".sqlite",
    b".ini",
    b".pem",
    b".rar",
    b".7z",
    b".zip",
    b".tar.gz",
    b".tgz",
    b"/etc/passwd",
    b"/win.ini",
];

/// The same, by what is in them.
const INSIDE: [&[u8]; 10] =
    [b"/.env", b"/.git/", b"/.svn/", b"/.aws/", b"/wp-", b"/phpunit/", b"../", b"..\\", b"<", b"${"];

/// True for a path that scanners ask every host for; the case of letters makes no difference.
fn is_probe(template: &[u8]) -> bool {
    let lower = template.to_ascii_lowercase();
    STARTS.iter().any(|s| lower.starts_with(s))
        || ENDS.iter().any(|e| lower.ends_with(e))
        || INSIDE.iter().any(|i| memchr::memmem::find(&lower, i).is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unknown(template: &str) -> Unknown {
        Unknown { method: b"GET".to_vec(), host: None, template: template.as_bytes().to_vec() }
    }

    fn tally(answers: &[(u16, Option<u64>)]) -> Tally {
        let mut tally = Tally::default();
        for (status, size) in answers {
            tally.requests += 1;
            tally.statuses.push((*status, 1));
            if (200..300).contains(status) {
                tally.good.merge(Good::One(*status, *size));
            }
        }
        tally
    }

    type Answer = (u16, Option<u64>);

    /// Which paths are endpoints where the host answered so to a scanner, whatever the order of what was seen.
    fn judged(probes: &[(&str, &[Answer])], path: &str, answers: &[Answer]) -> bool {
        let mut all: Vec<(Unknown, Tally)> = probes.iter().map(|(p, a)| (unknown(p), tally(a))).collect();
        all.push((unknown(path), tally(answers)));
        let both = [false, true].map(|back| {
            let mut list: Vec<_> = all.iter().map(|(u, t)| (u.clone(), t)).collect();
            if back {
                list.reverse();
            }
            let absent = Absent::learn(list.into_iter());
            is_endpoint(&tally(answers), &unknown(path), &absent)
        });
        assert_eq!(both[0], both[1]);
        both[0]
    }

    #[test]
    fn strong_answers_need_no_host_to_compare_with() {
        for (answers, path, want) in [
            (&[(200, Some(5))][..], "/a", true),
            (&[(204, None)], "/a", true),
            (&[(404, None), (422, None)], "/a", true),
            (&[(500, None)], "/a", true),
            (&[(401, None), (403, None), (405, None), (429, None), (301, None)], "/a", false),
            (&[(404, None), (502, None), (503, None), (504, None), (0, None)], "/a", false),
            (&[(500, None)], "/x.php", false),
            (&[(200, Some(5))], "/x.php", true),
            (&[(404, None)], "/wp-login.php", false),
            (&[(500, None)], "/a/.env", false),
        ] {
            assert_eq!(judged(&[], path, answers), want, "{answers:?} {path}");
        }
    }

    #[test]
    fn weak_answers_count_where_the_host_says_something_else_to_absent_paths() {
        let absent: &[(&str, &[Answer])] = &[("/.env", &[(404, Some(9))]), ("/WP-login.PHP", &[(404, Some(9))])];
        for status in [302, 400, 401, 403, 405, 429] {
            assert!(judged(absent, "/a", &[(status, None)]), "{status}");
        }
        assert!(!judged(absent, "/a", &[(404, None)]) && !judged(absent, "/a", &[(503, None)]));
        // A host that asks everybody for a credential, or sends everybody elsewhere.
        assert!(!judged(&[("/.env", &[(401, None)])], "/a", &[(401, None)]));
        assert!(judged(&[("/.env", &[(401, None)])], "/a", &[(403, None)]));
        assert!(!judged(&[("/.env", &[(301, None), (404, None)])], "/a", &[(301, None)]));
        // What fends off scanners says nothing of absent paths.
        assert!(!judged(&[("/.env", &[(403, None)]), ("/x.php", &[(500, None)])], "/a", &[(401, None)]));
    }

    #[test]
    fn a_page_that_is_given_for_everything_is_no_endpoint() {
        let page: &[(&str, &[Answer])] = &[("/.env", &[(200, Some(512))]), ("/x.php", &[(200, Some(512))])];
        assert!(!judged(page, "/a", &[(200, Some(512))]));
        assert!(judged(page, "/a", &[(200, Some(77))]));
        assert!(judged(page, "/a", &[(200, Some(512)), (200, Some(77))]), "sizes that differ");
        assert!(judged(page, "/a", &[(201, Some(512))]));
        assert!(!judged(page, "/.git/config", &[(200, Some(512))]));
        assert!(judged(page, "/.git/config", &[(200, Some(92))]), "one that is answered for itself");
        assert!(!judged(&[("/.env", &[(200, None)])], "/a", &[(200, None)]), "without sizes the status has to do");
        assert!(!judged(page, "/a", &[(200, None)]), "HEAD alone");
        assert!(!judged(page, "/a", &[(200, Some(512)), (304, Some(0))]), "the page of a client that has it already");
        assert!(judged(&[("/.env", &[(404, None)])], "/a", &[(304, None)]));
    }

    #[test]
    fn a_gate_before_all_paths_of_a_prefix_makes_none_of_them() {
        let names: Vec<String> = (b'a'..).take(CROWD).map(|c| format!("/api/w{}", char::from(c))).collect();
        let answer: &[Answer] = &[(401, None)];
        let mut all: Vec<(&str, &[Answer])> = names.iter().map(|n| (n.as_str(), answer)).collect();
        all.push(("/.env", &[(404, None)]));
        assert!(!judged(&all, "/api/orders", answer));
        assert!(judged(&all, "/internal/orders", answer));
    }

    #[test]
    fn methods_need_an_answer_of_a_handler() {
        let absent = Absent::learn([(unknown("/.env"), &tally(&[(404, None)]))].into_iter());
        for (answers, want) in
            [(&[(204, None)][..], true), (&[(422, None)], true), (&[(405, None)], false), (&[(401, None)], false)]
        {
            assert_eq!(is_method(&tally(answers), None, &absent), want, "{answers:?}");
        }
    }
}
