//! Replies that go on: which they are, how somebody is told of one while it comes, and the events in one (server-sent events,
//! WHATWG HTML section 9.2).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::{Exchange, Response};

/// The media type of server-sent events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// Other media types whose bodies are records that come one by one.
const RECORDS: [&str; 6] = [
    "application/x-ndjson",
    "application/ndjson",
    "application/jsonl",
    "application/x-jsonlines",
    "application/stream+json",
    "application/json-seq",
];
/// Times of arrival that are kept of one reply.
pub const MOST_ARRIVALS: usize = 65_536;
/// Events of one reply that are told apart.
pub const MOST_EVENTS: usize = 65_536;

/// What is told of a reply while it comes.
#[derive(Debug, Clone)]
pub enum Arriving {
    /// Its head: the exchange so far. A second one begins anew.
    Head(Box<Exchange>),
    /// A part of its body, content codings undone, and how long after the beginning of the exchange it came.
    Body(Bytes, Duration),
}

/// Who is told of a reply that goes on while it comes. It is called where bytes are read, so it must not wait.
pub type Watch = Arc<dyn Fn(Arriving) + Send + Sync>;

/// When a part of a body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrival {
    /// Bytes of the decoded body that were there then.
    pub upto: usize,
    /// How long after the beginning of the exchange, in microseconds.
    pub at_us: u64,
}

/// True for a reply that is made to go on, and to be read as it comes.
pub fn goes_on(reply: &Response) -> bool {
    reply.media_type().is_some_and(|t| t == EVENT_STREAM || RECORDS.contains(&t.as_str()))
}

/// One event of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// Where it stands in the body.
    pub from: usize,
    /// Where it ends: behind the empty line that dispatches it.
    pub to: usize,
    /// Its type; `message` where it names none.
    pub event: Vec<u8>,
    /// The last id that was set, which a client sends as `Last-Event-ID` when it connects again.
    pub id: Option<Vec<u8>>,
    /// Its data, lines joined by a line feed.
    pub data: Vec<u8>,
    /// The time to wait before connecting again that it asks for, in milliseconds.
    pub retry_ms: Option<u64>,
    /// False for the one at the end of a stream that ended before its empty line: clients drop it.
    pub whole: bool,
}

/// Reads the events of a body, at most [`MOST_EVENTS`]. Whatever the bytes are, it reads what a client would. What holds
/// neither data nor a time (comments alone, such as those that keep a connection open) is no event.
pub fn events(body: &[u8]) -> Vec<Event> {
    let mut out = Vec::new();
    let mut at = if body.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut id = None;
    let mut now = Event { from: at, ..Event::default() };
    let mut has_data = false;
    while at < body.len() && out.len() < MOST_EVENTS {
        let end = memchr::memchr2(b'\n', b'\r', &body[at..]).map(|i| at + i);
        let line = &body[at..end.unwrap_or(body.len())];
        at = match end {
            None => body.len(),
            Some(i) if body[i] == b'\r' && body.get(i + 1) == Some(&b'\n') => i + 2,
            Some(i) => i + 1,
        };
        if line.is_empty() {
            let done = std::mem::replace(&mut now, Event { from: at, ..Event::default() });
            if has_data || done.retry_ms.is_some() {
                out.push(Event { to: at, whole: true, id: id.clone(), ..named(done) });
            }
            has_data = false;
            continue;
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => {
                if has_data {
                    now.data.push(b'\n');
                }
                has_data = true;
                now.data.extend_from_slice(value);
            }
            b"event" => now.event = value.to_vec(),
            b"id" if !value.contains(&0) => id = Some(value.to_vec()),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                now.retry_ms = std::str::from_utf8(value).ok().and_then(|v| v.parse().ok());
            }
            _ => {}
        }
    }
    if has_data && out.len() < MOST_EVENTS {
        out.push(Event { to: body.len(), id, ..named(now) });
    }
    out
}

fn named(event: Event) -> Event {
    let name = if event.event.is_empty() { b"message".to_vec() } else { event.event };
    Event { event: name, ..event }
}

/// When the byte before `upto` came, in microseconds after the beginning of the exchange.
pub fn arrived(arrivals: &[Arrival], upto: usize) -> Option<u64> {
    arrivals.get(arrivals.partition_point(|a| a.upto < upto)).map(|a| a.at_us)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(body: &str) -> Vec<(String, String, Option<String>)> {
        let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
        let each = |e: Event| (text(&e.event), text(&e.data), e.id.as_deref().map(text));
        events(body.as_bytes()).into_iter().filter(|e| e.whole).map(each).collect()
    }

    #[test]
    fn events_are_read_as_a_browser_does() {
        let row =
            |event: &str, data: &str, id: Option<&str>| (event.to_owned(), data.to_owned(), id.map(str::to_owned));
        // The examples of the standard, and its traps.
        for (body, want) in [
            ("data: YHOO\ndata: +2\ndata: 10\n\n", vec![row("message", "YHOO\n+2\n10", None)]),
            (
                ": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\n",
                vec![
                    row("message", "first event", Some("1")),
                    row("message", "second event", Some("")),
                    row("message", " third event", Some("")),
                ],
            ),
            ("data\n\ndata\ndata\n\ndata:", vec![row("message", "", None), row("message", "\n", None)]),
            ("\u{feff}event: add\rdata: 1\r\rdata: 2\r\n\r\n", vec![row("add", "1", None), row("message", "2", None)]),
            ("event: lost\n\ndata: 1\n\n", vec![row("message", "1", None)]),
            ("id: a\0b\nretry: 1x\ndata: 1\n\n", vec![row("message", "1", None)]),
            ("nothing here\n\n", vec![]),
        ] {
            assert_eq!(read(body), want, "{body:?}");
        }
        let cut = events(b"retry: 1500\n\ndata: half");
        assert_eq!((cut.len(), cut[0].retry_ms, cut[1].whole, &cut[1].data[..]), (2, Some(1_500), false, &b"half"[..]));
    }

    #[test]
    fn an_event_came_when_its_end_came() {
        let arrivals = [Arrival { upto: 9, at_us: 5 }, Arrival { upto: 20, at_us: 70 }];
        assert_eq!([9, 10, 20, 21].map(|n| arrived(&arrivals, n)), [Some(5), Some(70), Some(70), None]);
    }

    proptest! {
        #[test]
        fn any_bytes_give_events_in_order_within_them(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut at = 0;
            for e in events(&body) {
                prop_assert!(e.from >= at && e.to > e.from && e.to <= body.len());
                at = e.to;
            }
        }
    }
}
