//! A login recipe: an `.http` file whose requests are sent in order, what is captured from their replies, the credential
//! that is made of it, and the sign by which it is known to have expired.
//!
//! ```text
//! # @capture NAME = SUBJECT, as in a flow
//! # @credential Header-Name: text with {{NAME}}
//! # @expires json PATH | after SECONDS | status CODE
//! ```

use serde_json::Value;
use serde_json_path::JsonPath;

use super::Response;
use super::flow::{Capture, json, json_path};
use super::http_file::{Directive, HttpFile, Template};
use super::request::is_name_byte;
use crate::base::text::display_str;
use crate::base::{Error, Result};

/// Requests that a login may take.
pub const MOST_STEPS: usize = 20;
/// Longest life of a credential that is believed, in seconds.
const LONGEST_LIFE: f64 = 366.0 * 86_400.0;

/// What a directive looks like, for errors.
const CREDENTIAL: &str = "write # @credential Authorization: Bearer {{token}}";
const EXPIRES: &str = "write # @expires json $.expires_in, after 900 or status 401";

/// A recipe as read.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The file of its requests.
    pub file: HttpFile,
    /// What is captured of the reply to each request of the file.
    pub captures: Vec<Vec<Capture>>,
    /// The headers that are the credential.
    pub credential: Vec<(String, Template)>,
    /// The status that tells of an expired credential, if one does.
    pub refused: Option<u16>,
    /// Where its life is told: the request whose reply tells it, and how.
    lives: Vec<(usize, Life)>,
}

#[derive(Debug, Clone)]
enum Life {
    Json(usize, JsonPath),
    After(f64),
}

impl Recipe {
    /// Reads a recipe. `shown` names the file.
    ///
    /// # Errors
    /// As [`HttpFile::read`]; a directive that cannot be read, no credential, or too many requests, each with its line.
    pub fn read(bytes: &[u8], shown: &str) -> Result<Self> {
        let file = HttpFile::read(bytes, shown)?;
        if file.requests.len() > MOST_STEPS {
            return Err(Error::input(format!("a login takes at most {MOST_STEPS} requests"))
                .at(format!("{shown}:{}", file.requests[MOST_STEPS].line))
                .hint("keep what makes the credential"));
        }
        let mut recipe = Self {
            captures: vec![Vec::new(); file.requests.len()],
            file: HttpFile::default(),
            credential: Vec::new(),
            refused: None,
            lives: Vec::new(),
        };
        for (step, entry) in file.requests.iter().enumerate() {
            for directive in &entry.directives {
                let wrong =
                    |hint: &str, what: &str| Error::input(what).at(format!("{shown}:{}", directive.line)).hint(hint);
                recipe.take(step, directive).map_err(|(what, hint)| wrong(&hint, &what))?;
            }
        }
        if recipe.credential.is_empty() {
            return Err(Error::input("this recipe makes no credential").at(shown).hint(CREDENTIAL));
        }
        if recipe.lives.is_empty() && recipe.refused.is_none() {
            recipe.refused = Some(401);
        }
        recipe.file = file;
        Ok(recipe)
    }

    fn take(&mut self, step: usize, d: &Directive) -> Result<(), (String, String)> {
        let is_header = |n: &str| !n.is_empty() && n.bytes().all(is_name_byte);
        match d.word.as_str() {
            "capture" => self.captures[step].push(Capture::read(&d.text, d.line)?),
            "credential" => match d.text.split_once(':') {
                Some((name, value)) if is_header(name.trim()) => {
                    self.credential.push((name.trim().to_owned(), Template::parse(value.trim(), d.line)));
                }
                _ => return Err(("a credential is a header".to_owned(), CREDENTIAL.to_owned())),
            },
            "expires" => match d.text.split_once(char::is_whitespace).map(|(k, v)| (k, v.trim())) {
                Some(("json", path)) => {
                    self.lives.push((step, Life::Json(d.line, json_path(path).map_err(|e| (e, EXPIRES.to_owned()))?)));
                }
                Some(("after", seconds)) => match seconds.parse::<f64>() {
                    Ok(s) if s > 0.0 && s <= LONGEST_LIFE => self.lives.push((step, Life::After(s))),
                    _ => return Err(("this is no number of seconds, at most a year".to_owned(), EXPIRES.to_owned())),
                },
                Some(("status", code)) => match code.parse::<u16>() {
                    Ok(code @ 400..=599) => self.refused = Some(code),
                    _ => return Err(("this is no status from 400 to 599".to_owned(), EXPIRES.to_owned())),
                },
                _ => return Err(("a sign of expiry is json, after or status".to_owned(), EXPIRES.to_owned())),
            },
            // Directives of other clients, and of other uses of the same file.
            _ => {}
        }
        Ok(())
    }

    /// The life of the credential in seconds, as far as the reply to request number `step` tells it: the shortest told.
    ///
    /// # Errors
    /// A reply that does not hold what was to tell it, at its line.
    pub fn life(&self, step: usize, reply: &Response, shown: &str) -> Result<Option<f64>> {
        let mut shortest: Option<f64> = None;
        for (_, life) in self.lives.iter().filter(|(s, _)| *s == step) {
            let seconds = match life {
                Life::After(seconds) => *seconds,
                Life::Json(line, path) => {
                    let found = json(path, reply).and_then(|v| match &v {
                        Value::Number(n) => n.as_f64().ok_or_else(|| "no number".to_owned()),
                        Value::String(s) => s.trim().parse().map_err(|_| "a text that is no number".to_owned()),
                        _ => Err("no number".to_owned()),
                    });
                    let positive = found.and_then(|s| if s > 0.0 { Ok(s) } else { Err("no time to come".to_owned()) });
                    positive.map_err(|e| self.missing(step, reply, *line, shown, &format!("its life: {e}")))?
                }
            };
            shortest = Some(shortest.map_or(seconds, |s| s.min(seconds)).min(LONGEST_LIFE));
        }
        Ok(shortest)
    }

