//! Where does the child keep a file that its memory is not to hold? Beside the pages, encrypted with the key of the run: a strip of film is
//! read again for each part of its frames, and never is in memory.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;

use super::child::Out;
use crate::spool::Blob;
use crate::spool::cipher::{Reader, Writer};

const NAME: &str = "strip";

pub(super) struct Kept {
    blob: Blob,
    size: u64,
}

impl Kept {
    /// Fewer bytes than were announced would be half a file.
    pub fn take(out: &Out<'_>, from: &mut impl Read, size: u64) -> io::Result<Self> {
        let blob = out.blob(NAME);
        let mut writer = Writer::new(io::BufWriter::new(File::create(&blob.path)?), &blob.key)?;
        let taken = io::copy(&mut from.take(size), &mut writer)?;
        writer.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        if taken < size { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(Self { blob, size }) }
    }

    pub fn open(&self) -> io::Result<Part<Reader<BufReader<File>>>> {
        self.part(0..self.size)
    }

    /// These bytes of it as a file of their own.
    pub fn part(&self, bytes: Range<u64>) -> io::Result<Part<Reader<BufReader<File>>>> {
        let mut part = Part { of: self.blob.open()?, at: 0, bytes };
        part.rewind().map(|()| part)
    }

    /// All before this byte, and all from it on.
    pub fn halves(&self, at: u64) -> [Range<u64>; 2] {
        let at = at.min(self.size);
        [0..at, at..self.size]
    }

    pub fn bytes(&self) -> io::Result<Vec<u8>> {
        self.blob.read()
    }
}

/// A range of bytes that is read like a file.
pub(super) struct Part<R> {
    of: R,
    at: u64,
    bytes: Range<u64>,
}

impl<R> Part<R> {
    fn left(&self) -> usize {
        usize::try_from((self.bytes.end - self.bytes.start).saturating_sub(self.at)).unwrap_or(usize::MAX)
    }
}

impl<R: Read> Read for Part<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let most = into.len().min(self.left());
        let read = self.of.read(&mut into[..most])?;
        self.at += read as u64;
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Part<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let left = self.left();
        let buffer = self.of.fill_buf()?;
        Ok(&buffer[..buffer.len().min(left)])
    }

    fn consume(&mut self, amount: usize) {
        self.at += amount as u64;
        self.of.consume(amount);
    }
}

impl<R: Seek> Seek for Part<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => (self.bytes.end - self.bytes.start).checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        self.of.seek(SeekFrom::Start(self.bytes.start.saturating_add(self.at)))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_read_like_a_file() {
        let bytes: Vec<u8> = (0..200).collect();
        let mut part = Part { of: io::Cursor::new(&bytes), at: 0, bytes: 50..150 };
        part.rewind().expect("seeks");
        let mut read = Vec::new();
        part.read_to_end(&mut read).expect("reads");
        assert_eq!(read, bytes[50..150]);
        assert_eq!(part.seek(SeekFrom::End(-3)).expect("seeks"), 97);
        assert_eq!(part.fill_buf().expect("reads"), [147, 148, 149]);
        part.consume(1);
        assert_eq!(part.seek(SeekFrom::Current(-8)).expect("seeks"), 90);
        assert_eq!(part.fill_buf().expect("reads")[0], 140);
        assert!(part.seek(SeekFrom::Current(-91)).is_err());
        part.seek(SeekFrom::Start(1_000)).expect("seeks");
        assert!(part.fill_buf().expect("reads").is_empty());
    }
}
