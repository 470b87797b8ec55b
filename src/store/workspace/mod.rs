//! The workspace: a folder with a `lunette.toml`, which holds no secret and goes into version control, and beside it
//! `.lunette/`, which holds what was done and stays out of it.

mod check;
mod keys;
mod template;

use std::collections::BTreeMap;
use std::fs;
use std::io::{ErrorKind, Read as _};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Deserialize;
use toml::Spanned;

use crate::base::error::nearest;
use crate::base::text::{display, display_str};
use crate::base::{Error, Result, Stamp, known};
use crate::wire::{Cidr, Credential, Identity, Profile, Reference, Secrets};

use super::folder;
pub use keys::{FILE, schema};

/// Largest workspace file that is read.
const MOST: u64 = 1 << 20;
/// Minutes without use after which the vault closes, unless the file says otherwise.
const LOCK_MINUTES: u64 = 15;

/// A workspace as its file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// The folder of the file.
    pub folder: PathBuf,
    /// The file as it is named in messages.
    pub shown: String,
    /// Its name, in display form.
    pub name: String,
    /// Whether only what changes nothing is sent.
    pub read_only: bool,
    /// What everything is sent through, as written, and where that stands.
    pub proxy: Option<(String, String)>,
    /// What is in scope, expired or not, in the order of the file.
    pub targets: Vec<Target>,
    /// Specifications and logs to open.
    pub sources: Vec<PathBuf>,
    /// Headers for requests to the targets, in the order of the file.
    pub headers: Vec<Header>,
    /// Who requests to the targets are sent as, in the order of the file.
    pub identities: Vec<Identity>,
    /// OAuth clients, in the order of the file.
    pub profiles: Vec<Profile>,
    /// Values of variables, in the order of the file.
    pub environments: Vec<Environment>,
    /// Filters of the inventory: name and text.
    pub filters: Vec<(String, String)>,
    /// Time without use after which the vault closes.
    pub vault_idle: Duration,
}

/// One target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name or address literal, lower case.
    pub host: String,
    /// Port; any when `None`.
    pub port: Option<u16>,
    /// Range that the name may resolve into although it is not public.
    pub range: Option<Cidr>,
    /// Who answers for it.
    pub owner: Option<String>,
    /// Why it is in scope.
    pub note: Option<String>,
    /// The last second in which it is in scope.
    pub until: Option<Stamp>,
    /// Most requests that it takes in a run.
    pub requests: Option<u64>,
    /// Most requests a second of a batch.
    pub rate: Option<u32>,
    /// Most requests in flight of a batch.
    pub concurrency: Option<usize>,
    /// Where it stands: file and line.
    pub place: String,
}

impl Target {
    /// True when it names this host and port.
    pub fn covers(&self, host: &str, port: u16) -> bool {
        let address = |s: &str| s.parse::<std::net::IpAddr>().ok();
        let same = self.host == host || address(&self.host).is_some_and(|a| address(host) == Some(a));
        same && self.port.is_none_or(|p| p == port)
    }

    /// True when it is in scope no more.
    pub fn expired(&self, now: Stamp) -> bool {
        self.until.is_some_and(|until| until < now)
    }
}

/// Values of variables under one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Names and what gives their values, in the order of the file.
    pub values: Vec<(String, Reference)>,
}

/// One header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Its name as typed.
    pub name: String,
    /// The value, or a reference to it.
    value: String,
    place: String,
}

impl Header {
    /// The value itself, read from where it is referred to.
    ///
    /// # Errors
    /// A reference that leads nowhere.
    fn read(&self, secrets: &dyn Secrets) -> Result<Vec<u8>> {
        match Reference::parse(&self.value) {
            // What stands in this file is no secret, and a dash is a dash.
            Reference::Literal(_) | Reference::Stdin => Ok(self.value.clone().into_bytes()),
            reference => match secrets.read(&reference) {
                Ok(secret) => {
                    // A server that repeats it may leave out the scheme before it.
                    known::learn_header(self.name.as_bytes(), secret.expose());
                    Ok(secret.expose().to_vec())
                }
                Err(e) if e.place.is_none() => Err(e.at(self.place.clone())),
                Err(e) => Err(e),
            },
        }
    }
}

