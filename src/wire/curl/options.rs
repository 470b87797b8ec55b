//! What curl's options mean here: one table.

/// What an option does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Does {
    Method,
    Header,
    /// A body; how it is read.
    Data(DataKind),
    /// A field of a multipart form; whether `@` and `<` name a file.
    Form(bool),
    /// The data go into the query.
    Get,
    Head,
    User,
    Bearer,
    Agent,
    Referer,
    Cookie,
    Range,
    Compressed,
    Url,
    UrlQuery,
    Target,
    Upload,
    Http1,
    Http10,
    Http2,
    Http3,
    Follow,
    MaxRedirects,
    Insecure,
    /// The path goes as it is typed, which it always does here.
    AsIs,
    /// The next request begins.
    Next,
    /// It says how curl works or what it prints, and changes nothing of the request.
    Nothing,
    /// It has an option of the same meaning here: which.
    Option(&'static str),
}

/// How `-d` and its like read their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DataKind {
    /// `@` names a file, of which line breaks are dropped.
    Text,
    /// As typed.
    Raw,
    /// `@` names a file.
    Binary,
    /// Encoded for a form.
    Encoded,
    /// JSON with its headers.
    Json,
}

/// One option of curl.
#[derive(Debug)]
pub(super) struct CurlOption {
    pub long: &'static str,
    pub short: Option<u8>,
    pub takes: bool,
    pub does: Does,
}

const fn with(long: &'static str, short: u8, does: Does) -> CurlOption {
    CurlOption { long, short: if short == 0 { None } else { Some(short) }, takes: true, does }
}

const fn flag(long: &'static str, short: u8, does: Does) -> CurlOption {
    CurlOption { long, short: if short == 0 { None } else { Some(short) }, takes: false, does }
}

/// Those that are told apart. An option of curl that is not in it is named and left out.
pub(super) const OPTIONS: &[CurlOption] = &[
    with("request", b'X', Does::Method),
    with("header", b'H', Does::Header),
    with("data", b'd', Does::Data(DataKind::Text)),
    with("data-ascii", 0, Does::Data(DataKind::Text)),
    with("data-raw", 0, Does::Data(DataKind::Raw)),
    with("data-binary", 0, Does::Data(DataKind::Binary)),
    with("data-urlencode", 0, Does::Data(DataKind::Encoded)),
    with("json", 0, Does::Data(DataKind::Json)),
    with("form", b'F', Does::Form(true)),
    with("form-string", 0, Does::Form(false)),
    flag("get", b'G', Does::Get),
    flag("head", b'I', Does::Head),
    with("user", b'u', Does::User),
    with("oauth2-bearer", 0, Does::Bearer),
    with("user-agent", b'A', Does::Agent),
    with("referer", b'e', Does::Referer),
    with("cookie", b'b', Does::Cookie),
    with("range", b'r', Does::Range),
    flag("compressed", 0, Does::Compressed),
    with("url", 0, Does::Url),
    with("url-query", 0, Does::UrlQuery),
    with("request-target", 0, Does::Target),
    with("upload-file", b'T', Does::Upload),
    flag("http1.0", b'0', Does::Http10),
    flag("http1.1", 0, Does::Http1),
    flag("http2", 0, Does::Http2),
    flag("http2-prior-knowledge", 0, Does::Http2),
    flag("http3", 0, Does::Http3),
    flag("http3-only", 0, Does::Http3),
    flag("location", b'L', Does::Follow),
    flag("location-trusted", 0, Does::Follow),
    with("max-redirs", 0, Does::MaxRedirects),
    flag("insecure", b'k', Does::Insecure),
    flag("path-as-is", 0, Does::AsIs),
    flag("globoff", b'g', Does::Nothing),
    flag("next", b':', Does::Next),
    with("proxy", b'x', Does::Option("--proxy")),
    with("preproxy", 0, Does::Option("--proxy")),
    with("socks5", 0, Does::Option("--proxy")),
    with("socks5-hostname", 0, Does::Option("--proxy")),
    with("proxy-user", b'U', Does::Option("--proxy")),
    with("cert", b'E', Does::Option("--cert")),
    with("key", 0, Does::Option("--key")),
    with("cacert", 0, Does::Option("--cacert")),
    with("resolve", 0, Does::Option("--resolve")),
    with("connect-to", 0, Does::Option("--resolve")),
    with("max-time", b'm', Does::Option("--timeout")),
    with("connect-timeout", 0, Does::Option("--timeout")),
    flag("ipv4", b'4', Does::Option("-4")),
    flag("ipv6", b'6', Does::Option("-6")),
    flag("silent", b's', Does::Nothing),
    flag("show-error", b'S', Does::Nothing),
    flag("verbose", b'v', Does::Nothing),
    flag("include", b'i', Does::Nothing),
    flag("fail", b'f', Does::Nothing),
    flag("fail-with-body", 0, Does::Nothing),
    flag("no-buffer", b'N', Does::Nothing),
    flag("progress-bar", b'#', Does::Nothing),
    flag("remote-name", b'O', Does::Nothing),
    flag("remote-header-name", b'J', Does::Nothing),
    flag("create-dirs", 0, Does::Nothing),
    flag("no-progress-meter", 0, Does::Nothing),
    flag("tcp-nodelay", 0, Does::Nothing),
    flag("no-keepalive", 0, Does::Nothing),
    flag("tlsv1.2", 0, Does::Nothing),
    flag("tlsv1.3", 0, Does::Nothing),
    flag("ssl-no-revoke", 0, Does::Nothing),
    with("output", b'o', Does::Nothing),
    with("dump-header", b'D', Does::Nothing),
    with("write-out", b'w', Does::Nothing),
    with("cookie-jar", b'c', Does::Nothing),
    with("stderr", 0, Does::Nothing),
    with("trace", 0, Does::Nothing),
    with("trace-ascii", 0, Does::Nothing),
    with("retry", 0, Does::Nothing),
    with("retry-delay", 0, Does::Nothing),
    with("retry-max-time", 0, Does::Nothing),
    with("limit-rate", 0, Does::Nothing),
    with("keepalive-time", 0, Does::Nothing),
    with("expect100-timeout", 0, Does::Nothing),
];

