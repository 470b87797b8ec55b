//! The response side: what came back, and every fact of how.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use ratatui::layout::Rect;

use super::super::text::{More, Styled, Text};
use super::facts::{time, tls};
use super::queried::Queried;
use super::{grade, sent, spec};
use crate::app::{Declared, Judged};
use crate::base::figure::{bytes, millis};
use crate::base::secret::mask_header;
use crate::base::text::display;
use crate::base::{keys, known};
use crate::report::grade::cost;
use crate::tui::effect::{Effect, Msg};
use crate::tui::theme::Role;
use crate::tui::widgets::body::{self, Body, Lines};
use crate::tui::widgets::pen::{Pen, clip, shown, wrap};
use crate::tui::widgets::starts::Starts;
use crate::tui::widgets::table::Move;
use crate::wire::stream::{self, Arrival};
use crate::wire::{Exchange, Phase, Sender};

/// Bodies up to this size are indexed on the spot: it takes less than a frame.
const INLINE: usize = 1 << 20;
/// JSON up to this size is laid out when it is opened, and larger one when that is asked for.
const LAID_OUT: usize = 8 << 20;

/// The tabs, in order.
pub const TABS: [&str; 7] = ["body", "headers", "sent", "time", "tls", "grade", "spec"];

/// The place of the tab with what was sent.
const SENT: usize = 2;
/// The place of the tab with what the specification says.
const SPEC: usize = 6;

/// A reply on screen.
pub struct Response {
    /// The exchange and what was judged of it.
    pub judged: Arc<Judged>,
    /// `None` while a large body is being indexed.
    body: Option<Body>,
    texts: [Text; 6],
    /// The tab that is open.
    pub tab: usize,
    drawn: Rect,
    reveal: bool,
    /// Whether what was sent is shown as hexadecimal.
    hex: bool,
    /// What came so far of a reply that goes on.
    live: Option<Live>,
    /// Whether large JSON was asked to be laid out.
    laid_out: bool,
    /// What was found in its body, shown in place of it.
    pub queried: Option<Queried>,
    /// Whose key stands in the reply, in words, where one is known by its shape.
    key: Option<&'static str>,
    /// What the specification says of it, once that is known.
    conforms: Option<Arc<Declared>>,
}

/// A reply that goes on.
#[derive(Default)]
struct Live {
    /// Its body as it came, to be masked otherwise when that is asked for.
    came: Vec<u8>,
    /// How much of it is drawn: whole lines, so that a secret in one is found.
    drawn: usize,
    /// When each part came.
    arrivals: Vec<Arrival>,
}

impl Response {
    /// Takes an exchange; a large body is indexed by the effect that comes with it. Unless secrets are to be seen, known ones
    /// and the credentials in headers are masked in all that is drawn.
    pub fn new(judged: Arc<Judged>, tab: usize, reveal: bool) -> (Self, Option<Effect>) {
        let x = &judged.exchange;
        let size = x.response.as_ref().map_or(0, |r| r.body.len());
        let mut work = None;
        let body = if size <= INLINE {
            let content = content(x, reveal);
            let lines = body::index(&content, body::is_json(&content));
            Some(Body::new(content, lines))
        } else {
            work = Some(opened(&judged, reveal, size <= LAID_OUT));
            None
        };
        let [time, tls] = [time(x), tls(x)].map(Text::new);
        let texts =
            [headers(x, reveal), sent::text(x, reveal, false), time, tls, grade::text(&judged), spec::text(None)];
        let key = key(x);
        // A failure without a body is told on the body tab, where the eye is.
        let body = body.map(|b| b.marked(marks(x)));
        (
            Self {
                judged,
                body,
                texts,
                tab,
                drawn: Rect::default(),
                reveal,
                hex: false,
                live: None,
                laid_out: false,
                queried: None,
                key,
                conforms: None,
            },
            work,
        )
    }

    /// A reply of which the head is there, and whose body comes bit by bit.
    pub fn going_on(judged: Arc<Judged>, tab: usize, reveal: bool) -> Self {
        let (response, _) = Self::new(judged, tab, reveal);
        Self { live: Some(Live::default()), ..response }
    }