/// The file as serde reads it, once it has been held against the table of keys.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    workspace: RawWorkspace,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    target: Vec<Spanned<RawTarget>>,
    #[serde(default)]
    headers: BTreeMap<Spanned<String>, String>,
    #[serde(default)]
    identity: BTreeMap<Spanned<String>, RawIdentity>,
    #[serde(default)]
    profile: BTreeMap<Spanned<String>, RawProfile>,
    #[serde(default)]
    env: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, String>>,
    #[serde(default)]
    filters: BTreeMap<String, String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawIdentity {
    credential: String,
    role: Option<String>,
    #[serde(default)]
    ids: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawProfile {
    issuer: Option<String>,
    token_url: Option<String>,
    client_id: String,
    client_secret: Option<String>,
    client_auth: Option<String>,
    grant: String,
    #[serde(default)]
    scopes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawWorkspace {
    name: String,
    #[serde(default, rename = "read-only")]
    read_only: bool,
    proxy: Option<Spanned<String>>,
    #[serde(rename = "vault-lock-minutes")]
    vault_lock_minutes: Option<u64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawTarget {
    host: String,
    port: Option<u16>,
    range: Option<String>,
    owner: Option<String>,
    note: Option<String>,
    expires: Option<toml::value::Datetime>,
    requests: Option<u64>,
    rate: Option<u32>,
    concurrency: Option<usize>,
}

impl Workspace {
    /// The workspace of a folder that was named.
    ///
    /// # Errors
    /// No such folder, no file in it, or a file that is not right.
    pub fn open(folder: &Path) -> Result<Self> {
        let file = folder.join(FILE);
        let shown = display(file.as_os_str().as_encoded_bytes());
        Self::read(folder, &file, &shown, false)
    }

    /// The workspace of the nearest folder upward from `from` that has the file, if any.
    ///
    /// # Errors
    /// A file that is not right, or that belongs to another user: it says what may be sent to, so it must be one's own.
    pub fn find(from: &Path) -> Result<Option<Self>> {
        let Some(folder) = Self::locate(from) else { return Ok(None) };
        let file = folder.join(FILE);
        let shown = if folder == from { FILE.to_owned() } else { display(file.as_os_str().as_encoded_bytes()) };
        Self::read(folder, &file, &shown, true).map(Some)
    }

    /// The nearest folder upward from `from` that has a workspace file, right or not.
    pub fn locate(from: &Path) -> Option<&Path> {
        from.ancestors().find(|folder| fs::symlink_metadata(folder.join(FILE)).is_ok())
    }

    fn read(folder: &Path, file: &Path, shown: &str, own: bool) -> Result<Self> {
        let failed = |e: &std::io::Error| match e.kind() {
            ErrorKind::NotFound | ErrorKind::NotADirectory if fs::metadata(folder).is_err() => {
                Error::input("there is no such folder")
                    .at(format!("--workspace {}", display(folder.as_os_str().as_encoded_bytes())))
                    .hint("check the path; it may have been moved")
            }
            ErrorKind::NotFound | ErrorKind::NotADirectory => Error::input(format!("there is no {FILE} here"))
                .at(display(folder.as_os_str().as_encoded_bytes()))
                .hint("lunette init writes one"),
            _ => Error::input(format!("it cannot be read: {}", display_str(&e.to_string())))
                .at(shown)
                .hint("check who owns it"),
        };
        let facts = fs::metadata(file).map_err(|e| failed(&e))?;
        if !facts.is_file() || facts.len() > MOST {
            return Err(Error::input("this is not a file of at most 1 MiB")
                .at(shown)
                .hint("look at what stands there"));
        }
        if own && ![0, rustix::process::geteuid().as_raw()].contains(&facts.uid()) {
            return Err(Error::input("this workspace file belongs to another user")
                .at(shown)
                .hint("if you trust it, name its folder with --workspace"));
        }
        let mut bytes = Vec::new();
        fs::File::open(file).and_then(|f| f.take(MOST).read_to_end(&mut bytes)).map_err(|e| failed(&e))?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let line = line_of(e.as_bytes(), e.utf8_error().valid_up_to());
            Error::input("this is not UTF-8").at(format!("{shown}:{line}")).hint("save the file as UTF-8")
        })?;
        Self::parse(&text, folder, shown)
    }

    /// Reads the text of a workspace file.
    ///
    /// # Errors
    /// The first thing wrong in it, with file, line and what to write.
    pub fn parse(text: &str, folder: &Path, shown: &str) -> Result<Self> {
        let place = |at: usize| format!("{shown}:{}", line_of(text.as_bytes(), at));
        check::first(text).map_err(|p| Error::input(p.what).at(place(p.at)).hint(p.hint))?;
        let raw: Raw = toml::from_str(text).map_err(|e| {
            let at = place(e.span().map_or(0, |s| s.start));
            Error::input(display_str(e.message())).at(at).hint("mend the line")
        })?;
        let target = |t: Spanned<RawTarget>| {
            let place = place(t.span().start);
            let t = t.into_inner();
            let until = t.expires.and_then(|e| e.date).map(|d| {
                // TOML has taken the day already; RFC 3339 takes every day of the years 0 to 9999.
                Stamp::parse(&format!("{d}T23:59:59Z")).ok_or_else(|| {
                    Error::input("expires is no day of the calendar")
                        .at(place.clone())
                        .hint("write expires = 2026-12-31")
                })
            });
            Ok(Target {
                host: t.host.to_ascii_lowercase(),
                port: t.port,
                range: t.range.as_deref().and_then(Cidr::parse),
                owner: t.owner,
                note: t.note,
                until: until.transpose()?,
                requests: t.requests,
                rate: t.rate,
                concurrency: t.concurrency,
                place,
            })
        };
        let mut headers: Vec<(usize, Header)> = raw
            .headers
            .into_iter()
            .map(|(name, value)| {
                let at = name.span().start;
                (at, Header { name: name.into_inner(), value, place: place(at) })
            })
            .collect();
        headers.sort_by_key(|(at, _)| *at);
        let profiles = profiles(raw.profile, &place)?;
        Ok(Self {
            folder: folder.to_owned(),
            shown: shown.to_owned(),
            name: display_str(raw.workspace.name.trim()),
            read_only: raw.workspace.read_only,
            proxy: raw.workspace.proxy.map(|p| (place(p.span().start), p)).map(|(at, p)| (p.into_inner(), at)),
            targets: raw.target.into_iter().map(target).collect::<Result<_>>()?,
            sources: raw.sources.iter().map(|s| folder.join(s)).collect(),
            headers: headers.into_iter().map(|(_, h)| h).collect(),
            identities: identities(raw.identity, &profiles, &place)?,
            profiles,
            environments: environments(raw.env),
            filters: raw.filters.into_iter().collect(),
            vault_idle: Duration::from_mins(raw.workspace.vault_lock_minutes.unwrap_or(LOCK_MINUTES)),
        })
    }

    /// The target that names this host and port and is in scope; one that has expired when there is no other.
    pub fn target(&self, host: &str, port: u16, now: Stamp) -> Option<&Target> {
        let covering = || self.targets.iter().filter(|t| t.covers(host, port));
        covering().find(|t| !t.expired(now)).or_else(|| covering().next())
    }

    /// The headers with their values read from where they are referred to.
    ///
    /// # Errors
    /// As the first reference that leads nowhere.
    pub fn headers(&self, secrets: &dyn Secrets) -> Result<Vec<(Vec<u8>, Vec<u8>)>> {
        self.headers.iter().map(|h| Ok((h.name.clone().into_bytes(), h.read(secrets)?))).collect()
    }
}

/// The entries of a table in the order of the file.
fn in_order<T>(table: BTreeMap<Spanned<String>, T>) -> Vec<(usize, String, T)> {
    let mut all: Vec<_> =
        table.into_iter().map(|(name, value)| (name.span().start, name.into_inner(), value)).collect();
    all.sort_by_key(|(at, ..)| *at);
    all
}

fn environments(raw: BTreeMap<Spanned<String>, BTreeMap<Spanned<String>, String>>) -> Vec<Environment> {
    let value = |text: &str| match Reference::parse(text) {
        // A workspace has no stdin to read from: a dash is a dash.
        Reference::Stdin => Reference::Literal(text.into()),
        reference => reference,
    };
    let environment = |(_, name, values)| Environment {
        name,
        values: in_order(values).into_iter().map(|(_, name, text): (_, _, String)| (name, value(&text))).collect(),
    };
    in_order(raw).into_iter().map(environment).collect()
}

fn profiles(raw: BTreeMap<Spanned<String>, RawProfile>, place: &dyn Fn(usize) -> String) -> Result<Vec<Profile>> {
    let profile = |(at, name, p): (usize, String, RawProfile)| {
        if p.issuer.is_none() && p.token_url.is_none() {
            return Err(Error::input(format!("the profile {name} names no server"))
                .at(place(at))
                .hint("write issuer = \"https://login.example.com\", or token-url"));
        }
        Ok(Profile {
            name,
            issuer: p.issuer,
            token_url: p.token_url,
            client_id: p.client_id,
            client_secret: p.client_secret.as_deref().map(Reference::parse),
            client_auth: p.client_auth,
            grant: p.grant,
            scopes: p.scopes,
        })
    };
    in_order(raw).into_iter().map(profile).collect()
}

fn identities(
    raw: BTreeMap<Spanned<String>, RawIdentity>,
    profiles: &[Profile],
    place: &dyn Fn(usize) -> String,
) -> Result<Vec<Identity>> {
    let identity = |(at, name, i): (usize, String, RawIdentity)| {
        let read = || {
            let credential = Credential::parse(&i.credential)?;
            if let Credential::Oauth(profile) = &credential
                && !profiles.iter().any(|p| p.name == *profile)
            {
                let error = Error::input(format!("{name} refers to the profile {profile}, which is not here"));
                return Err(match nearest(profile, profiles.iter().map(|p| p.name.as_str())) {
                    Some(near) => error.hint(format!("did you mean {near}?")),
                    None => error.hint(format!("declare it: [profile.{profile}]")),
                });
            }
            let mut identity = Identity { name: name.clone(), credential, role: i.role.clone(), ids: Vec::new() };
            i.ids.iter().try_for_each(|ids| identity.own(ids))?;
            Ok(identity)
        };
        read().map_err(|e| e.at(place(at)))
    };
    in_order(raw).into_iter().map(identity).collect()
}

/// Writes a commented workspace file and makes `.lunette/` beside it. Gives the path of the file.
///
/// # Errors
/// There is one already, or the folder cannot be written to.
pub fn init(folder: &Path) -> Result<PathBuf> {
    let file = folder.join(FILE);
    let here = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let name = fs::canonicalize(here)
        .map_err(|e| {
            Error::input(format!("the folder cannot be used: {}", display_str(&e.to_string())))
                .at(display(folder.as_os_str().as_encoded_bytes()))
                .hint("make it first")
        })?
        .file_name()
        .map_or_else(|| "workspace".to_owned(), |n| display(n.as_encoded_bytes()));
    if fs::symlink_metadata(&file).is_ok() {
        return Err(Error::input("there is a workspace here already, and nothing was changed")
            .at(display(file.as_os_str().as_encoded_bytes()))
            .hint("edit that file, or choose another folder"));
    }
    folder::ensure(here)?;
    folder::write_new(&file, template::text(&name).as_bytes(), 0o644)?;
    Ok(file)
}

/// Number of the line at a byte offset, from 1.
fn line_of(bytes: &[u8], at: usize) -> usize {
    memchr::memchr_iter(b'\n', &bytes[..at.min(bytes.len())]).count() + 1
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_text_is_read_or_answered_in_one_sentence(
            text in "([a-z]{0,9}|\\[\\[?|\\]\\]?|workspace|target|host|expires|headers| = |\"|\n|[0-9-]{0,10}|\\PC){0,40}",
            at in 0usize..600,
            junk in "\\PC{0,3}",
        ) {
            let mut mutated = template::text("w").replace("\n#", "\n");
            let at = (0..=at.min(mutated.len())).rev().find(|i| mutated.is_char_boundary(*i)).unwrap_or(0);
            mutated.insert_str(at, &junk);
            for text in [&text, &mutated] {
                if let Err(e) = Workspace::parse(text, Path::new("/w"), FILE) {
                    let said = e.to_string();
                    prop_assert!(said.starts_with("lunette.toml:") && !said.chars().any(char::is_control), "{}", said);
                }
            }
        }
    }

    #[test]
    fn the_template_reads_as_it_stands_and_with_every_example_taken() {
        let text = template::text("a \"shop\"");
        let plain = Workspace::parse(&text, Path::new("/w"), FILE).expect("it parses");
        assert_eq!((plain.name.as_str(), plain.targets.len(), plain.headers.len()), ("a \"shop\"", 0, 0));
        let taken: String = text
            .lines()
            .map(|l| l.strip_prefix('#').filter(|r| !r.starts_with(' ')).unwrap_or(l).to_owned() + "\n")
            .collect();
        let full = Workspace::parse(&taken, Path::new("/w"), FILE).expect("the examples parse");
        assert!(full.identities.len() > 2 && full.profiles.len() == 1);
        assert!(!full.targets.is_empty() && !full.headers.is_empty() && !full.filters.is_empty());
        // Serde has taken every key of the table, so the two do not drift apart.
        for key in keys::all() {
            assert!(taken.contains(key.name), "{} has an example", key.name);
        }
    }

    #[test]
    fn a_target_is_found_by_host_and_port_and_a_living_one_first() {
        let text = "[workspace]\nname = \"w\"\n[[target]]\nhost = \"A.test\"\nexpires = 2020-01-01\n\
                    [[target]]\nhost = \"a.test\"\nport = 81\n[[target]]\nhost = \"::1\"\n";
        let w = Workspace::parse(text, Path::new("/w"), FILE).expect("it parses");
        let now = Stamp::parse("2026-01-01T00:00:00Z").expect("a time");
        let place = |host, port| w.target(host, port, now).map(|t| (t.place.as_str(), t.expired(now)));
        assert_eq!(place("a.test", 80), Some(("lunette.toml:3", true)));
        assert_eq!(place("a.test", 81), Some(("lunette.toml:6", false)));
        assert_eq!(place("0:0::1", 9), Some(("lunette.toml:9", false)));
        assert_eq!(place("b.test", 80), None);
    }

    #[test]
    fn headers_keep_the_order_of_the_file() {
        let text = "[workspace]\nname = \"w\"\n[headers]\nZ-Last = \"1\"\nA-First = \"env:PATH\"\n";
        let w = Workspace::parse(text, Path::new("/w"), FILE).expect("it parses");
        let names: Vec<&str> = w.headers.iter().map(|h| h.name.as_str()).collect();
        assert_eq!(names, ["Z-Last", "A-First"]);
    }
}
