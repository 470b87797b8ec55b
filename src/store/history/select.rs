//! Which exchanges to list, and the few letters by which that is typed.

use crate::base::text::display_str;
use crate::base::{Error, Result, Stamp};
use crate::wire::{flow, url::split_port};

/// What can be typed: a letter, what it looks for, and an example. Help, errors and the reader are drawn from it.
pub const TERMS: &[(&str, &str, &str)] = &[
    ("m", "the method", "~m POST"),
    ("h", "the host, and its port where one stands behind it", "~h api.example.com"),
    ("s", "the status, a class, or a range of them", "~s 5xx"),
    ("i", "the identity it was sent as", "~i alice"),
    ("w", "what asked for it", "~w check"),
    ("d", "sent at this time or later, in RFC 3339", "~d 2026-01-31T08:00:00Z"),
];

/// Which exchanges to list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Select {
    /// Only those in whose method, host or target this stands, whatever its case.
    pub text: Option<String>,
    /// Only those of this method.
    pub method: Option<String>,
    /// Only those sent to this host.
    pub host: Option<String>,
    /// And this port.
    pub port: Option<u16>,
    /// Only those with a status from this to that.
    pub status: Option<(u16, u16)>,
    /// Only those asked for by this.
    pub who: Option<String>,
    /// Only those of this identity.
    pub identity: Option<String>,
    /// Only those that began at this instant or later.
    pub since: Option<Stamp>,
    /// Only those kept before this one: the next page.
    pub before: Option<i64>,
    /// At most so many; [`super::MOST_ROWS`] when 0.
    pub most: usize,
}

/// `404`, `4xx` or `400..404`.
///
/// # Errors
/// What is none of these.
pub fn statuses(typed: &str) -> Result<(u16, u16)> {
    let no = || Error::input(format!("{} is no status", display_str(typed))).hint("write 404, 4xx or 400..404");
    flow::statuses(&typed.to_ascii_lowercase()).ok_or_else(no)
}

impl Select {
    /// Reads what is typed: [`TERMS`], and plain words that must stand in method or URL as they stand here.
    ///
    /// # Errors
    /// A letter that is not known or has nothing behind it, or what it does not take.
    pub fn parse(typed: &str) -> Result<Self> {
        let mut select = Self::default();
        let mut words = typed.split_whitespace();
        let mut plain = Vec::new();
        while let Some(word) = words.next() {
            let Some(letter) = word.strip_prefix('~').filter(|l| !l.is_empty()) else {
                plain.push(word);
                continue;
            };
            let Some((_, what, example)) = TERMS.iter().find(|(l, ..)| *l == letter) else {
                let all: Vec<&str> = TERMS.iter().map(|(.., example)| *example).collect();
                return Err(Error::input(format!("~{} is not known", display_str(letter))).hint(all.join("  ")));
            };
            let value = words
                .next()
                .ok_or_else(|| Error::input(format!("~{letter} takes {what}")).hint(format!("write {example}")))?;
            let owned = Some(value.to_owned());
            match letter {
                "m" => select.method = owned,
                "h" => {
                    let (host, port) = split_port(value.as_bytes())
                        .map_err(|why| Error::input(why).at(format!("~h {}", display_str(value))).hint(*example))?;
                    (select.host, select.port) = (Some(host), port);
                }
                "s" => select.status = Some(statuses(value)?),
                "i" => select.identity = owned,
                "w" => select.who = owned,
                _ => {
                    let since = Stamp::parse(value);
                    let no =
                        || Error::input(format!("{} is no time", display_str(value))).hint(format!("write {example}"));
                    select.since = Some(since.ok_or_else(no)?);
                }
            }
        }
        select.text = (!plain.is_empty()).then(|| plain.join(" "));
        Ok(select)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_letter_of_the_table_is_read_as_its_example_says() {
        for (letter, _, example) in TERMS {
            let select = Select::parse(example).expect(example);
            assert_ne!(select, Select::default(), "~{letter}");
            assert!(Select::parse(&format!("~{letter}")).expect_err("nothing behind it").to_string().contains(example));
        }
        let select = Select::parse("~s 5xx orders ~h api.test:8080 ~m get 17").expect("all of it");
        assert_eq!(select.status, Some((500, 599)));
        assert_eq!((select.host.as_deref(), select.port), (Some("api.test"), Some(8080)));
        assert_eq!(select.text.as_deref(), Some("orders 17"));
        for (wrong, says) in
            [("~x 1", "is not known"), ("~s 0xx", "no status"), ("~s many", "no status"), ("~d now", "no time")]
        {
            assert!(Select::parse(wrong).expect_err(wrong).to_string().contains(says), "{wrong}");
        }
    }
}
