//! Small bodies that decode to large ones, one for every content coding.
//!
//! Compressing a quarter of a gigabyte of zeros takes seconds in a debug build. Two blocks of zeros are compressed
//! instead, each up to a flush: the second says "as before", and is repeated as often as it takes.

use std::io::Write as _;

use flate2::write::{DeflateEncoder, GzEncoder};
use flate2::{Compress, Compression, Crc, FlushCompress};

/// What each bomb decodes to, in bytes.
pub const DECODED: usize = 256 << 20;
/// Zeros that one repeated block stands for.
const BLOCK: usize = 1 << 20;

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

    /// The encoded body of [`DECODED`] zeros.
    pub fn make(self) -> Vec<u8> {
        self.of(DECODED / BLOCK)
    }

    /// The encoded body of that many blocks of zeros, at least three.
    fn of(self, blocks: usize) -> Vec<u8> {
        match self {
            Self::Gzip => gzip_zeros(blocks),
            Self::Deflate => zlib_zeros(blocks),
            Self::Brotli => brotli_zeros(blocks),
            Self::Zstd => {
                let mut out = zstd::Encoder::new(Vec::new(), 1).expect("an encoder");
                for _ in 0..blocks {
                    out.write_all(&vec![0; BLOCK]).expect("writing to memory");
                }
                out.finish().expect("writing to memory")
            }
            Self::GzipTwice => gzip(&gzip_zeros(blocks)),
        }
    }
}

/// Deflated zeros (RFC 1951).
fn deflate_zeros(blocks: usize) -> Vec<u8> {
    let mut coder = Compress::new(Compression::best(), false);
    let zeros = vec![0; BLOCK];
    let mut block = || {
        let mut out = Vec::with_capacity(64 << 10);
        coder.compress_vec(&zeros, &mut out, FlushCompress::Sync).expect("writing to memory");
        out
    };
    let (mut body, again) = (block(), block());
    for _ in 1..blocks {
        body.extend_from_slice(&again);
    }
    // A last, empty block with fixed codes.
    body.extend_from_slice(&[0x03, 0x00]);
    body
}

fn gzip_zeros(blocks: usize) -> Vec<u8> {
    let (mut one, mut crc) = (Crc::new(), Crc::new());
    one.update(&vec![0; BLOCK]);
    for _ in 0..blocks {
        crc.combine(&one);
    }
    let mut out = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255];
    out.extend(deflate_zeros(blocks));
    out.extend(crc.sum().to_le_bytes());
    out.extend(crc.amount().to_le_bytes());
    out
}

fn zlib_zeros(blocks: usize) -> Vec<u8> {
    let mut out = vec![0x78, 0xda];
    out.extend(deflate_zeros(blocks));
    // Adler-32 of n zeros: the first sum stays 1, the second counts them modulo 65521.
    let second = u32::try_from(blocks * BLOCK % 65_521).expect("below 65521");
    out.extend((second << 16 | 1).to_be_bytes());
    out
}

fn brotli_zeros(blocks: usize) -> Vec<u8> {
    let mut coder = brotli::CompressorWriter::new(Vec::new(), 64 << 10, 5, 22);
    let zeros = vec![0; BLOCK];
    let mut ends = [0; 3];
    for end in &mut ends {
        coder.write_all(&zeros).expect("writing to memory");
        coder.flush().expect("writing to memory");
        *end = coder.get_ref().len();
    }
    let made = coder.into_inner();
    let mut out = made[..ends[2]].to_vec();
    for _ in 3..blocks {
        out.extend_from_slice(&made[ends[1]..ends[2]]);
    }
    // What follows the last flush is the mark of the end.
    out.extend_from_slice(&made[ends[2]..]);
    out
}

/// Compressed with gzip.
pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).expect("writing to memory");
    out.finish().expect("writing to memory")
}

/// Packed with a coding by its name in the registry.
pub fn packed(coding: &str, bytes: &[u8]) -> Vec<u8> {
    match coding {
        "gzip" => gzip(bytes),
        "deflate" => {
            let mut out = flate2::write::ZlibEncoder::new(Vec::new(), Compression::best());
            out.write_all(bytes).expect("writing to memory");
            out.finish().expect("writing to memory")
        }
        "br" => {
            let mut out = Vec::new();
            brotli::CompressorWriter::new(&mut out, 64 << 10, 5, 22).write_all(bytes).expect("writing to memory");
            out
        }
        "zstd" => zstd::encode_all(bytes, 3).expect("writing to memory"),
        other => panic!("{other} is no coding"),
    }
}

/// Compressed with deflate without the wrapping of zlib (RFC 1951), as some servers send it.
pub fn deflate_raw(bytes: &[u8]) -> Vec<u8> {
    let mut out = DeflateEncoder::new(Vec::new(), Compression::best());
    out.write_all(bytes).expect("writing to memory");
    out.finish().expect("writing to memory")
}

#[test]
fn each_bomb_is_small_and_decodes_to_its_size() {
    let decoded = |bomb, bytes: &[u8]| {
        let mut sink = std::io::sink();
        let done = match bomb {
            Bomb::Gzip => std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut sink),
            Bomb::Deflate => std::io::copy(&mut flate2::read::ZlibDecoder::new(bytes), &mut sink),
            Bomb::Brotli => std::io::copy(&mut brotli::Decompressor::new(bytes, 4096), &mut sink),
            Bomb::Zstd => std::io::copy(&mut zstd::Decoder::new(bytes).expect("a decoder"), &mut sink),
            Bomb::GzipTwice => {
                let inner = flate2::read::GzDecoder::new(bytes);
                std::io::copy(&mut flate2::read::GzDecoder::new(inner), &mut sink)
            }
        };
        usize::try_from(done.expect("sound")).expect("fits")
    };
    for bomb in Bomb::ALL {
        assert_eq!(decoded(bomb, &bomb.of(8)), 8 * BLOCK, "{bomb:?}");
        let body = bomb.make();
        assert!(body.len() < 400_000, "{bomb:?}: {} bytes", body.len());
    }
    // The other two take seconds in a debug build.
    for bomb in [Bomb::Gzip, Bomb::Zstd, Bomb::GzipTwice] {
        assert_eq!(decoded(bomb, &bomb.make()), DECODED, "{bomb:?}");
    }
}
