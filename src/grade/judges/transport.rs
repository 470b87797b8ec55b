//! TLS, Strict-Transport-Security and the port for plain HTTP: LNH01, 02, 29.

use super::NOT_TRIED;
use crate::base::{Letter, text};
use crate::grade::context::Context;
use crate::grade::hsts;
use crate::grade::probes::Kind;
use crate::grade::rules::Verdict;
use crate::wire::FailureKind;

/// LNH01.
pub fn trusted(c: &Context<'_>) -> Verdict {
    if !c.tls {
        return if c.loopback {
            Verdict::na("plain HTTP on loopback never leaves this machine")
        } else {
            Verdict::Capped("served over plain HTTP: everything can be read and changed on the way".to_owned())
        };
    }
    match c.exchange.tls.as_ref().and_then(|t| t.faults.first()) {
        Some(fault) => Verdict::Costs {
            points: 0,
            cap: Some(Letter::T),
            why: format!("the certificate is not trusted, so this reply may be anyone's: {}", text::display_str(fault)),
        },
        None if c.exchange.tls.is_none() => Verdict::pass("over TLS, going by the URL; the chain was not seen"),
        None => Verdict::pass("over TLS with a trusted chain"),
    }
}

/// LNH02.
pub fn strict_transport_security(c: &Context<'_>) -> Verdict {
    if !c.tls {
        return if c.loopback {
            Verdict::na("plain HTTP on loopback: the policy only means something over TLS")
        } else {
            Verdict::Capped("served over plain HTTP, where clients ignore Strict-Transport-Security".to_owned())
        };
    }
    if c.literal {
        return Verdict::na("the host is an address, and the policy holds for names only");
    }
    match hsts::of(c.response) {
        Err(why) => Verdict::Capped(why),
        Ok(0) => Verdict::Capped("max-age=0 switches the policy off".to_owned()),
        Ok(age) if age < hsts::HALF_YEAR => {
            Verdict::Capped(format!("max-age={age} is {} d, less than half a year", age / 86_400))
        }
        Ok(age) if age < hsts::YEAR => Verdict::Pass(format!("max-age={age}; a year or more would be an A+")),
        Ok(age) => Verdict::Pass(format!("max-age={age}")),
    }
}

/// LNH29.
pub fn plain_port(c: &Context<'_>) -> Verdict {
    if !c.tls {
        return match c.response.status {
            _ if c.loopback => Verdict::na("plain HTTP on loopback never leaves this machine"),
            300..400 if c.authenticated => {
                Verdict::Fail("the credential was sent in clear before the redirect to come".to_owned())
            }
            _ => Verdict::na("this reply came over plain HTTP, which LNH01 judges"),
        };
    }
    let Some(x) = c.probes.and_then(|p| p.get(Kind::Http)) else { return Verdict::na(NOT_TRIED) };
    let Some(r) = &x.response else {
        return match x.error.as_ref().map(|e| e.kind) {
            Some(FailureKind::Refused | FailureKind::Unreachable | FailureKind::Timeout | FailureKind::Closed) => {
                Verdict::pass("the http port does not answer")
            }
            _ => Verdict::na("the http port could not be tried"),
        };
    };
    match r.status {
        300..400 if c.is_html() => Verdict::pass("the http port redirects, which is right for pages"),
        300..400 if c.authenticated => Verdict::Fail(
            "the http port redirects: a client set to http sends its credential in clear every time, and nobody notices"
                .to_owned(),
        ),
        300..400 => Verdict::pass("the http port redirects; an API that takes credentials would better refuse"),
        400.. => Verdict::Pass(format!("the http port refuses with {}", r.status)),
        status => Verdict::Fail(format!("the http port answers {status} in clear")),
    }
}
