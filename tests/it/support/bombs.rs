//! Small bodies that decode to large ones, one for every content coding.

use std::io::{Read as _, Write as _};

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

/// What each bomb decodes to, in bytes.
pub const DECODED: usize = 256 << 20;
/// Zeros written at a time.
const BLOCK: [u8; 64 << 10] = [0; 64 << 10];

/// The codings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bomb {
    /// RFC 1952.
    Gzip,
    /// zlib, RFC 1950, which is what HTTP means by deflate (RFC 9110 section 8.4.1.2).
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
    /// The gzip bomb, compressed once more.
    GzipTwice,
}

impl Bomb {
    /// Every one, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Gzip, Self::Deflate, Self::Brotli, Self::Zstd, Self::GzipTwice];

    /// What stands in `Content-Encoding`.
    pub fn coding(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Deflate => "deflate",
            Self::Brotli => "br",
            Self::Zstd => "zstd",
            Self::GzipTwice => "gzip, gzip",
        }
    }

    /// The encoded body.
    pub fn make(self) -> Vec<u8> {
        match self {
            Self::Gzip => {
                let mut out = GzEncoder::new(Vec::new(), Compression::best());
                fill(&mut out);
                out.finish().expect("writing to memory")
            }
            Self::Deflate => {
                let mut out = ZlibEncoder::new(Vec::new(), Compression::best());
                fill(&mut out);
                out.finish().expect("writing to memory")
            }
            Self::Brotli => {
                let zeros = std::io::repeat(0).take(DECODED as u64);
                let mut out = Vec::new();
                let mut coder = brotli::CompressorReader::new(zeros, BLOCK.len(), 1, 24);
                coder.read_to_end(&mut out).expect("reading from memory");
                out
            }
            Self::Zstd => {
                let mut out = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
                fill(&mut out);
                out.finish().expect("writing to memory")
            }
            Self::GzipTwice => gzip(&Self::Gzip.make()),
        }
    }
}

fn fill(out: &mut impl std::io::Write) {
    for _ in 0..DECODED / BLOCK.len() {
        out.write_all(&BLOCK).expect("writing to memory");
    }
}

/// Compressed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).expect("writing to memory");
    out.finish().expect("writing to memory")
}

/// Compressed with deflate without the wrapping of zlib (RFC 1951), as some servers send it.
pub fn deflate_raw(bytes: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).expect("writing to memory");
    out.finish().expect("writing to memory")
}

#[test]
fn each_bomb_is_small_and_decodes_to_its_size() {
    for bomb in Bomb::ALL {
        let started = std::time::Instant::now();
        let body = bomb.make();
        assert!(body.len() < 400_000, "{bomb:?}: {} bytes", body.len());
        let made = started.elapsed();
        let mut sink = std::io::sink();
        let bytes = body.as_slice();
        let decoded = match bomb {
            Bomb::Gzip => std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut sink),
            Bomb::Deflate => std::io::copy(&mut flate2::read::ZlibDecoder::new(bytes), &mut sink),
            Bomb::Brotli => std::io::copy(&mut brotli::Decompressor::new(bytes, 4096), &mut sink),
            Bomb::Zstd => std::io::copy(&mut zstd::Decoder::new(bytes).expect("a decoder"), &mut sink),
            Bomb::GzipTwice => {
                let inner = flate2::read::GzDecoder::new(bytes);
                std::io::copy(&mut flate2::read::GzDecoder::new(inner), &mut sink)
            }
        };
        assert_eq!(decoded.expect("sound"), DECODED as u64, "{bomb:?}");
        assert!(started.elapsed().as_secs() < 60, "{bomb:?}: made in {made:?}");
    }
}