    /// Whether more is to come.
    pub fn goes_on(&self) -> bool {
        self.live.is_some()
    }

    /// Takes more of the body of a reply that goes on.
    pub fn take(&mut self, part: &[u8], at: Duration) {
        let Some(live) = &mut self.live else { return };
        live.came.extend_from_slice(part);
        let at_us = u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        live.arrivals.push(Arrival { upto: live.came.len(), at_us });
        let fresh = &live.came[live.drawn..];
        let end = match memchr::memrchr2(b'\n', b'\r', fresh) {
            Some(i) => i + 1,
            None if fresh.len() > INLINE => fresh.len(),
            None => return,
        };
        let lines = &fresh[..end];
        let shown = if self.reveal { Cow::Borrowed(lines) } else { known::redact(lines) };
        let body = self.body.get_or_insert_with(|| Body::new(Bytes::new(), Lines::Raw(Starts::of(b""))));
        // Every event is marked at its first line, with when its end came.
        let from = body.size();
        let events = stream::events(&shown).into_iter().map(|e| (from + e.from, mark(at_us)));
        let marks = if is_events(&self.judged.exchange) { events.collect() } else { vec![(from, mark(at_us))] };
        body.append(&shown, marks);
        live.drawn += end;
    }

    /// The same with secrets shown, or masked.
    pub fn revealed(self, reveal: bool) -> Self {
        let mut other = Self::going_on(self.judged, self.tab, reveal);
        let mut from = 0;
        if let Some(live) = &self.live {
            for arrival in &live.arrivals {
                other.take(&live.came[from..arrival.upto], Duration::from_micros(arrival.at_us));
                from = arrival.upto;
            }
        }
        if let (Some(body), Some(stood)) = (&mut other.body, &self.body) {
            body.follow(stood);
        }
        other
    }

    /// Shows what was sent as text or as hexadecimal, and opens its tab.
    pub fn turn_hex(&mut self) {
        self.hex = !self.hex || self.tab != SENT;
        self.tab = SENT;
        self.texts[SENT - 1] = sent::text(&self.judged.exchange, self.reveal, self.hex);
    }

    /// Stands where `other` stood, which shows the same exchange.
    pub fn stand_as(&mut self, other: &Self) {
        if other.hex {
            self.hex = true;
            self.texts[SENT - 1] = sent::text(&self.judged.exchange, self.reveal, true);
        }
        if let (Some(body), Some(stood)) = (&mut self.body, &other.body) {
            if other.goes_on() {
                body.stay(stood);
            } else {
                body.follow(stood);
            }
        }
        if self.judged.exchange.id == other.judged.exchange.id && other.conforms.is_some() {
            self.conforms(other.conforms.clone());
        }
        for (text, stood) in self.texts.iter_mut().zip(&other.texts) {
            text.follow(stood);
        }
    }

    /// A large body has its lines.
    pub fn indexed(&mut self, id: (u64, bool), bytes: Bytes, lines: Lines) {
        if self.id() == id {
            self.body = Some(Body::new(bytes, lines).marked(marks(&self.judged.exchange)));
        }
    }

    /// Whether the body is JSON that stands there as it came, since it is large.
    pub fn can_be_laid_out(&self) -> bool {
        let large = self.body.as_ref().is_some_and(|b| b.size() > LAID_OUT && b.is_as_it_came());
        large
            && self.tab == 0
            && !self.laid_out
            && self.queried.is_none()
            && self.judged.exchange.response.as_ref().is_some_and(|r| body::is_json(&r.body))
    }

    /// Lays it out, aside of the thread that draws.
    pub fn lay_out(&mut self) -> Option<Effect> {
        let can = self.can_be_laid_out();
        self.laid_out |= can;
        can.then(|| opened(&self.judged, self.reveal, true))
    }

    /// Takes what the specification says of it.
    pub fn conforms(&mut self, conforms: Option<Arc<Declared>>) {
        let mut text = spec::text(conforms.as_deref());
        text.follow(&self.texts[SPEC - 1]);
        self.texts[SPEC - 1] = text;
        self.conforms = conforms;
    }

