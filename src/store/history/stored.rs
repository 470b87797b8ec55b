//! An exchange as the history keeps it: its facts as JSON, and its bodies and the bytes sent as they are, each sealed for
//! its place or masked.

use bytes::Bytes;

use super::{Form, MOST_BODY, Row};
use crate::base::secret::{MASK, mask_body, mask_header, mask_message, mask_target};
use crate::base::text::{display, display_str};
use crate::base::{Error, Result};
use crate::store::seal::Keys;
use crate::wire::{Exchange, Response};

/// The parts that are kept apart from the columns of a row.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Parts {
    /// All facts, as JSON.
    pub facts: Vec<u8>,
    /// Body of the request; none when it was empty.
    pub request_body: Option<Vec<u8>>,
    /// The exact bytes sent.
    pub sent: Option<Vec<u8>>,
    /// Body of the response; none when it was empty.
    pub response_body: Option<Vec<u8>>,
}

/// The row and the parts of an exchange, sealed with `keys` or masked without.
///
/// # Errors
/// The machine gives no randomness.
pub fn store(x: &Exchange, run: &str, who: &str, keys: Option<&Keys>) -> Result<(Row, Parts)> {
    let row = row(x, run, who, if keys.is_some() { Form::Sealed } else { Form::Masked });
    // What is beyond the cap is neither kept nor looked at.
    let cut;
    let x = if x.response.as_ref().is_some_and(|r| r.body.len() > MOST_BODY) {
        cut = without_end(x);
        &cut
    } else {
        x
    };
    let masked;
    let x = if keys.is_some() {
        x
    } else {
        masked = mask(x);
        &masked
    };
    let part = |bytes: &[u8]| (!bytes.is_empty()).then(|| bytes[..bytes.len().min(MOST_BODY)].to_vec());
    let mut facts = x.clone();
    // Of the replies behind the first only the heads are kept.
    for r in facts.more.iter_mut().filter(|r| !r.body.is_empty()) {
        r.truncated = true;
    }
    let mut parts = Parts {
        facts: serde_json::to_vec(&facts).map_err(|e| Error::input(format!("an exchange cannot be written: {e}")))?,
        request_body: part(x.request.payload()),
        sent: x.sent.as_deref().map(|s| s[..s.len().min(MOST_BODY)].to_vec()),
        response_body: x.response.as_ref().and_then(|r| part(&r.body)),
    };
    if let Some(keys) = keys {
        for (name, part) in parts.each() {
            *part = keys.seal(&place(run, x.id, name), part)?;
        }
    }
    Ok((row, parts))
}

/// The exchange of a row and its parts.
///
/// # Errors
/// Sealed without `keys`, or changed since it was kept.
pub fn restore(row: &Row, mut parts: Parts, keys: Option<&Keys>) -> Result<Exchange> {
    if row.form == Form::Sealed {
        let keys = keys.ok_or_else(|| {
            Error::input(format!("exchange {} is sealed, and the vault is locked", row.id)).hint("unlock the vault")
        })?;
        for (name, part) in parts.each() {
            *part = keys.open(&place(&row.run, row.number, name), part)?;
        }
    }
    let mut x: Exchange = serde_json::from_slice(&parts.facts).map_err(|e| {
        Error::input(format!("exchange {} cannot be read: {}", row.id, display_str(&e.to_string())))
            .hint("the history was changed by another program")
    })?;
    x.started = row.at;
    x.request.set_payload(parts.request_body.unwrap_or_default().into());
    x.sent = parts.sent.map(Bytes::from);
    let was_masked = |sent: &Bytes| memchr::memmem::find(sent, MASK.as_bytes()).is_some();
    x.sent_is_masked = row.form == Form::Masked && x.sent.as_ref().is_some_and(was_masked);
    if let Some(r) = &mut x.response {
        r.body = parts.response_body.unwrap_or_default().into();
    }
    Ok(x)
}

impl Parts {
    fn each(&mut self) -> impl Iterator<Item = (&'static str, &mut Vec<u8>)> {
        let others = [
            ("request_body", &mut self.request_body),
            ("sent", &mut self.sent),
            ("response_body", &mut self.response_body),
        ];
        std::iter::once(("facts", &mut self.facts))
            .chain(others.into_iter().filter_map(|(name, part)| part.as_mut().map(|p| (name, p))))
    }
}

/// The place a part is sealed for: it opens in its own row and column only.
fn place(run: &str, number: u64, column: &str) -> Vec<u8> {
    format!("exchange {run}/{number} {column}").into_bytes()
}

