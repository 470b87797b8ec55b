//! Where the lines of a body begin, in room that does not grow with it: of a body of many lines the start of each so many is kept,
//! and those between are found again by looking for them.

/// Starts that are kept.
const MOST: usize = 1 << 20;
/// Bytes between two starts that are kept, as far as lines end there.
const STRETCH: usize = 64 << 10;

/// A line whose start is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    line: u32,
    at: u32,
}

/// The starts of lines of a body below 4 GiB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starts {
    /// In order; the first is the first line.
    marks: Vec<Mark>,
    /// Each so many lines there is one.
    step: u32,
    lines: u32,
    /// Bytes that were looked through.
    end: usize,
    most: usize,
}

impl Starts {
    /// Those of these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self::within(bytes, MOST)
    }

    fn within(bytes: &[u8], most: usize) -> Self {
        let mut starts = Self { marks: Vec::new(), step: 1, lines: 0, end: 0, most };
        starts.grow(bytes);
        starts
    }

    /// Lines there are.
    pub fn len(&self) -> usize {
        self.lines as usize
    }

    /// Looks through what was added to the bytes, which begins a line.
    pub fn grow(&mut self, bytes: &[u8]) {
        if bytes.len() <= self.end {
            return;
        }
        let from = self.end;
        self.end = bytes.len();
        self.begin(from, bytes, true);
        for i in memchr::memchr_iter(b'\n', &bytes[from..]) {
            let at = from + i + 1;
            if at < bytes.len() {
                self.begin(at, bytes, false);
            }
        }
    }

    fn begin(&mut self, at: usize, bytes: &[u8], always: bool) {
        let line = self.lines;
        self.lines = self.lines.saturating_add(1);
        let far = self.marks.last().is_none_or(|m| at - m.at as usize >= STRETCH || line - m.line >= self.step);
        if !(always || far) {
            return;
        }
        if self.marks.len() >= self.most {
            // Half of them will do. One that no line feed stands before is found in no other way.
            self.step = self.step.saturating_mul(2);
            let (mut last, step) = (None::<Mark>, self.step);
            self.marks.retain(|m| {
                let keep = last.is_none_or(|l| m.line - l.line >= step || (m.at - l.at) as usize >= STRETCH)
                    || bytes.get((m.at as usize).wrapping_sub(1)) != Some(&b'\n');
                if keep {
                    last = Some(*m);
                }
                keep
            });
        }
        self.marks.push(Mark { line, at: u32::try_from(at).unwrap_or(u32::MAX) });
    }

    /// Where a line begins, and where the next one does. Nothing behind the last.
    pub fn range(&self, line: usize, bytes: &[u8]) -> Option<(usize, usize)> {
        let wanted = u32::try_from(line).ok().filter(|l| *l < self.lines)?;
        let next = self.marks.partition_point(|m| m.line <= wanted);
        let mark = self.marks[next.checked_sub(1)?];
        let (stop, stop_line) = self.marks.get(next).map_or((self.end, self.lines), |m| (m.at as usize, m.line));
        let mut at = mark.at as usize;
        for _ in mark.line..wanted {
            at += memchr::memchr(b'\n', bytes.get(at..stop)?)? + 1;
        }
        let end = if wanted + 1 == stop_line {
            stop
        } else {
            memchr::memchr(b'\n', bytes.get(at..stop)?).map_or(stop, |i| at + i + 1)
        };
        Some((at, end))
    }

    /// The line that holds a place.
    pub fn line_at(&self, place: usize, bytes: &[u8]) -> usize {
        let next = self.marks.partition_point(|m| m.at as usize <= place);
        let Some(mark) = next.checked_sub(1).map(|i| self.marks[i]) else { return 0 };
        let within = bytes.get(mark.at as usize..place).map_or(0, |b| memchr::memchr_iter(b'\n', b).count());
        let behind = self.marks.get(next).map_or(self.lines, |m| m.line);
        (mark.line as usize + within).min((behind as usize).saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The same, kept whole.
    fn all(bytes: &[u8]) -> Vec<(usize, usize)> {
        let mut starts = vec![0];
        starts.extend(
            bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(i, _)| i + 1).filter(|i| *i < bytes.len()),
        );
        let ends = starts.iter().skip(1).copied().chain(std::iter::once(bytes.len())).collect::<Vec<_>>();
        if bytes.is_empty() { Vec::new() } else { starts.into_iter().zip(ends).collect() }
    }

    proptest! {
        #[test]
        fn every_line_is_where_it_is_however_few_starts_are_kept(text in "[a\n]{0,300}", most in 4usize..40) {
            let bytes = text.as_bytes();
            let starts = Starts::within(bytes, most);
            let found: Vec<_> = (0..starts.len()).map(|l| starts.range(l, bytes).expect("a line")).collect();
            prop_assert_eq!(&found, &all(bytes));
            prop_assert_eq!(starts.range(starts.len(), bytes), None);
            for (line, (from, to)) in found.iter().enumerate() {
                prop_assert_eq!(starts.line_at(*from, bytes), line);
                prop_assert_eq!(starts.line_at(to - 1, bytes), line);
            }
        }

        #[test]
        fn what_is_added_begins_a_line(parts in proptest::collection::vec("[a\n]{1,40}", 1..30), most in 40usize..80) {
            let mut bytes = Vec::new();
            let mut starts = Starts::within(&bytes, most);
            let mut wanted = Vec::new();
            for part in &parts {
                let from = bytes.len();
                bytes.extend_from_slice(part.as_bytes());
                starts.grow(&bytes);
                wanted.extend(all(part.as_bytes()).into_iter().map(|(a, b)| (from + a, from + b)));
            }
            let found: Vec<_> = (0..starts.len()).map(|l| starts.range(l, &bytes).expect("a line")).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[test]
    fn many_lines_take_no_more_room_than_few() {
        let bytes = b"\n".repeat(3 << 20);
        let starts = Starts::of(&bytes);
        assert_eq!(starts.len(), 3 << 20);
        assert!(starts.marks.len() <= MOST && starts.step == 4);
        assert_eq!(starts.range(3_000_000, &bytes), Some((3_000_000, 3_000_001)));
    }
}
