//! A run as JUnit XML, as build servers read it: a suite for each file, a case for each request.

use std::fmt::Write as _;

use super::run::{FileRun, Run};
use crate::base::text::is_hazard;
use crate::wire::flow::Verdict;

/// The XML.
pub fn document(run: &Run) -> String {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        out,
        "<testsuites name=\"lunette run\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{:.3}\">",
        run.requests().count(),
        run.count(Verdict::Fail),
        run.count(Verdict::Error),
        run.elapsed().as_secs_f64()
    );
    run.files.iter().for_each(|f| suite(&mut out, f));
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, file: &FileRun) {
    let count = |outcome| file.requests.iter().filter(|r| r.outcome() == outcome).count();
    let name = attribute(&file.path);
    let _ = writeln!(
        out,
        "  <testsuite name=\"{name}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"0\" time=\"{:.3}\">",
        file.requests.len(),
        count(Verdict::Fail),
        count(Verdict::Error),
        file.requests.iter().map(|r| r.elapsed.as_secs_f64()).sum::<f64>()
    );
    for r in &file.requests {
        let _ = write!(
            out,
            "    <testcase name=\"{}\" classname=\"{name}\" line=\"{}\" time=\"{:.3}\"",
            attribute(&r.name),
            r.line,
            r.elapsed.as_secs_f64()
        );
        let element = match r.outcome() {
            Verdict::Pass => {
                out.push_str("/>\n");
                continue;
            }
            Verdict::Fail => "failure",
            Verdict::Error => "error",
        };
        let faults = r.faults(&file.path);
        let first = faults.first().map(|f| attribute(f)).unwrap_or_default();
        let text: Vec<String> = faults.iter().map(|f| attribute(f)).collect();
        let _ =
            writeln!(out, ">\n      <{element} message=\"{first}\">{}</{element}>\n    </testcase>", text.join("\n"));
    }
    out.push_str("  </testsuite>\n");
}

/// Text as it may stand in an attribute and between tags: what XML 1.0 cannot hold at all, and what steers a terminal, is
/// replaced.
fn attribute(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            c if is_hazard(c) => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Error;
    use crate::report::run::RequestRun;

    #[test]
    fn whatever_stands_in_a_name_stays_in_its_place() {
        let request = RequestRun {
            name: "a\"<b>&\u{1b}]\u{0}'".to_owned(),
            line: 3,
            exchange: None,
            grade: None,
            error: Some(Error::input("no <host>")),
            asserts: Vec::new(),
            captures: Vec::new(),
            tries: 1,
            elapsed: std::time::Duration::from_millis(1500),
        };
        let run =
            Run { files: vec![FileRun { path: "a&b.http".to_owned(), requests: vec![request] }], ..Run::default() };
        let xml = document(&run);
        assert!(xml.contains("name=\"a&quot;&lt;b&gt;&amp;\u{fffd}]\u{fffd}&apos;\" classname=\"a&amp;b.http\" line=\"3\" time=\"1.500\""), "{xml}");
        assert!(xml.contains("<error message=\"a&amp;b.http:3: no &lt;host&gt;\">"), "{xml}");
        assert!(xml.contains("tests=\"1\" failures=\"0\" errors=\"1\""), "{xml}");
    }
}
