//! Use case: send again what was sent before. What was masked when it was kept is left out, and named; the identity makes its
//! credential anew.

use std::sync::Arc;

use crate::base::secret::{MASK, is_credential_header};
use crate::base::text::display;
use crate::base::{Error, Result};
use crate::store::history::{Form, Kept, MOST_BODY};
use crate::wire::{Exchange, Request};

use super::{Draft, Keyring, Recalled, send};

/// What a field of the composer cannot hold.
pub const NO_TEXT: &str = "bytes that are no text (they stand there as \u{fffd})";

/// The exchange of the history, judged anew, and its request as it can be sent again.
pub fn recall(kept: Kept, keyring: &Keyring) -> Recalled {
    let (request, mut left_out) = again(&kept, keyring);
    let (mut draft, lossy) = Draft::of(&request);
    // Bytes that were given whole are bytes again, and no fields.
    draft.raw = request.raw.as_ref().map(|raw| raw.to_vec());
    if lossy && draft.raw.is_none() {
        left_out.push(NO_TEXT.to_owned());
    }
    Recalled { row: kept.row, judged: Arc::new(send::judge(kept.exchange)), draft, left_out }
}

/// The request of an exchange that was kept, without what only its masked form is known of, and the names of what was left
/// out. A credential that its identity added is left to that identity.
pub fn again(kept: &Kept, keyring: &Keyring) -> (Request, Vec<String>) {
    let mut request = kept.exchange.request.clone();
    let mut left_out = Vec::new();
    let masked = |bytes: &[u8]| kept.row.form == Form::Masked && memchr::memmem::find(bytes, MASK.as_bytes()).is_some();
    if request.payload().len() >= MOST_BODY {
        left_out.push(format!("what is behind the first {MOST_BODY} bytes, which alone are kept"));
    }
    if let Some(raw) = &request.raw {
        if masked(raw) {
            left_out.push("values of the raw bytes (they stand there as ***)".to_owned());
        }
        return (request, left_out);
    }
    let renewed = request.identity.is_some();
    let own = request.identity.as_ref().and_then(|name| keyring.headers(name).ok()).unwrap_or_default();
    request.headers.retain(|(name, value)| {
        let is_own = own.iter().any(|o| o.as_bytes().eq_ignore_ascii_case(name));
        if renewed && (is_own || is_credential_header(name)) {
            return false;
        }
        let stays = !masked(value);
        if !stays {
            left_out.push(format!("header {}", display(name)));
        }
        stays
    });
    if masked(&request.target) {
        left_out.push("a value of the URL (it stands there as ***)".to_owned());
    }
    if masked(&request.body) {
        left_out.push("a value of the body (it stands there as ***)".to_owned());
    }
    (request, left_out)
}

/// The request of an exchange that was kept, for sending it at once: what was given whole goes byte for byte or not at all.
///
/// # Errors
/// Bytes of which some were masked or left out when they were kept.
pub fn replayed(kept: &Kept, keyring: &Keyring) -> Result<(Request, Vec<String>)> {
    let (request, left_out) = again(kept, keyring);
    match left_out.first() {
        Some(what) if request.raw.is_some() => {
            Err(Error::input(format!("it was sent as whole bytes, and of those is not kept: {what}"))
                .at(format!("exchange {}", kept.row.id))
                .hint("with the vault open they are kept whole; else write them anew and send them with --raw"))
        }
        _ => Ok((request, left_out)),
    }
}

/// The request of an exchange of this run as it was before its identity and the jar put something in, as far as that can be
/// told: a credential is left to the identity, and what the jar added is left to the jar.
pub fn typed(exchange: &Exchange, keyring: &Keyring) -> Request {
    let mut request = exchange.request.clone();
    let own = request.identity.as_ref().and_then(|name| keyring.headers(name).ok()).unwrap_or_default();
    let by_jar = exchange.altered.iter().any(|a| a.by == "cookies");
    request.headers.retain(|(name, _)| {
        let is_own = own.iter().any(|o| o.as_bytes().eq_ignore_ascii_case(name));
        !(is_own || by_jar && name.eq_ignore_ascii_case(b"cookie"))
    });
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Stamp;
    use crate::store::Memory;
    use crate::store::history::{History as _, Select};
    use crate::wire::{Intent, Record as _};

    fn kept(form: Form, identity: Option<&str>, headers: &[(&str, &str)], url: &str) -> Kept {
        let mut request = Request::new("PUT", url.as_bytes()).expect("url");
        request.identity = identity.map(str::to_owned);
        for (n, v) in headers {
            request = request.header(n, v);
        }
        let memory = Memory::default();
        let intent = Intent {
            id: 1,
            origin: "hand",
            remote: "127.0.0.1:80".parse().expect("an address"),
            method: "PUT".to_owned(),
            url: url.to_owned(),
            identity: request.identity.clone(),
        };
        memory.intent(&intent).expect("kept");
        memory.result(&Exchange::new(1, Stamp::from_unix(0).expect("a time"), request));
        let id = memory.list(&Select::default()).expect("a list")[0].id;
        let mut kept = memory.load(id).expect("kept");
        kept.row.form = form;
        kept
    }

    #[test]
    fn what_was_masked_is_left_out_and_named() {
        let headers = [("Authorization", "Bearer ***"), ("X-A", "1")];
        let recalled = recall(kept(Form::Masked, None, &headers, "http://h/a?token=***"), &Keyring::default());
        assert_eq!(recalled.draft.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert_eq!(recalled.draft.url, "http://h/a?token=***");
        assert_eq!(recalled.left_out.len(), 2, "{:?}", recalled.left_out);
        let whole = recall(
            kept(Form::Sealed, None, &[("Authorization", "Bearer abc"), ("X-B", "***")], "http://h/"),
            &Keyring::default(),
        );
        assert_eq!((whole.draft.headers.len(), whole.left_out.len()), (2, 0));
    }

    #[test]
    fn bytes_that_were_given_whole_are_sent_whole_or_not_at_all() {
        let keyring = Keyring::default();
        let mut whole = kept(Form::Sealed, None, &[], "http://h/");
        let bytes: &[u8] = b"GET  /a HTTP/1.0\nX : ***\xff\n\n";
        whole.exchange.request = Request::whole(whole.exchange.request.origin.clone(), bytes.to_vec().into());
        let (request, left_out) = replayed(&whole, &keyring).expect("whole");
        assert_eq!((request.raw.as_deref(), left_out.len()), (Some(bytes), 0));
        whole.row.form = Form::Masked;
        let said = replayed(&whole, &keyring).expect_err("masked").to_string();
        assert!(said.contains("raw bytes (they stand there as ***)") && said.contains("vault"), "{said}");
        let recalled = recall(whole, &keyring);
        assert_eq!((recalled.draft.raw.as_deref(), recalled.left_out.len()), (Some(bytes), 1));
    }

    #[test]
    fn the_credential_of_an_identity_is_left_to_it() {
        let headers = [("Authorization", "Bearer old"), ("X-A", "1")];
        let recalled = recall(kept(Form::Sealed, Some("alice"), &headers, "http://h/"), &Keyring::default());
        assert_eq!(recalled.draft.headers, [("X-A".to_owned(), "1".to_owned())]);
        assert!(recalled.left_out.is_empty());
    }
}