/// Options of curl that take a value and mean nothing here, so that their value is not taken for a URL.
pub(super) const OTHERS: &[&str] = &[
    "aws-sigv4",
    "cert-type",
    "ciphers",
    "config",
    "crlfile",
    "delegation",
    "dns-servers",
    "doh-url",
    "egd-file",
    "engine",
    "etag-compare",
    "etag-save",
    "hostpubmd5",
    "interface",
    "key-type",
    "krb",
    "libcurl",
    "local-port",
    "login-options",
    "mail-from",
    "mail-rcpt",
    "max-filesize",
    "noproxy",
    "output-dir",
    "pass",
    "pinnedpubkey",
    "proto",
    "proto-default",
    "proto-redir",
    "proxy-header",
    "pubkey",
    "quote",
    "random-file",
    "rate",
    "service-name",
    "socks4",
    "socks4a",
    "speed-limit",
    "speed-time",
    "time-cond",
    "tls-max",
    "tls13-ciphers",
    "tlspassword",
    "tlsuser",
    "unix-socket",
    "variable",
    "ech",
    "curves",
    "ftp-port",
    "haproxy-clientip",
    "ipfs-gateway",
    "proxy-cacert",
    "proxy-cert",
    "proxy-key",
];

/// An option by its long name, or by a beginning of it that only one has.
pub(super) fn long(name: &str) -> Option<&'static CurlOption> {
    OPTIONS.iter().find(|o| o.long == name).or_else(|| {
        let mut begin = OPTIONS.iter().filter(|o| name.len() > 2 && o.long.starts_with(name));
        match (begin.next(), begin.next()) {
            (Some(one), None) => Some(one),
            _ => None,
        }
    })
}

/// An option by its letter.
pub(super) fn short(letter: u8) -> Option<&'static CurlOption> {
    OPTIONS.iter().find(|o| o.short == Some(letter))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn each_name_stands_once() {
        let longs: HashSet<&str> = OPTIONS.iter().map(|o| o.long).chain(OTHERS.iter().copied()).collect();
        assert_eq!(longs.len(), OPTIONS.len() + OTHERS.len());
        let shorts: Vec<u8> = OPTIONS.iter().filter_map(|o| o.short).collect();
        assert_eq!(shorts.iter().collect::<HashSet<_>>().len(), shorts.len());
        assert_eq!(long("data-bin").map(|o| o.long), Some("data-binary"));
        assert!(long("data-").is_none() && short(b'X').is_some());
    }
}