/// The columns of an exchange.
pub fn row(x: &Exchange, run: &str, who: &str, form: Form) -> Row {
    Row {
        id: 0,
        run: run.to_owned(),
        number: x.id,
        at: x.started,
        who: who.to_owned(),
        identity: x.identity.clone(),
        method: display(&x.request.method),
        origin: x.request.origin.clone(),
        target: display(&mask_target(&x.request.target)),
        status: x.status(),
        failure: x.error.as_ref().map(|e| e.kind.word().to_owned()),
        total: x.phases.total,
        size: x.response.as_ref().map_or(0, |r| r.decoded_bytes),
        form,
    }
}

/// The exchange with no more of the body than is kept, which says so.
fn without_end(x: &Exchange) -> Exchange {
    let mut x = x.clone();
    if let Some(r) = &mut x.response {
        r.body.truncate(MOST_BODY);
        r.truncated = true;
    }
    x
}

/// The exchange with every credential in it masked.
fn mask(x: &Exchange) -> Exchange {
    let mut x = x.clone();
    let r = &mut x.request;
    r.target = mask_target(&r.target);
    for (name, value) in &mut r.headers {
        *value = mask_header(name, value);
    }
    r.set_payload(match &r.raw {
        Some(raw) => mask_message(raw).into(),
        None => mask_body(&r.body).into(),
    });
    x.sent = x.sent.map(|s| mask_message(&s).into());
    x.response.iter_mut().chain(&mut x.more).for_each(mask_response);
    x
}

fn mask_response(r: &mut Response) {
    for (name, value) in r.headers.iter_mut().chain(&mut r.trailers) {
        *value = mask_header(name.as_bytes(), value.as_bytes()).into();
    }
    r.body = mask_body(&r.body).into();
}

