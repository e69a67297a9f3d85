//! An encrypted file of the spool, and the key that it opens with.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::PathBuf;

use super::cipher::{Key, Reader};

/// Can be opened again and again, also on another thread.
#[derive(Clone)]
pub struct Blob {
    pub path: PathBuf,
    pub key: Key,
}

impl Blob {
    pub fn open(&self) -> io::Result<Reader<BufReader<File>>> {
        Reader::new(BufReader::new(File::open(&self.path)?), &self.key)
    }

    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut reader = self.open()?;
        let mut bytes = Vec::with_capacity(usize::try_from(reader.size()).unwrap_or_default());
        reader.read_to_end(&mut bytes)?;
        Ok(bytes)
    }
}