    fn text(&mut self) -> Option<&mut Text> {
        self.tab.checked_sub(1).and_then(|i| self.texts.get_mut(i))
    }

    /// The body, when its tab is open.
    pub fn body(&mut self) -> Option<&mut Body> {
        if self.tab != 0 {
            return None;
        }
        match &mut self.queried {
            Some(queried) => queried.body.as_mut(),
            None => self.body.as_mut(),
        }
    }

    /// Moves the cursor of the tab.
    pub fn go(&mut self, step: Move) {
        match self.text() {
            Some(text) => text.go(step),
            None => {
                if let Some(body) = self.body() {
                    body.go(step);
                }
            }
        }
    }

    /// The exchange, and whether its secrets are shown.
    pub fn id(&self) -> (u64, bool) {
        (self.judged.exchange.id, self.reveal)
    }

    /// What is under the cursor, in display form.
    pub fn under(&mut self, cap: usize) -> String {
        if let Some(text) = self.text() {
            return text.under();
        }
        self.body().map(|b| display(b.under(cap))).unwrap_or_default()
    }

    /// What stands behind the line under the cursor, where there is more than the line.
    pub fn more(&mut self) -> Option<&More> {
        self.text().and_then(|t| t.more())
    }

    /// The bytes under the cursor of the body.
    pub fn raw_under(&mut self) -> Vec<u8> {
        if self.tab == 0 {
            if let Some(queried) = &self.queried {
                return queried.body.as_ref().map(|b| b.under(64 * 1024).to_vec()).unwrap_or_default();
            }
            if let Some(real) = self.unmasked() {
                return real.under(64 * 1024).to_vec();
            }
            return self.body.as_ref().map(|b| b.under(64 * 1024).to_vec()).unwrap_or_default();
        }
        self.under(64 * 1024).into_bytes()
    }

    /// The body as it came, at the place where the masked one stands; `None` where nothing is masked, or it is too large to be
    /// indexed for one key.
    fn unmasked(&self) -> Option<Body> {
        let (shown, response) = (self.body.as_ref()?, self.judged.exchange.response.as_ref()?);
        if response.body.len() > INLINE {
            return None;
        }
        let came = as_utf8(response);
        if self.reveal || known::find(&came).is_empty() {
            return None;
        }
        let lines = body::index(&came, body::is_json(&came));
        let mut real = Body::new(came, lines);
        real.follow(shown).then_some(real)
    }

    /// A click at a place of the last drawing: a tab, or a line.
    pub fn click(&mut self, x: u16, y: u16) {
        if y < self.drawn.y {
            return;
        }
        if y == self.drawn.y {
            let mut from = self.drawn.x + 1;
            for (i, tab) in TABS.iter().enumerate() {
                let to = from + u16::try_from(tab.len()).unwrap_or(0) + 2;
                if (from..to).contains(&x) {
                    self.tab = i;
                }
                from = to;
            }
            return;
        }
        let row = usize::from(y - self.drawn.y - 1);
        match self.text() {
            Some(text) => text.click(row),
            None => {
                if let Some(body) = self.body() {
                    body.click(row);
                }
            }
        }
    }

    /// Where the cursor is in the body.
    pub fn place(&self) -> String {
        let shown = self.queried.as_ref().map_or(self.body.as_ref(), |q| q.body.as_ref());
        let body = shown.filter(|b| self.tab == 0 && b.rows() > 0);
        let hint = if self.can_be_laid_out() { " · Enter lays the JSON out" } else { "" };
        body.map(|b| b.place() + hint).unwrap_or_default()
    }

