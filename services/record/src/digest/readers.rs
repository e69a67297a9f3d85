//! Digests of what is read: of files above all, as many at a time as a core can hash side by side.

use std::io::{self, Read};

use super::Digest;
use super::lanes::{self, Block, LANES, START, State};

/// Read at a time, of each message: all of them stay in a processor's cache until they are hashed.
const CHUNK_BYTES: usize = 64 * 1024;
const BLOCK_BYTES: usize = size_of::<Block>();

/// The digest and the length of what each reader gives, in their order, or why it could not be read. A reader is asked for when its
/// turn comes, so that only a few are open at a time.
pub fn of_readers<R: Read>(readers: impl IntoIterator<Item = io::Result<R>>) -> Vec<io::Result<(Digest, u64)>> {
    let mut waiting = readers.into_iter();
    let (mut answers, mut lanes, mut chunks) = (Vec::new(), Vec::with_capacity(LANES), Vec::new());
    loop {
        while lanes.len() < LANES
            && let Some(reader) = waiting.next()
        {
            match reader {
                Ok(reader) => {
                    lanes.push(Lane::new(answers.len(), reader, chunks.pop().unwrap_or_default()));
                    // Until its message has come to its end.
                    answers.push(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Err(error) => answers.push(Err(error)),
            }
        }
        if lanes.is_empty() {
            return answers;
        }
        let reading = lanes.len();
        lanes.retain_mut(|lane| {
            answers[lane.place] = match lane.fill() {
                Ok(true) => return true,
                Ok(false) => Ok(lane.finish()),
                Err(error) => Err(error),
            };
            chunks.push(std::mem::take(&mut lane.chunk));
            false
        });
        if lanes.len() == reading {
            hash(&mut lanes);
        }
    }
}

/// One message on its way.
struct Lane<R> {
    /// Of its answer.
    place: usize,
    reader: R,
    /// Has room for a chunk, and for what ends a message behind it.
    chunk: Vec<u8>,
    /// What of the chunk is not hashed yet.
    left: std::ops::Range<usize>,
    /// Bytes of the message so far.
    length: u64,
    ended: bool,
    state: State,
}

impl<R: Read> Lane<R> {
    /// With a chunk that another lane has done with, if there is one.
    fn new(place: usize, reader: R, mut chunk: Vec<u8>) -> Self {
        chunk.resize(CHUNK_BYTES + 2 * BLOCK_BYTES, 0);
        Self { place, reader, chunk, left: 0..0, length: 0, ended: false, state: START }
    }

    /// Sees to it that there is a block to hash; false where the whole message is hashed.
    fn fill(&mut self) -> io::Result<bool> {
        while self.left.len() < BLOCK_BYTES && !self.ended {
            self.chunk.copy_within(self.left.clone(), 0);
            self.left = 0..self.left.len();
            match self.reader.read(&mut self.chunk[self.left.end..CHUNK_BYTES]) {
                Ok(0) => self.end(),
                Ok(read) => {
                    self.left.end += read;
                    self.length += read as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(!self.left.is_empty())
    }

    fn end(&mut self) {
        let (ending, count) = lanes::ending(self.length);
        let end = self.left.end + count;
        self.chunk[self.left.end..end].copy_from_slice(&ending[..count]);
        self.left.end = end;
        self.ended = true;
    }

    fn finish(&self) -> (Digest, u64) {
        (lanes::digest(&self.state), self.length)
    }
}

/// As many blocks as each of them has.
fn hash<R>(lanes: &mut [Lane<R>]) {
    let mut work: Vec<_> = lanes
        .iter_mut()
        .map(|lane| (&mut lane.state, lane.chunk[lane.left.clone()].as_chunks::<BLOCK_BYTES>().0))
        .collect();
    let count = lanes::compress(&mut work);
    for lane in lanes {
        lane.left.start += count * BLOCK_BYTES;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives a few bytes at a time, and now and then none for now.
    struct Slow<'a>(&'a [u8], usize);

    impl Read for Slow<'_> {
        fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
            self.1 += 1;
            if self.1.is_multiple_of(3) {
                return Err(io::ErrorKind::Interrupted.into());
            }
            let most = into.len().min(1 + self.1 * 37 % 5_000);
            self.0.read(&mut into[..most])
        }
    }

    fn message(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at * 31 + length) as u8).collect()
    }

    /// Against `sha2`: lengths at every border of block and chunk, in ever other company.
    #[test]
    fn are_what_one_after_the_other_gives() {
        let mut lengths: Vec<usize> = (0..=2 * BLOCK_BYTES + 1).collect();
        let borders = [CHUNK_BYTES, CHUNK_BYTES + BLOCK_BYTES, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES];
        lengths.extend(borders.into_iter().flat_map(|border| border - 10..border + 10));
        // Spread, so that long ones have short neighbours.
        let prime = 97;
        lengths = (0..lengths.len()).map(|at| lengths[at * prime % lengths.len()]).collect();
        let messages: Vec<_> = lengths.into_iter().map(message).collect();
        let expected = |all: &[Vec<u8>]| all.iter().map(|one| (Digest::of(one), one.len() as u64)).collect::<Vec<_>>();
        for company in 1..=LANES + 1 {
            for some in messages.chunks(company) {
                let quick = of_readers(some.iter().map(|one| Ok(one.as_slice())));
                let slow = of_readers(some.iter().map(|one| Ok(Slow(one, one.len()))));
                for found in [quick, slow] {
                    assert_eq!(found.into_iter().collect::<io::Result<Vec<_>>>().expect("read"), expected(some));
                }
            }
        }
        let all = of_readers(messages.iter().map(|one| Ok(one.as_slice())));
        assert_eq!(all.into_iter().collect::<io::Result<Vec<_>>>().expect("read"), expected(&messages));
        assert!(of_readers(std::iter::empty::<io::Result<&[u8]>>()).is_empty());
    }

    #[test]
    fn one_that_cannot_be_read_costs_no_other() {
        struct Broken(usize);
        impl Read for Broken {
            fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
                self.0 += 1;
                if self.0 == 1 { Ok(into.len()) } else { Err(io::ErrorKind::TimedOut.into()) }
            }
        }
        let good = message(200_000);
        let readers = (0..12).map(|n| -> io::Result<Box<dyn Read>> {
            match n % 3 {
                0 => Ok(Box::new(good.as_slice())),
                1 => Ok(Box::new(Broken(0))),
                _ => Err(io::ErrorKind::NotFound.into()),
            }
        });
        for (n, answer) in of_readers(readers).into_iter().enumerate() {
            let told = answer.map_err(|error| error.kind());
            match n % 3 {
                0 => assert_eq!(told, Ok((Digest::of(&good), good.len() as u64))),
                1 => assert_eq!(told, Err(io::ErrorKind::TimedOut)),
                _ => assert_eq!(told, Err(io::ErrorKind::NotFound)),
            }
        }
    }
}
