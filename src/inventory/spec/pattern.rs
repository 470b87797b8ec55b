//! A text that a simple regular expression (ECMA-262 syntax, as in JSON Schema) matches.

/// Length at which making stops.
const MOST: usize = 1_000;
/// Nesting of groups.
const DEPTH: usize = 20;

/// A text that matches, of at least `least` characters where an open-ended part can grow; `None` for what is not simple:
/// look-around, back references, properties.
pub(super) fn example(pattern: &str, least: u64) -> Option<String> {
    let least = usize::try_from(least).ok()?.min(MOST);
    let chars: Vec<char> = pattern.chars().take(2_000).collect();
    let short = Maker { chars: &chars, at: 0, extra: 0 }.run()?;
    let missing = least.saturating_sub(short.chars().count());
    if missing == 0 {
        return Some(short);
    }
    Maker { chars: &chars, at: 0, extra: missing }.run()
}

struct Maker<'p> {
    chars: &'p [char],
    at: usize,
    /// Repetitions that the next open-ended part adds.
    extra: usize,
}

impl Maker<'_> {
    fn run(mut self) -> Option<String> {
        let out = self.alternation(0)?;
        (self.at == self.chars.len()).then_some(out)
    }

    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn eat(&mut self, c: char) -> bool {
        let hit = self.peek() == Some(c);
        self.at += usize::from(hit);
        hit
    }

    /// The first alternative; the others are read and dropped.
    fn alternation(&mut self, depth: usize) -> Option<String> {
        let first = self.sequence(depth)?;
        while self.eat('|') {
            let kept = self.extra;
            self.extra = 0;
            self.sequence(depth)?;
            self.extra = kept;
        }
        Some(first)
    }

    fn sequence(&mut self, depth: usize) -> Option<String> {
        let mut out = String::new();
        while let Some(c) = self.peek().filter(|c| !matches!(c, '|' | ')')) {
            if c == '^' || c == '$' {
                self.at += 1;
                continue;
            }
            let atom = self.atom(depth)?;
            let (times, open) = self.times()?;
            let more = if open && !atom.is_empty() { std::mem::take(&mut self.extra) } else { 0 };
            for _ in 0..(times + more).min(MOST) {
                out.push_str(&atom);
                if out.len() > MOST * 4 {
                    return None;
                }
            }
        }
        Some(out)
    }

    fn atom(&mut self, depth: usize) -> Option<String> {
        let c = self.peek()?;
        self.at += 1;
        match c {
            '(' if depth < DEPTH => {
                if self.eat('?') {
                    if self.eat('<') {
                        // A named group; look-behind starts the same way.
                        while self.peek()? != '>' {
                            if matches!(self.peek(), Some('=' | '!')) {
                                return None;
                            }
                            self.at += 1;
                        }
                        self.at += 1;
                    } else if !self.eat(':') {
                        return None;
                    }
                }
                let inner = self.alternation(depth + 1)?;
                self.eat(')').then_some(inner)
            }
            '[' => self.class().map(String::from),
            '.' => Some("a".to_owned()),
            '\\' => self.escape(),
            '(' | '*' | '+' | '?' => None,
            c => Some(c.to_string()),
        }
    }

    fn escape(&mut self) -> Option<String> {
        let c = self.peek()?;
        self.at += 1;
        Some(match c {
            'd' => "1".to_owned(),
            'w' | 'S' | 'D' => "a".to_owned(),
            's' => " ".to_owned(),
            'W' => "-".to_owned(),
            'b' | 'B' => String::new(),
            't' => "\t".to_owned(),
            'n' => "\n".to_owned(),
            'r' => "\r".to_owned(),
            c if c.is_ascii_alphanumeric() => return None,
            c => c.to_string(),
        })
    }

    /// One character of a class.
    fn class(&mut self) -> Option<char> {
        let negated = self.eat('^');
        let mut ranges: Vec<(char, char)> = Vec::new();
        let mut first = true;
        loop {
            let c = self.peek()?;
            self.at += 1;
            let low = match c {
                ']' if !first => break,
                '\\' => {
                    let mut set: &[(char, char)] = &[];
                    let escaped = self.peek()?;
                    self.at += 1;
                    match escaped {
                        'd' => set = &[('0', '9')],
                        'w' => set = &[('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
                        's' => set = &[(' ', ' '), ('\t', '\t')],
                        c if c.is_ascii_alphanumeric() => return None,
                        _ => {}
                    }
                    first = false;
                    if !set.is_empty() {
                        ranges.extend(set);
                        continue;
                    }
                    escaped
                }
                c => c,
            };
            first = false;
            let is_range = self.peek() == Some('-') && self.chars.get(self.at + 1).is_some_and(|c| *c != ']');
            if is_range {
                self.at += 1;
                let mut high = self.peek()?;
                self.at += 1;
                if high == '\\' {
                    high = self.peek()?;
                    self.at += 1;
                }
                ranges.push((low, high));
            } else {
                ranges.push((low, low));
            }
        }
        if negated {
            let candidates = ['a', 'A', '1', '_', '-', ' ', '\u{e9}'];
            return candidates.into_iter().find(|c| !ranges.iter().any(|(l, h)| l <= c && c <= h));
        }
        // A letter reads better than what happens to stand first.
        let pick = |want: char| ranges.iter().any(|(l, h)| *l <= want && want <= *h).then_some(want);
        pick('a').or_else(|| pick('A')).or_else(|| pick('1')).or_else(|| ranges.first().map(|r| r.0))
    }

    /// How often the atom before is repeated, and whether it may be more.
    fn times(&mut self) -> Option<(usize, bool)> {
        let mark = self.at;
        let found = match self.peek() {
            Some('*') => (0, true),
            Some('+') => (1, true),
            Some('?') => (0, false),
            Some('{') => {
                let end = self.chars[self.at..].iter().position(|c| *c == '}')? + self.at;
                let inside: String = self.chars[self.at + 1..end].iter().collect();
                self.at = end;
                match inside.split_once(',') {
                    None => (inside.parse().ok()?, false),
                    // `{2,8}` can grow, but only to its end: it is left at its least.
                    Some((low, high)) => {
                        let low: usize = if low.is_empty() { 0 } else { low.parse().ok()? };
                        let room = high.parse::<usize>().map_or(usize::MAX, |h| h.saturating_sub(low));
                        let grow = self.extra.min(room);
                        if room != usize::MAX {
                            self.extra -= grow;
                        }
                        (if room == usize::MAX { low } else { low + grow }, room == usize::MAX)
                    }
                }
            }
            _ => return Some((1, false)),
        };
        self.at += 1;
        if self.at > mark {
            self.eat('?');
        }
        (found.0 <= MOST).then_some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn simple_patterns() {
        for (pattern, least, want) in [
            ("^[a-z]{3}$", 0, "aaa"),
            (r"^\d{4}-\d{2}$", 0, "1111-11"),
            ("^(GET|POST)$", 0, "GET"),
            ("^v[0-9]+(?:\\.[0-9]+)*$", 0, "v1"),
            ("^[A-Z0-9_-]*$", 5, "AAAAA"),
            ("^[^a-zA-Z]{2}$", 0, "11"),
            (r"^\+?[1-9]\d{1,14}$", 4, "1111"),
            ("[\\]x]", 0, "x"),
            ("", 0, ""),
        ] {
            let made = example(pattern, least);
            if pattern == "[\\]x]" {
                assert_eq!(made.as_deref(), Some("]"));
                continue;
            }
            assert_eq!(made.as_deref(), Some(want), "{pattern}");
        }
        for odd in ["(?=x)", "(?<=a)b", r"\p{L}+", "(", "[a", "a{99999}", "(a{900}){900}"] {
            assert_eq!(example(odd, 0), None, "{odd}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(p in "[a-z0-9(){}\\[\\]^$|?*+,.\\\\:<=!-]{0,40}", least in 0u64..50) {
            let _ = example(&p, least);
        }
    }
}