    /// What the captures of request number `step` find in its reply.
    ///
    /// # Errors
    /// A capture that finds nothing: the request, the status, and what was looked for.
    pub fn capture(&self, step: usize, reply: &Response, shown: &str) -> Result<Vec<(String, Vec<u8>)>> {
        let captures = self.captures.get(step).into_iter().flatten();
        captures
            .map(|c| match c.find(reply) {
                Ok(value) => Ok((c.name.clone(), value)),
                Err(why) => Err(self.missing(step, reply, c.line, shown, &format!("{}: {why}", display_str(&c.name)))),
            })
            .collect()
    }

    fn missing(&self, step: usize, reply: &Response, line: usize, shown: &str, what: &str) -> Error {
        let name = self.file.requests.get(step).map(super::http_file::Entry::shown).unwrap_or_default();
        Error::new(
            crate::base::Exit::NotJudged,
            format!("the reply to {name} (status {}) does not give {what}", reply.status),
        )
        .at(format!("{shown}:{line}"))
        .hint("send that request alone and look at the reply")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECIPE: &str = "# @capture token = json $.auth.access_token\n# @capture sid = cookie sid\n\
        # @capture x = header X-Token\n# @credential Authorization: Bearer {{token}}\n# @credential Cookie: sid={{sid}}\n\
        # @expires json $.auth.expires_in\n# @expires after 900\nPOST http://h/login\n";

    fn reply(body: &str, headers: &[(&str, &str)]) -> Response {
        Response {
            status: 200,
            headers: headers.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
            body: body.to_owned().into(),
            ..Response::default()
        }
    }

    #[test]
    fn a_recipe_captures_and_tells_the_life_of_what_it_made() {
        let recipe = Recipe::read(RECIPE.as_bytes(), "l.http").expect("it reads");
        let headers = [("set-cookie", "sid=old"), ("Set-Cookie", " sid = s1 ; Path=/"), ("X-Token", "x1")];
        let good = reply(r#"{"auth": {"access_token": "t1", "expires_in": "60"}}"#, &headers);
        let found = recipe.capture(0, &good, "l.http").expect("all of it");
        let want = [("token", "t1"), ("sid", "s1"), ("x", "x1")].map(|(n, v)| (n.to_owned(), v.as_bytes().to_vec()));
        assert_eq!(found, want);
        assert_eq!(recipe.life(0, &good, "l.http"), Ok(Some(60.0)));
        assert_eq!((recipe.credential.len(), recipe.refused), (2, None));
        for (body, words) in [
            ("<html>", "the body is not JSON but text/html"),
            ("{}", "$.auth.access_token"),
            (r#"{"auth": {"access_token": {}}}"#, "neither a text nor a number"),
            (r#"{"auth": {"access_token": ""}}"#, "empty"),
        ] {
            let bad = reply(body, &[("Content-Type", "text/html")]);
            let said = recipe.capture(0, &bad, "l.http").expect_err(body).to_string();
            assert!(said.starts_with("l.http:1: the reply to POST http://h/login (status 200)"), "{said}");
            assert!(said.contains(words), "{said}");
        }
        let bad = reply(r#"{"auth": {"access_token": "t", "expires_in": -1}}"#, &[]);
        assert!(recipe.life(0, &bad, "l.http").expect_err("no life").to_string().contains("l.http:6: "));
        assert!(recipe.capture(0, &bad, "l.http").expect_err("no cookie").to_string().contains("no cookie sid is set"));
    }

    #[test]
    fn a_recipe_that_makes_nothing_or_is_misspelt_is_answered_with_its_line() {
        let says = |text: &str| Recipe::read(text.as_bytes(), "l.http").expect_err(text).to_string();
        assert!(says("GET http://h/").starts_with("l.http: this recipe makes no credential; write # @credential"));
        for (line, words) in [
            ("# @capture json $.x", "a name, = and a source"),
            (
                "# @capture x = text",
                "a capture is taken from status, header NAME, cookie NAME, json PATH, body, regex PATTERN",
            ),
            ("# @capture x = json $[", "no JSON path"),
            ("# @capture x = cookie a b", "a capture is taken from"),
            ("# @credential X Y: z", "a credential is a header"),
            ("# @credential z", "a credential is a header"),
            ("# @expires in 5", "json, after or status"),
            ("# @expires after -5", "no number of seconds"),
            ("# @expires after NaN", "no number of seconds"),
            ("# @expires status 200", "from 400 to 599"),
        ] {
            let said = says(&format!("# @credential A: b\n{line}\nGET http://h/\n"));
            assert!(said.starts_with("l.http:2: ") && said.contains(words), "{said}");
        }
        assert!(says(&"GET http://h/\n###\n".repeat(21)).contains("at most 20"));
        let plain = Recipe::read(b"# @credential A: b\nGET http://h/\n", "l.http").expect("it reads");
        assert_eq!(plain.refused, Some(401), "with no sign at all, a refusal is one");
    }
}
