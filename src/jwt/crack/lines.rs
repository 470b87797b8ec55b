//! A word list that comes in blocks, cut into candidates.

use std::borrow::Cow;

/// Lines longer than this are passed over: nobody keeps such a key in a list, and one line may be as long as the disk.
pub const LONGEST: usize = 64 << 10;

/// Cuts blocks into chunks of whole lines, with bounded memory whatever the lines are.
#[derive(Debug, Default)]
pub struct Cutter {
    /// The start of a line whose end is in a later block.
    rest: Vec<u8>,
    /// That line is too long already.
    over: bool,
    begun: bool,
    /// Lines that were passed over since they are longer than `LONGEST`.
    pub skipped: u64,
}

impl Cutter {
    /// Takes the next block and puts the whole lines that it completes into `out`, each with its line break.
    pub fn feed(&mut self, block: &[u8], out: &mut Vec<u8>) {
        out.clear();
        let block = if self.begun { block } else { block.strip_prefix(b"\xef\xbb\xbf").unwrap_or(block) };
        self.begun = true;
        let Some(first) = memchr::memchr(b'\n', block) else { return self.keep(block) };
        self.keep(&block[..=first]);
        if self.over {
            self.skipped += 1;
            self.over = false;
        } else {
            out.extend_from_slice(&self.rest);
        }
        self.rest.clear();
        let last = memchr::memrchr(b'\n', block).unwrap_or(first);
        out.extend_from_slice(&block[first + 1..=last]);
        self.keep(&block[last + 1..]);
    }

    /// The last line, where it has no line break.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        out.clear();
        if std::mem::take(&mut self.over) {
            self.skipped += 1;
        } else {
            out.append(&mut self.rest);
        }
    }

    fn keep(&mut self, part: &[u8]) {
        self.over |= self.rest.len() + part.len() > LONGEST;
        if self.over {
            self.rest.clear();
        } else {
            self.rest.extend_from_slice(part);
        }
    }
}

/// The candidates of a chunk: lines without their line break that are neither empty nor too long. `$HEX[…]`, as word lists write
/// bytes that a line cannot hold, is read.
pub fn candidates(chunk: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let mut from = 0;
    let ends = memchr::memchr_iter(b'\n', chunk).chain([chunk.len()]);
    let lines = ends.map(move |end| {
        let line = &chunk[from..end];
        from = end + 1;
        line.strip_suffix(b"\r").unwrap_or(line)
    });
    lines
        .filter(|line| !line.is_empty() && line.len() <= LONGEST)
        .map(|line| hexadecimal(line).map_or(Cow::Borrowed(line), Cow::Owned))
}

fn hexadecimal(line: &[u8]) -> Option<Vec<u8>> {
    let digits = line.strip_prefix(b"$HEX[")?.strip_suffix(b"]")?;
    let (pairs, []) = digits.as_chunks::<2>() else { return None };
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
    pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cut(bytes: &[u8], size: usize) -> (Vec<Vec<u8>>, u64) {
        let (mut cutter, mut chunk, mut all) = (Cutter::default(), Vec::new(), Vec::new());
        for block in bytes.chunks(size) {
            cutter.feed(block, &mut chunk);
            all.extend(candidates(&chunk).map(Cow::into_owned));
            assert!(cutter.rest.len() <= LONGEST);
        }
        cutter.end(&mut chunk);
        all.extend(candidates(&chunk).map(Cow::into_owned));
        (all, cutter.skipped)
    }

    #[test]
    fn lines_are_whole_however_they_are_cut() {
        let list = b"\xef\xbb\xbfone\r\ntwo\n\n\nthree\xff\n$HEX[00ff0A]\n$HEX[zz]\nlast";
        // The mark at the start has to stand in the first block.
        for size in 3..=list.len() {
            let (words, skipped) = cut(list, size);
            let want: [&[u8]; 6] = [b"one", b"two", b"three\xff", b"\x00\xff\x0a", b"$HEX[zz]", b"last"];
            assert_eq!((words, skipped), (want.map(<[u8]>::to_vec).to_vec(), 0), "{size}");
        }
    }

    #[test]
    fn a_line_without_end_takes_no_memory() {
        let mut list = vec![b'x'; 5 << 20];
        list.extend_from_slice(b"\nafter\n");
        list.extend_from_slice(&vec![b'y'; 1 << 20]);
        for size in [1 << 10, 512 << 10] {
            assert_eq!(cut(&list, size), (vec![b"after".to_vec()], 2));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_blocks(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), any::<u8>()], 0..200), size in 3_usize..50) {
            let (words, skipped) = cut(&bytes, size);
            let whole = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&bytes);
            prop_assert_eq!(words, candidates(whole).map(Cow::into_owned).collect::<Vec<_>>());
            prop_assert_eq!(skipped, 0);
        }
    }
}
