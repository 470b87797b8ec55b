//! The default text of Envoy and of Istio: `[time] "METHOD path HTTP/x" status flags …`.

use super::Line;
use super::part::{
    Fields, Unit, first_address, micros, request_line, said, size, skip_quoted, status, time, without_port,
};

/// One line without its newline; `None` when it is of another shape. A status of 0 stands where the client went away.
pub(super) fn read(line: &[u8]) -> Option<Line<'_>> {
    let rest = line.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', &rest[..rest.len().min(40)])?;
    let time = time(&rest[..end])?;
    let quoted = rest[end + 1..].strip_prefix(b" \"")?;
    let after = skip_quoted(quoted)?;
    let request = request_line(&quoted[..quoted.len() - after.len() - 1]);
    let mut fields = Fields(after);
    let status = status(fields.next()?)?;
    fields.next()?; // Flags of the response.
    // Istio writes the details of the response, the end of the connection and the failure of the transport between.
    if !fields.clone().next()?.iter().all(u8::is_ascii_digit) {
        fields.nth(2)?;
    }
    let size = size(fields.nth(1)?);
    let micros = micros(fields.next()?, Unit::Millis);
    // Upstream's part, forwarded for, agent, request id, authority.
    let client = fields.nth(1).and_then(first_address);
    let host = fields.nth(2).and_then(said).map(without_port);
    Some(Line { time: Some(time), status, host, request, micros, size, client, ..Line::default() })
}