    /// Draws the reply.
    pub fn draw(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        if area.height == 0 {
            return;
        }
        let judged = Arc::clone(&self.judged);
        let x = &judged.exchange;
        let (left, end) = (area.x + 1, area.right());
        let live = self.live.as_ref().map(|l| l.came.len());
        let differs = self.conforms.as_ref().map_or(0, |c| c.differs.len());
        let mut y = head(pen, area, &judged, live, differs);
        if let Some(error) = &x.error {
            let text = format!("{} · {} · {}", error.phase.word(), error.kind.word(), clip(&error.message));
            for line in wrap(&pen.veil(&text), usize::from(area.width.saturating_sub(2))).iter().take(4) {
                if y < area.bottom() {
                    pen.put(left, y, end, line, Role::Error);
                    y += 1;
                }
            }
        }
        if y >= area.bottom() {
            return;
        }
        let mut at = left;
        for (i, tab) in TABS.iter().enumerate() {
            let role = if i == self.tab { Role::TabActive } else { Role::Muted };
            at = pen.put(at, y, end, tab, role) + 2;
        }
        self.drawn = Rect { y, height: area.bottom() - y, ..area };
        y += 1;
        // The lines at the foot are the same on every tab.
        let mut foot = foot(pen, &judged, usize::from(area.width.saturating_sub(2)));
        if let Some(whose) = self.key {
            foot.insert(0, (format!("the reply holds {whose}"), Role::Warn));
        }
        let foot_height = u16::try_from(foot.len()).unwrap_or(0).min(area.bottom().saturating_sub(y) / 2);
        let inner = Rect { y, height: area.bottom().saturating_sub(y + foot_height), ..area };
        if focused && inner.height > 0 {
            pen.put(area.x, inner.y, area.x + 1, "▌", Role::Focus);
        }
        match self.tab.checked_sub(1) {
            Some(i) => self.texts[i].draw(pen, inner, focused),
            None if self.queried.is_some() => self.draw_queried(pen, inner, focused),
            None => match &mut self.body {
                None => {
                    pen.put(left, inner.y, end, "finding the lines of a large body …", Role::Pending);
                }
                Some(body) if body.size() == 0 => {
                    let text = match (&x.response, &x.error) {
                        _ if live.is_some() => "Nothing has come yet. Each event is shown as it comes; Esc ends it.",
                        (None, Some(_)) => {
                            "Nothing came back. The time and tls tabs hold what was learnt; r tries again."
                        }
                        _ => "The reply has no body.",
                    };
                    pen.wrapped(Rect { x: left, width: inner.width.saturating_sub(2), ..inner }, text, Role::Muted);
                }
                Some(body) => body.draw(pen, inner, focused),
            },
        }
        for (i, (text, role)) in foot.iter().take(usize::from(foot_height)).enumerate() {
            let y = area.bottom() - foot_height + u16::try_from(i).unwrap_or(0);
            pen.put(left, y, end, text, *role);
        }
    }
}

impl Response {
    /// Draws what was found in the body, under a line that says what was asked.
    fn draw_queried(&mut self, pen: &mut Pen<'_>, area: Rect, focused: bool) {
        let Some(queried) = &mut self.queried else { return };
        let (x, end) = (area.x + 1, area.right());
        if area.height == 0 {
            return;
        }
        let at = pen.put(x, area.y, end, "| ", Role::Accent);
        let words = if queried.words.is_empty() { "being looked for …" } else { &queried.words };
        let room = end.saturating_sub(u16::try_from(words.chars().count()).unwrap_or(0) + 3);
        let at = pen.put(at, area.y, room, &clip(&queried.expression), Role::Text) + 2;
        pen.put(at, area.y, end, words, Role::Muted);
        let area = Rect { y: area.y + 1, height: area.height - 1, ..area };
        match &mut queried.body {
            Some(body) if body.size() == 0 => {
                let text = "It finds nothing in the body. | shows the whole body again.";
                pen.wrapped(Rect { x, width: area.width.saturating_sub(2), ..area }, text, Role::Muted);
            }
            Some(body) => body.draw(pen, area, focused),
            None => {}
        }
    }
}

