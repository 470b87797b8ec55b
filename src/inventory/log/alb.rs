//! AWS application load balancers: fields in a fixed order, the request with its whole URL.

use super::Line;
use super::part::{Fields, Unit, address, micros, request_line, size, status, time};

const TYPES: [&[u8]; 6] = [b"http", b"https", b"h2", b"grpcs", b"ws", b"wss"];

/// One line without its newline; `None` when it is of another shape, such as a connection log in the same bucket.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    let mut fields = Fields(line);
    let kind = fields.next()?;
    if !TYPES.contains(&kind) {
        return None;
    }
    let time = time(fields.next()?)?;
    // Between the balancer and the target.
    let client = address(fields.nth(1)?);
    fields.next()?;
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
    let size = size(fields.nth(2)?);
    let request = request_line(fields.next()?);
    Some(Line { time: Some(time), status, request, micros: took, size, client: Some(client), ..Line::default() })
}
