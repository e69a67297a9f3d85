//! How does nobody who finds this disk read a page on it?
//!
//! AES-256-GCM (NIST SP 800-38D), and the layout of the age file format: a file has a key of its own, wrapped with its
//! batch's key, and its bytes are cut into chunks of 64 KiB that are encrypted one by one. A chunk's nonce is its number and
//! whether it is the last (the STREAM construction of Hoang, Reyhanitabar, Rogaway and Vizár, CRYPTO 2015): a chunk can be
//! read alone, so uploads go on where they stopped, and none can be moved, left out or cut off without being noticed.
//!
//! ```text
//! file = nonce (12 bytes)  wrapped key (32 + 16)  chunk*      chunk = 1 to 65,536 bytes, encrypted, + 16
//! ```

use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};

use aes_gcm::aead::{Aead, AeadInOut, KeyInit, Payload};
use aes_gcm::{Aes256Gcm, Nonce};
use record::Digest;

pub const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 12;
const TAG_BYTES: usize = 16;
const CHUNK: usize = 64 * 1024;
const HEAD: u64 = (NONCE_BYTES + KEY_BYTES + TAG_BYTES) as u64;
const STORED_CHUNK: u64 = (CHUNK + TAG_BYTES) as u64;

/// What is encrypted: one thing does not pass for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Key,
    Line,
    Chunk,
}

impl Purpose {
    const fn name(self) -> &'static [u8] {
        match self {
            Self::Key => b"chartroom key",
            Self::Line => b"chartroom journal line",
            Self::Chunk => b"chartroom chunk",
        }
    }
}

#[derive(Clone)]
pub struct Key {
    bytes: [u8; KEY_BYTES],
    cipher: Box<Aes256Gcm>,
}

impl Key {
    pub fn fresh() -> io::Result<Self> {
        Ok(Self::of(random()?))
    }

    pub fn of(bytes: [u8; KEY_BYTES]) -> Self {
        Self { bytes, cipher: Box::new(Aes256Gcm::new(&bytes.into())) }
    }

    pub fn bytes(&self) -> &[u8; KEY_BYTES] {
        &self.bytes
    }

    /// A name that tells keys apart and says nothing of them.
    pub fn name(&self) -> String {
        Digest::of(&[b"chartroom key name".as_slice(), &self.bytes].concat()).hex().chars().take(16).collect()
    }

    /// A nonce drawn at random goes before: a batch encrypts far fewer than 2³² times with one key (SP 800-38D, 8.3).
    pub fn encrypt(&self, purpose: Purpose, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let nonce: [u8; NONCE_BYTES] = random()?;
        let payload = Payload { msg: bytes, aad: purpose.name() };
        let encrypted = self.cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| unreadable())?;
        Ok([nonce.as_slice(), &encrypted].concat())
    }

    pub fn decrypt(&self, purpose: Purpose, bytes: &[u8]) -> io::Result<Vec<u8>> {
        let (nonce, encrypted) = bytes.split_first_chunk::<NONCE_BYTES>().ok_or_else(unreadable)?;
        let payload = Payload { msg: encrypted, aad: purpose.name() };
        self.cipher.decrypt(&Nonce::from(*nonce), payload).map_err(|_| unreadable())
    }

    pub fn unwrap(&self, wrapped: &[u8]) -> io::Result<Self> {
        let bytes = self.decrypt(Purpose::Key, wrapped)?;
        Ok(Self::of(bytes.try_into().map_err(|_| unreadable())?))
    }

    pub fn wrap(&self, key: &Self) -> io::Result<Vec<u8>> {
        self.encrypt(Purpose::Key, &key.bytes)
    }
}

fn random<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|_| io::Error::other("the system gives no random bytes"))?;
    Ok(bytes)
}

fn unreadable() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "it was changed on disk, or encrypted with another key")
}

fn nonce(number: u64, last: bool) -> Nonce<<Aes256Gcm as aes_gcm::aead::AeadCore>::NonceSize> {
    let mut nonce = [0; NONCE_BYTES];
    nonce[3..11].copy_from_slice(&number.to_be_bytes());
    nonce[11] = u8::from(last);
    nonce.into()
}

/// Encrypts what is written to it. What [`Writer::finish`] has not ended is no file.
pub struct Writer<W: Write> {
    to: W,
    key: Key,
    chunk: Vec<u8>,
    number: u64,
}

impl<W: Write> Writer<W> {
    pub fn new(mut to: W, batch: &Key) -> io::Result<Self> {
        let key = Key::fresh()?;
        to.write_all(&batch.wrap(&key)?)?;
        Ok(Self { to, key, chunk: Vec::with_capacity(CHUNK + TAG_BYTES), number: 0 })
    }

