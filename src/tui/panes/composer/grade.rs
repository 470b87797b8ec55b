//! The grade of a reply on screen: the rules by outcome, what each costs, and the fix ready to copy.

use crate::app::Judged;
use crate::grade::{HeaderGrade, Outcome, Rule, Ruling, rule};
use crate::report::grade::{cost, second_opinion};
use crate::report::rules::lines as explained;
use crate::tui::panes::text::{More, Styled, Text};
use crate::tui::theme::Role;
use crate::tui::widgets::pen::clip;

/// The lines of a grade. Under each stands what `y` copies and what `Enter` tells.
pub fn text(judged: &Judged) -> Text {
    let Some(g) = &judged.headers else {
        return Text::new(vec![Styled::new("not graded: there is no reply that can be", Role::Muted)]);
    };
    let mut text = Text::new(Vec::new());
    let opinion = g.observatory.grade.unwrap_or("–");
    text.push(
        Styled::new("headers", Role::Title)
            .then(9, g.grade.word(), Role::of_letter(g.grade))
            .then(13, format!("{} of 100", g.score), Role::Text)
            .then(27, format!("Observatory {opinion}"), Role::Muted),
        Some(More {
            copy: format!("{} {}", g.grade, g.score),
            title: "the second opinion".to_owned(),
            lines: vec![second_opinion(g), g.difference().unwrap_or_else(|| "both say the same".to_owned())],
        }),
    );
    if let Some(difference) = g.difference() {
        let more = More {
            copy: difference.clone(),
            title: "where the two differ".to_owned(),
            lines: vec![difference.clone()],
        };
        text.push(Styled::new(clip(&difference), Role::Muted), Some(more));
    }
    for outcome in Outcome::ALL {
        group(&mut text, g, outcome);
    }
    text
}

fn group(text: &mut Text, g: &HeaderGrade, outcome: Outcome) {
    let rulings: Vec<&Ruling> = if outcome == Outcome::Fail {
        g.fails().collect()
    } else {
        g.rules.iter().filter(|r| r.outcome == outcome).collect()
    };
    if rulings.is_empty() {
        return;
    }
    let lost: u32 = rulings.iter().map(|r| r.weight).sum();
    let (role, head) = match outcome {
        Outcome::Fail => (Role::Error, format!("fail  {}, {lost} points", count(rulings.len()))),
        Outcome::Pass => (Role::Ok, format!("pass  {}", count(rulings.len()))),
        Outcome::Na => (Role::Muted, format!("n/a   {}", count(rulings.len()))),
    };
    text.push(Styled::default(), None);
    text.push(Styled::new(head, role), None);
    for r in rulings {
        let Some(row) = rule(r.id) else { continue };
        let points = match outcome {
            Outcome::Fail => cost(r.weight, r.cap),
            _ if r.bonus > 0 => format!("+{}", r.bonus),
            _ => String::new(),
        };
        let words = if outcome == Outcome::Na { Role::Muted } else { Role::Text };
        let line = Styled::new(points, Role::Text).then(8, r.id, Role::Muted).then(15, clip(&r.reason), words);
        text.push(line, Some(more(r, row, row.header)));
        if outcome == Outcome::Fail {
            let fix = if row.header.is_empty() { row.fix } else { row.header };
            text.push(
                Styled::new("", Role::Text).then(8, "fix", Role::Muted).then(15, fix, Role::Ok),
                Some(more(r, row, fix)),
            );
            if !row.nginx.is_empty() {
                let line = Styled::new("", Role::Text).then(8, "nginx", Role::Muted).then(15, row.nginx, Role::Muted);
                text.push(line, Some(more(r, row, row.nginx)));
            }
        }
    }
}

fn count(n: usize) -> String {
    format!("{n} rule{}", if n == 1 { "" } else { "s" })
}

fn more(r: &Ruling, rule: &Rule, copy: &str) -> More {
    let mut lines =
        vec![format!("{}: {}", r.outcome.word(), r.reason), String::new(), rule.plain.to_owned(), String::new()];
    lines.extend(explained(rule));
    let copy = if copy.is_empty() { rule.fix } else { copy };
    More { copy: copy.to_owned(), title: format!("{} {}", rule.id, rule.title), lines }
}
