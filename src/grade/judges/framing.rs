//! Content-Security-Policy and X-Frame-Options: LNH06, 07.

use super::listed;
use crate::grade::context::{Context, quote};
use crate::grade::csp::Weakness;
use crate::grade::rules::Verdict;
use crate::wire::Media;

/// What a reply that is no page costs without protection from frames.
const DATA: u32 = 5;
/// The same for a page.
const PAGE: u32 = 15;
/// What a page without a policy costs, and the most a weak one does.
const NO_POLICY: u32 = 20;
/// What JSON that allows nothing earns.
const LOCKED: u32 = 3;

/// LNH06.
pub fn frames(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::na(why);
    }
    let points = if c.is_html() { PAGE } else { DATA };
    // Where frame-ancestors stands, browsers do not look at X-Frame-Options. Of several policies each holds.
    let said: Vec<bool> = c.policies.iter().filter_map(crate::grade::csp::Policy::restricts_frames).collect();
    if said.contains(&true) {
        return Verdict::pass("frame-ancestors keeps strangers from framing it");
    }
    if !said.is_empty() {
        return Verdict::costs(points, "frame-ancestors lets any host frame it");
    }
    let mut values = c.list("x-frame-options");
    for v in &mut values {
        v.make_ascii_uppercase();
    }
    values.sort_unstable();
    values.dedup();
    match values.as_slice() {
        [] => Verdict::costs(points, "there is neither frame-ancestors nor X-Frame-Options"),
        [one] if one == "DENY" || one == "SAMEORIGIN" => Verdict::Pass(format!("X-Frame-Options: {one}")),
        // Conflicting values together mean DENY (HTML standard, X-Frame-Options).
        [..] if values.iter().all(|v| matches!(v.as_str(), "DENY" | "SAMEORIGIN")) => {
            Verdict::pass("X-Frame-Options denies, although it contradicts itself")
        }
        [first, ..] => Verdict::costs(points, format!("X-Frame-Options: {} means nothing to browsers", quote(first))),
    }
}

/// LNH07.
pub fn policy(c: &Context<'_>) -> Verdict {
    if let Some(why) = c.bodiless {
        return Verdict::na(why);
    }
    match c.media {
        Media::Html => page_policy(c),
        Media::Json if c.policies.iter().any(|p| p.is_none("default-src")) => Verdict::Bonus(
            LOCKED,
            "default-src 'none': a browser that opens the data runs and loads nothing".to_owned(),
        ),
        Media::Json => Verdict::na("data needs no policy; default-src 'none' would earn points"),
        _ => Verdict::na("neither a page nor JSON"),
    }
}

fn page_policy(c: &Context<'_>) -> Verdict {
    // Every policy holds, so the strictest one counts.
    let total = |list: &[Weakness]| list.iter().map(|w| w.points).sum::<u32>();
    let strictest = c.policies.iter().map(crate::grade::csp::Policy::weaknesses).min_by_key(|l| total(l));
    match strictest {
        None if c.has("content-security-policy-report-only") => {
            Verdict::costs(NO_POLICY, "the policy is report-only: it stops nothing")
        }
        None if c.has("content-security-policy") => Verdict::costs(NO_POLICY, "Content-Security-Policy is empty"),
        None => Verdict::costs(NO_POLICY, "there is no Content-Security-Policy"),
        Some(list) => {
            let words: Vec<String> = list.iter().filter(|w| w.points > 0).map(|w| quote_free(&w.what)).collect();
            let advice: Vec<String> = list.iter().filter(|w| w.points == 0).map(|w| quote_free(&w.what)).collect();
            match total(&list) {
                0 if advice.is_empty() => Verdict::pass("the policy has none of the known weaknesses"),
                0 => Verdict::Pass(format!("no known weakness; {}", listed(&advice, 2))),
                points => Verdict::costs(points.min(NO_POLICY), listed(&words, 3)),
            }
        }
    }
}

/// Words of a weakness, which hold values of the policy: short and in display form.
fn quote_free(words: &str) -> String {
    let short: String = words.chars().take(160).collect();
    crate::base::text::display_str(&short)
}
