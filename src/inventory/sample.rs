//! Documents and logs of any size, the same every time, for benchmarks and tests.

use std::fmt::Write as _;

/// An OpenAPI document (JSON) with four operations a path, at least `operations` in all.
pub fn document(operations: usize) -> Vec<u8> {
    let mut out = String::from("{\"openapi\": \"3.0.3\", \"info\": {\"title\": \"sample\", \"version\": \"1\"},\n");
    out.push_str("\"servers\": [{\"url\": \"https://api.example.com/v1\"}],\n\"paths\": {\n");
    for i in 0..operations.div_ceil(4) {
        if i > 0 {
            out.push_str(",\n");
        }
        let _ = write!(
            out,
            "\"/r{i}/{{id}}/items\": {{\"parameters\": [{{\"name\": \"id\", \"in\": \"path\", \"required\": true, \
             \"schema\": {{\"type\": \"integer\", \"minimum\": 1}}}}]"
        );
        for method in ["get", "put", "post", "delete"] {
            let _ = write!(
                out,
                ",\n \"{method}\": {{\"operationId\": \"{method}{i}\", \"responses\": {{\"200\": {{\"description\": \"ok\", \
                 \"content\": {{\"application/json\": {{\"schema\": {{\"$ref\": \"#/components/schemas/Item\"}}}}}}}}}}}}"
            );
        }
        out.push('}');
    }
    out.push_str("},\n\"components\": {\"schemas\": {\"Item\": {\"type\": \"object\", \"properties\": {\"id\": {\"type\": \"integer\"}}}}}}\n");
    out.into_bytes()
}

/// A combined log of `lines` lines: requests to the operations of [`document`] with `operations`, and one in eight to
/// paths that it does not declare, with integers and UUIDs that hardly repeat.
pub fn log(lines: usize, operations: usize) -> Vec<u8> {
    let mut out = String::with_capacity(lines * 160);
    // Knuth's linear congruential generator (The Art of Computer Programming, volume 2, section 3.3.4).
    let mut state = 1u64;
    let mut next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 33
    };
    let paths = operations.div_ceil(4).max(1) as u64;
    for i in 0..lines {
        let (a, b, status) = (next(), next(), [200, 200, 200, 201, 404, 500][i % 6]);
        let method = ["GET", "GET", "POST", "PUT", "DELETE"][i % 5];
        let second = i / 1000 % 60;
        let _ = write!(out, "10.0.{}.7 - - [14/Nov/2023:22:13:{second:02} +0000] \"{method} ", a % 256);
        let _ = if i % 8 == 7 {
            write!(out, "/internal/u{}/{:08x}-0000-4000-8000-{:012x}", (b'a' + (a % 20) as u8) as char, a, b)
        } else {
            write!(out, "/v1/r{}/{b}/items?page=2", a % paths)
        };
        let _ = writeln!(out, " HTTP/1.1\" {status} 512 \"-\" \"okhttp/4.9.3\" 0.{:03}", a % 1000);
    }
    out.into_bytes()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use crate::base::Stamp;
    use crate::inventory::{Builder, Document, State};

    #[test]
    fn the_samples_read_as_they_should() {
        let (document, problems) = Document::read(Arc::from("s"), super::document(40)).expect("document");
        assert_eq!((document.operations().len(), problems.len()), (40, 0));
        let mut builder = Builder::new(Stamp::from_unix(1_700_000_000).expect("date"));
        builder.spec(document, problems);
        builder.log(Arc::from("l"));
        builder.feed(&super::log(2_000, 40)).expect("log");
        builder.end_log().expect("log");
        let inventory = builder.finish();
        assert_eq!((inventory.log_lines, inventory.unparsed.len()), (2_000, 0));
        let count = |s| inventory.endpoints.iter().filter(|e| e.state == Some(s)).count();
        assert_eq!(count(State::Documented) + count(State::Ghost), 40);
        assert!((1..=100).contains(&count(State::Shadow)));
    }
}