#[cfg(test)]
pub mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;
    use crate::base::Stamp;
    use crate::store::seal::DataKey;
    use crate::wire::{
        Alteration, Certificate, Connection, Failure, FailureKind, Phase, Phases, Request, Sender, TlsFacts,
    };

    #[test]
    fn a_request_given_whole_comes_back_whole_or_masked() {
        let bytes = b"POST /x HTTP/1.1\nAuthorization: Bearer hunter22\nA : \xff\n\nbody";
        let origin = Request::new("GET", b"http://h/").expect("url").origin;
        let x =
            Exchange::new(1, Stamp::from_unix(0).expect("a time"), Request::whole(origin, Bytes::from_static(bytes)));
        let keys = keys();
        let (row, parts) = store(&x, "run", "hand", Some(&keys)).expect("kept");
        assert_eq!(restore(&row, parts, Some(&keys)).expect("whole").request, x.request);
        let (row, parts) = store(&x, "run", "hand", None).expect("kept");
        let masked = restore(&row, parts, None).expect("masked").request;
        let raw = masked.raw.expect("still whole");
        assert!(memchr::memmem::find(&raw, b"hunter22").is_none() && raw.ends_with(b"\n\nbody"), "{raw:?}");
    }

    pub fn keys() -> Keys {
        Keys::new(vec![DataKey::make().expect("a key")]).expect("one key")
    }

    /// An exchange in which every part is filled, with bytes that are no text wherever bytes may stand.
    pub fn full(id: u64, odd: &[u8]) -> Exchange {
        let request = Request::new("POST", b"https://api.test:8443/a?token=hunter22").expect("url");
        let mut x = Exchange::new(id, Stamp::from_millis(1_700_000_000_123).expect("a time"), request);
        x.request.method = odd.to_vec();
        x.request.headers =
            vec![(b"Authorization".to_vec(), b"Bearer hunter22".to_vec()), (b"X-Odd".to_vec(), odd.to_vec())];
        x.request.body = [br#"{"password":"hunter22"}"#, odd].concat().into();
        x.sent = Some([b"POST / HTTP/1.1\r\nAuthorization: Bearer hunter22\r\n\r\n", odd].concat().into());
        x.sender = Sender::Hyper;
        x.altered = vec![Alteration { by: Cow::Borrowed("protocol"), what: "something".to_owned() }];
        x.response = Some(Response {
            arrivals: vec![crate::wire::Arrival { upto: 3, at_us: 9 }],
            version: "HTTP/1.1".to_owned(),
            status: 418,
            reason: odd.into(),
            headers: vec![(odd.into(), odd.into()), ("Set-Cookie".into(), "sid=hunter22; Path=/".into())],
            body: [br#"{"access_token":"hunter22"}"#, odd].concat().into(),
            trailers: vec![("Set-Cookie".into(), "sid=hunter22".into())],
            truncated: true,
            wire_bytes: 7,
            decoded_bytes: 9,
            undone: vec![("gzip".to_owned(), 9)],
            in_file: false,
        });
        x.phases = Phases {
            dns: Some(Duration::from_nanos(1_234_567)),
            total: Some(Duration::from_millis(41)),
            ..Phases::default()
        };
        x.connection = Some(Connection {
            remote: "[::1]:8443".parse().expect("an address"),
            local: "127.0.0.1:5".parse().expect("an address"),
            alpn: Some("h2".to_owned()),
            reused: true,
            proxy: Some("http://p:1".to_owned()),
            proxy_answer: odd.into(),
        });
        x.tls = Some(TlsFacts {
            version: "TLSv1.3".to_owned(),
            chain: vec![Certificate {
                subject: odd.into(),
                issuer: odd.into(),
                san: vec![odd.into(), "b".into()],
                not_before: Stamp::from_unix(0),
                not_after: None,
                key: "RSA 2048".to_owned(),
                serial: "0a".to_owned(),
                sha256: "00".to_owned(),
                version: 1,
                signature: "SHA-1 with RSA".to_owned(),
                faults: vec![crate::wire::Fault::new(crate::wire::FaultKind::Expired, "then")],
            }],
            ..TlsFacts::default()
        });
        x.identity = Some("alice".to_owned());
        x.request.identity = Some("alice".to_owned());
        x.error = Some(Failure { phase: Phase::Receive, kind: FailureKind::Cap, message: "m".to_owned() });
        x
    }

    fn all_bytes(parts: &Parts) -> Vec<u8> {
        let mut parts = parts.clone();
        parts.each().flat_map(|(_, p)| p.clone()).collect()
    }

    proptest! {
        #[test]
        fn a_sealed_exchange_comes_back_to_the_last_byte(odd in proptest::collection::vec(any::<u8>(), 0..40)) {
            let (keys, x) = (keys(), full(3, &odd));
            let (row, parts) = store(&x, "r", "hand", Some(&keys)).expect("stored");
            prop_assert!(memchr::memmem::find(&all_bytes(&parts), b"hunter22").is_none());
            prop_assert!(!row.target.contains("hunter22"));
            prop_assert_eq!(restore(&row, parts, Some(&keys)).expect("restored"), x);
        }

        #[test]
        fn without_keys_no_credential_is_kept(odd in proptest::collection::vec(any::<u8>(), 0..40)) {
            let x = full(3, &odd);
            let (row, parts) = store(&x, "r", "hand", None).expect("stored");
            let kept = all_bytes(&parts);
            prop_assert!(memchr::memmem::find(&kept, b"hunter22").is_none());
            let back = restore(&row, parts, None).expect("restored");
            prop_assert_eq!((back.status(), back.phases, back.tls), (x.status(), x.phases, x.tls));
        }
    }

    #[test]
    fn a_sealed_part_opens_in_its_own_place_only() {
        let keys = keys();
        let (row, parts) = store(&full(1, b"a"), "r", "hand", Some(&keys)).expect("stored");
        let (other_row, other) = store(&full(2, b"b"), "r", "hand", Some(&keys)).expect("stored");
        let swapped = Parts { response_body: other.response_body.clone(), ..parts.clone() };
        assert!(restore(&row, swapped, Some(&keys)).is_err(), "a body of another row");
        let turned = Parts { response_body: parts.request_body.clone(), ..parts.clone() };
        assert!(restore(&row, turned, Some(&keys)).is_err(), "another column");
        let renumbered = Row { number: 1, ..other_row };
        assert!(restore(&renumbered, other, Some(&keys)).is_err(), "another number");
        let said = restore(&row, parts.clone(), None).expect_err("locked").to_string();
        assert!(said.contains("sealed") && said.contains("unlock"), "{said}");
        assert!(restore(&row, parts, Some(&self::keys())).is_err(), "other keys");
    }

    #[test]
    fn a_body_beyond_the_cap_is_kept_up_to_it_and_says_so() {
        let mut x = full(1, b"a");
        let r = x.response.as_mut().expect("a response");
        (r.body, r.truncated) = (vec![b'x'; MOST_BODY + 1].into(), false);
        let (row, parts) = store(&x, "r", "hand", None).expect("stored");
        let back = restore(&row, parts, None).expect("restored").response.expect("a response");
        assert_eq!((back.body.len(), back.truncated), (MOST_BODY, true));
    }
}
