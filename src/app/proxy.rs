//! Use case: choose what a run goes through. Nothing does unless a flag or the workspace says so: a proxy changes where bytes
//! go, so the environment alone never does.

use std::sync::Arc;

use crate::base::{Error, Result};
use crate::engine::{Proxies, Route};
use crate::wire::proxy::{Except, FORM, of_environment};
use crate::wire::{Proxy, Scheme, Secrets};

/// Reads a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The proxies that `asked` names: one for everything, `env` for those of the environment, `none`; and what the user is to
/// know of them.
///
/// # Errors
/// What is no proxy, a secret that is not there, or an environment that names none.
pub fn chosen(asked: &str, environment: Environment<'_>, secrets: &dyn Secrets) -> Result<(Proxies, Vec<String>)> {
    let mut notes = Vec::new();
    let route = |proxy: Proxy| -> Result<Route> {
        let password = proxy.secret().map(|reference| secrets.read(reference)).transpose()?;
        Ok(Route { proxy, password })
    };
    let say = |what: &str, route: &Route| {
        let unseen = if route.proxy.speaks.looks_up() {
            ", which looks up names itself: scope judges the name of a target, and no address"
        } else {
            ""
        };
        format!("{what} goes through the proxy {}{unseen}", route.proxy)
    };
    match asked {
        "none" => Ok((Proxies::default(), notes)),
        "env" => {
            let mut found = |scheme: Scheme| -> Result<Option<Arc<Route>>> {
                let Some((name, value)) = of_environment(scheme, environment) else { return Ok(None) };
                let proxy = Proxy::parse(&value).map_err(|e| e.at(name))?;
                let route = route(proxy).map_err(|e| e.at(name))?;
                notes.push(say(&format!("{} ({name})", scheme.word()), &route));
                Ok(Some(Arc::new(route)))
            };
            let (http, https) = (found(Scheme::Http)?, found(Scheme::Https)?);
            if http.is_none() && https.is_none() {
                return Err(Error::input("the environment names no proxy")
                    .hint("set HTTPS_PROXY, HTTP_PROXY or ALL_PROXY, or name the proxy itself"));
            }
            let except = ["no_proxy", "NO_PROXY"].iter().find_map(|name| environment(name)).unwrap_or_default();
            Ok((Proxies { http, https, except: Except::parse(&except) }, notes))
        }
        typed => {
            let proxy = Proxy::parse(typed).map_err(|e| e.hint(format!("write {FORM}, env or none")))?;
            if proxy.secret().is_some_and(crate::wire::Reference::is_literal) {
                notes.push(
                    "--proxy: the secret itself was typed, where the shell's history and the list of processes show it; \
                     use env:NAME or file:PATH"
                        .to_owned(),
                );
            }
            let route = route(proxy)?;
            notes.push(say("everything", &route));
            Ok((Proxies::all(route), notes))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Secret;
    use crate::wire::{Reference, Target};

    struct Fixed;
    impl Secrets for Fixed {
        fn read(&self, reference: &Reference) -> Result<Secret> {
            match reference {
                Reference::Env(name) if name == "PW" => Ok("pa55word".into()),
                Reference::Literal(secret) => Ok(secret.clone()),
                other => Err(Error::input(format!("{other} is not there"))),
            }
        }
    }

    fn choose(asked: &str, set: &[(&str, &str)]) -> Result<(Proxies, Vec<String>)> {
        let read = |name: &str| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned());
        chosen(asked, &read, &Fixed)
    }

    #[test]
    fn nothing_of_the_environment_is_used_unasked() {
        let set = [("HTTPS_PROXY", "socks5://al:x%21@s:1"), ("http_proxy", "h:2"), ("NO_PROXY", "corp.test")];
        let through = |asked: &str, url: &str| {
            let (proxies, _) = choose(asked, &set).expect("chosen");
            let origin = Target::parse(url.as_bytes()).expect("url").origin;
            proxies.of(&origin).map(|r| r.proxy.to_string())
        };
        assert_eq!(through("env", "https://a.test/").as_deref(), Some("socks5://s:1"));
        assert_eq!(through("env", "http://a.test/").as_deref(), Some("http://h:2"));
        assert_eq!(through("env", "http://a.corp.test/"), None);
        assert_eq!(through("none", "http://a.test/"), None);
        assert_eq!(through("p:3", "http://a.corp.test/").as_deref(), Some("http://p:3"));
        assert!(choose("env", &[]).expect_err("none").to_string().contains("names no proxy"));
    }

    #[test]
    fn what_is_used_is_said_and_a_typed_secret_is_warned_of() {
        let (proxies, notes) = choose("http://al:env:PW@p:1", &[]).expect("chosen");
        assert_eq!(proxies.https.expect("a route").password, Some("pa55word".into()));
        assert_eq!(notes.len(), 1);
        assert!(notes[0].contains("http://p:1, which looks up names itself"), "{notes:?}");
        let (_, notes) = choose("socks5://al:hunter2@p:1", &[]).expect("chosen");
        assert!(notes[0].contains("was typed") && notes[1].ends_with("socks5://p:1"), "{notes:?}");
        assert!(!notes.concat().contains("hunter2"));
        assert!(choose("http://al:vault:x@p:1", &[]).is_err());
    }
}