    fn end_chunk(&mut self, last: bool) -> io::Result<()> {
        let nonce = nonce(self.number, last);
        let encrypted = self.key.cipher.encrypt_in_place(&nonce, Purpose::Chunk.name(), &mut self.chunk);
        encrypted.map_err(|_| unreadable())?;
        self.to.write_all(&self.chunk)?;
        self.chunk.clear();
        self.number += 1;
        Ok(())
    }

    pub fn finish(mut self) -> io::Result<W> {
        self.end_chunk(true)?;
        Ok(self.to)
    }
}

impl<W: Write> Write for Writer<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        // Not before there is more: a full chunk may be the last.
        if self.chunk.len() == CHUNK && !bytes.is_empty() {
            self.end_chunk(false)?;
        }
        let n = bytes.len().min(CHUNK - self.chunk.len());
        self.chunk.extend_from_slice(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

/// Decrypts a file from any place on.
pub struct Reader<R: Read + Seek> {
    from: R,
    key: Key,
    stored: u64,
    number: u64,
    chunk: Vec<u8>,
    /// How much of the chunk was read.
    at: usize,
}

impl<R: Read + Seek> Reader<R> {
    pub fn new(mut from: R, batch: &Key) -> io::Result<Self> {
        let stored = from.seek(SeekFrom::End(0))?.checked_sub(HEAD).filter(|stored| *stored > 0);
        let stored = stored.ok_or_else(unreadable)?;
        from.rewind()?;
        let mut head = [0; HEAD as usize];
        from.read_exact(&mut head)?;
        Ok(Self { from, key: batch.unwrap(&head)?, stored, number: 0, chunk: Vec::new(), at: 0 })
    }

    /// Bytes of the file as it was before it was encrypted.
    pub fn size(&self) -> u64 {
        self.stored.saturating_sub(self.stored.div_ceil(STORED_CHUNK) * TAG_BYTES as u64)
    }

    /// Goes on reading at this byte.
    pub fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        self.number = offset / CHUNK as u64;
        self.chunk.clear();
        self.from.seek(SeekFrom::Start(HEAD + (self.number * STORED_CHUNK).min(self.stored)))?;
        self.at = 0;
        self.next_chunk()?;
        self.at = ((offset % CHUNK as u64) as usize).min(self.chunk.len());
        Ok(())
    }

    fn position(&self) -> u64 {
        let chunk = self.number.saturating_sub(u64::from(!self.chunk.is_empty()));
        (chunk * CHUNK as u64 + self.at as u64).min(self.size())
    }

    /// Empty behind the last one.
    fn next_chunk(&mut self) -> io::Result<()> {
        (self.at, self.chunk) = (0, std::mem::take(&mut self.chunk));
        self.chunk.clear();
        let left = self.stored.saturating_sub(self.number * STORED_CHUNK);
        if left == 0 {
            return Ok(());
        }
        self.from.by_ref().take(STORED_CHUNK).read_to_end(&mut self.chunk)?;
        let nonce = nonce(self.number, left <= STORED_CHUNK);
        let decrypted = self.key.cipher.decrypt_in_place(&nonce, Purpose::Chunk.name(), &mut self.chunk);
        self.number += 1;
        decrypted.map_err(|_| unreadable())
    }
}

impl<R: Read + Seek> Read for Reader<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let chunk = self.fill_buf()?;
        let n = into.len().min(chunk.len());
        into[..n].copy_from_slice(&chunk[..n]);
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read + Seek> BufRead for Reader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.at == self.chunk.len() {
            self.next_chunk()?;
        }
        Ok(&self.chunk[self.at..])
    }

    fn consume(&mut self, amount: usize) {
        self.at = (self.at + amount).min(self.chunk.len());
    }
}

/// What lies in the chunk at hand is not decrypted again.
impl<R: Read + Seek> Seek for Reader<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.size().checked_add_signed(by),
            SeekFrom::Current(by) => self.position().checked_add_signed(by),
        };
        let to = to.ok_or(io::ErrorKind::InvalidInput)?;
        let within = to.checked_sub(self.number.saturating_sub(1) * CHUNK as u64);
        match within.and_then(|within| usize::try_from(within).ok()) {
            Some(within) if within < self.chunk.len() => self.at = within,
            _ => self.skip_to(to)?,
        }
        Ok(to)
    }
}

/// Encrypts `bytes` as a file.
pub fn write(key: &Key, bytes: &[u8], to: impl Write) -> io::Result<()> {
    let mut writer = Writer::new(to, key)?;
    writer.write_all(bytes)?;
    writer.finish().map(|_| ())
}

/// What a file of so many bytes takes up on disk.
pub const fn stored_size(bytes: u64) -> u64 {
    let chunks = bytes.div_ceil(CHUNK as u64);
    HEAD + bytes + TAG_BYTES as u64 * if chunks == 0 { 1 } else { chunks }
}

#[cfg(test)]
#[path = "cipher_tests.rs"]
mod tests;
