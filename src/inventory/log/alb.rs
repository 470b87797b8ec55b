//! AWS application load balancers: fields in a fixed order, the request with its whole URL.

use super::Line;
use super::part::{Fields, Unit, micros, request_line, status, time};

const TYPES: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];

/// One line without its newline; `None` when it is of another shape, such as a connection log in the same bucket.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    let mut fields = Fields(line);
    let kind = fields.next()?;
    if !TYPES.contains(&kind) {
        return None;
    }
    let time = time(fields.next()?)?;
    // The balancer, the client and the target.
    fields.nth(2)?;
    // A part of -1 was never reached: then the whole is not known.
    let mut took = Some(0);
    for _ in 0..3 {
        let part = micros(fields.next()?, Unit::Seconds);
        took = took.and_then(|t: u64| t.checked_add(part?));
    }
    let status = match fields.next()? {
        b"-" => 0,
        field => status(field)?,
    };
    let request = request_line(fields.nth(3)?);
    Some(Line { time: Some(time), status, request, micros: took, ..Line::default() })
}
