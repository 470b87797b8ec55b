//! What the body is said to be: LNH03, 04, 05.

use crate::grade::context::{Context, looks_like_html, quote};
use crate::grade::html;
use crate::grade::rules::Verdict;
use crate::wire::Media;

/// Bytes at the start of a page in which `meta charset` has to stand (HTML standard, encoding sniffing).
const META_CHARSET: usize = 1_024;

/// LNH03.
pub fn content_type(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::na(why);
    }
    let mut values = c.values("content-type");
    values.sort_unstable();
    values.dedup();
    let Some(essence) = c.response.media_type() else {
        return Verdict::Fail("there is a body and no Content-Type".to_owned());
    };
    if values.len() > 1 {
        return if values.iter().any(|v| v.to_ascii_lowercase().starts_with("text/html")) && c.response.looks_like_json()
        {
            Verdict::Capped("Content-Type is sent twice, and one of them labels JSON as HTML".to_owned())
        } else {
            Verdict::Fail("Content-Type is sent more than once, with different values".to_owned())
        };
    }
    match c.response.declared_media() {
        Media::Html if c.response.looks_like_json() => {
            Verdict::Capped("JSON labelled as HTML: a browser would run what is in it".to_owned())
        }
        Media::Text if c.response.looks_like_json() => Verdict::Fail(format!("JSON labelled as {}", quote(&essence))),
        Media::Json if looks_like_html(&c.response.body) => {
            Verdict::Fail(format!("HTML labelled as {}", quote(&essence)))
        }
        Media::Json if !c.unreadable && !is_json(&c.response.body) => {
            Verdict::Fail(format!("labelled {}, but the body is not JSON", quote(&essence)))
        }
        _ if !essence.contains('/') => Verdict::Fail(format!("{} is not a media type", quote(&essence))),
        _ => Verdict::Pass(quote(&essence)),
    }
}

fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body).trim_ascii();
    serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// LNH04.
pub fn charset(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::na(why);
    }
    let Some(essence) = c.response.media_type() else {
        return Verdict::na("there is no Content-Type, which LNH03 judges");
    };
    if c.media == Media::Json {
        return Verdict::na("JSON is UTF-8 and has no charset parameter");
    }
    if !essence.starts_with("text/") {
        return Verdict::na("only text types have a charset");
    }
    if essence == "text/event-stream" {
        return Verdict::na("an event stream is always UTF-8");
    }
    let value = c.values("content-type").into_iter().next().unwrap_or_default().to_ascii_lowercase();
    let named = value.split(';').skip(1).find_map(|p| p.trim().strip_prefix("charset=").map(str::to_owned));
    match named {
        Some(name) if name.trim_matches('"').is_empty() => Verdict::Fail("the charset is empty".to_owned()),
        Some(name) => Verdict::Pass(format!("charset {}", quote(name.trim_matches('"')))),
        None if c.response.body.starts_with(b"\xef\xbb\xbf") => Verdict::pass("the body begins with the mark of UTF-8"),
        None if c.is_html() && has_meta_charset(&c.response.body) => Verdict::pass("the page names its charset"),
        None => Verdict::Fail(format!("{} names no charset", quote(&essence))),
    }
}

fn has_meta_charset(page: &[u8]) -> bool {
    html::metas(&page[..page.len().min(META_CHARSET)]).any(|m| {
        !m.charset.is_empty() || (m.equiv == "content-type" && m.content.to_ascii_lowercase().contains("charset="))
    })
}

/// LNH05.
pub fn nosniff(c: &Context<'_>) -> Verdict {
    // A reply to HEAD carries the headers of the reply to GET (RFC 9110 section 9.3.2), so it is judged.
    if let Some(why) = c.bodiless.filter(|_| c.method != "HEAD") {
        return Verdict::na(why);
    }
    let values = c.values("x-content-type-options").join(",");
    let first = values.split(',').next().unwrap_or_default().trim().to_owned();
    if first.eq_ignore_ascii_case("nosniff") {
        Verdict::pass("nosniff")
    } else if values.is_empty() {
        Verdict::Fail("there is no X-Content-Type-Options".to_owned())
    } else {
        Verdict::Fail(format!("X-Content-Type-Options begins with {}, not nosniff", quote(&first)))
    }
}
