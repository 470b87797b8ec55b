//! Theme files: TOML in, a style for every role out. What a file leaves out comes from its parent.

use ratatui::style::{Color, Modifier, Style};
use toml::{Table, Value};

use super::{ROLES, Theme};
use crate::base::error::nearest;
use crate::base::text::display_str;
use crate::base::{Error, Result};

const BUILTIN: &[(&str, &str)] =
    &[("terminal", include_str!("../../../themes/terminal.toml")), ("mono", include_str!("../../../themes/mono.toml"))];

const ATTRIBUTES: &[(&str, Modifier)] = &[
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

const COLORS: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("white", Color::Gray),
    ("bright-black", Color::DarkGray),
    ("bright-red", Color::LightRed),
    ("bright-green", Color::LightGreen),
    ("bright-yellow", Color::LightYellow),
    ("bright-blue", Color::LightBlue),
    ("bright-magenta", Color::LightMagenta),
    ("bright-cyan", Color::LightCyan),
    ("bright-white", Color::White),
];

/// A theme of our own. They are checked by a test, so a plain screen is all that a fault here could cost.
pub(super) fn builtin(name: &str) -> Theme {
    let text = BUILTIN.iter().find(|(n, _)| *n == name).map_or("", |(_, t)| t);
    read(text, name, 0).unwrap_or_else(|_| Theme { name: name.to_owned(), styles: vec![Style::new(); ROLES.len()] })
}

pub(super) fn parse(text: &str, name: &str) -> Result<Theme> {
    read(text, name, 0)
}

fn read(text: &str, file: &str, depth: u8) -> Result<Theme> {
    let table: Table = text.parse().map_err(|e: toml::de::Error| {
        let line = e.span().map_or(1, |s| text[..s.start.min(text.len())].matches('\n').count() + 1);
        Error::input(format!("not TOML: {}", display_str(e.message()))).at(format!("{}:{line}", display_str(file)))
    })?;
    let parent = match table.get("inherits").map(|v| string(v, file, "inherits")).transpose()? {
        Some(p) => Some(p),
        // A theme that leaves something out falls back on the terminal's own colours.
        None if depth == 0 && !BUILTIN.iter().any(|(_, t)| *t == text) => Some("terminal".to_owned()),
        None => None,
    };
    let mut styles = match parent {
        None => vec![Style::new(); ROLES.len()],
        Some(p) => {
            let found = BUILTIN.iter().find(|(n, _)| *n == p);
            let (_, parent_text) = found.ok_or_else(|| unknown(file, "parent", &p, BUILTIN.iter().map(|(n, _)| *n)))?;
            read(parent_text, &p, depth + 1)?.styles
        }
    };
    let palette = table.get("palette").map(|v| section(v, file, "palette")).transpose()?;
    let color = |v: &Value, at: &str| color(v, palette, file, at);
    for (key, value) in &table {
        match key.as_str() {
            "name" | "variant" | "inherits" => {
                string(value, file, key)?;
            }
            "palette" => {
                for (k, v) in section(value, file, key)? {
                    color(v, &format!("palette.{k}"))?;
                }
            }
            s if ROLES.iter().any(|(_, sec, _)| *sec == s) => {
                for (k, v) in section(value, file, s)? {
                    let place = format!("{s}.{}", display_str(k));
                    let role = ROLES.iter().find(|(_, sec, key)| *sec == s && key == k).ok_or_else(|| {
                        unknown(file, "role", &place, ROLES.iter().filter(|(_, sec, _)| *sec == s).map(|(_, _, k)| *k))
                    })?;
                    styles[role.0 as usize] = style(v, file, &place, &color)?;
                }
            }
            other => {
                let known = ["name", "variant", "inherits", "palette"].into_iter().chain(ROLES.iter().map(|r| r.1));
                return Err(unknown(file, "key", other, known));
            }
        }
    }
    let name = table.get("name").and_then(Value::as_str).map_or_else(|| display_str(file), display_str);
    Ok(Theme { name, styles })
}

fn unknown<'a>(file: &str, kind: &str, what: &str, known: impl Iterator<Item = &'a str>) -> Error {
    let word = what.rsplit('.').next().unwrap_or(what);
    let e = Error::input(format!("{} is no {kind} a theme knows", display_str(what))).at(display_str(file));
    match nearest(word, known) {
        Some(n) => e.hint(format!("did you mean {n}?")),
        None => e,
    }
}

fn string(v: &Value, file: &str, key: &str) -> Result<String> {
    v.as_str()
        .map(str::to_owned)
        .ok_or_else(|| Error::input(format!("{} takes text in quotes", display_str(key))).at(display_str(file)))
}

fn section<'a>(v: &'a Value, file: &str, key: &str) -> Result<&'a Table> {
    v.as_table().ok_or_else(|| Error::input(format!("{} is a section", display_str(key))).at(display_str(file)))
}