/// Status and grades: the two lines above the tabs. Returns the row after them.
fn head(pen: &mut Pen<'_>, area: Rect, judged: &Judged, live: Option<usize>, differs: usize) -> u16 {
    let x = &judged.exchange;
    let (left, end, mut y) = (area.x + 1, area.right(), area.y);
    let total = x.phases.total.map(|d| format!("{} ms", millis(d.as_secs_f64() * 1e3))).unwrap_or_default();
    if let Some(r) = &x.response {
        let mut at = pen.put(left, y, end, &r.status.to_string(), Role::of_status(r.status)) + 1;
        if !r.reason.is_empty() {
            at = pen.put(at, y, end, &shown(r.reason.as_bytes()), Role::Title) + 1;
        }
        let size = live.map_or(r.decoded_bytes, |n| n as u64);
        at = pen.put(at + 1, y, end, &bytes(size), Role::Text) + 2;
        at = match live {
            Some(_) => pen.put(at, y, end, "more comes, Esc ends it", Role::Pending) + 2,
            None => pen.put(at, y, end, &total, Role::Text) + 2,
        };
        at = pen.put(at, y, end, &clip(&r.version), Role::Muted) + 2;
        if r.truncated {
            at = pen.put(at, y, end, "cut short", Role::Warn) + 2;
        }
        if !x.oddities.is_empty() {
            at = pen.put(at, y, end, &format!("odd: {}", x.oddities.len()), Role::Warn) + 2;
        }
        if differs > 0 {
            pen.put(at, y, end, &format!("spec: {differs}"), Role::Warn);
        }
    } else {
        let at = pen.put(left, y, end, "no reply", Role::Error) + 2;
        pen.put(at, y, end, &total, Role::Text);
    }
    y += 1;
    if y >= area.bottom() {
        return y;
    }
    let mut at = left;
    if let Some(grade) = &judged.headers {
        at = pen.put(at, y, end, "hdr ", Role::Muted);
        at = pen.put(at, y, end, grade.grade.word(), Role::of_letter(grade.grade)) + 2;
    }
    at = pen.put(at, y, end, "tls ", Role::Muted);
    let (word, role) = match tls_word(x) {
        Some("ok") => ("ok", Role::Ok),
        Some(w) => (w, Role::Warn),
        None => ("–", Role::Muted),
    };
    at = pen.put(at, y, end, word, role) + 2;
    if x.sender == Sender::Raw {
        at = pen.put(at, y, end, Sender::Raw.word(), Role::Accent) + 2;
    }
    let mut facts = Vec::new();
    if let Some(t) = &x.tls {
        facts.push(clip(&t.version));
        // The version stands before it, and there is little room.
        facts.push(clip(t.cipher.strip_prefix("TLS_").unwrap_or(&t.cipher)));
        facts.extend(t.group.as_deref().map(clip));
    }
    if let Some(c) = &x.connection {
        facts.push(c.remote.to_string());
        if c.reused {
            facts.push("reused".to_owned());
        }
    }
    pen.put(at, y, end, &facts.join(" "), Role::Muted);
    y + 1
}

/// `ok`, `bad`, or `no` for plain text; `None` when nothing was learnt.
pub fn tls_word(x: &Exchange) -> Option<&'static str> {
    match (&x.tls, &x.connection) {
        (Some(t), _) if t.faults.is_empty() => Some("ok"),
        (Some(_), _) => Some("bad"),
        (None, Some(_)) if x.request.origin.scheme == crate::wire::Scheme::Http => Some("no"),
        _ => None,
    }
}

/// One line of phases, and what the grade costs most.
fn foot(pen: &Pen<'_>, judged: &Judged, width: usize) -> Vec<(String, Role)> {
    let mut out = Vec::new();
    let phases: Vec<String> = judged
        .exchange
        .phases
        .list()
        .map(|(p, d)| {
            let word = match p {
                // Both are the common words of this trade, and the line has to fit beside a request.
                Phase::Connect => "tcp",
                Phase::Receive => "recv",
                p => p.word(),
            };
            format!("{word} {}", millis(d.as_secs_f64() * 1e3))
        })
        .collect();
    if !phases.is_empty() {
        let roomy = format!("{} ms", phases.join("  "));
        let text = if roomy.len() > width { format!("{} ms", phases.join(" ")) } else { roomy };
        out.push((text, Role::Muted));
    }
    if let Some((grade, worst)) = judged.headers.as_ref().and_then(|g| Some((g.grade, g.fails().next()?))) {
        let text = format!("why {grade}: {} ({})", clip(&worst.reason), cost(worst.weight, worst.cap));
        out.extend(wrap(&pen.veil(&text), width.max(10)).into_iter().take(2).map(|l| (l, Role::Muted)));
    }
    out
}