fn style(value: &Value, file: &str, place: &str, color: &dyn Fn(&Value, &str) -> Result<Color>) -> Result<Style> {
    let Some(table) = value.as_table() else { return Ok(Style::new().fg(color(value, place)?)) };
    let mut style = Style::new();
    for (k, v) in table {
        match k.as_str() {
            "fg" => style = style.fg(color(v, place)?),
            "bg" => style = style.bg(color(v, place)?),
            name => {
                let (_, modifier) = ATTRIBUTES.iter().find(|(n, _)| *n == name).ok_or_else(|| {
                    let known = ["fg", "bg"].into_iter().chain(ATTRIBUTES.iter().map(|a| a.0));
                    unknown(file, "attribute", &format!("{place}.{name}"), known)
                })?;
                let on = v
                    .as_bool()
                    .ok_or_else(|| Error::input(format!("{place}.{name} takes true or false")).at(display_str(file)))?;
                if on {
                    style = style.add_modifier(*modifier);
                }
            }
        }
    }
    Ok(style)
}

fn color(value: &Value, palette: Option<&Table>, file: &str, place: &str) -> Result<Color> {
    let bad = |what: String| Error::input(what).at(display_str(file));
    if let Some(n) = value.as_integer() {
        return u8::try_from(n).map(Color::Indexed).map_err(|_| bad(format!("{place}: {n} is not from 0 to 255")));
    }
    let name = value.as_str().ok_or_else(|| bad(format!("{place} takes a colour")))?;
    if let Some(hex) = name.strip_prefix('#') {
        let rgb = (hex.len() == 6 && hex.is_ascii()).then(|| u32::from_str_radix(hex, 16).ok()).flatten();
        return rgb.map(Color::from_u32).ok_or_else(|| bad(format!("{place}: {} is not #rrggbb", display_str(name))));
    }
    if let Some((_, c)) = COLORS.iter().find(|(n, _)| *n == name) {
        return Ok(*c);
    }
    if let Some(v) = palette.and_then(|p| p.get(name)) {
        // One step only: a palette entry that names another would allow a circle.
        return color(v, None, file, place);
    }
    let known = COLORS.iter().map(|c| c.0).chain(palette.into_iter().flat_map(|p| p.keys().map(String::as_str)));
    Err(unknown(file, "colour", name, known))
}

#[cfg(test)]
mod tests {
    use super::super::{ColorChoice, Role};
    use super::*;

    #[test]
    fn our_own_themes_are_complete() {
        for (name, text) in BUILTIN {
            let table: Table = text.parse().expect(name);
            for (_, section, key) in ROLES {
                assert!(table.get(*section).and_then(|s| s.get(key)).is_some(), "{name} lacks {section}.{key}");
            }
            assert_eq!(read(text, name, 0).expect(name).name, *name);
        }
    }

    #[test]
    fn mono_has_no_colour() {
        let mono = Theme::mono();
        for (role, _, _) in ROLES {
            let s = mono.style(*role);
            assert!(s.fg.is_none() && s.bg.is_none(), "{role:?}");
        }
        assert!(mono.style(Role::Selection).add_modifier.contains(Modifier::REVERSED));
        assert!(mono.style(Role::Focus).add_modifier.contains(Modifier::BOLD));
    }

    #[test]
    fn the_environment_chooses() {
        assert_eq!(Theme::for_terminal(ColorChoice::Auto, Some("1"), None).name, "mono");
        assert_eq!(Theme::for_terminal(ColorChoice::Auto, Some(""), Some("xterm")).name, "terminal");
        assert_eq!(Theme::for_terminal(ColorChoice::Auto, None, Some("dumb")).name, "mono");
        assert_eq!(Theme::for_terminal(ColorChoice::Always, Some("1"), None).name, "terminal");
        assert_eq!(Theme::for_terminal(ColorChoice::Never, None, None).name, "mono");
    }

    #[test]
    fn a_partial_theme_takes_the_rest_from_its_parent() {
        let t = Theme::parse("inherits = \"mono\"\n[palette]\nsea = \"#102030\"\n[ui]\naccent = \"sea\"\n", "u.toml")
            .expect("theme");
        assert_eq!(t.style(Role::Accent).fg, Some(Color::Rgb(0x10, 0x20, 0x30)));
        assert_eq!(t.style(Role::Ok), Theme::mono().style(Role::Ok));
        let t = Theme::parse("[ui]\ntext = 7\n", "u.toml").expect("theme");
        assert_eq!(t.style(Role::Text).fg, Some(Color::Indexed(7)));
        assert_eq!(t.style(Role::Ok).fg, Some(Color::Green));
    }

    #[test]
    fn faults_say_where_and_what_was_meant() {
        for (text, want) in [
            ("[ui]\nacent = \"red\"", "u.toml: ui.acent is no role a theme knows; did you mean accent?"),
            ("[stat]\nok = \"red\"", "u.toml: stat is no key a theme knows; did you mean state?"),
            ("[ui]\ntext = \"gren\"", "u.toml: gren is no colour a theme knows; did you mean green?"),
            ("[ui]\ntext = { blod = true }", "u.toml: ui.text.blod is no attribute a theme knows; did you mean bold?"),
            ("inherits = \"mno\"", "u.toml: mno is no parent a theme knows; did you mean mono?"),
            ("[ui]\ntext = \"#12\"", "u.toml: ui.text: #12 is not #rrggbb"),
            ("[ui]\ntext = 300", "u.toml: ui.text: 300 is not from 0 to 255"),
            ("ui = 3", "u.toml: ui is a section"),
        ] {
            assert_eq!(Theme::parse(text, "u.toml").expect_err(text).to_string(), want);
        }
        let e = Theme::parse("a = [\n\n", "u.toml").expect_err("broken").to_string();
        assert!(e.starts_with("u.toml:"), "{e}");
    }
}