/// Whose key stands in a reply: in a header field, or in its body.
fn key(x: &Exchange) -> Option<&'static str> {
    let response = x.response.as_ref()?;
    response.headers.iter().find_map(|(_, v)| keys::find(v.as_bytes())).or_else(|| keys::find(&response.body))
}

/// The body as it is drawn.
pub(super) fn content(x: &Exchange, reveal: bool) -> Bytes {
    let came = x.response.as_ref().map(as_utf8).unwrap_or_default();
    match known::redact(&came) {
        Cow::Owned(masked) if !reveal => masked.into(),
        _ => came,
    }
}

/// A body as UTF-8 where it says in which other charset it is written, and as it came otherwise.
fn as_utf8(r: &crate::wire::Response) -> Bytes {
    match r.charset().map(|charset| charset.decode_with_bom_removal(&r.body).0) {
        Some(text) => Bytes::from(text.into_owned()),
        None => r.body.clone(),
    }
}

/// Makes a large body ready to be drawn: read in its charset, masked, its lines found.
fn opened(judged: &Arc<Judged>, reveal: bool, laid_out: bool) -> Effect {
    let judged = Arc::clone(judged);
    Effect::Work(Box::new(move || {
        let content = content(&judged.exchange, reveal);
        let lines = body::index(&content, laid_out && body::is_json(&content));
        Msg::Indexed((judged.exchange.id, reveal), content, lines)
    }))
}

fn is_events(x: &Exchange) -> bool {
    x.response.as_ref().is_some_and(|r| r.media_type().as_deref() == Some(stream::EVENT_STREAM))
}

/// When each event of a reply came, at the place where it stands; nothing for a reply that was not watched.
fn marks(x: &Exchange) -> Vec<(usize, String)> {
    let Some(r) = x.response.as_ref().filter(|r| !r.arrivals.is_empty()) else { return Vec::new() };
    // Where something was masked the places are others.
    if is_events(x) && known::find(&r.body).is_empty() {
        let each = |e: stream::Event| Some((e.from, mark(stream::arrived(&r.arrivals, e.to)?)));
        return stream::events(&r.body).into_iter().filter_map(each).collect();
    }
    Vec::new()
}

fn mark(at_us: u64) -> String {
    format!("{} ms", millis(at_us as f64 / 1e3))
}

/// Bytes as they are drawn: through a mask, unless secrets are to be seen.
pub(super) fn through(mask: impl FnOnce(&[u8]) -> Vec<u8>, bytes: &[u8], reveal: bool) -> Cow<'_, [u8]> {
    if reveal { Cow::Borrowed(bytes) } else { Cow::Owned(mask(bytes)) }
}

pub(super) fn field(name: &[u8], value: &[u8], reveal: bool) -> Styled {
    let value = through(|v| mask_header(name, v), value, reveal);
    Styled::new(shown(name), Role::JsonKey).then(28, shown(&value), Role::Text)
}

/// The head of a reply: what is odd in its bytes, then its lines.
fn headers(x: &Exchange, reveal: bool) -> Text {
    let mut text = Text::new(Vec::new());
    for odd in &x.oddities {
        let (rule, words) = (odd.rule(), clip(&odd.words()));
        let lines = vec![words.clone(), format!("{}, {}", rule.id, rule.reference)];
        let more = More { copy: words.clone(), title: "what is odd in the reply".to_owned(), lines };
        text.push(Styled::new("odd", Role::Warn).then(5, words, Role::Warn), Some(more));
    }
    let Some(r) = &x.response else {
        text.push(Styled::new("no reply, so no headers", Role::Muted), None);
        return text;
    };
    let line = format!("{} {} {}", clip(&r.version), r.status, shown(r.reason.as_bytes()));
    text.push(Styled::new(line, Role::of_status(r.status)), None);
    for (name, value) in &r.headers {
        text.push(field(name.as_bytes(), value.as_bytes(), reveal), None);
    }
    text
}
